"""What follows from several probes together: the contrast that no single probe can show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sestools.checkup.dialogues import conversations
from sestools.checkup.environment import Context
from sestools.checkup.findings import Finding, classified, concluded, each, finding, names
from sestools.checkup.port_check import PortCheck
from sestools.checkup.reachability import dead_addresses, shut_ports
from sestools.core.credentials import Credentials
from sestools.core.endpoints import look_alike, region_of, smtp_host
from sestools.core.enums import Level, Outcome, Stage
from sestools.core.results import ProbeResult, Symptom
from sestools.diagnosis.credential_check import examine
from sestools.knowledge.environments import worded

_WEIGHT = {Level.PROBLEM: 0, Level.UNCLEAR: 1, Level.NOTICE: 2, Level.OK: 3}


def judge(
    *,
    host: str,
    dns: ProbeResult,
    ports: Sequence[PortCheck],
    session: ProbeResult | None,
    named: bool,
    context: Context | None = None,
    credentials: Credentials | None = None,
) -> tuple[Finding, ...]:
    """Draw the findings of a check, the weightiest first; there is always one.

    Args:
        host: The endpoint's name.
        dns: The name as resolved.
        ports: Each port that was checked.
        session: The dialogue that signed in, if one was held.
        named: Whether the user named the ports, so that a blocked one is a problem in itself.
        context: Where the check runs, if that was looked for. It changes words, never evidence.
        credentials: What the session signed in with.
    """
    wrong = look_alike(host)
    if wrong:
        # Whatever else is wrong there is no fault: that host is another thing.
        return (_wrong_endpoint(host, wrong, ports),)
    run = [check for check in ports if check.dialogue.outcome is not Outcome.NOT_RUN]
    if dns.outcome is Outcome.FAILED and not any(check.dialogue.steps for check in ports):
        findings = [classified(dns.symptom, _dns_evidence(dns), ("a blocked port: none was tried yet",))]
    else:
        findings = [
            *conversations(run),
            *shut_ports(host, run, named=named),
            *dead_addresses(run),
            *_not_finished(host, ports, session),
        ]
        if session is not None and session.symptom:
            findings.append(_signing_in(session, credentials))
    ready = any(check.ready for check in ports)
    if not ready and all(one.level is Level.NOTICE for one in findings):
        evidence = [f"{check.port} ({check.security}): {check.result}" for check in ports]
        made = ("a blocked port: connections were made",)
        findings.append(finding("not-finished", Symptom(host=host), evidence, made, level=Level.UNCLEAR))
    if not findings:
        findings.append(_all_well(ports, session))
    if context:
        findings = [
            one.with_causes(worded(cause, context.place, context.proxy) for cause in one.diagnosis.candidates)
            for one in findings
        ]
    if not ready and len(run) > 1:
        findings = [_no_other_port(one) for one in findings]
    return tuple(sorted(findings, key=lambda one: _WEIGHT[one.level]))


def _no_other_port(found: Finding) -> Finding:
    """The finding without its first advice, to use another port, for none is any better."""
    lead, *others = found.diagnosis.candidates
    if not (lead.id == "port25-blocked" and lead.port_first):
        return found
    first = "First fix what the other ports show: none of them is ready to sign in. Then use one of those."
    return found.with_causes((replace(lead, fix=(first, *lead.fix[1:])), *others))


def _wrong_endpoint(host: str, wrong: str, ports: Sequence[PortCheck]) -> Finding:
    evidence = [f"{host} is {wrong}"]
    region = re.search(r"\.([a-z]{2,4}(?:-[a-z]+)+-\d)\.", host.lower())
    if region:
        evidence.append(f"mail is sent through {smtp_host(region[1])}")
    evidence += each(ports, lambda check: check.result)
    return finding("wrong-endpoint", Symptom(host=host), evidence)


def _dns_evidence(dns: ProbeResult) -> tuple[str, ...]:
    facts = dns.facts
    return (
        *([str(dns.symptom)] if dns.symptom else []),
        *(f"resolver {answer.resolver}: {answer.error or 'answers'}" for answer in facts.answers),
        *([f"no resolver was asked: {facts.detail}"] if facts.detail else []),
        *([facts.differs] if facts.differs else []),
    )


def _not_finished(host: str, ports: Sequence[PortCheck], session: ProbeResult | None) -> list[Finding]:
    """What was begun and not ended: the user stopped the check, or nothing could be tried."""
    left = [check for check in ports if check.dialogue.outcome is Outcome.NOT_RUN]
    evidence = [f"{names(left)}: not checked: {left[0].dialogue.reason}"] if left else []
    if session is not None and session.outcome is Outcome.NOT_RUN:
        evidence.append(f"signing in on port {session.target.port}: {session.reason}")
    if not evidence:
        return []
    return [finding("not-finished", Symptom(host=host), evidence, level=Level.UNCLEAR)]


def _signing_in(session: ProbeResult, credentials: Credentials | None) -> Finding:
    """The dialogue that signed in failed: the server's reply, and what is wrong with the credentials."""
    symptom = session.symptom
    assert symptom is not None  # noqa: S101 - the caller looked
    port = session.target.port
    if symptom.cause:
        evidence = (
            f"{port}: {symptom}",
            f"{port}: the connection before, which did not sign in, showed no problem",
        )
        return classified(symptom, evidence, ("Not the credentials: they were not sent.",))
    ruled_out = [f"network, TLS mode and certificate: all well on port {port}"]
    found = classified(symptom, (f"{port}: {symptom}",), ruled_out)
    if symptom.stage is not Stage.AUTH or credentials is None:
        return found
    doubts = examine(credentials, region=region_of(session.target.host))
    diagnosis = found.diagnosis
    return concluded(
        symptom,
        (*(doubt.cause for doubt in doubts), *diagnosis.candidates),
        (*diagnosis.evidence, *(line for doubt in doubts for line in doubt.evidence)),
        diagnosis.ruled_out,
    )


def _all_well(ports: Sequence[PortCheck], session: ProbeResult | None) -> Finding:
    evidence = [f"{check.port} ({check.security}): {check.result}" for check in ports]
    if session is not None:
        evidence.append(f"signed in on port {session.target.port}")
        if session.facts.message_id:
            evidence.append(f"SES accepted a message: {session.facts.message_id}")
    return finding("healthy", Symptom(host=ports[0].dialogue.target.host), evidence, level=Level.OK)
