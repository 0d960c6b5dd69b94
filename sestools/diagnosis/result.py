"""What a symptom means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sestools.core.cause import Cause
from sestools.core.enums import Retry, Stage
from sestools.core.results import Symptom
from sestools.core.text import printable
from sestools.diagnosis import cards

_BEFORE_MESSAGE = tuple(Stage)[: tuple(Stage).index(Stage.BODY)]


@dataclass(frozen=True, kw_only=True, repr=False)
class Diagnosis:
    """What a symptom means.

    Attributes:
        symptom: What was diagnosed.
        candidates: Possible causes, the likeliest first; never empty (an unknown has its own row).
        evidence: What it rests on, in sentences.
        ruled_out: What it is not, in sentences.
    """

    symptom: Symptom
    candidates: tuple[Cause, ...]
    evidence: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.candidates:
            raise ValueError("a diagnosis names at least one candidate")

    @property
    def cause(self) -> Cause:
        """The likeliest cause."""
        return self.candidates[0]

    @property
    def retry(self) -> Retry:
        """What trying again is good for: before the message was sent none can have been accepted."""
        known = self.symptom.stage in _BEFORE_MESSAGE
        return Retry.SOON if known and self.cause.retry is Retry.UNKNOWN_FATE else self.cause.retry

    def __str__(self) -> str:
        return cards.as_text(self)

    def __repr__(self) -> str:
        return f"<Diagnosis {self.cause.id}: {self.cause.title}>"

    def _repr_html_(self) -> str:
        return cards.as_html(self)

    def to_markdown(self) -> str:
        """The card as Markdown, to paste into a ticket."""
        return cards.as_markdown(self)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis for a program; `causes` are ids, the likeliest first."""
        cause = self.cause
        return {
            "causes": [candidate.id for candidate in self.candidates],
            "title": cause.title,
            "mark": str(cause.mark),
            "meaning": cause.meaning,
            "evidence": [printable(text) for text in self.evidence],
            "ruled_out": [printable(text) for text in self.ruled_out],
            "fix": list(cause.fix),
            "who": [str(who) for who in cause.who],
            "retry": str(self.retry),
            "source": cause.source,
        }
