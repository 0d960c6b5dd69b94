"""What a probe saw: replies, timed steps, a symptom."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic

from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Outcome, Stage
from sestools.core.errors import UsageError
from sestools.core.target import Target
from sestools.core.text import printable

if TYPE_CHECKING:
    from typing_extensions import TypeVar  # a default needs Python 3.13

    Facts = TypeVar("Facts", default=Any, covariant=True)
else:
    from typing import TypeVar

    Facts = TypeVar("Facts", covariant=True)

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One complete SMTP reply (RFC 5321, 4.2).

    `lines` holds the text of each line as it came, without code, separator and line end; `raw` the bytes,
    bounded, or nothing if the reply was not read from a wire.
    """

    code: int
    lines: tuple[str, ...] = ("",)
    raw: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if not 100 <= self.code <= 999:
            raise UsageError(f"a reply code has three digits, not {self.code!r}")
        if not self.lines:
            raise UsageError("a reply has at least one line")

    @cached_property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 3463) at the start of the last line, such as `4.4.2`."""
        found = _ENHANCED.match(self.lines[-1])
        return found[1] if found else None

    @cached_property
    def text(self) -> str:
        """The text of all lines, joined by spaces, without enhanced status codes."""
        return " ".join(_ENHANCED.sub("", line, count=1) for line in self.lines).strip()

    def masked(self, mask: Callable[[str], str]) -> Reply:
        """The reply after secrets were cut out of its text; `mask` keeps the number of lines."""
        lines = tuple(mask("\n".join(self.lines)).split("\n"))
        if lines == self.lines:
            return self
        raw = "".join(f"{self.code}-{line}\r\n" for line in lines[:-1]) + f"{self.code} {lines[-1]}\r\n"
        return Reply(code=self.code, lines=lines, raw=raw.encode("utf-8", "replace") if self.raw else b"")

    @property
    def ok(self) -> bool:
        """Whether the server agreed (2xx) or waits for more (3xx)."""
        return 200 <= self.code < 400

    def __str__(self) -> str:
        return printable(f"{self.code} {' '.join(self.lines)}")


@dataclass(frozen=True, kw_only=True)
class TcpInfo:
    """What the kernel knows of a connection (Linux; elsewhere such facts are absent).

    The smoothed round-trip time in seconds; the largest segment that this side sends, and the path MTU as the
    kernel believes it, in bytes; segments not yet acknowledged, and those sent again since the connection
    began; seconds since data last came, and bytes received in order (None before Linux 4.1).
    """

    rtt: float
    mss: int
    path_mtu: int
    unacked: int
    retransmits: int
    quiet: float = 0.0
    received: int | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One timed thing that a probe did.

    It began `at` so many seconds after the probe, and took `seconds`, with the IP address `address` where
    there was one. What was `sent` is masked: no credentials in any form. `encrypted` tells whether it
    happened inside TLS, `symptom` what went wrong in it; `tcp` holds kernel facts of its end, where the
    system gives them.
    """

    stage: Stage
    at: float
    seconds: float
    address: str | None = None
    sent: str = ""
    reply: Reply | None = None
    encrypted: bool = False
    symptom: Symptom | None = None
    tcp: TcpInfo | None = None


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """What went wrong, however it was learnt: from a probe, an exception, a log line or a pasted text.

    What is not known is None. `detail` is the observation in words (an error's text, a log line, a whole
    paste): a stranger's text. `host`, `port` and `security` are the server's and the client's TLS mode.
    `cause` is the id of the cause, if whoever saw it decided it: nobody then looks for one in the words.
    """

    kind: Kind | None = None
    stage: Stage | None = None
    reply: Reply | None = None
    detail: str = ""
    host: str | None = None
    port: int | None = None
    security: Security | None = None
    cause: str = ""

    def __str__(self) -> str:
        where = f"{self.stage}: " if self.stage else ""
        said = self.reply if self.kind in (None, Kind.REPLY) else None
        return where + (str(said) if said else printable(self.detail or str(self.kind)))


def symptom_at(
    target: Target, kind: Kind, stage: Stage, detail: str = "", reply: Reply | None = None, cause: str = ""
) -> Symptom:
    """A symptom of a target."""
    return Symptom(
        kind=kind,
        stage=stage,
        reply=reply,
        detail=detail,
        host=target.host,
        port=target.port,
        security=target.security,
        cause=cause,
    )


@dataclass(frozen=True, kw_only=True)
class ProbeResult(Generic[Facts]):
    """What one probe saw. A failed probe is a value, not an exception.

    Its type names its facts, as `ProbeResult[DnsFacts]`.

    Attributes:
        target: What was probed, without its credentials.
        facts: What the probe alone can say; its own dataclass (see the probe), or None.
        symptom: What went wrong first; None when all went well.
        reason: Why it was not run, if it was not.
    """

    probe: str
    target: Target
    outcome: Outcome
    steps: tuple[Step, ...] = ()
    facts: Facts = None  # type: ignore[assignment] # a probe that was not run has none
    symptom: Symptom | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", replace(self.target, credentials=None))

    @property
    def ok(self) -> bool:
        """Whether everything asked for was seen to work."""
        return self.outcome is Outcome.OK

    def seconds(self, stage: Stage) -> float | None:
        """The time spent in a stage, summed over its steps (EHLO happens twice); None if not reached."""
        times = [step.seconds for step in self.steps if step.stage is stage]
        return sum(times) if times else None

    def __str__(self) -> str:
        end = self.symptom or self.reason
        return f"{self.probe} {self.target}: {self.outcome}" + (f", {end}" if end else "")


def as_dict(value: Any, names: str = "") -> dict[str, Any]:
    """Attributes of a result (all fields, unless some are named) as JSON types: enums and symptoms as text."""
    chosen = names.split() or [one.name for one in fields(value)]
    return {name: _plain(getattr(value, name)) for name in chosen}


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int():
            return value
        case float():
            return round(value, 4)
        case tuple():
            return [_plain(item) for item in value]
    return value.to_dict() if hasattr(value, "to_dict") else str(value)
