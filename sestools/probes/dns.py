"""What a name resolves to: as an application sees it, and as DNS says it."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sestools.core.clock import TIMEOUT
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.core.text import printable
from sestools.probes.connect import in_time, is_address, resolve
from sestools.probes.recorder import Deadline, Recorder


@dataclass(frozen=True, kw_only=True)
class DnsAnswer:
    """What one resolver said.

    Attributes:
        resolver: Its address.
        ipv4: The A records.
        ipv6: The AAAA records; empty is normal for SES.
        aliases: The CNAME chain, if there is one.
        ttl: Seconds that the answer may be kept.
        error: Why there is no answer, in dnspython's words.
        seconds: How long it took.
    """

    resolver: str
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    error: str = ""
    seconds: float = 0.0


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
    def private(self) -> bool:
        """Whether an address is private, as with a VPC endpoint or an entry in the hosts file."""
        return any(ipaddress.ip_address(one.partition("%")[0]).is_private for one in self.addresses)

    @property
    def differs(self) -> str:
        """How the application's view differs from DNS, in a sentence; empty if it does not.

        SES rotates its addresses, so two answers that merely overlap or both are public do not differ.
        """
        asked = [answer for answer in self.answers if not answer.error]
        known = DnsFacts(ipv4=tuple(sorted({one for answer in asked for one in answer.ipv4 + answer.ipv6})))
        ours, theirs = ", ".join(self.addresses), ", ".join(known.ipv4)
        if not asked or not (ours or theirs) or set(known.ipv4) & set(self.addresses):
            return ""
        if not theirs:
            return f"the system resolves the name to {ours}, DNS has no address for it"
        if not ours:
            return f"DNS has {theirs}, yet the system does not resolve the name"
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
    recorder = Recorder(replace(target, connect_to=None), Deadline(timeout, cancel))
    addresses: tuple[str, ...] = ()
    answers: list[DnsAnswer] = []
    detail = ""
    with recorder.probing():
        addresses = resolve(recorder)
    if not recorder.not_run:
        with recorder.probing():
            try:
                if is_address(target.host):
                    raise LookupError("the host is an IP address; there is nothing to look up")
                for server in dict.fromkeys(system_resolvers() if resolvers is None else resolvers):
                    answers.append(ask(recorder.deadline, target.host, server))
            except LookupError as error:
                detail = str(error)
    facts = DnsFacts(
        ipv4=tuple(address for address in addresses if ":" not in address),
        ipv6=tuple(address for address in addresses if ":" in address),
        answers=tuple(answers),
        detail=detail,
    )
    return replace(recorder.result("dns", facts), target=target)


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
    try:
        left = deadline.remaining()
        return in_time(deadline, lambda: _ask(host, server, Deadline(left)))
    except TimeoutError as error:
        return DnsAnswer(resolver=server, error=str(error))


def _ask(host: str, server: str, clock: Deadline) -> DnsAnswer:
    import dns.exception
    import dns.resolver

    address, _, port = server.partition("#")
    try:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [address]
        resolver.port = int(port or 53)
    except ValueError as error:
        raise UsageError(f"resolver {server!r} is not an IP address, or address#port: {error}") from None
    found: dict[str, tuple[str, ...]] = {}
    aliases: tuple[str, ...] = ()
    ttl, problem = None, ""
    for kind in ("A", "AAAA"):
        try:
            answer = resolver.resolve(host + ".", kind, lifetime=clock.remaining(), raise_on_no_answer=False)
        except (dns.exception.DNSException, TimeoutError, OSError) as error:
            problem = printable(str(error), 200)
            break
        if answer.rrset:
            found[kind] = tuple(record.to_text() for record in answer)
            ttl = answer.rrset.ttl
            chain = (name for part in answer.chaining_result.cnames for name in part)
            aliases = tuple(str(name.target).rstrip(".") for name in chain)
    return DnsAnswer(
        resolver=server,
        ipv4=found.get("A", ()),
        ipv6=found.get("AAAA", ()),
        aliases=aliases,
        ttl=ttl,
        error=problem,
        seconds=clock.elapsed(),
    )
