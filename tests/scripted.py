"""A mail server that says what a test wants it to say, over TLS, with a certificate for SES's name."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from sestools.core.credentials import Credentials
from sestools.core.endpoints import Security
from sestools.core.target import Target
from sestools.simulator.certificates import Authority

HOST = "email-smtp.eu-west-1.amazonaws.com"
USUAL = {
    "GREETING": "220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-ABCDEFGHI 0123456789abcdef",
    "EHLO": "250-email-smtp.amazonaws.com\r\n250-AUTH PLAIN LOGIN\r\n250 Ok",
    "AUTH": "235 Authentication successful.",
    "DATA": "354 End data with <CR><LF>.<CR><LF>",
    "BODY": "250 Ok 0102018c0123abcd-00000000-0000-0000-0000-000000000000-000000",
    "QUIT": "221 Bye",
}


class Scripted:
    """A server on loopback, port 465's way: TLS from the first byte.

    Args:
        folder: Where the authority's certificate goes.
        says: What to say at a stage, on a connection by its number; None for the usual, "" for nothing.
        receive: Reads at most so many bytes: a slow one makes a slow server.
        buffer: Bytes that the kernel keeps for it.
    """

    def __init__(
        self,
        folder: Path,
        says: Callable[[str, int], str | None] = lambda stage, number: None,
        receive: Callable[[ssl.SSLSocket], bytes] = lambda sock: sock.recv(65536),
        buffer: int = 0,
    ) -> None:
        authority = Authority(HOST)
        authority.write_ca(folder / "ca.pem")
        self._context, self._says, self._receive = authority.context(), says, receive
        self._listener = socket.socket()
        if buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._open: list[socket.socket] = []
        self.connections = 0
        self.messages: list[bytes] = []
        """Contents that came with their final dot."""
        self.target = Target(
            host=HOST,
            port=465,
            security=Security.WRAPPER,
            connect_to=self._listener.getsockname(),
            ca_file=str(folder / "ca.pem"),
            credentials=Credentials(user="AKIAIOSFODNN7EXAMPLE", password="not-a-secret"),
        )
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._thread.join(10)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = self._listener.accept()
                self._open.append(raw)
                with contextlib.suppress(OSError):
                    sock = self._context.wrap_socket(raw, server_side=True)
                    self._open.append(sock)
                    self.connections += 1
                    self._talk(sock, self.connections)

    def _talk(self, sock: ssl.SSLSocket, number: int) -> None:
        def say(stage: str) -> None:
            said = self._says(stage, number)
            if text := USUAL.get(stage, "250 Ok") if said is None else said:
                sock.sendall(f"{text}\r\n".encode())

        def until(end: bytes) -> bytes:
            nonlocal data
            start = 0
            while (found := data.find(end, start)) < 0:
                start = max(0, len(data) - len(end))
                if not (more := self._receive(sock)):
                    raise ConnectionResetError
                data += more
            taken: Any = bytes(data[:found])
            del data[: found + len(end)]
            return bytes(taken)

        data = bytearray()
        say("GREETING")
        while True:
            stage = until(b"\r\n").split()[0].decode().upper()
            say(stage)
            if stage == "QUIT":
                return
            if stage == "DATA":
                self.messages.append(until(b"\r\n.\r\n"))
                say("BODY")
