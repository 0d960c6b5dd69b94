"""The picture of the contrast between ports, and its words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sestools import check
from sestools.checkup.report import Report
from sestools.core.enums import Kind, Stage
from sestools.core.results import Step, Symptom
from sestools.plots import picture, plot
from sestools.simulator import Simulator, faults

PORTS = "port {} {}, port 587 connected, port 465 connected"


def look(ses: Simulator, *written: str) -> Report:
    """A check of three ports with these faults."""
    ses.set_faults(*map(faults.parse, written))
    return check(
        "eu-west-1", ports=[25, 587, 465], connect_to=ses.connect_to, ca_file=ses.ca_file, timeout=0.4
    )


@pytest.mark.parametrize(
    ("fault", "words"), [("dropped@25", "no answer"), ("refused@25", "refused"), ("silent@25", "connected")]
)
def test_the_words(ses: Simulator, fault: str, words: str) -> None:
    """Each port is a row that says in words how connecting ended; what comes after connecting is not its business."""
    report = look(ses, fault)
    said = PORTS.format(25, words)
    found = picture({"": report})
    assert found.alt == f"Connect times by port. {said}."
    assert found.png.startswith(b"\x89PNG")
    (ax,) = plot({"": report})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["port 25", "port 587", "port 465"]
    assert [text.get_text().split(",")[0] for text in ax.texts] == [words, "connected", "connected"]


def test_side_by_side(ses: Simulator) -> None:
    """Several reports share one axis, so that their lengths compare."""
    reports = {"25 dropped": look(ses, "dropped@25"), "all well": look(ses)}
    left, right = plot(reports)
    assert left.get_xlim() == right.get_xlim()
    assert (left.get_title("left"), right.get_title("left")) == tuple(reports)
    alt = picture(reports).alt
    assert f"25 dropped: {PORTS.format(25, 'no answer')}. all well: port 25 connected" in alt


def test_several_addresses(ses: Simulator) -> None:
    """A port of which some addresses answer says how many; one that was not tried says so."""
    report = look(ses)
    first, second, third = report.ports
    tried = replace(
        first.tcp,
        steps=tuple(
            Step(at=0.0, stage=Stage.CONNECT, address=f"192.0.2.{number}", seconds=0.01, symptom=symptom)
            for number, symptom in enumerate(
                (
                    None,
                    Symptom(stage=Stage.CONNECT, kind=Kind.TIMEOUT),
                    Symptom(stage=Stage.CONNECT, kind=Kind.TIMEOUT),
                )
            )
        ),
    )
    mixed = replace(first, tcp=tried, dialogue=replace(first.dialogue, steps=()))
    untried = replace(second, tcp=replace(second.tcp, steps=()), dialogue=replace(second.dialogue, steps=()))
    alt = picture({"": replace(report, ports=(mixed, untried, third))}).alt
    assert "port 25 connected at 1 of 3 addresses, no answer at 2 of 3 addresses" in alt
    assert "port 587 not tried" in alt
