"""TCP connections to every address of a name."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sestools.core.enums import Outcome, Stage
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.probes._connect import attempts, resolve
from sestools.probes._record import Cancelled, Deadline, Recorder, Stopped


@dataclass(frozen=True, kw_only=True)
class TcpFacts:
    """Which addresses answered a connection attempt.

    Attributes:
        reached: Addresses that accepted, in the order in which they did.
        failed: Addresses that did not; the CONNECT step of each says how.
    """

    reached: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def probe_tcp(
    target: Target,
    *,
    timeout: float = 5.0,
    addresses: Sequence[str] | None = None,
    cancel: threading.Event | None = None,
) -> ProbeResult:
    """Connect to each address of a name side by side, and hang up: which of them answer, and how fast?

    Each address has its own CONNECT step with the kernel's facts (round trip, segment size, path MTU,
    retransmissions) where the system gives them. The outcome is OK if any address answered.

    Args:
        target: Where to knock.
        timeout: Seconds for everything together.
        addresses: IP addresses to try instead of resolving the name.
        cancel: Set it to end the probe within a tenth of a second.

    Returns:
        Facts are `TcpFacts`.
    """
    recorder = Recorder(target, Deadline(timeout, cancel))
    outcome, symptom, reason = Outcome.OK, None, ""
    try:
        found = addresses or resolve(recorder)
        for _, sock in attempts(recorder, found, stagger=0.0, first_only=False):
            sock.close()
    except Stopped as stopped:
        outcome, symptom = Outcome.FAILED, stopped.symptom
    except Cancelled:
        outcome, reason = Outcome.NOT_RUN, "cancelled"
    steps = [step for step in recorder.steps if step.stage is Stage.CONNECT]
    facts = TcpFacts(
        reached=tuple(step.address for step in steps if step.address and not step.symptom),
        failed=tuple(step.address for step in steps if step.address and step.symptom),
    )
    if outcome is Outcome.OK and not facts.reached:
        outcome, symptom = Outcome.FAILED, next(step.symptom for step in steps)
    return ProbeResult(
        probe="tcp",
        target=target,
        outcome=outcome,
        steps=tuple(recorder.steps),
        facts=facts,
        symptom=symptom,
        reason=reason,
    )
