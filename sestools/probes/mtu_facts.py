"""How large packets fared on the way to a server and back: what `probe_mtu` found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sestools.core.results import as_dict
from sestools.probes.kernel import Counters, Route

LOSSY = 0.2
"""Share of small packets sent again from which loss explains a stall as well as size does."""


class Way(StrEnum):
    """In which direction large segments are sent."""

    UP = "client to server"
    """A burst of NOOPs, as a message's body would go."""
    DOWN = "server to client"
    """The server's certificates, in the TLS handshake."""


class Flight(StrEnum):
    """What became of large segments."""

    PASSED = "passed"
    """All were acknowledged, or the handshake ended."""
    LOST = "lost"
    """They were sent again and again, and never acknowledged."""
    WINDOW = "window closed"
    """They were never sent: the other side announced that it reads no more."""
    SILENT = "silent"
    """Nothing more came from the server."""
    BROKEN = "broken"
    """The connection failed before or while they were sent."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One connection of the probe.

    Attributes:
        way: The direction of the large segments.
        clamp: Largest segment in bytes that this connection allowed; None for the system's own choice.
        flight: What became of them.
        seconds: How long the large segments took, or were waited for.
        samples: Seconds and bytes acknowledged (or received, from the server) so far.
        before: The counters when the large segments began.
        after: The counters at the end; None if the connection was not made.
        address: The IP address that it was made to.
    """

    way: Way
    clamp: int | None
    flight: Flight
    seconds: float = 0.0
    samples: tuple[tuple[float, int], ...] = ()
    before: Counters | None = None
    after: Counters | None = None
    address: str = ""

    @property
    def stalled(self) -> bool:
        """Whether the large segments did not get through although the connection stood."""
        return self.flight in (Flight.LOST, Flight.WINDOW, Flight.SILENT)

    @property
    def path_mtu(self) -> int | None:
        """Path MTU in bytes that the kernel believed in at the end."""
        return self.after.path_mtu if self.after else None

    def carried(self, headers: int) -> int | None:
        """The largest packet that passed, in bytes, where it is smaller than both ends asked for."""
        before, after = self.before, self.after
        if before is None or after is None or self.flight is not Flight.PASSED:
            return None
        if (
            self.way is Way.UP
        ):  # no larger than the segments that both ends agreed on, whatever the path carries
            return min(after.path_mtu, after.mss + headers)
        return after.received_mss + headers if self.narrowed(0) else None

    def narrowed(self, most: int) -> bool:
        """Whether large packets passed and were made smaller than `most` bytes, or than this side's own."""
        before, after = self.before, self.after
        if before is None or after is None or self.flight is not Flight.PASSED:
            return False
        if self.way is Way.UP:
            return after.path_mtu < most
        # The server's full segments, if it sent enough to fill some. Linux takes them to be 536 bytes at least.
        return after.received - before.received >= 2 * before.mss and after.received_mss < before.mss

    @property
    def acknowledged(self) -> int:
        """Bytes that were acknowledged; from server to client: that came."""
        return self.samples[-1][1] if self.samples else 0

    @property
    def retransmits(self) -> int:
        """How many segments were sent again because of the large ones."""
        return self.after.retransmits - self.before.retransmits if self.after and self.before else 0

    def to_dict(self) -> dict[str, Any]:
        """The trial for a program; `acknowledged` are bytes, received ones from server to client."""
        return {
            **as_dict(self, "way clamp address flight seconds retransmits path_mtu"),
            "acknowledged": self.acknowledged,
            **{name: getattr(self.after, name, None) for name in ("unacked", "unsent", "window")},
        }


class Passage(StrEnum):
    """How large packets fared."""

    WHOLE = "pass whole"
    """They pass in the size that this host's interface allows."""
    NARROWED = "pass narrowed"
    """They pass after path MTU discovery, this host's route, or a router made them smaller."""
    BY_SIZE = "stall by size"
    """They stall above a size and pass below it, again and again: a path MTU black hole."""
    ALWAYS = "stall whatever their size"
    """Smaller ones stall as well, or small packets get lost, too: it is not the size."""
    UNKNOWN = "not seen"
    """No large packet was sent or asked for."""


@dataclass(frozen=True, kw_only=True)
class MtuFacts:
    """How large packets fare on the way to a server and back.

    Attributes:
        passage: How they fared.
        ways: Directions in which they stalled.
        route: This host's way out: its interface and both MTUs, as before the first packet.
        address: The address that this is about; None if none was connected to.
        segment: Largest segment (TCP maximum segment size) in bytes seen to pass, where some stalled.
        stalls_at: Smallest segment in bytes seen to stall; one more than `segment` when the search ended.
        path_mtu: Largest packet in bytes that passes: `segment` and its headers when some stalled, else the
            largest that was sent; None if nothing was learnt.
        sizes: For each direction that stalls by size the largest packet in bytes that passes in it.
        probing: Whether this host's TCP looks for the path MTU itself (`tcp_mtu_probing`); None if not known.
        lost_small: Share of small packets that had to be sent again, 0 to 1.
        trials: Each connection to that address, in order.
        others: Connections to other addresses of the name, with large segments as this host sends them.
        greeting: What greeted; None if nothing did. SES's greeting says SimpleEmailService.
    """

    passage: Passage = Passage.UNKNOWN
    ways: tuple[Way, ...] = ()
    route: Route | None = None
    address: str | None = None
    segment: int | None = None
    stalls_at: int | None = None
    path_mtu: int | None = None
    sizes: tuple[tuple[Way, int], ...] = ()
    probing: bool | None = None
    lost_small: float = 0.0
    trials: tuple[Trial, ...] = ()
    others: tuple[Trial, ...] = ()
    greeting: str | None = None

    @property
    def jumbo(self) -> bool:
        """Whether the interface sends jumbo frames (larger than 1500 bytes), which no internet path carries."""
        return self.route is not None and self.route.interface != "lo" and self.route.interface_mtu > 1500

    @property
    def narrowed(self) -> bool:
        """Whether packets pass, and smaller than the interface would send them."""
        return self.passage is Passage.NARROWED

    @property
    def exact(self) -> bool:
        """Whether the size was found to the byte."""
        return self.segment is not None and self.stalls_at == self.segment + 1

    @property
    def lossy(self) -> bool:
        """Whether so many small packets were lost that loss explains a stall as well as size does."""
        return self.lost_small >= LOSSY

    @property
    def below_ipv6(self) -> bool:
        """Whether an IPv6 path carries less than the 1280 bytes that each one has to (RFC 8200)."""
        return ":" in (self.address or "") and bool(self.path_mtu and self.path_mtu < 1280 and self.ways)

    @property
    def seen(self) -> tuple[str, ...]:
        """What large segments did, in sentences: each direction, and the other addresses of the name."""
        told = []
        for way in Way:
            passed = [trial for trial in self.trials if trial.way is way and trial.flight is Flight.PASSED]
            if passed and way not in self.ways:
                some = passed[0].acknowledged
                few = some < 1460  # less than an ordinary packet holds
                but = ", too little to fill a packet: how large ones fare there was not seen" if few else ""
                told.append(
                    f"about {max(1, round(some / 1000))} kB passed from {way}, at {self.address}{but}"
                )
        for address in dict.fromkeys(trial.address for trial in self.others):
            there = [trial for trial in self.others if trial.address == address]
            stalled = [str(trial.way) for trial in there if trial.stalled]
            tried = any(trial.flight is Flight.PASSED for trial in there)
            what = (
                f"stall from {' and '.join(stalled)}"
                if stalled
                else "pass"
                if tried
                else "could not be tried"
            )
            told.append(f"large segments {what} at {address}, another address of the name")
        return tuple(told)

    @property
    def stall(self) -> str:
        """What stalled and how, in a sentence; empty if nothing did."""
        if self.passage not in (Passage.BY_SIZE, Passage.ALWAYS):
            return ""
        first = next(trial for trial in self.trials if trial.stalled)
        if self.passage is Passage.ALWAYS:
            why = "segments of the smallest size stall, too"
            if self.lossy:
                why = f"{self.lost_small:.0%} of small packets were lost, too"
            so_far = f" after {first.acknowledged} bytes" if first.acknowledged else ""
            return f"large segments timed out{so_far} from {first.way} at {self.address} ({first.flight}), but {why}"
        if first.flight is Flight.WINDOW:
            how = "nothing was lost, the other side stopped reading, as a simulator does in place of losing"
        elif first.way is Way.UP:
            how = (
                f"{first.retransmits} segments were sent again and none acknowledged, and the kernel still "
                f"believes in a path MTU of {first.path_mtu}"
            )
        else:
            how = "what the server sent last came, what it sent before did not"
        carries = f"packets of {'' if self.exact else 'at least '}{self.path_mtu} bytes"
        if len({size for _, size in self.sizes}) > 1:
            carries = " and ".join(f"packets of {size} bytes from {way}" for way, size in self.sizes)
        return (
            f"large segments vanish from {' and '.join(self.ways)} at {self.address}: with segments of at most "
            f"{self.segment} bytes they pass, with {self.stalls_at} they stall; the path carries {carries}; {how}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The facts for a program; sizes in bytes, times in seconds."""
        names = "passage ways address jumbo segment stalls_at path_mtu exact lost_small trials others"
        return {
            **as_dict(self, names),
            "sizes": {str(way): size for way, size in self.sizes},
            "tcp_mtu_probing": self.probing,
            "gateway": self.route.gateway if self.route else None,
            "interface": self.route.interface if self.route else None,
            "interface_mtu": self.route.interface_mtu if self.route else None,
            "route_mtu": self.route.mtu if self.route else None,
        }
