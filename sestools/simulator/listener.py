"""A listening socket that can also refuse or drop, and keeps its port number whatever it becomes."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Sequence

from sestools.simulator.faults import Fault, Refused

BACKLOG = 1024
"""Connections that may wait to be accepted; asyncio's own 100 is too few for a burst."""

NARROW = 4096
"""Receive buffer in bytes (Linux doubles it) that makes a client wait whose bytes are not read."""

Factory = Callable[[], asyncio.BaseProtocol]


class Listener:
    """One address and port."""

    def __init__(self, address: str, port: int, factory: Factory) -> None:
        self._address = address
        self._factory = factory
        self._state = "closed"
        self._server: asyncio.Server | None = None
        self._sockets: list[socket.socket] = []
        self._bound: socket.socket | None = self._bind(port)
        self.port: int = self._bound.getsockname()[1]

    def _bind(self, port: int) -> socket.socket:
        # asyncio sets TCP_NODELAY only on sockets whose protocol is named; without it an answer can wait 40 ms.
        sock = socket.socket(proto=socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((self._address, port))
        except OSError:
            sock.close()
            raise
        return sock

    async def become(self, fault: Fault | None) -> None:
        """Listen, refuse or drop."""
        state = "listens" if fault is None else "refuses" if isinstance(fault, Refused) else "drops"
        if state == self._state:
            return
        sock, self._bound = self._bound, None
        if sock is None:
            self.close()
            sock = self._bind(self.port)
        self._state = state
        if state == "listens":
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._factory, sock=sock, backlog=BACKLOG)
            return
        # A bound socket that does not listen refuses, and nobody else can take its number.
        self._sockets.append(sock)
        if state == "drops":
            self._fill(sock)

    def narrow(self) -> None:
        """Let a client send a few kilobytes ahead of what is read, no more; for connections from now on."""
        for sock in self._server.sockets if self._server else ():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)

    def _fill(self, sock: socket.socket) -> None:
        """Fill the accept queue, so that the kernel drops further connection attempts (Linux)."""
        sock.listen(0)
        for _ in range(2):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((self._address, self.port))
            self._sockets.append(filler)

    def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()
            self._server = None
        for sock in [*self._sockets, self._bound]:
            if sock:
                sock.close()
        self._sockets.clear()
        self._bound = None


def listeners(addresses: Sequence[str], factory: Factory) -> list[Listener]:
    """One listener for each address, all on the same port number, which the system chooses."""
    for _ in range(20):
        made: list[Listener] = []
        try:
            for address in addresses:
                made.append(Listener(address, made[0].port if made else 0, factory))
        except OSError as error:
            for listener in made:
                listener.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return made
    raise OSError(errno.EADDRINUSE, f"no port number is free on all of {', '.join(addresses)}")
