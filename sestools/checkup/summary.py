"""The first screen: the verdict, what to do, who, why, a row for each port, and what was not tested."""

from __future__ import annotations

from collections.abc import Sequence

from sestools.checkup.findings import Finding
from sestools.checkup.port_rows import ports_in_short
from sestools.checkup.report import Report
from sestools.checkup.untested import again
from sestools.core.document import Code, Document, Field, Table
from sestools.render.fitting import shortened, wrapped
from sestools.render.terminal import INDENT

WIDTH, LINES = 80, 15
"""Columns and lines of a first screen."""


def first_screen(report: Report) -> Document:
    """What `check` found, in at most 15 lines of 80 columns."""
    table = ports_in_short(report.ports, report.session)
    names = ", ".join(one.what for one in report.untested)
    if not any(check.dialogue.steps and not check.is_shut for check in report.ports):
        tried = any(check.dialogue.steps for check in report.ports)
        return card(report.findings, table if tried else None, [f"Not tested, no connection: {names}."])
    line = again([check.dialogue.target for check in report.ports], report.simulated)
    signs_in = "" if report.simulated is not None else " --user AKIA..."
    return card(
        report.findings,
        table,
        [f"Not tested: {names}.", Code(f"  sestools doctor {line}{signs_in} --from you@...")],
    )


def card(findings: Sequence[Finding], table: Table | None, notes: Sequence[str] = ()) -> Document:
    """A verdict in a few lines (title, fix, who, and why), a table, and notes, which are a line each."""
    lead, *others = findings
    cause = lead.diagnosis.cause
    title = shortened(cause.title, WIDTH, 1)
    tagged = 1 + (len(f"{title}  [{lead.level}, {cause.id}]") > WIDTH)
    who = f"{', '.join(cause.who)}; more: `sestools explain {cause.id}`" if cause.fails else ""
    also = [f"{one.diagnosis.cause.title} [{one.diagnosis.cause.id}]" for one in others]
    if len(also) > 1:
        also = [f"{len(also)} more findings: -v shows them"]
    width = WIDTH - INDENT
    rows = len(table.rows) + (not table.bare) + 1 if table else 0  # an empty line follows
    room = LINES - rows - tagged - bool(who) - len(also) - len(notes)
    fix = shortened(cause.fix[0], width, max(1, min(2, room - 1)))
    room -= len(wrapped(fix, width))
    why: list[str] = []
    for text in lead.diagnosis.evidence if cause.fails else ():
        if room > 0:
            why.append(shortened(text, width, min(2, room)))
            room -= len(wrapped(why[-1], width))
    fields = (
        Field(label="Fix" if cause.fails else "Next", texts=(fix,)),
        Field(label="Who", texts=(who,) if who else ()),
        Field(label="Why", texts=tuple(why)),
        Field(label="Also", texts=tuple(shortened(text, width, 1) for text in also)),
    )
    return Document(
        title=title,
        level=lead.level,
        labels=(cause.id,),
        fields=tuple(field for field in fields if field.texts),
        tables=(table,) if table else (),
        notes=tuple(shortened(text, WIDTH, 1) if not isinstance(text, Code) else text for text in notes),
    )
