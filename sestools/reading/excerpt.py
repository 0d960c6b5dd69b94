"""What is looked at of a stranger's text: a bounded, cleaned, masked excerpt that remembers line numbers.

Pastes come with CRLF, escape sequences, HTML or JSON escapes, and by the megabyte. What follows reads only
the excerpt, so its cost does not grow with the paste.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import cached_property

from sestools.core.masking import mask_secrets
from sestools.core.text import lowered

LIMIT = 16_000
"""Characters of an excerpt. A longer paste is reduced to its telling lines."""
LONGEST = 4_000_000
"""Characters of a paste that are read at all; of more, the beginning and the end."""
MAX_LINE = 1_500
"""Characters of one line; a longer one is cut into pieces."""


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """The telling part of a text.

    Attributes:
        text: Lines joined by a line feed.
        numbers: For each line its number in the original text, counted from 1.
    """

    text: str
    numbers: tuple[int, ...]

    @cached_property
    def low(self) -> str:
        """The text in lower case, letter for letter: searching it is several times as fast as ignoring case."""
        return lowered(self.text)

    def start(self, position: int) -> int:
        """Where the line that holds a position begins."""
        return self.text.rfind("\n", 0, position) + 1

    def line(self, position: int) -> str:
        """The line that holds a position."""
        return self.text[self.start(position) :].partition("\n")[0]

    def number(self, position: int) -> int:
        """The original number of the line that holds a position."""
        return self.numbers[self.text.count("\n", 0, position)]


# A line that names one of SES's sentences, or the beginning of one, is kept before all others.
_TELLING = (
    "throttling", "message rejected", "messagerejected", "access denied", "not authorized", "authentication",
    "transaction failed", "timeout waiting for data", "starttls", "address provided", "per session",
    "in one session", "concurrent", "service failure", "not subscribed", "too long", "not verified",
    "closing transmission", "wrong version number", "wrong_version", "certificate", "handshake",
)  # fmt: skip
_WORTH_A_LOOK = (
    "timed out", "timeout", "etimedout", "econn", "enotfound", "refused", "reset", "broken pipe", "closed",
    "eof", "unreachable", "denied", "not known", "no such host", "resol", "getaddrinfo", "ssl", "tls", "smtp",
    "failed", "error", "lost", "greeting",
)  # fmt: skip
_CONTROL = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b\x0e-\x1f\x7f\u200b-\u200f\u2028-\u202e\ufeff]"
)
_QUOTED = re.compile(r"^(?:> ?){1,9}(?=\w)")
_TYPOGRAPHY = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\xa0": " ", "\x0c": "\n"}
)
_VARIABLE = re.compile(r"[0-9a-f]*\d[0-9a-f]*", re.IGNORECASE)


def unwrapped(excerpt: Excerpt) -> Excerpt:
    """An excerpt on one line, for a terminal or mail program that broke lines inside words."""
    text = re.sub(r"=?\n", "", excerpt.text)
    return Excerpt(text=text, numbers=excerpt.numbers[:1])


_HITS = 300
"""Lines that are looked at for one telling word."""


def read(text: str | bytes | bytearray) -> Excerpt:
    """The excerpt of a text of any size and origin."""
    if not isinstance(text, str):
        text = text[:LONGEST].decode("utf-8", "replace")
    if len(text) > LONGEST:
        text = text[: LONGEST // 2] + "\n" + text[-LONGEST // 2 :]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    spans = [(0, len(text))] if len(text) <= LIMIT else _select(text)
    pieces: list[tuple[int, str]] = []
    number, end = 1, 0
    for start, stop in spans:
        number += text.count("\n", end, start)
        # Before lines are cut and cleaned, and after: either may hide a secret, or uncover it.
        for offset, line in enumerate(mask_secrets(text[start:stop]).split("\n")):
            for at in range(0, max(len(line), 1), MAX_LINE - 100):
                pieces += [(number + offset, part) for part in _clean(line[at : at + MAX_LINE]).split("\n")]
        number, end = number + text.count("\n", start, stop), stop
    return Excerpt(
        text=mask_secrets("\n".join(piece for _, piece in pieces)),
        numbers=tuple(number for number, _ in pieces),
    )


def _select(text: str) -> list[tuple[int, int]]:
    """Where the telling lines stand: each wording once, each with the line that follows it (replies wrap)."""
    low = text.lower()
    low = low if len(low) == len(text) else text  # a few letters become two
    picked, shapes, room = dict[int, int](), set[str](), LIMIT
    for word in (*_TELLING, *_WORTH_A_LOOK):
        at = looked = 0
        while room > 0 and looked < _HITS and (at := low.find(word, at)) >= 0:
            looked += 1
            start = max(low.rfind("\n", max(0, at - MAX_LINE // 2), at) + 1, at - MAX_LINE // 2, 0)
            end = _line_end(low, at)
            shape = _VARIABLE.sub("#", low[start : start + 200])
            if start not in picked and shape not in shapes:
                shapes.add(shape)
                picked[start] = _line_end(low, end + 1)
                room -= picked[start] - start
            at = end + 1
    return _merged(picked) or [(0, LIMIT // 4)]


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at, at + MAX_LINE)
    return min(at + MAX_LINE, len(text)) if end < 0 else end


def _merged(spans: dict[int, int]) -> list[tuple[int, int]]:
    """Spans in order, those that touch made one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans.items()):
        if found and start <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _clean(line: str) -> str:
    if not line:
        return ""
    if "%20" in line or "=20" in line:  # from a URL, or from a mail's source
        line = re.sub(r"(?:%|=)(2[0-9A-F]|3[A-F])", lambda found: chr(int(found[1], 16)), line)
    line = _QUOTED.sub("", _CONTROL.sub("", line)).translate(_TYPOGRAPHY)
    if "\\" in line:
        line = re.sub(r"\\u00([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), line)
        line = re.sub(r"(?:\\r)?\\n", "\n", line).replace("\\t", " ")
        line = re.sub(r"\\+([\"'`/])", r"\1", line)
    if "&" in line:
        line = html.unescape(line).replace("\xa0", " ")
    return _unframe(line)


# Clients that say the code elsewhere than in front of the words, or in words of their own.
_DOT_NET: dict[str, int | None] = {
    "service not available, closing transmission channel": 421,
    "error in processing": 451,
    "insufficient system storage": 452,
    # Also its name for a code that it has no name for, such as SES's 454 and 535.
    "syntax error, command unrecognized": None,
    "syntax error in parameters or arguments": 501,
    "command not implemented": 502,
    "bad sequence of commands": 503,
    "command parameter not implemented": 504,
    "the smtp server requires a secure connection or the client was not authenticated": 530,
    "mailbox unavailable": 550,
    "exceeded storage allocation": 552,
    "mailbox name not allowed": 553,
    "transaction failed": 554,
}

_RESPONSE_WAS = re.compile(
    r"\.? ?(?:server response was|Serverantwort war|respuesta del servidor fue|réponse du serveur était) ?: *",
    re.IGNORECASE,
)
_DETAIL = re.compile(
    r"Detail: (.{1,600}?) SMTP code: (\d{3})(?: Additional SMTP info: ([245]\.\d{1,3}\.\d{1,3}))?",
    re.IGNORECASE,
)


def _unframe(line: str) -> str:
    """A line with the reply as the server wrote it, where a client says the code in its own words or later."""
    if found := _RESPONSE_WAS.search(line):
        before, after = line[: found.start()].removesuffix(". The"), line[found.end() :]
        name = next((name for name in _DOT_NET if before.lower().endswith(name)), "")
        code = None if re.match(r"[2-5]\d\d[ -]", after) else _DOT_NET.get(name)
        line = f"{before[: len(before) - len(name)]}: {f'{code} ' if code else ''}{after}"
    return _DETAIL.sub(lambda was: f": {was[2]} {was[3] + ' ' if was[3] else ''}{was[1]}", line)
