"""smtplib's client with a name to verify, a time limit for each reply, and a request to stop."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from sestools.core import trust
from sestools.core.endpoints import Security
from sestools.core.results import Reply
from sestools.core.smtp import Garbled, ReplyReader
from sestools.core.target import Target

PIECE = 16 * 1024
"""Bytes that are handed to the network at a time: one record of TLS."""
GRACE = 5.0
"""Seconds for which the reply to a message is still awaited after the sender was told to stop."""
SLICE = 0.1
"""Seconds after which a wait checks whether to stop."""

T = TypeVar("T")


class Stopping(KeyboardInterrupt):
    """The sender was told to stop, and does."""


class Stop:
    """Whether a sender was told to stop; also the clock by which it sleeps until then.

    An exception that a signal raises anywhere can come between the reply to a message and the line that reports
    it. So a signal only sets a flag, which is checked where the fate of the message under way is known.
    """

    now = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self._times, self._since = 0, 0.0
        self._at_ease: int | None = None

    def tell(self) -> None:
        """Stop soon; if told again: at once.

        Raises:
            Stopping: In the thread that sends, while it does nothing that could be lost.
        """
        self._times += 1
        if self._times == 1:
            self._since = time.monotonic()
        if self._at_ease == threading.get_ident():
            self._at_ease = None
            raise Stopping

    def check(self, grace: float = 0.0) -> None:
        """Raise `Stopping` if told to stop at least `grace` seconds ago, or twice."""
        if self._times > 1 or (self._times and time.monotonic() - self._since >= grace):
            raise Stopping

    @contextlib.contextmanager
    def at_ease(self) -> Iterator[None]:
        """While no message is at stake, such as while a name is looked up, `tell` interrupts what goes on."""
        self.check()
        self._at_ease = threading.get_ident()
        try:
            yield
        finally:
            self._at_ease = None

    def sleep(self, seconds: float) -> None:
        """Sleep until told to stop."""
        until = time.monotonic() + seconds
        while not self._times and (left := until - time.monotonic()) > 0:
            time.sleep(min(SLICE, left))


class Client(smtplib.SMTP):
    """A connection to a target, greeted.

    It connects where the target says and verifies the name that the target says. Each reply is awaited for
    `timeout` seconds as a whole: smtplib itself waits so long for each byte, and keeps whatever comes. What is
    sent may take as long as the other side acknowledges some of it every `timeout` seconds.
    """

    def __init__(self, target: Target, timeout: float, stop: Stop | None = None) -> None:
        self._target, self._reply_within, self._stop = target, timeout, stop or Stop()
        self._reader, self._read_from = ReplyReader(), None  # type: ReplyReader, Any
        self._farewell: Reply | None = None
        self.greeting = ""
        """The text of the server's greeting."""
        # The local name is for the server's log; left out, smtplib asks DNS for it, which can take seconds.
        # A host name's final dot is for DNS; certificates do not have it.
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
        """What was received without a command, after each command got its reply."""
        sock: Any = self.sock
        if sock is not None and self._read_from is sock:
            sock.settimeout(0)
            with contextlib.suppress(OSError):  # nothing there, or an end: the next command meets with that
                self._reader.feed(sock.recv(PIECE))
            sock.settimeout(self._reply_within)
        return self._reader.pending

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command, unless the server has ended the session: then `getreply` gives that reply."""
        if self.silent():
            super().putcmd(cmd, args)

    def send(self, s: Any) -> None:
        """Send all of it, however long it takes, as long as some of it is acknowledged now and then."""
        sock = self._renewed()
        rest = memoryview(s.encode("ascii") if isinstance(s, str) else s)
        try:
            while rest:
                rest = rest[self._patiently(partial(sock.send, rest[:PIECE]), self._reply_within) :]
        except OSError:
            self.close()
            raise

    def silent(self) -> bool:
        """Whether nothing was received without a command; False if the server ended the session (see `getreply`).

        Raises:
            smtplib.SMTPServerDisconnected: If something else was. A reply that is there before its command
                belongs to another one, and so would each that follows.
            OSError: If the connection is lost.
        """
        sock = self._renewed()
        try:
            sock.settimeout(0)
            if not self._reader.pending and not self._farewell:
                self._receive(sock)
            said = self._farewell or self._reader.next()
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            self.close()
            raise
        except Garbled:
            said = None
        if said and (said.code == 421 or (said.code == 451 and "timeout" in said.text.lower())):
            self._farewell = said
            return False
        self.close()
        # Without its words: they would be taken for the answer.
        raise smtplib.SMTPServerDisconnected("out of step: a reply came before it was asked for")

    def getreply(self, within: float | None = None) -> tuple[int, bytes]:
        """The next reply, bounded in time and size; `within` so many seconds if it is that to a message."""
        sock = self._renewed()

        def receive() -> Reply | None:
            self._receive(sock)
            return self._reader.next()

        try:
            reply = self._farewell or self._reader.next()
            if reply is None:
                reply = self._patiently(receive, within or self._reply_within, GRACE if within else 0.0)
            sock.settimeout(self._reply_within)
        except OSError:
            self.close()
            raise
        except Garbled as error:
            self.close()
            # Without the words of what it cannot read, which a cause would bring along.
            raise smtplib.SMTPServerDisconnected(error.what) from None
        # The server may know the credentials from an earlier connection.
        text, signs_in = "\n".join(reply.lines), self._target.credentials
        return reply.code, (signs_in.known.mask(text) if signs_in else text).encode()

    def _renewed(self) -> Any:
        """The socket. Clear text that is left when TLS begins was injected by somebody else."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("please run connect() first")
        if self._read_from is not self.sock:
            if self._reader.pending:
                self.close()
                raise smtplib.SMTPServerDisconnected("clear text ahead of the TLS handshake")
            self._reader, self._read_from, self._farewell = ReplyReader(), self.sock, None
        return self.sock

    def _receive(self, sock: Any) -> None:
        data = sock.recv(PIECE)
        if not data:
            raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
        self._reader.feed(data)

    def _patiently(self, step: Callable[[], T | None], seconds: float, grace: float = 0.0) -> T:
        """Repeat a step until it gives something, for so many seconds since the last byte went through."""
        sock: Any = self.sock
        unsent, give_up = self._unsent(), time.monotonic() + seconds
        while True:
            self._stop.check(grace)
            sock.settimeout(min(SLICE, max(0.001, give_up - time.monotonic())))
            with contextlib.suppress(TimeoutError):
                if (result := step()) is not None:
                    return result
            if (left := self._unsent()) != unsent:
                unsent, give_up = left, time.monotonic() + seconds
            elif time.monotonic() >= give_up:
                raise TimeoutError("timed out")

    def _unsent(self) -> int:
        """Bytes that were sent and not acknowledged yet, where the system tells.

        A large send buffer takes nothing for a minute on a slow line, although bytes do go through.
        """
        try:
            import fcntl
            import termios

            sock: Any = self.sock
            return int(struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)))[0])
        except (ImportError, OSError, ValueError):
            return 0
