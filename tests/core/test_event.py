"""Probes' steps as events."""

from __future__ import annotations

from sestools.core.enums import Kind, Stage
from sestools.core.event import Speaker, events
from sestools.probes import SUCCESS, probe_dialogue
from sestools.simulator import Simulator, faults

SENDER = "sender@example.com"


def test_the_steps_of_a_probe_are_events() -> None:
    """Each step keeps its stage, peer and reply, and the envelope and SES's message id are told apart."""
    with Simulator() as ses:
        target = ses.target(587, sign_in=True)
        result = probe_dialogue(target, until=Stage.BODY, sender=SENDER)
        refused = probe_dialogue(target, until=Stage.MAIL, sender="nobody@example.org")
    found = {event.stage: event for event in events(result)}
    assert [event.stage for event in events(result)] == [step.stage for step in result.steps]
    assert found[Stage.GREETING].code == 220
    assert found[Stage.MAIL].sender == SENDER
    assert found[Stage.RCPT].recipient == SUCCESS
    assert found[Stage.BODY].message_id == result.facts.message_id is not None
    assert {event.message_id for event in events(refused)} == {None}
    assert {event.peer for event in events(result)} - {None} == {"127.0.0.1"}
    assert {event.speaker for event in events(result)} == {Speaker.UNKNOWN}


def test_a_failed_step_says_in_what_form_it_failed() -> None:
    """A time-out has a kind and a sentence, and neither code nor speaker."""
    with Simulator(faults=[faults.parse("silent")]) as ses:
        last = events(probe_dialogue(ses.target(587), timeout=0.3))[-1]
    assert last.kind is Kind.TIMEOUT
    assert last.code is None
