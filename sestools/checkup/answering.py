"""Who answers on a port: SES, another server, or a device between; and what a port is suspected of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from sestools.checkup.port_check import PortCheck, Run
from sestools.core.cause import Cause
from sestools.core.endpoints import PORTS, Security, region_of
from sestools.core.enums import Kind, Stage
from sestools.core.results import Symptom, symptom_at
from sestools.diagnosis.classifier import classify
from sestools.knowledge.table import cause
from sestools.probes import Problem

STRANGER, FAILED, SHUT = 1, 2, 3
"""The order of findings: what answers is not SES or offers no sign-in; a step failed; nothing was connected."""


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """What one port, beside the others, is suspected of.

    Attributes:
        causes: Causes or their ids, the likeliest first.
        saw: What was seen there, if it is not the step that failed.
        more: Further evidence.
        path: What is known of the path to it, if it is not whether connections were made.
        ruled_out: What else it is not, as this run shows.
        symptom: What it is a symptom of, if it is not the step that failed.
        order: Findings with a lower one come first, and then those of more ports.
    """

    causes: Sequence[Cause | str]
    saw: str = ""
    more: Iterable[str] = ()
    path: str = ""
    ruled_out: Iterable[str] = ()
    symptom: Symptom | None = None
    order: int = FAILED


# --- connected, and what answers is not SES, or offers no sign-in ---


def foreign(port: PortCheck, run: Run) -> Suspicion | None:
    """Another greeting than SES's, or clear text on a port where SES waits for TLS."""
    wrapped = PORTS.get(port.port) is Security.WRAPPER and port.dialogue.symptom
    if not port.foreign and not (wrapped and classify(port.dialogue).cause.id == "wrapper-on-starttls"):
        return None
    # Only a port that was not tried, or that was and is ready, is worth a try.
    bad = {one.port for one in run.ports if not one.ready}
    spare = [str(number) for number in (2587, 2465) if number not in bad]
    advice = [f"Try port {' or '.join(spare)}, which such proxies rarely catch."] if spare else []
    lead = cause("foreign-greeting")
    lead = replace(lead, fix=(*advice, *lead.fix[lead.port_first :]))
    path = f"the endpoint itself: port {run.ready.port} greets as SES does" if run.ready else ""
    if not port.foreign:
        text = "clear text came where SES speaks TLS from the first byte"
        return Suspicion(causes=(lead, "wrapper-on-starttls"), more=(text,), path=path, order=STRANGER)
    greeting = port.facts.greeting or ""
    return Suspicion(
        causes=(lead,),
        saw=f"the greeting is {greeting!r}",
        path=path,
        symptom=symptom_at(port.dialogue.target, Kind.GARBLED, Stage.GREETING, greeting),
        order=STRANGER,
    )


def intercepted(port: PortCheck, run: Run) -> Suspicion | None:
    """A certificate that this host trusts and that Amazon did not issue."""
    shown = port.tls and port.tls.certificate
    if not (port.intercepted and shown):
        return None
    covered = ", ".join(shown.names[:4])
    return Suspicion(
        causes=("tls-intercepted",),
        saw=f"the certificate for {covered} verifies on this host, yet its issuer is {shown.issuer}",
        ruled_out=("an expired or self-signed certificate",),
        symptom=symptom_at(port.dialogue.target, Kind.TLS, Stage.TLS),
        order=STRANGER,
    )


def no_sign_in(port: PortCheck, run: Run) -> Suspicion | None:
    """TLS is good, and AUTH is not offered in a form that can be used."""
    if not port.wrong:
        return None
    missing = "no AUTH with PLAIN or LOGIN"
    return Suspicion(
        causes=(port.wrong,),
        saw=f"inside TLS, EHLO lists {', '.join(port.facts.capabilities) or 'nothing'}",
        ruled_out=("the certificate: it verifies",),
        symptom=symptom_at(port.dialogue.target, Kind.GARBLED, Stage.EHLO, missing),
        order=STRANGER,
    )


# --- connected, and a step failed ---

_CERTIFICATE = {
    Problem.EXPIRED: "certificate-expired",
    Problem.NOT_YET_VALID: "certificate-expired",
    Problem.WRONG_NAME: "certificate-wrong-name",
    Problem.SELF_SIGNED: "certificate-self-signed",
    Problem.UNKNOWN_ISSUER: "certificate-unknown-issuer",
    Problem.OTHER: "certificate-invalid",
}


def certificate(port: PortCheck, run: Run) -> Suspicion | None:
    """A certificate that does not verify: whose it is says who answers."""
    if not (port.tls and port.tls.problem):
        return None
    problem, shown, target = port.tls.problem, port.tls.certificate, port.dialogue.target
    causes, ruled_out = [_CERTIFICATE[problem]], []
    if shown is None:
        return Suspicion(causes=(*causes, "tls-intercepted"))
    evidence = [
        f"the certificate is for {', '.join(shown.names[:4]) or shown.subject}, issued by {shown.issuer}, "
        f"valid {shown.not_before:%Y-%m-%d} to {shown.not_after:%Y-%m-%d}"
    ]
    ses = next((name for name in shown.names if region_of(name)), None)
    if ses and problem is Problem.WRONG_NAME:
        evidence.append(f"dial {ses}: this server is called so, and not {target.host}")
        ruled_out.append("another server in SES's place: the certificate is for an SES endpoint")
    elif not shown.by_amazon:
        # Who else makes certificates for AWS's names intercepts, unless the wrong authorities were named here.
        untrusted = problem in (Problem.SELF_SIGNED, Problem.UNKNOWN_ISSUER)
        covers = any(fnmatchcase(target.host.lower(), name.lower()) for name in shown.names)
        made_up = region_of(target.host) and covers and (run.ready or not target.ca_file)
        causes.insert(0 if untrusted and made_up else 1, "tls-intercepted")
        if untrusted and run.ready:
            ruled_out.append(f"an old list of authorities: port {run.ready.port} verifies")
    return Suspicion(causes=causes, more=evidence, ruled_out=ruled_out)
