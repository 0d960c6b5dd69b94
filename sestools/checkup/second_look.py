"""The experiments that a check adds to what it saw at first: few connections, side by side, in what time is left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from sestools.checkup.port_check import Experiment, Look, PortCheck, Run
from sestools.core.results import ProbeResult
from sestools.probes import probe_dialogue, probe_dns
from sestools.probes.resolver import Said
from sestools.probes.write import enough, probe_write

NO_SUCH_NAME = "no-such-name.sestools.invalid"
"""Names that end so do not exist (RFC 6761, 6.4)."""
_SMALL = 536
"""Segments in bytes that every path carries (RFC 1122)."""


@dataclass(frozen=True, kw_only=True)
class SecondLook:
    """What the experiments share.

    Attributes:
        run: What was seen at first.
        seconds: How long they may take together.
        each: How long a step of a dialogue may take.
        stop: Set when the user cancels.
    """

    run: Run
    seconds: float
    each: float
    stop: threading.Event

    def looks(self, wanted: Iterable[tuple[Experiment, PortCheck]]) -> tuple[Look, ...]:
        """Make all experiments side by side."""
        some = list(wanted)
        if not some:
            return ()
        with ThreadPoolExecutor(len(some), thread_name_prefix="sestools-second-look") as pool:
            pending = [(experiment, pool.submit(self._act(experiment, port))) for experiment, port in some]
            try:
                return tuple(Look(experiment=experiment, result=one.result()) for experiment, one in pending)
            except BaseException:
                self.stop.set()  # before the pool waits for its threads
                raise

    def _act(self, experiment: Experiment, port: PortCheck) -> Callable[[], ProbeResult]:
        target, dns = port.dialogue.target, self.run.dns
        made = [step.address for step in port.connect_steps if not step.symptom and step.address]
        known = tuple(made[:1] or [step.address for step in port.connect_steps if step.address]) or None

        def dialogue(clamp: int | None = None, addresses: tuple[str, ...] | None = known) -> ProbeResult:
            return probe_dialogue(
                target,
                timeout=self.seconds,
                each=self.each,
                addresses=addresses,
                clamp=clamp,
                cancel=self.stop,
            )

        def write(clamp: int | None = None) -> ProbeResult:
            first = self.run.look(Experiment.WRITE)
            before = first and first.result.facts and first.result.facts.before
            return probe_write(
                target,
                timeout=self.seconds,
                addresses=known,
                clamp=clamp,
                size=enough(before.mss) if before else None,
                cancel=self.stop,
            )

        match experiment:
            case Experiment.SMALL:
                return lambda: dialogue(_SMALL)
            case Experiment.WRITE | Experiment.WRITE_AGAIN:
                return write
            case Experiment.SMALL_WRITE:
                return lambda: write(_SMALL)
            case Experiment.DNS_ADDRESSES if dns:
                others = [one for one in dns.from_dns if one not in self.run.addresses]
                return lambda: dialogue(None, tuple(others[:2]))
            case Experiment.NO_SUCH_NAME if dns:
                asked = [one.resolver for one in dns.answers if one.said is Said.ANSWER]
                return lambda: probe_dns(
                    replace(target, host=NO_SUCH_NAME),
                    timeout=min(2.0, self.seconds),
                    resolvers=asked[:1],
                    cancel=self.stop,
                )
        return dialogue
