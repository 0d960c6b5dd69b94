"""A Postfix in front of SES is ended with SIGKILL at random moments of its dialogues, and started again."""

from __future__ import annotations

import random
import re
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from clients.relay import relay
from peers.servers import START

from sestools.simulator import Simulator, faults

EACH = 10
"""Messages that are queued before each kill."""
FAULTS = (
    ("reply-lost", 0.05), ("reset:MAIL", 0.05), ("closed:DATA", 0.03), ("reset:TLS", 0.05), ("reset:BODY", 0.03),
    ("says:service-failure-454", 0.1), ("says:send-rate", 0.1),
)  # fmt: skip
IMPATIENT = """minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
smtp_connection_cache_on_demand = yes
"""
"""What is tried again within a second, for a test cannot wait five minutes."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of it: messages queued, lost, and accepted more than once; and kills in the middle of work."""

    queued: int
    lost: int
    duplicated: int
    kills: int
    killed_with_mail_waiting: int


class _Alarm:
    """Goes off after a number of lines of dialogue: a moment that is random for whoever speaks."""

    def __init__(self) -> None:
        self._left = 0
        self.rings = threading.Event()

    def set(self, lines: int) -> None:
        self.rings.clear()
        self._left = lines

    def heard(self, *_: object) -> None:
        self._left -= 1
        if self._left == 0:
            self.rings.set()


def crash(folder: Path, *, kills: int, seed: int) -> Told:
    """Queue mail, let it drain, kill in the midst of it, start again; at the end let all of it drain."""
    chance = random.Random(seed)
    alarm = _Alarm()
    wrong = [faults.parse(word, chance=probability) for word, probability in FAULTS]
    waiting = 0
    with (
        Simulator(faults=wrong, seed=seed, delay=0.005, on_event=alarm.heard) as ses,
        relay(folder, ses, IMPATIENT) as postfix,
    ):
        for number in range(kills):
            alarm.set(chance.randint(1, 150))
            postfix.submit(range(number * EACH, (number + 1) * EACH))
            assert alarm.rings.wait(START), "Postfix says nothing more"
            postfix.kill()
            waiting += len(subjects(ses)) < (number + 1) * EACH
            postfix.start()
        ses.set_faults()
        everything = set(range(kills * EACH))
        for _ in range(10):
            if everything <= subjects(ses).keys():
                break
            postfix.flush_all()
        found = subjects(ses)
    assert found.keys() <= everything
    return Told(
        queued=len(everything),
        lost=len(everything - found.keys()),
        duplicated=found.total() - len(found),
        kills=kills,
        killed_with_mail_waiting=waiting,
    )


def subjects(ses: Simulator) -> Counter[int]:
    """How often each message was accepted."""
    found = (re.search(rb"^Subject: (\d+)\r$", accepted.message, re.M) for accepted in list(ses.accepted))
    return Counter(int(one[1]) for one in found if one)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="sestools-crash-") as name:
        Path(name).chmod(0o755)
        print(crash(Path(name), kills=int(sys.argv[1]), seed=int(sys.argv[2])))
