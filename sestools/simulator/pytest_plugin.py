"""A pytest plugin for programs that send mail: the fixture `ses` is an SES on loopback, new for each test.

It is there as soon as `sestools[simulator]` is installed, and loads nothing until a test asks for it.
`@pytest.mark.ses(...)` takes whatever `Simulator` takes, such as `scenario="s4-flaky-link"`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sestools.simulator import Simulator


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "ses(...): how the simulated SES of this test behaves (see Simulator)")


@pytest.fixture
def ses(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """SES on this host; see `sestools.simulator.Simulator`."""
    from sestools.simulator import Simulator

    marker = request.node.get_closest_marker("ses")
    with Simulator(*(marker.args if marker else ()), **(marker.kwargs if marker else {})) as simulator:
        yield simulator
