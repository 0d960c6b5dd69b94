"""How long connections live: measured in virtual time and over sockets, and what follows from it."""

import math
import threading
from typing import Any

import lifetimes
import pytest

from sestools import classify
from sestools.core.enums import Outcome, Stage
from sestools.core.target import Target
from sestools.lifetime.advice import advise
from sestools.lifetime.costs import Traffic
from sestools.probes import Life, Plan, Purpose, probe_lifetime
from sestools.simulator import Simulator
from sestools.simulator.memory import VirtualSes

QUIET = Plan(lives=0, senders=0)
SENDER = "a@example.com"


def life(purpose: Purpose = Purpose.KEPT, seconds: float = 10.0, **more: object) -> Life:
    """A life that ended without a word, unless it is said otherwise."""
    given: dict[str, object] = {"opened_at": 0.0, "seconds": seconds}
    return Life(purpose=purpose, **(given | more))  # type: ignore[arg-type]


# --- the probe ------------------------------------------------------------------------------------------------


def test_silence_is_measured_before_and_after_signing_in() -> None:
    """Silent connections end with SES's words after its idle cut-off; those that never signed in are told apart."""
    facts = probe_lifetime(**VirtualSes(idle=7.0).reach(), plan=QUIET).facts
    assert [one.signed_in for one in facts.lives].count(True) == QUIET.silent == len(facts.lives) // 2
    for one in facts.lives:
        assert one.seconds == pytest.approx(7.0, abs=0.15)
        assert one.said
        assert "Timeout waiting for data" in str(one.end)


def test_without_credentials_only_silence_before_auth_and_age_are_seen() -> None:
    """Without credentials nobody signs in, and nothing is sent."""
    ses = VirtualSes(host_lifetime=30)
    reach = ses.reach() | {"target": Target(host=ses.host)}
    facts = probe_lifetime(**reach, plan=Plan(lives=6, at_once=6, age=60)).facts
    assert {one.signed_in for one in facts.lives} == {False}
    assert len(facts.of(Purpose.SILENT)) == 4
    assert len(facts.of(Purpose.KEPT)) >= 6
    assert not ses.accepted
    with pytest.raises(ValueError, match="credentials"):
        probe_lifetime(**reach, sender=SENDER)


class Forgetting:
    """A connection through a NAT that forgets it after some silence: without a word, or with a reset."""

    def __init__(self, ses: VirtualSes, seconds: float, resets: bool) -> None:
        self._sock, self._clock, self._seconds, self._resets = ses.connect(), ses.clock, seconds, resets
        self._last, self._gone = ses.clock.now(), False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def _forgets(self) -> bool:
        self._gone = self._gone or self._clock.now() - self._last > self._seconds
        return self._gone

    def send(self, data: bytes) -> int:
        """What is sent after that arrives nowhere."""
        if self._forgets():
            if self._resets:
                raise ConnectionResetError(104, "Connection reset by peer")
            return len(data)
        self._last = self._clock.now()
        return self._sock.send(data)

    def recv(self, size: int) -> bytes:
        """Nor does what SES says."""
        if self._forgets():
            raise BlockingIOError
        return self._sock.recv(size)


@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize(("nat", "idle"), [(6.5, 10.0), (20.0, 100.0), (50.0, 1000.0)])
def test_a_nat_that_forgets_is_told(nat: float, idle: float, resets: bool) -> None:
    """Its time lies between the silences that are named, SES is not blamed, and advice stays below it."""
    ses = VirtualSes(idle=idle)
    reach = ses.reach() | {"connect": lambda: Forgetting(ses, nat, resets)}
    result = probe_lifetime(**reach, plan=QUIET)
    assert result.facts.forgotten
    low, high = result.facts.forgotten
    assert low <= nat < high <= 60.1
    assert high <= max(2 * low, 7.6)
    assert classify(result).cause.id == "idle-forgotten"
    assert advise(result.facts, Traffic.scattered(1)).thresholds.idle < nat
    assert not any(one.end is None and one.answered == 0 for one in result.facts.lives)


@pytest.mark.parametrize("nat", [12.0, 1000.0])
def test_a_nat_that_forgets_later_is_no_matter(nat: float) -> None:
    """Where SES ends silent connections first it says so, after exactly its time, and nobody else is blamed."""
    ses = VirtualSes(idle=10.0)
    result = probe_lifetime(**ses.reach() | {"connect": lambda: Forgetting(ses, nat, False)}, plan=QUIET)
    assert result.facts.forgotten is None
    assert all(one.said and one.silence == pytest.approx(10.0, abs=0.11) for one in result.facts.lives)
    assert classify(result).cause.id == "healthy"


def test_what_never_answers_is_no_nat() -> None:
    """Where nothing answered after the silence, not even a new connection, no NAT is blamed."""
    ses = VirtualSes(idle=1000.0)
    reach = ses.reach() | {"connect": lambda: Forgetting(ses, 0.3, False)}
    result = probe_lifetime(**reach, plan=Plan(silent=1, silence=1, lives=0, senders=0))
    assert [one.lost for one in result.facts.lives] == [True] * 2
    assert result.facts.forgotten is None
    assert classify(result).cause.id == "reply-timeout"


def test_what_still_lives_is_kept_as_that() -> None:
    """A life that is left before its end is counted as still alive, after the age that was asked for."""
    facts = probe_lifetime(
        **VirtualSes().reach(), plan=Plan(silent=0, lives=3, at_once=3, age=40, senders=0)
    ).facts
    assert len(facts.lives) == 3
    assert all(one.end is None and one.seconds == pytest.approx(40, abs=1) for one in facts.lives)


def test_the_limit_of_messages_is_met() -> None:
    """Who sends is refused after as many messages as a connection may carry, and sends to the mailbox simulator only."""
    ses = VirtualSes(max_messages=12)
    plan = Plan(silent=0, lives=0, senders=2, messages=30, rate=10)
    facts = probe_lifetime(**ses.reach(), plan=plan, sender=SENDER).facts
    assert [one.messages for one in facts.lives] == [12, 12]
    assert all(one.said and one.end and one.end.reply and one.end.reply.code == 421 for one in facts.lives)
    assert {recipient for mail in ses.accepted for recipient in mail.recipients} == {
        "success@simulator.amazonses.com"
    }
    assert facts.messages == len(ses.accepted) <= plan.estimate(signs_in=True, sends=True).messages


def test_a_sender_that_is_throttled_stops() -> None:
    """Three refusals in a row end the sending: nobody hammers an account that says no."""
    ses = VirtualSes(scenario="s8-paused")
    facts = probe_lifetime(**ses.reach(), plan=Plan(silent=0, lives=0), sender=SENDER).facts
    assert facts.refusal
    assert facts.refusal.stage is Stage.BODY
    assert facts.messages == 0
    assert len(facts.lives) <= 2


@pytest.mark.parametrize(
    ("scenario", "stage"), [("s2-refused", Stage.CONNECT), ("s1-wrong-credentials", Stage.AUTH)]
)
def test_a_refused_opening_is_the_last(scenario: str, stage: Stage) -> None:
    """Where the first connection cannot be opened no other is tried: one failed sign-in, not seventy."""
    ses = VirtualSes(scenario=scenario)
    result = probe_lifetime(**ses.reach(), sender=SENDER)
    assert result.outcome is Outcome.FAILED
    assert result.symptom
    assert result.symptom.stage is stage
    assert ses.connections <= 1


def test_too_many_connections_end_the_opening_of_more() -> None:
    """Where SES wants fewer connections, those that are open are watched to their end, and no more are opened."""
    ses = VirtualSes(scenario="s6-too-many-connections")
    result = probe_lifetime(**ses.reach(), plan=Plan(silent=4, lives=0, senders=0))
    assert result.ok
    assert len(result.facts.lives) == 4
    assert "421" in str(result.facts.refusal)
    assert ses.connections == 5


def test_over_sockets_it_is_the_same() -> None:
    """Over real sockets and TLS the same code finds the same idle cut-off, and progress is told."""
    told: list[int] = []
    with Simulator(idle=0.6) as ses:
        target = ses.target(587, sign_in=True)
        result = probe_lifetime(target, plan=QUIET, progress=lambda done, total, what: told.append(done))
    assert result.ok, result.symptom
    assert len(result.facts.lives) == 8
    assert lifetimes.typical_idle(result.facts) == pytest.approx(0.6, abs=0.4)
    assert told[-1] == 8


def test_it_can_be_cancelled() -> None:
    """A cancelled measurement returns what it has seen: lives that go on."""
    cancel = threading.Event()
    with Simulator(on_event=lambda port, number, way, text: text.startswith("AUTH") and cancel.set()) as ses:
        result = probe_lifetime(ses.target(587, sign_in=True), plan=QUIET, cancel=cancel)
    assert (result.outcome, result.reason) == (Outcome.NOT_RUN, "cancelled")
    assert all(one.end is None for one in result.facts.lives)


@pytest.mark.parametrize(
    "wrong",
    [{"silent": -1}, {"lives": 1.5}, {"age": 0}, {"rate": math.nan}, {"at_once": 19}, {"at_once": 0},
     {"silent": 0, "lives": 0, "senders": 0}, {"silent": 11}],
)  # fmt: skip
def test_plans_are_bounded(wrong: dict[str, float]) -> None:
    """A plan that makes no sense, or holds too many connections, is refused before anything is done."""
    with pytest.raises(ValueError, match=r"must be|at most|at least|all are 0"):
        Plan(**wrong)  # type: ignore[arg-type]


def test_an_estimate_bounds_what_is_done() -> None:
    """What is done stays within what was estimated."""
    ses = VirtualSes(host_lifetime=20, random_lifetimes=True, hosts=50)
    plan = Plan(lives=10, age=50, messages=20, rate=2)
    most = plan.estimate(signs_in=True, sends=True)
    facts = probe_lifetime(**ses.reach(), plan=plan, sender=SENDER).facts
    assert facts.seconds <= most.seconds + 2
    assert ses.connections <= most.connections + plan.senders  # a sender whose host goes has a successor
    assert len(ses.accepted) <= most.messages
    assert "mailbox simulator, which count against the bill and the sending rate" in str(most)
