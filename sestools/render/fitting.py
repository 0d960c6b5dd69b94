"""Sentences on lines of a width: a command or a web address in them is never broken."""

from __future__ import annotations

import re
import textwrap

from sestools.core.document import Code, Link
from sestools.core.text import printable
from sestools.render.text import pieces

_WORDS = re.compile(r"(?:`[^`]+`|\S)+")
_BLANK = "\0"
"""Stands for a blank within a command; no shown text holds it."""


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a sentence; at least one."""
    shown = [piece.replace(" ", _BLANK) if isinstance(piece, Code) else piece for piece in pieces(text)]
    if isinstance(text, Code | Link):
        return ["".join(shown).replace(_BLANK, " ")]
    lines: list[str] = []
    for line in textwrap.wrap("".join(shown), width, break_on_hyphens=False, break_long_words=False):
        whole = len(line) <= width or _BLANK in line or "://" in line
        lines += [line.replace(_BLANK, " ")] if whole else textwrap.wrap(line, width, break_on_hyphens=False)
    return lines or [""]


def shortened(text: str, width: int, lines: int) -> str:
    """A sentence that fits into so many lines of a width: its first words, and an ellipsis where some are left out."""

    def fits(some: str) -> bool:
        rows = wrapped(some, width)
        return len(rows) <= lines and max(map(len, rows)) <= width

    text = text[: 4 * width * lines]
    if fits(text):
        return text
    words = _WORDS.findall(text)
    tries = (" ".join(words[:count]).rstrip(",;:(") + " …" for count in range(len(words) - 1, 0, -1))
    return next(filter(fits, tries), printable(text.replace("`", ""), width * lines - 1))
