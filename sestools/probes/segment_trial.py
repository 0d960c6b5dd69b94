"""One flight of large segments over a connection, watched through the kernel's counters (Linux)."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable

from sestools.probes.kernel import Counters, counters
from sestools.probes.mtu_facts import Flight, Trial, Way
from sestools.probes.recorder import Deadline

POLL = 0.005
"""Seconds between two looks at the kernel's counters."""


def push(sock: socket.socket, deadline: Deadline, data: bytes, timeouts: int, clamp: int | None) -> Trial:
    """Send, and wait until all is acknowledged or the kernel has timed out so often in a row.

    Replies are neither needed nor waited for; a server may answer NOOPs late or never.

    Raises:
        TimeoutError: At the probe's deadline.
    """
    rest = memoryview(data)

    def send() -> None:
        nonlocal rest
        if rest:
            rest = rest[sock.send(rest) :]

    def judge(now: Counters, _: float) -> Flight | None:
        if not (rest or now.unsent or now.unacked):
            return Flight.PASSED
        if not now.open:
            return Flight.BROKEN
        if now.backoff >= timeouts:
            return Flight.LOST if now.unacked else Flight.WINDOW
        return None

    return _watched(Way.UP, clamp, sock, deadline, send, judge)


def shake(sock: ssl.SSLSocket, deadline: Deadline, patience: float, clamp: int | None) -> Trial:
    """Do a TLS handshake, and wait until it ends or nothing has come for so many seconds.

    Raises:
        TimeoutError: At the probe's deadline.
    """
    before, done = counters(sock), False

    def handshake() -> None:
        nonlocal done
        sock.do_handshake()
        done = True

    def judge(now: Counters, quiet: float) -> Flight | None:
        if done or quiet <= patience:
            return Flight.PASSED if done else None
        return Flight.LOST if before and now.out_of_order > before.out_of_order else Flight.SILENT

    return _watched(Way.DOWN, clamp, sock, deadline, handshake, judge)


def _watched(
    way: Way,
    clamp: int | None,
    sock: socket.socket,
    deadline: Deadline,
    act: Callable[[], None],
    judge: Callable[[Counters, float], Flight | None],
) -> Trial:
    """Act until the counters, and the seconds since bytes last moved, say what became of it."""
    if (before := counters(sock)) is None:
        return Trial(way=way, clamp=clamp, flight=Flight.BROKEN)
    sock.setblocking(False)
    now, flight = before, None
    start = moved = time.perf_counter()
    samples = [(0.0, 0)]
    while True:
        try:
            act()
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:  # ssl.SSLError, too
            flight = Flight.BROKEN
        now, at = counters(sock) or now, time.perf_counter()
        done = now.acked - before.acked if way is Way.UP else now.received - before.received
        if done != samples[-1][1]:
            samples.append((at - start, done))
            moved = at
        if flight := flight or judge(now, at - moved):
            break
        time.sleep(min(POLL, deadline.slice()))
    samples.append((at - start, done))
    return Trial(
        way=way,
        clamp=clamp,
        flight=flight,
        seconds=at - start,
        samples=tuple(samples),
        before=before,
        after=now,
    )
