"""All networks of the table, what the commands say in them, and whether it is right.

`python tests/network/cases.py [NAME...]` meets all of them, or some, and prints network, command, verdict, seconds
and sentences that are false there; `--report FILE` writes what the user reads as well.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from network import table_boxes, table_firewalls, table_links, table_names, table_sizes
from network.case import Network
from network.kernel import Networks
from network.known_wrong import KNOWN_WRONG
from network.spaces import why_not
from network.words import ANY

CASES: tuple[Network, ...] = (
    *table_names.NETWORKS,
    *table_firewalls.NETWORKS,
    *table_boxes.NETWORKS,
    *table_sizes.NETWORKS,
    *table_links.NETWORKS,
)
AT_ONCE = 8
"""Networks that exist at a time."""


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """One command in one network.

    Attributes:
        case: The network.
        command: The command.
    """

    case: Network
    command: str

    def __str__(self) -> str:
        return f"{self.case.name}-{self.command}"

    @property
    def most(self) -> float:
        """Seconds that it may take."""
        return self.case.limits.get(self.command, self.case.longest)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a command said in a network, and what is wrong with that.

    Attributes:
        meeting: The command and the network.
        seen: What the client reports.
        faults: What is wrong, in words; empty if it is right.
        false: The sentences that are false in this network.
    """

    meeting: Meeting
    seen: dict[str, Any]
    faults: tuple[str, ...]
    false: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.faults or self.false)


def meetings(names: Sequence[str] = (), *, short: bool = False) -> tuple[Meeting, ...]:
    """What is to be done: some networks or all, with each command; the short form has one command each."""
    chosen = [case for case in CASES if (not names or case.name in names) and (case.short or not short)]
    return tuple(
        Meeting(case=case, command=command)
        for case in chosen
        for command in (list(case.leads)[:1] if short else case.leads)
    )


def judge(meeting: Meeting, seen: dict[str, Any]) -> Judged:
    """Hold what a command said against what is true."""
    case, text = meeting.case, str(seen.get("text", ""))
    faults = []
    leads = case.leads[meeting.command]
    if leads and seen["cause"] not in leads:
        faults.append(f"leads with {seen['cause'] or 'nothing'}")
    for pattern in case.says.get(meeting.command, ()):
        if not re.search(pattern, text):
            faults.append(f"does not say {pattern}")
    # On a busy host a process waits for a processor; that is not the product's time.
    took = seen["seconds"] - seen.get("starved", 0.0)
    if took > meeting.most:
        faults.append(f"took {took:.1f} s, and {meeting.most} s are allowed")
    false = [
        sentence
        for sentence in sentences(text)
        if any(re.search(pattern, sentence) for pattern in (*ANY, *case.never))
    ]
    return Judged(meeting=meeting, seen=seen, faults=tuple(faults), false=tuple(dict.fromkeys(false)))


def sentences(text: str) -> Iterator[str]:
    """The lines of a verdict, each as its sentences."""
    for line in text.splitlines():
        stripped = re.sub(
            r"^\s*(?:What|Evidence|Ruled out|Do|Who|Retry|Or else|Same with|Unsure|Untested|Source)?\s+",
            "",
            line,
        )
        yield from re.split(r"(?<=[a-z)`'][.:;]) (?=[A-Z`(])", stripped.strip())


def meet(some: Sequence[Meeting], at_once: int = AT_ONCE) -> Iterator[Judged]:
    """Do them, several side by side, those that take longest first, and judge each in its turn."""
    cases = [replace(one.case, kind=one.command) for one in some]
    with Networks(cases) as networks, ThreadPoolExecutor(at_once) as pool:
        order = sorted(range(len(some)), key=lambda index: -some[index].most)
        seen = {index: pool.submit(networks.seen_by, index + 1) for index in order}
        for index, meeting in enumerate(some):
            try:
                found = seen[index].result()
            except RuntimeError as error:
                found = {"cause": f"not met: {error}", "level": "", "seconds": 0.0}
            yield judge(meeting, found)


def line(one: Judged) -> str:
    """A row of the table."""
    mark = "right" if one.right else "WRONG, known" if str(one.meeting) in KNOWN_WRONG else "WRONG"
    seconds = f"{one.seen['seconds']:5.1f} / {one.meeting.most:g} s"
    head = f"{one.meeting.case.name:28} {one.meeting.command:9} {one.seen['cause']:24} {one.seen['level']:12} {seconds:16}"
    return "\n".join(
        [
            f"{head} {mark}",
            *(f"    {word}" for word in one.faults),
            *(f"    false: {text}" for text in one.false),
        ]
    )


def report(one: Judged) -> str:
    """Everything about it, for reading."""
    case, seen = one.meeting.case, one.seen
    parts = [f"## {case.name}: `{one.meeting.command}`", "", f"Truth: {case.truth}.", ""]
    parts += [
        f"{'Right' if one.right else 'WRONG'}: `{seen['cause']}`, {seen['level']}, {seen['seconds']} s of {one.meeting.most:g} s."
    ]
    parts += ["", *(f"- {word}" for word in one.faults), *(f"- false: {text}" for text in one.false)]
    return "\n".join([*parts, "", "```", str(seen.get("text", "")), "```", ""])


def main() -> int:
    """Meet them and say what was found; 1 if a verdict is wrong that is not known to be, or right and listed as wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--short", action="store_true", help="one network of each class")
    parser.add_argument(
        "--report", metavar="FILE", type=Path, help="write everything that the user reads there"
    )
    options = parser.parse_args()
    if reason := why_not():
        print(f"not run: {reason}")
        return 0
    done = []
    for one in meet(meetings(options.names, short=options.short)):
        print(line(one), flush=True)
        done.append(one)
        if options.report:
            with options.report.open("a", encoding="utf-8") as file:
                file.write(report(one) + "\n")
    wrong = [one for one in done if not one.right]
    surprises = [str(one.meeting) for one in done if one.right == (str(one.meeting) in KNOWN_WRONG)]
    false = sum(len(one.false) for one in done)
    print(
        f"{len(done)} verdicts in {len({one.meeting.case.name for one in done})} networks: {len(wrong)} wrong, {false} false sentences"
    )
    if surprises:
        print(f"not as listed: {', '.join(surprises)}")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
