"""What a result says, as a value: a title, labelled sentences, tables, notes and code.

Results build a `Document`; `sestools.render` makes terminal text, Markdown and HTML of it. Whoever builds one
need not escape anything: every text is taken for a stranger's, and the renderers make it safe to show. In prose,
what stands between two backticks is code.
"""

from __future__ import annotations

from dataclasses import dataclass

from sestools.core.enums import Level


class Code(str):
    """A command, or a line of a file: shown as code, and never wrapped, so that it can be copied."""


class Link(str):
    """A web address: shown as a link where there are links, and never wrapped."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A label of one or two words, and its sentences, `Code` or `Link`, each on a line of its own."""

    label: str
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells, which are text.

    Attributes:
        right: Headings of columns whose cells are aligned at the right.
        levels: A level for each row, or nothing; it colours the cell under `coloured`.
        coloured: Heading of the column that shows the level of its row.
        narrow: Headings of columns that a narrow terminal leaves out, the first one first.
        bare: Whether the headings are left out on a terminal.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    coloured: str = ""
    narrow: tuple[str, ...] = ()
    bare: bool = False


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a result says.

    Attributes:
        title: One sentence; empty for a part that goes on from the one before it.
        labels: Short words beside the title, such as how sure it is and its id.
        notes: Sentences that are worth knowing, at the end.
        code: Lines of code or of a transcript.
        parts: Further documents, in order; they come before this one's tables and notes.
        folded: Whether it is shown folded where that is possible.
    """

    title: str = ""
    level: Level | None = None
    labels: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    parts: tuple[Document, ...] = ()
    folded: bool = False

    @property
    def about(self) -> tuple[str, ...]:
        """What stands beside the title: the level and the labels."""
        return (*([str(self.level)] if self.level else []), *self.labels)
