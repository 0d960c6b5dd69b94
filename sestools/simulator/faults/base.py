"""What all faults have in common."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_type_hints

from sestools.core.endpoints import PORTS
from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.simulator.actions import Action
from sestools.simulator.checks import POSITIVE, Bounds, check_fields, is_number, set_of

FAULTS: dict[str, type[Fault]] = {}
"""Every kind of fault by its name: a subclass of `Fault` that has one is entered when it is defined."""

_CONDITIONS = (
    ("after", 0, math.inf), ("times", 1, math.inf), ("since", 0, math.inf), ("until", 0, math.inf), ("chance", POSITIVE, 1),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong, and when. Every condition that is given has to hold.

    The fields that a subclass adds are its argument in the written form, separated by colons. Its constants, which
    are `name`, `where`, `bounds` and `does`, stand in the head of the class.

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
    bounds: ClassVar[tuple[Bounds, ...]] = ()
    does: ClassVar[tuple[Action, ...]] = ()
    """What is done in place of the answer."""

    def __init_subclass__(cls, **constants: Any) -> None:
        for name, value in constants.items():
            setattr(cls, name, value)
        if "name" in constants:
            FAULTS[cls.name] = cls

    def __post_init__(self) -> None:
        check_fields(self, *_CONDITIONS, *self.bounds)
        ports = f"at least one of {', '.join(map(str, PORTS))}"
        set_of(self, "ports", PORTS.__contains__, ports, least=1)
        form = "at least one number, from 1 on"
        set_of(self, "connections", lambda one: is_number(one, whole=True) and one > 0, form, least=1)
        if self.until is not None and self.until <= self.since:
            raise UsageError(f"a fault begins before it ends, not {self.since} to {self.until}")

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

    @property
    def before_credentials(self) -> bool:
        """Whether it answers the AUTH command itself; others wait until the credentials are heard."""
        return False

    def instead(self) -> list[Action] | None:
        """What is done in place of the answer; None leaves the answer to `change`."""
        return list(self.does) or None

    def change(self, answer: list[Action]) -> list[Action]:
        """What becomes of an answer that was given."""
        return answer

    def __str__(self) -> str:
        text = f"{self.name}:{self.argument}" if self.argument else self.name
        if self.times is not None:
            text += f"*{self.times}"
        return f"{text}@{','.join(map(str, sorted(self.ports)))}" if self.ports is not None else text
