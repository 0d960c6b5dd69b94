"""What spans several lines of a session: the challenges of AUTH, and the text of a message."""

from __future__ import annotations

import base64
from collections.abc import Generator

from sestools.simulator.replies import INFERRED, OBSERVED


class Rejected(Exception):
    """AUTH ends before there are credentials; its text is the reply."""


def auth(mechanism: str, initial: str) -> Generator[str, str, tuple[str, str]]:
    """AUTH: yields each challenge, takes the client's line for it, and returns user name and password.

    Raises:
        Rejected: With the reply to a line that is none, or to a mechanism that is not offered.
    """
    if mechanism == "PLAIN":
        # authorization identity NUL user NUL password (RFC 4616); SES takes the user in the first place too.
        parts = _decoded(initial or (yield OBSERVED["PLAIN"])).split("\0")
        return (parts[1], parts[-1]) if len(parts) >= 3 else ("", "")
    if mechanism == "LOGIN":
        user = _decoded(initial or (yield OBSERVED["user name"]))
        return user, _decoded((yield OBSERVED["password"]))
    raise Rejected(INFERRED["mechanism"])


def _decoded(line: str) -> str:
    if line.strip() == "*":
        raise Rejected(INFERRED["cancelled"])
    try:
        return base64.b64decode(line.strip(), validate=True).decode("utf-8", "replace")
    except ValueError:
        raise Rejected(INFERRED["not base64"]) from None


class Content:
    """The text of a message, taken from a buffer.

    Args:
        buffer: What the client has sent after DATA.
        max_size: Bytes beyond which a message is only counted.
    """

    def __init__(self, buffer: bytearray, max_size: int) -> None:
        self._buffer = buffer
        self._max_size = max_size
        # The line end before a final dot that comes first of all; taken off again in `take`.
        buffer[:0] = b"\r\n"
        self._scanned = 0
        """How far the buffer was searched for the end."""
        self._dots = 0
        """How many dots of transparency were seen on the way."""
        self._dropped = 0
        """Bytes that were thrown away, since the message is too long."""

    def take(self) -> tuple[int, bytes | None] | None:
        """The size of the message and its text (None if it is too long); None while it is not complete."""
        buffer = self._buffer
        end = buffer.find(b"\r\n.\r\n", self._scanned)
        if end >= 0:
            # RFC 5321, 4.5.2: the first dot of a line goes, whatever follows.
            message = bytes(buffer[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]
            del buffer[: end + 5]
            size = self._dropped + len(message)
            return size, message if size <= self._max_size else None
        if len(buffer) >= 5:
            begin, self._scanned = self._scanned, len(buffer) - 4
            self._dots += buffer.count(b"\r\n.", begin, self._scanned + 2)
            if self._dropped or self._scanned - self._dots - 2 > self._max_size:
                # It will be refused for its size; only its end is still of interest.
                self._dropped += self._scanned - self._dots
                del buffer[: self._scanned]
                self._scanned = self._dots = 0
        return None
