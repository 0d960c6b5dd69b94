"""Sentences as pieces: words, code between backticks, links."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sestools.core.document import Code, Link
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


def whole(text: str) -> bool:
    """Whether a text must not be wrapped: a command or a web address."""
    return isinstance(text, Code | Link)
