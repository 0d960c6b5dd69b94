"""A run of `sestools send` that is stopped at some moment, in some way: what it says is what the server accepted.

`python tests/sending/test_send_stopped.py [MOMENTS]` tries each way at so many moments (`make soak` does).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import COMMAND

from sestools.simulator import Simulator

MESSAGES = 40
LINES = 7 * MESSAGES
"""Lines of dialogue in a run: one for the end of each is the moment of a signal."""
SIGNALS = {
    "SIGTERM": [signal.SIGTERM],
    "SIGHUP": [signal.SIGHUP],
    "SIGINT": [signal.SIGINT],
    "SIGINT twice": [signal.SIGINT, signal.SIGINT],
    "SIGKILL": [signal.SIGKILL],
}
STREAMS = ("stdout closed", "stdout full", "stderr closed", "stderr full", "both full", "reader gone")
WAYS = (*SIGNALS, *STREAMS)


@dataclass
class Run:
    """What one run said, and how it ended."""

    code: int
    fates: dict[str, list[tuple[str, str]]]
    """For each name, in the order in which they were told: the fate and SES's id."""
    stderr: str

    def of(self, fate: str) -> set[str]:
        """The messages whose last account is so."""
        return {name for name, told in self.fates.items() if told[-1][0] == fate}


class Moment:
    """The simulator's event that says when so many lines of dialogue were said."""

    def __init__(self) -> None:
        self._left = 0
        self.came = threading.Event()

    def set(self, lines: int) -> None:
        """Come after so many lines."""
        self._left = lines
        self.came.clear()

    def heard(self, port: int, connection: int, way: str, text: str) -> None:
        """One more line."""
        self._left -= 1
        if self._left == 0:
            self.came.set()


SUBJECTS = [min(number, MESSAGES - 10) for number in range(MESSAGES)]
"""Of each message: the last ten are copies of one another."""
WRITTEN = Counter(SUBJECTS)


def outbox(path: Path) -> None:
    """An mbox of the messages."""
    each = "From x Thu Jan  1 00:00:00 2026\nFrom: a@example.com\nSubject: {}\n\nHello.\n\n"
    path.write_text("".join(map(each.format, SUBJECTS)))


def subject(content: bytes) -> int:
    """Which of the messages it is."""
    (found,) = re.findall(rb"^Subject: (\d+)\r$", content, re.M)
    return int(found)


@contextlib.contextmanager
def unignored() -> Iterator[None]:
    """A process that is started meanwhile hears all signals, although the tests may run under nohup."""
    ignored = [
        number for number in (signal.SIGHUP, signal.SIGINT) if signal.getsignal(number) == signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def process(ses: Simulator, folder: Path, way: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A run whose streams are closed or full, if that is the way."""
    address, port = ses.connect_to[587]
    command = [
        *COMMAND,
        "send",
        "eu-west-1",
        "--ca-file",
        ses.ca_file,
        "--connect-to",
        f"587:{address}:{port}",
    ]
    command += ["--user", ses.credentials.user, "--message", str(folder / "outbox"), "--json", *words]
    redirect = {
        "stdout closed": ">&-", "stderr closed": "2>&-", "stdout full": ">/dev/full", "stderr full": "2>/dev/full",
        "both full": ">/dev/full 2>&1",
    }.get(way, "")  # fmt: skip
    trap = "trap '' HUP; " if way == "nohup" else ""
    with unignored():
        running = subprocess.Popen(
            ["sh", "-c", f'{trap}exec "$@" {redirect}', "sh", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "SESTOOLS_PASSWORD": ses.credentials.password},
        )  # fmt: skip
    with running:
        yield running


def run(ses: Simulator, moment: Moment, folder: Path, way: str, at: int, *words: str) -> Run:
    """Send, and stop it in this way after so many lines of dialogue, or, with a reader that goes, of output."""
    moment.set(at)
    with process(ses, folder, way, *words) as running:
        assert running.stdout
        assert running.stderr
        read = b""
        if way == "reader gone":
            for _ in range(at * MESSAGES // LINES):
                read += running.stdout.readline()
            os.close(running.stdout.fileno())
            running.stdout = None
        for number in SIGNALS.get(way, []):
            assert moment.came.wait(60)
            running.send_signal(number)
        out, err = running.communicate(timeout=60)
    fates: dict[str, list[tuple[str, str]]] = {}
    for line in (read + (out or b"") + err).splitlines():
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if "fate" in entry:
                fates.setdefault(entry["name"], []).append((entry["fate"], entry["id"]))
    return Run(running.returncode, fates, err.decode())


def look(ses: Simulator, moment: Moment, folder: Path, way: str, at: int, journal: bool) -> Counter[str]:
    """One run that is stopped; its accounts against the ledger. With a journal, then runs until it is done."""
    words = ["--journal", str(folder / "journal")] if journal else []
    ses.take_accepted()
    told = run(ses, moment, folder, way, at, *words)
    ledger = ses.take_accepted()
    accepted = [one.id for one in ledger]
    sent = {id for fates in told.fates.values() for fate, id in fates if fate == "sent"}
    unknown = told.of("unknown")
    seen: Counter[str] = Counter(
        runs=1, accepted=len(accepted), unknown=len(unknown), stopped=len(accepted) < MESSAGES
    )
    note = (way, at, told.code, told.stderr[-2000:])
    assert sent <= set(accepted), note
    if way not in ("both full", "SIGKILL"):
        # Each message has its account, and what was accepted is told as sent, or else as unknown.
        assert len(told.fates) == MESSAGES, note
        assert len(set(accepted) - sent) <= len(unknown), note
        assert all(len(set(fates)) == 1 for fates in told.fates.values()), note
    expected = {"stdout closed": 74, "stdout full": 74, "both full": 74, "reader gone": 141}
    if way in expected:
        assert (told.code, len(accepted)) == (expected[way], MESSAGES), note
    elif way in SIGNALS and len(accepted) + len(unknown) < MESSAGES:
        number = SIGNALS[way][0]
        # A second Ctrl-C can come when all is told and Python itself is ending; a shell shows 130 for both.
        assert told.code in ({-number} if way == "SIGKILL" else {128 + number, -number}), note
    assert "Traceback" not in told.stderr, note
    assert "bug" not in told.stderr, note
    if journal:
        again = run(ses, moment, folder, "", 0, *words)
        ledger += ses.take_accepted()
        # Known to be accepted is known for good; what is unknown is named, and was accepted once at most.
        there = {one.id for one in ledger}
        assert Counter(subject(one.message) for one in ledger) <= WRITTEN, note
        assert len(again.of("sent")) + len(again.of("unknown")) == MESSAGES, (note, again)
        assert {id for fates in again.fates.values() for fate, id in fates if fate == "sent"} <= there, note
        assert len(again.of("sent")) <= len(there) <= len(again.of("sent")) + len(again.of("unknown")), note
        assert unknown <= again.of("unknown"), note
        seen["named"] = len(again.of("unknown"))
    return seen


@contextlib.contextmanager
def place() -> Iterator[tuple[Simulator, Moment]]:
    """A simulator that takes a little time for each reply."""
    moment = Moment()
    with Simulator("eu-west-1", delay=0.002, on_event=moment.heard) as ses:
        yield ses, moment


@pytest.mark.parametrize("way", WAYS)
def test_however_it_is_stopped(tmp_path: Path, way: str) -> None:
    """What the server accepted is told as sent or unknown; with the journal the next run sends each once."""
    outbox(tmp_path / "outbox")
    with place() as (ses, moment):
        seen = look(ses, moment, tmp_path, way, random.Random(way).randint(10, LINES - 10), True)
    assert seen["accepted"]


@pytest.mark.parametrize("both", [False, True])
def test_a_reader_that_does_not_read(tmp_path: Path, both: bool) -> None:
    """A full pipe that nobody reads holds nobody up who wants to end the run; standard error has the account."""
    outbox(tmp_path / "outbox")
    (tmp_path / "outbox").write_bytes((tmp_path / "outbox").read_bytes() * 3)
    with place() as (ses, moment), process(ses, tmp_path, "") as running:
        assert running.stdout
        assert running.stderr
        for stream in (running.stdout, running.stderr)[: 1 + both]:
            fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, 16384)
        moment.set(LINES // 6)
        assert moment.came.wait(60)
        running.send_signal(signal.SIGTERM)
        err = b"" if both else running.stderr.read()
        assert running.wait(60) == 74
        assert ses.accepted
    told = [json.loads(line) for line in err.splitlines() if line.startswith(b"{")]
    assert both or {one.id for one in ses.accepted} == {one["id"] for one in told if one.get("id")}


def test_what_is_to_be_ignored_is_ignored(tmp_path: Path) -> None:
    """Under nohup the end of the terminal ends nothing."""
    outbox(tmp_path / "outbox")
    with place() as (ses, moment), process(ses, tmp_path, "nohup") as running:
        moment.set(LINES // 2)
        assert moment.came.wait(60)
        running.send_signal(signal.SIGHUP)
        out, _ = running.communicate(timeout=60)
    assert (running.returncode, len(ses.accepted)) == (0, MESSAGES)
    assert len(out.splitlines()) == MESSAGES + 1


def test_a_terminal_that_goes_away(tmp_path: Path) -> None:
    """The session ends with its terminal: each message has its account where there is still a stream."""
    master, slave = pty.openpty()
    outbox(tmp_path / "outbox")
    with place() as (ses, moment), open(tmp_path / "err", "wb") as err:
        address, port = ses.connect_to[587]
        words = [*COMMAND, "send", "eu-west-1", "--ca-file", ses.ca_file, "--user", ses.credentials.user]
        words += ["--connect-to", f"587:{address}:{port}", "--message", str(tmp_path / "outbox")]
        moment.set(LINES // 2)
        env = {**os.environ, "SESTOOLS_PASSWORD": ses.credentials.password}
        with (
            unignored(),
            subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=slave, stderr=err) as running,
        ):
            os.close(slave)
            assert moment.came.wait(60)
            os.close(master)
            running.send_signal(signal.SIGHUP)
            assert running.wait(60) == 74
        told = (tmp_path / "err").read_text()
        assert {one.id for one in ses.accepted} == set(re.findall(r"  sent +(\S+)", told))
    assert "Traceback" not in told


def main(moments: int = 10) -> None:
    """Each way at so many moments, with and without a journal."""
    chance = random.Random()
    for way in WAYS:
        total: Counter[str] = Counter()
        for number in range(moments):
            for journal in (False, True):
                with place() as (ses, moment), tempfile.TemporaryDirectory(prefix="sestools-stop-") as name:
                    outbox(Path(name) / "outbox")
                    at = LINES * number // moments + chance.randint(1, LINES // moments)
                    total += look(ses, moment, Path(name), way, at, journal)
        print(f"{way:14} {dict(total)}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
