"""`sestools mtu`."""

from __future__ import annotations

import argparse
import contextlib
from typing import TYPE_CHECKING, Any

from sestools.core.errors import UsageError

if TYPE_CHECKING:
    pass

from sestools.cli.options import (
    _command,
    _connect_to,
    _exit_code,
    _region,
    _simulator,
    emit,
)


def mtu(options: argparse.Namespace) -> int:
    """Run `sestools mtu`."""
    from sestools.checkup.check import targets
    from sestools.checkup.mtu_report import mtu_document, mtu_level
    from sestools.diagnosis.classifier import classify as explain
    from sestools.probes import probe_mtu

    region = _region(options.where)
    with contextlib.ExitStack() as stack:
        if options.simulate is None:
            given = _connect_to([options.connect_to] if options.connect_to else None)
            (target,) = targets(region, ports=[options.port], connect_to=given)
        elif options.connect_to:
            raise UsageError("--simulate brings its own --connect-to")
        else:
            ses = stack.enter_context(_simulator(region, [options.simulate] if options.simulate else []))
            target = ses.target(options.port)
        result = probe_mtu(target, timeout=options.timeout, mtu=options.mtu)
    diagnosis = explain(result)
    emit(options, {**result.facts.to_dict(), **diagnosis.to_dict()}, mtu_document(result, diagnosis))
    return _exit_code(mtu_level(result, diagnosis))


def _add_mtu(parsers: Any) -> None:
    parser = _command(
        parsers,
        "mtu",
        mtu,
        "say whether large packets get through, and which size does (Linux)",
        "  sestools mtu eu-west-1\n  sestools mtu eu-west-1 --port 465 --json\n"
        "  sestools mtu eu-west-1 --simulate s5-mtu-black-hole     (practise without AWS)",
    )
    parser.add_argument(
        "where",
        nargs="?",
        metavar="REGION",
        help="region or host name [SESTOOLS_REGION, AWS_REGION, us-east-1]",
    )
    parser.add_argument("--port", type=int, default=587, help="[587]")
    parser.add_argument(
        "--mtu", type=int, metavar="BYTES", help="as if the interface had this MTU: try a fix"
    )
    parser.add_argument("--timeout", type=float, default=12.0, metavar="SECONDS", help="for everything [12]")
    parser.add_argument(
        "--connect-to", metavar="ADDRESS:PORT", help="connect there instead of where DNS says"
    )
    parser.add_argument(
        "--simulate", nargs="?", const="", metavar="FAULT", help="look at a simulated SES on this host"
    )
    parser.add_argument("--json", action="store_true", help="print JSON (it carries a schema_version)")
