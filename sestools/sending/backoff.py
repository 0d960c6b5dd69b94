"""How long to wait before the next attempt: waits for tenacity that are values, and say what they do."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Literal

from tenacity import RetryCallState
from tenacity.wait import wait_base

from sestools.core.errors import UsageError

__all__ = ["JITTERS", "Exponential", "Jitter", "Schedule"]

Jitter = Literal["none", "full", "equal", "decorrelated"]
JITTERS: tuple[Jitter, ...] = ("none", "full", "equal", "decorrelated")


def _in_words(seconds: float) -> str:
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


@dataclass(frozen=True)
class Schedule(wait_base):
    """Waits of fixed lengths, one after the other, then again from the first. By default those of AWS.

    Source: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html
    """

    seconds: tuple[float, ...] = (5.0, 10.0, 30.0, 1200.0)

    def __post_init__(self) -> None:
        if not self.seconds or not all(one >= 0 for one in self.seconds):
            raise UsageError(f"a schedule is one wait or more, in seconds, not {self.seconds!r}")

    def __str__(self) -> str:
        times = ", ".join(map(_in_words, self.seconds))
        return f"{times}, and again" if len(self.seconds) > 1 else f"{times} each time"

    def __call__(self, retry_state: RetryCallState) -> float:
        """The wait after the attempt that just failed."""
        return self.seconds[(retry_state.attempt_number - 1) % len(self.seconds)]


@dataclass(frozen=True)
class Exponential(wait_base):
    """Waits that double, with a random part, so that many senders do not come back all at once.

    Attributes:
        base: The first wait, in seconds.
        cap: The longest.
        jitter: `none`; `full`: anything from 0 to the wait; `equal`: half fixed, half random; `decorrelated`:
            anything from `base` to three times the wait before. Source:
            https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        random: Where the chance comes from; seed it to repeat a run.
    """

    base: float = 1.0
    cap: float = 300.0
    jitter: Jitter = "full"
    random: Random = field(default_factory=Random, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.jitter not in JITTERS:
            raise UsageError(f"jitter is one of {', '.join(JITTERS)}, not {self.jitter!r}")
        if not 0 < self.base <= self.cap:
            raise UsageError(f"a first wait is more than 0 s and at most the cap, not {self.base!r} s")

    def __str__(self) -> str:
        jitter = "no jitter" if self.jitter == "none" else f"{self.jitter} jitter"
        return f"growing from {_in_words(self.base)} to {_in_words(self.cap)}, {jitter}"

    def __call__(self, retry_state: RetryCallState) -> float:
        """The wait after the attempt that just failed."""
        doubled = min(self.cap, self.base * 2.0 ** min(retry_state.attempt_number - 1, 64))
        match self.jitter:
            case "full":
                return self.random.uniform(0, doubled)
            case "equal":
                return doubled / 2 + self.random.uniform(0, doubled / 2)
            case "decorrelated":
                before = max(retry_state.upcoming_sleep, self.base)
                return min(self.cap, self.random.uniform(self.base, 3 * before))
        return doubled
