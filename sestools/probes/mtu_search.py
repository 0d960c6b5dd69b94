"""The search for the largest packets that pass on the way to one address and back."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from sestools.core import trust
from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Stage
from sestools.core.results import symptom_at
from sestools.probes.connect import Connection, connect
from sestools.probes.kernel import Route, counters, probes_mtu, route_to, tcp_info
from sestools.probes.mtu_facts import LOSSY, Flight, MtuFacts, Passage, Trial, Way
from sestools.probes.recorder import Recorder, Stopped
from sestools.probes.segment_trial import push, shake
from sestools.probes.session import ClientSession

MOST_TRIALS = 30
"""Connections that the probe makes at most."""
SHORT_BURST, LONG_BURST, LARGEST_BURST = 3_200, 12_000, 20_000
"""Bytes that it sends on one of them: two segments that vanish are enough; eight that pass, for some paths lose
them only later; and at most more than two segments of 9001 bytes."""
SMALL = 4
"""Small commands sent, one at a time, before each burst: they show whether small packets get lost, too."""
PATIENCE = 1.6
"""Seconds, and four round trips, without a byte after which an unclamped handshake stalls: a server has sent thrice
by then (RFC 6298)."""
SLOW = 0.4
"""Round trip in seconds from which time runs out because the path is slow, and fewer small commands are sent."""

# Path MTUs that are often met: Ethernet, PPPoE, tunnels of every kind, clouds, mobile networks, old minima.
_USUAL = (
    *(576, 1006, 1200, 1280, 1300, 1320, 1340, 1350, 1360, 1380, 1390, 1400, 1410, 1420, 1430, 1436, 1440),
    *(1450, 1460, 1476, 1480, 1492, 1500, 8500, 9001),
)


class SizeSearch:
    """A search under way."""

    def __init__(self, recorder: Recorder, mtu: int | None) -> None:
        self._recorder, self._mtu = recorder, mtu
        self._target, self._deadline = recorder.target, recorder.deadline
        self._tls = trust.blind() if self._target.security is not Security.PLAIN else None
        self._clamp: int | None = None
        self._route: Route | None = None
        self._trials: list[Trial] = []
        self._ways: list[Way] = []
        """Directions in which large segments were shown to stall by their size."""
        self._largest: int | None = None
        self._smallest: int | None = None
        self._small = self._small_again = 0
        self._sizes: list[tuple[Way, int]] = []
        self._always, self._headers = False, 40
        self._burst = LONG_BURST
        self.address: str | None = None
        self.plain: list[Trial] = []
        """Trials with segments as this host sends them."""

    def run(
        self, addresses: Sequence[str], connected: Callable[[str], None] | None = None, *, look: bool = False
    ) -> None:
        """Both directions; unclamped first, and the search where that stalls, unless it only has a `look`."""
        self._addresses = tuple(addresses)
        if self._mtu:
            self._clamp = self._mtu - (60 if ":" in self._addresses[0] else 40)
        wrapper = self._target.security is Security.WRAPPER
        ways = [Way.UP] if self._tls is None else [Way.DOWN, Way.UP] if wrapper else [Way.UP, Way.DOWN]
        for way in ways:
            # On a wrapper port the handshake has to pass before a burst can be sent.
            known = self._largest if wrapper and way is Way.UP else None
            first = self._trial(way, known or self._clamp, self._recorder)
            self.plain.append(first)
            if connected and way is ways[0]:
                connected(first.address)
            if not first.stalled or look:
                continue
            if way is Way.UP and first.acknowledged < SHORT_BURST:
                self._burst = SHORT_BURST  # else they get lost only later
            floor = 1220 if self._headers == 60 else 536  # what every path carries (RFC 8200, RFC 1122)
            high = first.clamp or (first.before.mss if first.before else 65535)
            for low in dict.fromkeys(filter(None, (self._largest, floor, 536))):
                passes = low < high and not self._trial(way, low).stalled
                if passes:
                    break
                high = low
            if not passes or self.facts().lossy:
                self._always = True
                return
            self._ways.append(way)
            if low != self._largest:  # else it carries what the other direction does
                self._largest, self._smallest = low, high
                self._search(way)
            self._sizes.append((way, (self._largest or low) + self._headers))

    def _search(self, way: Way) -> None:
        """Close in on the size from both sides: over usual path MTUs, then one byte above, then by halves."""
        usual = [mtu - self._headers for mtu in _USUAL]
        edge = True
        while self._largest is not None and self._smallest is not None and self._smallest - self._largest > 1:
            low, high = self._largest, self._smallest
            between = [size for size in usual if low < size < high]
            if between:
                middle = between[len(between) // 2]
            else:
                middle, edge = (low + 1 if edge else (low + high) // 2), False
            if self._trial(way, middle).stalled:
                self._smallest = middle
            else:
                self._largest = middle

    def _trial(self, way: Way, clamp: int | None, recorder: Recorder | None = None) -> Trial:
        """One connection. The first one's steps are the probe's; the others keep theirs to themselves."""
        if len(self._trials) >= MOST_TRIALS:
            raise TimeoutError(f"no answer after {MOST_TRIALS} connections")
        own = recorder or Recorder(self._target, self._deadline)
        with connect(own, self._addresses, clamp) as connection:
            self._addresses, self.address = (connection.address,), connection.address
            self._headers = 60 if ":" in connection.address else 40
            if not self._trials:
                self._route = route_to(connection.address)
            trial = self._fly(way, clamp, ClientSession(own, Stage.EHLO, self._tls), connection)
            trial = replace(trial, address=connection.address)
        self._trials.append(trial)
        if trial.flight is Flight.BROKEN:
            detail = f"the connection broke while large segments went from {way}"
            stage = Stage.EHLO if way is Way.UP else Stage.TLS
            raise Stopped(symptom_at(self._target, Kind.RESET, stage, detail))
        return trial

    def _fly(self, way: Way, clamp: int | None, session: ClientSession, connection: Connection) -> Trial:
        if self._target.security is Security.WRAPPER:
            trial = self._handshake(clamp, connection)
            if way is Way.DOWN or trial.flight is not Flight.PASSED:
                return trial
        sock = connection.socket
        try:
            session.greeting(connection)
            session.note(capabilities_before_tls=session.ehlo(connection))
            if way is Way.DOWN:
                session.starttls(connection)
            else:
                info = tcp_info(sock)
                for _ in range(1 if info and info.rtt >= SLOW else SMALL):
                    push(sock, self._deadline, b"NOOP\r\n", 8, clamp)
        finally:
            if now := counters(sock):
                self._small += now.sent + 1 - now.retransmits  # with the first one, that opens the connection
                self._small_again += now.retransmits
        if way is Way.DOWN:
            return self._handshake(clamp, connection)
        # NOOPs that fill two packets and more, in lines as long as RFC 5321 (4.5.3.1.4) allows.
        size = min(max(2 * (now.path_mtu if now else 1500) + 200, self._burst), LARGEST_BURST)
        timeouts = 3 if clamp == self._clamp else 2
        line = b"NOOP " + b"x" * 500 + b"\r\n"
        trial = push(sock, self._deadline, line * -(-size // len(line)), timeouts, clamp)
        if trial.flight is Flight.PASSED:
            _leave(sock)
        return trial

    def _handshake(self, clamp: int | None, connection: Connection) -> Trial:
        assert self._tls is not None  # noqa: S101 - only asked for with TLS
        sock = self._tls.wrap_socket(
            connection.socket, server_hostname=self._target.host, do_handshake_on_connect=False
        )
        info = tcp_info(connection.socket)
        connection.socket = sock
        patience = PATIENCE if clamp == self._clamp else PATIENCE / 2
        return shake(sock, self._deadline, patience + (4 * info.rtt if info else 0.0), clamp)

    def facts(self) -> MtuFacts:
        """What was seen so far."""
        route = self._route
        plain = [trial for trial in self._trials if trial.clamp == self._clamp]
        replies = [step.reply for step in self._recorder.steps if step.stage is Stage.GREETING]
        passage, mtu = Passage.UNKNOWN, None
        lost_small = min(1.0, self._small_again / max(self._small, 1))
        if self._ways and lost_small < LOSSY:
            passage = Passage.BY_SIZE
            mtu = self._largest + self._headers if self._largest else None
        elif self._always or self._ways:
            passage = Passage.ALWAYS
        elif plain:
            mtu = min(filter(None, (trial.carried(self._headers) for trial in plain)), default=None)
            most = min(route.interface_mtu, 65535) if route else 0
            narrow = any(trial.narrowed(most) for trial in plain)
            passage = Passage.NARROWED if narrow else Passage.WHOLE
        return MtuFacts(
            passage=passage,
            ways=tuple(self._ways) if passage is Passage.BY_SIZE else (),
            address=self.address,
            route=route,
            segment=self._largest,
            stalls_at=self._smallest,
            path_mtu=mtu,
            sizes=tuple(self._sizes) if passage is Passage.BY_SIZE else (),
            probing=probes_mtu(),
            lost_small=lost_small,
            trials=tuple(self._trials),
            greeting=next((reply.text for reply in replies if reply), None),
        )


def _leave(sock: socket.socket) -> None:
    """Say good-bye, and read what came, for a moment only: some servers never answer NOOP."""
    end = time.perf_counter() + 0.3
    sock.settimeout(0.3)
    with contextlib.suppress(OSError):
        sock.send(b"QUIT\r\n")
        while sock.recv(16 * 1024) and time.perf_counter() < end:
            pass
