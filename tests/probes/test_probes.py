"""Probes against the simulator and against servers that misbehave, over real sockets."""

import base64
import contextlib
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable

import pytest

from sestools import probes
from sestools.checkup.report import plain, transcript
from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Outcome, Stage
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.probes import PROBES, Problem, probe_dialogue, probe_dns, probe_tcp, probe_tls
from sestools.simulator import Simulator, faults

SENDER = "sender@example.com"
STAGES = {
    Security.STARTTLS: (
        [Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.TLS, Stage.EHLO],
        (587, 2587, 25),
    ),
    Security.WRAPPER: ([Stage.CONNECT, Stage.TLS, Stage.GREETING, Stage.EHLO], (465, 2465)),
}


def stages(result: ProbeResult) -> list[Stage]:
    """The stages that a probe went through."""
    return [step.stage for step in result.steps]


@pytest.mark.parametrize("port", [25, 587, 2587, 465, 2465])
def test_a_healthy_dialogue_times_every_stage(ses: Simulator, port: int) -> None:
    """Every stage of the mode is a timed step, in order, and the facts are SES's."""
    result = probe_dialogue(ses.target(port))
    expected, _ = next(row for row in STAGES.values() if port in row[1])
    assert result.ok, result
    assert stages(result) == [*expected, Stage.QUIT]
    assert all(0 <= step.seconds < 2 for step in result.steps)
    assert [step.at for step in result.steps] == sorted(step.at for step in result.steps)
    assert "SimpleEmailService" in result.facts.greeting
    assert result.facts.capabilities == ("8BITMIME", "AUTH PLAIN LOGIN", "Ok")
    assert result.facts.tls.version == "TLSv1.3"
    assert result.facts.tls.verified
    assert ses.host in result.facts.tls.certificate.names
    assert result.facts.tls.certificate.not_after > result.facts.tls.certificate.not_before


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_signing_in_and_sending(ses: Simulator, port: int, mechanism: str) -> None:
    """Both mechanisms sign in in both TLS modes; the message is accepted and its id kept."""
    before = len(ses.accepted)
    result = probe_dialogue(
        ses.target(port, sign_in=True),
        until=Stage.BODY,
        sender=SENDER,
        mechanism=mechanism,  # type: ignore[arg-type]
    )
    assert result.ok, result
    assert result.facts.signed_in
    assert len(ses.accepted) == before + 1
    assert result.facts.message_id.endswith("-000000")
    for stage in (Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.QUIT):
        assert result.seconds(stage) is not None


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize(
    "until",
    [
        Stage.CONNECT,
        Stage.GREETING,
        Stage.TLS,
        Stage.EHLO,
        Stage.AUTH,
        Stage.MAIL,
        Stage.RCPT,
        Stage.DATA,
        Stage.BODY,
    ],
)
def test_it_stops_at_the_chosen_stage(ses: Simulator, port: int, until: Stage) -> None:
    """The last stage before QUIT is the chosen one, and nothing is sent unless it is BODY."""
    before = len(ses.accepted)
    result = probe_dialogue(ses.target(port, sign_in=True), until=until, sender=SENDER)
    assert result.ok, result
    assert [stage for stage in stages(result) if stage is not Stage.QUIT][-1] is until
    assert len(ses.accepted) - before == (until is Stage.BODY)


def test_until_starttls_stops_before_the_handshake(ses: Simulator) -> None:
    """STARTTLS is a stage of its own, and a wrapper port has no such stage."""
    assert stages(probe_dialogue(ses.target(587), until=Stage.STARTTLS))[-1] is Stage.STARTTLS
    with pytest.raises(ValueError, match="no stage STARTTLS"):
        probe_dialogue(ses.target(465), until=Stage.STARTTLS)


def test_no_credentials_in_what_is_kept(ses: Simulator) -> None:
    """Steps, transcript and JSON hold the credentials in no form, for both mechanisms."""
    secret = ses.credentials.password
    user = ses.credentials.user
    forms = [
        secret,
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"\0{user}\0{secret}".encode()).decode(),
        base64.b64encode(user.encode()).decode(),
    ]
    for mechanism in ("PLAIN", "LOGIN"):
        result = probe_dialogue(ses.target(587, sign_in=True), mechanism=mechanism)  # type: ignore[arg-type]
        assert result.facts.signed_in
        kept = repr(result) + str(result) + json.dumps(plain(result)) + "\n".join(transcript(result))
        assert "[masked]" in kept
        assert not [form for form in forms if form in kept]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"until": Stage.AUTH}, "credentials"),
        ({"until": Stage.MAIL}, "sender"),
        ({"until": Stage.BODY, "sender": SENDER, "recipients": ["person@example.com"]}, "confirm_recipients"),
        ({"until": Stage.BODY, "sender": "a@example.com\r\nDATA"}, "line end"),
        ({"until": Stage.BODY, "sender": SENDER, "recipients": []}, "recipient"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
    ],
)
def test_wrong_use_is_told_before_anything_is_sent(
    ses: Simulator, wrong: dict[str, object], says: str
) -> None:
    """Wrong use is a ValueError, and the server hears nothing."""
    before = ses.connections
    with pytest.raises(ValueError, match=says):
        probe_dialogue(ses.target(587), **wrong)  # type: ignore[arg-type]
    assert ses.connections == before


def test_credentials_never_go_over_clear_text(ses: Simulator) -> None:
    """A plain target with credentials is refused outright."""
    with pytest.raises(ValueError, match="clear text"):
        probe_dialogue(ses.target(587, sign_in=True, security=Security.PLAIN))


@pytest.mark.parametrize("kind", ["expired", "wrong-name", "unknown-issuer", "self-signed"])
@pytest.mark.parametrize("port", [587, 465])
def test_why_a_certificate_does_not_verify(ses: Simulator, kind: str, port: int) -> None:
    """Expired, wrong name, unknown issuer and self-signed are told apart, with the certificate's facts; no AUTH follows."""
    ses.set_faults(faults.BadCertificate(kind=kind))
    result = probe_tls(ses.target(port))
    assert result.symptom
    assert (result.symptom.kind, result.symptom.stage) == (Kind.TLS, Stage.TLS)
    assert result.facts.problem == Problem(kind.replace("-", " ") if kind != "self-signed" else kind)
    assert not result.facts.verified
    assert result.facts.certificate.names
    assert result.facts.certificate.issuer
    signed = probe_dialogue(ses.target(port, sign_in=True))
    assert Stage.AUTH not in stages(signed)


NETWORK = [
    ("refused", Stage.CONNECT, Kind.REFUSED),
    ("dropped", Stage.CONNECT, Kind.TIMEOUT),
    ("silent", None, Kind.TIMEOUT),
    ("starttls-missing", Stage.STARTTLS, Kind.GARBLED),
    ("starttls-masked", Stage.STARTTLS, Kind.GARBLED),
    ("injected", Stage.TLS, Kind.GARBLED),
    ("mixed-codes", None, Kind.GARBLED),
    ("endless-greeting", Stage.GREETING, Kind.GARBLED),
    ("long-line", Stage.GREETING, Kind.GARBLED),
]


@pytest.mark.parametrize(("fault", "stage", "kind"), NETWORK)
def test_a_fault_is_seen_where_it_is(ses: Simulator, fault: str, stage: Stage | None, kind: Kind) -> None:
    """Each fault of the network ends the probe in time, as a symptom at its stage."""
    ses.set_faults(faults.parse(fault))
    began = time.monotonic()
    result = probe_dialogue(ses.target(587), timeout=0.6)
    assert time.monotonic() - began < 0.6 * 1.1 + 0.3
    assert result.outcome is Outcome.FAILED
    assert result.symptom
    assert result.symptom.kind is kind, result
    assert stage in (None, result.symptom.stage), result


@pytest.mark.parametrize(
    "stage", ["GREETING", "EHLO", "STARTTLS", "TLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY"]
)
@pytest.mark.parametrize(
    ("fault", "kinds"), [("reset", {Kind.RESET, Kind.CLOSED}), ("closed", {Kind.CLOSED, Kind.RESET})]
)
def test_a_lost_connection_names_its_stage(ses: Simulator, stage: str, fault: str, kinds: set[Kind]) -> None:
    """A connection reset or closed at any stage is a symptom at that stage."""
    ses.set_faults(faults.parse(f"{fault}:{stage}"))
    result = probe_dialogue(ses.target(587, sign_in=True), until=Stage.BODY, sender=SENDER, timeout=2)
    assert result.symptom, result
    # A reset right after the three-way handshake can arrive before connecting has been noticed to succeed.
    at = {Stage.CONNECT, Stage.GREETING} if stage == "GREETING" else {stage}
    assert result.symptom.stage in at
    assert result.symptom.kind in kinds


def test_wrong_tls_mode_on_either_side(ses: Simulator) -> None:
    """Plain on a wrapper port waits for a greeting; a wrapper on a STARTTLS port fails at once."""
    waits = probe_dialogue(ses.target(465, security=Security.STARTTLS), timeout=0.5)
    assert waits.symptom
    assert (waits.symptom.stage, waits.symptom.kind) == (Stage.GREETING, Kind.TIMEOUT)
    fails = probe_dialogue(ses.target(587, security=Security.WRAPPER), timeout=2)
    assert fails.symptom
    assert (fails.symptom.stage, fails.symptom.kind) == (Stage.TLS, Kind.TLS)
    assert "WRONG_VERSION_NUMBER" in fails.symptom.detail.upper().replace(" ", "_")


def test_an_error_reply_ends_the_probe_at_once(ses: Simulator) -> None:
    """A 5xx is the symptom, with the reply, and nothing is said after it."""
    ses.set_faults(faults.parse("says:bad-credentials"))
    result = probe_dialogue(ses.target(587, sign_in=True), until=Stage.BODY, sender=SENDER, timeout=5)
    assert result.symptom
    assert result.symptom.reply
    assert result.symptom.reply.code == 535
    assert stages(result)[-1] is Stage.AUTH


@pytest.mark.parametrize("stage", ["GREETING", "EHLO", "TLS"])
def test_one_deadline_holds_against_a_dripping_server(ses: Simulator, stage: str) -> None:
    """A byte now and then does not extend the deadline."""
    ses.set_faults(faults.Drips(stage=Stage(stage), seconds=0.05))
    began = time.monotonic()
    result = probe_dialogue(ses.target(587), timeout=0.6)
    assert time.monotonic() - began < 0.6 * 1.1 + 0.3
    assert result.symptom
    assert result.symptom.kind is Kind.TIMEOUT


def test_cancelling_ends_a_probe_soon(ses: Simulator) -> None:
    """A cancelled probe ends within a fraction of a second and says so."""
    ses.set_faults(faults.parse("silent"))
    cancel = threading.Event()
    threading.Timer(0.1, cancel.set).start()
    began = time.monotonic()
    result = probe_dialogue(ses.target(587), timeout=20, cancel=cancel)
    assert time.monotonic() - began < 2
    assert (result.outcome, result.reason) == (Outcome.NOT_RUN, "cancelled")


def test_a_hundred_megabytes_cost_no_memory(ses: Simulator) -> None:
    """A line without end is given up after a few kilobytes."""
    ses.set_faults(faults.parse("long-line"))
    probe_dialogue(ses.target(587), timeout=2)
    tracemalloc.start()
    try:
        result = probe_dialogue(ses.target(587), timeout=5)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.symptom
    assert "longer than" in result.symptom.detail
    assert len(result.symptom.detail) < 1000
    # The simulator lives in the same process and holds a piece of the line too.
    assert peak < 8 * 1024 * 1024


def test_every_address_is_tried_apart(ses: Simulator) -> None:
    """Each address has its own step: one answers, one refuses; the dialogue takes the one that answers."""
    target = ses.target(587)
    both = ("127.0.0.2", "127.0.0.1")
    result = probe_tcp(target, addresses=both)
    assert result.ok
    assert (result.facts.reached, result.facts.failed) == (("127.0.0.1",), ("127.0.0.2",))
    assert {step.address: step.symptom.kind if step.symptom else None for step in result.steps} == {
        "127.0.0.1": None,
        "127.0.0.2": Kind.REFUSED,
    }
    dialogue = probe_dialogue(target, addresses=both)
    assert dialogue.ok
    assert dialogue.facts.address == "127.0.0.1"


def test_ipv6_is_an_address_like_any_other() -> None:
    """A server on ::1 is reached, and its refused neighbour reported apart."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        target = Target(host="host.example", port=587, connect_to=("::1", server.getsockname()[1]))
        assert probe_tcp(target).facts.reached == ("::1",)
        result = probe_tcp(target, addresses=("::1", "127.0.0.1"))
        assert result.facts.failed == ("127.0.0.1",)


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="the kernel gives no TCP_INFO here")
def test_tcp_facts_come_from_the_kernel(ses: Simulator) -> None:
    """A step carries round trip, segment size and path MTU."""
    step = next(step for step in probe_dialogue(ses.target(587)).steps if step.stage is Stage.EHLO)
    assert step.tcp
    assert 0 < step.tcp.rtt < 1
    assert step.tcp.mss > 500
    assert step.tcp.path_mtu > step.tcp.mss
    assert step.tcp.retransmits == 0


def test_a_ca_file_that_cannot_be_read_is_wrong_use() -> None:
    """A missing CA file is told as such before any connection."""
    with pytest.raises(ValueError, match="CA file"):
        probe_tls(Target(host="host.example", connect_to=("127.0.0.1", 9), ca_file="/nonexistent/ca.pem"))


def serve(answer: Callable[[socket.socket], None]) -> tuple[str, int]:
    """A server for one connection that does as told, in a thread; returns its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listener, listener.accept()[0] as connection, contextlib.suppress(OSError):
            answer(connection)

    threading.Thread(target=run, daemon=True).start()
    address, port = listener.getsockname()
    return address, port


@pytest.mark.parametrize(
    ("bytes_sent", "kind", "shown"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Kind.GARBLED, "not an SMTP reply"),
        (b"\x15\x03\x01\x00\x02\x02\x28", Kind.TIMEOUT, r"\x15"),
        (b"", Kind.TIMEOUT, "deadline"),
    ],
)
def test_another_protocol_is_recognised(bytes_sent: bytes, kind: Kind, shown: str) -> None:
    """What is not SMTP is evidence, printable and bounded."""
    done = threading.Event()

    def answer(connection: socket.socket) -> None:
        connection.sendall(bytes_sent)
        done.wait(5)

    result = probe_dialogue(Target(host="host.example", connect_to=serve(answer)), timeout=0.5)
    done.set()
    assert result.symptom
    assert result.symptom.kind is kind
    assert shown in result.symptom.detail
    assert result.symptom.detail.isprintable()


def test_names_are_resolved_as_an_application_sees_them() -> None:
    """localhost resolves through the system; a resolver that is not there is an answer with an error."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        result = probe_dns(
            Target(host="localhost"), timeout=0.5, resolvers=[f"127.0.0.1#{deaf.getsockname()[1]}"]
        )
    assert result.ok
    assert "127.0.0.1" in result.facts.ipv4
    (answer,) = result.facts.answers
    assert answer.error
    assert result.facts.private


def test_a_resolver_must_be_an_address() -> None:
    """A resolver given by name is wrong use."""
    with pytest.raises(ValueError, match="resolver"):
        probe_dns(Target(host="localhost"), resolvers=["dns.example"])


@pytest.mark.parametrize("name", ["no-such-name.invalid"])
def test_a_name_that_does_not_resolve_is_a_result(name: str) -> None:
    """The RFC 6761 name `invalid` never resolves: a symptom, not a traceback."""
    result = probe_dns(Target(host=name), timeout=5, resolvers=[])
    assert result.symptom
    assert (result.symptom.stage, result.symptom.kind) == (Stage.RESOLVE, Kind.NOT_FOUND)


def test_a_server_that_says_the_credentials_back_gives_nothing_away(ses: Simulator) -> None:
    """An echo of AUTH, of either mechanism and in a reply or in junk, is masked before it is kept."""
    user, secret = ses.credentials.user, ses.credentials.password
    plain_word = base64.b64encode(f"\0{user}\0{secret}".encode()).decode()
    login_word = base64.b64encode(secret.encode()).decode()
    for code in ("500", "250", "501"):
        ses.set_faults(
            faults.Says(f"{code} what is {plain_word} or {login_word} or {secret}?", stage=Stage.AUTH)
        )
        for mechanism in ("PLAIN", "LOGIN"):
            result = probe_dialogue(ses.target(587, sign_in=True), mechanism=mechanism)  # type: ignore[arg-type]
            assert result.symptom
            assert not result.facts.signed_in
            kept = repr(result) + str(result) + json.dumps(plain(result)) + "\n".join(transcript(result))
            assert "[masked]" in kept
            assert not [form for form in (plain_word, login_word, secret) if form in kept]


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("AUTH", "334 VXNlcm5hbWU6"),
        ("MAIL", "354 go on"),
        ("DATA", "250 Ok"),
        ("BODY", "354 more"),
        ("GREETING", "250 hello"),
    ],
)
def test_an_answer_to_another_question_is_no_success(ses: Simulator, stage: str, reply: str) -> None:
    """A 2xx or 3xx that does not belong to the stage ends the probe there."""
    ses.set_faults(faults.Says(reply, stage=Stage(stage)))
    result = probe_dialogue(ses.target(587, sign_in=True), until=Stage.BODY, sender=SENDER, timeout=2)
    assert result.symptom
    assert (result.symptom.stage, result.symptom.kind) == (stage, Kind.GARBLED)
    assert result.facts.message_id is None


@pytest.mark.parametrize("fault", ["closed:QUIT", "reset:QUIT", "says:QUIT:500 no"])
def test_a_bad_good_bye_spoils_nothing(ses: Simulator, fault: str) -> None:
    """What was asked for is done; how QUIT ended is on record."""
    ses.set_faults(faults.parse(fault))
    result = probe_dialogue(ses.target(587, sign_in=True), until=Stage.BODY, sender=SENDER, timeout=2)
    assert result.ok
    assert result.facts.message_id
    assert result.steps[-1].symptom


def test_every_probe_stands_in_the_table(ses: Simulator) -> None:
    """Each probe takes a target, a time-out and a cancellation, and its results bear its name in the table."""
    cancel = threading.Event()
    cancel.set()
    results = {name: probe(ses.target(587), timeout=2, cancel=cancel) for name, probe in PROBES.items()}
    assert {name: result.probe for name, result in results.items()} == {name: name for name in results}
    assert {result.outcome for result in results.values()} == {Outcome.NOT_RUN}
    assert {f"probe_{name}" for name in PROBES} == {
        name for name in vars(probes) if name.startswith("probe_")
    }
