"""`sestools mtu`."""

from __future__ import annotations

import argparse
import contextlib
from typing import Any

from sestools.cli import options as shared
from sestools.cli.printing import emit, exit_code
from sestools.cli.simulate import running_simulator
from sestools.core.errors import UsageError

EXAMPLES = """\
  sestools mtu eu-west-1
  sestools mtu eu-west-1 --port 465 --json
  sestools mtu eu-west-1 --simulate s5-mtu-black-hole     (practise without AWS)"""


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = "say whether large packets get through, and which size does (Linux)"
    parser = shared.add_command(parsers, "mtu", run, about, EXAMPLES)
    shared.add_region(parser)
    shared.add_number(parser, "--port", 587, "PORT", "port to connect to")
    about = "measure as if the interface had this MTU: try a fix"
    parser.add_argument("--mtu", type=int, metavar="BYTES", help=about)
    shared.add_number(parser, "--timeout", 12.0, "SECONDS", "seconds that the whole measurement may take")
    about = "connect there instead of where DNS says"
    parser.add_argument("--connect-to", metavar="ADDRESS:PORT", help=about)
    shared.add_simulate(parser, "look at a simulated SES on this host")
    shared.add_format(parser)


def run(options: argparse.Namespace) -> int:
    """Run `sestools mtu`."""
    from sestools.checkup.check import targets
    from sestools.checkup.findings import Finding
    from sestools.checkup.mtu_report import mtu_document, mtu_level
    from sestools.checkup.summary import card
    from sestools.core.enums import Level
    from sestools.diagnosis.classifier import classify
    from sestools.probes import probe_mtu

    with contextlib.ExitStack() as stack:
        if options.simulate is None:
            given = shared.parse_connect_to([options.connect_to] if options.connect_to else None)
            (target,) = targets(options.where, ports=[options.port], connect_to=given)
        elif options.connect_to:
            raise UsageError("--simulate brings its own --connect-to")
        else:
            target = stack.enter_context(running_simulator(options.where, [options.simulate])).target(
                options.port
            )
        result = probe_mtu(target, timeout=options.timeout, mtu=options.mtu)
    diagnosis = classify(result)
    level = mtu_level(result, diagnosis)
    brief = None
    if level in (Level.PROBLEM, Level.NOTICE):
        note = "-v shows each connection."
        brief = card([Finding(level=level, diagnosis=diagnosis)], None, [note])
    emit(
        options,
        {**result.facts.to_dict(), **diagnosis.to_dict()},
        mtu_document(result, diagnosis, options.simulate),
        brief=brief,
    )
    return exit_code(level)
