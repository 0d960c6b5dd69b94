"""How fast sestools is, as ratios inside one run, each with its bound: `make bench`.

Single figures swing with the machine; a ratio between two things measured in turn does not. Each is the
median of several rounds. Names of measures as arguments (such as `rates tls memory`) leave out the others.
Exit code 1 if a bound is missed. With SESTOOLS_SMOKE=1 each measure runs once with little, and no bound counts.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import servers
from figure import SMOKE, Figure, count, rounds

from sestools import check, probe_dialogue
from sestools.core.credentials import Credentials
from sestools.core.enums import Stage
from sestools.core.target import Target

HERE = Path(__file__).parent
SESTOOLS = Path(sys.executable).parent / "sestools"
HEAVY = ("pandas", "matplotlib", "ipywidgets", "boto3", "dns")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a simulator listens."""

    ports: dict[int, tuple[str, int]]
    ca: str
    credentials: Credentials

    def target(self, port: int) -> Target:
        """One of its ports, to sign in at."""
        return Target.ses(
            "eu-west-1", port, connect_to=self.ports[port], ca_file=self.ca, credentials=self.credentials
        )


@contextlib.contextmanager
def serving(delay: float = 0.0, *faults: str, addresses: int = 1) -> Iterator[Place]:
    """A simulator in its own process."""
    command = [sys.executable, str(HERE / "serve.py"), str(delay), str(addresses), *faults]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        told = json.loads(server.stdout.readline())
        ports = {int(port): (address, real) for port, (address, real) in told["ports"].items()}
        yield Place(
            ports=ports,
            ca=told["ca"],
            credentials=Credentials(user=told["user"], password=told["password"]),
        )
        server.stdin.close()


def seconds(work: Callable[[], Any]) -> float:
    """How long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def process(*words: str, given: str = "") -> float:
    """How long a process takes from start to end; it must succeed."""
    return seconds(lambda: subprocess.run(words, input=given, text=True, capture_output=True, check=True))


def slowest_port() -> Iterator[Figure]:
    """A check takes no longer than its slowest port alone, within 20 ms: the ports are looked at side by side."""
    with serving(0.02) as place:
        more = {"connect_to": place.ports, "ca_file": place.ca}
        together, alone = [], []
        for _ in range(rounds(7)):
            together.append(check("eu-west-1", **more).seconds)
            alone.append(max(check("eu-west-1", ports=[port], **more).seconds for port in place.ports))
    whole, slowest = statistics.median(together), statistics.median(alone)
    yield Figure(
        what="check of five ports, 20 ms a reply, minus its slowest port alone",
        figure=(whole - slowest) * 1000,
        bound=20,
        unit="ms",
        detail=f"{whole * 1000:.0f} ms, slowest {slowest * 1000:.0f} ms",
    )


def giving_up() -> Iterator[Figure]:
    """Whatever a server does, a check ends with its time-out."""
    for fault in ("silent", "drips:GREETING", "stalled:EHLO", "endless-greeting", "dropped")[: rounds(5)]:
        with serving(0, fault) as place:
            took = [
                check("eu-west-1", connect_to=place.ports, ca_file=place.ca, timeout=1).seconds
                for _ in range(rounds(5))
            ]
        yield Figure(
            what=f"check, time-out 1 s, {fault}",
            figure=statistics.median(took),
            bound=1.1,
            unit="x the time-out",
            detail=f"longest {max(took):.2f} s",
        )


def swaks(place: Place) -> list[str]:
    """swaks's command line for what one probe does: STARTTLS, AUTH, QUIT."""
    program = shutil.which("swaks")
    assert program, "swaks is missing"
    address, port = place.ports[587]
    user, password = place.credentials.user, place.credentials.password
    return [program, "--server", address, "--port", str(port), "--tls", "--quit-after", "AUTH",
            "--auth", "PLAIN", "--auth-user", user, "--auth-password", password]  # fmt: skip


def rate() -> Iterator[Figure]:
    """A full STARTTLS and AUTH probe against swaks, 32 at once."""
    probes, sessions = count(200), count(64)
    with serving() as place:
        target = place.target(587)

        def probe(_: int = 0) -> None:
            result = probe_dialogue(target, until=Stage.AUTH, timeout=20)
            assert result.ok, result

        def many(threads: int) -> None:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(probe, range(probes)))

        probe()
        ours: dict[int, list[float]] = {1: [], 2: [], 4: []}
        theirs = []
        for _ in range(rounds(5)):
            for threads, rates in ours.items():
                rates.append(probes / seconds(lambda threads=threads: many(threads)))
            words = " ".join(
                ["seq", str(sessions), "|", "xargs", "-P", "32", "-I{}", "--", *map(repr, swaks(place))]
            )
            theirs.append(sessions / process("sh", "-c", words))
    best = max(ours, key=lambda threads: statistics.median(ours[threads]))
    ratio = statistics.median(a / b for a, b in zip(ours[best], theirs, strict=True))
    yield Figure(
        what="STARTTLS + AUTH probes a second / swaks -P 32",
        figure=ratio,
        bound=25,
        unit="x",
        most=False,
        detail=f"{statistics.median(theirs):.0f}/s swaks; "
        + ", ".join(
            f"{statistics.median(rates):.0f}/s with {n} thread{'s' * (n > 1)}" for n, rates in ours.items()
        ),
    )


def command_line() -> Iterator[Figure]:
    """One probe from the command line against one of swaks."""
    with serving() as place:
        address, port = place.ports[587]
        words = [str(SESTOOLS), "check", "eu-west-1", "--port", "587", "--ca-file", place.ca]
        words += [
            "--connect-to",
            f"587:{address}:{port}",
            "--user",
            place.credentials.user,
            "--password-stdin",
        ]
        ours, theirs, help_takes = [], [], []
        for _ in range(rounds(11)):
            ours.append(process(*words, given=place.credentials.password))
            theirs.append(process(*swaks(place)))
            help_takes.append(process(str(SESTOOLS), "--help"))
    yield Figure(
        what="sestools check --port 587 with sign-in / swaks, whole process",
        figure=statistics.median(a / b for a, b in zip(ours, theirs, strict=True)),
        bound=3,
        unit="x",
        detail=f"{statistics.median(ours) * 1000:.0f} ms, swaks {statistics.median(theirs) * 1000:.0f} ms",
    )
    yield Figure(what="sestools --help", figure=statistics.median(help_takes) * 1000, bound=None, unit="ms")


def importing() -> Iterator[Figure]:
    """What importing costs over bare Python, and that nothing heavy comes along."""
    for statement, bound in (
        ("import sestools", 40.0),
        ("from sestools import check, classify, probe_dialogue", None),
    ):
        bare, loaded = [], []
        for _ in range(rounds(15)):
            bare.append(process(sys.executable, "-c", "pass"))
            loaded.append(process(sys.executable, "-c", statement))
        code = f"import sys; {statement}; assert not sys.modules.keys() & set({HEAVY!r})"
        process(sys.executable, "-c", code)
        yield Figure(
            what=f"{statement}, over bare Python",
            figure=(statistics.median(loaded) - statistics.median(bare)) * 1000,
            bound=bound,
            unit="ms",
            detail=f"none of {', '.join(HEAVY)} loaded",
        )


def sweeping() -> Iterator[Figure]:
    """A sweep whose third is black holes takes one time-out, and its times are true."""
    from sweep import PLACES, REPLY, everywhere, measure, probed

    with serving(REPLY, "dropped@25", addresses=PLACES) as place:
        found = [measure(place) for _ in range(rounds(5))]
        some = everywhere(place)
        few = some[: rounds(12)]
        pool, loop = probed(few if SMOKE else some, None), probed(few, 1) * len(some) / len(few)
    middle = {name: statistics.median(one[name] for one in found) for name in found[0]}
    yield Figure(
        what="sweep of 180 targets, 60 black holes",
        figure=middle["wall"],
        bound=1.15,
        unit="x the time-out",
        detail=f"default thread pool {pool / 3:.1f}; one after the other {loop / 3:.0f} (from 12 targets)",
    )
    yield Figure(
        what="TLS handshake in that sweep / alone",
        figure=middle["tls"],
        bound=2,
        unit="x",
        detail=f"{middle['tls_ms']:.2f} ms, alone {middle['alone_ms']:.2f} ms",
    )
    yield Figure(
        what="EHLO in that sweep against 20 ms, 95th percentile", figure=middle["ehlo_ms"], bound=4, unit="ms"
    )


def sending() -> Iterator[Figure]:
    """The sender, beside smtplib and smtp-source."""
    import throughput

    yield from throughput.sending(serving)


MEASURES: tuple[Callable[[], Iterator[Figure]], ...] = (
    slowest_port, giving_up, rate, command_line, importing, sweeping, sending, *servers.MEASURES,
)  # fmt: skip


def row(figure: Figure) -> str:
    """A line of the table."""
    bound = "" if figure.bound is None else f"{'<=' if figure.most else '>='} {figure.bound:g}"
    verdict = "" if figure.bound is None or SMOKE else "kept" if figure.kept else "MISSED"
    return f"{figure.what:68} {figure.figure:9.2f} {figure.unit:14} {bound:8} {verdict:7} {figure.detail}"


def main() -> int:
    """Measure everything, each figure printed when it is known."""
    wanted = sys.argv[1:] or [measure.__name__ for measure in MEASURES]
    kept = True
    print(f"{'what':68} {'figure':>9} {'':14} {'bound':8} {'':7} detail")
    for measure in MEASURES:
        if measure.__name__ in wanted:
            for figure in measure():
                print(row(figure), flush=True)
                kept &= figure.kept or SMOKE
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
