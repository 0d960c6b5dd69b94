"""Firewall rules: the entries of a list, and rules that let mail out to an endpoint whose addresses change."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sestools.allowlist.history import AddressHistory
from sestools.core.document import Document, Field, Link
from sestools.core.endpoints import PORTS, Security, is_private, look_alike, region_of, smtp_host
from sestools.core.enums import Level
from sestools.core.errors import UsageError
from sestools.core.text import printable
from sestools.render.shown import Shown

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_PINNED = 10_000
"""Entries of a list that are read."""
# The last label holds a letter: 192.0.2.999 is a slip, not a name.
_NAME = re.compile(r"(?:\*?\.)?(?:[a-z0-9_-]{1,63}\.)+(?=[0-9-]*[a-z])[a-z0-9-]{2,63}\.?", re.I)


def covers(rule: str, host: str) -> bool:
    """Whether a host name rule lets a host through: `*.example.com` and `.example.com` all below it, a name itself.

    Some firewalls take a plain name for everything below it as well; this does not rely on it.
    """
    rule, host = rule.lower().rstrip("."), host.lower().rstrip(".")
    return host.endswith(rule.lstrip("*")) if rule.startswith(("*.", ".")) else host == rule


def entries(pinned: str | Sequence[str]) -> list[str]:
    """The entries of a list in one form, each once.

    Raises:
        UsageError: If one is not an address, a range or a host name, or there is none.
    """
    text = (pinned if isinstance(pinned, str) else "\n".join(pinned)).lstrip("\ufeff")  # as Windows saves it
    words = (word.strip("\"'[]") for word in re.split(r"[\s,;]+", re.sub(r"#[^\r\n]*", "", text)))
    found: list[str] = []
    for word in filter(None, words):
        if networks := _networks(word):
            found += [str(one.network_address if one.num_addresses == 1 else one) for one in networks]
        elif _NAME.fullmatch(word):
            found.append(word.lower().rstrip("."))
        else:
            raise UsageError(
                f"'{printable(word, 60)}' is not an address, a range such as 192.0.2.0/24, or a host name"
            )
        if len(found) > MOST_PINNED:
            raise UsageError(f"a list may have {MOST_PINNED} entries, not more")
    if not found:
        raise UsageError("the list is empty")
    return list(dict.fromkeys(found))


def _networks(word: str) -> list[Network]:
    """What an address, `192.0.2.0/24`, `192.0.2.10-192.0.2.12` or `192.0.2.10-12` stands for; empty if none."""
    first, dash, last = word.partition("-")
    if not dash:
        return [network] if (network := network_of(word)) else []
    if last.isdecimal() and "." in first:
        last = f"{first.rpartition('.')[0]}.{last}"
    try:
        return [*ipaddress.summarize_address_range(ipaddress.ip_address(first), ipaddress.ip_address(last))]
    except (ValueError, TypeError):  # no address; the end before the beginning; of two versions
        return []


def network_of(word: str) -> Network | None:
    """An address or a range; the IPv4 that `::ffff:192.0.2.10` means, as some programs log it."""
    try:
        network = ipaddress.ip_network(word, strict=False)
    except ValueError:
        return None
    inside = network.network_address.ipv4_mapped if network.version == 6 else None
    if inside and network.prefixlen >= 96:
        return ipaddress.IPv4Network((inside, network.prefixlen - 96))
    return network


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way to let the mail out.

    Attributes:
        title: What it is.
        lines: What to set, and what to mind.
        mark: `documented` by AWS, or `inferred` from how firewalls and SMTP work.
        source: Where AWS says so, or what it rests on.
    """

    title: str
    lines: tuple[str, ...]
    mark: str
    source: str


@dataclass(frozen=True, kw_only=True, repr=False)
class AllowlistAdvice(Shown):
    """How to allow an endpoint through a firewall, the best way first.

    Attributes:
        host: The endpoint's name; the right one, if the one given is often mistaken for it.
        ports: The ports to open.
        rules: The ways, the best first.
        traps: What goes wrong most often.
    """

    host: str
    ports: tuple[int, ...]
    rules: tuple[Rule, ...]
    traps: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The advice for a program."""
        return dataclasses.asdict(self)

    def document(self) -> Document:
        """The rules, the best first, and what goes wrong most often."""
        fields = []
        for number, rule in enumerate(self.rules, 1):
            source = Link(rule.source) if rule.source.startswith("https://") else rule.source
            texts = (f"{rule.title} [{rule.mark}]", *rule.lines, source)
            fields.append(Field(label=f"{number}.", texts=texts))
        fields.append(Field(label="Trap", texts=self.traps))
        return Document(title=f"How to allow {self.host}", level=Level.NOTICE, fields=tuple(fields))

    def __repr__(self) -> str:
        return f"<AllowlistAdvice for {printable(self.host)}: {'; '.join(rule.title for rule in self.rules)}>"


def allowlist_advice(where: str | AddressHistory, *, ports: Sequence[int] = (587, 465)) -> AllowlistAdvice:
    """How to let mail out to an endpoint through a firewall, as rules. Never as addresses.

    Args:
        where: A region, a host name, or what `watch_addresses` saw, which also tells a VPC endpoint.
        ports: The ports that you use.

    Raises:
        UsageError: If there is no such region, or no port is named.
    """
    watched = where if isinstance(where, AddressHistory) else None
    given = watched.host if watched else str(where)
    host = given if "." in given else smtp_host(given)
    if other := look_alike(given):  # rules for this one would open the wrong way
        host, watched = _right_host(given), None
    if not ports:
        raise UsageError("name at least one port")
    private = watched is not None and any(map(is_private, watched.addresses))
    ports = tuple(dict.fromkeys(ports))
    region = region_of(host) if host != _UNKNOWN else None
    names = ["name", "tls", "relay", "ranges"]
    if region:
        names.insert(0 if private else 2, "vpc")
    ttls = watched.ttls if watched else None
    words = {
        "host": host,
        "ports": _list(ports),
        "region": region,
        "in_region": f", region {region}" if region else "",
        "ttl": f"{ttls[0]} s (in this watch)" if ttls else "60 s (as seen with SES)",
        "private": "The answers are private addresses, so an endpoint seems to be in use here."
        if private
        else "",
        **_tls_lines(ports),
    }
    rules = tuple(_rule(_RULES[name], words) for name in names)
    traps = []
    if other:
        traps.append(f"{given} is {other}. You connect to {host}.")
    elif region:
        traps.append(
            "AWS's page about SMTP issues says to allow the domain amazonses.com. The host that you connect to is "
            f"{host}: amazonAWS, not amazonSES. A rule for amazonses.com alone does not open the way."
        )
    traps.append(
        "The addresses that SES sends from, which recipients may allow, are others. They do not help here."
    )
    return AllowlistAdvice(host=host, ports=ports, rules=rules, traps=tuple(traps))


_UNKNOWN = "email-smtp.REGION.amazonaws.com"


def _right_host(wrong: str) -> str:
    """The SMTP endpoint of the region in a name that is not an SMTP endpoint's."""
    for label in wrong.split("."):
        with contextlib.suppress(ValueError):
            return smtp_host(label)
    return _UNKNOWN


def _list(ports: Sequence[int]) -> str:
    return f"{'port' if len(ports) == 1 else 'ports'} {', '.join(map(str, ports))}"


# Title; mark and source; then what to set and what to mind. Lines that come out empty are left out.
_RULES = {
    "name": """\
By name: outgoing TCP to {host}, {ports}
inferred https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html
It is the name that you connect to. AWS says that the addresses change often and cannot all be listed.
The firewall has to look the name up itself, again and again: answers are valid for {ttl}.
Let the firewall and the hosts ask the same resolver. Two resolvers give different addresses: the hosts would \
get some that the firewall has not opened.
The sender must not keep an address either: resolve for each connection.""",
    "tls": """\
By TLS server name (SNI)
inferred how SMTP begins TLS (RFC 3207)
Allow TLS whose server name (SNI) is {host}.
{wrapped}
{late}
Do not let the filter decrypt: its certificate is not Amazon's, and a client that verifies refuses it.""",
    "vpc": """\
A VPC endpoint: addresses of your own network, in AWS
documented https://docs.aws.amazon.com/ses/latest/dg/send-email-set-up-vpc-endpoints.html
{private}
Service com.amazonaws.{region}.email-smtp. With private DNS on, the usual name leads to it (seen).
Its security group has to allow incoming TCP on {ports} from your hosts.
It serves its own region only, and not every availability zone has it.""",
    "relay": """\
A relay of your own with a fixed address
inferred how firewalls work
The hosts are allowed to reach the relay by its address.
Only the relay needs a rule for {host}.""",
    "ranges": """\
Only if the firewall knows nothing but addresses: AWS's published ranges
inferred https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html
ip-ranges.json, service EC2 or AMAZON{in_region}: wide, and it changes too. No entry of its own for SES is known.
Allow the ports above only, and read the file again each time that it changes.""",
}


def _tls_lines(ports: Sequence[int]) -> dict[str, str]:
    """When a filter sees the server name, which differs with the TLS mode."""
    wrapped = [port for port in ports if PORTS.get(port) is Security.WRAPPER]
    late = [port for port in ports if PORTS.get(port) is not Security.WRAPPER]
    at_once = f"On {_list(wrapped)} TLS begins with the first byte, and the filter sees the name at once."
    after = f"On {_list(late)} TLS begins after STARTTLS. A filter that wants the name first blocks these: "
    after += "use the other." if wrapped else "use 465 or 2465."
    return {"wrapped": at_once if wrapped else "", "late": after if late else ""}


def _rule(text: str, words: dict[str, Any]) -> Rule:
    title, source, *lines = filter(None, (line.format_map(words) for line in text.splitlines()))
    mark, _, source = source.partition(" ")
    return Rule(title=title, lines=tuple(lines), mark=mark, source=source)
