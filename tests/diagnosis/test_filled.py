"""What is known stands in advice, and no row shows its gaps."""

import re
from dataclasses import replace

import pytest

from sestools import Target, classify
from sestools.core.cause import Cause
from sestools.core.enums import Kind, Outcome, Stage
from sestools.core.results import ProbeResult, Symptom
from sestools.diagnosis.filled import filled, known_of
from sestools.knowledge.table import CAUSES, cause
from sestools.probes import MtuFacts, Passage, Way
from sestools.probes.kernel import Route

HOST = "email-smtp.eu-west-1.amazonaws.com"
ROUTE = Route(interface="ens5", interface_mtu=9001, gateway="10.0.0.1")


@pytest.mark.parametrize("row", CAUSES, ids=lambda row: row.id)
def test_no_row_shows_a_gap(row: Cause) -> None:
    """Where nothing is known there is a word in capitals, and never brackets."""
    shown = filled(row)
    assert not re.search(r"<[a-z]+>", "\n".join((shown.title, shown.meaning, *shown.fix, *shown.ruled_out)))


def test_what_is_known_stands_there() -> None:
    """A region is taken from the host, a tunnel is named in the command, and one of this host is not."""
    symptom = Symptom(kind=Kind.TIMEOUT, stage=Stage.BODY, host=HOST, port=587)
    assert "Run `sestools mtu eu-west-1`" in classify(symptom).cause.fix[0]
    assert "Run `sestools mtu REGION`" in filled(cause("mtu-stall")).fix[0]
    tunnel = Target(host=HOST, connect_to=("2001:db8::1", 2587))
    assert known_of(tunnel)["where"] == "eu-west-1 --connect-to [2001:db8::1]:2587"
    assert known_of(replace(tunnel, connect_to=("127.0.0.1", 2587)))["where"] == "eu-west-1"


@pytest.mark.parametrize(
    ("facts", "told", "never"),
    [
        (
            {"ways": (Way.UP,), "probing": False},
            "--mtu 1400`|dev ens5 mtu 1400|replace 192.0.2.1 via 10.0.0.1 dev ens5 mtu|tcp_mtu_probing=1|`iptables|"
            "set-mss 1360|type 3 code 4",
            "ip6tables|eth0|SIZE|GATEWAY|mtu 1500",
        ),
        ({"ways": (Way.UP,), "probing": True}, "is on here", "tcp_mtu_probing=1"),
        ({"ways": (Way.DOWN,), "probing": False}, "dev ens5 mtu 1400", "tcp_mtu_probing|type 3 code 4"),
        (
            {"ways": (Way.UP,), "address": "2001:db8::1", "segment": 1340},
            "ip -6 route|ip6tables|set-mss 1340|type 2",
            "`iptables|type 3",
        ),
        (
            {"ways": (Way.DOWN,), "address": "2001:db8::1", "path_mtu": 1272, "segment": 1212},
            "promises 1280|set-mss 1212|IPv4 address",
            "ip link set|ip -6 route",
        ),
    ],
)
def test_advice_fits_the_hole(facts: dict[str, object], told: str, never: str) -> None:
    """What is advised can help in this direction, family and host, and names what was found."""
    found = {"path_mtu": 1400, "segment": 1360, "stalls_at": 1361, "address": "192.0.2.1"} | facts
    result = ProbeResult(
        probe="mtu",
        target=Target(host=HOST),
        outcome=Outcome.FAILED,
        facts=MtuFacts(passage=Passage.BY_SIZE, route=ROUTE, **found),  # type: ignore[arg-type]
        symptom=Symptom(
            kind=Kind.TIMEOUT, stage=Stage.BODY, host=HOST, port=587, detail="large segments vanish"
        ),
    )
    diagnosis = classify(result)
    text = "\n".join((*diagnosis.cause.fix, *diagnosis.evidence))
    assert diagnosis.cause.id == "mtu-black-hole"
    assert [words for words in told.split("|") if words not in text] == []
    assert [words for words in never.split("|") if words in text] == []
