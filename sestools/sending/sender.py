"""A sender that loses no message: a pattern to copy, on the standard library's smtplib.

It replaces a connection before SES ends it, keeps the account's sending rate, tries again what may succeed (see
`policy`), and reports what became of each message. It is no mail queue: with a journal (see `journal`) it can be run
again after the process died, but it does not restart by itself.
"""

from __future__ import annotations

import copy
import heapq
import smtplib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Self

from sestools.core.clock import Clock
from sestools.core.enums import Retry, Stage
from sestools.core.errors import UsageError
from sestools.core.target import Target
from sestools.diagnosis.result import Diagnosis
from sestools.sending.client import Stop
from sestools.sending.connection import ENVELOPE, Failed, KeptConnection, Limits
from sestools.sending.jobs import Job, Pace, Tally, fate_of
from sestools.sending.journal import Journal
from sestools.sending.mail import Attempt, Entry, Fate, Mail, unsendable
from sestools.sending.parallel import MOST, SharedMails, side_by_side
from sestools.sending.policy import Policy, WhenUnknown, is_unknown

BREATH = 5.0
"""Seconds before the next message after several in a row were given up: AWS's own first wait."""

_SHARED = frozenset({Retry.SLOWER, Retry.HOURS, Retry.NEW_CONNECTION})
"""Advice that concerns the account or the connection, whichever message meets it."""

_EVERYBODYS = frozenset({"paused", "suspended", "auth-required", "old-tls", "starttls-first"})
"""Causes that refuse every message alike."""


class Sender:
    """Sends messages over a connection that it keeps, or several if the rate needs them::

        policy = Policy.documented(when_unknown="resend")
        with Sender(Target.ses("eu-west-1", credentials=credentials), policy=policy, rate=14) as sender:
            for entry in sender.send_all(mails):
                print(entry.mail.name, entry.fate, entry.what)

    A failure that every message would meet (no connection, too fast, quota used up) makes all of them wait. One
    that may be the message's own postpones that message while others go on, unless the next one fails as well.

    Args:
        target: Where to send, with credentials. TLS is always used and verified.
        policy: What to try again, and what to do with messages of unknown fate.
        rate: Recipients a second that the account may send to; None for no limit.
        max_messages: Messages after which a connection is replaced. SES does not publish its limit, of about 300.
        max_age: Seconds after which a connection is replaced: SES replaces its hosts.
        max_idle: Seconds of silence after which a connection is replaced. SES ends it after about 10.
        timeout: Seconds to wait for each reply, and for SES to acknowledge some of the content.
        final_timeout: Seconds to wait for the reply to a message, after the last of it was acknowledged.
        connections: Connections at a time, at most: with a rate, more than one are used if that needs them, each from
            a thread of its own. Then entries come, and `on_attempt` is called, in another order than messages.
        journal: Where to note each message before its content is sent and after its reply.
        connect: Opens a connection, in place of smtplib to the target: for tests, and for virtual time.
        clock: What tells the time; by default the system does.
        on_attempt: Called after each attempt with the message and the attempt, before any wait.
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
        connections: int = 10,
        journal: Journal | None = None,
        connect: Callable[[], smtplib.SMTP] | None = None,
        clock: Clock | None = None,
        on_attempt: Callable[[Mail, Attempt], None] | None = None,
    ) -> None:
        self._stop = Stop()
        self._clock: Clock = clock or self._stop
        limits = Limits(max_messages, max_age, max_idle, timeout, final_timeout)
        self._connection = KeptConnection(target, self._clock, limits, connect=connect, stop=self._stop)
        if not 1 <= connections <= MOST:
            raise UsageError(f"connections must be from 1 to {MOST}, not {connections!r}")
        # Whoever brings a clock or connections of his own can hardly serve several threads.
        self._most = 1 if rate is None or clock or connect else connections
        self._pace = Pace(rate, self._clock)
        self._policy, self._journal = policy, journal
        self._on_attempt = on_attempt or (lambda mail, attempt: None)
        self._shared = Tally()
        self._in_a_row = 0
        self._postponed: list[tuple[float, int, Job]] = []
        self._senders = [self]
        self._under_way: Job | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        (self.close if kind is None else self.hang_up)()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    @property
    def connections(self) -> int:
        """Connections that were opened so far."""
        return sum(one._connection.opened for one in self._senders)

    @property
    def unfinished(self) -> tuple[Entry, ...]:
        """After `send_all` was interrupted, such as by Ctrl-C: entries of what it had begun and not decided.

        It may repeat the entry that was yielded last.
        """
        jobs = {job.number: job for one in self._senders for _, _, job in sorted(one._postponed)}
        for one in self._senders:
            if (job := one._under_way) and job.number not in jobs:
                jobs[job.number] = replace(job, unknown=job.unknown + one._connection.offered)
        return tuple(job.unfinished() for job in jobs.values())

    @property
    def slow(self) -> str:
        """After `send_all`: that the rate was not kept, and what would do, in a sentence; empty if it was."""
        return self._pace.slow(len(self._senders))

    def hang_up(self) -> None:
        """Close the connection without QUIT."""
        self._connection.hang_up()

    def _another(self) -> Sender:
        """One more connection of this sender, with the rate, the journal and the policy of this one."""
        other = copy.copy(self)
        other._clock = other._stop = Stop()
        other._connection = self._connection.another(other._stop)
        other._in_a_row, other._postponed, other._under_way = 0, [], None
        self._senders.append(other)
        return other

    def stop(self) -> None:
        """Have `send_all` end by raising KeyboardInterrupt, where the fate of the message under way is known.

        It can be called by a signal handler, and from another thread. The reply to a message that was sent is
        awaited for 5 seconds; if told a second time, no longer, and the message is `unknown`. `unfinished` lists
        what was begun.
        """
        for one in self._senders:
            one._stop.tell()

    def send(self, mail: Mail) -> Entry:
        """Send one message, and wait as long as the policy wants."""
        self._pace.broken, self._senders = None, [self]
        entry = next(self.one_by_one(SharedMails([mail], self._journal)))
        self._under_way = None
        return entry

    def send_all(self, mails: Iterable[Mail]) -> Iterator[Entry]:
        """Send messages; yields the entry of each as soon as its fate is decided.

        Messages are taken one at a time, so that they can come from a stream. No failure of a server or a network
        raises. What was given up for all is given up for this call: the next one tries again. `JournalError` is
        raised if the journal cannot be written; nothing is sent that is not in it.
        """
        self._pace.broken, self._senders = None, [self]
        if self._most > 1:
            shared = SharedMails(mails, self._journal)
            return side_by_side(self, self._another, shared, self._pace, self._most, self.stop)
        return self.one_by_one(SharedMails(mails, self._journal))

    def one_by_one(self, rest: SharedMails) -> Iterator[Entry]:
        """Send messages over one connection, as `send_all` says."""
        self._shared, self._under_way = Tally(), None
        postponed = self._postponed = []
        while True:
            self._stop.check()
            now = self._clock.now()
            if postponed and (postponed[0][0] <= now or self._pace.broken):
                job = heapq.heappop(postponed)[2]
            elif (taken := rest.next()) is not None:
                job = taken
            elif postponed:
                self._sleep(postponed[0][0] - now)
                continue
            else:
                return
            # Whatever interrupts this, `unfinished` knows of the message until its entry was taken.
            self._connection.offered = False
            self._under_way = job
            job.done = self._earlier(job)
            done = job.done or self._try(job)
            if isinstance(done, Entry):
                job.done = done
                if self._journal and done.fate is not Fate.SENT:
                    self._journal.release(job.key)
                yield done
            else:
                heapq.heappush(postponed, (self._clock.now() + done, job.number, job))
            self._under_way = None

    def _earlier(self, job: Job) -> Entry | None:
        """The entry of a message that an earlier run sent, by the journal, or may have sent."""
        if self._journal is None or job.attempts:
            return None
        past = replace(self._journal.past(job.key))
        if past.accepted:
            return job.entry(Fate.SENT, id=past.id, earlier=past)
        job.unknown = past.unknown
        if past.unknown and self._policy.when_unknown is WhenUnknown.GIVE_UP:
            return job.entry(Fate.UNKNOWN, earlier=past)
        return None

    def _try(self, job: Job) -> Entry | float:
        """Try once: the entry if the fate is decided, else after how many seconds to try again."""
        if self._pace.broken:
            return job.entry(Fate.UNSENT, diagnosis=self._pace.broken)
        if problem := unsendable(job.mail):
            return job.entry(Fate.REFUSED, diagnosis=problem)
        self._pace.wait_for(len(job.mail.recipients))
        self._stop.check()
        began = self._clock.now()
        try:
            id, refused = self._deliver(job)
            self._shared, self._in_a_row = Tally(), 0
            self._note(job, began)
            return job.entry(Fate.SENT, id=id, refused=refused)
        except Failed as failed:
            return self._judge(job, failed.diagnosis, began)
        except BaseException:
            self._note(job, began, interrupted=True)
            raise

    def _deliver(self, job: Job) -> tuple[str, dict[str, Diagnosis]]:
        """Offer a message, which the journal knows before its content is sent and after its reply."""
        if (journal := self._journal) is None:
            return self._connection.deliver(job.mail)
        begun = False

        def about_to() -> None:
            nonlocal begun
            journal.begin(job.key, job.mail)
            begun = True

        try:
            id, refused = self._connection.deliver(job.mail, about_to)
        except BaseException as error:
            if begun:
                unknown = Fate.UNKNOWN if self._connection.offered else Fate.UNSENT
                journal.end(job.key, fate_of(error.diagnosis) if isinstance(error, Failed) else unknown)
            raise
        journal.end(job.key, Fate.SENT, id, refused)
        return id, refused

    def _judge(self, job: Job, failure: Diagnosis, began: float) -> Entry | float:
        """What follows from a failure: for the message alone, or for all."""
        symptom, advice = failure.symptom, failure.cause
        self._in_a_row += 1
        job.unknown += is_unknown(symptom)
        self._connection.offered = False
        own = symptom.stage is Stage.BODY or (symptom.stage in ENVELOPE and symptom.reply is not None)
        refused = fate_of(failure) is Fate.REFUSED
        # A message that SES read and refused is a case of its own, such as a broken domain of its sender's.
        read = refused and symptom.stage is Stage.BODY
        own = own and advice.id not in _EVERYBODYS and (read or advice.retry not in _SHARED)
        tally = job.tally if own else self._shared
        decision = tally.judge(self._policy, failure, self._clock.now())
        self._note(job, began, failure=failure, wait=decision.wait, why=decision.why)
        if decision.wait is not None:
            if own and self._in_a_row == 1:
                return decision.wait
            if not own:
                self._pace.hold(decision.wait)
            self._sleep(decision.wait)
            return 0.0
        stops = symptom.stage not in ENVELOPE or advice.retry is Retry.HOURS or advice.id in _EVERYBODYS
        if own and refused:
            self._in_a_row = 0  # SES works, this message does not
        elif not own and (stops or len(job.attempts) > 1):
            self._pace.broken = failure  # but not for one blip that the policy does not retry
        elif self._in_a_row > 1:
            self._sleep(BREATH)  # nobody tries these again, but the next message would fail at once, too
        return job.entry(Fate.REFUSED if refused else Fate.UNSENT, diagnosis=failure)

    def _note(self, job: Job, began: float, **more: Any) -> None:
        attempt = Attempt(at=began, seconds=self._clock.now() - began, **more)
        job.attempts.append(attempt)
        if not attempt.interrupted:
            self._on_attempt(job.mail, attempt)

    def _sleep(self, seconds: float) -> None:
        """Wait; a connection that SES would end meanwhile is closed first."""
        if seconds >= self._connection.limits.max_idle:
            self.close()
        self._clock.sleep(seconds)
