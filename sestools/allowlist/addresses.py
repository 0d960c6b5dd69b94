"""Ask several resolvers for the addresses of an endpoint, again and again."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sestools.allowlist.history import AddressHistory, Asked, Sighting
from sestools.core.clock import Clock, Progress, SystemClock, no_progress
from sestools.core.endpoints import smtp_host
from sestools.core.errors import UsageError
from sestools.core.target import Target
from sestools.core.text import printable
from sestools.probes import DnsAnswer
from sestools.probes.connect import is_address
from sestools.probes.dns import ask, system_resolvers
from sestools.probes.recorder import Cancelled, Deadline

MOST_ROUNDS, MOST_RESOLVERS = 3000, 8
"""How long a watch may go on, and how many it may ask."""
MOST_IN_ANSWER, MOST_ADDRESSES = 64, 500
"""What a watch keeps; whoever answers more is hostile, and `AddressHistory.left_out` counts the rest."""


def watch_addresses(
    where: str,
    *,
    resolvers: Sequence[str] | None = None,
    duration: float = 0.0,
    interval: float = 30.0,
    timeout: float = 3.0,
    clock: Clock | None = None,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> AddressHistory:
    """Ask several resolvers for the addresses of an endpoint, again and again, side by side.

    A resolver that keeps answers says the same until they expire (SES: after 60 seconds), so a watch shows
    more than a look, and two resolvers more than one.

    Args:
        where: A region such as `eu-west-1`, or a host name.
        resolvers: Addresses of resolvers, or `address#port`; by default the system's.
        duration: Seconds from the first round to the last; 0 is one look.
        interval: Seconds from one round to the next, at least 1.
        timeout: Seconds that each resolver is given in a round.
        clock: What to tell the time by, such as the simulator's `Churn`, which makes it a matter of milliseconds.
        progress: Called with (done, total, what) after each round.
        cancel: Set it to end the watch within about a tenth of a second; what was seen until then is kept.

    Raises:
        UsageError: On wrong use, and where no resolver is known.
    """
    host = Target(host=where if "." in where or ":" in where else smtp_host(where), port=587).host
    if is_address(host):
        raise UsageError(f"{host} is an address; name a region or a host")
    servers = _checked(resolvers)
    if not 0 <= duration < float("inf") or not 1 <= interval < float("inf"):
        raise UsageError("duration is seconds, 0 or more, and interval is 1 second or more")
    rounds = int(duration / interval + 1e-9) + 1
    if rounds > MOST_ROUNDS:
        raise UsageError(f"a watch has {MOST_ROUNDS} rounds at most, not {rounds}: take a longer interval")
    stop = cancel or threading.Event()
    Deadline(timeout)  # says what is wrong with it before anything starts
    clock = clock or SystemClock(stop)
    book = _Book(servers)
    began, start, number = datetime.datetime.now(datetime.UTC), clock.now(), 0
    with ThreadPoolExecutor(len(servers), thread_name_prefix="sestools-watch") as pool:
        while number < rounds:
            clock.sleep(max(0.0, start + number * interval - clock.now()))
            if stop.is_set():
                break
            at = clock.now() - start
            try:
                book.write(at, list(pool.map(lambda one: ask(Deadline(timeout, stop), host, one), servers)))
            except Cancelled:
                break
            (progress or no_progress)(number + 1, rounds, f"{len(book.known)} addresses")
            # Resolvers that do not answer must not make the watch longer: what was missed is left out.
            number = max(number + 1, int((clock.now() - start) / interval))
    return AddressHistory(
        host=host,
        began=began,
        moments=tuple(book.moments),
        resolvers=tuple(book.asked.values()),
        sightings=tuple(
            Sighting(address=address, resolver=server, moments=tuple(moments))
            for (address, server), moments in book.seen.items()
        ),
        differing=book.differing,
        cancelled=stop.is_set(),
        left_out=book.left_out,
    )


def _checked(resolvers: Sequence[str] | None) -> tuple[str, ...]:
    try:
        servers = tuple(dict.fromkeys(system_resolvers() if resolvers is None else resolvers))
    except LookupError as error:
        raise UsageError(f"this system names no resolver ({error}); name one") from None
    for server in servers:
        address, _, port = server.partition("#")
        if not is_address(address) or (port and not (port.isdigit() and 0 < int(port) < 65536)):
            raise UsageError(f"a resolver is an IP address, or address#port, not '{printable(server, 80)}'")
    if not 1 <= len(servers) <= MOST_RESOLVERS:
        raise UsageError(f"name between 1 and {MOST_RESOLVERS} resolvers, not {len(servers)}")
    return servers


class _Book:
    """Where the answers are written down while a watch lasts."""

    def __init__(self, servers: Sequence[str]) -> None:
        self.asked = {server: Asked(resolver=server) for server in servers}
        self.seen: dict[tuple[str, str], list[float]] = {}
        self.known: set[str] = set()
        self.moments: list[float] = []
        self.differing = self.left_out = 0

    def write(self, at: float, answers: Sequence[DnsAnswer]) -> None:
        """Note one round."""
        self.moments.append(at)
        for answer in answers:
            found = answer.ipv4 + answer.ipv6
            self.left_out += len(found)
            for address in found[:MOST_IN_ANSWER]:
                if address in self.known or len(self.known) < MOST_ADDRESSES:
                    self.known.add(address)
                    self.seen.setdefault((address, answer.resolver), []).append(at)
                    self.left_out -= 1
            old = self.asked[answer.resolver]
            ttls = [*(old.ttls or ()), *(() if answer.ttl is None else (answer.ttl,))]
            self.asked[answer.resolver] = replace(
                old,
                answers=old.answers + bool(found),
                failures=old.failures + (not found),
                error=old.error if found else answer.error or "it knows no address of this name",
                ttls=(min(ttls), max(ttls)) if ttls else None,
                aliases=tuple(printable(name, 255) for name in answer.aliases[:8]) or old.aliases,
            )
        self.differing += len({frozenset(one.ipv4 + one.ipv6) for one in answers} - {frozenset()}) > 1
