"""The SMTP wire without a socket: reply reader, command bytes (RFC 5321, RFC 4954)."""

from __future__ import annotations

import re
from binascii import b2a_base64

from sestools.core.credentials import Credentials
from sestools.core.errors import UsageError
from sestools.core.results import Reply
from sestools.core.text import printable

MAX_LINE = 2048
"""Longest reply line that is read, in bytes. RFC 5321 allows 512; servers do exceed it a little."""
MAX_REPLY = 16 * 1024
"""Largest reply that is read, in bytes, and so the most that a hostile server can make us keep."""
ACCEPTED = range(200, 300)
"""Replies to a message that accept it: any that begins with 2 (RFC 5321, 4.2.1 and 4.3.2)."""


class Garbled(Exception):
    """What came is not an SMTP reply; `raw` holds its beginning."""

    def __init__(self, what: str, raw: bytes) -> None:
        self.what, self.raw = what, raw[:MAX_LINE]
        super().__init__(f"{what}: {printable(self.raw, 120)}")


_REPLY_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


class ReplyReader:
    """Bytes in, in pieces of any size, complete replies out. It keeps at most `MAX_REPLY` bytes of one."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lines: list[tuple[int, str]] = []
        self._raw = bytearray()

    @property
    def pending(self) -> bytes:
        """Bytes that have come and are not yet part of a returned reply."""
        return bytes(self._raw + self._buffer)

    def feed(self, data: bytes) -> None:
        """Take in what the server sent."""
        self._buffer += data

    def next(self) -> Reply | None:
        """The next complete reply, or None if more is needed. What is none, or too large, raises `Garbled`."""
        while (end := self._buffer.find(b"\n")) >= 0 or len(self._buffer) > MAX_LINE:
            if end < 0 or end > MAX_LINE:
                raise Garbled(f"a reply line longer than {MAX_LINE} bytes", bytes(self._buffer))
            line = bytes(self._buffer[: end + 1])
            del self._buffer[: end + 1]
            self._raw += line
            if len(self._raw) > MAX_REPLY:
                raise Garbled(f"a reply longer than {MAX_REPLY} bytes", bytes(self._raw))
            found = _REPLY_LINE.fullmatch(line.rstrip(b"\r\n"))
            if not found:
                raise Garbled("a line that is not an SMTP reply", line + self._buffer)
            code, separator = int(found[1]), found[2]
            self._lines.append((code, (found[3] or b"").decode("utf-8", "backslashreplace")))
            if separator != b"-":
                lines, raw = self._lines, bytes(self._raw)
                self._lines, self._raw = [], bytearray()
                if any(other != code for other, _ in lines):
                    raise Garbled("a reply whose lines carry different codes", raw)
                return Reply(code=code, lines=tuple(text for _, text in lines), raw=raw)
        return None


def read_reply(data: bytes | str) -> Reply:
    """One reply from its whole text, as it stands in a log or catalogue; a line end may be missing.

    `UsageError` is raised if it is not exactly one complete reply.
    """
    data = data.encode() if isinstance(data, str) else data
    reader = ReplyReader()
    reader.feed(data if data.endswith(b"\n") else data + b"\r\n")
    try:
        reply = reader.next()
    except Garbled as error:
        raise UsageError(str(error)) from None
    if reply is None or reader.pending:
        raise UsageError(f"not one complete SMTP reply: {printable(data, 120)}")
    return reply


def _check_word(text: str, what: str) -> str:
    """Refuse what would smuggle another command into the dialogue: CR, LF, NUL; and what is not ASCII."""
    if re.search(r"[\r\n\0]", text):
        raise UsageError(f"{what} holds a line end or NUL: {printable(text, 80)!r}")
    if not text.isascii():
        raise UsageError(f"{what} is not ASCII, and SES does not offer SMTPUTF8: {printable(text, 80)!r}")
    return text


def command(verb: str, argument: str = "") -> bytes:
    """The bytes of a command line, such as `command("EHLO", "client.example.com")`."""
    line = f"{verb} {argument}" if argument else verb
    return _check_word(line, verb).encode("ascii") + b"\r\n"


def path(address: str) -> str:
    """An address in angle brackets, as MAIL FROM and RCPT TO want it."""
    _check_word(address, "address")
    if "<" in address or ">" in address or " " in address.strip():
        raise UsageError(f"address {printable(address, 80)!r} must be bare, such as a@example.com")
    return f"<{address.strip()}>"


def auth_lines(credentials: Credentials, mechanism: str) -> tuple[memoryview, ...]:
    """The lines with which a client signs in by PLAIN (RFC 4616), or by LOGIN.

    These *are* the credentials. They come as memory views, which a traceback with local variables does not show;
    and what has no name here is no local variable either.
    """
    if mechanism == "PLAIN":
        return (memoryview(
            b"AUTH PLAIN " + b2a_base64(f"\0{credentials.user}\0{credentials.password}".encode())[:-1] + b"\r\n"
        ),)  # fmt: skip
    return (
        memoryview(b"AUTH LOGIN\r\n"),
        memoryview(b2a_base64(credentials.user.encode())[:-1] + b"\r\n"),
        memoryview(b2a_base64(credentials.password.encode())[:-1] + b"\r\n"),
    )


def dot_stuff(message: bytes) -> bytes:
    """A message as it is sent after 354: CRLF line ends, leading dots doubled, the final dot added."""
    body = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", body) + b".\r\n"
