"""What a session tells its carrier to do: say bytes, wait, switch to TLS, end. A session itself does no I/O."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple


class Say(NamedTuple):
    """Send these bytes; one a time with `seconds` between them, if that is not 0.

    A tuple, since it is made for every reply, and a frozen dataclass takes three times as long to make.
    """

    data: bytes
    seconds: float = 0.0


class Pour(NamedTuple):
    """Send this piece again and again until so many bytes are sent, as fast as the client takes them."""

    piece: bytes
    total: int


class Wait(NamedTuple):
    """Do nothing for so many seconds; what follows waits too."""

    seconds: float


class Turn(Enum):
    """What becomes of the connection."""

    START_TLS = auto()
    """From here on both sides speak TLS."""
    STALL = auto()
    """Stay connected, take whatever comes, and never say anything again."""
    CLOSE = auto()
    """End the connection in an orderly way, once everything is sent."""
    HALF_CLOSE = auto()
    """End this side of the connection only."""
    ABORT = auto()
    """Reset the connection at once."""


Action = Say | Pour | Wait | Turn
