"""The way between the simulator and a client: what is late, slow, sliced, cut or swallowed on it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from asyncio import Transport
from collections import deque
from collections.abc import Callable

from sestools.simulator.faults import Bandwidth, BlackHole, Latency, Outage, Sliced
from sestools.simulator.service import ConnectionRecord, Service


class Path:
    """What goes out over a transport, and what is let in; that is given to `deliver`."""

    def __init__(
        self,
        service: Service,
        record: ConnectionRecord,
        transport: Transport,
        deliver: Callable[[bytes], None],
    ) -> None:
        self._service, self._record = service, record
        self._transport, self._deliver = transport, deliver
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[float, bytes | None]] = deque()
        """What is still to be sent, and when; None is the end."""
        self._ended: Callable[[], None] | None = None
        self._swallowed = b""
        self._free_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._arrival: asyncio.TimerHandle | None = None
        self._stopped: set[str] = set()
        """Why nothing is read from the client."""
        self.arriving = False
        """Whether something is on its way from the client."""
        self.out = False
        """Whether nothing gets through."""
        self._random: random.Random | None = None
        self.look()

    def close(self) -> None:
        """The connection is gone."""
        for timer in (self._timer, self._arrival):
            if timer:
                timer.cancel()
        self._queue.clear()

    @property
    def busy(self) -> bool:
        """Whether something is on its way, from or to the client."""
        return self.arriving or bool(self._queue)

    def look(self) -> None:
        """See whether the network is out, and stop or go on accordingly."""
        self.out = self._service.of(self._record, Outage) is not None
        if self.out:
            self.pause("outage")
        else:
            self.resume("outage")
            self._drain()
            if self._swallowed and not self._service.of(self._record, BlackHole):
                again, self._swallowed = self._swallowed, b""
                self.resume("black hole")
                self.receive(again)

    def pause(self, reason: str) -> None:
        """Read no more, for a reason."""
        self._stopped.add(reason)
        with contextlib.suppress(RuntimeError):
            self._transport.pause_reading()

    def resume(self, reason: str) -> None:
        """A reason is gone; with the last one reading goes on."""
        if reason in self._stopped:
            self._stopped.discard(reason)
            if not self._stopped:
                with contextlib.suppress(RuntimeError):
                    self._transport.resume_reading()

    def receive(self, data: bytes) -> None:
        """Let what a client sent through: at once, later, or never."""
        if self._service.calm:
            self._deliver(data)
            return
        hole = self._service.of(self._record, BlackHole) if len(data) > 48 else None
        if hole and len(data) > hole.mss and self._segment() > hole.mss:
            # As if the large segment, and each time it is sent again, never came.
            self._service.event(self._record, "*", f"a segment larger than {hole.mss} bytes is swallowed")
            self.pause("black hole")
            self._swallowed = data
            return
        if slow := self._service.of(self._record, Bandwidth):
            self.arriving = True
            self.pause("bandwidth")
            self._arrival = self._loop.call_later(len(data) / slow.rate, self._arrive, data)
        else:
            self._deliver(data)

    def _arrive(self, data: bytes) -> None:
        self.arriving = False
        self.resume("bandwidth")
        self._deliver(data)

    def _segment(self) -> int:
        """The largest segment that the client lets be sent, which it also uses itself."""
        sock = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            size = int(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
            option = getattr(socket, "TCP_INFO", None)  # Linux
            # The kernel has taken off the 12 bytes of the time stamps option, if both sides use it.
            stamps = option is not None and sock.getsockopt(socket.IPPROTO_TCP, option, 8)[5] & 1
            return size + 12 if stamps else size
        return 0

    def send(self, data: bytes) -> None:
        """Send, as the way lets it through."""
        if not self._queue and self._service.calm:
            self._transport.write(data)
            return
        slow, sliced = self._service.of(self._record, Bandwidth), self._service.of(self._record, Sliced)
        now = self._loop.time()
        if late := self._service.of(self._record, Latency):
            # Made when it is needed: it takes 3 KiB of each connection.
            self._random = self._random or random.Random(self._record.number)  # noqa: S311 - jitter, not secrets
            now += max(0.0, late.seconds + self._random.uniform(-late.jitter, late.jitter))
        size = sliced.size if sliced else max(1, len(data))
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            due = max(now, self._free_at)
            self._free_at = due + (len(piece) / slow.rate if slow else 0.0)
            self._queue.append((due, piece))
        self._drain()

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End this side of the connection, after everything that is still on its way; and then?"""
        self._ended = then
        self._queue.append((self._free_at, None))
        self._drain()

    def _drain(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        while self._queue and not self.out:
            due, data = self._queue[0]
            wait = due - self._loop.time()
            if wait > 0:
                self._timer = self._loop.call_later(wait, self._drain)
                return
            self._queue.popleft()
            if data is not None:
                self._transport.write(data)
                continue
            with contextlib.suppress(OSError, RuntimeError):
                self._transport.write_eof()
            if self._ended:
                self._ended()
