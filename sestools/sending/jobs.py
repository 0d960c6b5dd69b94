"""A sender's state: messages under way, failures in a row, and the rate at which it may send."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import Any

from sestools.core.clock import Clock
from sestools.core.errors import UsageError
from sestools.diagnosis.result import Diagnosis
from sestools.sending.connection import ENVELOPE
from sestools.sending.mail import Attempt, Entry, Fate, Mail
from sestools.sending.policy import Decision, Policy, is_unknown


def fate_of(failure: Diagnosis) -> Fate:
    """The fate of a message after one failed attempt."""
    symptom = failure.symptom
    if is_unknown(symptom):
        return Fate.UNKNOWN
    refused = symptom.stage in ENVELOPE and symptom.reply is not None and symptom.reply.code >= 500
    return Fate.REFUSED if refused else Fate.UNSENT


@dataclass(kw_only=True)
class Tally:
    """Failures of one message, or of all of them, since the last success."""

    failures: int = 0
    since: float = 0.0
    waited: float = 0.0

    def judge(self, policy: Policy, failure: Diagnosis, now: float) -> Decision:
        """The policy's decision after one more failure."""
        self.failures += 1
        if self.failures == 1:
            self.since = now
        decision = policy.decide(
            failure, attempt=self.failures, seconds=now - self.since, previous=self.waited
        )
        self.waited = decision.wait or 0.0
        return decision


@dataclass(kw_only=True)
class Job:
    """A message under way."""

    number: int
    mail: Mail
    key: str = ""
    tally: Tally = field(default_factory=Tally)
    unknown: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    done: Entry | None = None

    def entry(self, fate: Fate, **more: Any) -> Entry:
        """Its entry in the report."""
        if self.unknown and fate in (Fate.UNSENT, Fate.REFUSED):
            fate = Fate.UNKNOWN  # an earlier attempt may have succeeded
        return Entry(mail=self.mail, fate=fate, unknown=self.unknown, attempts=tuple(self.attempts), **more)

    def unfinished(self) -> Entry:
        """Its entry, if nothing more is done."""
        failure = self.attempts[-1].failure if self.attempts else None
        return self.done or self.entry(Fate.UNSENT, diagnosis=failure)


ENOUGH = 3
"""Messages in a row that found the whole second's rate unused: what sends is slower than the rate."""


class Pace:
    """What all connections of a sender share: the rate, a wait that holds for all, and why all was given up.

    The rate is a token bucket: a token for each recipient, refilled at the account's rate, holding those of one second.

    Attributes:
        broken: Why nothing more is sent, if that is so.
        spare: How many messages in a row found all tokens there: what sends is slower than the rate.
        recipients: To how many recipients messages were let through.
        began: When the first was.
    """

    def __init__(self, rate: float | None, clock: Clock) -> None:
        if rate is not None and not rate > 0:
            raise UsageError(f"rate must be greater than 0, not {rate!r}")
        self.rate, self._clock, self._turn = rate, clock, threading.Lock()
        self._size = self._left = max(1.0, rate or 0.0)
        self._at = self._held = self.began = clock.now()
        self.broken: Diagnosis | None = None
        self.spare = self.recipients = 0

    def hold(self, seconds: float) -> None:
        """No connection sends anything for so long."""
        self._held = max(self._held, self._clock.now() + seconds)

    def wait_for(self, recipients: int) -> None:
        """Wait until a message to so many recipients may be sent."""
        with self._turn:
            now, wait = self._clock.now(), 0.0
            if not self.recipients:
                self.began = now
            self.recipients += recipients
            if self.rate is not None:
                self._left = min(self._size, self._left + (now - self._at) * self.rate)
                self._at = now
                self.spare = self.spare + 1 if self._left == self._size else 0
                # A message to more recipients than the bucket holds waits for a full one, and leaves a debt.
                wait = max(0.0, min(recipients, self._size) - self._left) / self.rate
                self._left -= recipients
        if (wait := max(wait, self._held - now)) > 0:
            self._clock.sleep(wait)

    def slow(self, connections: int) -> str:
        """That so many connections did not keep the rate, and how many would, in a sentence; empty if they did."""
        seconds = self._clock.now() - self.began
        if self.rate is None or self.spare < ENOUGH or seconds < 1 or self.recipients >= self.rate * seconds:
            return ""
        seen = self.recipients / seconds
        were, more = "was" if connections == 1 else "were", math.ceil(connections * self.rate / seen)
        return (
            f"sent to {seen:.1f} recipients a second, and the rate allows {self.rate:g}: {connections} "
            f"connection{'s' * (connections > 1)} {were} too slow for that, {more} would do"
        )
