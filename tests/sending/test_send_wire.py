"""What the sender makes of servers that are slow, out of step, or say yes in other words."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

import pytest
from mailing import RESEND, mails
from scripted import USUAL, Scripted

from sestools.core.enums import Stage
from sestools.probes import probe_dialogue
from sestools.sending.mail import Fate, Mail
from sestools.sending.policy import Policy
from sestools.sending.sender import Sender


@pytest.mark.parametrize("reply", ["250 Ok 01", "200 ok", "251 will forward", "299-well\r\n299 yes"])
def test_any_reply_that_begins_with_2_accepts_a_message(tmp_path: Path, reply: str) -> None:
    """A server that accepts in other words has accepted: the message is sent once, and not again."""
    with (
        Scripted(tmp_path, lambda stage, _: reply if stage == "BODY" else None) as server,
        Sender(server.target, policy=RESEND) as sender,
    ):
        entries = list(sender.send_all(mails(2)))
    assert [entry.fate for entry in entries] == [Fate.SENT] * 2
    assert (len(server.messages), server.connections) == (2, 1)


STRAY = "250 Ok 0102-stray"
"""A reply to nothing."""


@pytest.mark.parametrize(
    ("stage", "said", "fate", "received"),
    [
        # It came before the message was offered, or before its final dot was: nothing was accepted.
        ("AUTH", f"{USUAL['AUTH']}\r\n{STRAY}", Fate.UNSENT, 0),
        ("MAIL", f"250 Ok\r\n{STRAY}", Fate.UNSENT, 0),
        ("RCPT", f"250 Ok\r\n{STRAY}", Fate.UNSENT, 0),
        ("RCPT", "250 Ok\r\n550 stray", Fate.UNSENT, 0),
        ("RCPT", "250 Ok\r\n250", Fate.UNSENT, 0),
        ("DATA", f"{USUAL['DATA']}\r\n{STRAY}", Fate.UNSENT, 0),
        ("DATA", f"{USUAL['DATA']}\r\n554 stray", Fate.UNSENT, 0),
        # Two replies came to one message, or one that is no answer to it: nobody knows.
        ("BODY", f"{STRAY}\r\n554 Message rejected", Fate.UNKNOWN, 1),
        ("BODY", USUAL["DATA"], Fate.UNKNOWN, 1),
        ("BODY", "250-Ok\r\n554 Message rejected", Fate.UNKNOWN, 1),
        ("BODY", "554 " + 3000 * "x", Fate.UNKNOWN, 1),
        # A good-bye after the answer changes nothing about the answer.
        ("BODY", f"{USUAL['BODY']}\r\n421 closing", Fate.SENT, 1),
    ],
)
def test_a_reply_before_its_question(
    tmp_path: Path, stage: str, said: str, fate: Fate, received: int
) -> None:
    """The connection is dropped, and no reply on it is taken for that to another command."""
    with (
        Scripted(tmp_path, lambda at, number: said if at == stage and number == 1 else None) as server,
        Sender(server.target, policy=Policy.none()) as sender,
    ):
        first, second = sender.send_all(mails(2))
    assert (first.fate, second.fate) == (fate, Fate.SENT)
    assert (len(server.messages), server.connections) == (received + 1, 2)
    if fate is not Fate.SENT:
        assert first.diagnosis
        assert first.diagnosis.cause.id == "connection-lost"


def test_what_is_out_of_step_is_sent_over_another_connection(tmp_path: Path) -> None:
    """A reply too many before MAIL costs no message its attempt: with a retry all are sent, each once."""

    def says(stage: str, number: int) -> str | None:
        return (
            f"{USUAL['BODY']}\r\n451 4.4.2 Timeout waiting for data from client." if stage == "BODY" else None
        )

    with Scripted(tmp_path, says) as server, Sender(server.target, policy=Policy.none()) as sender:
        entries = list(sender.send_all(mails(3)))
    assert [entry.fate for entry in entries] == [Fate.SENT] * 3
    assert (len(server.messages), server.connections) == (3, 3)


@pytest.mark.parametrize("farewell", ["421 4.3.2 closing", "451 4.4.2 Timeout waiting for data from client."])
def test_a_good_bye_is_read_as_such(tmp_path: Path, farewell: str) -> None:
    """What SES pushes when it ends a connection is the reason that is told, and the message was not sent."""
    with (
        Scripted(
            tmp_path, lambda at, _: f"{USUAL['DATA']}\r\n{farewell}" if at == "DATA" else None
        ) as server,
        Sender(server.target, policy=Policy.none()) as sender,
    ):
        entry = sender.send(mails(1)[0])
    assert (entry.fate, server.messages) == (Fate.UNSENT, [])
    assert entry.diagnosis
    assert entry.diagnosis.symptom.reply
    assert str(entry.diagnosis.symptom.reply.code) == farewell[:3]


SIZE = 6 * 2**20


def test_content_takes_as_long_as_it_goes_on(tmp_path: Path) -> None:
    """A large message on a slow line takes many time-outs, and is sent: some of it goes through in each of them."""
    pace = threading.Event()  # never set: it lets time pass

    def slowly(sock: ssl.SSLSocket) -> bytes:
        pace.wait(0.01)
        return sock.recv(65536)

    mail = Mail(
        **{
            **vars(mails(1)[0]),
            "content": b"From: a@example.com\r\n\r\n" + b"0123456789abcd\r\n" * (SIZE // 16),
        }
    )
    with (
        Scripted(tmp_path, receive=slowly, buffer=4096) as server,
        Sender(server.target, policy=Policy.none(), timeout=0.5, final_timeout=0.5) as sender,
    ):
        entry = sender.send(mail)
    assert entry.fate is Fate.SENT, entry.what
    assert entry.attempts[0].seconds > 1
    assert len(server.messages[0]) > SIZE - 16


def test_content_that_gets_stuck_is_given_up(tmp_path: Path) -> None:
    """A server that stops reading costs one time-out, and the message was not sent."""
    done = threading.Event()

    def stuck(sock: ssl.SSLSocket) -> bytes:
        data = sock.recv(512)
        if b"0123456789abcd" in data:
            done.wait(20)
        return data

    mail = Mail(
        **{
            **vars(mails(1)[0]),
            "content": b"From: a@example.com\r\n\r\n" + b"0123456789abcd\r\n" * (SIZE // 16),
        }
    )
    with (
        Scripted(tmp_path, receive=stuck, buffer=4096) as server,
        Sender(server.target, policy=Policy.none(), timeout=0.5, final_timeout=0.5) as sender,
    ):
        entry = sender.send(mail)
        done.set()
    assert (entry.fate, server.messages) == (Fate.UNSENT, [])
    assert entry.attempts[0].seconds < 10


def test_a_probe_takes_another_yes_as_well(tmp_path: Path) -> None:
    """A probe that sends a message agrees: 251 has accepted it."""
    with Scripted(tmp_path, lambda stage, _: "251 Ok 01" if stage == "BODY" else None) as server:
        result = probe_dialogue(server.target, until=Stage.BODY, timeout=10, sender="a@example.com")
    assert result.ok
    assert result.facts.message_id == "01"
