"""One port as a check saw it, and one thing that a check concludes."""

from __future__ import annotations

from dataclasses import dataclass

from sestools.core import trust
from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Level, Outcome, Stage
from sestools.core.results import ProbeResult
from sestools.diagnosis.result import Diagnosis


@dataclass(frozen=True, kw_only=True)
class PortCheck:
    """One port: every address connected to, and one dialogue held.

    Attributes:
        port: The port as SES numbers it.
        security: The TLS mode it was tried in.
        tcp: All addresses, connected to side by side.
        dialogue: The dialogue with the first address that answered.
    """

    port: int
    security: Security
    tcp: ProbeResult
    dialogue: ProbeResult

    @property
    def foreign(self) -> bool:
        """Whether something greets that is not SES."""
        greeting = self.dialogue.facts.greeting if self.dialogue.facts else None
        return greeting is not None and not trust.is_greeting(greeting)

    @property
    def intercepted(self) -> bool:
        """Whether the certificate verifies and is not Amazon's, although nobody here chose whom to trust."""
        tls = self.dialogue.facts.tls if self.dialogue.facts else None
        if self.dialogue.target.ca_file or tls is None or tls.certificate is None or not tls.verified:
            return False
        return not tls.certificate.by_amazon

    @property
    def offers_sign_in(self) -> bool | None:
        """Whether one can sign in, by what is offered inside TLS; None if the dialogue did not come so far."""
        facts = self.dialogue.facts
        if not self.dialogue.ok or facts is None or facts.tls is None:
            return None
        return not trust.no_offer(facts.capabilities)

    @property
    def ready(self) -> bool:
        """Whether one may sign in here: healthy, verified, and SES itself as far as can be told."""
        tls = self.dialogue.facts.tls if self.dialogue.facts else None
        verified = tls is not None and tls.verified
        return verified and self.offers_sign_in is True and not self.foreign and not self.intercepted

    @property
    def result(self) -> str:
        """How it went, in a few words."""
        symptom = self.dialogue.symptom
        if self.dialogue.outcome is Outcome.NOT_RUN:
            return f"not checked: {self.dialogue.reason}"
        if symptom is None:
            return self._answer
        if symptom.stage is Stage.CONNECT:
            return {Kind.TIMEOUT: "no answer", Kind.REFUSED: "refused"}.get(
                symptom.kind or Kind.RESET, str(symptom.kind)
            )
        tls = self.dialogue.facts.tls if self.dialogue.facts else None
        if symptom.stage is Stage.TLS and tls and tls.problem:
            return f"certificate: {tls.problem}"
        if symptom.kind is Kind.TIMEOUT:
            return f"{symptom.stage}: no answer"
        return str(symptom)

    @property
    def _answer(self) -> str:
        """What a dialogue that went well shows."""
        if self.foreign:
            return "another server answers"
        if self.intercepted:
            return "TLS is opened on the way"
        if self.offers_sign_in is None:
            return "answers; nobody signs in without TLS"
        return "ready to sign in" if self.ready else "offers no sign-in"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a check concludes, and how serious it is."""

    level: Level
    diagnosis: Diagnosis
