"""Timed steps under one deadline: whatever goes wrong in a step becomes a symptom with the stage's name."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sestools.core.clock import Clock, SystemClock
from sestools.core.enums import Kind, Outcome, Stage
from sestools.core.errors import UsageError, kind_of
from sestools.core.limits import out_of_files
from sestools.core.results import ProbeResult, Reply, Step, Symptom, TcpInfo, symptom_at
from sestools.core.smtp import Garbled
from sestools.core.target import Target
from sestools.core.text import printable

F = TypeVar("F")

SLICE = 0.1
"""Longest wait in seconds before a cancellation is noticed."""


class Cancelled(Exception):
    """The user asked to stop."""


class Closed(Exception):
    """The server closed the connection in an orderly way."""


class Stopped(Exception):
    """A step failed; the symptom says how, `error` is what was raised. Never leaves a probe."""

    def __init__(self, symptom: Symptom, error: Exception | None = None) -> None:
        self.symptom = symptom
        self.error = error
        super().__init__(str(symptom))


class Deadline:
    """One moment that everything in a probe ends at, in seconds from now; `each` bounds each step as well."""

    def __init__(
        self,
        seconds: float,
        cancel: threading.Event | None = None,
        clock: Clock | None = None,
        each: float | None = None,
    ) -> None:
        if not 0 < seconds < float("inf"):
            raise UsageError(f"timeout must be a positive number of seconds, not {seconds!r}")
        self.seconds = seconds
        self.cancel = cancel
        self._now = (clock or SystemClock()).now
        self.start = self.begun = self._now()
        self.each = each

    def begin(self) -> None:
        """A step begins."""
        self.begun = self._now()

    def elapsed(self) -> float:
        """Seconds since the probe began."""
        return self._now() - self.start

    @property
    def left(self) -> float:
        """Seconds left, or a little if none are, whether anybody asked to stop or not."""
        return max(0.05, self.seconds - self.elapsed())

    def renew(self) -> None:
        """Begin anew: for a connection that is held, each exchange has its own deadline."""
        self.start = self.begun = self._now()

    def remaining(self) -> float:
        """Seconds left.

        Raises:
            TimeoutError: If none are.
            Cancelled: If the user asked to stop.
        """
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled
        now = self._now()
        left, bound = self.seconds - (now - self.start), self.seconds
        if self.each is not None and left > 0:
            left, bound = min((left, bound), (self.each - (now - self.begun), self.each))
        if left <= 0:
            whole = self.each is not None and bound != self.each
            raise TimeoutError(
                f"not finished within {bound:.3g} s in all"
                if whole
                else f"nothing more came before the deadline of {bound:g} s"
            )
        return left

    def slice(self) -> float:
        """How long the next wait may last before `remaining` has to be asked again."""
        left = self.remaining()
        return left if self.cancel is None else min(left, SLICE)


@dataclass
class Notes:
    """What a step's body writes down about itself."""

    sent: str = ""
    reply: Reply | None = None
    symptom: Symptom | None = None


class Recorder:
    """Collects a probe's timed steps and turns what goes wrong into a symptom with the stage's name."""

    def __init__(self, target: Target, deadline: Deadline) -> None:
        self.target = target
        self.deadline = deadline
        self.steps: list[Step] = []
        self.failure: Symptom | None = None
        self.not_run = ""

    @contextlib.contextmanager
    def probing(self) -> Iterator[None]:
        """The work of a probe: a step that fails ends it, and so does the user; `result` then says so."""
        try:
            yield
        except Stopped as stopped:
            self.failure = stopped.symptom
        except Cancelled:
            self.not_run = "cancelled"

    def result(self, probe: str, facts: F) -> ProbeResult[F]:
        """What the probe saw."""
        failure = None if self.not_run else self.failure
        return ProbeResult(
            probe=probe,
            target=self.target,
            outcome=Outcome.NOT_RUN if self.not_run else Outcome.FAILED if failure else Outcome.OK,
            steps=tuple(self.steps),
            facts=facts,
            symptom=failure,
            reason=self.not_run,
        )

    @contextlib.contextmanager
    def step(
        self,
        stage: Stage,
        address: str | None = None,
        encrypted: bool = False,
        tcp: Callable[[], TcpInfo | None] = lambda: None,
    ) -> Iterator[Notes]:
        """Time one step; an error of the network, of TLS or of the protocol ends it as `Stopped`."""
        self.deadline.begin()
        at = self.deadline.elapsed()
        notes, problem = Notes(), None
        try:
            yield notes
        except (OSError, Garbled, Closed) as error:
            if reason := out_of_files(error):
                raise UsageError(reason) from error
            problem = error
            notes.symptom = self.symptom(error, stage)
        finally:
            self.add(stage, at, address=address, encrypted=encrypted, tcp=tcp(), **vars(notes))
        if notes.symptom:
            raise Stopped(notes.symptom, problem)

    def add(self, stage: Stage, at: float, **more: Any) -> None:
        """Record a step that began at that second and ends now; `more` as `Step` takes it."""
        self.steps.append(Step(stage=stage, at=at, seconds=self.deadline.elapsed() - at, **more))

    def symptom(self, error: Exception, stage: Stage) -> Symptom:
        """What an exception of this probe means, before anybody judges it."""
        own = {Closed: Kind.CLOSED, Garbled: Kind.GARBLED}.get(type(error))
        return symptom_at(self.target, own or kind_of(error) or Kind.RESET, stage, describe(error))


def describe(error: Exception) -> str:
    """An exception in words, as its system or library says it."""
    match error:
        case ssl.SSLCertVerificationError():
            return printable(f"certificate verify failed: {error.verify_message}")
        case ssl.SSLEOFError():
            return "the server closed the connection during the TLS handshake (unexpected EOF)"
        case ssl.SSLError():
            return printable(error.reason or str(error))
        case Garbled():
            return str(error)
    return printable(getattr(error, "strerror", None) or str(error) or type(error).__name__)
