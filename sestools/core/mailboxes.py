"""The addresses that a header field names, read alike by every Python.

The parser of the standard library has two ways to read them since 2024 (some systems brought the stricter one to
their older Python), and how deep it can go depends on the interpreter. Here it reads leniently, within bounds.
"""

from __future__ import annotations

import re
from email import utils
from typing import Any

LONGEST = 32 * 1024
"""A field that is longer than this is not read: it would hold everybody up."""
DEEPEST = 50
"""Comments within comments, and groups, that are read at most: the parser calls itself for each."""

_LENIENT: Any = {"strict": False} if getattr(utils, "supports_strict_parsing", False) else {}
_QUOTED = re.compile(r'\\.|"(?:\\.|[^"\\])*"|\[[^][]*\]', re.S)
_COMMENT = re.compile(r"\([^()]*\)")
_GROUP = re.compile(r"[^<>@,;:]*:")


def mailboxes(value: str) -> tuple[list[str], int] | None:
    """The addresses of a field without display names, and at how many places of its list there is anything.

    None if a quotation or a comment does not end, or if it nests or runs on beyond the bounds. If there are fewer
    addresses than places, or more different ones, the field does not say whom it names.
    """
    if len(value) > LONGEST:
        return None
    rest, comments, depth = _QUOTED.sub("", value), 1, 0
    while comments and depth < DEEPEST:
        rest, comments = _COMMENT.subn("", rest)
        depth += 1
    if re.search(r'["()]', rest) or rest.count(":") > DEEPEST:
        return None
    places = re.split("[,;]", _GROUP.sub("", rest))
    try:
        found = [address for _, address in utils.getaddresses([value], **_LENIENT) if address]
    except RecursionError:  # it takes more for a comment: what is in quotation marks there
        return None
    return found, sum(bool(place.strip()) for place in places)
