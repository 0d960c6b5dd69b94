"""A sender keeps the account's rate, over as many connections as that takes, and says when it cannot."""

from __future__ import annotations

import threading
import time
from itertools import islice
from pathlib import Path

import pytest
from mailing import RESEND, mails

from sestools import Journal, Sender, UsageError
from sestools.sending.mail import Fate, Mail
from sestools.simulator import Simulator, faults

SLOW = 0.03
"""Seconds before each reply: with four replies a message, one connection sends about eight a second."""


def subjects(ses: Simulator) -> list[int]:
    """What was accepted."""
    return sorted(int(mail.parsed["Subject"]) for mail in ses.accepted)


def test_the_rate_is_kept_over_several_connections() -> None:
    """14 a second are sent although a connection sends 8: each message once, and never faster than the rate."""
    with Simulator(delay=SLOW) as ses, Sender(ses.target(sign_in=True), policy=RESEND, rate=14) as sender:
        list(sender.send_all(mails(14)))  # connections and the burst of the first second
        began = time.monotonic()
        entries = list(sender.send_all(mails(70)))
        seconds = time.monotonic() - began
        assert {entry.fate for entry in entries} == {Fate.SENT}
        assert len(ses.accepted) == 84
        assert seconds >= (70 - 14) / 14 * 0.95
        assert seconds < 70 / 8 * 0.85, "one connection would take so long"
        assert 2 <= ses.connections <= 6
        assert sender.slow == ""


def test_what_cannot_be_kept_is_said() -> None:
    """With one connection the rate is missed, and the sender says how many would do."""
    with Simulator(delay=SLOW) as ses:
        with Sender(ses.target(sign_in=True), policy=RESEND, rate=50, connections=1) as sender:
            list(sender.send_all(mails(14)))
            assert "the rate allows 50: 1 connection was too slow for that" in sender.slow
            assert ses.connections == 1
        with Sender(ses.target(sign_in=True), policy=RESEND) as sender:
            list(sender.send_all(mails(3)))
            assert sender.slow == ""
        with pytest.raises(UsageError, match="connections must be from 1 to"):
            Sender(ses.target(sign_in=True), policy=RESEND, rate=14, connections=0)


def test_messages_one_by_one_share_a_connection() -> None:
    """`send` keeps its connection from message to message, with a rate as well."""
    with Simulator() as ses, Sender(ses.target(sign_in=True), policy=RESEND, rate=14) as sender:
        for mail in mails(5):
            assert sender.send(mail).fate is Fate.SENT
        assert ses.connections == 1


def test_a_failure_for_all_stops_all() -> None:
    """When the account is paused no connection goes on: each message is told, and few were tried."""
    with Simulator(delay=SLOW, faults=[faults.parse("says:paused")]) as ses:
        with Sender(ses.target(sign_in=True), policy=RESEND, rate=50) as sender:
            entries = list(sender.send_all(mails(40)))
        assert len(entries) == 40
        assert not ses.accepted
        assert ses.refused + len([entry for entry in entries if entry.attempts]) < 20


@pytest.mark.parametrize("fault", ["reset:BODY*3", "closed:MAIL*4", "says:service-failure-454*3"])
def test_nothing_is_lost_when_connections_fail(fault: str) -> None:
    """What fails on one connection is sent again: each message at least once, twice only where that is told."""
    policy = RESEND.__class__.exponential(when_unknown="resend")
    with Simulator(delay=SLOW, faults=[faults.parse(fault)]) as ses:
        with Sender(ses.target(sign_in=True), policy=policy, rate=50) as sender:
            entries = list(sender.send_all(mails(30)))
        assert {entry.fate for entry in entries} == {Fate.SENT}
        assert sorted(set(subjects(ses))) == list(range(30))
        assert len(ses.accepted) - 30 <= sum(entry.unknown for entry in entries)


def test_a_stop_ends_all_and_each_message_is_told(tmp_path: Path) -> None:
    """Told to stop, every connection ends; entries and `unfinished` agree with what SES has, and a journal ends it."""
    path = tmp_path / "journal"
    told: dict[str, Fate] = {}
    with Simulator(delay=SLOW) as ses:
        with Journal(path) as journal:
            sender = Sender(ses.target(sign_in=True), policy=RESEND, rate=60, journal=journal)

            def send() -> None:
                for entry in sender.send_all(mails(200)):
                    told[entry.mail.name] = entry.fate
                    if len(told) == 25:
                        sender.stop()

            with pytest.raises(KeyboardInterrupt), sender:
                send()
            told |= {
                entry.mail.name: entry.fate for entry in sender.unfinished if entry.mail.name not in told
            }
        sent = {name for name, fate in told.items() if fate is Fate.SENT}
        unknown = {name for name, fate in told.items() if fate is Fate.UNKNOWN}
        has = {str(one) for one in subjects(ses)}
        assert sent <= has <= sent | unknown
        assert 25 <= len(has) < 200
        with (
            Journal(path) as journal,
            Sender(ses.target(sign_in=True), policy=RESEND, journal=journal) as again,
        ):
            assert {entry.fate for entry in again.send_all(mails(200))} == {Fate.SENT}
        assert len(ses.accepted) - 200 <= len(unknown)
        assert sorted(set(subjects(ses))) == list(range(200))


def test_a_caller_that_leaves_stops_all() -> None:
    """Whoever leaves the loop has nothing sent behind his back, but what was under way."""
    with Simulator(delay=SLOW) as ses:
        with Sender(ses.target(sign_in=True), policy=RESEND, rate=50) as sender:
            assert len(list(islice(sender.send_all(mails(100)), 10))) == 10
        done = threading.Event()
        done.wait(0.5)
        assert len(ses.accepted) < 40


def test_what_a_stream_raises_is_raised() -> None:
    """Messages come from a generator that fails: the error reaches the caller, after what was sent."""

    def stream() -> object:
        yield from mails(5)
        raise RuntimeError("the database is gone")

    entries: list[Mail] = []
    with Simulator() as ses:
        sender = Sender(ses.target(sign_in=True), policy=RESEND, rate=50)
        with pytest.raises(RuntimeError, match="database"), sender:
            entries += (entry.mail for entry in sender.send_all(stream()))  # type: ignore[arg-type]
        assert len(ses.accepted) == 5
