"""`sestools send` as a user meets it: what it sends to whom, what it says, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import COMMAND, flags, run, send

from sestools.simulator import Simulator, faults

SUCCESS = "success@simulator.amazonses.com"
MESSAGE = "From: Me <me@example.com>\nTo: you@example.net\nBcc: hidden@example.net\nSubject: {}\n\nHello.\n"


@pytest.fixture
def ses() -> Iterator[Simulator]:
    """A simulator with an empty ledger."""
    with Simulator("eu-west-1") as running:
        yield running


def test_a_test_message_goes_to_the_mailbox_simulator(ses: Simulator) -> None:
    """Without anything to send it sends a test message, which harms nobody; stdout has SES's id."""
    done = send(ses, "--from", "me@example.com")
    (accepted,) = ses.accepted
    assert done.returncode == 0, done.stderr
    assert (accepted.sender, accepted.recipients) == ("me@example.com", (SUCCESS,))
    assert accepted.id in done.stdout
    assert done.stderr == ""


def test_files_and_standard_input(ses: Simulator, tmp_path: Path) -> None:
    """Files, an mbox and standard input are sent in order; whatever their header says, to the simulator."""
    (tmp_path / "one.eml").write_text(MESSAGE.format("one"))
    box = "".join(
        f"From x Thu Jan  1 00:00:00 2026\n{MESSAGE.format(name)}>From here on.\n\nFrom me to you.\n\n"
        for name in ("two", "three")
    )
    (tmp_path / "box").write_text(box)
    done = send(ses, "--json", "--message", str(tmp_path / "one.eml"), "--message", str(tmp_path / "box"),
                "--message", "-", stdin=MESSAGE.format("four").replace("\n", "\r\n"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    *entries, total = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["schema_version"] for line in (*entries, total)} == {1}
    assert (total["summary"], total["counts"]["sent"]) == ("4 sent.", 4)
    assert [entry["id"] for entry in entries] == [accepted.id for accepted in ses.accepted]
    assert [entry["name"].split("/")[-1] for entry in entries] == [
        "one.eml", "box #1", "box #2", "standard input"]  # fmt: skip
    assert {accepted.recipients for accepted in ses.accepted} == {(SUCCESS,)}
    texts = [accepted.message for accepted in ses.accepted]
    assert b"\r\nFrom here on.\r\n" in texts[1]
    for text, name in zip(texts, (b"one", b"two", b"three", b"four"), strict=True):
        assert b"Subject: " + name + b"\r\n" in text
        assert b"hidden" not in text


def test_others_get_mail_only_when_it_is_confirmed(ses: Simulator) -> None:
    """A recipient outside the mailbox simulator, named or in a header, needs a yes; nothing is sent without."""
    for words in (["--to", "you@example.net", "--from", "me@example.com"], ["--to-header", "--message", "-"]):
        done = send(ses, *words, stdin=MESSAGE.format("x"))
        assert (done.returncode, ses.connections) == (2, 0)
        assert "--confirm-recipient" in done.stderr
    done = send(ses, "--to-header", "--message", "-", "--confirm-recipient", stdin=MESSAGE.format("x"))
    assert done.returncode == 0, done.stderr
    assert ses.accepted[0].recipients == ("you@example.net", "hidden@example.net")


@pytest.mark.parametrize(
    ("fault", "words", "code", "fates"),
    [
        ("says:service-failure-454*1", ["--policy", "fixed"], 0, "3 sent"),
        ("says:not-verified*1", [], 1, "2 sent, 1 refused"),
        ("says:bad-credentials", [], 1, "3 not sent"),
        ("reply-lost*1", [], 3, "2 sent, 1 unknown"),
        (
            "reply-lost*1",
            ["--when-unknown", "resend", "--policy", "fixed"],
            0,
            "3 sent; 1 of them perhaps twice",
        ),
        ("says:send-rate*1", ["--policy", "none"], 1, "2 sent, 1 not sent"),
        ("refused", ["--give-up-after", "1"], 1, "3 not sent"),
    ],
)
def test_exit_codes(ses: Simulator, fault: str, words: list[str], code: int, fates: str) -> None:
    """0 all sent, 1 something was not, 3 nobody knows; what failed is explained, waits are told on stderr."""
    ses.set_faults(faults.parse(fault))
    done = send(ses, "--from", "me@example.com", "--count", "3", *words)
    assert done.returncode == code, done.stdout + done.stderr
    assert f"\n{fates}." in done.stdout
    assert "test 1: " in done.stderr
    assert ("Retry" in done.stdout) is (code != 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["eu-west-1"], "--from"),
        (["eu-west-1", "--from", "a@example.com"], "--user"),
        (["--simulate", "--count", "0"], "--count"),
        (["--simulate", "--message", "/nonexistent"], "cannot read"),
        (["--simulate", "--message", "/dev/null"], "no message"),
        (["--simulate", "--timeout", "inf"], "timeout"),
        (["--simulate", "--to", SUCCESS, "--to-header"], "exclude"),
        (["--simulate", "--message", "-", "--message", "-"], "read once"),
        (["--simulate", "--rate", "0"], "rate"),
        (["--simulate", "--give-up-after", "-1"], "greater than 0"),
        (["--simulate", "--port", "26"], "26"),
    ],
)
def test_wrong_use(words: list[str], says: str) -> None:
    """Exit code 2 and one sentence that says what is wrong."""
    done = run("send", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_an_mbox_without_dates_is_not_guessed_at() -> None:
    """A line "From ..." without a date may be a message's own text: nothing is sent, and it is told why."""
    done = run("send", "--simulate", "--message", "-", stdin="From x\nSubject: one\n\nbody\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no date" in done.stderr


def test_a_proxy_that_this_host_trusts_gets_no_credentials(ses: Simulator) -> None:
    """A certificate that verifies and is not Amazon's: without --ca-file nobody signs in."""
    address, port = ses.connect_to[587]
    done = run("send", "eu-west-1", "--connect-to", f"587:{address}:{port}", "--user", ses.credentials.user,
               "--from", "me@example.com", SESTOOLS_PASSWORD=ses.credentials.password,
               SSL_CERT_FILE=ses.ca_file)  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "tls-intercepted" in done.stdout
    assert not ses.accepted


def test_hostile_words_are_shown_not_obeyed(ses: Simulator) -> None:
    """Escape codes from a server or a file name come out as text."""
    ses.set_faults(faults.parse("says:MAIL:550 \x1b[31mred"))
    done = send(ses, "--message", "-", stdin="From: a@example.com\nSubject: \x1b[2J\n\nx")
    assert done.returncode == 1
    assert "\x1b" not in done.stdout + done.stderr


def test_interrupted_with_an_account(ses: Simulator) -> None:
    """Ctrl-C ends a wait at once, tells what became of the messages so far, and is exit code 130."""
    ses.set_faults(faults.parse("says:service-failure-454", after=2))
    env = {**os.environ, "SESTOOLS_PASSWORD": ses.credentials.password}
    with subprocess.Popen([*COMMAND, "send", *flags(ses), "--from", "me@example.com", "--count", "9"], text=True,
                          env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # fmt: skip
        assert process.stderr
        for _ in range(2):
            assert "again in" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "\n2 sent, 7 not sent." in out
    assert [line.split("  ")[1] for line in out.splitlines()[:9]] == ["sent"] * 2 + ["not sent"] * 7
    assert "5 of 9 messages were not begun" in err


def test_interrupted_after_the_final_dot() -> None:
    """A second Ctrl-C waits for no reply: the message under way may have been accepted, others were not begun."""
    offered = threading.Event()
    with Simulator(
        "eu-west-1",
        faults=[faults.parse("stalled:BODY")],
        on_event=lambda port, number, way, text: "message of" in text and offered.set(),
    ) as ses:
        env = {**os.environ, "SESTOOLS_PASSWORD": ses.credentials.password}
        words = [*COMMAND, "send", *flags(ses), "--from", "me@example.com", "--count", "3"]
        with subprocess.Popen(
            words, text=True, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert offered.wait(20)
            for _ in range(2):
                process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "interrupted: may have been accepted" in out
    assert "2 of 3 messages were not begun" in err
