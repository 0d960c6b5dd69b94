"""A canary as user name, password and secret key is in nothing that is shown, logged or kept, in seven encodings."""

import argparse
import dataclasses
import json
import logging
import pickle
import signal
import smtplib
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from echoes import (
    CREDENTIALS,
    HOST,
    PASSWORD,
    SECRET_KEY,
    USER,
    Echo,
    echo,
    everything,
    forms,
    leaks,
)
from rich.console import Console
from rich.traceback import Traceback

from sestools.checkup.check import check
from sestools.checkup.report import transcript
from sestools.cli import main as cli
from sestools.cli.options import chosen_credentials
from sestools.cli.printing import PROBLEM
from sestools.cli.simulate import directions
from sestools.core.credentials import Credentials, smtp_password
from sestools.core.enums import Stage
from sestools.core.masking import MASK, Known, mask_command, mask_secrets
from sestools.core.results import Reply
from sestools.core.target import Target
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.credential_check import examine
from sestools.knowledge.table import CAUSES
from sestools.probes import probe_dialogue
from sestools.probes.lifetime import probe_lifetime
from sestools.probes.lifetime_facts import Plan
from sestools.render.terminal import show
from sestools.sending.client import Client
from sestools.sending.client_config.relay import write_relay
from sestools.sending.mail import Mail, SendReport
from sestools.sending.policy import Policy
from sestools.sending.sender import Sender
from sestools.simulator import Simulator
from sestools.simulator.scenario import Scenario
from sestools.widgets import CheckPanel, DiagnosisPanel
from sestools.widgets import panel as panel_module

KNOWN = CREDENTIALS.known
MAIL = Mail(
    sender="me@example.com", recipients=("success@simulator.amazonses.com",), content=b"Subject: x\n\nx\n"
)
ANSWERS = ["refused", "accepted", "junk", "stalled", "closed"]


@pytest.fixture(autouse=True)
def _silent_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever happens in a test of this file, no log holds the canary."""
    caplog.set_level(logging.DEBUG)
    yield
    assert not leaks(caplog.text)


# --- the function itself --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", forms(PASSWORD))
@pytest.mark.parametrize("secret", [PASSWORD, USER])
def test_what_a_server_makes_of_a_secret_is_cut_out(encoding: str, secret: str) -> None:
    """Each form goes, and the words around it stay."""
    for form in forms(secret)[encoding]:
        said = f"5.7.8 you sent {form} to us"
        assert leaks(said, secret)  # the control
        masked = KNOWN.mask(said)
        assert not leaks(masked, secret)
        assert masked.startswith("5.7.8 you sent ")
        assert masked.endswith(" to us")
        assert MASK in masked
        assert masked.count("\n") == said.count("\n")
        assert not leaks(KNOWN.mask_bytes(said.encode()).decode(), secret)


@pytest.mark.parametrize(
    "password", [PASSWORD, "test", "a", "password", "Authentication1", "credentials", "é!"]
)
def test_harmless_text_stays_as_it_is(password: str) -> None:
    """What SES says is recognised whatever the password is; ids, addresses and hosts stay."""
    said = [sample for row in CAUSES for sample in row.samples]
    said += [
        "250 Ok 0102018f2b7c4d5e-1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d-000000",
        "postfix/smtp[4711]: 4Zk3Xg0YQ1z9sB: to=<a@example.com>, relay=email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587",
        "this is a test of the latest version by AKIAIOSFODNN7EXAMPLE",
    ]
    known = Known("somebody", password)
    for text in said:
        assert mask_secrets(text) == text
        if password != "test":  # a short one is cut out where it stands as a word
            assert known.mask(text) == text


@pytest.mark.parametrize(
    ("password", "said", "masked"),
    [
        ("character-1", "an illegal character in the name", "an illegal character in the name"),
        ("hunter2", "you said hunter2, not hunter22", f"you said {MASK}, not hunter22"),
        ("hunter2", "you said aHVudGVyMg==", f"you said {MASK}=="),
        ("p@$$-1", "you said p@$$-1 or p%40%24%24-1", f"you said {MASK} or {MASK}"),
        ("correct horse battery", "a correct horse battery, or a correct one", f"a {MASK}, or a correct one"),
        ("pässwörd-Größe", "pässwörd-Größe, p%C3%A4ssw%C3%B6rd-Gr%C3%B6%C3%9Fe", f"{MASK}, {MASK}"),
    ],
)
def test_short_and_worded_passwords(password: str, said: str, masked: str) -> None:
    """Whole they are cut out; what only resembles them stays."""
    assert Known("somebody", password).mask(said) == masked


@pytest.mark.parametrize(
    "text", [PASSWORD, "a b ", "%41", "A", "-p ", "334 \n", "AUTH PLAIN ", "x://a:", "&#65;", "password "]
)
def test_the_time_grows_with_the_length(text: str) -> None:
    """Eight times as much text takes eight times as long, not sixty-four times."""

    def seconds(length: int) -> float:
        said, began = (text * length)[:length], time.process_time()
        mask_secrets(said, KNOWN)
        return time.process_time() - began

    assert min(seconds(64_000) for _ in range(2)) < 30 * max(min(seconds(8_000) for _ in range(3)), 0.002)


PASTED = [
    "swaks --server h -au AKIA -ap {} --to x", "swaks --auth-password {} -p 587", "swaks --auth-password='{}'",
    "curl -u AKIA:{} smtps://h", "curl --user 'AKIA:{}' smtps://h", "curl --user=AKIA:{}", "curl smtps://AKIA:{}@h:465",
    "[email-smtp.eu-west-1.amazonaws.com]:587 AKIA:{}", "email-smtp.eu-west-1.amazonaws.com AKIA:{}",
    "mysql -p{}", "client -p {}", "sestools check --password {}", "sestools check --password={}",
    "AUTHPLAIN {}", "XAUTH {}", "MAIL FROM:<> AUTH={}", "machine h login AKIA password {}", "password {}",
    "export SMTP_PASSWORD={}", '"pass": "{}"', "aws_secret_access_key = {}", "Authorization: Basic {}",
    "334 UGFzc3dvcmQ6\nC: {}\nS: 535 no", "334 UGFzc3dvcmQ6\n{}", "send: 'AUTH PLAIN {}\\r\\n'",
    "reply: b'334 UGFzc3dvcmQ6\\r\\n'\nsend: '{}\\r\\n'",
]  # fmt: skip


@pytest.mark.parametrize("line", PASTED)
@pytest.mark.parametrize("secret", ["Hunter2Hunter", PASSWORD, SECRET_KEY])
def test_command_lines_that_are_pasted(line: str, secret: str) -> None:
    """What tells a password in a command line, a file or a dialogue is followed by a mask, also in the panel."""
    text = line.format(secret)
    assert secret not in mask_secrets(text)
    found = classify(f"{text}\n535 Authentication Credentials Invalid")
    assert secret not in everything(found) + everything(found.symptom)
    assert found.cause.id == "bad-credentials"


@pytest.mark.parametrize(
    "line", ["ssh -p 2222 h", "docker run -p 25:2525 x", "mkdir -p /x/y", "250-AUTH PLAIN LOGIN XOAUTH2", "password incorrect",
             "334 UGFz\n535 Authentication Credentials Invalid", "MAIL FROM:<> AUTH=<>", "journalctl -u postfix: none",
             "mail.example.com Mon: 10", "sha256 0f343b0931126a20f133d67c2b018a3b5d7a9c2f4e6b8d0a1c3e5f7092b4d6f8",
             "File /usr/lib/python3.11/site-packages/somebody/Package.py"]
)  # fmt: skip
def test_what_only_looks_like_it_stays(line: str) -> None:
    """Ports, folders, lists of mechanisms and hashes are no secrets."""
    assert mask_secrets(line) == line


def test_exceptions_and_replies_given_to_classify() -> None:
    """An echo of an SMTP password in an exception, a reply or a dict is masked by its shape, whatever is cut off it."""
    shaped = [*forms(PASSWORD)["base64"], *forms(PASSWORD)["url"][:1], PASSWORD, PASSWORD.encode().hex()]
    shaped += [
        " ".join(PASSWORD),
        forms(PASSWORD)["base64"][1][:40],
        PASSWORD[:20],
        *forms(PASSWORD)["quoted"][:1],
    ]
    for form in shaped:
        text = f"5.7.8 Authentication Credentials Invalid: {form}".encode()
        for what in (
            smtplib.SMTPAuthenticationError(535, text),
            smtplib.SMTPServerDisconnected(text.decode()),
            ExceptionGroup("several", [smtplib.SMTPAuthenticationError(535, text)]),
            {"a@example.com": (535, text)},
            (535, text),
            Reply(code=535, lines=(text.decode(),), raw=b"535 " + text),
            text.decode(),
        ):
            found = classify(what)
            assert not leaks(everything(found) + everything(found.symptom), PASSWORD)
            assert found.cause.id == "bad-credentials"


def test_what_is_uncovered_by_cleaning_is_masked_too() -> None:
    """A secret that only shows once escapes are resolved."""
    found = classify("535%20Authentication%20Credentials%20Invalid%20password%3DHunter2Hunter")
    assert found.cause.id == "bad-credentials"
    assert "Hunter2" not in everything(found) + everything(found.symptom)


# --- a server that says everything back -----------------------------------------------------------------------


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_dialogue(tmp_path: Path, answer: str, mechanism: Any) -> None:
    """Nothing of it is in the result, its transcript, copies, pickles or JSON."""
    with Echo(tmp_path, answer) as server:
        result = probe_dialogue(server.target(), mechanism=mechanism, timeout=1.5, sender="me@example.com")
        again = probe_dialogue(server.target(), until=Stage.EHLO)
    assert MASK in again.facts.greeting
    shown = (
        everything(result) + "\n".join(transcript(result)) + everything(classify(result)) + everything(again)
    )
    assert f"AUTH {mechanism}" in shown
    assert MASK in shown
    assert not leaks(shown)
    assert result.target.credentials is None
    assert result.facts.signed_in is (answer == "accepted")


@pytest.mark.parametrize("answer", ["refused", "accepted"])
def test_a_check(tmp_path: Path, answer: str) -> None:
    """Text, Markdown, HTML and JSON of a check; the report can be copied and pickled."""
    with Echo(tmp_path, answer) as server:
        place = {"connect_to": server.connect_to, "ca_file": server.ca_file}
        report = check(HOST, ports=[465], credentials=CREDENTIALS, timeout=3, **place)  # type: ignore[arg-type]
    assert report.session
    out = Console(record=True, width=200, file=open("/dev/null", "w"))  # noqa: SIM115
    show(out, report.document())
    shown = everything(report) + out.export_text() + "".join(map(everything, report.ports))
    assert ("signed in" if answer == "accepted" else MASK) in shown
    assert not leaks(shown)


def test_a_measurement_of_lifetimes(tmp_path: Path) -> None:
    """Why connections could not be opened is kept without it."""
    with Echo(tmp_path) as server:
        result = probe_lifetime(server.target(), plan=Plan(silent=1, lives=1), timeout=3)
    assert result.symptom
    assert MASK in str(result.symptom)
    assert not leaks(everything(result))


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_sender(tmp_path: Path, answer: str) -> None:
    """Entries, attempts and accounts hold nothing of it."""
    with Echo(tmp_path, answer) as server:
        policy = Policy.fixed(when_unknown="give up", attempts=2, wait=0.01)
        with Sender(server.target(), policy=policy, timeout=1, final_timeout=1) as sender:
            entry = sender.send(MAIL)
            shown = everything(entry) + everything(SendReport(entries=(entry,))) + str(vars(sender))
        again = Client(server.target(), 2)
        again.close()
    assert MASK in again.greeting
    assert not leaks(again.greeting)
    assert entry.attempts
    assert entry.diagnosis
    shown += (
        "".join(map(everything, entry.attempts))
        + everything(entry.diagnosis)
        + everything(entry.diagnosis.symptom)
    )
    assert not leaks(shown)
    assert MASK in shown


def test_panels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state that a notebook saves, and what it shows elsewhere. The user name stays in its own field."""
    with Echo(tmp_path) as server:
        monkeypatch.setattr(
            panel_module,
            "own_simulator",
            lambda *_: nullcontext(SimpleNamespace(connect_to=server.connect_to, ca_file=server.ca_file)),
        )
        panel = CheckPanel(port=465, credentials=CREDENTIALS, timeout=3).run()
    assert panel.value.session
    shown = _states(panel) + repr(panel) + str(panel._repr_mimebundle_()) + repr(vars(panel))
    assert MASK in shown
    assert not leaks(shown, PASSWORD)
    pasted = DiagnosisPanel(f"swaks -ap {PASSWORD}\n<~* 535 {forms(PASSWORD)['base64'][1]}")
    assert not leaks(_states(pasted) + str(pasted._repr_mimebundle_()), PASSWORD)


def _states(widget: Any) -> str:
    return str(widget.get_state()) + "".join(map(_states, getattr(widget, "children", ())))


@pytest.mark.parametrize("answer", ["refused", "accepted"])
@pytest.mark.parametrize("form", [["check"], ["check", "-v"], ["check", "-q"], ["doctor"], ["doctor", "-v"],
                                  ["doctor", "--json"], ["doctor", "--markdown"]])  # fmt: skip
def test_every_screen_page_and_bundle(
    tmp_path: Path,
    form: list[str],
    answer: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """First screens, the whole, one line, the page and the bundle of a server that says the password back."""
    monkeypatch.setenv("SESTOOLS_PASSWORD", PASSWORD)
    (tmp_path / "server").mkdir()
    page, bundle = tmp_path / "page.html", tmp_path / "bundle"
    with Echo(tmp_path / "server", answer) as server:
        place = [f"--connect-to={server.connect_to[0]}:{server.connect_to[1]}", "--ca-file", server.ca_file]
        place += ["--html", str(page)] if "--json" not in form and "--markdown" not in form else []
        place += ["--bundle", str(bundle), "--skip", "large"] if form[0] == "doctor" else []
        command, *more = form
        cli.main([command, HOST, "--port", "465", "--user", USER, "--timeout", "3", *place, *more])
    kept = [*bundle.glob("*"), *([page] if page.exists() else [])]
    assert len(kept) >= 1
    shown = "".join([*capsys.readouterr(), *(path.read_text("utf-8") for path in kept)])
    assert MASK in shown
    assert not leaks(shown)


@pytest.mark.parametrize("form", [["check"], ["check", "--json"], ["check", "--markdown"], ["send", "--from", "a@b.c"],
                                  ["send", "--from", "a@b.c", "--json"]])  # fmt: skip
def test_commands(
    tmp_path: Path, form: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What commands print, on both streams."""
    monkeypatch.setenv("SESTOOLS_PASSWORD", PASSWORD)
    command, *more = form
    with Echo(tmp_path) as server:
        place = [f"--connect-to={server.connect_to[0]}:{server.connect_to[1]}", "--ca-file", server.ca_file]
        more += ["--attempts", "1"] if command == "send" else []
        code = cli.main([command, HOST, "--port", "465", "--user", USER, "--timeout", "3", *place, *more])
    shown = "".join(capsys.readouterr())
    assert code == PROBLEM
    assert MASK in shown
    assert not leaks(shown)


@pytest.mark.parametrize(
    "words",
    ["check eu-west-1 --password {}", "check eu-west-1 --password={}", "check eu-west-1 -p {}", "check eu-west-1 -p{}",
     "--password {} check", "check eu-west-1 --password-stdin {}", "check --user AKIA --password-stdin {}",
     "check --password {}", "send eu-west-1 --pass {} --count 2", "classify --secret={}", "-ap {} check"],
)  # fmt: skip
@pytest.mark.parametrize("secret", ["hunter2", PASSWORD])
def test_a_password_on_our_own_command_line(
    words: str, secret: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped option is named, and what was given to it is not."""
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115
    try:
        code: Any = cli.main(words.format(secret).split())
    except SystemExit as ended:
        code = ended.code
    said = "".join(capsys.readouterr())
    assert code == cli.WRONG_USE
    assert "sestools" in said
    assert secret not in said
    assert "Traceback" not in said


def test_other_mistakes_are_still_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be a password is named as before."""
    for words, says in (
        (["chekc"], "'chekc'"),
        (["check", "eu-west-1", "x587"], "x587"),
        (["mtu", "--port", "x"], "'x'"),
    ):
        with pytest.raises(SystemExit):
            cli.main(words)
        assert says in capsys.readouterr().err


# --- the simulator --------------------------------------------------------------------------------------------

WRONG_PLACES = [
    "AUTHPLAIN {}", "XAUTH {}", "xauth {}", "MAIL FROM:<> AUTH={}", "MAIL FROM:<a@b.c> AUTH={} SIZE=1", "{}", "AKIA {}",
    "AUTH {}", "AUTH PLAIN {}", "auth login {}", "NOOP {}", "EHLO {}", "EHLO x {}", "HELP {}", "VRFY {}", "pass: {}",
    "QUIT {}", "DATA {}", "STARTTLS {}",
]  # fmt: skip


def test_what_is_typed_on_a_wrong_line_is_in_no_live_log() -> None:
    """Credentials at any place but their own: the log of the simulator shows a mask."""
    shown: list[str] = []
    with Simulator("eu-west-1", on_event=lambda port, number, way, text: shown.append(text)) as ses:
        for line in WRONG_PLACES:
            with socket.create_connection(ses.connect_to[587], timeout=5) as sock:
                for secret in (PASSWORD, forms(PASSWORD)["base64"][1]):
                    sock.sendall(f"{line.format(secret)}\r\nNOOP\r\n".encode())
                sock.sendall(b"QUIT\r\n")
                while sock.recv(4096):
                    pass
    assert sum(MASK in line for line in shown) >= len(WRONG_PLACES)
    assert "NOOP" in shown
    assert not leaks("\n".join(shown))


@pytest.mark.parametrize(
    "line", ["EHLO client.example.com", "EHLO [127.0.0.1]", "EHLO [IPv6:::1]", "NOOP", "AUTH LOGIN", "RCPT TO:<b@example.com>",
             "MAIL FROM:<a@example.com> SIZE=100 BODY=8BITMIME", "QUIT", ""]
)  # fmt: skip
def test_an_ordinary_line_is_shown_as_it_is(line: str) -> None:
    """A log is there to be read."""
    assert mask_command(line) == line


def test_the_password_of_ones_own_scenario_is_not_printed() -> None:
    """It is said where it comes from; the made-up one is still shown."""
    own = f'[account]\ncredentials = {{ user = "{USER}", password = "{PASSWORD}" }}\n'
    with Simulator(scenario=Scenario.from_toml(own)) as ses:
        said = directions(ses, "us-east-1")
    assert "your scenario file" in said
    assert "worth nothing" not in said
    assert not leaks(said)
    with Simulator("eu-west-1") as ses:
        assert ses.credentials.password in directions(ses, "eu-west-1")


# --- where nothing is said, and still something could show ----------------------------------------------------


def test_a_target_with_credentials_is_not_pickled() -> None:
    """It says so, and what to do; results, which never have any, are."""
    target = Target(host=HOST, credentials=CREDENTIALS)
    with pytest.raises(TypeError, match="credentials are not pickled"):
        pickle.dumps(target)
    assert not leaks(f"{dataclasses.asdict(target)}{vars(target)}{vars(CREDENTIALS)}{target!r}", PASSWORD)
    pickle.dumps(dataclasses.replace(target, credentials=None))


@pytest.mark.parametrize("moment", [b"AUTH", b"MAIL"])
@pytest.mark.parametrize("what", ["dialogue", "sender"])
def test_the_local_variables_of_a_traceback(tmp_path: Path, what: str, moment: bytes) -> None:
    """An exception that passes while an answer is awaited, after AUTH or after an echo, shows nothing."""

    def interrupt(*_: object) -> None:
        raise RuntimeError("interrupted")

    main = threading.main_thread().ident
    assert main

    def heard(line: bytes) -> None:
        if line.startswith(moment):
            signal.pthread_kill(main, signal.SIGUSR1)
            raise ConnectionAbortedError

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with Echo(tmp_path, "accepted", heard=heard) as server:
            sender = Sender(server.target(), policy=Policy.none(), timeout=20)
            more: dict[str, Any] = {"timeout": 20, "until": Stage.RCPT, "sender": "me@example.com"}
            with pytest.raises(RuntimeError) as caught:
                sender.send(MAIL) if what == "sender" else probe_dialogue(server.target(), **more)
    finally:
        signal.signal(signal.SIGUSR1, before)
    shown = _with_locals(caught.value)
    assert moment == b"MAIL" or "sign_in" in shown  # the control: it passed there
    assert not leaks(shown, PASSWORD)


def _with_locals(error: BaseException) -> str:
    out = Console(record=True, width=400, file=open("/dev/null", "w"))  # noqa: SIM115
    out.print(
        Traceback.from_exception(
            type(error), error, error.__traceback__, show_locals=True, locals_max_string=None
        )
    )
    return (
        "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        + out.export_text()
    )


def test_the_local_variables_of_wrong_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal of a password, a key or a folder does not show them either."""
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115
    monkeypatch.setenv("SESTOOLS_PASSWORD", f"{PASSWORD}\ufeff")
    options = argparse.Namespace(user=USER, password_stdin=False)
    spaced = Credentials(user="somebody", password=f"{PASSWORD} ")
    for wrong in (
        lambda: Credentials(user="somebody", password=f"{PASSWORD}\ufeff"),
        lambda: chosen_credentials(options),
        lambda: smtp_password(SECRET_KEY, ""),
        lambda: write_relay(tmp_path, "eu-west-1", spaced),
        lambda: write_relay(tmp_path / "none", "eu-west-1", CREDENTIALS),
    ):
        with pytest.raises((ValueError, OSError)) as caught:
            wrong()
        assert not leaks(_with_locals(caught.value), PASSWORD, SECRET_KEY)


def test_the_credential_doctor_quotes_nothing() -> None:
    """A secret key in place of the password, and one to compare with, are in no finding."""
    wrong = Credentials(user=PASSWORD, password=SECRET_KEY)
    for credentials in (wrong, CREDENTIALS):
        found = examine(credentials, region="eu-west-1", secret_access_key=SECRET_KEY)
        assert found
        shown = "".join(map(everything, found)) + repr(credentials)
        assert not leaks(shown, PASSWORD, SECRET_KEY)
    said = echo(SECRET_KEY)
    assert leaks(said, SECRET_KEY)
    assert not leaks(Credentials(user=USER, password=SECRET_KEY).known.mask(said))
    assert json.dumps(said)


def test_what_a_paste_calls_a_password_is_one_wherever_it_stands() -> None:
    """A password that stands on a command line is cut out of the server's answer to it, too."""
    pasted = "swaks -au AKIA -ap hunter2SECRETx --server x -> 535 Authentication Credentials Invalid: hunter2SECRETx"
    masked = mask_secrets(pasted)
    assert "hunter2" not in masked
    assert masked.count(MASK) == 2
    assert "535 Authentication Credentials Invalid" in masked


@pytest.mark.parametrize(
    ("paste", "cause"),
    [
        ("smtp password: required\n530 Authentication required", "auth-required"),
        ("password=Authentication: 535 Authentication Credentials Invalid", "bad-credentials"),
        (f"mkdir -p {HOST}\nrelay={HOST}[192.0.2.1]:587 (host {HOST} said: 535 Authentication Credentials Invalid)",
         "bad-credentials"),
    ],
)  # fmt: skip
def test_a_word_that_stands_where_a_password_does_hides_nothing_else(paste: str, cause: str) -> None:
    """What servers say anyway, and a host's name, stay in the rest of a text, and so does its meaning."""
    assert classify(paste).cause.id == cause
    assert mask_secrets(paste).count(MASK) == 1
