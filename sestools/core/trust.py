"""Who gets credentials: one rule, which is asked about the connection on which credentials are to be sent.

The rule: TLS, verified for the target's own name against Amazon's public roots, or else against the authorities
that the user named for this target; SES's greeting; no reply before its command; and AUTH offered inside TLS
with a supported mechanism.
"""

from __future__ import annotations

import contextlib
import os
import re
import ssl
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal
from weakref import WeakKeyDictionary

from sestools.core.endpoints import region_of
from sestools.core.enums import Kind, Stage
from sestools.core.errors import UsageError
from sestools.core.results import Symptom, symptom_at
from sestools.core.speakers import stranger
from sestools.core.target import Target
from sestools.core.text import printable

Mechanism = Literal["PLAIN", "LOGIN"]

SPOKEN: tuple[Mechanism, ...] = ("PLAIN", "LOGIN")
"""The supported mechanisms, which SES offers, too; the preferred first."""

_GREETING = re.compile(r"[\w.-]+ ESMTP SimpleEmailService-[\w-]+(?: \w+)?")
"""SES's greeting after its code, of all fleets since 2012: which host, which session."""

_UNTRUSTED = {18, 19, 20, 21}
"""OpenSSL's numbers (X509_V_ERR_*, x509_vfy.h) for a certificate that leads to no trusted authority."""


class Refused(Exception):
    """No credentials for this connection; the symptom names the cause, what was seen, and what would allow it."""

    def __init__(self, symptom: Symptom) -> None:
        super().__init__(str(symptom))
        self.symptom = symptom


def is_greeting(text: str) -> bool:
    """Whether this is how SES greets; the text after the code."""
    return _GREETING.fullmatch(text.strip()) is not None


def offered(capabilities: Sequence[str], wanted: str | None = None) -> Mechanism | None:
    """The mechanism to sign in with, of those that an EHLO reply's lines offer; None if there is none."""
    lines = [line.upper().replace("=", " ").split() for line in capabilities]
    words = {word for line in lines if line[:1] == ["AUTH"] for word in line[1:]}
    return next((one for one in SPOKEN if one in words and one == (wanted or one)), None)


def no_offer(capabilities: Sequence[str], wanted: str | None = None) -> str:
    """The id of the cause why nobody can sign in where EHLO lists this, or an empty text if one can."""
    if offered(capabilities, wanted):
        return ""
    lists_auth = any(re.match(r"\s*AUTH(?![^\s=])", line, re.IGNORECASE) for line in capabilities)
    return "auth-mechanism" if lists_auth else "auth-missing"


def only_amazon(target: Target) -> bool:
    """Whether nobody but Amazon can vouch for this target: an SES endpoint, and the user named no authorities."""
    return not target.ca_file and region_of(target.host) is not None


_VOUCHED: WeakKeyDictionary[ssl.SSLContext, str | None] = WeakKeyDictionary()
"""The contexts that may carry credentials: the CA file that each trusts, or None for Amazon's roots."""


def looking(ca_file: str | None = None) -> ssl.SSLContext:
    """A context for connections that sign in nowhere: it trusts what the system trusts, or else the named file.

    It is kept, because making one costs as much as fifty handshakes; whoever starts many threads asks once
    before. `UsageError` is raised if the CA file cannot be read.
    """
    return _named(ca_file, _stamp(ca_file)) if ca_file else _systems(*_system())


def blind() -> ssl.SSLContext:
    """A context that verifies nothing, to look at what does not verify; `permit` lets it carry no credentials."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def signing_in(target: Target) -> ssl.SSLContext:
    """The context of a connection that is to sign in. No other one gets past `permit`."""
    return _amazons() if only_amazon(target) else looking(target.ca_file)


def _context(**authorities: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(**authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@lru_cache(maxsize=1)
def _amazons() -> ssl.SSLContext:
    context = _context(cadata=files("sestools.core").joinpath("amazon_roots.pem").read_text("ascii"))
    _VOUCHED[context] = None
    return context


@lru_cache(maxsize=8)
def _named(ca_file: str, _stamp: object) -> ssl.SSLContext:
    try:
        context = _context(cafile=ca_file)
    except OSError as error:
        why = getattr(error, "reason", None) or error.strerror or str(error)
        raise UsageError(f"CA file {ca_file!r} cannot be read: {printable(why)}") from None
    _VOUCHED[context] = ca_file
    return context


@lru_cache(maxsize=2)
def _systems(*_state: object) -> ssl.SSLContext:
    return _context()


def _system() -> tuple[object, ...]:
    """Where the system keeps its authorities, and their state: a repair must show without a new process."""
    where = ssl.get_default_verify_paths()
    return where.cafile, _stamp(where.cafile), where.capath, _stamp(where.capath)


def _stamp(path: str | None) -> object:
    with contextlib.suppress(OSError):
        found = os.stat(path or "")
        return found.st_mtime_ns, found.st_size, found.st_ino
    return None


def permit(
    target: Target,
    *,
    sock: Any,
    greeting: str,
    capabilities: Sequence[str],
    unasked: bytes,
    wanted: str | None = None,
) -> Mechanism:
    """Whether credentials may go over this connection now: the mechanism to use. `Refused` is raised if they may not.

    Args:
        target: Whom they are for.
        greeting: The text after 220 with which it began.
        capabilities: The lines of the EHLO reply inside TLS, without the first.
        unasked: What has come and answers no question; nothing, if all is well.
        wanted: A mechanism, if only that will do.
    """
    if not (target.ca_file or region_of(target.host)):
        raise _refused(
            target, "host-not-ses", Stage.AUTH, f"{target.host} is not the name of an SES endpoint, and no --ca-file "
            "FILE (ca_file=) says whose certificates to trust for it",
        )  # fmt: skip
    _check_tls(target, sock)
    check_greeting(target, greeting)
    if unasked:
        seen = f"'{printable(unasked, 120)}' came before the command that it would answer"
        raise _refused(target, "reply-unasked", Stage.AUTH, seen)
    if found := offered(capabilities, wanted):
        return found
    listed = printable(", ".join(capabilities), 200) or "nothing"
    raise _refused(
        target, no_offer(capabilities, wanted), Stage.EHLO, f"inside TLS, EHLO lists {listed}, and no AUTH with "
        f"{wanted or ' or '.join(SPOKEN)}",
    )  # fmt: skip


def check_greeting(target: Target, greeting: str) -> None:
    """Raise `Refused` for whoever does not greet as SES does."""
    if not is_greeting(greeting):
        seen = f"the greeting '{printable(greeting, 200)}' is not that of SES"
        raise _refused(target, stranger(greeting), Stage.GREETING, seen)


def _check_tls(target: Target, sock: Any) -> None:
    if getattr(sock, "pretends_tls", False) is True:
        return  # the simulator in memory: nothing leaves this process
    if not isinstance(sock, ssl.SSLSocket):
        raise _refused(target, "starttls-first", Stage.TLS, "the connection is not encrypted")
    ours = sock.context in _VOUCHED and _VOUCHED[sock.context] == (target.ca_file or None)
    strict = sock.context.verify_mode is ssl.CERT_REQUIRED and sock.context.check_hostname
    # A final dot is for DNS alone.
    same = (sock.server_hostname or "").rstrip(".").lower() == target.host.rstrip(".").lower()
    if not (ours and strict and same):
        raise _refused(
            target, "certificate-invalid", Stage.TLS, f"the certificate was not verified for {target.host} by the "
            "authorities that are trusted for it",
        )  # fmt: skip


def is_untrusted(error: ssl.SSLCertVerificationError) -> bool:
    """Whether it is the authority that is not trusted, not another fault of the certificate."""
    return error.verify_code in _UNTRUSTED


def not_amazons(
    target: Target, error: ssl.SSLCertVerificationError, issuer: str, *, trusted_here: bool
) -> Symptom | None:
    """What it means that a certificate did not verify where only Amazon is trusted: somebody else issued it.

    None if it failed for another reason, or the user named other authorities. `issuer` is who issued it, as
    far as that could be seen; `trusted_here` tells whether this system trusts it.
    """
    if not only_amazon(target) or not is_untrusted(error):
        return None
    here = "although this host trusts it" if trusted_here else "and this host does not trust it either"
    return _refused(
        target, "tls-intercepted", Stage.TLS, f"the certificate does not lead to one of Amazon's roots, {here}; its "
        f"issuer is {printable(issuer, 200) or 'not known'}. --ca-file FILE (ca_file=) with that authority would allow it",
        Kind.TLS,
    ).symptom  # fmt: skip


def _refused(target: Target, cause: str, stage: Stage, seen: str, kind: Kind = Kind.GARBLED) -> Refused:
    return Refused(symptom_at(target, kind, stage, f"not signed in: {seen}", cause=cause))
