"""smtplib's client with what it lacks: a name to verify, a greeting to look at, an end to waiting."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import time
from typing import Any

from sestools import trust
from sestools.endpoints import Security
from sestools.model import Target
from sestools.smtp import Garbled, ReplyReader

__all__ = ["Client"]


class Client(smtplib.SMTP):
    """A connection to a target, greeted.

    It connects where the target says and verifies the name that the target says, and each reply is awaited for
    `timeout` seconds as a whole: smtplib itself waits so long for each byte, and keeps whatever comes.
    """

    def __init__(self, target: Target, timeout: float) -> None:
        self._target, self._reply_within = target, timeout
        self._reader = ReplyReader()
        self._read_from: Any = None
        self.greeting = ""
        """What the server said first."""
        # The name is for the server's log. Left out, smtplib asks DNS for it, which can take seconds.
        # A name's final dot is for DNS; certificates do not have it.
        super().__init__(target.host.rstrip("."), target.port, local_hostname="localhost", timeout=timeout)

    def connect(self, *where: Any, **more: Any) -> tuple[int, bytes]:
        """Connect, and keep the greeting."""
        code, text = super().connect(*where, **more)
        self.greeting = text.decode("utf-8", "backslashreplace")
        return code, text

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = socket.create_connection(self._target.connect_to or (self._target.host, port), timeout)
        if self._target.security is not Security.WRAPPER:
            return sock
        try:
            return trust.signing_in(self._target).wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise

    def unasked(self) -> bytes:
        """What has come and was not asked for, now that every question has its answer."""
        sock: Any = self.sock
        if sock is not None and self._read_from is sock:
            sock.settimeout(0)
            with contextlib.suppress(OSError):  # nothing there, or an end: the next question meets with that
                self._reader.feed(sock.recv(16 * 1024))
            sock.settimeout(self._reply_within)
        return self._reader.pending

    def getreply(self, within: float | None = None) -> tuple[int, bytes]:
        """The next reply, bounded in time and size; `within` so many seconds, if not the usual time-out."""
        sock: Any = self.sock
        if self._read_from is not sock:
            # A new connection, or TLS on the old one: clear text that came before TLS was put there by somebody.
            if self._reader.pending:
                self.close()
                raise smtplib.SMTPServerDisconnected("clear text ahead of the TLS handshake")
            self._reader, self._read_from = ReplyReader(), sock
        give_up = time.monotonic() + (within or self._reply_within)
        try:
            while (reply := self._reader.next()) is None:
                sock.settimeout(max(0.001, give_up - time.monotonic()))
                data = sock.recv(16 * 1024)
                if not data:
                    raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
                self._reader.feed(data)
                del data  # a traceback can show what a function still holds
            sock.settimeout(self._reply_within)
        except (OSError, Garbled) as error:
            self.close()
            if isinstance(error, Garbled):
                raise smtplib.SMTPServerDisconnected(self._masked(str(error))) from None
            raise
        return reply.code, self._masked("\n".join(reply.lines)).encode()

    def _masked(self, said: str) -> str:
        """What a server said, without the credentials: it may know them from an earlier connection."""
        return self._target.credentials.known.mask(said) if self._target.credentials else said
