"""A document on a terminal, by rich. Whatever a server said is shown as text, and never obeyed.

Commands and web addresses are neither wrapped nor padded: what is printed can be copied into a shell.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Any, Literal, TextIO

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from sestools.core.document import Document, Table
from sestools.core.enums import Level
from sestools.core.text import printable
from sestools.render.fitting import wrapped

STYLES = {Level.OK: "green", Level.NOTICE: "yellow", Level.PROBLEM: "bold red", Level.UNCLEAR: "magenta"}
INDENT = 12
"""Columns before the sentences of a card."""
MAX_ROWS = 60
"""Rows of a table that are shown; JSON has them all."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Let the error through, for the exit code; rich would end with 1, which means a problem here."""
        raise


def console(stream: TextIO) -> Console:
    """A console that obeys NO_COLOR; a pipe gets the width of COLUMNS or of the terminal, a file 120 columns."""
    width = None if stream.isatty() else _terminal_width() or 120
    # rich's own NO_COLOR keeps bold and dim; who sets it wants no escape codes.
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    look: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
    return _Console(file=stream, color_system=colours, width=width, **look)


def _terminal_width() -> int | None:
    """The width that COLUMNS says, or that of the terminal that some other stream is."""
    if (said := os.environ.get("COLUMNS", "")).isdigit() and int(said) > 0:
        return int(said)
    for number in (2, 0):
        with contextlib.suppress(OSError):
            return os.get_terminal_size(number).columns or None
    return None


def show(out: Console, document: Document) -> None:
    """Print a document; folded parts are left out."""
    if document.title:
        title = Text(printable(document.title), style=STYLES[document.level] if document.level else "bold")
        about = f"[{printable(', '.join(document.about))}]" if document.about else ""
        if len(title) + 2 + len(about) <= out.width:
            title.append(f"  {about}" if about else "", style="not bold dim")
            about = ""
        out.print(title)
        if about:
            out.print(Text(f"  {about}", style="dim"))
    for text in document.lead:
        _sentence(out, text)
    for field in document.fields:
        for index, text in enumerate(field.texts):
            _sentence(out, text, f"  {field.label if index == 0 else '':<{INDENT - 3}} ", "dim")
    shown = [part for part in document.parts if not part.folded]
    for index, part in enumerate(shown):
        if index:
            out.print()
        show(out, part)
    follows = bool(document.notes or document.code)
    if shown and (document.tables or follows):
        out.print()
    for index, table in enumerate(document.tables):
        _table(out, table)
        if follows or index + 1 < len(document.tables):
            out.print()
    for text in document.notes:
        _sentence(out, text)
    for line in document.code:
        out.print(Text(printable(line)), soft_wrap=True)


def _sentence(out: Console, text: str, label: str = "", style: str = "") -> None:
    """One sentence after its label, wrapped under itself; a command or address on one line, however long."""
    for line in wrapped(text, max(20, out.width - len(label))):
        out.print(Text(label, style=style).append(line, style="not dim"), soft_wrap=True)
        label = " " * len(label)


def _table(out: Console, table: Table) -> None:
    kept = _columns(table, out.width)
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim", show_header=not table.bare)
    for index in kept:
        name = table.headings[index]
        grid.add_column(name, justify="right" if name in table.right else "left", overflow="fold",
                        no_wrap=index != kept[-1])  # fmt: skip
    for number, row in enumerate(table.rows[:MAX_ROWS]):
        style = STYLES[table.levels[number]] if table.levels else ""
        grid.add_row(*(
            Text(printable(row[index]), style=style if table.headings[index] == table.coloured else "")
            for index in kept
        ))  # fmt: skip
    for segments in out.render_lines(grid, pad=False):
        line = Text.assemble(*((segment.text, segment.style or "") for segment in segments))
        line.rstrip()
        out.print(line, soft_wrap=True)
    if len(table.rows) > MAX_ROWS:
        out.print(Text(f"and {len(table.rows) - MAX_ROWS} more: --json has them all"))


def _columns(table: Table, width: int) -> Sequence[int]:
    """The columns that fit, by number: those of `table.narrow` go first."""
    widths = {cells[0]: max(map(len, cells)) + 2 for cells in zip(table.headings, *table.rows, strict=True)}
    if widths:
        last = table.headings[-1]
        widths[last] = min(widths[last], 24)  # a long one is wrapped
    for name in table.narrow:
        if sum(widths.values()) > width:
            widths.pop(name, None)
    return [index for index, name in enumerate(table.headings) if name in widths]
