"""`sestools lifetime`."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sestools.cli.options import (
    add_command,
    add_connection,
    chosen_credentials,
    chosen_region,
    chosen_timeout,
    parse_connect_to,
    setting,
)
from sestools.cli.printing import HEALTHY, PROBLEM, UNCLEAR, emit, say
from sestools.cli.signals import stoppable
from sestools.cli.simulated import simulator_extra
from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.core.results import ProbeResult
    from sestools.lifetime.advice import RecycleAdvice
    from sestools.lifetime.costs import Traffic
    from sestools.probes import Estimate

EXAMPLES = (
    "  sestools lifetime eu-west-1                        (silence and age, without signing in)\n"
    "  sestools lifetime eu-west-1 --user AKIA... --from me@example.com --rate 5 --yes\n"
    "  sestools lifetime eu-west-1 --traffic bursts:1000,5,60 --client postfix\n"
    "  sestools lifetime --simulate s6-hosts-replaced     (practise without AWS, in no time)"
)


SCENARIO = "s6-hosts-replaced"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The flags of `sestools lifetime`."""
    from sestools.sending.client_config.clients import CLIENTS

    parser.add_argument(
        "where",
        nargs="?",
        metavar="REGION",
        help="region or host name [SESTOOLS_REGION, AWS_REGION, us-east-1]",
    )
    what = parser.add_argument_group("what to measure")
    what.add_argument("--silent", type=int, default=4, metavar="N", help="connections that keep silent [4]")
    what.add_argument("--silence", type=float, default=60.0, metavar="SECONDS", help="how long at most [60]")
    what.add_argument("--lives", type=int, default=60, metavar="N", help="connections that are watched [60]")
    what.add_argument("--at-once", type=int, default=12, metavar="N", help="of those at a time [12]")
    what.add_argument("--age", type=float, default=300.0, metavar="SECONDS", help="how long at most [300]")
    what.add_argument(
        "--from", dest="sender", metavar="ADDRESS", help="send messages, to SES's mailbox simulator"
    )
    what.add_argument(
        "--messages", type=int, default=400, metavar="N", help="on each of two connections [400]"
    )
    what.add_argument(
        "--rate", type=float, default=1.0, metavar="N", help="messages a second, both together [1]"
    )
    advice = parser.add_argument_group("what to advise")
    advice.add_argument(
        "--traffic",
        default="scattered:1",
        metavar="KIND:NUMBERS",
        help="how your messages come: steady:RATE, scattered:RATE or bursts:SIZE,RATE,PAUSE [scattered:1]",
    )
    advice.add_argument("--price", type=float, default=10.0, help="handshakes that a broken send costs [10]")
    advice.add_argument("--client", choices=tuple(CLIENTS), help="print the advice as its configuration")
    where = parser.add_argument_group("where")
    where.add_argument("--port", type=int, default=587, help="[587]")
    add_connection(where, "for each exchange [SESTOOLS_TIMEOUT, 5]")
    where.add_argument("--yes", action="store_true", help="yes, do it: do not ask")
    where.add_argument(
        "--simulate",
        nargs="?",
        const=SCENARIO,
        metavar="SCENARIO",
        help=f"measure a simulated SES, in virtual time [{SCENARIO}]",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON (it carries a schema_version)")
    form.add_argument("--markdown", action="store_true", help="print Markdown, to paste into a ticket")


def run(options: argparse.Namespace) -> int:
    """Run `sestools lifetime`."""
    from sestools.lifetime.advice import advise
    from sestools.probes import Plan, probe_lifetime

    plan = Plan(
        silent=options.silent,
        silence=options.silence,
        lives=options.lives,
        at_once=options.at_once,
        age=options.age,
        messages=options.messages,
        rate=options.rate,
    )
    traffic = _traffic(options.traffic)
    if not 0 < options.price < math.inf:
        raise UsageError(f"--price must be greater than 0, and a number of handshakes, not {options.price!r}")
    place = _place(options)
    signs_in = place["target"].credentials is not None
    sender = options.sender or ("sender@example.com" if options.simulate is not None else None)
    estimate = plan.estimate(signs_in=signs_in, sends=sender is not None)
    advises = _advises(options)
    _agreed(options, estimate)
    with stoppable() as stop:
        with _progress() as progress:
            result = probe_lifetime(
                **place,
                plan=plan,
                sender=sender,
                timeout=chosen_timeout(options),
                progress=progress,
                cancel=stop,
            )
        advice = (
            advise(result.facts, traffic, price=options.price) if advises and result.facts.lives else None
        )
        _show(options, result, advice, advises)
    if stop.is_set():
        say("interrupted: this is what was seen until then")
        raise KeyboardInterrupt
    if result.symptom:
        return PROBLEM
    return UNCLEAR if advice is None or result.facts.refusal or result.reason else HEALTHY


def _advises(options: argparse.Namespace) -> bool:
    """Whether there will be curves and advice; if not, it is said before anything is measured."""
    from sestools.lifetime.survival import scipy

    try:
        scipy()
    except ValueError as error:
        if options.client:
            raise UsageError(f"--client writes advice that rests on them: {error}") from None
        say(f"{error}. Without it the lives are measured and listed, with no curve and no advice.")
        return False
    return True


def _place(options: argparse.Namespace) -> dict[str, Any]:
    if options.simulate is not None:
        with simulator_extra():
            from sestools.simulator.memory import VirtualSes

        if options.connect_to or options.ca_file or options.user:
            raise UsageError("--simulate brings its own --connect-to, --ca-file and --user")
        return VirtualSes(chosen_region(options.where), scenario=options.simulate).reach(options.port)
    from dataclasses import replace

    from sestools.checkup.check import targets

    (target,) = targets(
        chosen_region(options.where),
        ports=[options.port],
        connect_to=parse_connect_to(options.connect_to),
        ca_file=options.ca_file or setting("CA_FILE"),
    )
    return {"target": replace(target, credentials=chosen_credentials(options))}


def _traffic(written: str) -> Traffic:
    from sestools.lifetime.costs import Traffic

    kind, _, numbers = written.partition(":")
    kinds: dict[str, tuple[Callable[..., Traffic], int]] = {
        "steady": (Traffic.steady, 1),
        "scattered": (Traffic.scattered, 1),
        "bursts": (Traffic.bursts, 3),
    }
    try:
        make, count = kinds[kind]
        values = [float(number) for number in numbers.split(",")]
        if len(values) != count:
            raise UsageError
    except (KeyError, ValueError):
        raise UsageError(
            f"--traffic wants steady:RATE, scattered:RATE or bursts:SIZE,RATE,PAUSE, not {written!r}"
        ) from None
    return make(*values)


def _agreed(options: argparse.Namespace, estimate: Estimate) -> None:
    """Say what it costs, and on the real endpoint ask."""
    where = "simulated, in virtual time" if options.simulate is not None else chosen_region(options.where)
    say(f"lifetime of connections, {where}: {estimate}")
    if options.yes or options.simulate is not None:
        return
    if not sys.stdin.isatty() or options.password_stdin:
        raise UsageError("nobody is there to agree to that: --yes says so beforehand")
    say("Go on? [y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was done")


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    if not sys.stderr.isatty():
        yield None
        return
    from sestools.render.terminal import console

    with console(sys.stderr).status("holding connections") as status:
        yield lambda done, total, what: status.update(f"{done} of about {total} {what} seen to their end")


def _show(
    options: argparse.Namespace, result: ProbeResult, advice: RecycleAdvice | None, advises: bool
) -> None:
    from sestools.lifetime.advice import lifetime_document
    from sestools.lifetime.survival import survival

    facts = result.facts
    found = advice.client_config(options.client, result.target.host) if options.client and advice else None
    data: dict[str, Any] = {}
    if options.json:
        curves = {by: survival(facts, by) if advises else None for by in ("age", "messages", "silence")}
        data = {
            "target": str(result.target),
            "outcome": str(result.outcome),
            "symptom": str(result.symptom) if result.symptom else None,
            **facts.to_dict(),
            "survival": {by: curve.to_dict() for by, curve in curves.items() if curve},
            "advice": advice.to_dict() if advice else None,
            "recipe": {"file": found.file, "text": found.text, "notes": found.notes} if found else None,
        }
    emit(options, data, lifetime_document(result, advice, found))


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = "measure how long connections live, and say when to change them"
    command = add_command(parsers, "lifetime", run, about, EXAMPLES)
    add_options(command)
