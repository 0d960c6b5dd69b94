"""The only client socket code: deadlines, resolving, connecting, and one SMTP connection.

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
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from sestools.model import Kind, Reply, Stage, Step, Symptom, Target, TcpInfo
from sestools.smtp import Garbled, ReplyReader, mask
from sestools.text import printable

T = TypeVar("T")

SLICE = 0.1
"""Longest wait in seconds before a cancellation is noticed."""
STAGGER = 0.25
"""Seconds before the next address of a name is tried beside the first (RFC 8305, 5)."""
READ_SIZE = 16 * 1024


class Cancelled(Exception):
    """The user asked to stop."""


class Stopped(Exception):
    """A step failed; the symptom says how, `error` is what was raised. Never leaves a probe."""

    def __init__(self, symptom: Symptom, error: Exception | None = None) -> None:
        self.symptom = symptom
        self.error = error
        super().__init__(str(symptom))


class Closed(Exception):
    """The server closed the connection in an orderly way."""


class Deadline:
    """One moment that everything in a probe ends at, in seconds from now."""

    def __init__(self, seconds: float, cancel: threading.Event | None = None) -> None:
        if not 0 < seconds < float("inf"):
            raise ValueError(f"timeout must be a positive number of seconds, not {seconds!r}")
        self.seconds = seconds
        self.cancel = cancel
        self.start = time.perf_counter()

    def elapsed(self) -> float:
        """Seconds since the probe began."""
        return time.perf_counter() - self.start

    def remaining(self) -> float:
        """Seconds left.

        Raises:
            TimeoutError: If none are.
            Cancelled: If the user asked to stop.
        """
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled
        left = self.seconds - self.elapsed()
        if left <= 0:
            raise TimeoutError(f"nothing more came before the deadline of {self.seconds:g} s")
        return left

    def slice(self) -> float:
        """How long the next wait may last before `remaining` has to be asked again."""
        left = self.remaining()
        return left if self.cancel is None else min(left, SLICE)


class Recorder:
    """Collects a probe's timed steps and turns what goes wrong into a symptom with the stage's name."""

    def __init__(self, target: Target, deadline: Deadline) -> None:
        self.target = target
        self.deadline = deadline
        self.steps: list[Step] = []

    @contextlib.contextmanager
    def step(self, stage: Stage, connection: Connection | None = None) -> Iterator[Notes]:
        """Time one step; an error of the network, of TLS or of the protocol ends it as `Stopped`."""
        at = self.deadline.elapsed()
        notes = Notes()
        symptom: Symptom | None = None
        problem: Exception | None = None
        encrypted = connection is not None and connection.encrypted
        try:
            yield notes
            symptom = notes.symptom
        except (OSError, Garbled, Closed) as error:
            problem = error
            symptom = self.symptom(error, stage)
        finally:
            self.steps.append(
                Step(
                    stage=stage,
                    at=at,
                    seconds=self.deadline.elapsed() - at,
                    address=notes.address or (connection.address if connection else None),
                    sent=notes.sent,
                    reply=notes.reply,
                    encrypted=encrypted,
                    symptom=symptom,
                    tcp=connection.tcp_info() if connection else None,
                )
            )
        if symptom:
            raise Stopped(symptom, problem)

    def symptom(self, error: Exception, stage: Stage) -> Symptom:
        """What an exception of this probe means, before anybody judges it."""
        return self.symptom_of(kind_of(error), stage, describe(error))

    def symptom_of(self, kind: Kind, stage: Stage, detail: str, reply: Reply | None = None) -> Symptom:
        """A symptom of this probe's target."""
        target = self.target
        return Symptom(
            kind=kind,
            stage=stage,
            detail=detail,
            reply=reply,
            host=target.host,
            port=target.port,
            security=target.security,
        )


class Notes:
    """What a step's body writes down about itself."""

    def __init__(self) -> None:
        self.address: str | None = None
        self.sent = ""
        self.reply: Reply | None = None
        self.symptom: Symptom | None = None


_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM}
_RESET = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ENOTCONN, errno.ESHUTDOWN}


def kind_of(error: Exception) -> Kind:
    """The form in which an exception says that something went wrong."""
    match error:
        case Closed() | ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Kind.CLOSED
        case Garbled():
            return Kind.GARBLED
        case ssl.SSLError():
            return Kind.TLS
        case socket.gaierror():
            return Kind.NOT_FOUND
        case TimeoutError():
            return Kind.TIMEOUT
        case OSError(errno=errno.ECONNREFUSED):
            return Kind.REFUSED
        case OSError(errno=code) if code in _RESET:
            return Kind.RESET
        case OSError(errno=code) if code in _UNREACHABLE:
            return Kind.UNREACHABLE
    return Kind.RESET


def describe(error: Exception) -> str:
    """An exception in words, as its system or library says it."""
    match error:
        case ssl.SSLCertVerificationError():
            return printable(f"certificate verify failed: {error.verify_message}")
        case ssl.SSLEOFError():
            return "the server closed the connection during the TLS handshake (unexpected EOF)"
        case ssl.SSLError():
            return printable(error.reason or str(error))
        case Garbled():
            return str(error)
    return printable(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def in_time(deadline: Deadline, call: Callable[[], T]) -> T:
    """Run a call that cannot be interrupted (a look-up) in a thread that is left behind at the deadline."""
    done = threading.Event()
    box: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            box.append(call())
        except Exception as error:  # noqa: BLE001 - handed to the waiting thread
            errors.append(error)
        done.set()

    threading.Thread(target=run, daemon=True, name="sestools-lookup").start()
    while not done.wait(deadline.slice()):
        pass
    if errors:
        raise errors[0]
    return box[0]


def is_address(host: str) -> bool:
    """Whether this is an IP address and not a name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def resolve(recorder: Recorder) -> tuple[str, ...]:
    """The addresses that an application would try, in the system's order (getaddrinfo)."""
    target = recorder.target
    host, port = target.connect_to or (target.host, target.port)
    if is_address(host):
        return (host,)
    with recorder.step(Stage.RESOLVE) as notes:
        notes.sent = host
        found = in_time(
            recorder.deadline,
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP),
        )
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Attempt:
    """One connection attempt under way."""

    def __init__(self, address: str, port: int, started: float) -> None:
        self.address = address
        self.started = started
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.error = self._connect(port)
        except BaseException:
            self.socket.close()
            raise

    def _connect(self, port: int) -> int:
        host, _, scope = self.address.partition("%")
        where = (host, port, 0, _scope(scope)) if ":" in host else (host, port)
        code = self.socket.connect_ex(where)
        return 0 if code in (errno.EINPROGRESS, errno.EWOULDBLOCK) else code


def _scope(name: str) -> int:
    return int(name) if name.isdigit() else socket.if_nametoindex(name) if name else 0


def attempts(
    recorder: Recorder, addresses: Sequence[str], *, stagger: float, first_only: bool
) -> Iterator[tuple[str, socket.socket]]:
    """Open a TCP connection to each address side by side, and give each as it is made.

    One CONNECT step an address is recorded, failures too. With `first_only` the others are given up as
    soon as one is made. Starts are `stagger` seconds apart, but a failure starts the next at once.
    """
    deadline = recorder.deadline
    port = (recorder.target.connect_to or ("", recorder.target.port))[1]
    waiting = list(addresses)
    with selectors.DefaultSelector() as selector:
        try:
            next_start = deadline.elapsed()
            while waiting or selector.get_map():
                now = deadline.elapsed()
                if waiting and (now >= next_start or not selector.get_map()):
                    next_start = now + stagger
                    attempt = _start(recorder, waiting.pop(0), port)
                    if attempt:
                        selector.register(attempt.socket, selectors.EVENT_WRITE, attempt)
                    continue
                wait = min(deadline.slice(), next_start - now) if waiting else deadline.slice()
                for key, _ in selector.select(wait):
                    attempt = key.data
                    selector.unregister(attempt.socket)
                    if _finish(recorder, attempt):
                        yield attempt.address, attempt.socket
                        if first_only:
                            return
                    next_start = 0.0
        except TimeoutError:
            error = TimeoutError(f"no answer to the connection attempt within {deadline.seconds:g} s")
            for key in list(selector.get_map().values()):
                _record(recorder, key.data.address, key.data.started, error)
            for address in waiting:
                _record(recorder, address, deadline.elapsed(), error)
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]


def _start(recorder: Recorder, address: str, port: int) -> Attempt | None:
    started = recorder.deadline.elapsed()
    try:
        attempt = Attempt(address, port, started)
    except OSError as error:
        _record(recorder, address, started, error)
        return None
    if attempt.error:
        attempt.socket.close()
        _record(recorder, address, started, OSError(attempt.error, os.strerror(attempt.error)))
        return None
    return attempt


def _finish(recorder: Recorder, attempt: Attempt) -> bool:
    code = attempt.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        attempt.socket.close()
        _record(recorder, attempt.address, attempt.started, OSError(code, os.strerror(code)))
        return False
    _record(recorder, attempt.address, attempt.started, None, tcp_info(attempt.socket))
    return True


def _record(
    recorder: Recorder, address: str, started: float, error: Exception | None, tcp: TcpInfo | None = None
) -> None:
    seconds = recorder.deadline.elapsed() - started
    symptom = recorder.symptom(error, Stage.CONNECT) if error else None
    recorder.steps.append(
        Step(stage=Stage.CONNECT, at=started, seconds=seconds, address=address, symptom=symptom, tcp=tcp)
    )


_TCP_INFO_SIZE = 8 + 24 * 4


def tcp_info(sock: socket.socket) -> TcpInfo | None:
    """The kernel's facts about a connection (Linux, tcp(7) TCP_INFO); None elsewhere."""
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return None
    try:
        data = sock.getsockopt(socket.IPPROTO_TCP, option, _TCP_INFO_SIZE)
    except OSError:
        return None
    if len(data) < _TCP_INFO_SIZE:
        return None
    numbers = struct.unpack_from("24I", data, 8)
    return TcpInfo(
        rtt=numbers[15] / 1e6,
        mss=numbers[2],
        path_mtu=numbers[13],
        unacked=numbers[4],
        retransmits=numbers[23],
    )


class Connection:
    """One connection to a server: send a command, read a reply, switch to TLS; all before the deadline."""

    def __init__(self, address: str, sock: socket.socket, deadline: Deadline) -> None:
        self.address = address
        self.encrypted = False
        self.verified = False
        self._socket = sock
        self._deadline = deadline
        self._reader = ReplyReader()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _patiently(self, action: Callable[[], T]) -> T:
        """Do it as soon as the socket lets us, looking at the deadline and for a cancellation meanwhile."""
        while True:
            self._socket.settimeout(self._deadline.slice())
            try:
                return action()
            except TimeoutError:
                continue

    def tcp_info(self) -> TcpInfo | None:
        """The kernel's facts about this connection, where the system gives them."""
        return tcp_info(self._socket)

    def local_address(self) -> str:
        """This side's IP address."""
        return str(self._socket.getsockname()[0])

    def send(self, data: bytes) -> None:
        """Send all of it."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._patiently(partial(self._socket.send, rest)) :]

    def read_reply(self) -> Reply:
        """The next complete reply.

        Raises:
            Garbled: If what comes is not an SMTP reply.
            Closed: If the server closes first.
            TimeoutError: If the deadline passes first; the message holds what has come so far.
        """
        while (reply := self._reader.next()) is None:
            try:
                data = self._patiently(lambda: self._socket.recv(READ_SIZE))
            except TimeoutError as error:
                got = self._reader.pending
                so_far = f"; so far it said only {printable(got, 120)!r}" if got else ""
                raise TimeoutError(f"{error}{so_far}") from None
            if not data:
                got = self._reader.pending
                so_far = f" after {printable(got, 120)!r}" if got else ""
                raise Closed(f"the server closed the connection{so_far}")
            self._reader.feed(data)
        return reply

    def command(self, notes: Notes, line: bytes, shown: str | None = None) -> Reply:
        """Send a command line and read its reply; the notes keep it masked."""
        notes.sent = mask(line.decode("ascii").rstrip()) if shown is None else shown
        self.send(line)
        notes.reply = self.read_reply()
        return notes.reply

    def start_tls(self, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
        """Do the TLS handshake.

        Raises:
            Garbled: If clear text has already come that belongs to no reply: somebody put it there.
        """
        if self._reader.pending:
            raise Garbled("clear text ahead of the TLS handshake", self._reader.pending)
        self._socket.settimeout(self._deadline.slice())
        wrapped = context.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
        self._socket = wrapped
        self._patiently(wrapped.do_handshake)
        self.encrypted = True
        self.verified = context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
        return wrapped


def tls_context(ca_file: str | None = None, *, verify: bool = True) -> ssl.SSLContext:
    """A client context as SES wants it: TLS 1.2 or newer, host name verified. Share one between probes.

    With `verify=False` it serves to look at a certificate that does not verify; such a connection never
    carries credentials.
    """
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        try:
            context = ssl.create_default_context(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"CA file {ca_file!r} cannot be read: {describe(error)}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
