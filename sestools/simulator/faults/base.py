"""What all faults have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_type_hints

from sestools.core.endpoints import PORTS
from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.simulator.actions import Action

FAULTS: dict[str, type[Fault]] = {}
"""Every kind of fault by its name: a subclass of `Fault` that has a `name` is entered when it is defined."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong, and when. Every condition that is given has to hold.

    The fields that a subclass adds are its argument in the written form, separated by colons.

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
    bounds: ClassVar[tuple[tuple[str, float, float], ...]] = ()
    """Fields with the least and the greatest value that they take."""

    def __init_subclass__(cls) -> None:
        if "name" in vars(cls):
            FAULTS[cls.name] = cls

    def __post_init__(self) -> None:
        for name, least, most in self.bounds:
            if not least <= (given := getattr(self, name)) <= most:
                raise UsageError(f"{name} must be between {least:g} and {most:g}, not {given!r}")
        for name in ("ports", "connections"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, _numbers(name, given))
        if self.ports is not None and not self.ports <= PORTS.keys():
            raise UsageError(f"ports must be some of {', '.join(map(str, PORTS))}; SES has no other")
        for name in ("after", "times", "since", "until", "chance"):
            number, whole = getattr(self, name), name in ("after", "times")
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
        own = [one for one in fields(self) if not one.kw_only]
        values = [getattr(self, one.name) for one in own]
        while len(own) > 1 and values[-1] == own[-1].default:
            del own[-1], values[-1]
        return ":".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)

    @classmethod
    def arguments(cls, text: str) -> Iterable[Any]:
        """The values of its own fields, from the argument of the written form."""
        own = [one.name for one in fields(cls) if not one.kw_only]
        if not own:
            raise UsageError(f"{cls.name} takes no argument")
        kinds = get_type_hints(cls)
        for name, word in zip(own, text.split(":", len(own) - 1), strict=False):
            kind = kinds[name]
            yield Stage(word.upper()) if kind is Stage else kind(word) if kind in (int, float) else word

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
