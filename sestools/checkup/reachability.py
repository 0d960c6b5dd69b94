"""Which ports and addresses can be connected to, and what the ones say about the others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sestools.checkup.findings import Finding, alike, classified, finding, foremost, names
from sestools.checkup.port_check import PortCheck
from sestools.core.endpoints import is_private, region_of
from sestools.core.enums import Kind, Level, Stage
from sestools.core.results import Symptom
from sestools.core.text import duration

_VPCE = re.compile(r"vpce-[0-9a-z-]+\.", re.IGNORECASE)

_DNS = "DNS: the name resolves, or its address was given"
_NOTHING_SAID = "TLS and credentials: no connection came about"
_NOT_EC2 = "the restriction of EC2 on port 25: it drops, and this is an answer"


def shut_ports(host: str, run: Sequence[PortCheck], *, named: bool) -> list[Finding]:
    """What the ports that cannot be connected to mean, beside those that can; none or one finding."""
    shut = [check for check in run if check.is_shut]
    if not shut:
        return []
    made = sorted((check for check in run if check not in shut), key=lambda check: not check.ready)
    evidence = [*_shut_evidence(shut), *_made_evidence(made)]
    level = Level.NOTICE if [check.port for check in shut] == [25] and made and not named else Level.PROBLEM
    if _is_vpc_endpoint(host, run) and all(check.kind is Kind.TIMEOUT for check in shut):
        return [_vpc_endpoint(host, shut, made, evidence, level)]
    if made:
        return [_some(shut, made, evidence, level)]
    return [_all(shut, evidence)]


def _some(
    shut: Sequence[PortCheck], made: Sequence[PortCheck], evidence: Sequence[str], level: Level
) -> Finding:
    """Some ports cannot be connected to, and others can."""
    works = [
        f"routing and an outage of the endpoint: port {check.port} works" for check in made[:1] if check.ready
    ]
    ruled_out = [_DNS, *works, "a general egress filter: not every port is affected"]
    kinds = {check.kind for check in shut}
    how_25 = next((check.kind for check in shut if check.port == 25), None)
    if kinds == {Kind.TIMEOUT} and len(shut) == 1 and how_25:
        return finding("port25-blocked", _symptom(shut), evidence, ruled_out, level=level)
    if how_25 and how_25 is not Kind.TIMEOUT:
        ruled_out.append(_NOT_EC2)
    if kinds == {Kind.REFUSED}:
        return finding("ports-refused", _symptom(shut), evidence, ruled_out, level=level)
    others = ("connection-refused",) if Kind.REFUSED in kinds else ()
    return finding("ports-blocked", _symptom(shut), evidence, ruled_out, others=others, level=level)


def _all(shut: Sequence[PortCheck], evidence: Sequence[str]) -> Finding:
    """No port that was looked at can be connected to."""
    symptom, kinds = _symptom(shut), {check.kind for check in shut}
    if kinds == {Kind.REFUSED}:
        return classified(
            symptom, evidence, ("a filter that drops: the attempts were answered, by a refusal",)
        )
    if kinds == {Kind.UNREACHABLE} and "route to host" not in symptom.detail.lower():
        return classified(symptom, evidence, ("a filter on the way: nothing left this host",))
    if len(shut) == 1:
        if kinds != {Kind.TIMEOUT}:
            return classified(symptom, evidence)
        again = "only this port was checked; all five side by side tell more, by their contrast"
        evidence = (*evidence, again)
        if shut[0].port == 25:
            return finding("port25-blocked", symptom, evidence, (_DNS,), others=("connect-timeout",))
        return finding("connect-timeout", symptom, evidence, (_DNS, _NOTHING_SAID), others=("ports-blocked",))
    ruled_out = (_DNS, "the restriction of EC2 on port 25 alone: the other ports fail too", _NOTHING_SAID)
    others = ("connection-refused",) if Kind.REFUSED in kinds else ()
    return finding("egress-blocked", symptom, evidence, ruled_out, others=others)


def _vpc_endpoint(
    host: str, shut: Sequence[PortCheck], made: Sequence[PortCheck], evidence: Sequence[str], level: Level
) -> Finding:
    """The address is private: what stops a connection is inside the VPC."""
    addresses = sorted({str(step.address) for check in (*shut, *made) for step in check.connect_steps})
    what = "a VPC endpoint" if _VPCE.match(host) else "private, as a VPC endpoint's"
    more = (
        f"the name leads to {', '.join(addresses)}: {what}",
        f"inbound TCP that its security group must allow from here: {names(shut)}, or whichever of these you use",
    )
    ruled_out = ["the restriction of EC2 on port 25: it does not hold for private addresses", _DNS]
    if made:
        ruled_out.append(f"the way to the endpoint: port {made[0].port} connects")
    return finding("vpc-endpoint-blocked", _symptom(shut), (*evidence, *more), ruled_out, level=level)


def _is_vpc_endpoint(host: str, run: Sequence[PortCheck]) -> bool:
    if _VPCE.match(host):
        return True
    if not region_of(host):
        return False  # any private host of somebody's own
    addresses = {step.address for check in run for step in check.connect_steps}
    return bool(addresses) and all(address and is_private(address) for address in addresses)


def _symptom(shut: Sequence[PortCheck]) -> Symptom:
    symptom = foremost(shut).dialogue.symptom
    assert symptom is not None  # noqa: S101 - that is what being shut means
    return symptom


def _shut_evidence(shut: Sequence[PortCheck]) -> list[str]:
    def words(check: PortCheck) -> str:
        steps = check.connect_steps
        addresses = (
            f"any of {len(steps)} addresses" if len(steps) > 1 else (steps[0].address if steps else "it")
        )
        how = {Kind.TIMEOUT: f"no answer from {addresses}", Kind.REFUSED: f"refused by {addresses}"}
        return how.get(check.kind or Kind.RESET, str(check.dialogue.symptom))

    def longest(checks: Sequence[PortCheck]) -> float:
        return max((step.seconds for check in checks for step in check.connect_steps), default=0.0)

    return [f"{names(checks)}: {text} in {duration(longest(checks))}" for text, checks in alike(shut, words)]


def _made_evidence(made: Sequence[PortCheck]) -> list[str]:
    if not made:
        return []
    took = duration(made[0].dialogue.seconds(Stage.CONNECT) or 0.0)
    then = ", and ready" if made[0].ready else ""
    return [f"{made[0].port} on the same addresses: connected in {took}{then}"]


def dead_addresses(run: Sequence[PortCheck]) -> list[Finding]:
    """Addresses of the name that answer on no port on which another address answers."""
    alive: set[str] = set()
    failed: dict[str, Symptom] = {}
    for check in sorted(run, key=lambda check: check.port != 587):
        steps = [step for step in check.connect_steps if step.address]
        reached = {str(step.address) for step in steps if not step.symptom}
        if reached:
            alive |= reached
            failed = {str(step.address): step.symptom for step in steps if step.symptom} | failed
    dead = {address: symptom for address, symptom in failed.items() if address not in alive}
    if not dead:
        return []
    only_ipv6 = all(":" in address for address in dead) and not any(":" in address for address in alive)
    evidence = [f"{address}: {symptom.kind} ({symptom.detail})" for address, symptom in dead.items()]
    evidence.append(f"answering: {', '.join(sorted(alive))}")
    ruled_out = (
        "a blocked port: other addresses answer on the same port",
        "an outage of SES: it answers at the other addresses",
    )
    address, symptom = next(iter(dead.items()))
    lead = "ipv6-broken" if only_ipv6 else "addresses-dead"
    # With the address as its host, so that the lines to type lead there and not to one that answers.
    return [finding(lead, replace(symptom, host=address), evidence, ruled_out)]


def half_dead_addresses(run: Sequence[PortCheck]) -> list[str]:
    """For each port the addresses that fail there and answer elsewhere, in a sentence: worth a note."""
    alive = {step.address for check in run for step in check.connect_steps if not step.symptom}
    notes = []
    for check in run:
        steps = check.connect_steps
        failed = [str(step.address) for step in steps if step.symptom and step.address in alive]
        if failed and len(failed) < len(steps):
            notes.append(
                f"on port {check.port} {', '.join(failed)} did not answer, though other addresses did, and it "
                "answers on another port"
            )
    return notes
