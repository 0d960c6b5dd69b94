"""How fast the simulator is as a server, against aiosmtpd: rates, processor time, memory, and what it holds."""

from __future__ import annotations

import contextlib
import json
import os
import smtplib
import socket
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from figure import Figure, count, rounds

HERE = Path(__file__).parent
UNPACKED = HERE.parent / ".cache" / "peers"
SOURCE = UNPACKED / "postfix/usr/sbin/smtp-source"


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running mail server."""

    process: int
    address: str
    port: int
    user: str
    password: str

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has used, all threads together."""
        tasks = Path(f"/proc/{self.process}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds."""
        pages = int(Path(f"/proc/{self.process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def server(kind: str, mode: str) -> Iterator[Server]:
    """`simulator` or `aiosmtpd`, `open` or `tls`, in its own process."""
    command = [sys.executable, str(HERE / "mail_server.py"), kind, mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdin
        assert started.stdout
        yield Server(process=started.pid, **json.loads(started.stdout.readline()))
        started.stdin.close()


def smtp_source(to: Server, messages: int, at_once: int, *, kept: bool = False) -> float:
    """Messages a second that Postfix's smtp-source gets rid of, one a session or over kept connections."""
    libraries = {str(UNPACKED / "postfix/usr/lib/postfix")}
    libraries |= {str(found.parent) for found in (UNPACKED / "libraries").rglob("*.so*")}
    words = [str(SOURCE), *(["-d"] if kept else []), "-s", str(at_once), "-m", str(messages)]
    words += ["-f", "news@example.com", "-t", "someone@example.net", f"{to.address}:{to.port}"]
    begun = time.perf_counter()
    subprocess.run(
        words, env={"LD_LIBRARY_PATH": ":".join(libraries)}, capture_output=True, check=True, timeout=300
    )
    return messages / (time.perf_counter() - begun)


def against_peer(measure: Callable[[Server], float], mode: str) -> tuple[list[float], list[float]]:
    """What is measured of the simulator and of aiosmtpd, in turn."""
    ours, theirs = [], []
    with server("simulator", mode) as own, server("aiosmtpd", mode) as peer:
        measure(own), measure(peer)  # both warm
        for _ in range(rounds(9)):
            ours.append(measure(own))
            theirs.append(measure(peer))
    return ours, theirs


def rates() -> Iterator[Figure]:
    """Plain sessions, and messages on kept connections."""
    for what, messages, at_once, kept, bound in (
        ("plain sessions a second, 10 at once", 1500, 10, False, 2),
        ("plain sessions a second, 100 at once", 1500, 100, False, 2),
        ("messages a second on 10 kept connections", 3000, 10, True, 3),
        ("messages a second on 100 kept connections", 3000, 100, True, 3),
    ):
        ours, theirs = against_peer(lambda to: smtp_source(to, count(messages), at_once, kept=kept), "open")  # noqa: B023
        yield ratio(what, ours, theirs, bound, most=False, unit="/s")


def ratio(
    what: str,
    ours: list[float],
    theirs: list[float],
    bound: float,
    *,
    most: bool,
    unit: str,
    scale: float = 1,
) -> Figure:
    """Ours against theirs, round by round."""
    return Figure(
        what=f"{what} / aiosmtpd",
        figure=statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
        bound=bound,
        unit="x",
        most=most,
        detail=f"{statistics.median(ours) * scale:.4g}{unit}, aiosmtpd {statistics.median(theirs) * scale:.4g}{unit}",
    )


def client_context() -> ssl.SSLContext:
    """TLS that verifies nothing: what is measured is the server."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def tls_sessions(to: Server, sessions: int, context: ssl.SSLContext) -> None:
    """Whole sessions with STARTTLS, AUTH and one message, four at a time."""

    def one(_: int) -> None:
        with smtplib.SMTP(to.address, to.port, local_hostname="client.example.com", timeout=30) as client:
            client.starttls(context=context)
            client.login(to.user, to.password)
            text = "From: news@example.com\r\nTo: someone@example.net\r\nSubject: a\r\n\r\nHello\r\n"
            client.sendmail("news@example.com", ["someone@example.net"], text)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(sessions)))


def tls() -> Iterator[Figure]:
    """The server's processor time for sessions with STARTTLS and AUTH."""
    context = client_context()

    sessions = count(300)

    def cpu(to: Server) -> float:
        before = to.cpu
        tls_sessions(to, sessions, context)
        return (to.cpu - before) / sessions

    ours, theirs = against_peer(cpu, "tls")
    yield ratio(
        "server CPU a session with STARTTLS, AUTH and a message",
        ours,
        theirs,
        0.8,
        most=True,
        unit=" ms",
        scale=1000,
    )


def held(to: Server, connections: int, *, sign_in: bool) -> float:
    """KiB of the server's memory for each connection that does nothing."""
    context = client_context()
    with contextlib.ExitStack() as stack:
        before = to.resident
        for _ in range(connections):
            if sign_in:
                client = smtplib.SMTP(to.address, to.port, local_hostname="client.example.com", timeout=30)
                stack.callback(client.close)
                client.starttls(context=context)
                client.login(to.user, to.password)
            else:
                plain = stack.enter_context(socket.create_connection((to.address, to.port), timeout=30))
                assert plain.recv(200).startswith(b"220")
        return (to.resident - before) / connections / 1024


def memory() -> Iterator[Figure]:
    """Connections that do nothing."""
    for mode, connections, bound in (("open", count(1000), 16), ("tls", count(500), 64)):
        figures = []
        for kind in ("simulator", "aiosmtpd"):
            with server(kind, mode) as one:
                figures.append(held(one, connections, sign_in=mode == "tls"))
        yield Figure(
            what=f"memory of an idle connection, {'plain' if mode == 'open' else 'STARTTLS + AUTH'}",
            figure=figures[0],
            bound=bound,
            unit="KiB",
            detail=f"{connections} held; aiosmtpd {figures[1]:.1f} KiB",
        )


def endurance() -> Iterator[Figure]:
    """10,000 sessions while 1,000 connections are held: none fails."""
    with server("simulator", "open") as own, contextlib.ExitStack() as stack:
        held = [
            stack.enter_context(socket.create_connection((own.address, own.port), timeout=30))
            for _ in range(count(1000))
        ]
        assert all(one.recv(200).startswith(b"220") for one in held)
        rate = smtp_source(own, count(10_000), 20)
        answered = 0
        for one in held:
            one.sendall(b"NOOP\r\n")
            answered += one.recv(200) == b"250 Ok\r\n"
        yield Figure(
            what="10,000 sessions beside 1,000 held connections, that fail",
            figure=len(held) - answered,
            bound=0,
            unit="",
            detail=f"{rate:.0f} sessions/s",
        )


def starting() -> Iterator[Figure]:
    """From nothing to a simulator that listens, and its imports alone."""
    begin = "from sestools.simulator import Simulator\n"
    words = {"whole": begin + "with Simulator(): pass", "imports": begin, "bare": ""}
    took: dict[str, list[float]] = {name: [] for name in words}
    for _ in range(rounds(9)):
        for name, code in words.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            took[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(times) for name, times in took.items()}
    yield Figure(
        what="start of the simulator, imports aside",
        figure=(medians["whole"] - medians["imports"]) * 1000,
        bound=300,
        unit="ms",
        detail=f"whole process {medians['whole'] * 1000:.0f} ms: imports {medians['imports'] * 1000:.0f} ms, "
        f"of them bare Python {medians['bare'] * 1000:.0f} ms",
    )


MEASURES = (rates, tls, memory, endurance, starting)
