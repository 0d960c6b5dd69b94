"""What importing the package loads; which folder may import which is checked by import-linter (pyproject.toml)."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "sestools"

# Packages of others, and the modules or folders that may import them.
OTHERS = {
    # the base
    "cryptography": "probes simulator",
    "dns": "probes simulator",
    "markupsafe": "render plots/drawing.py widgets/base.py",
    "typing_extensions": "core/results.py",  # for the type checker alone
    "rich": "render cli/send_run.py",
    "tenacity": "sending",
    # the extras
    "trustme": "simulator/certificates.py",
    "pytest": "simulator/pytest_plugin.py",
    "django": "simulator/django_backend.py",
    "matplotlib": "plots",
    "ipywidgets": "widgets",
    "traitlets": "widgets",
    "IPython": "widgets",
    "pandas": "checkup/sweep_result.py labs/experiment.py",
    "scipy": "lifetime",
    "numpy": "lifetime",
}

HEAVY = {*OTHERS, "asyncio", "boto3", "jupyterlab"} - {"pytest", "markupsafe"}


def imports(path: Path) -> Iterator[str]:
    """The packages that a module imports, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"imports are absolute: {path}"
            yield (node.module or "").split(".")[0]


def test_packages_of_others() -> None:
    """A package of others is imported only where its extra is needed."""
    found = {
        (package, path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for package in imports(path)
        if package != "sestools" and package not in sys.stdlib_module_names
    }
    assert len(found) > 20
    wrong = [
        f"{path} imports {package}"
        for package, path in found
        if not any(path.is_relative_to(place) for place in OTHERS.get(package, "").split())
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "statement",
    [
        "import sestools",
        "from sestools import check, classify, probe_dialogue",
        "from sestools.cli import main; main._parser(); assert 'ssl' not in sys.modules",
    ],
)
def test_importing_stays_light(statement: str) -> None:
    """Importing loads none of the heavy packages, nor those that one probe alone needs."""
    code = f"import sys\n{statement}\nprint(*sorted({HEAVY!r} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not loaded.split()


def test_importing_takes_no_time() -> None:
    """`import sestools` takes less than 40 ms of CPU over bare Python; the best of several, whatever else runs here."""

    def cpu(statement: str) -> float:
        code = f"import time\n{statement}\nprint(time.process_time())"
        runs = (
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True) for _ in range(5)
        )
        return min(float(run.stdout) for run in runs)

    assert cpu("import sestools") - cpu("pass") < 0.04
