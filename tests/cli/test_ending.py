"""How a command ends when its host does not let it go on: signals, closed and full streams, too few descriptors."""

import os
import resource
import shlex
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from commands import COMMAND

from sestools.simulator import Simulator

HANGS = "silent"
TERM, HUP, INT = signal.SIGTERM, signal.SIGHUP, signal.SIGINT


def begin(folder: Path, *words: str, ignored: int | None = None) -> subprocess.Popen[bytes]:
    """Start a command whose temporary folders are in a folder of its own."""
    return subprocess.Popen(
        [*COMMAND, *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(folder)},
        preexec_fn=(lambda: signal.signal(ignored, signal.SIG_IGN)) if ignored else None,
    )  # fmt: skip


def await_simulator(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a command's simulator is there, as its folder tells."""
    give_up = time.monotonic() + 60
    while not list(folder.glob("*/ca.pem")):
        assert process.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.01)


def ended(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a command that said nothing which is for its authors alone."""
    said = b"".join(process.communicate(timeout=60)).decode()
    assert "Traceback" not in said
    assert "internal error" not in said
    return process.returncode


@pytest.mark.parametrize(
    ("words", "number", "code"),
    [
        (["check", "eu-west-1", "--timeout", "50"], TERM, 143),
        (["check", "eu-west-1", "--timeout", "50"], HUP, 129),
        (["mtu", "--timeout", "50"], TERM, 143),
        (["mtu", "--timeout", "50"], INT, 130),
        (["sweep", "--timeout", "50"], HUP, 129),
        (["allowlist", "--watch", "24h"], TERM, 143),
        (["allowlist", "--watch", "24h"], INT, 130),
    ],
)
def test_a_signal_ends_a_command_and_its_simulator(
    tmp_path: Path, words: list[str], number: int, code: int
) -> None:
    """The exit code names the signal, there is no traceback, and the simulator's folder is gone."""
    process = begin(tmp_path, *words, "--simulate", HANGS)
    await_simulator(tmp_path, process)
    process.send_signal(number)
    assert ended(process) == code
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [TERM, HUP])
def test_a_signal_ends_the_reading_of_a_log(tmp_path: Path, number: int) -> None:
    """`classify` that waits for standard input ends with the signal's exit code."""
    process = begin(tmp_path, "classify", "-")
    assert process.stdin
    process.stdin.write(
        b"x" * 100_000
    )  # more than a pipe holds: it returns when the command has begun to read
    process.stdin.flush()
    process.send_signal(number)
    assert ended(process) == 128 + number


def test_a_terminated_measurement_shows_what_it_saw(ses: Simulator, tmp_path: Path) -> None:
    """`kill` ends `lifetime` as Ctrl-C does: what was seen so far is printed."""
    address, port = ses.connect_to[587]
    where = ["--ca-file", ses.ca_file, "--connect-to", f"587:{address}:{port}"]
    before = ses.connections
    process = begin(tmp_path, "lifetime", "eu-west-1", *where, "--yes")
    give_up = time.monotonic() + 60
    while ses.connections < before + 4:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    process.send_signal(TERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert b" silent, not signed in" in out
    assert b"Traceback" not in err


def test_what_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    """The end of the terminal does not end a command that was started to survive it; `kill` does."""
    process = begin(tmp_path, "check", "--timeout", "50", "--simulate", HANGS, ignored=HUP)
    await_simulator(tmp_path, process)
    process.send_signal(HUP)
    process.send_signal(TERM)
    assert ended(process) == 143


def test_the_end_of_the_terminal_ends_the_simulator_well(tmp_path: Path) -> None:
    """`simulate` is meant to be ended from outside: that is exit code 0, with its summary."""
    process = begin(tmp_path, "simulate")
    assert process.stdout
    assert process.stdout.readline()
    process.send_signal(HUP)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"0 messages accepted" in err
    assert not list(tmp_path.iterdir())


def test_the_next_simulator_removes_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can tidy up after SIGKILL but the next: it removes that folder, and none of a simulator that lives."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine = tmp_path / "sestools-simulator-of-somebody"
    mine.mkdir()
    with Simulator("eu-west-1") as living:
        process = begin(tmp_path, "simulate")
        assert process.stdout
        assert process.stdout.readline()
        process.kill()
        process.communicate(timeout=60)
        assert len(list(tmp_path.glob("*/ca.pem"))) == 2
        with Simulator("eu-west-1") as next_one:
            left = {str(path) for path in tmp_path.glob("*/ca.pem")}
            assert left == {living.ca_file, next_one.ca_file}
    assert list(tmp_path.iterdir()) == [mine]


STREAMS = [
    (["check", "eu-west-1", "--simulate", "--port", "587"], 0),
    (["classify", "Tuesday is a fine day for a walk"], 3),
    (["classify", "-"], 2),
    (["simulate", "--list-scenarios"], 0),
    (["sweep", "--simulate"], 0),
    (["allowlist", "--simulate"], 0),
    (["check", "nonsense"], 2),
]


def redirected(words: list[str], how: str) -> tuple[int, str]:
    """Exit code and stderr of a command whose streams a shell has redirected."""
    line = f"exec {shlex.join([*COMMAND, *words])} {how}"
    # With buffers, as on any host: what stays in one is tried again, and fails, when Python exits.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize(("words", "code"), STREAMS, ids=[" ".join(words) for words, _ in STREAMS])
def test_closed_streams_change_nothing(words: list[str], code: int) -> None:
    """Without standard streams a command does its work, and its exit code says what came of it."""
    assert redirected(words, "<&- >&- 2>&-")[0] == code
    if words[0] in ("check", "classify"):
        assert redirected(words, "<&-")[0] == code
        assert redirected(words, "</dev/null 2>/dev/full")[0] == code


@pytest.mark.parametrize("how", [">/dev/full", ">/dev/full 2>&1", "1</dev/null"])
@pytest.mark.parametrize("words", [STREAMS[0][0], STREAMS[1][0]], ids=["check", "classify"])
def test_an_output_that_cannot_be_written_is_said(words: list[str], how: str) -> None:
    """A full disk is exit code 74 and one line."""
    code, said = redirected(words, how)
    assert code == 74
    assert "2>&1" in how or said.startswith("sestools: the output cannot be written")
    assert said.count("\n") <= 1


def run_with(words: list[str], soft: int, hard: int) -> tuple[int, str]:
    """Exit code and stderr of a command that may open so many files."""
    done = subprocess.run(
        [*COMMAND, *words],
        capture_output=True, text=True, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", [["check", "--simulate"], ["mtu", "--simulate"], ["sweep", "eu-west-1"]])
def test_too_few_descriptors_are_no_fault_of_the_network(words: list[str]) -> None:
    """It is said what limits the command and how to raise that."""
    code, said = run_with(words, 20, 20)
    assert code == 2
    assert said == (
        "sestools: this process may open only 20 files and sockets at a time: raise it, as with ulimit -n 256\n"
    )


def test_a_limit_that_can_be_raised_is_raised() -> None:
    """What only the soft limit forbids goes on; what needs no socket needs no limit."""
    assert run_with(["check", "--simulate"], 20, 512) == (0, "")
    assert run_with(["classify", "Tuesday is a fine day for a walk"], 20, 20) == (3, "")
