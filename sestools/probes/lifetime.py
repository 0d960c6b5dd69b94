"""How long connections live: in silence, by age, and by the messages that they carry."""

from __future__ import annotations

import contextlib
import heapq
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from sestools.core.clock import TIMEOUT, Clock, Progress, SystemClock, no_progress
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult, Symptom
from sestools.core.smtp import command, path
from sestools.core.target import Target
from sestools.probes.held_connection import Held
from sestools.probes.lifetime_facts import MOST_SUCCESSORS, Life, LifetimeFacts, Plan, Purpose
from sestools.probes.recorder import Cancelled, Deadline, Recorder, Stopped
from sestools.probes.silences import Silences

PATIENCE = 3
"""Refusals in a row after which a connection sends no more."""
ROUND = 12
"""Connections in a row, at least, that must reach a known host before no new one is expected."""
LOOK = {Purpose.SILENT: 0.1, Purpose.KEPT: 0.5}
"""Seconds between two looks whether a connection still lives; the error of a measured life."""


def probe_lifetime(
    target: Target,
    *,
    plan: Plan | None = None,
    sender: str | None = None,
    timeout: float = TIMEOUT,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    connect: Callable[[], Any] | None = None,
    clock: Clock | None = None,
) -> ProbeResult[LifetimeFacts]:
    """Hold several connections at once until they end, or long enough: how long does one live?

    First some are idle until the server closes them, or for a graded silence after which it has to answer NOOP: what
    is forgotten on the way shows only so. Then others are kept alive with NOOP, and a few
    send messages, at the plan's rate and to SES's mailbox simulator only, until no more are taken. What is
    still alive when it is left counts as that. `plan.estimate()` says before what it costs at most. The first
    connection that cannot be opened is the last one that is tried: failed sign-ins are not repeated.

    Args:
        target: Where to connect. With credentials, connections sign in; whether SES treats connections that have
            not signed in alike is not known, so silence is then measured before AUTH as well.
        plan: How many connections, how long, how many messages.
        sender: Envelope sender, verified with SES; without one no message is sent.
        timeout: Seconds for each opening, and for each exchange.
        progress: Called with lives seen, lives planned, and words.
        cancel: Set it to end within a tenth of a second; what was seen so far is returned.
        connect: Makes a connected socket, in place of a connection to the target: for virtual time.
        clock: What tells and passes the time; by default the system's does.

    Returns:
        What was seen. It failed if no connection could be opened.

    Raises:
        UsageError: On wrong use.
    """
    plan = plan or Plan()
    if not 0 < timeout <= 86_400:
        raise UsageError(f"timeout must be greater than 0, and at most a day, not {timeout!r}")
    if sender is not None:
        path(sender)
        if not target.credentials:
            raise UsageError("sending messages needs a target with credentials")
    clock = clock or SystemClock(cancel)

    def held(sign_in: bool) -> Held:
        own = Recorder(target, Deadline(timeout, cancel, clock))
        try:
            return Held(own, clock, sign_in, connect)
        except Stopped:
            recorder.steps[:] = own.steps
            raise

    recorder = Recorder(target, Deadline(timeout))
    signs_in = target.credentials is not None
    measurement = _Measurement(plan, signs_in, sender, clock, held, cancel, progress or no_progress)
    with recorder.probing():
        measurement.run()
    lives, refusal = tuple(measurement.lives), measurement.refusal
    if not lives:
        recorder.failure = refusal
    facts = LifetimeFacts(plan=plan, lives=lives, seconds=clock.now() - measurement.began, refusal=refusal)
    return recorder.result("lifetime", facts)


class _Measurement:
    """A measurement under way: many connections, one thread, whoever is due next has its turn."""

    def __init__(
        self,
        plan: Plan,
        signs_in: bool,
        sender: str | None,
        clock: Clock,
        held: Callable[[bool], Held],
        cancel: threading.Event | None,
        progress: Progress,
    ) -> None:
        self.plan, self.signs_in, self.sender = plan, signs_in, sender
        self.clock, self.held, self.cancel, self.progress = clock, held, cancel, progress
        self.began = clock.now()
        self.budget = plan.senders * plan.messages
        self.lives: list[Life] = []
        self.refusal: Symptom | None = None
        self.hosts: set[str] = set()
        self.opened = self.met = 0
        """Connections whose age is watched; and of these, how many in a row reached a host that was known."""

    def run(self) -> None:
        """All of it."""
        plan = self.plan
        ways = dict.fromkeys((self.signs_in, False))
        silences = Silences(plan.silence)
        first = silences.graded(plan.silent)
        self._side_by_side(
            [self._silent(sign_in, silence, silences) for sign_in in ways for silence in first]
        )
        cut = min((life.silence for life in self.lives if life.end), default=plan.silence)
        keep = min(plan.keep, cut / 3)
        others = [self._slot(keep) for _ in range(min(plan.at_once, plan.lives))]
        if self.sender:
            others += [self._sending(self.sender, number, keep) for number in range(plan.senders)]
        self._side_by_side(others)

    def _side_by_side(self, tasks: list[Iterator[float]]) -> None:
        """Each task yields the seconds until its next turn."""
        plan, number = self.plan, count()
        total = plan.estimate(signs_in=self.signs_in, sends=self.sender is not None).connections
        queue = [(self.clock.now(), next(number), task) for task in tasks]
        try:
            while queue:
                at, _, task = heapq.heappop(queue)
                if at > self.clock.now():
                    self.clock.sleep(at - self.clock.now())
                if self.cancel is not None and self.cancel.is_set():
                    raise Cancelled
                with contextlib.suppress(StopIteration):
                    heapq.heappush(queue, (self.clock.now() + next(task), next(number), task))
                    continue
                self.progress(len(self.lives), total, "connections")
        finally:
            for task in tasks:
                task.close()  # type: ignore[attr-defined]

    def _silent(self, sign_in: bool, first: float, silences: Silences) -> Iterator[float]:
        """One connection, and a second one if it is forgotten, each silent until that is answered or not."""
        silence: float | None = first
        for _ in range(2):
            asked = False
            with self._held(Purpose.SILENT, sign_in) as held:
                while held and silence is not None and held.lives():
                    if asked and held.asked is None:
                        asked, silence = False, self._next(silences, held.answered, True)
                    elif not asked and held.silence >= silence:
                        asked = True
                        held.asks()
                    yield LOOK[Purpose.SILENT]
            if not (held and held.asked is not None and held.end and held.end.reply is None):
                return
            silence = self._next(silences, held.silence, False)
            if silence is None:
                return

    def _next(self, silences: Silences, silence: float, answered: bool) -> float | None:
        silences.learn(silence, answered)
        return silences.next(self.plan.silence - (self.clock.now() - self.began))

    def _slot(self, keep: float) -> Iterator[float]:
        """One life after the other, until enough hosts were seen, or a whole round brought no new one."""
        plan, most_met = self.plan, max(self.plan.at_once, ROUND)
        while len(self.hosts) < plan.lives and self.opened < plan.most_lives and self.met < most_met:
            if self.refusal:
                return
            with self._held(Purpose.KEPT, self.signs_in) as held:
                while held and held.age < plan.age and held.lives():
                    if held.silence >= keep and not held.says(command("NOOP")):
                        break
                    yield min(LOOK[Purpose.KEPT], keep)

    def _sending(self, sender: str, number: int, keep: float) -> Iterator[float]:
        """Send until no more are taken; a connection whose host goes before that has a successor."""
        pause = self.plan.senders / self.plan.rate
        yield number / self.plan.rate
        done, made = False, 0
        while self.budget > 0 and not done and not self.refusal and made < MOST_SUCCESSORS:
            made += 1
            with self._held(Purpose.SENDING, True) as held:
                refused, due = 0, self.clock.now()
                while held and self.budget > 0 and held.carried < self.plan.messages and held.lives():
                    if due <= self.clock.now():
                        due += pause
                        self.budget -= 1
                        refused = 0 if held.sends(sender) else refused + 1
                    elif held.silence >= keep:
                        held.says(command("NOOP"))
                    if held.end or refused >= PATIENCE:
                        break
                    yield max(0.0, min(due - self.clock.now(), keep))
                if held and refused >= PATIENCE:
                    self.refusal = held.refused
                done = not held or held.carried >= self.plan.messages or bool(held.end and held.end.reply)

    @contextlib.contextmanager
    def _held(self, purpose: Purpose, sign_in: bool) -> Iterator[Held | None]:
        """A connection, and its life written down when it is left; None if it could not be opened."""
        held = None
        if not self.refusal:
            self.opened += purpose is Purpose.KEPT
            try:
                held = self.held(sign_in)
            except Stopped as stopped:
                self.refusal = stopped.symptom
        if held is None:
            yield None
            return
        if purpose is Purpose.KEPT:
            host = held.host or f"#{self.opened}"
            self.met = self.met + 1 if host in self.hosts else 0
            self.hosts.add(host)
        try:
            yield held
        finally:
            held.leave()
            self.lives.append(held.life(purpose, self.began))
