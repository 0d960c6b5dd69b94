"""When programs that send through SES change connections if nothing is set."""

from __future__ import annotations

from dataclasses import dataclass

from sestools.lifetime.costs import Thresholds

__all__ = ["DEFAULTS", "Default"]


@dataclass(frozen=True, kw_only=True)
class Default:
    """How a program treats connections if nothing is set.

    Attributes:
        client: The program, and how it is used.
        thresholds: When it changes connections.
        source: Where that is written.
    """

    client: str
    thresholds: Thresholds
    source: str


_ONCE = Thresholds(messages=1)
DEFAULTS = (
    Default(
        client="Postfix",
        thresholds=_ONCE,
        source="postconf(5): smtp_tls_connection_reuse = no, and SES wants TLS",
    ),
    Default(
        client="Postfix with smtp_tls_connection_reuse = yes",
        thresholds=Thresholds(age=300, idle=2),
        source="postconf(5): smtp_connection_reuse_time_limit = 300s, smtp_connection_cache_time_limit = 2s",
    ),
    Default(client="Nodemailer", thresholds=_ONCE, source="https://nodemailer.com/smtp/pooled: pool is off"),
    Default(
        client="Nodemailer with pool: true",
        thresholds=Thresholds(messages=100),
        source="https://nodemailer.com/smtp/pooled: maxMessages 100",
    ),
    Default(
        client="Symfony Mailer",
        thresholds=Thresholds(messages=100),
        source="SmtpTransport.php: restart threshold 100 messages, ping threshold 100 s, too long for SES",
    ),
    Default(client="Jakarta Mail", thresholds=_ONCE, source="Transport.send connects for each message"),
    Default(
        client="Django", thresholds=_ONCE, source="send_mail opens and closes a connection for each call"
    ),
    Default(client="listmonk", thresholds=Thresholds(idle=15), source="its SMTP settings: idle_timeout 15s"),
    Default(client="PHPMailer", thresholds=_ONCE, source="PHPMailer.php: SMTPKeepAlive is false"),
    Default(
        client="Python's smtplib, one connection for all", thresholds=Thresholds(), source="it has no limits"
    ),
)
"""What the programs do by default. Postfix sends RSET before it uses a connection again, and Nodemailer notices when
one is closed: with the same thresholds they lose fewer messages than a program that does neither."""
