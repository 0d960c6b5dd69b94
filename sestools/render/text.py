"""A document as plain text: what `str` of a result gives, and what a notebook stores beside its HTML."""

from __future__ import annotations

from collections.abc import Iterator

from sestools.core.document import Document, Table
from sestools.core.text import printable
from sestools.render.inline import pieces


def as_text(document: Document) -> str:
    """Plain lines, never wrapped; code stands without backticks."""
    return "\n".join(_lines(document))


def table_as_text(table: Table) -> str:
    """Aligned columns."""
    rows = [table.headings, *(tuple(printable(cell) for cell in row) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if name in table.right else cell.ljust(width)
            for name, cell, width in zip(table.headings, row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _lines(document: Document) -> Iterator[str]:
    if document.title:
        about = ", ".join(document.about)
        yield printable(document.title) + (f" [{printable(about)}]" if about else "")
    for text in document.lead:
        yield _joined(text)
    for field in document.fields:
        for index, text in enumerate(field.texts):
            yield f"  {field.label if index == 0 else '':<9} {_joined(text)}"
    for part in document.parts:
        yield from _lines(part)
    for table in document.tables:
        yield table_as_text(table)
    for text in document.notes:
        yield _joined(text)
    yield from map(printable, document.code)


def _joined(text: str) -> str:
    return "".join(pieces(text))
