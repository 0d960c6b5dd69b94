"""Causes for which SES refuses mail: account, identity, policy."""

from __future__ import annotations

from sestools.core.cause import Cause
from sestools.core.enums import Retry, Stage, Who
from sestools.knowledge.causes.sources import CODES, ERRORS, GITHUB, GUIDE, documented, seen

CAUSES = (
    Cause(
        id="old-tls",
        title="The client's TLS is too old",
        meaning="The connection was encrypted with TLS 1.0 or 1.1. SES let it connect and sign in and refused "
        "the message.",
        fix=(
            "Update the client's runtime or operating system so that it speaks TLS 1.2 or 1.3.",
            "Look for a setting that fixes an old protocol version.",
        ),
        basis=seen(GITHUB + "alramlechner/CommonLogicNodes/issues/6"),
        samples=(
            "554 Access denied: Amazon SES no longer supports TLS 1.0 and TLS 1.1 connections. You must update "
            "your client to use TLS version 1.2 or above. To learn more and to update your client, see "
            "https://go.aws/3AUlVSb. For further assistance, contact AWS support",
        ),
        stage=Stage.DATA,
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
        basis=documented(GUIDE + "control-user-access.html"),
        samples=(
            "554 Access denied: User `arn:aws:iam::111122223333:user/ses-smtp-user' is not authorized to perform "
            "`ses:SendRawEmail' on resource `arn:aws:ses:eu-west-1:111122223333:identity/user@example.com'",
            "AccessDenied: User `arn:aws:iam::111122223333:user/mailer' is not authorized to perform "
            "`ses:SendEmail' on resource `arn:aws:ses:eu-west-1:111122223333:identity/example.com'",
        ),
        stage=Stage.BODY,
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
        who=(Who.AWS, Who.YOU),
        basis=seen(GITHUB + "hcengineering/platform/issues/8899"),
        samples=(
            "554 Message rejected: Sending paused for this account. For more information, please check the inbox "
            "of the email address associated with your AWS account.",
        ),
        stage=Stage.BODY,
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
        who=(Who.AWS, Who.YOU),
        basis=seen(ERRORS),
        samples=(
            "554 Message rejected: Sending suspended for this account. For more information, please check the "
            "inbox of the email address associated with your AWS account.",
        ),
        stage=Stage.BODY,
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
        basis=seen(GUIDE + "mail-from.html"),
        samples=("554 MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid.",),
        stage=Stage.BODY,
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
        basis=documented(CODES),
        samples=(
            "554 Message rejected: Email address is not verified. The following identities failed the check in "
            "region EU-WEST-1: Shop <shop@example.com>, shop@example.com",
            "MessageRejected: Email address is not verified.",
        ),
        stage=Stage.BODY,
        pattern=r"email address(?:es)? (?:is |are )?not verified|identit(?:y|ies) failed the check in region",
        ruled_out=("Not wrong credentials: SES had accepted the sign-in.",),
    ),
)
