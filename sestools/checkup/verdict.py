"""What follows from all probes of a check together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from sestools.checkup.answering import accepted
from sestools.checkup.contrasts import contrasted
from sestools.checkup.environment import Context
from sestools.checkup.findings import Finding, alike, classified, finding, merged, names
from sestools.checkup.naming import name_notices, unresolved
from sestools.checkup.port_check import Look, PortCheck, Run
from sestools.checkup.unanswered import large_write, path_notices
from sestools.core.credentials import Credentials
from sestools.core.endpoints import look_alike, region_of, smtp_host
from sestools.core.enums import Level, Outcome, Stage
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult, Symptom
from sestools.diagnosis.credential_check import examine
from sestools.knowledge.environments import worded

_WEIGHT = (Level.PROBLEM, Level.UNCLEAR, Level.NOTICE, Level.OK)


def judge(
    *,
    host: str,
    dns: ProbeResult,
    ports: Sequence[PortCheck],
    session: ProbeResult | None,
    named: bool,
    context: Context | None = None,
    credentials: Credentials | None = None,
    looks: Sequence[Look] = (),
) -> tuple[Finding, ...]:
    """Draw the findings of a check, the weightiest first; there is always one.

    `named` says that the user named the ports, so that a blocked one is a problem in itself. `context` changes
    words, never evidence. `credentials` are those that the session signed in with; `looks` the experiments.
    """
    if wrong := look_alike(host):
        # Whatever else is wrong there is no fault: that host is another thing.
        return (_wrong_endpoint(host, wrong, ports),)
    run = seen(host, dns, ports, named, looks)
    if dns.outcome is Outcome.FAILED and not any(port.dialogue.steps for port in ports):
        findings = [unresolved(dns)]
    else:
        findings = merged([*contrasted(run), *large_write(run)])
        findings += () if findings else path_notices(run)
        findings += name_notices(dns) if run.dns else ()
        findings += [*_dead_addresses(run), *_not_finished(host, ports, session)]
        if session is not None and session.symptom:
            findings.append(_signing_in(session, session.symptom, credentials))
        findings += accepted(session)
    if not run.ready and all(one.level is Level.NOTICE for one in findings):
        made = ("a blocked port: connections were made",)
        unclear = finding(Symptom(host=host), ("not-finished",), _results(ports), made, Level.UNCLEAR)
        findings.append(unclear)
    if not findings:
        symptom = Symptom(host=ports[0].dialogue.target.host)
        evidence = [*_results(ports), *_signed_in(session)]
        findings.append(finding(symptom, ("healthy",), evidence, level=Level.OK))
    if context:
        findings = [
            one.with_causes(worded(cause, context.place, context.proxy) for cause in one.diagnosis.candidates)
            for one in findings
        ]
    if not run.ready and len(run.ports) > 1:
        findings = [_no_other_port(one) for one in findings]
    return tuple(sorted(findings, key=lambda one: _WEIGHT.index(one.level)))


def seen(
    host: str, dns: ProbeResult, ports: Sequence[PortCheck], named: bool, looks: Sequence[Look] = ()
) -> Run:
    """What a check saw so far."""
    tried = [port for port in ports if port.dialogue.outcome is not Outcome.NOT_RUN]
    facts = dns.facts if dns.outcome is not Outcome.NOT_RUN else None
    return Run(host=host, ports=tried, named=named, dns=facts, looks=looks)


def _no_other_port(found: Finding) -> Finding:
    """The finding without its first advice, to use another port, for none is any better."""
    lead, *others = found.diagnosis.candidates
    if not (lead.id == "port25-blocked" and lead.port_first):
        return found
    first = "First fix what the other ports show: none of them is ready to sign in. Then use one of those."
    return found.with_causes((replace(lead, fix=(first, *lead.fix[1:])), *others))


def _wrong_endpoint(host: str, wrong: str, ports: Sequence[PortCheck]) -> Finding:
    evidence = [f"{host} is {wrong}"]
    if region := re.search(r"\.([a-z]{2,4}(?:-[a-z]+)+-\d)\.", host.lower()):
        with suppress(UsageError):  # a region without one
            evidence.append(f"mail is sent through {smtp_host(region[1])}")
    evidence += [f"{names(same)}: {result}" for result, same in alike(ports, lambda port: port.result)]
    return finding(Symptom(host=host), ("wrong-endpoint",), evidence)


def _results(ports: Sequence[PortCheck]) -> list[str]:
    return [f"{port.port} ({port.security}): {port.result}" for port in ports]


def _signed_in(session: ProbeResult | None) -> Iterator[str]:
    if session is not None:
        yield f"signed in on port {session.target.port}"
        if session.facts.message_id:
            yield f"SES accepted a message: {session.facts.message_id}"


def _dead_addresses(run: Run) -> Iterator[Finding]:
    """Addresses of the name that answer on no port on which another address answers; none or one finding."""
    alive: set[str] = set()
    failed: dict[str, Symptom] = {}
    for port in sorted(run.ports, key=lambda port: port.port != 587):
        tried = [(step.address, step.symptom) for step in port.connect_steps if step.address]
        reached = {address for address, symptom in tried if not symptom}
        if reached:
            alive |= reached
            failed = {address: symptom for address, symptom in tried if symptom} | failed
    dead = {address: symptom for address, symptom in failed.items() if address not in alive}
    if not dead:
        return
    only_ipv6 = all(":" in address for address in dead) and not any(":" in address for address in alive)
    address, symptom = next(iter(dead.items()))
    yield finding(
        # With the address as its host, so that the lines to type lead there and not to one that answers.
        replace(symptom, host=address),
        ("ipv6-broken" if only_ipv6 else "addresses-dead",),
        [f"{address}: {symptom.kind} ({symptom.detail})" for address, symptom in dead.items()]
        + [f"answering: {', '.join(sorted(alive))}"],
        (
            "a blocked port: other addresses answer on the same port",
            "an outage of SES: it answers at the other addresses",
        ),
    )


def _not_finished(host: str, ports: Sequence[PortCheck], session: ProbeResult | None) -> Iterator[Finding]:
    """What was begun and not ended: the user stopped the check, or nothing could be tried."""
    left = [port for port in ports if port.dialogue.outcome is Outcome.NOT_RUN]
    evidence = [f"{names(left)}: not checked: {left[0].dialogue.reason}"] if left else []
    if session is not None and session.outcome is Outcome.NOT_RUN:
        evidence.append(f"signing in on port {session.target.port}: {session.reason}")
    if evidence:
        yield finding(Symptom(host=host), ("not-finished",), evidence, level=Level.UNCLEAR)


def _signing_in(session: ProbeResult, symptom: Symptom, credentials: Credentials | None) -> Finding:
    """The dialogue that signed in failed: the server's reply, and what is wrong with the credentials."""
    port = session.target.port
    evidence = [f"{port}: {symptom}"]
    if symptom.cause:
        evidence.append(f"{port}: the connection before, which did not sign in, showed no problem")
        return classified(symptom, evidence, ("Not the credentials: they were not sent.",))
    found = classified(symptom, evidence, [f"network, TLS mode and certificate: all well on port {port}"])
    if symptom.stage is not Stage.AUTH or credentials is None:
        return found
    doubts = examine(credentials, region=region_of(session.target.host))
    causes = (*(doubt.cause for doubt in doubts), *found.diagnosis.candidates)
    evidence += [line for doubt in doubts for line in doubt.evidence]
    return finding(symptom, causes, evidence, found.diagnosis.ruled_out)


def half_dead_addresses(run: Sequence[PortCheck]) -> Iterator[str]:
    """For each port the addresses that fail there and answer elsewhere, in a sentence: worth a note."""
    alive = {step.address for check in run for step in check.connect_steps if not step.symptom}
    for check in run:
        steps = check.connect_steps
        failed = [str(step.address) for step in steps if step.symptom and step.address in alive]
        if failed and len(failed) < len(steps):
            yield (
                f"on port {check.port} {', '.join(failed)} did not answer, though other addresses did, and it "
                "answers on another port"
            )
