"""Causes for which SES refuses a user: sign-in, account, identity, policy."""

from sestools.core.enums import Retry, Stage, Who
from sestools.knowledge.causes import sources
from sestools.knowledge.causes.rows import NEW_CREDENTIALS, documented, row, seen

CAUSES = (
    row(
        """starttls-first: The client tried to sign in without TLS
        On ports 25, 587 and 2587 SES takes no sign-in before STARTTLS has encrypted the connection. The
        client never switched TLS on [-]. If it goes on with MAIL FROM, SES answers '530 Authentication
        required'. [seen: https://pastebin.com/t22G4F69]
        Do: Switch STARTTLS on in the client (often 'TLS', 'secure: starttls', 'use_tls').
        Do: Or use port 465 or 2465 with TLS from the first byte ('SSL', 'SMTPS').
        Ruled out: The credentials were not looked at yet: this says nothing about them. [inferred]""",
        seen(sources.GITHUB + "jetmore/swaks/issues/15"),
        stage=Stage.AUTH,
        samples=("530 Must issue a STARTTLS command first",),
        pattern=r"must issue (?:a )?STARTTLS command first|net/smtp: unencrypted connection|"
        r"\bsmtp\S*: unencrypted connection|: unencrypted connection$",
        generic=True,
    ),
    row(
        f"""bad-credentials: SES rejected the user name and password
        The pair is not a valid SMTP credential in this region: each region has its own. [documented:
        credentials#region] SMTP credentials are not AWS access keys: the password is computed from a secret
        access key and the region. [documented: credentials#password]
        Do: {NEW_CREDENTIALS}
        Do: If you gave the secret access key itself (40 characters) as the password, convert it or create
            SMTP credentials.
        Do: Check that the credentials belong to the region of the endpoint.
        Do: Check that the access key is still active in IAM.
        Do: Look for a blank, line end or quotes around the values, and for %2B or %2F left from a URL.
        Ruled out: Not a network problem: SES was reached and answered. [-]
        Ruled out: Not a question of verified identities or sending permission: those are judged later. [seen:
            github:ministryofjustice/analytical-platform/issues/6944]""",
        documented("codes#535"),
        stage=Stage.AUTH,
        samples=(
            "535 Authentication Credentials Invalid",
            "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.",
        ),
        pattern=r"authentication credentials invalid|SignatureDoesNotMatch|InvalidClientTokenId|"
        r"request signature we calculated does not match|"
        r"Failed to authenticate on SMTP server with username \"?AKIA[A-Z0-9]{12,}\"? using \d+ possible",
    ),
    row(
        """not-subscribed: This AWS account has never signed up for SES
        The credentials belong to an account that is not signed up for SES.
        Do: Open the SES console once with that account, in the region you want to send from. [inferred]
        Unsure: AWS documents the sentence; no log shows it. That it answers AUTH is inferred.""",
        documented("codes#535-account"),
        stage=Stage.AUTH,
        samples=("535 Account not subscribed to SES",),
        pattern=r"account not subscribed to SES|needs a subscription for the service|SubscriptionRequiredException",
    ),
    row(
        """auth-temporary: SES could not check the credentials: temporary failure
        A temporary failure while SES validated the credentials. AWS has a list of reasons for it that we
        could not read.
        Do: Try again after 5 s, 10 s and 30 s. [documented: codes#retry]
        Do: If it persists: check that TLS is on, and that credentials and region fit each other.
        Do: Then look at the AWS Health Dashboard.
        Unsure: AWS's own list of reasons was not available to us, so the advice is general. The stage is
            inferred from the name.""",
        documented("codes#454-auth"),
        retry=Retry.SOON,
        who=(Who.YOU, Who.AWS),
        stage=Stage.AUTH,
        samples=("454 Temporary authentication failure",),
        pattern=r"temporary authentication failure",
        generic=True,
    ),
    row(
        """auth-required: The client did not authenticate before sending
        The client did not try to sign in. No credentials were configured, a setting's name is wrong, or AUTH
        was left out because TLS was off. [inferred]
        Do: Give the client SMTP credentials and switch authentication on.
        Do: Switch TLS on: many clients silently leave AUTH out on a plain connection.
        Do: If the credentials were made before 10 January 2019, make new ones. [documented:
            secure-connection#sigv2]
        Ruled out: Not a wrong password: SES says 535 to that. [documented: codes#535]
        Unsure: Another page of AWS says that it mostly comes with credentials made before 10 January 2019.
            [documented: secure-connection#sigv2]""",
        documented("codes#530"),
        stage=Stage.MAIL,
        samples=("530 Authentication required",),
        # A word right before it makes another sentence ("Proxy Authentication Required"); more after it, too.
        pattern=r"(?<![a-z] )(?<![-a-z])authentication required(?=\.?\s*(?:$|[^\s\w.]|at |in |SMTP code))|"
        r"AuthenticationFailedException: failed to connect, no password specified|Missing credentials for \"",
        generic=True,
    ),
    row(
        """old-tls: The client's TLS is too old
        The connection was encrypted with TLS 1.0 or 1.1. SES let it connect and sign in and refused the
        message.
        Do: Update the client's runtime or operating system so that it speaks TLS 1.2 or 1.3.
        Do: Look for a setting that fixes an old protocol version.
        Ruled out: Not an IAM problem, although the reply begins 'Access denied'.
        Unsure: Whether SES still answers so today or refuses the handshake is not known.""",
        seen(sources.GITHUB + "alramlechner/CommonLogicNodes/issues/6"),
        stage=Stage.DATA,
        samples=(
            "554 Access denied: Amazon SES no longer supports TLS 1.0 and TLS 1.1 connections. You must update "
            "your client to use TLS version 1.2 or above. To learn more and to update your client, see "
            "https://go.aws/3AUlVSb. For further assistance, contact AWS support",
        ),
        pattern=r"no longer supports TLS ?1\.[01]",
    ),
    row(
        """iam-denied: IAM does not allow this user to send as this identity
        The credentials are right, as SES knows the user [-]. No policy allows ses:SendRawEmail on the
        identity that the reply names. In the sandbox that identity can be the recipient. [seen:
        github:cloudposse/terraform-aws-ses/issues/40]
        Do: Allow ses:SendRawEmail for the IAM user behind the SMTP credentials, on the identity in the reply.
            [documented: iam#smtp]
        Do: If the resource is narrowed to one identity, widen it: SES may check the recipient's too. [seen:
            github:cloudposse/terraform-aws-ses/issues/40]
        Do: For another account's identity, check its sending authorization policy. [documented: iam#smtp]
        Ruled out: Not wrong credentials: SES knows the user and names it. [-]
        Ruled out: Not the network: the message reached SES. [-]""",
        documented("codes#554-denied"),
        stage=Stage.BODY,
        samples=(
            "554 Access denied: User `arn:aws:iam::111122223333:user/ses-smtp-user' is not authorized to perform "
            "`ses:SendRawEmail' on resource `arn:aws:ses:eu-west-1:111122223333:identity/user@example.com'",
            "AccessDenied: User `arn:aws:iam::111122223333:user/mailer' is not authorized to perform "
            "`ses:SendEmail' on resource `arn:aws:ses:eu-west-1:111122223333:identity/example.com'",
        ),
        pattern=r"not authorized to perform:? ?\W{0,3}ses:|policy allows the \W{0,2}ses:\w+ action|"
        r"access denied: user \W{0,2}arn:aws",
    ),
    row(
        """paused: AWS has paused sending for this account
        AWS has paused the account's sending, and tells its address why. [documented: enforcement#pause]
        Somebody in the account can switch its sending off as well. [documented: pause-api#own]
        Do: Read the mail that AWS sent to the account's address.
        Do: Correct what it names, then reply to the case in the Support Center. [documented:
            enforcement#pause]
        Do: Look at the account's status in the SES console (Reputation metrics). [documented:
            enforcement#status]
        Ruled out: Not a quota: waiting does not lift it. [inferred]
        Unsure: The thread shows these words from the API; the log of them over SMTP is known by number only.
            Whether SES says the same if the account switched sending off itself is not known.""",
        seen(sources.GITHUB + "hcengineering/platform/issues/8899"),
        who=(Who.AWS, Who.YOU),
        stage=Stage.BODY,
        samples=(
            "554 Message rejected: Sending paused for this account. For more information, please check the inbox "
            "of the email address associated with your AWS account.",
        ),
        pattern=r"sending (?:is )?paused for this account|AccountSendingPausedException",
    ),
    row(
        """suspended: AWS has suspended sending for this account
        An older wording of 'sending paused': AWS called the pause of an account a suspension.
        Do: Read the mail that AWS sent to the account's address.
        Do: Correct what it names, then reply to the case in the Support Center. [documented:
            enforcement#pause]
        Unsure: The sentence was seen in one log of 2018, whose address was not kept; the source is AWS's old
            page, which has the word and not the sentence. Today's wording is 'paused'.""",
        seen("suspension#word"),
        who=(Who.AWS, Who.YOU),
        stage=Stage.BODY,
        samples=(
            "554 Message rejected: Sending suspended for this account. For more information, please check the "
            "inbox of the email address associated with your AWS account.",
        ),
        pattern=r"sending (?:is )?suspended for this account",
    ),
    row(
        """mailfrom-domain: The custom MAIL FROM domain is not set up in DNS
        SES finds no MX record for the custom MAIL FROM domain of the identity, which is set to reject the
        message in that case. [documented: mail-from#mx]
        Do: Give the MAIL FROM domain exactly one MX record, and an SPF record, as the console shows them.
            [documented: mail-from#mx] The MX is `10 feedback-smtp.<region>.amazonses.com`. [inferred]
        Do: Or choose 'Use default MAIL FROM domain' for the identity. [documented: mail-from#mx]
        Do: SES looks for the record for 72 hours; after that start the set-up again. [documented:
            mail-from#72]
        Ruled out: Not the identity's own verification: that has another sentence. [documented:
            codes#554-verified]
        Unsure: The reply is from one log of 2026-09, whose address was not kept. AWS's pages name the error
            MailFromDomainNotVerified and do not show this sentence.""",
        seen("mail-from#mx"),
        retry=Retry.HOURS,
        stage=Stage.BODY,
        samples=("554 MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid.",),
        pattern=r"MAIL FROM domain (?:is )?not verified|DNS setup for MAIL FROM domain|MailFromDomainNotVerified",
    ),
    row(
        """not-verified: An address or domain is not verified in this region
        SES checks From, Source, Sender and Return-Path against the identities verified in this region. In the
        sandbox every recipient must be verified too, except those of the mailbox simulator.
        Do: Verify the identities that the reply names, in the region that it names.
        Do: If they are verified elsewhere, use that region's endpoint and credentials.
        Do: If a recipient is named, the account is in the sandbox: request production access. [documented:
            codes#554-verified]
        Do: Check which From address the application really uses.
        Ruled out: Not wrong credentials: SES had accepted the sign-in. [-]""",
        documented("codes#554-verified"),
        stage=Stage.BODY,
        samples=(
            "554 Message rejected: Email address is not verified. The following identities failed the check in "
            "region EU-WEST-1: Shop <shop@example.com>, shop@example.com",
            "MessageRejected: Email address is not verified.",
        ),
        pattern=r"email address(?:es)? (?:is |are )?not verified|identit(?:y|ies) failed the check in region",
    ),
)
