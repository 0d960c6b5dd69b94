"""What follows from several probes together: the contrast that no single probe can show."""

from __future__ import annotations

from collections.abc import Sequence

from sestools.catalogue import cause
from sestools.classifier import classify
from sestools.credentials import examine
from sestools.endpoints import look_alike, region_of
from sestools.model import Diagnosis, Kind, Level, Outcome, ProbeResult, Stage, Step, Symptom
from sestools.report import Finding, PortCheck
from sestools.text import duration

_SHUT = {Kind.TIMEOUT, Kind.REFUSED, Kind.UNREACHABLE}
"""How a port looks whose connection attempts somebody stops."""

_WEIGHT = {Level.PROBLEM: 0, Level.UNCLEAR: 1, Level.NOTICE: 2, Level.OK: 3}


def judge(
    *,
    host: str,
    dns: ProbeResult,
    ports: Sequence[PortCheck],
    session: ProbeResult | None,
    named: bool,
    own_ca: bool,
) -> tuple[Finding, ...]:
    """Draw the findings of a check, the weightiest first; there is always one.

    Args:
        host: The endpoint's name.
        dns: The name as resolved.
        ports: Each port that was checked.
        session: The dialogue that signed in, if one was held.
        named: Whether the user named the ports, so that a blocked one is a problem in itself.
        own_ca: Whether the user chose whom to trust, so that another issuer than Amazon is expected.
    """
    findings = []
    wrong = look_alike(host)
    if wrong:
        findings.append(
            _finding(Level.PROBLEM, "wrong-endpoint", Symptom(host=host), (f"{host} is {wrong}",))
        )
    if dns.outcome is Outcome.FAILED and not any(port.dialogue.steps for port in ports):
        findings.append(_classified(dns.symptom, _dns_evidence(dns)))
    else:
        findings += _contrast(host, ports, named, own_ca)
        if session is not None and session.symptom:
            findings.append(_signing_in(session))
    if not findings:
        findings.append(_all_well(ports, session))
    return tuple(sorted(findings, key=lambda finding: _WEIGHT[finding.level]))


def is_ready(check: PortCheck, own_ca: bool) -> bool:
    """Whether one may sign in there: healthy, verified, and SES itself as far as can be told."""
    tls = check.dialogue.facts.tls if check.dialogue.facts else None
    verified = tls is not None and tls.verified
    return check.dialogue.ok and verified and not _foreign(check) and not _intercepted(check, own_ca)


def _finding(
    level: Level,
    lead: str,
    symptom: Symptom,
    evidence: Sequence[str],
    ruled_out: Sequence[str] = (),
    others: Sequence[str] = (),
) -> Finding:
    candidates = tuple(cause(id) for id in (lead, *others))
    return Finding(
        level=level,
        diagnosis=Diagnosis(
            symptom=symptom, candidates=candidates, evidence=tuple(evidence), ruled_out=tuple(ruled_out)
        ),
    )


def _classified(symptom: Symptom | None, evidence: Sequence[str], ruled_out: Sequence[str] = ()) -> Finding:
    found = classify(symptom)
    return Finding(
        level=Level.PROBLEM,
        diagnosis=Diagnosis(
            symptom=found.symptom,
            candidates=found.candidates,
            evidence=tuple(evidence) or found.evidence,
            ruled_out=(*ruled_out, *found.ruled_out),
        ),
    )


def _dns_evidence(dns: ProbeResult) -> tuple[str, ...]:
    facts = dns.facts
    said = [f"resolver {answer.resolver}: {answer.error or 'answers'}" for answer in facts.answers]
    return (*said, *([facts.differs] if facts.differs else []))


def _foreign(check: PortCheck) -> bool:
    greeting = check.dialogue.facts.greeting if check.dialogue.facts else None
    return greeting is not None and "simpleemailservice" not in greeting.lower()


def _intercepted(check: PortCheck, own_ca: bool) -> bool:
    tls = check.dialogue.facts.tls if check.dialogue.facts else None
    if own_ca or tls is None or tls.certificate is None or not tls.verified:
        return False
    return "amazon" not in tls.certificate.issuer.lower()


def _contrast(host: str, ports: Sequence[PortCheck], named: bool, own_ca: bool) -> list[Finding]:
    run = [check for check in ports if check.dialogue.outcome is not Outcome.NOT_RUN]
    if not run:
        reason = ports[0].dialogue.reason if ports else "no port was checked"
        return [_finding(Level.UNCLEAR, "unknown", Symptom(host=host), (f"no port was checked: {reason}",))]
    foreign = [check for check in run if _foreign(check)]
    intercepted = [check for check in run if _intercepted(check, own_ca)]
    ready = [check for check in run if check.dialogue.ok and check not in foreign + intercepted]
    failed = [check for check in run if check.dialogue.symptom and check not in foreign]
    shut = [check for check in failed if _stage(check) is Stage.CONNECT and _kind(check) in _SHUT]
    findings = []
    if foreign:
        findings.append(_foreign_finding(foreign, ready))
    if intercepted:
        findings.append(_intercepted_finding(intercepted))
    if shut:
        findings.append(_shut_finding(shut, ready, run, named))
    findings += _other_findings([check for check in failed if check not in shut], ready)
    findings += _address_findings(run)
    return findings


def _kind(check: PortCheck) -> Kind | None:
    return check.dialogue.symptom.kind if check.dialogue.symptom else None


def _stage(check: PortCheck) -> Stage | None:
    return check.dialogue.symptom.stage if check.dialogue.symptom else None


def _names(checks: Sequence[PortCheck]) -> str:
    return ", ".join(str(check.port) for check in checks)


def _connect_steps(check: PortCheck) -> list[Step]:
    """Every connection attempt to a port, one an address."""
    steps = [
        step for result in (check.tcp, check.dialogue) for step in result.steps if step.stage is Stage.CONNECT
    ]
    return list({step.address: step for step in reversed(steps)}.values())


def _shut_evidence(shut: Sequence[PortCheck], ready: Sequence[PortCheck]) -> list[str]:
    alike: dict[str, list[PortCheck]] = {}
    for check in shut:
        steps = _connect_steps(check)
        addresses = (
            f"any of {len(steps)} addresses" if len(steps) > 1 else (steps[0].address if steps else "it")
        )
        took = duration(max((step.seconds for step in steps), default=0.0))
        how = {Kind.TIMEOUT: f"no answer from {addresses} in {took}", Kind.REFUSED: f"refused by {addresses}"}
        words = how.get(_kind(check) or Kind.RESET, str(check.dialogue.symptom))
        alike.setdefault(words, []).append(check)
    lines = [f"{_names(checks)}: {words}" for words, checks in alike.items()]
    for check in ready[:1]:
        seconds = check.dialogue.seconds(Stage.CONNECT)
        lines.append(
            f"{check.port} on the same addresses: connected in {duration(seconds or 0.0)}, and ready"
        )
    return lines


def _shut_finding(
    shut: Sequence[PortCheck], ready: Sequence[PortCheck], run: Sequence[PortCheck], named: bool
) -> Finding:
    symptom = shut[0].dialogue.symptom
    assert symptom is not None  # noqa: S101 - that is what being shut means
    evidence = _shut_evidence(shut, ready)
    only_25 = [check.port for check in shut] == [25]
    refused = all(_kind(check) is Kind.REFUSED for check in shut)
    if ready or len(shut) < len(run):
        ruled_out = ["DNS: the name resolves, or its address was given"]
        if ready:
            ruled_out += [
                f"routing and an outage of the endpoint: port {ready[0].port} works",
                "a general egress filter: not every port is affected",
            ]
        if only_25:
            level = Level.PROBLEM if named else Level.NOTICE
            return _finding(level, "port25-blocked", symptom, evidence, ruled_out)
        return _finding(Level.PROBLEM, "ports-blocked", symptom, evidence, ruled_out)
    if refused:
        return _classified(symptom, evidence, ("a packet filter that drops: the answer is a refusal",))
    if len(run) == 1:
        lead = ("port25-blocked", "connect-timeout") if only_25 else ("connect-timeout", "ports-blocked")
        again = "only this port was checked; without --port all five are, and their contrast tells more"
        if _kind(shut[0]) is not Kind.TIMEOUT:
            return _classified(symptom, evidence)
        return _finding(Level.PROBLEM, lead[0], symptom, (*evidence, again), others=lead[1:])
    return _finding(
        Level.PROBLEM,
        "egress-blocked",
        symptom,
        evidence,
        ("the EC2 restriction on port 25 alone: the other ports fail too",),
    )


def _foreign_finding(foreign: Sequence[PortCheck], ready: Sequence[PortCheck]) -> Finding:
    first = foreign[0].dialogue
    symptom = Symptom(
        kind=Kind.GARBLED,
        stage=Stage.GREETING,
        detail=first.facts.greeting,
        host=first.target.host,
        port=first.target.port,
        security=first.target.security,
    )
    evidence = [f"{check.port}: the greeting is {check.dialogue.facts.greeting!r}" for check in foreign]
    ruled_out = [f"the endpoint itself: port {check.port} greets as SES does" for check in ready[:1]]
    return _finding(Level.PROBLEM, "foreign-greeting", symptom, evidence, ruled_out)


def _intercepted_finding(intercepted: Sequence[PortCheck]) -> Finding:
    first = intercepted[0].dialogue
    symptom = Symptom(
        kind=Kind.TLS,
        stage=Stage.TLS,
        host=first.target.host,
        port=first.target.port,
        security=first.target.security,
    )
    evidence = [
        f"{check.port}: the certificate verifies on this host, yet its issuer is {check.dialogue.facts.tls.certificate.issuer}"
        for check in intercepted
    ]
    return _finding(
        Level.PROBLEM, "tls-intercepted", symptom, evidence, ("an expired or self-signed certificate",)
    )


def _other_findings(failed: Sequence[PortCheck], ready: Sequence[PortCheck]) -> list[Finding]:
    """One finding for each cause, naming all ports that show it."""
    groups: dict[str, list[tuple[PortCheck, Diagnosis]]] = {}
    for check in failed:
        diagnosis = classify(check.dialogue)
        groups.setdefault(diagnosis.cause.id, []).append((check, diagnosis))
    findings = []
    for group in groups.values():
        _, diagnosis = group[0]
        alike: dict[str, list[PortCheck]] = {}
        for check, _ in group:
            alike.setdefault(str(check.dialogue.symptom), []).append(check)
        evidence = [f"{_names(checks)}: {words}" for words, checks in alike.items()]
        tls = group[0][0].dialogue.facts.tls
        candidates = list(diagnosis.candidates)
        if tls and tls.problem and tls.certificate:
            shown = tls.certificate
            evidence.append(
                f"the certificate is for {', '.join(shown.names[:4]) or shown.subject}, issued by {shown.issuer}, "
                f"valid {shown.not_before:%Y-%m-%d} to {shown.not_after:%Y-%m-%d}"
            )
            if "amazon" not in shown.issuer.lower():
                candidates.append(cause("tls-intercepted"))
        ruled_out = [f"the network path and the endpoint: port {check.port} is ready" for check in ready[:1]]
        findings.append(
            Finding(
                level=Level.PROBLEM,
                diagnosis=Diagnosis(
                    symptom=diagnosis.symptom,
                    candidates=tuple(dict.fromkeys(candidates)),
                    evidence=tuple(evidence),
                    ruled_out=(*ruled_out, *diagnosis.ruled_out),
                ),
            )
        )
    return sorted(findings, key=lambda finding: -len(groups[finding.diagnosis.cause.id]))


def _address_findings(run: Sequence[PortCheck]) -> list[Finding]:
    """Addresses of the name that are dead on a port where others answer."""
    dead: dict[str, Symptom] = {}
    alive: set[str] = set()
    for check in run:
        steps = [step for step in check.tcp.steps if step.stage is Stage.CONNECT and step.address]
        if any(not step.symptom for step in steps):
            alive |= {str(step.address) for step in steps if not step.symptom}
            dead |= {str(step.address): step.symptom for step in steps if step.symptom}
    if not dead:
        return []
    only_ipv6 = all(":" in address for address in dead) and not any(":" in address for address in alive)
    evidence = [f"{address}: {symptom.kind} ({symptom.detail})" for address, symptom in dead.items()]
    evidence.append(f"answering: {', '.join(sorted(alive))}")
    lead = "ipv6-broken" if only_ipv6 else "addresses-dead"
    ruled_out = ("a blocked port: other addresses answer on the same port",)
    return [_finding(Level.PROBLEM, lead, next(iter(dead.values())), evidence, ruled_out)]


def _signing_in(session: ProbeResult) -> Finding:
    """The dialogue that signed in failed: the server's reply, and what is wrong with the credentials."""
    symptom = session.symptom
    assert symptom is not None  # noqa: S101 - the caller looked
    port = session.target.port
    ruled_out = [f"network, TLS mode and certificate: all well on port {port}"]
    finding = _classified(symptom, (f"{port}: {symptom}",), ruled_out)
    credentials = session.target.credentials
    if symptom.stage is not Stage.AUTH or credentials is None:
        return finding
    doubts = examine(credentials, region=region_of(session.target.host))
    found = finding.diagnosis
    return Finding(
        level=Level.PROBLEM,
        diagnosis=Diagnosis(
            symptom=symptom,
            candidates=tuple(dict.fromkeys([*(doubt.cause for doubt in doubts), *found.candidates])),
            evidence=(*found.evidence, *(line for doubt in doubts for line in doubt.evidence)),
            ruled_out=found.ruled_out,
        ),
    )


def _all_well(ports: Sequence[PortCheck], session: ProbeResult | None) -> Finding:
    evidence = [f"{check.port} ({check.security}): {check.result}" for check in ports]
    if session is not None:
        evidence.append(f"signed in on port {session.target.port}")
        if session.facts.message_id:
            evidence.append(f"SES accepted a message: {session.facts.message_id}")
    return _finding(Level.OK, "healthy", Symptom(host=ports[0].dialogue.target.host), evidence)
