"""A client's end of a connection to the SES in memory, with the methods of a socket."""

from __future__ import annotations

import heapq
import io
import math
import random
import ssl
from itertools import count
from typing import Any, ClassVar

from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.simulator.actions import Action, Pour, Say, Turn, Wait
from sestools.simulator.faults import BadCertificate, Bandwidth, BlackHole, Latency, Outage, Silent
from sestools.simulator.service import Service
from sestools.simulator.session import ServerSession

_WHY = {
    "expired": "certificate has expired",
    "wrong-name": "Hostname mismatch, certificate is not valid for '{host}'.",
    "unknown-issuer": "unable to get local issuer certificate",
    "self-signed": "self-signed certificate",
}


class MemorySocket:
    """A client's end of a connection, with the methods of a socket that an SMTP client uses."""

    _numbers: ClassVar[count[int]] = count()

    def __init__(self, service: Service, port: int, timeout: float, mss: int) -> None:
        self._service, self._clock, self._mss = service, service.clock, mss
        self._timeout: float | None = timeout
        self._record = service.open(port)
        self._random = random.Random(self._record.number)  # noqa: S311 - jitter, not secrets
        self.security = service.security(self._record)
        self._session = ServerSession(service, self._record, self.security)
        self._inbox: list[tuple[float, int, bytes | ConnectionError | None]] = []
        """What is on its way to the client: bytes, the end (None), or a reset; by time of arrival."""
        self._outbox = bytearray()
        """What the client has sent while the network was out, or into a black hole."""
        self._busy_until = self._free_at = 0.0
        self._over: bytes | ConnectionError | None = b""
        """How the connection ended, as in the inbox; while it has not, no bytes."""
        self._wants_tls = self.security is Security.WRAPPER
        self._deaf = service.of(self._record, Silent) is not None
        self._in_hole = self._sent_after_end = self._closed = False
        self.pretends_tls = False
        """Whether a TLS handshake is said to have happened. No real socket has this: see `sestools.core.trust`."""
        if not self._deaf and not self._wants_tls:
            self._do(self._session.begin())

    def settimeout(self, seconds: float | None) -> None:
        """Wait at most so long for an answer."""
        self._timeout = seconds

    def getsockname(self) -> tuple[str, int]:
        """The client's address: one for examples (RFC 5737)."""
        return "192.0.2.1", 49152

    def getsockopt(self, *_: object) -> bytes:
        """The kernel knows nothing of it."""
        raise OSError(92, "Protocol not available")

    def version(self) -> str:
        """The version of TLS that is pretended."""
        return "TLSv1.3"

    def cipher(self) -> None:
        """None: nothing is really encrypted."""

    def getpeercert(self) -> None:
        """None: there is no certificate in memory."""

    def start_tls(self, server_hostname: str | None = None) -> MemorySocket:
        """The TLS handshake: SSLError or OSError as from a real one; `server_hostname` is not looked at."""
        if not self._wants_tls:
            raise ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
        self._pass()
        for fault in self._service.at(self._record, Stage.TLS):
            self._do(fault.instead() or [])
        if self._deaf or self._over != b"" or self._inbox:
            self.recv(1)
            raise ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
        if bad := self._service.of(self._record, BadCertificate):
            self.close()
            why = f"certificate verify failed: {_WHY[bad.kind].format(host=self._service.host)}"
            raise ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] {why}")
        self._wants_tls, self.pretends_tls = False, True
        if self._session.greeted:
            self._session.tls_started()
        else:
            self._do(self._session.begin())
        return self

    def sendall(self, data: bytes) -> None:
        """Send."""
        self._pass()
        if self._closed:
            raise OSError(9, "Bad file descriptor")
        if isinstance(self._over, ConnectionError) or self._sent_after_end:
            raise BrokenPipeError(32, "Broken pipe")
        if self._over is None:
            self._sent_after_end = True  # the first write to a closed connection still seems to succeed
            return
        hole = self._service.of(self._record, BlackHole)
        if hole and len(data) > hole.mss and self._mss > hole.mss:
            self._in_hole = self._deaf = True
        if self._in_hole:
            self._outbox += data
        if self._deaf or self._wants_tls:
            return
        if slow := self._service.of(self._record, Bandwidth):
            self._clock.sleep(len(data) / slow.rate)
        if self._service.of(self._record, Outage):
            self._outbox += data
        else:
            self._do(self._session.receive(data))

    def send(self, data: bytes) -> int:
        """Send, all of it at once."""
        self.sendall(bytes(data))
        return len(data)

    def recv(self, size: int) -> bytes:
        """What has come, at most so many bytes, waiting for it as long as the time-out allows; b"" at the end."""
        give_up = self._clock.now() + (math.inf if self._timeout is None else self._timeout)
        while self._over == b"":
            self._pass()
            if self._inbox and self._inbox[0][0] <= self._clock.now() and not self._is_out():
                at, number, what = heapq.heappop(self._inbox)
                if isinstance(what, bytes):
                    if len(what) > size:
                        heapq.heappush(self._inbox, (at, number, what[size:]))
                    return what[:size]
                self._over = what
                break
            due = self._next()
            self._clock.sleep(min(due, give_up) - self._clock.now())
            if due > give_up:
                raise TimeoutError("timed out")
        if isinstance(self._over, ConnectionError):
            raise self._over
        return b""

    def makefile(self, mode: str = "rb", buffering: int = -1) -> io.BufferedReader:
        """A file to read from."""
        return io.BufferedReader(_SocketReader(self))

    def shutdown(self, how: int) -> None:
        """End the client's side."""

    def close(self) -> None:
        """Forget the connection."""
        if not self._closed:
            self._closed = True
            self._service.close(self._record)

    def _is_out(self) -> bool:
        return self._service.of(self._record, Outage) is not None

    def _next(self) -> float:
        """When something can happen next."""
        times = [*self._service.turns()[:1], math.inf]
        if self._inbox and not self._is_out():
            times.append(self._inbox[0][0])
        if not self._deaf:
            times.append(self._session.due)
        return max(min(times), self._clock.now())

    def _pass(self) -> None:
        """Let happen what was due meanwhile."""
        if self._in_hole and not self._service.of(self._record, BlackHole):
            self._in_hole = self._deaf = False
        if self._outbox and not self._is_out() and not self._deaf:
            data, self._outbox = bytes(self._outbox), bytearray()
            self._do(self._session.receive(data))
        if not self._deaf:
            self._do(self._session.tick())

    def _do(self, actions: list[Action]) -> None:
        if not actions:
            return
        late = self._service.of(self._record, Latency)
        at = max(self._clock.now(), self._busy_until) + self._service.delay(self._record)
        for action in actions:
            match action:
                case Wait():
                    at += action.seconds
                case Say():
                    at += action.seconds * (len(action.data) - 1)
                    self._put(at, action.data, late)
                case Pour():
                    self._put(at, action.piece * min(64, action.total // len(action.piece) + 1), late)
                case Turn.START_TLS:
                    self._wants_tls = True
                case Turn.STALL:
                    self._deaf = True
                case Turn.HALF_CLOSE:
                    self._put(at, None, late)
                    self._deaf = True
                case Turn.CLOSE:
                    self._put(at, None, late)
                    self._service.release(self._record)
                case Turn.ABORT:
                    self._inbox.clear()
                    self._service.release(self._record)
                    self._put(at, ConnectionResetError(104, "Connection reset by peer"), None)
        self._busy_until = at
        self._session.hears(at)

    def _put(self, at: float, what: bytes | ConnectionError | None, late: Latency | None) -> None:
        if late:
            at += max(0.0, late.seconds + self._random.uniform(-late.jitter, late.jitter))
        at = max(at, self._free_at)
        if isinstance(what, bytes) and (slow := self._service.of(self._record, Bandwidth)):
            at += len(what) / slow.rate
        self._free_at = at
        heapq.heappush(self._inbox, (at, next(self._numbers), what))


class _SocketReader(io.RawIOBase):
    def __init__(self, sock: MemorySocket) -> None:
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._sock.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)
