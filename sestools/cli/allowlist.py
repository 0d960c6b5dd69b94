"""`sestools allowlist`."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from sestools.cli import options as shared
from sestools.cli.printing import HEALTHY, PROBLEM, UNCLEAR, emit, say, spinner
from sestools.cli.signals import stoppable
from sestools.cli.simulate import running_simulator
from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.core.target import Target

EXAMPLES = """\
  sestools allowlist eu-west-1
  sestools allowlist eu-west-1 --watch 10m --every 30s
  sestools allowlist eu-west-1 --pinned firewall.txt --watch 10m --connect
  sestools allowlist eu-west-1 --pinned 192.0.2.10,198.51.100.0/24,amazonses.com
  sestools allowlist --simulate --watch 20m     (practise without AWS; no waiting)"""

LARGEST_LIST = 1024 * 1024
"""Bytes of a file with pinned addresses."""


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = "say how to allow an endpoint through a firewall, and what a list of its addresses is worth"
    parser = shared.add_command(parsers, "allowlist", run, about, EXAMPLES)
    shared.add_region(parser)
    about = "compare with this list: addresses, ranges, host names; a file, a text, or - for standard input"
    parser.add_argument("--pinned", metavar="FILE|LIST", help=about)
    about = "repeat the look-up for so long [once]"
    parser.add_argument("--watch", type=_seconds, default=0.0, metavar="TIME", help=about)
    about = "between two rounds [30s]"
    parser.add_argument("--every", type=_seconds, default=30.0, metavar="TIME", help=about)
    about = "ask this resolver (repeatable) [the system's]"
    parser.add_argument("--resolver", dest="resolvers", action="append", metavar="IP[#PORT]", help=about)
    shared.add_switch(parser, "--connect", "also connect to the pinned addresses, and close the connection")
    shared.add_ports(parser, "587,465")
    shared.add_simulate(parser, "ask a simulated SES on this host")
    shared.add_format(parser)


def _seconds(text: str) -> float:
    """A time such as `30s`, `10m`, `1h`, or a number of seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h)?", text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"a time looks like 30s, 10m or 1h, not {text!r}")
    return float(found[1]) * {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600}[found[2]]


def run(options: argparse.Namespace) -> int:
    """Run `sestools allowlist`."""
    from sestools.allowlist.addresses import watch_addresses
    from sestools.allowlist.comparison import compare
    from sestools.allowlist.rules import allowlist_advice

    region = options.where
    pinned = _pinned(options.pinned)
    if options.connect and not pinned:
        raise UsageError("--connect tries pinned addresses: name them with --pinned")
    ports = tuple(options.ports or (587, 465))
    with contextlib.ExitStack() as stack:
        more, target = _place(options, region, ports[0], stack)
        stop = stack.enter_context(stoppable())
        progress = stack.enter_context(spinner())
        watched = watch_addresses(
            region, duration=options.watch, interval=options.every, progress=progress, cancel=stop, **more
        )
        if not watched.moments:
            raise KeyboardInterrupt
        found = None
        if pinned:
            connect_to = target if options.connect and not watched.cancelled else None
            found = compare(pinned, watched, target=connect_to, cancel=stop)
    advice = allowlist_advice(watched, ports=ports)
    data = {**watched.to_dict(), "comparison": found.to_dict() if found else None, "advice": advice.to_dict()}
    emit(options, data, *(part.document() for part in (found, watched, advice) if part))
    if watched.cancelled:
        raise KeyboardInterrupt
    return UNCLEAR if not watched.addresses else PROBLEM if found and not found.ok else HEALTHY


def _pinned(given: str | None) -> str:
    """The list itself: the text of a file if it names one, `-` for standard input."""
    from sestools.allowlist.rules import entries

    if given is None:
        return ""
    hint = ""
    if given == "-":
        text = sys.stdin.read(LARGEST_LIST)
    elif os.path.exists(given) and not os.path.isdir(given):  # a pipe, as of <(...), is no regular file
        try:
            with open(given, encoding="utf-8", errors="replace") as file:
                text = file.read(LARGEST_LIST)
        except OSError as error:
            raise UsageError(f"--pinned: {given!r} cannot be read: {error.strerror}") from None
    elif given.endswith((".txt", ".csv", ".list", ".json", ".conf")):  # else taken for the name of a host
        raise UsageError(f"--pinned: there is no file {given!r}")
    else:  # a range has a slash as well
        text, hint = given, "; and there is no file of that name"
    try:
        entries(text)
    except ValueError as error:
        raise UsageError(f"--pinned: {error}{hint}") from None
    return text


def _place(
    options: argparse.Namespace, region: str, port: int, stack: contextlib.ExitStack
) -> tuple[dict[str, Any], Target]:
    """Whom to ask, by which clock, and where to connect to."""
    from sestools.checkup.check import targets

    if options.simulate is None:
        (target,) = targets(region, ports=[port])
        return {"resolvers": options.resolvers}, target
    if options.resolvers:
        raise UsageError("--simulate brings its own --resolver")
    say("Simulated: addresses and time are made up.")
    ses = stack.enter_context(running_simulator(region, [options.simulate]))
    from sestools.simulator.nameserver import Churn

    changing = ses.addresses
    if len(changing) == 1 and options.connect:
        raise UsageError("--connect needs a simulator that listens there: --simulate s7-changing-addresses")
    if len(changing) == 1:
        changing = tuple(f"203.0.113.{number}" for number in range(10, 22))
    return {"resolvers": ses.resolvers, "clock": Churn(ses, changing)}, ses.target(port)
