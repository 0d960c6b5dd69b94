"""A local Postfix in front of SES: its configuration, and that killed while it drains it loses nothing."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from clients.relay import product, relay
from clients.senders import libraries
from crashes import EACH, IMPATIENT, crash
from peers import servers

from sestools.core.credentials import Credentials
from sestools.core.endpoints import PORTS
from sestools.sending.client_config.clients import PASSWORDS, TLSPROXY, client_config
from sestools.sending.client_config.relay import write_relay
from sestools.simulator import Simulator, faults

CREDENTIALS = Credentials(user="AKIAIOSFODNN7EXAMPLE", password="not+a/real=secret")
pytestmark = pytest.mark.xdist_group("clients")
needs_servers = pytest.mark.skipif(bool(servers.why_not()), reason=servers.why_not())


def postconf(folder: Path, *words: str) -> str:
    """What Postfix reads in a folder; it may complain of nothing."""
    for file in folder.iterdir():
        os.utime(file, (0, 0))  # it waits two seconds before it reads what was written just now
    done = subprocess.run(
        [servers.POSTFIX / "usr/sbin/postconf", "-c", folder, *words],
        env={**os.environ, "LD_LIBRARY_PATH": f"{servers.POSTFIX}/usr/lib/postfix:{libraries()}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.mark.parametrize(("port", "rate"), [*((port, 1) for port in PORTS), (587, 0.4), (587, 14)])
def test_postconf_takes_every_line(tmp_path: Path, port: int, rate: float) -> None:
    """Postfix knows every parameter, and reads the values that were written."""
    main, passwords, waits = write_relay(tmp_path, "eu-west-1", CREDENTIALS, port=port, rate=rate)
    (tmp_path / "master.cf").write_bytes((servers.POSTFIX / "usr/share/postfix/master.cf.dist").read_bytes())
    written = dict(re.findall(r"^(\w+) = (.*)$", main.read_text(), re.M))
    main.rename(tmp_path / "main.cf")
    assert len(written) > 20
    read = dict(line.split(" = ", 1) for line in postconf(tmp_path, "-n").splitlines())
    assert read == {**written, "config_directory": str(tmp_path)}
    assert (
        written["relayhost"]
        == passwords.read_text().split()[0]
        == f"[email-smtp.eu-west-1.amazonaws.com]:{port}"
    )
    assert ("smtp_tls_wrappermode" in written) == (port in (465, 2465))
    assert written["smtp_destination_rate_delay"] == {1: "1s", 0.4: "3s", 14: "0s"}[rate]
    assert waits.exists()


def test_postconf_takes_the_service(tmp_path: Path) -> None:
    """The line for master.cf is one that Postfix writes there."""
    (tmp_path / "main.cf").touch()
    (tmp_path / "master.cf").touch()
    postconf(tmp_path, "-M", TLSPROXY)
    assert postconf(tmp_path, "-M").split() == TLSPROXY.partition("=")[2].split()


def test_every_value_says_why() -> None:
    """A comment stands above each setting."""
    paragraphs = client_config("postfix", "eu-west-1", rate=1).text.split("\n\n")
    assert len(paragraphs) > 20
    assert all(re.fullmatch(r"# .{10,}\n(# .+\n)*\w+ = .+\n?", paragraph) for paragraph in paragraphs)


def test_the_secret_is_in_one_file_that_others_cannot_read(tmp_path: Path) -> None:
    """Not even if a readable file was there before."""
    (tmp_path / PASSWORDS).write_text("old")
    (tmp_path / PASSWORDS).chmod(0o644)
    files = write_relay(tmp_path, "eu-west-1", CREDENTIALS)
    assert [file.name for file in files if CREDENTIALS.password in file.read_text()] == [PASSWORDS]
    assert (tmp_path / PASSWORDS).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("user", "password"),
    [("a b", "c"), ("a", "b c"), ("a:b", "c"), ("a", "secret\nrelayhost x:y"), ("a", "b\r")],
)
def test_what_a_password_map_cannot_hold_is_refused(tmp_path: Path, user: str, password: str) -> None:
    """The complaint does not show the password, and nothing is written."""
    with pytest.raises(ValueError, match="password map") as caught:
        write_relay(tmp_path, "eu-west-1", Credentials(user=user, password=password))
    assert "secret" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "wrong",
    [{"port": 2525}, {"rate": 0}, {"rate": float("nan")}, {"connections": 0}, {"messages": 0}, {"age": -1}],
)  # fmt: skip
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    """SES has five ports, and Postfix would take a limit of 0 for no limit."""
    with pytest.raises(ValueError, match=r"SES has the ports|must be"):
        client_config("postfix", "eu-west-1", **wrong)


@needs_servers
def test_what_ends_by_itself_waits() -> None:
    """What AWS, time or a new password lifts stays in the queue; what nobody lifts bounces, to the postmaster at last."""
    # The password first: a connection that is kept has signed in already.
    waits = ["bad-credentials", "paused", "suspended", "mailfrom-domain", "daily-quota", "send-rate"]
    with tempfile.TemporaryDirectory(prefix="sestools-relay-") as name, Simulator("eu-west-1") as ses:
        folder = Path(name)
        folder.chmod(0o755)
        with relay(folder, ses, product(folder, ses), bounces="relay") as postfix:
            for cause in waits:
                ses.set_faults(faults.parse(f"says:{cause}"))
                assert "status=deferred" in postfix.send(), cause
                assert "queue is empty" not in postfix.queue(), cause
                postfix.empty()
            ses.set_faults(faults.parse("says:not-verified"))
            assert "status=bounced" in postfix.send()
            postfix.queue()
            log = postfix.log()
            assert "501 Invalid MAIL FROM address provided" in log  # the bounce, whose sender is empty
            assert re.search("to=<postmaster@mail.example.com>.* status=sent", log)  # what it held
            ses.set_faults()
            assert "status=sent" in postfix.send()


@needs_servers
def test_connections_are_kept_and_changed() -> None:
    """Postfix sends much mail over few connections, and no more over one than it was told."""
    with tempfile.TemporaryDirectory(prefix="sestools-relay-") as name, Simulator("eu-west-1") as ses:
        folder = Path(name)
        folder.chmod(0o755)
        with relay(folder, ses, product(folder, ses, **IMPATIENT)) as postfix:
            ses.set_faults(faults.parse("refused"))
            postfix.submit(range(50))
            ses.set_faults()
            postfix.drain()
    assert len(ses.accepted) == 50
    used = Counter(accepted.connection for accepted in ses.accepted)
    assert max(used.values()) == 10
    assert len(used) <= 25  # without reuse 50


@needs_servers
def test_a_killed_relay_loses_nothing() -> None:
    """SIGKILL at random moments, each followed by a restart: the ledger has every message that was queued.

    (`make soak` kills it 20 times.)
    """
    with tempfile.TemporaryDirectory(prefix="sestools-crash-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        told = crash(folder, kills=4, seed=1)
    assert told.queued == 4 * EACH
    assert told.lost == told.unexplained == 0, told
    assert told.in_the_midst == 4, told
    assert threading.active_count() < 20
