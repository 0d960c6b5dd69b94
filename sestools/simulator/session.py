"""SES's side of an SMTP dialogue without a socket: bytes in, actions out, told the time.

The same session runs over real TCP and TLS (`connection.py`) and in memory (`memory.py`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Generator
from functools import partial

from sestools.core.enums import Stage
from sestools.simulator.account import Submission, reply_of
from sestools.simulator.actions import Turn
from sestools.simulator.dialogue import Content, Dialogue
from sestools.simulator.replies import HOST, INFERRED, OBSERVED

_PATH = re.compile(
    r"(?P<keyword>FROM|TO)\s*:\s*(?:<(?P<path>[^>]*)>(?!\S)|(?P<bare>\S*))(?P<more>(?:\s+\S+)*)\s*", re.I
)
# BODY belongs to 8BITMIME and AUTH to AUTH, which EHLO lists; clients send SIZE whether it is listed or not.
_PARAMETER = re.compile(r"SIZE=\d{1,20}|BODY=(?:7BIT|8BITMIME)|AUTH=\S+", re.I)
# Printable ASCII; of what else may stand in a local part SES refuses only `>` here, and `:` at the end of DATA.
_ADDRESS = re.compile(r"(?:[ -=?A-~]+|\"[ !#-=?-~]*\")@[!-;=?A-~]+")

_BEFORE_TLS = {"EHLO", "NOOP", "QUIT", "STARTTLS"}
_AFTER_AUTH = {"MAIL", "RCPT", "DATA", "HELP", "VRFY", "EXPN"}


class Rejected(Exception):
    """AUTH ends before there are credentials; its text is the reply."""


def auth(mechanism: str, initial: str) -> Generator[str, str, tuple[str, str]]:
    """AUTH: yields each challenge, takes the client's line for it, and returns user name and password."""
    if mechanism == "PLAIN":
        # authorization identity NUL user NUL password (RFC 4616); SES takes the user in the first place too.
        parts = _decoded(initial or (yield OBSERVED["PLAIN"])).split("\0")
        return (parts[1], parts[-1]) if len(parts) >= 3 else ("", "")
    if mechanism == "LOGIN":
        user = _decoded(initial or (yield OBSERVED["user name"]))
        return user, _decoded((yield OBSERVED["password"]))
    raise Rejected(INFERRED["mechanism"])


def _decoded(line: str) -> str:
    if line.strip() == "*":
        raise Rejected(INFERRED["cancelled"])
    try:
        return base64.b64decode(line.strip(), validate=True).decode("utf-8", "replace")
    except ValueError:
        raise Rejected(INFERRED["not base64"]) from None


class ServerSession(Dialogue):
    """One session: what SES replies to each command."""

    def _answer(self, line: str) -> None:
        if self._exchange:
            self._go_on_with_auth(line)
            return
        line = line.strip()
        verb, _, argument = line.partition(" ")
        verb, argument = verb.upper(), argument.strip()
        if len(line) < 4:
            self._say(INFERRED["too short"])
        elif verb in _AFTER_AUTH and not self._signed_in:
            # Before TLS, too: MAIL was seen to get this, and AUTH the other 530 (https://pastebin.com/t22G4F69).
            refusal = partial(self._say, OBSERVED["sign in first"])
            if verb in _COMMANDS:
                self._at(_COMMANDS[verb][0], refusal)
            else:
                refusal()
        elif self._offers_starttls and not self._encrypted and verb not in _BEFORE_TLS:
            self._say(OBSERVED["TLS first"])
        elif verb == "AUTH":
            self._auth(argument)
        elif known := _COMMANDS.get(verb):
            stage, answer = known
            self._at(stage, lambda: answer(self, argument))
        elif verb in ("RSET", "NOOP"):
            self._submission = self._submission if verb == "NOOP" else Submission()
            self._say(OBSERVED["ok"])
        else:
            self._say(INFERRED.get(verb, INFERRED["unknown verb"]))

    def _ehlo(self, argument: str) -> None:
        if not argument:
            self._say(INFERRED["EHLO name"])
            return
        self._submission = Submission()
        era = self._service.era
        lines = [HOST, "8BITMIME"]
        if era.size:
            lines.append(f"SIZE {era.size}")
        if self._offers_starttls and (not self._encrypted or era.starttls_stays):
            lines.append("STARTTLS")
        self._say("".join(f"250-{line}\r\n" for line in [*lines, "AUTH PLAIN LOGIN"]) + "250 Ok")

    def _helo(self, argument: str) -> None:
        self._submission = Submission()
        self._say(INFERRED["HELO" if argument else "HELO name"])

    def _starttls(self, argument: str) -> None:
        if argument:
            self._say(INFERRED["STARTTLS syntax"])
        elif self._encrypted:
            self._say(INFERRED["TLS active"])
        else:
            self._say(OBSERVED["ready for TLS"])
            # Whatever was sent after STARTTLS in clear text is thrown away: an injected command must not count.
            self._end(Turn.START_TLS)
            self._awaits_tls = True

    def _quit(self, argument: str) -> None:
        self._say(OBSERVED["bye"])
        self._end(Turn.CLOSE)

    def _auth(self, argument: str) -> None:
        mechanism, _, initial = argument.partition(" ")
        if not mechanism:
            self._say(INFERRED["AUTH syntax"])
        elif self._signed_in:
            self._say(INFERRED["signed in already"])
        elif faults := self._service.at(self._record, Stage.AUTH, before_credentials=True):
            for fault in faults:
                self._do(fault.instead() or [])
        else:
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

    def _address(self, verb: str, keyword: str, argument: str, *, otherwise: str) -> str:
        """The address in `FROM:<address>` or `TO:<address>`, which is answered; empty if there is none."""
        found = _PATH.fullmatch(argument)
        if not found or found["keyword"].upper() != keyword:
            self._say(INFERRED[f"{verb} syntax"])
            return ""
        offered = _PARAMETER if keyword == "FROM" else None
        if not all(offered and offered.fullmatch(one) for one in found["more"].split()):
            self._say(INFERRED["parameter"])
            return ""
        address = (found["path"] or found["bare"] or "").strip()
        good = _ADDRESS.fullmatch(address) is not None
        self._say(OBSERVED["ok" if good else otherwise])
        return address if good else ""

    def _mail(self, argument: str) -> None:
        if self._record.messages >= self._service.rules.max_messages:
            # At which command SES says this is unknown.
            self._say(reply_of("session-limit"))
            self._end(Turn.CLOSE)
        elif self._submission.sender:
            self._say(INFERRED["second sender"])
        else:
            self._submission.sender = self._address("MAIL", "FROM", argument, otherwise="bad sender")

    def _rcpt(self, argument: str) -> None:
        if not self._submission.sender:
            self._say(INFERRED["sender first"])
        elif address := self._address("RCPT", "TO", argument, otherwise="bad recipient"):
            self._submission.recipients.append(address)

    def _data(self, argument: str) -> None:
        if not self._submission.recipients:
            self._say(INFERRED["recipient first" if self._submission.sender else "sender first"])
            return
        self._say(OBSERVED["go ahead"])
        self._content = Content(self._buffer, self._service.max_size)


_COMMANDS = {
    verb: (Stage("EHLO" if verb == "HELO" else verb), getattr(ServerSession, f"_{verb.lower()}"))
    for verb in ("EHLO", "HELO", "STARTTLS", "MAIL", "RCPT", "DATA", "QUIT")
}
"""What can be met by a fault: the stage, and the method that answers."""
