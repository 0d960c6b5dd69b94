"""Runs the command line as a user does, for several tests."""

from __future__ import annotations

import os
import subprocess
import sys

from sestools.simulator import Simulator

COMMAND = [sys.executable, "-m", "sestools"]


def run(*words: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SESTOOLS", "AWS"))}
    return subprocess.run(
        [*COMMAND, *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**env, **environment},
    )


def flags(ses: Simulator) -> list[str]:
    """What leads to a simulator, with its credentials but for the password."""
    address, port = ses.connect_to[587]
    return ["eu-west-1", "--ca-file", ses.ca_file, "--connect-to", f"587:{address}:{port}",
            "--user", ses.credentials.user]  # fmt: skip


def send(ses: Simulator, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Send through a simulator, the password in the environment."""
    done = run("send", *flags(ses), *words, stdin=stdin, SESTOOLS_PASSWORD=ses.credentials.password)
    assert ses.credentials.password not in done.stdout + done.stderr
    return done
