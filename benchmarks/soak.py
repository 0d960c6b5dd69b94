"""Checks against a simulator that fails in one way after the other, for ten minutes: nothing may leak.

Usage: soak.py [SECONDS]. After the first round the process must hold no more threads and file descriptors,
and its memory may not grow by more than 16 MiB. Exit code 1 if it does.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time

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


def main() -> int:
    """Run until the time is up and compare."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    end = time.monotonic() + seconds
    checks = round_of_checks()
    threads, files, memory = before = held()
    while time.monotonic() < end:
        checks += round_of_checks()
    after = held()
    print(f"{checks} checks; threads, files, bytes: {before} after the first round, {after} at the end")
    leaked = after[0] > threads or after[1] > files or after[2] > memory + GROWTH
    print("LEAKED" if leaked else "nothing leaked")
    return int(leaked)


if __name__ == "__main__":
    sys.exit(main())
