"""Faults of the network and of TLS: the connection is not made, made wrongly, or carries badly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sestools.core.errors import UsageError
from sestools.simulator.checks import FieldError
from sestools.simulator.faults.base import Fault

__all__ = [
    "BadCertificate", "Bandwidth", "BlackHole", "Dropped", "Latency", "Outage", "Refused", "Shut", "Silent", "Sliced",
    "WrongMode",
]  # fmt: skip


class Shut(Fault):
    """A fault of ports and times that stops connection attempts: there is no connection yet that could be counted."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("connections", "after", "times", "chance"):
            if getattr(self, name) != getattr(Fault, name):
                raise FieldError(
                    name, f"{name} is no condition of {self.name!r}, which has ports, since and until"
                )


class Refused(Shut, name="refused"):
    """The connection attempt is answered by a reset, as from a port where nothing listens."""


class Dropped(Shut, name="dropped"):
    """The connection attempt is never answered, as behind a firewall that drops. (A real time-out: the kernel
    drops the SYN since the accept queue is full. Linux only.)
    """


class Silent(Fault, name="silent"):
    """The connection opens, and then the server says nothing at all."""


class WrongMode(Fault, name="wrong-mode"):
    """The port speaks the other TLS mode: TLS at once where STARTTLS is expected, and the reverse."""


CertificateKind = Literal["expired", "wrong-name", "unknown-issuer", "self-signed"]


@dataclass(frozen=True)
class BadCertificate(Fault, name="bad-certificate"):
    """The certificate does not verify: expired, for another name, of an unknown issuer, or self-signed."""

    kind: CertificateKind = "expired"

    def __post_init__(self) -> None:
        super().__post_init__()
        kinds = get_args(CertificateKind)
        if self.kind not in kinds:
            raise UsageError(f"a bad certificate is one of {', '.join(kinds)}, not {self.kind!r}")


class Outage(Shut, name="outage"):
    """The network is gone for a time (`since`, `until`): connection attempts fail, and open connections stand still."""


@dataclass(frozen=True)
class Latency(Fault, name="latency", bounds=(("seconds", 0, 3600), ("jitter", 0, 3600))):
    """Whatever the server sends arrives so many seconds later, give or take `jitter`, in order."""

    seconds: float = 0.1
    jitter: float = 0.0


@dataclass(frozen=True)
class Bandwidth(Fault, name="bandwidth", bounds=(("rate", 1e-3, 1e12),)):
    """No more than so many bytes a second go through in each direction."""

    rate: float = 10_000


@dataclass(frozen=True)
class Sliced(Fault, name="sliced", bounds=(("size", 1, 1e9),)):
    """What the server sends arrives in pieces of so many bytes."""

    size: int = 1


@dataclass(frozen=True)
class BlackHole(Fault, name="black-hole", bounds=(("mss", 48, 65535),)):
    """Segments larger than `mss` vanish, as in a path MTU black hole: a client that announced a larger segment
    size stalls at its first large write, one that is clamped to it passes.
    """

    mss: int = 1460
