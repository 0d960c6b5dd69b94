"""Who speaks, by the first words: other protocols than SMTP, and other mail servers than SES."""

from __future__ import annotations

import re

PROTOCOLS = {
    "HTTP": r"HTTP/\d|<!doctype html|<html\b",
    "SSH": r"SSH-\d",
    "IMAP": r"\* (?:OK|PREAUTH|BYE)\b",
    "POP3": r"\+OK\b|-ERR\b",
    "MySQL": r"(?:\S|\\x[0-9a-f]{2})(?:\\x00){3}(?:\\n|\n)\d+\.\d+\.\d+",
    "FTP": r"220[ -](?![^\n]*SMTP)[^\n]{0,80}FTP",
}
"""How servers of other protocols begin, in printable form: what cannot be shown is an escape."""

_SOFTWARE = {
    "Postfix": r"\bPostfix\b",
    "Exim": r"\bExim\b",
    "Sendmail": r"\bSendmail\b",
    "Microsoft Exchange": r"\bMicrosoft ESMTP MAIL Service\b",
    "Gmail": r"\bgsmtp\b",
    "SendGrid": r"\bSG ESMTP\b|\bsendgrid\b",
    "Mailgun": r"\bmailgun\b",
    "hMailServer": r"\bhMailServer\b",
    "OpenSMTPD": r"\bOpenSMTPD\b",
    "Haraka": r"\bHaraka\b",
    "Avast": r"\bavast\b",
}
"""How other mail servers name themselves in their greeting."""


def protocol_of(words: str) -> str:
    """The protocol whose server begins so, or an empty text; `words` in printable form."""
    return next((name for name, begins in PROTOCOLS.items() if re.match(begins, words, re.IGNORECASE)), "")


def software_of(greeting: str) -> str:
    """The mail server that greets so, as far as its words say; an empty text if they do not."""
    return next((name for name, says in _SOFTWARE.items() if re.search(says, greeting, re.IGNORECASE)), "")


def is_masked(greeting: str) -> bool:
    """Whether a firewall has masked this greeting; the text after the code."""
    return "****" in greeting and re.fullmatch(r"[*0-9xX\s]+", greeting) is not None


def stranger(greeting: str) -> str:
    """The id of the cause that a greeting other than SES's points to; the text after the code."""
    if is_masked(greeting):
        return "smtp-inspected"
    return "other-protocol" if protocol_of(f"220 {greeting}") else "foreign-greeting"
