"""A sender that loses nothing: a pattern to copy, on the standard library's smtplib.

It keeps a connection and changes it before SES does, sends no faster than the account may, tries again what is
worth it (see `retrying`), and always says what became of each message. It is no mail queue: what it has not
sent when the process dies is gone with the process. For that there are mail servers, such as Postfix.
"""

from __future__ import annotations

import heapq
import smtplib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from sestools.delivering import ENVELOPE, Clock, Failed, Line, unsendable
from sestools.model import Diagnosis, Retry, Stage, Target
from sestools.outbox import Attempt, Entry, Fate, Mail
from sestools.retrying import Decision, Policy, is_unknown

__all__ = ["Sender"]

BREATH = 5.0
"""Seconds before the next message after several in a row were given up: AWS's own first wait."""

_SHARED = frozenset({Retry.SLOWER, Retry.HOURS, Retry.NEW_CONNECTION})
"""Advice that is about the account or the connection, at whatever message it comes."""

_EVERYBODYS = frozenset({"paused", "suspended", "auth-required", "old-tls", "starttls-first"})
"""Refusals of a message that each message gets."""


class Sender:
    """Sends messages one after the other over a connection that it keeps, from one thread::

        policy = Policy.documented(when_unknown="resend")
        with Sender(Target.ses("eu-west-1", credentials=credentials), policy=policy, rate=14) as sender:
            for entry in sender.send_all(mails):
                print(entry.mail.name, entry.fate, entry.what)

    A failure that every message would meet (no connection, too fast, quota used up) makes all of them wait. One
    that may be the message's own sets that message aside while others go on, unless the next one fails as well.

    Args:
        target: Where to send, with credentials. TLS is always used and verified.
        policy: What to try again, and what to do with messages of unknown fate.
        rate: Recipients a second that the account may send to; None for no limit.
        max_messages: After how many messages a connection is changed. SES ends it after a number that it does
            not tell; reports speak of about 300.
        max_age: After how many seconds a connection is changed: SES replaces its hosts.
        max_idle: After how many seconds of silence it is changed. SES ends it after about 10.
        timeout: Seconds to wait for each reply.
        final_timeout: The same for the reply to a message, which may take minutes to get through a slow line.
        connect: Opens a connection, in place of smtplib to the target: for tests, and for virtual time.
        clock: What tells the time; by default the system does.
        on_attempt: Called after each attempt with the message and the attempt, before any wait.

    Raises:
        ValueError: If the target has no credentials or no TLS, or a limit makes no sense.
    """

    def __init__(
        self,
        target: Target,
        *,
        policy: Policy,
        rate: float | None = None,
        max_messages: int = 100,
        max_age: float = 60.0,
        max_idle: float = 5.0,
        timeout: float = 30.0,
        final_timeout: float = 600.0,
        connect: Callable[[], smtplib.SMTP] | None = None,
        clock: Clock | None = None,
        on_attempt: Callable[[Mail, Attempt], None] | None = None,
    ) -> None:
        self._clock: Clock = clock or _RealClock()
        limits: dict[str, Any] = {"max_messages": max_messages, "max_age": max_age, "max_idle": max_idle}
        limits |= {"timeout": timeout, "final_timeout": final_timeout}
        self._line = Line(target, self._clock, connect=connect, **limits)
        self._pace = _Pace(rate, self._clock)
        self._policy = policy
        self._on_attempt = on_attempt or (lambda mail, attempt: None)
        self._shared = _Tally()
        self._in_a_row = 0
        self._broken: Diagnosis | None = None
        self._aside: list[tuple[float, int, _Job]] = []
        self._under_way: _Job | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self._line.hang_up()

    def close(self) -> None:
        """End the connection."""
        self._line.close()

    @property
    def connections(self) -> int:
        """Connections that were opened so far."""
        return self._line.opened

    @property
    def unfinished(self) -> tuple[Entry, ...]:
        """After `send_all` was interrupted, such as by Ctrl-C: the account of what it had begun and not decided."""
        jobs = [job for _, _, job in sorted(self._aside)] + ([self._under_way] if self._under_way else [])
        return tuple(job.entry(Fate.UNSENT, diagnosis=job.attempts[-1].failure if job.attempts else None)
                     for job in jobs)  # fmt: skip

    def send(self, mail: Mail) -> Entry:
        """Send one message, and wait as long as the policy wants."""
        return next(self.send_all([mail]))

    def send_all(self, mails: Iterable[Mail]) -> Iterator[Entry]:
        """Send messages; gives the account of each as soon as its fate is decided.

        Messages are drawn one at a time, so that they can come from a stream. Nothing raises that a server or
        a network can cause. What was given up for all is given up for this call: the next one tries again.
        """
        self._broken, self._shared, self._under_way = None, _Tally(), None
        rest, number = iter(mails), count()
        aside = self._aside = []
        while True:
            now = self._clock.now()
            if aside and (aside[0][0] <= now or self._broken):
                job = heapq.heappop(aside)[2]
            elif (mail := next(rest, None)) is not None:
                job = _Job(number=next(number), mail=mail)
            elif aside:
                self._sleep(aside[0][0] - now)
                continue
            else:
                return
            self._under_way = job
            done = self._try(job)
            self._under_way = None
            if isinstance(done, Entry):
                yield done
            else:
                heapq.heappush(aside, (self._clock.now() + done, job.number, job))

    def _try(self, job: _Job) -> Entry | float:
        """Try once: the entry if the fate is decided, else after how many seconds to try again."""
        if self._broken:
            return job.entry(Fate.UNSENT, diagnosis=self._broken)
        if problem := unsendable(job.mail):
            return job.entry(Fate.REFUSED, diagnosis=problem)
        self._pace.wait_for(len(job.mail.recipients))
        began = self._clock.now()
        try:
            delivery = self._line.deliver(job.mail)
            self._shared, self._in_a_row = _Tally(), 0
            self._note(job, began)
            return job.entry(Fate.SENT, id=delivery.id, refused=delivery.refused)
        except Failed as failed:
            return self._judge(job, failed.diagnosis, began)
        except BaseException:
            job.unknown += self._line.offered
            job.attempts.append(Attempt(at=began, seconds=self._clock.now() - began, why="interrupted"))
            raise

    def _judge(self, job: _Job, failure: Diagnosis, began: float) -> Entry | float:
        """What follows from a failure: for the message alone, or for all."""
        symptom, advice = failure.symptom, failure.cause
        self._in_a_row += 1
        unknown = is_unknown(symptom)
        job.unknown += unknown
        own = symptom.stage is Stage.BODY or (symptom.stage in ENVELOPE and symptom.reply is not None)
        refused = symptom.stage in ENVELOPE and symptom.reply is not None and symptom.reply.code >= 500
        # A message that SES read and will not have is its own affair, such as a broken domain of its sender's.
        read = refused and symptom.stage is Stage.BODY
        own = own and advice.id not in _EVERYBODYS and (read or advice.retry not in _SHARED)
        tally = job.tally if own else self._shared
        decision = tally.judge(self._policy, failure, self._clock.now())
        self._note(job, began, failure, decision)
        if decision.again:
            if own and self._in_a_row == 1:
                return decision.seconds
            self._sleep(decision.seconds)
            return 0.0
        stops = symptom.stage not in ENVELOPE or advice.retry is Retry.HOURS or advice.id in _EVERYBODYS
        if own and refused:
            self._in_a_row = 0  # SES is well, the message is not
        elif not own and (stops or len(job.attempts) > 1):
            self._broken = failure  # one blip that the policy does not retry is no reason to leave the rest
        elif self._in_a_row > 1:
            self._sleep(BREATH)  # nobody tries these again, but the next message would fail at once, too
        return job.entry(Fate.REFUSED if refused else Fate.UNSENT, diagnosis=failure)

    def _note(
        self, job: _Job, began: float, failure: Diagnosis | None = None, decision: Decision | None = None
    ) -> None:
        attempt = Attempt(
            at=began,
            seconds=self._clock.now() - began,
            failure=failure,
            wait=decision.seconds if decision and decision.again else None,
            why=decision.why if decision else "",
        )
        job.attempts.append(attempt)
        self._on_attempt(job.mail, attempt)

    def _sleep(self, seconds: float) -> None:
        """Wait; a connection that SES would end meanwhile is given back first."""
        if seconds >= self._line.max_idle:
            self.close()
        self._clock.sleep(seconds)


class _RealClock:
    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


@dataclass(kw_only=True)
class _Tally:
    """Failures of one message, or of all of them, since the last success."""

    failures: int = 0
    since: float = 0.0
    waited: float = 0.0

    def judge(self, policy: Policy, failure: Diagnosis, now: float) -> Decision:
        self.failures += 1
        if self.failures == 1:
            self.since = now
        elapsed = now - self.since
        decision = policy.decide(failure, attempt=self.failures, seconds=elapsed, previous=self.waited)
        self.waited = decision.seconds
        return decision


@dataclass(kw_only=True)
class _Job:
    """A message under way."""

    number: int
    mail: Mail
    tally: _Tally = field(default_factory=_Tally)
    unknown: int = 0
    attempts: list[Attempt] = field(default_factory=list)

    def entry(self, fate: Fate, **more: Any) -> Entry:
        if self.unknown and fate in (Fate.UNSENT, Fate.REFUSED):
            fate = Fate.UNKNOWN  # an earlier attempt may have succeeded
        return Entry(mail=self.mail, fate=fate, unknown=self.unknown, attempts=tuple(self.attempts), **more)


class _Pace:
    """A bucket of tokens, one for each recipient, that fills at the account's rate and holds a second's worth."""

    def __init__(self, rate: float | None, clock: Clock) -> None:
        if rate is not None and not rate > 0:
            raise ValueError(f"rate must be greater than 0, not {rate!r}")
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
