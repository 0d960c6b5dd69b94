"""What all faults have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from sestools.core.endpoints import PORTS
from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.simulator.actions import Action


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong, and when. Every condition that is given has to hold.

    Attributes:
        ports: The SES ports that are affected; None means all.
        connections: The connections that are affected, counted from 1 in the order in which they are opened.
        after: From how many messages on, that were accepted over the same connection.
        since: From when on, in seconds after the start.
        until: To when, in seconds after the start; None means for ever.
        times: How often it happens before it is over; None means always.
        chance: How likely it is to happen each time, from the simulator's seed.
    """

    ports: frozenset[int] | None = None
    connections: frozenset[int] | None = None
    after: int = 0
    since: float = 0.0
    until: float | None = None
    times: int | None = None
    chance: float = 1.0

    name: ClassVar[str]
    where: ClassVar[Stage | None] = None

    def __post_init__(self) -> None:
        for name in ("ports", "connections"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, _numbers(name, given))
        if self.ports is not None and not self.ports <= PORTS.keys():
            raise UsageError(f"ports must be some of {', '.join(map(str, PORTS))}; SES has no other")
        for name, whole in (
            ("after", True),
            ("times", True),
            ("since", False),
            ("until", False),
            ("chance", False),
        ):
            number = getattr(self, name)
            if number is not None and not is_number(number, whole=whole):
                raise UsageError(f"{name} must be a {'whole number' if whole else 'number'}, not {number!r}")
        if self.times is not None and self.times < 1:
            raise UsageError(f"a fault happens at least once, not {self.times} times")
        if self.after < 0:
            raise UsageError(f"after counts messages from 0, not {self.after}")
        if not self.since >= 0 or (self.until is not None and not self.since < self.until):
            raise UsageError(
                f"a fault begins at 0 s or later and before it ends, not {self.since} to {self.until}"
            )
        if not 0 < self.chance <= 1:
            raise UsageError(f"a chance is greater than 0 and at most 1, not {self.chance!r}")

    @property
    def argument(self) -> str:
        """What follows the name in the written form."""
        return ""

    def happens_at(self, stage: Stage) -> bool:
        """Whether a session's answer at this stage is affected."""
        return stage is self.where

    def instead(self) -> list[Action] | None:
        """What is done in place of the answer; None leaves the answer to `change`."""
        return None

    def change(self, answer: list[Action]) -> list[Action]:
        """What becomes of an answer that was given."""
        return answer

    def __str__(self) -> str:
        text = f"{self.name}:{self.argument}" if self.argument else self.name
        if self.times is not None:
            text += f"*{self.times}"
        return f"{text}@{','.join(map(str, sorted(self.ports)))}" if self.ports is not None else text


def _numbers(name: str, given: Iterable[int]) -> frozenset[int]:
    if isinstance(given, str | int):
        raise UsageError(f"{name} is a set of numbers, such as {{25, 587}}, not {given!r}")
    numbers = frozenset(given)
    if not numbers:
        raise UsageError(f"{name} must be at least one number; without it all are meant")
    if not all(is_number(number, whole=True) and number > 0 for number in numbers):
        raise UsageError(f"{name} is a set of numbers, such as {{25, 587}}, not {sorted(map(str, numbers))}")
    return numbers


def is_number(given: object, *, whole: bool = False) -> bool:
    """Whether this is a number, and no truth value, which Python counts among them."""
    return isinstance(given, int if whole else int | float) and not isinstance(given, bool)


def check_seconds(seconds: float) -> None:
    """Refuse a time that makes no sense."""
    if not 0 <= seconds <= 3600:
        raise UsageError(f"seconds must be between 0 and 3600, not {seconds!r}")
