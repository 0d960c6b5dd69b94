"""A diagnosis as a card: one set of rows, shown as HTML, Markdown or terminal text."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sestools.core.text import printable

if TYPE_CHECKING:
    from sestools.diagnosis.result import Diagnosis

RETRY = {
    "not needed": "not needed",
    "no": "no: the same attempt fails again; change something first",
    "soon": "yes: after 5 s, 10 s, 30 s; if the third retry fails, wait 20 minutes and begin again",
    "new connection": "yes, at once, on a new connection",
    "slower": "yes, more slowly: lower the rate and wait longer after each failure, with random jitter",
    "hours": "yes, but only time helps: hours, not seconds",
    "unknown fate": "your choice: the message may have been accepted, so a retry can duplicate it",
}
"""What to tell a person about trying again, by the value of `Retry`."""

RETRY_IN_SHORT = {
    "not needed": "not needed",
    "no": "change something first",
    "soon": "after 5, 10, 30 s",
    "new connection": "on a new connection",
    "slower": "more slowly",
    "hours": "after hours",
    "unknown fate": "may duplicate",
}
"""The same in a few words, for tables and pictures."""

COLOURS = {"ok": "#1a7f37", "notice": "#9a6700", "problem": "#b8400b", "unclear": "#57606a"}
"""Edge of a card by the value of `Level`; each card also says its level in words."""

Row = tuple[str, tuple[str, ...]]

SAME_WITH, ARROW = "Same with", "→ "
"""Label of the row of command lines; what begins with an arrow says how to read the one before it."""


def rows(diagnosis: Diagnosis, more: Sequence[Row] = ()) -> list[Row]:
    """The labelled sentences of a card, in the order in which they are read. Empty rows are left out."""
    cause = diagnosis.cause
    todo = cause.retry != "not needed"
    found: list[Row] = [
        ("What", (cause.meaning,)),
        ("Evidence", diagnosis.evidence),
        ("Ruled out", diagnosis.ruled_out),
        ("Do", cause.fix),
        ("Who", (", ".join(cause.who),) if todo else ()),
        ("Retry", (RETRY[diagnosis.retry],) if todo else ()),
        ("Or else", tuple(f"{other.title} [{other.id}]" for other in diagnosis.candidates[1:4])),
        *more,
        ("Unsure", (cause.note,) if cause.note else ()),
        ("Source", (cause.source,)),
    ]
    return [(label, tuple(printable(text, 700) for text in texts)) for label, texts in found if texts]


def as_text(diagnosis: Diagnosis, more: Sequence[Row] = ()) -> str:
    """The card as plain lines."""
    lines = [f"{diagnosis.cause.title} [{diagnosis.cause.mark}]"]
    for label, texts in rows(diagnosis, more):
        for index, text in enumerate(texts):
            lines.append(f"  {label if index == 0 else '':<10}{text}")
    return "\n".join(lines)


def as_markdown(diagnosis: Diagnosis, more: Sequence[Row] = ()) -> str:
    """The card as Markdown; a stranger's text cannot break out of it."""
    cause = diagnosis.cause
    lines = [f"**{markdown_text(cause.title)}** ({cause.mark}, `{cause.id}`)", ""]
    for label, texts in rows(diagnosis, more):
        shown = [_command(text) if label == SAME_WITH else markdown_text(text) for text in texts]
        if len(shown) == 1:
            lines.append(f"- **{label}**: {shown[0]}")
        else:
            lines.append(f"- **{label}**:")
            lines += [f"  - {text}" for text in shown]
    return "\n".join(lines)


def as_html(diagnosis: Diagnosis, level: str | None = None, more: Sequence[Row] = ()) -> str:
    """The card as HTML, escaped, styled inline so that it looks the same wherever a notebook is shown."""
    cause = diagnosis.cause
    body = "".join(
        f'<div style="display:flex;gap:12px;margin:3px 0"><div style="flex:0 0 86px;opacity:.7">{label}</div>'
        f'<div style="overflow-wrap:anywhere">{"<br>".join(html_text(text) for text in texts)}</div></div>'
        for label, texts in rows(diagnosis, more)
    )
    words = f"{level} · {cause.mark}" if level else cause.mark
    return (
        f'<div style="border:1px solid #8886;border-left:5px solid {COLOURS[level or "unclear"]};border-radius:6px;'
        'padding:10px 16px;margin:6px 0;line-height:1.45;max-width:62em">'
        f'<div style="font-size:1.2em;font-weight:600;margin-bottom:6px">{html_text(cause.title)} '
        f'<span style="font-size:.7em;font-weight:400;border:1px solid #8888;border-radius:9px;padding:1px 8px">'
        f"{words}</span></div>{body}</div>"
    )


_LINK = re.compile(r"https://[A-Za-z0-9:/._~%?&=#@+-]+")


def html_text(text: str) -> str:
    """A stranger's text for HTML; an address of the web becomes a link."""
    safe = html.escape(text)
    if _LINK.fullmatch(text):
        return f'<a href="{safe}" target="_blank" rel="noopener">{safe}</a>'
    return safe


_SPECIAL = str.maketrans({char: "\\" + char for char in "\\`*_[]<>|#"})


def markdown_text(text: str) -> str:
    """A stranger's text for Markdown: shown, never obeyed."""
    return text if _LINK.fullmatch(text) else printable(text, 700).translate(_SPECIAL)


def _command(text: str) -> str:
    """A command line as a code span, so that it can be copied as it is; how to read it is text."""
    if text.startswith(ARROW):
        return markdown_text(text)
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    blank = " " if "`" in text else ""
    return f"{fence}{blank}{text}{blank}{fence}"
