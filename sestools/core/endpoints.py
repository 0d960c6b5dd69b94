"""Where the SES SMTP interface listens: host names, ports and their TLS mode.

Source: the SES guide's "Connecting to an SMTP endpoint" page. In which regions: `sestools.core.regions`.
"""

import ipaddress
import re

from sestools.core.enums import Mark, Term
from sestools.core.regions import KNOWN, region_named


class Security(Term):
    """How a connection is protected."""

    STARTTLS = (
        "starttls",
        "Begins in clear text and is upgraded by the STARTTLS command (ports 25, 587, 2587).",
    )
    WRAPPER = "wrapper", "TLS from the first byte, also called implicit TLS or SMTPS (ports 465, 2465)."
    PLAIN = "plain", "Never encrypted. SES refuses to sign in; useful only to look at a greeting."


PORTS = dict.fromkeys((25, 587, 2587), Security.STARTTLS) | dict.fromkeys((465, 2465), Security.WRAPPER)
"""The five SES ports and the TLS mode of each."""

REGIONS = tuple(name for name, region in KNOWN.items() if region.smtp is Mark.DOCUMENTED)
"""Regions that AWS's own code library lists with SMTP."""

REPORTED_REGIONS = tuple(name for name, region in KNOWN.items() if region.smtp is Mark.SEEN)
"""Regions that only a client's list has beside those."""

DEFAULT_REGION = "us-east-1"

ENDPOINT = r"email-smtp(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com"
API_HOST = r"email(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.(?:com|eu)|api\.aws)"
_HOST = re.compile(rf"(?:vpce-[0-9a-z-]+\.)?{ENDPOINT}", re.I)
_LOOK_ALIKES = (
    (API_HOST, "the HTTPS API of SES, which does not speak SMTP"),
    (r"email-smtp(?:-fips)?\.[a-z0-9-]+\.api\.aws",
     "a name that AWS gives to no SMTP endpoint; api.aws is for its HTTPS APIs"),
    (r"feedback-smtp\.[a-z0-9-]+\.amazonaws\.com",
     "no host at all; feedback-smtp lies under amazonses.com and takes bounces, not your mail"),
    (r"email-smtp\.amazonaws\.com", "the name that SES greets with; the host to dial has a region in its name"),
    (r"inbound-smtp\.[a-z0-9-]+\.amazonaws\.com", "where SES receives mail (an MX target), not where you send it"),
    (r"(.+\.)?mail-manager-smtp\.amazonaws\.com", "an SES Mail Manager ingress endpoint, another product"),
    (r"(.+\.)?amazonses\.com", "SES's outbound side; no submission endpoint lies under amazonses.com"),
)  # fmt: skip


def smtp_host(region: str) -> str:
    """The SMTP host name of a region, such as `email-smtp.eu-west-1.amazonaws.com`.

    Capitals are fine. A name that is no region's, or of one that has no such host, raises `UsageError`.
    """
    return f"email-smtp.{region_named(region)}.amazonaws.com"


def region_of(host: str) -> str | None:
    """The region in an SES SMTP host name (standard, FIPS or VPC endpoint), or None for any other host."""
    found = _HOST.fullmatch(host.rstrip("."))
    return found["region"].lower() if found else None


def look_alike(host: str) -> str | None:
    """What a host really is that is often taken for the SES SMTP endpoint, or None."""
    name = host.rstrip(".").lower()
    return next((what for pattern, what in _LOOK_ALIKES if re.fullmatch(pattern, name)), None)


def default_security(port: int) -> Security:
    """The TLS mode that a port is used with; STARTTLS for a port that is not SES's."""
    return PORTS.get(port, Security.STARTTLS)


_PRIVATE = tuple(map(
    ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
))  # fmt: skip
"""RFC 1918, 6598 and 4193: where a VPC endpoint has its addresses, and EC2 does not restrict port 25."""


def is_private(address: str) -> bool:
    """Whether an address is one of a private network, as a VPC endpoint's is. Loopback is not."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return any(found in network for network in _PRIVATE)
