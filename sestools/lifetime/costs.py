"""What it costs to change connections sooner or later, for messages that come at some pace.

A new connection costs a handshake. An old one may be dead by the next message, which then has to be sent again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from numpy import ndarray

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
        shares: How often each occurs; they add up to 1. None: all alike.
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
        """So many messages a second, evenly: a queue that is worked off."""
        return cls(gaps=(1 / _positive(rate, "rate"),), words=f"{rate:g} a second, evenly")

    @classmethod
    def scattered(cls, rate: float) -> Traffic:
        """So many messages a second on average, whenever they come (Poisson): mail of a web application."""
        return cls(gaps=(1 / _positive(rate, "rate"),), random=True, words=f"{rate:g} a second, at random")

    @classmethod
    def bursts(cls, size: float, rate: float, pause: float) -> Traffic:
        """Bursts of so many messages on average, so many a second, with pauses of so many seconds on average."""
        if not 1 <= size < math.inf:
            raise UsageError(f"a burst has at least 1 message, not {size!r}")
        share = 1 / size
        return cls(
            gaps=(1 / _positive(rate, "rate"), _positive(pause, "pause")),
            shares=(1 - share, share),
            words=f"bursts of about {size:g} messages, {rate:g} a second, {pause:g} s apart",
        )

    @classmethod
    def recorded(cls, times: Sequence[float]) -> Traffic:
        """As often as messages were sent at these times (seconds, in any order), such as those of a log."""
        ordered = sorted(times)
        if len(ordered) < 3:
            raise UsageError("recorded traffic needs the times of at least three messages")
        gaps = tuple(after - before for before, after in pairwise(ordered))
        return cls(gaps=gaps, words=f"as recorded: {len(ordered)} messages")


def _positive(number: float, name: str) -> float:
    if not 0 < number < math.inf:
        raise UsageError(f"{name} must be greater than 0, not {number!r}")
    return number


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """When a connection is given back and a new one is opened. None is never.

    Attributes:
        messages: After so many messages.
        age: Once it is so many seconds old.
        idle: Once nothing was said for so many seconds.
    """

    messages: int | None = None
    age: float | None = None
    idle: float | None = None

    def __str__(self) -> str:
        parts = [
            "no limit of messages" if self.messages is None else f"{self.messages} messages",
            "no limit of age" if self.age is None else f"{self.age:g} s of age",
            "no limit of silence" if self.idle is None else f"{self.idle:g} s of silence",
        ]
        return ", ".join(parts)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What thresholds cost, for a thousand messages.

    Attributes:
        handshakes: Connections that are opened.
        broken: Sends that meet a dead connection, and have to be repeated.
        price: How many handshakes a broken send costs.
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
    """How long connections live, as it was measured or as it is known.

    Attributes:
        alive: The share that lives beyond each of some ages in seconds.
        cap: Messages that a connection may carry; None if it has no limit.
        cutoff: Seconds of silence that end it; None if none do.
    """

    alive: Callable[[ndarray[Any, Any]], ndarray[Any, Any]]
    cap: int | None = None
    cutoff: float | None = None


class Costs:
    """What thresholds cost in a world, at some traffic: exact but for the drawing of gaps, which is repeatable."""

    def __init__(self, world: ConnectionLimits, traffic: Traffic, *, price: float = PRICE) -> None:
        import numpy as np

        self.price = price
        self._world = world
        self._gaps, self._ages = _arrivals(traffic)
        alive = world.alive(self._ages)
        self._sent = np.concatenate([np.zeros((len(alive), 1)), np.cumsum(alive, axis=1)], axis=1)
        """Messages that are sent, by the number of messages tried."""
        self._alive = np.concatenate([np.ones((len(alive), 1)), alive], axis=1)
        self._all = alive.shape[1]
        self._breaks = np.minimum(self._first_gap(world.cutoff), world.cap or self._all)

    def _first_gap(self, length: float | None) -> Any:
        """The number of the first message that such a gap comes before, on each path."""
        import numpy as np

        if length is None:
            return np.full(len(self._gaps), self._all)
        long = self._gaps >= length
        return np.where(long.any(axis=1), long.argmax(axis=1), self._all)

    def _first_age(self, age: float | None) -> Any:
        """The number of the first message at which the connection is so old, on each path."""
        import numpy as np

        return np.full(len(self._ages), self._all) if age is None else (self._ages < age).sum(axis=1)

    def of(self, thresholds: Thresholds) -> Cost:
        """For a thousand messages."""
        return self.of_all([thresholds])[0]

    def of_all(self, options: Sequence[Thresholds]) -> list[Cost]:
        """The same for many."""
        import numpy as np

        gap, age = lru_cache(None)(self._first_gap), lru_cache(None)(self._first_age)
        alike: dict[tuple[float | None, float | None], list[int]] = {}
        for number, one in enumerate(options):
            alike.setdefault((one.idle, one.age), []).append(number)
        costs: dict[int, Cost] = {}
        rows = np.arange(len(self._gaps))[:, None]
        for (idle, old), numbers in alike.items():
            limits = np.array([options[number].messages or self._all for number in numbers])
            end = np.minimum(np.minimum(gap(idle), age(old))[:, None], limits)
            breaks = self._breaks[:, None]
            tried = np.minimum(end, breaks)
            messages = self._sent[rows, tried].mean(axis=0)
            # Who gets as far as a silence or a number that ends connections is broken there, if not before.
            broken = np.where(breaks < end, 1.0, 1.0 - self._alive[rows, tried]).mean(axis=0)
            for number, sent, lost in zip(numbers, messages.tolist(), broken.tolist(), strict=True):
                costs[number] = Cost(handshakes=1000 / sent, broken=1000 * lost / sent, price=self.price)
        return [costs[number] for number in range(len(options))]

    def best(self, options: Sequence[Thresholds], *, within: float = 0.0) -> tuple[Thresholds, Cost]:
        """The cheapest; or, of those that cost hardly more, the one that changes connections least."""
        costs = list(zip(self.of_all(options), options, strict=True))
        most = min(cost.total for cost, _ in costs) * (1 + within) + 1e-9
        cost, chosen = max(((cost, one) for cost, one in costs if cost.total <= most), key=_calm)
        return chosen, cost


def _calm(option: tuple[Cost, Thresholds]) -> tuple[float, ...]:
    cost, one = option
    age, messages, idle = (
        math.inf if limit is None else limit for limit in (one.age, one.messages, one.idle)
    )
    return age, messages, -round(cost.total, 3), idle


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

    def up_to(usual: Sequence[float], most: float | None) -> list[float | None]:
        return [one for one in usual if most is None or one < most] + [most]

    return [
        Thresholds(messages=int(number) if number else None, age=seconds, idle=quiet)
        for seconds in up_to(_SECONDS, age)
        for quiet in up_to(_IDLE, idle)
        for number in up_to(_MESSAGES, messages)
    ]
