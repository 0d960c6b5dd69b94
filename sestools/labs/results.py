"""What came of an experiment, as values, tables and frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sestools.core.document import Document, Table
from sestools.render.shown import Shown
from sestools.sending.mail import Entry


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a sender achieved; counted from the ledger, not from what the sender believes.

    Attributes:
        duplicated: Copies too many that SES accepted.
        unreported: Those of them that the sender did not know to be possible.
        wrong: Messages that the sender holds for sent and SES does not have.
        p50: Delay from a message's arrival until SES accepted it, in seconds: half of the messages took no longer.
            Lost messages are not in it; `p99` and `longest` are the same for 99 in 100, and for all.
        attempts: Attempts for each message on average.
        seconds: How long the whole took, by the clock of the experiment.
    """

    script: str
    sender: str
    seed: int
    messages: int
    lost: int
    duplicated: int
    unreported: int
    wrong: int
    p50: float
    p99: float
    longest: float
    attempts: float
    connections: int
    seconds: float


_COLUMNS: dict[str, Callable[[Result], str]] = {
    "faults": lambda one: one.script,
    "sender": lambda one: one.sender,
    "messages": lambda one: f"{one.messages:,}",
    "lost": lambda one: str(one.lost),
    "twice": lambda one: f"{one.duplicated}" + (f" ({one.unreported} unknowingly)" if one.unreported else ""),
    "delay p50, s": lambda one: f"{one.p50:,.1f}",
    "p99, s": lambda one: f"{one.p99:,.1f}",
    "longest, s": lambda one: f"{one.longest:,.1f}",
    "attempts": lambda one: f"{one.attempts:.3f}",
    "connections": lambda one: str(one.connections),
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Lab(Shown):
    """The results of an experiment, one row for each sender, script and seed."""

    results: tuple[Result, ...]
    entries: Mapping[tuple[str, str, int], tuple[Entry, ...]] = field(default_factory=dict)
    """Each sender's own account, by script, sender and seed."""

    def to_frame(self) -> Any:
        """A pandas data frame, one row a result. The notebook extra brings pandas."""
        import pandas as pd

        return pd.DataFrame([asdict(result) for result in self.results])

    def totals(self) -> tuple[Result, ...]:
        """One row for each script and sender: counts added up over the seeds, delays and attempts the worst."""
        groups = defaultdict(list)
        for result in self.results:
            groups[result.script, result.sender].append(result)
        return tuple(_total(some) for some in groups.values())

    def table(self) -> Table:
        """A row for each script and sender, seeds added up."""
        rows = tuple(tuple(cell(one) for cell in _COLUMNS.values()) for one in self.totals())
        return Table(headings=tuple(_COLUMNS), rows=rows, right=tuple(_COLUMNS)[2:])

    def document(self) -> Document:
        """The table."""
        return Document(tables=(self.table(),))

    def __repr__(self) -> str:
        return str(self)


def _total(some: list[Result]) -> Result:
    added = ("messages", "lost", "duplicated", "unreported", "wrong", "connections", "seconds")
    worst = ("p50", "p99", "longest", "attempts")
    return replace(
        some[0],
        **{name: sum(getattr(one, name) for one in some) for name in added},
        **{name: max(getattr(one, name) for one in some) for name in worst},
    )
