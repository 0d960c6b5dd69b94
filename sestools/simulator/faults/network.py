"""Faults of the network and of TLS: the connection is not made, made wrongly, or carries badly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sestools.core.errors import UsageError
from sestools.simulator.faults.base import Fault


@dataclass(frozen=True)
class _OfPorts(Fault):
    """A fault of ports and times: it is there before any connection that could be counted."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("connections", "after", "times", "chance"):
            if getattr(self, name) != getattr(Fault, name):
                raise UsageError(f"{name} is no condition of {self.name!r}, which has ports, since and until")


@dataclass(frozen=True)
class Refused(_OfPorts):
    """The connection attempt is answered by a reset, as from a port where nothing listens."""

    name = "refused"


@dataclass(frozen=True)
class Dropped(_OfPorts):
    """The connection attempt is never answered, as behind a firewall that drops. (A real time-out: the kernel
    drops the SYN since the accept queue is full. Linux only.)
    """

    name = "dropped"


@dataclass(frozen=True)
class Silent(Fault):
    """The connection opens, and then the server says nothing at all."""

    name = "silent"


@dataclass(frozen=True)
class WrongMode(Fault):
    """The port speaks the other TLS mode: TLS at once where STARTTLS is expected, and the reverse."""

    name = "wrong-mode"


CertificateKind = Literal["expired", "wrong-name", "unknown-issuer", "self-signed"]


@dataclass(frozen=True)
class BadCertificate(Fault):
    """The certificate does not verify: expired, for another name, of an unknown issuer, or self-signed."""

    kind: CertificateKind = "expired"
    name = "bad-certificate"

    def __post_init__(self) -> None:
        super().__post_init__()
        kinds = get_args(CertificateKind)
        if self.kind not in kinds:
            raise UsageError(f"a bad certificate is one of {', '.join(kinds)}, not {self.kind!r}")


@dataclass(frozen=True)
class Outage(_OfPorts):
    """The network is gone for a time (`since`, `until`): connection attempts fail, and open connections stand still."""

    name = "outage"


@dataclass(frozen=True)
class Latency(Fault):
    """Whatever the server sends arrives so many seconds later, give or take `jitter`, in order."""

    seconds: float = 0.1
    jitter: float = 0.0
    name = "latency"
    bounds = (("seconds", 0, 3600), ("jitter", 0, 3600))


@dataclass(frozen=True)
class Bandwidth(Fault):
    """No more than so many bytes a second go through in each direction."""

    rate: float = 10_000
    name = "bandwidth"
    bounds = (("rate", 1e-3, 1e12),)


@dataclass(frozen=True)
class Sliced(Fault):
    """What the server sends arrives in pieces of so many bytes."""

    size: int = 1
    name = "sliced"
    bounds = (("size", 1, 1e9),)


@dataclass(frozen=True)
class BlackHole(Fault):
    """Segments larger than `mss` vanish, as in a path MTU black hole: a client that announced a larger segment
    size stalls at its first large write, one that is clamped to it passes.
    """

    mss: int = 1460
    name = "black-hole"
    bounds = (("mss", 48, 65535),)
