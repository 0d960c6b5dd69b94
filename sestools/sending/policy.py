"""Retry policies: what is tried again, after how long, and when it is enough. On tenacity.

A policy reads what SES said (454 for the rate is not 454 for the quota is not 421 is not 535) and knows the
step: what is lost before the final dot was not sent, and what is lost after it may have been. That last case
nobody can decide from outside, so every policy is told what to do with it: resend, and perhaps send twice, or
give up, and perhaps lose it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from random import Random
from typing import Any, Self

from tenacity import RetryCallState, Retrying, stop_after_attempt, stop_before_delay, stop_never, wait_none
from tenacity.stop import stop_any, stop_base
from tenacity.wait import wait_base

from sestools.core.document import Document, Table
from sestools.core.enums import Kind, Retry, Stage
from sestools.core.errors import UsageError
from sestools.core.results import Symptom
from sestools.core.text import duration, printable
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.render.shown import Shown
from sestools.sending.backoff import Exponential, Jitter, Schedule

__all__ = ["Decision", "Policy", "Reason", "WhenUnknown", "is_unknown"]


class WhenUnknown(StrEnum):
    """What to do with a message whose fate is unknown: the connection was lost after its final dot."""

    RESEND = "resend"
    """Send it again: it arrives, perhaps twice."""
    GIVE_UP = "give up"
    """Leave it: it arrives once, or not at all."""


class Reason(Enum):
    """Why a policy decides as it does; the value says it to people."""

    QUIT = "lost at QUIT ({seen}): what was sent before was accepted"
    LEFT = "no reply after the final dot ({seen}): it may have been accepted, and is not sent again"
    RESENT = "no reply after the final dot ({seen}): it may have been accepted, and is sent again"
    FINAL = "{title} ({seen}): the same attempt would fail again"
    SLOWER = "{title} ({seen}): more slowly"
    QUOTA = "{title} ({seen}): only time helps"
    RECONNECT = "{title} ({seen}): nothing was sent, again on a new connection"
    AGAIN = "{title} ({seen})"

    def about(self, failure: Diagnosis) -> str:
        """The reason for a failure in words."""
        return self.value.format(title=failure.cause.title, seen=printable(str(failure.symptom), 160))


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a policy says after a failure.

    Attributes:
        again: Whether to try again.
        seconds: How long to wait before that.
        reason: The reason.
        why: The same for people, with what was seen.
    """

    again: bool
    seconds: float = 0.0
    reason: Reason
    why: str


_LOST = {Kind.TIMEOUT, Kind.REFUSED, Kind.RESET, Kind.CLOSED, Kind.UNREACHABLE, Kind.NO_ROUTE, Kind.NOT_FOUND}
"""The network failed, not SES: worth another try, whatever a single check would make of it."""


def is_unknown(symptom: Symptom) -> bool:
    """Whether the message may have been accepted: no reply came to its final dot."""
    return symptom.stage is Stage.BODY and symptom.reply is None


@dataclass(frozen=True, kw_only=True)
class Policy(Shown):
    """When to try again.

    Attributes:
        name: What it is called in tables and plots.
        when_unknown: What to do with a message that may have been accepted. It has no default: this is a choice
            between duplicates and losses, and it is yours.
        wait: How long to wait before each next attempt; any wait of tenacity's.
        attempts: How many attempts at most, the first included; None for no limit.
        seconds: For how long at most, from the first failure; None for no limit.
        throttled: How long to wait when SES says that it was too fast, or too many connections.
        quota: Seconds to wait when the quota of 24 hours is used up: it frees little by little.
    """

    name: str
    when_unknown: WhenUnknown
    wait: wait_base = field(default_factory=Schedule)
    attempts: int | None = None
    seconds: float | None = 86_400.0
    throttled: wait_base = field(default_factory=lambda: Exponential(base=1.0, cap=600.0, jitter="equal"))
    quota: float = 3600.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "when_unknown", WhenUnknown(self.when_unknown))
        if self.attempts is not None and self.attempts < 1:
            raise UsageError(f"a policy makes at least one attempt, not {self.attempts}")
        if self.seconds is not None and not self.seconds > 0:
            raise UsageError(f"a policy's time is greater than 0 s, not {self.seconds!r}")

    @classmethod
    def documented(cls, *, when_unknown: WhenUnknown | str, **more: Any) -> Self:
        """What AWS writes: after 5, 10 and 30 s, then after 20 minutes, and again; here for a day."""
        return cls(name="documented", when_unknown=WhenUnknown(when_unknown), **more)

    @classmethod
    def exponential(
        cls,
        *,
        when_unknown: WhenUnknown | str,
        jitter: Jitter = "full",
        base: float = 1.0,
        cap: float = 300.0,
        seed: int | None = None,
        **more: Any,
    ) -> Self:
        """Waits that double from `base` to `cap` seconds."""
        # Chance, not secrets: predictable is what a seed is for.
        wait = Exponential(base=base, cap=cap, jitter=jitter, random=Random(seed))  # noqa: S311
        name = "exponential" if jitter == "none" else f"{jitter} jitter"
        return cls(name=name, when_unknown=WhenUnknown(when_unknown), wait=wait, **more)

    @classmethod
    def fixed(cls, wait: float = 1.0, *, when_unknown: WhenUnknown | str, **more: Any) -> Self:
        """The same wait each time."""
        return cls(name="fixed", when_unknown=WhenUnknown(when_unknown), wait=Schedule((wait,)), **more)

    @classmethod
    def none(cls) -> Self:
        """One attempt."""
        return cls(name="none", when_unknown=WhenUnknown.GIVE_UP, attempts=1)

    @property
    def stop(self) -> stop_base:
        """The limits, as tenacity wants them."""
        limits: list[stop_base] = []
        if self.attempts is not None:
            limits.append(stop_after_attempt(self.attempts))
        if self.seconds is not None:
            limits.append(stop_before_delay(self.seconds))
        return stop_any(*limits) if limits else stop_never

    def decide(
        self, failure: Diagnosis, *, attempt: int = 1, seconds: float = 0.0, previous: float = 0.0
    ) -> Decision:
        """Say what to do after a failure.

        Args:
            failure: What went wrong.
            attempt: How many attempts were made, this one included.
            seconds: How long ago the first one failed.
            previous: The wait before this attempt.
        """
        wait, reason = self._read(failure, attempt)
        why = reason.about(failure)
        if wait is None:
            return Decision(again=False, reason=reason, why=why)
        # One event is judged here, and not a function called: tenacity's own state holds what its values need.
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number, state.upcoming_sleep = attempt, previous
        state.start_time, state.outcome_timestamp = 0.0, seconds
        state.upcoming_sleep = pause = wait(state)
        if self.stop(state):
            tried = "1 attempt" if attempt == 1 else f"{attempt} attempts"
            why = f"given up after {tried} in {duration(seconds)}: {why}"
            return Decision(again=False, reason=reason, why=why)
        return Decision(again=True, seconds=pause, reason=reason, why=why)

    def document(self) -> Document:
        """What this policy does after each kind of failure."""
        rows = tuple(self._row(*one) for one in _KINDS)
        return Document(tables=(Table(headings=("step", "what happened", "what follows"), rows=rows),))

    def _row(self, stage: Stage, what: Any) -> tuple[str, ...]:
        failure = classify(what, stage=stage, host=_HOST)
        first, reason = self._read(failure, 1)
        said = str(failure.symptom.reply or f"{failure.symptom.kind}, no reply")
        if first is None:
            left = reason is Reason.LEFT
            return stage, said, "left: accepted, or not" if left else "refused: change something first"
        again, _ = self._read(failure, 2)
        waits = f"at once, then {again}" if isinstance(first, wait_none) else str(first)
        where = " on a new connection" if reason is Reason.RECONNECT else ""
        twice = "; perhaps twice" if reason is Reason.RESENT else ""
        return stage, said, f"again{where}: {waits}{twice}"

    def retrying(self, **more: Any) -> Retrying:
        """This policy around a function of yours that sends: `policy.retrying()(send, message)`.

        The last exception is raised if it is given up. `more` is for tenacity, such as `before_sleep`.
        """

        def failure(state: RetryCallState) -> Diagnosis:
            return classify(state.outcome.exception() if state.outcome else None)

        def again(state: RetryCallState) -> bool:
            if state.outcome is None or not isinstance(state.outcome.exception(), Exception):
                return False
            return self._read(failure(state), state.attempt_number)[0] is not None

        def pause(state: RetryCallState) -> float:
            wait, _ = self._read(failure(state), state.attempt_number)
            return wait(state) if wait else 0.0

        return Retrying(**{"retry": again, "wait": pause, "stop": self.stop, "reraise": True, **more})

    def _read(self, failure: Diagnosis, attempt: int) -> tuple[wait_base | None, Reason]:
        """How to wait after a failure, or None if trying again is useless; and why."""
        symptom, retry = failure.symptom, failure.cause.retry
        code = symptom.reply.code if symptom.reply else 0
        if symptom.stage is Stage.QUIT:
            return None, Reason.QUIT
        lost = symptom.kind in _LOST or retry is Retry.UNKNOWN_FATE
        if is_unknown(symptom):
            give_up = self.when_unknown is WhenUnknown.GIVE_UP
            return (None, Reason.LEFT) if give_up else (self.wait, Reason.RESENT)
        if code >= 500 or (retry is Retry.NO and not lost and not 400 <= code < 500):
            return None, Reason.FINAL
        if retry is Retry.SLOWER:
            return self.throttled, Reason.SLOWER
        if retry is Retry.HOURS:
            return Schedule((self.quota,)), Reason.QUOTA
        if retry is Retry.NEW_CONNECTION or (lost and symptom.stage in _ENVELOPE):
            return wait_none() if attempt == 1 else self.wait, Reason.RECONNECT
        return self.wait, Reason.AGAIN


_HOST = "email-smtp.us-east-1.amazonaws.com"
_KINDS: tuple[tuple[Stage, Any], ...] = (
    (Stage.CONNECT, TimeoutError("timed out")),
    (Stage.GREETING, (421, "Too many concurrent SMTP connections")),
    (Stage.AUTH, (535, "Authentication Credentials Invalid")),
    (Stage.MAIL, (451, "4.4.2 Timeout waiting for data from client.")),
    (Stage.MAIL, ConnectionResetError(104, "Connection reset by peer")),
    (Stage.BODY, (454, "Throttling failure: Maximum sending rate exceeded.")),
    (Stage.BODY, (454, "Throttling failure: Daily message quota exceeded.")),
    (Stage.BODY, (454, "Temporary service failure")),
    (Stage.BODY, (554, "Message rejected: Email address is not verified.")),
    (Stage.BODY, ConnectionResetError(104, "Connection reset by peer")),
)
"""One of each kind of failure."""

_ENVELOPE = {Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.IDLE}
