"""Networks in which the name is the fault, or could be taken for it."""

from __future__ import annotations

from network.case import HOST, Network
from network.words import FILTERED, FIRST_MTU, NO_NAME, PORT_25, RESOLVER, RESOLVES, WELL, WORKS

GROUP = "names"
LOOKUP = ("name-not-found", "resolver-timeout")
ELSEWHERE = ("address-not-ses", "name-elsewhere", "name-hijacked")
"""Causes of a name that leads to something else."""
NOT_SES = (*WELL, *RESOLVES, *NO_NAME, *RESOLVER, *FIRST_MTU, *PORT_25)
NAMED = r"(?i)\bDNS\b|resolver|name (?:leads|resolves)|hosts file"
"""What a verdict has to say where the name leads to something that is not SES."""
FINE = ("name-slow", "healthy")
"""What may lead where only the look-up is slow."""
BROKEN = (*WELL, *RESOLVES, *FILTERED, *FIRST_MTU, *PORT_25, "Nothing left this host")


def slow(name: str, truth: str, never: tuple[str, ...] = (), **more: object) -> Network:
    """A network whose look-up is slow or odd, and all else is well."""
    return Network(
        name=name,
        truth=truth,
        group=GROUP,
        never=(*FILTERED, *FIRST_MTU, *PORT_25, *never),
        **{"leads": {"check": FINE}, **more},  # type: ignore[arg-type]
    )


NETWORKS = (
    Network(
        name="dns_down",
        truth="resolver down (port unreachable)",
        group=GROUP,
        short=True,
        dns={"answer": "down"},
        leads={"check": ("resolver-down",)},
        never=(
            *BROKEN,
            "a typing error",
            "a region without an SMTP endpoint",
            "some have only the HTTPS API",
        ),
    ),
    Network(
        name="dns_silent",
        truth="resolver silent",
        group=GROUP,
        dns={"answer": "silent"},
        leads={"check": ("resolver-timeout",), "sweep": ("resolver-timeout",)},
        never=(*BROKEN, "no resolver was asked", "a typing error"),
        limits={"sweep": 13},
        arguments=("--timeout", "5"),
    ),
    slow(
        "dns_slow4",
        "resolver answers after 4 s; the rest is well",
        (*NO_NAME,),
        dns={"wait": 4.0},
        leads={"check": ("name-slow", "resolver-timeout", "healthy")},
        says={"check": (r"(?i)\bslow",)},
    ),
    slow(
        "dns_slow25",
        "resolver answers after 2.5 s; the rest is well",
        (*NO_NAME, *RESOLVER),
        dns={"wait": 2.5},
        says={"check": (r"(?i)\bslow",)},
    ),
    Network(
        name="dns_servfail",
        truth="SERVFAIL: the name exists, the resolver is broken",
        group=GROUP,
        dns={"answer": "SERVFAIL"},
        leads={"check": ("resolver-failed",)},
        says={"check": ("SERVFAIL",)},
        never=(*BROKEN, "a typing error", "The host name does not resolve", "The resolver does not answer"),
    ),
    Network(
        name="dns_nxdomain",
        truth="NXDOMAIN",
        group=GROUP,
        dns={"answer": "NXDOMAIN"},
        leads={"check": ("name-not-found",), "mtu": ("name-not-found",), "sweep": ("name-not-found",)},
        never=(*BROKEN, *RESOLVER),
        arguments=("--timeout", "5"),
    ),
    Network(
        name="dns_typo",
        truth="a typo in the region (eu-wset-1): NXDOMAIN",
        group=GROUP,
        asked="email-smtp.eu-wset-1.amazonaws.com",
        leads={"check": ("name-not-found", "wrong-endpoint")},
        never=(*BROKEN, *RESOLVER),
    ),
    Network(
        name="dns_hijack_refused",
        truth="resolver lies: every name leads to an ad server, which has no mail ports (refused)",
        group=GROUP,
        dns={"a": ["203.0.113.{n}"], "every_name": True},
        addresses=("203.0.113.{n}/32",),
        leads={"check": ("connection-refused", *ELSEWHERE), "mtu": ("connection-refused", *ELSEWHERE)},
        says={"check": (r"203\.0\.113\.", NAMED), "mtu": (r"203\.0\.113\.", NAMED)},
        never=(*NOT_SES, "security group", "NAT"),
    ),
    Network(
        name="dns_sinkhole",
        truth="resolver lies: leads to 127.0.0.1 (ad blocker)",
        group=GROUP,
        short=True,
        dns={"a": ["127.0.0.1"], "every_name": True},
        leads={"check": ELSEWHERE},
        says={"check": (r"127\.0\.0\.1",)},
        never=(*NOT_SES, "client's own default was used", "VPC endpoint", "a simulator or a tunnel"),
    ),
    slow(
        "dns_dns64",
        "DNS64: A and a synthesized 64:ff9b:: AAAA, whose NAT64 does not exist; IPv4 works",
        dns={"aaaa": ["64:ff9b::c612:2"]},
        forward=("ip6 daddr 64:ff9b::/96 drop",),
        ipv6=False,
        leads={"check": ("ipv6-broken", "addresses-dead")},
    ),
    Network(
        name="dns_split",
        truth="split horizon: the resolver gives 10.x (VPC endpoint), unreachable from here",
        group=GROUP,
        dns={"a": ["10.77.{n}.5"]},
        forward=("ip daddr 10.77.0.0/16 drop",),
        leads={
            "check": ("vpc-endpoint-blocked", *ELSEWHERE),
            "mtu": ("connect-timeout", "vpc-endpoint-blocked", *ELSEWHERE),
        },
        says={"check": (r"10\.77\.",)},
        never=(*WELL, *NO_NAME, *RESOLVER, *FIRST_MTU, *PORT_25, "no way to the internet"),
        limits={"mtu": 15},
    ),
    Network(
        name="dns_hosts",
        truth="/etc/hosts pins an old address that is dead; DNS is right",
        group=GROUP,
        pinned="198.18.{n}.77",
        forward=("ip daddr 198.18.{n}.77 drop",),
        leads={"check": ("name-elsewhere",)},
        says={"check": (r"hosts file|/etc/hosts",)},
        never=(*WELL, *RESOLVES, *FILTERED, *FIRST_MTU, *PORT_25, *WORKS),
    ),
    slow(
        "dns_trunc",
        "answers above 512 bytes: truncated, then TCP works",
        dns={"truncated": True},
        leads={"check": ("healthy",)},
        limits={"check": 5},
    ),
    Network(
        name="dns_trunc_notcp",
        truth="truncated, and TCP 53 is swallowed",
        group=GROUP,
        dns={"truncated": True},
        rules='chain input { type filter hook input priority 0;\niifname "vra" tcp dport 53 drop\n}',
        leads={"check": ("resolver-timeout", "resolver-failed")},
        never=(*BROKEN, "a typing error"),
    ),
    slow("dns_ttl0", "TTL 0", dns={"ttl": 0}, leads={"check": ("healthy",)}, limits={"check": 5}),
    slow(
        "dns_noaaaa",
        "resolver drops AAAA questions (the C library waits 5 s; the rest is well)",
        (*NO_NAME, "The resolver does not answer"),
        dns={"aaaa_answer": "silent"},
        leads={"check": ("resolver-aaaa",)},
        says={"check": ("AAAA|IPv6",)},
        short=True,
    ),
    slow(
        "dns_aaaa_servfail",
        "AAAA answered with SERVFAIL",
        NO_NAME,
        dns={"aaaa_answer": "SERVFAIL"},
        leads={"check": (*FINE, "resolver-aaaa", "resolver-failed")},
    ),
    slow(
        "dns_aaaa_nx",
        "AAAA answered with NXDOMAIN although A exists (broken load balancer)",
        (*NO_NAME, "DNS has no address for it"),
        dns={"aaaa_answer": "NXDOMAIN"},
        leads={"check": (*FINE, "resolver-aaaa", "resolver-failed")},
    ),
    slow(
        "dns_first_dead",
        "first of two resolvers dead: every look-up takes 5 s",
        NO_NAME,
        addresses=("10.{n}.1.3/32",),
        rules="chain input { type filter hook input priority 0;\nip daddr 10.{n}.1.3 drop\n}",
        resolvers=("10.{n}.1.3", "10.{n}.1.1"),
        leads={"check": ("resolver-dead",)},
        says={"check": (r"10\.\d+\.1\.3",)},
    ),
)

assert all(network.asked == HOST or "typo" in network.name for network in NETWORKS)
