"""One SMTP connection: send, read a reply, switch to TLS.

Every wait ends at the probe's one deadline, whatever the server does: a byte a second does not extend it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sestools.core.enums import Stage
from sestools.core.results import Reply
from sestools.core.smtp import Garbled, ReplyReader
from sestools.core.text import printable
from sestools.probes.kernel import tcp_info
from sestools.probes.recorder import Closed, Notes, Recorder

T = TypeVar("T")

READ_SIZE = 16 * 1024


class Connection:
    """One connection to a server. Credentials that the server says back, of now or of before, are not kept."""

    def __init__(self, recorder: Recorder, address: str, sock: socket.socket) -> None:
        self.address = address
        self.encrypted = False
        self.verified = False
        self.socket = sock
        self._recorder = recorder
        self._reader = ReplyReader()
        credentials = recorder.target.credentials
        self._known = credentials.known if credentials else None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def step(self, stage: Stage) -> contextlib.AbstractContextManager[Notes]:
        """Time one step on this connection, as `Recorder.step`."""
        return self._recorder.step(stage, self.address, self.encrypted, lambda: tcp_info(self.socket))

    def _patiently(self, action: Callable[[], T]) -> T:
        """Do it as soon as the socket lets us, looking at the deadline and for a cancellation meanwhile."""
        while True:
            self.socket.settimeout(self._recorder.deadline.slice())
            try:
                return action()
            except TimeoutError:
                continue

    def send(self, data: bytes | memoryview) -> None:
        """Send all of it."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._patiently(partial(self.socket.send, rest)) :]

    def read_reply(self) -> Reply:
        """The next complete reply.

        Raises:
            Garbled: If what comes is not an SMTP reply.
            Closed: If the server closes first.
            TimeoutError: If the deadline passes first; the message holds what has come so far.
        """
        while (reply := self._next()) is None:
            try:
                more = self._fed()
            except TimeoutError as error:
                raise TimeoutError(f"{error}{self._so_far('; so far it said only')}") from None
            if not more:
                raise Closed(f"the server closed the connection{self._so_far(' after')}")
        return reply

    def _fed(self) -> bool:
        """Whether more came. No frame that is left by an exception holds what a server said."""
        data = self._patiently(lambda: self.socket.recv(READ_SIZE))
        self._reader.feed(data)
        return bool(data)

    def heard(self) -> Reply | None:
        """What has come unasked, without waiting for it.

        Raises:
            Garbled, Closed, OSError: As `read_reply`, but at once.
        """
        self.socket.settimeout(0)
        try:
            data = self.socket.recv(READ_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError, TimeoutError):
            return self._next()
        if not data:
            raise Closed("the server closed the connection")
        self._reader.feed(data)
        return self._next()

    def unasked(self) -> bytes:
        """What has come and was not asked for, now that every question has its answer."""
        self.socket.settimeout(0)
        with contextlib.suppress(OSError):  # nothing there, or an end: the next question meets with that
            self._reader.feed(self.socket.recv(READ_SIZE))
        return self._reader.pending

    def _next(self) -> Reply | None:
        try:
            reply = self._reader.next()
        except Garbled as error:
            raise Garbled(error.what, self._masked(error.raw)) from None
        return reply.masked(self._known.mask) if reply and self._known else reply

    def _masked(self, data: bytes) -> bytes:
        return self._known.mask_bytes(data) if self._known else data

    def _so_far(self, words: str) -> str:
        got = self._masked(self._reader.pending)
        return f"{words} {printable(got, 120)!r}" if got else ""

    def start_tls(self, tls: ssl.SSLContext, host: str) -> ssl.SSLSocket:
        """Do the TLS handshake.

        Raises:
            Garbled: If clear text has already come that belongs to no reply: somebody put it there.
        """
        if self._reader.pending:
            raise Garbled("clear text ahead of the TLS handshake", self._reader.pending)
        if pretend := getattr(self.socket, "start_tls", None):  # SES in memory: there is nothing to encrypt
            pretend(host)
            self.encrypted = self.verified = True
            return self.socket  # type: ignore[return-value]
        self.socket.settimeout(self._recorder.deadline.slice())
        wrapped = tls.wrap_socket(self.socket, server_hostname=host, do_handshake_on_connect=False)
        self.socket = wrapped
        self._patiently(wrapped.do_handshake)
        self.encrypted = True
        self.verified = tls.verify_mode is ssl.CERT_REQUIRED and tls.check_hostname
        return wrapped
