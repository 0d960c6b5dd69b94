"""What the simulator can do wrong: one frozen class for each fault, named after what a client sees.

A fault can be limited to ports, connections, times and a number of times. `parse("dropped@25")` reads the form
that the command line, scripts and notebooks use, and `str(fault)` writes it.
"""

from __future__ import annotations

import difflib
import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.core.text import printable
from sestools.simulator.checks import FieldError
from sestools.simulator.faults.base import FAULTS as FAULTS
from sestools.simulator.faults.base import Fault as Fault
from sestools.simulator.faults.dialogue import *  # noqa: F403 - every fault, as its `__all__` lists them
from sestools.simulator.faults.dialogue import replies as replies
from sestools.simulator.faults.network import *  # noqa: F403 - as above

_FORM = "name[:argument][*times][@port,port]"
_WRITTEN = re.compile(
    r"(?P<name>[a-z0-9-]+)(?::(?P<argument>.*?))?(?:\*(?P<times>\d+))?(?:@(?P<ports>\d+(?:,\d+)*))?", re.S
)

# Each module of the folder enters its faults in the table.
for _module in iter_modules([str(Path(__file__).parent)]):
    import_module(f"{__name__}.{_module.name}")


def parse(text: str, **conditions: Any) -> Fault:
    """A fault from its written form `name[:argument][*times][@port,port]`, such as `says:send-rate*2@587`.

    Args:
        text: The written form.
        conditions: Whatever else a `Fault` takes, such as `since` and `until`.

    Raises:
        UsageError: If it is none; the message says what is allowed.
    """
    found = _WRITTEN.fullmatch(text.strip())
    kind = FAULTS.get(found["name"]) if found else None
    if not found or kind is None:
        near = difflib.get_close_matches(re.split(r"[:*@]", text.strip())[0], FAULTS, 2)
        hint = f"did you mean {' or '.join(near)}" if near else f"the faults are {', '.join(FAULTS)}"
        raise UsageError(
            f"{printable(text, 80)!r} is no fault; {hint}? (`sestools simulate --list-faults` tells all; written {_FORM})"
        )
    if found["times"]:
        conditions["times"] = int(found["times"])
    if found["ports"]:
        conditions["ports"] = frozenset(map(int, found["ports"].split(",")))
    try:
        own = () if found["argument"] is None else kind.arguments(found["argument"])
        return kind(*own, **conditions)
    except (TypeError, ValueError) as error:
        field = error.field if isinstance(error, FieldError) else ""
        raise FieldError(field, f"fault {printable(text, 80)!r}: {error}") from None


def describe() -> str:
    """Every fault with its meaning and an example, as text."""
    lines = [f"Faults, written {_FORM}:", ""]
    lines += [f"  {kind()!s:24} {' '.join((kind.__doc__ or '').split())}" for kind in FAULTS.values()]
    lines += ["", f"Stages: {', '.join(stage for stage in Stage if stage not in ('RESOLVE', 'CONNECT'))}"]
    lines += ["Causes that can be said:", f"  {', '.join(replies())}"]
    return "\n".join(lines)
