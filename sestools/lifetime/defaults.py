"""When programs that send through SES change connections if nothing is set."""

from __future__ import annotations

from typing import NamedTuple

from sestools.lifetime.costs import Thresholds

__all__ = ["DEFAULTS", "Default"]


class Default(NamedTuple):
    """How a program treats connections if nothing is set: its name and use, its thresholds, where that is written."""

    client: str
    thresholds: Thresholds
    source: str


_ONCE, _HUNDRED = Thresholds(messages=1), Thresholds(messages=100)
DEFAULTS = (
    Default("Postfix", _ONCE, "postconf(5): smtp_tls_connection_reuse = no, and SES wants TLS"),
    Default(
        "Postfix with smtp_tls_connection_reuse = yes",
        Thresholds(age=300, idle=2),
        "postconf(5): smtp_connection_reuse_time_limit = 300s, smtp_connection_cache_time_limit = 2s",
    ),
    Default("Nodemailer", _ONCE, "https://nodemailer.com/smtp/pooled: pool is off"),
    Default("Nodemailer with pool: true", _HUNDRED, "https://nodemailer.com/smtp/pooled: maxMessages 100"),
    Default(
        "Symfony Mailer",
        _HUNDRED,
        "SmtpTransport.php: restart threshold 100 messages, ping threshold 100 s, too long for SES",
    ),
    Default("Jakarta Mail", _ONCE, "Transport.send connects for each message"),
    Default("Django", _ONCE, "send_mail opens and closes a connection for each call"),
    Default("listmonk", Thresholds(idle=15), "its SMTP settings: idle_timeout 15s"),
    Default("PHPMailer", _ONCE, "PHPMailer.php: SMTPKeepAlive is false"),
    Default("Python's smtplib, one connection for all", Thresholds(), "it has no limits"),
)
"""What the programs do by default. Postfix sends RSET before it uses a connection again, and Nodemailer notices when
one is closed: with the same thresholds they lose fewer messages than a program that does neither."""
