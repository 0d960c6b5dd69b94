"""Quotas, rates, time-outs and other limits."""

from __future__ import annotations

from sestools.core.cause import Cause
from sestools.core.enums import Retry, Stage, When, Who
from sestools.knowledge.causes.sources import CODES, ERRORS, GUIDE, NEW_CREDENTIALS, documented, seen

CAUSES = (
    Cause(
        id="sigv2-rate",
        title="The SMTP credentials use signature version 2 and are throttled",
        meaning="The password was made before 10 January 2019 (signature version 2). SES limits what may be sent "
        "with such credentials.",
        fix=(NEW_CREDENTIALS, "Then delete the old ones."),
        retry=Retry.SLOWER,
        basis=documented(ERRORS),
        samples=("454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded.",),
        stage=Stage.BODY,
        pattern=r"maximum SigV2 SMTP sending rate exceeded",
        ruled_out=("More quota does not help: the limit is on the kind of credentials.",),
    ),
    Cause(
        id="daily-quota",
        title="The 24-hour sending quota is used up",
        meaning="The account has sent to as many recipients as it may within any 24 hours. SES dropped the "
        "message; it does not queue it.",
        fix=(
            "Wait until the rolling 24-hour window frees room, and send the message again yourself.",
            "Request a higher quota, or production access if the account is in the sandbox (200 a day).",
            "Look for a loop or a leaked key if this was unexpected.",
        ),
        retry=Retry.HOURS,
        who=(Who.YOU, Who.AWS),
        basis=documented(GUIDE + "manage-sending-quotas-errors.html"),
        samples=("454 Throttling failure: Daily message quota exceeded.",),
        stage=Stage.BODY,
        pattern=r"daily message quota exceeded",
        ruled_out=("Not the sending rate: slowing down does not help.",),
    ),
    Cause(
        id="send-rate",
        title="The account's maximum send rate was exceeded",
        meaning="More recipients per second than the account's maximum send rate. SES dropped the message; it "
        "does not queue it.",
        fix=(
            "Limit the rate in the sender to what the SES console shows, over all hosts that send.",
            "Send the message again, with growing, random pauses.",
            "Request a higher rate if it is needed all the time (1 a second in the sandbox).",
        ),
        retry=Retry.SLOWER,
        basis=documented(
            "https://aws.amazon.com/blogs/messaging-and-targeting/"
            "how-to-handle-a-throttling-maximum-sending-rate-exceeded-error/"
        ),
        samples=("454 Throttling failure: Maximum sending rate exceeded.",),
        stage=Stage.BODY,
        pattern=r"maximum sending rate exceeded|Throttling(?:Exception)?\W{1,3}Rate exceeded|"
        r"\bTooManyRequestsException\b",
        ruled_out=("Not the daily quota: the next message may pass a second later.",),
    ),
    Cause(
        id="session-limit",
        title="Too many messages were sent over this connection",
        meaning="SES closes a connection after a number of messages that AWS does not publish. The account is "
        "not limited; only this connection is used up.",
        fix=(
            "Open a new connection and send the message again at once.",
            "Recycle pooled connections after a fixed number of messages, well below what you see (reports: 300).",
        ),
        retry=Retry.NEW_CONNECTION,
        basis=seen(
            "https://repost.aws/questions/QUw5qK9rBFSKqXvW5a-nAteg/"
            "amazon-ses-smtp-error-response-421-connection-closed-by-server-maximum-message-count-per-session-reached"
        ),
        samples=(
            "421 Connection closed by server. Maximum message count per session reached.",
            "421 Connection closed by server. Too many messages in one session",
        ),
        stage=Stage.MAIL,
        pattern=r"maximum message count per session|too many messages in one session",
        note="AWS does not document this limit or its number. Which command it answers is not known.",
        ruled_out=("Not too many connections, and not the sending rate.",),
    ),
    Cause(
        id="too-many-connections",
        title="Too many concurrent connections to SES",
        meaning="The account has more SMTP connections open than SES allows. AWS does not publish the number.",
        fix=(
            "Cap the connections of all senders together, and close idle ones.",
            "Reuse a connection for several messages.",
        ),
        retry=Retry.SLOWER,
        basis=documented(CODES),
        samples=("421 Too many concurrent SMTP connections",),
        stage=Stage.GREETING,
        # Exim says these words too, and goes on after a semicolon.
        pattern=r"too many concurrent SMTP connections(?!;)",
        generic=True,
        note="AWS documents the sentence; no log shows it. That it comes in place of the greeting is inferred.",
    ),
    Cause(
        id="idle-timeout",
        title="SES closed the connection because it was idle",
        meaning="SES closes a connection after about 10 seconds of silence. It says so unasked, so the client "
        "reads it as the answer to its next command, usually MAIL FROM.",
        fix=(
            "Open a new connection and send the message again.",
            "Keep pooled connections idle for less than 10 seconds, or test them with NOOP before use.",
            "If it answers the end of DATA, the message's body never arrived: check the MTU.",
        ),
        retry=Retry.NEW_CONNECTION,
        basis=documented(CODES),
        samples=(
            "451 4.4.2 Timeout waiting for data from client.",
            "451 Timeout waiting for data from client",
            "421 Timeout waiting for data from client.",
        ),
        stage=Stage.MAIL,
        pattern=r"timeout waiting for data from client",
        ruled_out=("Not about this message's sender or recipient, although it seems to answer MAIL FROM.",),
        beside=((When.AT_BODY, ("mtu-stall",)),),
    ),
    Cause(
        id="service-failure-451",
        title="SES could not process the message: temporary failure",
        meaning="A temporary failure inside SES. AWS adds that the request itself may be at fault.",
        fix=(
            "Try again after 5 s, 10 s and 30 s.",
            "If it repeats for one message, vary the message; for all, look at the AWS Health Dashboard.",
        ),
        retry=Retry.SOON,
        who=(Who.AWS, Who.YOU),
        basis=documented(CODES),
        samples=("451 Temporary service failure",),
        stage=Stage.BODY,
        pattern=r"temporary service failure",
        generic=True,
        note="AWS documents the sentence; no log shows it. That it answers the end of DATA is inferred.",
    ),
    Cause(
        id="service-failure-454",
        title="SES could not receive the message: temporary failure",
        meaning="A temporary failure inside SES; nothing was sent.",
        fix=("Try again after 5 s, 10 s and 30 s.", "If it persists, look at the AWS Health Dashboard."),
        retry=Retry.SOON,
        who=(Who.AWS,),
        basis=documented(CODES),
        samples=("454 Temporary service failure",),
        stage=Stage.BODY,
        pattern=r"temporary service failure",
        generic=True,
        note="AWS documents the sentence; no log shows it. That it answers the end of DATA is inferred.",
    ),
)
