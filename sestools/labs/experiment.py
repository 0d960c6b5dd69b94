"""The lost-mail experiment: the same messages and faults, one sender after the other, counted by the ledger."""

from __future__ import annotations

import contextlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

from sestools.core.clock import Clock
from sestools.core.document import Document, Table
from sestools.labs.scripts import SCRIPTS, Script
from sestools.labs.senders import Contender, Destination, blind, careful, naive
from sestools.render.shown import Shown
from sestools.sending.mail import Attempt, Entry, Fate, Mail
from sestools.sending.policy import Policy
from sestools.simulator import Simulator
from sestools.simulator.clock import RealClock
from sestools.simulator.faults import parse
from sestools.simulator.memory import VirtualSes
from sestools.simulator.service import Accepted

PORT = 587


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a sender achieved; counted from the ledger, not from what the sender believes.

    Attributes:
        duplicated: Copies too many that SES accepted.
        unreported: Those of them that the sender did not know to be possible.
        wrong: Messages that the sender holds for sent and SES does not have.
        p50: Delay from a message's arrival until SES accepted it, in seconds: half of the messages took no longer.
            Lost messages are not in it; `p99` and `longest` are the same for 99 in 100, and for all.
        attempts: Attempts for each message on average.
        seconds: How long the whole took, by the clock of the experiment.
    """

    script: str
    sender: str
    seed: int
    messages: int
    lost: int
    duplicated: int
    unreported: int
    wrong: int
    p50: float
    p99: float
    longest: float
    attempts: float
    connections: int
    seconds: float


_COLUMNS: dict[str, Callable[[Result], str]] = {
    "faults": lambda one: one.script,
    "sender": lambda one: one.sender,
    "messages": lambda one: f"{one.messages:,}",
    "lost": lambda one: str(one.lost),
    "twice": lambda one: f"{one.duplicated}" + (f" ({one.unreported} unknowingly)" if one.unreported else ""),
    "delay p50, s": lambda one: f"{one.p50:,.1f}",
    "p99, s": lambda one: f"{one.p99:,.1f}",
    "longest, s": lambda one: f"{one.longest:,.1f}",
    "attempts": lambda one: f"{one.attempts:.3f}",
    "connections": lambda one: str(one.connections),
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Lab(Shown):
    """The results of an experiment, one row for each sender, script and seed."""

    results: tuple[Result, ...]
    entries: Mapping[tuple[str, str, int], tuple[Entry, ...]] = field(default_factory=dict)
    """Each sender's own account, by script, sender and seed."""

    def to_frame(self) -> Any:
        """A pandas data frame, one row a result. The notebook extra brings pandas."""
        import pandas as pd

        return pd.DataFrame([asdict(result) for result in self.results])

    def totals(self) -> tuple[Result, ...]:
        """One row for each script and sender: counts added up over the seeds, delays and attempts the worst."""
        groups = defaultdict(list)
        for result in self.results:
            groups[result.script, result.sender].append(result)
        return tuple(_total(some) for some in groups.values())

    def table(self) -> Table:
        """A row for each script and sender, seeds added up."""
        rows = tuple(tuple(cell(one) for cell in _COLUMNS.values()) for one in self.totals())
        return Table(headings=tuple(_COLUMNS), rows=rows, right=tuple(_COLUMNS)[2:])

    def document(self) -> Document:
        """The table."""
        return Document(tables=(self.table(),))

    __repr__ = Shown.__str__


def _total(some: list[Result]) -> Result:
    added = ("messages", "lost", "duplicated", "unreported", "wrong", "connections", "seconds")
    worst = ("p50", "p99", "longest", "attempts")
    return replace(
        some[0],
        **{name: sum(getattr(one, name) for one in some) for name in added},
        **{name: max(getattr(one, name) for one in some) for name in worst},
    )


def lost_mail(
    script: Script | str = "resets",
    *more: Script | str,
    contenders: Iterable[Contender] | None = None,
    messages: int = 1000,
    seeds: Iterable[int] = (0,),
    sockets: bool = False,
    times: float = 20.0,
    keep: bool = False,
) -> Lab:
    """Let senders send the same messages under the same faults, and count what came of it.

    Args:
        script: What goes wrong: a `Script`, or the name of one in `SCRIPTS`.
        contenders: The senders; by default `naive()`, `blind()` and `careful()`.
        messages: How many messages each sends.
        seeds: The chances of each run.
        sockets: Over real sockets and TLS, in real time, instead of in memory.
        times: How many times as fast a script runs over sockets, waits of the senders included.
        keep: Whether to keep each sender's account of each message, in `Lab.entries`.
    """
    found, kept = [], {}
    senders = [naive(), blind(), careful()] if contenders is None else list(contenders)
    scripts = [SCRIPTS[one] if isinstance(one, str) else one for one in (script, *more)]
    for chosen, seed, contender in product(scripts, seeds, senders):
        fast = chosen.faster(times if sockets else 1.0)
        with _opened(fast, seed, times if sockets else None) as (ses, place):
            start = place.clock.now()
            entries = list(contender.run(_arriving(fast, place.clock, start, messages), place))
            names: dict[str, Any] = {
                "script": chosen.name,
                "sender": contender.name,
                "seed": seed,
                "messages": messages,
            }
            counts = _count(entries, ses.accepted, start, fast)
            end = place.clock.now()
            found.append(Result(**names, **counts, connections=ses.connections, seconds=end - start))
        if keep:
            kept[chosen.name, contender.name, seed] = tuple(entries)
    return Lab(results=tuple(found), entries=kept)


@contextlib.contextmanager
def _opened(script: Script, seed: int, times: float | None) -> Iterator[tuple[Any, Destination]]:
    """A simulator and how to reach it: over sockets, or in memory if nothing runs faster."""
    settings: dict[str, Any] = {"account": script.account, "faults": script.faults, "seed": seed}
    settings |= asdict(script.rules)
    pace = times or 1.0
    rest: dict[str, Any] = {"rate": script.send_rate, "seed": seed, "times": pace, "timeout": 10.0 / pace}
    if times is None:
        memory = VirtualSes(**settings)
        reach = memory.reach(PORT) | {"connect": lambda: memory.smtp(PORT, timeout=10.0)}
        yield memory, Destination(**reach, **rest)
    else:
        with Simulator(**settings) as ses:
            target = ses.target(PORT, sign_in=True)
            yield ses, Destination(target=target, connect=None, clock=RealClock(), **rest)


def _arriving(script: Script, clock: Clock, start: float, messages: int) -> Iterator[Mail]:
    for number in range(messages):
        early = start + script.due(number) - clock.now()
        if early > 0:
            clock.sleep(early)
        yield Mail(
            sender="lab@example.com",
            recipients=(f"success+{number}@simulator.amazonses.com",),
            content=f"From: lab@example.com\r\nSubject: {number}\r\n\r\nOne of many.\r\n".encode(),
            name=str(number),
        )


def _count(entries: list[Entry], ledger: list[Accepted], start: float, script: Script) -> dict[str, Any]:
    """What the ledger says of what was to be sent."""
    copies = defaultdict(list)
    for accepted in ledger:
        copies[accepted.recipients[0]].append(accepted.at)
    delays = []
    lost = duplicated = unreported = wrong = 0
    for entry in entries:
        times = copies.pop(entry.mail.recipients[0], [])
        lost += not times
        wrong += not times and entry.fate is Fate.SENT
        duplicated += max(0, len(times) - 1)
        unreported += max(0, len(times) - 1 - entry.unknown)
        if times:
            delays.append(times[0] - start - script.due(int(entry.mail.name)))
    if copies:
        raise RuntimeError(f"the ledger holds {len(copies)} messages that nobody sent")
    delays.sort()

    def share(part: float) -> float:
        return delays[min(len(delays) - 1, math.ceil(part * len(delays)) - 1)] if delays else math.nan

    attempts = sum(len(entry.attempts) for entry in entries) / max(1, len(entries))
    counts = {"lost": lost, "duplicated": duplicated, "unreported": unreported, "wrong": wrong}
    return counts | {"p50": share(0.5), "p99": share(0.99), "longest": share(1.0), "attempts": attempts}


def timelines(
    policies: Iterable[Policy], *faults: str, seed: int = 0, **conditions: Any
) -> dict[str, tuple[Attempt, ...]]:
    """How each policy gets one message through faults such as `says:send-rate`: its attempts, by its name.

    `conditions` say when the faults happen, such as `until=90` (seconds).
    """
    found = {}
    for policy in policies:
        script = Script("one message", "", tuple(parse(fault, **conditions) for fault in faults))
        sender = careful(policy, name=policy.name)
        lab = lost_mail(script, contenders=[sender], messages=1, seeds=[seed], keep=True)
        found[policy.name] = lab.entries[script.name, policy.name, seed][0].attempts
    return found
