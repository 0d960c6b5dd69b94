"""What a check concludes: a cause that the contrast names, or what the classifier says of a symptom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sestools.checkup.port_check import PortCheck
from sestools.core.cause import Cause
from sestools.core.enums import Level
from sestools.core.results import Symptom
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import cause


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a check concludes, and how serious it is."""

    level: Level
    diagnosis: Diagnosis

    def with_causes(self, candidates: Iterable[Cause]) -> Finding:
        """The same with other causes."""
        return replace(self, diagnosis=replace(self.diagnosis, candidates=tuple(candidates)))


def concluded(
    symptom: Symptom,
    candidates: Iterable[Cause],
    evidence: Iterable[str],
    ruled_out: Iterable[str],
    level: Level = Level.PROBLEM,
) -> Finding:
    """A finding with these causes, the likeliest first."""
    return Finding(
        level=level,
        diagnosis=Diagnosis(
            symptom=symptom,
            candidates=tuple(dict.fromkeys(candidates)),
            evidence=tuple(evidence),
            ruled_out=tuple(dict.fromkeys(ruled_out)),
        ),
    )


def finding(
    lead: str,
    symptom: Symptom,
    evidence: Iterable[str],
    ruled_out: Iterable[str] = (),
    *,
    others: Iterable[str] = (),
    level: Level = Level.PROBLEM,
) -> Finding:
    """A finding whose causes are known by their ids, the likeliest first."""
    causes = [cause(id) for id in (lead, *others)]
    return concluded(symptom, causes, evidence, (*ruled_out, *causes[0].ruled_out), level)


def classified(symptom: Symptom | None, evidence: Sequence[str], ruled_out: Iterable[str] = ()) -> Finding:
    """A finding whose causes the classifier names."""
    found = classify(symptom)
    return concluded(
        found.symptom, found.candidates, evidence or found.evidence, (*ruled_out, *found.ruled_out)
    )


def names(checks: Iterable[PortCheck]) -> str:
    """The numbers of some ports, for a sentence."""
    return ", ".join(str(check.port) for check in checks)


def alike(
    checks: Iterable[PortCheck], words: Callable[[PortCheck], str]
) -> list[tuple[str, list[PortCheck]]]:
    """The ports of which the same can be said, together."""
    groups: dict[str, list[PortCheck]] = {}
    for check in checks:
        groups.setdefault(words(check), []).append(check)
    return list(groups.items())


def each(checks: Iterable[PortCheck], words: Callable[[PortCheck], str]) -> list[str]:
    """What can be said of the ports, a sentence for all of which the same can."""
    return [f"{names(several)}: {text}" for text, several in alike(checks, words)]


def foremost(checks: Sequence[PortCheck]) -> PortCheck:
    """The port among some alike that stands for them all: 587, which most clients use, if it is there."""
    return next((check for check in checks if check.port == 587), checks[0])
