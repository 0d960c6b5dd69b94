"""What a network is, and what has to be found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

HOST = "email-smtp.eu-west-1.amazonaws.com"
ICMP_LOST = "icmp type destination-unreachable icmp code frag-needed drop"
ICMP6_LOST = "icmpv6 type packet-too-big drop"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One network, and what has to be found in it. `{n}` in its texts is its number.

    Attributes:
        name: What is wrong, in words.
        want: What the client has to report, by name.
        kind: `mtu`, `check`, `lifetime`, `sweep`, or `context`: whether EC2's metadata service is found.
        port: Which port the MTU probe uses.
        forward: nft rules for what the router forwards.
        output: nft rules for what the router says itself.
        up: Path MTU towards the server, if the router's way there is narrow.
        down: Path MTU towards the client.
        mtu: MTU of the outer interfaces: the client's and the server's.
        ipv6: Whether the name has an IPv6 address, too, and the network carries it.
        ipv4: Whether the name has an IPv4 address.
        fixed: MTU that the client's interface was set to in the end.
        route: MTU that the client's route was given in the end.
        deaf: Whether the server never answers NOOP.
        private: Whether the server has private addresses, as a VPC endpoint has.
        second: Whether the name has a second IPv4 address, which ends in 3.
        longest: Seconds that it may take.
        dns: What the router's name server does (see `nameserver.py`); None if a hosts file has the name.
        resolvers: The name servers that the client asks.
        pinned: Address that the client's hosts file gives the name, beside DNS.
        box: What the middlebox in the router does, by port (see `middlebox.py`).
        box_trusted: Whether the client trusts the middlebox's certificates.
        link: What happens between router and server, `up` and `down` (see `link.py`); switches offloads off.
        rules: More nft chains and sets in the router's table.
        ours: nft rules for what the client sends.
        sysctl: The client's kernel settings.
        environment: The client's environment variables.
        routed: Whether the client has a default route.
        addresses: More addresses that the router itself has.
        server_is: How the server behaves (see `server.py`), if it is not as SES.
        asked: The host name that the client is told.
        arguments: More options of the command line, for `lifetime` and `sweep`.
    """

    name: str
    want: dict[str, Any] = field(default_factory=dict)
    kind: str = "mtu"
    port: int = 587
    forward: Sequence[str] = ()
    output: Sequence[str] = ()
    up: int | None = None
    down: int | None = None
    mtu: int = 1500
    ipv6: bool = False
    ipv4: bool = True
    fixed: int | None = None
    route: int | None = None
    deaf: bool = False
    private: bool = False
    second: bool = False
    longest: float = 15.0
    dns: Mapping[str, Any] | None = None
    resolvers: Sequence[str] = ("10.{n}.1.1",)
    pinned: str = ""
    box: Mapping[int, str] = field(default_factory=dict)
    box_trusted: bool = False
    link: Mapping[str, Mapping[str, Any]] | None = None
    rules: str = ""
    ours: Sequence[str] = ()
    sysctl: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    routed: bool = True
    addresses: Sequence[str] = ()
    server_is: Mapping[str, Any] = field(default_factory=dict)
    asked: str = HOST
    arguments: Sequence[str] = ()

    def server(self, number: int) -> tuple[str, str]:
        """How the server's addresses begin: public as far as anybody can tell, unless they are private.

        IPv4 is from the range for such tests (RFC 2544), IPv6 from that for documentation (RFC 3849).
        """
        if self.private:
            return f"10.{number}.2", f"fd00:{number}:2:"
        return f"198.18.{number}", f"2001:db8:{number}:"

    def served(self, number: int) -> list[str]:
        """The addresses that the name really has."""
        far, far6 = self.server(number)
        found = [f"{far}.2"] if self.ipv4 else []
        found += [f"{far6}:2"] if self.ipv6 else []
        return found + ([f"{far}.3"] if self.second else [])


@dataclass(frozen=True, kw_only=True)
class Network(Case):
    """A network of the table, with what would be right and what would be false to say about it.

    Attributes:
        truth: What is so, in words.
        leads: For each command that meets it, the ids of causes that may lead its verdict; empty if any may,
            and `says` decides.
        says: Regular expressions of which each must be found in what the user reads.
        never: Regular expressions of sentences that would be false in this network.
        limits: For each command, the most seconds that it may take, where that is not `longest`.
        group: Which class of fault it belongs to.
        short: Whether the short form of the table holds it.
    """

    truth: str
    leads: Mapping[str, Sequence[str]]
    says: Mapping[str, Sequence[str]] = field(default_factory=dict)
    never: Sequence[str] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    group: str = ""
    short: bool = False
    longest: float = 11.0
    dns: Mapping[str, Any] | None = field(default_factory=dict)
