"""A row of knowledge: why sending fails, and what follows from it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sestools.core.enums import Kind, Mark, Retry, Stage, Who
from sestools.core.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A row of knowledge: one reason why sending fails, and what follows from it.

    Attributes:
        id: Stable name, for programs and tests.
        title: One sentence that a card begins with.
        meaning: What happened, in two or three sentences.
        fix: What to do, one action an entry, the most likely first.
        retry: What trying again is good for.
        who: Who has to act.
        mark: How sure this row is.
        source: URL of the page or thread that says so.
        samples: What it looks like, verbatim; the first is what the simulator says.
        stage: Where it usually shows.
        codes: Reply codes that it comes with; empty for any or none.
        pattern: Regular expression on the text, without regard to case; empty matches any text.
        kinds: Forms in which it comes; empty for any.
        stages: Stages at which it can be; empty for any.
        note: What is uncertain about it, if anything is.
        generic: Whether other servers say the same words, so that a sign of another server outweighs them.
        ruled_out: What it is often taken for and is not, in sentences.
    """

    id: str
    title: str
    meaning: str
    fix: tuple[str, ...]
    retry: Retry
    who: tuple[Who, ...]
    mark: Mark
    source: str
    samples: tuple[str, ...] = ()
    stage: Stage | None = None
    codes: frozenset[int] = frozenset()
    pattern: str = ""
    kinds: frozenset[Kind] = frozenset()
    stages: frozenset[Stage] = frozenset()
    note: str = ""
    generic: bool = False
    ruled_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise UsageError(f"a cause's id is lower-case words joined by hyphens, not {self.id!r}")
        for name in ("title", "meaning", "fix", "source"):
            if not getattr(self, name):
                raise UsageError(f"cause {self.id} has no {name}")
