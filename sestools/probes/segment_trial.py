"""One connection that carries large segments, watched through the kernel's counters (Linux)."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sestools.probes.recorder import Deadline
from sestools.probes.tcp_info import Counters, counters

POLL = 0.005
"""Seconds between two looks at the kernel's counters."""


class Way(StrEnum):
    """In which direction large segments are sent."""

    UP = "client to server"
    """A burst of NOOPs, as a message's body would go."""
    DOWN = "server to client"
    """The server's certificates, in the TLS handshake."""


class Flight(StrEnum):
    """What became of large segments."""

    PASSED = "passed"
    """All were acknowledged, or the handshake ended."""
    LOST = "lost"
    """They were sent again and again, and never acknowledged."""
    WINDOW = "window closed"
    """They were never sent: the other side announced that it reads no more."""
    SILENT = "silent"
    """Nothing more came from the server."""
    BROKEN = "broken"
    """The connection failed before or while they were sent."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One connection of the probe.

    Attributes:
        way: The direction of the large segments.
        clamp: Largest segment in bytes that this connection allowed; None for the system's own choice.
        flight: What became of them.
        seconds: How long the large segments took, or were waited for.
        samples: Seconds and bytes acknowledged (or received, from the server) so far.
        before: The counters when the large segments began.
        after: The counters at the end; None if the connection was not made.
    """

    way: Way
    clamp: int | None
    flight: Flight
    seconds: float = 0.0
    samples: tuple[tuple[float, int], ...] = ()
    before: Counters | None = None
    after: Counters | None = None

    @property
    def stalled(self) -> bool:
        """Whether the large segments did not get through although the connection stood."""
        return self.flight in (Flight.LOST, Flight.WINDOW, Flight.SILENT)

    @property
    def path_mtu(self) -> int | None:
        """Path MTU in bytes that the kernel believed in at the end."""
        return self.after.path_mtu if self.after else None

    def carried(self, headers: int) -> int | None:
        """The largest packet that passed, in bytes, where it is smaller than both ends asked for."""
        before, after = self.before, self.after
        if before is None or after is None or self.flight is not Flight.PASSED:
            return None
        if self.way is Way.UP:
            return after.path_mtu
        # The server's full segments, if it sent enough to fill some. Linux takes them to be 536 bytes at least.
        if after.received - before.received >= 2 * before.mss and after.received_mss < before.mss:
            return after.received_mss + headers
        return None

    @property
    def retransmits(self) -> int:
        """How many segments were sent again because of the large ones."""
        return self.after.retransmits - self.before.retransmits if self.after and self.before else 0

    def to_dict(self) -> dict[str, Any]:
        """The trial for a program; `acknowledged` are bytes, received ones from server to client."""
        return {
            "way": str(self.way),
            "clamp": self.clamp,
            "flight": str(self.flight),
            "seconds": round(self.seconds, 4),
            "acknowledged": self.samples[-1][1] if self.samples else 0,
            "retransmits": self.retransmits,
            "unacked": self.after.unacked if self.after else None,
            "unsent": self.after.unsent if self.after else None,
            "window": self.after.window if self.after else None,
            "path_mtu": self.path_mtu,
        }


class CounterWatch:
    """Drives one large flight and looks at the counters meanwhile."""

    def __init__(self, sock: socket.socket, deadline: Deadline, before: Counters) -> None:
        self._socket = sock
        self._deadline = deadline
        self._before = self._last = before
        self._start = time.perf_counter()
        self._moved = self._start
        self.samples: list[tuple[float, int]] = [(0.0, 0)]

    def look(self, way: Way) -> Counters:
        """The counters now; progress is noted."""
        now = counters(self._socket) or self._last
        done = now.acked - self._before.acked if way is Way.UP else now.received - self._before.received
        at = time.perf_counter()
        if done != self.samples[-1][1]:
            self.samples.append((at - self._start, done))
            self._moved = at
        self._last = now
        return now

    def push(self, data: bytes, timeouts: int) -> Flight:
        """Send, and wait until all is acknowledged or the kernel has timed out so often in a row.

        Replies are neither needed nor waited for; a server may answer NOOPs late or never.
        """
        rest = memoryview(data)
        self._socket.setblocking(False)
        while True:
            if rest:
                try:
                    rest = rest[self._socket.send(rest) :]
                except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                    pass
                except OSError:
                    return Flight.BROKEN
            now = self.look(Way.UP)
            if not (rest or now.unsent or now.unacked):
                return Flight.PASSED
            if not now.open:
                return Flight.BROKEN
            if now.backoff >= timeouts:
                return Flight.LOST if now.unacked else Flight.WINDOW
            self._pause()

    def shake(self, sock: ssl.SSLSocket, patience: float) -> Flight:
        """Do a TLS handshake, and wait until it ends or nothing has come for so many seconds."""
        sock.setblocking(False)
        while True:
            try:
                sock.do_handshake()
                self.look(Way.DOWN)
                return Flight.PASSED
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            except OSError:  # ssl.SSLError, too
                return Flight.BROKEN
            now = self.look(Way.DOWN)
            if time.perf_counter() - self._moved > patience:
                return Flight.LOST if now.out_of_order > self._before.out_of_order else Flight.SILENT
            self._pause()

    def elapsed(self) -> float:
        """Seconds since it began; the last sample is brought up to now."""
        seconds = time.perf_counter() - self._start
        self.samples.append((seconds, self.samples[-1][1]))
        return seconds

    def _pause(self) -> None:
        """Wait a moment.

        Raises:
            TimeoutError: At the probe's deadline.
        """
        time.sleep(min(POLL, self._deadline.slice()))


def watched(
    way: Way,
    clamp: int | None,
    sock: socket.socket,
    deadline: Deadline,
    act: Callable[[CounterWatch], Flight],
) -> Trial:
    """Do one large flight and say what became of it."""
    before = counters(sock)
    if before is None:
        return Trial(way=way, clamp=clamp, flight=Flight.BROKEN)
    watch = CounterWatch(sock, deadline, before)
    flight = act(watch)
    seconds = watch.elapsed()
    return Trial(
        way=way,
        clamp=clamp,
        flight=flight,
        seconds=seconds,
        samples=tuple(watch.samples),
        before=before,
        after=watch.look(way),
    )
