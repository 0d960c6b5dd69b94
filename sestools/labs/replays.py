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

_LOST = (OSError, smtplib.SMTPException)


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
        price: Handshakes that a broken send costs.
        seed: Of the gaps, and of what the simulator draws.
        settings: What makes the simulated SES, such as `scenario="s6-hosts-replaced"` or `idle=10`.
    """
    ses = VirtualSes(**({"seed": seed} | settings))
    client: smtplib.SMTP | None = None
    opened = broken = carried = 0
    opened_at = used_at = 0.0
    for gap in islice(_gaps(traffic, seed), messages):
        ses.clock.sleep(gap)
        sent = False
        while not sent:
            now = ses.clock.now()
            if client and _spent(thresholds, carried, now - opened_at, now - used_at):
                with contextlib.suppress(*_LOST):
                    client.quit()
                client = None
            if client is None:
                client = _signed_in(ses)
                opened, carried, opened_at = opened + 1, 0, now
            try:
                client.sendmail(
                    "sender@example.com", ["success@simulator.amazonses.com"], "Subject: x\n\nx\n"
                )
                sent, carried, used_at = True, carried + 1, ses.clock.now()
            except _LOST:
                client, broken = None, broken + 1
    if len(ses.accepted) < messages:
        raise RuntimeError("the ledger misses messages that were reported as accepted")
    thousand = messages / 1000
    return Cost(handshakes=opened / thousand, broken=broken / thousand, price=price)


def _spent(thresholds: Thresholds, carried: int, age: float, idle: float) -> bool:
    limits = ((thresholds.messages, carried), (thresholds.age, age), (thresholds.idle, idle))
    return any(most is not None and value >= most for most, value in limits)


def _signed_in(ses: VirtualSes) -> smtplib.SMTP:
    client = ses.smtp()
    client.starttls()
    client.login(ses.credentials.user, ses.credentials.password)
    return client


def _gaps(traffic: Traffic, seed: int) -> Iterator[float]:
    """Seconds between messages, without end."""
    drawn = random.Random(seed)  # noqa: S311 - pauses, not secrets
    while True:
        gap = drawn.choices(traffic.gaps, traffic.shares)[0]
        yield drawn.expovariate(1 / gap) if traffic.random and gap else gap
