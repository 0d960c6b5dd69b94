"""No code reads prose: rewording the catalogue changes no verdict."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sestools.checkup.check import check
from sestools.cli.main import main
from sestools.core.enums import Place
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.environments import WORDINGS
from sestools.knowledge.table import CAUSES
from sestools.simulator import Simulator, faults

DATA = Path(__file__).parents[1] / "data"
PROSE = ("title", "meaning", "fix", "note", "ruled_out")
FAULTS = (
    "", "dropped", "dropped@25", "dropped@25,587,2587", "refused@465", "foreign-greeting", "foreign-greeting@465",
    "starttls-missing", "bad-certificate:unknown-issuer", "says:bad-credentials", "closed:EHLO",
    "dropped@25 closed:EHLO@587,2587,465,2465",
)  # fmt: skip


@contextmanager
def reworded() -> Iterator[set[str]]:
    """Every sentence of every row replaced by another one; gives those of the fixes."""
    before = [
        (row, name, getattr(row, name))
        for row in (*CAUSES, *WORDINGS)
        for name in PROSE
        if hasattr(row, name)
    ]
    fixes: set[str] = set()
    try:
        for number, (row, name, text) in enumerate(before):
            parts = range(len(text)) if isinstance(text, tuple) else ()
            new: Any = (
                tuple(f"Zqx {number} {part}" for part in parts)
                if isinstance(text, tuple)
                else f"Zqx {number}"
            )
            object.__setattr__(row, name, new if text else text)
            fixes.update(new if name == "fix" else ())
        yield fixes
    finally:
        for row, name, text in before:
            object.__setattr__(row, name, text)


def verdict(found: Diagnosis, fixes: set[str]) -> tuple[Any, ...]:
    """What a diagnosis decides, and which pieces of advice are the catalogue's and which were added."""
    ids = [row.id for row in found.candidates]
    return (
        ids,
        found.retry,
        found.symptom.stage,
        found.cause.mark,
        [line in fixes for line in found.candidates[0].fix],
    )


def texts() -> list[str]:
    """The samples of the catalogue, and whatever the corpus holds."""
    rows = [
        json.loads(line) for file in sorted(DATA.glob("*.jsonl")) for line in file.read_text().splitlines()
    ]
    told = [value for row in rows for value in row.values() if isinstance(value, str) and len(value) > 15]
    return [*(sample for row in CAUSES for sample in row.samples), *told]


def test_the_classifier_reads_no_prose(capsys: pytest.CaptureFixture[str]) -> None:
    """Rewording every title, meaning, fix and note changes no diagnosis and no exit code."""
    every = texts()
    assert len(every) > 500
    own = {line for row in CAUSES for line in row.fix}
    plain = [verdict(classify(text), own) for text in every]
    codes = [main(["classify", row.samples[0]]) for row in CAUSES if row.samples]
    assert len(set(codes)) >= 2
    with reworded() as fixes:
        assert [verdict(classify(text), fixes) for text in every] == plain
        assert [main(["classify", row.samples[0]]) for row in CAUSES if row.samples] == codes
        assert "Zqx" in capsys.readouterr().out
    assert not any("Zqx" in row.title for row in CAUSES)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_check_reads_no_prose(fault: str) -> None:
    """Rewording changes no finding of a check, neither its level nor which advice is left out or added."""
    with Simulator("eu-west-1", faults=[faults.parse(one) for one in fault.split()]) as ses:

        def checked(place: Place | None, fixes: set[str]) -> list[tuple[Any, ...]]:
            report = check(
                "eu-west-1", connect_to=ses.connect_to, ca_file=ses.ca_file, credentials=ses.credentials, timeout=0.6,
                context=place and str(place),
            )  # fmt: skip
            return [(found.level, *verdict(found.diagnosis, fixes)) for found in report.findings]

        own = {line for row in (*CAUSES, *WORDINGS) for line in row.fix}
        places = (None, Place.BINDER, Place.ELSEWHERE) if "dropped" in fault else (None,)
        plain = [checked(place, own) for place in places]
        with reworded() as fixes:
            assert [checked(place, fixes) for place in places] == plain
