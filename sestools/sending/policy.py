"""Retry policies: what is tried again, after which of tenacity's waits, and until when.

A policy reads the reply and the step at which it came: SES uses 454 for the sending rate and for the daily quota,
which need different waits. A message lost before the final dot was not sent; after it, SES may have accepted it.
Nobody can tell from outside, so each policy states what to do then: resend, or give up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from random import Random
from typing import Any, Literal, Self, get_args

from tenacity import RetryCallState, Retrying, wait_none
from tenacity.wait import wait_base

from sestools.core.document import Document, Table
from sestools.core.enums import Kind, Retry, Stage
from sestools.core.errors import UsageError
from sestools.core.results import Symptom
from sestools.core.text import duration, printable, span
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.render.shown import Shown

Jitter = Literal["none", "full", "equal", "decorrelated"]
JITTERS: tuple[Jitter, ...] = get_args(Jitter)


def _in_words(seconds: float) -> str:
    return span(seconds) if seconds >= 1 and seconds % 1 == 0 else f"{seconds:g} s"


@dataclass(frozen=True)
class Schedule(wait_base):
    """Fixed waits in seconds, one after the other, then again from the first. By default those of AWS.

    Source: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html
    """

    seconds: tuple[float, ...] = (5.0, 10.0, 30.0, 1200.0)

    def __post_init__(self) -> None:
        if not self.seconds or not all(one >= 0 for one in self.seconds):
            raise UsageError(f"a schedule is one wait or more, in seconds, not {self.seconds!r}")

    def __str__(self) -> str:
        times = ", ".join(map(_in_words, self.seconds))
        return f"{times}, and again" if len(self.seconds) > 1 else f"{times} each time"

    def __call__(self, retry_state: RetryCallState) -> float:
        """The wait after the attempt that just failed."""
        return self.seconds[(retry_state.attempt_number - 1) % len(self.seconds)]


@dataclass(frozen=True)
class Exponential(wait_base):
    """Waits that double, with a random part, so that many senders do not come back at the same time.

    Attributes:
        base: The first wait, in seconds.
        cap: The longest wait, in seconds.
        jitter: `none`; `full`: 0 to the wait; `equal`: half of it fixed, half random; `decorrelated`: `base` to
            three times the wait before.
            Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        random: The source of chance; seed it to repeat a run.
    """

    base: float = 1.0
    cap: float = 300.0
    jitter: Jitter = "full"
    random: Random = field(default_factory=Random, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.jitter not in JITTERS:
            raise UsageError(f"jitter is one of {', '.join(JITTERS)}, not {self.jitter!r}")
        if not 0 < self.base <= self.cap:
            raise UsageError(f"a first wait is more than 0 s and at most the cap, not {self.base!r} s")

    def __str__(self) -> str:
        jitter = "no jitter" if self.jitter == "none" else f"{self.jitter} jitter"
        return f"growing from {_in_words(self.base)} to {_in_words(self.cap)}, {jitter}"

    def __call__(self, retry_state: RetryCallState) -> float:
        """The wait after the attempt that just failed."""
        if self.jitter == "decorrelated":
            before = max(retry_state.upcoming_sleep, self.base)
            return min(self.cap, self.random.uniform(self.base, 3 * before))
        doubled = min(self.cap, self.base * 2.0 ** min(retry_state.attempt_number - 1, 64))
        lowest = {"none": doubled, "equal": doubled / 2, "full": 0.0}[self.jitter]
        return self.random.uniform(lowest, doubled)


class WhenUnknown(StrEnum):
    """What to do with a message whose fate is unknown: the connection was lost after its final dot."""

    RESEND = "resend"
    """Send it again: it arrives, perhaps twice."""
    GIVE_UP = "give up"
    """Leave it: it arrives once, or not at all."""


class Reason(Enum):
    """Why a policy decides as it does; the value is the sentence for people."""

    QUIT = "lost at QUIT ({seen}): what was sent before was accepted"
    LEFT = "no reply after the final dot ({seen}): it may have been accepted, and is not sent again"
    RESENT = "no reply after the final dot ({seen}): it may have been accepted, and is sent again"
    FINAL = "{title} ({seen}): another attempt would fail the same way"
    SLOWER = "{title} ({seen}): slower from now on"
    QUOTA = "{title} ({seen}): the quota is freed only with time"
    RECONNECT = "{title} ({seen}): nothing was sent, again on a new connection"
    AGAIN = "{title} ({seen})"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a policy decides: seconds until the next attempt (None if there is none), and why, also in words."""

    wait: float | None
    reason: Reason
    why: str


_LOST = {Kind.TIMEOUT, Kind.REFUSED, Kind.RESET, Kind.CLOSED, Kind.UNREACHABLE, Kind.NO_ROUTE, Kind.NOT_FOUND}
"""The network failed, not SES: worth another attempt, whatever the cause of a single one advises."""


def is_unknown(symptom: Symptom) -> bool:
    """Whether the message may have been accepted: no reply came to its final dot."""
    return symptom.stage is Stage.BODY and symptom.reply is None


@dataclass(frozen=True, kw_only=True)
class Policy(Shown):
    """When to try again.

    Attributes:
        name: The name in tables and plots.
        when_unknown: What to do with a message that may have been accepted. It has no default: the choice between
            duplicates and losses is yours.
        wait: How long to wait before each next attempt; any of tenacity's waits.
        attempts: The most attempts, the first included; None for no limit.
        seconds: The longest time from the first failure; None for no limit.
        throttled: How long to wait after exceeding the sending rate or the number of connections.
        quota: Seconds to wait when the daily quota is used up: it is freed little by little.
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
        """AWS's advice: after 5, 10 and 30 s, then after 20 minutes, and again from the first; for a day."""
        return cls(name="documented", when_unknown=WhenUnknown(when_unknown), **more)

    @classmethod
    def exponential(cls, *, when_unknown: WhenUnknown | str, jitter: Jitter = "full", **more: Any) -> Self:
        """Waits that double from 1 s to 5 minutes."""
        name, wait = "exponential" if jitter == "none" else f"{jitter} jitter", Exponential(jitter=jitter)
        return cls(name=name, when_unknown=WhenUnknown(when_unknown), wait=wait, **more)

    @classmethod
    def fixed(cls, wait: float = 1.0, *, when_unknown: WhenUnknown | str, **more: Any) -> Self:
        """The same wait each time."""
        return cls(name="fixed", when_unknown=WhenUnknown(when_unknown), wait=Schedule((wait,)), **more)

    @classmethod
    def none(cls) -> Self:
        """One attempt."""
        return cls(name="none", when_unknown=WhenUnknown.GIVE_UP, attempts=1)

    def decide(
        self, failure: Diagnosis, *, attempt: int = 1, seconds: float = 0.0, previous: float = 0.0
    ) -> Decision:
        """Decide what to do after a failure.

        Args:
            failure: What went wrong.
            attempt: How many attempts were made, this one included.
            seconds: How long ago the first one failed.
            previous: The wait before this attempt.
        """
        wait, reason = self._read(failure, attempt)
        why = reason.value.format(title=failure.cause.title, seen=printable(str(failure.symptom), 160))
        if wait is None:
            return Decision(wait=None, reason=reason, why=why)
        state = RetryCallState(
            Retrying(), None, (), {}
        )  # tenacity's waits take it; no function is called here
        state.attempt_number, state.upcoming_sleep = attempt, previous
        state.start_time, state.outcome_timestamp = 0.0, seconds
        pause = wait(state)
        if (self.attempts and attempt >= self.attempts) or (self.seconds and seconds + pause >= self.seconds):
            tried = "1 attempt" if attempt == 1 else f"{attempt} attempts"
            why = f"given up after {tried} in {duration(seconds)}: {why}"
            return Decision(wait=None, reason=reason, why=why)
        return Decision(wait=pause, reason=reason, why=why)

    def document(self) -> Document:
        """What this policy does after each kind of failure."""
        rows = tuple(self._row(*one) for one in _KINDS)
        return Document(tables=(Table(headings=("step", "what happened", "what follows"), rows=rows),))

    def _row(self, stage: Stage, what: Any) -> tuple[str, ...]:
        failure = classify(what, stage=stage, host="email-smtp.us-east-1.amazonaws.com")
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
        before_content = symptom.stage in (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.IDLE)
        if retry is Retry.NEW_CONNECTION or (lost and before_content):
            return wait_none() if attempt == 1 else self.wait, Reason.RECONNECT
        return self.wait, Reason.AGAIN


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
