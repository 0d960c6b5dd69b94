"""Experiments with ground truth: what is lost, sent twice and late, by sender and policy, under the same faults.

The senders are real ones; the world they send into is the simulator, whose ledger knows what was accepted. In
memory a day passes in a moment (thousands of messages); over sockets the same takes its time (a hundred).
"""

from __future__ import annotations

import contextlib
import math
import smtplib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

from sestools import tables
from sestools.delivering import Clock, Line
from sestools.model import Target
from sestools.outbox import Attempt, Entry, Fate, Mail
from sestools.retrying import Exponential, Policy, Schedule
from sestools.sending import Sender
from sestools.simulator.account import Account
from sestools.simulator.faults import Fault, parse
from sestools.simulator.memory import VirtualSes
from sestools.simulator.world import Accepted, Rules

__all__ = [
    "SCRIPTS",
    "Contender",
    "Lab",
    "Result",
    "Script",
    "blind",
    "careful",
    "lost_mail",
    "naive",
    "timelines",
]

_STAGES = ("TLS", "GREETING", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY")


@dataclass(frozen=True, kw_only=True)
class Script:
    """What goes wrong while messages arrive.

    Attributes:
        name: What it is called.
        about: One sentence.
        faults: What goes wrong, and when.
        account: What the account may do.
        rules: How long connections live.
        rate: Messages that arrive in a second.
        burst: How many of them arrive at once.
        send_rate: The rate that a sender is told to keep, in recipients a second; None for no limit.
    """

    name: str
    about: str
    faults: tuple[Fault, ...] = ()
    account: Account = field(default_factory=Account)
    rules: Rules = field(default_factory=lambda: Rules(delay=0.01))
    rate: float = 10.0
    burst: int = 1
    send_rate: float | None = None

    def due(self, number: int) -> float:
        """When a message arrives, in seconds after the start."""
        return number // self.burst * self.burst / self.rate

    def faster(self, times: float) -> Script:
        """The same script, so many times as fast."""
        rules = self.rules
        life = rules.host_lifetime
        return replace(
            self,
            faults=tuple(
                replace(one, since=one.since / times, until=None if one.until is None else one.until / times)
                for one in self.faults
            ),
            account=replace(self.account, rate=self.account.rate and self.account.rate * times),
            rules=replace(
                rules, idle=rules.idle / times, host_lifetime=life and life / times, delay=rules.delay / times
            ),
            rate=self.rate * times,
            send_rate=self.send_rate and self.send_rate * times,
        )


def _scripts() -> Iterator[Script]:
    yield Script(name="calm", about="Nothing goes wrong.")
    yield Script(
        name="throttle",
        about="Messages come in bursts of 200, and the account may send 14 a second.",
        account=Account(rate=14.0),
        burst=200,
        send_rate=14.0,
    )
    yield Script(
        name="outage",
        about="The network is gone for a minute, and later for half a minute.",
        faults=(parse("outage", since=5, until=65), parse("outage", since=120, until=150)),
    )
    yield Script(
        name="resets",
        about="The connection is reset at every stage now and then, one time in fifty.",
        faults=tuple(parse(f"reset:{stage}", chance=0.02) for stage in _STAGES),
    )
    yield Script(
        name="reply lost",
        about="One message in fifty is accepted, and the connection lost before its sender is told.",
        faults=(parse("reply-lost", chance=0.02),),
    )
    yield Script(
        name="hosts retired",
        about="Hosts behind the balancer live 20 s on average; their connections end with them.",
        rules=Rules(delay=0.01, host_lifetime=20.0, random_lifetimes=True, max_messages=50),
    )
    yield Script(
        name="idle cuts",
        about="Twenty messages come every 15 s, and SES ends a connection after 10 s of silence.",
        rate=20 / 15,
        burst=20,
    )
    yield Script(
        name="refusals",
        about="SES says 454 or 451 now and then, or that it was sent too fast.",
        faults=(
            parse("says:service-failure-454", chance=0.02),
            parse("says:service-failure-451", chance=0.01),
            parse("says:send-rate", chance=0.02),
        ),
    )


SCRIPTS: Mapping[str, Script] = {script.name: script for script in _scripts()}
"""Scripts that are ready, by name."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a contender sends: how to connect, whose credentials, which clock, at what rate."""

    target: Target
    connect: Callable[[], smtplib.SMTP] | None
    clock: Clock
    timeout: float
    rate: float | None
    times: float
    seed: int


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A sender under test.

    Attributes:
        name: What it is called.
        run: Sends mails in a place, and gives its own account of each.
    """

    name: str
    run: Callable[[Iterable[Mail], Place], Iterable[Entry]]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a sender achieved; counted from the ledger, not from what the sender believes.

    Attributes:
        script: Under which faults.
        sender: Which sender.
        seed: Of the chances.
        messages: Messages that were to be sent.
        lost: Messages that never reached SES.
        duplicated: Copies too many that SES accepted.
        unreported: Those of them that the sender did not know to be possible.
        wrong: Messages that the sender holds for sent and SES does not have.
        p50: Delay from a message's arrival until SES accepted it, in seconds: half of the messages took no
            longer. Lost messages are not in it.
        p99: The same for 99 in 100.
        longest: The longest delay.
        attempts: Attempts for each message on average.
        connections: Connections that were opened.
        seconds: How long the whole took, by the clock of the experiment.
    """

    script: str
    sender: str
    seed: int
    messages: int
    lost: int
    duplicated: int
    unreported: int
    wrong: int
    p50: float
    p99: float
    longest: float
    attempts: float
    connections: int
    seconds: float


@dataclass(frozen=True, kw_only=True, repr=False)
class Lab:
    """The results of an experiment, one row for each sender, script and seed."""

    results: tuple[Result, ...]
    entries: Mapping[tuple[str, str, int], tuple[Entry, ...]] = field(default_factory=dict)
    """Each sender's own account, by script, sender and seed."""

    def to_frame(self) -> Any:
        """A pandas data frame, one row a result.

        Raises:
            ModuleNotFoundError: If pandas is missing; the notebook extra brings it.
        """
        import pandas as pd

        return pd.DataFrame([asdict(result) for result in self.results])

    def totals(self) -> tuple[Result, ...]:
        """One row for each script and sender: counts added up over the seeds, delays and attempts the worst."""
        groups: dict[tuple[str, str], list[Result]] = {}
        for result in self.results:
            groups.setdefault((result.script, result.sender), []).append(result)
        return tuple(_total(some) for some in groups.values())

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Headings and rows as text, seeds added up."""
        rows: list[tuple[str, ...]] = [
            (
                one.script,
                one.sender,
                f"{one.messages:,}",
                str(one.lost),
                f"{one.duplicated}" + (f" ({one.unreported} unknowingly)" if one.unreported else ""),
                *(f"{delay:,.1f}" for delay in (one.p50, one.p99, one.longest)),
                f"{one.attempts:.3f}",
                str(one.connections),
            )
            for one in self.totals()
        ]
        headings = (
            "faults",
            "sender",
            "messages",
            "lost",
            "twice",
            "delay p50, s",
            "p99, s",
            "longest, s",
            "attempts",
        )
        return (*headings, "connections"), rows

    def __repr__(self) -> str:
        headings, rows = self.table()
        return tables.as_text(headings, rows, right=headings[2:])

    def _repr_html_(self) -> str:
        headings, rows = self.table()
        return tables.as_html(headings, rows, right=headings[2:])


def _total(some: list[Result]) -> Result:
    added = ("messages", "lost", "duplicated", "unreported", "wrong", "connections", "seconds")
    worst = ("p50", "p99", "longest", "attempts")
    return replace(
        some[0],
        **{name: sum(getattr(one, name) for one in some) for name in added},
        **{name: max(getattr(one, name) for one in some) for name in worst},
    )


def lost_mail(
    script: Script | str = "resets",
    *more: Script | str,
    contenders: Iterable[Contender] | None = None,
    messages: int = 1000,
    seeds: Iterable[int] = (0,),
    sockets: bool = False,
    times: float = 20.0,
    keep: bool = False,
) -> Lab:
    """Let senders send the same messages under the same faults, and count what came of it.

    Args:
        script: What goes wrong: a `Script`, or the name of one in `SCRIPTS`.
        more: Further scripts.
        contenders: The senders; by default `naive()`, `blind()` and `careful()`.
        messages: How many messages each sends.
        seeds: The chances of each run.
        sockets: Over real sockets and TLS, in real time, instead of in memory.
        times: How many times as fast a script runs over sockets, waits of the senders included.
        keep: Whether to keep each sender's account of each message, in `Lab.entries`.
    """
    found, kept = [], {}
    senders = list(contenders) if contenders is not None else [naive(), blind(), careful()]
    for one in (script, *more):
        chosen = SCRIPTS[one] if isinstance(one, str) else one
        for seed in seeds:
            for contender in senders:
                place = _over_sockets(chosen, seed, times) if sockets else _in_memory(chosen, seed)
                with place as (where, ledger, connections):
                    entries, start, end = _run(contender, chosen.faster(where.times), where, messages)
                    result = _count(entries, ledger(), start, chosen.faster(where.times))
                result.update(script=chosen.name, sender=contender.name, seed=seed, messages=messages)
                found.append(Result(**result, connections=connections(), seconds=end - start))
                if keep:
                    kept[chosen.name, contender.name, seed] = tuple(entries)
    return Lab(results=tuple(found), entries=kept)


_Opened = tuple[Place, Callable[[], list[Accepted]], Callable[[], int]]
PORT = 587


@contextlib.contextmanager
def _in_memory(script: Script, seed: int) -> Iterator[_Opened]:
    ses = VirtualSes(account=script.account, faults=script.faults, seed=seed, **asdict(script.rules))
    place = Place(
        target=Target(host=ses.host, port=PORT, credentials=ses.credentials),
        connect=lambda: ses.smtp(PORT, timeout=10.0),
        clock=ses.clock,
        timeout=10.0,
        rate=script.send_rate,
        times=1.0,
        seed=seed,
    )
    yield place, lambda: ses.accepted, lambda: ses.connections


@contextlib.contextmanager
def _over_sockets(script: Script, seed: int, times: float) -> Iterator[_Opened]:
    from sestools.simulator import Simulator
    from sestools.simulator.clock import RealClock

    class Clock(RealClock):
        def sleep(self, seconds: float) -> None:
            import time

            time.sleep(seconds)

    fast = script.faster(times)
    with Simulator(account=fast.account, faults=fast.faults, seed=seed, **asdict(fast.rules)) as ses:
        place = Place(
            target=ses.target(PORT, sign_in=True),
            connect=None,
            clock=Clock(),
            timeout=10.0 / times,
            rate=fast.send_rate,
            times=times,
            seed=seed,
        )
        yield place, lambda: ses.accepted, lambda: ses.connections


def _run(
    contender: Contender, script: Script, place: Place, messages: int
) -> tuple[list[Entry], float, float]:
    clock, start = place.clock, place.clock.now()

    def arriving() -> Iterator[Mail]:
        for number in range(messages):
            early = start + script.due(number) - clock.now()
            if early > 0:
                clock.sleep(early)
            yield _mail(number)

    return list(contender.run(arriving(), place)), start, clock.now()


def _mail(number: int) -> Mail:
    return Mail(
        sender="lab@example.com",
        recipients=(f"success+{number}@simulator.amazonses.com",),
        content=f"From: lab@example.com\r\nSubject: {number}\r\n\r\nOne of many.\r\n".encode(),
        name=str(number),
    )


def _count(entries: list[Entry], ledger: list[Accepted], start: float, script: Script) -> dict[str, Any]:
    """What the ledger says of what was to be sent."""
    copies: dict[str, list[float]] = {}
    for accepted in ledger:
        copies.setdefault(accepted.recipients[0], []).append(accepted.at)
    delays = []
    lost = duplicated = unreported = wrong = 0
    for entry in entries:
        times = copies.pop(entry.mail.recipients[0], [])
        lost += not times
        wrong += not times and entry.fate is Fate.SENT
        duplicated += max(0, len(times) - 1)
        unreported += max(0, len(times) - 1 - entry.unknown)
        if times:
            delays.append(times[0] - start - script.due(int(entry.mail.name)))
    if copies:
        raise RuntimeError(f"the ledger holds {len(copies)} messages that nobody sent")
    delays.sort()

    def share(part: float) -> float:
        return delays[min(len(delays) - 1, math.ceil(part * len(delays)) - 1)] if delays else math.nan

    return {
        "lost": lost,
        "duplicated": duplicated,
        "unreported": unreported,
        "wrong": wrong,
        "p50": share(0.5),
        "p99": share(0.99),
        "longest": share(1.0),
        "attempts": sum(len(entry.attempts) for entry in entries) / max(1, len(entries)),
    }


def timelines(
    policies: Iterable[Policy], *faults: str, seed: int = 0, **conditions: Any
) -> dict[str, tuple[Attempt, ...]]:
    """How each policy gets one message through faults such as `says:send-rate`: its attempts, by its name.

    `conditions` say when the faults happen, such as `until=90` (seconds).
    """
    found = {}
    for policy in policies:
        wrong = tuple(parse(fault, **conditions) for fault in faults)
        lab = lost_mail(
            Script(name="one message", about="", faults=wrong),
            contenders=[careful(policy, name=policy.name)],
            messages=1,
            seeds=[seed],
            keep=True,
        )
        found[policy.name] = lab.entries["one message", policy.name, seed][0].attempts
    return found


# --- the senders ----------------------------------------------------------------------------------------------


def careful(policy: Policy | None = None, *, name: str = "", **more: Any) -> Contender:
    """The sender of this package with a policy; by default the documented one, resending what is unknown.

    `more` are arguments of `Sender`, such as `max_messages`.
    """
    chosen = policy or Policy.documented(when_unknown="resend")

    def run(mails: Iterable[Mail], place: Place) -> Iterator[Entry]:
        limits = {"max_age": 60.0, "max_idle": 5.0, **more}
        for seconds in ("max_age", "max_idle"):
            limits[seconds] /= place.times
        settings = {"rate": place.rate, "connect": place.connect, "clock": place.clock, **limits}
        fast = _faster(chosen, place.times, place.seed)
        with Sender(place.target, policy=fast, timeout=place.timeout, **settings) as sender:
            yield from sender.send_all(mails)

    return Contender(name=name or "sestools", run=run)


def _faster(policy: Policy, times: float, seed: int) -> Policy:
    """The same policy, so many times as fast, its chances from the seed."""

    def sped(wait: Any) -> Any:
        if isinstance(wait, Schedule):
            return Schedule(tuple(one / times for one in wait.seconds))
        if isinstance(wait, Exponential):
            return replace(wait, base=wait.base / times, cap=wait.cap / times, random=Random(seed))  # noqa: S311
        return wait

    return replace(
        policy,
        wait=sped(policy.wait),
        throttled=sped(policy.throttled),
        quota=policy.quota / times,
        seconds=policy.seconds and policy.seconds / times,
    )


def naive() -> Contender:
    """What a first script does: one connection, `sendmail`, and an error is logged and forgotten."""
    return Contender(name="naive", run=lambda mails, place: _plain(mails, place, attempts=1, wait=0.0))


def blind(attempts: int = 5, wait: float = 1.0) -> Contender:
    """smtplib in a loop: whatever went wrong, the same again after a second, five times."""
    return Contender(
        name="blind retry", run=lambda mails, place: _plain(mails, place, attempts=attempts, wait=wait)
    )


def _plain(mails: Iterable[Mail], place: Place, *, attempts: int, wait: float) -> Iterator[Entry]:
    """smtplib without a thought: any exception is the same exception."""
    client: smtplib.SMTP | None = None
    for mail in mails:
        tried: list[Attempt] = []
        fate = Fate.UNSENT
        while fate is Fate.UNSENT and len(tried) < attempts:
            if tried:
                place.clock.sleep(wait / place.times)
            began = place.clock.now()
            try:
                client = client or _signed_in(place)
                client.sendmail(mail.sender, mail.recipients, mail.content)
                fate = Fate.SENT
            except (OSError, smtplib.SMTPException):
                if client is not None:
                    client.close()
                client = None
            tried.append(Attempt(at=began, seconds=place.clock.now() - began))
        yield Entry(mail=mail, fate=fate, attempts=tuple(tried))
    if client is not None:
        client.close()


def _signed_in(place: Place) -> smtplib.SMTP:
    # The connection itself is the careful sender's, so that only what is done with it differs.
    line = Line(
        place.target,
        place.clock,
        max_messages=1,
        max_age=1.0,
        max_idle=1.0,
        timeout=place.timeout,
        connect=place.connect,
    )
    return line.open()
