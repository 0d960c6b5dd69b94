"""`sestools check`."""

from __future__ import annotations

import argparse
from typing import Any

from sestools.cli import options as shared
from sestools.cli.printing import emit, exit_code, spinner
from sestools.cli.signals import stoppable
from sestools.cli.simulated import destination

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
    shared.add_region(parser)
    parser.add_argument(
        "--port",
        metavar="PORTS",
        type=shared.ports,
        action="extend",
        dest="ports",
        help="check these ports only, such as 587,465 (repeatable)",
    )
    modes = ("starttls", "wrapper", "plain")
    parser.add_argument("--security", choices=modes, help="TLS mode [the port's own]")
    shared.add_connection(parser, "for each probe [SESTOOLS_TIMEOUT, 5]")
    parser.add_argument("--send", action="store_true", help="send one message after signing in")
    parser.add_argument("--from", dest="sender", metavar="ADDRESS", help="its sender, verified in the region")
    about = "its recipient [SES's mailbox simulator]"
    parser.add_argument("--to", dest="recipient", metavar="ADDRESS", help=about)
    about = "yes, send to a recipient outside the mailbox simulator"
    parser.add_argument("--confirm-recipient", action="store_true", help=about)
    shared.add_simulate(parser, "check a simulated SES on this host, with a fault if one is named")
    parser.add_argument(
        "--context",
        metavar="PLACE",
        help="where this runs, which words the verdict: ec2, ecs, eks, lambda, container, binder, elsewhere or "
        "unknown [SESTOOLS_CONTEXT, else it is found out]",
    )
    shared.add_format(parser)


def run(options: argparse.Namespace) -> int:
    """Run `sestools check`."""
    from sestools.checkup.check import check
    from sestools.core.endpoints import Security
    from sestools.probes import SUCCESS

    where = shared.chosen_region(options.where)
    with destination(options, where) as place, spinner() as progress, stoppable() as stop:
        report = check(
            where,
            ports=options.ports,
            security=Security(options.security) if options.security else None,
            send=options.send,
            sender=options.sender,
            recipient=options.recipient or SUCCESS,
            confirm_recipient=options.confirm_recipient,
            timeout=shared.chosen_timeout(options),
            progress=progress,
            context=options.context,
            cancel=stop,
            **place,
        )
    if stop.is_set():
        raise KeyboardInterrupt
    emit(options, report.to_dict(), report.document(real=options.simulate is not None))
    return exit_code(report.level)
