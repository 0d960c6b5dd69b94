"""The main job: look at every port side by side, sign in once, and say what follows."""

from __future__ import annotations

import datetime
import ipaddress
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sestools.checkup.answering import vouched
from sestools.checkup.environment import Context, Search, named, told
from sestools.checkup.port_check import PortCheck
from sestools.checkup.port_probes import PREFERRED, PortProbes, budget_of
from sestools.checkup.report import Report
from sestools.checkup.verdict import half_dead_addresses, judge, seen
from sestools.core import trust
from sestools.core.clock import TIMEOUT, Progress, no_progress
from sestools.core.credentials import Credentials
from sestools.core.endpoints import PORTS, Security, default_security, is_private, region_of, smtp_host
from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.core.regions import doubt
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.probes import (
    SUCCESS,
    is_mailbox_simulator,
)
from sestools.probes.connect import is_address


def targets(
    where: str,
    *,
    ports: Sequence[int] | None = None,
    security: Security | None = None,
    connect_to: Mapping[int, tuple[str, int]] | tuple[str, int] | None = None,
    ca_file: str | None = None,
) -> tuple[Target, ...]:
    """The targets of a check, one a port; the arguments are those of `check`."""
    host = where if "." in where or ":" in where else smtp_host(where)
    if ports is not None and not ports:
        raise UsageError("name at least one port")
    chosen = tuple(dict.fromkeys(PORTS if ports is None else ports))
    each = connect_to if isinstance(connect_to, Mapping) else dict.fromkeys(chosen, connect_to)
    if ports is None:
        chosen = tuple(port for port in chosen if port in each)
        if not chosen:
            raise UsageError(f"connect_to names no SES port; those are {', '.join(map(str, PORTS))}")
    for port in chosen:
        if port not in each:
            raise UsageError(f"connect_to says nothing for port {port}; it has {', '.join(map(str, each))}")
    return tuple(
        Target(
            host=host,
            port=port,
            security=security or default_security(port),
            connect_to=each[port],
            ca_file=ca_file,
        )
        for port in chosen
    )


def check(
    where: str,
    *,
    ports: Sequence[int] | None = None,
    security: Security | None = None,
    credentials: Credentials | None = None,
    send: bool = False,
    sender: str | None = None,
    recipient: str = SUCCESS,
    confirm_recipient: bool = False,
    connect_to: Mapping[int, tuple[str, int]] | tuple[str, int] | None = None,
    ca_file: str | None = None,
    timeout: float = TIMEOUT,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    context: Context | str | None = None,
) -> Report:
    """Check an SES endpoint on all its ports and say what is wrong, why, and what to do.

    Without credentials it stops before AUTH. With them it signs in once, on one healthy port (a named port
    first, else 587), never on each, and only if that very connection shows that it leads to SES. It sends only when asked, one
    message, to SES's mailbox simulator unless another recipient is named and confirmed.

    Args:
        where: A region such as `eu-west-1`, or a host name.
        ports: Ports, by default all five. A port that is named decides the verdict.
        security: TLS mode to try instead of each port's own.
        credentials: SMTP user name and password.
        send: Send one message after signing in.
        sender: Envelope sender of that message: an identity verified in the region.
        recipient: Its recipient.
        confirm_recipient: Yes, mail may go to a recipient outside the mailbox simulator.
        connect_to: Address and port to connect to instead of what DNS says, for each port or one for all.
        ca_file: Certificate authorities to trust, instead of the system's to look and of Amazon's to sign in.
        timeout: Seconds that the look-up and each step may take. All ports are looked at side by side. What is
            unclear then gets a second look; it ends after twice the time-out and a second, signing in aside.
        progress: Called with (done, total, what) from the calling thread.
        cancel: Set it to end the check within a tenth of a second.
        context: Where this runs, such as `ec2`, if you know better than what is found (SESTOOLS_CONTEXT says it,
            too). It words the verdict. Not looked for if everything leads to this host itself.

    Returns:
        A `Report`; whatever the network does is in it.

    Raises:
        UsageError: On wrong use.
    """
    chosen = targets(where, ports=ports, security=security, connect_to=connect_to, ca_file=ca_file)
    trust.looking(ca_file)  # a CA file that cannot be read is told now
    if send and (credentials is None or not sender):
        raise UsageError(
            "sending needs credentials and a sender (an address or domain verified in the region)"
        )
    if send and not (confirm_recipient or is_mailbox_simulator(recipient)):
        raise UsageError(f"{recipient} is not the mailbox simulator; confirm_recipient allows mail to it")
    where_from = _context(context, chosen)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    stop = cancel or threading.Event()
    budget = budget_of(timeout, stop)
    probes = PortProbes(timeout=timeout, stop=stop, progress=progress or no_progress, budget=budget)
    host, named_ports, session = chosen[0].host, ports is not None, None
    not_checked: tuple[str, ...] = ()
    try:
        dns, found, looks = probes.everywhere(chosen)
        looks += probes.again(seen(host, dns, found, named_ports, looks))
        if credentials is None:
            not_checked = ("sign-in and sending: no credentials were given",)
        elif port := _where_to_sign_in(found, named=ports is not None):
            message: dict[str, Any] = {"recipients": (recipient,), "confirm_recipients": confirm_recipient}
            until = Stage.BODY if send else Stage.AUTH
            session = probes.sign_in(port, credentials, until=until, sender=sender, **message)
            not_checked = () if send else ("sending: not asked for",)
        else:
            not_checked = ("sign-in: no port is healthy and verified, and credentials go nowhere else",)
    except BaseException:
        stop.set()
        raise
    runs_on = where_from.result(stop) if isinstance(where_from, Search) else where_from
    facts: dict[str, Any] = {"host": host, "dns": dns, "ports": found, "session": session}
    facts |= {"context": runs_on, "looks": looks}
    return Report(
        **facts,
        started=started,
        seconds=time.perf_counter() - clock,
        findings=judge(**facts, named=named_ports, credentials=credentials),
        not_checked=not_checked,
        notes=(*_notes(dns, chosen), *half_dead_addresses(found), *vouched(found)),
    )


def _context(given: Context | str | None, chosen: Sequence[Target]) -> Context | Search | None:
    """Where this runs, or a search for it that goes on beside the check."""
    if given is not None:
        return told(given) if isinstance(given, str) else given
    # A simulator or tunnel on this host: what is around this host is not on the way.
    return named() if all(map(_is_local, chosen)) else Search()


def _where_to_sign_in(found: Sequence[PortCheck], *, named: bool) -> PortCheck | None:
    """The one port to sign in on: the first of the named ones, else the most preferred that is ready."""
    ready = [port for port in found if port.ready]
    if not named:
        ready.sort(key=lambda port: PREFERRED.index(port.port))
    return ready[0] if ready else None


def _notes(dns: ProbeResult, chosen: Sequence[Target]) -> Iterator[str]:
    """What is worth knowing and no finding."""
    if (region := region_of(dns.target.host)) and (unsure := doubt(region)):
        yield unsure
    if dns.facts.differs and not dns.symptom:
        yield dns.facts.differs
    if any(map(is_private, dns.facts.addresses)):
        yield f"{dns.target.host} resolves to a private address, as with a VPC endpoint"
    local = {target.connect_to[0] for target in chosen if target.connect_to and _is_local(target)}
    if local:
        yield f"connected to {', '.join(sorted(local))}, this host itself: a simulator or a tunnel"


def _is_local(target: Target) -> bool:
    address = target.connect_to[0] if target.connect_to else target.host
    return address == "localhost" or (is_address(address) and ipaddress.ip_address(address).is_loopback)
