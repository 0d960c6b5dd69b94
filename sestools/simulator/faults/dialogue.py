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
from sestools.knowledge.table import CAUSES
from sestools.simulator.actions import Action, Pour, Say, Turn
from sestools.simulator.faults.base import Fault

__all__ = [
    "AuthMissing", "Closed", "Delayed", "Drips", "EndlessGreeting", "ForeignGreeting", "HalfClosed", "Injected",
    "LongLine", "MixedCodes", "ReplyLost", "Reset", "Says", "Stalled", "StarttlsMasked", "StarttlsMissing", "replies",
]  # fmt: skip

_SAID = {row.id: row for row in CAUSES if row.samples and re.match(r"[2-5]\d\d[ -]", row.samples[0])}
"""The causes that show as a reply."""


def replies() -> list[str]:
    """Ids of the causes whose reply the simulator can say: SES's own, at the stage where SES says them."""
    return [id for id, row in _SAID.items() if row.stage and re.match(r"(?!220)[245]\d\d ", row.samples[0])]


@dataclass(frozen=True)
class Delayed(Fault, name="delayed", bounds=(("seconds", 0, 3600),)):
    """Every answer comes so many seconds late."""

    seconds: float = 0.2


@dataclass(frozen=True)
class _AtStage(Fault):
    """A fault at one stage of the session."""

    stage: Stage = Stage.GREETING

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "stage", Stage(self.stage))
        if self.stage in (Stage.RESOLVE, Stage.CONNECT):
            raise UsageError(f"a server can do nothing at {self.stage}; the first stage is GREETING")

    def happens_at(self, stage: Stage) -> bool:
        return stage is self.stage


class Reset(_AtStage, name="reset", does=(Turn.ABORT,)):
    """The connection is reset in place of the answer at a stage."""


class Closed(_AtStage, name="closed", does=(Turn.CLOSE,)):
    """The connection is closed, in an orderly way, in place of the answer at a stage."""


class Stalled(_AtStage, name="stalled", does=(Turn.STALL,)):
    """The answer at a stage never comes, and the connection stays open."""


class HalfClosed(_AtStage, name="half-closed", does=(Turn.HALF_CLOSE,)):
    """The server ends its side of the connection in place of the answer, and goes on listening."""


class ReplyLost(Fault, name="reply-lost", where=Stage.BODY):
    """The message is accepted, and the connection is lost before the reply: the client cannot know what became of it."""

    def change(self, answer: list[Action]) -> list[Action]:
        return [Turn.ABORT]


@dataclass(frozen=True)
class Drips(_AtStage, name="drips", bounds=(("seconds", 0, 3600),)):
    """The answer at a stage comes one byte at a time, so many seconds apart."""

    seconds: float = 1.0

    def change(self, answer: list[Action]) -> list[Action]:
        return [Say(action.data, self.seconds) if isinstance(action, Say) else action for action in answer]


@dataclass(frozen=True)
class Says(Fault, name="says"):
    """The server gives another reply: that of a cause (`send-rate`), or any text (`MAIL:450 Try later`).

    A `stage` that is not given is where the cause usually shows, or, for a text, its end of data. After a 421,
    and after the time-out reply, the connection is closed, as SES does.
    """

    text: str = "service-failure-454"
    stage: Stage | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stage is not None:
            object.__setattr__(self, "stage", Stage(self.stage))
        if self.text not in _SAID and not self.text[:1].isdigit():
            raise UsageError(
                f"'says' wants a reply such as '450 Try later', or a cause with a reply "
                f"({', '.join(replies())}), not {printable(self.text, 80)!r}"
            )
        _ = self.reply

    @cached_property
    def reply(self) -> Reply:
        """The reply that is given."""
        return read_reply(_SAID[self.text].samples[0] if self.text in _SAID else self.text)

    @cached_property
    def at(self) -> Stage:
        """Where it is given."""
        usual = _SAID[self.text].stage if self.text in _SAID else None
        return self.stage or usual or (Stage.GREETING if self.reply.code == 421 else Stage.BODY)

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
    def before_credentials(self) -> bool:
        return self.at is Stage.AUTH and self.reply.code in (503, 504, 530)

    def instead(self) -> list[Action]:
        ends = self.reply.code == 421 or "timeout waiting for data" in self.reply.text.lower()
        return [Say(self.reply.raw), *([Turn.CLOSE] if ends else ())]


@dataclass(frozen=True)
class ForeignGreeting(Fault, name="foreign-greeting", where=Stage.GREETING):
    """Another mail server answers, as behind a proxy that catches SMTP."""

    text: str = "mail.example.net ESMTP Postfix"

    def __post_init__(self) -> None:
        super().__post_init__()
        read_reply(f"220 {self.text}")

    @property
    def argument(self) -> str:
        return "" if self.text == type(self).text else self.text

    def instead(self) -> list[Action]:
        return [Say(f"220 {self.text}\r\n".encode())]


class _Rewrites(Fault, where=Stage.EHLO):
    """A fault that changes what an answer says."""

    old: ClassVar[bytes]
    new: ClassVar[bytes]

    def change(self, answer: list[Action]) -> list[Action]:
        return [
            one._replace(data=one.data.replace(self.old, self.new)) if isinstance(one, Say) else one
            for one in answer
        ]


class StarttlsMissing(_Rewrites, name="starttls-missing", old=b"250-STARTTLS\r\n", new=b""):
    """EHLO does not list STARTTLS."""


class StarttlsMasked(_Rewrites, name="starttls-masked", old=b"250-STARTTLS\r\n", new=b"250-XXXXXXXA\r\n"):
    """A middlebox overwrites STARTTLS in the EHLO reply with the letters XXXXXXXA."""


class AuthMissing(_Rewrites, name="auth-missing", old=b"250-AUTH PLAIN LOGIN\r\n", new=b""):
    """EHLO does not list AUTH, although the connection is encrypted."""


class Injected(
    _Rewrites,
    name="injected",
    where=Stage.STARTTLS,
    old=b"TLS\r\n",
    new=b"TLS\r\n250 injected in clear text\r\n",
):
    """Somebody puts a line of clear text between the answer to STARTTLS and the TLS handshake."""


class MixedCodes(_Rewrites, name="mixed-codes", old=b"250 Ok\r\n", new=b"550 Ok\r\n"):
    """The lines of the EHLO reply carry different codes."""


class EndlessGreeting(
    Fault,
    name="endless-greeting",
    where=Stage.GREETING,
    does=(Pour(b"220-welcome, and there is more\r\n" * 512, 1 << 40),),
):
    """The greeting never ends: line after line, each announcing one more."""


class LongLine(
    Fault,
    name="long-line",
    where=Stage.GREETING,
    does=(Say(b"220 "), Pour(b"x" * 16384, 100_000_000), Say(b"\r\n")),
):
    """The greeting is one line of 100 MB."""
