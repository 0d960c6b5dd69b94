"""`sestools sweep`."""

from __future__ import annotations

import argparse
import contextlib
from typing import Any

from sestools.cli import options as shared
from sestools.cli.printing import emit, exit_code, spinner
from sestools.cli.simulate import running_simulator
from sestools.core.endpoints import DEFAULT_REGION, REGIONS, REPORTED_REGIONS
from sestools.core.errors import UsageError
from sestools.core.regions import AS_OF

_TAKEN = f"the {len(REGIONS)} regions that AWS's code sample lists with SMTP, as of {AS_OF}"
EXAMPLES = """\
  sestools sweep eu-west-1 us-east-1
  sestools sweep --port 587 --port 465
  sestools sweep eu-west-1 --all-addresses --json
  sestools sweep --simulate dropped@25     (practise without AWS)"""


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = "look at many regions, ports and addresses side by side; never signs in; exit code 1 if any target fails"
    parser = shared.add_command(parsers, "sweep", run, about, EXAMPLES)
    parser.add_argument("regions", nargs="*", metavar="REGION", help=f"regions or host names [{_TAKEN}]")
    shared.add_ports(parser, "all five")
    shared.add_switch(parser, "--all-addresses", "look at every address of a name, not only the first")
    shared.add_trust(parser, "each target")
    shared.add_simulate(parser, "look at a simulated SES on this host")
    shared.add_format(parser)


def run(options: argparse.Namespace) -> int:
    """Run `sestools sweep`."""
    from dataclasses import replace

    from sestools.checkup.sweep import sweep, targets_of

    timeout = shared.chosen_timeout(options)
    with contextlib.ExitStack() as stack:
        if options.simulate is None:
            targets = targets_of(
                options.regions or REGIONS,
                options.ports,
                "all" if options.all_addresses else "first",
                ca_file=options.ca_file or shared.setting("CA_FILE"),
                timeout=timeout,
            )
        else:
            if len(options.regions) > 1:
                raise UsageError("--simulate plays one region")
            if options.ca_file:
                raise UsageError("--simulate brings its own --ca-file")
            region = options.regions[0] if options.regions else DEFAULT_REGION
            ses = stack.enter_context(running_simulator(region, [options.simulate]))
            targets = tuple(
                replace(target, connect_to=(address, target.connect_to[1]))
                for target in map(ses.target, options.ports or ses.connect_to)
                if target.connect_to
                for address in (ses.addresses if options.all_addresses else ses.addresses[:1])
            )
        result = sweep(targets, timeout=timeout, progress=stack.enter_context(spinner()))
    document = result.document()
    if options.simulate is None and not options.regions:
        left = ", ".join(REPORTED_REGIONS)
        told = f"Looked at {_TAKEN}. Not at those that are only reported ({left}), nor at others."
        document = replace(document, notes=(*document.notes, told))
    emit(options, result.to_dict(), document)
    return exit_code(result.level)
