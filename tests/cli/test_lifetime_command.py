"""`sestools lifetime` as a user meets it: what it says before, what it asks, what it prints."""

from __future__ import annotations

import json
import signal
import subprocess
import threading

import pytest
from commands import COMMAND, run

from sestools.simulator import Simulator, faults

FEW = ("--lives", "6", "--at-once", "6", "--age", "60")


def test_it_practises_without_aws() -> None:
    """A simulated SES is measured in virtual time: estimate on stderr, evidence and advice on stdout."""
    done = run("lifetime", "--simulate", *FEW, "--client", "postfix")
    assert done.returncode == 0, done.stderr
    assert "at most" in done.stderr
    assert "to SES's mailbox simulator" in done.stderr
    for words in (
        "4 silent, signed in: 4 were ended with a reply",
        "change the connection after",
        "handshakes",
        "main.cf",
        "smtp_sasl_auth_enable = yes",
        "USER:PASSWORD",
    ):
        assert words in done.stdout


def test_json_and_markdown_hold_the_same() -> None:
    """JSON holds lives, curves, advice and recipe; Markdown the table and the recipe."""
    data = json.loads(run("lifetime", "--simulate", *FEW, "--json", "--client", "listmonk").stdout)
    assert data["schema_version"] == 1
    assert set(data["survival"]) == {"age", "messages", "silence"}
    assert len(data["lives"]) > 14
    assert json.loads(data["recipe"]["text"])["smtp"]
    shown = run("lifetime", "--simulate", *FEW, "--markdown", "--client", "listmonk").stdout
    assert f"| silence | {data['advice']['recycle']['idle']:g} s |" in shown
    assert "idle_timeout" in shown


def test_nothing_is_done_unasked() -> None:
    """On a real endpoint nothing begins without a yes: nobody is at the terminal here."""
    with Simulator("eu-west-1") as ses:
        address, port = ses.connect_to[587]
        where = ("eu-west-1", "--ca-file", ses.ca_file, "--connect-to", f"587:{address}:{port}")
        done = run("lifetime", *where)
        assert done.returncode == 2
        assert "at most" in done.stderr
        assert "--yes" in done.stderr
        assert ses.connections == 0


def test_a_real_endpoint_is_measured() -> None:
    """With a yes the endpoint is measured over sockets, the messages go to the mailbox simulator, no secret shows."""
    with Simulator("eu-west-1", idle=0.5, max_messages=3) as ses:
        address, port = ses.connect_to[587]
        done = run(
            "lifetime", "eu-west-1", "--ca-file", ses.ca_file, "--connect-to", f"587:{address}:{port}",
            "--user", ses.credentials.user, "--from", "me@example.com", "--rate", "20", "--lives", "0", "--yes",
            "--json", SESTOOLS_PASSWORD=ses.credentials.password,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ses.credentials.password not in done.stdout + done.stderr
    data = json.loads(done.stdout)
    assert data["advice"]["recycle"]["messages"] == 3
    assert data["advice"]["recycle"]["idle"] < 0.8
    assert {mail.recipients for mail in ses.accepted} == {("success@simulator.amazonses.com",)}


def test_nobody_signs_in_to_a_stranger() -> None:
    """Where somebody else greets, the password is not sent, not even once."""
    heard: list[str] = []
    with Simulator("eu-west-1", faults=[faults.parse("foreign-greeting")],
                   on_event=lambda port, number, way, text: heard.append(text)) as ses:  # fmt: skip
        address, port = ses.connect_to[587]
        done = run(
            "lifetime", "eu-west-1", "--ca-file", ses.ca_file, "--connect-to", f"587:{address}:{port}", "--yes",
            "--user", ses.credentials.user, SESTOOLS_PASSWORD=ses.credentials.password,
        )  # fmt: skip
    assert done.returncode == 1
    assert "the greeting 'mail.example.net ESMTP Postfix' is not that of SES" in " ".join(done.stdout.split())
    assert heard
    assert not any(line.startswith("AUTH") for line in heard)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--traffic", "often"], "steady:RATE"),
        (["--traffic", "steady:0"], "rate"),
        (["--at-once", "19", "--lives", "40"], "at most 20"),
        (["--simulate", "s0-nothing"], "no scenario"),
        (["--price", "0"], "price"),
        (["--price", "inf"], "price"),
        (["--traffic", "bursts:0.5,1,1"], "at least 1 message"),
        (["--timeout", "inf"], "timeout"),
    ],
)
def test_wrong_use_is_said(words: list[str], says: str) -> None:
    """Wrong words are refused with what is right, and exit code 2."""
    done = run("lifetime", *([] if "--simulate" in words else ["--simulate"]), *FEW, *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_interrupted_it_shows_what_it_saw() -> None:
    """Ctrl-C ends a measurement, and what was seen so far is printed with its advice; exit code 130."""
    greeted = threading.Event()
    with Simulator(
        "eu-west-1", on_event=lambda port, number, way, text: number >= 4 and greeted.set()
    ) as ses:
        address, port = ses.connect_to[587]
        words = [
            "lifetime",
            "eu-west-1",
            "--ca-file",
            ses.ca_file,
            "--connect-to",
            f"587:{address}:{port}",
            "--yes",
        ]
        with subprocess.Popen(
            [*COMMAND, *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert greeted.wait(20)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in err
    assert " silent, not signed in" in out


def test_a_closed_endpoint_is_a_problem() -> None:
    """What cannot be opened is no lifetime of nothing: exit code 1, and the reason."""
    done = run("lifetime", "--simulate", "s2-refused")
    assert done.returncode == 1
    assert "could not be measured: CONNECT: Connection refused" in done.stdout
