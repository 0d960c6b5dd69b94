"""Networks that are slow, narrow or lossy, and those that count or forget connections."""

from __future__ import annotations

from typing import Any

from network.case import ICMP_LOST, Network
from network.words import FILTERED, FIRST_MTU, IDLE, NO_NAME, PORT_25, RESOLVER, WELL, WORKS

WELL_BUT = (*NO_NAME, *RESOLVER, *FILTERED, *FIRST_MTU, *PORT_25)
SLOWER = "a middlebox that dropped the connection's state"
"""False where packets are only slow."""
SLOW = ("healthy", "slow-path")
LOSSY = ("healthy", "lossy-path", "slow-path")
TIMED_OUT = ("reply-timeout", "connect-timeout", "slow-path")


def link(
    name: str, truth: str, way: dict[str, Any], down: dict[str, Any] | None = None, **more: Any
) -> Network:
    """A link that treats both directions alike, or each in its way."""
    both = {"up": way, "down": way if down is None else down}
    return Network(
        name=name,
        truth=truth,
        link=both,
        **{
            "group": "links",
            "never": (*WELL_BUT, *IDLE),
            "leads": {"check": SLOW, "mtu": ("healthy", *SLOW, "reply-timeout")},
            "limits": {"mtu": 15},
            **more,
        },
    )


def forgets(seconds: int) -> str:
    """A NAT whose table forgets a connection that is silent so long, and says nothing."""
    one = "ip saddr . tcp sport"
    back = "ip daddr . tcp dport"
    return (
        f"set live {{ type ipv4_addr . inet_service; flags dynamic,timeout; timeout {seconds}s; }}\n"
        "chain asked { type filter hook prerouting priority -300;\n"
        f'iifname "vra" tcp flags & (syn | ack) == syn update @live {{ {one} }}\n'
        f'iifname "vra" meta l4proto tcp {one} != @live drop\n'
        f'iifname "vra" meta l4proto tcp update @live {{ {one} }}\n}}\n'
        "chain answered { type filter hook postrouting priority 100;\n"
        f'oifname "vra" meta l4proto tcp {back} != @live drop\n'
        f'oifname "vra" meta l4proto tcp update @live {{ {back} }}\n}}'
    )


LINKS = (
    link("link_600ms", "satellite: 300 ms each way (600 ms round trip)", {"delay": 0.3}, short=True),
    link(
        "link_2000ms",
        "2 s round trip",
        {"delay": 1.0},
        leads={"check": (*SLOW, *TIMED_OUT), "mtu": ("healthy", "mtu-unfinished", *TIMED_OUT)},
        never=(*WELL_BUT, *IDLE, "dropped on the way", "are dropped", SLOWER),
    ),
    link(
        "link_jitter",
        "jitter 0-400 ms (with reordering)",
        {"jitter": 0.4},
        leads={"check": LOSSY, "mtu": (*LOSSY, "reply-timeout")},
    ),
    link(
        "link_32k",
        "32 kbit/s both ways",
        {"rate": 4000, "queue": 16_000},
        never=(*WELL_BUT, *IDLE, SLOWER),
        leads={"check": (*SLOW, *TIMED_OUT), "mtu": ("healthy", *TIMED_OUT)},
    ),
    link(
        "link_32k_up",
        "32 kbit/s up only, 8 kB queue",
        {"rate": 4000, "queue": 8_000},
        {},
        never=(*WELL_BUT, *IDLE, SLOWER),
        leads={"check": ("lossy-path", *SLOW, *TIMED_OUT), "mtu": ("healthy", *TIMED_OUT)},
    ),
    link("link_reorder", "25 % reordered by 30 ms", {"late": 0.25}, leads={"check": LOSSY, "mtu": LOSSY}),
    link("link_dup", "every fifth packet twice", {"twice": 5}, leads={"check": LOSSY, "mtu": LOSSY}),
    link("loss_01", "1 % loss", {"loss": 0.01}, leads={"check": LOSSY, "mtu": LOSSY}),
    link("loss_05", "5 % loss", {"loss": 0.05}, leads={"check": LOSSY, "mtu": LOSSY}),
    link(
        "loss_20",
        "20 % loss",
        {"loss": 0.2},
        leads={"check": (*LOSSY, *TIMED_OUT), "mtu": (*LOSSY, *TIMED_OUT)},
    ),
    link(
        "loss_40",
        "40 % loss",
        {"loss": 0.4},
        short=True,
        leads={"check": ("lossy-path", *TIMED_OUT), "mtu": (*LOSSY, *TIMED_OUT)},
        says={"check": (r"(?i)packet loss|packets? (?:was|were|are|get) lost|sent again|retransmi",)},
    ),
    link(
        "port25_shaped",
        "port 25 shaped to 2 kbit/s, not dropped; the others are well",
        {"rate": 250, "queue": 16_000, "port": 25},
        leads={"check": ("reply-timeout", "healthy", "slow-path")},
        never=(
            *NO_NAME,
            *RESOLVER,
            *FILTERED,
            SLOWER,
            *FIRST_MTU,
            "Connections to port 25 time out",
            "Connections to port 25 are dropped",
        ),
    ),
)

LIFETIME = ("--yes", "--silent", "4", "--lives", "0")
IDLE_10 = ("closes? .{0,30}after about 10 s", "(?:end|cut|clos)ed (?:them |it )?by SES")


def nat(name: str, truth: str, seconds: int, silence: int, **more: Any) -> Network:
    """A NAT that forgets, met by `lifetime`."""
    return Network(
        name=name,
        truth=truth,
        rules=forgets(seconds),
        arguments=(*LIFETIME, "--silence", str(silence)),
        **{
            "group": "state",
            "leads": {"lifetime": ()},
            "limits": {"lifetime": silence + 20},
            **more,
        },
    )


STATE = (
    Network(
        name="fw_rate3",
        truth="firewall: 3 new connections a minute per host, further SYNs dropped",
        group="state",
        short=True,
        forward=(
            "tcp flags & (syn | ack) == syn ct state new limit rate over 3/minute burst 3 packets drop",
        ),
        leads={"check": ("connection-limit", "not-finished")},
        never=(*WELL, *NO_NAME, *RESOLVER, *FIRST_MTU, *FILTERED, *PORT_25, "not every port is affected"),
    ),
    Network(
        name="fw_rate12_hole",
        truth="firewall: 12 new connections a minute: check passes, mtu runs dry on a real hole",
        group="state",
        up=1400,
        output=(ICMP_LOST,),
        forward=(
            "tcp flags & (syn | ack) == syn ct state new limit rate over 12/minute burst 12 packets drop",
        ),
        leads={
            "check": ("mtu-black-hole", "mtu-stall", "healthy"),
            "mtu": ("mtu-black-hole", "connection-limit", "mtu-stall"),
        },
        never=(*WELL, *NO_NAME, *RESOLVER, *FILTERED, *PORT_25, "mtu 1500"),
        limits={"mtu": 15},
    ),
    Network(
        name="fw_table_full",
        truth="at most 4 connections at a time (state table full): further SYNs dropped",
        group="state",
        # It keeps what has ended for a while, as such tables do; a set that is full takes no more.
        rules="set held { type inet_service; flags dynamic,timeout; timeout 30s; size 4; }",
        forward=(
            "tcp flags & (syn | ack) == syn add @held { tcp sport } accept",
            "tcp flags & (syn | ack) == syn drop",
        ),
        leads={"check": ("connection-limit", "not-finished")},
        never=(*WELL, *NO_NAME, *RESOLVER, *FIRST_MTU, *FILTERED, *PORT_25, "not every port is affected"),
    ),
    nat(
        "nat_20_drop",
        "NAT forgets silent connections after 20 s and says nothing; server idle time-out 100 s (no lives watched)",
        20,
        40,
        server_is={"idle": 100.0},
        says={"lifetime": (r"NAT|firewall|forg[eo]t|no longer answer|without an answer|unanswered",)},
        never=("4 were alive when they were left", "4 silent, not signed in: 4 were alive", *IDLE_10),
    ),
    nat(
        "nat_6_drop",
        "NAT forgets after 6 s, silently; server idle 10 s: 451 never arrives",
        6,
        14,
        short=True,
        says={"lifetime": (r"NAT|firewall|forg[eo]t|no longer answer|without an answer|unanswered",)},
        never=("4 were alive when they were left", *IDLE_10),
    ),
    nat(
        "nat_60_server_10",
        "NAT forgets after 60 s; server idle 10 s: the server's cut comes first (451 4.4.2)",
        60,
        25,
        says={"lifetime": ("4 were ended with a reply",)},
        never=("were alive when they were left", "without a word", "NAT .{0,20}forgets?"),
    ),
    Network(
        name="nat_3_slow_server",
        truth="a slow server (every answer 4 s) behind a NAT that forgets after 3 s: check loses the connection in the dialogue",
        group="state",
        rules=forgets(3),
        box=dict.fromkeys((25, 465, 587, 2465, 2587), "slow:4"),
        leads={"check": ("reply-timeout", "connection-lost")},
        never=(*WELL, *NO_NAME, *RESOLVER, *FIRST_MTU, *FILTERED, *PORT_25, *WORKS),
    ),
)
NETWORKS = (*LINKS, *STATE)
