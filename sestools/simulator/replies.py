"""What SES says. Two tables: lines that real transcripts show, and lines that are only inferred.

The inferred ones are the replies of the open-source server SubEthaSMTP 3.1, whose dialogue SES's resembles
in every line that has been recorded. They make a simulator that answers everything. They are not knowledge
about SES: nothing that is shown to a user as a fact of SES may come from `INFERRED`.
"""

from __future__ import annotations

from dataclasses import dataclass

HOST = "email-smtp.amazonaws.com"
"""The name that SES gives itself in the greeting and in EHLO, in every region."""

OBSERVED = {
    "ok": "250 Ok",
    "bye": "221 Bye",
    "ready for TLS": "220 Ready to start TLS",
    "user name": "334 VXNlcm5hbWU6",
    "password": "334 UGFzc3dvcmQ6",
    "PLAIN": "334 Ok",
    "signed in": "235 Authentication successful.",
    "TLS first": "530 Must issue a STARTTLS command first",
    "sign in first": "530 Authentication required",
    "bad sender": "501 Invalid MAIL FROM address provided",
    "bad recipient": "501 Invalid RCPT TO address provided",
    "go ahead": "354 End data with <CR><LF>.<CR><LF>",
}

INFERRED = {
    "unknown verb": "500 Error: command not implemented",
    "too short": "500 Error: bad syntax",
    "EHLO name": "501 Syntax: EHLO hostname",
    "HELO name": "501 Syntax: HELO <hostname>",
    "HELO": f"250 {HOST}",
    "second sender": "503 5.5.1 Sender already specified.",
    "MAIL syntax": "501 Syntax: MAIL FROM: <address>",
    "RCPT syntax": "501 Syntax: RCPT TO: <address>",
    "sender first": "503 5.5.1 Error: need MAIL command",
    "recipient first": "503 Error: need RCPT command",
    "parameter": "555 Parameters not recognized or not implemented",  # RFC 5321, 4.1.1.11; what SES says is unknown
    "VRFY": "502 VRFY command is disabled",
    "EXPN": "502 EXPN command is disabled",
    "signed in already": "503 Refusing any other AUTH command.",
    "AUTH syntax": "501 Syntax: AUTH mechanism [initial-response]",
    "mechanism": "504 The requested authentication mechanism is not supported",
    "cancelled": "501 Authentication canceled by client.",
    "not base64": "501 Invalid command argument, not a valid Base64 string",
    "STARTTLS syntax": "501 Syntax error (no parameters allowed)",
    "TLS active": "454 TLS not available due to temporary reason: TLS already active",
    "bare line end": "501 Syntax error at character position {at}. CR and LF must be CRLF paired.  See RFC 2821 #2.7.1.",
    "long line": "501 Input line length is too long!",
}


@dataclass(frozen=True)
class Era:
    """How SES differed over the years, as transcripts of each time show it.

    Attributes:
        size: The SIZE that EHLO announces, or None.
        starttls_stays: Whether EHLO still lists STARTTLS inside TLS.
        idle: What is said before an idle connection is closed.
        numbered: Whether the greeting names the host by a number of ten digits.
    """

    size: int | None
    starttls_stays: bool
    idle: str
    numbered: bool = False

    @property
    def too_long(self) -> str:
        """The reply to a message that is too long; the one with 5.3.4 was seen when SIZE was announced."""
        return f"552 {'5.3.4 ' if self.size else ''}Message is too long."


ERAS = {
    "2026": Era(None, False, "451 4.4.2 Timeout waiting for data from client."),
    "2023": Era(None, True, "451 4.4.2 Timeout waiting for data from client."),
    "2020": Era(10_485_760, True, "451 4.4.2 Timeout waiting for data from client."),
    "2019": Era(10_485_760, True, "451 Timeout waiting for data from client."),
    "2017": Era(10_485_760, True, "421 Timeout waiting for data from client.", numbered=True),
}
