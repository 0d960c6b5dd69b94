"""What a check concludes, and the words with which it names ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

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


def finding(
    symptom: Symptom,
    causes: Iterable[Cause | str],
    evidence: Iterable[str],
    ruled_out: Iterable[str] = (),
    level: Level = Level.PROBLEM,
) -> Finding:
    """A finding with these causes or ids of causes, the likeliest first; what that one excludes is ruled out too."""
    rows = tuple(dict.fromkeys(cause(one) if isinstance(one, str) else one for one in causes))
    diagnosis = Diagnosis(
        symptom=symptom,
        candidates=rows,
        evidence=tuple(dict.fromkeys(evidence)),
        ruled_out=tuple(dict.fromkeys((*ruled_out, *rows[0].ruled_out))),
    )
    return Finding(level=level, diagnosis=diagnosis)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those with the same lead as one."""
    found: dict[str, Finding] = {}
    for one in findings:
        first = found.setdefault(one.diagnosis.cause.id, one)
        if first is not one:
            both = (first.diagnosis, one.diagnosis)
            evidence = tuple(dict.fromkeys(line for part in both for line in part.evidence))
            ruled_out = tuple(dict.fromkeys(line for part in both for line in part.ruled_out))
            diagnosis = replace(first.diagnosis, evidence=evidence, ruled_out=ruled_out)
            found[one.diagnosis.cause.id] = replace(first, diagnosis=diagnosis)
    return list(found.values())


def classified(symptom: Symptom | None, evidence: Iterable[str], ruled_out: Iterable[str] = ()) -> Finding:
    """A finding whose causes the classifier names."""
    found = classify(symptom)
    return finding(found.symptom, found.candidates, evidence, ruled_out)


def names(checks: Iterable[PortCheck]) -> str:
    """The numbers of some ports, for a sentence."""
    return ", ".join(str(check.port) for check in checks)


def alike(checks: Iterable[PortCheck], key: Callable[[PortCheck], Any]) -> list[tuple[Any, list[PortCheck]]]:
    """The ports of which the same can be said, together."""
    groups: dict[Any, list[PortCheck]] = {}
    for check in checks:
        groups.setdefault(key(check), []).append(check)
    return list(groups.items())


def foremost(checks: Sequence[PortCheck]) -> PortCheck:
    """The port among some alike that stands for them all: 587, which most clients use, if it is there."""
    return next((check for check in checks if check.port == 587), checks[0])
