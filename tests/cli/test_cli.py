"""The command line as a user meets it: real processes, exit codes, pipes."""

import contextlib
import io
import json
import os
import pty
import signal
import smtplib
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from commands import COMMAND, run
from rich.console import Console

from sestools import check
from sestools.render.terminal import show
from sestools.simulator import Simulator, faults


@pytest.fixture
def place(ses: Simulator) -> list[str]:
    """Flags that lead a check to the simulator."""
    flags = ["--ca-file", ses.ca_file, "--timeout", "0.8"]
    for port, (address, real) in ses.connect_to.items():
        flags += ["--connect-to", f"{port}:{address}:{real}"]
    return flags


@pytest.mark.parametrize(
    ("given", "more", "code", "says"),
    [
        ([], [], 0, "587  "),
        (["dropped@25"], [], 0, "no answer"),
        (["dropped@25"], ["--port", "25"], 1, "no answer"),
        (["dropped"], [], 1, "no answer"),
        ([], ["--port", "587", "--security", "wrapper"], 1, "wrong"),
    ],
)
def test_exit_codes_of_a_check(
    ses: Simulator, place: list[str], given: list[str], more: list[str], code: int, says: str
) -> None:
    """0 healthy or a notice, 1 a problem; the text names what was seen."""
    ses.set_faults(*(faults.parse(text) for text in given))
    done = run("check", "eu-west-1", *place, *more)
    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stdout.lower()
    assert done.stderr == ""


def test_json_is_for_programs(place: list[str]) -> None:
    """stdout is one JSON document with a schema version, and nothing else."""
    data = json.loads(run("check", "eu-west-1", "--json", *place).stdout)
    assert data["schema_version"] == 1
    assert data["verdict"]["level"] == "ok"


def test_a_host_name_is_as_good_as_its_region() -> None:
    """The simulator plays the region of an endpoint's name."""
    done = run("check", "email-smtp.eu-west-1.amazonaws.com", "--simulate", "--port", "587")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "587  " in done.stdout


def test_a_check_that_cannot_tell_is_neither_healthy_nor_a_problem() -> None:
    """Told to leave TLS out it cannot say whether one can sign in: exit code 3."""
    assert run("check", "eu-west-1", "--simulate", "--security", "plain", "--port", "587").returncode == 3


def test_markdown_is_for_tickets(place: list[str]) -> None:
    """Markdown has the table of ports."""
    assert "| 587 | STARTTLS |" in run("check", "eu-west-1", "--markdown", *place).stdout


def test_signing_in_with_a_password_from_stdin(ses: Simulator, place: list[str]) -> None:
    """The password comes from stdin or the environment, and shows nowhere."""
    secret = ses.credentials.password
    done = run(
        *(
            "check",
            "eu-west-1",
            "--user",
            ses.credentials.user,
            "--password-stdin",
            "--port",
            "587,465",
            *place,
        ),
        stdin=f"\ufeff{secret}\r\n",  # as Windows' editors save a file
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "signed in" in done.stdout
    other = run(
        "check", "eu-west-1", *place, SESTOOLS_USER=ses.credentials.user, SESTOOLS_PASSWORD="wrong-password"
    )
    assert other.returncode == 1
    assert "535" in other.stdout
    assert secret not in done.stdout + done.stderr
    assert "wrong-password" not in other.stdout + other.stderr


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"p\xe4ssword-of-another-age\n", "not UTF-8"),
        ("secret\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_password_file_in_another_encoding_is_wrong_use(data: bytes, says: str) -> None:
    """It is refused in a sentence, whatever the locale does with such bytes, and not shown."""
    done = subprocess.run(
        [*COMMAND, "check", "eu-west-1", "--user", "AKIAIOSFODNN7EXAMPLE", "--password-stdin"],
        input=data,
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )
    assert done.returncode == 2, done.stderr
    assert says in done.stderr.decode()
    assert b"secret" not in done.stderr + done.stdout
    assert b"another-age" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["check", "europe"], "region"),
        (["check", "localhost"], "a host name has a dot"),
        (["check", "email.eu-west-1.amazonaws.com", "--simulate"], "endpoint of a region"),
        (["allowlist", "vpce-0a-1b.email-smtp.eu-west-1.vpce.amazonaws.com", "--simulate"], "of a region"),
        (["check", "eu-west-1", "--port", "0"], "1 to 65535"),
        (["check", "eu-west-1", "--port", "587;465"], "587,465"),
        (["check", "eu-west-1", "--password-stdin"], "--user"),
        (["check", "eu-west-1", "--user", "AKIAIOSFODNN7EXAMPLE"], "--password-stdin"),
        (["check", "eu-west-1", "--connect-to", "nonsense"], "--connect-to"),
        (["check", "eu-west-1", "--timeout", "-1"], "timeout"),
        (["check", "eu-west-1", "--simulate", "no-such-fault"], "dropped"),
        (["check", "eu-west-1", "--password", "x"], "--password"),
        (["classify", ""], "nothing to classify"),
        (["nonsense"], "no command"),
        (["chekc"], "did you mean check?"),
        (["check", "eu-west-1", "--timout", "3"], "did you mean --timeout?"),
        (["check", "eu-west-1", "us-east-1"], "sweep"),
        (["check", "ireland"], "did you mean eu-west-1?"),
        (["check", "eu-wst-1", "--simulate"], "did you mean eu-west-1"),
        (["check", "eu-west-1", "--simulate", "droped@25"], "did you mean dropped?"),
        (
            ["check", "email-smtp.eu-west-1.amazonaws.com:587"],
            "email-smtp.eu-west-1.amazonaws.com --port 587",
        ),
        (["explain", "port25"], "did you mean port25-blocked?"),
        (["doctor", "eu-west-1", "--skip", "tls"], "sign-in"),
        ([], "sestools doctor eu-west-1"),
    ],
)
def test_wrong_use_exits_2_and_says_how(words: list[str], says: str) -> None:
    """Wrong use is one clear message on stderr, exit code 2."""
    done = run(*words)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_could_not_tell_exits_3() -> None:
    """An unknown text is neither healthy nor a known problem."""
    assert run("classify", "the cat sat on the mat").returncode == 3


def test_a_file_that_is_named_is_classified(tmp_path: Path) -> None:
    """What everybody types first, `sestools classify mail.log`, reads the file."""
    log = tmp_path / "mail.log"
    log.write_text("454 Throttling failure: Maximum sending rate exceeded.\n")
    done = run("classify", "-q", str(log))
    assert (done.returncode, done.stdout) == (1, "The account's maximum send rate was exceeded\n")
    assert "is a file" in done.stderr


def test_quiet_is_a_line_and_verbose_is_all(place: list[str], tmp_path: Path) -> None:
    """-q prints the verdict, -v the evidence, and --html keeps all of it; a page that cannot be written is told."""
    page = tmp_path / "report.html"
    done = run("check", "eu-west-1", "-q", "--html", str(page), *place)
    assert done.stdout == "ok: The path to SES works, as far as tested [healthy]\n"
    assert "<!doctype html>" in page.read_text("utf-8")
    assert "Evidence" in page.read_text("utf-8")
    assert "Evidence" in run("check", "eu-west-1", "-v", *place).stdout
    missing = run("check", "eu-west-1", "-q", "--html", str(tmp_path / "no" / "x.html"), *place)
    assert missing.returncode == 2
    assert "cannot be written" in missing.stderr


def test_explain_prints_a_cause() -> None:
    """All that a card says of it, and what it looks like; without one, the list."""
    done = run("explain", "send-rate")
    for words in (
        "maximum send rate",
        "Do  ",
        "454 Throttling failure: Maximum sending rate exceeded",
        "https://",
    ):
        assert words in done.stdout
    assert "port25-blocked" in run("explain").stdout


def test_wrong_use_with_json_is_an_object_too() -> None:
    """A program that reads the output finds the error there."""
    done = run("check", "eu-west-1", "--json", "--timout", "3")
    assert done.returncode == 2
    assert "did you mean --timeout?" in json.loads(done.stdout)["error"]


def test_doctor_keeps_a_bundle(tmp_path: Path) -> None:
    """`doctor` prints a screen, keeps four files, and refuses a folder that holds anything before it begins."""
    words = ["doctor", "eu-west-1", "--simulate", "dropped@25", "--timeout", "1", "--skip", "large"]
    words += ["--bundle", str(tmp_path / "kept")]
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert "5  large packets   skipped  as asked" in done.stdout
    assert len(list((tmp_path / "kept").iterdir())) == 4
    again = run(*words)
    assert (again.returncode, again.stdout) == (2, "")
    assert "not empty" in again.stderr


def test_a_terminal_without_utf_8_shows_plain_characters() -> None:
    """An arrow is ->, and no escape."""
    done = run(
        "check",
        "eu-west-1",
        "--simulate",
        "refused",
        "-v",
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )
    assert "-> 'timed out'" in done.stdout
    assert "\\u" not in done.stdout


@pytest.mark.parametrize(
    ("text", "lead", "code"),
    [
        ("454 Throttling failure: Maximum sending rate exceeded.", "send-rate", 1),
        ("535 Authentication Credentials Invalid", "bad-credentials", 1),
        ("235 Authentication successful.", "auth-ok", 0),
    ],
)
def test_classify_gives_one_object_an_input(text: str, lead: str, code: int) -> None:
    """JSON lines: one object an input, causes likeliest first, the same from stdin."""
    given = run("classify", "--json", text)
    piped = run("classify", "--json", "-", stdin=text)
    assert given.returncode == piped.returncode == code
    assert given.stdout == piped.stdout
    data = json.loads(given.stdout)
    assert data["causes"][0] == lead
    assert data["schema_version"] == 1
    two = run("classify", "--json", text, text).stdout.splitlines()
    assert [json.loads(line)["causes"][0] for line in two] == [lead, lead]


def test_settings_come_from_the_environment() -> None:
    """A flag wins over SESTOOLS_REGION, which wins over AWS_REGION, which wins over the default."""

    def host(*words: str, **environment: str) -> str:
        done = run("check", *words, "--json", "--connect-to", "127.0.0.1:9", **environment)
        return str(json.loads(done.stdout)["host"])

    both = {"SESTOOLS_REGION": "eu-west-2", "AWS_REGION": "sa-east-1"}
    assert "ca-central-1" in host("ca-central-1", **both)
    assert "eu-west-2" in host(**both)
    assert "sa-east-1" in host(AWS_REGION="sa-east-1")
    assert "us-east-1" in host()


@pytest.mark.parametrize("command", [[], ["check"], ["classify"], ["simulate"]])
def test_every_help_has_an_example(command: list[str]) -> None:
    """--help shows how to begin."""
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "examples:\n  sestools " in done.stdout


WRITTEN = [
    ["classify", "535 Authentication Credentials Invalid"],
    ["classify", "--json", "535 Authentication Credentials Invalid"],
    ["check", "eu-west-1", "--simulate", "refused", "--timeout", "1"],
]


@pytest.mark.parametrize("words", WRITTEN)
def test_a_reader_that_goes_away_is_no_error(words: list[str]) -> None:
    """`| head -1` leaves no traceback, and 141 as with other programs."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as gone:
        done = subprocess.run([*COMMAND, *words], stdout=gone, stderr=subprocess.PIPE, timeout=60)
    assert done.stderr == b""
    assert done.returncode == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("words", WRITTEN)
def test_a_full_disk_is_no_bug_of_ours(words: list[str]) -> None:
    """Output that cannot be written is told in a sentence, with 74."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.stderr.decode() == "sestools: the output cannot be written: No space left on device\n"
    assert done.returncode == 74


def test_no_colour_when_asked_or_piped(place: list[str]) -> None:
    """A pipe gets no escape codes; a terminal does, unless NO_COLOR is set."""
    assert "\x1b" not in run("classify", "535 Authentication Credentials Invalid").stdout

    def on_terminal(**environment: str) -> str:
        main, side = pty.openpty()
        env = {**os.environ, "TERM": "xterm-256color", **environment}
        command = [*COMMAND, "classify", "535 Authentication Credentials Invalid"]
        subprocess.run(command, stdout=side, stderr=side, env=env, timeout=60)
        os.close(side)
        text = b""
        try:
            while piece := os.read(main, 65536):
                text += piece
        except OSError:
            pass
        os.close(main)
        return text.decode()

    assert "\x1b[1m" in on_terminal()
    assert "\x1b[1m" not in on_terminal(NO_COLOR="1")


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (30, "port result"),
        (44, "port sign-in result"),
        (60, "port TLS sign-in result"),
        (120, "port mode connect greeting TLS sign-in result"),
    ],
)
def test_a_narrow_terminal_keeps_port_and_result(ses: Simulator, width: int, columns: str) -> None:
    """What is dropped for want of room is the mode and the times."""
    ses.set_faults(faults.parse("refused@25"))
    report = check("eu-west-1", connect_to=ses.connect_to, ca_file=ses.ca_file, timeout=2)
    shown = io.StringIO()
    show(Console(file=shown, width=width), report.document())
    lines = shown.getvalue().splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("port "))
    assert lines[head].split() == columns.split()
    rows = [line.split() for line in lines[head + 1 : head + 6]]
    assert [row[0] for row in rows] == ["25", "587", "2587", "465", "2465"]
    assert [row[-1] for row in rows] == ["refused"] + ["in"] * 4  # ready to sign in


def test_simulate_on_chosen_ports_with_a_copy_of_the_authority(tmp_path: Path) -> None:
    """A program with a fixed configuration finds it: `--ports` and `--ca-out`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    path = tmp_path / "ca.pem"
    words = ["simulate", "--ports", f"587:{number}", "--ca-out", str(path)]
    process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    assert process.stdout.readline()
    with smtplib.SMTP("localhost", number) as smtp:
        smtp.starttls(context=ssl.create_default_context(cafile=path))
        assert smtp.noop()[0] == 250
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 0
    for wrong in (["--ports", "587"], ["--ports", "26:2626"], ["--ca-out", str(tmp_path)]):
        done = run("simulate", *wrong)
        assert done.returncode == 2, (wrong, done.stderr)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_simulate_plays_ses_until_it_is_ended(ending: signal.Signals) -> None:
    """`simulate` prints where it listens and a check command that works; Ctrl-C or `kill` ends it cleanly."""
    process = subprocess.Popen(
        [*COMMAND, "simulate", "--region", "eu-west-1", "--fault", "dropped@25"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        lines = []
        while not lines or not lines[-1].strip().startswith("sestools check"):
            lines.append(process.stdout.readline())
            assert lines[-1], "the simulator ended early"
        words = lines[-1].split()[1:]
        done = run(*words, "--json", "--timeout", "0.8")
        assert json.loads(done.stdout)["verdict"]["causes"][0] == "port25-blocked"
    finally:
        process.send_signal(ending)
        rest, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in rest + errors
    assert "0 messages accepted for 0 recipients over 0 connections, 0 refused" in errors


def test_a_scenario_runs_by_name_or_file(tmp_path: Path) -> None:
    """`--scenario` takes both; a check can be led to one; a wrong file is told with its line."""
    listed = run("simulate", "--list-scenarios").stdout
    assert "s4-flaky-link" in listed
    done = run("check", "eu-west-1", "--simulate", "s2-refused", "--json")
    assert json.loads(done.stdout)["verdict"]["causes"][0] == "connection-refused"
    file = tmp_path / "mine.toml"
    file.write_text("[account]\nrat = 1\n")
    wrong = run("simulate", "--scenario", str(file))
    assert wrong.returncode == 2
    assert f"{file}:2: 'rat' means nothing in [account]" in wrong.stderr
    assert "s3-port-25-blocked" in run("simulate", "--scenario", "nonsense").stderr


def test_a_client_cannot_command_the_terminal() -> None:
    """What a client says is shown with its control characters written out."""
    process = subprocess.Popen([*COMMAND, "simulate"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout
        address, port = process.stdout.readline().split()[-1].split(b":")
        with socket.create_connection((address, int(port)), timeout=5) as sock:
            sock.sendall(b"MAIL FROM:<\x1b[2J>\r\n")
            while b" > " not in (line := process.stdout.readline()):
                assert line
        assert line.endswith(b" > MAIL FROM:<\\x1b[2J>\n")
    finally:
        process.kill()
        process.communicate(timeout=10)


@pytest.mark.parametrize(
    ("written", "words", "region"),
    [
        ("region = 'ap-south-1'", [], "ap-south-1"),
        ("region = 'ap-south-1'", ["--region", "eu-west-1"], "eu-west-1"),
        ("", [], "us-west-2"),
    ],
)
def test_a_scenario_brings_its_region(tmp_path: Path, written: str, words: list[str], region: str) -> None:
    """A flag comes first, then what the file says, then the environment."""
    file = tmp_path / "mine.toml"
    file.write_text(written)
    process = subprocess.Popen(
        [*COMMAND, "simulate", "--scenario", str(file), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SESTOOLS_REGION": "us-west-2"},
    )
    try:
        assert process.stderr
        assert process.stderr.readline() == f"SES of {region}, simulated on this host. Ctrl-C ends it.\n"
    finally:
        process.kill()
        process.communicate(timeout=10)


def test_a_simulator_whose_reader_goes_away_ends() -> None:
    """`sestools simulate | head -1` ends with the next event, without a traceback."""
    process = subprocess.Popen(
        [*COMMAND, "simulate", "--region", "eu-west-1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    first = process.stdout.readline()
    while "sestools check" not in process.stdout.readline():
        pass
    process.stdout.close()
    address, port = first.split()[-1].split(":")
    for _ in range(3):
        with contextlib.suppress(OSError), socket.create_connection((address, int(port)), timeout=5) as sock:
            sock.recv(100)
    assert process.wait(timeout=10) in (0, 141)
    assert "Traceback" not in process.stderr.read()


def test_ctrl_c_during_a_check_leaves_no_traceback(ses: Simulator, place: list[str]) -> None:
    """An interrupted check ends at once with 130, and shows what it had seen."""
    ses.set_faults(faults.parse("silent"))
    before = ses.connections
    process = subprocess.Popen(
        [*COMMAND, "check", "eu-west-1", *place, "--timeout", "30"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    give_up = time.monotonic() + 20
    while ses.connections == before and time.monotonic() < give_up:
        time.sleep(0.02)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    shown, errors = process.communicate(timeout=20)
    assert "The check was not finished" in shown
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_the_newest_lines_of_a_long_log_are_read() -> None:
    """Of megabytes on standard input the end counts as much as the beginning."""
    noise = "".join(f"line {number} with nothing in it\n" for number in range(200_000))
    done = run("classify", "--json", stdin=noise + "554 Message rejected: Email address is not verified.\n")
    assert json.loads(done.stdout)["causes"][0] == "not-verified"


def test_each_cause_in_a_paste_is_shown_with_its_line() -> None:
    """A paste with several causes names the line of each, once."""
    lines = (
        "454 Throttling failure: Maximum sending rate exceeded.\n" * 2
        + "ok\n535 Authentication Credentials Invalid\n"
    )
    evidence = json.loads(run("classify", "--json", stdin=lines).stdout)["evidence"]
    assert [line[:6] for line in evidence] == ["line 4", "line 1"]
    assert evidence[1].endswith("(send-rate)")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["check", "eu-wst-1"], "did you mean eu-west-1"),
        (["check", "xx-north-9", "--simulate"], "no region that is known"),
        (["check", "eu-north-3", "--simulate"], "the simulator plays regions that have SES"),
        (["check", "cn-north-1"], "SES does not exist there"),
        (["sweep", "eusc-de-east-1"], "is not known"),
    ],
)
def test_a_region_that_is_none_is_told_before_anything_is_asked(words: list[str], says: str) -> None:
    """A slip, and a region without SES or without a known host name, is wrong use and never "ok"."""
    done = run(*words)
    assert done.returncode == 2
    assert says in " ".join(done.stderr.split())


def test_a_check_says_what_is_not_sure_of_its_region() -> None:
    """Where sources are silent or contradict each other, the report has a note."""
    report = json.loads(run("check", "eu-south-1", "--simulate", "--port", "587", "--json").stdout)
    assert any("code sample lists it, but" in note for note in report["notes"])


def test_sweep_says_which_regions_it_takes() -> None:
    """Without regions it takes those that AWS lists, and says so in its help."""
    assert "the 17 regions that AWS's code sample lists" in " ".join(run("sweep", "--help").stdout.split())
