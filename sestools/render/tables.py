"""Rows of cells as text and as HTML, for results that a notebook shows."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence

Rows = Sequence[Sequence[str]]


def as_text(headings: Sequence[str], rows: Rows, right: Collection[str] = ()) -> str:
    """Aligned columns. `right` names the columns whose cells stand at the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(headings, row, widths, strict=True)
        ).rstrip()
        for row in (headings, *rows)
    )


def as_html(headings: Sequence[str], rows: Rows, right: Collection[str] = ()) -> str:
    """A table for a web page, cells escaped."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(
            f'<{tag} style="text-align:{"right" if name in right else "left"};vertical-align:top;'
            f'padding:2px 14px 2px 0">{html.escape(cell)}</{tag.split()[0]}>'
            for name, cell in zip(headings, cells, strict=True)
        )

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return (
        f'<table style="border-collapse:collapse;font-size:13px"><thead><tr>{line(headings, "th")}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
