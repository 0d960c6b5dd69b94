"""What shows in the TLS handshake: versions, ciphers, certificates, and who ends it."""

from __future__ import annotations

from sestools.core.enums import Level
from stand_ins.acts import (
    HANDSHAKE_FAILURE,
    PROTOCOL_VERSION,
    UNRECOGNIZED_NAME,
    Mail,
    alert,
    at_hello,
    old_hello,
    swallows,
)
from stand_ins.case import (
    ANOTHER,
    AUTHORITIES,
    CLOCK,
    MODE,
    NAME,
    PATH,
    READY,
    REASON,
    SILENCE,
    SIZE,
    SPOKE,
    UPDATE,
    Case,
)
from stand_ins.server import Act

FIVE = (25, 587, 2587, 465, 2465)
BASE = (SPOKE, READY, SILENCE, SIZE, MODE)


def both(tls: str) -> dict[int, Act]:
    """The same on 587 and 465."""
    return {587: Mail(tls=tls), 465: Mail(tls=tls, wrapper=True)}


VERSIONS = (
    Case(
        name="TLS 1.1 at most, refused by the server",
        acts=both("old"),
        lead="server-tls-too-old",
        truth="the server is too old, not this client",
        never=(*BASE, UPDATE, CLOCK, AUTHORITIES),
    ),
    Case(
        name="TLS 1.1 at most, refused here",
        acts={587: old_hello(), 465: old_hello(wrapper=True)},
        lead="server-tls-too-old",
        truth="the server chose TLS 1.1, which this client does not take; SES has 1.2 and 1.3",
        never=(*BASE, UPDATE, CLOCK, AUTHORITIES),
    ),
    Case(
        name="an alert: protocol version",
        acts={587: alert(PROTOCOL_VERSION)},
        lead="server-tls-too-old",
        truth="whoever answers has neither TLS 1.2 nor 1.3",
        never=(*BASE, UPDATE, CLOCK, AUTHORITIES),
    ),
    Case(
        name="an alert: handshake failure",
        acts={587: alert(HANDSHAKE_FAILURE)},
        lead="server-tls-too-old",
        truth="the other side broke off; this client offers all that SES takes",
        never=(*BASE, UPDATE, CLOCK, AUTHORITIES),
    ),
    Case(
        name="no common cipher",
        acts=both("one cipher"),
        lead="server-tls-too-old",
        truth="the other side takes one old cipher only, which SES does not ask for",
        never=(*BASE, UPDATE, CLOCK, AUTHORITIES),
    ),
    Case(
        name="SNI refused",
        acts={465: alert(UNRECOGNIZED_NAME, wrapper=True)},
        lead="server-name-refused",
        truth="it does not know SES's name, or blocks it",
        says=(r"(?i)unrecognized[_ ]name|SNI",),
        never=(*BASE, UPDATE, CLOCK, AUTHORITIES),
    ),
    Case(
        name="TLS 1.3 only",
        acts=both("new"),
        lead="healthy",
        level=Level.OK,
        truth="fine",
        never=(UPDATE, SILENCE),
    ),
    Case(
        name="a client certificate wanted, TLS 1.2",
        acts=both("wants a certificate, 1.2"),
        lead="client-certificate-wanted",
        truth="SES wants none: it is another server or a proxy",
        says=(r"client certificate|certificate of the client",),
        never=(*BASE, UPDATE, CLOCK, AUTHORITIES),
    ),
    Case(
        name="a client certificate wanted, TLS 1.3",
        acts=both("wants a certificate"),
        lead="client-certificate-wanted",
        truth="SES wants none; the alert comes after the handshake",
        says=(r"client certificate|certificate of the client",),
        never=(*BASE, UPDATE, CLOCK, AUTHORITIES, r"during the TLS handshake"),
    ),
    Case(
        name="the ClientHello swallowed on 587",
        acts={587: swallows()},
        lead="tls-swallowed",
        truth="STARTTLS is accepted and the ClientHello gets no answer: by its content or by its size",
        timeout=1.5,
        never=(READY, MODE, UPDATE, ANOTHER, SIZE),
    ),
    Case(
        name="the ClientHello swallowed on 465",
        acts={465: swallows(wrapper=True)},
        lead="reply-timeout",
        timeout=1.0,
        truth="connected, and the ClientHello gets no answer",
        never=(SPOKE, READY, MODE, UPDATE, ANOTHER, SIZE),
    ),
    Case(
        name="the ClientHello reset",
        acts={587: at_hello(None)},
        lead="closed-at-once",
        truth="reset on the ClientHello",
        says=(r"TLS",),
        never=(*BASE, UPDATE, ANOTHER),
    ),
    Case(
        name="the ClientHello reset on 465",
        acts={465: at_hello(None, wrapper=True)},
        lead="closed-at-once",
        truth="reset on the ClientHello",
        says=(r"TLS",),
        never=(*BASE, UPDATE, ANOTHER),
    ),
    Case(
        name="the ClientHello answered by a close",
        acts={587: at_hello()},
        lead="closed-at-once",
        truth="closed on the ClientHello",
        says=(r"TLS",),
        never=(*BASE, UPDATE, ANOTHER),
    ),
    Case(
        name="clear text after STARTTLS",
        acts={587: at_hello(b"250 Ok\r\n")},
        lead="starttls-refused",
        truth="it says 'go ahead' and then speaks clear text: no TLS is there",
        never=(*BASE, UPDATE, CLOCK),
    ),
)

CERTIFICATES = (
    Case(
        name="an RSA key of 1024 bits",
        acts=both("weak key"),
        lead="certificate-weak",
        truth="the key is too weak; Amazon's are not",
        says=(r"weak|too small",),
        never=(*BASE, CLOCK, AUTHORITIES, UPDATE, REASON),
    ),
    Case(
        name="a signature with SHA-1",
        acts=both("sha-1"),
        lead="certificate-weak",
        truth="the digest is too weak; Amazon's are not",
        says=(r"weak|SHA-?1",),
        never=(*BASE, CLOCK, AUTHORITIES, UPDATE, REASON),
    ),
    Case(
        name="a missing intermediate",
        acts=both("missing intermediate"),
        lead="ca-file-wrong chain-incomplete",
        truth="the server does not send its whole chain; the root is trusted here",
        says=(r"intermediate|chain",),
        never=(*BASE, CLOCK, AUTHORITIES),
    ),
    Case(
        name="expired on all ports",
        acts=both("expired"),
        lead="certificate-expired",
        truth="expired three days ago; this host's clock may be wrong, and that was not measured",
        says=(r"expired",),
        never=(*BASE, AUTHORITIES, UPDATE),
    ),
    Case(
        name="expired on one port of five",
        lead="certificate-expired",
        acts={
            port: Mail(tls="expired" if port == 587 else "good", wrapper=port % 1000 == 465) for port in FIVE
        },
        truth="four certificates verify with the same clock: something else answers on 587",
        says=(r"587",),
        never=(SPOKE, SILENCE, CLOCK, AUTHORITIES, UPDATE, PATH, r"(?m)^ *587 .*ready to sign in"),
    ),
    Case(
        name="not yet valid",
        acts=both("not yet valid"),
        lead="certificate-expired",
        truth="valid in three days: it is not expired",
        says=(r"not yet valid",),
        never=(*BASE, AUTHORITIES, UPDATE, r"has expired", r"certificate: expired"),
    ),
    Case(
        name="another name",
        acts=both("another name"),
        lead="certificate-wrong-name",
        truth="another server's certificate",
        says=(r"mail\.example\.net",),
        never=(*BASE, CLOCK, AUTHORITIES, UPDATE, NAME),
    ),
    Case(
        name="another region's name",
        acts=both("another region"),
        lead="certificate-wrong-name",
        truth="the address belongs to another region's endpoint",
        says=(r"email-smtp\.us-east-1",),
        never=(*BASE, CLOCK, AUTHORITIES, r"hosting firm", NAME),
    ),
    Case(
        name="self-signed",
        acts=both("self-signed"),
        lead="certificate-self-signed tls-intercepted",
        truth="a self-signed certificate for SES's name",
        says=(r"Example Appliance",),
        never=(*BASE, CLOCK, AUTHORITIES, UPDATE),
    ),
    Case(
        name="an unknown authority that says Amazon",
        acts=both("says Amazon"),
        ca="",
        lead="certificate-unknown-issuer tls-intercepted",
        truth="the issuer only calls itself Amazon: no root of Amazon vouches for it, and sestools has them",
        says=(r"calls itself|only says|none of Amazon's|not (?:one )?of Amazon's",),
        never=(*BASE, CLOCK, r"if it is not Amazon, something"),
    ),
    Case(
        name="an unknown authority",
        acts=both("unknown"),
        ca="",
        lead="tls-intercepted certificate-unknown-issuer",
        truth="a proxy whose authority is not known here",
        says=(r"Example Proxy CA",),
        never=(*BASE, CLOCK, AUTHORITIES),
    ),
    Case(
        name="interception that this host trusts",
        acts=both("company"),
        ca="",
        lead="tls-intercepted",
        truth="the company's gateway ends TLS",
        says=(r"Example Company Web Gateway",),
        never=(*BASE, CLOCK, AUTHORITIES, UPDATE),
    ),
    Case(
        name="interception, and its authority is named",
        acts=both("company"),
        ca="company",
        lead="healthy tls-intercepted",
        level=Level.OK,
        truth="the user allows it; that it is not Amazon's is worth a word",
        says=(r"Example Company Web Gateway",),
        never=(SILENCE, r"issued by Amazon"),
    ),
    Case(
        name="SES's own, and the wrong authority is named",
        acts=both("good"),
        ca="company",
        lead="ca-file-wrong",
        truth="the file that the user named is the wrong one",
        says=(r"ca_file|--ca-file",),
        never=(*BASE, CLOCK, UPDATE, AUTHORITIES),
    ),
    Case(
        name="a good one",
        acts=both("good"),
        lead="healthy",
        level=Level.OK,
        truth="fine",
        never=(UPDATE, SILENCE),
    ),
)

TLS = (*VERSIONS, *CERTIFICATES)
