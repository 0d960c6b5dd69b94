"""A name server on loopback that knows one name: the endpoint's, whose addresses rotate and change."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from dns import exception, flags, message, name, rcode, rdatatype, rrset

from sestools.core.errors import UsageError
from sestools.simulator.clock import VirtualClock

TTL = 60
"""Seconds that an answer may be kept, as SES's names have it."""
AT_ONCE = 3
"""Addresses in one answer."""


class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP for one name, `first` says beginning with which of its addresses; no other name exists."""

    def __init__(self, host: str, addresses: Sequence[str], first: int = 0) -> None:
        self._name = name.from_text(host)
        self._begin = first
        self.set(addresses)
        self.where = ("127.0.0.1", 0)
        self._transport: asyncio.DatagramTransport | None = None

    def set(self, addresses: Sequence[str]) -> None:
        """From now on the name has these addresses, and the turns begin again."""
        self._addresses = deque(addresses)
        self._addresses.rotate(-self._begin)

    async def start(self) -> None:
        """Begin to answer."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.where = self._transport.get_extra_info("sockname")

    def close(self) -> None:
        """Stop; it may have been stopped before it had begun."""
        if self._transport:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a query; what is none is ignored."""
        try:
            query = message.from_wire(data)
            if self._transport and query.question and not query.flags & flags.QR:
                self._transport.sendto(self._answer(query).to_wire(), addr)
        except (exception.DNSException, ValueError):
            return

    def _answer(self, query: message.Message) -> message.Message:
        response = message.make_response(query)
        response.flags |= flags.AA
        question = query.question[0]
        if question.name != self._name:
            response.set_rcode(rcode.NXDOMAIN)
        elif question.rdtype == rdatatype.A and self._addresses:
            chosen = list(self._addresses)[:AT_ONCE]
            self._addresses.rotate(-1)
            response.answer.append(rrset.from_text(question.name, TTL, "IN", "A", *chosen))
        return response


class _Named(Protocol):
    def set_addresses(self, *addresses: str) -> None: ...


class Churn(VirtualClock):
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
        self, simulator: _Named, addresses: Sequence[str], *, active: int = 4, every: float = 250.0
    ) -> None:
        if not 1 <= active <= len(addresses) or not every > 0:
            raise UsageError("churn needs a positive time, and as many addresses as are active, or more")
        self._simulator, self._addresses, self._active, self._every = simulator, addresses, active, every
        super().__init__(0.0)
        simulator.set_addresses(*self.active)

    @property
    def active(self) -> tuple[str, ...]:
        """The addresses that the name has now, the oldest first."""
        first = int(self.now() // self._every)
        return tuple(
            self._addresses[number % len(self._addresses)] for number in range(first, first + self._active)
        )

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass, which takes no time."""
        before = self.active
        super().sleep(seconds)
        if self.active != before:
            self._simulator.set_addresses(*self.active)
