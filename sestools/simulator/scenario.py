"""Scenarios: what an account may do and what goes wrong when, as a small TOML file or a Python value."""

from __future__ import annotations

import dataclasses
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from sestools.core.clock import Clock
from sestools.core.credentials import Credentials
from sestools.core.endpoints import PORTS
from sestools.core.errors import UsageError
from sestools.core.text import printable
from sestools.simulator.account import Account
from sestools.simulator.checks import FieldError, check_fields
from sestools.simulator.clock import RealClock, VirtualClock
from sestools.simulator.faults import Fault, parse
from sestools.simulator.rules import Rules
from sestools.simulator.service import Event, Service

T = TypeVar("T")

FOLDER = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A situation to practise on or to test against.

    Attributes:
        title: One sentence.
        failure: Which documented failure it shows, such as `S3`; empty if none.
        about: What a client meets, and what to look for.
        region: The region that it plays in; None leaves it to the account, or to whoever runs it.
        account: What the account may do.
        rules: How long connections live, and how the endpoint speaks.
        faults: What goes wrong, and when.
        addresses: On how many addresses the endpoint listens.
        seed: Makes ids, lifetimes and chances repeatable.
    """

    title: str = "SES as it should be"
    failure: str = ""
    about: str = ""
    region: str | None = None
    account: Account = field(default_factory=Account)
    rules: Rules = field(default_factory=Rules)
    faults: tuple[Fault, ...] = ()
    addresses: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self, ("addresses", 1, 200), ("seed", -math.inf, math.inf))
        if self.region is not None:
            object.__setattr__(self, "account", dataclasses.replace(self.account, region=self.region))

    @classmethod
    def named(cls, name: str) -> Scenario:
        """A scenario that comes with the package, or the one in a file whose path ends in `.toml`."""
        if not name.endswith(".toml") and name not in names():
            raise UsageError(
                f"there is no scenario {printable(name, 80)!r}; there are {', '.join(names())}, "
                "or give the path of a .toml file"
            )
        path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"scenario {path} cannot be read: {error}") from None
        return cls.from_toml(text, str(path))

    @classmethod
    def from_toml(cls, text: str, file: str = "scenario") -> Scenario:
        """The scenario in a text; a UsageError names file, line and what is allowed."""
        return _Reader(text, file).scenario()


class SimulatedSes:
    """SES in a situation, as `Simulator` documents it; how its sessions are carried is added by the subclasses."""

    _clock: ClassVar[type[RealClock | VirtualClock]] = RealClock

    def __init__(
        self,
        region: str | None = None,
        *,
        account: Account | None = None,
        credentials: Credentials | None = None,
        faults: Iterable[Fault] = (),
        scenario: Scenario | str | None = None,
        addresses: int | None = None,
        listen: Mapping[int, int] = MappingProxyType({}),
        seed: int | None = None,
        on_event: Event | None = None,
        **rules: Any,
    ) -> None:
        self.clock: Clock = self._clock()
        self.listen = listen
        for port, number in listen.items():
            if port not in PORTS or not 0 <= number < 65536:
                raise UsageError(
                    f"listen says which port number stands for an SES port, not {port!r}: {number!r}"
                )
        script = Scenario.named(scenario) if isinstance(scenario, str) else scenario or Scenario()
        own: dict[str, Any] = {"region": region, "credentials": credentials}
        own = {name: value for name, value in own.items() if value is not None}
        chosen = dataclasses.replace(account or script.account, **own)
        if addresses is not None:
            script = dataclasses.replace(script, addresses=addresses)
        self._service = Service(
            chosen,
            dataclasses.replace(script.rules, **rules),
            clock=self.clock,
            faults=[*script.faults, *faults],
            seed=script.seed if seed is None else seed,
            on_event=on_event,
        )
        self.host = self._service.host
        self.credentials = chosen.sign_in
        self.accepted = self._service.accepted
        """The messages that were accepted, in order: the ground truth for lost and duplicated mail."""
        self.addresses = tuple(f"127.0.0.{number}" for number in range(1, script.addresses + 1))
        """The addresses that it listens on, the same port numbers on each."""

    def set_faults(self, *faults: Fault) -> None:
        """Replace all faults; none makes it healthy."""
        self._service.set_faults(faults)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that can still happen."""
        return self._service.faults

    @property
    def refused(self) -> int:
        """How many messages were refused at the end of DATA."""
        return self._service.refused

    @property
    def connections(self) -> int:
        """How many connections were made so far."""
        return self._service.connections


def names() -> list[str]:
    """The scenarios that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def _fields(kind: Any) -> set[str]:
    return {one.name for one in dataclasses.fields(kind)}


class _Reader:
    """Reads a text, and knows where things stand in it."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file

    def scenario(self) -> Scenario:
        try:
            data = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            last = len(self._text.splitlines())
            raise UsageError(f"{self._file}:{line[1] if line else last}: {error}") from None
        self._only(data, _fields(Scenario) - {"faults"} | {"fault"})
        faults = data.get("fault", [])
        if not isinstance(faults, list) or not all(isinstance(one, dict) for one in faults):
            raise self._wrong("faults are written as [[fault]] tables", "", "fault")
        made = {
            "account": self._part(Account, data, "account"),
            "rules": self._part(Rules, data, "rules"),
            "faults": tuple(self._fault(one, number) for number, one in enumerate(faults)),
        }
        given = {key: value for key, value in data.items() if key != "fault"}
        return self._made(lambda: Scenario(**given | made), data, "", "region")

    def _part(self, kind: type[T], data: dict[str, Any], name: str) -> T:
        """The account or the rules."""
        table = data.get(name, {})
        if not isinstance(table, dict):
            raise self._wrong(f"{name} is a table: [{name}]", "", name)
        self._only(table, _fields(kind), name)
        if "credentials" in table:
            match table["credentials"]:
                case {"user": str(user), "password": str(password), **more} if not more:
                    given = partial(Credentials, user=user, password=password)
                    table["credentials"] = self._made(given, table, name, "credentials")
                case _:
                    what = 'credentials are { user = "...", password = "..." }'
                    raise self._wrong(what, name, "credentials")
        return self._made(lambda: kind(**table), table, name, "region")

    def _fault(self, table: dict[str, Any], number: int) -> Fault:
        self._only(table, _fields(Fault) | {"is"}, "fault", number)
        if not isinstance(table.get("is"), str):
            raise self._wrong('a fault says what it is, such as is = "dropped@25"', "fault", "is", number)
        conditions = {key: value for key, value in table.items() if key != "is"}
        return self._made(lambda: parse(table["is"], **conditions), table, "fault", "is", number)

    def _made(self, make: Callable[[], T], table: dict[str, Any], name: str, key: str, number: int = 0) -> T:
        """What is made of a table; what is wrong with it stands where its field does, or else at this key."""
        try:
            return make()
        except (TypeError, ValueError) as error:
            field = error.field if isinstance(error, FieldError) else key
            raise self._wrong(str(error), name, field if field in table else key, number) from None

    def _only(self, table: dict[str, Any], allowed: set[str], name: str = "", number: int = 0) -> None:
        for key in table:
            if key not in allowed:
                what = f"{key!r} means nothing {f'in [{name}]' if name else 'here'}; allowed are"
                raise self._wrong(f"{what} {', '.join(sorted(allowed))}", name, key, number)

    def _wrong(self, what: str, table: str, key: str, number: int = 0) -> UsageError:
        return UsageError(f"{self._file}:{self._line(table, key, number)}: {what}")

    def _line(self, table: str, key: str, number: int) -> int:
        """The line of a key in (the number-th of) a table, or of the table, or 1."""
        entry = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
        found, current, count = 1, "", 0 if not table else -1
        for at, line in enumerate(self._text.splitlines(), 1):
            if header := re.match(r"\s*\[\[?\s*([\w.]+)\s*\]\]?", line):
                current = header[1]
                count += current == table
                if not table and current.split(".")[0] == key:
                    return at
                if (current, count) == (table, number):
                    found = at
            elif (current, count) == (table, number) and entry.match(line):
                return at
        return found
