"""What stands in the way, in the router: `python -m tests.network.middlebox JSON`.

Keys of the JSON: `ports` (what is done with each port), `upstream` (the server's address), `host`, and `ca`, where the
authority of its certificates is written. The kernel leads port P to port 10000 + P of the router.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import trustme

BASE = 10_000
"""How much higher than the port it serves the box listens."""
HELLO = b"\x16\x03"
"""How TLS begins."""
Edit = Callable[[bytes], bytes]


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, edit: Edit = bytes, wait: float = 0.0
) -> None:
    """Bytes in one direction, edited and late."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            await asyncio.sleep(wait)
            writer.write(edit(data))
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()


class Box:
    """Everything that a box does, a method a kind."""

    def __init__(self, upstream: str, host: str, ca: str) -> None:
        self._upstream, self._host = upstream, host
        self._ca = trustme.CA(organization_name="Example Corp TLS Inspection")
        self._ca.cert_pem.write_to_path(ca)
        Path(ca).chmod(0o644)
        self._blind = ssl.create_default_context()
        self._blind.check_hostname, self._blind.verify_mode = False, ssl.CERT_NONE

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(name).configure_cert(context)
        return context

    async def meet(
        self, kind: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Do what this kind does with a connection."""
        word, _, rest = kind.partition(":")
        doing: dict[str, Callable[..., Awaitable[None]]] = {
            "edit": self._edit,
            "slow": self._slow,
            "hello": self._hello,
            "mitm": self._mitm,
            "other": self._other,
            "silent": self._silent,
            "rst": self._rst,
            "fin": self._fin,
            "proxy": self._proxy,
        }
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
            await doing[word](port, rest, reader, writer)

    async def _through(
        self,
        port: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up: Edit = bytes,
        down: Edit = bytes,
        wait: float = 0.0,
    ) -> None:
        from_ses, to_ses = await asyncio.open_connection(self._upstream, port)
        await asyncio.gather(carry(reader, to_ses, up), carry(from_ses, writer, down, wait))

    async def _edit(
        self, port: int, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """STARTTLS is taken out of the list, or masked."""
        new = b"" if rest == "strip" else b"250-XXXXXXXA\r\n"
        await self._through(port, reader, writer, down=lambda data: data.replace(b"250-STARTTLS\r\n", new))

    async def _slow(
        self, port: int, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Each answer comes late."""
        await self._through(port, reader, writer, wait=float(rest))

    async def _hello(
        self, port: int, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """The first message of TLS is swallowed, and all after it, or the connection is reset at it."""
        hit = False

        def up(data: bytes) -> bytes:
            nonlocal hit
            hit = hit or data.startswith(HELLO)
            if hit and rest == "reset":
                reset(writer)
            return b"" if hit else data

        await self._through(port, reader, writer, up=up)

    async def _mitm(
        self, port: int, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """TLS ends here and begins again; with STARTTLS after what comes before in clear text."""
        writer.transport.pause_reading()  # type: ignore[attr-defined] # what TLS begins with is TLS's to read
        from_ses, to_ses = await asyncio.open_connection(self._upstream, port)
        last = b""
        if rest == "starttls":
            writer.transport.resume_reading()  # type: ignore[attr-defined]
            with contextlib.suppress(asyncio.IncompleteReadError):
                writer.write(await from_ses.readuntil(b"\n"))
                line = b""
                while line.strip().upper() != b"STARTTLS":
                    line = await reader.readuntil(b"\n")
                    to_ses.write(line)
                    while last[3:4] != b" ":
                        writer.write(last)
                        last = await from_ses.readuntil(b"\n")
                    if line.strip().upper() != b"STARTTLS":
                        writer.write(last)
                        last = b""
            if not last:
                writer.close()
                return
            writer.transport.pause_reading()  # type: ignore[attr-defined]
        await to_ses.start_tls(self._blind, server_hostname=self._host)
        writer.write(last)
        await writer.start_tls(self._context(self._host))
        await asyncio.gather(carry(reader, to_ses), carry(from_ses, writer))

    async def _other(
        self, port: int, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Another mail server, of this name and kind."""
        name = rest.split()[0]
        writer.write(f"220 {rest}\r\n".encode())
        while line := await reader.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                writer.write(f"250-{name}\r\n250-SIZE 10485760\r\n250 STARTTLS\r\n".encode())
            elif verb == b"STARTTLS":
                writer.transport.pause_reading()  # type: ignore[attr-defined]
                writer.write(b"220 2.0.0 Ready to start TLS\r\n")
                await writer.start_tls(self._context(name))
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 Bye\r\n")
                break
            else:
                writer.write(b"250 2.0.0 Ok\r\n")
        writer.close()

    async def _silent(
        self, port: int, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """The connection is made, and nothing is ever said."""
        while await reader.read(65536):
            pass
        writer.close()

    async def _rst(
        self, port: int, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """The connection is made, and reset after some seconds."""
        await asyncio.sleep(float(rest))
        reset(writer)

    async def _fin(
        self, port: int, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """The connection is made, and closed."""
        writer.close()

    async def _proxy(
        self, port: int, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """A web proxy: it connects to the server for CONNECT, whatever name it is asked for."""
        head = await reader.readuntil(b"\r\n\r\n")
        word, place = head.split()[:2]
        if word != b"CONNECT":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await self._through(int(place.rpartition(b":")[2]), reader, writer)


async def main(ports: dict[str, str], **places: str) -> None:
    """Serve until killed."""
    box = Box(**places)
    for text, kind in ports.items():

        async def serve(
            reader: asyncio.StreamReader,
            writer: asyncio.StreamWriter,
            kind: str = kind,
            port: int = int(text),
        ) -> None:
            await box.meet(kind, port, reader, writer)

        await asyncio.start_server(serve, None, BASE + int(text))
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
