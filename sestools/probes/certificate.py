"""What a server's certificate says, and why it did not verify."""

from __future__ import annotations

import contextlib
import datetime
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sestools.core.text import printable


class Problem(StrEnum):
    """Why a certificate did not verify."""

    EXPIRED = "expired"
    """Its time is over."""
    NOT_YET_VALID = "not yet valid"
    """Its time has not begun; often this host's clock is wrong."""
    WRONG_NAME = "wrong name"
    """It is for another host name than the one dialled."""
    SELF_SIGNED = "self-signed"
    """The server vouches for itself."""
    UNKNOWN_ISSUER = "unknown issuer"
    """Its issuer is not among the trusted authorities."""
    WEAK = "too weak"
    """Its key or the digest of its signature is too weak."""
    OTHER = "other"
    """Another reason; the detail says it."""


# OpenSSL's X509_V_ERR_* numbers (x509_vfy.h).
_PROBLEMS = {
    9: Problem.NOT_YET_VALID,
    10: Problem.EXPIRED,
    18: Problem.SELF_SIGNED,
    19: Problem.UNKNOWN_ISSUER,  # a self-signed authority in the chain that is not trusted
    20: Problem.UNKNOWN_ISSUER,
    21: Problem.UNKNOWN_ISSUER,
    62: Problem.WRONG_NAME,
    64: Problem.WRONG_NAME,  # an IP address was dialled that the certificate does not name
    66: Problem.WEAK,
    67: Problem.WEAK,
    68: Problem.WEAK,
}


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A server certificate.

    Attributes:
        subject: Whom it is for, such as `CN=email-smtp.eu-west-1.amazonaws.com`.
        issuer: Who signed it, such as `C=US, O=Amazon, CN=Amazon RSA 2048 M01`.
        by_amazon: Whether the issuer calls itself Amazon. Enough to look at; who signs in asks for the roots.
        names: Host names and addresses that it covers.
        not_before: Start of validity, UTC.
        not_after: End of validity, UTC.
        alone: Whether the server is known to have sent no other certificate with it.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime.datetime
    not_after: datetime.datetime
    by_amazon: bool = False
    alone: bool = False


@dataclass(frozen=True, kw_only=True)
class TlsFacts:
    """What a TLS handshake showed.

    Attributes:
        version: Protocol version, such as `TLSv1.3`; None if the handshake did not finish.
        cipher: Cipher suite.
        verified: Whether the certificate verified against the trusted authorities and the host name.
        problem: Why it did not verify.
        detail: OpenSSL's words for it.
        certificate: The server's certificate, verified or not; None if it could not be seen.
        amazons: Whether one that is not trusted here leads to a root of Amazon; None if that was not tried.
    """

    version: str | None = None
    cipher: str | None = None
    verified: bool = False
    problem: Problem | None = None
    detail: str = ""
    certificate: Certificate | None = None
    amazons: bool | None = None


def why_not(error: ssl.SSLCertVerificationError) -> Problem:
    """Why verification failed, by OpenSSL's number."""
    return _PROBLEMS.get(error.verify_code, Problem.OTHER)


_SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "localityName": "L",
    "stateOrProvinceName": "ST",
}


def parsed(peer: Mapping[str, Any]) -> Certificate | None:
    """A certificate in the form of `SSLSocket.getpeercert`; times may be times."""
    if not peer:
        return None
    subject, issuer = (
        [f"{_SHORT.get(kind, kind)}={value}" for part in peer.get(key, ()) for kind, value in part]
        for key in ("subject", "issuer")
    )
    return Certificate(
        subject=printable(", ".join(subject)),
        issuer=printable(", ".join(issuer)),
        names=tuple(printable(value, 255) for _, value in peer.get("subjectAltName", ())[:100]),
        not_before=_utc(peer["notBefore"]),
        not_after=_utc(peer["notAfter"]),
        by_amazon="O=Amazon" in issuer,
    )


@lru_cache(maxsize=64)  # the same few certificates are seen again and again
def _utc(time: str | datetime.datetime) -> datetime.datetime:
    if isinstance(time, datetime.datetime):
        return time
    return datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(time), datetime.UTC)


def unverified(connection: ssl.SSLSocket) -> Certificate | None:
    """A certificate that did not verify. The standard library does not parse it; cryptography does."""
    der = connection.getpeercert(binary_form=True)
    if der is None:
        return None
    from cryptography import x509

    try:
        found = x509.load_der_x509_certificate(der)
        names: list[Any] = []
        with contextlib.suppress(x509.ExtensionNotFound):
            names = list(found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        shown = parsed(
            {
                "subject": [[(one.rfc4514_attribute_name, one.value) for one in found.subject]],
                "issuer": [[(one.rfc4514_attribute_name, one.value) for one in found.issuer]],
                "subjectAltName": [("", str(name.value)) for name in names],
                "notBefore": found.not_valid_before_utc,
                "notAfter": found.not_valid_after_utc,
            }
        )
        return replace(shown, alone=_is_alone(connection)) if shown else None
    except ValueError:
        return None  # a certificate that cannot even be parsed has no facts


def _is_alone(connection: ssl.SSLSocket) -> bool:
    """Whether the server sent one certificate only; Python before 3.13 knows it and has no public name for it."""
    inner = getattr(connection, "_sslobj", None)
    asked = getattr(connection, "get_unverified_chain", None) or getattr(inner, "get_unverified_chain", None)
    return asked is not None and len(asked() or ()) == 1
