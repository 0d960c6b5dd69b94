"""Commands that SES does not accept as they come."""

from __future__ import annotations

from sestools.core.cause import Cause
from sestools.core.enums import Retry, Stage
from sestools.knowledge.causes.sources import CODES, GITHUB, inferred, seen

CAUSES = (
    Cause(
        id="closing-421",
        title="SES is closing this connection",
        meaning="The connection is being closed from SES's side, for instance because its host is replaced. Seen "
        "once; AWS does not document it.",
        fix=("Open a new connection and send the message again.", "Recycle pooled connections sooner."),
        retry=Retry.NEW_CONNECTION,
        basis=seen(GITHUB + "Couchers-org/couchers/issues/5814"),
        samples=("421 Service not available, closing transmission channel.",),
        stage=Stage.MAIL,
        pattern=r"service not available,? closing transmission channel",
        generic=True,
        note="Which command it answers is not known. Some clients print these words for any 421.",
    ),
    Cause(
        id="bad-sequence",
        title="The client sent its commands in the wrong order",
        meaning="A command came before the one it needs. Usually an earlier one was refused and the client went "
        "on regardless: DATA after every RCPT TO had failed, for instance.",
        fix=(
            "Look at the replies before this one: the first refusal is the cause.",
            "Check that the message has at least one recipient.",
        ),
        basis=inferred(GITHUB + "AcalephStorage/consul-alerts/issues/181"),
        samples=("503 Error: need RCPT command",),
        stage=Stage.DATA,
        pattern=r"need (?:RCPT|MAIL) command|sender already specified|refusing any other AUTH|"
        r"\bbad sequence of commands",
        generic=True,
        note="One log shows the RCPT sentence; the others are what a look-alike open-source server says.",
    ),
    Cause(
        id="command-refused",
        title="SES does not support or does not allow a command",
        meaning="The client used a command, a parameter or a sign-in mechanism that SES does not have. SES knows "
        "AUTH PLAIN and LOGIN only.",
        fix=(
            "Choose PLAIN or LOGIN as mechanism, not CRAM-MD5 or XOAUTH2.",
            "Switch off extensions that SES does not offer (SMTPUTF8, CHUNKING, DSN).",
        ),
        basis=inferred(CODES),
        samples=("500 Error: command not implemented", "502 VRFY command is disabled"),
        stage=Stage.EHLO,
        codes=frozenset({500, 502, 504}),
        pattern=r"\bcommand not implemented|\berror: bad syntax|(?:VRFY|EXPN) command is disabled|"
        r"requested authentication mechanism is not supported",
        generic=True,
        note="No log shows how SES answers an unknown command; these are a look-alike server's sentences.",
    ),
)
