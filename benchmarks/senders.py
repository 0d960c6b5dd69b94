"""Clients that keep their connections, meet faults, and write down what became of each message.

Their accounts and the simulator's ledger have to agree exactly: what a client was told is accepted is there
once, under the id that it was told; what was refused or never sent is not there; and only a message whose
final reply was lost may be there or not.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from sestools.core.endpoints import PORTS, Security
from sestools.simulator import Accepted, Simulator, faults

FAULTS = (
    ("reply-lost", 0.003), ("reset:BODY", 0.003), ("closed:BODY", 0.003), ("half-closed:BODY", 0.001),
    ("says:send-rate", 0.01), ("says:service-failure-454", 0.005), ("says:not-verified", 0.002),
    ("reset:MAIL", 0.002), ("closed:RCPT", 0.002), ("reset:DATA", 0.002), ("closed:EHLO", 0.02),
    ("reset:TLS", 0.02), ("sliced:7", 0.05),
)  # fmt: skip
"""What goes wrong, and how often."""


class Fate(Enum):
    """What a client knows of a message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not sent"
    """The connection ended before the text of the message was sent."""
    UNKNOWN = "unknown"
    """The connection ended behind the text and before the reply to it."""


@dataclass(frozen=True)
class Entry:
    """A line of a client's account: the fate of a message, and the id that it was told."""

    number: int
    fate: Fate
    id: str = ""


class Sender:
    """A client on one port, which connects again when it has to."""

    def __init__(self, ses: Simulator, port: int) -> None:
        self._ses = ses
        self._port = port
        self._client: smtplib.SMTP | None = None
        self._context = ssl.create_default_context(cafile=ses.ca_file)
        self._context.check_hostname = False  # the name is not what it dials; the authority is verified

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def send(self, numbers: Iterable[int]) -> list[Entry]:
        """Send a message for each number."""
        return [self._one(number) for number in numbers]

    def _connect(self) -> smtplib.SMTP:
        address, port = self._ses.connect_to[self._port]
        name = "client.example.com"
        if PORTS[self._port] is Security.WRAPPER:
            client: smtplib.SMTP = smtplib.SMTP_SSL(address, port, name, context=self._context, timeout=30)
        else:
            client = smtplib.SMTP(address, port, name, timeout=30)
        try:
            if PORTS[self._port] is Security.STARTTLS:
                client.starttls(context=self._context)
            client.login(self._ses.credentials.user, self._ses.credentials.password)
        except BaseException:
            client.close()
            raise
        return client

    def _one(self, number: int) -> Entry:
        sent = False
        try:
            client = self._client = self._client or self._connect()
            for command in ("MAIL FROM:<a@example.com>", f"RCPT TO:<b{number}@example.net>", "DATA"):
                code, text = client.docmd(command)
                if code not in (250, 354):
                    client.rset()
                    return Entry(number, Fate.REFUSED)
            sent = True
            client.send(f"From: a@example.com\r\nSubject: {number}\r\n\r\n..{number}\r\n.\r\n")
            code, text = client.getreply()
        except (smtplib.SMTPException, OSError):
            self.close()
            return Entry(number, Fate.UNKNOWN if sent else Fate.NOT_SENT)
        if code == 250:
            return Entry(number, Fate.ACCEPTED, text.decode().split()[-1])
        return Entry(number, Fate.REFUSED)


def compare(entries: Iterable[Entry], ledger: Iterable[Accepted]) -> Counter[str]:
    """How many messages had each fate; AssertionError if ledger and accounts disagree."""
    there: dict[int, list[str]] = {}
    for accepted in ledger:
        found = re.search(rb"^Subject: (\d+)\r\n\r\n\.(\d+)\r\n$", accepted.message, re.M)
        assert found, accepted.message
        assert found[1] == found[2], accepted.message
        number = int(found[1])
        assert accepted.recipients == (f"b{number}@example.net",)
        there.setdefault(number, []).append(accepted.id)
    fates: Counter[str] = Counter()
    for entry in entries:
        ids = there.pop(entry.number, [])
        if entry.fate is Fate.ACCEPTED:
            assert ids == [entry.id], (entry, ids)
        elif entry.fate is Fate.UNKNOWN:
            assert len(ids) <= 1, (entry, ids)
        else:
            assert not ids, (entry, ids)
        fates["unknown, accepted" if ids and entry.fate is Fate.UNKNOWN else entry.fate.value] += 1
    assert not there, f"the ledger has what nobody sent: {there}"
    return fates


class Senders:
    """A simulator with faults, and a thread for each client."""

    def __init__(self, clients: int = 5, chances: Mapping[str, float] | None = None) -> None:
        self._count = clients
        self._chances = dict(FAULTS) if chances is None else chances
        self._next = 0

    def __enter__(self) -> Senders:
        self._stack = contextlib.ExitStack()
        wrong = [faults.parse(word, chance=chance) for word, chance in self._chances.items()]
        self._ses = self._stack.enter_context(Simulator(faults=wrong, seed=3))
        self._pool = self._stack.enter_context(ThreadPoolExecutor(self._count))
        ports = list(PORTS)
        self._clients = [Sender(self._ses, ports[index % len(ports)]) for index in range(self._count)]
        for client in self._clients:
            self._stack.callback(client.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def send(self, messages: int) -> Counter[str]:
        """Send so many messages, all clients at once, and compare the accounts with the ledger."""
        numbers = range(self._next, self._next + messages)
        self._next += messages
        shares = [numbers[index :: self._count] for index in range(self._count)]
        accounts = self._pool.map(Sender.send, self._clients, shares)
        entries = [entry for account in accounts for entry in account]
        assert len(entries) == messages
        return compare(entries, self._ses.take_accepted())
