"""One SMTP session from connecting to QUIT, stopped at any stage; the probes are views of it."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sestools.core import trust
from sestools.core.endpoints import PORTS, Security
from sestools.core.enums import Kind, Stage
from sestools.core.errors import UsageError
from sestools.core.masking import MASK, mask_command
from sestools.core.results import Reply, Symptom, symptom_at
from sestools.core.smtp import ACCEPTED, Garbled, auth_lines, command, dot_stuff, path
from sestools.core.text import printable
from sestools.probes.certificate import TlsFacts, parsed, unverified, why_not
from sestools.probes.connect import Connection, connect
from sestools.probes.dialogue_facts import DialogueFacts, Envelope
from sestools.probes.handshake import NOT_TLS, client_hello, is_alert
from sestools.probes.recorder import Cancelled, Closed, Notes, Recorder, Stopped, describe

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
        self._first = tls is None
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
            elif isinstance(stopped.error, ssl.SSLError):
                self._no_handshake(connection, stopped.error, stopped.symptom)
            raise
        cipher = wrapped.cipher()
        certificate = parsed(wrapped.getpeercert() or {}) if connection.verified else unverified(wrapped)
        tls = TlsFacts(version=wrapped.version(), verified=connection.verified, certificate=certificate)
        self.note(tls=replace(tls, cipher=cipher[0] if cipher else None))

    def _no_handshake(self, connection: Connection, error: ssl.SSLError, symptom: Symptom) -> None:
        """Say more of a handshake that failed, if that is known: what came instead, or what the server wanted."""
        detail, kind = str(symptom.detail), symptom.kind
        if error.reason in NOT_TLS:
            if words := self._first_words(connection.address):
                after = " after STARTTLS" if self.target.security is Security.STARTTLS else ""
                detail, kind = f"what came{after} is not TLS: {printable(words.rstrip(), 120)}", Kind.GARBLED
        elif is_alert(error) and connection.socket.cipher():  # type: ignore[attr-defined]
            detail += ": the server broke off after its certificate was accepted"
        if detail != symptom.detail:
            raise Stopped(replace(symptom, detail=detail, kind=kind), error) from None

    def _first_words(self, address: str) -> bytes:
        """What answers the beginning of TLS in clear text, on a second connection; nothing where it is the mode's fault."""
        wrapped = self.target.security is Security.WRAPPER
        second = ClientSession(
            Recorder(self.target, self.recorder.deadline), Stage.CONNECT if wrapped else Stage.STARTTLS
        )
        with (
            contextlib.suppress(Stopped, Cancelled, OSError),
            connect(second.recorder, (address,)) as connection,
        ):
            try:
                second.opening(connection)
                connection.send(client_hello(self._tls or trust.blind(), self.target.host.rstrip(".")))
                reply = connection.read_reply()
            except Garbled as garbled:
                return garbled.raw
            except Closed:
                return b""
            waits = PORTS.get(self.target.port) is Security.WRAPPER
            return reply.raw if waits or not wrapped or not trust.is_greeting(reply.text) else b""
        return b""

    def _unverified(self, address: str, error: ssl.SSLCertVerificationError) -> None:
        """Keep what the certificate says, as seen on further connections that carry nothing else.

        Where this one trusted Amazon alone, the second trusts what the system trusts, and the other way round;
        it may verify. Else, and if it does not, one looks that verifies nothing.
        """
        other = self._first and trust.only_amazon(self.target) and trust.is_untrusted(error)
        contexts = (trust.signing_in(self.target), trust.looking())
        second = ClientSession(
            Recorder(self.target, self.recorder.deadline),
            Stage.TLS,
            contexts[self.signs_in] if other else trust.blind(),
        )
        # Whatever goes wrong here, the first connection's symptom is the result.
        with contextlib.suppress(Stopped, Cancelled):
            second.run((address,))
        seen = second.facts.tls or TlsFacts()
        amazons = seen.verified if other and not self.signs_in and seen.certificate else None
        self.note(
            tls=TlsFacts(
                problem=why_not(error), detail=describe(error), certificate=seen.certificate, amazons=amazons
            )
        )
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
