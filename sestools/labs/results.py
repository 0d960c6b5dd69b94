"""What came of an experiment, as values, tables and frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sestools.core.document import Document, Table
from sestools.render.shown import Shown
from sestools.sending.mail import Entry


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a sender achieved; counted from the ledger, not from what the sender believes.

    Attributes:
        script: Under which faults.
        sender: Which sender.
        seed: Of the chances.
        messages: Messages that were to be sent.
        lost: Messages that never reached SES.
        duplicated: Copies too many that SES accepted.
        unreported: Those of them that the sender did not know to be possible.
        wrong: Messages that the sender holds for sent and SES does not have.
        p50: Delay from a message's arrival until SES accepted it, in seconds: half of the messages took no
            longer. Lost messages are not in it.
        p99: The same for 99 in 100.
        longest: The longest delay.
        attempts: Attempts for each message on average.
        connections: Connections that were opened.
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


@dataclass(frozen=True, kw_only=True, repr=False)
class Lab(Shown):
    """The results of an experiment, one row for each sender, script and seed."""

    results: tuple[Result, ...]
    entries: Mapping[tuple[str, str, int], tuple[Entry, ...]] = field(default_factory=dict)
    """Each sender's own account, by script, sender and seed."""

    def to_frame(self) -> Any:
        """A pandas data frame, one row a result.

        Raises:
            ModuleNotFoundError: If pandas is missing; the notebook extra brings it.
        """
        import pandas as pd

        return pd.DataFrame([asdict(result) for result in self.results])

    def totals(self) -> tuple[Result, ...]:
        """One row for each script and sender: counts added up over the seeds, delays and attempts the worst."""
        groups: dict[tuple[str, str], list[Result]] = {}
        for result in self.results:
            groups.setdefault((result.script, result.sender), []).append(result)
        return tuple(_total(some) for some in groups.values())

    def table(self) -> Table:
        """A row for each script and sender, seeds added up."""
        rows: list[tuple[str, ...]] = [
            (
                one.script,
                one.sender,
                f"{one.messages:,}",
                str(one.lost),
                f"{one.duplicated}" + (f" ({one.unreported} unknowingly)" if one.unreported else ""),
                *(f"{delay:,.1f}" for delay in (one.p50, one.p99, one.longest)),
                f"{one.attempts:.3f}",
                str(one.connections),
            )
            for one in self.totals()
        ]
        headings = (
            "faults",
            "sender",
            "messages",
            "lost",
            "twice",
            "delay p50, s",
            "p99, s",
            "longest, s",
            "attempts",
        )
        return Table(
            headings=(*headings, "connections"), rows=tuple(rows), right=(*headings[2:], "connections")
        )

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
