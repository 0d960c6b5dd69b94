"""A list of pinned addresses compared with what is answered: what is out of date, and what it blocks."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sestools.allowlist.history import WARNING, AddressHistory
from sestools.allowlist.rules import covers, entries, network_of
from sestools.core.document import Document, Table
from sestools.core.enums import Level
from sestools.core.errors import UsageError
from sestools.core.results import as_dict
from sestools.core.target import Target
from sestools.core.text import moment, span
from sestools.probes import probe_tcp
from sestools.render.shown import Shown

MOST_CONNECTED = 50
"""Pinned addresses that are connected to, at most; never the addresses inside a range."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One entry of a list, and what has become of it.

    Attributes:
        entry: An address, a range such as `192.0.2.0/24`, or a host name rule such as `*.example.com`.
        kind: `address`, `range` or `name`.
        covers: Whether it is a name that covers the endpoint's.
        answered: The addresses answered now that it lets through.
        last: When an address that it lets through was last answered, in seconds since the watch began; None if
            never.
        connects: Whether it accepts TCP connections; None if that was not tried.
    """

    entry: str
    kind: str
    covers: bool = False
    answered: tuple[str, ...] = ()
    last: float | None = None
    connects: bool | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison(Shown):
    """A list compared with what was answered.

    Attributes:
        pins: Each entry of the list, in its order.
        blocked: The addresses answered now that it does not let through.
        watched: What it was compared with.
        since: From which second of the watch on an answer counts as "now".
    """

    pins: tuple[Pin, ...]
    blocked: tuple[str, ...]
    watched: AddressHistory
    since: float = 0.0

    @property
    def current(self) -> tuple[str, ...]:
        """The addresses that are answered now."""
        return self.watched.current(self.since)

    @property
    def gone(self) -> tuple[Pin, ...]:
        """Pinned addresses and ranges that are in no answer now."""
        return tuple(pin for pin in self.pins if pin.kind != "name" and not pin.answered)

    @property
    def useless(self) -> tuple[Pin, ...]:
        """Names that do not cover the endpoint's."""
        return tuple(pin for pin in self.pins if pin.kind == "name" and not pin.covers)

    @property
    def by_name(self) -> bool:
        """Whether a name in the list covers the endpoint, whatever its addresses are."""
        return any(pin.covers for pin in self.pins)

    @property
    def ok(self) -> bool:
        """Whether the list lets every address through that is answered now, and will go on doing so.

        With a name that covers the endpoint it does, whatever else is in the list. Without, an address out of
        date says that the list is not kept.
        """
        return bool(self.current) and (self.by_name or not (self.gone or self.blocked or self.useless))

    @property
    def summary(self) -> str:
        """What the list is worth, in one or two sentences."""
        count = len(self.current)
        if not count:
            return "Nothing was answered, so there is nothing to compare the list with."
        now = "one address" if count == 1 else f"{count} addresses"
        parts = []
        pinned = [pin for pin in self.pins if pin.kind != "name"]
        if pinned:
            what = "addresses" if all(pin.kind == "address" for pin in pinned) else "entries"
            one = len(self.gone) == 1
            verb = f"no longer {'answers' if one else 'answer'}"
            if self.gone and all(pin.last is None for pin in self.gone):  # they may never have been answered
                verb = f"{'is' if one else 'are'} in no answer"
            parts.append(f"{len(self.gone)} of your {len(pinned)} pinned {what} {verb}.")
        parts += [f"The name {pin.entry} does not cover {self.watched.host}." for pin in self.useless]
        if self.by_name:
            parts.append("A name in the list covers the endpoint: its addresses may change.")
        elif self.blocked:
            parts.append(f"The list blocks {len(self.blocked)} of the {now} answered now.")
        else:
            parts.append(f"The list lets the {now} answered now through, until they change.")
        return " ".join(parts)

    @property
    def notes(self) -> tuple[str, ...]:
        """How sure this is, and what connecting showed, in sentences."""
        found = []
        rounds = sum(at >= self.since for at in self.watched.moments)
        if not self.watched.seconds:
            found.append("'Now' is one look. It misses addresses that are in use: watch longer.")
        elif self.current:
            last = span(self.watched.seconds - self.since)
            found.append(f"'Now' is the last {last} of the watch: {rounds} rounds.")
        tried = [pin for pin in self.pins if pin.connects is not None]
        if tried:
            gone = [pin for pin in tried if not pin.answered]
            found.append(
                f"Connecting: {sum(bool(pin.connects) for pin in tried)} of the {len(tried)} pinned addresses "
                f"that were tried accept TCP; of the {len(gone)} that DNS no longer answers it is "
                f"{sum(bool(pin.connects) for pin in gone)}. What still accepts may stop at any time."
            )
        left = sum(pin.kind == "address" for pin in self.pins) - len(tried)
        if tried and left:
            found.append(f"{left} pinned addresses were not connected to.")
        return tuple(found)

    def table(self) -> Table:
        """A row for each entry, then one for each address that is blocked."""
        columns = 4 if any(pin.connects is not None for pin in self.pins) else 3
        rows: list[tuple[bool, tuple[str, ...]]] = []
        for pin in self.pins:
            good = pin.covers if pin.kind == "name" else bool(pin.answered)
            if pin.kind == "name":
                state = "covers the endpoint" if good else "covers something else"
            elif good:
                state = f"{len(pin.answered)} answered" if pin.kind == "range" else "answered"
            else:
                state = "does not answer" if pin.last is None else "no longer answers"
            last = "-" if pin.last is None else moment(pin.last)
            rows.append((good, (pin.entry, state, last, {True: "yes", False: "no", None: "-"}[pin.connects])))
        for address in self.blocked:
            last = moment(self.watched.seen(address)[1])
            rows.append((False, (address, "answered, not in the list", last, "-")))
        return Table(
            headings=("entry", "in DNS", "last seen", "connects")[:columns],
            rows=tuple(cells[:columns] for _, cells in rows),
            levels=tuple(Level.OK if good else Level.PROBLEM for good, _ in rows),
            coloured="in DNS",
        )

    def to_dict(self) -> dict[str, Any]:
        """The comparison for a program."""
        return {
            **as_dict(self, "summary notes blocked"),
            "dated": self.watched.dated,
            "warning": WARNING,
            "pinned": [asdict(pin) for pin in self.pins],
            "no_longer_answer": [pin.entry for pin in self.gone],
        }

    def document(self) -> Document:
        """What the list is worth, with the date of what it was compared with."""
        return Document(
            title=self.summary,
            level=Level.OK if self.ok else Level.PROBLEM,
            lead=(self.watched.dated, WARNING),
            tables=(self.table(),),
            notes=self.notes,
        )

    def __repr__(self) -> str:
        return f"<Comparison: {self.summary}>"


def compare(
    pinned: str | Sequence[str],
    watched: AddressHistory,
    *,
    target: Target | None = None,
    recent: float = 300.0,
    timeout: float = 3.0,
    cancel: threading.Event | None = None,
) -> Comparison:
    """Compare a list with what was answered: what in it no longer answers, and what it would block.

    Args:
        pinned: Addresses, ranges and host names: a list, or a text with commas, blanks or lines between them
            and `#` before comments.
        watched: What `watch_addresses` saw.
        target: Also connect to each pinned address, on this target's port, and hang up.
        recent: Seconds at the end of the watch that count as "now": several TTLs, since an answer gives only some
            of the addresses. A shorter watch counts as a whole.
        timeout: Seconds for connecting.
        cancel: Set it to end the connecting.

    Raises:
        UsageError: If an entry is none of those.
    """
    listed = entries(pinned)
    if not recent >= 0:
        raise UsageError(f"recent is seconds, 0 or more, not {recent!r}")
    since = max(0.0, watched.seconds - recent)
    current, passed = set(watched.current(since)), set[str]()
    single = {ipaddress.ip_address(address): address for address in watched.addresses}
    pins = []
    for entry in listed:
        network, known = network_of(entry), False
        if network is None:
            kind, known = "name", covers(entry, watched.host)
            inside = watched.addresses if known else ()
        elif network.num_addresses == 1:
            kind, inside = "address", tuple(filter(None, [single.get(network.network_address)]))
        else:
            kind, inside = "range", tuple(text for number, text in single.items() if number in network)
        passed.update(inside)
        last = max((watched.seen(address)[1] for address in inside), default=None)
        now = tuple(filter(current.__contains__, inside))
        pins.append(Pin(entry=entry, kind=kind, covers=known, answered=now, last=last))
    singles = [pin.entry for pin in pins if pin.kind == "address"][:MOST_CONNECTED]
    if target is not None and singles:
        facts = probe_tcp(target, addresses=singles, timeout=timeout, cancel=cancel).facts
        reached = {**dict.fromkeys(facts.failed, False), **dict.fromkeys(facts.reached, True)}
        pins = [replace(pin, connects=reached.get(pin.entry)) for pin in pins]
    blocked = tuple(address for address in watched.addresses if address in current - passed)
    return Comparison(pins=tuple(pins), blocked=blocked, watched=watched, since=since)
