"""The embedded SES: sessions on loopback sockets, in a thread of their own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import smtplib
import socket
import ssl
import tempfile
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sestools.core.endpoints import PORTS, Security
from sestools.core.errors import UsageError
from sestools.core.target import Target
from sestools.simulator.certificates import FILE, FOLDERS, Authority, remove_leftovers
from sestools.simulator.connection import PIECE, ServerConnection
from sestools.simulator.faults import BlackHole, Fault, Refused
from sestools.simulator.nameserver import NameServer
from sestools.simulator.scenario import SimulatedSes
from sestools.simulator.service import Accepted

BACKLOG = 1024
"""Connections that may wait to be accepted; asyncio's own 100 is too few for a burst."""

NARROW = 4096
"""Receive buffer in bytes (Linux doubles it) that makes a client wait whose bytes are not read."""


class Listener:
    """One port number on every address, which the system chooses, and which stays: it listens, refuses or drops."""

    def __init__(
        self, addresses: Sequence[str], factory: Callable[[], asyncio.BaseProtocol], port: int = 0
    ) -> None:
        self._addresses, self._factory = addresses, factory
        self._state = "bound"
        self._servers: list[asyncio.Server] = []
        self._fillers: list[socket.socket] = []
        self._sockets = self._bind(port)
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


class Simulator(SimulatedSes):
    """SES on this host: all five ports, real TLS, and every failure on command.

    It listens on loopback only, on port numbers that the system chooses, and leaves nothing behind::

        with Simulator("eu-west-1", faults=[faults.Dropped(ports={25})]) as ses:
            probe_dialogue(ses.target(587))

    Args:
        region: Whose endpoint it plays; its certificate is for the real host name.
        account: What the account may do; by default everything. Its region is the simulator's.
        credentials: Who may sign in; by default AWS's public example key, converted for the region.
        faults: What it does wrong; see `sestools.simulator.faults`.
        scenario: A scenario, or the name of one that comes with the package. It brings region, account, faults
            and rules; `faults` are added to its own, and rules given here replace its rules.
        listen: For SES ports the port numbers to listen on, such as `{587: 10587}`; the system chooses the others.
        addresses: On how many loopback addresses it listens (127.0.0.1 and up; Linux). Its name server gives
            three of them at a time, in turn.
        seed: Makes ids, lifetimes and chances repeatable.
        on_event: Called in the simulator's thread with the SES port, the number of the connection, `<` (said),
            `>` (heard) or `*`, and a line that holds no credentials.
        rules: Everything in `Rules`, such as `idle=2.0`, `max_messages=10`, `era="2019"`, `delay=0.02`.
    """

    _listeners: Mapping[int, Listener] = MappingProxyType({})

    def __enter__(self) -> Simulator:
        self._authority = Authority(self.host)
        remove_leftovers()
        self._folder = tempfile.TemporaryDirectory(prefix=FOLDERS)
        self.ca_file = str(Path(self._folder.name) / FILE)
        """PEM file of the authority to trust."""
        self._locked = self._authority.write_ca(Path(self.ca_file))
        # Two, which begin at different addresses: two resolvers seldom say the same.
        self._names = [NameServer(self.host, self.addresses, first) for first in (0, 2)]
        self._open: set[ServerConnection] = set()
        self._turn: asyncio.TimerHandle | None = None
        self._looking = asyncio.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sestools-simulator", daemon=True)
        self._thread.start()
        try:
            self._call(self._begin)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._locked.close()
        self._folder.cleanup()

    def __repr__(self) -> str:
        return f"<Simulator of {self.host}, faults: {', '.join(map(str, self.faults)) or 'none'}>"

    @property
    def connect_to(self) -> dict[int, tuple[str, int]]:
        """For each SES port the address and port where it really listens (the first of several addresses)."""
        return {number: (self.addresses[0], one.port) for number, one in self._listeners.items()}

    @property
    def nameserver(self) -> tuple[str, int]:
        """Address and port of the name server that knows the endpoint's name (TTL 60 s, answers rotate)."""
        return self._names[0].where

    @property
    def resolvers(self) -> tuple[str, ...]:
        """Its two name servers, for `watch_addresses` and `probe_dns`; each takes turns of its own."""
        return tuple(f"{address}#{port}" for address, port in (names.where for names in self._names))

    def take_accepted(self) -> list[Accepted]:
        """The same, taken out of the ledger, which is empty then: for runs so long that it would fill memory."""
        taken: list[Accepted] = self._call(self._service.take_accepted)
        return taken

    def target(self, port: int = 587, *, sign_in: bool = False, **more: Any) -> Target:
        """A target that leads a probe here, with the credentials to sign in if asked for."""
        if port not in self._listeners:
            raise UsageError(f"SES listens on {', '.join(map(str, PORTS))}, not on {port}")
        own = {"ca_file": self.ca_file, "credentials": self.credentials if sign_in else None}
        return Target(**{"host": self.host, "port": port, "connect_to": self.connect_to[port], **own, **more})

    def smtp(self, port: int = 587, *, sign_in: bool = True, timeout: float = 30.0) -> smtplib.SMTP:
        """A client of Python's smtplib: connected here, TLS verified, and signed in if not told otherwise."""
        trust = ssl.create_default_context(cafile=self.ca_file)
        address, real = self.target(port).connect_to or ("", 0)
        if PORTS[port] is Security.WRAPPER:
            client: smtplib.SMTP = smtplib.SMTP_SSL(address, real, timeout=timeout, context=trust)
        else:
            client = smtplib.SMTP(address, real, timeout=timeout)
            client.starttls(context=trust)
        if sign_in:
            client.login(self.credentials.user, self.credentials.password)
        return client

    def django_settings(self, port: int = 587) -> dict[str, Any]:
        """Django's settings for mail through this simulator, TLS verified: `settings.configure(**...)`."""
        address, real = self.target(port).connect_to or ("", 0)
        return {
            "EMAIL_BACKEND": "sestools.simulator.django_backend.EmailBackend",
            "EMAIL_HOST": address,
            "EMAIL_PORT": real,
            "EMAIL_HOST_USER": self.credentials.user,
            "EMAIL_HOST_PASSWORD": self.credentials.password,
            "EMAIL_USE_TLS": PORTS[port] is Security.STARTTLS,
            "EMAIL_USE_SSL": PORTS[port] is Security.WRAPPER,
            "EMAIL_CA_FILE": self.ca_file,
        }

    def set_addresses(self, *addresses: str) -> None:
        """From now on its name servers answer with these addresses; where it listens stays as it is."""
        for names in self._names:
            self._call(partial(names.set, addresses))

    def set_faults(self, *faults: Fault) -> None:
        """Replace all faults; none makes it healthy. Connections that are open meet them at their next step.

        `since` and `until` count from the start. Called from `on_event`, ports follow once that has returned.
        """

        def change() -> Any:
            self._service.set_faults(faults)
            return self._loop.create_task(self._look())

        self._call(change)

    def _call(self, action: Callable[[], Any]) -> Any:
        """Have something done in the simulator's thread, and wait for it, unless this is that thread."""
        if threading.current_thread() is self._thread:
            return action()

        async def call() -> Any:
            done = action()
            return await done if isinstance(done, Awaitable) else done

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    async def _begin(self) -> None:
        for names in self._names:
            await names.start()
        shared = (self._open, memoryview(bytearray(PIECE)))
        self._listeners = {
            port: Listener(
                self.addresses,
                partial(ServerConnection, self._service, self._authority, port, *shared),
                self.listen.get(port, 0),
            )
            for port in PORTS
        }
        await self._look()

    async def _look(self) -> None:
        """Open and shut ports as the faults want it now, and look again when one begins or ends."""
        async with self._looking:  # a port that is being opened cannot be shut yet
            if self._turn:
                self._turn.cancel()
            swallows = any(isinstance(fault, BlackHole) for fault in self.faults)
            for port, listener in self._listeners.items():
                await listener.become(self._service.shut(port))
                if swallows:
                    listener.narrow()  # what is swallowed must not look as if it had arrived
            for connection in list(self._open):
                connection.path.look()
            if turns := self._service.turns():
                wait = max(0.001, turns[0] - self.clock.now())
                self._turn = self._loop.call_later(wait, lambda: self._loop.create_task(self._look()))

    async def _end(self) -> None:
        if self._turn:
            self._turn.cancel()
        for names in self._names:
            names.close()
        for listener in self._listeners.values():
            listener.close()
        for connection in list(self._open):
            connection.abort()
        # A turn of the loop for each connection to hear that it is gone.
        while self._open:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
