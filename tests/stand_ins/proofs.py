"""The certificates and TLS settings that stand-ins show, good and bad, all made at once: what waits for a key looks like a slow server."""

from __future__ import annotations

import datetime
import ssl
import subprocess
from pathlib import Path

import trustme

HOST = "email-smtp.eu-west-1.amazonaws.com"
ELSEWHERE = "email-smtp.us-east-1.amazonaws.com"
DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.UTC)
KINDS = (
    "good",
    "old",
    "new",
    "one cipher",
    "wants a certificate",
    "wants a certificate, 1.2",
    "weak key",
    "sha-1",
    "self-signed",
    "expired",
    "not yet valid",
    "another name",
    "another region",
    "missing intermediate",
    "company",
    "says Amazon",
    "unknown",
)


class Proofs:
    """Authorities of this test: one that the user may name, one that only the system trusts, and strangers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._named = trustme.CA(organization_name="Named by the user")
        self._company = trustme.CA(organization_name="Example Company Web Gateway")
        self.named = str(folder / "named.pem")
        self.company = str(folder / "company.pem")
        self._named.cert_pem.write_to_path(self.named)
        self._company.cert_pem.write_to_path(self.company)
        self._contexts = {name: self._make(name) for name in KINDS}

    def context(self, name: str) -> ssl.SSLContext:
        """The server's side of TLS, by the name of what is special about it."""
        return self._contexts[name]

    def _make(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if name in ("weak key", "self-signed", "sha-1"):
            self._by_hand(context, name)
            return context
        _certificate(self._issue(name), context, leaf_only=name == "missing intermediate")
        if name == "old":
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        elif name == "new":
            context.minimum_version = ssl.TLSVersion.TLSv1_3
        elif name == "one cipher":
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0")
        elif name.startswith("wants a certificate"):
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.named)
            if name.endswith("1.2"):
                context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _issue(self, name: str) -> trustme.LeafCert:
        kept = self._named
        match name:
            case "expired":
                return kept.issue_cert(HOST, not_before=NOW - 90 * DAY, not_after=NOW - 3 * DAY)
            case "not yet valid":
                return kept.issue_cert(HOST, not_before=NOW + 3 * DAY, not_after=NOW + 90 * DAY)
            case "another name":
                return kept.issue_cert("mail.example.net")
            case "another region":
                return kept.issue_cert(ELSEWHERE)
            case "missing intermediate":
                return kept.create_child_ca().issue_cert(HOST)
            case "company":
                return self._company.issue_cert(HOST)
            case "says Amazon":
                return trustme.CA(
                    organization_name="Amazon", organization_unit_name="Amazon RSA 2048 M01"
                ).issue_cert(HOST)
            case "unknown":
                return trustme.CA(organization_name="Example Proxy CA").issue_cert(HOST)
        return kept.issue_cert(HOST)

    def _by_hand(self, context: ssl.SSLContext, name: str) -> None:
        """What trustme would not make: openssl does."""
        key, file, request = (str(self._folder / f"{name}{end}") for end in (".key", ".pem", ".csr"))
        signer, names = str(self._folder / "signer.pem"), self._folder / "names"
        names.write_text(f"subjectAltName=DNS:{HOST}\n")
        self._named.private_key_pem.write_to_path(signer)
        size, digest = ("1024" if name == "weak key" else "2048"), ("-sha1" if name == "sha-1" else "-sha256")
        made = [
            "req",
            "-new",
            "-newkey",
            f"rsa:{size}",
            "-nodes",
            "-keyout",
            key,
            "-subj",
            "/O=Example Appliance",
        ]
        if name == "self-signed":
            _openssl(*made, "-x509", "-days", "30", "-addext", f"subjectAltName=DNS:{HOST}", "-out", file)
        else:
            _openssl(*made, "-out", request)
            _openssl("x509", "-req", "-in", request, "-CA", self.named, "-CAkey", signer, "-set_serial", "7",
                     "-days", "30", digest, "-extfile", str(names), "-out", file)  # fmt: skip
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(file, key)


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=20)


def _certificate(issued: trustme.LeafCert, context: ssl.SSLContext, *, leaf_only: bool) -> None:
    """Load a certificate with its chain, or without."""
    if not leaf_only:
        issued.configure_cert(context)
        return
    whole = issued.private_key_pem.bytes() + issued.cert_chain_pems[0].bytes()
    with trustme.Blob(whole).tempfile() as file:
        context.load_cert_chain(file)
