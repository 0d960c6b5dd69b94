"""What tells and passes the time, and how much of it a probe gets."""

from __future__ import annotations

import threading
import time
from typing import Protocol

__all__ = ["TIMEOUT", "Clock", "SystemClock"]

TIMEOUT = 5.0
"""Seconds that a probe gets by default."""


class Clock(Protocol):
    """Tells and passes the time, in seconds. It never goes back."""

    def now(self) -> float:
        """The time, from an arbitrary beginning."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


class SystemClock:
    """This host's steady clock. Setting `cancel` ends a sleep."""

    def __init__(self, cancel: threading.Event | None = None) -> None:
        self._cancel = cancel or threading.Event()

    now = staticmethod(time.perf_counter)

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._cancel.wait(seconds)
