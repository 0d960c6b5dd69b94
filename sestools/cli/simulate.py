"""`sestools simulate`; and `--simulate`, with which other commands meet the simulator instead of SES."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import shutil
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sestools.cli import options as shared
from sestools.cli.printing import HEALTHY, say
from sestools.cli.signals import on_signal, stoppable
from sestools.core.endpoints import PORTS
from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.core.target import Target
    from sestools.simulator import Simulator

EXAMPLES = """\
  sestools simulate
  sestools simulate --fault dropped@25 --fault says:send-rate
  sestools simulate --region us-east-1 --fault bad-certificate:expired@465
  sestools simulate --scenario s4-flaky-link
  sestools simulate --scenario my-incident.toml
  sestools simulate --ports 587:10587 --ca-out ses-ca.pem     (for a program with a fixed configuration)"""


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = "play SES on this host until Ctrl-C, with faults on request"
    parser = shared.add_command(parsers, "simulate", run, about, EXAMPLES)
    about = "the region to play [the scenario's, SESTOOLS_REGION, AWS_REGION, us-east-1]"
    parser.add_argument("--region", help=about)
    form = "NAME[:WHAT][@PORTS]"
    parser.add_argument(
        "--fault", action="append", default=[], metavar=form, help="cause this fault (repeatable)"
    )
    shared.add_switch(parser, "--list-faults", "list the faults, and exit")
    about = "a scenario of the package, or one of yours"
    parser.add_argument("--scenario", metavar="NAME|FILE.toml", help=about)
    about = "listen on these port numbers, such as 587:10587,465:10465 [the system chooses]"
    parser.add_argument("--ports", metavar="PORT:NUMBER,...", default={}, type=_listen, help=about)
    about = "write the certificate authority to this file, too, for the clients that are to trust it"
    parser.add_argument("--ca-out", metavar="FILE", help=about)
    shared.add_switch(parser, "--list-scenarios", "list the package's scenarios, and exit")


def run(options: argparse.Namespace) -> int:
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

    more = {"listen": options.ports, "on_event": show}
    with running_simulator(options.region, options.fault, options.scenario, **more) as simulator:
        if options.ca_out:
            _write(simulator.ca_file, options.ca_out)
        region = region_of(simulator.host) or ""
        say(f"SES of {region}, simulated on this host. Ctrl-C ends it.")
        with on_signal(ended.set):
            print(directions(simulator, region), flush=True)
            ended.wait()
        say(f"\n{_summary(simulator)}")
    return HEALTHY


def _listen(text: str) -> dict[int, int]:
    try:
        return {int(port): int(number) for port, number in (word.split(":") for word in text.split(","))}
    except ValueError:
        raise argparse.ArgumentTypeError(f"wants PORT:NUMBER, such as 587:10587, not {text!r}") from None


def _write(ca_file: str, path: str) -> None:
    """Copy the CA file, which has no secret, to where it was asked for."""
    try:
        shutil.copyfile(ca_file, path)
    except OSError as error:
        raise UsageError(f"--ca-out {path}: {error.strerror}") from None


def _list(*, scenarios: bool) -> int:
    with simulator_extra():
        from sestools.simulator import faults
        from sestools.simulator.scenario import Scenario, names
    if not scenarios:
        print(faults.describe())
    for name in names() if scenarios else ():
        scenario = Scenario.named(name)
        print(f"{name:24} {scenario.failure:3} {scenario.title}\n{'':28} {scenario.about}")
    return HEALTHY


def directions(simulator: Simulator, region: str) -> str:
    """How to connect to a simulator."""
    from sestools.simulator.account import Account

    ports = simulator.connect_to.items()
    lines = [f"  {port:>5} is at {address}:{real}" for port, (address, real) in ports]
    if len(simulator.addresses) > 1:
        server, port = simulator.nameserver
        lines.append(f"  addresses {simulator.addresses[0]} to {simulator.addresses[-1]}, same port numbers")
        lines.append(f"  DNS       dig @{server} -p {port} {simulator.host}")
    lines.append(f"  CA file   {simulator.ca_file}")
    if simulator.credentials == Account(region=region).sign_in:
        user, password = simulator.credentials.user, simulator.credentials.password
        lines += [f"  user      {user}", f"  password  {password}   (made up; worth nothing)"]
    else:
        lines.append("  user name and password are those of your scenario file")
    flags = " ".join(f"--connect-to {port}:{address}:{real}" for port, (address, real) in ports)
    lines.append(f"\n  sestools check {region} --ca-file {shlex.quote(simulator.ca_file)} {flags}\n")
    return "\n".join(lines)


def _summary(simulator: Simulator) -> str:
    accepted = simulator.accepted
    recipients = sum(len(mail.recipients) for mail in accepted)
    used = len({mail.connection for mail in accepted})
    return (
        f"{len(accepted)} messages accepted for {recipients} recipients over {used} connections, "
        f"{simulator.refused} refused; {simulator.connections} connections in all"
    )


@contextlib.contextmanager
def simulator_extra() -> Iterator[None]:
    """For imports of the simulator: without its extra, say which one is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"the simulator needs {error.name}: pip install 'sestools[simulator]'") from None


@contextlib.contextmanager
def running_simulator(
    region: str | None, given: Sequence[str], scenario: str | None = None, **more: Any
) -> Iterator[Simulator]:
    """A simulator that runs, with faults in their written form; one of them can be the name of a scenario.

    Without a region it plays that of the scenario, or else that of the environment.
    """
    with simulator_extra():
        from sestools.simulator import Scenario, Simulator, faults
        from sestools.simulator.scenario import names
    given = [text for text in given if text]  # a bare --simulate names no fault
    known = [text for text in given if text in names()]
    if len(known) + (scenario is not None) > 1:
        raise UsageError("one scenario at a time")
    name = scenario or next(iter(known), None)
    script = Scenario.named(name) if name else Scenario()
    simulator = Simulator(
        _played(region or script.region or shared.default_region()),
        scenario=script,
        faults=[faults.parse(text) for text in given if text not in known],
        **more,
    )
    with contextlib.ExitStack() as stack:
        with stoppable() as stop:  # what is interrupted half-way through its start cannot be tidied up
            stack.enter_context(simulator)
        if stop.is_set():
            raise KeyboardInterrupt
        yield simulator


@contextlib.contextmanager
def destination(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Where to connect, whom to trust and how to sign in, as `check` and `targets` take them: SES or the simulator."""
    credentials = shared.chosen_credentials(options)
    if options.simulate is None:
        ca_file = options.ca_file or shared.setting("CA_FILE")
        connect_to = shared.parse_connect_to(options.connect_to)
        yield {"connect_to": connect_to, "ca_file": ca_file, "credentials": credentials}
        return
    if options.connect_to or options.ca_file:
        named = "--connect-to" if options.connect_to else "--ca-file"
        raise UsageError(f"--simulate brings its own {named}")
    for port in options.ports or () if "ports" in options else (options.port,):
        if port not in PORTS:
            raise UsageError(f"--simulate plays ports {', '.join(map(str, PORTS))}, not {port}")
    with running_simulator(options.where, [options.simulate]) as ses:
        credentials = credentials or ses.credentials
        yield {"connect_to": ses.connect_to, "ca_file": ses.ca_file, "credentials": credentials}


@contextlib.contextmanager
def one_target(options: argparse.Namespace) -> Iterator[Target]:
    """The one port of `--port`, with the credentials to sign in with if there are any: SES's or the simulator's."""
    from dataclasses import replace

    from sestools.checkup.check import targets

    with destination(options) as place:
        credentials = place.pop("credentials")
        (target,) = targets(options.where, ports=[options.port], **place)
        yield replace(target, credentials=credentials)


def _played(where: str) -> str:
    """The region to play where a region or its host name was given."""
    from sestools.core.endpoints import region_of, smtp_host

    if "." not in where:
        return where
    region = region_of(where)
    if region is None or smtp_host(region) != where.lower().rstrip("."):
        raise UsageError(f"--simulate plays the SMTP endpoint of a region, such as eu-west-1, not {where!r}")
    return region
