"""A listener on loopback that does the same to each connection, until it is stopped."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from stand_ins.proofs import Proofs


class Gone(Exception):
    """The other side has left, or the test is over."""


@dataclass(kw_only=True)
class Peer:
    """One connection as a stand-in sees it.

    Attributes:
        sock: The socket, inside TLS once that was spoken.
        proofs: The certificates to choose from.
        stop: Set when the test is over.
    """

    sock: socket.socket
    proofs: Proofs
    stop: threading.Event
    _waiting: bytes = field(default=b"", init=False)

    def say(self, data: bytes) -> None:
        """Send this."""
        self.sock.sendall(data)

    def hear(self) -> bytes:
        """Whatever comes next."""
        if not (data := self.sock.recv(65536)):
            raise Gone
        return data

    def line(self) -> bytes:
        """The next line, without its end."""
        while b"\n" not in self._waiting:
            self._waiting += self.hear()
        line, _, self._waiting = self._waiting.partition(b"\n")
        return line.rstrip(b"\r")

    def wait(self, seconds: float = 60.0) -> None:
        """Do nothing for a while; the end of the test ends it."""
        if self.stop.wait(seconds):
            raise Gone

    def secure(self, proof: str) -> None:
        """Speak TLS from here on; if that fails the other side can still read why."""
        kept = self.sock.dup()
        try:
            self.sock = self.proofs.context(proof).wrap_socket(self.sock, server_side=True)
        except ssl.SSLError:
            kept.shutdown(socket.SHUT_WR)
            while kept.recv(65536):
                pass
            raise
        finally:
            kept.close()

    def reset(self) -> None:
        """Close with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Act = Callable[[Peer], None]
"""What a stand-in does with one connection; it is closed when this returns."""


class StandIn:
    """A server that does `act` to each connection."""

    def __init__(self, act: Act, proofs: Proofs) -> None:
        self._act, self._proofs, self._stop = act, proofs, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._run, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock = self._listener.accept()[0]
                self._open.append(sock)
                thread = threading.Thread(target=self._meet, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _meet(self, sock: socket.socket) -> None:
        sock.settimeout(20)
        peer = Peer(sock=sock, proofs=self._proofs, stop=self._stop)
        with contextlib.suppress(OSError, ssl.SSLError, Gone):
            self._act(peer)
        with contextlib.suppress(OSError):
            peer.sock.close()
