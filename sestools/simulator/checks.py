"""What the number fields of an account, of rules, of a scenario and of a fault take, checked in one way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_type_hints

from sestools.core.errors import UsageError

POSITIVE = math.ulp(0.0)
"""As the least value: everything greater than 0."""

Bounds = tuple[str, float, float]
"""A field, and the least and the greatest value that it takes."""


class FieldError(UsageError):
    """A field was given what it does not take."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def check_fields(owner: object, *bounds: Bounds) -> None:
    """Check a dataclass's flags, texts and numbers: whole for `int`, None where the type says so; or FieldError."""
    hints = get_type_hints(type(owner))
    for name, hint in hints.items():
        for kind, form in ((bool, "true or false"), (str, "a text")):
            if hint in (kind, kind | None) and not isinstance(given := getattr(owner, name), hint):
                raise FieldError(name, f"{name} must be {form}, not {given!r}")
    for name, least, most in bounds:
        given, kinds = getattr(owner, name), get_args(hints[name]) or (hints[name],)
        if given is None and type(None) in kinds:
            continue
        whole = float not in kinds
        if not is_number(given, whole=whole):
            raise FieldError(name, f"{name} must be a {'whole number' if whole else 'number'}, not {given!r}")
        if not least <= given <= most:
            low = "greater than 0" if least == POSITIVE else f"at least {least:g}"
            both = f"{low} and at most {most:g}" if least == POSITIVE else f"between {least:g} and {most:g}"
            raise FieldError(name, f"{name} must be {low if most == math.inf else both}, not {given!r}")


def is_number(given: object, *, whole: bool = False) -> bool:
    """Whether this is a number, and no truth value, which Python counts among them."""
    return isinstance(given, int if whole else int | float) and not isinstance(given, bool)


def set_of(owner: object, name: str, good: Callable[[Any], bool], form: str, *, least: int = 0) -> None:
    """Make a set of a field of a frozen dataclass that lists what is good, texts in small letters; None stays."""
    given = getattr(owner, name)
    if given is None:
        return
    wrong = isinstance(given, str | int | Mapping)
    if wrong or not all(map(good, listed := list(given))) or len(listed) < least:
        raise FieldError(name, f"{name} must be {form}, not {given!r}")
    object.__setattr__(owner, name, frozenset(one.lower() if isinstance(one, str) else one for one in listed))
