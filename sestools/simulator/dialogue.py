"""The part of a session that knows no command: lines and messages, time-outs, and faults in place of answers."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator

from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.masking import MASK, mask_command
from sestools.simulator.account import Submission, reply_of
from sestools.simulator.actions import Action, Say, Turn
from sestools.simulator.faults import Says
from sestools.simulator.replies import INFERRED
from sestools.simulator.service import ConnectionRecord, Service

MAX_COMMAND = 998
"""Longest command line that is taken, in bytes."""

_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")


class Content:
    """The text of a message, taken from what the client sends after DATA; beyond `max_size` it is only counted."""

    def __init__(self, buffer: bytearray, max_size: int) -> None:
        self._buffer, self._max_size = buffer, max_size
        # The line end before a final dot that comes first of all; taken off again in `take`.
        buffer[:0] = b"\r\n"
        self._scanned = 0
        """How far the buffer was searched for the end."""
        self._dots = 0
        """How many dots of transparency were seen on the way."""
        self._dropped = 0
        """Bytes that were thrown away, since the message is too long."""

    def take(self) -> tuple[int, bytes | None] | None:
        """The size of the message and its text (None if it is too long); None while it is not complete."""
        buffer = self._buffer
        end = buffer.find(b"\r\n.\r\n", self._scanned)
        if end >= 0:
            # RFC 5321, 4.5.2: the first dot of a line goes, whatever follows.
            message = bytes(buffer[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]
            del buffer[: end + 5]
            size = self._dropped + len(message)
            return size, message if size <= self._max_size else None
        if len(buffer) >= 5:
            begin, self._scanned = self._scanned, len(buffer) - 4
            self._dots += buffer.count(b"\r\n.", begin, self._scanned + 2)
            if self._dropped or self._scanned - self._dots - 2 > self._max_size:
                # It will be refused for its size; only its end is still of interest.
                self._dropped += self._scanned - self._dots
                del buffer[: self._scanned]
                self._scanned = self._dots = 0
        return None


class Dialogue(ABC):
    """A session as far as it is lines, messages, time and faults. Every method returns what to do, in order."""

    def __init__(self, service: Service, record: ConnectionRecord, security: Security) -> None:
        self._service, self._record = service, record
        self._offers_starttls = security is Security.STARTTLS
        self._encrypted = security is Security.WRAPPER
        self._heard_at = service.clock.now()
        self._buffer = bytearray()
        self._out: list[Action] = []
        self._submission = Submission()
        self._content: Content | None = None
        """The message that is being sent, between DATA and its end."""
        self._ended = self._awaits_tls = self._signed_in = False
        self.greeted = False
        """Whether the greeting was said."""
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
            self._end(Turn.CLOSE)
        else:
            self._at(Stage.GREETING, lambda: self._say(self._service.greeting(self._record)))
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
        self._submission = Submission()

    def hears(self, until: float = 0.0) -> None:
        """The client is not silent: what it sends is on its way, or it waits for what is said (until then)."""
        self._heard_at = max(self._heard_at, self._service.clock.now(), until)

    def tick(self) -> list[Action]:
        """Time has passed: what is due is done."""
        if self._service.clock.now() < self.due:
            return []
        # Time may have jumped beyond both: what was due first is what happened.
        if self._record.ends_at <= self._heard_at + self._service.rules.idle:
            self._service.event(self._record, "*", "its host is retired")
        elif self.greeted and not self._awaits_tls:  # a client that speaks TLS expects no clear text
            self._say(self._service.era.idle)
        self._awaits_tls = False
        self._end(Turn.CLOSE)
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

    def _at(self, stage: Stage, answer: Callable[[], None]) -> None:
        """Answer at a stage, or do what a fault does instead."""
        if self._service.calm or not (faults := self._service.at(self._record, stage)):
            answer()
            return
        before, self._out = self._out, []
        for fault in faults:
            if (instead := fault.instead()) is not None:
                self._do(instead)
                if stage is Stage.BODY and isinstance(fault, Says) and not fault.reply.ok:
                    self._service.refused += 1
                break
        else:
            answer()
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
        if max(end, len(self._buffer) if end < 0 else 0) > MAX_COMMAND:
            self._service.event(self._record, ">", "[a line that is too long]")
            self._say(INFERRED["long line"])
            self._end(Turn.CLOSE)
        if end < 0 or self._ended:
            return False
        raw = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        # Its only CR stands before its only LF, or it is searched for where it does not.
        bare = None if -1 != raw.find(b"\r") == end - 1 else _BARE.search(raw)
        line = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
        if self._service.watched:
            self._service.event(self._record, ">", MASK if self._exchange else mask_command(line))
        if bare:
            self._say(INFERRED["bare line end"].format(at=bare.start()))
            self._end(Turn.CLOSE)
        else:
            self._answer(line)
        return True

    def _message(self) -> bool:
        """Take a whole message from the buffer; False if it is not complete."""
        taken = self._content.take() if self._content else None
        if taken is None:
            return False
        whole, self._submission, self._content = self._submission, Submission(), None
        size, whole.message = taken
        self._service.event(self._record, ">", f"[message of {size} bytes]")
        whole.legacy = self._record.legacy
        self._at(Stage.BODY, lambda: self._say(self._service.submit(self._record, whole)))
        return True

    @abstractmethod
    def _answer(self, line: str) -> None:
        """Answer a line: a command, or a part of AUTH."""
