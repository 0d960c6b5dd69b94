"""`probe_mtu` against the simulator: what stalls by size, what stalls for another reason, what cannot be told."""

import json
import socket
import subprocess
import sys
import threading
from typing import Any

import pytest

from sestools import Target, classify, probe_mtu
from sestools.core.enums import Outcome, Stage
from sestools.plots import picture, plot
from sestools.probes import Flight, Passage, Way, probe_dialogue
from sestools.probes.kernel import route_to
from sestools.simulator import Simulator, faults

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's counters")


@pytest.mark.parametrize("port", [587, 465])
def test_large_packets_pass(ses: Simulator, port: int) -> None:
    """A healthy endpoint takes a burst of NOOPs and ends a handshake; two connections are enough."""
    result = probe_mtu(ses.target(port))
    assert result.ok, result
    assert {trial.way for trial in result.facts.trials} == set(Way)
    assert [trial.flight for trial in result.facts.trials] == [Flight.PASSED] * 2
    assert result.facts.passage is Passage.WHOLE
    assert result.facts.lost_small == 0
    assert not result.facts.jumbo  # the loopback interface is no jumbo frame
    assert classify(result).cause.id == "healthy"


@pytest.mark.parametrize(("port", "mss"), [(587, 1380), (465, 1380), (2587, 1111)])
def test_the_size_is_found_exactly(ses: Simulator, port: int, mss: int) -> None:
    """The largest segment that passes is found to the byte, and the closed window is told from loss."""
    ses.set_faults(faults.BlackHole(mss=mss))
    result = probe_mtu(ses.target(port))
    facts = result.facts
    assert result.outcome is Outcome.FAILED
    assert (facts.segment, facts.stalls_at, facts.path_mtu, facts.exact) == (mss, mss + 1, mss + 40, True)
    assert facts.ways == (Way.UP,)
    assert {trial.flight for trial in facts.trials if trial.stalled} == {Flight.WINDOW}
    assert "stopped reading" in str(result.symptom)
    assert classify(result).cause.id == "mtu-black-hole"
    assert len(facts.trials) <= 16


def test_a_fix_is_tried_before_it_is_made(ses: Simulator) -> None:
    """As if the interface had the MTU that was found, all is well; with one byte more it is not."""
    ses.set_faults(faults.BlackHole(mss=1380))
    assert probe_mtu(ses.target(587), mtu=1420).ok
    assert probe_mtu(ses.target(587), mtu=1421).facts.segment == 1380
    with pytest.raises(ValueError, match="576"):
        probe_mtu(ses.target(587), mtu=100)


def test_a_large_message_stalls_as_well(ses: Simulator) -> None:
    """What the probe proves is what stalls a message; a short one passes."""
    ses.set_faults(faults.BlackHole(mss=1380))
    target = ses.target(587, sign_in=True)
    some = {"sender": "a@example.com", "until": Stage.BODY, "timeout": 2.0}
    assert probe_dialogue(target, **some).ok
    large = probe_dialogue(target, message=b"Subject: x\r\n\r\n" + b"x" * 70 * 1000, **some)
    assert classify(large).cause.id == "mtu-stall"


@pytest.mark.parametrize(
    ("fault", "lead"),
    [
        ("silent", "reply-timeout"),
        ("stalled:TLS", None),
        ("stalled:EHLO", "reply-timeout"),
        ("closed:EHLO", "connection-lost"),
        ("refused", "connection-refused"),
    ],
)
def test_other_reasons_are_not_called_mtu(ses: Simulator, fault: str, lead: str | None) -> None:
    """A server that is silent, slow or gone is not a black hole, whatever the segment size."""
    ses.set_faults(faults.parse(fault))
    result = probe_mtu(ses.target(587), timeout=4.0)
    assert result.outcome is Outcome.FAILED
    assert result.facts.passage is not Passage.BY_SIZE
    found = classify(result).cause.id
    assert not found.startswith("mtu")
    assert lead is None or found == lead


@pytest.fixture
def deaf() -> Any:
    """A server that greets, answers EHLO and then reads everything and says nothing more."""
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.sendall(b"220 mail.example.com ESMTP\r\n")
            connection.recv(1000)
            connection.sendall(b"250 mail.example.com\r\n")
            while connection.recv(65536):
                pass

    def accept() -> None:
        while not ended.is_set():
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()
        ended.set()


def test_noops_need_no_answer(deaf: tuple[str, int]) -> None:
    """Acknowledgements decide, not replies."""
    target = Target(host="mail.example.com", port=25, security="plain", connect_to=deaf)
    result = probe_mtu(target, timeout=5.0)
    assert result.ok, result
    assert [trial.way for trial in result.facts.trials] == [Way.UP]


def test_it_can_be_cancelled_and_cannot_tell_elsewhere(
    ses: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled probe, and one on a system without the counters, were not run and say why."""
    cancel = threading.Event()
    cancel.set()
    assert probe_mtu(ses.target(587), cancel=cancel).reason == "cancelled"
    monkeypatch.setattr(sys, "platform", "darwin")
    result = probe_mtu(ses.target(587))
    assert result.outcome is Outcome.NOT_RUN
    assert "Linux" in result.reason


def test_the_route_is_read() -> None:
    """The interface that leads to an address, and its MTU, come from the kernel."""
    route = route_to("127.0.0.1")
    assert route is not None
    assert (route.interface, route.interface_mtu > 1500) == ("lo", True)


def test_pictures(ses: Simulator) -> None:
    """The picture shows stall and search, and says so in words; a healthy path has one, too."""
    assert "nothing stalls" in repr(picture(probe_mtu(ses.target(587))))
    ses.set_faults(faults.BlackHole(mss=1380))
    result = probe_mtu(ses.target(587))
    over_time, search = plot(result)
    assert len(over_time.lines) == 2
    assert len(search.lines) > 3
    assert "with 1380 bytes segments pass, with 1381 they stall" in repr(picture(result))


@pytest.mark.parametrize(
    ("more", "code", "cause"),
    [
        ([], 0, "healthy"),
        (["black-hole:1380"], 1, "mtu-black-hole"),
        (["foreign-greeting"], 1, "foreign-greeting"),
    ],
)
def test_command(more: list[str], code: int, cause: str) -> None:
    """`sestools mtu` ends with 0 or 1; its JSON holds facts and causes, its text the card."""
    command = [sys.executable, "-m", "sestools", "mtu", "eu-west-1", "--simulate", *more]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr
    found = json.loads(done.stdout)
    assert (found["schema_version"], found["causes"][0]) == (1, cause)
    assert found["trials"]
    assert cause in subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
