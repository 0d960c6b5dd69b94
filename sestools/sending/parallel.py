"""Several connections of one sender, side by side: as many as the account's rate needs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, Protocol

from sestools.sending.jobs import ENOUGH, Job, Pace
from sestools.sending.journal import Journal
from sestools.sending.mail import Entry, Mail

MOST = 50
"""Connections at a time. How many SES allows is not known."""
LOOK = 0.1
"""Seconds after which the caller's thread looks whether it was interrupted."""


class SharedMails:
    """The messages that are left, taken one at a time by whichever connection is free."""

    def __init__(self, mails: Iterable[Mail], journal: Journal | None) -> None:
        self._rest, self._number, self._journal = iter(mails), count(), journal
        self._turn = threading.Lock()

    def next(self) -> Job | None:
        """The next message; None after the last."""
        with self._turn:
            mail = next(self._rest, None)
            if mail is None:
                return None
            key = self._journal.claim(mail) if self._journal else ""
            return Job(number=next(self._number), mail=mail, key=key)


class SingleSender(Protocol):
    """A sender of one connection."""

    def one_by_one(self, rest: SharedMails) -> Iterator[Entry]:
        """Send what is left, message after message."""

    def close(self) -> None:
        """End the connection with QUIT."""

    def hang_up(self) -> None:
        """End it at once."""


def side_by_side(
    first: SingleSender,
    another: Callable[[], SingleSender],
    shared: SharedMails,
    pace: Pace,
    most: int,
    stop: Callable[[], None],
) -> Iterator[Entry]:
    """Send over one connection, and over another one whenever those that there are fall behind the rate.

    What ends one of them, such as a request to stop, ends all by `stop`, and is raised when the last has ended.
    """
    told = queue.SimpleQueue[Any]()

    def work(one: SingleSender) -> None:
        try:
            for entry in one.one_by_one(shared):
                told.put(entry)
            if one is not first:  # which is kept for the next messages
                one.close()
            told.put(None)
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            one.hang_up()
            told.put(error)

    def begin(one: SingleSender) -> None:
        threading.Thread(target=work, args=(one,), daemon=True, name="sestools-send").start()

    begin(first)
    begun = working = 1
    problem = None
    while working:
        try:
            said = told.get(timeout=LOOK)
        except queue.Empty:
            continue
        except BaseException as error:
            if problem is not None:
                raise
            problem = error
            stop()
            continue
        if isinstance(said, Entry):
            if pace.spare >= ENOUGH * working and begun < most and problem is None:
                begin(another())
                begun, working, pace.spare = begun + 1, working + 1, 0
            try:
                yield said
            except GeneratorExit:  # the caller wants no more
                stop()
                raise
            continue
        working -= 1
        if said is not None and problem is None:
            problem = said
            stop()
    if problem is not None:
        raise problem
