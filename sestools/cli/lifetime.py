"""`sestools lifetime`."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sestools.cli import options as shared
from sestools.cli.printing import HEALTHY, PROBLEM, UNCLEAR, emit, say, spinner
from sestools.cli.signals import stoppable
from sestools.cli.simulate import one_target, simulator_extra
from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.core.results import ProbeResult
    from sestools.lifetime.advice import RecycleAdvice
    from sestools.lifetime.costs import Traffic
    from sestools.probes import Estimate

EXAMPLES = """\
  sestools lifetime eu-west-1                        (silence and age, without signing in)
  sestools lifetime eu-west-1 --user AKIA... --from me@example.com --rate 5 --yes
  sestools lifetime eu-west-1 --traffic bursts:1000,5,60 --client postfix
  sestools lifetime --simulate s6-hosts-replaced     (practise without AWS, in no time)"""

SCENARIO = "s6-hosts-replaced"
TRAFFIC = "steady:RATE, scattered:RATE or bursts:SIZE,RATE,PAUSE"


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    from sestools.sending.client_config.clients import CLIENTS

    about = "measure how long connections live, and say when to replace them"
    parser = shared.add_command(parsers, "lifetime", run, about, EXAMPLES)
    shared.add_region(parser)
    what = parser.add_argument_group("what to measure")
    shared.add_number(what, "--silent", 4, "N", "connections that stay idle")
    shared.add_number(what, "--silence", 60.0, "SECONDS", "longest idle time to measure")
    shared.add_number(what, "--lives", 60, "N", "connections that are kept alive and watched")
    shared.add_number(what, "--at-once", 12, "N", "how many of those are open at a time")
    shared.add_number(what, "--age", 300.0, "SECONDS", "greatest age to measure")
    about = "send messages from this address, to SES's mailbox simulator"
    what.add_argument("--from", dest="sender", metavar="ADDRESS", help=about)
    shared.add_number(what, "--messages", 400, "N", "messages on each of two connections")
    shared.add_number(what, "--rate", 1.0, "N", "messages a second, over both connections")
    advice = parser.add_argument_group("what to advise")
    about = f"how your messages arrive: {TRAFFIC} [scattered:1]"
    advice.add_argument("--traffic", default="scattered:1", metavar="KIND:NUMBERS", help=about)
    shared.add_number(advice, "--price", 10.0, "PRICE", "handshakes that a broken send costs")
    advice.add_argument("--client", choices=tuple(CLIENTS), help="print the advice as its configuration")
    where = parser.add_argument_group("where")
    shared.add_number(where, "--port", 587, "PORT", "port to connect to")
    shared.add_connection(where, "each exchange")
    shared.add_switch(where, "--yes", "do not ask before the measurement starts")
    shared.add_simulate(where, f"measure a simulated SES, in virtual time [{SCENARIO}]", SCENARIO, "SCENARIO")
    shared.add_format(parser)


def run(options: argparse.Namespace) -> int:
    """Run `sestools lifetime`."""
    from sestools.lifetime.advice import advise
    from sestools.probes import Plan, probe_lifetime

    names = ("silent", "silence", "lives", "at_once", "age", "messages", "rate")
    plan = Plan(**{name: getattr(options, name) for name in names})
    traffic = _traffic(options.traffic)
    if not 0 < options.price < math.inf:
        raise UsageError(f"--price must be greater than 0, and a number of handshakes, not {options.price!r}")
    with contextlib.ExitStack() as stack:
        place = _place(options, stack)
        sender = options.sender or ("sender@example.com" if options.simulate is not None else None)
        signs_in = place["target"].credentials is not None
        estimate = plan.estimate(signs_in=signs_in, sends=sender is not None)
        advises = _advises(options)
        _agreed(options, estimate)
        stop = stack.enter_context(stoppable())
        with spinner("{done} of at most {total} {what} seen to their end") as progress:
            wait = shared.chosen_timeout(options)
            result = probe_lifetime(
                **place, plan=plan, sender=sender, timeout=wait, progress=progress, cancel=stop
            )
        seen = advises and result.facts.lives
        advice = advise(result.facts, traffic, price=options.price) if seen else None
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


def _place(options: argparse.Namespace, stack: contextlib.ExitStack) -> dict[str, Any]:
    if options.simulate is None:
        return {"target": stack.enter_context(one_target(options))}
    with simulator_extra():
        from sestools.simulator.memory import VirtualSes

    if options.connect_to or options.ca_file or options.user:
        raise UsageError("--simulate brings its own --connect-to, --ca-file and --user")
    return VirtualSes(options.where, scenario=options.simulate).reach(options.port)


def _traffic(written: str) -> Traffic:
    from sestools.lifetime.costs import Traffic

    kinds: dict[str, tuple[Callable[..., Traffic], int]]
    kinds = {
        "steady": (Traffic.steady, 1),
        "scattered": (Traffic.scattered, 1),
        "bursts": (Traffic.bursts, 3),
    }
    kind, _, numbers = written.partition(":")
    try:
        make, count = kinds[kind]
        values = [float(number) for number in numbers.split(",")]
        if len(values) != count:
            raise UsageError
    except (KeyError, ValueError):
        raise UsageError(f"--traffic wants {TRAFFIC}, not {written!r}") from None
    return make(*values)


def _agreed(options: argparse.Namespace, estimate: Estimate) -> None:
    """Say what it costs, and on the real endpoint ask."""
    where = "simulated, in virtual time" if options.simulate is not None else options.where
    say(f"lifetime of connections, {where}: {estimate}")
    if options.yes or options.simulate is not None:
        return
    if not sys.stdin.isatty() or options.password_stdin:
        raise UsageError("standard input is not a terminal, so nobody can be asked: use --yes")
    say("Go on? [y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was done")


def _show(
    options: argparse.Namespace, result: ProbeResult, advice: RecycleAdvice | None, advises: bool
) -> None:
    from sestools.diagnosis.classifier import classify
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
            **classify(result).to_dict(),
            **facts.to_dict(),
            "survival": {by: curve.to_dict() for by, curve in curves.items() if curve},
            "advice": advice.to_dict() if advice else None,
            "recipe": {"file": found.file, "text": found.text, "notes": found.notes} if found else None,
        }
    emit(options, data, lifetime_document(result, advice, found))
