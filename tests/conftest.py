"""What all tests share."""

from collections.abc import Iterator

import pytest

from sestools.checkup import environment as context
from sestools.simulator import Simulator


@pytest.fixture(scope="session", autouse=True)
def _no_metadata_service() -> Iterator[None]:
    """No test asks the metadata service of the host that it runs on, which could be anywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context, "METADATA", ("127.0.0.1", 9))
        patch.delenv("SESTOOLS_CONTEXT", raising=False)
        yield


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
