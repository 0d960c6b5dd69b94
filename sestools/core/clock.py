"""What tells the time and lets it pass."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """What tells the time in seconds, and lets it pass."""

    def now(self) -> float:
        """The time."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


class SystemClock:
    """This host's clock, which no adjustment disturbs."""

    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)
