"""SES in a namespace of its own: the simulator on loopback, behind relays that listen on all its addresses.

Relays, for the simulator listens on loopback only. They accept the connections, so what crosses the network
is theirs; TLS passes through them. The certificates are large, as SES's are: RSA, with two intermediates.
Run as `python -m tests.network.server CA-FILE CLIENT...`: those clients' NOOPs are never answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import trustme

from sestools.core.endpoints import PORTS
from sestools.simulator import server as simulator
from sestools.simulator.certificates import Authority


class Large(Authority):
    """An authority whose chain is longer than a segment: about 3 kB. All simulators share one."""

    _root: trustme.CA
    _made: ssl.SSLContext | None = None

    def __init__(self, host: str) -> None:
        if Large._made is None:
            rsa = trustme.KeyType.RSA
            Large._root = trustme.CA(key_type=rsa)
            child = Large._root.create_child_ca(key_type=rsa)
            below = trustme.CA(child, path_length=7, organization_name="Amazon", key_type=rsa)
            Large._made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            below.issue_cert(host, key_type=rsa).configure_cert(Large._made)
        self._ca = Large._root

    def context(self, kind: str = "good") -> ssl.SSLContext:
        """Always the good one."""
        assert Large._made
        return Large._made


async def relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, real: int, deaf: set[str]
) -> None:
    """Carry bytes to and fro; NOOPs of some clients get lost."""
    from_ses, to_ses = await asyncio.open_connection("127.0.0.1", real)
    peer = writer.get_extra_info("peername")[0]

    async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter, lost: bytes | None) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if lost is None or lost not in data:
                    sink.write(data)
                    await sink.drain()
        sink.close()

    await asyncio.gather(
        carry(reader, to_ses, b"NOOP" if peer in deaf else None), carry(from_ses, writer, None)
    )


async def metadata(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as EC2's instance metadata service does: a token for PUT, what was asked for GET."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            text = b"a-token" if head.startswith(b"PUT /latest/api/token ") else b"amazonaws.com"
            good = text == b"a-token" or b"x-aws-ec2-metadata-token: a-token" in head.lower()
            status = b"200 OK" if good else b"401 Unauthorized"
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))
            await writer.drain()
    writer.close()


async def main(ca: str, deaf: list[str], places: dict[str, dict[str, Any]]) -> None:
    """Serve until killed."""
    simulator.Authority = Large  # type: ignore[attr-defined]
    with contextlib.ExitStack() as stack:

        def play(**rules: Any) -> simulator.Simulator:
            return stack.enter_context(simulator.Simulator("eu-west-1", **rules))

        ordinary = play()
        others = {
            idle: play(idle=idle) for idle in {place["idle"] for place in places.values() if "idle" in place}
        }
        Path(ca).write_bytes(Path(ordinary.ca_file).read_bytes())

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            address, port = writer.get_extra_info("sockname")[:2]
            place = places.get(address, {})
            await asyncio.sleep(place.get("late", 0.0))
            ses = others.get(place.get("idle"), ordinary)
            await relay(reader, writer, ses.connect_to[port][1], set(deaf))

        for port in PORTS:
            await asyncio.start_server(serve, None, port)
        await asyncio.start_server(metadata, None, 80)
        print("listening", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
