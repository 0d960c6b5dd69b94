"""A throwaway certificate authority for the simulator, and certificates that do not verify."""

from __future__ import annotations

import datetime
import ssl
import tempfile
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


class Authority:
    """Issues server contexts for one host name; each kind of certificate is made when first needed."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._ca = trustme.CA(
            organization_name="sestools simulator, trusted by nobody else", key_type=trustme.KeyType.ECDSA
        )
        self._contexts: dict[str, ssl.SSLContext] = {}

    def write_ca(self, path: Path) -> None:
        """Write the certificate that a client has to trust."""
        self._ca.cert_pem.write_to_path(str(path))

    def context(self, kind: str = "good") -> ssl.SSLContext:
        """A server context: `good`, `expired`, `wrong-name`, `unknown-issuer` or `self-signed`."""
        if kind not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if kind == "self-signed":
                _load_self_signed(context, self._host)
            else:
                self._issue(kind).configure_cert(context)
            self._contexts[kind] = context
        return self._contexts[kind]

    def _issue(self, kind: str) -> trustme.LeafCert:
        now = datetime.datetime.now(datetime.UTC)
        if kind == "expired":
            return self._ca.issue_cert(self._host, not_before=now - 30 * DAY, not_after=now - DAY)
        if kind == "wrong-name":
            return self._ca.issue_cert("mail.example.net")
        ca = trustme.CA(organization_name="Example Proxy CA") if kind == "unknown-issuer" else self._ca
        service, _, domain = self._host.partition(".")
        region = domain.partition(".")[0]
        # The names that SES's own certificates have been seen with.
        return ca.issue_cert(
            self._host, f"{service}-fips.{domain}", f"*.{service}.{region}.vpce.amazonaws.com"
        )


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
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
