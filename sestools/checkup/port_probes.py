"""The probes of a check: every port side by side, and one dialogue that signs in."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from sestools.checkup.port_check import PortCheck
from sestools.core.clock import Progress
from sestools.core.credentials import Credentials
from sestools.core.enums import Outcome
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.probes import DialogueFacts, DnsFacts, probe_dialogue, probe_dns, probe_tcp
from sestools.probes.connect import resolve
from sestools.probes.recorder import Cancelled, Deadline, Recorder, Stopped

APART = 0.002
"""Seconds between the starts of two dialogues: handshakes that all begin at once distort each other's times."""


@dataclass(frozen=True, kw_only=True)
class PortProbes:
    """The probes of a check, and what they share.

    Attributes:
        timeout: Seconds for each probe.
        stop: Set to end them all.
        progress: Called with (done, total, what).
    """

    timeout: float
    stop: threading.Event
    progress: Progress

    def everywhere(self, chosen: Sequence[Target]) -> tuple[ProbeResult, tuple[PortCheck, ...]]:
        """Resolve once, then look at every port side by side."""
        first = chosen[0]
        if any(target.connect_to for target in chosen):
            reason = "DNS was not asked: an address to connect to was given"
            return not_run("dns", first, reason), self.ports(chosen, None)
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(probe_dns, first, timeout=self.timeout, cancel=self.stop)
            try:
                ports = self.ports(chosen, resolve(Recorder(first, Deadline(self.timeout, self.stop))))
            except (Stopped, Cancelled) as error:
                reason = "cancelled" if isinstance(error, Cancelled) else f"no address is known: {error}"
                ports = tuple(
                    PortCheck(**{probe: not_run(probe, target, reason) for probe in ("tcp", "dialogue")})
                    for target in chosen
                )
            return asking.result(), ports

    def ports(self, chosen: Sequence[Target], addresses: Sequence[str] | None) -> tuple[PortCheck, ...]:
        """Look at every port side by side: all addresses connected to, one dialogue held."""
        more: dict[str, Any] = {"timeout": self.timeout, "cancel": self.stop, "addresses": addresses}
        with ThreadPoolExecutor(2 * len(chosen), thread_name_prefix="sestools-check") as pool:
            try:
                pending = []
                for target in chosen:
                    tcp = pool.submit(probe_tcp, target, **more)
                    pending.append((target, tcp, pool.submit(probe_dialogue, target, **more)))
                    time.sleep(APART)
                checks: list[PortCheck] = []
                for target, tcp, dialogue in pending:
                    self.progress(len(checks), len(chosen), f"port {target.port}")
                    checks.append(PortCheck(tcp=tcp.result(), dialogue=dialogue.result()))
            except BaseException:
                self.stop.set()  # before the pool waits for its threads
                raise
        self.progress(len(chosen), len(chosen), "done")
        return tuple(checks)

    def sign_in(self, check: PortCheck, credentials: Credentials, **more: Any) -> ProbeResult[DialogueFacts]:
        """Sign in once, at the address that was just seen to be healthy; `more` as `probe_dialogue` takes it."""
        self.progress(0, 1, f"signing in on port {check.port}")
        return probe_dialogue(
            replace(check.dialogue.target, credentials=credentials),
            timeout=self.timeout,
            addresses=(check.facts.address,) if check.facts.address else None,
            cancel=self.stop,
            **more,
        )


def not_run(probe: str, target: Target, reason: str) -> ProbeResult:
    """The result of a probe that was not run."""
    facts = DnsFacts() if probe == "dns" else None
    return ProbeResult(probe=probe, target=target, outcome=Outcome.NOT_RUN, facts=facts, reason=reason)
