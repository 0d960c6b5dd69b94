"""What tells the simulator the time: the real clock, or one that only moves when it is told to."""

from __future__ import annotations

import time

from sestools.core.errors import UsageError


class RealClock:
    """The time of this host when it was made, and from then on a clock that no adjustment disturbs."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """The time."""
        return self._offset + time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(seconds)


class VirtualClock:
    """A clock that stands still until somebody sleeps by it. It begins on 2026-01-01, 00:00 UTC."""

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self._now = start

    def now(self) -> float:
        """The time."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        if not seconds >= 0:
            raise UsageError(f"time does not go back: {seconds!r} seconds")
        self._now += seconds
