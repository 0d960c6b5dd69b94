"""What all tests share."""

from collections.abc import Iterator

import pytest

from sestools.simulator import Simulator


@pytest.fixture(scope="session")
def _healthy() -> Iterator[Simulator]:
    with Simulator("eu-west-1") as simulator:
        yield simulator


@pytest.fixture
def ses(_healthy: Simulator) -> Iterator[Simulator]:
    """SES of eu-west-1 on loopback: healthy at the beginning, and set right again afterwards."""
    yield _healthy
    if _healthy.faults:
        _healthy.set_faults()
