"""What the dialogues on the ports that could be connected to mean, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from sestools.checkup.findings import finding, foremost, kind, names, stage
from sestools.checkup.port_check import Finding, PortCheck
from sestools.checkup.reachability import is_shut
from sestools.core import trust
from sestools.core.cause import Cause
from sestools.core.endpoints import PORTS, Security, region_of
from sestools.core.enums import Kind, Level, Retry, Stage
from sestools.core.results import Symptom
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import cause

_CERTIFICATE = {
    "expired": "certificate-expired",
    "not yet valid": "certificate-expired",
    "wrong name": "certificate-wrong-name",
    "self-signed": "certificate-self-signed",
    "unknown issuer": "certificate-unknown-issuer",
    "other": "certificate-invalid",
}
"""The cause of a certificate that did not verify, by what `TlsFacts.problem` says."""


_BEFORE_SIGN_IN = {Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.TLS}
"""Steps that only a fresh connection takes."""


def conversations(run: Sequence[PortCheck]) -> list[Finding]:
    """What went wrong after the connection was made: one finding for each cause, naming all its ports."""
    foreign = [check for check in run if check.foreign or _speaks_first(check)]
    intercepted = [check for check in run if check.intercepted and not check.foreign]
    rest = [check for check in run if check not in foreign and check not in intercepted]
    without = [check for check in rest if check.dialogue.ok and check.offers_sign_in is False]
    failed = [check for check in rest if check.dialogue.symptom and not is_shut(check)]
    ready = [check for check in run if check.ready]
    findings = []
    if foreign:
        findings.append(_foreign(foreign, run, ready))
    if intercepted:
        findings.append(_intercepted(intercepted))
    offers: dict[str, list[PortCheck]] = {}
    for check in without:
        offers.setdefault(trust.no_offer(check.dialogue.facts.capabilities), []).append(check)
    findings += [_no_sign_in(id, checks, ready) for id, checks in offers.items()]
    return findings + _failed(failed, run, ready)


def _of(check: PortCheck, at: Stage, form: Kind = Kind.GARBLED, detail: str = "") -> Symptom:
    """A symptom that only the verdict sees: the probe itself met with no error."""
    target = check.dialogue.target
    return Symptom(
        kind=form, stage=at, detail=detail, host=target.host, port=target.port, security=target.security
    )


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
    evidence = [f"{check.port}: the greeting is {check.dialogue.facts.greeting!r}" for check in greets]
    alike: dict[str, list[PortCheck]] = {}
    for check in foreign:
        if check not in greets:
            alike.setdefault(str(check.dialogue.symptom), []).append(check)
    evidence += [f"{names(checks)}: {words}" for words, checks in alike.items()]
    if alike:
        evidence.append("clear text came where SES speaks TLS from the first byte")
    ruled_out = [f"the endpoint itself: port {check.port} greets as SES does" for check in ready[:1]]
    first = foremost(greets or foreign)
    symptom = _of(first, Stage.GREETING, detail=first.dialogue.facts.greeting) if greets else None
    others = () if greets else ("wrapper-on-starttls",)
    found = finding(
        "foreign-greeting",
        symptom or first.dialogue.symptom or Symptom(),
        evidence,
        ruled_out or _path(ready),
        others=others,
    )
    # Only a port that was not tried, or that was and is ready, is worth a try.
    bad = {check.port for check in run if not check.ready}
    spare = [str(port) for port in (2587, 2465) if port not in bad]
    advice = [f"Try port {' or '.join(spare)}, which such proxies rarely catch."] if spare else []
    lead, *more = found.diagnosis.candidates
    lead = replace(lead, fix=(*advice, *lead.fix[lead.port_first :]))
    return replace(found, diagnosis=replace(found.diagnosis, candidates=(lead, *more)))


def _intercepted(intercepted: Sequence[PortCheck]) -> Finding:
    alike: dict[str, list[PortCheck]] = {}
    for check in intercepted:
        shown = check.dialogue.facts.tls.certificate
        words = f"the certificate for {', '.join(shown.names[:4])} verifies on this host, yet its issuer is {shown.issuer}"
        alike.setdefault(words, []).append(check)
    evidence = [f"{names(checks)}: {words}" for words, checks in alike.items()]
    ruled_out = ("an expired or self-signed certificate", "a blocked port: the connections were made")
    return finding("tls-intercepted", _of(foremost(intercepted), Stage.TLS, Kind.TLS), evidence, ruled_out)


def _no_sign_in(id: str, without: Sequence[PortCheck], ready: Sequence[PortCheck]) -> Finding:
    alike: dict[str, list[PortCheck]] = {}
    for check in without:
        listed = ", ".join(check.dialogue.facts.capabilities) or "nothing"
        alike.setdefault(f"inside TLS, EHLO lists {listed}", []).append(check)
    evidence = [f"{names(checks)}: {words}" for words, checks in alike.items()]
    symptom = _of(foremost(without), Stage.EHLO, detail="no AUTH with PLAIN or LOGIN")
    ruled_out = [*_path(ready), "the certificate: it verifies"]
    return finding(id, symptom, evidence, ruled_out)


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
    groups: dict[str, list[tuple[PortCheck, _Judged]]] = {}
    for check in failed:
        judged = _judge(check, run)
        groups.setdefault(judged.candidates[0].id, []).append((check, judged))
    findings = []
    for group in sorted(groups.values(), key=len, reverse=True):
        judgements = dict(group)
        first = judgements[foremost(list(judgements))]
        alike: dict[str, list[PortCheck]] = {}
        for check, _ in group:
            alike.setdefault(str(check.dialogue.symptom), []).append(check)
        evidence = [f"{names(checks)}: {words}" for words, checks in alike.items()]
        more = dict.fromkeys(line for _, judged in group for line in judged.evidence)
        beside = (line for _, judged in group for line in judged.ruled_out)
        ruled_out = dict.fromkeys(
            (*_path(ready), *beside, *first.candidates[0].ruled_out, *first.diagnosis.ruled_out)
        )
        findings.append(
            Finding(
                level=Level.PROBLEM,
                diagnosis=Diagnosis(
                    symptom=first.diagnosis.symptom,
                    candidates=first.candidates,
                    evidence=(*evidence, *more),
                    ruled_out=tuple(ruled_out),
                ),
            )
        )
    return findings


def _judge(check: PortCheck, run: Sequence[PortCheck]) -> _Judged:
    found = classify(check.dialogue)
    facts = check.dialogue.facts
    if facts and facts.tls and facts.tls.problem:
        return _certificate(check, found, run)
    if found.cause.id == "connection-lost" and stage(check) in _BEFORE_SIGN_IN:
        return _Judged(diagnosis=found, candidates=(cause("closed-at-once"), found.cause))
    if _stalls(check):
        silent = [one for one in run if kind(one) is Kind.TIMEOUT and stage(one) is Stage.GREETING]
        through = [one for one in run if one.dialogue.facts and one.dialogue.facts.tls]
        said = [
            f"the path MTU: port {one.port} is silent before anything large is sent" for one in silent[:1]
        ]
        said += [f"the path MTU: the same handshake goes through on port {one.port}" for one in through[:1]]
        if said:
            return _Judged(
                diagnosis=Diagnosis(symptom=found.symptom, candidates=(cause("reply-timeout"),)),
                candidates=(cause("reply-timeout"),),
                ruled_out=tuple(said),
            )
        alike = [one for one in run if _stalls(one)]
        if len(alike) > 1 and any(one.security is not Security.WRAPPER for one in alike):
            # What a port with STARTTLS shows, where short lines had passed, holds for the others.
            # Nothing was sent that could arrive twice, and several ports alike are no chance.
            stall = replace(cause("mtu-stall"), retry=Retry.NO)
            return _Judged(diagnosis=found, candidates=(stall, cause("reply-timeout")))
    return _Judged(diagnosis=found, candidates=found.candidates)


def _stalls(check: PortCheck) -> bool:
    """Whether the TLS handshake got no answer."""
    return kind(check) is Kind.TIMEOUT and stage(check) is Stage.TLS


def _certificate(check: PortCheck, found: Diagnosis, run: Sequence[PortCheck]) -> _Judged:
    """A certificate that does not verify: whose it is says who answers."""
    tls, target = check.dialogue.facts.tls, check.dialogue.target
    lead = [cause(_CERTIFICATE[tls.problem])]
    shown = tls.certificate
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
