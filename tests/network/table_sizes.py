"""Networks in which size is the fault, or could be taken for it."""

from __future__ import annotations

from network.case import ICMP6_LOST, ICMP_LOST, Network
from network.words import FILTERED, FIRST_MTU, IDLE, NO_NAME, NOT_MTU, PORT_25, RESOLVER, WELL

GROUP = "sizes"
ICMP = (ICMP_LOST,)
HOLE = ("mtu-black-hole", "mtu-stall")
CONNECTED = (*NO_NAME, *RESOLVER, *FILTERED, *PORT_25, *IDLE)
STALLED = (*WELL, *CONNECTED, *NOT_MTU, "mtu 1500")
"""False where larger packets vanish: 1500 is no cure, for the path carries less."""
USELESS_DOWN = ("tcp_mtu_probing",)
"""Advice that cannot help where it is the server's packets that vanish."""


def hole(name: str, truth: str, size: int, never: tuple[str, ...] = (), **more: object) -> Network:
    """A network in which packets over a size vanish."""
    return Network(
        name=name,
        truth=truth,
        group=GROUP,
        never=(*STALLED, *never),
        limits={"mtu": 15},
        **{  # type: ignore[arg-type]
            "output": ICMP,
            "leads": {"check": HOLE, "mtu": ("mtu-black-hole",)},
            "says": {"mtu": (rf"\b{size}\b",)},
            **more,
        },
    )


NETWORKS = (
    hole(
        "mtu_1400_up",
        "hole 1400 up, 1500 down",
        1400,
        up=1400,
        short=True,
        leads={"check": HOLE, "mtu": ("mtu-black-hole",)},
    ),
    hole(
        "mtu_1400_up_1300_down", "hole 1400 up and 1300 down, ICMP lost (two sizes)", 1300, up=1400, down=1300
    ),
    hole("mtu_1492_both", "PPPoE: 1492 both ways, ICMP lost", 1492, up=1492, down=1492),
    hole("mtu_1492_down", "PPPoE: 1492 down only, ICMP lost", 1492, USELESS_DOWN, down=1492),
    hole("mtu_1280_both", "1280 both ways, ICMP lost", 1280, up=1280, down=1280),
    hole(
        "mtu_1400_up_no_ts",
        "1400 up, ICMP lost, TCP time stamps off",
        1400,
        up=1400,
        sysctl=("net.ipv4.tcp_timestamps=0",),
    ),
    Network(
        name="mtu_clamped",
        truth="path 1400 up, ICMP lost, but a middlebox clamps MSS to 1360: nothing is wrong",
        group=GROUP,
        up=1400,
        output=ICMP,
        forward=("tcp flags syn tcp option maxseg size set 1360",),
        leads={"check": ("healthy",), "mtu": ("healthy", "mtu-narrow-path")},
        never=(
            *CONNECTED,
            *FIRST_MTU,
            "path carries packets of 1500",
            "1500 bytes (?:pass|reach|arrive)",
            "path MTU of 1500",
            "Path MTU discovery works",
        ),
        limits={"check": 4, "mtu": 12},
    ),
    Network(
        name="mtu_1400_up_probing",
        truth="kernel probes path MTU itself (tcp_mtu_probing=1), 1400 up, ICMP lost",
        group=GROUP,
        up=1400,
        output=ICMP,
        sysctl=("net.ipv4.tcp_mtu_probing=1",),
        leads={
            "check": (*HOLE, "healthy", "mtu-narrow-path"),
            "mtu": ("mtu-black-hole", "mtu-narrow-path", "healthy"),
        },
        never=(*CONNECTED, "sysctl -w net.ipv4.tcp_mtu_probing=1"),
        limits={"mtu": 15},
    ),
    hole(
        "mtu_v6_1280",
        "IPv6 only, 1280 hole up",
        1280,
        ("iptables",),
        up=1280,
        ipv4=False,
        ipv6=True,
        output=(ICMP6_LOST,),
    ),
    hole(
        "mtu_v6_below_1280",
        "IPv6 hole is 1272 (below the 1280 that IPv6 promises)",
        1272,
        ipv4=False,
        ipv6=True,
        link={},
        forward=('iifname "vra" meta nfproto ipv6 meta length > 1272 drop',),
        output=(ICMP6_LOST,),
        leads={"check": HOLE, "mtu": ("mtu-black-hole", "mtu-stall")},
        says={"mtu": ("12[78]\\d|1280",)},
    ),
    Network(
        name="mtu_first_address_hole",
        truth="two addresses: packets over 1400 to the first vanish, the second is fine",
        group=GROUP,
        second=True,
        link={},
        forward=("ip daddr 198.18.{n}.2 meta length > 1400 drop",),
        leads={"check": (*HOLE, "healthy", "addresses-dead"), "mtu": ("mtu-black-hole", "healthy")},
        says={"mtu": (r"198\.18\.\d+\.",)},
        never=(*WELL, *CONNECTED, *NOT_MTU),
        limits={"mtu": 15},
    ),
    Network(
        name="mtu_hole_late",
        truth="hole that begins mid-connection (after 12 packets one way, over 1400 bytes)",
        group=GROUP,
        link={},
        forward=('iifname "vra" ct original packets > 12 meta length > 1400 drop',),
        leads={"mtu": ("mtu-black-hole", "mtu-stall", "reply-timeout"), "check": ("healthy", *HOLE)},
        never=(*WELL, *CONNECTED, "the path carries packets of 1500"),
        limits={"mtu": 15},
    ),
    Network(
        name="ecn_syn_dropped",
        truth="SYNs with ECN are dropped (client asks for ECN): connects after a second; nothing else is wrong",
        group=GROUP,
        sysctl=("net.ipv4.tcp_ecn=1",),
        forward=("tcp flags & (syn | ecn | cwr) == (syn | ecn | cwr) drop",),
        leads={"check": ("healthy", "lossy-path")},
        never=(*NO_NAME, *RESOLVER, *FILTERED, *FIRST_MTU, *PORT_25),
        limits={"check": 6},
    ),
    Network(
        name="mtu_icmp_limited",
        truth="fragments/ICMP fine, 1400 up, ICMP answers limited to 1 per 10 s",
        group=GROUP,
        up=1400,
        output=(
            "icmp type destination-unreachable icmp code frag-needed limit rate over 6/minute burst 1 packets drop",
        ),
        leads={"check": ("healthy", *HOLE), "mtu": ("mtu-narrow-path", "mtu-black-hole", "healthy")},
        never=(*CONNECTED, "mtu 1500", "ICMP message .{0,40}is filtered"),
        limits={"mtu": 15},
    ),
    hole(
        "mtu_down_probing_useless",
        "1400 down, ICMP lost, tcp_mtu_probing=1 at the client: cannot help in this direction, yet it is advised",
        1400,
        USELESS_DOWN,
        down=1400,
        sysctl=("net.ipv4.tcp_mtu_probing=1",),
    ),
)
