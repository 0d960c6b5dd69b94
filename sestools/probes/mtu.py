"""Whether large packets reach the server and come back: path MTU black holes, proved without root or ICMP."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from sestools.core.enums import Kind, Stage
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult, symptom_at
from sestools.core.target import Target
from sestools.probes.connect import resolve
from sestools.probes.mtu_facts import Flight, MtuFacts, Trial, Way
from sestools.probes.mtu_search import SLOW, SizeSearch
from sestools.probes.recorder import Cancelled, Deadline, Recorder, Stopped

OTHERS, AT_ONCE, OTHERS_SECONDS = 8, 4, 4.0
"""Other addresses of the name that are looked at, so many at a time, and the seconds for each."""


def probe_mtu(
    target: Target,
    *,
    timeout: float = 12.0,
    mtu: int | None = None,
    cancel: threading.Event | None = None,
) -> ProbeResult[MtuFacts]:
    """Send large packets after EHLO, and have the server send some in the TLS handshake: do they arrive?

    What stalls is tried again with smaller segments (TCP_MAXSEG), and the largest that pass are searched for.
    Other addresses of the name are looked at beside that, each in both directions; if segments stall at one of them
    alone, the search is there. It sends only EHLO, STARTTLS and NOOP, never signs in, and does not verify
    certificates. At most 30 connections one after the other and two to each of 8 other addresses, and 20 kB on
    each. Stalls are judged by the kernel's counters, not by replies.

    Args:
        target: Where to connect; its credentials are not used.
        timeout: Seconds for everything together; a black hole takes about 5 to 10.
        mtu: As if this host's interface had this MTU in bytes: to try a fix before it is made.
        cancel: Set it to end the probe within a tenth of a second.

    Returns:
        What was seen. Not run where the system has no such counters (Linux has).

    Raises:
        UsageError: If `mtu` is no size that a packet can have.
    """
    if mtu is not None and not 576 <= mtu <= 65535:
        raise UsageError(f"an MTU is between 576 and 65535 bytes, not {mtu!r}")
    recorder = Recorder(target, Deadline(timeout, cancel))
    first, others = SizeSearch(recorder, mtu), _Others(target, mtu)
    search = first
    if not sys.platform.startswith("linux"):
        recorder.not_run = "needs the connection counters of Linux"
    else:
        with recorder.probing(), others:
            try:
                addresses = resolve(recorder)
                first.run(addresses, lambda at: others.begin(addresses, at, recorder.deadline))
                if not search.facts().stall and (there := others.stalled()):
                    search = SizeSearch(recorder, mtu)
                    search.run([there])
            except TimeoutError as error:
                raise Stopped(recorder.symptom(error, Stage.EHLO)) from error
    facts = replace(search.facts(), others=tuple(others.trials(first, search)))
    # Where packets get lost, a round trip is measured too long now and then, and never always.
    trip = min((step.tcp.rtt for step in recorder.steps if step.tcp), default=0.0)
    # A first packet that is sent again shows nothing: a second is too short for a slow path's answer.
    lost = max((step.tcp.retransmits for step in recorder.steps if step.tcp), default=0)
    slow = facts.address is not None and trip >= SLOW and lost <= 1
    if slow and recorder.failure and recorder.failure.kind is Kind.TIMEOUT:
        detail = f"{timeout:g} s were not enough: a round trip takes {trip:.1f} s"
        recorder.failure = replace(recorder.failure, detail=detail, cause="mtu-unfinished")
    if facts.stall:  # it was proved, and outweighs what cut the search short
        # Not a stall by size: the stage of the reply that did not come, not of a body.
        stage = Stage.EHLO if not facts.ways else Stage.BODY if Way.UP in facts.ways else Stage.TLS
        recorder.failure = symptom_at(target, Kind.TIMEOUT, stage, facts.stall)
    return recorder.result("mtu", facts)


class _Others:
    """A look at the other addresses of the name, beside the search at the first one."""

    def __init__(self, target: Target, mtu: int | None) -> None:
        self._target, self._mtu = target, mtu
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sestools-mtu")
        self._looks: list[tuple[str, SizeSearch, Future[None]]] = []

    def __enter__(self) -> _Others:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, addresses: Sequence[str], first: str, deadline: Deadline) -> None:
        """Look at all but the first one; each look ends by itself."""
        for address in [one for one in dict.fromkeys(addresses) if one != first][:OTHERS]:
            seconds = min(OTHERS_SECONDS, deadline.remaining())
            look = SizeSearch(Recorder(self._target, Deadline(seconds, deadline.cancel)), self._mtu)
            self._looks.append((address, look, self._pool.submit(self._look, look, address)))

    @staticmethod
    def _look(search: SizeSearch, address: str) -> None:
        # What cannot be connected to, or breaks, says nothing about sizes.
        with contextlib.suppress(Stopped, TimeoutError, Cancelled):
            search.run([address], look=True)

    def stalled(self) -> str | None:
        """An address at which large segments stall; None if there is none."""
        for _, look, done in self._looks:
            done.result()
            if any(trial.stalled for trial in look.plain):
                return look.address
        return None

    def trials(self, first: SizeSearch, but: SizeSearch) -> Iterator[Trial]:
        """What was seen at the first one and at these, save at the address where the search is."""
        for address, plain in (
            (first.address, first.plain),
            *((at, look.plain) for at, look, _ in self._looks),
        ):
            if address is not None and address != but.address:
                yield from plain or (Trial(way=Way.UP, clamp=None, flight=Flight.BROKEN, address=address),)
