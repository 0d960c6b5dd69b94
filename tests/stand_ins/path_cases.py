"""Middleboxes that edit the dialogue, and connections that fall silent, crawl, break or speak in the wrong mode."""

from __future__ import annotations

from sestools.core.endpoints import Security
from sestools.core.enums import Level
from stand_ins.acts import (
    INSIDE,
    LISTED,
    SES,
    Mail,
    another,
    closes,
    closes_after_ehlo,
    dribbles,
    endless,
    nothing,
    resets,
    says,
    silent,
    stops_in,
)
from stand_ins.case import (
    ANOTHER,
    CATCHES,
    MODE,
    PATH,
    READY,
    SILENCE,
    SIZE,
    SPOKE,
    UPDATE,
    WAITS,
    Case,
)

WITHOUT = LISTED.replace(b"250-STARTTLS\r\n", b"")
MASKED = LISTED.replace(b"STARTTLS", b"XXXXXXXA")
STARS = b"220 " + b"*" * 60 + b"\r\n"
EDITED = (SPOKE, READY, SILENCE, UPDATE, CATCHES)


def _no_ehlo(name: str, words: bytes, greeting: bytes) -> Case:
    return Case(
        name=name, acts={587: Mail(listed=words, greeting=greeting)}, says=(r"inspect",),
        truth="a firewall that inspects SMTP allows HELO only", lead="smtp-inspected",
        never=(*EDITED, ANOTHER, r"CRAM-MD5"),
    )  # fmt: skip


def _no_starttls(words: bytes) -> Case:
    return Case(
        name=f"STARTTLS answered {words[:3].decode()}", acts={587: Mail(ready=words)}, says=(r"STARTTLS",),
        truth="it is listed and then refused: not SES's way; something on the path, or another server",
        lead="starttls-refused",
        never=(*EDITED, r"CRAM-MD5", r"tried to sign in", r"never switched TLS on", r"Switch STARTTLS on",
               r"does not offer STARTTLS", r"[Tt]hrottl"),
    )  # fmt: skip


MIDDLEBOXES = (
    _no_starttls(b"454 TLS not available due to temporary reason\r\n"),
    _no_starttls(b"502 5.5.1 Command not implemented\r\n"),
    _no_starttls(b"530 5.7.0 Must issue a STARTTLS command first\r\n"),
    _no_starttls(b"500 5.5.1 Command unrecognized\r\n"),
    Case(
        name="masked banner",
        acts={587: Mail(greeting=STARS)},
        lead="smtp-inspected",
        truth="a firewall masks the greeting of what may well be SES: its certificate verifies",
        says=(r"\*\*\*\*", r"mask|inspect"),
        never=(*EDITED, ANOTHER),
    ),
    Case(
        name="masked banner and STARTTLS",
        acts={587: Mail(greeting=STARS, listed=MASKED)},
        lead="starttls-masked",
        truth="a firewall masks greeting and STARTTLS",
        says=(r"mask|inspect",),
        never=(*EDITED, ANOTHER),
    ),
    _no_ehlo("EHLO refused with 502 after a masked banner", b"502 5.5.1 command not implemented\r\n", STARS),
    _no_ehlo(
        "EHLO refused with 500 after SES's greeting", b'500 5.5.1 command unrecognized: "XXXX"\r\n', SES
    ),
    _no_ehlo("EHLO refused with 502 after SES's greeting", b"502 Error: command not implemented\r\n", SES),
    Case(
        name="STARTTLS as XXXXXXXA",
        acts={587: Mail(listed=MASKED), 465: Mail(wrapper=True)},
        lead="starttls-masked",
        truth="587 is inspected, 465 passes",
        says=(r"port 465",),
        never=(SPOKE, ANOTHER, PATH),
    ),
    Case(
        name="STARTTLS taken out",
        acts={587: Mail(listed=WITHOUT)},
        lead="starttls-missing starttls-masked",
        truth="587 is right, and STARTTLS is not in the list",
        never=(*EDITED, r"On port 465 or 2465 choose 'SSL/TLS'", r"already TLS \(465\)"),
    ),
    Case(
        name="AUTH taken out inside TLS",
        lead="auth-missing",
        truth="TLS is good, and AUTH is not listed",
        acts={465: Mail(wrapper=True, inside=INSIDE.replace(b"AUTH PLAIN LOGIN", b"HELP"))},
        never=(*EDITED, MODE),
    ),
)

BREAKS = (
    Case(
        name="nothing listens on 587, and 465 is SES",
        acts={587: nothing, 465: Mail(wrapper=True)},
        lead="ports-refused",
        truth="587 is refused at once, 465 is ready",
        says=(r"587: refused by",),
        never=(SPOKE, SILENCE, ANOTHER, PATH),
    ),
    Case(
        name="nothing listens on either port",
        acts={587: nothing, 465: nothing},
        truth="both are refused at once",
        lead="egress-blocked connection-refused ports-refused",
        says=(r"refused",),
        never=(
            SPOKE,
            READY,
            SILENCE,
            ANOTHER,
            r"dropped on the way",
            r"no way to the internet",
            r"client's own default was used",
        ),
    ),
    Case(
        name="silence",
        acts={587: silent},
        lead="reply-timeout no-greeting",
        truth="connected, and nothing came",
        never=(SPOKE, READY, SIZE, ANOTHER, WAITS),
        timeout=1.0,
    ),
    Case(
        name="silence where TLS is awaited",
        acts={465: silent},
        lead="reply-timeout",
        timeout=1.0,
        truth="connected, and the handshake is not answered",
        never=(SPOKE, READY, MODE, ANOTHER, SIZE),
    ),
    Case(
        name="a reset at once",
        acts={587: resets},
        lead="closed-at-once connection-lost",
        truth="reset on accept",
        never=(SPOKE, READY, SILENCE, SIZE, ANOTHER, r"\brefused by\b"),
    ),
    Case(
        name="a close at once",
        acts={587: closes},
        lead="closed-at-once connection-lost",
        truth="closed on accept",
        never=(SPOKE, READY, SILENCE, SIZE, ANOTHER),
    ),
    Case(
        name="a close at once where TLS is awaited",
        acts={465: closes},
        lead="closed-at-once connection-lost",
        truth="closed on accept",
        never=(SPOKE, READY, SILENCE, SIZE, MODE, UPDATE, ANOTHER),
    ),
    Case(
        name="a close after EHLO",
        acts={587: closes_after_ehlo},
        lead="closed-at-once connection-lost",
        truth="greeted as SES and closed at EHLO",
        says=(r"EHLO",),
        never=(READY, SILENCE, SIZE, ANOTHER),
    ),
    Case(
        name="a greeting that takes one and a half time-outs",
        acts={587: dribbles(1.5)},
        lead="slow-path",
        level=Level.UNCLEAR,
        truth="it comes, slowly: a longer --timeout shows it",
        says=(r"220 email-smtp|bytes|slow", r"--timeout|timeout="),
        never=(READY, SIZE, SILENCE, r"reply never came"),
        timeout=1.0,
    ),
    Case(
        name="each reply a second and a half late",
        acts={587: Mail(pause=1.5)},
        timeout=2.0,
        lead="slow-path",
        level=Level.UNCLEAR,
        truth="a slow path or server, which answers everything",
        says=(r"slow", r"--timeout|timeout="),
        never=(READY, SIZE, r"no answer(?! within)", r"reply never came", r"nothing more came"),
    ),
    Case(
        name="a greeting that stops in mid-line",
        acts={587: stops_in(SES[:20])},
        lead="reply-timeout garbled",
        truth="half a line came, and no more",
        says=(r"220 email-smtp",),
        timeout=1.0,
        never=(READY, r"no greeting came", r"no answer", ANOTHER),
    ),
    Case(
        name="a list that stops in mid-line",
        acts={587: Mail(listed=LISTED[:40])},
        lead="reply-timeout garbled",
        truth="half of the answer to EHLO came",
        says=(r"EHLO",),
        timeout=1.0,
        never=(SPOKE, READY, SIZE, ANOTHER, r"no greeting came", r"no answer"),
    ),
    Case(
        name="a line without end",
        acts={587: endless(b"x" * 64)},
        lead="garbled not-ses",
        truth="no SMTP at all",
        never=(SPOKE, READY, SILENCE, SIZE),
    ),
    Case(
        name="a reply without end",
        acts={587: endless(b"220-mail.example.net\r\n")},
        truth="SMTP that never ends",
        lead="garbled not-ses foreign-greeting",
        never=(SPOKE, READY, SILENCE, SIZE),
    ),
    Case(
        name="binary garbage",
        acts={587: says(bytes(range(128, 256)) * 3 + b"\n")},
        lead="garbled not-ses",
        truth="no protocol that is known",
        never=(SPOKE, READY, SILENCE, SIZE),
    ),
    Case(
        name="binary garbage where TLS is awaited",
        acts={465: says(bytes(range(128, 256)) * 3 + b"\n")},
        lead="garbled not-ses",
        truth="no protocol that is known",
        never=(SPOKE, READY, SILENCE, SIZE, MODE, CATCHES, r"clear text came"),
    ),
    Case(
        name="clear text on 465, SES's greeting",
        acts={465: Mail()},
        lead="clear-text-on-tls-port",
        truth="clear text where SES speaks TLS: 465 is led to 587; one look in clear text settles it",
        says=(r"SimpleEmailService-d|220 email-smtp",),
        never=(READY, SILENCE, UPDATE, SIZE, CATCHES),
    ),
    Case(
        name="clear text on 465, a Postfix",
        acts={465: another("mail.example.net ESMTP Postfix")},
        lead="foreign-greeting",
        truth="clear text where SES speaks TLS: it is not SES",
        says=(r"Postfix",),
        never=(SPOKE, READY, SILENCE, UPDATE, MODE),
    ),
    Case(
        name="TLS from the first byte on 587",
        acts={587: Mail(wrapper=True)},
        lead="reply-timeout no-greeting",
        truth="587 waits for TLS: it is led to 465; one look with TLS settles it",
        timeout=1.0,
        says=(r"TLS from the first byte|wrapper",),
        never=(SPOKE, READY, SIZE, ANOTHER),
    ),
    Case(
        name="the user asks for TLS from the first byte on 587",
        acts={587: Mail()},
        security=Security.WRAPPER,
        lead="wrapper-on-starttls",
        truth="the port is right, the mode is not",
        says=(r"STARTTLS",),
        never=(READY, SILENCE, UPDATE, SIZE, ANOTHER),
    ),
    Case(
        name="the user asks for STARTTLS on 465",
        acts={465: Mail(wrapper=True)},
        security=Security.STARTTLS,
        lead="no-greeting",
        truth="the port is right, the mode is not",
        says=(r"TLS from the first byte",),
        never=(READY, SIZE, ANOTHER),
        timeout=1.0,
    ),
)
