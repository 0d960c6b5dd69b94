"""Networks in which nothing is wrong, or no connection comes about: firewalls, routes, proxies."""

from __future__ import annotations

from network.case import Network
from network.words import FILTERED, FIRST_MTU, NO_NAME, PORT_25, RESOLVER, RESOLVES, WELL

GROUP = "firewalls"
NAMES = (*NO_NAME, *RESOLVER)
NOT_REACHED = (*WELL, *NAMES, *FIRST_MTU)
"""False where no connection is made."""
PROXY = {"HTTPS_PROXY": "http://10.{n}.1.1:3128"}

NETWORKS = (
    Network(
        name="base_ok",
        truth="nothing is wrong",
        group="base",
        short=True,
        leads={"check": ("healthy",), "mtu": ("healthy",), "sweep": ()},
        says={"sweep": ("5 ok",)},
        never=(*NAMES, *FILTERED, *FIRST_MTU, *PORT_25),
        arguments=("--timeout", "5"),
        limits={"check": 4, "mtu": 12, "sweep": 8},
    ),
    Network(
        name="base_all_dropped",
        truth="everything dropped: about one time-out (5 s)",
        group="base",
        forward=("drop",),
        leads={"check": ("egress-blocked",), "sweep": ("connect-timeout",)},
        never=NOT_REACHED,
        arguments=("--timeout", "5"),
        limits={"sweep": 10},
    ),
    Network(
        name="base_all_dropped_dns_too",
        truth="everything dropped, and the resolver silent, too",
        group="base",
        dns={"answer": "silent"},
        forward=("drop",),
        leads={"check": ("resolver-timeout",)},
        never=(*WELL, *RESOLVES, *FIRST_MTU, *FILTERED, *PORT_25),
    ),
    Network(
        name="all_dropped_three_addresses",
        truth="everything dropped, two addresses and IPv6",
        group="base",
        second=True,
        ipv6=True,
        forward=("drop",),
        leads={"check": ("egress-blocked",)},
        never=NOT_REACHED,
    ),
    Network(
        name="synack_lost",
        truth="one-way path: SYN-ACKs get lost on the way back (asymmetric routing)",
        group=GROUP,
        forward=('iifname "vrb" tcp flags & (syn | ack) == (syn | ack) drop',),
        leads={"check": ("egress-blocked", "connect-timeout")},
        never=(*NOT_REACHED, "Nothing left this host"),
    ),
    Network(
        name="local_drop",
        truth="this host's own firewall drops all in OUTPUT (EPERM)",
        group=GROUP,
        ours=('oifname != "lo" drop',),
        leads={"check": ("local-firewall",)},
        never=(
            *WELL,
            *RESOLVES,
            *FIRST_MTU,
            "a typing error",
            "The host name does not resolve",
            "resolver that this host asks is down",
        ),
    ),
    Network(
        name="no_route",
        truth="no default route",
        group=GROUP,
        routed=False,
        leads={"check": ("network-unreachable",)},
        never=(*NOT_REACHED, "a filter stops all", "security group"),
        limits={"check": 5},
    ),
    Network(
        name="ttl_exceeded",
        truth="routing loop: TTL exceeded comes back",
        group=GROUP,
        rules='chain loop { type filter hook prerouting priority -150;\niifname "vra" ip daddr 198.18.0.0/16 ip ttl set 1\n}',
        leads={"check": ("egress-blocked", "network-unreachable", "connect-timeout", "routing-loop")},
        never=(
            *NOT_REACHED,
            "no network in the container",
            "Nothing left this host",
            "a filter on the way: nothing left",
        ),
    ),
    Network(
        name="proxy_http",
        truth="only a web proxy leads out (HTTPS_PROXY set); the rest is dropped",
        group=GROUP,
        short=True,
        environment=PROXY,
        box={3128: "proxy"},
        forward=("drop",),
        leads={"check": ("egress-blocked", "proxy-only")},
        says={"check": (r"proxy",)},
        never=NOT_REACHED,
    ),
    Network(
        name="proxy_nodns",
        truth="proxy only, and the resolver knows internal names only (NXDOMAIN)",
        group=GROUP,
        environment=PROXY,
        box={3128: "proxy"},
        dns={"answer": "NXDOMAIN"},
        forward=("drop",),
        leads={"check": ("name-not-found", "proxy-only")},
        says={"check": (r"proxy",)},
        never=(*WELL, *RESOLVES, *FIRST_MTU, *RESOLVER, *FILTERED),
    ),
    Network(
        name="proxy_unneeded",
        truth="proxy set, but direct works",
        group=GROUP,
        environment=PROXY,
        box={3128: "proxy"},
        leads={"check": ("healthy",)},
        never=(*NAMES, *FILTERED, *FIRST_MTU, "the proxy (?:blocks|stops)"),
        limits={"check": 4},
    ),
)
