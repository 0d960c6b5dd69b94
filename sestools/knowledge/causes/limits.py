"""Quotas, rates, time-outs and other limits."""

from sestools.core.enums import Retry, Stage, When, Who
from sestools.knowledge.causes import sources
from sestools.knowledge.causes.rows import NEW_CREDENTIALS, documented, row, seen

CAUSES = (
    row(
        f"""sigv2-rate: The SMTP credentials use signature version 2 and are throttled
        The password was made before 10 January 2019 (signature version 2). SES limits what may be sent with
        such credentials.
        Do: {NEW_CREDENTIALS}
        Do: Then delete the old ones.
        Ruled out: More quota does not help: the limit is on the kind of credentials.""",
        documented(sources.ERRORS),
        retry=Retry.SLOWER,
        stage=Stage.BODY,
        samples=("454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded.",),
        pattern=r"maximum SigV2 SMTP sending rate exceeded",
    ),
    row(
        """daily-quota: The 24-hour sending quota is used up
        The account has sent to as many recipients as it may within any 24 hours. SES dropped the message; it
        does not queue it.
        Do: Wait until the rolling 24-hour window frees room, and send the message again yourself.
        Do: Request a higher quota, or production access if the account is in the sandbox (200 a day).
        Do: Look for a loop or a leaked key if this was unexpected.
        Ruled out: Not the sending rate: slowing down does not help.""",
        documented(sources.GUIDE + "manage-sending-quotas-errors.html"),
        retry=Retry.HOURS,
        who=(Who.YOU, Who.AWS),
        stage=Stage.BODY,
        samples=("454 Throttling failure: Daily message quota exceeded.",),
        pattern=r"daily message quota exceeded",
    ),
    row(
        """send-rate: The account's maximum send rate was exceeded
        More recipients per second than the account's maximum send rate. SES dropped the message; it does not
        queue it.
        Do: Limit the rate in the sender to what the SES console shows, over all hosts that send.
        Do: Send the message again, with growing, random pauses.
        Do: Request a higher rate if it is needed all the time (1 a second in the sandbox).
        Ruled out: Not the daily quota: the next message may pass a second later.""",
        documented(
            "https://aws.amazon.com/blogs/messaging-and-targeting/"
            "how-to-handle-a-throttling-maximum-sending-rate-exceeded-error/"
        ),
        retry=Retry.SLOWER,
        stage=Stage.BODY,
        samples=("454 Throttling failure: Maximum sending rate exceeded.",),
        pattern=r"maximum sending rate exceeded|Throttling(?:Exception)?\W{1,3}Rate exceeded|"
        r"\bTooManyRequestsException\b",
    ),
    row(
        """session-limit: Too many messages were sent over this connection
        SES closes a connection after a number of messages that AWS does not publish. The account is not
        limited; only this connection is used up.
        Do: Open a new connection and send the message again at once.
        Do: Recycle pooled connections after a fixed number of messages, well below what you see (reports:
            300).
        Ruled out: Not too many connections, and not the sending rate.
        Unsure: AWS does not document this limit or its number. Which command it answers is not known.""",
        seen(
            "https://repost.aws/questions/QUw5qK9rBFSKqXvW5a-nAteg/"
            "amazon-ses-smtp-error-response-421-connection-closed-by-server-maximum-message-count-per-session-reached"
        ),
        retry=Retry.NEW_CONNECTION,
        stage=Stage.MAIL,
        samples=(
            "421 Connection closed by server. Maximum message count per session reached.",
            "421 Connection closed by server. Too many messages in one session",
        ),
        pattern=r"maximum message count per session|too many messages in one session",
    ),
    row(
        """too-many-connections: Too many concurrent connections to SES
        There is no room for one more SMTP connection, of this account or from this address: before sign-in the
        reply cannot tell which. AWS does not publish the number.
        Do: Cap the connections of all senders together, and close idle ones.
        Do: Reuse a connection for several messages.
        Unsure: AWS documents the sentence; no log shows it. That it comes in place of the greeting is
            inferred.""",
        documented(sources.CODES),
        retry=Retry.SLOWER,
        stage=Stage.GREETING,
        samples=("421 Too many concurrent SMTP connections",),
        # Exim says these words too, and goes on after a semicolon.
        pattern=r"too many concurrent SMTP connections(?!;)",
        generic=True,
    ),
    row(
        """idle-timeout: SES closed the connection because it was idle
        SES closes a connection after about 10 seconds of silence. It says so unasked, so the client reads it
        as the answer to its next command, usually MAIL FROM.
        Do: Open a new connection and send the message again.
        Do: Keep pooled connections idle for less than 10 seconds, or test them with NOOP before use.
        Do: If it answers the end of DATA, the message's body never arrived: check the MTU.
        Ruled out: Not about this message's sender or recipient, although it seems to answer MAIL FROM.""",
        documented(sources.CODES),
        retry=Retry.NEW_CONNECTION,
        stage=Stage.MAIL,
        samples=(
            "451 4.4.2 Timeout waiting for data from client.",
            "451 Timeout waiting for data from client",
            "421 Timeout waiting for data from client.",
        ),
        pattern=r"timeout waiting for data from client",
        beside=((When.AT_BODY, ("mtu-stall",)),),
    ),
    row(
        """service-failure-451: SES could not process the message: temporary failure
        A temporary failure inside SES. AWS adds that the request itself may be at fault.
        Do: Try again after 5 s, 10 s and 30 s.
        Do: If it repeats for one message, vary the message; for all, look at the AWS Health Dashboard.
        Unsure: AWS documents the sentence; no log shows it. That it answers the end of DATA is inferred.""",
        documented(sources.CODES),
        retry=Retry.SOON,
        who=(Who.AWS, Who.YOU),
        stage=Stage.BODY,
        samples=("451 Temporary service failure",),
        pattern=r"temporary service failure",
        generic=True,
    ),
    row(
        """service-failure-454: SES could not receive the message: temporary failure
        A temporary failure inside SES; nothing was sent.
        Do: Try again after 5 s, 10 s and 30 s.
        Do: If it persists, look at the AWS Health Dashboard.
        Unsure: AWS documents the sentence; no log shows it. That it answers the end of DATA is inferred.""",
        documented(sources.CODES),
        retry=Retry.SOON,
        who=(Who.AWS,),
        stage=Stage.BODY,
        samples=("454 Temporary service failure",),
        pattern=r"temporary service failure",
        generic=True,
    ),
)
