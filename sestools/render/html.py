"""A document as HTML. markupsafe escapes whatever is not said to be markup; styles are inline, so that it looks the
same wherever a notebook is shown, and colours come from the page, so that dark themes suit."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from sestools.core.document import Code, Document, Link, Table
from sestools.core.enums import Level
from sestools.core.text import printable
from sestools.render.text import pieces

COLOURS = {Level.OK: "#1a7f37", Level.NOTICE: "#9a6700", Level.PROBLEM: "#b8400b", Level.UNCLEAR: "#57606a"}
"""Edge of a card; each card also says its level in words."""

_CARD = Markup(
    '<div style="border:1px solid #8886;border-left:5px solid {};border-radius:6px;padding:10px 16px;margin:6px 0;'
    'line-height:1.45;max-width:62em;overflow-wrap:anywhere">{}</div>'
)
_TITLE = Markup('<div style="font-size:1.2em;font-weight:600;margin-bottom:6px">{} {}</div>')
_LABELS = Markup(
    '<span style="font-size:.7em;font-weight:400;border:1px solid #8888;border-radius:9px;padding:1px 8px">{}</span>'
)
_FIELD = Markup(
    '<div style="display:flex;gap:12px;margin:3px 0"><div style="flex:0 0 86px;opacity:.7">{}</div>'
    '<div style="overflow-wrap:anywhere;min-width:0">{}</div></div>'
)
_CODE = Markup("<code>{}</code>")
_LINE = Markup('<code style="white-space:pre;display:inline-block;max-width:100%;overflow-x:auto">{}</code>')
_LINK = Markup('<a href="{}" target="_blank" rel="noopener">{}</a>')
_TEXT = Markup('<div style="margin:2px 0">{}</div>')
_NOTE = Markup('<div style="margin:2px 0;opacity:.75">{}</div>')
_PRE = Markup('<pre style="overflow-x:auto;font-size:12px;line-height:1.35;margin:4px 0">{}</pre>')
_FOLDED = Markup("<details><summary>{}</summary>{}</details>")
_CELL = Markup('<{0} style="text-align:{1};vertical-align:top;padding:2px 14px 2px 0{2}">{3}</{0}>')
_TABLE = Markup(
    '<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:13px;margin:4px 0">'
    "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
)
_PAGE = Markup(
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    '<title>{}</title></head><body style="font-family:system-ui,sans-serif;margin:2em">\n{}\n</body></html>\n'
)


def as_html(document: Document) -> str:
    """The document as HTML, without any outside resource."""
    return str(_html(document))


def as_page(*documents: Document) -> str:
    """Documents as a page of their own, in the colours that the reader's browser prefers."""
    return str(_PAGE.format(printable(documents[0].title) or "sestools", _all(map(_html, documents))))


def table_as_html(table: Table) -> Markup:
    """A table, cells escaped."""
    body = _all(Markup("<tr>{}</tr>").format(_cells(table, row, "td")) for row in table.rows)
    return _TABLE.format(_cells(table, table.headings, "th"), body)


def _all(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _inline(text: str) -> Markup:
    return _LINE.format("".join(pieces(text))) if isinstance(text, Code) else _all(map(_piece, pieces(text)))


def _piece(piece: str) -> Markup:
    if isinstance(piece, Link):
        return _LINK.format(piece, piece)
    return _CODE.format(piece) if isinstance(piece, Code) else escape(piece)


def _cell(text: str) -> Markup:
    """As a sentence, but a link shows its host alone: a whole address breaks into many lines in a narrow column."""
    found = tuple(pieces(text))
    link = len(found) == 1 and isinstance(found[0], Link)
    return _LINK.format(found[0], urlsplit(found[0]).hostname) if link else _inline(text)


def _cells(table: Table, row: Iterable[str], tag: str) -> Markup:
    weight = ";font-weight:400;opacity:.7" if tag == "th" else ""
    return _all(
        _CELL.format(tag, "right" if name in table.right else "left", weight, _cell(cell))
        for name, cell in zip(table.headings, row, strict=True)
    )


def _html(document: Document) -> Markup:
    body = _all(
        (
            *(_TEXT.format(_inline(text)) for text in document.lead),
            *(
                _FIELD.format(field.label, Markup("<br>").join(map(_inline, field.texts)))
                for field in document.fields
            ),
            *map(_html, document.parts),
            *map(table_as_html, document.tables),
            *(_NOTE.format(_inline(text)) for text in document.notes),
            *([_PRE.format("\n".join(map(printable, document.code)))] if document.code else []),
        )
    )
    if document.folded:
        return _FOLDED.format(printable(document.title), body)
    if not document.title:
        return body
    words = " · ".join(map(printable, document.about))
    title = _TITLE.format(printable(document.title), _LABELS.format(words) if words else "")
    if document.parts:  # a heading over cards, no card around them
        return _all((title, body))
    return _CARD.format(COLOURS[document.level or Level.UNCLEAR], title + body)
