"""A Postfix in front of SES is ended with SIGKILL at random moments of its dialogues, and started again.

Usage: crashes.py [KILLS [SEED]]; it needs root and `make provide`. The configuration is the package's own
(`sestools.sending.client_config.relay`), with shorter waits. Exit code 1 if a message is lost, or sent twice though SES's answer to the
first was not lost.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from clients.relay import product, relay
from peers.servers import START

from sestools.simulator import Accepted, Simulator, faults

EACH = 15
"""Messages that are queued before each kill."""
LINES = 120
"""Within how many lines of dialogue a kill comes: fewer than so many messages need."""
FAULTS = (
    ("reply-lost", 0.05), ("reset:GREETING", 0.03), ("reset:TLS", 0.03), ("closed:AUTH", 0.03), ("reset:MAIL", 0.03),
    ("closed:DATA", 0.03), ("reset:BODY", 0.03), ("says:service-failure-454", 0.05), ("says:send-rate", 0.1),
)  # fmt: skip
IMPATIENT = {"minimal_backoff_time": "1s", "maximal_backoff_time": "1s", "queue_run_delay": "1s"}
"""What is tried again within a second, for a test cannot wait half a minute."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of it.

    Attributes:
        queued: Messages that Postfix took.
        lost: Those that SES never accepted.
        duplicated: How often SES accepted a message that it had accepted before.
        unexplained: Those of them where the answer to the first was not lost.
        kills: How often Postfix was killed.
        in_the_midst: Kills while mail was waiting.
        connections: Connections to SES.
        failures: What SES and the network did wrong: how often.
        seconds: How long it took.
    """

    queued: int
    lost: int
    duplicated: int
    unexplained: int
    kills: int
    in_the_midst: int
    connections: int
    failures: dict[str, int]
    seconds: float


class _Watch:
    """Sees all dialogue: it says when a number of lines is over, and which connections ended how."""

    def __init__(self) -> None:
        self._left = 0
        self.rings = threading.Event()
        self.failures: Counter[str] = Counter()
        self.open: set[int] = set()
        self.cut: set[int] = set()
        """Connections that ended otherwise than by the client's will."""
        self.last_heard: dict[int, str] = {}

    def set(self, lines: int) -> None:
        """Ring after so many lines."""
        self.rings.clear()
        self._left = lines

    def heard(self, _: int, connection: int, direction: str, text: str) -> None:
        """The simulator's event."""
        if direction == ">":
            self.last_heard[connection] = text
        elif direction == "<" and text.startswith("454"):
            self.failures["454"] += 1
        elif text == "connected":
            self.open.add(connection)
        elif text == "disconnected":
            self.open.discard(connection)
        elif direction == "*" and text in ("reset by the simulator", "its host is retired"):
            self.failures[text] += 1
            self.cut.add(connection)
        self._left -= 1
        if self._left == 0:
            self.rings.set()

    def lost_answer(self, accepted: Accepted) -> bool:
        """Whether the client may not know that this was accepted, if it was the connection's last."""
        number = accepted.connection
        return number in self.cut and self.last_heard[number].startswith("[message")


def crash(folder: Path, *, kills: int, seed: int) -> Told:
    """Queue mail, let it drain, kill in the midst of it, start again; at the end all of it drains."""
    chance = random.Random(seed)
    watch = _Watch()
    wrong = [faults.parse(word, chance=probability) for word, probability in FAULTS]
    wrong += [faults.parse("outage", since=since, until=since + 1) for since in range(3, 600, 7)]
    midst = 0
    begun = time.monotonic()
    with (
        Simulator(
            seed=seed, delay=0.002, host_lifetime=4.0, random_lifetimes=True, on_event=watch.heard
        ) as ses,
        relay(folder, ses, product(folder, ses, **IMPATIENT)) as postfix,
    ):
        for number in range(kills):
            # While it is queued, SES cannot be reached; so all of it drains before the watch.
            ses.set_faults(faults.parse("refused"))
            postfix.submit(range(number * EACH, (number + 1) * EACH))
            ses.set_faults(*wrong)
            watch.set(chance.randint(1, LINES))
            postfix.hurry()
            assert watch.rings.wait(START), "Postfix says nothing more"
            before, opened = set(watch.open), ses.connections
            postfix.kill()
            watch.cut |= before | set(range(opened + 1, ses.connections + 1))
            midst += len(_by_subject(ses)) < (number + 1) * EACH
            postfix.start()
        postfix.drain()
        found = _by_subject(ses)
    everything = set(range(kills * EACH))
    assert found.keys() <= everything
    again = [one for some in found.values() for one in some[:-1]]
    last = {one.connection: one for one in ses.accepted}
    return Told(
        queued=len(everything),
        lost=len(everything - found.keys()),
        duplicated=len(again),
        unexplained=sum(last[one.connection] is not one or not watch.lost_answer(one) for one in again),
        kills=kills,
        in_the_midst=midst,
        connections=ses.connections,
        failures=dict(watch.failures),
        seconds=round(time.monotonic() - begun, 1),
    )


def _by_subject(ses: Simulator) -> dict[int, list[Accepted]]:
    """Where and how often each message was accepted, in order."""
    found = defaultdict(list)
    for accepted in list(ses.accepted):
        subject = re.search(rb"^Subject: (\d+)\r$", accepted.message, re.M)
        assert subject, accepted
        found[int(subject[1])].append(accepted)
    return found


def main(kills: int = 20, seed: int = 1) -> int:
    """Tell what came of it."""
    with tempfile.TemporaryDirectory(prefix="sestools-crash-") as name:
        Path(name).chmod(0o755)  # Postfix's own account goes in, too
        told = crash(Path(name), kills=kills, seed=seed)
    print(f"Postfix, killed, seed {seed}: {told}")
    return int(told.lost > 0 or told.unexplained > 0 or told.in_the_midst < kills / 2)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
