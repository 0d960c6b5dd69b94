"""Who speaks is told by the first words, and only as far as they say it."""

from __future__ import annotations

import pytest

from sestools.core.speakers import protocol_of, software_of, stranger


@pytest.mark.parametrize(
    ("words", "protocol"),
    [
        ("HTTP/1.1 400 Bad Request", "HTTP"),
        ("SSH-2.0-OpenSSH_9.2p1", "SSH"),
        ("* OK [CAPABILITY IMAP4rev1] Dovecot ready.", "IMAP"),
        ("+OK POP3 ready", "POP3"),
        ("-ERR busy", "POP3"),
        (r"J\x00\x00\x00\n8.0.36\x00", "MySQL"),
        ("220 (vsFTPd 3.0.5)", "FTP"),
        ("220 ProFTPD Server ready.", "FTP"),
        ("220 ftp.example.com ESMTP Postfix", ""),
        ("220 mail.example.net ready", ""),
        ("we speak HTTP/1.1", ""),
    ],
)
def test_a_protocol_is_named_by_its_first_words(words: str, protocol: str) -> None:
    """What stands in the middle of a line, and a mail server's greeting, name no other protocol."""
    assert protocol_of(words) == protocol


@pytest.mark.parametrize(
    ("greeting", "software", "id"),
    [
        ("mail.example.net ESMTP Postfix (Debian/GNU)", "Postfix", "foreign-greeting"),
        ("SG ESMTP service ready at geopod-ismtpd-12", "SendGrid", "foreign-greeting"),
        ("smtp.gmail.com ESMTP a640c23a62f3a - gsmtp", "Gmail", "foreign-greeting"),
        ("mail.example.net ESMTP ready", "", "foreign-greeting"),
        ("ProFTPD Server ready.", "", "other-protocol"),
        ("*******************2******0*****", "", "smtp-inspected"),
        ("mail.example.net **** authorised use only ****", "", "foreign-greeting"),
    ],
)
def test_a_greeting_is_whose_it_says(greeting: str, software: str, id: str) -> None:
    """A name is given only if it is there; stars alone are a firewall's."""
    assert software_of(greeting) == software
    assert stranger(greeting) == id
