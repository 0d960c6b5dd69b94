"""`make bench` runs to its end, tells each figure when it is known, and fails when a bound is missed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import run
from figure import Figure

PROGRAM = Path(run.__file__)


def test_each_measure_runs() -> None:
    """With little to measure, every measure gives its figures, and none has to keep a bound."""
    done = subprocess.run(
        [sys.executable, PROGRAM], env={**os.environ, "SESTOOLS_SMOKE": "1"}, text=True,
        capture_output=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) > 20
    assert "MISSED" not in done.stdout


def test_the_table_is_printed_as_it_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A figure stands there before the next is measured; a missed bound makes the exit code 1."""

    def measure() -> Iterator[Figure]:
        yield Figure(what="first", figure=1.0, bound=2.0, unit="x")
        assert "kept" in capsys.readouterr().out
        yield Figure(what="second", figure=3.0, bound=2.0, unit="x")

    monkeypatch.setattr(run, "MEASURES", (measure,))
    monkeypatch.setattr(sys, "argv", ["run.py"])
    assert run.main() == 1
    assert "MISSED" in capsys.readouterr().out
