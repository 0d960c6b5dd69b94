"""SES of a region as a whole: its account, its hosts, what goes wrong with it, and what it has accepted.

Real sockets (`server.py`) and memory (`memory.py`) carry the sessions of the same world. A world does no I/O
and is told the time.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sestools.core.endpoints import PORTS, Security, smtp_host
from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.core.message_id import encode_message_id
from sestools.simulator.account import Account, Limits, Submission, one_line, refusal, reply_of
from sestools.simulator.clock import Clock
from sestools.simulator.faults import Delayed, Dropped, Fault, Outage, Refused, WrongMode
from sestools.simulator.faults.base import is_number
from sestools.simulator.replies import ERAS, OBSERVED, Era

_LOG = logging.getLogger("sestools.simulator")

Event = Callable[[int, int, str, str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
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
    """

    id: str
    sender: str
    recipients: tuple[str, ...]
    message: bytes = field(repr=False)
    at: float
    port: int
    connection: int


@dataclass(slots=True)
class Visit:
    """One connection, as the world knows it."""

    number: int
    port: int
    opened_at: float
    host: str
    """The SES host behind the balancer that it reached."""
    ends_at: float
    """When that host is retired, and the connection with it."""
    turned_away: bool = False
    """Whether it is one connection too many."""
    counts: bool = False
    """Whether it counts among those that are open."""
    messages: int = 0
    legacy: bool = False
    """Whether it signed in with a legacy password."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How long connections live, and how the endpoint speaks.

    Attributes:
        idle: Seconds of silence after which a connection is ended. SES: about 10.
        max_messages: Messages that a connection may carry. That SES has such a limit was seen, its size was not;
            300 fits the reports.
        max_connections: Open connections at a time; None for no limit. Its size at SES is unknown.
        hosts: SES hosts behind the balancer; connections go to them in turn.
        host_lifetime: Seconds that a host serves before it is replaced and its connections end; None for ever.
        random_lifetimes: Whether lifetimes are exponentially distributed around that mean, or all the same.
        era: The years whose dialogue is spoken: `2026`, `2023`, `2020`, `2019` or `2017`.
        delay: Seconds before each answer.
    """

    idle: float = 10.0
    max_messages: int = 300
    max_connections: int | None = None
    hosts: int = 3
    host_lifetime: float | None = None
    random_lifetimes: bool = False
    era: str = "2026"
    delay: float = 0.0

    def __post_init__(self) -> None:
        if self.era not in ERAS:
            raise UsageError(f"era is one of {', '.join(ERAS)}, not {self.era!r}")
        if not isinstance(self.random_lifetimes, bool):
            raise UsageError(f"random_lifetimes must be true or false, not {self.random_lifetimes!r}")
        for name, least in (("idle", 0.01), ("host_lifetime", 0.01), ("delay", 0.0)):
            seconds = getattr(self, name)
            if seconds is None and name == "host_lifetime":
                continue
            if not (is_number(seconds) and least <= seconds <= 1e9):
                raise UsageError(f"{name} must be at least {least} seconds, not {seconds!r}")
        for name in ("max_messages", "max_connections", "hosts"):
            number = getattr(self, name)
            if number is None and name == "max_connections":
                continue
            if not (is_number(number, whole=True) and number >= 1):
                raise UsageError(f"{name} must be a whole number of at least 1, not {number!r}")

    @property
    def spoken(self) -> Era:
        """The era's dialogue."""
        return ERAS[self.era]


class Service:
    """SES of a region under a clock.

    Args:
        account: Whose endpoint it is.
        rules: How long connections live, and how it speaks.
        clock: What tells the time.
        faults: What goes wrong.
        seed: Makes ids, lifetimes and chances repeatable.
        on_event: Called with the SES port, the number of the connection, `<` (said), `>` (heard) or `*`, and a
            line that holds no credentials.
    """

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
        self.account = account
        self.rules = rules
        self.clock = clock
        self.host = smtp_host(account.region)
        self.era = rules.spoken
        self.max_size = min(account.max_size, self.era.size or account.max_size)
        """Bytes of a message: what the account may send, and no more than what EHLO announces."""
        self.accepted: list[Accepted] = []
        self.refused = 0
        """Messages that were refused at the end of DATA."""
        self.connections = 0
        """Connections that were made so far."""
        self.started = clock.now()
        self._open = 0
        self._limits = Limits(account)
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311 - ids and chances, not secrets
        self._hosts = [_Host(f"{seed}/{index}", self, index) for index in range(rules.hosts)]
        self._on_event = on_event
        self.watched = on_event is not None
        """Whether anybody is told of events."""
        self._faults: list[_Active] = []
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
        wanted = []
        for fault in faults:
            if not isinstance(fault, Fault):
                raise UsageError(
                    f"{fault!r} is no fault; see sestools.simulator.faults, or use faults.parse()"
                )
            wanted.append(_Active(fault))
        self._faults = wanted

    # --- connections --------------------------------------------------------------------------------------

    def open(self, port: int) -> Visit:
        """Count a connection in."""
        self.connections += 1
        most = self.rules.max_connections
        host = self._hosts[self.connections % len(self._hosts)]
        now = self.clock.now()
        visit = Visit(self.connections, port, now, host.name(now), host.retires(now))
        visit.turned_away = most is not None and self._open >= most
        visit.counts = not visit.turned_away
        self._open += visit.counts
        self.event(visit, "*", "connected")
        return visit

    def close(self, visit: Visit) -> None:
        """Count it out."""
        self.release(visit)
        self.event(visit, "*", "disconnected")

    def release(self, visit: Visit) -> None:
        """Make room for another connection: SES has ended this one, whether or not the client has noticed."""
        self._open -= visit.counts
        visit.counts = False

    def delay(self, visit: Visit) -> float:
        """Seconds before an answer."""
        late = self.of(visit, Delayed)
        return self.rules.delay + (late.seconds if isinstance(late, Delayed) else 0.0)

    def security(self, visit: Visit) -> Security:
        """The TLS mode that is spoken to a connection."""
        normal = PORTS[visit.port]
        if not self.of(visit, WrongMode):
            return normal
        return Security.STARTTLS if normal is Security.WRAPPER else Security.WRAPPER

    def shut(self, port: int) -> Fault | None:
        """What stops connection attempts to a port now, if anything does."""
        for one in self._faults:
            if isinstance(one.fault, Refused | Dropped | Outage) and self._on_port(one, port):
                return one.fault
        return None

    def turns(self) -> list[float]:
        """The times from now on at which a fault begins or ends."""
        now = self.clock.now()
        times = (
            self.started + after
            for one in self._faults
            for after in (one.fault.since, one.fault.until)
            if after is not None
        )
        return sorted(time for time in times if time > now)

    def _on_port(self, one: _Active, port: int) -> bool:
        fault = one.fault
        return (fault.ports is None or port in fault.ports) and self._in_time(fault)

    def _in_time(self, fault: Fault) -> bool:
        elapsed = self.clock.now() - self.started
        return fault.since <= elapsed and (fault.until is None or elapsed < fault.until)

    # --- faults -------------------------------------------------------------------------------------------

    def at(self, visit: Visit, stage: Stage, wanted: Callable[[Fault], bool] | None = None) -> list[Fault]:
        """The faults (of those that are wanted) that happen now at a stage; each that is given has happened.

        No more than one of them does something in place of the answer: the first. The others have their turn
        when it is over.
        """
        if not self._faults:
            return []
        taken: list[Fault] = []

        def turn(fault: Fault) -> bool:
            if not fault.happens_at(stage) or (wanted and not wanted(fault)):
                return False
            return fault.instead() is None or all(one.instead() is None for one in taken)

        for fault in self._happening(visit, turn):
            taken.append(fault)
        return taken

    def of(self, visit: Visit, kind: type[Fault]) -> Fault | None:
        """The fault of a kind that happens now to a connection as a whole, or None."""
        if not self._faults:
            return None
        return next(self._happening(visit, lambda fault: isinstance(fault, kind)), None)

    def _happening(self, visit: Visit, wanted: Callable[[Fault], bool]) -> Iterator[Fault]:
        for one in list(self._faults):
            fault = one.fault
            if not wanted(fault) or not self._on_port(one, visit.port):
                continue
            if fault.connections is not None and visit.number not in fault.connections:
                continue
            if visit.messages < fault.after or (fault.chance < 1 and self._random.random() >= fault.chance):
                continue
            if one.left is not None:
                one.left -= 1
                if one.left == 0:
                    self._faults.remove(one)
            yield fault

    # --- what a session asks ------------------------------------------------------------------------------

    def sign_in(self, visit: Visit, user: str, password: str) -> str:
        """The reply to a user name and a password."""
        kind = self.account.admits(user, password)
        if kind is None:
            return reply_of("bad-credentials")
        if not self.account.subscribed:
            return reply_of("not-subscribed")
        visit.legacy = kind == "v2"
        return OBSERVED["signed in"]

    def submit(self, visit: Visit, submission: Submission) -> str:
        """The reply to the final dot of a message."""
        now = self.clock.now()
        if submission.message is None:
            reply: str | None = self.era.too_long
        else:
            reply = refusal(self.account, submission) or self._limits.refusal(submission, now)
        if reply is not None:
            self.refused += 1
            return one_line(reply)
        id = encode_message_id(self.account.region, now, self._random.getrandbits(128))
        visit.messages += 1
        self.accepted.append(
            Accepted(
                id=id,
                sender=submission.sender,
                recipients=submission.recipients,
                message=submission.message or b"",
                at=now,
                port=visit.port,
                connection=visit.number,
            )
        )
        return f"{OBSERVED['ok']} {id}"

    def greeting(self, visit: Visit) -> str:
        """The words at the end of a greeting: which host, which session."""
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        host = f"{int(visit.host, 36) % 10**10:010}" if self.era.numbered else f"d-{visit.host}"
        return f"SimpleEmailService-{host} {''.join(self._random.choices(letters, k=20))}"

    def event(self, visit: Visit, direction: str, text: str) -> None:
        """Tell whoever watches. What that raises is logged: the dialogue goes on as if nobody watched."""
        if self._on_event is not None:
            try:
                self._on_event(visit.port, visit.number, direction, text)
            except Exception:  # noqa: BLE001 - whatever somebody else's function raises
                _LOG.exception("on_event failed")


class _Active:
    """A fault and how often it still happens."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.left = fault.times


class _Host:
    """A place behind the balancer: one host after the other serves there."""

    def __init__(self, seed: str, world: Service, index: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - lifetimes, not secrets
        self._lifetime = world.rules.host_lifetime
        self._at_random = world.rules.random_lifetimes
        self._name = self._new_name()
        # The first of the hosts that retire on a schedule do so one after the other, not all at once.
        share = 1.0 if self._at_random else (index + 1) / world.rules.hosts
        self._retires = world.started + self._life() * share

    def _new_name(self) -> str:
        return "".join(self._random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=9))

    def _life(self) -> float:
        if self._lifetime is None:
            return float("inf")
        return self._random.expovariate(1 / self._lifetime) if self._at_random else self._lifetime

    def _renew(self, now: float) -> None:
        while self._retires <= now:
            self._name = self._new_name()
            self._retires += self._life()

    def name(self, now: float) -> str:
        """The host that serves now."""
        self._renew(now)
        return self._name

    def retires(self, now: float) -> float:
        """When it is retired."""
        self._renew(now)
        return self._retires
