"""A local Postfix in front of SES is killed while it drains through faults, and loses nothing."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import pytest
from crashes import crash
from peers import servers

pytestmark = [
    pytest.mark.skipif(bool(servers.why_not()), reason=servers.why_not()),
    pytest.mark.xdist_group("clients"),
]


def test_a_killed_relay_loses_nothing() -> None:
    """SIGKILL at random moments, each followed by a restart: the ledger has every message that was queued.

    (`make soak` kills it 20 times.)
    """
    with tempfile.TemporaryDirectory(prefix="sestools-crash-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        told = crash(folder, kills=4, seed=1)
    assert told.queued == 4 * 10
    assert told.lost == 0, told
    assert told.killed_with_mail_waiting == 4, told
    assert threading.active_count() < 20
