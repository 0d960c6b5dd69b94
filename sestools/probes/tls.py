"""The TLS handshake and the certificate."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from sestools.core.clock import TIMEOUT
from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.probes import session
from sestools.probes.certificate import TlsFacts


def probe_tls(
    target: Target,
    *,
    timeout: float = TIMEOUT,
    addresses: Sequence[str] | None = None,
    cancel: threading.Event | None = None,
) -> ProbeResult[TlsFacts | None]:
    """Go as far as the TLS handshake: which version and cipher, whose certificate, and why not verified?

    A certificate that does not verify is fetched once more on a second connection that carries nothing
    else, so that its names, issuer and expiry can be told.

    Args:
        target: Where to connect; its credentials are not used.
        timeout: Seconds for everything together.
        addresses: IP addresses to try instead of resolving the name.
        cancel: Set it to end the probe within a tenth of a second.

    Returns:
        Facts are `TlsFacts`; None if no handshake was reached.

    Raises:
        UsageError: On wrong use, such as a target without TLS.
    """
    if target.security is Security.PLAIN:
        raise UsageError(f"{target} uses no TLS; choose STARTTLS or a TLS wrapper")
    result = session.run("tls", target, timeout=timeout, until=Stage.TLS, addresses=addresses, cancel=cancel)
    return replace(result, facts=result.facts.tls)  # type: ignore[arg-type, return-value] # other facts
