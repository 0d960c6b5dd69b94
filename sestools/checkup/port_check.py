"""One port as a check saw it."""

from __future__ import annotations

from dataclasses import dataclass

from sestools.core import trust
from sestools.core.endpoints import Security, default_security
from sestools.core.enums import Kind, Outcome, Stage
from sestools.core.results import ProbeResult, Step
from sestools.probes import DialogueFacts, TlsFacts

_SHOWN = {
    "foreign-greeting": "another server answers",
    "tls-intercepted": "TLS is intercepted",
}
_SHUT = {Kind.TIMEOUT: "no answer", Kind.REFUSED: "refused", Kind.UNREACHABLE: str(Kind.UNREACHABLE)}
"""How a port looks whose connection attempts are stopped."""


@dataclass(frozen=True, kw_only=True)
class PortCheck:
    """One port: every address connected to, and one dialogue held.

    Attributes:
        tcp: All addresses, connected to side by side.
        dialogue: The dialogue with the first address that answered.
    """

    tcp: ProbeResult
    dialogue: ProbeResult[DialogueFacts | None]

    @property
    def port(self) -> int:
        """The port as SES numbers it."""
        return self.dialogue.target.port

    @property
    def security(self) -> Security:
        """The TLS mode it was tried in."""
        return self.dialogue.target.security or default_security(self.port)

    @property
    def facts(self) -> DialogueFacts:
        """What the dialogue showed; nothing if none was held."""
        return self.dialogue.facts or DialogueFacts()

    @property
    def tls(self) -> TlsFacts | None:
        """What the TLS handshake showed; None if the dialogue did not come so far."""
        return self.facts.tls

    @property
    def kind(self) -> Kind | None:
        """In what form the dialogue failed."""
        return self.dialogue.symptom.kind if self.dialogue.symptom else None

    @property
    def stage(self) -> Stage | None:
        """At which step the dialogue failed."""
        return self.dialogue.symptom.stage if self.dialogue.symptom else None

    @property
    def connect_steps(self) -> list[Step]:
        """Every connection attempt, one an address."""
        steps = [
            step
            for result in (self.tcp, self.dialogue)
            for step in result.steps
            if step.stage is Stage.CONNECT
        ]
        return list({step.address: step for step in reversed(steps)}.values())

    @property
    def is_shut(self) -> bool:
        """Whether no connection came about."""
        return self.stage is Stage.CONNECT and self.kind in _SHUT

    @property
    def foreign(self) -> bool:
        """Whether something greets that is not SES."""
        return self.facts.greeting is not None and not trust.is_greeting(self.facts.greeting)

    @property
    def intercepted(self) -> bool:
        """Whether the certificate verifies and is not Amazon's, although no CA file was named."""
        tls = self.tls
        if self.dialogue.target.ca_file or tls is None or tls.certificate is None or not tls.verified:
            return False
        return not tls.certificate.by_amazon

    @property
    def offers_sign_in(self) -> bool | None:
        """Whether one can sign in, by what is offered inside TLS; None if the dialogue did not come so far."""
        if not self.dialogue.ok or self.tls is None:
            return None
        return not trust.no_offer(self.facts.capabilities)

    @property
    def wrong(self) -> str:
        """The id of the cause that is seen although no step failed; empty if all is well, or a step did fail."""
        if not self.dialogue.ok:
            return ""
        if self.foreign:
            return "foreign-greeting"
        if self.intercepted:
            return "tls-intercepted"
        return trust.no_offer(self.facts.capabilities) if self.offers_sign_in is False else ""

    @property
    def ready(self) -> bool:
        """Whether one may sign in here: healthy, verified, and SES itself as far as can be told."""
        verified = self.tls is not None and self.tls.verified
        return verified and self.offers_sign_in is True and not self.wrong

    @property
    def result(self) -> str:
        """How it went, in a few words."""
        symptom = self.dialogue.symptom
        if self.dialogue.outcome is Outcome.NOT_RUN:
            return f"not checked: {self.dialogue.reason}"
        if symptom is None:
            if self.offers_sign_in is None and not self.wrong:
                return "answers; credentials are never sent without TLS"
            return "ready to sign in" if self.ready else _SHOWN.get(self.wrong, "offers no sign-in")
        if symptom.stage is Stage.CONNECT:
            return _SHUT.get(symptom.kind or Kind.RESET, str(symptom.kind))
        if symptom.stage is Stage.TLS and self.tls and self.tls.problem:
            return f"certificate: {self.tls.problem}"
        if symptom.kind is Kind.TIMEOUT:
            return f"{symptom.stage}: no answer"
        return str(symptom)
