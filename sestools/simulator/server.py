"""The embedded SES: sessions on loopback sockets, in a thread of their own."""

from __future__ import annotations

import asyncio
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sestools.endpoints import PORTS, Security, smtp_host
from sestools.model import Credentials, Stage, Target
from sestools.simulator.account import Accepted, Account, example_credentials
from sestools.simulator.certificates import Authority
from sestools.simulator.connection import Connection
from sestools.simulator.faults import BadCertificate, Dropped, Fault, Refused, Silent, WrongMode
from sestools.simulator.replies import ERAS
from sestools.simulator.session import Session

LOOPBACK = "127.0.0.1"
BACKLOG = 1024

Event = Callable[[int, int, str, str], None]


class Simulator:
    """SES on this host: all five ports, real TLS, and every failure on command.

    It listens on loopback only, on port numbers that the system chooses, and leaves nothing behind::

        with Simulator("eu-west-1", faults=[faults.Dropped(ports={25})]) as ses:
            probe_dialogue(ses.target(587))

    Args:
        region: Whose endpoint it plays; its certificate is for the real host name.
        credentials: Who may sign in; by default AWS's public example key, converted for the region.
        faults: What it does wrong; see `sestools.simulator.faults`.
        delay: Seconds before each answer.
        idle: Seconds of silence after which a connection is closed, as SES does after about 10.
        era: The years whose dialogue it speaks: `2026`, `2023`, `2019` or `2017`.
        on_event: Called in the simulator's thread with the SES port, the number of the connection, `<` (said),
            `>` (heard) or `*`, and a line that holds no credentials.

    Raises:
        ValueError: If a region, fault, era or time makes no sense.
    """

    def __init__(
        self,
        region: str = "eu-west-1",
        *,
        credentials: Credentials | None = None,
        faults: Iterable[Fault] = (),
        delay: float = 0.0,
        idle: float = 10.0,
        era: str = "2026",
        on_event: Event | None = None,
    ) -> None:
        self.host = smtp_host(region)
        self.credentials = credentials or example_credentials(region)
        if era not in ERAS:
            raise ValueError(f"era is one of {', '.join(ERAS)}, not {era!r}")
        for what, seconds, least in (("delay", delay, 0), ("idle", idle, 0.01)):
            if not least <= seconds <= 86400:
                raise ValueError(f"{what} must be between {least} and 86400 seconds, not {seconds!r}")
        self.delay = delay
        self.idle = idle
        self.connections = 0
        """Connections that were made so far."""
        self._era = ERAS[era]
        self._account = Account(region, self.credentials)
        self._on_event = on_event
        self._faults: list[_Active] = []
        self._want(faults)
        self._ports: dict[int, _Port] = {}
        self._open: set[Connection] = set()

    def __enter__(self) -> Simulator:
        self._authority = Authority(self.host)
        self._folder = tempfile.TemporaryDirectory(prefix="sestools-")
        self.ca_file = str(Path(self._folder.name) / "ca.pem")
        """PEM file of the authority to trust."""
        self._authority.write_ca(Path(self.ca_file))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sestools-simulator", daemon=True)
        self._thread.start()
        try:
            self._call(self._listen)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._folder.cleanup()

    def __repr__(self) -> str:
        return f"<Simulator of {self.host}, faults: {', '.join(map(str, self.faults)) or 'none'}>"

    @property
    def connect_to(self) -> dict[int, tuple[str, int]]:
        """For each SES port the address and port where it really listens."""
        return {number: (LOOPBACK, port.real) for number, port in self._ports.items()}

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that can still happen."""
        return tuple(active.fault for active in self._faults)

    @property
    def accepted(self) -> list[Accepted]:
        """The messages that were accepted, in order: the ground truth for lost and duplicated mail."""
        return self._account.accepted

    def target(self, port: int = 587, *, sign_in: bool = False, **more: Any) -> Target:
        """A target that leads a probe here, with the credentials to sign in if asked for."""
        if port not in self._ports:
            raise ValueError(f"SES listens on {', '.join(map(str, PORTS))}, not on {port}")
        return Target(
            **{
                "host": self.host,
                "port": port,
                "connect_to": self.connect_to[port],
                "ca_file": self.ca_file,
                "credentials": self.credentials if sign_in else None,
                **more,
            }
        )

    def set_faults(self, *faults: Fault) -> None:
        """Replace all faults; none makes it healthy. Connections that are open meet them at their next step."""
        self._want(faults)
        self._call(self._listen)

    def _want(self, faults: Iterable[Fault]) -> None:
        wanted = []
        for fault in faults:
            if not isinstance(fault, Fault):
                raise ValueError(
                    f"{fault!r} is no fault; see sestools.simulator.faults, or use faults.parse()"
                )
            if fault.ports is not None and not fault.ports <= PORTS.keys():
                raise ValueError(
                    f"fault {fault}: SES has the ports {', '.join(map(str, PORTS))}, and no other"
                )
            wanted.append(_Active(fault))
        self._faults = wanted

    def _call(self, action: Callable[[], Any]) -> None:
        """Have something done in the simulator's thread, and wait for it."""

        async def do() -> None:
            result = action()
            if asyncio.iscoroutine(result):
                await result

        asyncio.run_coroutine_threadsafe(do(), self._loop).result()

    async def _listen(self) -> None:
        for number, security in PORTS.items():
            shut = next(
                (
                    active.fault
                    for active in self._faults
                    if isinstance(active.fault, Refused | Dropped) and active.on(number)
                ),
                None,
            )
            port = self._ports.setdefault(number, _Port())
            wrapper = security is Security.WRAPPER

            def connection(number: int = number, wrapper: bool = wrapper) -> Connection:
                other = any(
                    isinstance(active.fault, WrongMode) and active.on(number) for active in self._faults
                )
                return Connection(self, number, wrapper is not other)

            await port.become(shut, connection)

    async def _end(self) -> None:
        for port in self._ports.values():
            port.close()
        for connection in list(self._open):
            connection.abort()
        # A turn of the loop for each connection to hear that it is gone.
        while self._open:
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    # What a connection asks for (connection.Setting), in the simulator's thread.

    def opened(self, connection: Connection) -> int:
        """Count a connection in and give its number."""
        self._open.add(connection)
        self.connections += 1
        return self.connections

    def closed(self, connection: Connection) -> None:
        """Count it out."""
        self._open.discard(connection)

    def fault(self, port: int, stage: Stage | None) -> Fault | None:
        """The fault that happens now at a stage of a session on this port (None: when it opens)."""
        for active in self._faults:
            fault = active.fault
            if not active.on(port):
                continue
            if fault.happens_at(stage) if stage else isinstance(fault, Silent):
                active.happened(self._faults)
                return fault
        return None

    def session(self, connection: Connection) -> Session:
        """A new session for a connection."""
        return Session(
            self._account,
            security=Security.WRAPPER if connection.wrapper else Security.STARTTLS,
            era=self._era,
            port=connection.port,
            connection=connection.number,
            fault=lambda stage: self.fault(connection.port, stage),
            heard=lambda line: self.event(connection, ">", line),
        )

    def context(self, port: int) -> ssl.SSLContext:
        """The TLS context of a port."""
        for active in self._faults:
            if isinstance(active.fault, BadCertificate) and active.on(port):
                active.happened(self._faults)
                return self._authority.context(active.fault.kind)
        return self._authority.context()

    def event(self, connection: Connection, direction: str, text: str) -> None:
        """Tell whoever watches."""
        if self._on_event:
            self._on_event(connection.port, connection.number, direction, text)


class _Active:
    """A fault and how often it still happens."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._left = fault.times

    def on(self, port: int) -> bool:
        return self.fault.ports is None or port in self.fault.ports

    def happened(self, among: list[_Active]) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                among.remove(self)


class _Port:
    """One listening port, or one that is shut. It keeps its number whatever it becomes."""

    real = 0

    def __init__(self) -> None:
        self._shut: type[Fault] | None = None
        self._server: asyncio.Server | None = None
        self._sockets: list[socket.socket] = []

    async def become(self, fault: Fault | None, connection: Callable[[], Connection]) -> None:
        """Listen, refuse or drop."""
        shut = type(fault) if fault else None
        if self.real and shut is self._shut:
            return
        self.close()
        self._shut = shut
        # asyncio sets TCP_NODELAY only on sockets whose protocol is named; without it an answer can wait 40 ms.
        sock = socket.socket(proto=socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((LOOPBACK, self.real))
        self.real = sock.getsockname()[1]
        if shut is None:
            self._server = await asyncio.get_running_loop().create_server(
                connection, sock=sock, backlog=BACKLOG
            )
            return
        # A bound socket that does not listen refuses, and nobody else can take its number.
        self._sockets.append(sock)
        if shut is Dropped:
            self._fill(sock)

    def _fill(self, sock: socket.socket) -> None:
        """Fill the accept queue, so that the kernel drops further connection attempts."""
        sock.listen(0)
        for _ in range(2):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((LOOPBACK, self.real))
            self._sockets.append(filler)

    def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()
            self._server = None
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()
