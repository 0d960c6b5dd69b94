"""Reports and diagnoses on a terminal. Whatever a server said is shown as text, never obeyed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sestools.checkup.report import HEADINGS, Report, headline, same_with, table, where_from
from sestools.core.enums import Level, Outcome
from sestools.core.results import ProbeResult
from sestools.core.text import duration, printable
from sestools.diagnosis import cards
from sestools.diagnosis.result import Diagnosis

if TYPE_CHECKING:
    from sestools.checkup.sweep_result import Sweep
    from sestools.lifetime.advice import Advice
    from sestools.sending.mail import Account, Entry

STYLES = {Level.OK: "green", Level.NOTICE: "yellow", Level.PROBLEM: "bold red", Level.UNCLEAR: "magenta"}
MARKS = {Level.OK: "ok", Level.NOTICE: "notice", Level.PROBLEM: "problem", Level.UNCLEAR: "unclear"}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the error through, for the exit code; rich would end with 1, which means a problem here."""
        raise


def console(stream: TextIO) -> Console:
    """A console that obeys NO_COLOR, and does not squeeze a file or pipe into 80 columns."""
    width = None if stream.isatty() else 120
    # rich's own NO_COLOR keeps bold and dim; who sets it wants no escape codes.
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return _Console(
        file=stream, color_system=colours, highlight=False, markup=False, emoji=False, width=width
    )


def print_report(out: Console, report: Report, *, simulated: bool = False) -> None:
    """The table of ports, then the verdict and whatever else was found."""
    out.print(Text(headline(report)))
    if report.context:
        out.print(Text(where_from(report)))
    out.print()
    if report.ports:
        out.print(_port_table(report, out.width))
        out.print()
    for index, finding in enumerate(report.findings):
        more = same_with(report, real=simulated) if index == 0 and finding.level is not Level.OK else ()
        print_diagnosis(out, finding.diagnosis, finding.level, more)
        out.print()
    for note in report.notes:
        out.print(Text(f"Note: {note}"))
    for left_out in report.not_checked:
        out.print(Text(f"Not checked: {left_out}"))


def _port_table(report: Report, width: int) -> Table:
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    columns = dict(zip(HEADINGS, zip(*table(report), strict=True), strict=True))
    widths = {name: max(map(len, (name, *cells))) + 2 for name, cells in columns.items()}
    widths["result"] = min(widths["result"], 24)  # a long one is wrapped
    # On a narrow terminal the port and the result stay; the mode and the times go first.
    for name in ("mode", "greeting", "connect", "TLS", "sign-in"):
        if sum(widths.values()) > width:
            del columns[name], widths[name]
    for name in columns:
        last = name == "result"
        grid.add_column(
            name, justify="right" if name == "port" else "left", no_wrap=not last, overflow="fold"
        )
    for index, check in enumerate(report.ports):
        well = Level.OK if check.ready else Level.NOTICE if check.dialogue.ok else Level.PROBLEM
        *cells, result = (Text(column[index]) for column in columns.values())
        result.stylize(STYLES[well])
        grid.add_row(*cells, result)
    return grid


def print_mtu(out: Console, result: ProbeResult, diagnosis: Diagnosis) -> None:
    """Each connection of `probe_mtu`, then the card."""
    facts = result.facts
    if facts.route:
        route = facts.route
        jumbo = ", jumbo frames: no path over the internet carries them" if facts.jumbo else ""
        out.print(Text(f"{result.target.host}  by {route.interface}, MTU {route.interface_mtu}{jumbo}"))
        out.print()
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("large segments", "clamped to", "what became of them", "after", "sent again", "path MTU"):
        grid.add_column(
            name, justify="left" if name in ("large segments", "what became of them") else "right"
        )
    for trial in facts.trials:
        style = STYLES[Level.PROBLEM if trial.stalled else Level.OK]
        grid.add_row(
            trial.way,
            str(trial.clamp or "-"),
            Text(trial.flight, style=style),
            duration(trial.seconds),
            str(trial.retransmits),
            str(trial.path_mtu or "-"),
        )
    if facts.trials:
        out.print(grid)
        out.print()
    if facts.lost_small:
        out.print(
            Text(f"Note: {facts.lost_small:.0%} of the small packets had to be sent again: loss, not size")
        )
        out.print()
    if result.reason:
        out.print(Text(f"Not run: {result.reason}"))
    else:
        level = Level.OK if result.ok and diagnosis.cause.retry == "not needed" else Level.PROBLEM
        print_diagnosis(
            out, diagnosis, Level.NOTICE if facts.narrowed or (facts.jumbo and result.ok) else level
        )


def print_diagnosis(
    out: Console, diagnosis: Diagnosis, level: Level | None = None, more: Sequence[cards.Row] = ()
) -> None:
    """The card."""
    cause = diagnosis.cause
    title = Text(cause.title, style=STYLES[level] if level else "bold")
    title.append(f"  [{f'{MARKS[level]}, ' if level else ''}{cause.mark}]  {cause.id}", style="not bold dim")
    out.print(title)
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(style="dim", min_width=9)
    grid.add_column(overflow="fold")
    for label, texts in cards.rows(diagnosis, more):
        for index, text in enumerate(texts):
            grid.add_row(label if index == 0 else "", Text(text))
    out.print(Padding(grid, (0, 0, 0, 2)))


def print_sweep(out: Console, sweep: Sweep) -> None:
    """One line a target, however many there are, then the sentence; JSON has what is cut off or left out."""
    headings, rows = sweep.table()
    # "What" says how it ended; the times need a wide terminal.
    shown = [
        index
        for index, name in enumerate(headings)
        if name != "outcome" and (out.width >= 100 or not name.endswith(" ms"))
    ]
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    left = out.width
    for index in shown[:-1]:
        name = headings[index]
        right = name == "port" or name.endswith(" ms")
        widest = max(len(part) for part in (*name.split(), *(cells[index] for cells in rows)))
        left -= widest + 2
        grid.add_column(
            name.replace(" ", "\n"),
            justify="right" if right else "left",
            min_width=min(widest, 40),
            overflow="fold",
        )
    grid.add_column(headings[-1])
    for row, cells in zip(sweep.rows, rows, strict=True):
        level = Level.OK if row.outcome is Outcome.OK else Level.PROBLEM
        style = STYLES[Level.UNCLEAR if row.outcome is Outcome.NOT_RUN else level]
        what = printable(cells[-1], max(left - 3, 20))
        grid.add_row(*(Text(cells[index]) for index in shown[:-1]), Text(what, style=style))
    out.print(grid)
    out.print()
    out.print(Text(sweep.summary))


def print_lifetime(out: Console, result: ProbeResult, advice: Advice | None) -> None:
    """What was seen, then the advice with its reasons."""
    out.print(Text(str(result.target)))
    for line in result.facts.lines:
        out.print(Text(f"  {line}"))
    if result.symptom:
        out.print(Text(f"could not be measured: {result.symptom}", style=STYLES[Level.PROBLEM]))
    if advice is None:
        return
    out.print()
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("change after", "", "why"):
        grid.add_column(name, no_wrap=name != "why", overflow="fold")
    for name, value, why in advice.rows:
        grid.add_row(Text(name), Text(value, style="bold"), Text(why))
    out.print(grid)
    out.print()
    out.print(Text(advice.summary))


def entry_line(out: Console, entry: Entry, width: int) -> str:
    """One line: a message, its fate, what there is to say about it."""
    style = STYLES[Level.OK if entry.fate == "sent" and not entry.refused else Level.PROBLEM]
    name = printable(entry.mail.name, 60)
    with out.capture() as written:
        out.print(
            Text.assemble(f"{name:<{width}}  ", (f"{entry.fate:<8}", style), f"  {_story(entry)}"),
            soft_wrap=True,
        )
    return written.get().rstrip()


def _story(entry: Entry) -> str:
    again = len(entry.attempts) > 1
    waited = sum(attempt.wait or 0.0 for attempt in entry.attempts)
    tried = [f"{len(entry.attempts)} attempts, {duration(waited)} waited"] if again else []
    return "; ".join([part for part in (entry.what, *tried) if part])


def account_text(out: Console, account: Account) -> str:
    """The sentence, and the card of each thing that stood in the way."""
    failed = [entry.diagnosis for entry in account.entries if entry.diagnosis]
    failed += [diagnosis for entry in account.entries for diagnosis in entry.refused.values()]
    with out.capture() as written:
        out.print()
        out.print(Text(account.summary))
        for diagnosis in {found.cause.id: found for found in failed}.values():
            out.print()
            print_diagnosis(out, diagnosis, Level.PROBLEM)
    return written.get().rstrip("\n")
