"""Sentences as pieces (words, code, links), and a document as plain text: what `str` of a result gives."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sestools.core.document import Code, Document, Link, Table
from sestools.core.text import printable

MAX_TEXT = 700
"""Characters of one sentence that are shown; code and links are shown whole, up to `MAX_CODE`."""
MAX_CODE = 4000

_PIECES = re.compile(r"`([^`]+)`")
_WEB = re.compile(r"https://[A-Za-z0-9:/._~%?&=#@+-]+")


def pieces(text: str) -> Iterator[str]:
    """The pieces of a sentence in order, safe for a terminal: `Code`, `Link`, or words as plain `str`."""
    if isinstance(text, Code):
        yield Code(printable(text, MAX_CODE))
    elif isinstance(text, Link) and _WEB.fullmatch(text):
        yield text
    else:
        for index, piece in enumerate(_PIECES.split(printable(text, MAX_TEXT))):
            if piece:
                yield Code(piece) if index % 2 else piece


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
    yield from map(_joined, document.lead)
    for field in document.fields:
        for index, text in enumerate(field.texts):
            yield f"  {field.label if index == 0 else '':<9} {_joined(text)}"
    for part in document.parts:
        yield from _lines(part)
    yield from map(table_as_text, document.tables)
    yield from map(_joined, document.notes)
    yield from map(printable, document.code)


def _joined(text: str) -> str:
    return "".join(pieces(text))
