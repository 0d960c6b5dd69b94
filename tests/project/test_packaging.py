"""The built package, as somebody gets it who installs it and has nothing of ours beside it."""

import contextlib
import json
import os
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from sestools.simulator import Simulator

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("packaging")


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command outside the checkout, so that nothing is imported from it."""
    # A PYTHONPATH that leads to a checkout would make pip believe that the package is installed already.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=120, cwd=cwd, env=env)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what git knows and what is about to be committed."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = run(
        "git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    built = run(
        sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", folder, source, cwd=folder
    )
    assert built.returncode == 0, built.stderr
    return next(folder.glob("sestools-*.whl"))


@pytest.fixture(scope="module")
def bare(wheel: Path) -> Path:
    """The bin folder of an environment with sestools and what it needs, and no more."""
    place = wheel.parent / "bare"
    venv.create(place, with_pip=False)
    installed = run(
        sys.executable, "-m", "pip", f"--python={place}/bin/python", "--disable-pip-version-check", "install",
        "--quiet", "-c", ROOT / "constraints.txt", wheel, cwd=place,
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    return place / "bin"


def test_what_the_wheel_holds(wheel: Path) -> None:
    """The wheel holds the package, its typing mark and the licence, and nothing else of the checkout."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert len(tops) == 2, tops
    assert {"sestools/py.typed", "sestools/probes/dialogue.py", "sestools/simulator/server.py"} <= set(names)
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert not [name for name in names if name.startswith("test") or "/test" in name]
    assert [name for name in names if name.endswith(".toml")], "the scenarios belong to it"
    assert "sestools/knowledge/client_output.jsonl" in names


def test_the_base_brings_no_extras(bare: Path) -> None:
    """Without extras there is no Jupyter, no plotting, no data frame, no AWS library."""
    code = (
        "import importlib.util as u; print(*[n for n in ('jupyterlab', 'ipywidgets', 'IPython', 'matplotlib',"
        " 'pandas', 'numpy', 'boto3', 'trustme', 'pytest', 'rich', 'dns') if u.find_spec(n)])"
    )
    assert run(bare / "python", "-c", code, cwd=bare).stdout.split() == ["rich", "dns"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--help"], 0, "sestools check eu-west-1"),
        (["--version"], 0, "sestools 0."),
        (["classify", "454 Throttling failure: Maximum sending rate exceeded."], 1, "rate"),
        (["classify", "Tuesday is a fine day for a walk"], 3, ""),
        (["classify", "250 Ok 0102018f0d2ba0c5-5f5ee3b1-1b9e-4d49-bd7a-8a2a9b6f1c5e-000000"], 0, ""),
    ],
)
def test_the_base_works(bare: Path, words: list[str], code: int, says: str) -> None:
    """Help, version and classifier work with the base alone."""
    done = run(bare / "sestools", *words, cwd=bare)
    assert (done.returncode, done.stderr) == (code, "")
    assert says in done.stdout


def test_the_base_says_what_the_simulator_needs(bare: Path) -> None:
    """Asked to simulate without the extra, it names the extra."""
    done = run(bare / "sestools", "check", "--simulate", cwd=bare)
    assert done.returncode == 2
    assert "pip install 'sestools[simulator]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_base_measures_lifetimes_without_scipy(bare: Path, tmp_path: Path) -> None:
    """What it cannot tell without SciPy is said before it measures, and what was measured is shown."""
    with Simulator("eu-west-1", idle=0.4) as ses:
        address, port = ses.connect_to[587]
        words = [
            "lifetime", "eu-west-1", "--ca-file", ses.ca_file, "--connect-to", f"{address}:{port}", "--yes",
            "--silent", "2", "--silence", "3", "--lives", "2", "--at-once", "2", "--age", "0.5",
        ]  # fmt: skip
        done = run(bare / "sestools", *words, cwd=tmp_path)
        data = json.loads(run(bare / "sestools", *words, "--json", cwd=tmp_path).stdout)
        asked = run(bare / "sestools", *words, "--client", "postfix", cwd=tmp_path)
        connections = ses.connections
    assert done.returncode == 3, done.stderr
    first, estimate = done.stderr.splitlines()
    assert "pip install 'sestools[notebook]'" in first
    assert "at most" in estimate
    assert len([line for line in done.stdout.splitlines() if line.startswith("silent ")]) == 2, done.stdout
    assert "alive when it was left" in done.stdout
    assert len(data["lives"]) == 4
    assert data["survival"] == {}
    assert data["advice"] is None
    assert asked.returncode == 2
    assert "pip install 'sestools[notebook]'" in asked.stderr
    assert connections == 8, "refused before it connected"
    assert "simulator]'" in run(bare / "sestools", "lifetime", "--simulate", cwd=tmp_path).stderr


def test_the_pins_are_true_for_every_promised_python() -> None:
    """Each version in constraints.txt can be installed on the first release of each Python that is promised."""
    pins = [line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    wants = {}
    for name, version in pins:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found = metadata.metadata(name)
            if found["Version"] == version:
                wants[name] = SpecifierSet(found["Requires-Python"] or "")
    assert len(wants) > 0.9 * len(pins), "the pins are what is installed here"
    for python in ("3.11.0", "3.12.0", "3.13.0", "3.14.0"):
        assert [name for name, wanted in wants.items() if not wanted.contains(python)] == [], python
