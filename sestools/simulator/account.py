"""What AWS knows of an account in one region: who may sign in, what is accepted, and what was."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sestools.credentials import smtp_password
from sestools.message_id import encode_message_id
from sestools.model import Credentials
from sestools.simulator.replies import OBSERVED

MAX_SIZE = 40 * 1024 * 1024
"""Bytes of a message that are accepted. AWS says 40 MB; whether it counts MB or MiB is unknown."""
MAX_RECIPIENTS = 50

EXAMPLE_KEY = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
"""AWS's own public example of an access key id and its secret. Worth nothing anywhere."""


def example_credentials(region: str) -> Credentials:
    """The SMTP credentials that AWS's example key has in a region."""
    user, secret = EXAMPLE_KEY
    return Credentials(user=user, password=smtp_password(secret, region))


@dataclass(frozen=True, kw_only=True)
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


class Account:
    """An account in one region. `clock` gives seconds since 1970; `seed` makes its ids repeatable."""

    def __init__(
        self, region: str, credentials: Credentials, *, clock: Callable[[], float] = time.time, seed: int = 0
    ) -> None:
        self.region = region
        self.credentials = credentials
        self.clock = clock
        self.accepted: list[Accepted] = []
        self._random = random.Random(seed)  # noqa: S311 - ids, not secrets

    def greeting_id(self) -> str:
        """The two words at the end of a greeting: which host, which session."""
        capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        host = "".join(self._random.choices(capitals, k=9))
        return f"SimpleEmailService-d-{host} {''.join(self._random.choices(letters, k=20))}"

    def sign_in(self, user: str, password: str) -> str:
        """The reply to a user name and a password."""
        good = (user, password) == (self.credentials.user, self.credentials.password)
        return OBSERVED["signed in" if good else "bad credentials"]

    def submit(
        self,
        sender: str,
        recipients: tuple[str, ...],
        message: bytes,
        size: int,
        *,
        port: int,
        connection: int,
    ) -> str:
        """Judge a message and return the reply to its final dot.

        `size` is the whole size; of a message that is too long `message` holds only the beginning.
        """
        if size > MAX_SIZE:
            return OBSERVED["too long"]
        if len(recipients) > MAX_RECIPIENTS:
            return OBSERVED["too many recipients"]
        now = self.clock()
        id = encode_message_id(self.region, now, self._random.getrandbits(128))
        self.accepted.append(
            Accepted(
                id=id,
                sender=sender,
                recipients=recipients,
                message=message,
                at=now,
                port=port,
                connection=connection,
            )
        )
        return f"{OBSERVED['ok']} {id}"
