"""A document as Markdown, for tickets: a stranger's text is shown, and never obeyed.

GitHub and GitLab turn `@name`, `#12`, addresses and URLs into mentions and links wherever they stand in prose, also
behind a backslash; in code they do not. So such a word is shown as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sestools.core.document import Code, Document, Link, Table
from sestools.render.text import pieces


def as_markdown(document: Document) -> str:
    """The document as Markdown, ending with a line end."""
    return "\n".join(_lines(document)).strip("\n") + "\n"


_SPECIAL = re.compile(r"[\\`*\[\]<>|&]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown obeys in prose; an underscore within a word is none of it."""
_OBEYED = re.compile(r"@|://|www\.|[#!$%&~^]\w|\b[0-9a-f]{7,40}\b|\w[#!]\d", re.IGNORECASE)
"""What GitHub or GitLab makes a mention, a reference or a link of, somewhere in a word."""
_LIST = re.compile(r"^(\s*)(?:([-+=>#~:]+)|(\d+)([.)]))(?=\s|$)")
"""What begins a list, a quotation or a heading at the start of a line."""


def _inline(text: str) -> str:
    """A sentence as Markdown on one line."""
    text = "".join(map(_piece, pieces(text))).strip()
    return _LIST.sub(lambda at: f"{at[1]}\\{at[2]}" if at[2] else f"{at[1]}{at[3]}\\{at[4]}", text)


def _piece(piece: str) -> str:
    if isinstance(piece, Link):
        return f"<{piece}>"
    if isinstance(piece, Code):
        return _code(piece)
    words = re.split(r"(\s+)", piece)
    return "".join(_code(word) if _OBEYED.search(word) else _SPECIAL.sub(r"\\\g<0>", word) for word in words)


def _code(text: str) -> str:
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _lines(document: Document) -> Iterator[str]:
    if document.folded:
        title = re.sub(r"[^\w .,:-]", "?", document.title)
        yield from ("", f"<details><summary>{title}</summary>", "")
    elif document.title:
        about = ", ".join(map(_inline, document.about))
        title = _inline(document.title)
        yield ""
        yield (f"## {title}" if document.parts else f"**{title}**") + (f" ({about})" if about else "")
    if document.lead:
        yield from ("", *map(_inline, document.lead))
    if document.fields:
        yield ""
    for field in document.fields:
        texts = [_inline(text) for text in field.texts]
        single = len(texts) == 1
        yield f"- **{field.label}**:" + (f" {texts[0]}" if single else "")
        yield from (f"  - {text}" for text in texts if not single)
    for part in document.parts:
        yield from _lines(part)
    for table in document.tables:
        yield from ("", *_table(table))
    if document.notes:
        yield from ("", *(f"- {_inline(text)}" for text in document.notes))
    if document.code:
        yield from ("", *(f"    {line}" for text in document.code for line in pieces(Code(text))), "")
    if document.folded:
        yield "</details>"


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(map(_inline, table.headings))} |"
    yield f"|{'|'.join(' ---: ' if name in table.right else ' --- ' for name in table.headings)}|"
    for row in table.rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    """In a table a bar ends the cell, even inside code."""
    return re.sub(r"(?<!\\)\|", r"\\|", _inline(text))
