"""What a name resolved to in the course of time, as a value: shown, pasted, read by a program."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from sestools.core.document import Document, Table
from sestools.core.enums import Level
from sestools.core.results import as_dict
from sestools.core.text import moment, printable, span
from sestools.render.shown import Shown

WARNING = (
    "Do not pin these addresses: they change without notice, an answer gives only some of them, and there is "
    "no complete list. Allow the host name instead."
)
"""Goes with every list of addresses. Source: the SES guide, troubleshooting SMTP."""


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One address in the answers of one resolver.

    Attributes:
        address: The IP address.
        resolver: Who answered it.
        moments: When, in seconds since the watch began.
    """

    address: str
    resolver: str
    moments: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One resolver.

    Attributes:
        resolver: Its address, or `address#port`.
        answers: How often it answered with an address.
        failures: How often it did not.
        error: What it said, or what happened, the last time that it did not.
        ttls: The shortest and the longest time in seconds that its answers may be kept; None if it had none.
        aliases: The last chain of aliases.
    """

    resolver: str
    answers: int = 0
    failures: int = 0
    error: str = ""
    ttls: tuple[int, int] | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class AddressHistory(Shown):
    """What a name resolved to, in the course of time.

    Attributes:
        host: The name.
        began: When the watch began, UTC.
        moments: When the resolvers were asked, in seconds since it began.
        resolvers: Who was asked.
        sightings: Each address of each resolver.
        differing: Rounds in which the resolvers that answered did not answer the same.
        cancelled: Whether it was ended early.
        left_out: Addresses in answers that were too many to keep.
    """

    host: str
    began: datetime.datetime
    moments: tuple[float, ...]
    resolvers: tuple[Asked, ...]
    sightings: tuple[Sighting, ...]
    differing: int = 0
    cancelled: bool = False
    left_out: int = 0

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that was answered, in numerical order."""
        return tuple(sorted(self._seen, key=lambda one: (":" in one, int(ipaddress.ip_address(one)))))

    @property
    def answers(self) -> int:
        """How many answers held an address."""
        return sum(one.answers for one in self.resolvers)

    @property
    def seconds(self) -> float:
        """Time from the first round to the last."""
        return self.moments[-1] if self.moments else 0.0

    @property
    def ttls(self) -> tuple[int, int] | None:
        """The shortest and the longest time in seconds that an answer may be kept."""
        known = [ttl for one in self.resolvers for ttl in one.ttls or ()]
        return (min(known), max(known)) if known else None

    @property
    def new(self) -> tuple[str, ...]:
        """Addresses that were not yet in the first round."""
        return tuple(address for address in self.addresses if self.seen(address)[0] > 0)

    @property
    def missing(self) -> tuple[str, ...]:
        """Addresses that were no longer in the last round."""
        return tuple(address for address in self.addresses if self.seen(address)[1] < self.seconds)

    def seen(self, address: str) -> tuple[float, float, int]:
        """First and last second at which an address was answered by anybody, and in how many answers."""
        return self._seen[address]

    @cached_property
    def _seen(self) -> dict[str, tuple[float, float, int]]:
        moments: dict[str, list[float]] = {}
        for one in self.sightings:
            moments.setdefault(one.address, []).extend(one.moments)
        return {address: (min(when), max(when), len(when)) for address, when in moments.items()}

    def current(self, since: float) -> tuple[str, ...]:
        """The addresses that were answered at that second of the watch or later."""
        return tuple(address for address in self.addresses if self.seen(address)[1] >= since)

    @property
    def dated(self) -> str:
        """When the addresses were answered; goes with every list of them."""
        end = self.began + datetime.timedelta(seconds=self.seconds)
        days = f"{self.began:%Y-%m-%d %H:%M:%S}"
        return f"Answered {f'from {days} to {end:%Y-%m-%d %H:%M:%S}' if self.seconds else f'at {days}'} UTC."

    @property
    def summary(self) -> str:
        """One sentence: how many addresses, in how many answers, and how they changed."""
        count = len(self.addresses)
        if not count:
            return "No resolver answered with an address."
        answers = "one answer" if self.answers == 1 else f"{self.answers} answers"
        within = f" within {span(self.seconds)}" if self.seconds else ""
        resolvers = f"{len(self.resolvers)} resolver{'s' * (len(self.resolvers) > 1)}"
        text = f"{count} address{'es' * (count > 1)} in {answers} of {resolvers}{within}"
        if len(self.moments) > 1:
            text += f": {len(self.new)} of them not yet in the first round, {len(self.missing)} no longer in the last"
        return text + "."

    @property
    def notes(self) -> tuple[str, ...]:
        """What else is worth knowing, in sentences."""
        found = []
        if self.ttls:
            low, high = self.ttls
            found.append(f"An answer may be kept for {low if low == high else f'{low} to {high}'} seconds.")
        if len(self.resolvers) > 1 and self.answers:
            found.append(
                f"In {self.differing} of {len(self.moments)} rounds the resolvers did not answer the same."
            )
        if len(self.moments) == 1:
            found.append("This was one look. A longer watch shows more.")
        found += [
            f"{one.resolver} gave no address {one.failures} of {len(self.moments)} times: {one.error}"
            for one in self.resolvers
            if one.failures
        ]
        if self.left_out:
            found.append(f"{self.left_out} more addresses were answered than are kept here.")
        if self.cancelled:
            found.append("The watch was ended early.")
        return tuple(found)

    def table(self) -> Table:
        """A row for each address."""
        rows = []
        for address in self.addresses:
            first, last, times = self.seen(address)
            shares = (f"{times} of {self.answers}", f"{len(self._by(address))} of {len(self.resolvers)}")
            rows.append((address, moment(first), moment(last), *shares))
        headings = ("address", "first seen", "last seen", "in answers", "by resolvers")
        return Table(headings=headings, rows=tuple(rows))

    def _by(self, address: str) -> dict[str, int]:
        """How often each resolver answered an address."""
        return {one.resolver: len(one.moments) for one in self.sightings if one.address == address}

    def to_dict(self) -> dict[str, Any]:
        """The watch for a program."""
        addresses = [
            dict(zip(("first_seconds", "last_seconds", "answers"), self.seen(address), strict=True))
            | {"address": address, "by_resolver": self._by(address)}
            for address in self.addresses
        ]
        resolvers = [asdict(one) for one in self.resolvers]
        for one in resolvers:
            one["ttl_seconds"] = one.pop("ttls")
        return {
            **as_dict(self, "host seconds summary dated notes"),
            "began": self.began.isoformat(timespec="seconds"),
            "rounds": len(self.moments),
            "warning": WARNING,
            "resolvers": resolvers,
            "addresses": addresses,
        }

    def document(self) -> Document:
        """The list, with its date and its warning."""
        asked = ", ".join(f"{one.resolver} ({one.answers} answers)" for one in self.resolvers)
        found = bool(self.addresses)
        return Document(
            title=f"{self.host}: {self.summary}",
            level=Level.OK if found else Level.PROBLEM,
            lead=(f"Asked: {asked}.", self.dated, WARNING) if found else (),
            tables=(self.table(),) if found else (),
            notes=self.notes,
        )

    def __repr__(self) -> str:
        return f"<AddressHistory of {printable(self.host)}: {self.summary}>"
