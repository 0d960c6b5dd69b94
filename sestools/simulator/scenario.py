"""Scenarios: what an account may do and what goes wrong when, as a small TOML file or a Python value."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sestools.core.credentials import Credentials
from sestools.core.errors import UsageError
from sestools.core.text import printable
from sestools.simulator.account import Account
from sestools.simulator.clock import Clock
from sestools.simulator.faults import Fault, parse
from sestools.simulator.rules import Rules
from sestools.simulator.service import Accepted, Event, Service

T = TypeVar("T")

FOLDER = Path(__file__).parent / "scenarios"

MOST_ADDRESSES = 200
"""Loopback addresses that the endpoint can listen on."""

_CONDITIONS = {field.name for field in dataclasses.fields(Fault)}


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
        if self.region is not None:
            object.__setattr__(self, "account", dataclasses.replace(self.account, region=self.region))
        if not 1 <= self.addresses <= MOST_ADDRESSES:
            raise UsageError(f"addresses must be between 1 and {MOST_ADDRESSES}, not {self.addresses!r}")

    @classmethod
    def of(cls, given: Scenario | str | None) -> Scenario:
        """This scenario, the one of this name, or the healthy one."""
        return cls.named(given) if isinstance(given, str) else given or cls()

    @classmethod
    def named(cls, name: str) -> Scenario:
        """A scenario that comes with the package, or the one in a file whose path ends in `.toml`.

        Raises:
            UsageError: If there is none, or the file is wrong; the message names file and line.
        """
        if name.endswith(".toml"):
            return cls.read(Path(name))
        if name not in names():
            raise UsageError(
                f"there is no scenario {printable(name, 80)!r}; there are {', '.join(names())}, "
                "or give the path of a .toml file"
            )
        return cls.read(FOLDER / f"{name}.toml")

    @classmethod
    def read(cls, path: Path) -> Scenario:
        """The scenario in a file."""
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"scenario {path} cannot be read: {error}") from None
        return cls.from_toml(text, str(path))

    @classmethod
    def from_toml(cls, text: str, file: str = "scenario") -> Scenario:
        """The scenario in a text.

        Raises:
            UsageError: With file, line and what is allowed.
        """
        return _ScenarioText(text, file).scenario()


class SimulatedSes:
    """SES in a situation: what is given replaces the scenario's own, and faults are added to its own."""

    def __init__(
        self,
        scenario: Scenario,
        clock: Clock,
        on_event: Event | None,
        rules: Mapping[str, Any],
        *,
        faults: Iterable[Fault],
        seed: int | None,
        account: Account | None,
        **account_changes: Any,
    ) -> None:
        changes = {name: value for name, value in account_changes.items() if value is not None}
        chosen = dataclasses.replace(account or scenario.account, **changes)
        self._service = Service(
            chosen,
            dataclasses.replace(scenario.rules, **rules),
            clock=clock,
            faults=[*scenario.faults, *faults],
            seed=scenario.seed if seed is None else seed,
            on_event=on_event,
        )
        self.host = self._service.host
        self.credentials = chosen.sign_in

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that can still happen."""
        return self._service.faults

    @property
    def accepted(self) -> list[Accepted]:
        """The messages that were accepted, in order: the ground truth for lost and duplicated mail."""
        return self._service.accepted

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


class _ScenarioText:
    """A text that is being read, which knows where things stand."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file

    def scenario(self) -> Scenario:
        try:
            data = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            last = len(self._text.splitlines())
            raise UsageError(f"{self._file}:{line[1] if line else last}: {error}") from None
        plain = {"title": str, "failure": str, "about": str, "region": str, "addresses": int, "seed": int}
        self._only(data, {*plain, "account", "rules", "fault"}, "")
        for key, kind in plain.items():
            if key in data and (not isinstance(data[key], kind) or isinstance(data[key], bool)):
                raise self._wrong(f"{key} is a {kind.__name__}, not {data[key]!r}", "", key)
        faults = data.get("fault", [])
        if not isinstance(faults, list) or not all(isinstance(one, dict) for one in faults):
            raise self._wrong("faults are written as [[fault]] tables", "", "fault")
        given = {key: data[key] for key in plain if key in data}
        account = self._account(data.get("account", {}))
        rules = self._made(Rules, data.get("rules", {}), "rules")
        made = tuple(self._fault(one, number) for number, one in enumerate(faults))
        try:
            return Scenario(**given, account=account, rules=rules, faults=made)
        except ValueError as error:
            key = "addresses" if str(error).startswith("addresses") else "region"
            raise self._wrong(str(error), "", key) from None

    def _account(self, table: dict[str, Any]) -> Account:
        if not isinstance(table, Mapping):
            raise self._wrong("account is a table: [account]", "", "account")
        given = dict(table)
        pair = given.pop("credentials", None)
        if pair is not None:
            words = pair.values() if isinstance(pair, dict) and set(pair) == {"user", "password"} else [None]
            if not all(isinstance(word, str) for word in words):
                what = 'credentials are { user = "...", password = "..." }'
                raise self._wrong(what, "account", "credentials")
            try:
                given["credentials"] = Credentials(**pair)
            except ValueError as error:
                raise self._wrong(str(error), "account", "credentials") from None
        return self._made(Account, given, "account")

    def _made(self, kind: Callable[..., T], table: Mapping[str, Any], name: str) -> T:
        """An account or rules from a table."""
        if not isinstance(table, Mapping):
            raise self._wrong(f"{name} is a table: [{name}]", "", name)
        allowed = {one.name for one in dataclasses.fields(kind)}  # type: ignore[arg-type]
        self._only(table, allowed, name)
        try:
            return kind(**table)
        except (TypeError, ValueError) as error:
            key = next((key for key in table if key in str(error)), "")
            raise self._wrong(str(error), name, key) from None

    def _fault(self, table: dict[str, Any], number: int) -> Fault:
        self._only(table, {"is", *_CONDITIONS}, "fault", number)
        if not isinstance(table.get("is"), str):
            raise self._wrong('a fault says what it is, such as is = "dropped@25"', "fault", "is", number)
        conditions = {key: value for key, value in table.items() if key != "is"}
        try:
            return parse(table["is"], **conditions)
        except (TypeError, ValueError) as error:
            named = re.search(r": (\w+) (?:must be|is|counts) ", str(error))
            key = named[1] if named and named[1] in conditions else "is"
            raise self._wrong(str(error), "fault", key, number) from None

    def _only(self, table: Mapping[str, Any], allowed: set[str], name: str, number: int = 0) -> None:
        for key in table:
            if key not in allowed:
                where = f"in [{name}]" if name else "here"
                raise self._wrong(
                    f"{key!r} means nothing {where}; allowed are {', '.join(sorted(allowed))}",
                    name,
                    key,
                    number,
                )

    def _wrong(self, what: str, table: str, key: str, number: int = 0) -> UsageError:
        return UsageError(f"{self._file}:{self._line(table, key, number)}: {what}")

    def _line(self, table: str, key: str, number: int) -> int:
        """The line of a key in (the number-th of) a table, or of the table, or 1."""
        found, current, count = 1, "", -1
        for at, line in self._lines():
            header = re.match(r"\s*\[\[?\s*([\w.]+)\s*\]\]?", line)
            if header:
                current = header[1]
                count += current == table
            here = current == table and (not table or count == number)
            if here and header:
                found = at
            if here and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
                return at
            if not table and header and header[1].split(".")[0] == key:
                return at
        return found

    def _lines(self) -> Iterator[tuple[int, str]]:
        return iter(enumerate(self._text.splitlines(), 1))
