"""Every known reply in one table, and a field that filters it as you type."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import urlsplit

from ipywidgets import HTML, Layout, Text, VBox  # type: ignore[import-untyped]

from sestools.core.text import printable
from sestools.knowledge.client_output import KnownReply, known_replies
from sestools.widgets.style import CELL, ROW, STYLE, TABLE

_COLUMNS = {
    "Reply": "width:36%",
    "Stage": "",
    "What it means": "width:28%",
    "Retry": "",
    "How sure": "",
    "Source": "",
}
_SITES = {
    "docs.aws.amazon.com": "AWS",
    "aws.amazon.com": "AWS blog",
    "repost.aws": "AWS re:Post",
    "github.com": "GitHub",
}


class ReplyTable(VBox):  # type: ignore[misc]  # ipywidgets has no types
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
        super().__init__([HTML(STYLE), self._search, self._count, self._table])
        self.add_class("sestools-panel")
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
        self._count.value = f'<span role="status">{self._counted()}</span>'
        # What is announced is the count; the table scrolls in itself, so that the page does not jump.
        self._table.value = (
            '<div role="region" aria-label="table of replies" tabindex="0" '
            f'style="max-height:34em;overflow:auto">{self._html()}</div>'
        )

    def _counted(self) -> str:
        return f"{len(self.rows)} of {len(known_replies())} replies"

    def _asked(self) -> str:
        """The same with what was searched for: where it is stored, the field is not seen."""
        words = printable(self._search.value.strip(), 80)
        return f"{self._counted()} with {words!r}" if words else self._counted()

    def _html(self) -> str:
        heads = "".join(
            f'<th scope="col" style="{CELL};border-top:0;{width}">{name}</th>'
            for name, width in _COLUMNS.items()
        )
        rows = "".join(map(_row, self.rows))
        return (
            f'<table style="{TABLE};font-size:13px">'
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        )

    def __repr__(self) -> str:
        lines = [
            f"  {reply.stage:<8}  {reply.cause.retry.short:<22}  {reply.cause.id:<26}  "
            f"{printable(reply.text, 70)}"
            for reply in self.rows
        ]
        return "\n".join([f"ReplyTable: {self._asked()}", *lines])

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = repr(self)
        bundle["text/html"] = (
            f'<div>{html.escape(self._asked())}</div><div style="max-height:34em;overflow:auto">{self._html()}</div>'
        )
        return bundle


def _cells(reply: KnownReply) -> tuple[str, ...]:
    """What is written in a row, and searched."""
    row = reply.cause
    return (reply.text, reply.stage, row.title, row.id, row.retry.short, reply.mark, row.source)


def _row(reply: KnownReply) -> str:
    text, stage, title, id, retry, mark, source = map(html.escape, _cells(reply))
    site = urlsplit(reply.cause.source).hostname or ""
    return (
        f'<tr style="{ROW}"><td style="{CELL}"><code style="overflow-wrap:anywhere;font-size:12px">{text}</code></td>'
        f'<td style="{CELL}">{stage}</td>'
        f'<td style="{CELL}">{title}<br><code style="opacity:.75;font-size:12px;padding:0">{id}</code></td>'
        f'<td style="{CELL}">{retry}</td><td style="{CELL}">{mark}</td>'
        f'<td style="{CELL}"><a href="{source}" target="_blank" rel="noopener">'
        f"{html.escape(_SITES.get(site, site))}</a></td></tr>"
    )
