"""Every cause that `sestools` knows, in one ordered table. Data only: `classify` walks it.

The order is the judgement: when several rows match, the first leads. So a root comes before what follows
from it (no TLS before no sign-in), SES's own replies before what a client saw on the socket, and a special
case before its family. The last rows are what is left when nothing else fits.

How a row is matched: `pattern` is searched in the text without regard to case, a space in it stands for any
white space; `codes` must hold the reply code that stands right before, if one does (clients drop it).
A symptom of a known form (a time-out, a reset) also matches by `kinds` and `stages` alone.
"""

from __future__ import annotations

from sestools.model import Cause, Kind, Mark, Retry, Stage, Who

__all__ = ["CAUSES", "cause"]

_GUIDE = "https://docs.aws.amazon.com/ses/latest/dg/"
_CODES = _GUIDE + "troubleshoot-smtp.html"
_CONNECT = _GUIDE + "smtp-connect.html"
_CREDENTIALS = _GUIDE + "smtp-credentials.html"
_ERRORS = _GUIDE + "troubleshoot-error-messages.html"
_QUOTAS = _GUIDE + "quotas.html"
_TIMEOUTS = "https://repost.aws/knowledge-center/smtp-connectivity-timeout-issues-ses"
_PORT_25 = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-resource-limits.html#port-25-throttle"
_MTU = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html"
_MIME = "https://github.com/bbottema/simple-java-mail/issues/259"
_GITHUB = "https://github.com/"

_YOU = (Who.YOU,)
_NETWORK = (Who.NETWORK,)
_YOU_OR_NETWORK = (Who.YOU, Who.NETWORK)
_D, _SEEN, _INFERRED, _UNKNOWN = Mark.DOCUMENTED, Mark.SEEN, Mark.INFERRED, Mark.UNKNOWN

_NEW_CREDENTIALS = (
    "Create SMTP credentials in the SES console (SMTP settings) in the region of the endpoint you dial, and "
    "put both values into the client exactly as shown."
)
_PARSER = (
    "The message was refused as a whole and nothing was sent. The session stays usable after RSET. "
    "SES judges the message only after its final dot, so MAIL FROM and RCPT TO had been accepted."
)

_SIGN_IN = (
    Cause(
        id="starttls-first",
        title="The client tried to sign in without TLS",
        meaning="On ports 25, 587 and 2587 SES takes no sign-in and no mail before STARTTLS has encrypted the "
        "connection. The client never switched TLS on.",
        fix=(
            "Switch STARTTLS on in the client (often 'TLS', 'secure: starttls', 'use_tls').",
            "Or use port 465 or 2465 with TLS from the first byte ('SSL', 'SMTPS').",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "jetmore/swaks/issues/15",
        samples=("530 Must issue a STARTTLS command first",),
        stage=Stage.AUTH,
        codes=frozenset({530}),
        pattern=r"must issue (?:a )?STARTTLS command first|net/smtp: unencrypted connection|"
        r"\bsmtp\S*: unencrypted connection|: unencrypted connection$",
        generic=True,
        ruled_out=("The credentials were not looked at yet: this says nothing about them.",),
    ),
    Cause(
        id="bad-credentials",
        title="SES does not accept this user name and password",
        meaning="The pair is not a valid SMTP credential in this region. SMTP credentials are not AWS access "
        "keys: the password is computed from a secret access key, once for each region.",
        fix=(
            _NEW_CREDENTIALS,
            "If you gave the secret access key itself (40 characters) as the password, convert it or create SMTP "
            "credentials.",
            "Check that the credentials belong to the region of the endpoint.",
            "Check that the access key is still active in IAM.",
            "Look for a blank, line end or quotes around the values, and for %2B or %2F left from a URL.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CODES,
        samples=(
            "535 Authentication Credentials Invalid",
            "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.",
        ),
        stage=Stage.AUTH,
        codes=frozenset({535}),
        pattern=r"authentication credentials invalid|"
        r"SignatureDoesNotMatch|InvalidClientTokenId|request signature we calculated does not match|"
        r"Failed to authenticate on SMTP server with username \"?AKIA[A-Z0-9]{12,}\"? using \d+ possible",
        ruled_out=(
            "Not a network problem: SES was reached and answered.",
            "Not a question of verified identities or sending permission: those are judged later.",
        ),
    ),
    Cause(
        id="not-subscribed",
        title="This AWS account has never signed up for SES",
        meaning="The credentials belong to an account in which SES was never opened.",
        fix=("Open the SES console once with that account, in the region you want to send from.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CODES,
        samples=("535 Account not subscribed to SES",),
        stage=Stage.AUTH,
        codes=frozenset({535}),
        pattern=r"account not subscribed to SES|needs a subscription for the service|SubscriptionRequiredException",
        note="AWS documents the sentence; no log shows it. That it answers AUTH is inferred.",
    ),
    Cause(
        id="auth-temporary",
        title="SES could not check the sign-in just now",
        meaning="A temporary failure while signing in. AWS has a list of reasons for it that we could not read.",
        fix=(
            "Try again after 5 s, 10 s and 30 s.",
            "If it lasts: check that TLS is on, and that credentials and region fit each other.",
            "Then look at the AWS Health Dashboard.",
        ),
        retry=Retry.SOON,
        who=(Who.YOU, Who.AWS),
        mark=_D,
        source=_CODES,
        samples=("454 Temporary authentication failure",),
        stage=Stage.AUTH,
        codes=frozenset({454}),
        pattern=r"temporary authentication failure",
        generic=True,
        note="AWS's own list of reasons was not available to us, so the advice is general. The stage is "
        "inferred from the name.",
    ),
    Cause(
        id="auth-required",
        title="The client did not sign in before sending",
        meaning="SES takes mail only after AUTH. The client sent MAIL FROM without signing in: no credentials "
        "were configured, a setting's name is wrong, or AUTH was left out because TLS was off.",
        fix=(
            "Give the client SMTP credentials and switch authentication on.",
            "Switch TLS on: many clients silently leave AUTH out on a plain connection.",
            "If the credentials were made before 10 January 2019, make new ones.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CODES,
        samples=("530 Authentication required",),
        stage=Stage.MAIL,
        codes=frozenset({530}),
        # A word right before it makes another sentence ("Proxy Authentication Required"); more after it, too.
        pattern=r"(?<![a-z] )(?<![-a-z])authentication required(?=\.?\s*(?:$|[^\s\w.]|at |in |SMTP code))|"
        r"AuthenticationFailedException: failed to connect, no password specified|Missing credentials for \"",
        generic=True,
        ruled_out=("Not wrong credentials: SES says 535 to those. It was offered none.",),
    ),
)

_REFUSED_MAIL = (
    Cause(
        id="old-tls",
        title="The client's TLS is too old",
        meaning="The connection was encrypted with TLS 1.0 or 1.1. SES let it connect and sign in and refused "
        "the message.",
        fix=(
            "Update the client's runtime or operating system so that it speaks TLS 1.2 or 1.3.",
            "Look for a setting that fixes an old protocol version.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "alramlechner/CommonLogicNodes/issues/6",
        samples=(
            "554 Access denied: Amazon SES no longer supports TLS 1.0 and TLS 1.1 connections. You must update "
            "your client to use TLS version 1.2 or above. To learn more and to update your client, see "
            "https://go.aws/3AUlVSb. For further assistance, contact AWS support",
        ),
        stage=Stage.DATA,
        codes=frozenset({554}),
        pattern=r"no longer supports TLS ?1\.[01]",
        note="Whether SES still answers so today or refuses the handshake is not known.",
        ruled_out=("Not an IAM problem, although the reply begins 'Access denied'.",),
    ),
    Cause(
        id="iam-denied",
        title="IAM does not allow this user to send as this identity",
        meaning="The credentials are right, but no policy allows ses:SendRawEmail on the identity that the "
        "reply names. In the sandbox that identity can be the recipient.",
        fix=(
            "Allow ses:SendRawEmail for the IAM user behind the SMTP credentials, on the identity in the reply.",
            "If the resource is narrowed to one identity, widen it: SES may check the recipient's too.",
            "For another account's identity, check its sending authorization policy.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_GUIDE + "control-user-access.html",
        samples=(
            "554 Access denied: User `arn:aws:iam::111122223333:user/ses-smtp-user' is not authorized to perform "
            "`ses:SendRawEmail' on resource `arn:aws:ses:eu-west-1:111122223333:identity/user@example.com'",
            "AccessDenied: User `arn:aws:iam::111122223333:user/mailer' is not authorized to perform "
            "`ses:SendEmail' on resource `arn:aws:ses:eu-west-1:111122223333:identity/example.com'",
        ),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"not authorized to perform:? ?\W{0,3}ses:|policy allows the \W{0,2}ses:\w+ action|"
        r"access denied: user \W{0,2}arn:aws",
        ruled_out=(
            "Not wrong credentials: SES knows the user and names it.",
            "Not the network: the message reached SES.",
        ),
    ),
    Cause(
        id="paused",
        title="AWS has paused sending for this account",
        meaning="The account's sending is paused, by AWS's enforcement or by somebody in the account.",
        fix=(
            "Read the mail that AWS sent to the account's address.",
            "Look at 'Account status' in the SES console, and answer the case in the Support Center.",
        ),
        retry=Retry.NO,
        who=(Who.AWS, Who.YOU),
        mark=_SEEN,
        source=_GITHUB + "hcengineering/platform/issues/8899",
        samples=(
            "554 Message rejected: Sending paused for this account. For more information, please check the inbox "
            "of the email address associated with your AWS account.",
        ),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"sending (?:is )?paused for this account|AccountSendingPausedException",
        ruled_out=("Not a quota: waiting does not lift it.",),
    ),
    Cause(
        id="suspended",
        title="AWS has suspended sending for this account",
        meaning="An older wording of the same enforcement as 'sending paused'.",
        fix=(
            "Read the mail that AWS sent to the account's address.",
            "Look at 'Account status' in the SES console, and answer the case in the Support Center.",
        ),
        retry=Retry.NO,
        who=(Who.AWS, Who.YOU),
        mark=_SEEN,
        source=_ERRORS,
        samples=(
            "554 Message rejected: Sending suspended for this account. For more information, please check the "
            "inbox of the email address associated with your AWS account.",
        ),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"sending (?:is )?suspended for this account",
        note="Seen in one log of 2018 only; today's wording is 'paused'. The source is AWS's list of errors.",
    ),
    Cause(
        id="mailfrom-domain",
        title="The custom MAIL FROM domain is not set up in DNS",
        meaning="The identity has a custom MAIL FROM domain whose MX or SPF record is missing, and is set to "
        "reject the message in that case.",
        fix=(
            "Add the MX record `10 feedback-smtp.<region>.amazonses.com` and the SPF record to the MAIL FROM domain.",
            "Or choose 'use default MAIL FROM domain' for the identity. SES looks again for up to 72 hours.",
        ),
        retry=Retry.HOURS,
        who=_YOU,
        mark=_SEEN,
        source=_GUIDE + "mail-from.html",
        samples=("554 MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid.",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"MAIL FROM domain (?:is )?not verified|DNS setup for MAIL FROM domain|MailFromDomainNotVerified",
        note="The sentence is from one log of 2026-09; AWS's page describes the setting, not the reply.",
        ruled_out=("Not the identity's own verification: that has another sentence.",),
    ),
    Cause(
        id="not-verified",
        title="An address or domain is not verified in this region",
        meaning="SES checks From, Source, Sender and Return-Path against the identities verified in this region. "
        "In the sandbox every recipient must be verified too.",
        fix=(
            "Verify the identities that the reply names, in the region that it names.",
            "If they are verified elsewhere, use that region's endpoint and credentials.",
            "If a recipient is named, the account is in the sandbox: request production access.",
            "Check which From address the application really uses.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CODES,
        samples=(
            "554 Message rejected: Email address is not verified. The following identities failed the check in "
            "region EU-WEST-1: Shop <shop@example.com>, shop@example.com",
            "MessageRejected: Email address is not verified.",
        ),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"email address(?:es)? (?:is |are )?not verified|identit(?:y|ies) failed the check in region",
        ruled_out=("Not wrong credentials: SES had accepted the sign-in.",),
    ),
)

_LIMITS = (
    Cause(
        id="sigv2-rate",
        title="The SMTP credentials are of the old kind and are slowed down",
        meaning="The password was made before 10 January 2019 (signature version 2). SES limits what may be sent "
        "with such credentials.",
        fix=(_NEW_CREDENTIALS, "Then delete the old ones."),
        retry=Retry.SLOWER,
        who=_YOU,
        mark=_D,
        source=_ERRORS,
        samples=("454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded.",),
        stage=Stage.BODY,
        codes=frozenset({454}),
        pattern=r"maximum SigV2 SMTP sending rate exceeded",
        ruled_out=("More quota does not help: the limit is on the kind of credentials.",),
    ),
    Cause(
        id="daily-quota",
        title="The quota of 24 hours is used up",
        meaning="The account has sent to as many recipients as it may within any 24 hours. SES dropped the "
        "message; it does not queue it.",
        fix=(
            "Wait until the rolling 24-hour window frees room, and send the message again yourself.",
            "Request a higher quota, or production access if the account is in the sandbox (200 a day).",
            "Look for a loop or a leaked key if this was unexpected.",
        ),
        retry=Retry.HOURS,
        who=(Who.YOU, Who.AWS),
        mark=_D,
        source=_GUIDE + "manage-sending-quotas-errors.html",
        samples=("454 Throttling failure: Daily message quota exceeded.",),
        stage=Stage.BODY,
        codes=frozenset({454}),
        pattern=r"daily message quota exceeded",
        ruled_out=("Not the sending rate: slowing down does not help.",),
    ),
    Cause(
        id="send-rate",
        title="Messages are sent faster than the account may",
        meaning="More recipients per second than the account's maximum send rate. SES dropped the message; it "
        "does not queue it.",
        fix=(
            "Limit the rate in the sender to what the SES console shows, over all hosts that send.",
            "Send the message again, with growing, random pauses.",
            "Request a higher rate if it is needed all the time (1 a second in the sandbox).",
        ),
        retry=Retry.SLOWER,
        who=_YOU,
        mark=_D,
        source="https://aws.amazon.com/blogs/messaging-and-targeting/"
        "how-to-handle-a-throttling-maximum-sending-rate-exceeded-error/",
        samples=("454 Throttling failure: Maximum sending rate exceeded.",),
        stage=Stage.BODY,
        codes=frozenset({454}),
        pattern=r"maximum sending rate exceeded|Throttling(?:Exception)?\W{1,3}Rate exceeded|"
        r"\bTooManyRequestsException\b",
        ruled_out=("Not the daily quota: the next message may pass a second later.",),
    ),
    Cause(
        id="session-limit",
        title="This connection has carried as many messages as SES allows",
        meaning="SES closes a connection after a number of messages that AWS does not publish. The account is "
        "not limited; only this connection is used up.",
        fix=(
            "Open a new connection and send the message again at once.",
            "Recycle pooled connections after a fixed number of messages, well below what you see (reports: 300).",
        ),
        retry=Retry.NEW_CONNECTION,
        who=_YOU,
        mark=_SEEN,
        source="https://repost.aws/questions/QUw5qK9rBFSKqXvW5a-nAteg/"
        "amazon-ses-smtp-error-response-421-connection-closed-by-server-maximum-message-count-per-session-reached",
        samples=(
            "421 Connection closed by server. Maximum message count per session reached.",
            "421 Connection closed by server. Too many messages in one session",
        ),
        stage=Stage.MAIL,
        codes=frozenset({421}),
        pattern=r"maximum message count per session|too many messages in one session",
        note="AWS does not document this limit or its number. Which command it answers is not known.",
        ruled_out=("Not too many connections, and not the sending rate.",),
    ),
    Cause(
        id="too-many-connections",
        title="Too many connections to SES are open at once",
        meaning="The account has more SMTP connections open than SES allows. AWS does not publish the number.",
        fix=(
            "Cap the connections of all senders together, and close idle ones.",
            "Reuse a connection for several messages.",
        ),
        retry=Retry.SLOWER,
        who=_YOU,
        mark=_D,
        source=_CODES,
        samples=("421 Too many concurrent SMTP connections",),
        stage=Stage.GREETING,
        codes=frozenset({421}),
        # Exim says these words too, and goes on after a semicolon.
        pattern=r"too many concurrent SMTP connections(?!;)",
        generic=True,
        note="AWS documents the sentence; no log shows it. That it comes in place of the greeting is inferred.",
    ),
    Cause(
        id="idle-timeout",
        title="The connection was silent for too long and SES closed it",
        meaning="SES closes a connection after about 10 seconds of silence. It says so unasked, so the client "
        "reads it as the answer to its next command, usually MAIL FROM.",
        fix=(
            "Open a new connection and send the message again.",
            "Keep pooled connections idle for less than 10 seconds, or test them with NOOP before use.",
            "If it answers the end of DATA, the message's body never arrived: check the MTU.",
        ),
        retry=Retry.NEW_CONNECTION,
        who=_YOU,
        mark=_D,
        source=_CODES,
        samples=(
            "451 4.4.2 Timeout waiting for data from client.",
            "451 Timeout waiting for data from client",
            "421 Timeout waiting for data from client.",
        ),
        stage=Stage.MAIL,
        codes=frozenset({451, 421}),
        pattern=r"timeout waiting for data from client",
        ruled_out=("Not about this message's sender or recipient, although it seems to answer MAIL FROM.",),
    ),
    Cause(
        id="service-failure-451",
        title="SES could not process the message just now",
        meaning="A temporary failure inside SES. AWS adds that the request itself may be at fault.",
        fix=(
            "Try again after 5 s, 10 s and 30 s.",
            "If it repeats for one message, vary the message; for all, look at the AWS Health Dashboard.",
        ),
        retry=Retry.SOON,
        who=(Who.AWS, Who.YOU),
        mark=_D,
        source=_CODES,
        samples=("451 Temporary service failure",),
        stage=Stage.BODY,
        codes=frozenset({451}),
        pattern=r"temporary service failure",
        generic=True,
        note="AWS documents the sentence; no log shows it. That it answers the end of DATA is inferred.",
    ),
    Cause(
        id="service-failure-454",
        title="SES did not receive the message because of a temporary failure",
        meaning="A temporary failure inside SES; nothing was sent.",
        fix=("Try again after 5 s, 10 s and 30 s.", "If it lasts, look at the AWS Health Dashboard."),
        retry=Retry.SOON,
        who=(Who.AWS,),
        mark=_D,
        source=_CODES,
        samples=("454 Temporary service failure",),
        stage=Stage.BODY,
        codes=frozenset({454}),
        pattern=r"temporary service failure",
        generic=True,
        note="AWS documents the sentence; no log shows it. That it answers the end of DATA is inferred.",
    ),
)

_ADDRESSES = (
    Cause(
        id="from-invalid",
        title="The envelope sender is not an address that SES takes",
        meaning="MAIL FROM was not a full address: often the SMTP user name used as sender, a user without a "
        "domain, or the empty sender `<>` of a bounce, which is legal SMTP that SES refuses.",
        fix=(
            "Set the sender (From, envelope from) to a verified address, not to the SMTP user name.",
            "Do not relay bounces (empty sender) through SES.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "docker-mailserver/docker-mailserver/issues/2403",
        samples=("501 Invalid MAIL FROM address provided",),
        stage=Stage.MAIL,
        codes=frozenset({501}),
        pattern=r"invalid MAIL FROM address provided",
        ruled_out=("Not about verification: only the form of the address was looked at.",),
    ),
    Cause(
        id="rcpt-invalid",
        title="An envelope recipient is not an address that SES takes",
        meaning="RCPT TO was not a well-formed ASCII address. SES has no SMTPUTF8, so letters such as ö before "
        "the @ are refused.",
        fix=("Correct the address; write an international domain in punycode.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "ruby/net-smtp/issues/97",
        samples=("501 Invalid RCPT TO address provided",),
        stage=Stage.RCPT,
        codes=frozenset({501}),
        pattern=r"invalid RCPT TO address provided",
        ruled_out=("It does not say that the mailbox does not exist: only the form was looked at.",),
    ),
    Cause(
        id="from-syntax",
        title="The envelope sender's syntax is wrong",
        meaning="The address in MAIL FROM is malformed, for instance without angle brackets.",
        fix=("Correct the sender's address and set it in angle brackets.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CODES,
        samples=("553 <sender.example.com> Invalid email address",),
        stage=Stage.MAIL,
        codes=frozenset({553}),
        pattern=r"<[^<>\n]{1,320}> invalid email address",
        generic=True,
        note="AWS documents the sentence; logs show '501 Invalid MAIL FROM address provided' instead.",
        ruled_out=("Not about verification: only the form of the address was looked at.",),
    ),
    Cause(
        id="rcpt-syntax",
        title="An envelope recipient's syntax is wrong",
        meaning="The address in RCPT TO is malformed.",
        fix=("Correct the recipient's address and set it in angle brackets.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CODES,
        samples=("553 <recipient.example.com> address unknown",),
        stage=Stage.RCPT,
        codes=frozenset({553}),
        pattern=r"<[^<>\n]{1,320}> address unknown",
        generic=True,
        note="AWS documents the sentence; logs show '501 Invalid RCPT TO address provided' instead.",
        ruled_out=("It does not mean that the mailbox is unknown, although it says so.",),
    ),
)

_MESSAGE = (
    Cause(
        id="too-long",
        title="The message is larger than SES takes",
        meaning="The whole message, after base64 encoding, is over the limit (40 MB over SMTP since 2022, 10 MB "
        "before). Encoding adds about 37 % to an attachment.",
        fix=("Send a link instead of the attachment, or make it smaller (about 29 MB fit).",),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_QUOTAS,
        samples=("552 Message is too long.", "552 5.3.4 Message is too long."),
        stage=Stage.BODY,
        codes=frozenset({552}),
        pattern=r"\bmessage is too long|message length is more than \d+ bytes long",
        note="AWS's table still says 10 MB in one place and 'maximum size' in another. The stage is inferred.",
    ),
    Cause(
        id="duplicate-header",
        title="A header that may appear once appears twice",
        meaning="The message carries twice a header such as Content-Type, MIME-Version or DKIM-Signature. "
        + _PARSER,
        fix=(
            "Send the header named in the reply once only.",
            "Check that a blank line stands between the headers and the first boundary.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "xreef/EMailSender/issues/49",
        samples=("554 Transaction failed: Duplicate header 'Content-Type'.",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"duplicate header ?['`\"]",
    ),
    Cause(
        id="too-many-recipients",
        title="More than 50 recipients in one message",
        meaning="SES takes 50 recipients (To, Cc and Bcc together) for one message. It accepts each RCPT TO and "
        "refuses at the end.",
        fix=("Split the recipients over several messages of at most 50.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_QUOTAS,
        samples=("554 Transaction failed: Recipient count exceeds 50.",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"recipient count exceeds",
    ),
    Cause(
        id="missing-boundary",
        title="A multipart message without its first boundary",
        meaning="Content-Type promises parts, but the body holds none or lacks the opening boundary line. "
        + _PARSER,
        fix=("Send at least one part, and the boundary that the header names.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_MIME,
        samples=("554 Transaction failed: Missing start boundary",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"missing start boundary|transaction failed: missing boundary",
    ),
    Cause(
        id="content-type-syntax",
        title="A Content-Type header is malformed",
        meaning="A Content-Type lacks its subtype, as in `text;` instead of `text/plain;`. " + _PARSER,
        fix=("Write the type in full, such as `text/plain; charset=utf-8`.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "go-gomail/gomail/issues/131",
        samples=("554 Transaction failed: Expected '/', got ;",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"expected ['\"`]?/['\"`]?, got",
    ),
    Cause(
        id="content-disposition-syntax",
        title="A Content-Disposition header is malformed",
        meaning="A Content-Disposition lacks its type (`attachment` or `inline`). " + _PARSER,
        fix=('Write it in full, such as `attachment; filename="a.pdf"`.',),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "mageplaza/magento-2-smtp/pull/202",
        samples=("554 Transaction failed: Expected disposition, got =",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"expected disposition, got",
    ),
    Cause(
        id="address-without-domain",
        title="An address in a header has no domain",
        meaning="To, Cc, From or Reply-To holds an address without `@domain`. " + _PARSER,
        fix=("Give the full address; look for a name with a comma that is not in quotes.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_MIME,
        samples=("554 Transaction failed: Missing final '@domain'",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"missing final ['`\"]?@domain",
        note="The log's address was not kept; the source is a sister case of the same parser.",
    ),
    Cause(
        id="unbalanced-quote",
        title="A quote in an address header is not closed",
        meaning="A display name opens a double quote and does not close it. " + _PARSER,
        fix=("Close the quote, or let the mail library write the display name.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_MIME,
        samples=("554 Transaction failed: Missing '\"'",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"missing '\\*\"'|transaction failed: (?:unterminated quote|quote not at)",
        note="The log's address was not kept; the source is a sister case of the same parser.",
    ),
    Cause(
        id="domain-character",
        title="A domain in an address header holds a character that is not allowed",
        meaning="A blank, a control character or a letter outside ASCII stands after the @. " + _PARSER,
        fix=("Correct the address; write an international domain in punycode.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_MIME,
        samples=("554 Transaction failed: Domain contains illegal character",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"domain contains (?:illegal character|control or whitespace)",
        note="The log's address was not kept; the source is a sister case of the same parser.",
    ),
    Cause(
        id="domain-name",
        title="A domain in an address header is not a domain name",
        meaning="What stands after the @ cannot be a domain: empty, or with a dot too many. " + _PARSER,
        fix=("Correct the address in the header.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_MIME,
        samples=("554 Transaction failed: Invalid domain name",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"(?:transaction failed|InvalidParameterValue): (?:invalid domain name|domain (?:starts|ends) with dot|domain contains dot|"
        r"missing domain)",
        note="The reply goes on after these words; the rest was not kept, nor the log's address.",
    ),
    Cause(
        id="local-part-character",
        title="The part before the @ in an address holds a character that is not allowed",
        meaning="For instance a colon or a second @ in the user name. SES is lenient with most others. "
        + _PARSER,
        fix=("Correct the address in the header.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_MIME,
        samples=(
            "554 Transaction failed: Address contains illegal characters in user name: "
            "'<\"re:ceiver\"@example.com>'.",
        ),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"address contains illegal characters in user name|"
        r"transaction failed: (?:local address|missing local name|illegal address)",
        note="The log is known by number only; the source is a sister case of the same parser.",
    ),
    Cause(
        id="transaction-failed",
        title="SES could not take the message because of its form",
        meaning="The message or one of its headers is malformed; the words after 'Transaction failed' say how. "
        + _PARSER,
        fix=(
            "Read the reason after the colon and correct that header or part.",
            "Let a mail library build the message instead of joining strings.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_MIME,
        samples=("554 Transaction failed: Illegal semicolon, not in group",),
        stage=Stage.BODY,
        codes=frozenset({554}),
        pattern=r"\btransaction failed\b",
        generic=True,
        note="The reasons are a mail parser's own messages; only some of them were seen.",
    ),
)

_PROTOCOL = (
    Cause(
        id="closing-421",
        title="SES is closing this connection",
        meaning="The connection is being closed from SES's side, for instance because its host is replaced. Seen "
        "once; AWS does not document it.",
        fix=("Open a new connection and send the message again.", "Recycle pooled connections sooner."),
        retry=Retry.NEW_CONNECTION,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "Couchers-org/couchers/issues/5814",
        samples=("421 Service not available, closing transmission channel.",),
        stage=Stage.MAIL,
        codes=frozenset({421}),
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
        retry=Retry.NO,
        who=_YOU,
        mark=_INFERRED,
        source=_GITHUB + "AcalephStorage/consul-alerts/issues/181",
        samples=("503 Error: need RCPT command",),
        stage=Stage.DATA,
        codes=frozenset({503}),
        pattern=r"need (?:RCPT|MAIL) command|sender already specified|refusing any other AUTH|"
        r"\bbad sequence of commands",
        generic=True,
        note="One log shows the RCPT sentence; the others are what a look-alike open-source server says.",
    ),
    Cause(
        id="command-refused",
        title="SES does not know or does not allow a command",
        meaning="The client used a command, a parameter or a sign-in mechanism that SES does not have. SES knows "
        "AUTH PLAIN and LOGIN only.",
        fix=(
            "Choose PLAIN or LOGIN as mechanism, not CRAM-MD5 or XOAUTH2.",
            "Switch off extensions that SES does not offer (SMTPUTF8, CHUNKING, DSN).",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_INFERRED,
        source=_CODES,
        samples=("500 Error: command not implemented", "502 VRFY command is disabled"),
        stage=Stage.EHLO,
        codes=frozenset({500, 502, 504}),
        pattern=r"\bcommand not implemented|\berror: bad syntax|(?:VRFY|EXPN) command is disabled|"
        r"requested authentication mechanism is not supported",
        generic=True,
        note="No log shows how SES answers an unknown command; these are a look-alike server's sentences.",
    ),
)

# What a client saw on the socket. Every row is generic: any server can fail so.
_TLS = (
    Cause(
        id="client-limiter",
        title="The client's own rate limiter stopped the message",
        meaning="The sending application refused to send, by its own settings. Nothing reached SES.",
        fix=("Raise the limiter's capacity or send fewer messages at once.",),
        retry=Retry.SLOWER,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "mautic/mautic/issues/9644",
        samples=("Token amount (51) is larger than the capacity (3).",),
        pattern=r"token amount \(?\d+\)? is larger than the capacity",
        generic=True,
        ruled_out=("Not SES's throttling: SES would answer with 454.",),
    ),
    Cause(
        id="wrong-endpoint",
        title="The client speaks to the wrong AWS host",
        meaning="SES has one host for SMTP (email-smtp.<region>.amazonaws.com) and others for its HTTPS API, for "
        "receiving and for Mail Manager. The client used one with the other's protocol.",
        fix=(
            "For SMTP: email-smtp.<region>.amazonaws.com, ports 25, 465, 587, 2465 or 2587.",
            "For the HTTPS API (SDK, API plug-in): email.<region>.amazonaws.com, port 443.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "drewblas/aws-ses/issues/38",
        samples=(
            'wrong status line: "220 email-smtp.amazonaws.com ESMTP SimpleEmailService" (Net::HTTPBadResponse)',
        ),
        pattern=r"(?:wrong status line|HTTPBadResponse|malformed HTTP|BadStatusLine|HTTP/0\.9)[^\n]{0,80}"
        r"220[ -]email-smtp|220[ -]email-smtp[^\n]{0,80}(?:HTTPBadResponse|malformed HTTP)|https://email-smtp",
        ruled_out=("Not a firewall: the host was right to stay silent on that port or protocol.",),
    ),
    Cause(
        id="starttls-masked",
        title="Something on the way has masked STARTTLS",
        meaning="A firewall or mail proxy overwrites the word STARTTLS in the server's list, so that the client "
        "cannot encrypt.",
        fix=(
            "Switch off SMTP inspection ('fixup', 'inspect esmtp') on the firewall.",
            "Or use port 465 or 2465, which is encrypted from the first byte.",
        ),
        retry=Retry.NO,
        who=_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        samples=("250-XXXXXXXA",),
        stage=Stage.EHLO,
        pattern=r"(?:250[ -]|EHLO lists[^\n]*\b)X{6,}[A-Z]?\b|STARTTLS (?:was |is )?masked",
        generic=True,
    ),
    Cause(
        id="starttls-injected",
        title="Something on the way sent clear text ahead of the TLS handshake",
        meaning="After 220 to STARTTLS only TLS may follow. Extra clear text there is a broken proxy or an attempt "
        "to smuggle replies into the encrypted session.",
        fix=(
            "Do not sign in over this path.",
            "Find the proxy between you and SES; use port 465 to pass it.",
        ),
        retry=Retry.NO,
        who=_NETWORK,
        mark=_INFERRED,
        source="https://nostarttls.secvuln.info/",
        samples=("clear text ahead of the TLS handshake",),
        stage=Stage.STARTTLS,
        pattern=r"clear text (?:came |sent )?ahead of the (?:TLS )?handshake|"
        r"(?:data|bytes|text) (?:sent |received )?after STARTTLS before",
        generic=True,
    ),
    Cause(
        id="starttls-missing",
        title="The server does not offer STARTTLS",
        meaning="SES offers STARTTLS on ports 25, 587 and 2587. If it is missing, something between you and SES "
        "answers or edits its list; or the connection is already TLS (465), where STARTTLS has no place.",
        fix=(
            "On port 465 or 2465 choose 'SSL/TLS', not 'STARTTLS'.",
            "Compare the greeting: it must say SimpleEmailService.",
            "Switch off SMTP inspection on the firewall or antivirus.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        samples=("STARTTLS extension not supported by server.",),
        stage=Stage.EHLO,
        pattern=r"STARTTLS extension not supported|does(?: not|n't) (?:support|offer|advertise)[^\n]{0,30}STARTTLS|"
        r"did not offer STARTTLS|STARTTLS is required but|STARTTLS (?:is )?not (?:offered|supported|available)|"
        r"no STARTTLS|not advertise STARTTLS|TLS is required, but was not offered|server does not support secure connections|without STARTTLS",
        generic=True,
    ),
    Cause(
        id="wrapper-on-starttls",
        title="The client began with TLS on a port that begins in clear text",
        meaning="Ports 25, 587 and 2587 greet in clear text and switch to TLS by STARTTLS. The client expected TLS "
        "from the first byte and took the greeting for a broken TLS record.",
        fix=(
            "On 587, 2587 or 25 choose 'STARTTLS' (often 'TLS' or `secure: false`), not 'SSL'.",
            "Or keep TLS from the first byte and change the port to 465 or 2465.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source="https://gist.github.com/chrisroos/6b32b07aefa010526f7e5cfe58d61978",
        samples=(
            "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)",
            "tls: first record does not look like a TLS handshake",
            "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message",
            "The handshake failed due to an unexpected packet format.",
        ),
        stage=Stage.TLS,
        pattern=r"wrong[_ ]version[_ ]number|first record does not look like a TLS handshake|"
        r"un(?:supported or un)?recognized SSL message|plaintext connection\?|unexpected packet format|"
        r"(?:SSL|TLS)[^\n]{0,60}unknown[_ ]protocol|unexpected TLS packet|packet length too long|"
        r"received a record with incorrect version|typically reserved for plain-text|"
        r"record layer failure|InvalidContentType|"
        r"error:[0-9A-F]{8}:SSL routines:[^\n]{0,60}:(?:unknown protocol|packet length too long|http request)",
        generic=True,
        ruled_out=("Not the TLS version, although many clients say so: no TLS was spoken at all.",),
    ),
    Cause(
        id="certificate-expired",
        title="The server's certificate is expired or not yet valid",
        meaning="SES renews its certificates in time, so either this host's clock is wrong or another server "
        "answered.",
        fix=("Check the date and time of this host.", "Look at the certificate's issuer: SES's is Amazon."),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        samples=("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired",),
        stage=Stage.TLS,
        pattern=r"certificate (?:has |is )?expired|certificate is not yet valid|CERT_HAS_EXPIRED|"
        r"expired or is not yet valid|NotTimeValid|CertificateExpired|CertificateNotYetValid",
        generic=True,
    ),
    Cause(
        id="certificate-wrong-name",
        title="The certificate is for another name",
        meaning="The server's certificate does not hold the name that was dialled. Either the client dialled an IP "
        "address or an alias, or another server answers in SES's place (a hosting firm's mail server, a proxy).",
        fix=(
            "Dial email-smtp.<region>.amazonaws.com by name, not by IP address or your own CNAME.",
            "If the certificate's name is your hosting firm's, ask it to stop redirecting outgoing SMTP.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_SEEN,
        source=_GITHUB + "PHPMailer/PHPMailer/issues/722",
        samples=(
            "Peer certificate CN=`*.example.net' did not match expected CN=`email-smtp.eu-west-1.amazonaws.com'",
        ),
        stage=Stage.TLS,
        pattern=r"hostname mismatch|certificate CN=[^\n]{0,120}did not match|certificate is valid for [^\n]{0,120}, not |"
        r"(?:does not|doesn't) match (?:the )?(?:server )?certificate|certificate(?: name)? (?:does not|doesn't|did not) match|"
        r"ALTNAME_INVALID|RemoteCertificateNameMismatch|No subject alternative (?:DNS )?names?|"
        r"No name matching [^\n]{0,120} found|not valid for (?:the )?(?:name|host)|doesn't contain any IP SANs|"
        r"host ?name [^\n]{0,120}does not match|IP address mismatch|wrong certificate name|"
        r"certificate (?:subject name|owner) [^\n]{0,120}(?:does|do|did)(?: not|n't) match",
        generic=True,
    ),
    Cause(
        id="certificate-self-signed",
        title="The certificate is self-signed",
        meaning="SES's certificates are issued by Amazon. A self-signed one comes from something in between: an "
        "intercepting proxy, an antivirus, a hosting firm's mail server.",
        fix=(
            "Look at the certificate's issuer; it names what intercepts.",
            "Except the SES host from inspection, or add the proxy's authority to this host's trust store.",
        ),
        retry=Retry.NO,
        who=_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        samples=(
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain",
        ),
        stage=Stage.TLS,
        pattern=r"self[- _]?signed[_ ]cert|DEPTH_ZERO_SELF_SIGNED|(?:certificate|cert) is self[- ]signed|\(self[- ]signed",
        generic=True,
    ),
    Cause(
        id="certificate-unknown-issuer",
        title="The certificate's issuer is not trusted here",
        meaning="This host does not know who issued the certificate: its list of authorities is old or missing, or "
        "an intercepting proxy issued the certificate.",
        fix=(
            "Update the authorities of this host or container (package ca-certificates).",
            "Look at the issuer: if it is not Amazon, something intercepts.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        samples=(
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate",
            "x509: certificate signed by unknown authority",
        ),
        stage=Stage.TLS,
        pattern=r"unable to get (?:local )?issuer|unknown authority|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|"
        r"unable to verify the first cert|PKIX path building failed|unknown[_ ]ca\b|UntrustedRoot|"
        r"unable to find valid certification path|issuer (?:certificate )?is (?:unknown|not trusted)|PartialChain|"
        r"not trusted by the system|unknown ?issuer|untrusted issuer|(?:got|have) a known issuer|signer not found",
        generic=True,
    ),
    Cause(
        id="certificate-invalid",
        title="The server's certificate was not accepted",
        meaning="Verification failed and the client does not say why: expired, another name, or an unknown issuer.",
        fix=(
            "Look at the certificate: `openssl s_client -starttls smtp -connect <host>:587 -showcerts`.",
            "Update this host's certificate authorities and check its clock.",
            "If the issuer is not Amazon, something intercepts the connection.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        samples=("The remote certificate is invalid according to the validation procedure.",),
        stage=Stage.TLS,
        pattern=r"certificate[_ ]verify[_ ]failed|remote certificate (?:is invalid|was rejected)|"
        r"certificate (?:verification|validation) (?:failed|error)|certificate verify error|bad certificate|"
        r"server certificate (?:not trusted|verification failed)|SSL certificate problem|certificate unknown|"
        r"RemoteCertificateChainErrors|certificate is (?:not trusted|invalid)|certificate not trusted|"
        r"peer certificate cannot be authenticated",
        generic=True,
    ),
    Cause(
        id="tls-version",
        title="Client and server share no TLS version or cipher",
        meaning="SES speaks TLS 1.2 and 1.3 only. The client is older, or its policy allows nothing that SES does.",
        fix=(
            "Update the client's runtime, OpenSSL or operating system to one with TLS 1.2.",
            "Look for a setting that fixes an old protocol or a short list of ciphers.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GUIDE + "security-protocols.html",
        samples=(
            "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1000)",
            "Received fatal alert: handshake_failure",
        ),
        stage=Stage.TLS,
        pattern=r"protocol[_ ]version|handshake[_ ]failure|no shared cipher|no (?:supported|common) cipher|"
        r"no appropriate protocol|unsupported[_ ]protocol|cipher mismatch|no protocols available|"
        r"no cipher suites in common|client and server cannot communicate|do not possess a common algorithm|"
        r"inappropriate[_ ]fallback|dh key too small|no ciphers available|version too low|"
        r"unsupported (?:SSL|TLS) version|insufficient security",
        generic=True,
    ),
)

_CONVERSATION = (
    Cause(
        id="foreign-greeting",
        title="Another server answers in SES's place",
        meaning="SES's greeting says SimpleEmailService, and on 465 and 2465 SES speaks TLS first. What answers here "
        "does not: an internet provider, a hosting firm or an antivirus catches outgoing SMTP and answers itself. "
        "It gets no credentials from sestools, whatever certificate it shows.",
        fix=(
            "Try port 2587 or 2465, which such proxies rarely catch.",
            "Ask the hosting firm to lift its SMTP restriction, or switch off mail scanning in the antivirus.",
        ),
        retry=Retry.NO,
        who=_NETWORK,
        mark=_INFERRED,
        source=_GITHUB + "mautic/mautic/issues/7590",
        samples=("220 mail.example.net ESMTP Exim 4.96",),
        stage=Stage.GREETING,
        codes=frozenset({220}),
        # Not "220 Ready to start TLS", which answers STARTTLS.
        pattern=r"(?<![\d.])220[ -](?!(?:2\.0\.0 )?ready)(?![^\n]{0,120}SimpleEmailService)[\w.-]{2,80} [^\n]{0,40}SMTP",
        generic=True,
    ),
    Cause(
        id="no-greeting",
        title="Connected, but no greeting came",
        meaning="On ports 465 and 2465 SES waits for the client's TLS and says nothing before. A client that waits "
        "for a greeting there waits for ever.",
        fix=(
            "On 465 or 2465 choose TLS from the first byte ('SSL/TLS', `secure: true`, `ssl://`).",
            "Or use port 587 with STARTTLS.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source="https://gist.github.com/chrisroos/6b32b07aefa010526f7e5cfe58d61978",
        samples=(
            "Greeting never received",
            "timed out while receiving the initial server greeting",
        ),
        stage=Stage.GREETING,
        pattern=r"greeting never received|no greeting|initial server greeting|"
        r"bad greeting from SMTP host[^\n]{0,120}(?:response: \[EOF\]|response: -1)|port: 2?465[^\n]{0,20}response: -1",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.GREETING}),
        generic=True,
        ruled_out=("Not a blocked port: the TCP connection was open.",),
    ),
    Cause(
        id="mtu-black-hole",
        title="Packets above a size vanish on the way: a path MTU black hole",
        meaning="This host sends packets larger than the path carries, and nobody tells it: the ICMP answer "
        "('fragmentation needed') is filtered. Short commands pass, then a message's body or the TLS handshake "
        "hangs. The same packets pass once they are made smaller, so it is their size and nothing else.",
        fix=(
            "Linux: `ip link set dev eth0 mtu SIZE` with the size that was found (1500 after jumbo frames); for these hosts only: "
            "`ip route add NETWORK via GATEWAY mtu SIZE`. To keep it, set it in netplan, NetworkManager or ifcfg.",
            "Linux, without knowing the size: `sysctl -w net.ipv4.tcp_mtu_probing=1` lets TCP find it by itself.",
            'Windows: `netsh interface ipv4 set subinterface "Ethernet" mtu=SIZE store=persistent`, then restart.',
            "On macOS: System Settings, Network, the interface, Details, Hardware, MTU; until a restart: "
            "`networksetup -setMTU en0 SIZE`.",
            "EC2, VPN or tunnel: clamp the segment size where the path narrows, such as `iptables -t mangle "
            "-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu`.",
            "Let ICMP type 3 code 4 (IPv6: ICMPv6 type 2) in through security groups and firewalls.",
            "Then run the probe again: large packets must pass.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_D,
        source=_MTU,
        samples=(
            "large segments vanish from client to server: with segments of at most 1360 bytes they pass, with "
            "1361 they stall",
        ),
        stage=Stage.BODY,
        pattern=r"large segments vanish",
        ruled_out=(
            "Not a slow or silent server, and not plain packet loss: smaller segments pass at once.",
            "Not a blocked port: the connection opens and EHLO is answered.",
        ),
    ),
    Cause(
        id="mtu-narrow-path",
        title="Large packets pass, made smaller than this host's interface would send them",
        meaning="Path MTU discovery works, or a route's own MTU does its work: the path carries less than the "
        "interface, the kernel knows it and sends smaller packets. Nothing has to change. It breaks as soon as "
        "somebody filters ICMP.",
        fix=(
            "Nothing, or set the interface's MTU to what the path carries, so that nothing rests on ICMP.",
            "Keep ICMP type 3 code 4 (IPv6: ICMPv6 type 2) open in security groups and firewalls.",
        ),
        retry=Retry.NOT_NEEDED,
        who=_YOU_OR_NETWORK,
        mark=_D,
        source=_MTU,
        samples=("large segments pass narrowed to packets of 1400 bytes",),
        pattern=r"large segments pass narrowed",
    ),
    Cause(
        id="mtu-stall",
        title="The connection stalls when large packets are sent",
        meaning="Short commands pass, then the TLS handshake or the message's body hangs. Typically packets larger "
        "than the path carries are dropped without a word: the MTU is too high and the ICMP answer is filtered.",
        fix=(
            "Run `sestools mtu REGION`: it decides.",
            "Set the interface's MTU to 1500 (`ip link set dev eth0 mtu 1500`) and try again.",
            "Let ICMP type 3 code 4 ('fragmentation needed') in through security groups and firewalls.",
        ),
        retry=Retry.UNKNOWN_FATE,
        who=_YOU_OR_NETWORK,
        mark=_D,
        source=_MTU,
        samples=("timed out while sending message body", "conversation timed out while sending end of data"),
        stage=Stage.BODY,
        pattern=r"timed? ?out while (?:sending (?:the )?(?:message|body|end of data|data)|performing the TLS|"
        r"negotiating)|(?:SSL|TLS)[: ][^\n]{0,20}handshake (?:has )?timed out|TLS handshake timeout|"
        r"handshake operation timed out",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.BODY, Stage.TLS}),
        generic=True,
        note="A slow link, an overloaded host or a short client time-out look the same; the probe for MTU decides.",
    ),
    Cause(
        id="local-firewall",
        title="This host itself forbids the connection",
        meaning="The operating system refused to open the connection: a local firewall, an antivirus, SELinux or a "
        "container's policy. Nothing left this host.",
        fix=(
            "Allow the program to open outgoing connections to the SES ports in the local firewall or antivirus.",
            "On SELinux: `setsebool -P httpd_can_sendmail on` and `httpd_can_network_connect on`.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "mautic/mautic/issues/7628",
        samples=(
            "An attempt was made to access a socket in a way forbidden by its access permissions. #10013",
            "connect() failed: [Errno 13] Permission denied",
        ),
        stage=Stage.CONNECT,
        pattern=r"forbidden by its access permissions|\bWSAEACCES\b|\bconnect EACCES\b|"
        r"(?:connect|socket|fsockopen|dial|SMTP)[^\n]{0,160}(?:permission denied|operation not permitted)|"
        r"\[permission denied #13\]|PermissionError: \[(?:Errno|WinError) \d+\] [\w ]{0,90}(?:$|: connect)",
        generic=True,
    ),
    Cause(
        id="network-unreachable",
        title="This host knows no way to SES",
        meaning="There is no route: no internet gateway or NAT for this subnet, no network in the container, or "
        "IPv6 is tried where only IPv4 works.",
        fix=(
            "Check the route table: a public address with an internet gateway, a NAT, or a VPC endpoint.",
            "If the address is IPv6, make the client use IPv4.",
        ),
        retry=Retry.NO,
        who=_NETWORK,
        mark=_INFERRED,
        source=_TIMEOUTS,
        samples=("[Errno 101] Network is unreachable",),
        stage=Stage.CONNECT,
        pattern=r"network (?:is )?unreachable|\bENETUNREACH\b|no route to host|\bEHOSTUNREACH\b|host is unreachable|"
        r"unreachable (?:network|host)|cannot assign requested address|\bEADDRNOTAVAIL\b|destination (?:host|net) unreachable|network is down|NoRouteToHost",
        kinds=frozenset({Kind.UNREACHABLE}),
        generic=True,
    ),
    Cause(
        id="name-not-found",
        title="The host name does not resolve",
        meaning="DNS gives no address for the name: a typing error, a region without an SMTP endpoint, a resolver "
        "that does not work, or private DNS without its VPC endpoint.",
        fix=(
            "Check the name: email-smtp.<region>.amazonaws.com.",
            "Check that the region has an SMTP endpoint; some have only the HTTPS API.",
            "Try the resolver with another name; in a container look at /etc/resolv.conf.",
        ),
        retry=Retry.SOON,
        who=_YOU_OR_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        samples=(
            "[Errno -2] Name or service not known",
            "getaddrinfo ENOTFOUND email-smtp.eu-west-1.amazonaws.com",
        ),
        stage=Stage.RESOLVE,
        pattern=r"name or service not known|nodename nor servname|\bENOTFOUND\b|\bEAI_AGAIN\b|\bEAI_NONAME\b|"
        r"no such host|failure in name resolution|UnknownHost(?:Exception)?\b|host(?:name)? not found|"
        r"getaddrinfo(?: for [\w.-]+)?(?: failed|:)|could ?n[o']t resolve|name (?:could not|cannot) be resolved|"
        r"host or domain name not found|name service error|no address associated|\bunknown host\b|gaierror|"
        r"lookup [\w.-]+[^\n]{0,60}: (?:no such|server misbehaving|i/o timeout)|\bNXDOMAIN\b|"
        r"unable to (?:look ?up|resolve)|could not be resolved|name does not resolve|lookup address information|unknown (?:or invalid )?host\b",
        kinds=frozenset({Kind.NOT_FOUND}),
        generic=True,
    ),
    Cause(
        id="resolver-timeout",
        title="The resolver does not answer",
        meaning="The look-up of the host name did not end in time: the resolver that this host asks is down, out of "
        "reach (DNS needs port 53, UDP and TCP), or very slow. Nothing was asked of SES.",
        fix=(
            "Look at the resolver's address: /etc/resolv.conf, `resolvectl`, or `Get-DnsClientServerAddress`.",
            "In a VPC the resolver is the VPC's base address plus 2; check 'DNS resolution' in the VPC's settings.",
            "Allow DNS (port 53, UDP and TCP) to it in network ACL and firewall.",
        ),
        retry=Retry.SOON,
        who=_NETWORK,
        mark=_INFERRED,
        source="https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html",
        samples=("The resolution lifetime expired after 5.0 seconds: The DNS operation timed out.",),
        stage=Stage.RESOLVE,
        pattern=r"resolution lifetime expired|DNS operation timed out|DNS (?:query|request|look-?up) timed out",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.RESOLVE}),
        generic=True,
        ruled_out=("Not SES and not its ports: no address was known yet.",),
    ),
    Cause(
        id="connection-refused",
        title="The connection was refused",
        meaning="Something answered with a reset at once. SES does not do that on its five ports: a hosting firm's "
        "SMTP restriction, a local firewall or a wrong host or port does. `127.0.0.1` means that the client's "
        "own default was used.",
        fix=(
            "Check host and port in the client; look for `localhost` or 127.0.0.1 in the error.",
            "Ask the hosting firm whether it restricts outgoing SMTP; try 2587 or 2465.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_SEEN,
        source=_GITHUB + "mautic/mautic/issues/7590",
        samples=("connect ECONNREFUSED 192.0.2.10:587", "[Errno 111] Connection refused"),
        stage=Stage.CONNECT,
        pattern=r"connection (?:was )?refused|\bECONNREFUSED\b|actively refused|ConnectionRefused|#10061\b|"
        r"connection refus",
        kinds=frozenset({Kind.REFUSED}),
        generic=True,
    ),
    Cause(
        id="connect-timeout",
        title="The connection attempt got no answer",
        meaning="Packets to SES, or the answers, are dropped on the way: a firewall, a security group or network "
        "ACL, a missing NAT, a blocked port, or the security group of a VPC endpoint.",
        fix=(
            "Try the other ports: 587, 2587, 465, 2465. If one works, a port is blocked.",
            "Allow outgoing TCP to that port in security group, network ACL and firewall, and the answers back.",
            "In a private subnet check the NAT gateway, or the VPC endpoint's security group.",
        ),
        retry=Retry.SOON,
        who=_NETWORK,
        mark=_D,
        source=_TIMEOUTS,
        samples=("connect ETIMEDOUT 192.0.2.10:587", "[Errno 110] Connection timed out"),
        stage=Stage.CONNECT,
        pattern=r"connect(?:ion|ing)?(?: attempt)?(?: to [^\n]{1,120})? (?:has )?time?d?[ -]?out|\bETIMEDOUT\b|"
        r"connection timeout|\bESOCKETTIMEDOUT\b|OpenTimeout|connect(?:ion)? timed out|"
        r"dial tcp[^\n]{0,120}(?:i/o timeout|deadline exceeded)|did ?n[o']t properly respond after|#10060\b|"
        r"(?<!read )(?<!write )operation (?:has )?timed out|ConnectTimeout|execution expired|host failed to respond|"
        r"(?:could not|couldn't|unable to|failed to) connect[^\n]{0,160}time?d?[ -]?out|connect: timeout|"
        r"(?<!Read)TimeoutError: (?:\[Errno \d+\] )?(?:connection )?timed out|socket\.timeout: timed out|TcpTestSucceeded ?: ?False|TCP connect to \([^()\n]{1,80}\) failed|"
        r"network_failure\b[^\n]{0,120}:timeout\b|\(timed out\)|^\W{0,9}timed out\W{0,9}$",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.CONNECT}),
        generic=True,
    ),
    Cause(
        id="reply-timeout",
        title="The server's reply never came",
        meaning="The connection was open, then a reply stayed out until the client gave up: a network fault on the "
        "way, a middlebox that forgot the connection, or an overloaded sender.",
        fix=(
            "Open a new connection and try again.",
            "If it happens always at the same step, run the probes: TLS mode at the greeting, MTU at the body.",
            "If the final dot had been sent, the message may have been accepted: look for it before sending again.",
        ),
        retry=Retry.UNKNOWN_FATE,
        who=_YOU_OR_NETWORK,
        mark=_INFERRED,
        source=_TIMEOUTS,
        samples=("The read operation timed out", "java.net.SocketTimeoutException: Read timed out"),
        pattern=r"read operation timed out|read timed out|ReadTimeout|read tcp[^\n]{0,120}i/o timeout|"
        r"timed out while (?:receiving|waiting)|conversation with [^\n]{1,120} timed out|"
        r"timeout(?: while)? waiting for (?:a )?(?:reply|response|server)|i/o timeout|\btimed[ -]out\b|"
        r"response (?:has )?timed? ?out",
        kinds=frozenset({Kind.TIMEOUT}),
        generic=True,
    ),
    Cause(
        id="connection-lost",
        title="An open connection was lost",
        meaning="The connection ended without a reply. Usual reasons: it had been idle (SES closes after about 10 "
        "seconds), its host behind the load balancer was replaced, it had carried too many messages, or a "
        "middlebox forgot it.",
        fix=(
            "Open a new connection and send again; if the final dot had been sent, the message may be accepted.",
            "Recycle pooled connections after a fixed time and number of messages, and keep them idle below 10 s.",
        ),
        retry=Retry.UNKNOWN_FATE,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "knadh/listmonk/issues/1717",
        samples=(
            "Connection unexpectedly closed",
            "write tcp 192.0.2.15:59026->192.0.2.20:465: write: broken pipe",
            "remote error: tls: user canceled",
            "[Errno 104] Connection reset by peer",
        ),
        pattern=r"unexpected(?:ly)? (?:closed|disconnected|socket close|EOF|eof)|closed unexpectedly|"
        r"\bbroken pipe\b|\bEPIPE\b|tls: user cancell?ed|user_cancell?ed|connection (?:was )?reset|\bECONNRESET\b|"
        r"reset by peer|\bEOF\b|end of file reached|EOFError|forcibly closed|"
        r"lost connection|connection (?:was |is |has been )?(?:lost|closed|aborted|dropped)|SMTPServerDisconnected|"
        r"please run connect\(\) first|socket (?:was |is )?closed|connectionclosed|use of closed network connection|"
        r"before secure TLS connection was established|got (?:an )?empty (?:response|code)|\{:error, :closed\}|software caused connection abort|"
        r"disconnected unexpectedly|has unexpectedly disconnected|not connected|premature close|ECONNABORTED|"
        r"closed (?:the )?connection|terminated the handshake|server hung up|connection has been terminated|"
        r"\bServerDisconnected|"
        # curl, msmtp, and GnuTLS in any program
        r"\(56\) response reading failed|server sent an empty reply|cannot (?:read from|write to) TLS connection|"
        r"error in the (?:pull|push) function",
        kinds=frozenset({Kind.RESET, Kind.CLOSED}),
        generic=True,
    ),
    Cause(
        id="garbled",
        title="What came back is not SMTP",
        meaning="The answer could not be read as an SMTP reply: another service listens there, or something on the "
        "way rewrites the conversation.",
        fix=(
            "Check host and port.",
            "Look at the raw answer: a web page or a proxy's notice names the culprit.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        samples=("Invalid greeting from server: HTTP/1.1 400 Bad Request",),
        pattern=r"invalid greeting|malformed (?:SMTP )?(?:reply|response)|not an SMTP reply|short response|"
        r"HTTP/1\.[01] \d\d\d|invalid (?:SMTP )?response|unrecognizable response|"
        r"unexpected (?:greeting|response from server)",
        kinds=frozenset({Kind.GARBLED}),
        generic=True,
    ),
    Cause(
        id="reply-hidden",
        title="The client hides what the server said",
        meaning="The client reports that the server refused, and keeps the reply to itself. Without the reply the "
        "cause cannot be told.",
        fix=(
            "Switch on the client's SMTP debug log (PHPMailer: `SMTPDebug = 2`, curl: `--verbose`) and look "
            "for the reply.",
            "Meanwhile the likeliest: an address that is not verified, or a malformed message.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "stcr/subscribe-to-comments-reloaded/issues/569",
        samples=("SMTP Error: data not accepted",),
        pattern=r"SMTP error: (?:data not accepted|could not (?:authenticate|connect))|SMTP connect\(\) failed|"
        r"could not instantiate mail function|"
        r"The following (?:From address|recipients) failed|failed to authenticate on SMTP server with username|"
        r"connection could not be established with host|"
        # All that curl says without --verbose of a refusal at the end of the message, and of one at sign-in.
        r"curl: \(8\) weird server reply|curl: \(67\) login denied",
        generic=True,
    ),
)

_CONTRASTS = (
    Cause(
        id="healthy",
        title="The path to SES works",
        meaning="Every step that was tried went through.",
        fix=(
            "Nothing to do. If mail still fails, sign in and send with the probe: SES judges at the end of DATA.",
        ),
        retry=Retry.NOT_NEEDED,
        who=_YOU,
        mark=_D,
        source=_CONNECT,
    ),
    Cause(
        id="port25-blocked",
        title="Port 25 gets no answer",
        meaning="Connections to port 25 are dropped on the way. On EC2, and for whatever leaves through a VPC, AWS "
        "restricts outgoing port 25 by default; many other providers block it too. The other SES ports are made "
        "for this.",
        fix=(
            "Use port 587 or 2587 (STARTTLS), or 465 or 2465 (TLS from the first byte).",
            "If it must be 25 on EC2: the AWS form 'Request to remove email sending limitations'.",
            "Elsewhere ask the provider; from a VPC, a VPC endpoint works too.",
        ),
        retry=Retry.NO,
        who=(Who.YOU, Who.AWS),
        mark=_D,
        source=_PORT_25,
        samples=("connect to email-smtp.eu-west-1.amazonaws.com[192.0.2.10]:25: Connection timed out",),
        stage=Stage.CONNECT,
        ruled_out=("Not SES's throttling and not the credentials: no connection came about.",),
    ),
    Cause(
        id="ports-blocked",
        title="Some of the SES ports are blocked",
        meaning="Some ports can be connected to and others cannot: a filter on the way chooses by port.",
        fix=(
            "Use a port that is ready to sign in, if the table shows one.",
            "Or have the others allowed in firewall, security group and network ACL.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_D,
        source=_TIMEOUTS,
    ),
    Cause(
        id="ports-refused",
        title="Some of the SES ports are refused",
        meaning="Some ports can be connected to, and others are refused at once. SES does not refuse on its five ports, "
        "and security groups and network ACLs drop instead of refusing: a hosting firm's SMTP restriction, a "
        "firewall that rejects, on this host or on the way, or a proxy does it.",
        fix=(
            "Use a port that is ready to sign in, if the table shows one.",
            "Look at this host's own firewall for a rule that rejects, such as `nft list ruleset`.",
            "Ask the hosting firm, or whoever runs the firewall, whether it restricts outgoing SMTP.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_SEEN,
        source=_GITHUB + "mautic/mautic/issues/7590",
    ),
    Cause(
        id="closed-at-once",
        title="The connection is closed before anybody can sign in",
        meaning="A fresh connection was made, and closed or reset before sign-in. SES is not known to do that: a "
        "firewall, a proxy or a mail scanner does, by the port, by the first words, or by the name in the TLS "
        "handshake (SNI).",
        fix=(
            "Check once more: if it ends at the same step again, it is a rule and no chance.",
            "Use a port that is ready to sign in, if the table shows one.",
            "Ask whoever runs the firewall or proxy to let SMTP to email-smtp.<region>.amazonaws.com through, "
            "uninspected.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        ruled_out=(
            "Not an idle or overused connection: it was fresh.",
            "Not the credentials: nobody had signed in yet.",
        ),
    ),
    Cause(
        id="egress-blocked",
        title="No SES port can be reached from here",
        meaning="No connection attempt succeeded, on any port: a filter stops all outgoing connections to SES, or "
        "there is no way to the internet.",
        fix=(
            "Check security group, network ACL, route table and NAT (or the VPC endpoint's security group).",
            "On Kubernetes or a corporate network ask for outgoing TCP 587 to email-smtp.<region>.amazonaws.com.",
        ),
        retry=Retry.NO,
        who=_NETWORK,
        mark=_D,
        source=_TIMEOUTS,
    ),
    Cause(
        id="vpc-endpoint-blocked",
        title="The VPC endpoint does not let these ports in",
        meaning="The name leads to private addresses, as a VPC endpoint for SES has them. Its security group must "
        "allow inbound TCP on each SMTP port that is used, from the client's private address.",
        fix=(
            "In the endpoint's security group allow inbound TCP on the port that you use: 587, 465, 2587, 2465 or 25.",
            "Check that the endpoint is 'available', which takes about 5 minutes after it is made.",
            "Through VPC peering dial the endpoint's own vpce-… name: private DNS does not cross peering.",
            "If there should be no VPC endpoint: something (hosts file, private zone) gives the name this address.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_D,
        source=_GUIDE + "send-email-set-up-vpc-endpoints.html",
        ruled_out=("Not a firewall on the way to the internet: the address is private.",),
    ),
    Cause(
        id="addresses-dead",
        title="Only some addresses of the name answer",
        meaning="The name has several addresses and some get no answer. A firewall that lists addresses, or a cached "
        "old address, looks like this: SES's addresses change all the time.",
        fix=(
            "Allow by name, not by address; no complete list of addresses exists.",
            "Do not cache DNS longer than its TTL (60 s).",
        ),
        retry=Retry.SOON,
        who=_NETWORK,
        mark=_INFERRED,
        source=_CODES,
    ),
    Cause(
        id="ipv6-broken",
        title="Only IPv6 fails",
        meaning="The name's IPv4 addresses work and its IPv6 addresses do not: this network has no working IPv6.",
        fix=("Make the client use IPv4, or repair IPv6 on this network.",),
        retry=Retry.NO,
        who=_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
    ),
    Cause(
        id="auth-missing",
        title="The server offers no sign-in",
        meaning="Inside TLS SES lists AUTH PLAIN LOGIN. This server does not: another server answers, or a proxy "
        "edits the list.",
        fix=(
            "Look at greeting, certificate and list in the transcript: they name what answers.",
            "Try the other ports: proxies rarely touch all of them.",
        ),
        retry=Retry.NO,
        who=_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        ruled_out=("Not the credentials: nobody asked for them.",),
    ),
    Cause(
        id="auth-mechanism",
        title="The server does not offer AUTH PLAIN or LOGIN",
        meaning="Inside TLS SES lists AUTH PLAIN LOGIN. This server offers other mechanisms only, or not the one that "
        "was asked for. No credentials were sent.",
        fix=(
            "Look at greeting, certificate and list in the transcript: they name what answers.",
            "Compare the host: XOAUTH2 and CRAM-MD5 belong to other providers.",
            "If you asked for a mechanism, leave that out.",
        ),
        retry=Retry.NO,
        who=_YOU_OR_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
        samples=(
            "not signed in: inside TLS, EHLO lists AUTH XOAUTH2 CRAM-MD5, and no AUTH with PLAIN or LOGIN",
        ),
        stage=Stage.EHLO,
        pattern=r"and no AUTH with (?:PLAIN|LOGIN)",
        ruled_out=("Not the credentials: they were not sent.",),
    ),
    Cause(
        id="host-not-ses",
        title="The host name is not that of an SES endpoint",
        meaning="It is an alias, an IP address or another provider. Which certificate is right for it cannot be known, "
        "so no credentials were sent.",
        fix=(
            "Dial email-smtp.<region>.amazonaws.com; `--connect-to ADDRESS:PORT` (`connect_to=`) leads that name to "
            "a tunnel or a relay of your own.",
            "Or name the authorities whose certificate you trust for this host: `--ca-file FILE` (`ca_file=`).",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_INFERRED,
        source=_CONNECT,
        samples=(
            "not signed in: smtp.example.com is not the name of an SES endpoint, and no --ca-file FILE (ca_file=) "
            "says whose certificates to trust for it",
        ),
        stage=Stage.AUTH,
        pattern=r"is not the name of an SES endpoint, and no --ca-file",
        ruled_out=("Not the credentials: they were not sent.",),
    ),
    Cause(
        id="reply-unasked",
        title="A reply came before the command that it answers",
        meaning="The server, or something on the way, sent more replies than there were commands. Every later reply would "
        "be taken for the answer to another command, so the connection was given up.",
        fix=(
            "Try again on a new connection.",
            "If it happens again: find the proxy between you and SES; use port 465 to pass it.",
        ),
        retry=Retry.NEW_CONNECTION,
        who=_NETWORK,
        mark=_INFERRED,
        source="https://nostarttls.secvuln.info/",
        samples=("not signed in: '250 Ok' came before the command that it would answer",),
        stage=Stage.AUTH,
        pattern=r"came before the command that it would answer",
    ),
    Cause(
        id="not-finished",
        title="The check was not finished",
        meaning="It ended before it could tell whether mail can be sent: it was stopped, could not begin, or was told "
        "to leave TLS out. What it saw is in the table.",
        fix=("Run it again, with TLS, and let it end.",),
        retry=Retry.NEW_CONNECTION,
        who=_YOU,
        mark=_UNKNOWN,
        source=_CONNECT,
    ),
    Cause(
        id="tls-intercepted",
        title="Something on the way opens the encryption",
        meaning="The certificate is not Amazon's: a proxy or antivirus ends the TLS connection and reads along. To sign "
        "in, sestools trusts Amazon's own root certificates, not everything that this host trusts.",
        fix=(
            "Except email-smtp.<region>.amazonaws.com from TLS inspection.",
            "Do not sign in over this path: the password would be readable in between.",
            "If whoever reads along may have the password, name the authority that issued the certificate: "
            "`--ca-file FILE` (`ca_file=`).",
        ),
        retry=Retry.NO,
        who=_NETWORK,
        mark=_INFERRED,
        source=_CONNECT,
    ),
)

_DOCTOR = (
    Cause(
        id="credential-swapped",
        title="User name and password are swapped",
        meaning="The password looks like an access key id and the user name like a password.",
        fix=("Exchange the two values.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CREDENTIALS,
    ),
    Cause(
        id="credential-whitespace",
        title="A blank or line end is part of the credentials",
        meaning="A value begins or ends with white space, usually from copying or from a file.",
        fix=("Copy the value again without blanks and line ends.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "sandstorm-io/sandstorm/issues/2734",
    ),
    Cause(
        id="credential-quotes",
        title="Quotes are part of the credentials",
        meaning="A value stands in quotes that reached the client, usually from an environment or YAML file.",
        fix=("Remove the quotes, or let the program that reads the file remove them.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_CREDENTIALS,
    ),
    Cause(
        id="credential-url-encoded",
        title="The password is still URL-encoded",
        meaning="The password holds %2B, %2F or %3D where + / or = belongs.",
        fix=("Decode it (%2B is +, %2F is /), or encode it only inside a URL.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GITHUB + "sandstorm-io/sandstorm/issues/2734",
    ),
    Cause(
        id="credential-temporary-key",
        title="The user name is a temporary key",
        meaning="A key that begins with ASIA comes from a role or session. SES's SMTP never takes those.",
        fix=("Make SMTP credentials of an IAM user, or use the HTTPS API with the role.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CREDENTIALS,
    ),
    Cause(
        id="credential-mail-manager",
        title="The user name belongs to SES Mail Manager",
        meaning="A user name inp-… is for a Mail Manager ingress endpoint, another product with its own host.",
        fix=(
            "Use the ingress endpoint's host with it, or SMTP credentials with email-smtp.<region>.amazonaws.com.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_GUIDE + "eb.html",
    ),
    Cause(
        id="credential-wrong-field",
        title="The user name is not an SMTP user name",
        meaning="The SMTP user name is an access key id (AKIA and 16 more characters). An e-mail address, an IAM "
        "user's name or an account number stands there.",
        fix=("Enter the SMTP user name that the console showed beside the password.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_SEEN,
        source=_CREDENTIALS,
    ),
    Cause(
        id="credential-secret-key",
        title="The password is the secret access key",
        meaning="The value has the shape of an AWS secret access key. SMTP wants a password that is computed from "
        "it for one region. This is the commonest reason for a 535.",
        fix=("Convert the key to the region's SMTP password (`smtp_password`).", _NEW_CREDENTIALS),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CREDENTIALS,
    ),
    Cause(
        id="credential-legacy",
        title="The password is of the old kind",
        meaning="It was made with signature version 2, before 10 January 2019. It may still work and is slowed down.",
        fix=(_NEW_CREDENTIALS, "Then delete the old ones."),
        retry=Retry.SLOWER,
        who=_YOU,
        mark=_D,
        source=_ERRORS,
    ),
    Cause(
        id="credential-wrong-region",
        title="The password belongs to another region",
        meaning="The password was computed from this secret key for another region than the endpoint's.",
        fix=("Use that region's endpoint, or the password for this region.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CREDENTIALS,
    ),
    Cause(
        id="credential-other-key",
        title="The password does not come from this secret key",
        meaning="No region that is known gives this password from the secret key: it belongs to another key, or was "
        "mistyped.",
        fix=("Check that both belong to the same access key.", _NEW_CREDENTIALS),
        retry=Retry.NO,
        who=_YOU,
        mark=_INFERRED,
        source=_CREDENTIALS,
    ),
    Cause(
        id="credential-shape",
        title="The password does not look like an SES SMTP password",
        meaning="An SMTP password is base64 of 44 characters (33 bytes, the first one 4). This one is not: a part is "
        "missing, or it is the password of something else.",
        fix=("Copy it again in full.", _NEW_CREDENTIALS),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_CREDENTIALS,
    ),
)

_LAST = (
    Cause(
        id="recipient-rejected",
        title="The recipient's mail server refused the message",
        meaning="SES had accepted the message; the recipient's server refused it later. This is a bounce, not a "
        "fault of the SMTP connection to SES.",
        fix=(
            "Read the recipient's reason; remove addresses that do not exist from your list.",
            "If it is on the suppression list, take it off there first.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_D,
        source=_GUIDE + "send-email-concepts-deliverability.html",
        samples=(
            "Diagnostic-Code: smtp; 550 5.1.1 <user@example.net>: Recipient address rejected: User unknown",
        ),
        pattern=r"\"?bouncedRecipients\"?|Amazon SES (?:has suppressed|did not send)|on the suppression list for your",
        generic=True,
        ruled_out=("Not SES's refusal: SES itself never says 550.",),
    ),
    Cause(
        id="not-ses",
        title="These are not SES's words",
        meaning="Another mail server or provider said this: SES was not involved, or something stands in front of it.",
        fix=(
            "Look up the sentence with the provider that said it.",
            "If the client should have spoken to SES, check its host setting: email-smtp.<region>.amazonaws.com.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_INFERRED,
        source=_CODES,
        samples=("535 5.7.8 Username and Password not accepted",),
    ),
    Cause(
        id="unknown-4xx",
        title="A temporary refusal that we do not know",
        meaning="A reply that begins with 4 says: not now, perhaps later.",
        fix=(
            "Try again after 5 s, 10 s and 30 s, then after 20 minutes.",
            "If it stays, treat it as permanent.",
        ),
        retry=Retry.SOON,
        who=_YOU,
        mark=_UNKNOWN,
        source=_CODES,
    ),
    Cause(
        id="unknown-5xx",
        title="A permanent refusal that we do not know",
        meaning="A reply that begins with 5 says: not so. The same attempt will fail again.",
        fix=("Change something before you try again: what the reply's words point to.",),
        retry=Retry.NO,
        who=_YOU,
        mark=_UNKNOWN,
        source=_CODES,
    ),
    Cause(
        id="unknown",
        title="We do not know this",
        meaning="Nothing in the text is an SMTP reply or a network error that we know.",
        fix=(
            "Paste more of the log, with the server's reply in it.",
            "Run `sestools check` for the region: it shows which step fails.",
        ),
        retry=Retry.NO,
        who=_YOU,
        mark=_UNKNOWN,
        source=_CODES,
    ),
    # Good news: what a log also holds when something else failed, so it leads only if nothing did.
    Cause(
        id="accepted",
        title="SES has accepted the message",
        meaning="SES took the message and gave it an id. That is not delivery: a bounce would come later, as an event.",
        fix=("Nothing to do here. Keep the id: it joins this log with SES's events.",),
        retry=Retry.NOT_NEEDED,
        who=_YOU,
        mark=_D,
        source=_CODES,
        samples=("250 Ok 0102019dec617b98-8f0e9c57-2c5d-4f7e-9d3b-5a1b2c3d4e5f-000000",),
        stage=Stage.BODY,
        codes=frozenset({250}),
        pattern=r"250 Ok [0-9a-f]{16}(?:-[0-9a-zA-Z]+)+|250 Ok MessageID",
    ),
    Cause(
        id="auth-ok",
        title="The sign-in worked",
        meaning="SES accepted the user name and password.",
        fix=("Nothing to do here. Permission to send is judged later, at the end of DATA.",),
        retry=Retry.NOT_NEEDED,
        who=_YOU,
        mark=_D,
        source=_CODES,
        samples=("235 Authentication successful.",),
        stage=Stage.AUTH,
        codes=frozenset({235}),
        pattern=r"\bauthentication successful",
        generic=True,
    ),
)

CAUSES: tuple[Cause, ...] = (
    *_SIGN_IN,
    *_REFUSED_MAIL,
    *_LIMITS,
    *_ADDRESSES,
    *_MESSAGE,
    *_PROTOCOL,
    *_TLS,
    *_CONVERSATION,
    *_CONTRASTS,
    *_DOCTOR,
    *_LAST,
)
"""All causes, in the order in which they are tried."""

_BY_ID = {row.id: row for row in CAUSES}
if len(_BY_ID) != len(CAUSES):
    raise RuntimeError("two causes share an id")


def cause(id: str) -> Cause:
    """The cause with an id, such as `cause("idle-timeout")`.

    Raises:
        ValueError: If there is none.
    """
    try:
        return _BY_ID[id]
    except (KeyError, TypeError):
        raise ValueError(f"no cause is called {id!r}; `CAUSES` lists them all") from None
