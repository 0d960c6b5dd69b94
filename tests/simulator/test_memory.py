"""The same sessions over sockets and in memory give the same dialogue."""

import base64
import contextlib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sestools.core.endpoints import Security
from sestools.simulator import Simulator, faults
from sestools.simulator.memory import VirtualSes

USER = "QUtJQUlPU0ZPRE5ON0VYQU1QTEU="
COMMANDS = [
    "EHLO client",
    "NOOP",
    "RSET",
    "AUTH LOGIN",
    USER,
    "d3Jvbmc=",
    "*",
    "AUTH PLAIN",
    "GOOD",
    "MAIL FROM:<a@example.com>",
    "MAIL FROM:<>",
    "RCPT TO:<b@example.com>",
    "DATA",
    "Subject: x",
    ".",
    "STARTTLS",
    "QUIT",
    "XYZZ",
    "ab",
    "x" * 1200,
]


def plain(text: str) -> str:
    """A dialogue without the ids that differ from run to run."""
    text = re.sub(r"SimpleEmailService-d-\S+ \S+", "SimpleEmailService", text)
    return re.sub(r"[0-9a-f]{16}-[0-9a-f-]+", "ID", text)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Simulator, VirtualSes]]:
    """The same SES twice."""
    with Simulator("eu-west-1") as real:
        yield real, VirtualSes("eu-west-1")


def replies(file: BinaryIO) -> str:
    """Everything until the connection ends."""
    return file.read().decode()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.sampled_from(COMMANDS), max_size=20), port=st.sampled_from([465, 587]))
def test_random_commands_get_the_same_replies(
    pair: tuple[Simulator, VirtualSes], lines: list[str], port: int
) -> None:
    """Any sequence of commands, in clear text or in TLS, until the client says good-bye."""
    real, virtual = pair
    good = f"\0{real.credentials.user}\0{real.credentials.password}".encode()
    word = base64.b64encode(good).decode()
    lines = [f"AUTH PLAIN {word}" if line == "GOOD" else line for line in lines]
    if port == 587:
        lines = [line for line in lines if line != "STARTTLS"]
    # A message that was begun is ended, then the session is.
    data = "".join(f"{line}\r\n" for line in [*lines, ".", "QUIT"]).encode()

    with socket.create_connection(real.connect_to[port], timeout=10) as raw:
        sock: socket.socket = raw
        if port == 465:
            context = ssl.create_default_context(cafile=real.ca_file)
            sock = context.wrap_socket(raw, server_hostname=real.host)
        sock.sendall(data)
        over_sockets = replies(sock.makefile("rb"))

    memory = virtual.connect(port)
    if port == 465:
        memory.start_tls()
    memory.sendall(data)
    in_memory = replies(memory.makefile("rb"))
    assert plain(in_memory) == plain(over_sockets)


@pytest.mark.parametrize(
    "fault",
    [
        "says:send-rate",
        "says:bad-credentials",
        "says:starttls-first",
        "says:session-limit",
        "says:idle-timeout",
        "closed:MAIL",
        "reset:RCPT",
        "closed:AUTH",
        "reply-lost",
        "starttls-missing",
        "drips:EHLO:0.001",
        "latency:0.01",
        "sliced:3",
        "half-closed:DATA",
        "wrong-mode",
    ],
)
def test_smtplib_meets_the_same_fault_the_same_way(fault: str) -> None:
    """The same client program, over sockets and in memory: the same exceptions and the same ledger."""

    def told(connect: Callable[[], smtplib.SMTP], context: ssl.SSLContext | None) -> list[str]:
        results: list[str] = []

        def step(do: Callable[[], object]) -> None:
            try:
                results.append(plain(str(do())))
            except (OSError, smtplib.SMTPException) as error:
                results.append(f"{type(error).__name__} {getattr(error, 'smtp_code', '')}")

        def session() -> None:
            with contextlib.closing(connect()) as smtp:
                step(lambda: smtp.starttls(context=context))
                step(lambda: smtp.login(credentials.user, credentials.password))
                step(lambda: smtp.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\nhi\r\n"))
                step(smtp.noop)

        step(session)
        return results

    with Simulator("eu-west-1", faults=[faults.parse(fault)]) as real:
        credentials = real.credentials

        def connect() -> smtplib.SMTP:
            client = smtplib.SMTP(timeout=2, local_hostname="client.example.com")
            client.connect(*real.connect_to[587])
            client._host = real.host  # type: ignore[attr-defined]
            return client

        over_sockets = told(connect, ssl.create_default_context(cafile=real.ca_file))
        real_ledger = len(real.accepted)
    virtual = VirtualSes("eu-west-1", faults=[faults.parse(fault)])
    assert told(lambda: virtual.smtp(587, timeout=2), None) == over_sockets
    assert len(virtual.accepted) == real_ledger


def test_time_passes_only_while_somebody_waits() -> None:
    """A time-out costs its seconds on the clock and none of ours."""
    ses = VirtualSes(faults=[faults.Stalled("EHLO")])  # type: ignore[arg-type]
    before = ses.clock.now()
    sock = ses.connect(587, timeout=3600)
    assert sock.recv(100).startswith(b"220 ")
    sock.sendall(b"EHLO x\r\n")
    with pytest.raises(TimeoutError):
        sock.recv(100)
    assert ses.clock.now() - before == 3600
    with pytest.raises(ValueError, match="not on 26"):
        ses.connect(26)
    with pytest.raises(ValueError, match="does not go back"):
        ses.clock.sleep(-1)


@pytest.fixture(params=["sockets", "memory"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes an SES of this kind and connects to a port of it: a socket, and the time as it sees it."""
    with contextlib.ExitStack() as stack:

        def make(port: int, *given: str, **rules: Any) -> tuple[Any, Callable[[], float]]:
            wrong = [faults.parse(text) for text in given]
            if request.param == "memory":
                ses = VirtualSes("eu-west-1", faults=wrong, **rules)
                return ses.connect(port, timeout=5), ses.clock.now
            real = stack.enter_context(Simulator("eu-west-1", faults=wrong, **rules))
            sock = stack.enter_context(socket.create_connection(real.connect_to[port], timeout=5))
            return sock, time.monotonic

        yield make


def test_a_silent_client_without_tls_is_left_without_a_word(connect: Callable[..., Any]) -> None:
    """Before TLS on a wrapper port there is nothing that could be said in clear text: the connection ends."""
    sock, now = connect(465, idle=0.4)
    began = now()
    assert sock.recv(100) == b""
    assert 0.3 < now() - began < 3


@pytest.mark.parametrize("fault", ["delayed:0.6", "drips:GREETING:0.01"])
def test_a_slow_server_is_no_silent_client(connect: Callable[..., Any], fault: str) -> None:
    """The idle time begins when all is said."""
    sock, now = connect(587, fault, idle=0.4)
    file = sock.makefile("rb")
    assert file.readline()[:4] == b"220 "
    said = now()
    assert file.readline()[:10] == b"451 4.4.2 "
    assert 0.3 < now() - said - 0.6 * (fault == "delayed:0.6") < 2


@pytest.mark.parametrize(
    "line", ["NOOP", "EHLO x", "EHLO", "RSET", "AUTH PLAIN", "MAIL FROM:<a@b.c>", "XYZZ", "QUIT"]
)
def test_every_answer_is_delayed(connect: Callable[..., Any], line: str) -> None:
    """Whatever it says, and whether or not it belongs to a stage."""
    sock, now = connect(587, "delayed:0.05")
    file = sock.makefile("rb")
    for ask in (b"", f"{line}\r\n".encode()):
        began = now()
        sock.sendall(ask)
        file.readline()
        assert 0.04 < now() - began < 3


@pytest.mark.parametrize("given", ["wrong-mode*1", "wrong-mode*1@465,587"])
def test_a_wrong_mode_can_be_counted(given: str) -> None:
    """The first connection is spoken to in the other mode, the second as it should be."""
    ses = VirtualSes(faults=[faults.parse(given)])
    assert [ses.connect(587).security for _ in range(2)] == [Security.WRAPPER, Security.STARTTLS]
    with Simulator("eu-west-1", faults=[faults.parse(given)]) as real:
        heard = []
        for _ in range(2):
            with socket.create_connection(real.connect_to[465], timeout=5) as sock:
                sock.settimeout(0.3)
                with contextlib.suppress(TimeoutError):
                    heard.append(sock.recv(4))
    assert heard == [b"220 "]


def test_what_was_due_first_is_what_happened() -> None:
    """After an hour of silence the client hears the time-out of its first seconds, not that its host has gone."""
    ses = VirtualSes(host_lifetime=60.0)
    smtp = ses.smtp(587)
    ses.clock.sleep(3600)
    assert smtp.noop()[0] == 451


def test_a_connection_that_ses_ended_makes_room_in_memory() -> None:
    """As over sockets, where the client has not noticed yet."""
    ses = VirtualSes(max_connections=1)
    first = ses.connect(587)
    assert first.recv(4) == b"220 "
    assert ses.connect(587).recv(4) == b"421 "
    first.sendall(b"QUIT\r\n")
    assert ses.connect(587).recv(4) == b"220 "


def test_a_slow_upload_is_no_silence_in_memory() -> None:
    """As over sockets."""
    ses = VirtualSes(faults=[faults.Bandwidth(20_000)], idle=2.0)
    smtp = ses.smtp(465)
    smtp.login(ses.credentials.user, ses.credentials.password)
    smtp.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\n" + ("x" * 76 + "\r\n") * 1500)
    assert len(ses.accepted) == 1
