"""Postfix's smtpd and OpenSMTPD on loopback: unpacked, unprivileged in effect, ended with the tests.

Both are configured by files in a folder of their own and run in a private mount namespace (see private.sh),
so that the accounts and folders that they insist on exist for them alone. That needs root.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme

from sestools.core.credentials import Credentials
from sestools.core.endpoints import Security

HERE = Path(__file__).parent
UNPACKED = HERE.parents[1] / ".cache" / "peers"
HOST = "email-smtp.eu-west-1.amazonaws.com"
"""The name that the certificates are for and that is dialled: servers that stand where SES should."""
OWN_NAME = "mail.example.com"
"""The name that the servers greet with."""
CREDENTIALS = Credentials(user="canary", password="a made-up secret")
START = 20.0
"""Seconds that a server may take to come up on a busy machine."""


# Where an engine offers a key's methods, OpenSSL 3 keeps keys in the form that OpenSMTPD 6 counts on.
ENGINE = """openssl_conf = init
[init]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
dynamic_path = {engine}
default_algorithms = PKEY
init = 0
"""


def why_not() -> str:
    """Why the servers cannot run here, or an empty text."""
    if os.geteuid() != 0:
        return "needs root: mail servers change their user and want accounts, which a private namespace gives"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
        return "this system allows no private mount namespace"
    return ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One listening port of a server: how it speaks TLS and which certificate it shows."""

    security: Security
    certificate: str
    required: bool = False


PLACES = tuple(
    Place(security=security, certificate=certificate)
    for security in (Security.STARTTLS, Security.WRAPPER)
    for certificate in ("valid", "expired", "wrong-name", "unknown-issuer")
)
STRICT = Place(security=Security.STARTTLS, certificate="valid", required=True)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server: its ports on 127.0.0.1, and the authority that its valid certificate comes from."""

    ports: Mapping[Place, int]
    ca_file: str


def certificates(folder: Path) -> str:
    """Write NAME.pem and NAME.key for each certificate; return the CA file that the valid one verifies with."""
    authority, stranger = trustme.CA(), trustme.CA()
    rsa = trustme.KeyType.RSA  # what the engine that OpenSMTPD needs is tried with
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=3)
    for name, cert in {
        "valid": authority.issue_cert(HOST, key_type=rsa),
        "expired": authority.issue_cert(HOST, key_type=rsa, not_after=past),
        "wrong-name": authority.issue_cert("other.example.org", key_type=rsa),
        "unknown-issuer": stranger.issue_cert(HOST, key_type=rsa),
    }.items():
        (folder / f"{name}.pem").write_bytes(b"".join(blob.bytes() for blob in cert.cert_chain_pems))
        key = folder / f"{name}.key"
        key.touch(mode=0o600)
        key.write_bytes(cert.private_key_pem.bytes())
    authority.cert_pem.write_to_path(folder / "ca.crt")
    return str(folder / "ca.crt")


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _private(folder: Path, package: str, *command: str) -> tuple[list[str], dict[str, str]]:
    """A command line in a private namespace, and its environment."""
    libraries = [UNPACKED / package / "usr/lib/postfix"]
    libraries += [place.parent for place in (UNPACKED / "libraries").rglob("*.so*")]
    path = ":".join(dict.fromkeys(str(place) for place in libraries))
    words = ["unshare", "--mount", "sh", str(HERE / "private.sh"), str(folder), *command]
    return words, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": path}


POSTFIX = UNPACKED / "postfix"
SERVICES = (
    "tlsmgr unix - - n 1000? 1 tlsmgr",
    "anvil unix - - n - 1 anvil",
    "cleanup unix n - n - 0 cleanup",
    "rewrite unix - - n - - trivial-rewrite",
    "postlog unix-dgram n - n - 1 postlogd",
)
"""Lines of master.cf that every Postfix here has."""


@contextlib.contextmanager
def running_postfix(folder: Path, *, main: str, services: Iterable[str], **env: str) -> Iterator[int]:
    """Postfix with these settings and services beside its usual ones; yields the process id of its master."""
    for name in ("data", *(f"queue/{each}" for each in ("pid", "private", "public", "maildrop", "incoming"))):
        (folder / name).mkdir(parents=True)
    for name in ("active", "deferred", "hold", "corrupt", "flush", "bounce", "defer", "saved", "trace"):
        (folder / "queue" / name).mkdir()
    (folder / "main.cf").write_text(
        f"""compatibility_level = 3.6
command_directory = {POSTFIX}/usr/sbin
daemon_directory = {POSTFIX}/usr/lib/postfix/sbin
meta_directory = {POSTFIX}/etc/postfix
shlib_directory = {POSTFIX}/usr/lib/postfix
data_directory = {folder}/data
queue_directory = {folder}/queue
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = {OWN_NAME}
mydestination =
alias_maps =
local_recipient_maps =
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
import_environment = LD_LIBRARY_PATH MAIL_CONFIG {" ".join(env)}
export_environment = LD_LIBRARY_PATH MAIL_CONFIG
{main}"""
    )
    (folder / "master.cf").write_text("\n".join((*services, *SERVICES)) + "\n")
    start_postfix(folder, **env)
    try:
        yield _master(folder)
    finally:
        _end(_master(folder))


def start_postfix(folder: Path, **env: str) -> int:
    """Start the Postfix that is configured in a folder, perhaps again; gives the process id of its master."""
    # -w: return when the server is up, or with an error.
    words, own = _private(
        folder, "postfix", str(POSTFIX / "usr/lib/postfix/sbin/master"), "-c", str(folder), "-w"
    )
    started = subprocess.run(
        words, env={**own, "MAIL_CONFIG": str(folder), **env}, capture_output=True, text=True, timeout=START
    )
    log = folder / "log"
    assert started.returncode == 0, started.stderr + (log.read_text() if log.exists() else "")
    return _master(folder)


def _master(folder: Path) -> int:
    return int((folder / "queue/pid/master.pid").read_text())


@contextlib.contextmanager
def postfix(folder: Path) -> Iterator[Server]:
    """Postfix with one smtpd a place."""
    ca_file = certificates(folder)
    ports = dict(zip((*PLACES, STRICT), free_ports(len(PLACES) + 1), strict=True))
    services = [
        f"127.0.0.1:{port} inet n - n - - smtpd"
        f" -o smtpd_tls_cert_file={folder}/{place.certificate}.pem"
        f" -o smtpd_tls_key_file={folder}/{place.certificate}.key"
        f" -o smtpd_tls_security_level={'encrypt' if place.required else 'may'}"
        f" -o smtpd_tls_wrappermode={'yes' if place.security is Security.WRAPPER else 'no'}"
        for place, port in ports.items()
    ]
    main = "smtpd_peername_lookup = no\nsmtpd_tls_auth_only = yes\n"
    with running_postfix(folder, main=main, services=services):
        yield Server(ports=ports, ca_file=ca_file)


def _end(process: int) -> None:
    """End a process that is not our child, and wait until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(process)
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        select.select([handle], [], [], START)
        os.close(handle)


@contextlib.contextmanager
def opensmtpd(folder: Path) -> Iterator[Server]:
    """OpenSMTPD with one listener a place; it lets `CREDENTIALS` sign in, inside TLS only."""
    ca_file = certificates(folder)
    ports = dict(zip((*PLACES, STRICT), free_ports(len(PLACES) + 1), strict=True))
    hashed = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"],
        input=CREDENTIALS.password,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    lines = [f'table users {{ "{CREDENTIALS.user}" = "{hashed}" }}']
    for name in dict.fromkeys(place.certificate for place in ports):
        lines += [f'pki {name} cert "{folder}/{name}.pem"', f'pki {name} key "{folder}/{name}.key"']
    for place, port in ports.items():
        mode = "smtps" if place.security is Security.WRAPPER else "tls-require" if place.required else "tls"
        lines.append(
            f"listen on 127.0.0.1 port {port} {mode} pki {place.certificate} auth-optional <users>"
            f" hostname {OWN_NAME}"
        )
    # SES's mailbox simulator must not get mail from here: nothing is relayed.
    lines += [f'action "keep" maildir "{folder}/mail"', 'match from any for local action "keep"']
    configuration = folder / "smtpd.conf"
    configuration.write_text("\n".join(lines) + "\n")
    engine = next((UNPACKED / "engine").rglob("pkcs11.so"), None)
    openssl = folder / "openssl.cnf"
    openssl.write_text(ENGINE.format(engine=engine) if engine else "")
    words, env = _private(
        folder, "opensmtpd", str(UNPACKED / "opensmtpd/usr/sbin/smtpd"), "-d", "-v", "-f", str(configuration)
    )
    log = folder / "log"
    with (
        log.open("wb") as written,
        subprocess.Popen(words, env={**env, "OPENSSL_CONF": str(openssl)}, stderr=written) as server,
    ):
        try:
            _wait_for(log, "smtp: will accept", server)
            yield Server(ports=ports, ca_file=ca_file)
        finally:
            server.terminate()
            server.wait(START)


def _wait_for(log: Path, words: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until a server has logged something."""
    deadline = time.monotonic() + START
    while words not in log.read_text():
        assert server.poll() is None, f"the server ended:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"the server did not come up:\n{log.read_text()}"
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(0.02)
