"""The part of a session that knows no command: lines and messages, time-outs, and faults in place of answers."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.masking import MASK, mask_command
from sestools.simulator.account import reply_of
from sestools.simulator.actions import Action, Close, Say
from sestools.simulator.exchanges import Content
from sestools.simulator.faults import Fault, Says
from sestools.simulator.replies import INFERRED
from sestools.simulator.service import ConnectionRecord, Service

MAX_COMMAND = 998
"""Longest command line that is taken, in bytes."""

_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")


def needs_credentials(fault: Fault) -> bool:
    """Whether a fault at AUTH waits for the credentials: those that say that AUTH is out of place do not."""
    return not (isinstance(fault, Says) and fault.at_command)


@dataclass(slots=True)
class Mail:
    """An open transaction."""

    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class Dialogue(ABC):
    """A session as far as it is lines, messages, time and faults. Every method returns what to do, in order.

    Args:
        service: SES itself.
        record: The connection that the session belongs to.
        security: The TLS mode of the port.
    """

    def __init__(self, service: Service, record: ConnectionRecord, security: Security) -> None:
        self._service = service
        self._record = record
        self._offers_starttls = security is Security.STARTTLS
        self._encrypted = security is Security.WRAPPER
        self._heard_at = service.clock.now()
        self._buffer = bytearray()
        self._out: list[Action] = []
        self._mail = Mail()
        self._content: Content | None = None
        """The message that is being sent, between DATA and its end."""
        self._ended = False
        self._awaits_tls = False
        self.greeted = False
        """Whether the greeting was said."""
        self._signed_in = False
        self._exchange: Generator[str, str, tuple[str, str]] | None = None
        """AUTH, while it waits for the client's answer to a challenge."""

    @property
    def due(self) -> float:
        """When something happens if the client stays silent: an idle time-out, or its host is retired."""
        if self._ended and not self._awaits_tls:
            return float("inf")
        return min(self._heard_at + self._service.rules.idle, self._record.ends_at)

    def begin(self) -> list[Action]:
        """The greeting."""
        self._heard_at = self._service.clock.now()
        self.greeted = True
        if self._record.turned_away:
            # In place of the greeting: where SES says this is inferred.
            self._say(reply_of("too-many-connections"))
            self._end(Close())
        else:
            self._at(Stage.GREETING, self._greet)
        return self._take()

    def receive(self, data: bytes) -> list[Action]:
        """What the client sent."""
        self._heard_at = self._service.clock.now()
        if not self._ended:
            self._buffer += data
            while self._buffer and not self._ended and (self._message() if self._content else self._line()):
                pass
        return self._take()

    def tls_started(self) -> None:
        """The handshake after STARTTLS is done: the dialogue begins anew (RFC 3207, 4.2)."""
        self._heard_at = self._service.clock.now()
        self._encrypted, self._ended, self._awaits_tls = True, False, False
        self._mail = Mail()

    def hears(self, until: float = 0.0) -> None:
        """The client is not silent: what it sends is on its way, or it waits for what is said (until then)."""
        self._heard_at = max(self._heard_at, self._service.clock.now(), until)

    def tick(self) -> list[Action]:
        """Time has passed: what is due is done."""
        now = self._service.clock.now()
        if now < self.due:
            return []
        # Time may have jumped beyond both: what was due first is what happened.
        if self._record.ends_at <= self._heard_at + self._service.rules.idle:
            self._service.event(self._record, "*", "its host is retired")
        elif self.greeted and not self._awaits_tls:  # a client that speaks TLS expects no clear text
            self._say(self._service.era.idle)
        self._awaits_tls = False
        self._end(Close())
        return self._take()

    def _take(self) -> list[Action]:
        taken, self._out = self._out, []
        return taken

    def _say(self, line: str) -> None:
        self._out.append(Say(f"{line}\r\n".encode()))

    def _end(self, *last: Action) -> None:
        self._out += last
        self._ended = True
        self._buffer.clear()

    def _heard(self, line: str) -> None:
        if self._service.watched:
            self._service.event(self._record, ">", line)

    def _at(self, stage: Stage, answer: Callable[..., None], *arguments: object) -> None:
        """Answer at a stage, or do what a fault does instead."""
        calm = self._service.calm
        faults = (
            []
            if calm
            else self._service.at(self._record, stage, needs_credentials if stage is Stage.AUTH else None)
        )
        if not faults:
            answer(*arguments)
            return
        before, self._out = self._out, []
        instead = next((one for one in faults if one.instead() is not None), None)
        if instead is None:
            answer(*arguments)
        else:
            self._do(instead.instead() or [])
            if stage is Stage.BODY and isinstance(instead, Says) and instead.reply.code >= 400:
                self._service.refused += 1
        for fault in faults:
            self._out = fault.change(self._out)
        self._out = before + self._out

    def _do(self, actions: list[Action]) -> None:
        """Do what a fault wants; unless it only says something, the session ends with it."""
        self._out += actions
        if not all(isinstance(action, Say) for action in actions):
            self._ended = True

    def _line(self) -> bool:
        """Take one line from the buffer; False if there is none."""
        end = self._buffer.find(b"\n")
        if end < 0 and len(self._buffer) <= MAX_COMMAND:
            return False
        if end < 0 or end > MAX_COMMAND:
            self._heard("[a line that is too long]")
            self._say(INFERRED["long line"])
            self._end(Close())
            return False
        raw = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        # Its only CR stands before its only LF, or it is searched for where it does not.
        bare = None if -1 != raw.find(b"\r") == end - 1 else _BARE.search(raw)
        line = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
        if self._service.watched:
            self._heard(MASK if self._exchange else mask_command(line))
        if bare:
            self._say(INFERRED["bare line end"].format(at=bare.start()))
            self._end(Close())
        else:
            self._answer(line)
        return True

    @abstractmethod
    def _greet(self) -> None:
        """Greet the client."""

    @abstractmethod
    def _answer(self, line: str) -> None:
        """Answer a line: a command, or a part of AUTH."""

    @abstractmethod
    def _message(self) -> bool:
        """Take a whole message from the buffer; False if it is not complete."""
