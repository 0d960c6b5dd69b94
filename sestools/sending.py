"""A sender that loses nothing: a pattern to copy, on the standard library's smtplib.

It keeps a connection and changes it before SES does, sends no faster than the account may, tries again what is
worth it (see `retrying`), always knows what became of every message, and says so. It is no mail queue: what it
has not sent when the process dies is lost with the process. For that there are mail servers, such as Postfix.
"""

from __future__ import annotations

import contextlib
import heapq
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol, Self

from sestools.catalogue import cause
from sestools.classifier import classify
from sestools.endpoints import Security, region_of
from sestools.foreign import is_ses
from sestools.model import Diagnosis, Retry, Stage, Symptom, Target
from sestools.outbox import Attempt, Entry, Fate, Mail
from sestools.retrying import Decision, Policy, is_unknown
from sestools.smtp import dot_stuff, path
from sestools.text import printable

__all__ = ["Clock", "Sender"]

CHECK_AFTER = 1.0
"""Seconds of silence after which a connection is asked whether it still lives, before it is used."""


class Clock(Protocol):
    """What tells the time in seconds, and lets it pass."""

    def now(self) -> float:
        """The time."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class _RealClock:
    now = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


class _Client(smtplib.SMTP):
    """smtplib's client, which connects where the target says and verifies the name that the target says."""

    def __init__(self, target: Target, timeout: float, context: ssl.SSLContext) -> None:
        self._target, self._context = target, context
        super().__init__(target.host, target.port, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = socket.create_connection(self._target.connect_to or (host, port), timeout)
        if self._target.security is Security.WRAPPER:
            return self._context.wrap_socket(sock, server_hostname=host)
        return sock


@dataclass(kw_only=True)
class _Tally:
    """Failures of one message, or of the whole sender."""

    failures: int = 0
    since: float = 0.0
    waited: float = 0.0

    def judge(self, policy: Policy, failure: Diagnosis, now: float) -> Decision:
        self.failures += 1
        if self.failures == 1:
            self.since = now
        decision = policy.decide(
            failure, attempt=self.failures, seconds=now - self.since, previous=self.waited
        )
        self.waited = decision.seconds
        return decision


@dataclass(kw_only=True)
class _Job:
    """A message under way."""

    number: int
    mail: Mail
    tally: _Tally = field(default_factory=_Tally)
    unknown: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    refused: dict[str, Diagnosis] = field(default_factory=dict)

    def entry(self, fate: Fate, diagnosis: Diagnosis | None = None, id: str = "") -> Entry:
        if self.unknown and fate in (Fate.UNSENT, Fate.REFUSED):
            fate = Fate.UNKNOWN  # an earlier attempt may have succeeded
        return Entry(
            mail=self.mail,
            fate=fate,
            id=id,
            diagnosis=diagnosis,
            refused=self.refused,
            unknown=self.unknown,
            attempts=tuple(self.attempts),
        )


class _Failed(Exception):
    """SES did not take the message; `args` is what to classify."""


class Sender:
    """Sends messages one after the other over connections that it keeps::

        policy = Policy.documented(when_unknown="resend")
        with Sender(Target.ses("eu-west-1", credentials=credentials), policy=policy, rate=14) as sender:
            for entry in sender.send_all(mails):
                print(entry.mail.name, entry.fate, entry.what)

    A failure that every message would meet (no connection, too fast, quota used up) makes all of them wait; one
    that may be the message's own sets it aside while others go on, unless the next one fails, too.

    Args:
        target: Where to send, with credentials. TLS is always used and verified.
        policy: What to try again, and what to do with messages of unknown fate.
        rate: Recipients a second that the account may send to; None for no limit.
        max_messages: After how many messages a connection is changed. SES ends it after a number that it does
            not tell; reports speak of about 300.
        max_age: After how many seconds a connection is changed: SES replaces its hosts.
        max_idle: After how many seconds of silence it is changed. SES ends it after about 10.
        timeout: Seconds to wait for each reply.
        connect: Opens a connection, in place of smtplib to the target: for tests, and for virtual time.
        clock: What tells the time; by default the system does.
        on_attempt: Called after each attempt with the message and the attempt.

    Raises:
        ValueError: If the target has no credentials or no TLS, or a limit makes no sense.
    """

    def __init__(
        self,
        target: Target,
        *,
        policy: Policy,
        rate: float | None = None,
        max_messages: int = 100,
        max_age: float = 60.0,
        max_idle: float = 5.0,
        timeout: float = 30.0,
        connect: Callable[[], smtplib.SMTP] | None = None,
        clock: Clock | None = None,
        on_attempt: Callable[[Mail, Attempt], None] | None = None,
    ) -> None:
        if target.credentials is None:
            raise ValueError("SES lets nobody send without credentials: give the target some")
        if target.security is Security.PLAIN:
            raise ValueError("credentials are never sent in clear text: use STARTTLS or the TLS wrapper")
        for name, value in (("rate", rate), ("max_messages", max_messages), ("max_age", max_age),
                            ("max_idle", max_idle), ("timeout", timeout)):  # fmt: skip
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be greater than 0, not {value!r}")
        self._target, self._credentials, self._policy = target, target.credentials, policy
        self._limits = max_messages, max_age, max_idle
        # Made once: loading the system's authorities takes longer than a handshake.
        self._context = ssl.create_default_context(cafile=target.ca_file)
        self._connect = connect or (lambda: _Client(target, timeout, self._context))
        self._clock: Clock = clock or _RealClock()
        self._on_attempt = on_attempt or (lambda mail, attempt: None)
        self._pace = _Pace(rate, self._clock)
        self._client: smtplib.SMTP | None = None
        self._carried, self._opened_at, self._used_at = 0, 0.0, 0.0
        self._stage: Stage | None = None
        self._line = _Tally()
        self._in_a_row = 0
        self._broken: Diagnosis | None = None
        self.connections = 0
        """Connections that were opened so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Say good-bye, if there is still somebody to say it to."""
        if self._client is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._client.quit()
        self._hang_up()

    def send(self, mail: Mail) -> Entry:
        """Send one message, and wait as long as the policy wants."""
        return next(self.send_all([mail]))

    def send_all(self, mails: Iterable[Mail]) -> Iterator[Entry]:
        """Send messages; gives the account of each as soon as its fate is decided.

        Messages are drawn one at a time, so that they can come from a stream. Nothing raises that a server or
        a network can cause.
        """
        rest, number = iter(mails), count()
        waiting: list[tuple[float, int, _Job]] = []
        while True:
            now = self._clock.now()
            if waiting and (waiting[0][0] <= now or self._broken):
                job = heapq.heappop(waiting)[2]
            elif (mail := next(rest, None)) is not None:
                job = _Job(number=next(number), mail=mail)
            elif waiting:
                self._sleep(waiting[0][0] - now)
                continue
            else:
                return
            done = self._try(job)
            if isinstance(done, Entry):
                yield done
            else:
                heapq.heappush(waiting, (self._clock.now() + done, job.number, job))

    # --- one attempt --------------------------------------------------------------------------------------

    def _try(self, job: _Job) -> Entry | float:
        """Try once: the entry if the fate is decided, else after how many seconds to try again."""
        if self._broken:
            return job.entry(Fate.UNSENT, self._broken)
        if problem := _unsendable(job.mail):
            return job.entry(Fate.REFUSED, problem)
        self._pace.wait_for(len(job.mail.recipients))
        began = self._clock.now()
        try:
            id = self._deliver(job)
        except (_Failed, OSError, smtplib.SMTPException) as error:
            failure = self._diagnosis(error)
        else:
            self._line, self._in_a_row = _Tally(), 0
            self._note(job, Attempt(at=began, seconds=self._clock.now() - began))
            return job.entry(Fate.SENT, id=id)
        job.unknown += is_unknown(failure.symptom)
        return self._judge(job, failure, began)

    def _judge(self, job: _Job, failure: Diagnosis, began: float) -> Entry | float:
        """What follows from a failure, for the message or for all."""
        now, symptom = self._clock.now(), failure.symptom
        self._in_a_row += 1
        if not symptom.reply or failure.cause.retry is Retry.NEW_CONNECTION or symptom.reply.code == 421:
            self._hang_up()
        own = (symptom.stage is Stage.BODY or (symptom.reply and symptom.stage in _OWN)) and (
            failure.cause.retry not in (Retry.SLOWER, Retry.HOURS, Retry.NEW_CONNECTION)
            and failure.cause.id not in _EVERYBODYS
        )
        decision = (job.tally if own else self._line).judge(self._policy, failure, now)
        self._note(job, Attempt(at=began, seconds=now - began, failure=failure, why=decision.why,
                                wait=decision.seconds if decision.again else None))  # fmt: skip
        if decision.again:
            if own and self._in_a_row == 1:
                return decision.seconds
            self._sleep(decision.seconds)
            return 0.0
        refused = bool(symptom.reply and symptom.reply.code >= 500 and symptom.stage in _OWN)
        if own and refused:
            self._in_a_row = 0  # SES is well, the message is not
        if not own and not is_unknown(symptom):
            self._broken = failure
        return job.entry(Fate.REFUSED if refused else Fate.UNSENT, failure)

    def _note(self, job: _Job, attempt: Attempt) -> None:
        job.attempts.append(attempt)
        self._on_attempt(job.mail, attempt)

    def _diagnosis(self, error: Exception) -> Diagnosis:
        if isinstance(error, _Failed):
            (what,) = error.args
            if isinstance(what, Diagnosis):
                return what
        else:
            what = error
        # While connecting, the exception itself knows best where it happened.
        found = classify(what, host=self._target.host, port=self._target.port, stage=self._stage)
        if found.symptom.stage is None or (self._stage is None and found.symptom.stage in _OWN):
            found = classify(what, host=self._target.host, port=self._target.port, stage=Stage.CONNECT)
        return found

    def _deliver(self, job: _Job) -> str:
        """The message over the connection; SES's id of it."""
        client = self._ready()
        self._used_at = self._clock.now()
        mail = job.mail
        self._say(client, Stage.MAIL, f"MAIL FROM:{path(mail.sender)}")
        job.refused = {}
        for recipient in mail.recipients:
            try:
                self._say(client, Stage.RCPT, f"RCPT TO:{path(recipient)}")
            except _Failed as refusal:
                if refusal.args[0][0] < 500:
                    self._reset(client)
                    raise
                job.refused[recipient] = self._diagnosis(refusal)
                last = refusal
        if len(job.refused) == len(mail.recipients):
            self._reset(client)
            raise last
        self._say(client, Stage.DATA, "DATA")
        # As long as not all of it was handed to the network, SES cannot have seen the final dot.
        client.send(dot_stuff(mail.content))
        self._stage = Stage.BODY
        code, text = client.getreply()
        self._used_at = self._clock.now()
        if code != 250:
            raise _Failed((code, text))
        self._carried += 1
        return printable(text.decode("ascii", "replace").split()[-1] if text else "", 100)

    def _say(self, client: smtplib.SMTP, stage: Stage, line: str) -> None:
        self._stage = stage
        code, text = client.docmd(line)
        if code not in (250, 251, 354):
            if stage is not Stage.RCPT:
                self._reset(client)
            raise _Failed((code, text))

    def _reset(self, client: smtplib.SMTP) -> None:
        """Take back what was said of a message, or else the connection."""
        try:
            clean = client.rset()[0] == 250
        except (OSError, smtplib.SMTPException):
            clean = False
        if not clean:
            self._hang_up()

    # --- the connection -----------------------------------------------------------------------------------

    def _ready(self) -> smtplib.SMTP:
        """A connection that is signed in, young, little used, and alive as far as can be told."""
        now = self._clock.now()
        self._stage = None
        max_messages, max_age, max_idle = self._limits
        idle = now - self._used_at
        if self._carried >= max_messages or now - self._opened_at >= max_age or idle >= max_idle:
            self.close()
        if self._client is not None and idle >= CHECK_AFTER:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if self._client.noop()[0] == 250:
                    return self._client
            self._hang_up()
        if self._client is None:
            self._client = self._open()
            self._carried, self._opened_at = 0, self._clock.now()
        return self._client

    def _open(self) -> smtplib.SMTP:
        self.connections += 1
        client = self._connect()
        try:
            if self._target.security is Security.STARTTLS:
                client.starttls(context=self._context)
            self._require_ses(*client.ehlo())
            client.login(self._credentials.user, self._credentials.password)
        except BaseException:
            client.close()
            raise
        return client

    def _require_ses(self, code: int, text: bytes) -> None:
        """No credentials to somebody else who stands where SES should."""
        if code != 250:
            raise _Failed((code, text))
        name = text.split(b"\n")[0].decode("ascii", "replace")
        if region_of(self._target.host) and "amazonaws.com" not in name and not is_ses(name):
            said = f"it calls itself {printable(name, 80)}"
            symptom = Symptom(stage=Stage.EHLO, detail=said, host=self._target.host)
            raise _Failed(
                Diagnosis(symptom=symptom, candidates=(cause("foreign-greeting"),), evidence=(said,))
            )

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _sleep(self, seconds: float) -> None:
        """Wait; a connection that SES would end meanwhile is given back first."""
        if seconds >= self._limits[2]:
            self.close()
        self._clock.sleep(seconds)


_OWN = {Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY}
"""Where a refusal is about this message."""

_EVERYBODYS = {"paused", "suspended", "auth-required", "old-tls", "starttls-first"}
"""... except those that each message gets."""


def _unsendable(mail: Mail) -> Diagnosis | None:
    """Why a message cannot even be offered to SES: an address that would break the dialogue."""
    for what, stage, addresses in (
        ("from-invalid", Stage.MAIL, (mail.sender,)),
        ("rcpt-invalid", Stage.RCPT, mail.recipients or ("",)),
    ):
        for address in addresses:
            try:
                problem = "" if path(address) != "<>" else "there is none"
            except ValueError as error:
                problem = str(error)
            if problem:
                symptom = Symptom(stage=stage, detail=problem)
                why = (f"not offered to SES: {problem}",)
                return Diagnosis(symptom=symptom, candidates=(cause(what),), evidence=why)
    return None


class _Pace:
    """A bucket of tokens, one for each recipient, that fills at the account's rate: it holds one second's worth."""

    def __init__(self, rate: float | None, clock: Clock) -> None:
        self._rate, self._clock = rate, clock
        self._size = self._left = max(1.0, rate or 0.0)
        self._at = clock.now()

    def wait_for(self, recipients: int) -> None:
        """Wait until a message to so many recipients may be sent."""
        if self._rate is None:
            return
        now = self._clock.now()
        self._left = min(self._size, self._left + (now - self._at) * self._rate)
        self._at = now
        # A message to more recipients than the bucket holds waits for a full one, and leaves a debt.
        missing = min(recipients, self._size) - self._left
        if missing > 0:
            self._clock.sleep(missing / self._rate)
        self._left -= recipients
