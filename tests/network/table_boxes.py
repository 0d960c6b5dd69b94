"""Networks with something in the way: middleboxes, other servers, balancers."""

from __future__ import annotations

from network.case import Network
from network.words import FILTERED, FIRST_MTU, IDLE, NO_NAME, PORT_25, RESOLVER, RESOLVES, WELL

GROUP = "boxes"
ALL = (25, 465, 587, 2465, 2587)
STARTTLS, WRAPPER = (25, 587, 2587), (465, 2465)
NAMES = (*NO_NAME, *RESOLVER)
MADE = (*WELL, *NAMES, *FILTERED, *FIRST_MTU, *PORT_25, *IDLE)
"""False where connections are made and something answers them wrongly."""
INSPECTED = ("tls-intercepted", "certificate-unknown-issuer")


def every(kind: str, ports: tuple[int, ...] = ALL) -> dict[int, str]:
    """The same for some ports."""
    return dict.fromkeys(ports, kind)


NETWORKS = (
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
        short=True,
        truth="TLS inspection on all ports, its CA is trusted on this host",
        group=GROUP,
        box={**every("mitm:starttls", STARTTLS), **every("mitm:", WRAPPER)},
        box_trusted=True,
        leads={"check": ("tls-intercepted",)},
        never=(*MADE, "is not trusted here", "ca-certificates"),
    ),
    Network(
        name="box_isp_25",
        short=True,
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
        leads={"check": ("name-hijacked",)},
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
        short=True,
        truth="DPI swallows every TLS ClientHello, all ports",
        group=GROUP,
        box=every("hello:swallow"),
        leads={
            "check": ("tls-swallowed",),
            "mtu": ("reply-timeout", "tls-swallowed", "healthy"),
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
        never=MADE,
    ),
    Network(
        name="cut_after_bytes",
        short=True,
        truth="a firewall drops everything of a connection after 3 kB (DPI)",
        group=GROUP,
        forward=("ct bytes > 3000 drop",),
        leads={
            "check": ("stall-by-bytes",),
            "mtu": ("reply-timeout", "stall-by-bytes"),
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
            "check": ("reply-timeout",),
            "mtu": ("reply-timeout",),
        },
        never=(*MADE, "choose TLS from the first byte", "choose 'SSL/TLS'"),
        limits={"mtu": 15},
    ),
    Network(
        name="all_rst",
        short=True,
        truth="all ports: SYN-ACK then RST at once (NLB without healthy targets)",
        group=GROUP,
        box=every("rst:0"),
        leads={"check": ("closed-at-once",)},
        never=(*MADE, "a firewall, a proxy or a mail scanner does, by"),
        limits={"check": 6},
    ),
    Network(
        name="all_rst2",
        truth="all ports: SYN-ACK, RST after 2 s",
        group=GROUP,
        box=every("rst:2"),
        leads={"check": ("closed-at-once",)},
        never=(*MADE, "a firewall, a proxy or a mail scanner does, by"),
    ),
    Network(
        name="all_fin",
        truth="all ports: SYN-ACK then FIN",
        group=GROUP,
        box=every("fin:"),
        leads={"check": ("closed-at-once",)},
        never=(*MADE, "a firewall, a proxy or a mail scanner does, by"),
        limits={"check": 6},
    ),
    Network(
        name="greet_6",
        truth="greeting late: the server speaks after 6 s (tarpit/reverse look-up); check waits 5",
        group=GROUP,
        short=True,
        server_is={"late": 6.0},
        leads={"check": ("reply-timeout",)},
        says={"check": (r"--timeout|timeout=",)},
        never=(*MADE, "a middlebox that dropped the connection's state", "choose TLS from the first byte"),
    ),
)
