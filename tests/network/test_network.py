"""Real kernel networks: what an ordinary user's probes find behind routers that drop, refuse and narrow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from network.case import ICMP6_LOST, ICMP_LOST, Case
from network.kernel import Networks
from network.spaces import why_not

REASON = why_not()
pytestmark = [pytest.mark.skipif(bool(REASON), reason=REASON), pytest.mark.xdist_group("network")]

UP, DOWN = "client to server", "server to client"


def hole(mtu: int, *ways: str) -> dict[str, Any]:
    """What has to be seen where packets larger than `mtu` vanish."""
    return {
        "cause": "mtu-black-hole",
        "passage": "stall by size",
        "ways": list(ways),
        "path_mtu": mtu,
        "segment": mtu - 40,
        "exact": True,
    }


HEALTHY = {"cause": "healthy", "passage": "pass whole", "level": "ok"}
NARROW = {"cause": "mtu-narrow-path", "passage": "pass narrowed", "level": "ok"}
LOSS = ("numgen random mod 100 < 30 drop",)
ICMP = (ICMP_LOST,)

CASES = (
    Case(
        name="port 25 dropped", kind="check", forward=("tcp dport 25 drop",), want={"cause": "port25-blocked"}
    ),
    Case(name="everything dropped", kind="check", forward=("drop",), want={"cause": "egress-blocked"}),
    Case(
        name="rejected with a reset",
        kind="check",
        forward=("meta l4proto tcp reject with tcp reset",),
        want={"cause": "connection-refused"},
    ),
    Case(
        name="rejected with ICMP",
        kind="check",
        forward=("reject with icmpx admin-prohibited",),
        want={"cause": "egress-blocked", "detail": "CONNECT: No route to host; the name leads to 198.18.4.2"},
    ),
    Case(
        name="only IPv4 passes",
        kind="check",
        forward=("meta nfproto ipv6 drop",),
        ipv6=True,
        want={"cause": "ipv6-broken"},
    ),
    Case(
        name="25 and 587 dropped",
        kind="check",
        forward=("tcp dport { 25, 587 } drop",),
        want={"cause": "ports-blocked"},
    ),
    Case(
        name="25 dropped, 587 rejected with ICMP",
        kind="check",
        forward=("tcp dport 25 drop", "tcp dport 587 reject with icmpx admin-prohibited"),
        want={"cause": "ports-blocked"},
    ),
    Case(
        name="one address of two dropped",
        kind="check",
        forward=("ip daddr & 0.0.0.255 == 0.0.0.3 drop",),
        second=True,
        want={"cause": "addresses-dead"},
    ),
    Case(
        name="a VPC endpoint that lets in 587 only",
        kind="check",
        forward=("ct state established accept", "tcp dport != 587 drop"),
        private=True,
        want={"cause": "vpc-endpoint-blocked", "level": "problem"},
    ),
    Case(
        name="a VPC endpoint that lets nothing in",
        kind="check",
        forward=("drop",),
        private=True,
        want={"cause": "vpc-endpoint-blocked"},
    ),
    Case(
        name="EC2's metadata service answers",
        kind="context",
        want={"cause": "ec2", "detail": "the instance metadata service answers"},
    ),
    Case(
        name="the metadata service's packets are dropped",
        kind="context",
        forward=("drop",),
        want={
            "cause": "unknown",
            "detail": "nothing on this host tells, and the metadata service gave no answer in 1 s",
        },
        longest=1.1,
    ),
    Case(
        name="there is no metadata service",
        kind="context",
        forward=("reject with icmpx admin-prohibited",),
        want={"cause": "unknown", "detail": "nothing on this host tells, and there is no metadata service"},
        longest=1.1,
    ),
    Case(name="healthy", want={**HEALTHY, "interface": "vca", "interface_mtu": 1500, "jumbo": False}),
    Case(name="healthy, TLS wrapper", port=465, want=HEALTHY),
    Case(name="1400 up, ICMP dropped", up=1400, output=ICMP, want=hole(1400, UP)),
    Case(name="1300 up, ICMP dropped", up=1300, output=ICMP, want=hole(1300, UP)),
    Case(name="576 up, ICMP dropped", up=576, output=ICMP, want=hole(576, UP)),
    Case(name="1397 up, ICMP dropped", up=1397, output=ICMP, want=hole(1397, UP)),
    Case(name="1400 down, ICMP dropped", down=1400, output=ICMP, want=hole(1400, DOWN)),
    Case(name="1300 down, ICMP dropped", down=1300, output=ICMP, want=hole(1300, DOWN)),
    Case(name="576 down, ICMP dropped", down=576, output=ICMP, want=hole(576, DOWN)),
    Case(name="1400 both ways, ICMP dropped", up=1400, down=1400, output=ICMP, want=hole(1400, UP, DOWN)),
    Case(
        name="1400 both ways, ICMP dropped, TLS wrapper",
        port=465,
        up=1400,
        down=1400,
        output=ICMP,
        want=hole(1400, DOWN),
    ),
    Case(
        name="1400 up over IPv6, ICMPv6 dropped",
        ipv4=False,
        ipv6=True,
        up=1400,
        output=(ICMP6_LOST,),
        want={**hole(1400, UP), "segment": 1340},
    ),
    Case(name="1400 up, ICMP dropped, interface set to it", up=1400, output=ICMP, fixed=1400, want=HEALTHY),
    Case(
        name="1400 up, ICMP dropped, route set to it",
        up=1400,
        output=ICMP,
        route=1400,
        want={**NARROW, "path_mtu": 1400, "route_mtu": 1400},
    ),
    Case(name="1400 up, ICMP passing", up=1400, want={**NARROW, "path_mtu": 1400}),
    Case(name="1300 up, ICMP passing", up=1300, want={**NARROW, "path_mtu": 1300}),
    Case(name="576 up, ICMP passing", up=576, want={**NARROW, "path_mtu": 576}),
    Case(name="1400 down, ICMP passing", down=1400, want={**NARROW, "path_mtu": 1400}),
    Case(name="1300 down, ICMP passing", down=1300, want={**NARROW, "path_mtu": 1300}),
    # From the server's segments Linux tells no size below 536 + 12 + 40.
    Case(name="576 down, ICMP passing", down=576, want={**NARROW, "path_mtu": 588}),
    Case(
        name="jumbo frames, 1500 on the way, ICMP dropped",
        mtu=9001,
        up=1500,
        down=1500,
        output=ICMP,
        want={**hole(1500, UP, DOWN), "jumbo": True, "interface_mtu": 9001},
    ),
    Case(
        name="jumbo frames, 1500 on the way, ICMP passing",
        mtu=9001,
        up=1500,
        down=1500,
        want={**NARROW, "path_mtu": 1500, "jumbo": True},
    ),
    Case(name="30 % loss", forward=LOSS, want={}),
    Case(name="30 % loss, again", forward=LOSS, want={}),
    Case(name="a server that never answers NOOP", deaf=True, want=HEALTHY),
    Case(name="never answers NOOP, 1400 up", deaf=True, up=1400, output=ICMP, want=hole(1400, UP)),
)


@pytest.fixture(scope="module")
def clients() -> Iterator[list[Future[dict[str, Any]]]]:
    """Every case's client, running in its own network beside the others: they mostly wait."""
    with Networks(CASES) as networks, ThreadPoolExecutor(6) as pool:
        yield [pool.submit(networks.seen_by, number) for number in range(1, len(CASES) + 1)]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_verdict(number: int, clients: list[Future[dict[str, Any]]]) -> None:
    """A network gets its right verdict, by a user without capabilities, in under 15 seconds."""
    case, found = CASES[number], clients[number].result()
    print(f"{case.name:45} {found['cause']:18} {found.get('path_mtu') or '':>5} {found['seconds']:5.1f} s")
    if os.environ.get("SESTOOLS_SHOW"):
        print(found)
    assert found["capabilities"] == 0
    assert found["uid"] != 0
    assert {name: found[name] for name in case.want} == case.want, found
    assert found["seconds"] <= case.longest
    if "loss" in case.name:
        assert not found["cause"].startswith("mtu"), found
        assert found["passage"] in ("pass whole", "stall whatever their size", "not seen"), found
