"""One connection that is held until it ends, or is left."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from sestools.core.clock import Clock
from sestools.core.enums import Kind, Stage
from sestools.core.results import Reply, Symptom, symptom_at
from sestools.core.smtp import ACCEPTED, Garbled, command, dot_stuff, path
from sestools.probes.connect import Connection, connect, resolve
from sestools.probes.dialogue_facts import SUCCESS, Envelope
from sestools.probes.lifetime_facts import Life, Purpose
from sestools.probes.recorder import Cancelled, Closed, Recorder
from sestools.probes.session import ClientSession

PROOF = 3.0
"""Seconds in which an answer after a silence has to come, or twice what opening took: lost packets are sent again."""


class Held:
    """One connection that is held; `made` makes its socket in place of connecting to the target."""

    def __init__(self, recorder: Recorder, clock: Clock, sign_in: bool, made: Callable[[], Any] | None):
        self._recorder, self._clock, self._signed_in = recorder, clock, sign_in
        session = ClientSession(recorder, Stage.AUTH if sign_in else Stage.EHLO)
        began = clock.now()
        if made:
            with recorder.step(Stage.CONNECT):
                self._connection = Connection(recorder, "virtual", made())
        else:
            self._connection = connect(recorder, resolve(recorder))
        try:
            session.opening(self._connection)
            if sign_in:
                session.sign_in(self._connection, None)
        except BaseException:
            self._connection.socket.close()
            raise
        words = (session.facts.greeting or "").split()
        self._address = self._connection.address
        self.host = next((word for word in words if word.startswith("SimpleEmailService")), None)
        self._opened = self._spoke = clock.now()
        self._opening = self._opened - began
        self.carried = 0
        self.end: Symptom | None = None
        self.refused: Symptom | None = None
        self._ended: float | None = None
        self.answered = 0.0
        self.asked: float | None = None

    @property
    def age(self) -> float:
        """Seconds since it was ready."""
        return (self._clock.now() if self._ended is None else self._ended) - self._opened

    @property
    def silence(self) -> float:
        """Seconds since something was said."""
        return self.age + self._opened - self._spoke

    def lives(self) -> bool:
        """Whether it still lives, as far as can be heard."""
        if self.end is None:
            with self._noticing(Stage.IDLE):
                reply = self._connection.heard()
                if reply and reply.code == 250 and self.asked is not None:
                    self.answered, self._spoke = max(self.answered, self.asked - self._spoke), self.asked
                    self.asked = None
                elif reply:
                    self._over(self._symptom(Stage.IDLE, reply))
        patience = max(PROOF, 2 * self._opening)
        if self.end is None and self.asked is not None and self._clock.now() - self.asked > patience:
            detail = f"NOOP was not answered within {patience:g} s"
            self._over(symptom_at(self._recorder.target, Kind.TIMEOUT, Stage.IDLE, detail))
        return self.end is None

    def says(self, line: bytes, stage: Stage = Stage.IDLE, *codes: int) -> bool:
        """Whether a command is agreed to; 421, an answer that is none, and an end end it."""
        with self._noticing(stage):
            self._recorder.deadline.renew()
            self._connection.send(line)
            reply = self._connection.read_reply()
            self._spoke = self._clock.now()
            if reply.code in (codes or (250,)):
                return True
            self.refused = self._symptom(stage, reply)
            if reply.code == 421 or (reply.code == 451 and "Timeout" in reply.text) or stage is Stage.IDLE:
                self._over(self.refused)
        return False

    def asks(self) -> None:
        """Say NOOP after a silence; `lives` hears the answer, and gives up if none comes."""
        self.asked = self._clock.now()
        with self._noticing(Stage.IDLE):
            self._recorder.deadline.renew()
            self._connection.send(command("NOOP"))

    def sends(self, sender: str) -> bool:
        """Whether a message to the mailbox simulator is accepted."""
        content = Envelope(sender=sender, recipients=(SUCCESS,)).content()
        accepted = (
            self.says(command("MAIL", f"FROM:{path(sender)}"), Stage.MAIL)
            and self.says(command("RCPT", f"TO:{path(SUCCESS)}"), Stage.RCPT)
            and self.says(command("DATA"), Stage.DATA, 354)
            and self.says(dot_stuff(content), Stage.BODY, *ACCEPTED)
        )
        self.carried += accepted
        if not accepted and self.end is None:
            self.says(command("RSET"))
        return accepted

    @contextlib.contextmanager
    def _noticing(self, stage: Stage) -> Iterator[None]:
        """An end of the connection is noticed."""
        try:
            yield
        except (OSError, Garbled, Closed) as error:
            self._over(self._recorder.symptom(error, stage))

    def _symptom(self, stage: Stage, reply: Reply) -> Symptom:
        return symptom_at(self._recorder.target, Kind.REPLY, stage, str(reply), reply)

    def _over(self, how: Symptom) -> None:
        # One that has no memory of it any more died before it was asked.
        self.end, self._ended = how, self._clock.now() if self.asked is None else self.asked

    def leave(self) -> None:
        """Say good-bye, as far as anybody listens, and close."""
        if self.end is None:
            with contextlib.suppress(OSError, Cancelled):
                self._ended = self._clock.now()
                self._recorder.deadline.renew()
                self._connection.send(command("QUIT"))
        self._connection.socket.close()

    def life(self, purpose: Purpose, began: float) -> Life:
        """Its life, for the record of a measurement that began at that time."""
        return Life(
            purpose=purpose,
            opened_at=self._opened - began,
            seconds=self.age,
            silence=self.silence,
            messages=self.carried,
            end=self.end,
            host=self.host,
            signed_in=self._signed_in,
            opening=self._opening,
            address=self._address,
            answered=self.answered,
            asked=self.asked is not None,
        )
