"""One network of each class of fault: the verdict names the fault, and no sentence of it is false there."""

from __future__ import annotations

import time

import pytest

from network.cases import CASES, Judged, judge, meet, meetings
from network.known_wrong import KNOWN_WRONG
from network.spaces import why_not

REASON = why_not()
SHORT = meetings(short=True)
needs_networks = pytest.mark.skipif(bool(REASON), reason=REASON)
pytestmark = pytest.mark.xdist_group("network")


@pytest.fixture(scope="module")
def judged() -> dict[str, Judged]:
    """What was said in each network of the short form, met side by side."""
    began = time.monotonic()
    found = {str(one.meeting): one for one in meet(SHORT)}
    print(f"{len(found)} networks in {time.monotonic() - began:.0f} s")
    return found


@needs_networks
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            str(one),
            marks=pytest.mark.xfail(strict=True, reason="known to be wrong")
            if str(one) in KNOWN_WRONG
            else (),
        )
        for one in SHORT
    ],
)
def test_network(name: str, judged: dict[str, Judged]) -> None:
    """A network gets its right verdict, in time, and reads no false sentence."""
    one = judged[name]
    assert one.seen["uid"] != 0
    assert not one.faults, one.seen
    assert not one.false


def test_table() -> None:
    """Names are unique, each network has its truth, and what is listed as wrong exists."""
    assert len(CASES) == 81
    assert len({case.name for case in CASES}) == len(CASES)
    assert all(case.truth and case.leads for case in CASES)
    assert {str(one) for one in meetings()} >= KNOWN_WRONG


@pytest.mark.parametrize(
    ("text", "seconds", "right"),
    [
        ("Everything that was tried went through", 0.5, True),
        ("  Ruled out DNS: 2 resolvers answer\n            No SES port can be reached", 0.5, False),
        ("Everything that was tried went through", 50.0, False),
        ("Update the client's runtime", 0.5, False),
    ],
)
def test_judge(text: str, seconds: float, right: bool) -> None:
    """A false sentence is found wherever it stands in a verdict, and so is a command that takes too long."""
    (meeting,) = (one for one in meetings(["base_ok"]) if one.command == "check")
    seen = {"cause": "healthy", "level": "ok", "seconds": seconds, "text": text}
    assert judge(meeting, seen).right is right
