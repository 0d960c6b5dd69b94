"""Many targets at once: regions x ports x addresses, on any executor."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from sestools.checkup.check import targets as targets_at
from sestools.checkup.port_check import PortCheck
from sestools.checkup.sweep_result import Row, Sweep
from sestools.core import trust
from sestools.core.clock import TIMEOUT, Progress, no_progress
from sestools.core.enums import Outcome, Stage
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.diagnosis.classifier import classify
from sestools.probes import probe_dialogue
from sestools.probes.connect import resolve
from sestools.probes.recorder import SLICE, Deadline, Recorder, Stopped

APART = 0.0025
"""Seconds between two starts: handshakes that all begin at once distort each other's times."""

MOST_THREADS = 512
"""Threads of the default pool at most. Up to so many targets wait at the same time, so a sweep with fewer
black holes than this takes one time-out; with more it takes one for each 512 of them."""


def targets_of(
    regions: Sequence[str],
    ports: Sequence[int] | None = None,
    addresses: Literal["all", "first"] = "first",
    *,
    ca_file: str | None = None,
    timeout: float = TIMEOUT,
) -> tuple[Target, ...]:
    """The targets of a sweep: regions x ports x addresses. Names are resolved here, side by side.

    A name that does not resolve in time gives one target a port by its name, so that the sweep says so.

    Args:
        regions: Regions such as `eu-west-1`, or host names.
        ports: Ports, by default all five of SES.
        addresses: Every address of a name, or the first in the system's order.
        ca_file: Certificate authorities to trust instead of the system's.
        timeout: Seconds for resolving the names.
    """
    if isinstance(regions, str):
        raise UsageError(f"regions is a list, such as [{regions!r}]")
    if addresses not in ("all", "first"):
        raise UsageError(f"addresses is 'all' or 'first', not {addresses!r}")
    places = [targets_at(region, ports=ports, ca_file=ca_file) for region in dict.fromkeys(regions)]
    if not places:
        raise UsageError("name at least one region")

    def found(place: Sequence[Target]) -> tuple[str, ...]:
        try:
            known = resolve(Recorder(place[0], Deadline(timeout)))
        except Stopped:
            return ()
        return known if addresses == "all" else known[:1]

    with ThreadPoolExecutor(min(len(places), 32), thread_name_prefix="sestools-resolve") as pool:
        known = list(pool.map(found, places))
    return tuple(
        replace(target, connect_to=(address, target.port)) if address else target
        for place, several in zip(places, known, strict=True)
        for target in place
        for address in several or (None,)
    )


def sweep(
    targets: Sequence[Target],
    *,
    executor: Executor | None = None,
    timeout: float = TIMEOUT,
    apart: float = APART,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Sweep:
    """Hold a dialogue with each target as far as EHLO, all side by side, and say what became of each.

    It never signs in: credentials of a target are left out before anything starts. That is why it also
    works on processes and clusters, whose arguments are pickled; credentials refuse to be.

    Args:
        targets: What to look at: `targets_of` makes them.
        executor: Any `concurrent.futures` executor; by default as many threads as targets, 512 at most.
            One with fewer workers than there are black holes takes several time-outs. It is not shut down.
        timeout: Seconds that each target is given.
        apart: Seconds between two starts at least; up to four times as long while this host is short of CPU. 0 starts all at once, and their TLS times are then not to be trusted.
        progress: Called with (done, total, what) from the calling thread.
        cancel: Set it to end the sweep within about a tenth of a second; in processes and on clusters, what
            has begun goes on until its time-out.

    Returns:
        A `Sweep`; whatever the network does is in it, and what was cancelled is "not run".

    Raises:
        UsageError: On wrong use.
    """
    chosen = [replace(target, credentials=None) for target in targets]
    if not chosen:
        raise UsageError("name at least one target")
    if not 0 <= apart < float("inf"):
        raise UsageError(f"apart must be seconds, 0 or more, not {apart!r}")
    Deadline(timeout)  # says what is wrong with it before anything starts
    started = time.perf_counter()
    stop = cancel or threading.Event()
    # An executor that was given stays open; threads of our own all end.
    threads = partial(ThreadPoolExecutor, min(len(chosen), MOST_THREADS), thread_name_prefix="sestools-sweep")
    with contextlib.nullcontext(executor) if executor else threads() as pool:
        seen = _run(pool, chosen, timeout, apart, progress or no_progress, stop)
    seconds = time.perf_counter() - started
    # Judged only now, so that judging does not disturb what is being timed.
    judged: dict[Any, str] = {}
    rows = tuple(_row(target, one, judged) for target, one in zip(chosen, seen, strict=True))
    return Sweep(rows=rows, seconds=seconds, timeout=timeout)


def _run(
    pool: Executor,
    chosen: Sequence[Target],
    timeout: float,
    apart: float,
    progress: Progress,
    stop: threading.Event,
) -> list[ProbeResult | None]:
    """Start one after the other and wait for all; None for what was cancelled before it began.

    Port 25 begins: it is the one that is blocked most often, and what waits longest should wait first.
    """
    # Only threads can share an event with us; all else is pickled, or may be.
    shared = isinstance(pool, ThreadPoolExecutor)
    for ca_file in {target.ca_file for target in chosen}:
        trust.looking(ca_file)  # made before many threads want it at once
    begun: dict[int, Future[ProbeResult]] = {}
    ended: list[Future[ProbeResult]] = []
    news = threading.Event()
    told = 0

    def note(future: Future[ProbeResult]) -> None:
        ended.append(future)
        news.set()

    def tell(wait: float) -> None:
        """Tell how many have ended, after waiting for the next one."""
        nonlocal told
        news.wait(wait)
        news.clear()
        if len(ended) > told:
            told = len(ended)
            progress(told, len(chosen), "targets")

    try:
        pace = _Pace(apart)
        for index in sorted(range(len(chosen)), key=lambda index: chosen[index].port != 25):
            if pace.wait(stop):
                break
            begun[index] = pool.submit(_look, chosen[index], timeout, stop if shared else None)
            begun[index].add_done_callback(note)
            if len(ended) > told:
                tell(0.0)
        while told < len(begun):
            tell(SLICE)
            if stop.is_set():
                for future in begun.values():
                    future.cancel()
    except BaseException:
        stop.set()  # before the pool waits for its threads
        for future in begun.values():
            future.cancel()
        raise
    return [
        None if index not in begun or begun[index].cancelled() else begun[index].result()
        for index in range(len(chosen))
    ]


class _Pace:
    """When to start the next: some time after the last, and not while this process is short of CPU.

    A handshake costs about a millisecond of CPU, on a slow or busy host several. As soon as more than half
    of one core is used, starts move apart, to four times the distance at most.
    """

    def __init__(self, apart: float) -> None:
        self._apart = apart
        self._clock, self._cpu, self._debt = time.perf_counter(), time.process_time(), 0.0

    def wait(self, stop: threading.Event) -> bool:
        """Wait for the moment of the next start; True if it will not come, since all is to stop."""
        for _ in range(4):
            if stop.wait(self._apart):
                return True
            clock, cpu = time.perf_counter(), time.process_time()
            self._debt = max(0.0, self._debt + 2 * (cpu - self._cpu) - (clock - self._clock))
            self._clock, self._cpu = clock, cpu
            if self._debt <= 0 or not self._apart:
                break
        return False


def _look(target: Target, timeout: float, stop: threading.Event | None = None) -> ProbeResult:
    """One target, wherever this runs; its steps without what was said, which would fill the memory."""
    result = probe_dialogue(target, timeout=timeout, until=Stage.EHLO, cancel=stop)
    return replace(result, steps=tuple(replace(step, sent="", reply=None, tcp=None) for step in result.steps))


def _row(target: Target, result: ProbeResult | None, judged: dict[Any, str]) -> Row:
    if result is None:
        address = target.connect_to[0] if target.connect_to else None
        return Row(target=target, outcome=Outcome.NOT_RUN, address=address, reason="cancelled")
    wrong = cause = PortCheck(tcp=result, dialogue=result).wrong
    if not wrong and result.outcome is not Outcome.NOT_RUN:
        key = (result.symptom, target.host, result.facts.greeting)
        if key not in judged:
            judged[key] = classify(result).cause.id
        cause = judged[key]
    return Row(
        target=target,
        outcome=Outcome.FAILED if wrong else result.outcome,
        address=result.facts.address or next((step.address for step in result.steps if step.address), None),
        times={step.stage: step.seconds for step in result.steps},
        symptom=result.symptom,
        cause=cause,
        reason=result.reason,
    )
