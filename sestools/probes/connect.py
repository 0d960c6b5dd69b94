"""From a name to an SMTP connection.

Every wait ends at the probe's one deadline, whatever the server does: a byte a second does not extend it.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
from typing import TypeVar

from sestools.core.enums import Stage
from sestools.core.results import Reply, TcpInfo
from sestools.core.smtp import Garbled, ReplyReader
from sestools.core.text import printable
from sestools.probes.kernel import tcp_info
from sestools.probes.recorder import Closed, Deadline, Notes, Recorder, Stopped

T = TypeVar("T")

STAGGER = 0.25
"""Seconds before the next address of a name is tried beside the first (RFC 8305, 5)."""
READ_SIZE = 16 * 1024


def background(call: Callable[[], T]) -> Future[T]:
    """Run a call that cannot be interrupted (a look-up) in a thread of its own, which may be abandoned."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - handed to the waiting thread
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name="sestools-lookup").start()
    return future


def in_time(deadline: Deadline, call: Callable[[], T]) -> T:
    """Run a call in the background, and abandon it at the deadline."""
    future = background(call)
    while not wait([future], deadline.slice()).done:
        pass
    return future.result()


def found_by_system(host: str, port: int) -> tuple[str, ...]:
    """The addresses that an application would try, in the system's order (getaddrinfo)."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_address(host: str) -> bool:
    """Whether this is an IP address and not a name."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host.partition("%")[0])
        return True
    return False


def resolve(recorder: Recorder) -> tuple[str, ...]:
    """The addresses that an application would try, in the system's order (getaddrinfo)."""
    host, port = recorder.target.connect_to or (recorder.target.host, recorder.target.port)
    if is_address(host):
        return (host,)
    with recorder.step(Stage.RESOLVE) as notes:
        notes.sent = host
        return in_time(recorder.deadline, lambda: found_by_system(host, port))


def connect(recorder: Recorder, addresses: Sequence[str], clamp: int | None = None) -> Connection:
    """A connection to the first address that answers, as `connections` makes them.

    Raises:
        Stopped: If none does.
    """
    with contextlib.closing(connections(recorder, addresses, stagger=STAGGER, clamp=clamp)) as several:
        for address, sock in several:
            return Connection(recorder, address, sock)
    raise Stopped(next(step.symptom for step in recorder.steps if step.symptom))


def connections(
    recorder: Recorder, addresses: Sequence[str], *, stagger: float = 0.0, clamp: int | None = None
) -> Generator[tuple[str, socket.socket]]:
    """Open a TCP connection to each address side by side, and give each as it is made.

    One CONNECT step an address is recorded, failures too. Starts are `stagger` seconds apart, but a failure
    starts the next at once. A `clamp` is the largest segment in bytes that either side may send (TCP_MAXSEG).
    Whoever wants no more leaves the iterator: the attempts under way are then given up.
    """
    deadline = recorder.deadline
    port = (recorder.target.connect_to or ("", recorder.target.port))[1]
    waiting = list(addresses)

    def record(address: str, started: float, error: Exception | None, tcp: TcpInfo | None = None) -> None:
        symptom = recorder.symptom(error, Stage.CONNECT) if error else None
        if symptom and not recorder.target.connect_to and address != recorder.target.host:
            symptom = replace(symptom, detail=f"{symptom.detail}; the name leads to {address}")
        recorder.add(Stage.CONNECT, started, address=address, symptom=symptom, tcp=tcp)

    with selectors.DefaultSelector() as selector:
        try:
            next_start = deadline.elapsed()
            while waiting or selector.get_map():
                now = deadline.elapsed()
                if waiting and (now >= next_start or not selector.get_map()):
                    next_start = now + stagger
                    address = waiting.pop(0)
                    try:
                        sock = _attempt(address, port, clamp)
                        selector.register(sock, selectors.EVENT_WRITE, (address, now))
                    except OSError as error:
                        record(address, now, error)
                    continue
                pause = min(deadline.slice(), next_start - now) if waiting else deadline.slice()
                for key, _ in selector.select(pause):
                    sock, (address, started) = key.fileobj, key.data  # type: ignore[assignment]
                    selector.unregister(sock)
                    next_start = 0.0
                    if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                        sock.close()
                        record(address, started, OSError(code, os.strerror(code)))
                    else:
                        record(address, started, None, tcp_info(sock))
                        yield address, sock
        except TimeoutError:
            waited = min(deadline.seconds, deadline.each or deadline.seconds)
            late = TimeoutError(f"no answer to the connection attempt within {waited:.3g} s")
            for key in list(selector.get_map().values()):
                record(key.data[0], key.data[1], late)
            for address in waiting:
                record(address, deadline.elapsed(), late)
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]


def _attempt(address: str, port: int, clamp: int | None) -> socket.socket:
    """A connection attempt under way, or made already."""
    host, _, scope = address.partition("%")
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if clamp:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, clamp)
        number = int(scope) if scope.isdigit() else socket.if_nametoindex(scope) if scope else 0
        code = sock.connect_ex((host, port, 0, number) if ":" in host else (host, port))
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            raise OSError(code, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock


class Connection(contextlib.AbstractContextManager["Connection"]):
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
