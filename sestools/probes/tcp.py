"""TCP connections to every address of a name."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sestools.core.clock import TIMEOUT
from sestools.core.enums import Outcome, Stage
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.probes.connect import connections, resolve
from sestools.probes.recorder import Deadline, Recorder


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
    timeout: float = TIMEOUT,
    addresses: Sequence[str] | None = None,
    cancel: threading.Event | None = None,
) -> ProbeResult[TcpFacts]:
    """Connect to each address of a name side by side, and hang up: which of them answer, and how fast?

    Each address has its own CONNECT step with the kernel's facts (round trip, segment size, path MTU,
    retransmissions) where the system gives them. The outcome is OK if any address answered.

    Args:
        target: Where to connect.
        timeout: Seconds for everything together.
        addresses: IP addresses to try instead of resolving the name.
        cancel: Set it to end the probe within a tenth of a second.
    """
    recorder = Recorder(target, Deadline(timeout, cancel))
    with recorder.probing():
        for _, sock in connections(recorder, addresses or resolve(recorder)):
            sock.close()
    return tcp_part(recorder.result("tcp", TcpFacts()))


def tcp_part(result: ProbeResult) -> ProbeResult[TcpFacts]:
    """What a result says of the connection attempts: those of a dialogue with a lone address are all there is."""
    steps = tuple(step for step in result.steps if step.stage is Stage.CONNECT)
    facts = TcpFacts(
        reached=tuple(step.address for step in steps if step.address and not step.symptom),
        failed=tuple(step.address for step in steps if step.address and step.symptom),
    )
    if result.outcome is Outcome.NOT_RUN or not steps:
        return replace(result, probe="tcp", facts=facts)
    failure = None if facts.reached else steps[0].symptom
    outcome = Outcome.FAILED if failure else Outcome.OK
    return replace(result, probe="tcp", steps=steps, facts=facts, outcome=outcome, symptom=failure)
