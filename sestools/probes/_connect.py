"""From a name to open TCP connections, every wait bounded by the probe's deadline."""

from __future__ import annotations

import errno
import ipaddress
import os
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from sestools.core.enums import Stage
from sestools.core.results import Step, TcpInfo
from sestools.probes._record import Deadline, Recorder

T = TypeVar("T")

STAGGER = 0.25
"""Seconds before the next address of a name is tried beside the first (RFC 8305, 5)."""


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


class ConnectAttempt:
    """One connection attempt under way."""

    def __init__(self, address: str, port: int, started: float, clamp: int | None = None) -> None:
        self.address = address
        self.started = started
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if clamp:
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, clamp)
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
    recorder: Recorder,
    addresses: Sequence[str],
    *,
    stagger: float,
    first_only: bool,
    clamp: int | None = None,
) -> Iterator[tuple[str, socket.socket]]:
    """Open a TCP connection to each address side by side, and give each as it is made.

    One CONNECT step an address is recorded, failures too. With `first_only` the others are given up as
    soon as one is made. Starts are `stagger` seconds apart, but a failure starts the next at once. A `clamp`
    is the largest segment in bytes that either side may send (TCP_MAXSEG).
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
                    attempt = _start(recorder, waiting.pop(0), port, clamp)
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


def _start(recorder: Recorder, address: str, port: int, clamp: int | None) -> ConnectAttempt | None:
    started = recorder.deadline.elapsed()
    try:
        attempt = ConnectAttempt(address, port, started, clamp)
    except OSError as error:
        _record(recorder, address, started, error)
        return None
    if attempt.error:
        attempt.socket.close()
        _record(recorder, address, started, OSError(attempt.error, os.strerror(attempt.error)))
        return None
    return attempt


def _finish(recorder: Recorder, attempt: ConnectAttempt) -> bool:
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
