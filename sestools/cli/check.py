"""`sestools check`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass

from sestools.cli.options import (
    _add_format,
    _command,
    _exit_code,
    _ports,
    _progress,
    _region,
    _simulated,
    _timeout,
    add_place,
    emit,
    stoppable,
)


def check(options: argparse.Namespace) -> int:
    """Run `sestools check`."""
    from sestools.checkup.check import check as look
    from sestools.core.endpoints import Security
    from sestools.probes import SUCCESS

    where = _region(options.where)
    with _simulated(options, where) as place, _progress() as progress, stoppable() as stop:
        report = look(
            where,
            ports=options.ports,
            security=Security(options.security) if options.security else None,
            send=options.send,
            sender=options.sender,
            recipient=options.recipient or SUCCESS,
            confirm_recipient=options.confirm_recipient,
            timeout=_timeout(options),
            progress=progress,
            context=options.context,
            cancel=stop,
            **place,
        )
    if stop.is_set():
        raise KeyboardInterrupt
    emit(options, report.to_dict(), report.document(real=options.simulate is not None))
    return _exit_code(report.level)


def _add_check(parsers: Any) -> None:
    parser = _command(
        parsers,
        "check",
        check,
        "check an endpoint on all its ports and say what is wrong",
        "  sestools check eu-west-1\n"
        "  sestools check eu-west-1 --port 587 --user AKIA... --password-stdin < password-file\n"
        "  sestools check us-east-1 --markdown > ticket.md\n"
        "  sestools check eu-west-1 --simulate dropped@25     (practise without AWS)\n"
        "  sestools check eu-west-1 --simulate dropped@25 --context ec2     (as on an EC2 instance)\n"
        "  sestools check eu-west-1 --simulate s2-proxy       (a scenario: see sestools simulate --list-scenarios)",
    )
    parser.add_argument(
        "where",
        nargs="?",
        metavar="REGION",
        help="region or host name [SESTOOLS_REGION, AWS_REGION, us-east-1]",
    )
    parser.add_argument(
        "--port",
        metavar="PORTS",
        type=_ports,
        action="extend",
        dest="ports",
        help="check these ports only, such as 587,465 (repeatable)",
    )
    parser.add_argument(
        "--security", choices=("starttls", "wrapper", "plain"), help="TLS mode [the port's own]"
    )
    add_place(parser, "for each probe [SESTOOLS_TIMEOUT, 5]")
    parser.add_argument("--send", action="store_true", help="send one message after signing in")
    parser.add_argument("--from", dest="sender", metavar="ADDRESS", help="its sender, verified in the region")
    parser.add_argument(
        "--to", dest="recipient", metavar="ADDRESS", help="its recipient [SES's mailbox simulator]"
    )
    parser.add_argument(
        "--confirm-recipient",
        action="store_true",
        help="yes, send to a recipient outside the mailbox simulator",
    )
    parser.add_argument(
        "--simulate",
        nargs="?",
        const="",
        metavar="FAULT",
        help="check a simulated SES on this host, with a fault if one is named",
    )
    parser.add_argument(
        "--context",
        metavar="PLACE",
        help="where this runs, which words the verdict: ec2, ecs, eks, lambda, container, binder, elsewhere or "
        "unknown [SESTOOLS_CONTEXT, else it is found out]",
    )
    _add_format(parser)
