"""What the simulator can do wrong: one frozen class for each fault, named after what a client sees.

A fault can be limited to ports, and to a number of times. `parse("dropped@25")` reads the form that the
command line and notebooks use, and `str(fault)` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, get_args

from sestools.catalogue import CAUSES, cause
from sestools.model import Reply, Stage
from sestools.simulator.actions import Abort, Action, Close, Pour, Say, Stall, Wait
from sestools.smtp import read_reply
from sestools.text import printable


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What all faults have.

    Attributes:
        ports: The SES ports that are affected; None means all.
        times: How often it happens before it is over; None means always.
    """

    ports: frozenset[int] | None = None
    times: int | None = None

    name: ClassVar[str]
    where: ClassVar[Stage | None] = None

    def __post_init__(self) -> None:
        if self.ports is not None:
            object.__setattr__(self, "ports", frozenset(self.ports))
        if self.times is not None and self.times < 1:
            raise ValueError(f"a fault happens at least once, not {self.times} times")

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


@dataclass(frozen=True)
class Refused(Fault):
    """The connection attempt is answered by a reset, as from a port where nothing listens."""

    name = "refused"


@dataclass(frozen=True)
class Dropped(Fault):
    """The connection attempt is never answered, as behind a firewall that drops. (A real time-out: the kernel
    drops the SYN since the accept queue is full. Linux only.)
    """

    name = "dropped"


@dataclass(frozen=True)
class Silent(Fault):
    """The connection opens, and then the server says nothing at all."""

    name = "silent"


@dataclass(frozen=True)
class WrongMode(Fault):
    """The port speaks the other TLS mode: TLS at once where STARTTLS is expected, and the reverse."""

    name = "wrong-mode"


CertificateKind = Literal["expired", "wrong-name", "unknown-issuer", "self-signed"]


@dataclass(frozen=True)
class BadCertificate(Fault):
    """The certificate does not verify: expired, for another name, of an unknown issuer, or self-signed."""

    kind: CertificateKind = "expired"
    name = "bad-certificate"

    def __post_init__(self) -> None:
        super().__post_init__()
        kinds = get_args(CertificateKind)
        if self.kind not in kinds:
            raise ValueError(f"a bad certificate is one of {', '.join(kinds)}, not {self.kind!r}")

    @property
    def argument(self) -> str:
        return self.kind


@dataclass(frozen=True)
class Delayed(Fault):
    """Every answer comes so many seconds late."""

    seconds: float = 0.2
    name = "delayed"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_seconds(self.seconds)

    @property
    def argument(self) -> str:
        return f"{self.seconds:g}"

    def happens_at(self, stage: Stage) -> bool:
        return True

    def change(self, answer: list[Action]) -> list[Action]:
        return [Wait(self.seconds), *answer]


@dataclass(frozen=True)
class _AtStage(Fault):
    """A fault at one stage of the session."""

    stage: Stage = Stage.GREETING

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "stage", Stage(self.stage))
        if self.stage in (Stage.RESOLVE, Stage.CONNECT):
            raise ValueError(f"a server can do nothing at {self.stage}; the first stage is GREETING")

    @property
    def argument(self) -> str:
        return self.stage

    def happens_at(self, stage: Stage) -> bool:
        return stage is self.stage


@dataclass(frozen=True)
class Reset(_AtStage):
    """The connection is reset in place of the answer at a stage."""

    name = "reset"

    def instead(self) -> list[Action]:
        return [Abort()]


@dataclass(frozen=True)
class Closed(_AtStage):
    """The connection is closed, in an orderly way, in place of the answer at a stage."""

    name = "closed"

    def instead(self) -> list[Action]:
        return [Close()]


@dataclass(frozen=True)
class Stalled(_AtStage):
    """The answer at a stage never comes, and the connection stays open."""

    name = "stalled"

    def instead(self) -> list[Action]:
        return [Stall()]


@dataclass(frozen=True)
class Drips(_AtStage):
    """The answer at a stage comes one byte at a time, so many seconds apart."""

    seconds: float = 1.0
    name = "drips"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_seconds(self.seconds)

    @property
    def argument(self) -> str:
        return f"{self.stage}:{self.seconds:g}"

    def change(self, answer: list[Action]) -> list[Action]:
        return [Say(action.data, self.seconds) if isinstance(action, Say) else action for action in answer]


@dataclass(frozen=True)
class Says(Fault):
    """The server gives another reply: that of a cause (`send-rate`), or any text (`MAIL:450 Try later`).

    A `stage` that is not given is where the cause usually shows, or, for a text, its end of data. After a 421,
    and after the time-out reply, the connection is closed, as SES does.
    """

    text: str = "service-failure-454"
    stage: Stage | None = None
    name = "says"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stage is not None:
            object.__setattr__(self, "stage", Stage(self.stage))
        _ = self.reply, self.at

    @cached_property
    def _sample(self) -> str:
        if self.text[:1].isdigit():
            return self.text
        try:
            known = cause(self.text)
        except (KeyError, ValueError):
            known = None
        sample = known.samples[0] if known and known.samples else ""
        if not re.match(r"[2-5]\d\d[ -]", sample):
            raise ValueError(
                f"'says' wants a reply such as '450 Try later', or a cause with a reply "
                f"({', '.join(replies())}), not {printable(self.text, 80)!r}"
            )
        return sample

    @cached_property
    def reply(self) -> Reply:
        """The reply that is given."""
        return read_reply(self._sample)

    @cached_property
    def at(self) -> Stage:
        """Where it is given."""
        if self.stage is not None:
            return self.stage
        own = None if self.text[:1].isdigit() else cause(self.text).stage
        return own or (Stage.GREETING if self.reply.code == 421 else Stage.BODY)

    @property
    def argument(self) -> str:
        return f"{self.stage}:{self.text}" if self.stage else self.text

    def happens_at(self, stage: Stage) -> bool:
        return stage is self.at

    @property
    def at_command(self) -> bool:
        """Whether AUTH is answered before the credentials are heard."""
        return self.reply.code in (503, 504, 530)

    def instead(self) -> list[Action]:
        said: list[Action] = [Say(self.reply.raw)]
        if self.reply.code == 421 or "timeout waiting for data" in self.reply.text.lower():
            said.append(Close())
        return said


@dataclass(frozen=True)
class ForeignGreeting(Fault):
    """Another mail server answers, as behind a proxy that catches SMTP."""

    text: str = "mail.example.net ESMTP Postfix"
    name = "foreign-greeting"
    where = Stage.GREETING

    def __post_init__(self) -> None:
        super().__post_init__()
        read_reply(f"220 {self.text}")

    @property
    def argument(self) -> str:
        return "" if self.text == type(self).text else self.text

    def instead(self) -> list[Action]:
        return [Say(f"220 {self.text}\r\n".encode())]


@dataclass(frozen=True)
class _Rewrites(Fault):
    """A fault that changes what an answer says."""

    old: ClassVar[bytes]
    new: ClassVar[bytes]

    def change(self, answer: list[Action]) -> list[Action]:
        return [
            Say(action.data.replace(self.old, self.new), action.seconds)
            if isinstance(action, Say)
            else action
            for action in answer
        ]


@dataclass(frozen=True)
class StarttlsMissing(_Rewrites):
    """EHLO does not list STARTTLS."""

    name = "starttls-missing"
    where = Stage.EHLO
    old, new = b"250-STARTTLS\r\n", b""


@dataclass(frozen=True)
class StarttlsMasked(_Rewrites):
    """A middlebox overwrites STARTTLS in the EHLO reply with the letters XXXXXXXA."""

    name = "starttls-masked"
    where = Stage.EHLO
    old, new = b"250-STARTTLS\r\n", b"250-XXXXXXXA\r\n"


@dataclass(frozen=True)
class Injected(_Rewrites):
    """Somebody puts a line of clear text between the answer to STARTTLS and the TLS handshake."""

    name = "injected"
    where = Stage.STARTTLS
    old, new = b"TLS\r\n", b"TLS\r\n250 injected in clear text\r\n"


@dataclass(frozen=True)
class MixedCodes(_Rewrites):
    """The lines of the EHLO reply carry different codes."""

    name = "mixed-codes"
    where = Stage.EHLO
    old, new = b"250 Ok\r\n", b"550 Ok\r\n"


@dataclass(frozen=True)
class EndlessGreeting(Fault):
    """The greeting never ends: line after line, each announcing one more."""

    name = "endless-greeting"
    where = Stage.GREETING

    def instead(self) -> list[Action]:
        return [Pour(b"220-welcome, and there is more\r\n" * 512, 1 << 40)]


@dataclass(frozen=True)
class LongLine(Fault):
    """The greeting is one line of 100 MB."""

    name = "long-line"
    where = Stage.GREETING

    def instead(self) -> list[Action]:
        return [Say(b"220 "), Pour(b"x" * 16384, 100_000_000), Say(b"\r\n")]


def _check_seconds(seconds: float) -> None:
    if not 0 <= seconds <= 3600:
        raise ValueError(f"seconds must be between 0 and 3600, not {seconds!r}")


FAULTS: tuple[type[Fault], ...] = (
    Refused,
    Dropped,
    Silent,
    ForeignGreeting,
    WrongMode,
    StarttlsMissing,
    StarttlsMasked,
    Injected,
    BadCertificate,
    Says,
    Reset,
    Closed,
    Stalled,
    Drips,
    Delayed,
    EndlessGreeting,
    LongLine,
    MixedCodes,
)
"""Every kind of fault."""

_BY_NAME = {kind.name: kind for kind in FAULTS}
_WRITTEN = re.compile(
    r"(?P<name>[a-z-]+)(?::(?P<argument>.*?))?(?:\*(?P<times>\d+))?(?:@(?P<ports>\d+(?:,\d+)*))?", re.S
)


def parse(text: str) -> Fault:
    """A fault from its written form `name[:argument][*times][@port,port]`, such as `says:send-rate*2@587`.

    Raises:
        ValueError: If it is none; the message says what is allowed.
    """
    found = _WRITTEN.fullmatch(text.strip())
    kind = _BY_NAME.get(found["name"]) if found else None
    if not found or kind is None:
        raise ValueError(
            f"{printable(text, 80)!r} is no fault; the faults are {', '.join(_BY_NAME)}, "
            "written name[:argument][*times][@port,port]"
        )
    times = int(found["times"]) if found["times"] else None
    ports = frozenset(map(int, found["ports"].split(","))) if found["ports"] else None
    try:
        return kind(*_arguments(kind, found["argument"]), ports=ports, times=times)
    except ValueError as error:
        raise ValueError(f"fault {printable(text, 80)!r}: {error}") from None


def _arguments(kind: type[Fault], argument: str | None) -> Iterable[object]:
    if argument is None:
        return ()
    if kind is Delayed:
        return (float(argument),)
    if kind is Drips:
        stage, _, seconds = argument.partition(":")
        return (Stage(stage.upper()), float(seconds)) if seconds else (Stage(stage.upper()),)
    if issubclass(kind, _AtStage):
        return (Stage(argument.upper()),)
    if kind is Says:
        stage, _, rest = argument.partition(":")
        return (rest, Stage(stage)) if stage in Stage.__members__ else (argument,)
    if kind in (BadCertificate, ForeignGreeting):
        return (argument,)
    raise ValueError(f"{kind.name} takes no argument")


def replies() -> list[str]:
    """Ids of the causes whose reply the simulator can say: SES's own, at the stage where SES says them."""
    return [
        row.id
        for row in CAUSES
        if row.stage and row.samples and re.match(r"(?!220)[245]\d\d ", row.samples[0])
    ]


_EXAMPLES = {
    "bad-certificate": "bad-certificate:wrong-name",
    "says": "says:send-rate*2",
    "reset": "reset:MAIL",
    "closed": "closed:BODY",
    "stalled": "stalled:DATA",
    "drips": "drips:GREETING:0.5",
    "delayed": "delayed:0.2",
    "dropped": "dropped@25",
}


def describe() -> str:
    """Every fault with its meaning and an example, as text."""
    lines = ["Faults, written name[:argument][*times][@port,port]:", ""]
    for kind in FAULTS:
        meaning = " ".join((kind.__doc__ or "").split())
        lines.append(f"  {_EXAMPLES.get(kind.name, kind.name):28} {meaning}")
    lines += ["", f"Stages: {', '.join(stage for stage in Stage if stage not in ('RESOLVE', 'CONNECT'))}"]
    lines += ["Causes that can be said:", f"  {', '.join(replies())}"]
    return "\n".join(lines)
