"""What a symptom means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sestools.core.cause import Cause, Claim
from sestools.core.document import Document, Field, Link
from sestools.core.enums import Level, Retry, Stage
from sestools.core.errors import UsageError
from sestools.core.results import Symptom
from sestools.core.text import printable
from sestools.diagnosis.filled import filled, known_of
from sestools.render.shown import Shown

_BEFORE_MESSAGE = tuple(Stage)[: tuple(Stage).index(Stage.BODY)]


@dataclass(frozen=True, kw_only=True, repr=False)
class Diagnosis(Shown):
    """What a symptom means.

    Attributes:
        candidates: Possible causes, the likeliest first; never empty (an unknown has its own row).
        evidence: What it rests on, in sentences; `ruled_out`: what it is not.
        known: What fills the names that rows leave open, beside what the symptom tells (see `filled`).
    """

    symptom: Symptom
    candidates: tuple[Cause, ...]
    evidence: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()
    known: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.candidates:
            raise UsageError("a diagnosis names at least one candidate")

    @cached_property
    def cause(self) -> Cause:
        """The likeliest cause, with what is known filled in."""
        return filled(self.candidates[0], **{**known_of(self.symptom), **self.known})

    @property
    def retry(self) -> Retry:
        """What trying again is good for: before the message was sent none can have been accepted."""
        known = self.symptom.stage in _BEFORE_MESSAGE
        return Retry.SOON if known and self.cause.retry is Retry.UNKNOWN_FATE else self.cause.retry

    def __repr__(self) -> str:
        return f"<Diagnosis {self.cause.id}: {self.cause.title}>"

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The sentences of the card that claim something about SES or AWS, and what each rests on."""
        said = "\n".join((self.cause.meaning, *self.ruled_out, *self.cause.fix, self.cause.note))
        return tuple(claim for claim in self.cause.claims if claim.text in said)

    def document(self, level: Level | None = None, more: tuple[Field, ...] = ()) -> Document:
        """The card, with how serious it is, if that is known, and more fields."""
        cause = self.cause
        notes = [claim for claim in cause.footnotes if claim in self.claims]
        bases = [*dict.fromkeys(replace(claim.basis, point="") for claim in notes)]

        def noted(text: str) -> str:
            """The text with a number after each sentence that rests on something else than the row."""
            for claim in notes:
                number = bases.index(replace(claim.basis, point="")) + 1
                text = text.replace(claim.text, f"{claim.text} [{number}]", 1)
            return text

        sources = (
            f"[{number}] {one.mark}" + (f": {one.source}" if one.source != cause.source else "")
            for number, one in enumerate(bases, 1)
        )
        fields = (
            Field(label="What", texts=(noted(cause.meaning),)),
            Field(label="Evidence", texts=self.evidence),
            Field(label="Ruled out", texts=tuple(map(noted, self.ruled_out))),
            Field(label="Do", texts=tuple(map(noted, cause.fix))),
            Field(label="Who", texts=(", ".join(cause.who),) if cause.fails else ()),
            Field(label="Retry", texts=(self.retry.advice,) if cause.fails else ()),
            Field(label="Or else", texts=tuple(f"{one.title} [{one.id}]" for one in self.candidates[1:4])),
            *more,
            Field(label="Unsure", texts=(noted(cause.note),) if cause.note else ()),
            Field(label="Source", texts=(Link(cause.source), *sources)),
        )
        return Document(
            title=cause.title,
            level=level,
            labels=(str(cause.mark), cause.id),
            fields=tuple(field for field in fields if field.texts),
        )

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
            "claims": [claim.to_dict() for claim in self.claims],
        }
