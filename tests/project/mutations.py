"""Mistakes that the tests must notice: `python tests/project/mutations.py [NAME...]` makes each in a copy of the
project, runs the tests that are named beside it, and fails if they pass.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutation:
    """A mistake.

    Attributes:
        name: What it breaks.
        file: In which module of the package.
        right: The code as it is; it stands there once.
        wrong: The code as it must not be.
        tests: What turns red, as pytest takes it.
    """

    name: str
    file: str
    right: str
    wrong: str
    tests: str


MUTATIONS = (
    Mutation(
        "trust",
        "core/trust.py",
        "if not (ours and strict and same):",
        "if not same:",
        "tests/core/test_trust.py",
    ),
    Mutation(
        "greeting",
        "core/trust.py",
        "if not is_greeting(greeting):",
        "if not greeting:",
        "tests/core/test_trust.py",
    ),
    Mutation(
        "mask", "core/masking.py", "return _cut_out(text, spans)", "return text", "tests/core/test_masking.py"
    ),
    Mutation(
        "ledger",
        "simulator/service.py",
        "        self.accepted.append(",
        "        self._random.random() < 0.9 and self.accepted.append(",
        "tests/simulator/test_memory.py tests/sending/test_sending.py",
    ),
    Mutation(
        "MTU size",
        "probes/mtu_search.py",
        "mtu = self._largest + self._headers if",
        "mtu = self._largest + 20 if",
        "tests/probes/test_mtu.py",
    ),
    Mutation(
        "ranking of causes",
        "diagnosis/classifier.py",
        "lead = (bad or ours)[0]",
        "lead = (bad or ours)[-1]",
        "tests/diagnosis",
    ),
    Mutation(
        "quota",
        "simulator/account.py",
        "self._today + counted > self._quota",
        "self._today + counted >= self._quota",
        "tests/simulator/test_account.py",
    ),
    Mutation(
        "idle time-out",
        "simulator/dialogue.py",
        "self._heard_at + self._service.rules.idle, self._record",
        "self._heard_at + 1.5 * self._service.rules.idle, self._record",
        "tests/simulator",
    ),
    Mutation(
        "retry wait",
        "sending/policy.py",
        "(5.0, 10.0, 30.0, 1200.0)",
        "(5.0, 10.0, 30.0, 120.0)",
        "tests/sending",
    ),
    Mutation(
        "secret widget",
        "widgets/secret.py",
        'self._field.value = ""',
        'self._field.placeholder = ""',
        "tests/widgets tests/notebooks",
    ),
    Mutation(
        "exit code",
        "cli/printing.py",
        '"unclear": UNCLEAR}',
        '"unclear": HEALTHY}',
        "tests/cli/test_cli.py",
    ),
)


def main(names: list[str]) -> int:
    """Try each mutation; the exit code is the number of those that no test noticed."""
    missed = 0
    for mutation in [one for one in MUTATIONS if not names or one.name in names]:
        noticed = is_noticed(mutation)
        missed += not noticed
        print(f"{mutation.name:24} {'noticed' if noticed else 'NOT NOTICED'}", flush=True)
    return missed


def is_noticed(mutation: Mutation) -> bool:
    """Whether a test fails in a copy of the project that has this mistake."""
    with tempfile.TemporaryDirectory(prefix="sestools-mutation-") as folder:
        copy = Path(folder) / "project"
        for part in ("sestools", "tests", "benchmarks"):
            shutil.copytree(TOP / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(TOP / "pyproject.toml", copy)
        path = copy / "sestools" / mutation.file
        path.write_text(path.read_text().replace(mutation.right, mutation.wrong, 1))
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutation.tests.split()],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
    if done.returncode not in (0, 1):  # 1: tests failed; anything else: they did not run
        raise RuntimeError(
            f"{mutation.name}: pytest ended with {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.returncode == 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
