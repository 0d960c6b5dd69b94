"""When to change a connection: after how many messages, how many seconds, how much silence, and at what cost.

That depends on how long connections live, on how often messages come, and on what a broken send costs; all
three are stated with the advice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from sestools.core.document import Document, Table
from sestools.core.errors import UsageError
from sestools.core.text import duration
from sestools.lifetime.costs import PRICE, ConnectionLimits, Cost, Costs, Thresholds, Traffic, options
from sestools.lifetime.survival import Curve, survival
from sestools.probes import LifetimeFacts, Purpose
from sestools.render.shown import Shown

MARGIN = 0.95
"""Share of the shortest idle cut-off seen that is used: what is sent takes time to arrive."""
UNMEASURED_MESSAGES = 100
"""Messages on one connection where no limit was measured: SES has one that it does not tell, of about 300."""
UNMEASURED_IDLE = 5.0
"""Seconds of silence where no cut-off was measured: AWS's documentation speaks of about 10."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a threshold is where it is.

    Attributes:
        value: The threshold.
        unit: `messages` or `s`.
        why: The evidence, in a sentence.
    """

    value: float | None
    unit: str
    why: str


@dataclass(frozen=True, kw_only=True, repr=False)
class RecycleAdvice(Shown):
    """When to change connections, why, and at what cost.

    Attributes:
        thresholds: The advice.
        cost: What it costs, if connections live as they were seen to.
        least: The same, if they live as long as the intervals allow.
        most: And as short.
        traffic: How messages come.
        messages: Why so many.
        age: Why so old.
        idle: Why so silent.
        curve: Survival by age; None if it was not measured.
        tried: For `messages`, `age` and `idle`: the cost of other values, the other two left as advised; some lie
            beyond what SES allows.
    """

    thresholds: Thresholds
    cost: Cost
    least: Cost
    most: Cost
    traffic: Traffic
    messages: Reason
    age: Reason
    idle: Reason
    curve: Curve | None = field(default=None, repr=False)
    tried: dict[str, tuple[tuple[float, Cost], ...]] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f"Change the connection after {self.thresholds}."

    @property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """What to change a connection after, the value, and why."""
        return tuple(
            (name, "no limit" if one.value is None else f"{one.value:g} {one.unit}", one.why)
            for name, one in (("messages", self.messages), ("age", self.age), ("silence", self.idle))
        )

    def document(self) -> Document:
        """The thresholds, each with its reason, and the cost."""
        table = Table(headings=("change the connection after", "limit", "why"), rows=self.rows)
        return Document(tables=(table,), notes=(self.summary,))

    @property
    def summary(self) -> str:
        """The cost in a sentence."""
        cost = self.cost
        return (
            f"For a thousand messages ({self.traffic.words}): {cost.handshakes:.1f} handshakes and {cost.broken:.2f} "
            f"broken sends; with a broken send worth {cost.price:g} handshakes, {cost.total:.1f}. If connections live "
            f"as long or as short as the intervals allow: {self.least.total:.1f} to {self.most.total:.1f}."
        )

    def __repr__(self) -> str:
        return f"<RecycleAdvice: {self} {self.summary}>"

    def to_dict(self) -> dict[str, Any]:
        """As JSON wants it."""
        chosen = self.thresholds
        return {
            "recycle": {"messages": chosen.messages, "age": chosen.age, "idle": chosen.idle},
            "why": {"messages": self.messages.why, "age": self.age.why, "idle": self.idle.why},
            "traffic": self.traffic.words,
            "price": self.cost.price,
            "per_thousand": {
                name: {
                    "handshakes": round(cost.handshakes, 2),
                    "broken": round(cost.broken, 2),
                    "total": round(cost.total, 2),
                }
                for name, cost in (("expected", self.cost), ("least", self.least), ("most", self.most))
            },
        }


def advise(facts: LifetimeFacts, traffic: Traffic, *, price: float = PRICE) -> RecycleAdvice:
    """When this traffic should change connections that live as these did.

    The cheapest thresholds are searched for among usual values, with the survival curve smoothed (Weibull)
    where that agrees with it: the steps of a curve of sixty lives would be mistaken for advice. Of those that
    cost within 2 % of the cheapest, the ones that change connections least are advised.

    Args:
        facts: What `probe_lifetime` saw.
        traffic: How messages come.
        price: Handshakes that a broken send costs.
    """
    if not 0 < price < math.inf:
        raise UsageError(f"price must be greater than 0, and a number of handshakes, not {price!r}")
    curve = survival(facts, "age")
    messages, cap = _messages(facts)
    idle, cutoff = _idle(facts)
    longest = (math.floor(curve.longest) or curve.longest) if curve else None
    worlds = [ConnectionLimits(alive=alive, cap=cap, cutoff=cutoff) for alive in _alive(curve)]
    expected, least, most = (Costs(world, traffic, price=price) for world in worlds)
    found = options(messages=int(messages.value or 0) or None, age=longest, idle=idle.value)
    chosen, cost = expected.best(found, within=0.02)
    if chosen.idle != idle.value:
        less = f"at most {idle.value:g} s, and with this traffic {chosen.idle:g} s costs no more"
        idle = replace(idle, value=chosen.idle, why=f"{idle.why}: {less}")
    beyond: dict[str, list[float]] = {
        "messages": [math.ceil(cap * more) for more in (1.1, 1.5, 2.5)] if cap else [],
        "age": [],
        "idle": [cutoff * more for more in (1.0, 1.2, 1.5, 2.5)] if cutoff else [],
    }
    return RecycleAdvice(
        thresholds=chosen,
        cost=cost,
        least=least.of(chosen),
        most=most.of(chosen),
        traffic=traffic,
        messages=replace(messages, value=chosen.messages),
        age=Reason(value=chosen.age, unit="s", why=_age(curve, chosen.age)),
        idle=idle,
        curve=curve,
        tried={
            name: tuple(
                (value, expected.of(_with(chosen, name, value)))
                for value in sorted({getattr(one, name) for one in found} - {None} | set(more))
            )
            for name, more in beyond.items()
        },
    )


def _with(thresholds: Thresholds, name: str, value: Any) -> Thresholds:
    return replace(thresholds, **{name: value})


def _alive(curve: Curve | None) -> list[Callable[[Any], Any]]:
    """The share alive as expected, at best, and at worst."""
    import numpy as np

    if curve is None:
        return [np.ones_like] * 3
    times = np.array(curve.times)

    def steps(shares: tuple[float, ...]) -> Callable[[Any], Any]:
        heights = np.array((1.0, *shares))
        return lambda ages: heights[np.searchsorted(times, ages, side="right")]

    worst = steps(curve.low)
    first, least = curve.times[0], curve.low[0]

    def low(ages: Any) -> Any:
        # Before anything was seen to end the lower edge goes down evenly, from where everybody lives.
        return np.minimum(worst(ages), 1.0 - (1.0 - least) * np.minimum(ages / first, 1.0))

    edges = [steps(curve.high), low]
    if curve.smooth and curve.weibull:
        shape, scale = curve.weibull
        return [lambda ages: np.exp(-((ages / scale) ** shape)), *edges]
    return [steps(curve.alive), *edges]


def _messages(facts: LifetimeFacts) -> tuple[Reason, int | None]:
    """The largest threshold that makes sense, why, and the limit if one was seen."""
    sending = facts.of(Purpose.SENDING)
    told = [life.messages for life in sending if life.full]
    if told:
        cap = max(1, min(told))
        why = f"{len(told)} of {len(sending)} connections that sent were refused more, the first after {cap} messages"
        return Reason(value=cap, unit="messages", why=why), cap
    most = max((life.messages for life in sending), default=0)
    if most >= UNMEASURED_MESSAGES:
        why = (
            f"no limit was met; the most that a connection carried was {most} messages, and beyond is unknown"
        )
        return Reason(value=most, unit="messages", why=why), None
    why = (
        f"no limit was measured; SES has one that it does not tell, reports speak of about 300, so "
        f"{UNMEASURED_MESSAGES} stays well below"
    )
    return Reason(value=UNMEASURED_MESSAGES, unit="messages", why=why), None


def _idle(facts: LifetimeFacts) -> tuple[Reason, float | None]:
    """The same for silence."""
    curve = survival(facts, "silence")
    if curve is None or not curve.ended:
        watched = f"no silent connection was ended within {curve.longest:.0f} s" if curve else "not measured"
        why = f"{watched}; AWS documents about 10 s, so {UNMEASURED_IDLE:g} s stays well below"
        return Reason(value=UNMEASURED_IDLE, unit="s", why=why), None
    ends = curve.ends
    cutoff = ends[0]
    slowest = max((life.opening for life in facts.lives), default=0.0)
    idle = max(0.1, math.floor(10 * (MARGIN * cutoff - slowest / 8)) / 10)
    why = (
        f"{curve.ended} of {curve.lives} silent connections were ended, after {duration(cutoff)} to "
        f"{duration(ends[-1])}; less 5 % and the time that a command takes to arrive"
    )
    return Reason(value=idle, unit="s", why=why), cutoff


def _age(curve: Curve | None, age: float | None) -> str:
    if curve is None or age is None:
        return "life by age was not measured; AWS says that hosts are replaced regularly, and names no time"
    share, low, high = curve.at(age)
    words = f"after {age:.0f} s, {share:.0%} of the connections still live ({curve.confidence:.0%} interval: {low:.0%} to {high:.0%}, from {curve.lives} lives)"
    if not curve.ended:
        return f"{words}; none ended, and nothing was watched for longer"
    if curve.smooth and curve.weibull and curve.weibull[0] == 1:
        return f"{words}; an old connection dies hardly more easily than a young one, so age matters little"
    return words


def typical_idle(facts: LifetimeFacts) -> float | None:
    """The idle cut-off: the median of those that were seen; None if none was."""
    curve = survival(facts, "silence")
    return median(curve.ends) if curve and curve.ended else None
