"""What is left when nothing else fits."""

from sestools.core.enums import Retry, Stage
from sestools.knowledge.causes import sources
from sestools.knowledge.causes.rows import documented, inferred, row, unknown

CAUSES = (
    row(
        """recipient-rejected: The recipient's mail server refused the message
        SES had accepted the message; the recipient's server refused it later. This is a bounce, not a fault
        of the SMTP connection to SES.
        Do: Read the recipient's reason; remove addresses that do not exist from your list.
        Do: If it is on the suppression list, take it off there first.
        Ruled out: Not SES's refusal: no log shows SES itself saying 550. [inferred]""",
        documented("bounces#bounce"),
        samples=(
            "Diagnostic-Code: smtp; 550 5.1.1 <user@example.net>: Recipient address rejected: User unknown",
        ),
        pattern=r"\"?bouncedRecipients\"?|Amazon SES (?:has suppressed|did not send)|on the suppression list for your",
        generic=True,
    ),
    row(
        """not-ses: This reply did not come from Amazon SES
        Another mail server or provider sent this reply: SES was not involved, or a relay is in front of it.
        Do: Look up the reply in the documentation of the provider that sent it.
        Do: If the client should have spoken to SES, check its host setting:
            email-smtp.<region>.amazonaws.com.""",
        inferred(sources.CODES),
        samples=("535 5.7.8 Username and Password not accepted",),
    ),
    row(
        """unknown-4xx: Unknown temporary failure (4xx)
        A reply that begins with 4 reports a temporary failure: the same request may succeed later.
        Do: Try again after 5 s, 10 s and 30 s, then after 20 minutes. [documented: codes#retry]
        Do: Over SMTP the sender has to do that itself; AWS's SDKs do, over HTTPS. [documented: codes#retry]
        Do: If it persists, treat it as permanent.""",
        unknown(sources.CODES),
        retry=Retry.SOON,
    ),
    row(
        """unknown-5xx: Unknown permanent failure (5xx)
        A reply that begins with 5 reports a permanent failure: the same request will fail again.
        Do: Change what the reply points to before you try again.""",
        unknown(sources.CODES),
    ),
    row(
        """unknown: Unknown error
        Nothing in the text is an SMTP reply or a network error that we know.
        Do: Paste more of the log, with the server's reply in it.
        Do: Run `sestools check` for the region: it shows which step fails.""",
        unknown(sources.CODES),
    ),
    # Good news: what a log also holds when something else failed, so it leads only if nothing did.
    row(
        """accepted: SES accepted the message
        SES took the message and gave it an id. That is not delivery: a bounce would come later, as an event.
        [documented: bounces#bounce]
        Do: Nothing to do here. Keep the id: it joins this log with SES's events.""",
        documented("codes#250"),
        retry=Retry.NOT_NEEDED,
        stage=Stage.BODY,
        samples=("250 Ok 0102019dec617b98-8f0e9c57-2c5d-4f7e-9d3b-5a1b2c3d4e5f-000000",),
        pattern=r"250 Ok [0-9a-f]{16}(?:-[0-9a-zA-Z]+)+|250 Ok MessageID",
    ),
    row(
        """auth-ok: SES accepted the credentials
        SES accepted the user name and password.
        Do: Nothing to do here. Permission to send is judged later, at the end of DATA. [seen:
            github:ministryofjustice/analytical-platform/issues/6944]""",
        documented("codes#235"),
        retry=Retry.NOT_NEEDED,
        stage=Stage.AUTH,
        samples=("235 Authentication successful.",),
        pattern=r"\bauthentication successful",
        generic=True,
    ),
)
