"""Retry policies: the waits, the limits, and what each reply leads to at each step."""

from __future__ import annotations

import smtplib
from random import Random
from typing import Any

import pytest
from tenacity import RetryCallState, Retrying

from sestools import classify
from sestools.core.enums import Stage
from sestools.sending.policy import JITTERS, Exponential, Policy, Reason, Schedule, WhenUnknown, is_unknown
from sestools.simulator import faults
from sestools.simulator.memory import VirtualSes

HOST = "email-smtp.eu-west-1.amazonaws.com"
RATE = (454, b"Throttling failure: Maximum sending rate exceeded.")
QUOTA = (454, b"Throttling failure: Daily message quota exceeded.")
IDLE = (451, b"4.4.2 Timeout waiting for data from client.")
RESET = ConnectionResetError(104, "Connection reset by peer")


def state(attempt: int, previous: float = 0.0) -> RetryCallState:
    """What tenacity hands to a wait."""
    made = RetryCallState(Retrying(), None, (), {})
    made.attempt_number, made.upcoming_sleep = attempt, previous
    return made


def waits(policy: Policy, what: Any, stage: Stage, count: int = 6) -> list[float | None]:
    """The wait after each of some failures in a row; None where it is given up."""
    failure = classify(what, stage=stage, host=HOST)
    return [policy.decide(failure, attempt=number).wait for number in range(1, count + 1)]


def test_the_documented_schedule() -> None:
    """5, 10 and 30 seconds, then 20 minutes, and again from the first."""
    policy = Policy.documented(when_unknown="resend")
    failure = (454, b"Temporary service failure")
    assert waits(policy, failure, Stage.BODY) == [5, 10, 30, 1200, 5, 10]


@pytest.mark.parametrize(
    ("what", "stage", "expected"),
    [
        (QUOTA, Stage.BODY, [3600, 3600, 3600]),
        ((451, b"Temporary service failure"), Stage.BODY, [7, 7, 7]),
        ((450, b"something new"), Stage.RCPT, [7, 7, 7]),
        # Nothing was sent, and a fresh connection is all it takes; the second time in a row it takes more.
        (IDLE, Stage.MAIL, [0, 7, 7]),
        ((421, b"Connection closed by server. Maximum message count per session reached."), Stage.MAIL, [0, 7, 7]),
        (RESET, Stage.MAIL, [0, 7, 7]),
        (RESET, Stage.DATA, [0, 7, 7]),
        (ConnectionRefusedError(111, "Connection refused"), Stage.CONNECT, [7, 7, 7]),
        (TimeoutError("timed out"), Stage.CONNECT, [7, 7, 7]),
        # Something has to be changed first.
        ((535, b"Authentication Credentials Invalid"), Stage.AUTH, [None, None, None]),
        ((554, b"Message rejected: Email address is not verified."), Stage.BODY, [None, None, None]),
        ((554, b"MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid."), Stage.BODY, [None] * 3),
        ((550, b"nobody knows this"), Stage.RCPT, [None, None, None]),
        # Behind the good-bye nothing is open any more.
        (RESET, Stage.QUIT, [None, None, None]),
        ((421, b"closing"), Stage.QUIT, [None, None, None]),
    ],
)  # fmt: skip
def test_what_a_reply_leads_to(what: Any, stage: Stage, expected: list[float | None]) -> None:
    """Code, text and step decide together: no two of SES's 454 are the same."""
    policy = Policy.fixed(7, when_unknown="give up")
    assert waits(policy, what, stage, 3) == expected


def test_too_fast_slows_down() -> None:
    """The waits after 454 for the rate grow and are random; those after a full list of connections, too."""
    policy = Policy.fixed(7, when_unknown="resend")
    for what, stage in ((RATE, Stage.BODY), ((421, b"Too many concurrent SMTP connections"), Stage.GREETING)):
        found = waits(policy, what, stage, 8)
        assert all(
            0.5 * 2**number <= wait <= 2**number for number, wait in enumerate(found) if wait is not None
        )
        assert len(set(found)) == 8


@pytest.mark.parametrize("error", [RESET, TimeoutError("timed out"), smtplib.SMTPServerDisconnected("gone")])
def test_the_unknown_is_the_users_choice(error: Exception) -> None:
    """Behind the final dot the same loss is resent by one policy and left by the other, and both say why."""
    failure = classify(error, stage=Stage.BODY, host=HOST)
    assert is_unknown(failure.symptom)
    resend = Policy.documented(when_unknown="resend").decide(failure)
    assert resend.wait == 5
    assert resend.reason is Reason.RESENT
    leave = Policy.documented(when_unknown="give up").decide(failure)
    assert leave.wait is None
    assert leave.reason is Reason.LEFT


def test_the_choice_has_no_default() -> None:
    """Nobody gets duplicates or losses without having said so."""
    for make in (Policy.documented, Policy.exponential, Policy.fixed, lambda: Policy(name="mine")):
        with pytest.raises(TypeError, match="when_unknown"):
            make()  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="whatever"):
        Policy.documented(when_unknown="whatever")


@pytest.mark.parametrize("jitter", JITTERS)
def test_exponential_waits_keep_their_bounds(jitter: Any) -> None:
    """Each kind of jitter stays inside its definition, reaches both halves of it, and repeats by its seed."""
    wait = Exponential(base=2, cap=100, jitter=jitter, random=Random(1))
    same = Exponential(base=2, cap=100, jitter=jitter, random=Random(1))
    assert wait == Exponential(base=2, cap=100, jitter=jitter)
    previous, places = 0.0, []
    for attempt in [*range(1, 12), 5000]:
        for _ in range(40):
            top = min(100.0, 2.0 * 2.0 ** min(attempt - 1, 64))
            low, high = {
                "none": (top, top),
                "full": (0.0, top),
                "equal": (top / 2, top),
                "decorrelated": (2.0, min(100.0, 3 * max(previous, 2.0))),
            }[jitter]
            seconds = wait(state(attempt, previous))
            assert seconds == same(state(attempt, previous))
            assert low <= seconds <= high
            places.append((seconds - low) / (high - low) if high > low else 0.5)
            previous = seconds
    if jitter != "none":
        assert min(places) < 0.1
        assert max(places) > 0.9


@pytest.mark.parametrize(
    ("limits", "attempt", "seconds", "again"),
    [
        ({"attempts": 3}, 2, 1e6, True),
        ({"attempts": 3}, 3, 0, False),
        ({"seconds": 60}, 50, 54, True),
        ({"seconds": 60}, 1, 56, False),
        ({"attempts": 3, "seconds": 60}, 1, 61, False),
        ({}, 10_000, 1e9, True),
    ],
)
def test_limits(limits: dict[str, Any], attempt: int, seconds: float, again: bool) -> None:
    """Attempts and time end it, whichever comes first; no wait leads beyond the time."""
    policy = Policy.fixed(5, when_unknown="resend", **{"seconds": None, **limits})
    failure = classify((451, b"Temporary service failure"), stage=Stage.BODY, host=HOST)
    decision = policy.decide(failure, attempt=attempt, seconds=seconds)
    assert (decision.wait is not None) is again
    assert ("given up after" in decision.why) is not again


@pytest.mark.parametrize(
    "make",
    [
        lambda: Schedule(()),
        lambda: Schedule((-1,)),
        lambda: Exponential(base=0),
        lambda: Exponential(base=5, cap=1),
        lambda: Exponential(jitter="some"),  # type: ignore[arg-type]
        lambda: Policy.fixed(when_unknown="resend", attempts=0),
        lambda: Policy.fixed(when_unknown="resend", seconds=0),
    ],
)
def test_what_makes_no_sense_is_no_policy(make: Any) -> None:
    """An impossible policy cannot be built."""
    with pytest.raises(ValueError, match=r"attempt|time|wait|jitter"):
        make()


def test_one_attempt_leaves_what_is_unknown() -> None:
    """Who wants no second attempt makes no duplicates."""
    assert Policy.none().when_unknown is WhenUnknown.GIVE_UP


@pytest.mark.parametrize("fault", ["reset:QUIT", "closed:QUIT", "stalled:QUIT"])
@pytest.mark.parametrize("when_unknown", list(WhenUnknown))
def test_a_lost_good_bye_resends_nothing(fault: str, when_unknown: WhenUnknown) -> None:
    """A function that sends and then fails to say good-bye has sent: whatever the policy, it is not called again."""
    ses = VirtualSes(faults=[faults.parse(fault)])

    def send() -> None:
        client = ses.smtp(587)
        client.starttls()
        client.login(ses.credentials.user, ses.credentials.password)
        client.sendmail("a@example.com", ["success@simulator.amazonses.com"], b"Subject: x\r\n\r\nhi")
        client.quit()

    with pytest.raises((OSError, smtplib.SMTPException)) as caught:
        send()
    assert len(ses.accepted) == 1
    failure = classify(caught.value)
    decision = Policy.documented(when_unknown=when_unknown, attempts=4).decide(failure)
    assert (decision.wait, decision.reason) == (None, Reason.QUIT)
