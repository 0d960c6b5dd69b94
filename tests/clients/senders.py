"""Clients that send one message each: libraries and programs, told to verify SES's name on a loopback port."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import platform
import re
import smtplib
import ssl
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiosmtplib
from peers.servers import UNPACKED

from sestools.simulator import Simulator

SENDER = "sender@example.com"
RECIPIENT = "success@simulator.amazonses.com"
NODE = UNPACKED.parent / "clients"
MSMTP = str(UNPACKED / "msmtp/usr/bin/msmtp")
PATIENCE = 30.0
"""Seconds that a client may take on a busy machine."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What came of sending: whether the client says that it worked, and what it printed."""

    ok: bool
    printed: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """One message to send to a port of the simulator, by default with the right password."""

    ses: Simulator
    port: int
    password: str = ""

    @property
    def wrapped(self) -> bool:
        """Whether the port speaks TLS at once."""
        return self.port in (465, 2465)

    @property
    def user(self) -> str:
        """Who signs in."""
        return self.ses.credentials.user

    @property
    def secret(self) -> str:
        """The password that is used."""
        return self.password or self.ses.credentials.password

    @property
    def real(self) -> tuple[str, int]:
        """Where the port really listens."""
        return self.ses.connect_to[self.port]

    def sent(self, ok: bool, printed: str) -> Sent:
        """The outcome, with SES's address where the client could only print that of the loopback."""
        for path in (self.ses.ca_file, str(NODE.resolve()), sys.prefix, sys.base_prefix):
            printed = printed.replace(path, "/usr")
        for secret in (f"\0{self.user}\0{self.secret}", self.secret):
            printed = printed.replace(base64.b64encode(secret.encode()).decode(), "****")
            printed = printed.replace(secret, "****")
        printed = re.sub(rf"(?<!\d){self.real[1]}(?!\d)", str(self.port), printed)
        printed = re.sub(r"\[127\.0\.0\.1\]", "[192.0.2.45]", printed)
        return Sent(ok=ok, printed=printed.replace("127.0.0.1", self.ses.host).replace("\r", "").strip())

    def run(self, *command: str, given: str | None = None, **env: str) -> Sent:
        """Run a program, with a text on its standard input."""
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", **env},
        )
        return self.sent(done.returncode == 0, done.stdout + done.stderr)


def message() -> EmailMessage:
    """What is sent."""
    written = EmailMessage()
    written["From"], written["To"], written["Subject"] = SENDER, RECIPIENT, "A test"
    written.set_content("It works.\n")
    return written


class _For(ssl.SSLContext):
    """A context that verifies SES's name, wherever the connection leads."""

    host = ""

    def wrap_socket(self, *args: Any, **more: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*args, **{**more, "server_hostname": self.host})

    def wrap_bio(self, *args: Any, **more: Any) -> ssl.SSLObject:
        return super().wrap_bio(*args, **{**more, "server_hostname": self.host})


def _context(job: Job) -> ssl.SSLContext:
    context = _For(ssl.PROTOCOL_TLS_CLIENT)
    context.host = job.ses.host
    context.load_verify_locations(job.ses.ca_file)
    return context


def by_smtplib(job: Job) -> Sent:
    """Python's own client."""
    address, port = job.real
    try:
        if job.wrapped:
            client = smtplib.SMTP_SSL(address, port, context=_context(job), timeout=PATIENCE)
        else:
            client = smtplib.SMTP(address, port, timeout=PATIENCE)
        with client:
            if not job.wrapped:
                client.starttls(context=_context(job))
            client.login(job.user, job.secret)
            client.send_message(message())
    except (OSError, smtplib.SMTPException) as error:
        return job.sent(False, _last(error))
    return job.sent(True, "")


def by_aiosmtplib(job: Job) -> Sent:
    """The client of asyncio programs."""
    address, port = job.real
    try:
        _, said = asyncio.run(
            aiosmtplib.send(
                message(),
                hostname=address,
                port=port,
                username=job.user,
                password=job.secret,
                use_tls=job.wrapped,
                start_tls=not job.wrapped,
                tls_context=_context(job),
                timeout=PATIENCE,
            )
        )
    except (OSError, aiosmtplib.SMTPException) as error:
        return job.sent(False, _last(error))
    return job.sent(True, said)


def _last(error: BaseException) -> str:
    """What a traceback ends with: the line that people copy."""
    return traceback.format_exception_only(error)[-1].strip()


def by_swaks(job: Job) -> Sent:
    """swaks. This version verifies the issuer of a certificate, and no name."""
    address, port = job.real
    return job.run(
        "swaks", "--server", address, "--port", str(port), "--tls-on-connect" if job.wrapped else "--tls",
        "--tls-verify", "--tls-ca-path", job.ses.ca_file, "--tls-sni", job.ses.host, "--timeout", f"{PATIENCE:g}",
        "--auth", "PLAIN", "--auth-user", job.user, "--auth-password", job.secret, "--auth-hide-password",
        "--ehlo", "web1.example.com", "--from", SENDER, "--to", RECIPIENT,
    )  # fmt: skip


def by_curl(job: Job, *more: str) -> Sent:
    """curl, silent apart from its error."""
    scheme = "smtps" if job.wrapped else "smtp"
    address, port = job.real
    host = job.ses.host
    return job.run(
        "curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", job.ses.ca_file, *more,
        "--connect-to", f"{host}:{job.port}:{address}:{port}", "--max-time", f"{PATIENCE:g}",
        "--user", f"{job.user}:{job.secret}", "--mail-from", SENDER, "--mail-rcpt", RECIPIENT,
        "--upload-file", "-", f"{scheme}://{host}:{job.port}/web1.example.com",
        given=message().as_string(policy=SMTP),  # curl sends line ends as they are
    )  # fmt: skip


def by_curl_verbose(job: Job) -> Sent:
    """curl that shows the dialogue."""
    return by_curl(job, "--verbose")


def by_msmtp(job: Job) -> Sent:
    """msmtp, unpacked, with a configuration of its own."""
    address, port = job.real
    with tempfile.TemporaryDirectory(prefix="sestools-msmtp-") as folder:
        settings = Path(folder) / "msmtprc"
        settings.touch(mode=0o600)  # msmtp reads no other
        settings.write_text(
            f"""account default
host {address}
port {port}
tls on
tls_starttls {"off" if job.wrapped else "on"}
tls_trust_file {job.ses.ca_file}
tls_host_override {job.ses.host}
auth plain
user {job.user}
password {job.secret}
from {SENDER}
timeout {PATIENCE:g}
"""
        )
        sent = job.run(
            MSMTP,
            "--file",
            str(settings),
            RECIPIENT,
            given=message().as_string(),
            LD_LIBRARY_PATH=libraries(),
        )
        return replace(sent, printed=sent.printed.replace(str(settings), "/etc/msmtprc"))


def by_nodemailer(job: Job) -> Sent:
    """Nodemailer, under Node.js."""
    address, port = job.real
    settings = {
        "transport": {
            "host": address,
            "port": port,
            "secure": job.wrapped,
            "requireTLS": not job.wrapped,
            "tls": {"servername": job.ses.host, "ca": Path(job.ses.ca_file).read_text()},
            "auth": {"user": job.user, "pass": job.secret},
        },
        "message": {"from": SENDER, "to": RECIPIENT, "subject": "A test", "text": "It works."},
    }
    script = Path(__file__).with_name("nodemailer.cjs")
    return job.run("node", str(script), str(NODE.resolve()), given=json.dumps(settings))


def libraries() -> str:
    """Where the libraries are that unpacked programs need and the system lacks."""
    return ":".join(sorted({str(place.parent) for place in (UNPACKED / "libraries").rglob("*.so*")}))


SENDERS: dict[str, Callable[[Job], Sent]] = {
    "smtplib": by_smtplib,
    "aiosmtplib": by_aiosmtplib,
    "swaks": by_swaks,
    "curl": by_curl,
    "curl --verbose": by_curl_verbose,
    "msmtp": by_msmtp,
    "nodemailer": by_nodemailer,
}


@cache
def versions() -> dict[str, str]:
    """The version of each client."""
    node = json.loads((NODE / "node_modules/nodemailer/package.json").read_text())
    curl = _first_number("curl", "--version")
    return {
        "smtplib": f"Python {platform.python_version()}",
        "aiosmtplib": version("aiosmtplib"),
        "swaks": _first_number("swaks", "--version"),
        "curl": curl,
        "curl --verbose": curl,
        "msmtp": _first_number(MSMTP, "--version", LD_LIBRARY_PATH=libraries()),
        "nodemailer": str(node["version"]),
    }


def _first_number(*command: str, **env: str) -> str:
    said = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **env}
    ).stdout
    found = re.search(r"\d+\.[\d.]*\d", said)
    assert found, said
    return found[0]
