"""A sweep of 180 targets, a third of them black holes: how long it takes, and whether its times are true.

Run alone, or as a part of `make bench`. Beside it run a default thread pool and a sequential loop, the latter
on 12 of the targets and then multiplied.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from figure import SMOKE

from sestools import Stage, Target, probe_dialogue, sweep

REPLY = 0.02
"""Seconds after which the server answers each command."""
TIMEOUT = 0.5 if SMOKE else 3.0
PLACES = 30


def everywhere(place: Any) -> list[Target]:
    """30 addresses x 6 ports, of which every third is a black hole."""
    alive = [place.target(port) for port in (587, 465, 2587, 2465)]
    dead = [place.target(port) for port in (25,)]
    found = []
    for number in range(1, PLACES + 1):
        for one in (alive[0], alive[1], dead[0], alive[2], alive[3], dead[0]):
            _, port = one.connect_to
            found.append(replace(one, connect_to=(f"127.0.0.{number}", port), credentials=None))
    return found


def probed(targets: Sequence[Target], threads: int | None) -> float:
    """Seconds that the same probe takes on a plain pool; its default size if none is given."""
    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda target: probe_dialogue(target, timeout=TIMEOUT), targets))
    return time.perf_counter() - start


def measure(place: Any) -> dict[str, float]:
    """One round: the sweep, lone probes, and what others would do."""
    targets = everywhere(place)
    good = [target for target in targets if target.port != 25]
    alone = [
        step.seconds
        for target in good[:20]
        for step in probe_dialogue(target, timeout=TIMEOUT).steps
        if step.stage is Stage.TLS
    ]
    found = sweep(targets, timeout=TIMEOUT)
    healthy = [row for row in found.rows if row.cause == "healthy"]
    assert len(targets) == 180
    assert len(healthy) == 120, found.summary
    tls = [row.times[Stage.TLS] for row in healthy]
    ehlo = sorted(abs(row.times[Stage.EHLO] - REPLY) for row in healthy)
    return {
        "wall": found.seconds / TIMEOUT,
        "tls": statistics.median(tls) / statistics.median(alone),
        "tls_ms": statistics.median(tls) * 1000,
        "alone_ms": statistics.median(alone) * 1000,
        "ehlo_ms": ehlo[int(len(ehlo) * 0.95)] * 1000,
    }


def main() -> int:
    """Print the figures of five rounds, and what a default pool and a loop take."""
    from run import serving

    with ExitStack() as stack:
        place = stack.enter_context(serving(REPLY, "dropped@25", addresses=PLACES))
        rounds = [measure(place) for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5)]
        some = everywhere(place)
        pool, loop = probed(some, None), probed(some[:12], 1) * len(some) / 12
    for name in rounds[0]:
        print(f"{name:10} {statistics.median(one[name] for one in rounds):8.2f}")
    print(f"default pool {pool / TIMEOUT:.1f} x, loop {loop / TIMEOUT:.1f} x (from 12 targets)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
