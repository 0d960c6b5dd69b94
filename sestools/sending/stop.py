"""How a sender is told to stop without losing sight of what it has sent.

An exception that a signal raises anywhere can come between the reply to a message and the line that reports it.
So a signal only leaves a note, which is looked at where the fate of the message under way is known.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

__all__ = ["SLICE", "Stop", "Stopping"]

SLICE = 0.1
"""Seconds after which a wait looks at the note."""


class Stopping(KeyboardInterrupt):
    """The sender was told to stop, and does."""


class Stop:
    """Whether a sender was told to stop; also the clock by which it sleeps until then."""

    now = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self.times = 0
        """How often it was told so."""
        self._since = 0.0
        self._at_ease: int | None = None

    def tell(self) -> None:
        """Stop soon; told again: at once.

        Raises:
            Stopping: In the thread that sends, while it does nothing that could be lost.
        """
        self.times += 1
        if self.times == 1:
            self._since = time.monotonic()
        if self._at_ease == threading.get_ident():
            self._at_ease = None
            raise Stopping

    def check(self, grace: float = 0.0) -> None:
        """Look whether to stop, `grace` seconds after it was told the first time.

        Raises:
            Stopping: If so.
        """
        if self.times > 1 or (self.times and time.monotonic() - self._since >= grace):
            raise Stopping

    @contextlib.contextmanager
    def at_ease(self) -> Iterator[None]:
        """While no message is at stake, such as while a name is looked up, `tell` interrupts what goes on."""
        self.check()
        self._at_ease = threading.get_ident()
        try:
            yield
        finally:
            self._at_ease = None

    def sleep(self, seconds: float) -> None:
        """Sleep, until it is told to stop."""
        until = time.monotonic() + seconds
        while not self.times and (left := until - time.monotonic()) > 0:
            time.sleep(min(SLICE, left))
