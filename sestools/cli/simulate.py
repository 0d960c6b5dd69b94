"""`sestools simulate`."""

from __future__ import annotations

import argparse
import shlex
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sestools.simulator import Simulator

from sestools.cli.options import HEALTHY, _command, _simulator, on_signal, say, simulator_extra


def simulate(options: argparse.Namespace) -> int:
    """Run `sestools simulate`."""
    from sestools.core.endpoints import region_of
    from sestools.core.text import printable

    if options.list_faults or options.list_scenarios:
        return _list(scenarios=options.list_scenarios)
    ended = threading.Event()

    def show(port: int, connection: int, direction: str, text: str) -> None:
        try:
            print(f"{port:>5} #{connection:<4} {direction} {printable(text, 1000)}", flush=True)
        except OSError:  # whoever read it went away
            ended.set()

    with _simulator(options.region, options.fault, options.scenario, on_event=show) as simulator:
        region = region_of(simulator.host) or ""
        say(f"SES of {region}, simulated on this host. Ctrl-C ends it.")
        with on_signal(ended.set):
            print(_where(simulator, region), flush=True)
            ended.wait()
        say(f"\n{_ledger(simulator)}")
    return HEALTHY


def _list(*, scenarios: bool) -> int:
    with simulator_extra():
        from sestools.simulator import faults
        from sestools.simulator.scenario import Scenario, names
    if not scenarios:
        print(faults.describe())
        return HEALTHY
    for name in names():
        scenario = Scenario.named(name)
        print(f"{name:24} {scenario.failure:3} {scenario.title}\n{'':28} {scenario.about}")
    return HEALTHY


def _where(simulator: Simulator, region: str) -> str:
    """How to get at a simulator."""
    from sestools.simulator.account import Account

    places = simulator.connect_to.items()
    lines = [f"  {port:>5} is at {address}:{real}" for port, (address, real) in places]
    if len(simulator.addresses) > 1:
        server, port = simulator.nameserver
        lines.append(f"  addresses {simulator.addresses[0]} to {simulator.addresses[-1]}, same port numbers")
        lines.append(f"  DNS       dig @{server} -p {port} {simulator.host}")
    lines.append(f"  CA file   {simulator.ca_file}")
    if simulator.credentials == Account(region=region).sign_in:
        lines.append(f"  user      {simulator.credentials.user}")
        lines.append(f"  password  {simulator.credentials.password}   (made up; worth nothing)")
    else:
        lines.append("  user name and password are those of your scenario file")
    some = " ".join(f"--connect-to {port}:{address}:{real}" for port, (address, real) in places)
    lines.append(f"\n  sestools check {region} --ca-file {shlex.quote(simulator.ca_file)} {some}\n")
    return "\n".join(lines)


def _ledger(simulator: Simulator) -> str:
    """What came of it."""
    accepted = simulator.accepted
    recipients = sum(len(mail.recipients) for mail in accepted)
    used = len({mail.connection for mail in accepted})
    return (
        f"{len(accepted)} messages accepted for {recipients} recipients over {used} connections, "
        f"{simulator.refused} refused; {simulator.connections} connections in all"
    )


def _add_simulate(parsers: Any) -> None:
    parser = _command(
        parsers,
        "simulate",
        simulate,
        "play SES on this host until Ctrl-C, with faults on request",
        "  sestools simulate\n  sestools simulate --fault dropped@25 --fault says:send-rate\n"
        "  sestools simulate --region us-east-1 --fault bad-certificate:expired@465\n"
        "  sestools simulate --scenario s4-flaky-link\n  sestools simulate --scenario my-incident.toml",
    )
    parser.add_argument(
        "--region", help="the region to play [the scenario's, SESTOOLS_REGION, AWS_REGION, us-east-1]"
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME[:WHAT][@PORTS]", help="(repeatable)"
    )
    parser.add_argument("--list-faults", action="store_true", help="list what can go wrong, and stop")
    parser.add_argument(
        "--scenario", metavar="NAME|FILE.toml", help="a situation that is ready, or one of yours"
    )
    parser.add_argument("--list-scenarios", action="store_true", help="list those that are ready, and stop")
