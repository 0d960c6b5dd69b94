"""A throwaway certificate authority for the simulator, and certificates that do not verify."""

from __future__ import annotations

import contextlib
import datetime
import os
import ssl
import tempfile
from pathlib import Path
from typing import IO

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FOLDERS, FILE = "sestools-simulator-", "ca.pem"
"""How the name of a simulator's temporary folder begins, and what is in it."""
DAY = datetime.timedelta(days=1)


class Authority:
    """Issues server contexts for one host name; each kind of certificate is made when first needed."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._ca = trustme.CA(
            organization_name="sestools simulator, trusted by nobody else",
            organization_unit_name="made up for this run",
            key_type=trustme.KeyType.ECDSA,
        )
        self._contexts: dict[str, ssl.SSLContext] = {}

    def write_ca(self, path: Path) -> IO[bytes]:
        """Write the certificate that a client has to trust, locked as long as the file that is returned is open."""
        unfinished = path.with_suffix(".new")
        file = unfinished.open("wb")
        file.write(self._ca.cert_pem.bytes())
        file.flush()
        with contextlib.suppress(OSError):
            _lock(file)
        unfinished.rename(path)
        return file

    def context(self, kind: str = "good") -> ssl.SSLContext:
        """A server context: `good`, `expired`, `wrong-name`, `unknown-issuer` or `self-signed`."""
        if kind not in self._contexts:
            context = self._contexts[kind] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if kind == "self-signed":
                _load_self_signed(context, self._host)
            else:
                self._issue(kind).configure_cert(context)
        return self._contexts[kind]

    def _issue(self, kind: str) -> trustme.LeafCert:
        now = datetime.datetime.now(datetime.UTC)
        if kind == "expired":
            return self._ca.issue_cert(self._host, not_before=now - 30 * DAY, not_after=now - DAY)
        if kind == "wrong-name":
            return self._ca.issue_cert("mail.example.net")
        ca = (
            trustme.CA(organization_name="Example Proxy CA", organization_unit_name="TLS inspection")
            if kind == "unknown-issuer"
            else self._ca
        )
        service, _, domain = self._host.partition(".")
        region = domain.partition(".")[0]
        # The names that SES's own certificates have been seen with.
        names = (f"{service}-fips.{domain}", f"*.{service}.{region}.vpce.amazonaws.com")
        # And the names under which clients on this host call the simulator, which are nobody else's.
        local = () if kind == "unknown-issuer" else ("localhost", "127.0.0.1")
        return ca.issue_cert(self._host, *names, *local)


def remove_leftovers() -> None:
    """Remove the folders of simulators that were killed: nobody holds the lock of the file in them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
        with contextlib.suppress(OSError):
            # Only what is surely of this user: anybody can write to that folder.
            if not folder.is_symlink() and folder.stat().st_uid == os.getuid():
                with (folder / FILE).open("rb") as file:
                    _lock(file)
                    (folder / FILE).unlink()
                folder.rmdir()


def _lock(file: IO[bytes]) -> None:
    """Lock a file; OSError if another process has locked it, or it cannot be locked here."""
    try:
        import fcntl
    except ModuleNotFoundError:
        raise OSError("this system has no such locks") from None
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _load_self_signed(context: ssl.SSLContext, host: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Appliance")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 365 * DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = key.private_bytes(*form) + certificate.public_bytes(serialization.Encoding.PEM)
    with trustme.Blob(pem).tempfile() as path:
        context.load_cert_chain(path)
