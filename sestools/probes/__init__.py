"""Probes: each looks at one layer and says what it saw. They observe and never judge."""

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.probes.certificate import Certificate as Certificate
from sestools.probes.certificate import Problem as Problem
from sestools.probes.certificate import TlsFacts as TlsFacts
from sestools.probes.dialogue import probe_dialogue as probe_dialogue
from sestools.probes.dialogue import probe_tls as probe_tls
from sestools.probes.dialogue_facts import SUCCESS as SUCCESS
from sestools.probes.dialogue_facts import DialogueFacts as DialogueFacts
from sestools.probes.dialogue_facts import is_mailbox_simulator as is_mailbox_simulator
from sestools.probes.dns import DnsAnswer as DnsAnswer
from sestools.probes.dns import DnsFacts as DnsFacts
from sestools.probes.dns import probe_dns as probe_dns
from sestools.probes.kernel import Counters as Counters
from sestools.probes.kernel import Route as Route
from sestools.probes.lifetime import probe_lifetime as probe_lifetime
from sestools.probes.lifetime_facts import Estimate as Estimate
from sestools.probes.lifetime_facts import Life as Life
from sestools.probes.lifetime_facts import LifetimeFacts as LifetimeFacts
from sestools.probes.lifetime_facts import Plan as Plan
from sestools.probes.lifetime_facts import Purpose as Purpose
from sestools.probes.mtu import probe_mtu as probe_mtu
from sestools.probes.mtu_facts import Flight as Flight
from sestools.probes.mtu_facts import MtuFacts as MtuFacts
from sestools.probes.mtu_facts import Passage as Passage
from sestools.probes.mtu_facts import Trial as Trial
from sestools.probes.mtu_facts import Way as Way
from sestools.probes.tcp import TcpFacts as TcpFacts
from sestools.probes.tcp import probe_tcp as probe_tcp


class Probe(Protocol):
    """What every probe takes and gives; most take more."""

    def __call__(
        self, target: Target, *, timeout: float = ..., cancel: threading.Event | None = None
    ) -> ProbeResult:
        """Look at a target."""


PROBES: Mapping[str, Probe] = MappingProxyType(
    {
        "dns": probe_dns,
        "tcp": probe_tcp,
        "tls": probe_tls,
        "dialogue": probe_dialogue,
        "mtu": probe_mtu,
        "lifetime": probe_lifetime,
    }
)
"""Every probe by the name that its results bear."""
