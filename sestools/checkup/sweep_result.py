"""What a sweep saw: a row for each target, as table, data frame, picture and data for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sestools.core.document import Document, Table
from sestools.core.endpoints import region_of
from sestools.core.enums import Level, Outcome, Stage
from sestools.core.results import Symptom
from sestools.core.target import Target
from sestools.core.text import printable
from sestools.render.shown import Shown

TIMED = (Stage.CONNECT, Stage.GREETING, Stage.TLS, Stage.EHLO)
"""Stages that have a column of their own."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one target.

    Attributes:
        target: What was looked at, without credentials.
        outcome: How it ended.
        address: The IP address that was connected to, or tried; None if there was none.
        times: Seconds of each stage that was reached, failed ones too. EHLO is the last one (after TLS).
        symptom: What went wrong first; None when all went well.
        cause: The likeliest cause's id, such as `healthy`; empty if it was not run.
        reason: Why it was not run, if it was not.
    """

    target: Target
    outcome: Outcome
    address: str | None
    times: Mapping[Stage, float] = field(default_factory=dict)
    symptom: Symptom | None = None
    cause: str = ""
    reason: str = ""

    @property
    def region(self) -> str:
        """The region in the host name, or the host name of anything else."""
        return region_of(self.target.host) or self.target.host

    def to_dict(self) -> dict[str, Any]:
        """The row for a program; times in seconds, None where a stage was not reached."""
        return {
            "region": self.region,
            "host": self.target.host,
            "port": self.target.port,
            "security": str(self.target.security),
            "address": self.address,
            "outcome": str(self.outcome),
            "cause": self.cause,
            "symptom": str(self.symptom) if self.symptom else self.reason,
            **{f"{stage.lower()}_seconds": self.times.get(stage) for stage in TIMED},
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class Sweep(Shown):
    """What a sweep saw, one row a target, in the order of the targets.

    Attributes:
        rows: What became of each target.
        seconds: How long the whole took.
        timeout: Seconds that each target was given.
    """

    rows: tuple[Row, ...]
    seconds: float
    timeout: float

    @property
    def ok(self) -> bool:
        """Whether every target was seen to work."""
        return all(row.outcome is Outcome.OK for row in self.rows)

    @property
    def level(self) -> Level:
        """How serious it is: a problem if any target failed."""
        outcomes = {row.outcome for row in self.rows}
        if Outcome.FAILED in outcomes:
            return Level.PROBLEM
        return Level.OK if outcomes == {Outcome.OK} else Level.UNCLEAR

    @property
    def summary(self) -> str:
        """One sentence: how many work, and what the others have."""
        count = Counter(row.outcome for row in self.rows)
        causes = Counter(row.cause for row in self.rows if row.outcome is Outcome.FAILED)
        parts = [f"{count[Outcome.OK]} ok"]
        if causes:
            named = ", ".join(f"{cause} {number}" for cause, number in causes.most_common())
            parts.append(f"{count[Outcome.FAILED]} failed ({named})")
        if count[Outcome.NOT_RUN]:
            parts.append(f"{count[Outcome.NOT_RUN]} not run")
        return f"{len(self.rows)} targets in {self.seconds:.2f} s: {', '.join(parts)}."

    def table(self) -> Table:
        """A row for each target; times in milliseconds."""
        times = tuple(f"{stage} ms" for stage in TIMED)
        return Table(
            headings=("region", "port", "address", "outcome", *times, "what"),
            rows=tuple(_cells(row) for row in self.rows),
            right=("port", *times),
            levels=tuple(_LEVELS[row.outcome] for row in self.rows),
            coloured="what",
            narrow=(*reversed(times), "outcome"),
        )

    def document(self) -> Document:
        """The table and the summary."""
        return Document(title=self.summary, level=self.level, tables=(self.table(),))

    def to_dict(self) -> dict[str, Any]:
        """The sweep for a program."""
        return {
            "schema_version": 1,
            "summary": self.summary,
            "seconds": self.seconds,
            "timeout": self.timeout,
            "rows": [row.to_dict() for row in self.rows],
        }

    def to_frame(self) -> Any:
        """A pandas data frame, one row a target; its columns are the keys of `Row.to_dict`.

        Raises:
            ModuleNotFoundError: If pandas is missing; the notebook extra brings it.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            if error.name == "pandas":
                error.msg = "a data frame needs pandas: pip install 'sestools[notebook]' (table() does not)"
            raise
        columns = list(self.rows[0].to_dict()) if self.rows else None
        return pd.DataFrame([row.to_dict() for row in self.rows], columns=columns)

    def __repr__(self) -> str:
        return f"<Sweep: {self.summary}>"


_LEVELS = {Outcome.OK: Level.OK, Outcome.FAILED: Level.PROBLEM, Outcome.NOT_RUN: Level.UNCLEAR}


def _cells(row: Row) -> tuple[str, ...]:
    times = (f"{row.times[stage] * 1000:.1f}" if stage in row.times else "" for stage in TIMED)
    what = f"{row.cause}: {row.symptom}" if row.symptom else row.reason or row.cause
    shown = row.region, str(row.target.port), row.address or "", str(row.outcome)
    return (*shown, *times, printable(what, 160))
