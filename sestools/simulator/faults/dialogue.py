"""Faults of the dialogue: an answer at a stage that is another one, late, in pieces, or never comes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.core.results import Reply
from sestools.core.smtp import read_reply
from sestools.core.text import printable
from sestools.knowledge.table import CAUSES, cause
from sestools.simulator.actions import Abort, Action, Close, HalfClose, Pour, Say, Stall
from sestools.simulator.faults.base import Fault


@dataclass(frozen=True)
class Delayed(Fault):
    """Every answer comes so many seconds late."""

    seconds: float = 0.2
    name = "delayed"
    bounds = (("seconds", 0, 3600),)


@dataclass(frozen=True)
class AtStage(Fault):
    """A fault at one stage of the session."""

    stage: Stage = Stage.GREETING

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "stage", Stage(self.stage))
        if self.stage in (Stage.RESOLVE, Stage.CONNECT):
            raise UsageError(f"a server can do nothing at {self.stage}; the first stage is GREETING")

    def happens_at(self, stage: Stage) -> bool:
        return stage is self.stage


@dataclass(frozen=True)
class Reset(AtStage):
    """The connection is reset in place of the answer at a stage."""

    name = "reset"

    def instead(self) -> list[Action]:
        return [Abort()]


@dataclass(frozen=True)
class Closed(AtStage):
    """The connection is closed, in an orderly way, in place of the answer at a stage."""

    name = "closed"

    def instead(self) -> list[Action]:
        return [Close()]


@dataclass(frozen=True)
class Stalled(AtStage):
    """The answer at a stage never comes, and the connection stays open."""

    name = "stalled"

    def instead(self) -> list[Action]:
        return [Stall()]


@dataclass(frozen=True)
class HalfClosed(AtStage):
    """The server ends its side of the connection in place of the answer, and goes on listening."""

    name = "half-closed"

    def instead(self) -> list[Action]:
        return [HalfClose()]


@dataclass(frozen=True)
class ReplyLost(Fault):
    """The message is accepted, and the connection is lost before the reply: the client cannot know what became of it."""

    name = "reply-lost"
    where = Stage.BODY

    def change(self, answer: list[Action]) -> list[Action]:
        return [Abort()]


@dataclass(frozen=True)
class Drips(AtStage):
    """The answer at a stage comes one byte at a time, so many seconds apart."""

    seconds: float = 1.0
    name = "drips"
    bounds = (("seconds", 0, 3600),)

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
            raise UsageError(
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

    @classmethod
    def arguments(cls, text: str) -> Iterable[Any]:
        stage, _, rest = text.partition(":")
        return (rest, Stage(stage)) if stage in Stage.__members__ else (text,)

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
class AuthMissing(_Rewrites):
    """EHLO does not list AUTH, although the connection is encrypted."""

    name = "auth-missing"
    where = Stage.EHLO
    old, new = b"250-AUTH PLAIN LOGIN\r\n", b""


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


def replies() -> list[str]:
    """Ids of the causes whose reply the simulator can say: SES's own, at the stage where SES says them."""
    return [
        row.id
        for row in CAUSES
        if row.stage and row.samples and re.match(r"(?!220)[245]\d\d ", row.samples[0])
    ]
