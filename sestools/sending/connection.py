"""One message at a time over a connection that is kept open, on the standard library's smtplib.

Every failure is raised as a diagnosis with the step at which it happened; `policy` decides about the next attempt.
"""

from __future__ import annotations

import contextlib
import math
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sestools.core import trust
from sestools.core.clock import Clock
from sestools.core.endpoints import Security
from sestools.core.enums import Retry, Stage
from sestools.core.errors import UsageError
from sestools.core.smtp import ACCEPTED, auth_lines, dot_stuff, path
from sestools.core.target import Target
from sestools.core.text import printable
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.probes import probe_tls
from sestools.sending.client import PIECE, Client, Stop, Stopping
from sestools.sending.mail import Mail

CHECK_AFTER = 1.0
"""Seconds of silence after which a connection is checked with NOOP before it is used."""

ENVELOPE = frozenset({Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY})
"""The steps in which one message is offered; all before them are about the connection."""


class Failed(Exception):
    """A message was not delivered; `diagnosis` says at which step and why."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        super().__init__(str(diagnosis.symptom))
        self.diagnosis = diagnosis


class _Rejected(Exception):
    """A reply that rejects a command; its arguments are code and text."""


@dataclass(frozen=True)
class Limits:
    """When a connection is replaced, and how long replies are awaited: see `Sender`."""

    max_messages: int = 100
    max_age: float = 60.0
    max_idle: float = 5.0
    timeout: float = 30.0
    final_timeout: float = 600.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            most = 86_400 if name.endswith("timeout") else math.inf
            if not 0 < value <= most:
                also = ", and at most a day" if most == 86_400 else ""
                raise UsageError(f"{name} must be greater than 0{also}, not {value!r}")


class KeptConnection:
    """A connection to SES that is opened when it is needed and replaced before SES ends it.

    TLS is always used and verified: against Amazon's roots, or the target's `ca_file`. `connect` replaces smtplib.

    Attributes:
        offered: Whether the message that was offered last may have been accepted, if no reply came.
        opened: Connections that were opened so far.

    Raises:
        UsageError: If the target has no credentials or no TLS, or its CA file cannot be read.
    """

    def __init__(
        self,
        target: Target,
        clock: Clock,
        limits: Limits,
        *,
        connect: Callable[[], smtplib.SMTP] | None = None,
        stop: Stop | None = None,
    ) -> None:
        if target.credentials is None:
            raise UsageError("SES accepts no mail without credentials, and the target has none")
        if target.security is Security.PLAIN:
            raise UsageError("credentials are never sent in clear text: use STARTTLS or the TLS wrapper")
        if not (target.credentials.user + target.credentials.password).isascii():
            raise UsageError("SES's SMTP user names and passwords are ASCII, and these are not")
        trust.signing_in(target)  # reads the CA file
        self._target, self._credentials, self._clock = target, target.credentials, clock
        self.limits, self._stop = limits, stop or Stop()
        self._connect = connect or (lambda: Client(target, limits.timeout, self._stop))
        self._client: smtplib.SMTP | None = None
        self._carried, self._opened_at, self._used_at = 0, 0.0, 0.0
        self._stage: Stage | None = None
        self.offered, self.opened = False, 0

    def another(self, stop: Stop) -> KeptConnection:
        """One more connection of the same kind, not opened yet."""
        return KeptConnection(self._target, stop, self.limits, stop=stop)

    def deliver(
        self, mail: Mail, about_to: Callable[[], None] = lambda: None
    ) -> tuple[str, dict[str, Diagnosis]]:
        """Offer a message, and return its id and the recipients that were refused.

        `about_to` is called before the content is sent, and may still prevent that.

        Raises:
            Failed: If SES accepted it for no recipient, or it is unknown whether it did.
        """
        try:
            try:
                return self._offer(mail, about_to)
            except (_Rejected, OSError) as error:  # smtplib's exceptions are OSErrors
                failure = self._diagnosis(error)
            symptom = failure.symptom
            code = symptom.reply.code if symptom.reply else 0
            if code < 400 or code == 421 or failure.cause.retry is Retry.NEW_CONNECTION:
                self.hang_up()
            elif symptom.stage in ENVELOPE - {Stage.BODY}:
                self._reset()
            raise Failed(failure)
        except Failed:
            raise
        except BaseException:
            # Such as Ctrl-C: the reply that is still to come would be taken for that to the next command.
            self.hang_up()
            raise

    def close(self) -> None:
        """Send QUIT, if the connection is still open, and close it."""
        try:
            if self._client is not None:
                with contextlib.suppress(OSError, Stopping):
                    self._client.quit()
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        """Close the connection without QUIT."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _offer(self, mail: Mail, about_to: Callable[[], None]) -> tuple[str, dict[str, Diagnosis]]:
        self._stage, self.offered = None, False
        content = dot_stuff(mail.content)
        client = self._ready()
        self._used_at = self._clock.now()
        self._command(client, Stage.MAIL, f"MAIL FROM:{path(mail.sender)}")
        refused: dict[str, Diagnosis] = {}
        for recipient in mail.recipients:
            try:
                self._command(client, Stage.RCPT, f"RCPT TO:{path(recipient)}")
            except _Rejected as rejected:
                if rejected.args[0] < 500:
                    raise
                refused[recipient] = self._diagnosis(rejected)
        if len(refused) == len(mail.recipients):
            self._reset()
            raise Failed(next(iter(refused.values())))
        self._command(client, Stage.DATA, "DATA")
        about_to()
        code, text = self._content(client, content)
        self._used_at = self._clock.now()
        if code not in ACCEPTED:
            raise _Rejected(code, text)
        self._carried += 1
        words = text.decode("ascii", "replace").split()
        return printable(words[-1] if words else "", 100), refused

    def _content(self, client: smtplib.SMTP, content: bytes) -> tuple[int, bytes]:
        """Send the content and return SES's reply.

        Raises:
            OSError: With `offered`, if SES may have accepted it, and without if it cannot have.
        """
        rest: bytes = content
        within: tuple[float, ...] = ()
        if isinstance(client, Client):
            client.send(content[:-PIECE])
            rest, within = content[-PIECE:], (self.limits.final_timeout,)
            if not client.silent():
                raise _Rejected(*client.getreply())
        self.offered = True
        try:
            client.send(rest)
        except (OSError, Stopping):
            # As long as not all of it was handed to the network, SES cannot have seen the final dot.
            self.offered = False
            raise
        self._stage = Stage.BODY
        code, text = client.getreply(*within)
        if code in ACCEPTED and isinstance(client, Client):
            client.silent()  # of two replies nobody knows which one is to the message
        elif code < 400 and code not in ACCEPTED:
            raise smtplib.SMTPServerDisconnected("out of step: no answer to a message came")
        return code, text

    def _command(self, client: smtplib.SMTP, stage: Stage, line: str) -> None:
        self._stage = stage
        code, text = client.docmd(line)
        if code not in ((354,) if stage is Stage.DATA else (250, 251)):
            raise _Rejected(code, text)

    def _reset(self) -> None:
        """Cancel the message with RSET, or else close the connection."""
        with contextlib.suppress(OSError):
            if self._client is None or self._client.rset()[0] == 250:
                return
        self.hang_up()

    def _ready(self) -> smtplib.SMTP:
        """A connection that is signed in, young, little used, and open as far as can be told."""
        now = self._clock.now()
        idle = now - self._used_at
        old = now - self._opened_at >= self.limits.max_age
        if old or self._carried >= self.limits.max_messages or idle >= self.limits.max_idle:
            self.close()
        if self._client is not None:
            with contextlib.suppress(OSError):
                if idle >= CHECK_AFTER:
                    lives = self._client.noop()[0] == 250
                else:
                    lives = not isinstance(self._client, Client) or self._client.silent()
                if lives:
                    return self._client
            self.hang_up()
        with self._stop.at_ease():
            self._client = self.open()
        self._carried, self._opened_at = 0, self._clock.now()
        return self._client

    def open(self) -> smtplib.SMTP:
        """A new connection, signed in."""
        self.opened += 1
        try:
            client = self._connect()
            try:
                self._sign_in(client)
            except BaseException:
                client.close()
                raise
        except trust.Refused as refused:
            raise Failed(classify(refused.symptom)) from None
        except ssl.SSLCertVerificationError as error:
            seen = probe_tls(replace(self._target, credentials=None), timeout=self.limits.timeout).facts
            issuer = seen.certificate.issuer if seen and seen.certificate else ""
            trusted_here = seen is not None and seen.verified
            symptom = trust.not_amazons(self._target, error, issuer, trusted_here=trusted_here)
            if symptom is None:
                raise
            raise Failed(classify(symptom)) from None
        return client

    def _sign_in(self, client: smtplib.SMTP) -> None:
        """TLS, and then AUTH, if this very connection may carry credentials."""
        greeting = str(getattr(client, "greeting", ""))
        trust.check_greeting(self._target, greeting)  # first: it tells best that this is not SES
        if self._target.security is Security.STARTTLS:
            client.starttls(context=trust.signing_in(self._target))
        code, text = client.ehlo()
        if code != 250:
            raise smtplib.SMTPHeloError(code, text)
        chosen = trust.permit(
            self._target,
            sock=client.sock,
            greeting=greeting,
            capabilities=text.decode("utf-8", "backslashreplace").split("\n")[1:],
            unasked=client.unasked() if isinstance(client, Client) else b"",
        )
        # smtplib's own `login` would keep the password, in itself and in the frames of a traceback.
        *lines, last = auth_lines(self._credentials, chosen)
        for line, expected in [*((line, 334) for line in lines), (last, 235)]:
            client.send(line)
            code, text = client.getreply()
            if code != expected:
                raise smtplib.SMTPAuthenticationError(code, self._credentials.known.mask_bytes(text))

    def _diagnosis(self, error: Exception) -> Diagnosis:
        what: Any = error
        if isinstance(error, _Rejected):
            what = error.args[0], self._credentials.known.mask_bytes(error.args[1])
        judged = partial(classify, what, host=self._target.host, port=self._target.port)
        found = judged(stage=self._stage)
        # While connecting, the exception itself knows best where it happened.
        if self._stage is None and (found.symptom.stage is None or found.symptom.stage in ENVELOPE):
            return judged(stage=Stage.CONNECT)
        return found
