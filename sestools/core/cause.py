"""A row of knowledge: why sending fails, and what follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sestools.core.enums import Kind, Mark, Retry, Stage, When, Who
from sestools.core.errors import UsageError


@dataclass(frozen=True)
class Basis:
    """What a row or a sentence rests on.

    Attributes:
        mark: How sure it is.
        source: URL of the page or thread that says so.
        point: Of a page in `knowledge.pages`: its name and which of its points, such as `codes#421`.
    """

    mark: Mark
    source: str
    point: str = ""


@dataclass(frozen=True)
class Claim:
    """A sentence of a row that claims something, and what that rests on."""

    text: str
    basis: Basis

    def to_dict(self) -> dict[str, str]:
        """The claim for a program."""
        return {"text": self.text, "mark": str(self.basis.mark), "source": self.basis.source}


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A row of knowledge: one reason why sending fails, and what follows from it.

    Attributes:
        id: Stable name, for programs and tests.
        title: One sentence that a card begins with.
        meaning: What happened, in two or three sentences.
        fix: What to do, one action an entry, the most likely first.
        samples: What it looks like, verbatim; the first is what the simulator says.
        stage: Where it usually shows.
        codes: Reply codes that it comes with, by default those of its samples; empty for any or none.
        pattern: Regular expression on the text, without regard to case; empty matches any text.
        kinds: Forms in which it comes; empty for any.
        stages: Stages at which it can be; empty for any.
        note: What is uncertain about it, if anything is.
        generic: Whether other servers say the same words, so that a sign of another server outweighs them.
        decisive: Whether it was proved by contrast, so that no other cause is worth naming beside it.
        ruled_out: What it is often taken for and is not, in sentences.
        rather: Causes that are more likely than this one under a condition; the first condition that holds decides.
        beside: Causes that are named after this one under a condition; the first condition that holds decides.
        port_first: Whether the first action is to use another port.
        claims: The sentences that claim something about SES or AWS, and what each rests on.
    """

    id: str
    title: str
    meaning: str
    fix: tuple[str, ...]
    basis: Basis
    retry: Retry = Retry.NO
    who: tuple[Who, ...] = (Who.YOU,)
    samples: tuple[str, ...] = ()
    stage: Stage | None = None
    codes: frozenset[int] = frozenset()
    pattern: str = ""
    kinds: frozenset[Kind] = frozenset()
    stages: frozenset[Stage] = frozenset()
    note: str = ""
    generic: bool = False
    decisive: bool = False
    ruled_out: tuple[str, ...] = ()
    rather: tuple[tuple[When, str], ...] = ()
    beside: tuple[tuple[When, tuple[str, ...]], ...] = ()
    port_first: bool = False
    claims: tuple[Claim, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise UsageError(f"a cause's id is lower-case words joined by hyphens, not {self.id!r}")
        for name in ("title", "meaning", "fix", "source"):
            if not getattr(self, name):
                raise UsageError(f"cause {self.id} has no {name}")
        if self.pattern and not self.codes:
            codes = (re.match(r"[2-5]\d\d(?= )", sample) for sample in self.samples)
            object.__setattr__(self, "codes", frozenset(int(code[0]) for code in codes if code))

    @property
    def mark(self) -> Mark:
        """How sure this row is."""
        return self.basis.mark

    @property
    def source(self) -> str:
        """URL of the page or thread that says so."""
        return self.basis.source

    @property
    def footnotes(self) -> tuple[Claim, ...]:
        """The claims that are less sure than the row, or that another page says."""
        sure = tuple(Mark).index
        return tuple(
            claim
            for claim in self.claims
            if sure(claim.basis.mark) > sure(self.mark) or claim.basis.source != self.source
        )

    @property
    def fails(self) -> bool:
        """Whether anything failed; good news has a row, too."""
        return self.retry is not Retry.NOT_NEEDED

    @property
    def known(self) -> bool:
        """Whether somebody knows what it means."""
        return self.mark is not Mark.UNKNOWN
