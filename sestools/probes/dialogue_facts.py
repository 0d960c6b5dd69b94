"""What a session sends, and what it showed."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import formatdate

from sestools.probes.certificate import TlsFacts

SUCCESS = "success@simulator.amazonses.com"
"""SES's mailbox simulator address for a delivery that succeeds: mail to it reaches no person."""


def is_mailbox_simulator(address: str) -> bool:
    """Whether mail to this address goes to SES's mailbox simulator, and so to no person."""
    return address.lower().rpartition("@")[2] == "simulator.amazonses.com"


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Who sends what to whom. The message is bytes with any line ends; None sends a short test text."""

    sender: str
    recipients: tuple[str, ...]
    message: bytes | None = field(default=None, repr=False)

    def content(self) -> bytes:
        """The message to send."""
        if self.message is not None:
            return self.message
        return (
            f"From: {self.sender}\r\nTo: {', '.join(self.recipients)}\r\nDate: {formatdate()}\r\n"
            "Subject: sestools check\r\n\r\n"
            "This message was sent by sestools to see whether Amazon SES accepts mail.\r\n"
        ).encode("ascii")


@dataclass(frozen=True, kw_only=True)
class DialogueFacts:
    """What a session showed.

    Attributes:
        address: The IP address that answered.
        greeting: The text after 220.
        capabilities: What the last EHLO listed, upper-case keyword first.
        capabilities_before_tls: What EHLO listed in clear text, on STARTTLS ports.
        tls: Facts of the TLS connection, if it came so far.
        signed_in: Whether AUTH succeeded.
        message_id: SES's id of the accepted message, if one was sent.
    """

    address: str | None = None
    greeting: str | None = None
    capabilities: tuple[str, ...] = ()
    capabilities_before_tls: tuple[str, ...] = ()
    tls: TlsFacts | None = None
    signed_in: bool = False
    message_id: str | None = None
