"""What `sestools allowlist` prints on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sestools.allowlist.watches import WARNING
from sestools.cli.terminal import STYLES, console
from sestools.core.enums import Level
from sestools.core.text import printable

if TYPE_CHECKING:
    from sestools.allowlist.comparison import Comparison
    from sestools.allowlist.rules import Advice
    from sestools.allowlist.watches import Watch

MOST_ROWS = 60
"""Rows of a table that are shown; JSON has them all."""


def print_allowlist(stream: TextIO, watched: Watch, found: Comparison | None, advice: Advice) -> None:
    """The list compared, what was answered, and the rules that work."""
    out = console(stream)
    if found:
        out.print(Text(printable(found.summary, 1000), style=STYLES[Level.OK if found.ok else Level.PROBLEM]))
        out.print()
        _print_table(out, *found.table(), style=_style)
        _print_notes(out, found.notes)
    good = Level.OK if watched.addresses else Level.PROBLEM
    out.print(Text(watched.host, style="bold"))
    out.print(Text(watched.summary, style="" if good is Level.OK else STYLES[good]))
    if watched.addresses:
        asked = ", ".join(f"{one.resolver} ({one.answers} answers)" for one in watched.resolvers)
        out.print(Text(f"Asked: {asked}"))
        out.print(Text(watched.dated))
        out.print(Text(WARNING, style=STYLES[Level.NOTICE]))
        out.print()
        _print_table(out, *watched.table())
    _print_notes(out, watched.notes)
    _print_advice(out, advice)


def _style(cells: Sequence[str]) -> str:
    good = cells[1] in ("answered", "covers the endpoint") or cells[1].endswith(" answered")
    return STYLES[Level.OK if good else Level.PROBLEM]


def _print_table(
    out: Console, headings: Sequence[str], rows: Sequence[Sequence[str]], style: object = None
) -> None:
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in headings:
        grid.add_column(name, overflow="fold")
    for cells in rows[:MOST_ROWS]:
        look = style(cells) if callable(style) else ""
        grid.add_row(*(Text(cell, style=look if number == 1 else "") for number, cell in enumerate(cells)))
    out.print(grid)
    if len(rows) > MOST_ROWS:
        out.print(Text(f"and {len(rows) - MOST_ROWS} more: --json has them all"))
    out.print()


def _print_notes(out: Console, notes: Sequence[str]) -> None:
    for note in notes:
        out.print(Text(f"Note: {printable(note, 500)}"))
    if notes:
        out.print()


def _print_advice(out: Console, advice: Advice) -> None:
    out.print(Text(f"How to allow {advice.host}", style="bold"))
    for number, rule in enumerate(advice.rules, 1):
        title = Text(f"{number}. {rule.title}")
        title.append(f"  [{rule.mark}]", style="dim")
        out.print(title)
        body = Text("\n".join(rule.lines))
        body.append(f"\n{rule.source}", style="dim")
        out.print(Padding(body, (0, 0, 0, 3), expand=False))
    for trap in advice.traps:
        out.print(Text("Trap: ", style=STYLES[Level.NOTICE]).append(trap, style="default"))
