"""`sestools doctor`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from sestools.cli import options as shared
from sestools.cli.check import add_place
from sestools.cli.printing import emit, exit_code, say, spinner
from sestools.cli.signals import stoppable
from sestools.cli.simulate import destination

EXAMPLES = """\
  sestools doctor eu-west-1
  sestools doctor eu-west-1 --user AKIA... --from news@example.com
  sestools doctor eu-west-1 --idle --bundle ticket-4711
  sestools doctor eu-west-1 --simulate s5-mtu-black-hole     (practise without AWS)"""

SENDER = "sender@example.com"
"""Who sends to a simulator, where nobody is named."""


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = "examine the whole way: ports, TLS, sign-in, a message, large packets, idle time"
    parser = shared.add_command(parsers, "doctor", run, about, EXAMPLES)
    add_place(parser, "one message is sent from it")
    shared.add_switch(parser, "--idle", "also hold a silent connection until it ends, a minute at most")
    steps = ("sign-in", "message", "large", "idle")
    about = "leave a step out: sign-in, message, large or idle (repeatable)"
    parser.add_argument("--skip", action="append", choices=steps, default=[], metavar="STEP", help=about)
    about = "keep report.html, report.md, report.json and transcript.txt in a new or empty folder"
    parser.add_argument("--bundle", metavar="DIR", help=about)
    shared.add_format(parser)


def run(options: argparse.Namespace) -> int:
    """Run `sestools doctor`."""
    from sestools.core.endpoints import Security
    from sestools.guide.doctor import doctor
    from sestools.guide.examination import empty_folder
    from sestools.probes import SUCCESS

    if options.bundle:
        empty_folder(options.bundle)  # told before anything is tried
    with destination(options) as place, spinner() as progress, stoppable() as stop:
        names = ("ports", "confirm_recipient", "context", "idle", "skip")
        found = doctor(
            options.where,
            **{name: getattr(options, name) for name in names},
            security=Security(options.security) if options.security else None,
            sender=options.sender or (None if options.simulate is None else SENDER),
            recipient=options.recipient or SUCCESS,
            timeout=shared.chosen_timeout(options),
            progress=progress,
            cancel=stop,
            **place,
        )
    found = replace(found, report=replace(found.report, simulated=options.simulate))
    emit(options, found.to_dict(), found.document(), brief=found.first_screen())
    if options.bundle:
        found.keep(options.bundle)
        say(f"kept in {options.bundle}")
    if stop.is_set():
        raise KeyboardInterrupt
    return exit_code(found.level)
