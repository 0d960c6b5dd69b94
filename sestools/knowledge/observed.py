"""What a cause means when one of our probes saw it: client, name and TLS mode are known, and are not at fault."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sestools.core.cause import Cause
from sestools.knowledge.causes.rows import NETWORK, sentences
from sestools.knowledge.table import cause

_WORDS: dict[str, dict[str, Any]] = {
    id: {**sentences(words), "who": NETWORK}
    for id, words in {
        "starttls-missing": """SES offers STARTTLS on ports 25, 587 and 2587. It is not in the list that came here:
            a device on the path takes it out, or another server answers.
            Do: Switch off SMTP inspection on the firewall or antivirus, or exclude the SES host from it.
            Do: Port 465 or 2465 needs no STARTTLS: it is TLS from the first byte.""",
        "certificate-wrong-name": """The endpoint's own name was asked for, and the certificate that came is for
            another: another server answers at this address, or a device on the way answers in SES's place.
            Do: Look at the names in the certificate: they say whose server it is.
            Do: Compare the address with what the name resolves to elsewhere; look for it in the hosts file.
            Do: If the name is that of your provider, ask it to stop redirecting outgoing SMTP.""",
        "certificate-expired": """On another port a certificate verifies at the same time, so this one is out of date
            by itself: something else than SES answers on this port, or a device that ends TLS for it.
            Do: Look at the certificate's issuer: SES's is Amazon.
            Do: Ask whoever runs the firewall, proxy or tunnel where it leads this port.""",
    }.items()
}
_ELSEWHERE = sentences(
    """The certificate is that of another SES endpoint: the address that was dialled belongs to that one, by the
    hosts file, DNS, a tunnel or a proxy.
    Do: Dial that endpoint by its own name, if that is the region you mean.
    Do: Or lead the name to its own address: look for it in the hosts file, and where the tunnel leads."""
)


def observed(row: Cause | str) -> Cause:
    """The cause as it is said of what a probe saw."""
    known = cause(row) if isinstance(row, str) else row
    return replace(known, **_WORDS.get(known.id, {}))


def of_another_endpoint() -> Cause:
    """What it means that the certificate is for an SES endpoint, and for another than was asked."""
    return replace(cause("certificate-wrong-name"), **_ELSEWHERE)
