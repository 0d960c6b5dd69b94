"""The senders that are compared: a careful one, a naive one, and a blind retry."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from sestools.core.clock import Clock
from sestools.core.target import Target
from sestools.sending.connection import Failed, KeptConnection, Limits
from sestools.sending.mail import Attempt, Entry, Fate, Mail
from sestools.sending.policy import Exponential, Policy, Schedule
from sestools.sending.sender import Sender


@dataclass(frozen=True, kw_only=True)
class Destination:
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
    """A sender under test: `run` sends mails to a destination, and gives its own account of each."""

    name: str
    run: Callable[[Iterable[Mail], Destination], Iterable[Entry]]


def careful(policy: Policy | None = None, *, name: str = "", **more: Any) -> Contender:
    """The sender of this package with a policy; by default the documented one, resending what is unknown.

    `more` are arguments of `Sender`, such as `max_messages`.
    """
    chosen = policy or Policy.documented(when_unknown="resend")

    def run(mails: Iterable[Mail], place: Destination) -> Iterator[Entry]:
        settings = {"max_age": 60.0, "max_idle": 5.0, "rate": place.rate, "connect": place.connect, **more}
        settings |= {limit: settings[limit] / place.times for limit in ("max_age", "max_idle")}
        settings |= {"clock": place.clock, "timeout": place.timeout, "final_timeout": place.timeout}
        with Sender(place.target, policy=_faster(chosen, place.times, place.seed), **settings) as sender:
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

    waits = {"wait": sped(policy.wait), "throttled": sped(policy.throttled)}
    seconds = policy.seconds and policy.seconds / times
    return replace(policy, **waits, quota=policy.quota / times, seconds=seconds)


def naive() -> Contender:
    """What a first script does: one connection, `sendmail`, and an error is logged and forgotten."""
    return _plain("naive", attempts=1, wait=0.0)


def blind(attempts: int = 5, wait: float = 1.0) -> Contender:
    """smtplib in a loop: whatever went wrong, the same again after a second, five times."""
    return _plain("blind retry", attempts, wait)


def _plain(name: str, attempts: int, wait: float) -> Contender:
    """smtplib without a thought: any exception is the same exception."""

    def run(mails: Iterable[Mail], place: Destination) -> Iterator[Entry]:
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
                except (Failed, OSError, smtplib.SMTPException):
                    if client is not None:
                        client.close()
                    client = None
                tried.append(Attempt(at=began, seconds=place.clock.now() - began))
            yield Entry(mail=mail, fate=fate, attempts=tuple(tried))
        if client is not None:
            client.close()

    return Contender(name=name, run=run)


def _signed_in(place: Destination) -> smtplib.SMTP:
    # The connection itself is the careful sender's, so that only what is done with it differs.
    return KeptConnection(
        place.target, place.clock, Limits(timeout=place.timeout), connect=place.connect
    ).open()
