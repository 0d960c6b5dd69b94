"""The lines to type are true: real nc, openssl and swaks stop where the probes stopped, and print what is said."""

from __future__ import annotations

import base64
import re
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from sestools import check
from sestools.checkup.manual_commands import equivalents
from sestools.checkup.report import Report, same_with
from sestools.core.credentials import Credentials
from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.target import Target
from sestools.simulator import Simulator, faults

PATIENCE = 2.0
"""Seconds after which a tool that says nothing more is stopped, as a person would."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a tool printed before it ended, or before it was stopped."""

    text: str
    ended: bool

    def __contains__(self, words: str) -> bool:
        return words in self.text


def run(line: str, typed: str = "QUIT\n", patience: float = PATIENCE, **environment: str) -> Said:
    """Run a line as it is printed, in a shell, with what a person types."""
    words = ["sh", "-c", f"exec {line}"]  # exec: what is stopped is the tool, not a shell around it
    try:
        done = subprocess.run(
            words,
            input=typed,
            capture_output=True,
            text=True,
            timeout=patience,
            env={"PATH": "/usr/bin:/bin:/usr/local/bin", "LC_ALL": "C", **environment},
        )
    except subprocess.TimeoutExpired as error:
        pieces = [part.decode() for part in (error.stdout, error.stderr) if part]
        return Said(text="".join(pieces), ended=False)
    return Said(text=done.stdout + done.stderr, ended=True)


def printed(report: Report) -> dict[str, tuple[str, str]]:
    """For each tool the line on a report's card, and how it says to read it."""
    (texts,) = (field.texts for field in same_with(report))
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return {line.split()[0]: (line, reading) for line, reading in pairs}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One fault on one port.

    Attributes:
        fault: What the simulator does.
        port: The only port that is checked.
        shows: The tools that are told, and what each prints, as a regular expression for all of it.
        quoted: What a tool prints and the reading beside its line quotes.
        security: The TLS mode that is tried.
    """

    fault: str
    port: int
    shows: dict[str, str]
    quoted: tuple[str, ...] = ()
    security: Security | None = None


NOTHING, READABLE = r"\s*", r"220 email-smtp\.amazonaws\.com ESMTP"
UNVERIFIED = ("verify error",)
MISSING = {"openssl": "find STARTTLS in server response", "swaks": "did not advertise STARTTLS"}
CASES = [
    Case(fault="dropped", port=587, shows={"nc": "timed out"}, quoted=("timed out",)),
    Case(fault="refused", port=25, shows={"nc": "refused"}, quoted=("refused",)),
    Case(fault="refused", port=2465, shows={"nc": "refused"}, quoted=("refused",)),
    Case(fault="silent", port=587, shows={"nc": NOTHING}),
    Case(fault="silent", port=465, shows={"openssl": NOTHING}),
    Case(fault="wrong-mode", port=2587, shows={"nc": NOTHING}),
    Case(
        fault="wrong-mode",
        port=465,
        shows={"nc": READABLE, "openssl": "wrong version number"},
        quoted=("wrong version number",),
    ),
    Case(
        fault="",
        port=465,
        shows={"openssl": READABLE, "swaks": "AUTH PLAIN LOGIN"},
        security=Security.STARTTLS,
    ),
    Case(
        fault="",
        port=587,
        shows={"openssl": "250 Ok", "swaks": "AUTH PLAIN LOGIN"},
        security=Security.WRAPPER,
    ),
    Case(fault="foreign-greeting", port=587, shows={"nc": r"220 mail\.example\.net ESMTP Postfix"}),
    Case(fault="foreign-greeting", port=465, shows={"openssl": r"220 mail\.example\.net ESMTP Postfix"}),
    Case(fault="starttls-missing", port=587, shows=MISSING, quoted=tuple(MISSING.values())),
    Case(fault="starttls-masked", port=25, shows=MISSING, quoted=tuple(MISSING.values())),
    Case(fault="stalled:STARTTLS", port=587, shows={"openssl": NOTHING, "swaks": r"-> STARTTLS\s*$"}),
    Case(fault="auth-missing", port=587, shows={"swaks": r"(?s)^(?!.*AUTH PLAIN LOGIN).*TLS started"}),
    Case(
        fault="bad-certificate:unknown-issuer", port=587, shows={"openssl": "verify error"}, quoted=UNVERIFIED
    ),
    Case(fault="bad-certificate:self-signed", port=465, shows={"openssl": "verify error"}, quoted=UNVERIFIED),
    Case(fault="bad-certificate:expired", port=2587, shows={"openssl": "verify error"}, quoted=UNVERIFIED),
    Case(fault="bad-certificate:wrong-name", port=465, shows={"openssl": "verify error"}, quoted=UNVERIFIED),
    Case(fault="closed:GREETING", port=587, shows={"nc": NOTHING}),
    Case(fault="says:GREETING:421 Too busy", port=587, shows={"nc": "421 Too busy"}),
    Case(fault="closed:TLS", port=465, shows={"openssl": "unexpected eof"}, quoted=("unexpected eof",)),
    Case(fault="says:EHLO:502 no", port=587, shows={"swaks": r"<\*\* 502 no"}, quoted=("<**",)),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.fault}@{case.port}" for case in CASES])
def test_the_printed_lines_show_the_fault(ses: Simulator, case: Case) -> None:
    """Only tools that see the fault are told; nc, openssl and swaks, as the card prints them, print what it says."""
    if case.fault:
        ses.set_faults(faults.parse(case.fault))
    report = check(
        "eu-west-1",
        ports=[case.port],
        security=case.security,
        connect_to=ses.connect_to,
        ca_file=ses.ca_file,
        timeout=0.7,
    )
    lines = printed(report)
    assert lines.keys() - {"Test-NetConnection"} == case.shows.keys(), lines
    with ThreadPoolExecutor(3) as pool:
        # nc is patient for 5 s itself, as its line says.
        running = {
            tool: pool.submit(run, lines[tool][0], patience=8.0 if tool == "nc" else PATIENCE)
            for tool in case.shows
        }
    for tool, pattern in case.shows.items():
        said = running[tool].result().text
        assert re.fullmatch(pattern, said) if pattern is NOTHING else re.search(pattern, said), (tool, said)
    for words in case.quoted:
        assert any(f"'{words}'" in reading for _, reading in lines.values()), lines


@pytest.mark.parametrize("port", [587, 465])
def test_when_all_is_well_the_lines_show_what_they_promise(ses: Simulator, port: int) -> None:
    """What a line calls healthy is what the tool prints of a healthy endpoint."""
    promised = {
        "nc": ["succeeded"],
        "greeting": ["220 email-smtp.amazonaws.com ESMTP"] if port == 587 else [],
        "openssl": ["verify return:1", "250 Ok" if port == 587 else "220 email-smtp.amazonaws.com ESMTP"],
        "swaks": ["AUTH PLAIN LOGIN"],
    }
    lines = {line.tool: line for line in equivalents(ses.target(port))}
    for tool, phrases in promised.items():
        said = run(lines[tool].command, patience=8.0)
        assert tool != "greeting" or port == 587 or not said.text, said
        for words in phrases:
            assert words in said, said
            assert words in lines[tool].healthy


def test_an_opened_connection_shows_its_issuer(ses: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a company's authority is trusted, openssl goes on, and names the issuer as its reading says."""
    monkeypatch.setenv("SSL_CERT_FILE", ses.ca_file)
    report = check("eu-west-1", ports=[587], connect_to=ses.connect_to)
    assert report.diagnosis.cause.id == "tls-intercepted"
    line, reading = printed(report)["openssl"]
    said = run(line, SSL_CERT_FILE=ses.ca_file)
    assert "'depth=1' another issuer than Amazon" in reading
    assert re.search(r'^depth=1 O ?= ?"?sestools simulator', said.text, re.MULTILINE), said
    assert "verify return:1" in said


@pytest.mark.parametrize(("right", "words"), [(True, "235 Authentication successful"), (False, "<~*")])
def test_the_line_that_signs_in_asks_for_the_password(ses: Simulator, right: bool, words: str) -> None:
    """swaks asks for the password, and stops at AUTH as the check did; no line holds a secret."""
    real = ses.credentials
    given = real if right else Credentials(user=real.user, password=real.password[:-4] + "AAAA")
    (line,) = (one for one in equivalents(ses.target(587, credentials=given)) if one.tool == "swaks")
    assert given.password not in line.command
    if not right:
        report = check(
            "eu-west-1", ports=[587], credentials=given, connect_to=ses.connect_to, ca_file=ses.ca_file
        )
        assert report.diagnosis.symptom.stage is Stage.AUTH
        assert printed(report)["swaks"][0] == line.command
    said = run(line.command, typed=f"{given.password}\n", patience=5, SMTP_USER=given.user)
    assert words in said, said
    assert f"'{words}'" in line.healthy + line.failing
    for secret in (given.password, given.user):
        plain = base64.b64encode(f"\0{given.user}\0{given.password}".encode()).decode()
        assert base64.b64encode(secret.encode()).decode() not in said.text
        assert plain not in said.text
    assert given.password not in said.text


def test_only_host_and_port_are_others_than_for_the_endpoint_itself(ses: Simulator) -> None:
    """With an address to connect to, lines differ in it, and in the name and authorities that it takes away."""
    for port in (587, 465):
        address, real = ses.connect_to[port]
        for here, there in zip(
            equivalents(ses.target(port)), equivalents(Target.ses("eu-west-1", port=port)), strict=True
        ):
            words = here.command
            for option, value in (
                ("-servername", ses.host), ("-CAfile", ses.ca_file), ("--tls-sni", ses.host),
                ("--tls-ca-path", ses.ca_file),
            ):  # fmt: skip
                words = words.replace(f" {option} {value}", "")
            words = words.replace(f"{address}:{real}", f"{ses.host}:{port}")
            words = words.replace(f"{address} {real}", f"{ses.host} {port}")
            words = words.replace(f"{address} --port {real}", f"{ses.host} --port {port}")
            words = words.replace(f"{address} -Port {real}", f"{ses.host} -Port {port}")
            assert words == there.command


def test_an_ipv6_address_stands_in_brackets_where_a_port_follows() -> None:
    """openssl takes an IPv6 address in brackets only, and its line has them; it is refused there, not misread."""
    target = Target(host="::1", port=9)
    lines = {line.tool: line.command for line in equivalents(target)}
    assert "-connect '[::1]:9' " in lines["openssl"]
    assert "-verify_ip ::1" in lines["openssl"]
    said = run(lines["openssl"])
    assert re.search(r"connect:errno|BIO_connect", said.text), said
    assert lines["nc"] == "nc -vz -w 5 ::1 9"
    assert "=== Trying ::1:9..." in run(lines["swaks"])


def test_names_are_quoted_for_the_shell() -> None:
    """A path with blanks stays one word."""
    target = Target.ses("eu-west-1", ca_file="/tmp/my authorities.pem")
    for line in equivalents(target):
        if line.tool in ("openssl", "swaks"):
            assert "/tmp/my authorities.pem" in shlex.split(line.command)


def test_the_tools_are_there() -> None:
    """The tests above ran real programs; tests/provide.sh installs them."""
    for tool in ("nc", "openssl", "swaks"):
        assert shutil.which(tool), f"{tool} is missing; tests/provide.sh installs it"
