"""A sender's state: messages under way, failures in a row, and the rate at which it may send."""

from __future__ import annotations

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


class Pace:
    """A token bucket: a token for each recipient, refilled at the account's rate, holding those of one second."""

    def __init__(self, rate: float | None, clock: Clock) -> None:
        if rate is not None and not rate > 0:
            raise UsageError(f"rate must be greater than 0, not {rate!r}")
        self._rate, self._clock = rate, clock
        self._size = self._left = max(1.0, rate or 0.0)
        self._at = clock.now()

    def wait_for(self, recipients: int) -> None:
        """Wait until a message to so many recipients may be sent."""
        if self._rate is None:
            return
        # A message to more recipients than the bucket holds waits for a full one, and leaves a debt.
        missing = min(recipients, self._size) - self._fill(self._rate)
        if missing > 0:
            self._clock.sleep(missing / self._rate)
            self._fill(self._rate)
        self._left -= recipients

    def _fill(self, rate: float) -> float:
        now = self._clock.now()
        self._left = min(self._size, self._left + (now - self._at) * rate)
        self._at = now
        return self._left
