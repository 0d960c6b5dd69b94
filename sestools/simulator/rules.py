"""How long connections live, how the endpoint speaks, and when its hosts are replaced."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from sestools.simulator.checks import FieldError, check_fields
from sestools.simulator.replies import ERAS


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
            raise FieldError("era", f"era is one of {', '.join(ERAS)}, not {self.era!r}")
        check_fields(
            self,
            *(("idle", 0.01, 1e9), ("host_lifetime", 0.01, 1e9), ("delay", 0, 1e9)),
            *((name, 1, math.inf) for name in ("max_messages", "max_connections", "hosts")),
        )


class Host:
    """A target of the load balancer: one host after the other serves there."""

    def __init__(self, seed: str, rules: Rules, index: int, started: float) -> None:
        self._random = random.Random(seed)  # noqa: S311 - lifetimes, not secrets
        self._lifetime, self._at_random = rules.host_lifetime, rules.random_lifetimes
        self._rename()
        # The first of the hosts that retire on a schedule do so one after the other, not all at once.
        share = 1.0 if self._at_random else (index + 1) / rules.hosts
        self._retires = started + self._life() * share

    def _rename(self) -> None:
        self._name = "".join(self._random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=9))

    def _life(self) -> float:
        if self._lifetime is None:
            return math.inf
        return self._random.expovariate(1 / self._lifetime) if self._at_random else self._lifetime

    def serving(self, now: float) -> tuple[str, float]:
        """The name of the host that serves now, and when it is retired."""
        while self._retires <= now:
            self._rename()
            self._retires += self._life()
        return self._name, self._retires
