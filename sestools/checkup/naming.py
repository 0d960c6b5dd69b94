"""What a check concludes about the name: how its look-up failed, what was slow about it, where it leads."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from sestools.checkup.findings import Finding, classified, finding
from sestools.checkup.port_check import Experiment, Run
from sestools.checkup.suspicion import SHUT, Suspicion
from sestools.core.endpoints import region_of
from sestools.core.enums import Kind, Level, Stage
from sestools.core.results import ProbeResult, Symptom
from sestools.core.text import duration
from sestools.probes import DnsAnswer, DnsFacts
from sestools.probes.resolver import Said

SLOW = 1.5
"""Seconds from which a look-up is slow."""

_UNRESOLVED = (
    (Said.DENIED, "local-firewall"),
    (Said.NO_NAME, "name-not-found"),
    (Said.ANSWER, "name-not-found"),
    (Said.FAILED, "resolver-failed"),
    (Said.SILENT, "resolver-timeout"),
    (Said.UNREACHABLE, "resolver-down"),
)
"""What follows if a resolver says so and the name has no address; the first row that holds decides."""
_DEAD = (Said.SILENT, Said.UNREACHABLE, Said.FAILED)


def unresolved(dns: ProbeResult[DnsFacts]) -> Finding:
    """Why no address is known."""
    evidence = list(_evidence(dns))
    said = {answer.said for answer in dns.facts.answers}
    for one, cause in _UNRESOLVED:
        if one in said:
            return finding(dns.symptom or Symptom(host=dns.target.host), (cause,), evidence)
    return classified(dns.symptom, evidence)


def _evidence(dns: ProbeResult[DnsFacts]) -> Iterator[str]:
    if dns.symptom:
        yield str(dns.symptom)
    for answer in dns.facts.answers:
        yield f"resolver {answer.resolver}: {answer.error or 'no address'}"
    if dns.facts.detail:
        yield f"no resolver was asked: {dns.facts.detail}"


def name_notices(dns: ProbeResult[DnsFacts]) -> Iterator[Finding]:
    """A look-up that works, and slowly: why."""
    facts, spent = dns.facts, dns.seconds(Stage.RESOLVE) or 0.0
    good = [one for one in facts.answers if one.addresses]
    bad = [one for one in facts.answers if one.said in _DEAD]
    deaf = [one for one in good if one.said_ipv6 in _DEAD]
    failed = dns.symptom is not None and facts.addresses == ()
    if spent < SLOW and not failed and not (good and bad):
        return
    if not (failed or bad or deaf) and good and min(one.seconds for one in good) < SLOW:
        return  # this host was busy: the resolver answered in time
    took = f"the system's own look-up took {duration(spent)}"
    if dns.symptom:
        took = str(dns.symptom)
    evidence = [took]
    if good and bad:
        cause = "resolver-dead"
        evidence += [f"resolver {one.resolver}: {one.error}" for one in bad]
    elif deaf:
        cause = "resolver-aaaa"
        evidence += [
            f"resolver {one.resolver}: no usable answer to the question for AAAA (IPv6)" for one in deaf
        ]
    else:
        cause = "name-slow"
    evidence += [f"resolver {one.resolver}: {_addresses(one)}, after {duration(one.seconds)}" for one in good]
    if failed and good:
        evidence.append("the ports were checked at the addresses that DNS gives")
    symptom = Symptom(kind=Kind.TIMEOUT, stage=Stage.RESOLVE, host=dns.target.host, detail=took)
    yield finding(symptom, (cause,), evidence, level=Level.NOTICE)


def _addresses(answer: DnsAnswer) -> str:
    return ", ".join(answer.addresses)


def gives(run: Run) -> str:
    """Which resolver gives the addresses that were tried, in a sentence; empty if none is known to."""
    for answer in run.dns.answers if run.dns else ():
        if set(answer.addresses) & set(run.addresses):
            return f"DNS: resolver {answer.resolver} gives {_addresses(answer)}, and that is what was tried"
    return ""


def misled(run: Run) -> Suspicion | None:
    """Whether nothing can be reached because the name leads to something else; None if nothing says so."""
    if run.dns is None or run.made:
        return None
    where, resolver = ", ".join(run.addresses), ", ".join(one.resolver for one in run.dns.answers)
    elsewhere, invented = run.look(Experiment.DNS_ADDRESSES), run.look(Experiment.NO_SUCH_NAME)
    what = f"the name leads to {where}"
    if invented and invented.result.facts.from_dns:
        fake = ", ".join(invented.result.facts.from_dns)
        lie = f"a name that cannot exist ({invented.result.target.host}) leads to {fake}, too (resolver {resolver})"
        return Suspicion(causes=("name-hijacked",), more=(what, lie), order=SHUT)
    if elsewhere and not elsewhere.shut:
        theirs = f"DNS (resolver {resolver}) gives {', '.join(run.dns.from_dns)}"
        return Suspicion(causes=("name-elsewhere",), more=(what, theirs, str(elsewhere)), order=SHUT)
    if region_of(run.host) and run.addresses and all(map(_own, run.addresses)):
        return Suspicion(causes=("address-not-ses",), more=(f"{what}: this host itself",), order=SHUT)
    return None


def _own(address: str) -> bool:
    """Whether an address is this host's own, or none."""
    one = ipaddress.ip_address(address.partition("%")[0])
    return one.is_loopback or one.is_unspecified


def name_experiments(run: Run) -> Sequence[Experiment]:
    """What would tell whether the name leads elsewhere, now that nothing can be reached."""
    if run.dns is None or not run.dns.answers:
        return ()
    others = set(run.dns.from_dns) - set(run.addresses)
    return (Experiment.NO_SUCH_NAME, *([Experiment.DNS_ADDRESSES] if others else []))
