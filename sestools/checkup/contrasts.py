"""What a port shows beside the other ports: a suspicion for each, and one finding for all that are suspected alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from sestools.checkup.findings import Finding, alike, finding, foremost, names
from sestools.checkup.not_reached import not_connected
from sestools.checkup.port_check import Experiment, PortCheck, Run
from sestools.checkup.suspicion import SHUT, STRANGER, Suspicion
from sestools.checkup.unanswered import closed_at_once, silent, slow, write_experiments
from sestools.core.endpoints import PORTS, Security, region_of
from sestools.core.enums import Kind, Level, Stage
from sestools.core.results import symptom_at
from sestools.core.text import duration
from sestools.diagnosis.classifier import classify
from sestools.knowledge.table import cause
from sestools.probes import Problem

_STRANGER = STRANGER


def _suspected(run: Run) -> dict[int, Suspicion]:
    """The suspicion of each port that gives rise to one."""
    found = {
        port.port: next(filter(None, (one(port, run) for one in _CONTRASTS)), None) for port in run.ports
    }
    return {port: suspicion for port, suspicion in found.items() if suspicion}


def _groups(run: Run, suspected: Mapping[int, Suspicion]) -> list[tuple[tuple[int, str], list[PortCheck]]]:
    """The ports that are suspected alike, together."""

    def key(port: PortCheck) -> tuple[int, str]:
        lead = suspected[port.port].causes[0]
        return suspected[port.port].order, lead if isinstance(lead, str) else lead.id

    return alike((port for port in run.ports if port.port in suspected), key)


def experiments(run: Run) -> list[tuple[Experiment, PortCheck]]:
    """What would settle the suspicions: for each group of ports on the one that stands for it."""
    suspected = _suspected(run)
    wanted: dict[tuple[Experiment, int], tuple[Experiment, PortCheck]] = {}
    for _, ports in _groups(run, suspected):
        port = foremost(ports)
        for experiment in suspected[port.port].experiments:
            one = (experiment is Experiment.CONTROL and run.made) or port
            wanted[experiment, one.port] = (experiment, one)
    for experiment in write_experiments(run):
        if look := run.look(Experiment.WRITE):
            wanted[experiment, look.port] = (experiment, look.check)
    return list(wanted.values())


def contrasted(run: Run) -> Iterator[Finding]:
    """A finding for each cause that is suspected, naming all its ports."""
    suspected = _suspected(run)
    groups = _groups(run, suspected)
    for (order, _), ports in sorted(groups, key=lambda group: (group[0][0], -len(group[1]))):
        several, lead = [suspected[port.port] for port in ports], suspected[foremost(ports).port]
        saw = alike(ports, lambda port: suspected[port.port].saw or str(port.dialogue.symptom))
        path = () if order == SHUT else (lead.path or run.path,)
        notice = order == SHUT and names(ports) == "25" and run.made and not run.named
        yield finding(
            lead.symptom or classify(foremost(ports).dialogue).symptom,
            lead.causes,
            [f"{names(same)}: {text}{_took(same)}" for text, same in saw]
            + [line for one in several for line in one.more],
            (*path, *(line for one in several for line in one.ruled_out)),
            Level.NOTICE if notice else lead.level or Level.PROBLEM,
        )


def _took(ports: Sequence[PortCheck]) -> str:
    """How long was waited for connections that did not come about."""
    waits = [step.seconds for port in ports if port.is_shut for step in port.connect_steps]
    return f" in {duration(max(waits))}" if waits else ""


# --- connected, and what answers is not SES, or offers no sign-in ---


def _foreign(port: PortCheck, run: Run) -> Suspicion | None:
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
        return Suspicion(causes=(lead, "wrapper-on-starttls"), more=(text,), path=path, order=_STRANGER)
    greeting = port.facts.greeting or ""
    return Suspicion(
        causes=(lead,),
        saw=f"the greeting is {greeting!r}",
        path=path,
        symptom=symptom_at(port.dialogue.target, Kind.GARBLED, Stage.GREETING, greeting),
        order=_STRANGER,
    )


def _intercepted(port: PortCheck, run: Run) -> Suspicion | None:
    shown = port.tls and port.tls.certificate
    if not (port.intercepted and shown):
        return None
    covered = ", ".join(shown.names[:4])
    return Suspicion(
        causes=("tls-intercepted",),
        saw=f"the certificate for {covered} verifies on this host, yet its issuer is {shown.issuer}",
        ruled_out=("an expired or self-signed certificate",),
        symptom=symptom_at(port.dialogue.target, Kind.TLS, Stage.TLS),
        order=_STRANGER,
    )


def _no_sign_in(port: PortCheck, run: Run) -> Suspicion | None:
    if not port.wrong:
        return None
    missing = "no AUTH with PLAIN or LOGIN"
    return Suspicion(
        causes=(port.wrong,),
        saw=f"inside TLS, EHLO lists {', '.join(port.facts.capabilities) or 'nothing'}",
        ruled_out=("the certificate: it verifies",),
        symptom=symptom_at(port.dialogue.target, Kind.GARBLED, Stage.EHLO, missing),
        order=_STRANGER,
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


def _certificate(port: PortCheck, run: Run) -> Suspicion | None:
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


def _by_itself(port: PortCheck, run: Run) -> Suspicion | None:
    """What the classifier says of it, whatever the other ports show."""
    return Suspicion(causes=classify(port.dialogue).candidates) if port.dialogue.symptom else None


_CONTRASTS = (
    not_connected, _foreign, _intercepted, _no_sign_in, _certificate, closed_at_once, slow, silent, _by_itself,
)  # fmt: skip
"""In this order: the first suspicion that a port gives rise to is taken."""
