"""The same sessions over sockets and in memory give the same dialogue."""

import base64
import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
