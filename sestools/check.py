"""The main job: look at every port side by side, sign in once, and say what follows."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from sestools.endpoints import PORTS, default_security, smtp_host
from sestools.model import Credentials, Outcome, ProbeResult, Security, Stage, Target
from sestools.probes import SUCCESS, DnsFacts, probe_dialogue, probe_dns, probe_tcp
from sestools.probes._connect import resolve
from sestools.probes._connection import tls_context
from sestools.probes._record import Deadline, Recorder, Stopped
from sestools.report import PortCheck, Report
from sestools.verdict import is_ready, judge

APART = 0.002
"""Seconds between the starts of two dialogues: handshakes that all begin at once distort each other's times."""

PREFERRED = (587, 465, 2587, 2465, 25)
"""Ports in the order in which one is chosen to sign in on."""

Progress = Callable[[int, int, str], None]


def targets(
    where: str,
    *,
    ports: Sequence[int] | None = None,
    security: Security | None = None,
    connect_to: Mapping[int, tuple[str, int]] | tuple[str, int] | None = None,
    ca_file: str | None = None,
) -> tuple[Target, ...]:
    """The targets of a check, one a port.

    Args:
        where: A region such as `eu-west-1`, or a host name (it holds a dot) or IP address.
        ports: Ports, by default all five of SES.
        security: TLS mode, by default each port's own.
        connect_to: Address and port to connect to instead, for each port, or one for all.
        ca_file: Certificate authorities to trust instead of the system's.
    """
    host = where if "." in where or ":" in where else smtp_host(where)
    if ports is not None and not ports:
        raise ValueError("name at least one port")
    chosen = tuple(dict.fromkeys(PORTS if ports is None else ports))
    if isinstance(connect_to, Mapping):
        missing = [port for port in chosen if port not in connect_to]
        if ports is None:
            chosen = tuple(port for port in chosen if port in connect_to)
        elif missing:
            raise ValueError(
                f"connect_to says nothing for port {missing[0]}; it has {', '.join(map(str, connect_to))}"
            )
    return tuple(
        Target(
            host=host,
            port=port,
            security=security or default_security(port),
            connect_to=connect_to[port] if isinstance(connect_to, Mapping) else connect_to,
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
    timeout: float = 5.0,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Report:
    """Check an SES endpoint on all its ports and say what is wrong, why, and what to do.

    Without credentials it stops before AUTH. With them it signs in once, on one healthy port whose
    certificate verified (a named port first, else 587), never on each. It sends only when asked, one
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
        ca_file: Certificate authorities to trust instead of the system's.
        timeout: Seconds that each probe may take; the probes of all ports run side by side.
        progress: Called with (done, total, what) from the calling thread.
        cancel: Set it to end the check within a tenth of a second.

    Returns:
        A `Report`; whatever the network does is in it.

    Raises:
        ValueError: On wrong use.
    """
    chosen = targets(where, ports=ports, security=security, connect_to=connect_to, ca_file=ca_file)
    if send and (credentials is None or not sender):
        raise ValueError(
            "sending needs credentials and a sender (an address or domain verified in the region)"
        )
    stop = cancel or threading.Event()
    run = _Run(chosen, timeout, stop, progress or (lambda done, total, what: None))
    try:
        return run.report(
            named=ports is not None,
            credentials=credentials,
            send=send,
            sender=sender,
            recipient=recipient,
            confirm_recipient=confirm_recipient,
        )
    except BaseException:
        stop.set()
        raise


class _Run:
    """A check under way."""

    def __init__(
        self, chosen: tuple[Target, ...], timeout: float, stop: threading.Event, progress: Progress
    ) -> None:
        self.targets = chosen
        self.timeout = timeout
        self.stop = stop
        self.progress = progress
        self.context = tls_context(chosen[0].ca_file)
        self.started = datetime.datetime.now(datetime.UTC)
        self.clock = time.perf_counter()
        self.not_checked: list[str] = []
        self.notes: list[str] = []

    def report(
        self,
        *,
        named: bool,
        credentials: Credentials | None,
        send: bool,
        sender: str | None,
        recipient: str,
        confirm_recipient: bool,
    ) -> Report:
        host = self.targets[0].host
        dns, ports = self.look()
        own_ca = self.targets[0].ca_file is not None
        session = None
        if credentials is None:
            self.not_checked.append("sign-in and sending: no credentials were given")
        else:
            ready = [port for port in ports if is_ready(port, host, own_ca)]
            ready.sort(
                key=lambda port: PREFERRED.index(port.port) if port.port in PREFERRED and not named else 0
            )
            if not ready:
                self.not_checked.append(
                    "sign-in: no port is healthy and verified, and credentials go nowhere else"
                )
            else:
                self.progress(len(ports), len(ports) + 1, f"signing in on port {ready[0].port}")
                session = self.sign_in(ready[0], credentials, send, sender, recipient, confirm_recipient)
                if not send:
                    self.not_checked.append("sending: not asked for")
        findings = judge(host=host, dns=dns, ports=ports, session=session, named=named, own_ca=own_ca)
        return Report(
            host=host,
            started=self.started,
            seconds=time.perf_counter() - self.clock,
            dns=dns,
            ports=ports,
            session=session,
            findings=findings,
            not_checked=tuple(self.not_checked),
            notes=tuple(self.notes),
        )

    def look(self) -> tuple[ProbeResult, tuple[PortCheck, ...]]:
        """Resolve once, then look at every port side by side."""
        first = self.targets[0]
        if any(target.connect_to for target in self.targets):
            reason = "DNS was not asked: an address to connect to was given"
            dns = ProbeResult(
                probe="dns", target=first, outcome=Outcome.NOT_RUN, facts=DnsFacts(), reason=reason
            )
            return dns, self.ports(None)
        try:
            addresses = resolve(Recorder(first, Deadline(self.timeout, self.stop)))
        except Stopped:
            dns = probe_dns(first, timeout=self.timeout, cancel=self.stop)
            return dns, tuple(_not_run(target, "the name does not resolve") for target in self.targets)
        with ThreadPoolExecutor(1) as pool:
            looking = pool.submit(probe_dns, first, timeout=self.timeout, cancel=self.stop)
            ports = self.ports(addresses)
            dns = looking.result()
        if dns.facts.differs:
            self.notes.append(dns.facts.differs)
        if dns.facts.private:
            self.notes.append(
                f"{first.host} resolves to a private address, as with a VPC endpoint: its security group "
                "must allow the SMTP ports from here"
            )
        return dns, ports

    def ports(self, addresses: tuple[str, ...] | None) -> tuple[PortCheck, ...]:
        def connect(target: Target) -> ProbeResult:
            return probe_tcp(target, timeout=self.timeout, addresses=addresses, cancel=self.stop)

        def talk(target: Target) -> ProbeResult:
            return probe_dialogue(
                target, timeout=self.timeout, addresses=addresses, context=self.context, cancel=self.stop
            )

        total = len(self.targets)
        with ThreadPoolExecutor(2 * total, thread_name_prefix="sestools-check") as pool:
            pairs: list[tuple[Target, Future[ProbeResult], Future[ProbeResult]]] = []
            try:
                for target in self.targets:
                    pairs.append((target, pool.submit(connect, target), pool.submit(talk, target)))
                    time.sleep(APART)
                checks = []
                for done, (target, tcp, dialogue) in enumerate(pairs):
                    self.progress(done, total, f"port {target.port}")
                    checks.append(
                        PortCheck(
                            port=target.port,
                            security=target.security or default_security(target.port),
                            tcp=tcp.result(),
                            dialogue=dialogue.result(),
                        )
                    )
                self.progress(total, total, "all ports")
            except BaseException:
                self.stop.set()  # before the pool waits for its threads
                raise
        return tuple(checks)

    def sign_in(
        self,
        ready: PortCheck,
        credentials: Credentials,
        send: bool,
        sender: str | None,
        recipient: str,
        confirm_recipient: bool,
    ) -> ProbeResult:
        address = ready.dialogue.facts.address
        return probe_dialogue(
            replace(ready.dialogue.target, credentials=credentials),
            timeout=self.timeout,
            until=Stage.BODY if send else Stage.AUTH,
            sender=sender,
            recipients=(recipient,),
            confirm_recipients=confirm_recipient,
            addresses=(address,) if address else None,
            context=self.context,
            cancel=self.stop,
        )


def _not_run(target: Target, reason: str) -> PortCheck:
    def result(probe: str) -> ProbeResult:
        return ProbeResult(probe=probe, target=target, outcome=Outcome.NOT_RUN, reason=reason)

    return PortCheck(
        port=target.port,
        security=target.security or default_security(target.port),
        tcp=result("tcp"),
        dialogue=result("dialogue"),
    )
