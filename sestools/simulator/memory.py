"""SES in memory under a virtual clock: the same sessions without sockets, where a day passes in a moment.

What a client sees is what it would see over sockets, with three differences: nothing is really encrypted
(a TLS handshake is only said to have happened, or to have failed), the kernel's repeated connection attempts
come down to one that succeeds the moment an outage ends, and time passes only while somebody waits.
"""

from __future__ import annotations

import math
import smtplib
from types import SimpleNamespace
from typing import Any

from sestools.core.endpoints import PORTS, Security
from sestools.core.errors import UsageError
from sestools.core.target import Target
from sestools.simulator.clock import VirtualClock
from sestools.simulator.faults import Refused
from sestools.simulator.memory_socket import MemorySocket
from sestools.simulator.scenario import SimulatedSes

ETHERNET_MSS = 1460
"""Segment size that a client on an ordinary network announces."""


class VirtualSes(SimulatedSes):
    """SES of a region in memory.

    Args and faults are those of `Simulator`; `clock` tells and passes the time::

        ses = VirtualSes(scenario="s6-hosts-replaced")
        with ses.smtp(587) as smtp:
            smtp.starttls()
            ses.clock.sleep(3600)
    """

    _clock = VirtualClock

    def connect(self, port: int = 587, *, timeout: float = 30.0, mss: int = ETHERNET_MSS) -> MemorySocket:
        """Connect, as `socket.create_connection` would.

        Raises:
            ConnectionRefusedError, TimeoutError: As a real attempt would, after the time that it takes.
            UsageError: If SES has no such port.
        """
        if port not in PORTS:
            raise UsageError(f"SES listens on {', '.join(map(str, PORTS))}, not on {port}")
        self._create_connection(port, timeout)
        return MemorySocket(self._service, port, timeout, mss)

    def _create_connection(self, port: int, timeout: float) -> None:
        """Wait as the kernel does. Errors are told by the names of functions: this one's is `socket`'s."""
        give_up = self.clock.now() + timeout
        while shut := self._service.shut(port):
            if isinstance(shut, Refused):
                raise ConnectionRefusedError(111, "Connection refused")
            turn = next(iter(self._service.turns()), math.inf)
            self.clock.sleep(min(turn, give_up) - self.clock.now())
            if turn > give_up:
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


class VirtualSmtp(smtplib.SMTP):
    """`smtplib.SMTP` over memory. A wrapper port is in TLS from the beginning, as with `SMTP_SSL`."""

    def __init__(self, ses: VirtualSes, port: int, timeout: float, mss: int) -> None:
        self._ses, self._mss = ses, mss
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
            sock.start_tls()
        return sock

    def starttls(self, **_: Any) -> tuple[int, bytes]:  # type: ignore[override]
        """STARTTLS and the handshake."""
        handshake: Any = SimpleNamespace(wrap_socket=MemorySocket.start_tls)
        code, text = super().starttls(context=handshake)
        return code, text
