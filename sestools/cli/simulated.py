"""`--simulate`: a command meets the simulator instead of SES."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sestools.cli.options import chosen_credentials, chosen_region, parse_connect_to, setting
from sestools.cli.signals import stoppable
from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.core.target import Target
    from sestools.simulator import Simulator


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
        _played(region or script.region or chosen_region(None)),
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
def destination(options: argparse.Namespace, region: str) -> Iterator[dict[str, Any]]:
    """Where to connect, whom to trust and how to sign in, as `check` and `targets` take them: SES or the simulator."""
    credentials = chosen_credentials(options)
    if options.simulate is None:
        ca_file = options.ca_file or setting("CA_FILE")
        connect_to = parse_connect_to(options.connect_to)
        yield {"connect_to": connect_to, "ca_file": ca_file, "credentials": credentials}
        return
    if options.connect_to or options.ca_file:
        raise UsageError("--simulate brings its own --connect-to and --ca-file")
    with running_simulator(region, [options.simulate]) as ses:
        credentials = credentials or ses.credentials
        yield {"connect_to": ses.connect_to, "ca_file": ses.ca_file, "credentials": credentials}


@contextlib.contextmanager
def one_target(options: argparse.Namespace, region: str) -> Iterator[Target]:
    """The one port of `--port`, with the credentials to sign in with if there are any: SES's or the simulator's."""
    from dataclasses import replace

    from sestools.checkup.check import targets

    with destination(options, region) as place:
        credentials = place.pop("credentials")
        (target,) = targets(region, ports=[options.port], **place)
        yield replace(target, credentials=credentials)


def _played(where: str) -> str:
    """The region to play where a host name was given."""
    from sestools.core.endpoints import region_of, smtp_host

    if "." not in where:
        return where
    region = region_of(where)
    if region is None or smtp_host(region) != where.lower().rstrip("."):
        raise UsageError(f"--simulate plays the SMTP endpoint of a region, such as eu-west-1, not {where!r}")
    return region
