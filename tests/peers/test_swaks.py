"""The simulator as swaks sees it: a client that nobody here wrote."""

import shutil
import subprocess

import pytest

from sestools.simulator import Simulator

SWAKS = shutil.which("swaks")
REFUSED = 28
"""swaks's exit code for a sign-in that failed."""


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_signs_in_and_sends(port: int, mechanism: str) -> None:
    """swaks signs in inside TLS and its message is accepted; a wrong password ends in SES's 535."""
    assert SWAKS, "swaks is missing; tests/provide.sh installs it"
    with Simulator("eu-west-1") as ses:
        right = ses.credentials.password
        for password, code, says in (
            (right, 0, "250 Ok"),
            (right[:-1], REFUSED, "535 Authentication Credentials Invalid"),
        ):
            address, real = ses.connect_to[port]
            done = subprocess.run(
                [SWAKS, "--server", address, "--port", str(real), "--tls" if port == 587 else "--tls-on-connect",
                 "--auth", mechanism, "--auth-user", ses.credentials.user, "--auth-password", password,
                 "--from", "sender@example.com", "--to", "success@simulator.amazonses.com"],
                capture_output=True, text=True, timeout=30,
            )  # fmt: skip
            assert done.returncode == code, done.stdout + done.stderr
            assert says in done.stdout
        assert len(ses.accepted) == 1
