"""Which endpoint a notebook connects to: a simulator in this process, or the real one; and whether that can work."""

from __future__ import annotations

import atexit
import html
import os
import threading
from contextlib import ExitStack
from typing import Any

from IPython.display import display

from sestools.checkup.environment import by_environment
from sestools.core.credentials import Credentials
from sestools.core.enums import Place
from sestools.core.errors import UsageError
from sestools.simulator import Simulator, faults

_RUNNING: dict[tuple[str, str | None], Simulator] = {}
_STOP = ExitStack()
_LOCK = threading.Lock()
_TOLD = threading.Event()

BINDER_NOTE = (
    "This notebook runs on Binder, which lets no SMTP port out: use the simulator. A check of the real "
    "endpoint from here shows Binder's firewall, not your network."
)
"""What a notebook says on Binder. Source: the deployment's network policy, github.com/jupyterhub/mybinder.org-deploy."""


def simulator(region: str = "eu-west-1") -> Simulator:
    """The simulator of a region, started on first use and kept until the kernel ends.

    Running a cell again gives the same one, with the faults it has. Panels have simulators of their own.
    """
    return _running(region, None)


def _running(region: str, fault: str | None) -> Simulator:
    tell_about_binder()
    with _LOCK:
        if (region, fault) not in _RUNNING:
            if not _RUNNING:
                atexit.register(_STOP.close)
            _RUNNING[region, fault] = _STOP.enter_context(own_simulator(region, fault or ""))
        return _RUNNING[region, fault]


def own_simulator(region: str, fault: str) -> Simulator:
    """A simulator for one run, to be entered with `with`; it takes some milliseconds to start.

    Raises:
        UsageError: If there is no such region or fault.
    """
    return Simulator(region, faults=map(faults.parse, written_faults(fault)))


def written_faults(written: str) -> list[str]:
    """The faults of a text such as `dropped@25; says:bad-credentials`, apart."""
    return [text.strip() for text in written.split(";") if text.strip()]


def binder_note() -> str:
    """What has to be said on Binder, or an empty text; whoever asks shows it."""
    found = by_environment()
    if found is None or found.place is not Place.BINDER:
        return ""
    _TOLD.set()
    return BINDER_NOTE


def tell_about_binder() -> None:
    """Show the note in the cell that is running, unless this notebook has shown it."""
    if not _TOLD.is_set() and (note := binder_note()):
        shown = {"text/plain": note, "text/html": f"<b>Binder.</b> {html.escape(note)}"}
        display(shown, raw=True)  # type: ignore[no-untyped-call]


def place(endpoint: str, region: str, *, fault: str = "") -> dict[str, Any]:
    """Arguments for `check` that lead it to a simulator with this fault, or to the real endpoint.

    The simulator is kept until the kernel ends, one for each region and fault, and is none that `simulator` gives.

    Args:
        endpoint: `simulator` or `real`.
        region: The region that is checked.
        fault: What is wrong with the simulator, such as `dropped@25`; of no effect on the real endpoint.
    """
    if _is_real(endpoint):
        tell_about_binder()
        return {}
    server = _running(region, fault)
    server.set_faults(*map(faults.parse, written_faults(fault)))  # what happens a number of times begins anew
    return {"connect_to": server.connect_to, "ca_file": server.ca_file}


def credentials_for(endpoint: str, region: str) -> Credentials:
    """Credentials without a password in a notebook: the simulator's own, or those of the environment.

    For the real endpoint they are SESTOOLS_USER and SESTOOLS_PASSWORD, as for the command line.
    """
    if not _is_real(endpoint):
        return simulator(region).credentials
    user, password = os.environ.get("SESTOOLS_USER"), os.environ.get("SESTOOLS_PASSWORD")
    if not user or not password:
        raise UsageError("to sign in, set SESTOOLS_USER and SESTOOLS_PASSWORD before Jupyter starts")
    return Credentials(user=user, password=password)


def _is_real(endpoint: str) -> bool:
    if endpoint not in ("simulator", "real"):
        raise UsageError(f"the endpoint is 'simulator' or 'real', not {endpoint!r}")
    return endpoint == "real"
