"""SES of a region as a whole: its account, its hosts, what goes wrong with it, and what it has accepted.

Real sockets (`server.py`) and memory (`memory.py`) carry the sessions of the same service. It does no I/O and
is told the time.
"""

from __future__ import annotations

import email
import email.policy
import logging
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import TypeVar

from sestools.core.clock import Clock
from sestools.core.endpoints import PORTS, Security, smtp_host
from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.core.message_id import encode_message_id
from sestools.simulator.account import Account, Submission, Usage, one_line, refusal, reply_of
from sestools.simulator.faults import Delayed, Fault, Shut, WrongMode
from sestools.simulator.replies import ERAS, HOST, OBSERVED
from sestools.simulator.rules import Host, Rules

_LOG = logging.getLogger("sestools.simulator")

F = TypeVar("F", bound=Fault)
Event = Callable[[int, int, str, str], None]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message that was accepted.

    Attributes:
        id: The message id that the client was told.
        sender: MAIL FROM.
        recipients: RCPT TO, in order.
        message: The message as received, without the dots of transparency; not shown.
        at: When, in seconds since 1970.
        port: Over which SES port.
        connection: Over which connection, counted from 1.
        suppressed: Recipients to whom it is not delivered, since they are on the account's suppression list.
    """

    id: str
    sender: str
    recipients: tuple[str, ...]
    message: bytes = field(repr=False)
    at: float
    port: int
    connection: int
    suppressed: tuple[str, ...] = ()

    @property
    def parsed(self) -> EmailMessage:
        """The message as Python's email package reads it."""
        return email.message_from_bytes(self.message, policy=email.policy.default)


@dataclass(slots=True)
class ConnectionRecord:
    """One connection, as the service knows it."""

    number: int
    port: int
    host: str
    """The SES host that the load balancer gave it."""
    ends_at: float
    """When that host is retired, and the connection with it."""
    turned_away: bool
    """Whether it is one connection too many."""
    counts: bool
    """Whether it counts among those that are open."""
    messages: int = 0
    legacy: bool = False
    """Whether it signed in with a legacy password."""


class Service:
    """SES of a region under a clock; its arguments are those of `Simulator`."""

    def __init__(
        self,
        account: Account,
        rules: Rules,
        *,
        clock: Clock,
        faults: Iterable[Fault] = (),
        seed: int = 0,
        on_event: Event | None = None,
    ) -> None:
        self.account, self.rules, self.clock = account, rules, clock
        self.host = smtp_host(account.region)
        self.era = ERAS[rules.era]
        self.max_size = min(account.max_size, self.era.size or account.max_size)
        """Bytes of a message: what the account may send, and no more than what EHLO announces."""
        self._suppressed = frozenset(one.lower() for one in account.suppressed)
        self.accepted: list[Accepted] = []
        self.refused = 0
        """Messages that were refused at the end of DATA."""
        self.connections = 0
        """Connections that were made so far."""
        self.started = clock.now()
        self._open = 0
        self._usage = Usage(account)
        self._random = random.Random(seed)  # noqa: S311 - ids and chances, not secrets
        self._hosts = [Host(f"{seed}/{index}", rules, index, self.started) for index in range(rules.hosts)]
        self._on_event = on_event
        self.watched = on_event is not None
        self.set_faults(faults)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that can still happen."""
        return tuple(active.fault for active in self._faults)

    @property
    def calm(self) -> bool:
        """Whether no fault can happen any more."""
        return not self._faults

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Replace all faults."""
        wanted = list(faults)
        if strange := [fault for fault in wanted if not isinstance(fault, Fault)]:
            raise UsageError(
                f"{strange[0]!r} is no fault; see sestools.simulator.faults, or use faults.parse()"
            )
        self._faults = [_Active(fault, fault.times) for fault in wanted]

    def open(self, port: int) -> ConnectionRecord:
        """Count a connection in."""
        self.connections += 1
        most = self.rules.max_connections
        now = self.clock.now()
        host, ends_at = self._hosts[self.connections % len(self._hosts)].serving(now)
        full = most is not None and self._open >= most
        record = ConnectionRecord(self.connections, port, host, ends_at, full, not full)
        self._open += record.counts
        self.event(record, "*", "connected")
        return record

    def close(self, record: ConnectionRecord) -> None:
        """Count it out."""
        self.release(record)
        self.event(record, "*", "disconnected")

    def release(self, record: ConnectionRecord) -> None:
        """Make room for another connection: SES has ended this one, whether or not the client has noticed."""
        self._open -= record.counts
        record.counts = False

    def delay(self, record: ConnectionRecord) -> float:
        """Seconds before an answer."""
        late = self.of(record, Delayed)
        return self.rules.delay + (late.seconds if late else 0.0)

    def security(self, record: ConnectionRecord) -> Security:
        """The TLS mode that is spoken to a connection."""
        wrapped = (PORTS[record.port] is Security.WRAPPER) != (self.of(record, WrongMode) is not None)
        return Security.WRAPPER if wrapped else Security.STARTTLS

    def shut(self, port: int) -> Fault | None:
        """What stops connection attempts to a port now, if anything does."""
        faults = (one.fault for one in self._faults if isinstance(one.fault, Shut))
        return next((fault for fault in faults if self._is_on(fault, port)), None)

    def turns(self) -> list[float]:
        """The times from now on at which a fault begins or ends."""
        now, faults = self.clock.now(), self.faults
        times = (self.started + turn for one in faults for turn in (one.since, one.until) if turn is not None)
        return sorted(time for time in times if time > now)

    def _is_on(self, fault: Fault, port: int) -> bool:
        elapsed = self.clock.now() - self.started
        in_time = fault.since <= elapsed and (fault.until is None or elapsed < fault.until)
        return in_time and (fault.ports is None or port in fault.ports)

    def at(self, record: ConnectionRecord, stage: Stage, *, before_credentials: bool = False) -> list[Fault]:
        """The faults that happen now at a stage; each that is given has happened.

        No more than one of them does something in place of the answer: the first. The others have their turn
        when it is over.
        """
        if not self._faults:
            return []
        taken: list[Fault] = []
        for fault in self._happening(
            record,
            lambda one: (
                one.happens_at(stage)
                and one.before_credentials is before_credentials
                and (one.instead() is None or all(other.instead() is None for other in taken))
            ),
        ):
            taken.append(fault)
        return taken

    def of(self, record: ConnectionRecord, kind: type[F]) -> F | None:
        """The fault of a kind that happens now to a connection as a whole, or None."""
        if not self._faults:
            return None
        found = next(self._happening(record, lambda fault: isinstance(fault, kind)), None)
        return found if isinstance(found, kind) else None

    def _happening(self, record: ConnectionRecord, wanted: Callable[[Fault], bool]) -> Iterator[Fault]:
        for one in list(self._faults):
            fault = one.fault
            if not wanted(fault) or not self._is_on(fault, record.port):
                continue
            if fault.connections is not None and record.number not in fault.connections:
                continue
            if record.messages < fault.after or (fault.chance < 1 and self._random.random() >= fault.chance):
                continue
            if one.left is not None:
                one.left -= 1
                if one.left == 0:
                    self._faults.remove(one)
            yield fault

    def sign_in(self, record: ConnectionRecord, user: str, password: str) -> str:
        """The reply to a user name and a password."""
        kind = self.account.admits(user, password)
        if kind is None:
            return reply_of("bad-credentials")
        if not self.account.subscribed:
            return reply_of("not-subscribed")
        record.legacy = kind == "v2"
        return OBSERVED["signed in"]

    def submit(self, record: ConnectionRecord, submission: Submission) -> str:
        """The reply to the final dot of a message."""
        now = self.clock.now()
        reply = (
            self.era.too_long
            if submission.message is None
            else refusal(self.account, submission) or self._usage.refusal(submission, now)
        )
        if reply is not None:
            self.refused += 1
            return one_line(reply)
        id = encode_message_id(self.account.region, now, self._random.getrandbits(128))
        record.messages += 1
        envelope = (submission.sender, tuple(submission.recipients))
        message = submission.message or b""
        held = tuple(one for one in submission.recipients if one.lower() in self._suppressed)
        self.accepted.append(Accepted(id, *envelope, message, now, record.port, record.number, held))
        return f"{OBSERVED['ok']} {id}"

    def take_accepted(self) -> list[Accepted]:
        """The messages that were accepted, taken out of the ledger."""
        taken = self.accepted[:]
        self.accepted.clear()
        return taken

    def greeting(self, record: ConnectionRecord) -> str:
        """The greeting, which names the host and the session."""
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        host = f"{int(record.host, 36) % 10**10:010}" if self.era.numbered else f"d-{record.host}"
        return f"220 {HOST} ESMTP SimpleEmailService-{host} {''.join(self._random.choices(letters, k=20))}"

    def event(self, record: ConnectionRecord, direction: str, text: str) -> None:
        """Call `on_event`. What it raises is logged, and the dialogue goes on."""
        if self._on_event is not None:
            try:
                self._on_event(record.port, record.number, direction, text)
            except Exception:  # noqa: BLE001 - whatever somebody else's function raises
                _LOG.exception("on_event failed")


@dataclass(slots=True)
class _Active:
    """A fault and how often it still happens."""

    fault: Fault
    left: int | None
