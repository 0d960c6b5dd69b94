"""The journal: what is in it and when, what it refuses, and what the next run makes of it."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import flags, send
from mailing import RECIPIENT, RESEND, mails, virtual

from sestools.sending.journal import Journal, JournalError
from sestools.sending.mail import Entry, Fate
from sestools.sending.policy import Policy
from sestools.sending.sender import Sender
from sestools.simulator import Simulator, faults
from sestools.simulator.memory import VirtualSes

GIVE_UP = Policy.documented(when_unknown="give up")


@pytest.fixture
def ses() -> Iterator[Simulator]:
    """A simulator with an empty ledger."""
    with Simulator("eu-west-1") as running:
        yield running


def run(path: Path, ses: VirtualSes, count: int = 3, policy: Policy = GIVE_UP) -> list[Entry]:
    """Send numbered messages with a journal, as a process would."""
    with Journal(path) as journal, virtual(ses, policy=policy, journal=journal) as sender:
        return list(sender.send_all(mails(count)))


def test_nothing_is_sent_again_that_was_accepted(tmp_path: Path) -> None:
    """The second run gives the accounts of the first, and sends only what is new, refused or was not sent."""
    ses = VirtualSes(faults=[faults.parse("says:not-verified*1")])
    first = run(tmp_path / "j", ses)
    second = run(tmp_path / "j", ses, 4)
    assert [entry.fate for entry in first] == [Fate.REFUSED, Fate.SENT, Fate.SENT]
    assert [entry.fate for entry in second] == [Fate.SENT] * 4
    assert [entry.id for entry in second[1:3]] == [entry.id for entry in first[1:]]
    assert [bool(entry.earlier) for entry in second] == [False, True, True, False]
    assert "accepted in an earlier run" in second[1].what
    assert len(ses.accepted) == 4


def test_what_is_unknown_is_named(tmp_path: Path) -> None:
    """A message without a reply is unknown in the next run, too; it is sent again only if that is the policy."""
    ses = VirtualSes(faults=[faults.parse("reply-lost*1")])
    assert run(tmp_path / "j", ses)[0].fate is Fate.UNKNOWN
    again = run(tmp_path / "j", ses)
    assert [entry.fate for entry in again] == [Fate.UNKNOWN, Fate.SENT, Fate.SENT]
    assert "may have been accepted" in again[0].what
    assert len(ses.accepted) == 3
    resent = run(tmp_path / "j", ses, policy=RESEND)
    assert (resent[0].fate, resent[0].unknown) == (Fate.SENT, 1)
    assert "may have arrived twice" in resent[0].what
    assert len(ses.accepted) == 4
    assert run(tmp_path / "j", ses)[0].id == resent[0].id


def test_copies_are_messages_of_their_own(tmp_path: Path) -> None:
    """Identical messages in one run are all sent; each of them once, in however many runs."""
    ses = VirtualSes()
    same = mails(1)[0]
    for count in (2, 3, 3):
        with Journal(tmp_path / "j") as journal, virtual(ses, journal=journal) as sender:
            entries = [*sender.send_all([same] * (count - 1)), sender.send(same)]
        assert {entry.fate for entry in entries} == {Fate.SENT}
        assert len({entry.id for entry in entries}) == count == len(ses.accepted)


def test_what_was_not_sent_can_be_tried_again_at_once(tmp_path: Path) -> None:
    """A message that is given once more in the same run is the same message, unless it was accepted."""
    ses = VirtualSes(faults=[faults.parse("says:send-rate*1")])
    with Journal(tmp_path / "j") as journal, virtual(ses, policy=Policy.none(), journal=journal) as sender:
        assert [sender.send(mails(1)[0]).fate for _ in range(2)] == [Fate.UNSENT, Fate.SENT]
    assert run(tmp_path / "j", ses, 1)[0].earlier
    assert len(ses.accepted) == 1


def test_it_is_written_before_the_content_and_after_the_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line is on the disk before what it announces is done; it holds no content, address or secret."""
    seen: list[str] = []
    fsync = os.fsync

    def synced(number: int) -> None:
        fsync(number)
        if stat.S_ISREG(os.fstat(number).st_mode):
            line = json.loads((tmp_path / "j").read_bytes().splitlines()[-1])
            seen.append(line.get("do", "head"))

    monkeypatch.setattr(os, "fsync", synced)
    ses = VirtualSes(on_event=lambda port, number, way, text: seen.append(text[:8]) if way == ">" else None)
    with Journal(tmp_path / "j") as journal, virtual(ses, journal=journal) as sender:
        for _ in sender.send_all(mails(2)):
            seen.append("told")
        password = ses.credentials.password
    talk = [one for one in seen if one in ("head", "begin", "end", "told", "DATA", "[message")]
    assert talk == ["head"] + ["DATA", "begin", "[message", "end", "told"] * 2
    text = (tmp_path / "j").read_text()
    for secret in ("Subject", "hi", RECIPIENT, "a@example.com", password):
        assert secret not in text.replace("_hi", "")
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o600


@pytest.mark.parametrize("cut", [1, 5, 40, 150])
def test_a_line_that_was_cut_short(tmp_path: Path, cut: int) -> None:
    """A system that went down in mid-write costs that line: what is known stays, what is not is unknown."""
    ses = VirtualSes()
    run(tmp_path / "j", ses)
    data = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(data[:-cut])
    entries = run(tmp_path / "j", ses)
    assert [entry.fate for entry in entries] == [Fate.SENT, Fate.SENT, Fate.UNKNOWN]
    assert len(ses.accepted) == 3
    assert all(json.loads(line) for line in (tmp_path / "j").read_bytes().splitlines())


@pytest.mark.parametrize("left", [0, 3, 30])
def test_a_file_that_was_just_begun(tmp_path: Path, left: int) -> None:
    """An empty file, or the beginning of a first line, is a new journal."""
    ses = VirtualSes()
    Journal(tmp_path / "j").close()
    (tmp_path / "j").write_bytes((tmp_path / "j").read_bytes()[:left])
    assert {entry.fate for entry in run(tmp_path / "j", ses)} == {Fate.SENT}
    assert all(entry.earlier for entry in run(tmp_path / "j", ses))


HEAD = b'{"sestools journal": 1, "created": 1, "simulated": false}\n'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"From: me@example.com\n\nA message.\n", "not a sestools journal"),
        (b"From: me", "not a sestools journal"),
        (b'{"sestools journal": 2, "created": 1, "simulated": false}\n', "version 2"),
        (b'{"sestools journal": 1}\n', "line 1"),
        (HEAD.replace(b"false", b"true"), "about a simulated SES, not about SES"),
        (HEAD + b"garbage\n", "line 2"),
        (HEAD + b'{"do": "end", "key": "x", "fate": "eaten"}\n', "line 2"),
        (HEAD + b"[1]\n", "line 2"),
        (HEAD + b"\0\0\0\n", "line 2"),
    ],
)
def test_a_file_that_is_something_else(tmp_path: Path, content: bytes, says: str) -> None:
    """It is refused with a reason, and left as it is."""
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(ValueError, match=says):
        Journal(tmp_path / "j")
    assert (tmp_path / "j").read_bytes() == content


def test_places_where_no_journal_can_be(tmp_path: Path) -> None:
    """A folder, a device, a folder that does not exist: one sentence."""
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "no" / "j", Path("/dev/null"), Path("/dev/full"), tmp_path / "fifo"):
        with pytest.raises(ValueError, match=r"cannot open|regular file"):
            Journal(path)


def test_two_at_once(tmp_path: Path, ses: Simulator) -> None:
    """A journal that another run uses is refused, and nothing is sent."""
    with Journal(tmp_path / "j"):
        done = send(ses, "--from", "a@example.com", "--journal", str(tmp_path / "j"))
    assert (done.returncode, ses.connections) == (2, 0)
    assert "another process uses the journal" in done.stderr
    assert send(ses, "--from", "a@example.com", "--journal", str(tmp_path / "j")).returncode == 0


def test_a_journal_that_was_taken_away(tmp_path: Path) -> None:
    """Once its file is gone or replaced, nothing more is sent, and what was is told."""
    ses = VirtualSes()
    entries: list[Entry] = []
    with Journal(tmp_path / "j") as journal, virtual(ses, journal=journal) as sender:

        def go() -> None:
            for entry in sender.send_all(mails(3)):
                entries.append(entry)
                (tmp_path / "j").rename(tmp_path / "old")

        with pytest.raises(JournalError, match="cannot write the journal"):
            go()
        assert [entry.fate for entry in entries + list(sender.unfinished)] == [Fate.SENT, Fate.UNSENT]
        assert journal.problem
    assert len(ses.accepted) == 1


@pytest.mark.parametrize("size", [0, 60, 300, 700])
def test_a_full_disk(tmp_path: Path, ses: Simulator, size: int) -> None:
    """What cannot be noted is not sent; each message has its account, and the exit code says so."""

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    env = {**os.environ, "SESTOOLS_PASSWORD": ses.credentials.password}
    words = [
        *flags(ses),
        "--from",
        "a@example.com",
        "--count",
        "9",
        "--json",
        "--journal",
        str(tmp_path / "j"),
    ]
    done = subprocess.run(
        [sys.executable, "-c", "import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
         "from sestools.cli.main import main; sys.exit(main())", "send", *words],
        capture_output=True, text=True, env=env, preexec_fn=little, timeout=60,
    )  # fmt: skip
    assert "cannot write the journal" in done.stderr or "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    told = [entry for line in done.stdout.splitlines() if "fate" in (entry := json.loads(line))]
    if size < 100:  # not even its first line
        assert (done.returncode, told, ses.connections) == (2, [], 0)
        return
    assert done.returncode == 74
    assert [entry["id"] for entry in told if entry["fate"] == "sent"] == [one.id for one in ses.accepted]
    assert {entry["fate"] for entry in told} <= {"sent", "not sent"}
    assert len(told) == 9
    assert len(ses.accepted) < 9


def test_test_messages_are_the_same_in_the_next_run(tmp_path: Path, ses: Simulator) -> None:
    """`--count` with a journal sends so many in all, although each run would date them anew."""
    words = ["--from", "a@example.com", "--journal", str(tmp_path / "j"), "--json", "--count"]
    ids: list[list[Any]] = []
    for count in ("2", "3"):
        done = send(ses, *words, count)
        assert done.returncode == 0, done.stderr
        ids.append([json.loads(line)["id"] for line in done.stdout.splitlines()[:-1]])
    assert ids[1] == [one.id for one in ses.accepted]
    assert ids[0] == ids[1][:2]
    done = send(ses, *words[:-1], "--simulate")
    assert (done.returncode, len(ses.accepted)) == (2, 3)


def test_an_interrupted_message_is_noted(tmp_path: Path) -> None:
    """Ctrl-C between the journal's line and the final dot: the message is not sent, and the next run sends it."""
    ses = VirtualSes()
    left = [2]  # DATA of the second message
    with Journal(tmp_path / "j") as journal:
        begin = journal.begin

        def interrupted(*words: Any) -> None:
            begin(*words)
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt

        journal.begin = interrupted  # type: ignore[method-assign]
        sender: Sender = virtual(ses, journal=journal)
        with pytest.raises(KeyboardInterrupt), sender:
            list(sender.send_all(mails(3)))
        (unfinished,) = sender.unfinished
        assert (unfinished.mail.name, unfinished.fate) == ("1", Fate.UNSENT)
    assert len(ses.accepted) == 1
    entries = run(tmp_path / "j", ses)
    # Nobody noted that it was not sent: the signal came first. It is named, not lost and not sent twice.
    assert [entry.fate for entry in entries] == [Fate.SENT, Fate.UNKNOWN, Fate.SENT]
