"""What a port shows beside the other ports: a suspicion for each, and one finding for all that are suspected alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sestools.checkup.answering import certificate, foreign, intercepted, no_sign_in
from sestools.checkup.findings import Finding, alike, finding, foremost, names
from sestools.checkup.port_check import PortCheck, Run
from sestools.checkup.suspicion import SHUT, Suspicion
from sestools.core.cause import Cause
from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Level, Retry, Stage
from sestools.core.text import duration
from sestools.diagnosis.classifier import classify
from sestools.knowledge.table import cause


def contrasted(run: Run) -> Iterator[Finding]:
    """A finding for each cause that is suspected, naming all its ports."""
    suspected = {}
    for port in run.ports:
        if found := next(filter(None, (suspect(port, run) for suspect in _CONTRASTS)), None):
            suspected[port.port] = found

    def key(port: PortCheck) -> tuple[int, str]:
        lead = suspected[port.port].causes[0]
        return suspected[port.port].order, lead if isinstance(lead, str) else lead.id

    groups = alike((port for port in run.ports if port.port in suspected), key)
    for (order, _), ports in sorted(groups, key=lambda group: (group[0][0], -len(group[1]))):
        several, lead = [suspected[port.port] for port in ports], suspected[foremost(ports).port]
        saw = alike(ports, lambda port: suspected[port.port].saw or str(port.dialogue.symptom))
        path = () if order == SHUT else (lead.path or run.path,)
        notice = order == SHUT and names(ports) == "25" and run.made and not run.named
        yield finding(
            lead.symptom or classify(foremost(ports).dialogue).symptom,
            lead.causes,
            [f"{names(same)}: {text}{_took(same)}" for text, same in saw]
            + [line for one in several for line in one.more],
            (*path, *(line for one in several for line in one.ruled_out)),
            Level.NOTICE if notice else Level.PROBLEM,
        )


def _took(ports: Sequence[PortCheck]) -> str:
    """How long was waited for connections that did not come about."""
    waits = [step.seconds for port in ports if port.is_shut for step in port.connect_steps]
    return f" in {duration(max(waits))}" if waits else ""


# --- connected, and a step failed ---


def _closed_at_once(port: PortCheck, run: Run) -> Suspicion | None:
    """A connection that was lost in a step that only a fresh one takes."""
    fresh = port.symptom.stage in (Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.TLS)
    lost = fresh and classify(port.dialogue).cause.id == "connection-lost"
    return Suspicion(causes=("closed-at-once", "connection-lost")) if lost else None


def _stalled(port: PortCheck, run: Run) -> Suspicion | None:
    """A TLS handshake without an answer: a matter of size if every handshake is, and else not."""
    mute = [one for one in run.ports if one.symptom.kind is Kind.TIMEOUT]
    stalled = [one for one in mute if one.symptom.stage is Stage.TLS]
    if port not in stalled:
        return None
    silent = [one.port for one in mute if one.symptom.stage is Stage.GREETING]
    through = [one.port for one in run.ports if one.tls]
    no_mtu = [f"the path MTU: port {one} is silent before anything large is sent" for one in silent[:1]]
    no_mtu += [f"the path MTU: the same handshake goes through on port {one}" for one in through[:1]]
    if no_mtu:
        return Suspicion(causes=("reply-timeout",), ruled_out=no_mtu)
    # What a port with STARTTLS shows, where short lines had passed, holds for the others.
    if len(stalled) == 1 or all(one.security is Security.WRAPPER for one in stalled):
        return None
    # Nothing was sent that could arrive twice, and several ports alike are no chance.
    return Suspicion(causes=(replace(cause("mtu-stall"), retry=Retry.NO), "reply-timeout"))


def _by_itself(port: PortCheck, run: Run) -> Suspicion | None:
    """What the classifier says of it, whatever the other ports show."""
    return Suspicion(causes=classify(port.dialogue).candidates) if port.dialogue.symptom else None


# --- not connected ---

_DNS = "DNS: the name resolves, or its address was given"
_NOTHING_SAID = "TLS and credentials: no connection came about"
_NOT_25_ALONE = "the restriction of EC2 on port 25 alone: the other ports fail too"
_AGAIN = ("only this port was checked; all five side by side tell more, by their contrast",)


_DROPPED, _REFUSED, _NO_ROUTE, _ANY = {Kind.TIMEOUT}, {Kind.REFUSED}, {Kind.UNREACHABLE}, set[Kind]()

_SHUT_PORTS: tuple[tuple[set[Kind], bool, int, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    # how all of them failed, whether others connect, the number of the only one (1: any one, 0: any number of them),
    # causes (the classifier's if empty), more evidence, what is ruled out
    (_DROPPED, True, 25, ("port25-blocked",), (), ()),
    (_REFUSED, True, 0, ("ports-refused",), (), ()),
    (_ANY, True, 0, ("ports-blocked",), (), ()),
    (_REFUSED, False, 0, (), (), ("a filter that drops: the attempts were answered, by a refusal",)),
    (_NO_ROUTE, False, 0, (), (), ("a filter on the way: nothing left this host",)),
    (_DROPPED, False, 25, ("port25-blocked", "connect-timeout"), _AGAIN, (_DNS,)),
    (_DROPPED, False, 1, ("connect-timeout", "ports-blocked"), _AGAIN, (_DNS, _NOTHING_SAID)),
    (_ANY, False, 1, (), (), ()),
    (_ANY, False, 0, ("egress-blocked",), (), (_DNS, _NOT_25_ALONE, _NOTHING_SAID)),
)


def _not_connected(port: PortCheck, run: Run) -> Suspicion | None:
    """The row of the table that holds for the shut ports together; a VPC endpoint is a matter of its own."""
    if not port.is_shut:
        return None
    kinds, made = {one.symptom.kind for one in run.shut}, run.made
    alone = (0, 1, port.port) if len(run.shut) == 1 else (0,)
    ids, more, ruled_out = next(
        row[3:] for row in _SHUT_PORTS if row[0] in (_ANY, kinds) and row[1] is bool(made) and row[2] in alone
    )
    causes: Sequence[Cause | str] = ids or classify(port.dialogue).candidates
    if made:
        took = duration(made.dialogue.seconds(Stage.CONNECT) or 0.0)
        then = ", and ready" if made.ready else ""
        more = (f"{made.port} on the same addresses: connected in {took}{then}",)
    if run.is_vpc_endpoint and kinds == _DROPPED:
        causes = ("vpc-endpoint-blocked",)
        what = "a VPC endpoint" if run.is_vpce else "private, as a VPC endpoint's"
        more = (
            *more,
            f"the name leads to {', '.join(run.addresses)}: {what}",
            f"inbound TCP that its security group must allow from here: {names(run.shut)}, "
            "or whichever of these you use",
        )
        way = [f"the way to the endpoint: port {made.port} connects"] if made else []
        ruled_out = ("the restriction of EC2 on port 25: it does not hold for private addresses", _DNS, *way)
    elif made:
        works = [f"routing and an outage of the endpoint: port {made.port} works"] if made.ready else []
        ruled_out = (_DNS, *works, "a general egress filter: not every port is affected")
        if any(one.port == 25 and one.symptom.kind is not Kind.TIMEOUT for one in run.shut):
            ruled_out += ("the restriction of EC2 on port 25: it drops, and this is an answer",)
    if len(kinds) > 1 and Kind.REFUSED in kinds:
        causes = (*causes, "connection-refused")
    steps = port.connect_steps
    where = f"any of {len(steps)} addresses" if len(steps) > 1 else steps[0].address if steps else "it"
    how: dict[Kind | None, str] = {
        Kind.TIMEOUT: f"no answer from {where}",
        Kind.REFUSED: f"refused by {where}",
    }
    saw = how.get(port.symptom.kind, "")
    return Suspicion(causes=causes, saw=saw, more=more, ruled_out=ruled_out, order=SHUT)


_CONTRASTS = (
    _not_connected, foreign, intercepted, no_sign_in, certificate, _closed_at_once, _stalled, _by_itself,
)  # fmt: skip
"""In this order: the first suspicion that a port gives rise to is taken."""
