"""SES in memory under a virtual clock: the same sessions without sockets, where a day passes in a moment.

What a client sees is what it would see over sockets, with three differences: nothing is really encrypted
(a TLS handshake is only said to have happened, or to have failed), the kernel's repeated connection attempts
come down to one that succeeds the moment an outage ends, and time passes only while somebody waits.
"""

from __future__ import annotations

import heapq
import io
import random
import smtplib
import ssl
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar

from sestools.core.credentials import Credentials
from sestools.core.endpoints import PORTS, Security
from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.core.target import Target
from sestools.simulator.account import Account
from sestools.simulator.actions import Abort, Action, Close, HalfClose, Pour, Say, Stall, StartTls, Wait
from sestools.simulator.clock import VirtualClock
from sestools.simulator.faults import (
    BadCertificate,
    Bandwidth,
    BlackHole,
    Fault,
    Latency,
    Outage,
    Refused,
    Silent,
)
from sestools.simulator.scenario import Scenario
from sestools.simulator.service import Accepted, Event, Service
from sestools.simulator.session import ServerSession

ETHERNET_MSS = 1460
"""Segment size that a client on an ordinary network announces."""

_WHY = {
    "expired": "certificate has expired",
    "wrong-name": "Hostname mismatch, certificate is not valid for '{host}'.",
    "unknown-issuer": "unable to get local issuer certificate",
    "self-signed": "self-signed certificate",
}


class VirtualSes:
    """SES of a region in memory.

    Args and faults are those of `Simulator`; `clock` tells and passes the time::

        ses = VirtualSes(scenario="s6-hosts-replaced")
        with ses.smtp(587) as smtp:
            smtp.starttls()
            ses.clock.sleep(3600)
    """

    def __init__(
        self,
        region: str | None = None,
        *,
        account: Account | None = None,
        credentials: Credentials | None = None,
        faults: Iterable[Fault] = (),
        scenario: Scenario | str | None = None,
        seed: int | None = None,
        on_event: Event | None = None,
        **rules: Any,
    ) -> None:
        script = Scenario.named(scenario) if isinstance(scenario, str) else scenario or Scenario()
        chosen = account or script.account
        if region is not None:
            chosen = replace(chosen, region=region)
        if credentials is not None:
            chosen = replace(chosen, credentials=credentials)
        self.clock = VirtualClock()
        self._world = Service(
            chosen,
            replace(script.rules, **rules),
            clock=self.clock,
            faults=[*script.faults, *faults],
            seed=script.seed if seed is None else seed,
            on_event=on_event,
        )
        self.host = self._world.host
        self.credentials = chosen.sign_in

    @property
    def accepted(self) -> list[Accepted]:
        """The messages that were accepted, in order."""
        return self._world.accepted

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that can still happen."""
        return self._world.faults

    @property
    def connections(self) -> int:
        """How many connections were made so far."""
        return self._world.connections

    def set_faults(self, *faults: Fault) -> None:
        """Replace all faults."""
        self._world.set_faults(faults)

    def connect(self, port: int = 587, *, timeout: float = 30.0, mss: int = ETHERNET_MSS) -> MemorySocket:
        """Connect, as `socket.create_connection` would.

        Raises:
            ConnectionRefusedError, TimeoutError: As a real attempt would, after the time that it takes.
            UsageError: If SES has no such port.
        """
        if port not in PORTS:
            raise UsageError(f"SES listens on {', '.join(map(str, PORTS))}, not on {port}")
        self._create_connection(port, timeout)
        return MemorySocket(self._world, self.clock, port, timeout, mss)

    def _create_connection(self, port: int, timeout: float) -> None:
        """Wait as the kernel does. Errors are told by the names of functions: this one's is `socket`'s."""
        give_up = self.clock.now() + timeout
        while shut := self._world.shut(port):
            if isinstance(shut, Refused):
                raise ConnectionRefusedError(111, "Connection refused")
            turns = [time for time in self._world.turns() if time <= give_up]
            self.clock.sleep((turns[0] if turns else give_up) - self.clock.now())
            if not turns:
                raise TimeoutError("timed out")

    def reach(self, port: int = 587) -> dict[str, Any]:
        """What a probe needs to reach it in virtual time: `probe_lifetime(**ses.reach())`."""
        return {
            "target": Target(host=self.host, port=port, credentials=self.credentials),
            "connect": lambda: self.connect(port),
            "clock": self.clock,
        }

    def smtp(self, port: int = 587, *, timeout: float = 30.0, mss: int = ETHERNET_MSS) -> VirtualSmtp:
        """The standard library's SMTP client, connected to this SES."""
        return VirtualSmtp(self, port, timeout, mss)


class MemorySocket:
    """A client's end of a connection, with the methods of a socket that an SMTP client uses."""

    _numbers: ClassVar[count[int]] = count()

    def __init__(self, world: Service, clock: VirtualClock, port: int, timeout: float, mss: int) -> None:
        self._world = world
        self._clock = clock
        self._timeout: float | None = timeout
        self._mss = mss
        self._visit = world.open(port)
        self._random = random.Random(self._visit.number)  # noqa: S311 - jitter, not secrets
        self.security = world.security(self._visit)
        self._session = ServerSession(world, self._visit, self.security)
        self._inbox: list[tuple[float, int, bytes | ConnectionError | None]] = []
        """What is on its way to the client: bytes, the end (None), or a reset; by time of arrival."""
        self._outbox = bytearray()
        """What the client has sent while the network was out, or into a black hole."""
        self._in_hole = False
        self._busy_until = 0.0
        self._free_at = 0.0
        self._over: bytes | ConnectionError | None = b""
        self._sent_after_end = False
        self._wants_tls = self.security is Security.WRAPPER
        self._deaf = world.of(self._visit, Silent) is not None
        self._closed = False
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

    def start_tls(self, host: str | None = None) -> None:
        """The TLS handshake, as far as it can fail.

        Raises:
            ssl.SSLError, OSError: As a real handshake would.
        """
        if not self._wants_tls:
            raise ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
        self._pass()
        for fault in self._world.at(self._visit, Stage.TLS):
            self._do(fault.instead() or [])
        if self._deaf or self._over is None or isinstance(self._over, ConnectionError) or self._inbox:
            self.recv(1)
            raise ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
        bad = self._world.of(self._visit, BadCertificate)
        if isinstance(bad, BadCertificate):
            why = _WHY[bad.kind].format(host=self._world.host)
            self.close()
            raise ssl.SSLCertVerificationError(
                1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why}"
            )
        self._wants_tls, self.pretends_tls = False, True
        if self._session.greeted:
            self._session.tls_started()
        else:
            self._do(self._session.begin())

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
        hole = self._world.of(self._visit, BlackHole)
        if isinstance(hole, BlackHole) and len(data) > hole.mss and self._mss > hole.mss:
            self._in_hole = self._deaf = True
        if self._in_hole:
            self._outbox += data
        if self._deaf or self._wants_tls:
            return
        slow = self._world.of(self._visit, Bandwidth)
        if isinstance(slow, Bandwidth):
            self._clock.sleep(len(data) / slow.rate)
        if self._world.of(self._visit, Outage):
            self._outbox += data
        else:
            self._do(self._session.receive(data))

    def send(self, data: bytes) -> int:
        """Send, all of it at once."""
        self.sendall(bytes(data))
        return len(data)

    def recv(self, size: int) -> bytes:
        """What has come, at most so many bytes, waiting for it as long as the time-out allows; b"" at the end.

        Raises:
            TimeoutError, ConnectionResetError: As a socket would.
        """
        give_up = self._clock.now() + (float("inf") if self._timeout is None else self._timeout)
        while True:
            self._pass()
            if self._inbox and self._inbox[0][0] <= self._clock.now() and not self._is_out():
                return self._arrived(size)
            if self._over is None:
                return b""
            if isinstance(self._over, ConnectionError):
                raise self._over
            due = self._next()
            if due > give_up:
                self._clock.sleep(give_up - self._clock.now())
                raise TimeoutError("timed out")
            self._clock.sleep(due - self._clock.now())

    def makefile(self, mode: str = "rb", buffering: int = -1) -> io.BufferedReader:
        """A file to read from."""
        return io.BufferedReader(_Reading(self))

    def shutdown(self, how: int) -> None:
        """End the client's side."""

    def close(self) -> None:
        """Forget the connection."""
        if not self._closed:
            self._closed = True
            self._world.close(self._visit)

    def _arrived(self, size: int) -> bytes:
        at, number, what = heapq.heappop(self._inbox)
        if isinstance(what, bytes):
            if len(what) > size:
                heapq.heappush(self._inbox, (at, number, what[size:]))
            return what[:size]
        self._over = what
        if isinstance(what, ConnectionError):
            raise what
        return b""

    def _is_out(self) -> bool:
        return self._world.of(self._visit, Outage) is not None

    def _next(self) -> float:
        """When something can happen next."""
        times = self._world.turns()[:1]
        if self._inbox:
            times.append(max(self._inbox[0][0], self._clock.now()) if not self._is_out() else float("inf"))
        if not self._deaf:
            times.append(max(self._session.due, self._clock.now()))
        return min(times, default=float("inf"))

    def _pass(self) -> None:
        """Let happen what was due meanwhile."""
        if self._in_hole and not self._world.of(self._visit, BlackHole):
            self._in_hole = self._deaf = False
        if self._outbox and not self._is_out() and not self._deaf:
            data, self._outbox = bytes(self._outbox), bytearray()
            self._do(self._session.receive(data))
        if not self._deaf:
            self._do(self._session.tick())

    def _do(self, actions: list[Action]) -> None:
        if not actions:
            return
        late = self._world.of(self._visit, Latency)
        at = max(self._clock.now(), self._busy_until) + self._world.delay(self._visit)
        for action in actions:
            if isinstance(action, Wait):
                at += action.seconds
            elif isinstance(action, Say):
                at += action.seconds * (len(action.data) - 1)
                self._put(at, action.data, late)
            elif isinstance(action, Pour):
                self._put(at, action.piece * min(64, action.total // len(action.piece) + 1), late)
            elif isinstance(action, StartTls):
                self._wants_tls = True
            elif isinstance(action, Stall):
                self._deaf = True
            elif isinstance(action, Close | HalfClose):
                self._put(at, None, late)
                if isinstance(action, Close):
                    self._world.release(self._visit)
                self._deaf = self._deaf or isinstance(action, HalfClose)
            elif isinstance(action, Abort):
                self._inbox.clear()
                self._world.release(self._visit)
                self._put(at, ConnectionResetError(104, "Connection reset by peer"), None)
        self._busy_until = at
        self._session.hears(at)

    def _put(self, at: float, what: bytes | ConnectionError | None, late: Fault | None) -> None:
        if isinstance(late, Latency):
            at += max(0.0, late.seconds + self._random.uniform(-late.jitter, late.jitter))
        slow = self._world.of(self._visit, Bandwidth)
        at = max(at, self._free_at)
        if isinstance(slow, Bandwidth) and isinstance(what, bytes):
            at += len(what) / slow.rate
        self._free_at = at
        heapq.heappush(self._inbox, (at, next(self._numbers), what))


class _Reading(io.RawIOBase):
    def __init__(self, sock: MemorySocket) -> None:
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._sock.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class VirtualSmtp(smtplib.SMTP):
    """`smtplib.SMTP` over memory. A wrapper port is in TLS from the beginning, as with `SMTP_SSL`."""

    def __init__(self, ses: VirtualSes, port: int, timeout: float, mss: int) -> None:
        self._ses = ses
        self._mss = mss
        self.greeting = ""
        """What the server said first."""
        super().__init__(ses.host, port, local_hostname="client.example.com", timeout=timeout)

    def connect(self, *where: Any, **more: Any) -> tuple[int, bytes]:
        """Connect, and keep the greeting."""
        code, text = super().connect(*where, **more)
        self.greeting = text.decode()
        return code, text

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        sock = self._ses.connect(port, timeout=timeout, mss=self._mss)
        if PORTS[port] is Security.WRAPPER:
            sock.start_tls(host)
        return sock

    def starttls(self, **_: Any) -> tuple[int, bytes]:  # type: ignore[override]
        """STARTTLS and the handshake."""
        handshake: Any = _Handshake()
        code, text = super().starttls(context=handshake)
        return code, text


class _Handshake:
    """Stands where a client wants an SSL context."""

    verify_mode = ssl.CERT_REQUIRED
    check_hostname = True

    def wrap_socket(
        self, sock: MemorySocket, server_hostname: str | None = None, **_: object
    ) -> MemorySocket:
        sock.start_tls(server_hostname)
        return sock
