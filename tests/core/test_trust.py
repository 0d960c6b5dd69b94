"""Who gets credentials: every way to sign in, against every stranger that stands where SES should."""

from __future__ import annotations

import json
import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trustme
from strangers import CREDENTIALS, GREETING, Habit, Server, as_wrapper, gave_away

from sestools import Target, check, classify, probe_dialogue, probe_lifetime, probe_mtu, sweep
from sestools.cli import main as cli
from sestools.core import trust
from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.results import ProbeResult
from sestools.probes import SUCCESS, Plan
from sestools.probes.connect import Connection
from sestools.probes.recorder import Deadline, Recorder
from sestools.sending.client import Client
from sestools.sending.mail import Mail
from sestools.sending.policy import Policy
from sestools.sending.sender import Sender
from sestools.widgets import CheckPanel, panel

HOST = "email-smtp.eu-west-1.amazonaws.com"
ALIAS = "smtp.example.com"
SENDER = "sender@example.com"
_PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
FEW = Plan(silent=1, silence=0.1, lives=1, at_once=1, age=0.1, messages=1, senders=1, rate=14)


class Authorities:
    """Throwaway authorities: the one that a user names, one that only the system trusts, and one that nobody does."""

    def __init__(self, folder: Path) -> None:
        self.made = {
            "named": trustme.CA(organization_name="Named by the user"),
            "system": trustme.CA(organization_name="Example Proxy CA"),
            "amazon": trustme.CA(organization_name="Amazon", organization_unit_name="Amazon RSA 2048 M01"),
            "amazon-ish": trustme.CA(organization_name="Not Amazon", organization_unit_name="O=Amazon"),
            "unknown": trustme.CA(organization_name="Nobody trusts it"),
        }
        self.files = {}
        for name, authority in self.made.items():
            self.files[name] = str(folder / f"{name}.pem")
            authority.cert_pem.write_to_path(self.files[name])

    def server(self, name: str, *hosts: str) -> ssl.SSLContext:
        """A server's context with a certificate from one of them."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.made[name].issue_cert(*(hosts or (HOST,))).configure_cert(context)
        return context


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    """Made once."""
    return Authorities(tmp_path_factory.mktemp("authorities"))


# --- ways to sign in ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a caller is led, and what it is told."""

    host: str
    port: int
    address: tuple[str, int]
    ca_file: str | None

    @property
    def target(self) -> Target:
        """All of it, with credentials."""
        return Target(
            host=self.host, port=self.port, connect_to=self.address, ca_file=self.ca_file, credentials=CREDENTIALS
        )  # fmt: skip

    @property
    def flags(self) -> list[str]:
        """The same for the command line."""
        address, port = self.address
        words = [
            "--connect-to",
            f"{self.port}:{address}:{port}",
            "--user",
            CREDENTIALS.user,
            "--timeout",
            "5",
        ]
        return [
            self.host,
            "--port",
            str(self.port),
            *words,
            *(["--ca-file", self.ca_file] if self.ca_file else []),
        ]


def cause_of(result: ProbeResult) -> str:
    """The cause of a result."""
    return classify(result).cause.id


def by_dialogue(place: Place) -> str:
    """`probe_dialogue`."""
    return cause_of(probe_dialogue(place.target))


def by_login(place: Place) -> str:
    """`probe_dialogue`, with the other mechanism."""
    return cause_of(probe_dialogue(place.target, mechanism="LOGIN"))


def by_sending_dialogue(place: Place) -> str:
    """`probe_dialogue`, up to a message."""
    return cause_of(probe_dialogue(place.target, until=Stage.BODY, sender=SENDER))


def by_lifetime(place: Place) -> str:
    """`probe_lifetime`."""
    facts = probe_lifetime(place.target, plan=FEW, sender=SENDER, timeout=5).facts
    return classify(facts.refusal).cause.id if facts.refusal else "healthy"


def by_mtu(place: Place) -> str:
    """`probe_mtu`, which never signs in."""
    probe_mtu(place.target, timeout=2)
    return ""


def by_sweep(place: Place) -> str:
    """`sweep`, which never signs in."""
    (row,) = sweep([place.target], timeout=5).rows
    return row.cause if row.cause != "healthy" else ""


def by_check(place: Place) -> str:
    """`check`."""
    report = check(
        place.host, ports=[place.port], credentials=CREDENTIALS, connect_to=place.address, ca_file=place.ca_file
    )  # fmt: skip
    assert report.level != "ok" or report.session
    return report.diagnosis.cause.id


def by_sender(place: Place) -> str:
    """`Sender`, on a second connection as well."""
    mail = Mail(sender=SENDER, recipients=(SUCCESS,), content=b"Subject: x\r\n\r\nx\r\n")
    with Sender(place.target, policy=Policy.none(), max_messages=1, timeout=5) as sender:
        entries = [sender.send(mail) for _ in range(2)]
    return next((entry.diagnosis.cause.id for entry in entries if entry.diagnosis), "healthy")


def by_panel(place: Place) -> str:
    """`CheckPanel`."""
    shown = CheckPanel(port=place.port, credentials=CREDENTIALS, timeout=5).run().value
    return str(shown.diagnosis.cause.id)


def run(words: list[str]) -> int:
    """A command, in this process."""
    try:
        return cli.main(words) or 0
    except SystemExit as ended:
        return int(ended.code or 0)


def by_check_command(place: Place) -> str:
    """`sestools check`."""
    return "healthy" if run(["check", *place.flags, "--json"]) == 0 else ""


def by_doctor_command(place: Place) -> str:
    """`sestools doctor`, with a message."""
    words = ["doctor", *place.flags, "--from", SENDER, "--skip", "large", "--json"]
    return "healthy" if run(words) == 0 else ""


def by_send_command(place: Place) -> str:
    """`sestools send`."""
    words = [
        "send",
        *place.flags,
        "--from",
        SENDER,
        "--count",
        "2",
        "--max-messages",
        "1",
        "--policy",
        "none",
    ]
    return "healthy" if run(words) == 0 else ""


def by_lifetime_command(place: Place) -> str:
    """`sestools lifetime`."""
    words = [
        "lifetime",
        *place.flags,
        "--yes",
        "--silent",
        "1",
        "--silence",
        "0.05",
        "--lives",
        "1",
        "--at-once",
        "1",
    ]
    words += ["--age", "0.05", "--json"]
    return "healthy" if run(words) == 0 else ""


CALLERS: tuple[Callable[[Place], str], ...] = (
    by_dialogue, by_login, by_sending_dialogue, by_lifetime, by_mtu, by_sweep, by_check, by_sender, by_panel,
    by_check_command, by_doctor_command, by_send_command, by_lifetime_command,
)  # fmt: skip


@pytest.fixture(params=CALLERS, ids=lambda caller: caller.__name__)
def caller(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Place], str]:
    """A way to sign in, with the password where commands look for it, and a panel that is led as the others are."""
    call: Callable[[Place], str] = request.param
    monkeypatch.setenv("SESTOOLS_PASSWORD", CREDENTIALS.password)

    def led(place: Place) -> str:
        here = SimpleNamespace(connect_to={place.port: place.address}, ca_file=place.ca_file)
        monkeypatch.setattr(panel, "own_simulator", lambda *_: nullcontext(here))
        monkeypatch.setattr(panel, "_KEPT", {})
        return call(place)

    return led


# --- strangers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Case:
    """Somebody who must not get credentials.

    Attributes:
        name: In words.
        habits: What each connection meets.
        cause: What may be said of it.
        named: The authority that the user names, if any.
        system: The authority that the system trusts, if any.
        host: The name that is dialled.
        honest: How many connections from the first are SES itself.
        modes: The TLS modes in which it can be met.
    """

    name: str
    habits: Callable[[Authorities], list[Habit]]
    cause: str
    named: str | None = "named"
    system: str | None = None
    host: str = HOST
    honest: int = 0
    modes: tuple[int, ...] = (587,)


def says(**changes: Any) -> Callable[[Authorities], list[Habit]]:
    """SES's own certificate, and other habits."""
    return lambda made: [Habit(tls=made.server("named"), **changes)]


def proved(name: str, *hosts: str) -> Callable[[Authorities], list[Habit]]:
    """SES's words under somebody's certificate."""
    return lambda made: [Habit(tls=made.server(name, *hosts))]


def later(honest: int, proof: str = "named", **changes: Any) -> Callable[[Authorities], list[Habit]]:
    """SES itself first, a stranger on every connection after that."""

    def habits(made: Authorities) -> list[Habit]:
        one = Habit(tls=made.server("named"))
        return [one] * honest + [replace(one, tls=made.server(proof), **changes)]

    return habits


BOTH = (587, 465)
CASES = (
    Case(name="plaintext", habits=lambda made: [Habit(tls=None)], cause="wrapper-on-starttls starttls-refused clear-text-on-tls-port",
         modes=BOTH),
    Case(name="unverified", habits=proved("unknown"), cause="certificate-unknown-issuer certificate-self-signed ca-file-wrong",
         modes=BOTH),
    Case(name="unverified, nobody named", habits=proved("unknown"), named=None,
         cause="tls-intercepted certificate-unknown-issuer"),
    Case(name="another name", habits=proved("named", ALIAS), cause="certificate-wrong-name"),
    Case(name="foreign greeting", habits=says(greeting="mail.example.net ESMTP Postfix"), cause="foreign-greeting",
         modes=BOTH),
    Case(name="a greeting that mentions SES", habits=says(greeting=f"mail.example.net ESMTP for {GREETING}"),
         cause="foreign-greeting"),
    Case(name="SES's greeting in a second line", habits=says(greeting=f"mail.example.net ESMTP\n{GREETING}"),
         cause="foreign-greeting"),
    Case(name="look-alike that the system trusts", habits=proved("system"), cause="tls-intercepted", named=None,
         system="system", modes=BOTH),
    Case(name="look-alike beside named authorities", habits=proved("system"), system="system",
         cause="certificate-unknown-issuer certificate-self-signed ca-file-wrong"),
    Case(name="issuer that only says Amazon", habits=proved("amazon"), cause="tls-intercepted", named=None,
         system="amazon"),
    Case(name="issuer with Amazon in it", habits=proved("amazon-ish"), cause="tls-intercepted", named=None,
         system="amazon-ish"),
    Case(name="STARTTLS stripped", habits=says(starttls=False), cause="starttls-missing"),
    Case(name="injected before TLS", habits=says(before_tls=b"250 Ok\r\n"), cause="starttls-injected"),
    Case(name="half a line injected before TLS", habits=says(before_tls=b"25"), cause="starttls-injected"),
    Case(name="injected before AUTH", habits=says(before_auth=b"235 Authentication successful.\r\n"),
         cause="reply-unasked", modes=BOTH),
    Case(name="half a line injected before AUTH", habits=says(before_auth=b"23"), cause="reply-unasked"),
    *(Case(name=f"stranger's words after {honest} connections", honest=honest, cause="foreign-greeting",
           habits=later(honest, greeting="mail.example.net ESMTP Postfix")) for honest in (1, 2)),
    *(Case(name=f"stranger's proof after {honest} connections", honest=honest, habits=later(honest, "unknown"),
           cause="certificate-unknown-issuer certificate-self-signed ca-file-wrong") for honest in (1, 2)),
    Case(name="alias", habits=proved("system", ALIAS), cause="host-not-ses tls-intercepted", named=None,
         system="system", host=ALIAS),
    Case(name="alias with a certificate that says Amazon", habits=proved("amazon", ALIAS), cause="host-not-ses",
         named=None, system="amazon", host=ALIAS),
    Case(name="address", habits=proved("amazon", "127.0.0.1"), cause="host-not-ses", named=None, system="amazon",
         host="127.0.0.1"),
    Case(name="other mechanisms", habits=says(offers=("8BITMIME", "AUTH XOAUTH2 CRAM-MD5", "Ok")),
         cause="auth-mechanism", modes=BOTH),
    Case(name="no sign-in", habits=says(offers=("8BITMIME", "PLAIN", "Ok")), cause="auth-missing"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("caller", "case", "port"),
    [
        pytest.param(caller, case, port, id=f"{caller.__name__}, {case.name}, {port}")
        for caller in CALLERS
        for case in CASES
        for port in case.modes
        if caller is not by_panel or case.host == HOST  # a panel knows regions only
    ],
    indirect=["caller"],
)
def test_a_stranger_gets_no_credentials(
    authorities: Authorities, monkeypatch: pytest.MonkeyPatch, caller: Callable[[Place], str], case: Case, port: int
) -> None:  # fmt: skip
    """No AUTH, no user name and no password reaches a stranger, in any form; and the cause is told."""
    if case.system:
        monkeypatch.setenv("SSL_CERT_FILE", authorities.files[case.system])
        trust._amazons.cache_clear()  # were its roots the system's, it should show
    habits = case.habits(authorities)
    with Server(as_wrapper(habits) if port == 465 else habits) as server:
        told = caller(
            Place(host=case.host, port=port, address=server.address,
                  ca_file=authorities.files[case.named] if case.named else None)
        )  # fmt: skip
    assert len(server.heard) > 0
    assert [gave_away(heard) for heard in server.heard[case.honest :] if gave_away(heard)] == []
    if told and not (told == "healthy" and len(server.heard) <= case.honest):
        assert told in case.cause.split()


SIGNING = [one for one in CALLERS if one not in (by_mtu, by_sweep)]


@pytest.mark.parametrize("caller", SIGNING, indirect=True, ids=lambda caller: caller.__name__)
@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize("roots", ["named", "amazon's"])
def test_the_honest_server_gets_them(
    authorities: Authorities, monkeypatch: pytest.MonkeyPatch, caller: Callable[[Place], str], port: int, roots: str
) -> None:  # fmt: skip
    """SES is signed in to, by each caller: proved by named authorities, or by what stands for Amazon's roots."""
    file = authorities.files["amazon"]
    if roots == "amazon's":
        monkeypatch.setenv("SSL_CERT_FILE", file)
        context = ssl.create_default_context(cafile=file)
        monkeypatch.setattr(trust, "_amazons", lambda: context)
        monkeypatch.setitem(trust._VOUCHED, context, None)
    habits = [Habit(tls=authorities.server("amazon"))]
    with Server(as_wrapper(habits) if port == 465 else habits) as server:
        place = Place(
            host=HOST, port=port, address=server.address, ca_file=file if roots == "named" else None
        )
        assert caller(place) == "healthy"
    given = [gave_away(heard) for heard in server.heard if gave_away(heard)]
    assert given
    assert all(one[0] == "AUTH" for one in given)


@pytest.mark.parametrize(
    "caller", [by_check, by_check_command], indirect=True, ids=lambda caller: caller.__name__
)
def test_a_check_signs_in_once(authorities: Authorities, caller: Callable[[Place], str]) -> None:
    """One connects, one looks, and a third one signs in: a port is never signed in to that was not looked at."""
    with Server([Habit(tls=authorities.server("named"))]) as server:
        place = Place(host=HOST, port=587, address=server.address, ca_file=authorities.files["named"])
        assert caller(place) == "healthy"
    assert [bool(gave_away(heard)) for heard in server.heard] == [False, False, True]


# --- parts of the rule --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (GREETING, True),
        ("email-smtp.amazonaws.com ESMTP SimpleEmailService-1868680137 rgpk5uMlEb7VBtpdVluX", True),
        ("email-smtp.amazonaws.com ESMTP SimpleEmailService-d-UCMGFU8F2 l8rfaVjiaG1V7Lvw7tuo", True),
        ("email-smtp.amazonaws.com ESMTP", False),
        ("mail.example.net ESMTP Postfix", False),
        (f"mail.example.net ESMTP {GREETING}", False),
        (f"{GREETING} or so", False),
        ("email-smtp.amazonaws.com ESMTP simpleemailservice", False),
        ("", False),
    ],
)
def test_how_ses_greets(text: str, ours: bool) -> None:
    """The greetings of all years that are known, and nothing around them."""
    assert trust.is_greeting(text) is ours


def test_amazons_roots_are_those_of_the_system() -> None:
    """Six certificates in the package, in force, and where Debian's ca-certificates are there the same to the byte."""
    context = trust.signing_in(Target.ses("eu-west-1"))
    assert len(context.get_ca_certs()) == 6
    for one in context.get_ca_certs():
        assert "Amazon" in str(one["subject"]) or "Starfield" in str(one["subject"])
        assert ssl.cert_time_to_seconds(one["notAfter"]) > time.time()
    system = [
        ssl.PEM_cert_to_DER_cert(found[0])
        for path in Path("/etc/ssl/certs").glob("*.pem")
        for found in _PEM.finditer(path.read_text(errors="replace"))
    ]
    if not system:
        pytest.skip("this system keeps its authorities elsewhere")
    both = zip(context.get_ca_certs(), context.get_ca_certs(binary_form=True), strict=True)
    others = [one["subject"] for one, der in both if der not in system]
    assert all("Class 2" in str(subject) for subject in others)  # newer lists no longer have this one


def test_whom_a_connection_trusts_that_signs_in(
    authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amazon's six roots and nobody else for SES, whatever the system trusts; the named file if there is one."""
    monkeypatch.setenv("SSL_CERT_FILE", authorities.files["system"])
    ses = Target.ses("eu-west-1", credentials=CREDENTIALS)
    assert len(trust.signing_in(ses).get_ca_certs()) == 6
    named = trust.signing_in(replace(ses, ca_file=authorities.files["named"])).get_ca_certs()
    assert ["Named by the user" in str(one) for one in named] == [True]
    assert "Example Proxy CA" in str(trust.looking().get_ca_certs())


def test_a_repaired_list_of_authorities_is_seen(authorities: Authorities, monkeypatch: pytest.MonkeyPatch,
                                                tmp_path: Path) -> None:  # fmt: skip
    """A file that was replaced counts at once, for the system's list and for a named one."""
    file = tmp_path / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    for name, words in (("system", "Example Proxy CA"), ("named", "Named by the user")):
        file.write_bytes(Path(authorities.files[name]).read_bytes())
        for context in (trust.looking(), trust.looking(str(file))):
            assert words in str(context.get_ca_certs())
            assert len(context.get_ca_certs()) == 1


def test_clear_text_is_refused_before_anything_is_sent(authorities: Authorities) -> None:
    """Whoever asks for no TLS signs in nowhere: wrong use, or a refusal."""
    with Server([Habit(tls=None)]) as server:
        place = Place(host=HOST, port=587, address=server.address, ca_file=authorities.files["named"])
        plain = replace(place.target, security=Security.PLAIN)
        for call in (lambda: probe_dialogue(plain), lambda: Sender(plain, policy=Policy.none())):
            with pytest.raises(ValueError, match="clear text"):
                call()
        refusal = probe_lifetime(plain, plan=FEW, timeout=5).facts.refusal
        assert refusal.cause == "starttls-first"
        report = check(
            HOST, ports=[587], security=Security.PLAIN, credentials=CREDENTIALS, connect_to=server.address
        )
        assert report.session is None
    assert server.heard
    assert not any(gave_away(heard) for heard in server.heard)


@pytest.mark.parametrize("wanted", ["CRAM-MD5", "XOAUTH2", "LOGIN", "plain", "EXTERNAL"])
def test_a_mechanism_that_is_asked_for_has_to_be_offered_and_spoken(
    authorities: Authorities, wanted: Any
) -> None:
    """Nothing else is sent in its place."""
    with Server(
        [Habit(tls=authorities.server("named"), offers=("AUTH PLAIN XOAUTH2 CRAM-MD5", "Ok"))]
    ) as server:
        place = Place(host=HOST, port=587, address=server.address, ca_file=authorities.files["named"])
        assert cause_of(probe_dialogue(place.target, mechanism=wanted)) == "auth-mechanism"
    assert [gave_away(heard) for heard in server.heard] == [[]]


class Opened(smtplib.SMTP):
    """A client of somebody else's making, which tells how it was greeted."""

    greeting = GREETING


@pytest.mark.parametrize("how", ["plain", "own context", "another name", "greeting unknown"])
def test_a_connection_that_somebody_else_opened(
    authorities: Authorities, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """`Sender(connect=...)`: the connection itself is judged, however it was made."""
    file = authorities.files["named"]
    tls = authorities.server("named", HOST, ALIAS)
    wrapper = how in ("own context", "another name")
    with Server([Habit(tls=tls, wrapper=wrapper)]) as server:
        place = Place(host=HOST, port=465, address=server.address, ca_file=file)

        def connect() -> smtplib.SMTP:
            client = Opened() if how != "greeting unknown" else smtplib.SMTP()
            client._host = HOST
            if not wrapper:
                client.connect(*server.address)
                return client
            context = (
                trust.signing_in(place.target) if how == "another name" else ssl.create_default_context(cafile=file)
            )  # fmt: skip
            sock = socket.create_connection(server.address)
            client.sock = context.wrap_socket(sock, server_hostname=ALIAS if how == "another name" else HOST)
            client.getreply()
            return client

        mail = Mail(sender=SENDER, recipients=(SUCCESS,), content=b"Subject: x\r\n\r\nx\r\n")
        with Sender(place.target, policy=Policy.none(), connect=connect) as sender:
            entry = sender.send(mail)
    assert entry.diagnosis
    wanted = {"plain": "starttls-first", "greeting unknown": "foreign-greeting"}.get(
        how, "certificate-invalid"
    )
    assert entry.diagnosis.cause.id == wanted
    assert server.heard
    assert not any(gave_away(heard) for heard in server.heard)


@pytest.mark.parametrize("call", [by_dialogue, by_sender, by_check], ids=lambda call: call.__name__)
def test_a_name_with_a_final_dot_or_in_capitals_is_the_same(
    authorities: Authorities, call: Callable[[Place], str]
) -> None:
    """What DNS takes for one name is one."""
    for host in (f"{HOST}.", HOST.upper()):
        with Server([Habit(tls=authorities.server("named"))]) as server:
            place = Place(host=host, port=587, address=server.address, ca_file=authorities.files["named"])
            assert call(place) == "healthy"


def test_a_refusal_says_what_was_seen_and_what_allows_it(
    authorities: Authorities, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose certificate it is, that this host trusts it, that no password was sent, and the flag."""
    monkeypatch.setenv("SSL_CERT_FILE", authorities.files["amazon"])
    monkeypatch.setenv("SESTOOLS_PASSWORD", CREDENTIALS.password)
    with Server([Habit(tls=authorities.server("amazon"))]) as server:
        place = Place(host=HOST, port=587, address=server.address, ca_file=None)
        assert run(["check", "-v", *place.flags]) == 1
        shown = " ".join(capsys.readouterr().out.split())
        result = probe_dialogue(place.target)
    for words in (
        "tls-intercepted",
        "although this host trusts it",
        "O=Amazon",
        "they were not sent",
        "--ca-file FILE",
    ):
        assert words in shown
    assert result.symptom
    assert (result.symptom.stage, result.symptom.cause) == (Stage.TLS, "tls-intercepted")
    assert json.loads(json.dumps(check(HOST, ports=[587], connect_to=("127.0.0.1", 9)).to_dict()))


@pytest.mark.parametrize(
    "words", ["535 Authentication Credentials Invalid", "454 Throttling failure", "<b>x\x1b[31m"]
)
def test_what_a_stranger_says_does_not_lead_the_diagnosis(authorities: Authorities, words: str) -> None:
    """Words of another cause in a greeting are evidence, escaped, and change no verdict."""
    with Server(
        [Habit(tls=authorities.server("named"), greeting=f"mail.example.net ESMTP {words}")]
    ) as server:
        place = Place(host=HOST, port=587, address=server.address, ca_file=authorities.files["named"])
        found = classify(probe_dialogue(place.target))
    assert found.cause.id == "foreign-greeting"
    assert "\x1b" not in str(found)
    assert "<b>" not in found._repr_html_()


@pytest.mark.parametrize("kind", ["probes", "Sender"])
def test_what_waits_in_the_socket_is_seen(kind: str) -> None:
    """A reply that has come and was not read yet counts as unasked; without one nobody waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = Target(host=HOST, connect_to=listener.getsockname(), security=Security.PLAIN)
        with ThreadPoolExecutor(1) as pool:
            making = pool.submit(
                lambda: (
                    Client(target, 5.0)
                    if kind == "Sender"
                    else Connection(
                        Recorder(target, Deadline(5)), "", socket.create_connection(listener.getsockname())
                    )
                )
            )
            with listener.accept()[0] as peer:
                peer.sendall(b"220 x\r\n" if kind == "Sender" else b"")
                ours: Any = making.result(5)
                assert ours.unasked() == b""
                peer.sendall(b"250 Ok\r\n")
                sock = ours.sock if kind == "Sender" else ours.socket
                assert select.select([sock], [], [], 5)[0]
                assert ours.unasked() == b"250 Ok\r\n"
                sock.close()
