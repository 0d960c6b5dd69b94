"""A large write after EHLO, in clear text: does it arrive?"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Sequence

from sestools.core.clock import TIMEOUT
from sestools.core.enums import Kind, Stage
from sestools.core.results import ProbeResult, symptom_at
from sestools.core.smtp import command
from sestools.core.target import Target
from sestools.probes.connect import connect, resolve
from sestools.probes.kernel import counters
from sestools.probes.mtu_facts import Flight, Trial
from sestools.probes.recorder import Deadline, Recorder, Stopped
from sestools.probes.segment_trial import push
from sestools.probes.session import ClientSession

LINES = b"NOOP " + b"x" * 500 + b"\r\n"
TIMEOUTS = 3
"""Times in a row that the kernel sends the same segment again before it counts as lost."""


def enough(mss: int) -> int:
    """Bytes that fill two of the largest segments, and more."""
    return 2 * min(mss, 9000) + len(LINES)


def probe_write(
    target: Target,
    *,
    timeout: float = TIMEOUT,
    addresses: Sequence[str] | None = None,
    clamp: int | None = None,
    size: int | None = None,
    cancel: threading.Event | None = None,
) -> ProbeResult[Trial | None]:
    """Send NOOPs, and see in the kernel's counters what becomes of them: `size` bytes, by default `enough`.

    Facts are the trial; None if it did not come so far, or where the system has no such counters (Linux has).
    """
    recorder = Recorder(target, Deadline(timeout, cancel))
    session, trial = ClientSession(recorder, Stage.EHLO), None
    with recorder.probing(), connect(recorder, addresses or resolve(recorder), clamp) as connection:
        session.greeting(connection)
        session.ehlo(connection)
        if seen := counters(connection.socket):
            data = LINES * -(-(size or enough(seen.mss)) // len(LINES))
            with contextlib.suppress(TimeoutError):
                trial = push(connection.socket, recorder.deadline, data, TIMEOUTS, clamp)
            if trial is None or trial.stalled:
                raise Stopped(
                    symptom_at(target, Kind.TIMEOUT, Stage.EHLO, "a large write was not acknowledged")
                )
            if trial.flight is Flight.PASSED:
                _leave(connection.socket)
    return recorder.result("write", trial)


def _leave(sock: socket.socket) -> None:
    """Say good-bye, and read what came, for a moment only: some servers never answer NOOP."""
    end = time.perf_counter() + 0.3
    sock.settimeout(0.3)
    with contextlib.suppress(OSError):
        sock.send(command("QUIT"))
        while sock.recv(16 * 1024) and time.perf_counter() < end:
            pass
