"""Probes: each looks at one layer and says what it saw. They observe and never judge."""

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.probes.certificate import Certificate, Problem, TlsFacts
from sestools.probes.dialogue import probe_dialogue, probe_tls
from sestools.probes.dns import DnsAnswer, DnsFacts, probe_dns
from sestools.probes.kernel import Counters, Route
from sestools.probes.lifetime import probe_lifetime
from sestools.probes.lifetime_facts import Estimate, Life, LifetimeFacts, Plan, Purpose
from sestools.probes.mtu import probe_mtu
from sestools.probes.mtu_facts import Flight, MtuFacts, Passage, Trial, Way
from sestools.probes.session import SUCCESS, DialogueFacts, is_mailbox_simulator
from sestools.probes.tcp import TcpFacts, probe_tcp


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

__all__ = [
    "PROBES",
    "SUCCESS",
    "Certificate",
    "Counters",
    "DialogueFacts",
    "DnsAnswer",
    "DnsFacts",
    "Estimate",
    "Flight",
    "Life",
    "LifetimeFacts",
    "MtuFacts",
    "Passage",
    "Plan",
    "Probe",
    "Problem",
    "Purpose",
    "Route",
    "TcpFacts",
    "TlsFacts",
    "Trial",
    "Way",
    "is_mailbox_simulator",
    "probe_dialogue",
    "probe_dns",
    "probe_lifetime",
    "probe_mtu",
    "probe_tcp",
    "probe_tls",
]
