"""From lives that were watched to a survival curve: the Kaplan-Meier estimate, by SciPy."""

from __future__ import annotations

import bisect
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sestools.core.errors import UsageError
from sestools.probes import Life, LifetimeFacts, Purpose

By = Literal["age", "messages", "silence"]

CONFIDENCE = 0.9
ALIKE = 1.1
"""How many times as long as the shortest silence the longest may be, if one clock ended both."""
TOGETHER = 5.0
"""Seconds within which the connections of one host end, if their host ended them."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The share of connections that still live, by age, messages or silence (Kaplan-Meier).

    Attributes:
        by: What it goes by: seconds of age, messages carried, or seconds of silence.
        times: Where observations ended, ascending.
        alive: The estimated share that lives beyond each of them.
        low: Lower end of its interval.
        high: Upper end.
        confidence: The confidence of each interval, for one moment at a time (log-log, exact where nobody or
            everybody has died).
        lives: How many lives it rests on.
        censored: When lives were left that had not ended: each counts as longer than that.
        shared: Connections that were set aside because they shared a host with another: they die with it, and
            so say nothing of their own.
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
            UsageError: If nobody was watched for so long.
        """
        if time > self.longest:
            raise UsageError(f"nothing was watched for {time:g}, only for {self.longest:g}")
        at = bisect.bisect_right(self.times, time) - 1
        if at >= 0:
            return self.alive[at], self.low[at], self.high[at]
        return 1.0, scipy().binomtest(self.lives, self.lives).proportion_ci(self.confidence).low, 1.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON wants it."""
        return {
            "by": self.by,
            "lives": self.lives,
            "ended": self.ended,
            "shared": self.shared,
            "confidence": self.confidence,
            "median": self.median,
            "censored": [round(time, 3) for time in self.censored],
            "curve": [
                {"at": round(at, 3), "alive": round(alive, 4), "low": round(low, 4), "high": round(high, 4)}
                for at, alive, low, high in zip(self.times, self.alive, self.low, self.high, strict=True)
            ],
        }


def survival(facts: LifetimeFacts, by: By = "age", *, confidence: float = CONFIDENCE) -> Curve | None:
    """The curve of what was watched; None if nothing was.

    By age, a connection's end counts if the server said nothing: its host is gone. What ended with words (too
    many messages, too much silence) is a life that was left, like one that was still alive. By messages and by
    silence it is the other way round. Connections to the same host count once.
    """
    shared = 0
    if by == "age":
        # A sender's connections are watched until one is refused more: how many there are depends on how long they
        # live, which would bias the curve.
        lives, shared = one_a_host(facts.of(Purpose.KEPT))
        seen = [(life.seconds, life.end is not None and not life.said) for life in lives]
    elif by == "messages":
        seen = [(float(life.messages), life.full) for life in facts.of(Purpose.SENDING)]
    else:
        seen = _silences(facts.of(Purpose.SILENT))
    if not seen:
        return None
    return curve(
        by, [time for time, _ in seen], [end for _, end in seen], confidence=confidence, shared=shared
    )


def _silences(lives: tuple[Life, ...]) -> list[tuple[float, bool]]:
    """How long each was silent, and whether that ended it.

    Those that had signed in count, if the server told one of them why it ended; else all do. Something on the way
    ends silent connections without a word, but all of them after the same silence: ends without words count if
    they agree.
    """
    signed_in = tuple(life for life in lives if life.signed_in)
    quiet = signed_in if any(life.said for life in signed_in) else lives
    wordless = [life.silence for life in quiet if life.end and not life.said]
    agree = len(wordless) > 1 and max(wordless) <= ALIKE * min(wordless)
    told = any(life.said for life in quiet)
    return [(life.silence, life.said or (agree and not told and life.end is not None)) for life in quiet]


def one_a_host(lives: Iterable[Life]) -> tuple[list[Life], int]:
    """One life a host, its first, and how many were set aside.

    Connections to a host die together, so that ten of them say no more than one. If those with the same name
    ended at different times, the name was none of a host, and all are kept.
    """
    hosts: dict[str, list[Life]] = {}
    kept: list[Life] = []
    for life in sorted(lives, key=lambda life: life.opened_at):
        if life.host is None:
            kept.append(life)
        else:
            hosts.setdefault(life.host, []).append(life)
    shared = 0
    for group in hosts.values():
        ends = [life.opened_at + life.seconds for life in group if life.end and not life.said]
        if ends and max(ends) - min(ends) > TOGETHER:
            kept += group
        else:
            kept.append(group[0])
            shared += len(group) - 1
    return kept, shared


def curve(
    by: By, times: Sequence[float], ended: Sequence[bool], *, confidence: float = CONFIDENCE, shared: int = 0
) -> Curve:
    """The Kaplan-Meier curve of lives that ended, or were left, after these times."""
    if not times or len(times) != len(ended):
        raise UsageError("a curve needs lives, and for each whether it ended")
    stats = scipy()
    alive_at_the_end = [time for time, end in zip(times, ended, strict=True) if not end]
    deaths = [time for time, end in zip(times, ended, strict=True) if end]
    found = stats.ecdf(stats.CensoredData(uncensored=deaths, right=alive_at_the_end)).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the interval is undefined at 0 and 1: see below
        interval = found.confidence_interval(confidence, method="log-log")
    low, high = interval.low.probabilities, interval.high.probabilities
    lows, highs = [], []
    for at, time in enumerate(found.quantiles):
        share = float(found.probabilities[at])
        if 0.0 < share < 1.0:
            lows.append(float(low[at]))
            highs.append(float(high[at]))
        else:
            # All of those watched so far, or none of those that were not left, survive: an exact binomial.
            watched = sum(other >= time for other in times) if share else len(deaths)
            exact = stats.binomtest(watched if share else 0, watched).proportion_ci(confidence)
            lows.append(float(exact.low))
            highs.append(float(exact.high))
    return Curve(
        by=by,
        times=tuple(float(time) for time in found.quantiles),
        alive=tuple(float(share) for share in found.probabilities),
        low=tuple(lows),
        high=tuple(highs),
        confidence=confidence,
        lives=len(times),
        censored=tuple(sorted(alive_at_the_end)),
        shared=shared,
    )


def scipy() -> Any:
    """SciPy's statistics.

    Raises:
        UsageError: If they are not installed.
    """
    try:
        from scipy import stats
    except ImportError:
        raise UsageError("survival curves need SciPy: pip install 'sestools[notebook]'") from None
    return stats
