"""One SMTP session from connecting to QUIT, stopped at any stage; the probes are views of it."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from typing import Any

from sestools.core import trust
from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Stage
from sestools.core.errors import UsageError
from sestools.core.masking import MASK, mask_command
from sestools.core.results import Reply, symptom_at
from sestools.core.smtp import ACCEPTED, auth_lines, command, dot_stuff, path
from sestools.probes.certificate import TlsFacts, parsed, unverified, why_not
from sestools.probes.connect import Connection, connect
from sestools.probes.recorder import Cancelled, Notes, Recorder, Stopped, describe

SUCCESS = "success@simulator.amazonses.com"
"""SES's mailbox simulator address for a delivery that succeeds: mail to it reaches no person."""

_OPENING = {
    Security.STARTTLS: (Stage.GREETING, Stage.STARTTLS, Stage.TLS, Stage.EHLO),
    Security.WRAPPER: (Stage.TLS, Stage.GREETING, Stage.EHLO),
    Security.PLAIN: (Stage.GREETING, Stage.EHLO),
}
"""How a session begins, by its TLS mode. With STARTTLS the EHLO that counts is the one after TLS."""

_EXPECTED = {
    Stage.GREETING: (220,),
    Stage.EHLO: (250,),
    Stage.STARTTLS: (220,),
    Stage.AUTH: (235,),
    Stage.MAIL: (250,),
    Stage.RCPT: (250, 251, 252),
    Stage.DATA: (354,),
    Stage.BODY: tuple(ACCEPTED),
}
"""The codes that agree at each stage (RFC 5321, 4.3.2; RFC 4954, 4); any other is no success."""


def is_mailbox_simulator(address: str) -> bool:
    """Whether mail to this address goes to SES's mailbox simulator, and so to no person."""
    return address.lower().rpartition("@")[2] == "simulator.amazonses.com"


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Who sends what to whom. The message is bytes with any line ends; None sends a short test text."""

    sender: str
    recipients: tuple[str, ...]
    message: bytes | None = field(default=None, repr=False)

    def content(self) -> bytes:
        """The message to send."""
        if self.message is not None:
            return self.message
        return (
            f"From: {self.sender}\r\nTo: {', '.join(self.recipients)}\r\nDate: {formatdate()}\r\n"
            "Subject: sestools check\r\n\r\n"
            "This message was sent by sestools to see whether Amazon SES accepts mail.\r\n"
        ).encode("ascii")


@dataclass(frozen=True, kw_only=True)
class DialogueFacts:
    """What a session showed.

    Attributes:
        address: The IP address that answered.
        greeting: The text after 220.
        capabilities: What the last EHLO listed, upper-case keyword first.
        capabilities_before_tls: What EHLO listed in clear text, on STARTTLS ports.
        tls: Facts of the TLS connection, if it came so far.
        signed_in: Whether AUTH succeeded.
        message_id: SES's id of the accepted message, if one was sent.
    """

    address: str | None = None
    greeting: str | None = None
    capabilities: tuple[str, ...] = ()
    capabilities_before_tls: tuple[str, ...] = ()
    tls: TlsFacts | None = None
    signed_in: bool = False
    message_id: str | None = None


class ClientSession:
    """A session under way. `run` drives it; every method does one stage and records its step.

    Raises:
        UsageError: If a session with this target has no such stage as `until`.
    """

    def __init__(self, recorder: Recorder, until: Stage, tls: ssl.SSLContext | None = None) -> None:
        self.recorder = recorder
        self.target = recorder.target
        self.until = until
        self.facts = DialogueFacts()
        mode = self.target.security or Security.PLAIN
        order = (Stage.RESOLVE, Stage.CONNECT, *_OPENING[mode])
        order += (Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.QUIT)
        if until not in order:
            raise UsageError(f"a session with security {mode} has no stage {until}")
        self._stages = order[: order.index(until) + 1]
        self.signs_in = self.wants(Stage.AUTH) and self.target.credentials is not None
        if self.signs_in:
            tls = trust.signing_in(self.target)
        elif tls is None and self.wants(Stage.TLS):
            tls = trust.looking(self.target.ca_file)
        self._tls = tls

    def note(self, **facts: Any) -> None:
        """Keep facts."""
        self.facts = replace(self.facts, **facts)

    def wants(self, stage: Stage) -> bool:
        """Whether a stage is part of what was asked for."""
        return stage in self._stages

    def run(
        self,
        addresses: Sequence[str],
        mechanism: trust.Mechanism | None = None,
        envelope: Envelope | None = None,
        clamp: int | None = None,
    ) -> None:
        """Connect and go on until the chosen stage, or until something fails."""
        if not self.wants(Stage.CONNECT):
            return
        with connect(self.recorder, addresses, clamp) as connection:
            self.note(address=connection.address)
            self.opening(connection)
            if self.signs_in:
                self.sign_in(connection, mechanism)
            if self.wants(Stage.MAIL) and envelope:
                self.send(connection, envelope)
            # After STARTTLS the server waits for a handshake, after DATA for a message; before its greeting
            # it waits for nothing.
            if self.wants(Stage.GREETING) and self.until not in (Stage.STARTTLS, Stage.DATA):
                # Everything that was asked for is done: a bad good-bye is on record, and spoils nothing.
                with contextlib.suppress(Stopped):
                    self.ask(connection, Stage.QUIT, command("QUIT"))

    def opening(self, connection: Connection) -> None:
        """Everything up to the EHLO with which the dialogue proper begins."""
        if self.target.security is Security.WRAPPER and self.wants(Stage.TLS):
            self.handshake(connection)
        if self.wants(Stage.GREETING):
            self.greeting(connection)
        if self.wants(Stage.STARTTLS):
            self.note(capabilities_before_tls=self.ehlo(connection))
            self.starttls(connection)
            if self.wants(Stage.TLS):
                self.handshake(connection)
        if self.wants(Stage.EHLO):
            self.note(capabilities=self.ehlo(connection))

    def greeting(self, connection: Connection) -> None:
        """Wait for the greeting."""
        with connection.step(Stage.GREETING) as notes:
            reply = self._agreed(connection, Stage.GREETING, notes)
        self.note(greeting=reply.text)

    def _agreed(
        self, connection: Connection, stage: Stage, notes: Notes, expected: Sequence[int] | None = None
    ) -> Reply:
        """A 4xx or 5xx ends the probe at once, and so does an answer that belongs to another question."""
        notes.reply = reply = connection.read_reply()
        codes = expected or _EXPECTED.get(stage)
        if not reply.ok:
            notes.symptom = symptom_at(self.target, Kind.REPLY, stage, str(reply), reply)
        elif codes and reply.code not in codes:
            notes.symptom = symptom_at(
                self.target, Kind.GARBLED, stage, f"{reply} is no answer to {stage}", reply
            )
        return reply

    def ask(
        self,
        connection: Connection,
        stage: Stage,
        line: bytes | memoryview,
        shown: str | None = None,
        expected: Sequence[int] | None = None,
    ) -> Reply:
        """Send one command, kept masked or as `shown`, and have its reply agreed to."""
        with connection.step(stage) as notes:
            notes.sent = mask_command(bytes(line).decode("ascii").rstrip()) if shown is None else shown
            connection.send(line)
            return self._agreed(connection, stage, notes, expected)

    def ehlo(self, connection: Connection) -> tuple[str, ...]:
        """Say EHLO with this host's address (RFC 5321, 4.1.3) and return what the server offers."""
        local = str(connection.socket.getsockname()[0])
        literal = f"[IPv6:{local.partition('%')[0]}]" if ":" in local else f"[{local}]"
        reply = self.ask(connection, Stage.EHLO, command("EHLO", literal))
        return tuple(line.strip() for line in reply.lines[1:])

    def starttls(self, connection: Connection) -> None:
        """Ask for TLS, if it is offered."""
        offered = self.facts.capabilities_before_tls
        if not any(line.upper() == "STARTTLS" for line in offered):
            reply = self.recorder.steps[-1].reply
            detail = f"STARTTLS is not offered; EHLO lists {', '.join(offered) or 'nothing'}"
            with connection.step(Stage.STARTTLS) as notes:
                notes.symptom = symptom_at(self.target, Kind.GARBLED, Stage.STARTTLS, detail, reply)
        self.ask(connection, Stage.STARTTLS, command("STARTTLS"))

    def handshake(self, connection: Connection) -> None:
        """Switch to TLS; if the certificate does not verify, look at it on a second connection."""
        assert self._tls is not None  # noqa: S101 - made with the session, since this stage is wanted
        try:
            with connection.step(Stage.TLS) as notes:
                notes.sent = f"TLS handshake, server name {self.target.host}"
                # A name's final dot is for DNS; certificates do not have it.
                wrapped = connection.start_tls(self._tls, self.target.host.rstrip("."))
        except Stopped as stopped:
            if isinstance(stopped.error, ssl.SSLCertVerificationError):
                self._unverified(connection.address, stopped.error)
            raise
        cipher = wrapped.cipher()
        certificate = parsed(wrapped.getpeercert() or {}) if connection.verified else unverified(wrapped)
        tls = TlsFacts(version=wrapped.version(), verified=connection.verified, certificate=certificate)
        self.note(tls=replace(tls, cipher=cipher[0] if cipher else None))

    def _unverified(self, address: str, error: ssl.SSLCertVerificationError) -> None:
        """Keep what the certificate says, as seen on a second connection that carries nothing else.

        Where this one trusted Amazon alone, the second trusts what the system trusts, and may verify.
        """
        context = None if self.signs_in and trust.only_amazon(self.target) else trust.blind()
        second = ClientSession(Recorder(self.target, self.recorder.deadline), Stage.TLS, context)
        # Whatever goes wrong here, the first connection's symptom is the result.
        with contextlib.suppress(Stopped, Cancelled):
            second.run((address,))
        seen = second.facts.tls or TlsFacts()
        self.note(tls=TlsFacts(problem=why_not(error), detail=describe(error), certificate=seen.certificate))
        if self.signs_in:
            issuer = seen.certificate.issuer if seen.certificate else ""
            if symptom := trust.not_amazons(self.target, error, issuer, trusted_here=seen.verified):
                raise Stopped(symptom, error) from None

    def sign_in(self, connection: Connection, mechanism: trust.Mechanism | None) -> None:
        """AUTH, if this very connection may carry credentials."""
        credentials = self.target.credentials
        assert credentials is not None  # noqa: S101 - the caller looked
        try:
            chosen = trust.permit(
                self.target,
                sock=connection.socket,
                greeting=self.facts.greeting or "",
                capabilities=self.facts.capabilities,
                unasked=connection.unasked(),
                wanted=mechanism,
            )
        except trust.Refused as refused:
            with connection.step(Stage.AUTH) as notes:
                notes.symptom = refused.symptom
            raise
        *lines, last = auth_lines(credentials, chosen)
        shown = f"AUTH {chosen}"
        for line in lines:
            self.ask(connection, Stage.AUTH, line, shown, expected=(334,))
            shown = ""
        self.ask(connection, Stage.AUTH, last, f"{shown} {MASK}".lstrip())
        self.note(signed_in=True)

    def send(self, connection: Connection, envelope: Envelope) -> None:
        """The envelope, and the message if the chosen stage comes after it."""
        self.ask(connection, Stage.MAIL, command("MAIL", f"FROM:{path(envelope.sender)}"))
        if self.wants(Stage.RCPT):
            for recipient in envelope.recipients:
                self.ask(connection, Stage.RCPT, command("RCPT", f"TO:{path(recipient)}"))
        if self.wants(Stage.DATA):
            self.ask(connection, Stage.DATA, command("DATA"))
            if not self.wants(Stage.BODY):
                return
            content = envelope.content()
            with connection.step(Stage.BODY) as notes:
                notes.sent = f"[message of {len(content)} bytes]"
                connection.send(dot_stuff(content))
                reply = self._agreed(connection, Stage.BODY, notes)
            self.note(message_id=reply.text.split()[-1] if reply.text else None)
