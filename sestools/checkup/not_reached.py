"""Ports that cannot be connected to, beside those that can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sestools.checkup.findings import names
from sestools.checkup.naming import gives, misled, name_experiments
from sestools.checkup.port_check import Experiment, Look, PortCheck, Run
from sestools.checkup.suspicion import SHUT, Suspicion
from sestools.core.cause import Cause
from sestools.core.enums import Kind, Stage
from sestools.core.text import duration
from sestools.diagnosis.classifier import classify

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
    (_DROPPED, False, 25, ("port25-blocked", "connect-timeout"), _AGAIN, ()),
    (_DROPPED, False, 1, ("connect-timeout", "ports-blocked"), _AGAIN, (_NOTHING_SAID,)),
    (_ANY, False, 1, (), (), ()),
    (_ANY, False, 0, ("egress-blocked",), (), (_NOT_25_ALONE, _NOTHING_SAID)),
)


def not_connected(port: PortCheck, run: Run) -> Suspicion | None:
    """The row of the table that holds for the shut ports together; a VPC endpoint is a matter of its own."""
    if not port.is_shut:
        return None
    if found := misled(run) or _limited(run):
        return replace(found, saw=_saw(port))
    kinds, made = {one.symptom.kind for one in run.shut}, run.made
    alone = (0, 1, port.port) if len(run.shut) == 1 else (0,)
    ids, more, ruled_out = next(
        row[3:] for row in _SHUT_PORTS if row[0] in (_ANY, kinds) and row[1] is bool(made) and row[2] in alone
    )
    causes: Sequence[Cause | str] = ids or classify(port.dialogue).candidates
    dns = tuple(filter(None, [gives(run)]))
    leads = f"the name leads to {', '.join(run.addresses)}"
    if made:
        took = duration(made.dialogue.seconds(Stage.CONNECT) or 0.0)
        then = ", and ready" if made.ready else ""
        more = (f"{made.port} on the same addresses: connected in {took}{then}",)
    if run.is_vpc_endpoint and kinds == _DROPPED:
        causes = ("vpc-endpoint-blocked",)
        what = "a VPC endpoint" if run.is_vpce else "private, as a VPC endpoint's"
        more = (
            *more,
            f"{leads}: {what}",
            f"inbound TCP that its security group must allow from here: {names(run.shut)}, "
            "or whichever of these you use",
        )
        way = [f"the way to the endpoint: port {made.port} connects"] if made else []
        ruled_out = ("the restriction of EC2 on port 25: it does not hold for private addresses", *dns, *way)
    elif made:
        works = [f"routing and an outage of the endpoint: port {made.port} works"] if made.ready else []
        ruled_out = (*dns, *works, "a general egress filter: not every port is affected")
        if any(one.port == 25 and one.symptom.kind is not Kind.TIMEOUT for one in run.shut):
            ruled_out += ("the restriction of EC2 on port 25: it drops, and this is an answer",)
    elif run.dns:
        more = (*more, leads)
        ruled_out = (*ruled_out, *dns)
    if kinds == _DROPPED and run.heavy_loss:
        # So much is lost that the attempts on these ports can all have been.
        causes, ruled_out = ("lossy-path", *causes), ()
        more = (*more, "on other ports the connection needed a second attempt, a second later")
    if len(kinds) > 1 and Kind.REFUSED in kinds:
        causes = (*causes, "connection-refused")
    return Suspicion(
        causes=causes,
        saw=_saw(port),
        more=(*more, *map(str, _second(run))),
        ruled_out=(*ruled_out, *_no_limit(run)),
        order=SHUT,
        experiments=(Experiment.AGAIN, Experiment.CONTROL) if made else name_experiments(run),
    )


def _saw(port: PortCheck) -> str:
    steps = port.connect_steps
    where = f"any of {len(steps)} addresses" if len(steps) > 1 else steps[0].address if steps else "it"
    how: dict[Kind | None, str] = {
        Kind.TIMEOUT: f"no answer from {where}",
        Kind.REFUSED: f"refused by {where}",
    }
    return how.get(port.symptom.kind, "")


def _second(run: Run) -> list[Look]:
    """The second look at ports that were shut, and at one that was not."""
    looks = [run.look(Experiment.CONTROL), *(run.look(Experiment.AGAIN, one) for one in run.shut)]
    return [one for one in looks if one]


def _limited(run: Run) -> Suspicion | None:
    """A port that connected and now does not, or the reverse: it is no matter of ports."""
    changed = [one for one in _second(run) if one.shut is (one.experiment is Experiment.CONTROL)]
    if not changed:
        return None
    made = sum(
        1
        for port in run.ports
        for step in port.dialogue.steps
        if step.stage is Stage.CONNECT and not step.symptom
    )
    return Suspicion(
        causes=("lossy-path", "connection-limit") if run.lossy else ("connection-limit", "lossy-path"),
        more=(f"{made} of {len(run.ports)} ports connected in the first look", *map(str, changed)),
        ruled_out=("a filter that chooses by port: the same port once connects, and once does not",),
        order=SHUT,
    )


def _no_limit(run: Run) -> list[str]:
    control = run.look(Experiment.CONTROL)
    if control is None:
        return []
    return [
        f"a limit on the number of connections: port {control.port} connected again, while others did not"
    ]
