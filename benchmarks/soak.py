"""Long runs in which nothing may leak, be lost, or raise: `make soak`.

Usage: soak.py [SECONDS [MESSAGES [INPUTS [SEEDS [KILLS]]]]]. Checks against a simulator that fails in one way after
the other, for ten minutes; 100,000 messages through sockets with faults, after which the accounts of the clients
and the ledger have to agree; 100,000 inputs of nonsense to sessions; 20 seeds of 10,000 messages under each fault
script, of which the careful sender may lose none (ten minutes on two cores); a Postfix in front of SES that is
killed 20 times and may lose none either (it needs root and `make provide`). After the first round of checks and
the first fifth of the messages, the process must hold no more threads and file descriptors, and its memory may not
grow by more than 16 MiB. Exit code 1 if it does.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections import Counter

from fuzz import fuzz
from lost import failed, prove
from senders import Senders

from sestools import check
from sestools.simulator import Simulator, faults

GROWTH = 16 * 2**20
WAYS = (
    "", "refused", "dropped@25", "silent", "foreign-greeting", "starttls-missing", "starttls-masked",
    "wrong-mode", "bad-certificate:expired", "bad-certificate:unknown-issuer", "reset:EHLO", "closed:TLS",
    "stalled:GREETING", "drips:GREETING", "endless-greeting", "long-line", "mixed-codes", "injected",
)  # fmt: skip


def held() -> tuple[int, int, int]:
    """Threads, file descriptors and resident bytes of this process."""
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return threading.active_count(), len(os.listdir("/proc/self/fd")), pages * os.sysconf("SC_PAGE_SIZE")


def round_of_checks() -> int:
    """One simulator, one check in each way; each check must have said something."""
    with Simulator("eu-west-1") as ses:
        for way in WAYS:
            ses.set_faults(*([faults.parse(way)] if way else []))
            report = check(
                "eu-west-1", connect_to=ses.connect_to, ca_file=ses.ca_file, credentials=ses.credentials,
                timeout=0.5,
            )  # fmt: skip
            assert report.findings, way
            report.to_html()
    return len(WAYS)


Held = tuple[int, int, int]


def checks(seconds: float) -> tuple[Held, Held]:
    """Check until the time is up: what was held after the first round, and at the end."""
    end = time.monotonic() + seconds
    count = round_of_checks()
    before = held()
    while time.monotonic() < end:
        count += round_of_checks()
    print(f"{count} checks")
    return before, held()


def messages(count: int) -> tuple[Held, Held]:
    """Send so many messages: what was held after a fifth of them, and at the end."""
    fates: Counter[str] = Counter()
    before = None
    begun = time.monotonic()
    with Senders() as senders:
        while fates.total() < count:
            fates += senders.send(min(2000, count - fates.total()))
            if before is None and fates.total() >= count / 5:
                before = held()
        after = held()
    assert before
    print(f"{count} messages in {time.monotonic() - begun:.0f} s, ledger and accounts agree: {dict(fates)}")
    return before, after


def mail(seeds: int, kills: int) -> bool:
    """Whether the careful sender, or the Postfix that is killed, lost something or sent it twice without need."""
    lab = prove(seeds)
    print(lab, flush=True)
    from crashes import main as crash  # it needs root

    return bool(failed(lab)) | bool(crash(kills, seed=int(time.monotonic())))


def main() -> int:
    """Run all of them."""
    given = [float(word) for word in sys.argv[1:]]
    seconds, count, inputs, seeds, kills = given + [600.0, 100_000, 100_000, 20, 20][len(given) :]
    leaked = False
    for name, (before, after) in (("checks", checks(seconds)), ("messages", messages(int(count)))):
        print(f"{name}: threads, files, bytes: {before} after the first part, {after} at the end", flush=True)
        # A client whose connection was just lost connects again with its next message: a few files more or less.
        spare = 10 if name == "messages" else 0
        leaked |= after[0] > before[0] or after[1] > before[1] + spare or after[2] > before[2] + GROWTH
    begun = time.monotonic()
    said = fuzz(int(inputs), seed=int(begun))
    print(f"{int(inputs)} inputs of nonsense in {time.monotonic() - begun:.0f} s, seed {int(begun)}: {said}")
    print("LEAKED" if leaked else "nothing leaked")
    lost = mail(int(seeds), int(kills))
    print("LOST MAIL" if lost else "no mail lost")
    return int(leaked or lost)


if __name__ == "__main__":
    sys.exit(main())
