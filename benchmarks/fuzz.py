"""Sessions that are told nonsense: whatever arrives, each has a well-formed answer and none raises."""

from __future__ import annotations

import base64
import itertools
import random
import re

from sestools.core.endpoints import Security
from sestools.simulator import Account
from sestools.simulator.actions import Say, Turn
from sestools.simulator.clock import VirtualClock
from sestools.simulator.rules import Rules
from sestools.simulator.service import Service
from sestools.simulator.session import ServerSession

REPLIES = re.compile(rb"(?:\d{3}[ -][^\r\n]*\r\n)*")
ACCOUNT = Account(identities=frozenset({"example.com"}), daily_quota=1000, rate=5, max_size=2000)
PLAIN = base64.b64encode(f"\0{ACCOUNT.sign_in.user}\0{ACCOUNT.sign_in.password}".encode())
WORDS = (
    b"EHLO x\r\n", b"HELO x\r\n", b"EHLO\r\n", b"STARTTLS\r\n", b"STARTTLS now\r\n", b"NOOP\r\n", b"RSET\r\n",
    b"QUIT\r\n", b"HELP\r\n", b"VRFY a\r\n", b"AUTH\r\n", b"AUTH PLAIN\r\n", b"AUTH LOGIN\r\n", b"AUTH PLAIN =\r\n",
    b"AUTH PLAIN " + PLAIN + b"\r\n", b"AUTH CRAM-MD5\r\n", b"*\r\n", b"MAIL FROM:<a@example.com>\r\n",
    b"MAIL FROM:<>\r\n", b"MAIL FROM:a@example.com SIZE=3\r\n", b"MAIL\r\n", b"RCPT TO:<b@example.net>\r\n",
    b"RCPT TO:<\"a b\"@example.net>\r\n", b"RCPT TO:<b>\r\n", b"DATA\r\n", b".\r\n", b"..\r\n", b"\r\n", b"\n", b"\r",
    b"From: a@example.com\r\n", b"From: \"a <b@c\r\n", b"To: , ;:\r\n", b" folded\r\n", b": no name\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n", b"Subject: \xff\xfe\r\n", b"\0\r\n", b"a" * 1100,
    b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n",
)  # fmt: skip
"""What clients say, and what they should not."""
FIRST = (b"STARTTLS\r\n", b"AUTH PLAIN " + PLAIN + b"\r\n")
"""What lets a client in; without it little else is reached."""
MAIL = (b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.net>\r\n", b"DATA\r\n")


def _inputs(chance: random.Random) -> list[bytes]:
    """Words in any order, some of them damaged, cut into pieces anywhere; often behind a proper beginning."""
    first = [*FIRST[: chance.choice((0, 1, 2, 2, 2))], *MAIL[: chance.choice((0, 0, 2, 3, 3))]]
    words = [chance.choice(WORDS) for _ in range(chance.randint(1, 25))]
    words.insert(chance.randint(0, len(words)), b"\r\n.\r\n")
    text = bytearray(b"".join(words))
    for _ in range(chance.choice((0, 0, 1, 5))):
        text[chance.randrange(len(text))] = chance.randrange(256)
    cuts = sorted({0, len(text), *(chance.randrange(len(text)) for _ in range(chance.randint(0, 8)))})
    return first + [bytes(text[start:end]) for start, end in itertools.pairwise(cuts)]


def fuzz(inputs: int, seed: int) -> dict[str, int]:
    """Give sessions so many inputs; AssertionError or whatever else is raised names a defect.

    Returns:
        How many sessions there were, how many ended, and how often each reply code was said.
    """
    chance = random.Random(seed)
    clock = VirtualClock()
    service = Service(ACCOUNT, Rules(max_messages=3), clock=clock, seed=seed)
    counts = {"sessions": 0, "ended": 0}
    given = 0
    while given < inputs:
        record = service.open(587)
        session = ServerSession(service, record, chance.choice((Security.STARTTLS, Security.WRAPPER)))
        counts["sessions"] += 1
        actions = session.begin()
        for piece in _inputs(chance):
            said = b"".join(action.data for action in actions if isinstance(action, Say))
            assert {action for action in actions if not isinstance(action, Say)} <= {
                Turn.CLOSE,
                Turn.START_TLS,
            }
            assert REPLIES.fullmatch(said), said
            for code in re.findall(rb"^(\d{3}) ", said, re.M):
                counts[code.decode()] = counts.get(code.decode(), 0) + 1
            if Turn.CLOSE in actions:
                counts["ended"] += 1
                assert session.receive(piece) == []
                break
            if Turn.START_TLS in actions:
                session.tls_started()
            clock.sleep(chance.choices((0.0, 0.5, 11.0), (20, 5, 1))[0])
            actions = session.tick() or session.receive(piece)
            given += 1
        service.close(record)
    return counts
