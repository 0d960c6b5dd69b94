"""The careful sender beside a naive one: 20 seeds x fault scripts x 10,000 messages, from the ledger's truth.

Usage: lost.py [SEEDS [MESSAGES]]. Exit code 1 if the careful sender loses a message, sends one twice that it
did not report as unknown, or holds one for sent that is not.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from sestools.labs import SCRIPTS, Lab, Result, careful, lost_mail, naive


def one(script: str, seed: int, messages: int) -> tuple[Result, ...]:
    """Both senders under one script."""
    return lost_mail(script, contenders=[naive(), careful()], messages=messages, seeds=[seed]).results


def prove(seeds: int = 20, messages: int = 10_000) -> Lab:
    """All of it, on all cores."""
    runs = list(product(SCRIPTS, range(seeds)))
    with ProcessPoolExecutor() as pool:
        some = pool.map(one, *zip(*runs, strict=True), [messages] * len(runs))
        return Lab(results=tuple(result for results in some for result in results))


def failed(lab: Lab) -> int:
    """How often the careful sender broke its promise."""
    ours = [result for result in lab.results if result.sender == "sestools"]
    assert ours
    return sum(result.lost + result.unreported + result.wrong for result in ours)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    found = prove(*given)
    print(found)
    sys.exit(bool(failed(found)))
