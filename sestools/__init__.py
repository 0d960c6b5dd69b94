"""Find out why mail through the Amazon SES SMTP interface fails.

`check("eu-west-1")` looks at an endpoint, `classify(anything)` says what an error means, the probes look at
one layer each, and `sestools.simulator` plays SES on this host. Names are loaded on first use, so that
importing the package is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sestools.addresses import watch_addresses as watch_addresses
    from sestools.advice import advise as advise
    from sestools.catalogue import CAUSES as CAUSES
    from sestools.checkup import check as check
    from sestools.classifier import classify as classify
    from sestools.credentials import examine as examine
    from sestools.credentials import smtp_password as smtp_password
    from sestools.equivalents import equivalents as equivalents
    from sestools.journal import Journal as Journal
    from sestools.model import Credentials as Credentials
    from sestools.model import Security as Security
    from sestools.model import Stage as Stage
    from sestools.model import Target as Target
    from sestools.outbox import Mail as Mail
    from sestools.probes import probe_dialogue as probe_dialogue
    from sestools.probes import probe_dns as probe_dns
    from sestools.probes import probe_lifetime as probe_lifetime
    from sestools.probes import probe_mtu as probe_mtu
    from sestools.probes import probe_tcp as probe_tcp
    from sestools.probes import probe_tls as probe_tls
    from sestools.retrying import Policy as Policy
    from sestools.rules import allowlist_advice as allowlist_advice
    from sestools.sending import Sender as Sender
    from sestools.sweeps import sweep as sweep
    from sestools.sweeps import targets_of as targets_of

__version__ = "0.1.0"

_HOMES = {
    "CAUSES": "catalogue",
    "Credentials": "model",
    "Journal": "journal",
    "Mail": "outbox",
    "Policy": "retrying",
    "Security": "model",
    "Sender": "sending",
    "Stage": "model",
    "Target": "model",
    "allowlist_advice": "rules",
    "advise": "advice",
    "check": "checkup",
    "classify": "classifier",
    "equivalents": "equivalents",
    "examine": "credentials",
    "probe_dialogue": "probes",
    "probe_dns": "probes",
    "probe_lifetime": "probes",
    "probe_mtu": "probes",
    "probe_tcp": "probes",
    "probe_tls": "probes",
    "smtp_password": "credentials",
    "sweep": "sweeps",
    "targets_of": "sweeps",
    "watch_addresses": "addresses",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sestools' has no attribute {name!r}")
    value = getattr(import_module(f"sestools.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
