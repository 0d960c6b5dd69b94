"""How a TLS handshake begins, and what its failures are called."""

from __future__ import annotations

import contextlib
import ssl

NOT_TLS = {
    "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE",
    "BAD_RECORD_TYPE",
}  # fmt: skip
"""OpenSSL's reasons for what is no TLS record."""


def is_alert(error: ssl.SSLError) -> bool:
    """Whether the other side broke off, with an alert."""
    return "_ALERT_" in (error.reason or "")


def client_hello(context: ssl.SSLContext, host: str) -> bytes:
    """What a client says first."""
    said = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), said, server_hostname=host).do_handshake()
    return said.read()
