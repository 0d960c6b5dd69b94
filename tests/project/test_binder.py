"""Binder: the Dockerfile that repo2docker makes, and its steps run as an ordinary user.

The packages that pip would install are shown to it as installed, since that alone takes minutes; with
SESTOOLS_BINDER=whole (`make soak`) it installs them all.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = 65534
WHOLE = os.environ.get("SESTOOLS_BINDER") == "whole"
pytestmark = pytest.mark.xdist_group("binder")


@pytest.fixture(scope="module")
def dockerfile() -> str:
    """The Dockerfile, with dots and hyphens in file names unquoted."""
    made = subprocess.run(
        [Path(sys.executable).parent / "jupyter-repo2docker", "--no-build", "--debug", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.returncode == 0, made.stderr
    return (made.stdout + made.stderr).replace("-2e", ".").replace("-2d", "-")


@pytest.fixture(scope="module")
def user() -> Iterator[list[str]]:
    """Words before a command that runs it in a copy of the checkout as somebody who is not root."""
    with tempfile.TemporaryDirectory(prefix="sestools-binder-") as name:
        home = Path(name)
        home.chmod(0o755)
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for line in listed.stdout.splitlines():
            if (ROOT / line).is_file():
                (home / "repo" / line).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / line, home / "repo" / line)
        python, before = Path(sys.base_prefix), []
        packages = Path(sysconfig.get_path("purelib"))
        if os.geteuid() == 0:
            for path in (home, *home.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            # This Python may live in root's home, where nobody else may look: show it in another place.
            shown = {home / "python": python, home / "packages": packages}
            for place in shown:
                place.mkdir()
            mounts = "".join(f"mount --bind '{source}' '{place}' && " for place, source in shown.items())
            before = ["unshare", "--mount", "sh", "-c", f'{mounts}exec "$0" "$@"']
            python, packages = shown
            before += ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        words = [
            *before,
            "env",
            f"--chdir={home}/repo",
            "-i",
            f"HOME={home}",
            f"PATH={home}/env/bin:/usr/bin:/bin",
            "LANG=C.UTF-8",
            "PIP_NO_COMPILE=1",  # a third of the time
        ]
        words += [f"LD_LIBRARY_PATH={python}/lib", f"KERNEL_PYTHON_PREFIX={home}/env"]
        for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "HTTPS_PROXY"):
            if name in os.environ:
                words.append(f"{name}={os.environ[name]}")
        run([*words, str(python / "bin" / version), "-m", "venv", str(home / "env")])
        if not WHOLE:
            (home / "env" / "lib" / version / "site-packages" / "shown.pth").write_text(str(packages))
        yield words


def run(words: list[str]) -> str:
    """Run a command; it must succeed."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{words}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_the_python_version(dockerfile: str) -> None:
    """The image gets Python 3.11, the oldest that sestools runs on, not repo2docker's own default."""
    assert re.findall(r"environment\.py-([\d.]+)-linux", dockerfile) == ["3.11"]


def test_the_steps_as_an_ordinary_user(dockerfile: str, user: list[str]) -> None:
    """What the Dockerfile installs, and postBuild, work without root, and so does a check afterwards."""
    steps = re.findall(r"^RUN (.*(?:pip install|postBuild).*)$", dockerfile, re.MULTILINE)
    assert len(steps) == 3, steps
    assert 'pip install --no-cache-dir -r "binder/requirements.txt"' in steps[0]
    assert steps[-1] == "./binder/postBuild"
    for step in steps:
        # The cache is only the tests' own hurry.
        run([*user, "bash", "-c", step.replace("--no-cache-dir", "--quiet")])
    assert "/env/lib/" in run(
        [*user, "python", "-c", "import os; os.chdir('/'); import sestools as s; print(s.__file__)"]
    )
    report = run([*user, "sestools", "check", "eu-west-1", "--simulate", "--port", "587"])
    assert "works, as far as tested" in report
    assert run([*user, "id", "-u"]).strip() != "0"
