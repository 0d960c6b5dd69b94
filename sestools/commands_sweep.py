"""What `sestools sweep` does."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys

from sestools.commands import HEALTHY, PROBLEM, UNCLEAR, _progress, _setting, _simulator, _timeout


def sweep(options: argparse.Namespace) -> int:
    """Run `sestools sweep`."""
    from dataclasses import replace

    from sestools.endpoints import DEFAULT_REGION, REGIONS
    from sestools.model import Outcome
    from sestools.sweeps import sweep as look
    from sestools.sweeps import targets_of

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
                raise ValueError("--simulate plays one region, and brings its own --ca-file")
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
    if options.json:
        print(json.dumps(found.to_dict(), indent=2))
    else:
        from sestools.terminal import console, print_sweep

        print_sweep(console(sys.stdout), found)
    outcomes = {row.outcome for row in found.rows}
    return PROBLEM if Outcome.FAILED in outcomes else HEALTHY if outcomes == {Outcome.OK} else UNCLEAR
