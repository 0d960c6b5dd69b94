"""The pytest plugin, by the example that its documentation gives."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from sestools.simulator import Scenario

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
DOCUMENT = ROOT / "docs" / "simulator.md"


def blocks(language: str) -> list[str]:
    """The code blocks of the documentation in a language."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT.read_text("utf-8"), re.S)


def test_the_documented_example_runs(tmp_path: Path) -> None:
    """Copied out of the documentation, the example passes against the fixture; a broken sender fails."""
    sender, test, *_ = blocks("python")
    (tmp_path / "sender.py").write_text(sender)
    (tmp_path / "test_sender.py").write_text(test)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "sestools.simulator.pytest_plugin",
    ]
    # Installed, the plugin is found by itself; naming it once more is allowed only if it was not.
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "--markers"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        cwd=tmp_path,
        timeout=60,
    )
    if "pytest.mark.ses" in found.stdout:
        command = command[:-2]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=tmp_path, timeout=60)
    assert "3 passed" in done.stdout, done.stdout + done.stderr
    (tmp_path / "sender.py").write_text(sender.replace("!= 454", "!= 999"))
    broken = subprocess.run(
        command, capture_output=True, text=True, env=ENVIRONMENT, cwd=tmp_path, timeout=60
    )
    assert "1 failed, 2 passed" in broken.stdout, broken.stdout + broken.stderr


def test_the_documented_scenario_is_one() -> None:
    """The TOML of the documentation reads, and every key that it says is there exists."""
    (text,) = blocks("toml")
    scenario = Scenario.from_toml(text)
    assert len(scenario.faults) == 3
    assert scenario.account.rate == 14
    for keys in re.findall(r"# also: (.*)", text):
        for key in keys.split(", "):
            assert f"{key}" in str(scenario), key
    assert tomllib.loads(text)["fault"]
