"""What thresholds come to: messages sent through the simulator, in virtual time, counted by its ledger."""

from __future__ import annotations

import contextlib
import random
import smtplib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from sestools.lifetime.costs import PRICE, Cost, Thresholds, Traffic
from sestools.simulator.memory import VirtualSes

__all__ = ["gaps", "replay"]

_SENDER, _RECIPIENT = "sender@example.com", "success@simulator.amazonses.com"


def replay(
    thresholds: Thresholds,
    traffic: Traffic,
    *,
    messages: int = 2000,
    price: float = PRICE,
    seed: int = 0,
    **settings: Any,
) -> Cost:
    """Send messages with the standard library's client, over connections that are changed at these thresholds.

    The client neither asks whether a connection lives nor hears of its end: it meets it with the next message,
    and sends that again over a new one.

    Args:
        thresholds: When it changes connections.
        traffic: How messages come.
        messages: How many.
        price: Handshakes that a broken send costs.
        seed: Of the gaps, and of what the simulator draws.
        settings: What makes the simulated SES, such as `scenario="s6-hosts-replaced"` or `idle=10`.
    """
    ses = VirtualSes(**({"seed": seed} | settings))
    line = _Line(ses, thresholds)
    broken = 0
    for gap in islice(gaps(traffic, seed), messages):
        ses.clock.sleep(gap)
        while not line.sends():
            broken += 1
    if len(ses.accepted) < messages:
        raise RuntimeError("the ledger misses messages that were reported as accepted")
    thousand = messages / 1000
    return Cost(handshakes=line.opened / thousand, broken=broken / thousand, price=price)


def gaps(traffic: Traffic, seed: int = 0) -> Iterator[float]:
    """Seconds between messages, without end."""
    drawn = random.Random(seed)  # noqa: S311 - pauses, not secrets
    while True:
        gap = drawn.choices(traffic.gaps, traffic.shares)[0]
        yield drawn.expovariate(1 / gap) if traffic.random and gap else gap


class _Line:
    """A connection that is changed at thresholds."""

    def __init__(self, ses: VirtualSes, thresholds: Thresholds) -> None:
        self._ses, self._thresholds = ses, thresholds
        self._client: smtplib.SMTP | None = None
        self._carried, self._opened_at, self._used_at = 0, 0.0, 0.0
        self.opened = 0

    def sends(self) -> bool:
        """Whether a message was accepted; a dead connection is forgotten."""
        client = self._ready()
        try:
            client.sendmail(_SENDER, [_RECIPIENT], "Subject: x\n\nx\n")
        except (OSError, smtplib.SMTPException):
            self._client = None
            return False
        self._carried, self._used_at = self._carried + 1, self._ses.clock.now()
        return True

    def _ready(self) -> smtplib.SMTP:
        now, limits = self._ses.clock.now(), self._thresholds
        if self._client and (
            (limits.messages is not None and self._carried >= limits.messages)
            or (limits.age is not None and now - self._opened_at >= limits.age)
            or (limits.idle is not None and now - self._used_at >= limits.idle)
        ):
            with contextlib.suppress(OSError, smtplib.SMTPException):
                self._client.quit()
            self._client = None
        if self._client is None:
            self._client = self._ses.smtp()
            self._client.starttls()
            credentials = self._ses.credentials
            self._client.login(credentials.user, credentials.password)
            self._carried, self._opened_at, self._used_at = 0, now, now
            self.opened += 1
        return self._client
