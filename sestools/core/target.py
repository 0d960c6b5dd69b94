"""Where a probe connects, and how."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from sestools.core.credentials import Credentials
from sestools.core.endpoints import Security, default_security, smtp_host
from sestools.core.errors import UsageError
from sestools.core.text import printable

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")

_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
"""The name or number of an interface (15 characters on Linux): a host is part of command lines that people paste."""


def _check_host(host: str, what: str) -> None:
    address, percent, scope = host.partition("%")
    try:
        if percent and not (":" in address and _SCOPE.fullmatch(scope)):
            raise UsageError
        ipaddress.ip_address(address)
    except ValueError:
        if len(host) > 253 or not _HOST_NAME.fullmatch(host):
            shown = printable(host, 80)
            raise UsageError(f"{what} {shown!r} is neither a host name nor an IP address") from None


def _check_port(port: int, what: str) -> None:
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
        raise UsageError(f"{what} must be a whole number from 1 to 65535, not {port!r}")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a probe connects, and how.

    Attributes:
        host: The name to resolve, to send as SNI and to verify the certificate against.
        security: The TLS mode; by default the port's own.
        connect_to: Address and port to connect to instead of what DNS says: a tunnel, a VPC endpoint, the
            simulator. The certificate is still verified against `host`.
        ca_file: PEM file of the certificate authorities to trust, instead of the system's to look and of Amazon's
            to sign in.
        credentials: What to sign in with; None stops before AUTH.
    """

    host: str
    port: int = 587
    security: Security | None = None
    connect_to: tuple[str, int] | None = None
    ca_file: str | None = None
    credentials: Credentials | None = None

    def __post_init__(self) -> None:
        _check_host(self.host, "host")
        _check_port(self.port, "port")
        mode = default_security(self.port) if self.security is None else Security(self.security)
        object.__setattr__(self, "security", mode)
        if self.connect_to is not None:
            _check_host(self.connect_to[0], "connect_to address")
            _check_port(self.connect_to[1], "connect_to port")
        if self.ca_file is not None:
            object.__setattr__(self, "ca_file", str(self.ca_file))

    @classmethod
    def ses(cls, region: str, port: int = 587, **more: Any) -> Target:
        """The SES SMTP endpoint of a region, such as `Target.ses("eu-west-1", port=465)`."""
        return cls(host=smtp_host(region), port=port, **more)

    def __str__(self) -> str:
        via = f" via {self.connect_to[0]}:{self.connect_to[1]}" if self.connect_to else ""
        return f"{self.host}:{self.port} ({self.security}{via})"
