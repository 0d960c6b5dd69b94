"""What it costs to replace connections sooner or later, for messages that come at some pace.

A new connection costs a handshake. An old one may be dead by the next message, which then has to be sent again.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from sestools.core.errors import UsageError

PRICE = 10.0
"""Handshakes that a broken send costs: the first retry comes after 5 s, and a handshake takes about half a second."""

_PATHS, _LENGTH = 400, 1001
_MESSAGES = (1, 2, 3, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000)
_SECONDS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1800, 3600)
_IDLE = (0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 30, 45, 60)


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """How messages come: the seconds between one and the next, drawn one by one.

    Attributes:
        gaps: Lengths of gaps that occur.
        shares: How often each occurs; they add up to 1. None: equally often.
        random: Whether each gap is the mean of an exponential distribution, instead of exact.
        words: The traffic in words.
    """

    gaps: tuple[float, ...]
    shares: tuple[float, ...] | None = None
    random: bool = False
    words: str

    def __post_init__(self) -> None:
        if not self.gaps or not all(0 <= gap < math.inf for gap in self.gaps):
            raise UsageError("traffic needs gaps between messages, in seconds")

    @classmethod
    def steady(cls, rate: float) -> Traffic:
        """So many messages a second, evenly: a queue that is drained."""
        return cls(gaps=(1 / _positive(rate, "rate"),), words=f"{rate:g} a second, evenly")

    @classmethod
    def scattered(cls, rate: float) -> Traffic:
        """So many messages a second on average, at random (Poisson): mail of a web application."""
        return cls(gaps=(1 / _positive(rate, "rate"),), random=True, words=f"{rate:g} a second, at random")

    @classmethod
    def bursts(cls, size: float, rate: float, pause: float) -> Traffic:
        """Bursts of so many messages on average, so many a second, with pauses of so many seconds on average."""
        if not 1 <= size < math.inf:
            raise UsageError(f"a burst has at least 1 message, not {size!r}")
        return cls(
            gaps=(1 / _positive(rate, "rate"), _positive(pause, "pause")),
            shares=(1 - 1 / size, 1 / size),
            words=f"bursts of about {size:g} messages, {rate:g} a second, {pause:g} s apart",
        )

    @classmethod
    def recorded(cls, times: Sequence[float]) -> Traffic:
        """As often as messages were sent at these times (seconds, in any order), such as those of a log."""
        if len(times) < 3:
            raise UsageError("recorded traffic needs the times of at least three messages")
        gaps = tuple(after - before for before, after in pairwise(sorted(times)))
        return cls(gaps=gaps, words=f"as recorded: {len(times)} messages")


def _positive(number: float, name: str) -> float:
    if not 0 < number < math.inf:
        raise UsageError(f"{name} must be greater than 0, not {number!r}")
    return number


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """When a connection is replaced: after so many messages, seconds of age, or seconds of silence. None is never."""

    messages: int | None = None
    age: float | None = None
    idle: float | None = None

    def __str__(self) -> str:
        parts = (
            "no limit of messages" if self.messages is None else f"{self.messages} messages",
            "no limit of age" if self.age is None else f"{self.age:g} s of age",
            "no limit of silence" if self.idle is None else f"{self.idle:g} s of silence",
        )
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What thresholds cost, for a thousand messages: handshakes, and sends that meet a dead connection (`broken`).

    A broken send has to be repeated, and costs as much as `price` handshakes.
    """

    handshakes: float
    broken: float
    price: float = PRICE

    @property
    def total(self) -> float:
        """Both together, counted in handshakes."""
        return self.handshakes + self.price * self.broken


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """How long connections live: the share `alive` beyond each of some ages in seconds (arrays of NumPy), the most
    messages that one carries (`cap`), and the seconds of silence that end it (`cutoff`); None is no limit.
    """

    alive: Callable[[Any], Any]
    cap: int | None = None
    cutoff: float | None = None


class Costs:
    """What thresholds cost where connections live so long: exact but for the gaps, which are drawn repeatably."""

    def __init__(self, limits: ConnectionLimits, traffic: Traffic, *, price: float = PRICE) -> None:
        import numpy as np

        self.price = price
        gaps, self._ages = _arrivals(traffic)
        self._silence = np.maximum.accumulate(gaps, axis=1)
        alive = limits.alive(self._ages)
        # By the number of messages tried: how many are sent, and the share of connections that lives.
        self._sent = np.pad(np.cumsum(alive, axis=1), ((0, 0), (1, 0)))
        self._alive = np.pad(alive, ((0, 0), (1, 0)), constant_values=1.0)
        self._breaks = np.minimum(_first(self._silence, limits.cutoff), limits.cap or _LENGTH)[:, None]

    def of(self, thresholds: Thresholds) -> Cost:
        """The cost of thresholds, for a thousand messages."""
        return self._of_all([thresholds])[thresholds]

    def _of_all(self, options: Sequence[Thresholds]) -> dict[Thresholds, Cost]:
        import numpy as np

        idle = {one: _first(self._silence, one) for one in {option.idle for option in options}}
        age = {one: _first(self._ages, one) for one in {option.age for option in options}}
        alike: dict[Any, list[Thresholds]] = defaultdict(list)
        for option in options:
            alike[option.idle, option.age].append(option)
        rows, costs = np.arange(len(self._breaks))[:, None], {}
        for (silent, old), group in alike.items():
            end = np.minimum(idle[silent], age[old])[:, None]
            end = np.minimum(end, np.array([option.messages or _LENGTH for option in group]))
            tried = np.minimum(end, self._breaks)
            messages = self._sent[rows, tried].mean(axis=0)
            # Who gets as far as a silence or a number that ends connections is broken there, if not before.
            broken = np.where(self._breaks < end, 1.0, 1.0 - self._alive[rows, tried]).mean(axis=0)
            for option, sent, lost in zip(group, messages.tolist(), broken.tolist(), strict=True):
                costs[option] = Cost(handshakes=1000 / sent, broken=1000 * lost / sent, price=self.price)
        return costs

    def best(self, options: Sequence[Thresholds], *, within: float = 0.0) -> tuple[Thresholds, Cost]:
        """The cheapest; or, of those that cost hardly more, the one that replaces connections least."""
        costs = self._of_all(options)
        most = min(cost.total for cost in costs.values()) * (1 + within) + 1e-9

        def calm(option: tuple[Thresholds, Cost]) -> tuple[float, ...]:
            limits = (option[0].age, option[0].messages, option[0].idle)
            age, messages, idle = (math.inf if limit is None else limit for limit in limits)
            return age, messages, -round(option[1].total, 3), idle

        return max(((one, cost) for one, cost in costs.items() if cost.total <= most), key=calm)


def _first(growing: Any, limit: float | None) -> Any:
    """On each path, the number of the first message at which what grows reaches the limit."""
    return (growing < (math.inf if limit is None else limit)).sum(axis=1)


@lru_cache(maxsize=8)
def _arrivals(traffic: Traffic) -> tuple[Any, Any]:
    """Gaps before messages, and ages of the connection at them: rows of messages after its first."""
    import numpy as np

    if not traffic.random and len(traffic.gaps) == 1:
        gaps = np.full((1, _LENGTH), traffic.gaps[0])
    else:
        drawn = np.random.default_rng(0)
        gaps = drawn.choice(traffic.gaps, size=(_PATHS, _LENGTH), p=traffic.shares)
        if traffic.random:
            gaps = drawn.exponential(gaps)
    gaps[:, 0] = 0.0
    return gaps, np.cumsum(gaps, axis=1)


def options(
    *, messages: int | None = None, age: float | None = None, idle: float | None = None
) -> list[Thresholds]:
    """Every combination of usual thresholds up to these, and these; None: the largest is no limit."""

    def up_to(usual: Sequence[float], most: float | None) -> list[Any]:
        return [one for one in usual if most is None or one < most] + [most]

    return [
        Thresholds(messages=number, age=seconds, idle=quiet)
        for seconds in up_to(_SECONDS, age)
        for quiet in up_to(_IDLE, idle)
        for number in up_to(_MESSAGES, messages)
    ]


class Default(NamedTuple):
    """How a program treats connections if nothing is set: its name and use, its thresholds, and the source."""

    client: str
    thresholds: Thresholds
    source: str


_ONCE, _HUNDRED = Thresholds(messages=1), Thresholds(messages=100)
_KEPT = Thresholds(age=300, idle=2)  # smtp_connection_reuse_time_limit, smtp_connection_cache_time_limit
DEFAULTS = (
    Default("Postfix", _ONCE, "postconf(5): smtp_tls_connection_reuse = no, and SES wants TLS"),
    Default("Postfix with smtp_tls_connection_reuse = yes", _KEPT, "postconf(5): the limits of 300s and 2s"),
    Default("Nodemailer", _ONCE, "https://nodemailer.com/smtp/pooled: pool is off"),
    Default("Nodemailer with pool: true", _HUNDRED, "https://nodemailer.com/smtp/pooled: maxMessages 100"),
    Default("Symfony Mailer", _HUNDRED, "SmtpTransport.php: 100 messages; a ping after 100 s is too late"),
    Default("Jakarta Mail", _ONCE, "Transport.send connects for each message"),
    Default("Django", _ONCE, "send_mail opens and closes a connection for each call"),
    Default("listmonk", Thresholds(idle=15), "its SMTP settings: idle_timeout 15s"),
    Default("PHPMailer", _ONCE, "PHPMailer.php: SMTPKeepAlive is false"),
    Default("Python's smtplib, one connection for all", Thresholds(), "it has no limits"),
)
"""What the programs do by default. Postfix sends RSET before it uses a connection again, and Nodemailer notices when
one is closed: with the same thresholds they lose fewer messages than a program that does neither."""
