"""A name server on loopback that knows one name: the endpoint's, whose addresses rotate and change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.simulator.server import Simulator

TTL = 60
"""Seconds that an answer may be kept, as SES's names have it."""
AT_ONCE = 3
"""Addresses in one answer."""


class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP; everything else than its own name does not exist.

    Args:
        host: The name.
        addresses: What it has.
        first: With which of them the first answer begins.
    """

    def __init__(self, host: str, addresses: Sequence[str], first: int = 0) -> None:
        self._name = dns.name.from_text(host)
        self._begin = first
        self.set(addresses)
        self.where = ("127.0.0.1", 0)
        self._transport: asyncio.DatagramTransport | None = None

    def set(self, addresses: Sequence[str]) -> None:
        """From now on the name has these addresses, and the turns begin again."""
        self._addresses = list(addresses)
        self._first = self._begin % max(1, len(self._addresses))

    async def start(self) -> None:
        """Begin to answer."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self._transport = transport
        self.where = transport.get_extra_info("sockname")

    def close(self) -> None:
        """Stop; it may have been stopped before it had begun."""
        if self._transport:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a query; what is none is ignored."""
        try:
            query = dns.message.from_wire(data)
            if query.flags & dns.flags.QR or not query.question:
                return
            if self._transport:
                self._transport.sendto(self._answer(query).to_wire(), addr)
        except (dns.exception.DNSException, ValueError):
            return

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        question = query.question[0]
        if question.name != self._name:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.A and self._addresses:
            count = min(AT_ONCE, len(self._addresses))
            chosen = [self._addresses[(self._first + step) % len(self._addresses)] for step in range(count)]
            self._first = (self._first + 1) % len(self._addresses)
            response.answer.append(dns.rrset.from_text(question.name, TTL, "IN", "A", *chosen))
        return response


class Churn:
    """A clock for `watch_addresses` that takes no time, and by which the addresses of the name change.

    The name begins with the first few of the addresses. Every so often the oldest makes way for the next,
    round and round, as behind a load balancer.

    Args:
        simulator: Whose name servers answer.
        addresses: What the name has in the course of time. Nothing need listen there.
        active: How many of them it has at a time.
        every: Seconds between two changes.
    """

    def __init__(
        self, simulator: Simulator, addresses: Sequence[str], *, active: int = 4, every: float = 250.0
    ) -> None:
        if not 1 <= active <= len(addresses) or not every > 0:
            raise UsageError("churn needs a positive time, and as many addresses as are active, or more")
        self._simulator, self._addresses, self._active, self._every = simulator, addresses, active, every
        self._now = 0.0
        self._change()

    @property
    def active(self) -> tuple[str, ...]:
        """The addresses that the name has now, the oldest first."""
        changes = int(self._now // self._every)
        return tuple(
            self._addresses[(changes + index) % len(self._addresses)] for index in range(self._active)
        )

    def now(self) -> float:
        """Seconds since the beginning."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass, which takes no time."""
        before, self._now = self._now // self._every, self._now + seconds
        if self._now // self._every != before:
            self._change()

    def _change(self) -> None:
        self._simulator.set_addresses(*self.active)
