"""How a finding is put together: a cause that the contrast names, or what the classifier says of a symptom."""

from __future__ import annotations

from collections.abc import Sequence

from sestools.checkup.port_check import Finding, PortCheck
from sestools.core.enums import Kind, Level, Stage
from sestools.core.results import Step, Symptom
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import cause


def finding(
    lead: str,
    symptom: Symptom,
    evidence: Sequence[str],
    ruled_out: Sequence[str] = (),
    *,
    others: Sequence[str] = (),
    level: Level = Level.PROBLEM,
) -> Finding:
    """A finding whose causes are known by their ids, the likeliest first."""
    ids = dict.fromkeys((lead, *others))
    return Finding(
        level=level,
        diagnosis=Diagnosis(
            symptom=symptom,
            candidates=tuple(cause(id) for id in ids),
            evidence=tuple(evidence),
            ruled_out=tuple(dict.fromkeys((*ruled_out, *cause(lead).ruled_out))),
        ),
    )


def classified(symptom: Symptom | None, evidence: Sequence[str], ruled_out: Sequence[str] = ()) -> Finding:
    """A finding whose causes the classifier names."""
    found = classify(symptom)
    return Finding(
        level=Level.PROBLEM,
        diagnosis=Diagnosis(
            symptom=found.symptom,
            candidates=found.candidates,
            evidence=tuple(evidence) or found.evidence,
            ruled_out=tuple(dict.fromkeys((*ruled_out, *found.ruled_out))),
        ),
    )


def names(checks: Sequence[PortCheck]) -> str:
    """The numbers of some ports, for a sentence."""
    return ", ".join(str(check.port) for check in checks)


def foremost(checks: Sequence[PortCheck]) -> PortCheck:
    """The port among some alike that stands for them all: 587, which most clients use, if it is there."""
    return next((check for check in checks if check.port == 587), checks[0])


def kind(check: PortCheck) -> Kind | None:
    """In what form a port's dialogue failed."""
    return check.dialogue.symptom.kind if check.dialogue.symptom else None


def stage(check: PortCheck) -> Stage | None:
    """At which step a port's dialogue failed."""
    return check.dialogue.symptom.stage if check.dialogue.symptom else None


def connect_steps(check: PortCheck) -> list[Step]:
    """Every connection attempt to a port, one an address."""
    steps = [
        step for result in (check.tcp, check.dialogue) for step in result.steps if step.stage is Stage.CONNECT
    ]
    return list({step.address: step for step in reversed(steps)}.values())
