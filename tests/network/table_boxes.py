"""Networks with something in the way: firewalls, middleboxes, proxies, balancers."""

from __future__ import annotations

from network.case import Network
from network.words import FILTERED, FIRST_MTU, IDLE, NO_NAME, PORT_25, RESOLVER, RESOLVES, WELL, WORKS

GROUP = "boxes"
ALL = (25, 465, 587, 2465, 2587)
STARTTLS, WRAPPER = (25, 587, 2587), (465, 2465)
NAMES = (*NO_NAME, *RESOLVER)
MADE = (*WELL, *NAMES, *FILTERED, *FIRST_MTU, *PORT_25, *IDLE)
"""False where connections are made and something answers them wrongly."""
NOT_REACHED = (*WELL, *NAMES, *FIRST_MTU)
"""False where no connection is made."""
PROXY = {"HTTPS_PROXY": "http://10.{n}.1.1:3128"}
INSPECTED = ("tls-intercepted", "certificate-unknown-issuer")


def every(kind: str, ports: tuple[int, ...] = ALL) -> dict[int, str]:
    """The same for some ports."""
    return dict.fromkeys(ports, kind)


FIREWALLS = (
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

MIDDLEBOXES = (
    Network(
        name="box_strip",
        truth="STARTTLS removed from EHLO on 25, 587, 2587; 465 and 2465 untouched",
        group=GROUP,
        short=True,
        box=every("edit:strip", STARTTLS),
        leads={"check": ("starttls-missing",)},
        never=(*MADE, "On port 465 or 2465 choose", "connection is already TLS"),
    ),
    Network(
        name="box_strip_587",
        truth="STARTTLS removed on 587 only",
        group=GROUP,
        box=every("edit:strip", (587,)),
        leads={"check": ("starttls-missing",)},
        never=(*MADE, "On port 465 or 2465 choose", "connection is already TLS"),
    ),
    Network(
        name="box_pix_25",
        truth="Cisco PIX: STARTTLS shown as XXXXXXXA on 25",
        group=GROUP,
        box=every("edit:mask", (25,)),
        leads={"check": ("starttls-masked", "starttls-missing")},
        never=MADE,
    ),
    Network(
        name="box_mitm_wrapper",
        truth="TLS inspection with a company CA that this host does not know, on 465, 2465",
        group=GROUP,
        box=every("mitm:", WRAPPER),
        leads={"check": INSPECTED},
        says={"check": ("Example Corp TLS Inspection",)},
        never=(*MADE, "^The certificate is self-signed", "ca-certificates", "clock"),
    ),
    Network(
        name="box_mitm_starttls",
        truth="TLS inspection through STARTTLS on 587, 2587, 25, CA unknown here",
        group=GROUP,
        box=every("mitm:starttls", STARTTLS),
        leads={"check": INSPECTED},
        says={"check": ("Example Corp TLS Inspection",)},
        never=(*MADE, "ca-certificates", "clock"),
    ),
    Network(
        name="box_mitm_trusted",
        truth="TLS inspection on all ports, its CA is trusted on this host",
        group=GROUP,
        box={**every("mitm:starttls", STARTTLS), **every("mitm:", WRAPPER)},
        box_trusted=True,
        leads={"check": ("tls-intercepted",)},
        never=(*MADE, "is not trusted here", "ca-certificates"),
    ),
    Network(
        name="box_isp_25",
        truth="ISP: a transparent SMTP proxy answers for every host on port 25 only",
        group=GROUP,
        box=every("other:mx.isp.example ESMTP Postfix", (25,)),
        leads={"check": ("foreign-greeting",)},
        says={"check": (r"mx\.isp\.example",)},
        never=(*MADE, "port 587 .{0,30}another server"),
    ),
    Network(
        name="box_gateway_587",
        truth="mail gateway with its own banner and certificate on 587",
        group=GROUP,
        box=every("other:mailgw.corp.example ESMTP Gateway ready", (587,)),
        leads={"check": ("foreign-greeting",), "mtu": ("healthy", "foreign-greeting")},
        says={"check": (r"mailgw\.corp\.example",), "mtu": ("mailgw|not SES|another server",)},
        never=(*NAMES, *FILTERED, *FIRST_MTU, *IDLE, "The path to SES works"),
    ),
    Network(
        name="box_captive_dns",
        truth="captive portal, and DNS leads every name to it (hijack to 10.x)",
        group=GROUP,
        dns={"a": ["10.9.{n}.1"], "every_name": True},
        addresses=("10.9.{n}.1/32",),
        leads={
            "check": (
                "connection-refused",
                "name-hijacked",
                "address-not-ses",
                "name-elsewhere",
                "wrong-endpoint",
            )
        },
        says={"check": (r"10\.9\.\d+\.1",)},
        never=(
            *WELL,
            *RESOLVES,
            *NAMES,
            *FIRST_MTU,
            *PORT_25,
            "hosting firm",
            "VPC endpoint: its security group must",
        ),
    ),
    Network(
        name="box_tlsdrop_all",
        truth="DPI swallows every TLS ClientHello, all ports",
        group=GROUP,
        box=every("hello:swallow"),
        leads={
            "check": ("reply-timeout", "tls-swallowed", "handshake-stall", "mtu-stall"),
            "mtu": ("reply-timeout", "tls-swallowed", "handshake-stall", "healthy"),
        },
        never=(
            *WELL,
            *NAMES,
            *FILTERED,
            *PORT_25,
            *IDLE,
            "^Path MTU black hole",
            "Set the interface's MTU to 1500",
        ),
        limits={"mtu": 15},
    ),
    Network(
        name="box_tlsrst",
        truth="DPI resets at the TLS ClientHello, all ports",
        group=GROUP,
        box=every("hello:reset"),
        leads={"check": ("closed-at-once",)},
        never=(*MADE, "Use a port that is ready"),
    ),
    Network(
        name="cut_after_bytes",
        truth="a firewall drops everything of a connection after 3 kB (DPI)",
        group=GROUP,
        forward=("ct bytes > 3000 drop",),
        leads={
            "check": ("reply-timeout", "stall-by-bytes", "mtu-stall"),
            "mtu": ("reply-timeout", "stall-by-bytes", "mtu-stall"),
        },
        never=(
            *WELL,
            *NAMES,
            *FILTERED,
            *PORT_25,
            *IDLE,
            "^Path MTU black hole",
            "Set the interface's MTU to 1500",
            "segments of at most",
        ),
        limits={"mtu": 15},
    ),
    Network(
        name="all_silent",
        truth="all ports: SYN-ACK then silence (a proxy or load balancer in front accepts everything)",
        group=GROUP,
        box=every("silent:"),
        leads={
            "check": ("reply-timeout", "accept-then-silence"),
            "mtu": ("reply-timeout", "accept-then-silence"),
        },
        never=(*MADE, "choose TLS from the first byte", "choose 'SSL/TLS'"),
        limits={"mtu": 15},
    ),
    Network(
        name="all_rst",
        truth="all ports: SYN-ACK then RST at once (NLB without healthy targets)",
        group=GROUP,
        box=every("rst:0"),
        leads={"check": ("closed-at-once",)},
        never=(*MADE, "by the name in the TLS handshake", "Use a port that is ready"),
        limits={"check": 6},
    ),
    Network(
        name="all_rst2",
        truth="all ports: SYN-ACK, RST after 2 s",
        group=GROUP,
        box=every("rst:2"),
        leads={"check": ("closed-at-once",)},
        never=(*MADE, "Use a port that is ready"),
    ),
    Network(
        name="all_fin",
        truth="all ports: SYN-ACK then FIN",
        group=GROUP,
        box=every("fin:"),
        leads={"check": ("closed-at-once",)},
        never=(*MADE, "by the name in the TLS handshake", "Use a port that is ready"),
        limits={"check": 6},
    ),
    Network(
        name="greet_6",
        truth="greeting late: the server speaks after 6 s (tarpit/reverse look-up); check waits 5",
        group=GROUP,
        short=True,
        server_is={"late": 6.0},
        leads={"check": ("reply-timeout", "slow-server", "greeting-late")},
        says={"check": (r"--timeout|timeout=",)},
        never=(*MADE, "a middlebox that dropped the connection's state", "choose TLS from the first byte"),
    ),
)
NETWORKS = (*FIREWALLS, *MIDDLEBOXES)
