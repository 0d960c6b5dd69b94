"""What the dialogues on the ports that could be connected to mean, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from sestools.checkup.findings import Finding, alike, concluded, each, finding, foremost
from sestools.checkup.port_check import PortCheck
from sestools.core.cause import Cause
from sestools.core.endpoints import PORTS, Security, region_of
from sestools.core.enums import Kind, Retry, Stage
from sestools.core.results import Symptom, symptom_at
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import cause
from sestools.probes import Certificate, Problem

_CERTIFICATE = {
    Problem.EXPIRED: "certificate-expired",
    Problem.NOT_YET_VALID: "certificate-expired",
    Problem.WRONG_NAME: "certificate-wrong-name",
    Problem.SELF_SIGNED: "certificate-self-signed",
    Problem.UNKNOWN_ISSUER: "certificate-unknown-issuer",
    Problem.OTHER: "certificate-invalid",
}
"""The cause of a certificate that did not verify."""

_BEFORE_SIGN_IN = {Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.TLS}
"""Steps that only a fresh connection takes."""


def conversations(run: Sequence[PortCheck]) -> list[Finding]:
    """What went wrong after the connection was made: one finding for each cause, naming all its ports."""
    foreign = [check for check in run if check.foreign or _speaks_first(check)]
    intercepted = [check for check in run if check.intercepted and not check.foreign]
    rest = [check for check in run if check not in foreign and check not in intercepted]
    ready = [check for check in run if check.ready]
    findings = []
    if foreign:
        findings.append(_foreign(foreign, run, ready))
    if intercepted:
        findings.append(_intercepted(intercepted))
    without = [check for check in rest if check.wrong]
    findings += [_no_sign_in(id, checks, ready) for id, checks in alike(without, lambda check: check.wrong)]
    failed = [check for check in rest if check.dialogue.symptom and not check.is_shut]
    return findings + _failed(failed, run, ready)


def _path(ready: Sequence[PortCheck]) -> list[str]:
    """What is not at fault when a connection was made."""
    if ready:
        return [f"the network path and the endpoint: port {ready[0].port} is ready"]
    return ["a blocked port: the connections were made"]


def _speaks_first(check: PortCheck) -> bool:
    """Whether clear text comes on a port where SES waits for TLS."""
    if PORTS.get(check.port) is not Security.WRAPPER or not check.dialogue.symptom:
        return False
    return classify(check.dialogue).cause.id == "wrapper-on-starttls"


def _foreign(foreign: Sequence[PortCheck], run: Sequence[PortCheck], ready: Sequence[PortCheck]) -> Finding:
    greets = [check for check in foreign if check.foreign]
    silent = [check for check in foreign if not check.foreign]
    evidence = [f"{check.port}: the greeting is {check.facts.greeting!r}" for check in greets]
    evidence += each(silent, lambda check: str(check.dialogue.symptom))
    if silent:
        evidence.append("clear text came where SES speaks TLS from the first byte")
    ruled_out = [f"the endpoint itself: port {check.port} greets as SES does" for check in ready[:1]]
    first = foremost(greets or foreign)
    symptom = first.dialogue.symptom or Symptom()
    if greets:
        symptom = symptom_at(first.dialogue.target, Kind.GARBLED, Stage.GREETING, first.facts.greeting or "")
    found = finding(
        "foreign-greeting",
        symptom,
        evidence,
        ruled_out or _path(ready),
        others=() if greets else ("wrapper-on-starttls",),
    )
    # Only a port that was not tried, or that was and is ready, is worth a try.
    bad = {check.port for check in run if not check.ready}
    spare = [str(port) for port in (2587, 2465) if port not in bad]
    advice = [f"Try port {' or '.join(spare)}, which such proxies rarely catch."] if spare else []
    lead, *more = found.diagnosis.candidates
    return found.with_causes((replace(lead, fix=(*advice, *lead.fix[lead.port_first :])), *more))


def _intercepted(intercepted: Sequence[PortCheck]) -> Finding:
    def words(check: PortCheck) -> str:
        shown = check.tls and check.tls.certificate
        assert shown  # noqa: S101 - that is how it was found
        return (
            f"the certificate for {', '.join(shown.names[:4])} verifies on this host, yet its issuer is "
            f"{shown.issuer}"
        )

    ruled_out = ("an expired or self-signed certificate", "a blocked port: the connections were made")
    symptom = symptom_at(foremost(intercepted).dialogue.target, Kind.TLS, Stage.TLS)
    return finding("tls-intercepted", symptom, each(intercepted, words), ruled_out)


def _no_sign_in(id: str, without: Sequence[PortCheck], ready: Sequence[PortCheck]) -> Finding:
    def words(check: PortCheck) -> str:
        return f"inside TLS, EHLO lists {', '.join(check.facts.capabilities) or 'nothing'}"

    target = foremost(without).dialogue.target
    symptom = symptom_at(target, Kind.GARBLED, Stage.EHLO, "no AUTH with PLAIN or LOGIN")
    return finding(id, symptom, each(without, words), (*_path(ready), "the certificate: it verifies"))


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """What one failed dialogue means by itself and beside the others."""

    diagnosis: Diagnosis
    candidates: tuple[Cause, ...]
    evidence: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()


def _failed(
    failed: Sequence[PortCheck], run: Sequence[PortCheck], ready: Sequence[PortCheck]
) -> list[Finding]:
    judged = {check.port: _judge(check, run) for check in failed}
    groups = alike(failed, lambda check: judged[check.port].candidates[0].id)
    findings = []
    for _, checks in sorted(groups, key=lambda group: len(group[1]), reverse=True):
        first = judged[foremost(checks).port]
        findings.append(
            concluded(
                first.diagnosis.symptom,
                first.candidates,
                dict.fromkeys(
                    (
                        *each(checks, lambda check: str(check.dialogue.symptom)),
                        *(line for check in checks for line in judged[check.port].evidence),
                    )
                ),
                (
                    *_path(ready),
                    *(line for check in checks for line in judged[check.port].ruled_out),
                    *first.candidates[0].ruled_out,
                    *first.diagnosis.ruled_out,
                ),
            )
        )
    return findings


def _judge(check: PortCheck, run: Sequence[PortCheck]) -> _Judged:
    found = classify(check.dialogue)
    if check.tls and check.tls.problem:
        return _certificate(check, check.tls.problem, check.tls.certificate, found, run)
    if found.cause.id == "connection-lost" and check.stage in _BEFORE_SIGN_IN:
        return _Judged(diagnosis=found, candidates=(cause("closed-at-once"), found.cause))
    if _stalls(check):
        silent = [one for one in run if one.kind is Kind.TIMEOUT and one.stage is Stage.GREETING]
        through = [one for one in run if one.tls]
        no_mtu = [
            f"the path MTU: port {one.port} is silent before anything large is sent" for one in silent[:1]
        ]
        no_mtu += [f"the path MTU: the same handshake goes through on port {one.port}" for one in through[:1]]
        if no_mtu:
            found = Diagnosis(symptom=found.symptom, candidates=(cause("reply-timeout"),))
            return _Judged(diagnosis=found, candidates=found.candidates, ruled_out=tuple(no_mtu))
        stalled = [one for one in run if _stalls(one)]
        if len(stalled) > 1 and any(one.security is not Security.WRAPPER for one in stalled):
            # What a port with STARTTLS shows, where short lines had passed, holds for the others.
            # Nothing was sent that could arrive twice, and several ports alike are no chance.
            stall = replace(cause("mtu-stall"), retry=Retry.NO)
            return _Judged(diagnosis=found, candidates=(stall, cause("reply-timeout")))
    return _Judged(diagnosis=found, candidates=found.candidates)


def _stalls(check: PortCheck) -> bool:
    """Whether the TLS handshake got no answer."""
    return check.kind is Kind.TIMEOUT and check.stage is Stage.TLS


def _certificate(
    check: PortCheck,
    problem: Problem,
    shown: Certificate | None,
    found: Diagnosis,
    run: Sequence[PortCheck],
) -> _Judged:
    """A certificate that does not verify: whose it is says who answers."""
    target = check.dialogue.target
    lead = [cause(_CERTIFICATE[problem])]
    if shown is None:
        return _Judged(diagnosis=found, candidates=(*lead, cause("tls-intercepted")))
    evidence = [
        f"the certificate is for {', '.join(shown.names[:4]) or shown.subject}, issued by {shown.issuer}, "
        f"valid {shown.not_before:%Y-%m-%d} to {shown.not_after:%Y-%m-%d}"
    ]
    ruled_out: tuple[str, ...] = ()
    ses = [name for name in shown.names if region_of(name)]
    if lead[0].id == "certificate-wrong-name" and ses:
        evidence.append(f"dial {ses[0]}: this server is called so, and not {target.host}")
        ruled_out = ("another server in SES's place: the certificate is for an SES endpoint",)
        return _Judged(diagnosis=found, candidates=tuple(lead), evidence=tuple(evidence), ruled_out=ruled_out)
    if not shown.by_amazon:
        # Who else makes certificates for AWS's names intercepts, unless the wrong authorities were named here.
        covers = any(fnmatchcase(target.host.lower(), name.lower()) for name in shown.names)
        verified = [one for one in run if one.ready]
        made_up = region_of(target.host) and covers and (verified or not target.ca_file)
        untrusted = lead[0].id in ("certificate-self-signed", "certificate-unknown-issuer")
        lead.insert(0 if made_up and untrusted else 1, cause("tls-intercepted"))
        if untrusted:
            ruled_out = tuple(f"an old list of authorities: port {one.port} verifies" for one in verified[:1])
    return _Judged(diagnosis=found, candidates=tuple(lead), evidence=tuple(evidence), ruled_out=ruled_out)
