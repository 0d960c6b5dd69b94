"""What a port shows beside the other ports: a suspicion for each, and one finding for all that are suspected alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sestools.checkup.answering import certificate, foreign, intercepted, no_sign_in
from sestools.checkup.findings import Finding, alike, finding, foremost, names
from sestools.checkup.not_reached import not_connected
from sestools.checkup.port_check import Experiment, PortCheck, Run
from sestools.checkup.suspicion import SHUT, Suspicion
from sestools.checkup.unanswered import closed_at_once, silent, slow, write_experiments
from sestools.core.enums import Level
from sestools.core.text import duration
from sestools.diagnosis.classifier import classify


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


# --- connected, and a step failed ---


def _by_itself(port: PortCheck, run: Run) -> Suspicion | None:
    """What the classifier says of it, whatever the other ports show."""
    return Suspicion(causes=classify(port.dialogue).candidates) if port.dialogue.symptom else None


_CONTRASTS = (
    not_connected, foreign, intercepted, no_sign_in, certificate, closed_at_once, slow, silent, _by_itself,
)  # fmt: skip
"""In this order: the first suspicion that a port gives rise to is taken."""
