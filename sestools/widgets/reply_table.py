"""Every known reply in one table, and a field that filters it as you type."""

from __future__ import annotations

import html
from typing import Any

from ipywidgets import HTML, Layout, Text  # type: ignore[import-untyped]

from sestools.core.document import Link, Table
from sestools.core.text import printable
from sestools.knowledge.client_output import KnownReply, known_replies
from sestools.render.html import table_as_html
from sestools.widgets.view import View


class ReplyTable(View):
    """All replies that SES is documented, was seen, or is expected to give. Stored, it shows without a kernel.

    Args:
        search: Words that a reply must all have, in any of its columns; empty shows all.
    """

    def __init__(self, search: str = "") -> None:
        self._search = Text(
            description="Search",
            placeholder="454, quota, RCPT, seen, hours …",
            value=search,
            layout=Layout(width="24em"),
        )
        self._count, self._table = HTML(), HTML()
        super().__init__([self._search, self._count, self._table])
        self._search.observe(self._show, names="value")
        self._show()

    def search(self, words: str) -> ReplyTable:
        """Show the replies that have all of these words."""
        self._search.value = words
        return self

    @property
    def rows(self) -> tuple[KnownReply, ...]:
        """The replies that are shown."""
        words = self._search.value.lower().split()
        return tuple(
            reply
            for reply in known_replies()
            if all(word in " ".join(_cells(reply)).lower() for word in words)
        )

    def _show(self, _: Any = None) -> None:
        self._count.value = f'<span role="status">{self._counted()}</span>'  # what is announced
        self._table.value = self._html()

    def _counted(self) -> str:
        return f"{len(self.rows)} of {len(known_replies())} replies"

    def _asked(self) -> str:
        """The same with what was searched for: where it is stored, the field is not seen."""
        words = printable(self._search.value.strip(), 80)
        return f"{self._counted()} with {words!r}" if words else self._counted()

    def _html(self) -> str:
        """The table, which scrolls in itself so that the page does not jump."""
        headings = ("Reply", "Stage", "What it means", "Retry", "How sure", "Source")
        table = table_as_html(Table(headings=headings, rows=tuple(map(_cells, self.rows))))
        return (
            '<div role="region" aria-label="table of replies" tabindex="0" style="max-height:34em;overflow:auto">'
            f"{table}</div>"
        )

    def _stored(self) -> str:
        return f"<div>{html.escape(self._asked())}</div>{self._html()}"

    def __repr__(self) -> str:
        lines = [
            f"  {reply.stage:<8}  {reply.cause.retry.short:<22}  {reply.cause.id:<26}  "
            f"{printable(reply.text, 70)}"
            for reply in self.rows
        ]
        return "\n".join([f"ReplyTable: {self._asked()}", *lines])


def _cells(reply: KnownReply) -> tuple[str, ...]:
    """What is written in a row, and searched."""
    row = reply.cause
    title = f"{row.title} `{row.id}`"
    return (reply.text, reply.stage, title, row.retry.short, reply.mark, Link(row.source))
