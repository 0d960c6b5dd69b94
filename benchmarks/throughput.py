"""How many messages a second the sender gets rid of, beside smtplib in a loop and Postfix's smtp-source.

The sender and smtplib use STARTTLS and sign in; smtp-source can do neither and shows what the simulator takes
without them. One connection at a time each.
"""

from __future__ import annotations

import smtplib
import ssl
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from figure import Figure, count, rounds
from servers import server, smtp_source

from sestools import Mail, Policy, Sender
from sestools.sending.mail import Fate

TO = "success@simulator.amazonses.com"
TEXT = b"From: news@example.com\r\nTo: someone@example.net\r\nSubject: a\r\n\r\nHello\r\n"
RECONNECT = 100
"""Messages a connection, for both that keep one."""


def sending(serving: Callable[[], AbstractContextManager[Any]]) -> Iterator[Figure]:
    """Messages a second, as ratios inside each round."""
    with serving() as place, server("simulator", "open") as bare:
        context = ssl.create_default_context(cafile=place.ca)
        context.check_hostname = False  # smtplib verifies what it dials, which is the loopback
        address, port = place.ports[587]
        user, password = place.credentials.user, place.credentials.password

        def ours(messages: int) -> None:
            mails = (Mail(sender="news@example.com", recipients=(TO,), content=TEXT) for _ in range(messages))
            policy = Policy.documented(when_unknown="resend")
            with Sender(place.target(587), policy=policy, max_messages=RECONNECT) as sender:
                assert all(entry.fate is Fate.SENT for entry in sender.send_all(mails))

        def theirs(messages: int, each: int) -> None:
            for start in range(0, messages, each):
                with smtplib.SMTP(address, port, "client.example.com", timeout=30) as client:
                    client.starttls(context=context)
                    client.login(user, password)
                    for _ in range(min(each, messages - start)):
                        client.sendmail("news@example.com", [TO], TEXT)

        def rate(work: Callable[..., None], messages: int, *more: int) -> float:
            begun = time.perf_counter()
            work(messages, *more)
            return messages / (time.perf_counter() - begun)

        messages = count(1000)
        ours(count(100)), theirs(count(100), RECONNECT)
        figures = [
            {
                "sender": rate(ours, messages),
                "kept": rate(theirs, messages, RECONNECT),
                "loop": rate(theirs, max(1, messages // 10), 1),
                "source": smtp_source(bare, messages, 1, kept=True),
            }
            for _ in range(rounds(7))
        ]
    middle = {name: statistics.median(one[name] for one in figures) for name in figures[0]}
    for name, what, bound in (
        ("loop", "smtplib, a connection a message", 4.0),
        ("kept", f"smtplib, a connection for {RECONNECT} messages", 0.75),
        ("source", "Postfix's smtp-source, neither TLS nor sign-in", None),
    ):
        yield Figure(
            what=f"messages a second, sender / {what}",
            figure=statistics.median(one["sender"] / one[name] for one in figures),
            bound=bound,
            unit="x",
            most=False,
            detail=f"{middle['sender']:.0f}/s, {middle[name]:.0f}/s",
        )
