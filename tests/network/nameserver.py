"""The router's name server, which knows one name: `python -m tests.network.nameserver JSON`.

Keys of the JSON: `listen` (addresses), `name`, `a` and `aaaa` (addresses), `ttl`, and what it does wrong:
`wait` (seconds before each answer), `answer` (`silent`, or a code such as `SERVFAIL`, to everything), `aaaa_answer` (the
same for AAAA questions only), `every_name` (it has the same addresses for every name), `truncated` (UDP answers are
cut short and have to be asked for over TCP).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


class Answers:
    """What it says."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked
        self._name = dns.name.from_text(asked["name"])

    async def to(self, wire: bytes, *, tcp: bool) -> bytes | None:
        """The answer to a question, or None."""
        asked = self._asked
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        question = query.question[0]
        word = asked.get("answer", "")
        if question.rdtype == dns.rdatatype.AAAA:
            word = asked.get("aaaa_answer", word)
        if word == "silent":
            return None
        await asyncio.sleep(asked.get("wait", 0.0))
        answer = dns.message.make_response(query, recursion_available=True)
        known = question.name == self._name or asked.get("every_name", False)
        if word or not known:
            answer.set_rcode(dns.rcode.from_text(word or "NXDOMAIN"))
        elif asked.get("truncated") and not tcp:
            answer.flags |= dns.flags.TC
        else:
            addresses = {dns.rdatatype.A: asked["a"], dns.rdatatype.AAAA: asked["aaaa"]}.get(
                question.rdtype, []
            )
            if addresses:
                ttl = asked.get("ttl", 60)
                answer.answer.append(
                    dns.rrset.from_text_list(question.name, ttl, "IN", question.rdtype, addresses)
                )
        return answer.to_wire()


class Datagrams(asyncio.DatagramProtocol):
    """Questions over UDP."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Begin."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """A question."""
        task = asyncio.ensure_future(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: Any) -> None:
        wire = await self._answers.to(data, tcp=False)
        if wire is not None:
            self._transport.sendto(wire, addr)


async def main(asked: dict[str, Any]) -> None:
    """Serve until killed."""
    answers, loop = Answers(asked), asyncio.get_running_loop()

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                wire = await answers.to(await reader.readexactly(size), tcp=True)
                if wire is not None:
                    writer.write(len(wire).to_bytes(2, "big") + wire)
        writer.close()

    for address in asked["listen"]:
        await loop.create_datagram_endpoint(lambda: Datagrams(answers), (address, 53))
        await asyncio.start_server(stream, address, 53)
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
