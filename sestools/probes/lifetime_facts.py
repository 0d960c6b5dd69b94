"""What a measurement of lifetimes is to do, what that costs, and what it saw."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sestools.core.errors import UsageError
from sestools.core.results import Symptom, as_dict
from sestools.core.text import duration

MOST_AT_ONCE = 20
"""Connections that may be held at a time. SES's own limit is not known; this is far below what senders use."""

MOST_SUCCESSORS = 10
"""Connections that a sender makes at most, one after the other, if their hosts go before they are full."""
AGREE = 1.1
"""How many times as long as the shortest silence the longest may be, if one clock ended both."""


class Purpose(StrEnum):
    """What a connection is held for."""

    SILENT = "silent"
    """Nothing is said until it ends, or for a graded silence, after which NOOP has to be answered: the idle cut-off."""
    KEPT = "kept"
    """NOOP is said often enough that silence does not end it: life by age."""
    SENDING = "sending"
    """Messages are sent until no more are taken: life by messages."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a measurement costs at most.

    Attributes:
        seconds: How long it takes, if nothing ends before it is given up.
        connections: How many connections are made.
        at_once: How many are held at a time.
        messages: How many messages are sent, all to the mailbox simulator.
    """

    seconds: float
    connections: int
    at_once: int
    messages: int

    def __str__(self) -> str:
        minutes = f"{self.seconds / 60:.0f} minutes" if self.seconds >= 120 else duration(self.seconds)
        mail = f"{self.messages} messages to SES's mailbox simulator" if self.messages else "no message"
        mail += ", which count against the bill and the sending rate" if self.messages else ""
        return (
            f"at most {minutes}, {self.connections} connections of which {self.at_once} at a time, and {mail}"
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a measurement goes about it.

    Sixty lives are watched by default: with so many, a 90 % interval for the share that still lives covers the
    truth with a chance between 87 % and 93 %, wherever that share is between 20 % and 80 %, and as a rule with
    90 %; with 24, between 85 % and 95 % (computed from the binomial distribution, without censoring).

    Attributes:
        silent: Connections that keep quiet, at the same time. With credentials, as many again before AUTH.
        silence: Seconds after which quiet is given up. One keeps quiet so long, the others half as long, a quarter
            and so on before they say NOOP; what is not answered is closed in on.
        lives: Connections whose age is watched, each on another host as far as greetings tell.
        at_once: How many of those are held at a time.
        age: Seconds after which a life is left alone; it counts as lived at least so long (censored).
        keep: Seconds between two NOOPs; at most a third of the idle cut-off that was just measured.
        senders: Connections that send, at the same time. They need credentials and a sender.
        messages: Messages after which such a connection is left alone.
        rate: Messages a second, all of them together.
    """

    silent: int = 4
    silence: float = 60.0
    lives: int = 60
    at_once: int = 12
    age: float = 300.0
    keep: float = 3.0
    senders: int = 2
    messages: int = 400
    rate: float = 1.0

    def __post_init__(self) -> None:
        for name, number in vars(self).items():
            if name in ("silence", "age", "keep", "rate"):
                if not (isinstance(number, int | float) and 0 < number < 1e7):
                    raise UsageError(f"{name} must be greater than 0, not {number!r}")
            elif isinstance(number, bool) or not isinstance(number, int) or number < 0:
                raise UsageError(f"{name} must be a whole number, not {number!r}")
        if not self.at_once and self.lives:
            raise UsageError("watching lives needs at_once of at least 1")
        if not self.silent + self.lives + self.senders:
            raise UsageError("a measurement needs silent, lives or senders: all are 0")
        if (most := self.estimate(signs_in=True, sends=True).at_once) > MOST_AT_ONCE:
            raise UsageError(f"at most {MOST_AT_ONCE} connections may be held at a time, not {most}")

    @property
    def most_lives(self) -> int:
        """Connections that are made at most to watch so many lives: some may reach a host that is watched."""
        return 2 * self.lives

    def estimate(self, *, signs_in: bool, sends: bool) -> Estimate:
        """What it costs at most."""
        rounds = -(-self.most_lives // self.at_once) if self.lives else 0
        silent = self.silent * (1 + signs_in)  # one that is forgotten has a successor
        senders = self.senders if sends and signs_in and self.messages else 0
        messages = senders * self.messages
        return Estimate(
            seconds=(self.silence + 3.0 if silent else 0.0) + max(rounds * self.age, messages / self.rate),
            connections=2 * silent + self.most_lives + senders * MOST_SUCCESSORS,
            at_once=max(silent, min(self.at_once, self.lives) + senders),
            messages=messages,
        )


@dataclass(frozen=True, kw_only=True)
class Life:
    """One connection that was held.

    Attributes:
        purpose: What for.
        opened_at: When the dialogue began, in seconds after the probe began.
        seconds: How long it was seen to live from then on.
        silence: For how long nothing had been said when that ended.
        messages: Messages that it carried.
        end: How it ended; None if it was still alive when it was left (a censored observation).
        host: The host's name as its greeting tells it.
        signed_in: Whether it had signed in.
        opening: Seconds from connecting to being ready: what a handshake costs.
        address: The IP address that it was made to.
        answered: The longest silence in seconds after which the server answered.
        asked: Whether its end showed only when something was said after a silence.
    """

    purpose: Purpose
    opened_at: float
    seconds: float
    silence: float = 0.0
    messages: int = 0
    end: Symptom | None = None
    host: str | None = None
    signed_in: bool = False
    opening: float = 0.0
    address: str | None = None
    answered: float = 0.0
    asked: bool = False

    @property
    def said(self) -> bool:
        """Whether the server said why it ended the connection."""
        return self.end is not None and self.end.reply is not None

    @property
    def lost(self) -> bool:
        """Whether it was silent, and what was said then got no answer, or a reset or an end without a word."""
        return self.purpose is Purpose.SILENT and self.asked and self.end is not None and not self.said

    @property
    def full(self) -> bool:
        """Whether the server wanted no more messages on it: it said so, and did not speak of silence."""
        reply = self.end.reply if self.end else None
        return reply is not None and self.messages > 0 and "timeout" not in reply.text.lower()

    def to_dict(self) -> dict[str, Any]:
        """The life for a program; times in seconds."""
        return {**as_dict(self), "alive": self.end is None}


@dataclass(frozen=True, kw_only=True)
class LifetimeFacts:
    """What a measurement of lifetimes saw.

    Attributes:
        plan: What was to be done.
        lives: Every connection that was held, those too that were still alive (`end` is None).
        seconds: How long it took.
        refusal: Why no more connections were opened or messages sent, if that was so.
    """

    plan: Plan
    lives: tuple[Life, ...] = field(default=(), repr=False)
    seconds: float = 0.0
    refusal: Symptom | None = None

    @property
    def messages(self) -> int:
        """Messages that were sent."""
        return sum(life.messages for life in self.lives)

    def of(self, *purposes: Purpose) -> tuple[Life, ...]:
        """The connections that were held for this."""
        return tuple(life for life in self.lives if life.purpose in purposes)

    @property
    def forgotten(self) -> tuple[float, float] | None:
        """The longest silence that was answered and the shortest that was not, if all above that were not.

        Something on the way that ends silent connections counts, too, if it ends those of several hosts after the
        same silence. None if nothing was forgotten, or nothing shows that the server still answered.
        """
        silent = self.of(Purpose.SILENT)
        low = max((life.answered for life in silent), default=0.0)
        cut = [life for life in silent if life.end and not (life.said or life.asked)]
        times = [life.silence for life in cut]
        agree = len({life.host for life in cut}) > 1 and max(times) <= AGREE * min(times)
        gone = [life for life in silent if life.lost and life.silence > low] + (cut if agree else [])
        if not gone:
            return None
        since = min(life.opened_at + life.seconds for life in gone)
        answers = low > 0 or any(life.opened_at > since for life in self.lives)
        return (low, min(life.silence for life in gone)) if answers else None

    @property
    def safe_silence(self) -> float | None:
        """Seconds of silence after which connections are not forgotten yet; None if none was."""
        return (self.forgotten[0] or self.forgotten[1] / 2) if self.forgotten else None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that connections were made to."""
        return tuple(dict.fromkeys(life.address for life in self.lives if life.address))

    @property
    def lines(self) -> tuple[str, ...]:
        """What was seen, a line a purpose."""
        found = [
            _line(lives, f"{purpose}, {'signed in' if signed_in else 'not signed in'}")
            for purpose in Purpose
            for signed_in in (True, False)
            if (lives := [life for life in self.of(purpose) if life.signed_in is signed_in])
        ]
        if self.refusal:
            found.append(f"no more were opened, or messages sent: {self.refusal}")
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """The facts for a program."""
        return as_dict(self, "seconds messages refusal forgotten addresses lives")


def _line(lives: list[Life], what: str) -> str:
    """A few lives of one purpose in words."""
    told, lost = sum(life.said for life in lives), sum(life.lost for life in lives)
    gone = sum(life.end is not None and not (life.said or life.lost) for life in lives)
    alive = len(lives) - told - gone - lost
    seconds = sorted(life.seconds for life in lives)
    parts = [f"{told} were ended with a reply" * (told > 0), f"{gone} without a word" * (gone > 0)]
    parts.append(f"{lost} were not answered after their silence" * (lost > 0))
    parts.append(f"{alive} were alive when they were left" * (alive > 0))
    if lives[0].purpose is Purpose.SENDING:
        what += f", {sum(life.messages for life in lives)} messages"
    return (
        f"{len(lives)} {what}: {', '.join(filter(None, parts))}; "
        f"they lived {duration(seconds[0])} to {duration(seconds[-1])}"
    )
