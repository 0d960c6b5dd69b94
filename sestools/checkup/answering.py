"""Who answers on a port: SES, another server, or a device between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from sestools.checkup.findings import Finding, alike, finding, names
from sestools.checkup.port_check import PortCheck, Run
from sestools.checkup.suspicion import STRANGER, Suspicion
from sestools.core.cause import Cause
from sestools.core.endpoints import region_of
from sestools.core.enums import Kind, Stage
from sestools.core.results import ProbeResult, symptom_at
from sestools.core.speakers import protocol_of, software_of, stranger
from sestools.diagnosis.classifier import NO_EHLO, classify, taken_by_another
from sestools.knowledge.observed import observed, of_another_endpoint
from sestools.probes import Certificate, Problem, TlsFacts

# --- what answers is not SES, or offers no sign-in ---

_STRANGERS = {
    "foreign-greeting", "other-protocol", "clear-text-on-tls-port", "smtp-inspected", "refused-by-another",
}  # fmt: skip
_EDITED = {"starttls-missing", "starttls-masked", "starttls-refused", "smtp-inspected"}
"""What a device on the path does to what SES says."""


def foreign(port: PortCheck, run: Run) -> Suspicion | None:
    """Another greeting than SES's, another protocol, or a device that edits what SES says."""
    found = classify(port.dialogue)
    symptom, saw = found.symptom, ""
    ids = [found.cause.id]
    if port.symptom.stage is Stage.EHLO and port.symptom.reply and port.symptom.reply.code in NO_EHLO:
        ids = ["smtp-inspected"]
    if port.foreign:
        greeting = port.facts.greeting or ""
        ids = [*(one for one in ids if one == "starttls-masked"), stranger(greeting)]
        saw = f"the greeting is {greeting!r}{_whose(ids[-1], '220 ' + greeting)}"
        if ids[-1] == "smtp-inspected" and port.symptom.reply:
            saw += f"; then {port.symptom}"
        symptom = symptom_at(port.dialogue.target, Kind.GARBLED, Stage.GREETING, greeting)
    elif port.dialogue.symptom and ids[0] in _STRANGERS:
        saw = str(symptom) + _whose(ids[0], symptom.detail.partition(": ")[2])
    if not _STRANGERS.intersection(ids) and ids[0] not in _EDITED:
        return None
    lead = observed(ids[0])
    inner = lead.fix[lead.port_first :]
    # The last advice for what a device edits is to use another port: only what this run shows of them is said.
    rest, other = (inner[:-1], (465, 2465)) if ids[0] in _EDITED else (inner, (2587, 2465))
    lead = replace(lead, fix=(*_ports(run, other), *rest))
    refused = ids[0] == "refused-by-another"
    return Suspicion(
        causes=(lead, *ids[1:]),
        saw=saw,
        more=found.evidence if refused else (),
        path=_elsewhere(run),
        ruled_out=("the account and its credentials: nobody had signed in",) if refused else (),
        symptom=symptom,
        order=STRANGER,
    )


def _whose(id: str, words: str) -> str:
    """Whose words they are, if they say so."""
    if protocol := protocol_of(words):
        return (
            f": an {protocol} server answers" if protocol[0] in "FHIS" else f": a {protocol} server answers"
        )
    software = software_of(words) or "another mail server"
    return f": that of {software}" if id == "foreign-greeting" else ""


def _ports(run: Run, others: Sequence[int]) -> tuple[str, ...]:
    """Which port to use instead: one that was tried here and is ready, or one of these that was not tried."""
    if ready := [str(one.port) for one in run.ports if one.ready]:
        return (f"Use port {' or '.join(ready)}: tried here, and ready to sign in.",)
    spare = [str(number) for number in others if number not in {one.port for one in run.ports}]
    return (f"Try port {' or '.join(spare)}, which this check did not try.",) if spare else ()


def _elsewhere(run: Run) -> str:
    """What another port shows of the endpoint, and nothing about the way to this one."""
    return f"the endpoint itself: port {run.ready.port} is ready, and greets as SES does" if run.ready else ""


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
    Problem.WEAK: "certificate-weak",
    Problem.OTHER: "certificate-invalid",
}


def certificate(port: PortCheck, run: Run) -> Suspicion | None:
    """A certificate that does not verify: whose it is says who answers."""
    if not (port.tls and port.tls.problem):
        return None
    problem, shown, target = port.tls.problem, port.tls.certificate, port.dialogue.target
    lead: Cause | str = _CERTIFICATE[problem]
    if shown is None:
        return Suspicion(causes=(lead, "tls-intercepted"))
    path = f"the endpoint itself: port {run.ready.port} verifies, and is ready" if run.ready else ""
    if run.ready and problem in (Problem.EXPIRED, Problem.NOT_YET_VALID):
        lead = observed(_CERTIFICATE[problem])
    evidence = [
        f"the certificate is for {', '.join(shown.names[:4]) or shown.subject}, issued by {shown.issuer}, "
        f"valid {shown.not_before:%Y-%m-%d} to {shown.not_after:%Y-%m-%d}"
    ]
    if problem is Problem.WRONG_NAME:
        ses = next((name for name in shown.names if region_of(name)), None)
        if ses:
            evidence.append(f"dial {ses}: this server is called so, and not {target.host}")
            told = ("another server in SES's place: the certificate is for an SES endpoint",)
            lead = of_another_endpoint() if region_of(target.host) else lead
            return Suspicion(causes=(lead,), more=evidence, ruled_out=told, path=path)
        lead = observed(_CERTIFICATE[problem]) if region_of(target.host) else lead
    causes, more, ruled_out = _issuer(port, run, lead, port.tls, shown)
    return Suspicion(causes=causes, more=(*evidence, *more), ruled_out=ruled_out, path=path)


def _issuer(
    port: PortCheck, run: Run, lead: Cause | str, tls: TlsFacts, shown: Certificate
) -> tuple[list[Cause | str], list[str], list[str]]:
    """What the issuer adds to a certificate that does not verify: causes, evidence, and what it is not."""
    target = port.dialogue.target
    if tls.problem not in (Problem.SELF_SIGNED, Problem.UNKNOWN_ISSUER):
        return ([lead] if shown.by_amazon else [lead, "tls-intercepted"]), [], []
    if tls.amazons:
        return (
            [lead],
            ["it leads to one of Amazon's roots, which sestools has: this host does not have it"],
            [],
        )
    more, ruled_out = [], []
    if shown.by_amazon and tls.amazons is False:
        more.append("its issuer calls itself Amazon, and none of Amazon's roots vouches for it")
    if shown.alone and tls.problem is Problem.UNKNOWN_ISSUER:
        more.append("the server sent this certificate alone: no intermediate authority's")
    # Who else makes certificates for AWS's names intercepts, unless the wrong authorities were named here.
    covers = any(fnmatchcase(target.host.lower(), name.lower()) for name in shown.names)
    made_up = bool(region_of(target.host)) and covers and bool(run.ready or not target.ca_file)
    if target.ca_file and tls.problem is Problem.UNKNOWN_ISSUER and not run.ready:
        lead = "ca-file-wrong"
        more.append(f"only the authorities in {target.ca_file!r} were asked (`--ca-file`, `ca_file=`)")
    causes = ["tls-intercepted", lead] if made_up else [lead, "tls-intercepted"]
    if shown.alone and tls.problem is Problem.UNKNOWN_ISSUER:
        causes.append("chain-incomplete")
    if run.ready:
        ruled_out.append(f"an old list of authorities: port {run.ready.port} verifies")
    return causes, more, ruled_out


# --- all is well, and something is worth knowing; or something was said after signing in ---


def vouched(ports: Sequence[PortCheck]) -> Iterator[str]:
    """Who issued certificates that verify by the file that the user named, if it is not Amazon."""
    issuers = {
        one.port: one.tls.certificate.issuer
        for one in ports
        if one.ready and one.dialogue.target.ca_file and region_of(one.dialogue.target.host)
        if one.tls and one.tls.certificate and not one.tls.certificate.by_amazon
    }
    for issuer, same in alike((one for one in ports if one.port in issuers), lambda one: issuers[one.port]):
        yield f"{names(same)}: the certificate's issuer is {issuer}, not Amazon; `--ca-file` (`ca_file=`) trusts it"


def accepted(session: ProbeResult | None) -> Iterator[Finding]:
    """A message that was taken by somebody else; none or one finding."""
    if session is None or session.symptom or not taken_by_another(session):
        return
    said = next((str(step.reply) for step in reversed(session.steps) if step.stage is Stage.BODY), "")
    symptom = symptom_at(session.target, Kind.GARBLED, Stage.BODY, said)
    yield finding(
        symptom, ("accepted-by-another",), [f"{session.target.port}: the reply to the message is {said!r}"]
    )
