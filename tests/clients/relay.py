"""Postfix as a relay: it hands its mail to the simulator as to SES, with a queue and a log."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from peers.servers import OWN_NAME, POSTFIX, START, UNPACKED, running_postfix, start_postfix

from clients.senders import RECIPIENT, SENDER, libraries, message
from sestools.sending.client_config.relay import write_relay
from sestools.simulator import Simulator

BY_WRAPPER = "wrapper@example.com"
"""A sender whose mail goes by port 465."""
WITH_WRONG_PASSWORD = "wrong@example.com"
"""A sender whose mail goes by port 2587, with a wrong password."""
_ACTIVE = re.compile(r"^[0-9A-F]+\*", re.MULTILINE)
_TRIED = re.compile(rf"\bto=<{re.escape(RECIPIENT)}>.* status=")


@dataclass(kw_only=True)
class Relay:
    """A running Postfix that relays to the simulator."""

    ses: Simulator
    folder: Path
    master: int
    env: dict[str, str]

    def kill(self) -> None:
        """End all of its processes with SIGKILL, as a power cut would."""
        # Postfix's master makes a session of its own: the group is it and its children, nobody else.
        assert os.getpgid(self.master) == self.master
        handle = os.pidfd_open(self.master)
        os.killpg(self.master, signal.SIGKILL)
        select.select([handle], [], [], START)
        os.close(handle)

    def start(self) -> None:
        """Start it again after a `kill`."""
        self.master = start_postfix(self.folder, SASL_PATH=self.env["SASL_PATH"])

    def submit(self, subjects: Iterable[int]) -> None:
        """Queue a message for each subject, and return when all are safe in the queue."""
        sendmail = POSTFIX / "usr/sbin/sendmail"
        lines = [
            f"printf 'Subject: {subject}\\n\\n.\\n' | {sendmail} -i -f {SENDER} {RECIPIENT} || exit 1"
            for subject in subjects
        ]
        self._run("sh", "-c", "\n".join(lines))

    def send(self, sender: str = SENDER) -> str:
        """Queue a message, wait until it was tried once, and return the log since."""
        start = len(self.log())
        self._command("sendmail", "-i", "-f", sender, RECIPIENT, given=message().as_string())
        return self._until_tried(start)

    def flush(self) -> str:
        """Try the queue again, and return the log since."""
        self.queue()
        start = len(self.log())
        self._command("postqueue", "-c", str(self.folder), "-f")
        return self._until_tried(start)

    def hurry(self) -> None:
        """Have everything that is queued tried again, and do not wait for it."""
        self._command("postqueue", "-c", str(self.folder), "-f")

    def drain(self) -> None:
        """Have it tried again and again until the queue is empty."""
        deadline = time.monotonic() + 3 * START
        while "queue is empty" not in (listed := self.queue()):
            assert time.monotonic() < deadline, f"there is mail that does not drain:\n{listed}"
            self.hurry()

    def queue(self) -> str:
        """What `mailq` prints once no message is being tried: the log is ahead of the queue."""
        deadline = time.monotonic() + START
        while _ACTIVE.search(listed := self._command("postqueue", "-c", str(self.folder), "-p")):
            assert time.monotonic() < deadline, listed
            threading.Event().wait(0.02)
        return self._normal(listed)

    def empty(self) -> None:
        """Delete what is queued."""
        self._command("postsuper", "-c", str(self.folder), "-d", "ALL")

    def _command(self, name: str, *words: str, given: str | None = None) -> str:
        return self._run(str(POSTFIX / "usr/sbin" / name), *words, given=given)

    def _run(self, program: str, *words: str, given: str | None = None) -> str:
        done = subprocess.run(
            # The master's own mount namespace: there is where the accounts are that Postfix wants.
            ["nsenter", f"--target={self.master}", "--mount", program, *words],
            input=given, env=self.env, capture_output=True, text=True, timeout=START, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + self.log()
        return done.stdout

    def log(self) -> str:
        """All that Postfix has logged."""
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""  # Postfix writes it when it has something to say

    def _until_tried(self, start: int) -> str:
        deadline = time.monotonic() + START
        while not _TRIED.search(since := self.log()[start:]):
            assert time.monotonic() < deadline, f"Postfix did not try within {START:g} s:\n{since}"
            threading.Event().wait(0.02)
        return self._normal(since)

    def _normal(self, log: str) -> str:
        """The log with SES's ports, and an address where only that of the loopback was known."""
        for port, (_, real) in self.ses.connect_to.items():
            log = re.sub(rf"(?<!\d){real}(?!\d)", str(port), log)
        return log.replace("[127.0.0.1]", "[192.0.2.45]").replace(str(self.folder), "/etc/postfix").strip()


def product(folder: Path, ses: Simulator, **instead: str) -> str:
    """The configuration that the package gives, with the ports of the simulator and other values for a test."""
    config, passwords, _ = write_relay(
        folder, "eu-west-1", ses.credentials, ca_file=f"{folder}/ca.pem", rate=100, messages=10, age=2
    )
    for file in (config, passwords):
        file.write_text(
            file.read_text().replace(f"[{ses.host}]:587", f"[{ses.host}]:{ses.connect_to[587][1]}")
        )
    text = config.read_text()
    for name, value in instead.items():
        text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
        assert found == 1, name
    return text


@contextlib.contextmanager
def relay(folder: Path, ses: Simulator, main: str = "", bounces: str = "discard") -> Iterator[Relay]:
    """Postfix, configured as SES's guide says: `relayhost`, a password map, and TLS that verifies.

    `main` are other lines for its main.cf than these; `bounces` is whether what goes back to a sender is to
    `discard`, or to `relay` as other mail; the host's own mail is discarded.
    """
    real = {port: where[1] for port, where in ses.connect_to.items()}
    (folder / "hosts").write_text(f"127.0.0.1 localhost {ses.host}\n")
    user, password = ses.credentials.user, ses.credentials.password
    (folder / "passwords").touch(mode=0o600)
    (folder / "passwords").write_text(
        f"[{ses.host}]:{real[587]} {user}:{password}\n[{ses.host}]:{real[465]} {user}:{password}\n"
        f"[{ses.host}]:{real[2587]} {user}:a made-up secret\n"
    )
    (folder / "transports").write_text(
        f"{BY_WRAPPER} smtps:[{ses.host}]:{real[465]}\n{WITH_WRONG_PASSWORD} smtp:[{ses.host}]:{real[2587]}\n"
    )
    (folder / "ca.pem").write_bytes(Path(ses.ca_file).read_bytes())
    guide = f"""relayhost = [{ses.host}]:{real[587]}
sender_dependent_default_transport_maps = texthash:{folder}/transports
smtp_sasl_auth_enable = yes
smtp_sasl_security_options = noanonymous
smtp_sasl_password_maps = texthash:{folder}/passwords
smtp_tls_security_level = secure
smtp_tls_CAfile = {folder}/ca.pem
smtp_connection_cache_on_demand = no
smtp_destination_concurrency_failed_cohort_limit = 0
smtps_destination_concurrency_failed_cohort_limit = 0
"""
    back = " example.com=discard:" if bounces == "discard" else ""
    # Names come from the hosts file.
    main = f"""transport_maps = inline:{{ {OWN_NAME}=discard:{back} }}
smtp_host_lookup = native
{main or guide}"""
    services = [
        "pickup unix n - n 60 1 pickup",
        "qmgr unix n - n 300 1 qmgr",
        "smtp unix - - n - - smtp",
        "smtps unix - - n - - smtp -o smtp_tls_wrappermode=yes",
        "discard unix - - n - - discard",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "showq unix n - n - - showq",
        "flush unix n - n 1000? 0 flush",
        "scache unix - - n - 1 scache",
        "tlsproxy unix - - n - 0 tlsproxy",
    ]
    plugins = next((UNPACKED / "libsasl2-modules").rglob("libplain.so"), None)
    assert plugins, "libsasl2-modules is missing; tests/provide.sh unpacks it"
    with running_postfix(folder, main=main, services=services, SASL_PATH=str(plugins.parent)) as master:
        environment = Path(f"/proc/{master}/environ").read_bytes().decode()
        env = dict(pair.split("=", 1) for pair in environment.split("\0") if "=" in pair)
        yield Relay(ses=ses, folder=folder, master=master, env={**os.environ, **env})


@cache
def version() -> str:
    """Postfix's version."""
    asked = subprocess.run(
        [str(POSTFIX / "usr/sbin/postconf"), "-C", "builtin", "-dh", "mail_version"],
        env={**os.environ, "LD_LIBRARY_PATH": f"{POSTFIX}/usr/lib/postfix:{libraries()}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return asked.stdout.strip()
