"""What a check tries again where its first look leaves a doubt, and how it tells faults of names apart."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from sestools.checkup.check import check
from sestools.checkup.naming import name_notices, unresolved
from sestools.checkup.port_check import Experiment
from sestools.checkup.report import Report
from sestools.core.enums import Level
from sestools.core.target import Target
from sestools.probes import probe_dns
from sestools.simulator import Simulator, faults


def look(ses: Simulator, **more: Any) -> Report:
    """A check of the simulator."""
    return check("eu-west-1", ca_file=ses.ca_file, connect_to=ses.connect_to, **{"timeout": 5.0, **more})


def after_the_first_look(act: Callable[[], None]) -> Callable[[int, int, str], None]:
    """A progress callback that acts when the first look is done."""
    return lambda done, total, _: act() if done == total else None


def test_a_healthy_check_looks_once(ses: Simulator) -> None:
    """Where nothing is suspected nothing is tried again, and a large write has been tried."""
    report = look(ses)
    assert report.level is Level.OK
    assert [one.experiment for one in report.looks] == [Experiment.WRITE]
    assert report.looks[0].result.ok


@pytest.mark.parametrize(("then", "words"), [("dropped", "25 which had"), ("", "587 again, alone: ready")])
def test_a_port_that_changes_is_no_matter_of_ports(ses: Simulator, then: str, words: str) -> None:
    """A port that connected and now does not, or the reverse, points to a limit and not to a filter by port."""
    ses.set_faults(faults.parse("dropped@587,2587,465,2465"))

    def change() -> None:
        ses.set_faults(*([faults.parse(then)] if then else []))

    report = look(ses, timeout=1.0, progress=after_the_first_look(change))
    assert report.diagnosis.cause.id == "connection-limit", report
    assert words in "\n".join(report.diagnosis.evidence)
    assert "chooses by port" in report.diagnosis.ruled_out[0]


def test_silence_that_has_passed_is_no_problem_of_the_port(ses: Simulator) -> None:
    """A port that is ready when it is tried alone is not called silent."""
    ses.set_faults(faults.parse("silent@587"))
    report = look(ses, timeout=1.0, progress=after_the_first_look(lambda: ses.set_faults()))
    assert report.level is Level.NOTICE
    assert report.diagnosis.cause.id == "connection-limit"
    assert any(line.startswith("587 again, alone: ready") for line in report.diagnosis.evidence)


def test_a_second_look_can_be_cancelled(ses: Simulator) -> None:
    """Cancelling ends the second look at once; what the first one showed stays the verdict."""
    ses.set_faults(faults.parse("silent"))
    stop, began = threading.Event(), time.monotonic()
    report = look(
        ses,
        timeout=1.5,
        cancel=stop,
        progress=after_the_first_look(lambda: threading.Timer(0.2, stop.set).start()),
    )
    assert time.monotonic() - began < 2 * 1.5
    assert report.diagnosis.cause.id == "reply-timeout"
    assert all("again" not in line for line in report.diagnosis.evidence)


@contextmanager
def resolver(*codes: int) -> Iterator[str]:
    """A resolver that answers each question with an error code; none: it is silent."""
    stop = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.05)

        def answer() -> None:
            while not stop.is_set():
                try:
                    wire, client = sock.recvfrom(512)
                except TimeoutError:
                    continue
                reply = dns.message.make_response(dns.message.from_wire(wire))
                if codes:
                    reply.set_rcode(dns.rcode.Rcode(codes[0]))
                    sock.sendto(reply.to_wire(), client)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1#{sock.getsockname()[1]}"
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("codes", "cause"),
    [
        ((dns.rcode.SERVFAIL,), "resolver-failed"),
        ((dns.rcode.REFUSED,), "resolver-failed"),
        ((dns.rcode.NXDOMAIN,), "name-not-found"),
        ((), "resolver-timeout"),
    ],
)
def test_why_a_name_does_not_resolve(codes: tuple[int, ...], cause: str) -> None:
    """An error code, no such name and silence are causes of their own."""
    with resolver(*codes) as server:
        found = unresolved(probe_dns(Target(host="no-such-host.invalid"), timeout=1, resolvers=[server]))
    assert found.diagnosis.cause.id == cause
    assert any(server in line for line in found.diagnosis.evidence)


def test_a_resolver_that_is_not_there() -> None:
    """A closed port is said to be unreachable, at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        server = f"127.0.0.1#{sock.getsockname()[1]}"
    result = probe_dns(Target(host="no-such-host.invalid"), timeout=5, resolvers=[server])
    assert unresolved(result).diagnosis.cause.id == "resolver-down"


def test_one_dead_resolver_of_two_is_a_notice(ses: Simulator) -> None:
    """A look-up that works beside a resolver that gives nothing says which one."""
    with resolver() as dead:
        result = probe_dns(Target(host=ses.host), timeout=1, resolvers=[dead, ses.resolvers[0]])
    (notice,) = name_notices(result)
    assert (notice.level, notice.diagnosis.cause.id) == (Level.NOTICE, "resolver-dead")
    assert f"resolver {dead}: no answer" in "\n".join(notice.diagnosis.evidence)
