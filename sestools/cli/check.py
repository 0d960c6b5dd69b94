"""`sestools check`."""

from __future__ import annotations

import argparse
from typing import Any

from sestools.cli import options as shared
from sestools.cli.printing import emit, exit_code, spinner
from sestools.cli.signals import stoppable
from sestools.cli.simulate import destination

EXAMPLES = """\
  sestools check eu-west-1
  sestools check eu-west-1 --port 587 --user AKIA... --password-stdin < password-file
  sestools check us-east-1 --markdown > ticket.md
  sestools check eu-west-1 --simulate dropped@25     (practise without AWS)
  sestools check eu-west-1 --simulate dropped@25 --context ec2     (as on an EC2 instance)
  sestools check eu-west-1 --simulate s2-proxy       (a scenario: see sestools simulate --list-scenarios)"""


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = "check an endpoint on all its ports and say what is wrong"
    parser = shared.add_command(parsers, "check", run, about, EXAMPLES)
    add_place(parser, "for --send")
    shared.add_switch(parser, "--send", "send one message after signing in")
    shared.add_format(parser)


def add_place(parser: argparse.ArgumentParser, sender: str) -> None:
    """Where to look and as whom: for `check` and `doctor`."""
    shared.add_region(parser)
    shared.add_ports(parser, "all five")
    modes = ("starttls", "wrapper", "plain")
    parser.add_argument("--security", choices=modes, help="TLS mode [the port's own]")
    shared.add_connection(parser, "each probe")
    about = f"a sender that is verified in the region: {sender}"
    parser.add_argument("--from", dest="sender", metavar="ADDRESS", help=about)
    about = "recipient of that message [SES's mailbox simulator]"
    parser.add_argument("--to", dest="recipient", metavar="ADDRESS", help=about)
    shared.add_switch(parser, "--confirm-recipient", "allow a recipient outside the mailbox simulator")
    shared.add_simulate(
        parser, "look at a simulated SES on this host, with a fault or scenario if one is named"
    )
    about = (
        "where this runs; it changes the advice: ec2, ecs, eks, lambda, container, binder, elsewhere or unknown "
        "[SESTOOLS_CONTEXT, else it is detected]"
    )
    parser.add_argument("--context", metavar="PLACE", help=about)


def run(options: argparse.Namespace) -> int:
    """Run `sestools check`."""
    from dataclasses import replace

    from sestools.checkup.check import check
    from sestools.checkup.summary import first_screen
    from sestools.core.endpoints import Security
    from sestools.probes import SUCCESS

    with destination(options) as place, spinner() as progress, stoppable() as stop:
        names = ("ports", "send", "sender", "confirm_recipient", "context")
        report = check(
            options.where,
            **{name: getattr(options, name) for name in names},
            security=Security(options.security) if options.security else None,
            recipient=options.recipient or SUCCESS,
            timeout=shared.chosen_timeout(options),
            progress=progress,
            cancel=stop,
            **place,
        )
    report = replace(report, simulated=options.simulate)
    real = options.simulate is not None
    emit(options, report.to_dict(), report.document(real=real), brief=first_screen(report))
    if stop.is_set():
        raise KeyboardInterrupt
    return exit_code(report.level)
