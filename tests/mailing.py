"""Messages, and senders in virtual time, for several tests."""

from __future__ import annotations

import dataclasses
from typing import Any

from sestools import Target
from sestools.sending.mail import Mail
from sestools.sending.policy import Policy
from sestools.sending.sender import Sender
from sestools.simulator.memory import VirtualSes

RECIPIENT = "success@simulator.amazonses.com"
RESEND = Policy.documented(when_unknown="resend")


def mails(count: int, **changes: Any) -> list[Mail]:
    """Messages, numbered by their subject."""
    one = Mail(**{"sender": "a@example.com", "recipients": (RECIPIENT,), "content": b"", **changes})
    return [
        dataclasses.replace(
            one, name=str(n), content=f"From: a@example.com\r\nSubject: {n}\r\n\r\n.hi\r\n".encode()
        )
        for n in range(count)
    ]


def virtual(ses: VirtualSes, policy: Policy = RESEND, **more: Any) -> Sender:
    """A sender in virtual time."""
    target = Target(host=ses.host, credentials=ses.credentials)
    return Sender(target, policy=policy, connect=lambda: ses.smtp(587), clock=ses.clock, **more)
