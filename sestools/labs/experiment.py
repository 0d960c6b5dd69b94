"""The lost-mail experiment: the same messages, the same faults, one sender after the other, and the ledger."""

from __future__ import annotations

import contextlib
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import product
from typing import Any

from sestools.core.clock import Clock
from sestools.core.target import Target
from sestools.labs.results import Lab, Result
from sestools.labs.scripts import SCRIPTS, Script
from sestools.labs.senders import Contender, Destination, blind, careful, naive
from sestools.sending.mail import Attempt, Entry, Fate, Mail
from sestools.sending.policy import Policy
from sestools.simulator import Simulator
from sestools.simulator.clock import RealClock
from sestools.simulator.faults import parse
from sestools.simulator.memory import VirtualSes
from sestools.simulator.service import Accepted

PORT = 587


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
        more: Further scripts.
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
    rest: dict[str, Any] = {"rate": script.send_rate, "seed": seed}
    if times is None:
        memory = VirtualSes(**settings)
        yield memory, Destination(
            target=Target(host=memory.host, port=PORT, credentials=memory.credentials),
            connect=lambda: memory.smtp(PORT, timeout=10.0), clock=memory.clock, timeout=10.0, times=1.0, **rest,
        )  # fmt: skip
        return
    with Simulator(**settings) as ses:
        target, timeout = ses.target(PORT, sign_in=True), 10.0 / times
        yield (
            ses,
            Destination(target=target, connect=None, clock=RealClock(), timeout=timeout, times=times, **rest),
        )


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
