"""What a session tells its carrier to do: say bytes, wait, switch to TLS, end. A session itself does no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Say(NamedTuple):
    """Send these bytes; one a time with `seconds` between them, if that is not 0.

    A tuple, since it is made for every reply, and a frozen dataclass takes three times as long to make.
    """

    data: bytes
    seconds: float = 0.0


@dataclass(frozen=True)
class Pour:
    """Send this piece again and again until so many bytes are sent, as fast as the client takes them."""

    piece: bytes
    total: int


@dataclass(frozen=True)
class Wait:
    """Do nothing for so many seconds; what follows waits too."""

    seconds: float


@dataclass(frozen=True)
class StartTls:
    """From here on both sides speak TLS."""


@dataclass(frozen=True)
class Stall:
    """Stay connected, take whatever comes, and never say anything again."""


@dataclass(frozen=True)
class Close:
    """End the connection in an orderly way, once everything is sent."""


@dataclass(frozen=True)
class HalfClose:
    """End this side of the connection only."""


@dataclass(frozen=True)
class Abort:
    """Reset the connection at once."""


Action = Say | Pour | Wait | StartTls | Stall | Close | HalfClose | Abort
