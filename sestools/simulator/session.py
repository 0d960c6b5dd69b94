"""SES's side of an SMTP dialogue without a socket: bytes in, actions out, told the time.

The same session runs over real TCP and TLS (`connection.py`) and in memory (`memory.py`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.masking import MASK, mask_command
from sestools.simulator.account import Submission, reply_of
from sestools.simulator.actions import Action, Close, Say, StartTls
from sestools.simulator.faults import Fault, Says
from sestools.simulator.replies import HOST, INFERRED, OBSERVED
from sestools.simulator.service import Service, Visit

MAX_COMMAND = 998
"""Longest command line that is taken, in bytes."""

_FROM = re.compile(r"FROM\s*:\s*(?:<(?P<path>.*)>|(?P<bare>\S*))(?P<parameters>(?:\s+\S+)*)\s*", re.I)
_TO = re.compile(r"TO\s*:\s*(?:<(?P<path>.*)>|(?P<bare>\S*))(?P<parameters>(?:\s+\S+)*)\s*", re.I)
# Printable ASCII; of what else may stand in a local part SES refuses only `>` here, and `:` at the end of DATA.
_ADDRESS = re.compile(r"(?:[ -=?A-~]+|\"[ !#-=?-~]*\")@[!-;=?A-~]+")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")

_STAGES = {
    "EHLO": Stage.EHLO,
    "HELO": Stage.EHLO,
    "STARTTLS": Stage.STARTTLS,
    "MAIL": Stage.MAIL,
    "RCPT": Stage.RCPT,
    "DATA": Stage.DATA,
    "QUIT": Stage.QUIT,
}
_BEFORE_TLS = {"EHLO", "NOOP", "QUIT", "STARTTLS"}
_AFTER_AUTH = {"MAIL", "RCPT", "DATA", "HELP", "VRFY", "EXPN"}


@dataclass(slots=True)
class _Mail:
    """An open transaction."""

    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class ServerSession:
    """One session. Every method returns what to do, in order.

    Args:
        world: SES itself.
        visit: The connection that the session belongs to.
        security: The TLS mode of the port.
    """

    def __init__(self, world: Service, visit: Visit, security: Security) -> None:
        self._world = world
        self._visit = visit
        self._offers_starttls = security is Security.STARTTLS
        self._encrypted = security is Security.WRAPPER
        self._heard_at = world.clock.now()
        self._buffer = bytearray()
        self._out: list[Action] = []
        self._mail = _Mail()
        self._in_data = False
        self._scanned = 0
        """How far the buffer was searched for the end of a message."""
        self._dots = 0
        """How many dots of transparency were seen on the way."""
        self._dropped = 0
        """Bytes of a message that is too long which were thrown away."""
        self._ended = False
        self._awaits_tls = False
        self.greeted = False
        """Whether the greeting was said."""
        self._signed_in = False
        self._expects: Callable[[str], None] | None = None
        self._user = ""

    @property
    def due(self) -> float:
        """When something happens if the client stays silent: an idle time-out, or its host is retired."""
        if self._ended and not self._awaits_tls:
            return float("inf")
        return min(self._heard_at + self._world.rules.idle, self._visit.ends_at)

    def begin(self) -> list[Action]:
        """The greeting."""
        self._heard_at = self._world.clock.now()
        self.greeted = True
        if self._visit.turned_away:
            # In place of the greeting: where SES says this is inferred.
            self._say(reply_of("too-many-connections"))
            self._end(Close())
        else:
            self._at(Stage.GREETING, self._greet)
        return self._take()

    def receive(self, data: bytes) -> list[Action]:
        """What the client sent."""
        self._heard_at = self._world.clock.now()
        if not self._ended:
            self._buffer += data
            while self._buffer and not self._ended and (self._content() if self._in_data else self._line()):
                pass
        return self._take()

    def tls_started(self) -> None:
        """The handshake after STARTTLS is done: the dialogue begins anew (RFC 3207, 4.2)."""
        self._heard_at = self._world.clock.now()
        self._encrypted, self._ended, self._awaits_tls = True, False, False
        self._mail = _Mail()

    def hears(self, until: float = 0.0) -> None:
        """The client is not silent: what it sends is on its way, or it waits for what is said (until then)."""
        self._heard_at = max(self._heard_at, self._world.clock.now(), until)

    def tick(self) -> list[Action]:
        """Time has passed: what is due is done."""
        now = self._world.clock.now()
        if now < self.due:
            return []
        # Time may have jumped beyond both: what was due first is what happened.
        if self._visit.ends_at <= self._heard_at + self._world.rules.idle:
            self._world.event(self._visit, "*", "its host is retired")
        elif (
            self.greeted and not self._awaits_tls
        ):  # in clear text, nothing can be said to a client that speaks TLS
            self._say(self._world.era.idle)
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
        if self._world.watched:
            self._world.event(self._visit, ">", line)

    def _at(self, stage: Stage, answer: Callable[..., None], *arguments: object) -> None:
        """Answer at a stage, or do what a fault does instead."""
        calm = self._world.calm
        faults = [] if calm else self._world.at(self._visit, stage, _waits if stage is Stage.AUTH else None)
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
                self._world.refused += 1
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
        if self._world.watched:
            self._heard(MASK if self._expects else mask_command(line))
        if bare:
            self._say(INFERRED["bare line end"].format(at=bare.start()))
            self._end(Close())
        elif self._expects is not None:
            answer, self._expects = self._expects, None
            answer(line)
        else:
            self._command(line)
        return True

    def _command(self, line: str) -> None:
        line = line.strip()
        verb, _, argument = line.partition(" ")
        verb, argument = verb.upper(), argument.strip()
        if len(line) < 4:
            self._say(INFERRED["too short"])
        elif self._offers_starttls and not self._encrypted and verb not in _BEFORE_TLS:
            self._say(OBSERVED["TLS first"])
        elif verb in _AFTER_AUTH and not self._signed_in:
            self._say(OBSERVED["sign in first"])
        elif verb == "AUTH":
            self._auth(argument)
        elif handler := _HANDLERS.get(verb):
            self._at(_STAGES[verb], handler, self, argument)
        else:
            self._other(verb)

    def _greet(self) -> None:
        self._say(f"220 {HOST} ESMTP {self._world.greeting(self._visit)}")

    def _other(self, verb: str) -> None:
        if verb == "RSET":
            self._mail = _Mail()
            self._say(OBSERVED["ok"])
        elif verb == "NOOP":
            self._say(OBSERVED["ok"])
        else:
            self._say(INFERRED.get(verb, INFERRED["unknown verb"]))

    def _ehlo(self, argument: str) -> None:
        if not argument:
            self._say(INFERRED["EHLO name"])
            return
        self._mail = _Mail()
        era = self._world.era
        lines = [HOST, "8BITMIME"]
        if era.size:
            lines.append(f"SIZE {era.size}")
        if self._offers_starttls and (not self._encrypted or era.starttls_stays):
            lines.append("STARTTLS")
        lines.append("AUTH PLAIN LOGIN")
        reply = "".join(f"250-{line}\r\n" for line in lines) + "250 Ok\r\n"
        self._out.append(Say(reply.encode()))

    def _helo(self, argument: str) -> None:
        self._mail = _Mail()
        self._say(INFERRED["HELO" if argument else "HELO name"])

    def _starttls(self, argument: str) -> None:
        if argument:
            self._say(INFERRED["STARTTLS syntax"])
        elif self._encrypted:
            self._say(INFERRED["TLS active"])
        else:
            self._say(OBSERVED["ready for TLS"])
            # Whatever was sent behind STARTTLS in clear text is thrown away: an injected command must not count.
            self._end(StartTls())
            self._awaits_tls = True

    def _quit(self, argument: str) -> None:
        self._say(OBSERVED["bye"])
        self._end(Close())

    def _auth(self, argument: str) -> None:
        mechanism, _, initial = argument.partition(" ")
        if not mechanism:
            self._say(INFERRED["AUTH syntax"])
        elif self._signed_in:
            self._say(INFERRED["signed in already"])
        elif self._refuses_auth():
            return
        elif mechanism.upper() == "PLAIN":
            self._challenge(OBSERVED["PLAIN"], self._plain, initial)
        elif mechanism.upper() == "LOGIN":
            self._challenge(OBSERVED["user name"], self._login_user, initial)
        else:
            self._say(INFERRED["mechanism"])

    def _refuses_auth(self) -> bool:
        """A fault that answers AUTH before the credentials are heard does so; others wait for them."""
        faults = self._world.at(self._visit, Stage.AUTH, lambda fault: not _waits(fault))
        for fault in faults:
            self._do(fault.instead() or [])
        return bool(faults)

    def _challenge(self, question: str, answer: Callable[[str], None], initial: str = "") -> None:
        if initial:
            answer(initial)
        else:
            self._expects = answer
            self._say(question)

    def _plain(self, line: str) -> None:
        text = self._decoded(line)
        if text is None:
            return
        # authorization identity NUL user NUL password (RFC 4616); SES takes the user in the first place too.
        parts = text.split("\0")
        user, password = (parts[1], parts[-1]) if len(parts) >= 3 else ("", "")
        self._sign_in(user, password)

    def _login_user(self, line: str) -> None:
        user = self._decoded(line)
        if user is not None:
            self._user = user
            self._challenge(OBSERVED["password"], self._login_password)

    def _login_password(self, line: str) -> None:
        password = self._decoded(line)
        if password is not None:
            self._sign_in(self._user, password)

    def _decoded(self, line: str) -> str | None:
        if line.strip() == "*":
            self._say(INFERRED["cancelled"])
            return None
        try:
            return base64.b64decode(line.strip(), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            self._say(INFERRED["not base64"])
            return None

    def _sign_in(self, user: str, password: str) -> None:
        def answer() -> None:
            reply = self._world.sign_in(self._visit, user, password)
            self._signed_in = reply.startswith("235")
            self._say(reply)

        self._at(Stage.AUTH, answer)
        if self._signed_in:
            for fault in self._world.at(self._visit, Stage.IDLE):
                # What SES pushes at an idle client, at once: the client reads it in place of its next reply.
                self._do(fault.instead() or [])

    def _mail_from(self, argument: str) -> None:
        found = _FROM.fullmatch(argument)
        if self._visit.messages >= self._world.rules.max_messages:
            # At which command SES says this is unknown.
            self._say(reply_of("session-limit"))
            self._end(Close())
        elif self._mail.sender is not None:
            self._say(INFERRED["second sender"])
        elif not found:
            self._say(INFERRED["MAIL syntax"])
        elif not _ADDRESS.fullmatch(address := (found["path"] or found["bare"] or "").strip()):
            self._say(OBSERVED["bad sender"])
        else:
            self._mail.sender = address
            self._say(OBSERVED["ok"])

    def _rcpt_to(self, argument: str) -> None:
        found = _TO.fullmatch(argument)
        if self._mail.sender is None:
            self._say(INFERRED["sender first"])
        elif not found:
            self._say(INFERRED["RCPT syntax"])
        elif not _ADDRESS.fullmatch(address := (found["path"] or found["bare"] or "").strip()):
            self._say(OBSERVED["bad recipient"])
        else:
            self._mail.recipients.append(address)
            self._say(OBSERVED["ok"])

    def _data(self, argument: str) -> None:
        if not self._mail.recipients:
            self._say(INFERRED["sender first" if self._mail.sender is None else "recipient first"])
            return
        self._in_data = True
        self._say(OBSERVED["go ahead"])
        # The line end before a final dot that comes first of all; taken off again in `_content`.
        self._buffer[:0] = b"\r\n"
        self._scanned = self._dots = self._dropped = 0

    def _content(self) -> bool:
        """Take a whole message from the buffer; False if it is not complete."""
        end = self._buffer.find(b"\r\n.\r\n", self._scanned)
        if end < 0:
            if len(self._buffer) < 5:
                return False
            begin, self._scanned = self._scanned, len(self._buffer) - 4
            self._dots += self._buffer.count(b"\r\n.", begin, self._scanned + 2)
            size = self._scanned - self._dots - 2
            if self._dropped or size > self._world.max_size:
                # It will be refused for its size; only its end is still of interest.
                self._dropped += self._scanned - self._dots
                del self._buffer[: self._scanned]
                self._scanned = self._dots = 0
            return False
        # RFC 5321, 4.5.2: the first dot of a line goes, whatever follows.
        message = bytes(self._buffer[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]
        del self._buffer[: end + 5]
        self._in_data = False
        size = self._dropped + len(message)
        self._heard(f"[message of {size} bytes]")
        mail, self._mail = self._mail, _Mail()
        submission = Submission(
            sender=mail.sender or "",
            recipients=tuple(mail.recipients),
            message=message if size <= self._world.max_size else None,
            legacy=self._visit.legacy,
        )
        self._at(Stage.BODY, lambda: self._say(self._world.submit(self._visit, submission)))
        return True


def _waits(fault: Fault) -> bool:
    """Whether a fault at AUTH waits for the credentials: those that say that AUTH is out of place do not."""
    return not (isinstance(fault, Says) and fault.at_command)


_HANDLERS = {
    "EHLO": ServerSession._ehlo,
    "HELO": ServerSession._helo,
    "STARTTLS": ServerSession._starttls,
    "MAIL": ServerSession._mail_from,
    "RCPT": ServerSession._rcpt_to,
    "DATA": ServerSession._data,
    "QUIT": ServerSession._quit,
}
