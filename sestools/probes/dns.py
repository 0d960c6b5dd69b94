"""What a name resolves to: as an application sees it, and as DNS says it."""

from __future__ import annotations

import contextlib
import ipaddress
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sestools.core.clock import TIMEOUT
from sestools.core.enums import Stage
from sestools.core.results import ProbeResult, Step
from sestools.core.target import Target
from sestools.core.text import printable
from sestools.probes.connect import background, found_by_system, is_address
from sestools.probes.recorder import Deadline, Recorder, Stopped
from sestools.probes.resolver import Said, Told, check_resolver, question

GRACE = 1.0
"""Seconds that the system's own look-up is still waited for when a resolver has given addresses."""


@dataclass(frozen=True, kw_only=True)
class DnsAnswer:
    """What one resolver said.

    Attributes:
        resolver: Its address.
        ipv4: The A records.
        ipv6: The AAAA records; empty is normal for SES.
        aliases: The CNAME chain, if there is one.
        ttl: Seconds that the answer may be kept.
        error: Why there is no answer.
        seconds: How long it took.
        said: How the question for IPv4 addresses ended.
        said_ipv6: How the question for IPv6 addresses ended.
    """

    resolver: str
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    error: str = ""
    seconds: float = 0.0
    said: Said = Said.ANSWER
    said_ipv6: Said = Said.ANSWER

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses that it gave."""
        return self.ipv4 + self.ipv6


@dataclass(frozen=True, kw_only=True)
class DnsFacts:
    """What a name resolves to.

    Attributes:
        ipv4: IPv4 addresses that an application gets (getaddrinfo).
        ipv6: IPv6 addresses that an application gets.
        answers: What each resolver says, asked directly.
        detail: Why no resolver was asked, if none was.
    """

    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    answers: tuple[DnsAnswer, ...] = ()
    detail: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses that an application gets."""
        return self.ipv4 + self.ipv6

    @property
    def from_dns(self) -> tuple[str, ...]:
        """All addresses that any resolver gave."""
        return tuple(dict.fromkeys(one for answer in self.answers for one in answer.addresses))

    @property
    def private(self) -> bool:
        """Whether an address is private, as with a VPC endpoint or an entry in the hosts file."""
        return any(ipaddress.ip_address(one.partition("%")[0]).is_private for one in self.addresses)

    @property
    def differs(self) -> str:
        """How the application's view differs from DNS, in a sentence; empty if it does not.

        SES rotates its addresses, so two answers that merely overlap or both are public do not differ.
        """
        known = DnsFacts(ipv4=tuple(sorted(self.from_dns)))
        ours, theirs = ", ".join(self.addresses), ", ".join(known.ipv4)
        asked = any(answer.said in (Said.ANSWER, Said.NO_NAME) for answer in self.answers)
        if not asked or not (ours or theirs) or set(known.ipv4) & set(self.addresses):
            return ""
        if not theirs:
            return f"the system resolves the name to {ours}, DNS has no address for it"
        if not ours:
            return f"DNS has {theirs}, and the system's own look-up gave no address"
        if self.private == known.private:
            return ""
        return f"the system resolves the name to {ours}, DNS to {theirs}"


def probe_dns(
    target: Target,
    *,
    timeout: float = TIMEOUT,
    resolvers: Sequence[str] | None = None,
    cancel: threading.Event | None = None,
) -> ProbeResult[DnsFacts]:
    """Resolve a name twice: as an application does, and by asking DNS for TTL, aliases and resolvers.

    The outcome is the application's view (getaddrinfo: hosts file, search list and all). That a name has
    no IPv6 address is normal for SES.

    Args:
        target: Whose name; `connect_to` is not looked at.
        timeout: Seconds for everything together.
        resolvers: Addresses of resolvers to ask, each apart; by default the system's, as dnspython finds them.
        cancel: Set it to end the probe within a tenth of a second.
    """
    return LookUp(target, Deadline(timeout, cancel), resolvers).result()


class LookUp:
    """A look-up under way: the system's, and beside it two questions (A and AAAA) to each resolver."""

    def __init__(self, target: Target, deadline: Deadline, resolvers: Sequence[str] | None = None) -> None:
        self._target, self._deadline, self._detail = target, deadline, ""
        self._questions: dict[str, dict[str, Future[Told]]] = {}
        host = target.host
        try:
            if is_address(host):
                raise LookupError("the host is an IP address; there is nothing to look up")
            servers = dict.fromkeys(system_resolvers() if resolvers is None else resolvers)
            self._questions = {server: _asked(deadline, host, server) for server in servers}
        except LookupError as error:
            self._detail = str(error)
        self._system = background(self._by_system)

    def _by_system(self) -> tuple[float, tuple[str, ...], OSError | None]:
        """When the system's look-up ended, and how."""
        try:
            found, error = found_by_system(self._target.host, self._target.port), None
        except OSError as failure:
            found, error = (), failure
        return self._deadline.elapsed(), found, error

    def first(self) -> tuple[str, ...]:
        """The addresses to use: the system's, or those of a resolver if the system gives none, or not yet.

        Raises:
            Cancelled: If the user asked to stop.
        """
        until = None
        with contextlib.suppress(TimeoutError):
            while True:
                if self._system.done() and (found := self._system.result()[1]):
                    return found
                told = [one.result() for one in self._all("A", "AAAA") if one.done()]
                theirs = tuple(dict.fromkeys(address for one in told for address in one.records))
                now = self._deadline.elapsed()
                if theirs and until is None:
                    until = now + GRACE
                if until is not None and (self._system.done() or now >= until):
                    return theirs
                pending = [one for one in self._asking("A") if not one.done()]
                if not pending:
                    break
                pause = self._deadline.slice()
                wait(pending, min(pause, until - now) if until else pause, FIRST_COMPLETED)
        return ()

    def result(self, patience: float = float("inf")) -> ProbeResult[DnsFacts]:
        """What was seen until everything has ended, or so many seconds after the beginning."""
        recorder = Recorder(replace(self._target, connect_to=None), self._deadline)
        addresses: tuple[str, ...] = ()
        with recorder.probing():
            with contextlib.suppress(TimeoutError):
                pending = set(self._asking("A", "AAAA"))
                while pending and self._deadline.elapsed() < patience:
                    pending = wait(pending, min(self._deadline.slice(), 0.1), FIRST_COMPLETED).not_done
            spent = self._deadline.elapsed()
            late = TimeoutError(f"the system's own look-up had not ended after {spent:.1f} s")
            seconds, addresses, error = self._system.result() if self._system.done() else (spent, (), late)
            symptom = recorder.symptom(error, Stage.RESOLVE) if error else None
            recorder.steps.append(
                Step(stage=Stage.RESOLVE, at=0.0, seconds=seconds, sent=self._target.host, symptom=symptom)
            )
            if symptom:
                raise Stopped(symptom, error)
        facts = DnsFacts(
            ipv4=tuple(address for address in addresses if ":" not in address),
            ipv6=tuple(address for address in addresses if ":" in address),
            answers=tuple(_answer(self._deadline, *one) for one in self._questions.items()),
            detail=self._detail,
        )
        return replace(recorder.result("dns", facts), target=self._target)

    def _asking(self, *kinds: str) -> list[Future[Any]]:
        return [self._system, *self._all(*kinds)]

    def _all(self, *kinds: str) -> list[Future[Told]]:
        return [asked[kind] for asked in self._questions.values() for kind in kinds]


def system_resolvers() -> tuple[str, ...]:
    """The resolvers that this system is set up with.

    Raises:
        LookupError: If none can be found, with dnspython's words.
    """
    import dns.exception
    import dns.resolver

    try:
        return tuple(map(str, dns.resolver.get_default_resolver().nameservers))
    except dns.exception.DNSException as error:
        raise LookupError(printable(str(error))) from None


def ask(deadline: Deadline, host: str, server: str) -> DnsAnswer:
    """Ask one resolver (its address, or `address#port`) for A and AAAA; what fails is part of the answer.

    Raises:
        UsageError: If the resolver is not an address.
        Cancelled: If the user asked to stop.
    """
    asked = _asked(deadline, host, server)
    pending: set[Future[Told]] = set(asked.values())
    with contextlib.suppress(TimeoutError):
        while pending:
            pending = wait(pending, deadline.slice(), FIRST_COMPLETED).not_done
    return _answer(deadline, server, asked)


def _asked(deadline: Deadline, host: str, server: str) -> dict[str, Future[Told]]:
    """Questions to one resolver, under way."""
    check_resolver(server)
    left = max(deadline.seconds - deadline.elapsed(), 1e-9)
    return {kind: background(partial(question, host, kind, server, Deadline(left))) for kind in ("A", "AAAA")}


def _answer(deadline: Deadline, server: str, asked: Mapping[str, Future[Told]]) -> DnsAnswer:
    spent = deadline.elapsed()
    silent = Told(said=Said.SILENT, error=f"no answer in {spent:.1f} s", seconds=spent)
    first, second = (asked[kind].result() if asked[kind].done() else silent for kind in ("A", "AAAA"))
    failed = next((one.error for one in (first, second) if one.error), "")
    return DnsAnswer(
        resolver=server,
        ipv4=first.records,
        ipv6=second.records,
        aliases=first.aliases or second.aliases,
        ttl=second.ttl if first.ttl is None else first.ttl,
        error="" if first.records or second.records else failed,
        seconds=max(first.seconds, 0.0 if second is silent else second.seconds),
        said=first.said,
        said_ipv6=second.said,
    )
