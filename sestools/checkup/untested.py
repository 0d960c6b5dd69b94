"""What a check did not test, and the command that tests each of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sestools.checkup.port_check import PortCheck
from sestools.core.endpoints import PORTS, region_of, smtp_host
from sestools.core.enums import Stage
from sestools.core.results import ProbeResult
from sestools.core.target import Target


@dataclass(frozen=True, kw_only=True)
class Untested:
    """Something that was not tested, and the command line that does."""

    what: str
    command: str


def place(host: str) -> str:
    """The region that a command takes for a host, or the host."""
    region = region_of(host)
    return region if region and smtp_host(region) == host.rstrip(".").lower() else host


def again(
    targets: Sequence[Target], simulated: str | None = None, *, one: bool = False, trusts: bool = True
) -> str:
    """The words that lead a command to the same place once more; `simulated` is what `--simulate` was given.

    `one` is for a command that takes one port, by default 587; `trusts`, whether it takes `--ca-file`.
    """
    words = [place(targets[0].host)]
    ports = [target.port for target in targets]
    if ports != [587] if one else set(ports) != set(PORTS):
        words += ["--port", ",".join(map(str, ports))]
    if simulated is not None:
        return shlex.join([*words, "--simulate", *([simulated] if simulated else [])])
    led = {target.port: ":".join(map(str, target.connect_to)) for target in targets if target.connect_to}
    for port, there in led.items():
        words += ["--connect-to", there if len(led) == 1 else f"{port}:{there}"]
    if targets[0].ca_file and trusts:
        words += ["--ca-file", targets[0].ca_file]
    return shlex.join(words)


def _bare(target: Target) -> Target:
    """A target without what leads to a simulator."""
    return replace(target, connect_to=None, ca_file=None)


def one_port(ports: Sequence[PortCheck], session: ProbeResult | None) -> Target:
    """The port for a command that takes one: that of the sign-in, else one that is ready, else one that connects."""
    if session:
        return session.target

    def rank(check: PortCheck) -> tuple[bool, bool, bool]:
        return not check.ready, check.is_shut, check.port != 587

    return min(ports, key=rank).dialogue.target


def untested(
    ports: Sequence[PortCheck],
    session: ProbeResult | None,
    simulated: str | None = None,
    *,
    real: bool = False,
) -> tuple[Untested, ...]:
    """What was not tested, the first thing to test first; with `real`, the commands lead to the endpoint itself."""
    targets, port = [check.dialogue.target for check in ports], one_port(ports, session)
    if real:
        targets, port = list(map(_bare, targets)), _bare(port)
    signed_in = bool(session and session.facts and session.facts.signed_in)
    refused = bool(session and session.symptom and session.symptom.stage is Stage.AUTH)
    sent = bool(session and any(step.stage is Stage.BODY for step in session.steps))
    whole = again(targets, simulated)
    # `lifetime` plays scenarios only.
    scenario = (
        simulated if simulated in (None, "") or re.fullmatch(r"s\d-[a-z0-9-]+", simulated or "") else ""
    )
    user = " --user AKIA..." if simulated is None else ""  # a simulator's own is taken
    left = {
        "sign-in": "" if signed_in or refused else f"sestools check {whole}{user}",
        "a message": "" if sent else f"sestools doctor {whole}{user} --from you@...",
        "large messages": f"sestools mtu {again([port], simulated, one=True, trusts=False)}",
        "long connections": f"sestools lifetime {again([port], scenario, one=True)}",
    }
    return tuple(Untested(what=what, command=command) for what, command in left.items() if command)
