"""What tells and passes the time, how much of it a probe gets, and who is told meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

TIMEOUT = 5.0
"""Seconds that a probe gets by default."""

Progress = Callable[[int, int, str], None]
"""Called with what is done, what there is to do, and words for it."""


def no_progress(done: int, total: int, what: str) -> None:
    """Nobody is told."""


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
