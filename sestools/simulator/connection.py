"""A session on a socket: an asyncio protocol that carries out its actions, with TLS of its own.

TLS goes through memory (`ssl.MemoryBIO`) instead of `loop.start_tls`: there, a client's first encrypted
command can arrive before the coroutine that waits for the handshake goes on, and be answered in clear text.
Own buffers also cost a tenth of asyncio's memory for each idle connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections import deque
from typing import Protocol

from sestools.model import Stage
from sestools.simulator.actions import Abort, Action, Close, Pour, Say, Stall, StartTls, Wait
from sestools.simulator.faults import Drips, Fault, Silent
from sestools.simulator.session import Session

PIECE = 64 * 1024
LINGER = 2.0
"""Seconds that a connection which was ended waits for the client to end it too: a reset could lose the last reply."""


class Setting(Protocol):
    """What a connection needs to know of the simulator."""

    delay: float
    idle: float

    def opened(self, connection: Connection) -> int:
        """Count a connection in and give its number."""

    def closed(self, connection: Connection) -> None:
        """Count it out."""

    def fault(self, port: int, stage: Stage | None) -> Fault | None:
        """The fault that happens now: at a stage, or (None) to the connection as a whole."""

    def session(self, connection: Connection) -> Session:
        """A new session."""

    def context(self, port: int) -> ssl.SSLContext:
        """The TLS context of a port."""

    def event(self, connection: Connection, direction: str, text: str) -> None:
        """Tell whoever watches."""


class Connection(asyncio.Protocol):
    """One client connection of the simulator."""

    def __init__(self, setting: Setting, port: int, wrapper: bool) -> None:
        self.port = port
        self.wrapper = wrapper
        self.number = 0
        self._setting = setting
        self._loop = asyncio.get_running_loop()
        self._actions: deque[Action] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._heard_at = 0.0
        self._paused = self._deaf = self._ending = False
        self._tls: ssl.SSLObject | None = None
        self._shaken = False
        self._drip = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or wait for the TLS handshake on a wrapper port."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server always gives
        self._transport = transport
        self.number = self._setting.opened(self)
        self._session = self._setting.session(self)
        self._setting.event(self, "*", "connected")
        self._heard_at = self._loop.time()
        if isinstance(self._setting.fault(self.port, None), Silent):
            self._deaf = True
            return
        self._idle_timer = self._loop.call_later(self._setting.idle, self._look_at_clock)
        if self.wrapper:
            self._begin_tls()
        else:
            self._add(self._session.begin())

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        for timer in (self._timer, self._idle_timer):
            if timer:
                timer.cancel()
        self._deaf = self._ending = True
        self._actions.clear()
        self._setting.event(self, "*", "disconnected")
        self._setting.closed(self)

    def eof_received(self) -> bool:
        """A client that says no more is not answered any more."""
        return False

    def abort(self) -> None:
        """Reset the connection."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes from the client: TLS, or the dialogue itself."""
        if self._deaf or self._ending:
            return
        self._heard_at = self._loop.time()
        if self._tls is None:
            self._add(self._session.receive(data))
            return
        self._incoming.write(data)
        try:
            if self._shaken or self._handshake():
                self._decrypt()
        except ssl.SSLError as error:
            self._setting.event(self, "*", f"TLS failed: {error.reason or error}")
            self._flush()
            self._transport.close()

    def _begin_tls(self) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = self._setting.context(self.port).wrap_bio(
            self._incoming, self._outgoing, server_side=True
        )
        self._shaken = False

    def _handshake(self) -> bool:
        assert self._tls is not None  # noqa: S101 - only called inside TLS
        fault = self._setting.fault(self.port, Stage.TLS)
        if fault is not None:
            instead = fault.instead()
            if instead is not None:
                self._add(instead)
                return False
            if isinstance(fault, Drips):
                self._drip = fault.seconds
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._flush()
        self._shaken = True
        self._setting.event(self, "*", f"{self._tls.version()} begins")
        if self.wrapper:
            self._add(self._session.begin())
        else:
            self._session.tls_started()
        return True

    def _decrypt(self) -> None:
        assert self._tls is not None  # noqa: S101 - only called inside TLS
        while not self._ending and not self._deaf:
            try:
                data = self._tls.read(PIECE)
            except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                break
            if not data:
                break
            self._add(self._session.receive(data))
        self._flush()

    def _flush(self) -> None:
        """Send what TLS wants to send."""
        data = self._outgoing.read()
        if not data:
            return
        if self._drip and not self._shaken:
            self._actions.appendleft(Say(data, self._drip))
            self._run()
        else:
            self._transport.write(data)

    def _add(self, actions: list[Action]) -> None:
        if not actions:
            return
        if self._setting.delay:
            self._actions.append(Wait(self._setting.delay))
        self._actions += actions
        if self._timer is None:
            self._run()

    def _later(self, seconds: float) -> None:
        def go_on() -> None:
            self._timer = None
            self._run()

        self._timer = self._loop.call_later(seconds, go_on)

    def _run(self) -> None:
        """Carry out actions until one has to wait."""
        while self._actions and not self._paused and self._timer is None:
            action = self._actions.popleft()
            if isinstance(action, Say):
                self._write(action)
            elif isinstance(action, Wait):
                self._later(action.seconds)
            elif isinstance(action, Pour):
                self._pour(action)
            elif isinstance(action, StartTls):
                self._begin_tls()
            elif isinstance(action, Stall):
                self._deaf = True
                self._actions.clear()
            elif isinstance(action, Abort):
                self._setting.event(self, "*", "reset by the simulator")
                self.abort()
            elif isinstance(action, Close):
                self._close()

    def _write(self, action: Say) -> None:
        if action.seconds and len(action.data) > 1:
            self._actions.appendleft(Say(action.data[1:], action.seconds))
            self._later(action.seconds)
            self._send(action.data[:1])
            return
        self._send(action.data)
        for line in action.data.splitlines():
            self._setting.event(self, "<", line.decode("utf-8", "backslashreplace"))

    def _send(self, data: bytes) -> None:
        # Dripping bytes of a handshake are encrypted already.
        if self._tls is None or not self._shaken:
            self._transport.write(data)
        else:
            self._tls.write(data)
            self._transport.write(self._outgoing.read())

    def _pour(self, action: Pour) -> None:
        if self._transport.is_closing():
            return
        self._send(action.piece)
        left = action.total - len(action.piece)
        if left > 0:
            self._actions.appendleft(Pour(action.piece[:left], left))
            self._later(0)

    def _close(self) -> None:
        self._ending = True
        self._actions.clear()
        if self._tls is not None and self._shaken:
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            self._transport.write(self._outgoing.read())
        if self._transport.can_write_eof():
            with contextlib.suppress(OSError):
                self._transport.write_eof()
        self._timer = self._loop.call_later(LINGER, self._transport.abort)

    def pause_writing(self) -> None:
        """The client reads too slowly: neither write nor listen until it has caught up."""
        self._paused = True
        with contextlib.suppress(RuntimeError):
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._paused = False
        with contextlib.suppress(RuntimeError):
            self._transport.resume_reading()
        self._run()

    def _look_at_clock(self) -> None:
        """End the session if the client was silent for too long. One timer serves the whole connection."""
        left = self._heard_at + self._setting.idle - self._loop.time()
        if left > 0:
            self._idle_timer = self._loop.call_later(left, self._look_at_clock)
            return
        self._idle_timer = None
        if not (self._deaf or self._ending):
            self._add(self._session.timed_out())
