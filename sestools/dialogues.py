"""What the dialogues on the ports that could be connected to mean, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sestools.catalogue import cause
from sestools.classifier import classify
from sestools.endpoints import PORTS, Security, region_of
from sestools.findings import finding, kind, names, stage
from sestools.model import Cause, Diagnosis, Kind, Level, Stage, Symptom
from sestools.portcheck import Finding, PortCheck
from sestools.reachability import is_shut

_CERTIFICATE = {
    "expired": "certificate-expired",
    "not yet valid": "certificate-expired",
    "wrong name": "certificate-wrong-name",
    "self-signed": "certificate-self-signed",
    "unknown issuer": "certificate-unknown-issuer",
    "other": "certificate-invalid",
}
"""The cause of a certificate that did not verify, by what `TlsFacts.problem` says."""


def conversations(run: Sequence[PortCheck]) -> list[Finding]:
    """What went wrong after the connection was made: one finding for each cause, naming all its ports."""
    foreign = [check for check in run if check.foreign]
    intercepted = [check for check in run if check.intercepted and not check.foreign]
    rest = [check for check in run if check not in foreign and check not in intercepted]
    without = [check for check in rest if check.dialogue.ok and check.offers_sign_in is False]
    failed = [check for check in rest if check.dialogue.symptom and not is_shut(check)]
    ready = [check for check in run if check.ready]
    findings = []
    if foreign:
        findings.append(_foreign(foreign, ready))
    if intercepted:
        findings.append(_intercepted(intercepted))
    if without:
        findings.append(_no_sign_in(without, ready))
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


def _foreign(foreign: Sequence[PortCheck], ready: Sequence[PortCheck]) -> Finding:
    evidence = [f"{check.port}: the greeting is {check.dialogue.facts.greeting!r}" for check in foreign]
    ruled_out = [f"the endpoint itself: port {check.port} greets as SES does" for check in ready[:1]]
    symptom = _of(foreign[0], Stage.GREETING, detail=foreign[0].dialogue.facts.greeting)
    return finding("foreign-greeting", symptom, evidence, ruled_out or _path(ready))


def _intercepted(intercepted: Sequence[PortCheck]) -> Finding:
    alike: dict[str, list[PortCheck]] = {}
    for check in intercepted:
        shown = check.dialogue.facts.tls.certificate
        words = f"the certificate for {', '.join(shown.names[:4])} verifies on this host, yet its issuer is {shown.issuer}"
        alike.setdefault(words, []).append(check)
    evidence = [f"{names(checks)}: {words}" for words, checks in alike.items()]
    ruled_out = ("an expired or self-signed certificate", "a blocked port: the connections were made")
    return finding("tls-intercepted", _of(intercepted[0], Stage.TLS, Kind.TLS), evidence, ruled_out)


def _no_sign_in(without: Sequence[PortCheck], ready: Sequence[PortCheck]) -> Finding:
    alike: dict[str, list[PortCheck]] = {}
    for check in without:
        listed = ", ".join(check.dialogue.facts.capabilities) or "nothing"
        alike.setdefault(f"inside TLS, EHLO lists {listed}", []).append(check)
    evidence = [f"{names(checks)}: {words}" for words, checks in alike.items()]
    symptom = _of(without[0], Stage.EHLO, detail="AUTH is not offered")
    ruled_out = [*_path(ready), "the certificate: it verifies"]
    return finding("auth-missing", symptom, evidence, ruled_out)


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
        _, first = group[0]
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
        return _certificate(check, found)
    if found.cause.id == "wrapper-on-starttls" and PORTS.get(check.port) is Security.WRAPPER:
        return _Judged(
            diagnosis=found,
            candidates=(cause("foreign-greeting"), found.cause),
            evidence=("clear text came where SES speaks TLS from the first byte",),
        )
    if kind(check) is Kind.TIMEOUT and stage(check) is Stage.TLS:
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
    return _Judged(diagnosis=found, candidates=found.candidates)


def _certificate(check: PortCheck, found: Diagnosis) -> _Judged:
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
    ses = [name for name in shown.names if region_of(name)]
    if lead[0].id == "certificate-wrong-name" and ses:
        evidence.append(f"dial {ses[0]}: this server is called so, and not {target.host}")
        ruled_out = ("another server in SES's place: the certificate is for an SES endpoint",)
        return _Judged(diagnosis=found, candidates=tuple(lead), evidence=tuple(evidence), ruled_out=ruled_out)
    if "amazon" not in shown.issuer.lower():
        # Who else makes certificates for AWS's names intercepts, unless the wrong authorities were named here.
        covers = any(fnmatchcase(target.host.lower(), name.lower()) for name in shown.names)
        made_up = region_of(target.host) and covers and not target.ca_file
        untrusted = lead[0].id in ("certificate-self-signed", "certificate-unknown-issuer")
        lead.insert(0 if made_up and untrusted else 1, cause("tls-intercepted"))
    return _Judged(diagnosis=found, candidates=tuple(lead), evidence=tuple(evidence))
