"""What `doctor` found, and how it is kept in a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sestools.checkup.findings import Finding
from sestools.checkup.mtu_report import mtu_document
from sestools.checkup.report import Report, transcript
from sestools.checkup.summary import card
from sestools.core.document import Code, Document, Table
from sestools.core.enums import Level
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.core.text import printable
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.guide.steps import NAMES, ExaminedStep, State
from sestools.probes import LifetimeFacts, MtuFacts
from sestools.render.html import as_page
from sestools.render.shown import Shown

_LEVELS = {
    State.OK: Level.OK,
    State.NOTICE: Level.NOTICE,
    State.PROBLEM: Level.PROBLEM,
    State.SKIPPED: Level.UNCLEAR,
}
DETAIL = 50
"""Columns for what a step showed on a first screen."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Examination(Shown):
    """What `doctor` found.

    Attributes:
        report: The check of name, ports, TLS, sign-in and message.
        mtu: How large packets fared; None if that was skipped.
        idle: How long a silent connection lived; None if that was skipped.
        steps: Every step, in order, with what was seen or why it was skipped.
        findings: What follows from all of it, the weightiest first; never empty.
    """

    report: Report
    mtu: ProbeResult[MtuFacts] | None
    idle: ProbeResult[LifetimeFacts] | None
    steps: tuple[ExaminedStep, ...]
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """How serious the verdict is."""
        return self.findings[0].level

    @property
    def diagnosis(self) -> Diagnosis:
        """The verdict's diagnosis."""
        return self.findings[0].diagnosis

    def __repr__(self) -> str:
        return f"<Examination of {self.report.host}: {self.level}, {self.diagnosis.cause.id}>"

    def _table(self, width: int = 0) -> Table:
        return Table(
            headings=("step", "what", "result", "seen"),
            rows=tuple(
                (str(number), NAMES[one.step], str(one.state), _fit(one.detail, width))
                for number, one in enumerate(self.steps, 1)
            ),
            levels=tuple(_LEVELS[one.state] for one in self.steps),
            coloured="result",
            bare=bool(width),
        )

    def first_screen(self) -> Document:
        """The verdict, and a row for each step: at most 15 lines of 80 columns."""
        left = ("Not tested: how long connections live.", Code(f"  {self.report.untested[-1].command}"))
        return card(self.findings, self._table(DETAIL), left if self.level is Level.OK else ())

    def document(self) -> Document:
        """The steps, the verdict where it is none of the check's own, and all that was found."""
        own = [one for one in self.findings if one not in self.report.findings]
        cards = [one.diagnosis.document(one.level) for one in own]
        more = [] if self.mtu is None else [mtu_document(self.mtu, classify(self.mtu), self.report.simulated)]
        if self.idle is not None and self.idle.facts:
            more.append(Document(title="Silent connections", lead=self.idle.facts.lines))
        steps = Document(tables=(self._table(),))
        real = self.report.simulated is not None
        return Document(
            title=f"SES SMTP examination of {self.report.host}",
            level=self.level,
            parts=(*cards, steps, self.report.document(real=real), *more),
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a program (JSON types only). Credentials are not part of it."""
        return {
            "schema_version": 1,
            "verdict": {"level": str(self.level), **self.diagnosis.to_dict()},
            "steps": [
                {"step": str(one.step), "state": str(one.state), "detail": one.detail} for one in self.steps
            ],
            "check": self.report.to_dict(),
            "mtu": self.mtu.facts.to_dict() if self.mtu else None,
            "idle": self.idle.facts.to_dict() if self.idle and self.idle.facts else None,
        }

    def keep(self, folder: str | Path) -> None:
        """Write `report.html`, `report.md`, `report.json` and `transcript.txt` into a new or empty folder.

        Raises:
            UsageError: If it is no such folder, or cannot be written to.
        """
        path = empty_folder(folder)
        talks = [*(check.dialogue for check in self.report.ports), self.report.session]
        said = (
            f"{talk.target}\n" + "".join(f"{line}\n" for line in transcript(talk))
            for talk in talks
            if talk and talk.steps
        )
        texts = {
            "report.html": as_page(self.document()),
            "report.md": self.to_markdown(),
            "report.json": json.dumps(self.to_dict(), indent=2) + "\n",
            "transcript.txt": "\n".join(said),
        }
        try:
            for name, text in texts.items():
                (path / name).write_text(text, "utf-8")
        except OSError as error:
            raise UsageError(f"{path} cannot be written to: {error.strerror}") from None


def empty_folder(folder: str | Path) -> Path:
    """A folder that is new or empty; it is made if it is not there. Anything else is wrong use."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(f"{path} is not empty: name a new or empty folder")
    except OSError as error:
        raise UsageError(f"{path} cannot be used as a folder: {error.strerror}") from None
    return path


def _fit(detail: str, width: int) -> str:
    return printable(detail, width - 1) if width else detail
