"""When to replace a connection: after how many messages, how many seconds, how much silence, and at what cost.

That depends on how long connections live, on how often messages come, and on what a broken send costs; all
three are stated with the advice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sestools.core.document import Document, Table
from sestools.core.enums import Level
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.core.text import duration
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.lives import FORGOTTEN
from sestools.diagnosis.result import Diagnosis
from sestools.lifetime.costs import PRICE, ConnectionLimits, Cost, Costs, Thresholds, Traffic, options
from sestools.lifetime.survival import Curve, survival
from sestools.probes import LifetimeFacts, Purpose
from sestools.render.shown import Shown
from sestools.sending.client_config.clients import ClientConfig, client_config

MARGIN = 0.95
"""Share of the shortest idle cut-off seen that is used: what is sent takes time to arrive."""
UNMEASURED_MESSAGES = 100
"""Messages on one connection where no limit was measured: SES has one that it does not publish, of about 300."""
UNMEASURED_IDLE = 5.0
"""Seconds of silence where no cut-off was measured: AWS's documentation speaks of about 10."""
SPANS = 4
"""Parts of the longest life in each of which connections are taken to end at a constant rate. More would take the
chance of sixty lives for advice, fewer would miss that old connections die more easily."""


@dataclass(frozen=True, kw_only=True, repr=False)
class RecycleAdvice(Shown):
    """When to replace connections, why, and at what cost.

    Attributes:
        thresholds: The advice.
        reasons: The evidence in a sentence, for `messages`, `age` and `idle`.
        cost: What it costs, if connections live as they were seen to; `least` and `most`: if they live as long, or
            as short, as the intervals allow.
        traffic: How messages come.
        curve: Survival by age; None if it was not measured.
        tried: For `messages`, `age` and `idle`: the cost of other values, the other two left as advised; some lie
            beyond what SES allows.
    """

    thresholds: Thresholds
    reasons: Mapping[str, str]
    cost: Cost
    least: Cost
    most: Cost
    traffic: Traffic
    curve: Curve | None = field(default=None, repr=False)
    tried: dict[str, tuple[tuple[float, Cost], ...]] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f"Change the connection after {self.thresholds}."

    def document(self) -> Document:
        """The thresholds, each with its reason, and the cost."""
        rows, words = [], (("messages", "messages"), ("age", "s"), ("silence", "s"))
        for (name, limit), (label, unit) in zip(asdict(self.thresholds).items(), words, strict=True):
            rows.append((label, "no limit" if limit is None else f"{limit:g} {unit}", self.reasons[name]))
        table = Table(headings=("change the connection after", "limit", "why"), rows=tuple(rows))
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

    def client_config(self, client: str, where: str = "us-east-1") -> ClientConfig:
        """The advice as the configuration of a program (see `sestools.sending.client_config`)."""
        reasons = {name: f"{why[:1].upper()}{why[1:]}." for name, why in self.reasons.items()}
        return client_config(client, where, **asdict(self.thresholds), reasons=reasons)

    def __repr__(self) -> str:
        return f"<RecycleAdvice: {self} {self.summary}>"

    def to_dict(self) -> dict[str, Any]:
        """The advice for a program."""
        costs = (("expected", self.cost), ("least", self.least), ("most", self.most))
        return {
            "recycle": asdict(self.thresholds),
            "why": dict(self.reasons),
            "traffic": self.traffic.words,
            "price": self.cost.price,
            "per_thousand": {
                name: {part: round(getattr(cost, part), 2) for part in ("handshakes", "broken", "total")}
                for name, cost in costs
            },
        }


def advise(facts: LifetimeFacts, traffic: Traffic, *, price: float = PRICE) -> RecycleAdvice:
    """When this traffic should replace connections that live as these did.

    The cheapest thresholds are searched for among usual values. Of those that cost within 2 % of the cheapest, the
    ones that replace connections least are advised.

    Args:
        facts: What `probe_lifetime` saw.
        traffic: How messages come.
        price: Handshakes that a broken send costs.
    """
    if not 0 < price < math.inf:
        raise UsageError(f"price must be greater than 0, and a number of handshakes, not {price!r}")
    curve = survival(facts, "age")
    messages, cap, why_messages = _messages(facts)
    idle, cutoff, why_idle = _idle(facts)
    longest = (math.floor(curve.longest) or curve.longest) if curve else None
    expected, least, most = (
        Costs(ConnectionLimits(alive=alive, cap=cap, cutoff=cutoff), traffic, price=price)
        for alive in _alive(curve)
    )
    found = options(messages=messages, age=longest, idle=idle)
    chosen, cost = expected.best(found, within=0.02)
    if chosen.idle != idle:
        why_idle += f": at most {idle:g} s, and with this traffic {chosen.idle:g} s costs no more"
    beyond: dict[str, list[float]] = {
        "messages": [math.ceil(cap * more) for more in (1.1, 1.5, 2.5)] if cap else [],
        "age": [],
        "idle": [cutoff * more for more in (1.0, 1.2, 1.5, 2.5)] if cutoff else [],
    }
    tried = {}
    for name, more in beyond.items():
        values: list[Any] = sorted({getattr(one, name) for one in found} - {None} | set(more))
        tried[name] = tuple((value, expected.of(replace(chosen, **{name: value}))) for value in values)
    return RecycleAdvice(
        thresholds=chosen,
        reasons={"messages": why_messages, "age": _age(curve, chosen.age), "idle": why_idle},
        cost=cost,
        least=least.of(chosen),
        most=most.of(chosen),
        traffic=traffic,
        curve=curve,
        tried=tried,
    )


def _alive(curve: Curve | None) -> list[Callable[[Any], Any]]:
    """The share alive as expected, at best, and at worst."""
    import numpy as np

    if curve is None:
        return [np.ones_like] * 3

    def steps(shares: tuple[float, ...]) -> Callable[[Any], Any]:
        heights = np.array((1.0, *shares))
        return lambda ages: heights[np.searchsorted(curve.times, ages, side="right")]

    # In the steps of a curve of sixty lives chance would be taken for advice. So it is read at a few ages, and in
    # between lives end at a constant rate. Where all have ended, half a life is taken to go on.
    read = np.linspace(0.0, curve.longest, SPANS + 1)
    shares = np.log(np.maximum(steps(curve.alive)(read), 0.5 / curve.lives))
    shares[0] = 0.0
    worst, first, least = steps(curve.low), curve.times[0], curve.low[0]

    def low(ages: Any) -> Any:
        # Before the first end was seen the lower edge goes down evenly from 1.
        return np.minimum(worst(ages), 1.0 - (1.0 - least) * np.minimum(ages / first, 1.0))

    return [lambda ages: np.exp(np.interp(ages, read, shares)), steps(curve.high), low]


def _messages(facts: LifetimeFacts) -> tuple[int, int | None, str]:
    """The largest threshold that makes sense, the limit if one was seen, and why."""
    sending = facts.of(Purpose.SENDING)
    if told := [life.messages for life in sending if life.full]:
        cap = max(1, min(told))
        why = f"{len(told)} of {len(sending)} connections that sent were refused more, the first after {cap} messages"
        return cap, cap, why
    most = max((life.messages for life in sending), default=0)
    if most >= UNMEASURED_MESSAGES:
        why = (
            f"no limit was met; the most that a connection carried was {most} messages, and beyond is unknown"
        )
        return most, None, why
    why = (
        "no limit was measured; SES has one that it does not publish, reports speak of about 300, so "
        f"{UNMEASURED_MESSAGES} stays well below"
    )
    return UNMEASURED_MESSAGES, None, why


def _idle(facts: LifetimeFacts) -> tuple[float, float | None, str]:
    """The same for silence."""
    curve = survival(facts, "silence")
    slowest = max((life.opening for life in facts.lives), default=0.0)
    lost, safe = facts.forgotten, facts.safe_silence
    if lost and safe and not (curve and curve.ended and curve.ends[0] < lost[1]):
        seen = (
            f"after {duration(lost[0])} of silence the server answered"
            if lost[0]
            else "no silence was answered"
        )
        why = f"{seen}, and after {duration(lost[1])} nothing came: a NAT or firewall on the way forgets connections"
        return max(0.1, math.floor(10 * (MARGIN * safe - slowest / 8)) / 10), safe, why
    if curve is None or not curve.ended:
        watched = f"no silent connection was ended within {curve.longest:.0f} s" if curve else "not measured"
        why = f"{watched}; AWS documents about 10 s, so {UNMEASURED_IDLE:g} s stays well below"
        return UNMEASURED_IDLE, None, why
    cutoff, last = curve.ends[0], curve.ends[-1]
    why = (
        f"{curve.ended} of {curve.lives} silent connections were ended, after {duration(cutoff)} to "
        f"{duration(last)}; less 5 % and the time that a command takes to arrive"
    )
    return max(0.1, math.floor(10 * (MARGIN * cutoff - slowest / 8)) / 10), cutoff, why


def _age(curve: Curve | None, age: float | None) -> str:
    if curve is None or age is None:
        return "life by age was not measured; AWS says that hosts are replaced regularly, and names no time"
    share, low, high = curve.at(age)
    words = (
        f"after {age:.0f} s, {share:.0%} of the connections still live ({curve.confidence:.0%} interval: {low:.0%} to "
        f"{high:.0%}, from {curve.lives} lives)"
    )
    return words if curve.ended else f"{words}; none ended, and nothing was watched for longer"


def lifetime_level(found: Diagnosis) -> Level:
    """How serious it is: connections that are forgotten are worth knowing, for new ones can be made."""
    if not found.cause.fails:
        return Level.OK
    return Level.NOTICE if found.cause.id == FORGOTTEN else Level.PROBLEM


def lifetime_document(
    result: ProbeResult, advice: RecycleAdvice | None, config: ClientConfig | None = None
) -> Document:
    """The verdict if something is wrong, the lives that were seen, then when to replace connections, and the
    configuration that does it.
    """
    facts: LifetimeFacts = result.facts
    found = classify(result)
    level = lifetime_level(found)
    lives = tuple(
        (
            str(life.purpose), "yes" if life.signed_in else "no", f"{life.seconds:.1f}", f"{life.silence:.1f}",
            str(life.messages), str(life.end or "alive when it was left"),
        )
        for life in facts.lives
    )  # fmt: skip
    headings = ("purpose", "signed in", "lived s", "silent s", "messages", "end")
    table = Table(headings=headings, rows=lives, right=("lived s", "silent s", "messages"))
    seen = Document(
        title=f"Lifetime of connections to {result.target}",
        level=level,
        lead=(*facts.lines, *([f"at {', '.join(facts.addresses)}"] if facts.addresses else [])),
        tables=(table,) if lives and not advice else (),
        notes=(f"could not be measured: {result.symptom}",) if result.symptom else (),
    )
    parts = [
        *([found.document(level)] if found.cause.fails else []),
        seen,
        *([advice.document()] if advice else []),
    ]
    if config:
        parts.append(Document(title=f"{config.client}, {config.file}", code=tuple(str(config).splitlines())))
    return Document(parts=tuple(parts))
