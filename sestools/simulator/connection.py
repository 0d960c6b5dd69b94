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
from collections.abc import Callable

from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.simulator.actions import Action, Pour, Say, Turn, Wait
from sestools.simulator.certificates import Authority
from sestools.simulator.faults import BadCertificate, Drips, Silent
from sestools.simulator.path import Path
from sestools.simulator.service import Service
from sestools.simulator.session import ServerSession

PIECE = 64 * 1024
LINGER = 2.0
"""Seconds that a connection which was ended waits for the client to end it too: a reset could lose the last reply."""


class ServerConnection(asyncio.BufferedProtocol):
    """One client connection of the simulator.

    It is one of `everyone` as long as it is open, and reads into a `buffer` that all connections of one event loop
    share: asyncio's own 256 KiB for each read cost more than the read.
    """

    def __init__(
        self, service: Service, ca: Authority, port: int, everyone: set[ServerConnection], buffer: memoryview
    ) -> None:
        self._service, self._authority, self._port = service, ca, port
        self._everyone, self._buffer = everyone, buffer
        self._loop = asyncio.get_running_loop()
        self._actions: deque[Action] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._clock_timer: asyncio.TimerHandle | None = None
        self._paused = self._deaf = self._ending = self._last_heard = self._shaken = self._asked = False
        self._tls: ssl.SSLObject | None = None
        self._drip = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or wait for the TLS handshake on a wrapper port."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server always gives
        self._transport = transport
        self._everyone.add(self)
        self._record = self._service.open(self._port)
        self.path = Path(self._service, self._record, transport, self._arrived)
        security = self._service.security(self._record)
        self._session = ServerSession(self._service, self._record, security)
        if self._service.of(self._record, Silent):
            self._deaf = True
            return
        self._watch_clock()
        if security is Security.WRAPPER:
            self._begin_tls()
        else:
            self._add(self._session.begin())

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        for timer in (self._timer, self._clock_timer):
            if timer:
                timer.cancel()
        self.path.close()
        self._deaf = self._ending = True
        self._actions.clear()
        self._service.close(self._record)
        self._everyone.discard(self)

    def eof_received(self) -> bool:
        """A client that ends its side still receives what is on its way, or will be sent later."""
        if self._timer is None and not self.path.busy:
            return False
        self._last_heard = True
        self._end_if_done()
        return not self._deaf

    def _end_if_done(self) -> None:
        waits = bool(self._actions) or self._timer is not None or self.path.arriving
        if self._last_heard and not (self._deaf or self._ending or waits):
            self._close()

    def abort(self) -> None:
        """Reset the connection."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes from the client."""
        if not (self._deaf or self._ending):
            self.path.receive(bytes(self._buffer[:nbytes]))

    def _arrived(self, data: bytes) -> None:
        """Bytes that the path let through: TLS, or the dialogue itself."""
        if self._deaf or self._ending:
            return
        try:
            if self._tls is None:
                self._add(self._session.receive(data))
            else:
                self._incoming.write(data)
                if self._shaken or self._handshake():
                    self._decrypt()
            self._end_if_done()
        except ssl.SSLError as error:
            self._service.event(self._record, "*", f"TLS failed: {error.reason or error}")
            self._flush()
            self._transport.close()

    def _begin_tls(self) -> None:
        bad = self._service.of(self._record, BadCertificate)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = self._authority.context(bad.kind if bad else "good")
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaken = self._asked = False

    def _handshake(self) -> bool:
        assert self._tls is not None  # noqa: S101 - only called inside TLS
        # Once for a handshake, in however many pieces it comes.
        faults = [] if self._asked else self._service.at(self._record, Stage.TLS)
        self._asked = True
        for fault in faults:
            if (instead := fault.instead()) is not None:
                self._add(instead)
                return False
            self._drip = fault.seconds if isinstance(fault, Drips) else self._drip
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._flush()
        self._shaken = True
        self._service.event(self._record, "*", f"{self._tls.version()} begins")
        if self._session.greeted:
            self._session.tls_started()
        else:
            self._add(self._session.begin())
        return True

    def _decrypt(self) -> None:
        assert self._tls is not None  # noqa: S101 - only called inside TLS
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            while not self._ending and not self._deaf and (data := self._tls.read(PIECE)):
                self._add(self._session.receive(data))
        self._flush()

    def _flush(self) -> None:
        """Send what TLS wants to send."""
        data = self._outgoing.read()
        if data and self._drip and not self._shaken:
            self._actions.appendleft(Say(data, self._drip))
            self._run()
        elif data:
            self.path.send(data)

    def _add(self, actions: list[Action]) -> None:
        if not actions:
            return
        delay = self._service.delay(self._record)
        self._actions += [Wait(delay), *actions] if delay else actions
        if self._timer is None:
            self._run()

    def _later(self, seconds: float, then: Callable[[], None] | None = None) -> None:
        def go_on() -> None:
            self._timer = None
            (then or self._run)()
            if not self._actions and self._timer is None:
                self._session.hears()  # from now on it is the client that is slow
                self._end_if_done()

        self._timer = self._loop.call_later(seconds, go_on)

    def _run(self) -> None:
        """Carry out actions until one has to wait."""
        while self._actions and not self._paused and self._timer is None:
            match action := self._actions.popleft():
                case Say():
                    self._write(action)
                case Wait():
                    self._later(action.seconds)
                case Pour():
                    self._pour(action)
                case Turn.START_TLS:
                    self._begin_tls()
                case Turn.STALL:
                    self._deaf = True
                    self._actions.clear()
                case Turn.ABORT:
                    self._service.event(self._record, "*", "reset by the simulator")
                    self._actions.clear()
                    self.abort()
                case Turn.HALF_CLOSE:
                    self._deaf = True
                    self.path.finish()
                case Turn.CLOSE:
                    self._close()

    def _write(self, action: Say) -> None:
        if action.seconds and len(action.data) > 1:
            self._actions.appendleft(Say(action.data[1:], action.seconds))
            self._later(action.seconds)
            self._send(action.data[:1])
            return
        self._send(action.data)
        if self._service.watched:
            for line in action.data.splitlines():
                self._service.event(self._record, "<", line.decode("utf-8", "backslashreplace"))

    def _send(self, data: bytes) -> None:
        # Dripping bytes of a handshake are encrypted already.
        if self._tls is not None and self._shaken:
            self._tls.write(data)
            data = self._outgoing.read()
        self.path.send(data)

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
            self.path.send(self._outgoing.read())
        self._service.release(self._record)
        self.path.finish(self._transport.close if self._last_heard else self._linger)

    def _linger(self) -> None:
        """Wait for the client to end the connection too, from when it could know; an outage does not count."""
        self._later(LINGER, lambda: self._linger() if self.path.out else self._transport.abort())

    def pause_writing(self) -> None:
        """The client reads too slowly: neither write nor read until it has caught up."""
        self._paused = True
        self.path.pause(reason="writing")

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._paused = False
        self.path.resume(reason="writing")
        self._run()

    def _watch_clock(self) -> None:
        """End the session when it is due. One timer serves the whole connection."""
        if self._timer is not None or self.path.arriving:
            self._session.hears()
        left = self._session.due - self._service.clock.now()
        if left > 0:
            self._clock_timer = self._loop.call_later(min(left, 86400), self._watch_clock)
        elif not (self._deaf or self._ending):
            self._add(self._session.tick())
