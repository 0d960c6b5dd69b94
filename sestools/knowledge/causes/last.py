"""What is left when nothing else fits."""

from __future__ import annotations

from sestools.core.cause import Cause
from sestools.core.enums import Retry, Stage
from sestools.knowledge.causes.sources import CODES, GUIDE, documented, inferred, unknown

CAUSES = (
    Cause(
        id="recipient-rejected",
        title="The recipient's mail server refused the message",
        meaning="SES had accepted the message; the recipient's server refused it later. This is a bounce, not a "
        "fault of the SMTP connection to SES.",
        fix=(
            "Read the recipient's reason; remove addresses that do not exist from your list.",
            "If it is on the suppression list, take it off there first.",
        ),
        basis=documented(GUIDE + "send-email-concepts-deliverability.html"),
        samples=(
            "Diagnostic-Code: smtp; 550 5.1.1 <user@example.net>: Recipient address rejected: User unknown",
        ),
        pattern=r"\"?bouncedRecipients\"?|Amazon SES (?:has suppressed|did not send)|on the suppression list for your",
        generic=True,
        ruled_out=("Not SES's refusal: SES itself never says 550.",),
    ),
    Cause(
        id="not-ses",
        title="This reply did not come from Amazon SES",
        meaning="Another mail server or provider sent this reply: SES was not involved, or a relay is in front of it.",
        fix=(
            "Look up the reply in the documentation of the provider that sent it.",
            "If the client should have spoken to SES, check its host setting: email-smtp.<region>.amazonaws.com.",
        ),
        basis=inferred(CODES),
        samples=("535 5.7.8 Username and Password not accepted",),
    ),
    Cause(
        id="unknown-4xx",
        title="Unknown temporary failure (4xx)",
        meaning="A reply that begins with 4 reports a temporary failure: the same request may succeed later.",
        fix=(
            "Try again after 5 s, 10 s and 30 s, then after 20 minutes.",
            "If it persists, treat it as permanent.",
        ),
        retry=Retry.SOON,
        basis=unknown(CODES),
    ),
    Cause(
        id="unknown-5xx",
        title="Unknown permanent failure (5xx)",
        meaning="A reply that begins with 5 reports a permanent failure: the same request will fail again.",
        fix=("Change what the reply points to before you try again.",),
        basis=unknown(CODES),
    ),
    Cause(
        id="unknown",
        title="Unknown error",
        meaning="Nothing in the text is an SMTP reply or a network error that we know.",
        fix=(
            "Paste more of the log, with the server's reply in it.",
            "Run `sestools check` for the region: it shows which step fails.",
        ),
        basis=unknown(CODES),
    ),
    # Good news: what a log also holds when something else failed, so it leads only if nothing did.
    Cause(
        id="accepted",
        title="SES accepted the message",
        meaning="SES took the message and gave it an id. That is not delivery: a bounce would come later, as an event.",
        fix=("Nothing to do here. Keep the id: it joins this log with SES's events.",),
        retry=Retry.NOT_NEEDED,
        basis=documented(CODES),
        samples=("250 Ok 0102019dec617b98-8f0e9c57-2c5d-4f7e-9d3b-5a1b2c3d4e5f-000000",),
        stage=Stage.BODY,
        pattern=r"250 Ok [0-9a-f]{16}(?:-[0-9a-zA-Z]+)+|250 Ok MessageID",
    ),
    Cause(
        id="auth-ok",
        title="SES accepted the credentials",
        meaning="SES accepted the user name and password.",
        fix=("Nothing to do here. Permission to send is judged later, at the end of DATA.",),
        retry=Retry.NOT_NEEDED,
        basis=documented(CODES),
        samples=("235 Authentication successful.",),
        stage=Stage.AUTH,
        pattern=r"\bauthentication successful",
        generic=True,
    ),
)
