"""The values of Postfix's configuration.

Sources: the SES guide's "Integrating with Postfix" and "SMTP issues" pages, postconf(5). Needs Postfix 3.6.
"""

from __future__ import annotations

import math
from pathlib import Path

from sestools.core.endpoints import PORTS, Security
from sestools.core.errors import UsageError

__all__ = ["FILTER", "PASSWORDS", "TEMPORARY", "TLSPROXY", "postfix_values"]

PASSWORDS, TEMPORARY = "ses_password", "ses_temporary"
"""Files beside main.cf: the password map, and the filter of refusals."""
TLSPROXY = "tlsproxy/unix=tlsproxy unix - - y - 0 tlsproxy"
"""The line that master.cf needs beside them, for `postconf -M`. Distributions ship it commented out."""
FILTER = (
    r"/^5(\.[0-9]+\.[0-9]+ .*Sending (is )?(paused|suspended) for this account.*)/ 4$1",
    r"/^5(\.[0-9]+\.[0-9]+ .*MAIL FROM domain not verified.*)/ 4$1",
)
"""Refusals that end by themselves, or when AWS lifts them: the mail stays in the queue and does not bounce."""


def postfix_values(
    host: str,
    messages: int | None,
    age: int | None,
    idle: int | None,
    *,
    port: int = 587,
    folder: str | Path = "/etc/postfix",
    ca_file: str = "/etc/ssl/certs/ca-certificates.crt",
    rate: float | None = None,
    connections: int = 4,
) -> dict[str, object]:
    """The values of Postfix's template.

    Args:
        host: SES's endpoint.
        messages: After how many messages a connection is changed.
        age: After how many whole seconds.
        idle: After how many whole seconds of silence.
        port: One of SES's five ports.
        folder: Where Postfix's configuration is, and the files that `write_relay` writes.
        ca_file: The certificate authorities to trust.
        rate: The account's sending rate in messages a second: 1 for a new account. None if it is not known.
        connections: At most so many connections at a time.

    Raises:
        UsageError: If that is not a port of SES, or a number makes no sense.
    """
    if port not in PORTS:
        raise UsageError(f"SES has the ports {', '.join(map(str, PORTS))}, and not {port!r}")
    if not (rate is None or 0 < rate < math.inf) or connections < 1:
        raise UsageError("rate must be greater than 0, and connections at least 1")
    # Postfix counts whole seconds, takes 0 for no limit, and uses a connection that it keeps at least twice.
    reuse = messages != 1 and 0 not in (age, idle)
    return {
        "relayhost": f"[{host}]:{port}",
        "folder": folder,
        "ca_file": ca_file,
        "wrapper": "yes" if PORTS[port] is Security.WRAPPER else None,
        "rate": None if rate is None else f"{rate:g}",
        "delay": None if rate is None else f"{math.ceil(1 / rate) if rate <= 1 else 0}s",
        "connections": connections,
        "once": None if reuse else "no",
        "reuse": "yes" if reuse else None,
        "kept": host if reuse else None,
        "uses": messages - 1
        if reuse and messages
        else None,  # with a limit of N there are N + 1 (postconf(5))
        "age": age if reuse else None,
        "idle": idle if reuse else None,
        "temporary": "\n#   ".join(FILTER),
        "tlsproxy": TLSPROXY,
    }
