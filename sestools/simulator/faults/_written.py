"""The written form of faults, as the command line, scripts and notebooks use it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.core.text import printable
from sestools.simulator.faults import _dialogue as dialogue
from sestools.simulator.faults import _network as network
from sestools.simulator.faults._base import Fault

FAULTS: tuple[type[Fault], ...] = (
    network.Refused,
    network.Dropped,
    network.Outage,
    network.Silent,
    dialogue.ForeignGreeting,
    network.WrongMode,
    dialogue.StarttlsMissing,
    dialogue.StarttlsMasked,
    dialogue.AuthMissing,
    dialogue.Injected,
    network.BadCertificate,
    dialogue.Says,
    dialogue.Reset,
    dialogue.Closed,
    dialogue.HalfClosed,
    dialogue.Stalled,
    dialogue.ReplyLost,
    dialogue.Drips,
    dialogue.Delayed,
    network.Latency,
    network.Bandwidth,
    network.Sliced,
    network.BlackHole,
    dialogue.EndlessGreeting,
    dialogue.LongLine,
    dialogue.MixedCodes,
)
"""Every kind of fault."""

_BY_NAME = {kind.name: kind for kind in FAULTS}
_WRITTEN = re.compile(
    r"(?P<name>[a-z-]+)(?::(?P<argument>.*?))?(?:\*(?P<times>\d+))?(?:@(?P<ports>\d+(?:,\d+)*))?", re.S
)


def parse(text: str, **conditions: Any) -> Fault:
    """A fault from its written form `name[:argument][*times][@port,port]`, such as `says:send-rate*2@587`.

    Args:
        text: The written form.
        conditions: Whatever else a `Fault` takes, such as `since` and `until`.

    Raises:
        UsageError: If it is none; the message says what is allowed.
    """
    found = _WRITTEN.fullmatch(text.strip())
    kind = _BY_NAME.get(found["name"]) if found else None
    if not found or kind is None:
        raise UsageError(
            f"{printable(text, 80)!r} is no fault; the faults are {', '.join(_BY_NAME)}, "
            "written name[:argument][*times][@port,port]"
        )
    if found["times"]:
        conditions["times"] = int(found["times"])
    if found["ports"]:
        conditions["ports"] = frozenset(map(int, found["ports"].split(",")))
    try:
        return kind(*_arguments(kind, found["argument"]), **conditions)
    except (TypeError, ValueError) as error:
        raise UsageError(f"fault {printable(text, 80)!r}: {error}") from None


def _arguments(kind: type[Fault], argument: str | None) -> Iterable[object]:
    if argument is None:
        return ()
    if kind in (dialogue.Delayed, network.Latency, network.Bandwidth):
        return map(float, argument.split(":"))
    if kind in (network.Sliced, network.BlackHole):
        return (int(argument),)
    if kind is dialogue.Drips:
        stage, _, seconds = argument.partition(":")
        return (Stage(stage.upper()), float(seconds)) if seconds else (Stage(stage.upper()),)
    if issubclass(kind, dialogue.AtStage):
        return (Stage(argument.upper()),)
    if kind is dialogue.Says:
        stage, _, rest = argument.partition(":")
        return (rest, Stage(stage)) if stage in Stage.__members__ else (argument,)
    if kind in (network.BadCertificate, dialogue.ForeignGreeting):
        return (argument,)
    raise UsageError(f"{kind.name} takes no argument")


_EXAMPLES = {
    "bad-certificate": "bad-certificate:wrong-name",
    "says": "says:send-rate*2",
    "reset": "reset:MAIL",
    "closed": "closed:BODY",
    "stalled": "stalled:DATA",
    "drips": "drips:GREETING:0.5",
    "delayed": "delayed:0.2",
    "dropped": "dropped@25",
    "half-closed": "half-closed:MAIL",
    "latency": "latency:0.1:0.02",
    "bandwidth": "bandwidth:10000",
    "sliced": "sliced:1",
    "black-hole": "black-hole:1460",
}


def describe() -> str:
    """Every fault with its meaning and an example, as text."""
    lines = ["Faults, written name[:argument][*times][@port,port]:", ""]
    for kind in FAULTS:
        meaning = " ".join((kind.__doc__ or "").split())
        lines.append(f"  {_EXAMPLES.get(kind.name, kind.name):28} {meaning}")
    lines += ["", f"Stages: {', '.join(stage for stage in Stage if stage not in ('RESOLVE', 'CONNECT'))}"]
    lines += ["Causes that can be said:", f"  {', '.join(dialogue.replies())}"]
    return "\n".join(lines)
