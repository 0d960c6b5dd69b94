"""`sestools sweep`."""

from __future__ import annotations

import argparse
import contextlib
from typing import Any

from sestools.cli.options import (
    HEALTHY,
    PROBLEM,
    UNCLEAR,
    _command,
    _progress,
    _setting,
    _simulator,
    _timeout,
    emit,
)
from sestools.core.errors import UsageError


def sweep(options: argparse.Namespace) -> int:
    """Run `sestools sweep`."""
    from dataclasses import replace

    from sestools.checkup.sweep import sweep as look
    from sestools.checkup.sweep import targets_of
    from sestools.core.endpoints import DEFAULT_REGION, REGIONS
    from sestools.core.enums import Outcome

    with contextlib.ExitStack() as stack:
        if options.simulate is None:
            targets = targets_of(
                options.regions or REGIONS,
                options.ports,
                "all" if options.all_addresses else "first",
                ca_file=options.ca_file or _setting("CA_FILE"),
                timeout=_timeout(options),
            )
        else:
            if len(options.regions) > 1 or options.ca_file:
                raise UsageError("--simulate plays one region, and brings its own --ca-file")
            region = options.regions[0] if options.regions else DEFAULT_REGION
            faults = [options.simulate] if options.simulate else []
            ses = stack.enter_context(_simulator(region, faults))
            where = ses.addresses if options.all_addresses else ses.addresses[:1]
            targets = tuple(
                replace(target, connect_to=(address, target.connect_to[1]))
                for target in map(ses.target, options.ports or ses.connect_to)
                if target.connect_to
                for address in where
            )
        progress = stack.enter_context(_progress())
        found = look(targets, timeout=_timeout(options), progress=progress)
    emit(options, found.to_dict(), found.document())
    outcomes = {row.outcome for row in found.rows}
    return PROBLEM if Outcome.FAILED in outcomes else HEALTHY if outcomes == {Outcome.OK} else UNCLEAR


def _add_sweep(parsers: Any) -> None:
    parser = _command(
        parsers,
        "sweep",
        sweep,
        "look at many regions, ports and addresses side by side; never signs in; exit code 1 if any target fails",
        "  sestools sweep eu-west-1 us-east-1\n  sestools sweep --port 587 --port 465\n"
        "  sestools sweep eu-west-1 --all-addresses --json\n"
        "  sestools sweep --simulate dropped@25     (practise without AWS)",
    )
    parser.add_argument("regions", nargs="*", metavar="REGION", help="regions or host names [all regions]")
    parser.add_argument(
        "--port", dest="ports", action="append", type=int, metavar="PORT", help="[all five] (repeatable)"
    )
    parser.add_argument("--all-addresses", action="store_true", help="every address of a name, not the first")
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="for each target [SESTOOLS_TIMEOUT, 5]"
    )
    parser.add_argument(
        "--ca-file", help="trust these certificate authorities, also to sign in [SESTOOLS_CA_FILE]"
    )
    parser.add_argument(
        "--simulate", nargs="?", const="", metavar="FAULT", help="look at a simulated SES on this host"
    )
    parser.add_argument("--json", action="store_true", help="print JSON (it carries a schema_version)")
