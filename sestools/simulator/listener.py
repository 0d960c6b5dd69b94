"""A port that can also refuse or drop, and keeps its number whatever it becomes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Sequence

from sestools.simulator.faults import Fault, Refused

BACKLOG = 1024
"""Connections that may wait to be accepted; asyncio's own 100 is too few for a burst."""

NARROW = 4096
"""Receive buffer in bytes (Linux doubles it) that makes a client wait whose bytes are not read."""


class Listener:
    """One port number, which the system chooses, on every address."""

    def __init__(self, addresses: Sequence[str], factory: Callable[[], asyncio.BaseProtocol]) -> None:
        self._addresses, self._factory = addresses, factory
        self._state = "bound"
        self._servers: list[asyncio.Server] = []
        self._fillers: list[socket.socket] = []
        self._sockets = self._bind()
        self.port: int = self._sockets[0].getsockname()[1]

    def _bind(self, port: int = 0) -> list[socket.socket]:
        for _ in range(20):
            bound: list[socket.socket] = []
            with contextlib.ExitStack() as stack:
                try:
                    for address in self._addresses:
                        # asyncio sets TCP_NODELAY only on sockets whose protocol is named; without it an answer
                        # can wait 40 ms.
                        sock = stack.enter_context(socket.socket(proto=socket.IPPROTO_TCP))
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        sock.bind((address, bound[0].getsockname()[1] if bound else port))
                        bound.append(sock)
                except OSError as error:
                    if port or error.errno != errno.EADDRINUSE:
                        raise
                    continue
                stack.pop_all()
                return bound
        raise OSError(errno.EADDRINUSE, f"no port number is free on all of {', '.join(self._addresses)}")

    async def become(self, fault: Fault | None) -> None:
        """Listen, refuse or drop."""
        state = "listens" if fault is None else "refuses" if isinstance(fault, Refused) else "drops"
        if state == self._state:
            return
        if self._state != "bound":
            self.close()
            self._sockets = self._bind(self.port)
        # A bound socket that does not listen refuses, and nobody else can take its number.
        self._state = state
        for sock in self._sockets if state == "listens" else ():
            loop = asyncio.get_running_loop()
            self._servers.append(await loop.create_server(self._factory, sock=sock, backlog=BACKLOG))
        for sock in self._sockets if state == "drops" else ():
            sock.listen(0)  # with a full accept queue the kernel drops further connection attempts (Linux)
            for _ in range(2):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(sock.getsockname())
                self._fillers.append(filler)

    def narrow(self) -> None:
        """Let a client send a few kilobytes ahead of what is read, no more; for connections from now on."""
        for sock in self._sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)

    def close(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.close()
        for sock in (*self._sockets, *self._fillers):
            sock.close()
        self._servers, self._sockets, self._fillers = [], [], []
