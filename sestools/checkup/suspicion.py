"""What a port of a check is suspected of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sestools.core.cause import Cause
from sestools.core.results import Symptom

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
