"""SES's side of an SMTP dialogue without a socket: bytes in, actions out, told the time.

The same session runs over real TCP and TLS (`connection.py`) and in memory (`memory.py`).
"""

from __future__ import annotations

import re

from sestools.core.enums import Stage
from sestools.simulator.account import Submission, reply_of
from sestools.simulator.actions import Close, Say, StartTls
from sestools.simulator.dialogue import Dialogue, Mail, needs_credentials
from sestools.simulator.exchanges import Content, Rejected, auth
from sestools.simulator.replies import HOST, INFERRED, OBSERVED

_PATH = re.compile(r"(?P<keyword>FROM|TO)\s*:\s*(?:<(?P<path>.*)>|(?P<bare>\S*))(?:\s+\S+)*\s*", re.I)
# Printable ASCII; of what else may stand in a local part SES refuses only `>` here, and `:` at the end of DATA.
_ADDRESS = re.compile(r"(?:[ -=?A-~]+|\"[ !#-=?-~]*\")@[!-;=?A-~]+")

_BEFORE_TLS = {"EHLO", "NOOP", "QUIT", "STARTTLS"}
_AFTER_AUTH = {"MAIL", "RCPT", "DATA", "HELP", "VRFY", "EXPN"}


class ServerSession(Dialogue):
    """One session: what SES replies to each command."""

    def _answer(self, line: str) -> None:
        if self._exchange:
            self._go_on_with_auth(line)
        else:
            self._command(line)

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
            self._mail = Mail()
            self._say(OBSERVED["ok"])
        elif verb == "NOOP":
            self._say(OBSERVED["ok"])
        else:
            self._say(INFERRED.get(verb, INFERRED["unknown verb"]))

    def _ehlo(self, argument: str) -> None:
        if not argument:
            self._say(INFERRED["EHLO name"])
            return
        self._mail = Mail()
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
        self._mail = Mail()
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
        faults = self._service.at(self._record, Stage.AUTH, lambda fault: not needs_credentials(fault))
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
        mail, self._mail = self._mail, Mail()
        submission = Submission(
            sender=mail.sender or "",
            recipients=tuple(mail.recipients),
            message=message,
            legacy=self._record.legacy,
        )
        self._at(Stage.BODY, lambda: self._say(self._service.submit(self._record, submission)))
        return True


_HANDLERS = {
    "EHLO": ServerSession._ehlo,
    "HELO": ServerSession._helo,
    "STARTTLS": ServerSession._starttls,
    "MAIL": ServerSession._mail_from,
    "RCPT": ServerSession._rcpt_to,
    "DATA": ServerSession._data,
    "QUIT": ServerSession._quit,
}
