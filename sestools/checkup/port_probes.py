"""The probes of a check: the look-up, every port side by side, a large write, a second look, the sign-in."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from sestools.checkup.contrasts import experiments
from sestools.checkup.port_check import Experiment, Look, PortCheck, Run
from sestools.checkup.second_look import SecondLook
from sestools.core.clock import Progress
from sestools.core.credentials import Credentials
from sestools.core.endpoints import Security, look_alike
from sestools.core.enums import Outcome
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.probes import DialogueFacts, DnsFacts, probe_dialogue, probe_tcp
from sestools.probes.connect import is_address
from sestools.probes.dns import LookUp
from sestools.probes.recorder import Cancelled, Deadline
from sestools.probes.tcp import tcp_part
from sestools.probes.write import probe_write

PREFERRED = (587, 465, 2587, 2465, 25)
"""Ports in the order in which one is chosen to sign in on."""
APART = 0.002
"""Seconds between the starts of two dialogues: handshakes that all begin at once distort each other's times."""
PATIENCE = 2.0
"""Seconds that resolvers get at least, though the system's look-up has ended."""


MARGIN = 1.2
"""Seconds of the whole that are kept for judging, and for a host that is busy."""


def budget_of(timeout: float, stop: threading.Event) -> Deadline:
    """The moment at which a check ends, signing in aside."""
    Deadline(timeout)  # says what is wrong with it
    return Deadline(2 * timeout + 1 - min(MARGIN, timeout / 4), stop)


@dataclass(frozen=True, kw_only=True)
class PortProbes:
    """The probes of a check, and what they share."""

    timeout: float
    stop: threading.Event
    progress: Progress
    budget: Deadline | None = None

    def everywhere(
        self, chosen: Sequence[Target]
    ) -> tuple[ProbeResult, tuple[PortCheck, ...], tuple[Look, ...]]:
        """Resolve once, then look at every port side by side, and write something large beside them."""
        first = chosen[0]
        if any(target.connect_to for target in chosen):
            reason = "DNS was not asked: an address to connect to was given"
            return not_run("dns", first, reason), *self.at(chosen, None)
        asking = LookUp(first, Deadline(self.timeout, self.stop))
        try:
            if addresses := asking.first():
                ports, looks = self.at(chosen, addresses)
                return asking.result(PATIENCE), ports, looks
            reason = "no address is known"
        except Cancelled:
            reason = "cancelled"
        ports = tuple(
            PortCheck(**{probe: not_run(probe, target, reason) for probe in ("tcp", "dialogue")})
            for target in chosen
        )
        return asking.result(), ports, ()

    def at(
        self, chosen: Sequence[Target], addresses: Sequence[str] | None
    ) -> tuple[tuple[PortCheck, ...], tuple[Look, ...]]:
        """Look at every port, and beside them see what becomes of a large write, if a port begins in clear text."""
        clear = [target for target in chosen if target.security is not Security.WRAPPER]
        clear.sort(key=lambda target: PREFERRED.index(target.port) if target.port in PREFERRED else 9)
        with ThreadPoolExecutor(1, thread_name_prefix="sestools-write") as pool:
            more: dict[str, Any] = {"timeout": self.timeout, "cancel": self.stop, "addresses": addresses}
            writing = [pool.submit(probe_write, target, **more) for target in clear[:1]]
            ports = self.ports(chosen, addresses)
            looks = [Look(experiment=Experiment.WRITE, result=one.result()) for one in writing]
        return ports, tuple(looks)

    def ports(self, chosen: Sequence[Target], addresses: Sequence[str] | None) -> tuple[PortCheck, ...]:
        """Look at every port side by side: all addresses connected to, one dialogue held.

        A step may take the time-out, and all of a dialogue twice as long: who answers slowly is not silent.
        """
        more: dict[str, Any] = {"timeout": self.timeout, "cancel": self.stop, "addresses": addresses}
        left = self.budget.left if self.budget else 2 * self.timeout
        whole = {**more, "timeout": min(2 * self.timeout, left), "each": self.timeout}
        with ThreadPoolExecutor(2 * len(chosen), thread_name_prefix="sestools-check") as pool:
            try:
                pending = []
                for target in chosen:
                    # A lone address is connected to once: connections, too, can be too many.
                    known = addresses or [(target.connect_to or (target.host, 0))[0]]
                    lone = len(known) == 1 and is_address(known[0])
                    tcp = None if lone else pool.submit(probe_tcp, target, **more)
                    pending.append((target, tcp, pool.submit(probe_dialogue, target, **whole)))
                    time.sleep(APART)
                checks: list[PortCheck] = []
                for target, tcp, dialogue in pending:
                    self.progress(len(checks), len(chosen), f"port {target.port}")
                    held = dialogue.result()
                    checks.append(PortCheck(tcp=tcp.result() if tcp else tcp_part(held), dialogue=held))
            except BaseException:
                self.stop.set()  # before the pool waits for its threads
                raise
        self.progress(len(chosen), len(chosen), "done")
        return tuple(checks)

    def again(self, run: Run) -> tuple[Look, ...]:
        """A second look at what is suspected, if enough time is left for one."""
        left = self.budget.left if self.budget else 0.0
        if left <= self.timeout / 2 or self.stop.is_set() or look_alike(run.host):
            return ()
        second = SecondLook(run=run, seconds=left, each=self.timeout, stop=self.stop)
        return second.looks(experiments(run))

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
