"""One port as a check saw it, and all of them side by side."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sestools.core import trust
from sestools.core.endpoints import Security, default_security, is_private, region_of
from sestools.core.enums import Kind, Outcome, Stage
from sestools.core.results import ProbeResult, Step, Symptom
from sestools.core.speakers import stranger
from sestools.core.text import duration
from sestools.probes import DialogueFacts, DnsFacts, TlsFacts

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
SLOW = 1.0
"""Seconds from which a reply, or a round trip, is slow."""
LATE = 0.6
"""Round trip in seconds from which a packet may be sent again only because its answer is late (RFC 6298)."""


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
        if symptom.kind is not Kind.TIMEOUT:
            return str(symptom)
        went_on = heard(self.dialogue) or pace_of(self.dialogue)
        return f"{symptom.stage}: {'not finished' if went_on else 'no answer'}"


def heard(result: ProbeResult) -> int:
    """How many bytes came in the step in which a dialogue ended (Linux)."""
    last, before = result.steps[-1:], [step.tcp for step in result.steps[:-1] if step.tcp]
    if not last or not before or not last[0].tcp:
        return 0
    # A greeting may have begun to come before the connection was looked at.
    until = 0 if last[0].stage is Stage.GREETING and not last[0].encrypted else before[-1].received
    return (last[0].tcp.received or 0) - (until or 0)


def pace_of(result: ProbeResult) -> str:
    """At what pace a dialogue went that was not finished, in a sentence; empty if it did not go on to the end."""
    last, before = result.steps[-1], [step for step in result.steps[:-1] if not step.symptom]
    waited = last.seconds
    came = heard(result)
    if came and last.tcp and last.tcp.quiet < min(max(SLOW, waited / 3), waited / 2):
        return f"{came} bytes came in {duration(waited)}, the last of them {duration(last.tcp.quiet)} before the end"
    slowest = max((step.seconds for step in before if step.stage is not Stage.RESOLVE), default=0.0)
    if slowest >= min(SLOW, waited) and waited < 4 * slowest:
        return (
            f"each step until then took up to {duration(slowest)}; {last.stage} was given {duration(waited)}"
        )
    return ""


def _resent(step: Step) -> bool:
    """Whether a step went well after something was sent again, which had not just been late."""
    tcp = step.tcp
    if step.address and ipaddress.ip_address(step.address.partition("%")[0]).is_loopback:
        return False  # nothing is lost on the way to this host itself
    return bool(tcp and not step.symptom and tcp.retransmits and tcp.rtt < LATE)


class Experiment(StrEnum):
    """What a second look can try. Its value says what is different about it, after the port's number."""

    AGAIN = "again, alone"
    CONTROL = "which had connected, again"
    """A port that had connected, for comparison."""
    SMALL = "again, with small segments"
    WRITE = "a large write"
    """Part of the first look, and of a second one if it stalled."""
    WRITE_AGAIN = "a large write, again"
    SMALL_WRITE = "a large write in small segments"
    DNS_ADDRESSES = "at an address that only DNS gives"
    NO_SUCH_NAME = "a name that cannot exist"


@dataclass(frozen=True, kw_only=True)
class Look:
    """One experiment, and what was seen.

    Attributes:
        experiment: What was tried.
        result: What the probe saw.
    """

    experiment: Experiment
    result: ProbeResult

    @property
    def port(self) -> int:
        """The port as SES numbers it."""
        return self.result.target.port

    @property
    def check(self) -> PortCheck:
        """The look, if it was a dialogue, as the look at a port."""
        return PortCheck(tcp=self.result, dialogue=self.result)

    @property
    def shut(self) -> bool:
        """Whether no connection came about."""
        return self.check.is_shut

    def __str__(self) -> str:
        steps = self.result.steps
        spent = steps[-1].at + steps[-1].seconds if steps else 0.0
        end = "ready" if self.result.ok else self.check.result
        return f"{self.port} {self.experiment}: {end} in {duration(spent)}"


@dataclass(frozen=True, kw_only=True)
class Run:
    """The ports that were looked at, side by side; `named` if the user chose them.

    `dns` is what the name resolves to, if that was asked; `looks` are the experiments so far.
    """

    host: str
    ports: Sequence[PortCheck]
    named: bool = False
    dns: DnsFacts | None = None
    looks: Sequence[Look] = ()

    def look(self, experiment: Experiment, port: PortCheck | None = None) -> Look | None:
        """What an experiment showed, on a port if one is named; None if it was not made or not finished."""
        for one in self.looks:
            made = one.experiment is experiment and one.result.outcome is not Outcome.NOT_RUN
            if made and (port is None or one.port == port.port):
                return one
        return None

    @property
    def resent(self) -> list[PortCheck]:
        """The ports on which small packets had to be sent again, and then arrived: loss, and not a slow path."""
        return [
            port for port in self.ports if any(map(_resent, port.connect_steps + list(port.dialogue.steps)))
        ]

    @property
    def lossy(self) -> bool:
        """Whether packets get lost on more than one port, whatever their size."""
        return len(self.resent) > 1 or self.heavy_loss

    @property
    def heavy_loss(self) -> bool:
        """Whether half of the connections that came about needed a second attempt, on a path that is not slow.

        The kernel repeats an attempt after a second. So many lost ones leave none to be told of on some ports.
        """
        connected = [port for port in self.ports if not port.is_shut]
        repeated = [port for port in connected if (port.dialogue.seconds(Stage.CONNECT) or 0.0) > 0.9]
        steps = [
            step for port in connected for step in port.dialogue.steps if step.reply and not step.symptom
        ]
        quick = any(step.seconds < LATE / 2 for step in steps)
        return quick and len(repeated) > 1 and 2 * len(repeated) >= len(connected)

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
