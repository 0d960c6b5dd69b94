"""From a name to open TCP connections, every wait bounded by the probe's deadline."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import selectors
import socket
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, wait
from typing import TypeVar

from sestools.core.enums import Stage
from sestools.core.results import TcpInfo
from sestools.probes.kernel import tcp_info
from sestools.probes.recorder import Deadline, Recorder, Stopped

T = TypeVar("T")

STAGGER = 0.25
"""Seconds before the next address of a name is tried beside the first (RFC 8305, 5)."""


def in_time(deadline: Deadline, call: Callable[[], T]) -> T:
    """Run a call that cannot be interrupted (a look-up) in a thread, which is abandoned at the deadline."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - handed to the waiting thread
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name="sestools-lookup").start()
    while not wait([future], deadline.slice()).done:
        pass
    return future.result()


def is_address(host: str) -> bool:
    """Whether this is an IP address and not a name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def resolve(recorder: Recorder) -> tuple[str, ...]:
    """The addresses that an application would try, in the system's order (getaddrinfo)."""
    host, port = recorder.target.connect_to or (recorder.target.host, recorder.target.port)
    if is_address(host):
        return (host,)
    with recorder.step(Stage.RESOLVE) as notes:
        notes.sent = host
        found = in_time(
            recorder.deadline,
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP),
        )
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(
    recorder: Recorder, addresses: Sequence[str], clamp: int | None = None
) -> tuple[str, socket.socket]:
    """A TCP connection to the first address that answers, as `connections` makes them.

    Raises:
        Stopped: If none does.
    """
    with contextlib.closing(connections(recorder, addresses, stagger=STAGGER, clamp=clamp)) as several:
        for made in several:
            return made
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
            late = TimeoutError(f"no answer to the connection attempt within {deadline.seconds:g} s")
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
