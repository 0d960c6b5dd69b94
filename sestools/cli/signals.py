"""Signals that ask a command to end."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

received: list[int] = []
"""The signals that asked this process to end: the first one makes its exit code."""


@contextlib.contextmanager
def on_signal(act: Callable[[], object]) -> Iterator[None]:
    """Act when Ctrl-C, `kill` or the end of the terminal asks this process to end; what nohup ignores stays ignored."""

    def note(number: int, _: object) -> None:
        received.append(number)
        act()

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in _ENDING:
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets. An exception instead is lost if it comes while Python cleans something up."""
    stop = threading.Event()
    with on_signal(stop.set):
        yield stop
