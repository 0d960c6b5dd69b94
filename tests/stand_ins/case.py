"""A case: what stands there, what is true of it, what a verdict may say, and what would be false."""

from __future__ import annotations

from dataclasses import dataclass

from sestools.core.endpoints import Security
from sestools.core.enums import Level
from stand_ins.server import Act

# Sentences that would be false in many cases, as regular expressions.
SPOKE = (
    r"\bSES (?:is closing|closed|refuse[sd]|rejected|answered|replied|says|said|accepted|does not support or)"
)
"""SES said nothing here."""
READY = r"(?m)ready to sign in$|port \d+ is ready$"
"""Nothing is ready."""
SILENCE = r"no answer|[Nn]othing (?:more )?came|no greeting came|is silent"
"""Something did come."""
ANOTHER = r"[Aa]nother server answers"
"""It may well be SES that answers, or nobody does."""
CATCHES = r"an antivirus catches outgoing SMTP|[Ss]uch proxies|mail scanning in the antivirus"
"""Nobody catches mail here: it is no mail server, or a device that edits what SES says."""
MODE = r"The client started TLS on a port that expects|wrong TLS mode|On 587, 2587 or 25 choose"
"""The port and the TLS mode belong together."""
WAITS = r"On 465 or 2465 choose|waits for the client's TLS"
"""It was no port that waits for TLS."""
UPDATE = r"Update the client|The client is older|setting that fixes an old protocol"
"""This client has TLS 1.2 and 1.3, and the ciphers of today: there is nothing to update or to set."""
SIZE = r"(?m)MTU is too high|ICMP type 3|^The connection stalls when large packets"
"""Nothing large was sent."""
CLOCK = r"this host's clock|date and time of this host|check its clock"
"""The clock of this host is right, and other evidence says so."""
AUTHORITIES = r"Update the authorities|Update this host's certificate authorities|list of authorities is old"
"""The authorities of this host have no part in it."""
NAME = r"by IP address or your own|connected to an IP address or an alias"
"""The endpoint's own name was asked for."""
REASON = r"does not say why"
"""The reason is known: it is in the evidence."""
PATH = r"the network path and the endpoint: port"
"""It is the way to this one port that is at fault: another port that works says nothing about it."""
ALWAYS = (
    r"Paste more of the log",
    r"Run `?sestools check",
    r"(?i)ruled out[^\n]*\b(?:DNS|name resol)",
    r"(?i)\bnot DNS\b",
)
"""This is the check, and DNS was not asked."""
PLACEHOLDERS = r"<region>|<host>|\bREGION\b|\beth0\b|\bSIZE\b"
"""Gaps for values that a check knows."""


def named(protocol: str) -> str:
    """Words that say whose protocol that is, beside quoting it."""
    return rf"(?i)(?:\ban?|speaks|is|for) {protocol}\b|{protocol} (?:server|service|answers|speaks)"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of thing in the place of SES.

    Attributes:
        name: What stands there, in words.
        acts: What it does on each port; these ports are checked.
        truth: What is true of it, for whoever reads a failure.
        lead: Ids of causes of which one may lead.
        never: Sentences that would be false, as regular expressions.
        says: What has to be said, as regular expressions.
        level: How serious it is.
        security: The TLS mode that the user asked for, if not each port's own.
        ca: The authority that the user names: `named`, `company`, or nothing.
        signs_in: Whether the check has credentials.
        sends: Whether it sends a message, too.
        timeout: Seconds for each probe; short where somebody waits.
    """

    name: str
    acts: dict[int, Act]
    truth: str
    lead: str
    never: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    level: Level = Level.PROBLEM
    security: Security | None = None
    ca: str = "named"
    signs_in: bool = False
    sends: bool = False
    timeout: float = 4.0

    @property
    def bound(self) -> float:
        """Seconds that the check may take."""
        return 2 * self.timeout + 1
