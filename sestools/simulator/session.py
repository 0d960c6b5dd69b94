"""SES's side of an SMTP dialogue without a socket: bytes in, actions out, told the time.

The same session runs over real TCP and TLS (`connection.py`) and in memory (`memory.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.masking import MASK, mask_command
from sestools.simulator.account import Submission, reply_of
from sestools.simulator.actions import Action, Close, Say, StartTls
from sestools.simulator.exchanges import Content, Rejected, auth
from sestools.simulator.faults import Fault, Says
from sestools.simulator.replies import HOST, INFERRED, OBSERVED
from sestools.simulator.service import ConnectionRecord, Service

MAX_COMMAND = 998
"""Longest command line that is taken, in bytes."""

_PATH = re.compile(r"(?P<keyword>FROM|TO)\s*:\s*(?:<(?P<path>.*)>|(?P<bare>\S*))(?:\s+\S+)*\s*", re.I)
# Printable ASCII; of what else may stand in a local part SES refuses only `>` here, and `:` at the end of DATA.
_ADDRESS = re.compile(r"(?:[ -=?A-~]+|\"[ !#-=?-~]*\")@[!-;=?A-~]+")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")

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
        self._mail = _Mail()
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
        self._mail = _Mail()

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
            else self._service.at(self._record, stage, _needs_credentials if stage is Stage.AUTH else None)
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
        elif self._exchange:
            self._go_on_with_auth(line)
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
            self._at(Stage("EHLO" if verb == "HELO" else verb), handler, self, argument)
        else:
            self._other(verb)

    def _greet(self) -> None:
        self._say(f"220 {HOST} ESMTP {self._service.greeting(self._record)}")

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
        era = self._service.era
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
            # Whatever was sent after STARTTLS in clear text is thrown away: an injected command must not count.
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
        elif not self._refuses_auth():
            self._exchange = auth(mechanism.upper(), initial)
            self._go_on_with_auth(None)

    def _go_on_with_auth(self, line: str | None) -> None:
        exchange, self._exchange = self._exchange, None
        assert exchange  # noqa: S101 - only called inside AUTH
        try:
            self._say(next(exchange) if line is None else exchange.send(line))
        except StopIteration as done:
            self._sign_in(*done.value)
        except Rejected as rejected:
            self._say(str(rejected))
        else:
            self._exchange = exchange

    def _refuses_auth(self) -> bool:
        """A fault that answers AUTH before the credentials are heard does so; others wait for them."""
        faults = self._service.at(self._record, Stage.AUTH, lambda fault: not _needs_credentials(fault))
        for fault in faults:
            self._do(fault.instead() or [])
        return bool(faults)

    def _sign_in(self, user: str, password: str) -> None:
        def answer() -> None:
            reply = self._service.sign_in(self._record, user, password)
            self._signed_in = reply.startswith("235")
            self._say(reply)

        self._at(Stage.AUTH, answer)
        if self._signed_in:
            for fault in self._service.at(self._record, Stage.IDLE):
                # What SES pushes at an idle client, at once: the client reads it in place of its next reply.
                self._do(fault.instead() or [])

    def _address(self, keyword: str, argument: str, *, otherwise: str) -> str | None:
        """The address in `FROM:<address>` or `TO:<address>`; without one, the reply is given."""
        found = _PATH.fullmatch(argument)
        if not found or found["keyword"].upper() != keyword:
            self._say(INFERRED["MAIL syntax" if keyword == "FROM" else "RCPT syntax"])
            return None
        address = (found["path"] or found["bare"] or "").strip()
        self._say(OBSERVED["ok"] if (good := _ADDRESS.fullmatch(address)) else OBSERVED[otherwise])
        return address if good else None

    def _mail_from(self, argument: str) -> None:
        if self._record.messages >= self._service.rules.max_messages:
            # At which command SES says this is unknown.
            self._say(reply_of("session-limit"))
            self._end(Close())
        elif self._mail.sender is not None:
            self._say(INFERRED["second sender"])
        else:
            self._mail.sender = self._address("FROM", argument, otherwise="bad sender")

    def _rcpt_to(self, argument: str) -> None:
        if self._mail.sender is None:
            self._say(INFERRED["sender first"])
        elif address := self._address("TO", argument, otherwise="bad recipient"):
            self._mail.recipients.append(address)

    def _data(self, argument: str) -> None:
        if not self._mail.recipients:
            self._say(INFERRED["sender first" if self._mail.sender is None else "recipient first"])
            return
        self._say(OBSERVED["go ahead"])
        self._content = Content(self._buffer, self._service.max_size)

    def _message(self) -> bool:
        """Take a whole message from the buffer; False if it is not complete."""
        taken = self._content.take() if self._content else None
        if taken is None:
            return False
        size, message = taken
        self._content = None
        self._heard(f"[message of {size} bytes]")
        mail, self._mail = self._mail, _Mail()
        submission = Submission(
            sender=mail.sender or "",
            recipients=tuple(mail.recipients),
            message=message,
            legacy=self._record.legacy,
        )
        self._at(Stage.BODY, lambda: self._say(self._service.submit(self._record, submission)))
        return True


def _needs_credentials(fault: Fault) -> bool:
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
