"""From observed lifetimes to a survival curve: the Kaplan-Meier estimate, by SciPy."""

from __future__ import annotations

import bisect
import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sestools.core.errors import UsageError
from sestools.probes import Life, LifetimeFacts, Purpose
from sestools.probes.lifetime_facts import AGREE

By = Literal["age", "messages", "silence"]

CONFIDENCE = 0.9
TOGETHER = 5.0
"""Seconds within which the connections of one host end, if their host ended them."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The share of connections that still live, by age, messages or silence (Kaplan-Meier).

    Attributes:
        by: What it goes by: seconds of age, messages carried, or seconds of silence.
        times: Where observations ended, ascending.
        alive: The estimated share that lives beyond each of them; `low` and `high`: its interval, of this
            `confidence` for one moment at a time (log-log, exact binomial at 0 and 1).
        lives: How many lives it rests on.
        censored: When observation ended of lives that had not: each counts as longer than that.
        shared: Connections that were left out because they shared a host with another: they end with it, and so
            are no observations of their own.
    """

    by: By
    times: tuple[float, ...]
    alive: tuple[float, ...] = field(repr=False)
    low: tuple[float, ...] = field(repr=False)
    high: tuple[float, ...] = field(repr=False)
    confidence: float = CONFIDENCE
    lives: int
    censored: tuple[float, ...] = field(repr=False)
    shared: int = 0

    @property
    def ended(self) -> int:
        """How many lives were seen to end."""
        return self.lives - len(self.censored)

    @property
    def ends(self) -> tuple[float, ...]:
        """When lives ended."""
        before = (1.0, *self.alive)
        return tuple(time for at, time in enumerate(self.times) if self.alive[at] < before[at])

    @property
    def longest(self) -> float:
        """How long the longest life was watched: beyond it nothing is known."""
        return self.times[-1]

    @property
    def median(self) -> float | None:
        """When half of them have ended; None if fewer have."""
        return next((time for time, share in zip(self.times, self.alive, strict=True) if share <= 0.5), None)

    def at(self, time: float) -> tuple[float, float, float]:
        """The share that lives beyond a moment, and its interval: from low to high.

        Raises:
            UsageError: If no connection was watched for so long.
        """
        if time > self.longest:
            raise UsageError(f"nothing was watched for {time:g}, only for {self.longest:g}")
        if at := bisect.bisect_right(self.times, time):
            return self.alive[at - 1], self.low[at - 1], self.high[at - 1]
        return 1.0, scipy().binomtest(self.lives, self.lives).proportion_ci(self.confidence).low, 1.0

    def to_dict(self) -> dict[str, Any]:
        """The curve for a program."""
        rows = zip(self.times, self.alive, self.low, self.high, strict=True)
        names = ("by", "lives", "ended", "shared", "confidence", "median")
        return {
            **{name: getattr(self, name) for name in names},
            "censored": [round(time, 3) for time in self.censored],
            "curve": [
                {"at": round(at, 3), "alive": round(alive, 4), "low": round(low, 4), "high": round(high, 4)}
                for at, alive, low, high in rows
            ],
        }


def survival(facts: LifetimeFacts, by: By = "age") -> Curve | None:
    """The curve of what was watched; None if nothing was.

    By age, a connection's end counts if the server gave no reply: its host is gone. A connection that SES ended with
    a reply (too many messages, too much silence) counts as still alive then. By messages and by silence it is the
    other way round. Connections to the same host count once.
    """
    shared = 0
    if by == "age":
        # A sender's connections are watched until one is refused more: how many there are depends on how long they
        # live, which would bias the curve.
        kept = facts.of(Purpose.KEPT)
        lives = one_a_host(kept)
        shared = len(kept) - len(lives)
        seen = [(life.seconds, life.end is not None and not life.said) for life in lives]
    elif by == "messages":
        seen = [(float(life.messages), life.full) for life in facts.of(Purpose.SENDING)]
    else:
        seen = _silences(facts.of(Purpose.SILENT))
    return curve(by, [time for time, _ in seen], [end for _, end in seen], shared=shared) if seen else None


def _silences(lives: tuple[Life, ...]) -> list[tuple[float, bool]]:
    """How long each was silent, and whether that ended it.

    Those that had signed in count, if the server told one of them why it ended; else all do. Something on the way
    ends silent connections without a reply, but all of them after the same silence: ends without a reply count if
    they agree.
    """
    lives = tuple(life for life in lives if not life.lost)  # whether the server had ended them nobody heard
    signed_in = tuple(life for life in lives if life.signed_in)
    quiet = signed_in if any(life.said for life in signed_in) else lives
    wordless = [life.silence for life in quiet if life.end and not life.said]
    agree = len(wordless) > 1 and max(wordless) <= AGREE * min(wordless)
    told = any(life.said for life in quiet)
    return [(life.silence, life.said or (agree and not told and life.end is not None)) for life in quiet]


def one_a_host(lives: Sequence[Life]) -> list[Life]:
    """The first life of each host.

    Connections to a host end together, so that ten of them say no more than one. If those with the same name ended
    at different times, the name was not that of one host, and all are kept.
    """
    hosts: dict[object, list[Life]] = defaultdict(list)
    for life in sorted(lives, key=lambda life: life.opened_at):
        hosts[id(life) if life.host is None else life.host].append(life)
    kept: list[Life] = []
    for group in hosts.values():
        ends = [life.opened_at + life.seconds for life in group if life.end and not life.said]
        kept += group if ends and max(ends) - min(ends) > TOGETHER else group[:1]
    return kept


def curve(by: By, times: Sequence[float], ended: Sequence[bool], *, shared: int = 0) -> Curve:
    """The Kaplan-Meier curve of lives that ended, or were watched no longer, after these times."""
    stats = scipy()
    censored = [time for time, end in zip(times, ended, strict=True) if not end]
    deaths = [time for time, end in zip(times, ended, strict=True) if end]
    found = stats.ecdf(stats.CensoredData(uncensored=deaths, right=censored)).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the interval is undefined at 0 and 1: see below
        interval = found.confidence_interval(CONFIDENCE, method="log-log")
    moments, alive = found.quantiles.astype(float).tolist(), found.probabilities.tolist()
    low, high = interval.low.probabilities.tolist(), interval.high.probabilities.tolist()
    for at, share in enumerate(alive):
        if not 0.0 < share < 1.0:
            # All of those watched so far, or none of those that ended, survive: an exact binomial.
            watched = sum(other >= moments[at] for other in times) if share else len(deaths)
            exact = stats.binomtest(watched if share else 0, watched).proportion_ci(CONFIDENCE)
            low[at], high[at] = float(exact.low), float(exact.high)
    return Curve(
        by=by,
        times=tuple(moments),
        alive=tuple(alive),
        low=tuple(low),
        high=tuple(high),
        lives=len(times),
        censored=tuple(sorted(censored)),
        shared=shared,
    )


def scipy() -> Any:
    """SciPy's statistics; a UsageError if they are not installed."""
    try:
        from scipy import stats
    except ImportError:
        raise UsageError("survival curves need SciPy: pip install 'sestools[notebook]'") from None
    return stats
