"""Faults of the way between client and simulator, over real sockets."""

import contextlib
import smtplib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from sestools.simulator import Simulator, connection, faults
from sestools.simulator.memory import VirtualSes

TEXT = "Subject: x\r\n\r\nhi\r\n"


@contextlib.contextmanager
def client(ses: Simulator, *, mss: int | None = None, timeout: float = 10) -> Iterator[smtplib.SMTP]:
    """smtplib on 587, in TLS, signed in; with a segment size of its own if one is given."""

    class Client(smtplib.SMTP):
        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
            sock = socket.socket()
            sock.settimeout(timeout)
            if mss:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, mss)
            sock.connect((host, port))
            return sock

    smtp = Client(timeout=timeout)
    smtp.connect(*ses.connect_to[587])
    smtp._host = ses.host  # type: ignore[attr-defined]
    try:
        smtp.starttls(context=ssl.create_default_context(cafile=ses.ca_file))
        smtp.login(ses.credentials.user, ses.credentials.password)
        yield smtp
    finally:
        smtp.close()


def send(smtp: smtplib.SMTP, text: str = TEXT) -> None:
    """One message."""
    smtp.sendmail("a@example.com", ["b@example.com"], text)


def test_latency_delays_each_answer(ses: Simulator) -> None:
    """Ten answers take at least ten times the latency, and come in order."""
    with client(ses) as smtp:
        ses.set_faults(faults.Latency(0.03, jitter=0.01))
        began = time.monotonic()
        for _ in range(10):
            assert smtp.noop() == (250, b"Ok")
        assert time.monotonic() - began >= 0.2


def test_bandwidth_slows_a_large_message_down(ses: Simulator) -> None:
    """100 kB at 200 kB/s take about half a second; without the fault next to nothing."""
    with client(ses) as smtp:
        ses.set_faults(faults.Bandwidth(200_000))
        began = time.monotonic()
        send(smtp, TEXT + ("x" * 78 + "\r\n") * 1250)
        assert time.monotonic() - began >= 0.4


def test_slices_are_put_together_again(ses: Simulator) -> None:
    """A handshake and a dialogue in pieces of two bytes."""
    ses.set_faults(faults.Sliced(2))
    with client(ses) as smtp:
        send(smtp)


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_MAXSEG on loopback as Linux has it")
def test_a_black_hole_swallows_large_segments_of_those_who_announce_them(ses: Simulator) -> None:
    """Small commands pass; a large write stalls, until the client clamps its segments."""
    large = TEXT + ("x" * 78 + "\r\n") * 500
    ses.set_faults(faults.BlackHole(1380))
    before = len(ses.accepted)
    with client(ses, timeout=0.7) as smtp:
        send(smtp)
        with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
            send(smtp, large)
    with client(ses, mss=1300) as smtp:
        send(smtp, large)
    assert len(ses.accepted) == before + 2


@pytest.mark.skipif(sys.platform != "linux", reason="a full accept queue drops on Linux only")
def test_an_outage_stops_everybody_and_passes() -> None:
    """Between two times nobody connects and what is connected stands still; afterwards both go on."""
    with Simulator("eu-west-1", faults=[faults.Outage(since=1.0, until=2.0)]) as ses:
        start = time.monotonic()
        with client(ses) as smtp:
            send(smtp)
            assert time.monotonic() - start < 1.0, "too slow a machine for this test"
            while time.monotonic() - start < 1.1:
                threading.Event().wait(0.02)
            with pytest.raises(TimeoutError):
                socket.create_connection(ses.connect_to[465], timeout=0.2)
            send(smtp)
            assert time.monotonic() - start >= 1.9
        with client(ses) as smtp:
            send(smtp)
        assert len(ses.accepted) == 3


def test_a_lost_reply_leaves_the_message_accepted(ses: Simulator) -> None:
    """The client sees the connection end; the ledger has the message."""
    before = len(ses.accepted)
    ses.set_faults(faults.ReplyLost(times=1))
    with client(ses) as smtp, pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        send(smtp)
    assert len(ses.accepted) == before + 1


def test_a_half_closed_connection_only_listens(ses: Simulator) -> None:
    """The server ends its side: the client reads the end, and its own writes still go out."""
    with client(ses) as smtp:
        ses.set_faults(faults.HalfClosed("MAIL"))  # type: ignore[arg-type]
        with pytest.raises(smtplib.SMTPServerDisconnected):
            smtp.mail("a@example.com")


def test_hosts_are_replaced_and_connections_with_them() -> None:
    """A busy connection ends when its host is retired, and another host greets the next one."""
    with Simulator("eu-west-1", host_lifetime=0.6, hosts=1) as ses:
        greetings = []
        for _ in range(2):
            with client(ses) as smtp, contextlib.suppress(smtplib.SMTPServerDisconnected):
                greetings.append(smtp.docmd("NOOP"))
                began = time.monotonic()
                while time.monotonic() - began < 5:
                    smtp.noop()
            assert time.monotonic() - began < 2
        assert ses.connections == 2


def test_a_cap_on_connections_turns_the_next_away() -> None:
    """One too many gets 421 in place of the greeting; when one has gone there is room again."""
    with Simulator("eu-west-1", max_connections=2) as ses:
        with client(ses), client(ses) as second:
            with socket.create_connection(ses.connect_to[587], timeout=5) as third:
                assert third.recv(100) == b"421 Too many concurrent SMTP connections\r\n"
                assert third.recv(100) == b""
            second.quit()
            give_up = time.monotonic() + 5
            while time.monotonic() < give_up:
                with socket.create_connection(ses.connect_to[587], timeout=5) as fourth:
                    if fourth.recv(100).startswith(b"220 "):
                        return
        raise AssertionError("no room came back")


class Raw:
    """A socket that reads lines, without TLS."""

    def __init__(self, ses: Simulator, port: int = 587) -> None:
        self.socket = socket.create_connection(ses.connect_to[port], timeout=10)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def hear(self) -> bytes:
        """The next line; nothing at the end."""
        return self._file.readline()[:5].strip()


def test_a_late_reply_arrives_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However late it is: 221 to QUIT, and 421 to a connection too many."""
    monkeypatch.setattr(connection, "LINGER", 0.05)
    with Simulator("eu-west-1", faults=[faults.Latency(0.3)], max_connections=1) as ses, Raw(ses) as one:
        assert one.hear() == b"220 e"
        with Raw(ses) as other:
            assert [other.hear(), other.hear()] == [b"421 T", b""]
        one.socket.sendall(b"QUIT\r\n")
        assert [one.hear(), one.hear()] == [b"221 B", b""]


@pytest.mark.skipif(sys.platform != "linux", reason="a full accept queue drops on Linux only")
@pytest.mark.parametrize("since", [0.15, 0.4])
def test_nothing_ends_during_an_outage(monkeypatch: pytest.MonkeyPatch, since: float) -> None:
    """A connection that was ended before it or meanwhile is let go when it is over."""
    monkeypatch.setattr(connection, "LINGER", 0.3)
    gone = threading.Event()
    times = []

    def look(port: int, number: int, direction: str, text: str) -> None:
        times.append(time.monotonic())
        if text == "disconnected":
            gone.set()

    outage = faults.Outage(since=since, until=1.2)
    with Simulator("eu-west-1", faults=[outage], idle=0.25, on_event=look) as ses, Raw(ses) as one:
        start = time.monotonic()
        assert [one.hear(), one.hear()] == [b"220 e", b"451 4"]
        assert (time.monotonic() - start > 0.9) is (since < 0.25)
        assert gone.wait(5)
        assert times[-1] - start > 1.0


def test_a_slow_upload_is_no_silence() -> None:
    """A client whose bytes are on their way for longer than the idle time is not ended."""
    with Simulator("eu-west-1", idle=0.5) as ses, client(ses) as smtp:
        ses.set_faults(faults.Bandwidth(30_000))
        send(smtp, TEXT + ("x" * 78 + "\r\n") * 400)
        assert len(ses.accepted) == 1


def test_a_connection_that_ses_ended_makes_room() -> None:
    """Even if its client has not noticed; and one that was turned away never took any."""
    with Simulator("eu-west-1", max_connections=1, idle=0.3) as ses, Raw(ses) as first:
        assert first.hear() == b"220 e"
        with Raw(ses) as second:
            assert second.hear() == b"421 T"
            assert first.hear() == b"451 4"
            with Raw(ses) as third:
                assert third.hear() == b"220 e"


def test_a_handshake_is_asked_about_once() -> None:
    """A fault at TLS happens once for a connection, in however many pieces its handshake comes."""
    with Simulator("eu-west-1", faults=[faults.parse("drips:TLS:0*2")]) as ses:
        with client(ses):
            assert len(ses.faults) == 1
        with client(ses):
            assert ses.faults == ()


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_MAXSEG on loopback as Linux has it")
def test_a_black_hole_that_is_lifted_lets_go() -> None:
    """As TCP sends again what was swallowed: over sockets and in memory."""
    large = TEXT + ("x" * 78 + "\r\n") * 500
    hole = faults.BlackHole(1380, until=1.2)
    with Simulator("eu-west-1", faults=[hole]) as ses:
        began = time.monotonic()
        with client(ses) as smtp:
            send(smtp, large)
        assert time.monotonic() - began > 1.0
        assert len(ses.accepted) == 1
    virtual = VirtualSes(faults=[hole])
    start = virtual.clock.now()
    memory = virtual.smtp(465)
    memory.login(virtual.credentials.user, virtual.credentials.password)
    send(memory, large)
    assert virtual.clock.now() - start == pytest.approx(1.2)
    assert len(virtual.accepted) == 1


@pytest.mark.parametrize(
    "fault", ["delayed:0.3", "latency:0.3", "bandwidth:200", "drips:EHLO:0.002", "says:EHLO:250 Ok"]
)
@pytest.mark.parametrize("last", [b"EHLO x\r\n", b"EHLO x\r\nQUIT\r\n"])
def test_a_client_that_says_no_more_hears_the_rest(ses: Simulator, fault: str, last: bytes) -> None:
    """It has closed its side; what is said late still comes, and then the end, at once."""
    with Raw(ses) as one:
        assert one.hear() == b"220 e"
        ses.set_faults(faults.parse(fault))
        one.socket.sendall(last)
        one.socket.shutdown(socket.SHUT_WR)
        while (line := one.hear()).startswith(b"250-"):
            pass
        assert line == b"250 O"
        assert one.hear() == (b"221 B" if b"QUIT" in last else b"")
        assert one.hear() == b""
