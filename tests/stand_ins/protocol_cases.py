"""Other protocols and other mail servers in the place of SES."""

from __future__ import annotations

from stand_ins.acts import Mail, another, answers, says
from stand_ins.case import (
    ANOTHER,
    CATCHES,
    MODE,
    NAME,
    READY,
    SILENCE,
    SIZE,
    SPOKE,
    UPDATE,
    WAITS,
    Case,
    named,
)

HTTP = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
MYSQL = b"\x4a\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00" + bytes(60)
SSH = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"
IMAP = b"* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID STARTTLS] Dovecot ready.\r\n"
POP3 = b"+OK Dovecot ready.\r\n"
FTP = b"220 (vsFTPd 3.0.5)\r\n"
STRANGER = "other-protocol refused-by-another"
OTHER = (SPOKE, READY, SILENCE, CATCHES, MODE, UPDATE)

PROTOCOLS = (
    Case(
        name="HTTP, which answers TLS with 400",
        acts={465: answers(HTTP)},
        lead=STRANGER,
        truth="a web server stands on this port",
        says=(named("HTTP"),),
        never=OTHER,
    ),
    Case(
        name="HTTP, which says 400 at once",
        acts={587: says(HTTP)},
        lead=STRANGER,
        truth="a web server stands on this port",
        says=(named("HTTP"),),
        never=OTHER,
    ),
    Case(
        name="HTTP, which waits for a request",
        acts={587: answers(HTTP)},
        lead="reply-timeout no-greeting",
        timeout=1.0,
        truth="nothing greets; what it is cannot be known by listening",
        never=(SPOKE, SIZE, READY, WAITS, ANOTHER),
    ),
    Case(
        name="HTTPS",
        acts={465: answers(HTTP, tls="good")},
        lead="reply-timeout not-ses foreign-greeting",
        timeout=2.0,
        truth="TLS is spoken, and no greeting comes inside",
        says=(r"greeting",),
        never=(SPOKE, SIZE, READY, MODE, WAITS, CATCHES),
    ),
    Case(
        name="IMAP",
        acts={587: says(IMAP, then=b"* BAD\r\n")},
        lead=STRANGER,
        truth="an IMAP server",
        says=(named("IMAP"),),
        never=OTHER,
    ),
    Case(
        name="IMAP inside TLS",
        acts={465: says(IMAP, then=b"* BAD\r\n", tls="good")},
        lead=STRANGER,
        truth="an IMAP server behind a good certificate",
        says=(named("IMAP"),),
        never=OTHER,
    ),
    Case(
        name="IMAP inside TLS, with its own certificate",
        lead=f"{STRANGER} certificate-wrong-name",
        acts={465: says(IMAP, then=b"* BAD\r\n", tls="another name")},
        truth="another server; IMAP shows only inside TLS",
        says=(r"mail\.example\.net",),
        never=(*OTHER, NAME),
    ),
    Case(
        name="POP3",
        acts={587: says(POP3, then=b"-ERR\r\n")},
        lead=STRANGER,
        truth="a POP3 server",
        says=(named("POP3"),),
        never=OTHER,
    ),
    Case(
        name="SSH",
        acts={587: says(SSH)},
        lead=STRANGER,
        truth="an SSH server",
        says=(named("SSH"),),
        never=OTHER,
    ),
    Case(
        name="SSH where TLS is awaited",
        acts={465: says(SSH)},
        lead=STRANGER,
        truth="an SSH server",
        says=(named("SSH"),),
        never=OTHER,
    ),
    Case(
        name="MySQL",
        acts={587: says(MYSQL)},
        lead=STRANGER,
        truth="a MySQL server",
        says=(named("MySQL"),),
        never=OTHER,
    ),
    Case(
        name="FTP",
        acts={587: says(FTP, then=b"530 Please login with USER and PASS.\r\n")},
        lead=STRANGER,
        truth="an FTP server, which greets with 220, too",
        says=(named("FTP"),),
        never=OTHER,
    ),
)


def _provider(name: str, greeting: str, sign: str = "", tls: str = "another name") -> Case:
    return Case(
        name=name, acts={587: another(greeting, tls=tls)}, lead="foreign-greeting", truth=f"{name} answers, not SES",
        says=(sign or name,), never=(SPOKE, READY, SILENCE, UPDATE, MODE),
    )  # fmt: skip


OTHERS = (
    _provider("Postfix", "mail.example.net ESMTP Postfix (Debian/GNU)"),
    _provider("Exim", "mail.example.net ESMTP Exim 4.96 Tue, 24 Nov 2026 12:00:00 +0000"),
    _provider(
        "Exchange",
        "AM0PR10CA0001.example.com Microsoft ESMTP MAIL Service ready at Tue",
        "Microsoft|Exchange",
    ),
    _provider("Gmail", "smtp.gmail.com ESMTP a640c23a62f3a-9a2b3c4d5e6sm12345.12 - gsmtp", "(?i)gmail"),
    _provider("SendGrid", "SG ESMTP service ready at geopod-ismtpd-12"),
    _provider(
        "Postfix with a certificate for SES's name", "mail.example.net ESMTP Postfix", "Postfix", "good"
    ),
    Case(
        name="a provider's proxy on 25 only",
        lead="foreign-greeting",
        acts={25: another("out.provider.example ESMTP Postfix"), 587: Mail(), 465: Mail(wrapper=True)},
        truth="the provider's server answers on 25; 587 and 465 are SES, were tried, and are ready",
        says=(r"25: the greeting is",),
        never=(SPOKE, r"587: the greeting is", r"Try port 2[45]"),
    ),
    Case(
        name="421 at connect, SES's words",
        acts={587: says(b"421 Too many concurrent SMTP connections\r\n")},
        lead="too-many-connections",
        truth="no room for one more connection; whose, nobody knows before sign-in",
        never=(READY, SILENCE, ANOTHER, r"The account has more"),
    ),
    Case(
        name="421 at connect, a Postfix's words",
        lead=STRANGER,
        acts={587: says(b"421 4.7.0 mx.example.net Error: too many connections from 192.0.2.1\r\n")},
        truth="a Postfix refuses this address: SES's limits have no part in it",
        says=(r"mx\.example\.net",),
        never=(SPOKE, READY, SILENCE, r"[Tt]he account has", r"to SES\b.*connections|connections to SES"),
    ),
    Case(
        name="554 at connect, a reputation filter",
        lead=STRANGER,
        acts={
            587: says(
                b"554-mx.example.net\r\n554 Your access to this mail system has been rejected due to the "
                b"sending MTA's poor reputation.\r\n"
            )
        },
        truth="another mail system refuses this address",
        says=(r"poor reputation",),
        never=(SPOKE, READY, SILENCE, r"message was rejected", r"identit(?:y|ies)"),
    ),
    Case(
        name="another server's acceptance",
        signs_in=True,
        sends=True,
        lead="accepted-by-another",
        acts={587: Mail(accepted=b"250 2.0.0 Ok: queued as ABCDEF\r\n")},
        truth="an MTA behind SES's greeting took the message: whether SES has it nobody knows",
        says=(r"ABCDEF",),
        never=(r"SES accepted", r"[Nn]othing to do", r"path to SES works"),
    ),
    Case(
        name="a sign-in refused",
        acts={587: Mail(auth=b"535 Authentication Credentials Invalid\r\n")},
        signs_in=True,
        truth="SES's words for a wrong password",
        lead="bad-credentials",
        never=(r"(?m)^ *587 .*failed .*ready to sign in", r"[Nn]othing to do"),
    ),
    Case(
        name="a sign-in refused in a Postfix's words",
        signs_in=True,
        lead=STRANGER,
        acts={587: Mail(auth=b"535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6\r\n")},
        truth="SES's greeting, and a refusal that is not SES's: who looked at the password is not known",
        never=(r"(?m)^ *587 .*failed .*ready to sign in", r"SES rejected", r"SES was reached and answered"),
    ),
)
