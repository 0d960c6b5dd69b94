"""Probes: each looks at one layer and says what it saw. They observe and never judge."""

from sestools.probes._certificate import Certificate, Problem, TlsFacts
from sestools.probes._lives import Estimate, Life, LifetimeFacts, Plan, Purpose
from sestools.probes._passage import MtuFacts, Passage
from sestools.probes._route import Route
from sestools.probes._session import DialogueFacts
from sestools.probes._trial import Flight, Trial, Way
from sestools.probes.dialogue import SUCCESS, is_mailbox_simulator, probe_dialogue
from sestools.probes.dns import DnsAnswer, DnsFacts, probe_dns
from sestools.probes.lifetime import probe_lifetime
from sestools.probes.mtu import probe_mtu
from sestools.probes.tcp import TcpFacts, probe_tcp
from sestools.probes.tcp_info import Counters
from sestools.probes.tls import probe_tls

__all__ = [
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
