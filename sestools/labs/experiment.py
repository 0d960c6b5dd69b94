"""The lost-mail experiment: the same messages, the same faults, one sender after the other, and the ledger."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

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
    senders = list(contenders) if contenders is not None else [naive(), blind(), careful()]
    for one in (script, *more):
        chosen = SCRIPTS[one] if isinstance(one, str) else one
        for seed in seeds:
            for contender in senders:
                place = _over_sockets(chosen, seed, times) if sockets else _in_memory(chosen, seed)
                with place as (where, ledger, connections):
                    entries, start, end = _run(contender, chosen.faster(where.times), where, messages)
                    result = _count(entries, ledger(), start, chosen.faster(where.times))
                result.update(script=chosen.name, sender=contender.name, seed=seed, messages=messages)
                found.append(Result(**result, connections=connections(), seconds=end - start))
                if keep:
                    kept[chosen.name, contender.name, seed] = tuple(entries)
    return Lab(results=tuple(found), entries=kept)


_Opened = tuple[Destination, Callable[[], list[Accepted]], Callable[[], int]]
PORT = 587


@contextlib.contextmanager
def _in_memory(script: Script, seed: int) -> Iterator[_Opened]:
    ses = VirtualSes(account=script.account, faults=script.faults, seed=seed, **asdict(script.rules))
    place = Destination(
        target=Target(host=ses.host, port=PORT, credentials=ses.credentials),
        connect=lambda: ses.smtp(PORT, timeout=10.0),
        clock=ses.clock,
        timeout=10.0,
        rate=script.send_rate,
        times=1.0,
        seed=seed,
    )
    yield place, lambda: ses.accepted, lambda: ses.connections


@contextlib.contextmanager
def _over_sockets(script: Script, seed: int, times: float) -> Iterator[_Opened]:
    fast = script.faster(times)
    with Simulator(account=fast.account, faults=fast.faults, seed=seed, **asdict(fast.rules)) as ses:
        place = Destination(
            target=ses.target(PORT, sign_in=True),
            connect=None,
            clock=RealClock(),
            timeout=10.0 / times,
            rate=fast.send_rate,
            times=times,
            seed=seed,
        )
        yield place, lambda: ses.accepted, lambda: ses.connections


def _run(
    contender: Contender, script: Script, place: Destination, messages: int
) -> tuple[list[Entry], float, float]:
    clock, start = place.clock, place.clock.now()

    def arriving() -> Iterator[Mail]:
        for number in range(messages):
            early = start + script.due(number) - clock.now()
            if early > 0:
                clock.sleep(early)
            yield _mail(number)

    return list(contender.run(arriving(), place)), start, clock.now()


def _mail(number: int) -> Mail:
    return Mail(
        sender="lab@example.com",
        recipients=(f"success+{number}@simulator.amazonses.com",),
        content=f"From: lab@example.com\r\nSubject: {number}\r\n\r\nOne of many.\r\n".encode(),
        name=str(number),
    )


def _count(entries: list[Entry], ledger: list[Accepted], start: float, script: Script) -> dict[str, Any]:
    """What the ledger says of what was to be sent."""
    copies: dict[str, list[float]] = {}
    for accepted in ledger:
        copies.setdefault(accepted.recipients[0], []).append(accepted.at)
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

    return {
        "lost": lost,
        "duplicated": duplicated,
        "unreported": unreported,
        "wrong": wrong,
        "p50": share(0.5),
        "p99": share(0.99),
        "longest": share(1.0),
        "attempts": sum(len(entry.attempts) for entry in entries) / max(1, len(entries)),
    }


def timelines(
    policies: Iterable[Policy], *faults: str, seed: int = 0, **conditions: Any
) -> dict[str, tuple[Attempt, ...]]:
    """How each policy gets one message through faults such as `says:send-rate`: its attempts, by its name.

    `conditions` say when the faults happen, such as `until=90` (seconds).
    """
    found = {}
    for policy in policies:
        wrong = tuple(parse(fault, **conditions) for fault in faults)
        lab = lost_mail(
            Script(name="one message", about="", faults=wrong),
            contenders=[careful(policy, name=policy.name)],
            messages=1,
            seeds=[seed],
            keep=True,
        )
        found[policy.name] = lab.entries["one message", policy.name, seed][0].attempts
    return found
