"""How long connections live, how the endpoint speaks, and when its hosts are replaced."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sestools.core.errors import UsageError
from sestools.simulator.faults.base import is_number
from sestools.simulator.replies import ERAS, Era


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How long connections live, and how the endpoint speaks.

    Attributes:
        idle: Seconds of silence after which a connection is ended. SES: about 10.
        max_messages: Messages that a connection may carry. That SES has such a limit was seen, its size was not;
            300 fits the reports.
        max_connections: Open connections at a time; None for no limit. Its size at SES is unknown.
        hosts: SES hosts behind the load balancer; connections go to them in turn.
        host_lifetime: Seconds that a host serves before it is replaced and its connections end; None for ever.
        random_lifetimes: Whether lifetimes are exponentially distributed around that mean, or all the same.
        era: The years whose dialogue is spoken: `2026`, `2023`, `2020`, `2019` or `2017`.
        delay: Seconds before each answer.
    """

    idle: float = 10.0
    max_messages: int = 300
    max_connections: int | None = None
    hosts: int = 3
    host_lifetime: float | None = None
    random_lifetimes: bool = False
    era: str = "2026"
    delay: float = 0.0

    def __post_init__(self) -> None:
        if self.era not in ERAS:
            raise UsageError(f"era is one of {', '.join(ERAS)}, not {self.era!r}")
        if not isinstance(self.random_lifetimes, bool):
            raise UsageError(f"random_lifetimes must be true or false, not {self.random_lifetimes!r}")
        for name, least in (("idle", 0.01), ("host_lifetime", 0.01), ("delay", 0.0)):
            seconds = getattr(self, name)
            if seconds is None and name == "host_lifetime":
                continue
            if not (is_number(seconds) and least <= seconds <= 1e9):
                raise UsageError(f"{name} must be at least {least} seconds, not {seconds!r}")
        for name in ("max_messages", "max_connections", "hosts"):
            number = getattr(self, name)
            if number is None and name == "max_connections":
                continue
            if not (is_number(number, whole=True) and number >= 1):
                raise UsageError(f"{name} must be a whole number of at least 1, not {number!r}")

    @property
    def spoken(self) -> Era:
        """The era's dialogue."""
        return ERAS[self.era]


class Host:
    """A target of the load balancer: one host after the other serves there."""

    def __init__(self, seed: str, rules: Rules, index: int, started: float) -> None:
        self._random = random.Random(seed)  # noqa: S311 - lifetimes, not secrets
        self._lifetime = rules.host_lifetime
        self._at_random = rules.random_lifetimes
        self._name = self._new_name()
        # The first of the hosts that retire on a schedule do so one after the other, not all at once.
        share = 1.0 if self._at_random else (index + 1) / rules.hosts
        self._retires = started + self._life() * share

    def _new_name(self) -> str:
        return "".join(self._random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=9))

    def _life(self) -> float:
        if self._lifetime is None:
            return float("inf")
        return self._random.expovariate(1 / self._lifetime) if self._at_random else self._lifetime

    def _renew(self, now: float) -> None:
        while self._retires <= now:
            self._name = self._new_name()
            self._retires += self._life()

    def name(self, now: float) -> str:
        """The host that serves now."""
        self._renew(now)
        return self._name

    def retires(self, now: float) -> float:
        """When it is retired."""
        self._renew(now)
        return self._retires
