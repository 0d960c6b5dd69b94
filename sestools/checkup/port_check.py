"""One port as a check saw it, and all of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sestools.core import trust
from sestools.core.endpoints import Security, default_security, is_private, region_of
from sestools.core.enums import Kind, Outcome, Stage
from sestools.core.results import ProbeResult, Step, Symptom
from sestools.core.speakers import stranger
from sestools.probes import DialogueFacts, TlsFacts

_SHOWN = {
    "foreign-greeting": "another server answers",
    "other-protocol": "another service answers",
    "smtp-inspected": "the greeting is masked",
    "tls-intercepted": "TLS is intercepted",
}
_SHUT: dict[Kind | None, str] = {
    Kind.TIMEOUT: "no answer",
    Kind.REFUSED: "refused",
    Kind.UNREACHABLE: "unreachable",
    Kind.NO_ROUTE: "unreachable",
}
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
    def symptom(self) -> Symptom:
        """What went wrong in the dialogue; one of nothing if all went well."""
        return self.dialogue.symptom or Symptom()

    @property
    def connect_steps(self) -> list[Step]:
        """Every connection attempt, one an address."""
        steps = [step for step in (*self.tcp.steps, *self.dialogue.steps) if step.stage is Stage.CONNECT]
        return list({step.address: step for step in reversed(steps)}.values())

    @property
    def is_shut(self) -> bool:
        """Whether no connection came about."""
        return self.symptom.stage is Stage.CONNECT and self.symptom.kind in _SHUT

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
    def wrong(self) -> str:
        """The id of the cause that is seen although no step failed; empty if all is well, or a step did fail."""
        if not self.dialogue.ok:
            return ""
        if self.foreign:
            return stranger(self.facts.greeting or "")
        if self.intercepted:
            return "tls-intercepted"
        return trust.no_offer(self.facts.capabilities) if self.tls else ""

    @property
    def ready(self) -> bool:
        """Whether one may sign in here: healthy, verified, and SES itself as far as can be told."""
        return self.dialogue.ok and self.tls is not None and self.tls.verified and not self.wrong

    @property
    def result(self) -> str:
        """How it went, in a few words."""
        symptom = self.symptom
        if self.dialogue.outcome is Outcome.NOT_RUN:
            return f"not checked: {self.dialogue.reason}"
        if self.dialogue.ok and self.tls is None and not self.wrong:
            return "answers; credentials are never sent without TLS"
        if self.dialogue.ok:
            return "ready to sign in" if self.ready else _SHOWN.get(self.wrong, "offers no sign-in")
        if symptom.stage is Stage.CONNECT:
            return _SHUT.get(symptom.kind, str(symptom.kind))
        if symptom.stage is Stage.TLS and self.tls and self.tls.problem:
            return f"certificate: {self.tls.problem}"
        return f"{symptom.stage}: no answer" if symptom.kind is Kind.TIMEOUT else str(symptom)


@dataclass(frozen=True, kw_only=True)
class Run:
    """The ports that were looked at, side by side; `named` if the user chose them."""

    host: str
    ports: Sequence[PortCheck]
    named: bool = False

    @property
    def shut(self) -> list[PortCheck]:
        """The ports that cannot be connected to."""
        return [port for port in self.ports if port.is_shut]

    @property
    def ready(self) -> PortCheck | None:
        """A port on which one may sign in."""
        return next((port for port in self.ports if port.ready), None)

    @property
    def made(self) -> PortCheck | None:
        """A port that can be connected to, a ready one if there is one."""
        return self.ready or next((port for port in self.ports if not port.is_shut), None)

    @property
    def addresses(self) -> list[str]:
        """The addresses that were connected to, or tried."""
        return sorted({step.address or "" for port in self.ports for step in port.connect_steps})

    @property
    def path(self) -> str:
        """What is not at fault when a connection was made."""
        if self.ready:
            return f"the network path and the endpoint: port {self.ready.port} is ready"
        return "a blocked port: the connections were made"

    @property
    def is_vpce(self) -> bool:
        """Whether the name is a VPC endpoint's."""
        return self.host.lower().startswith("vpce-")

    @property
    def is_vpc_endpoint(self) -> bool:
        """Whether the name is a VPC endpoint's, or one of SES's that leads to private addresses only."""
        known = bool(region_of(self.host)) and bool(self.addresses)
        return self.is_vpce or (known and all(one and is_private(one) for one in self.addresses))
