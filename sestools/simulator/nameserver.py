"""A name server on loopback that knows one name: the endpoint's, whose addresses rotate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

TTL = 60
"""Seconds that an answer may be kept, as SES's names have it."""
AT_ONCE = 3
"""Addresses in one answer."""


class NameServer(asyncio.DatagramProtocol):
    """Answers over UDP; everything else than its own name does not exist."""

    def __init__(self, host: str, addresses: Sequence[str]) -> None:
        self._name = dns.name.from_text(host)
        self._addresses = list(addresses)
        self._first = 0
        self.where = ("127.0.0.1", 0)

    async def start(self) -> None:
        """Begin to answer."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self._transport = transport
        self.where = self._transport.get_extra_info("sockname")

    def close(self) -> None:
        """Stop."""
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a query; what is none is ignored."""
        try:
            query = dns.message.from_wire(data)
            if query.flags & dns.flags.QR or not query.question:
                return
            self._transport.sendto(self._answer(query).to_wire(), addr)
        except (dns.exception.DNSException, ValueError):
            return

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        question = query.question[0]
        if question.name != self._name:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.A:
            count = min(AT_ONCE, len(self._addresses))
            chosen = [self._addresses[(self._first + step) % len(self._addresses)] for step in range(count)]
            self._first = (self._first + 1) % len(self._addresses)
            response.answer.append(dns.rrset.from_text(question.name, TTL, "IN", "A", *chosen))
        return response
