"""Causes at sign-in."""

from __future__ import annotations

from sestools.core.cause import Cause
from sestools.core.enums import Retry, Stage, Who
from sestools.knowledge.causes.sources import CODES, GITHUB, NEW_CREDENTIALS, documented, seen

CAUSES = (
    Cause(
        id="starttls-first",
        title="The client tried to sign in without TLS",
        meaning="On ports 25, 587 and 2587 SES takes no sign-in and no mail before STARTTLS has encrypted the "
        "connection. The client never switched TLS on.",
        fix=(
            "Switch STARTTLS on in the client (often 'TLS', 'secure: starttls', 'use_tls').",
            "Or use port 465 or 2465 with TLS from the first byte ('SSL', 'SMTPS').",
        ),
        basis=seen(GITHUB + "jetmore/swaks/issues/15"),
        samples=("530 Must issue a STARTTLS command first",),
        stage=Stage.AUTH,
        pattern=r"must issue (?:a )?STARTTLS command first|net/smtp: unencrypted connection|"
        r"\bsmtp\S*: unencrypted connection|: unencrypted connection$",
        generic=True,
        ruled_out=("The credentials were not looked at yet: this says nothing about them.",),
    ),
    Cause(
        id="bad-credentials",
        title="SES rejected the user name and password",
        meaning="The pair is not a valid SMTP credential in this region. SMTP credentials are not AWS access "
        "keys: the password is computed from a secret access key, once for each region.",
        fix=(
            NEW_CREDENTIALS,
            "If you gave the secret access key itself (40 characters) as the password, convert it or create SMTP "
            "credentials.",
            "Check that the credentials belong to the region of the endpoint.",
            "Check that the access key is still active in IAM.",
            "Look for a blank, line end or quotes around the values, and for %2B or %2F left from a URL.",
        ),
        basis=documented(CODES),
        samples=(
            "535 Authentication Credentials Invalid",
            "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.",
        ),
        stage=Stage.AUTH,
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
        basis=documented(CODES),
        samples=("535 Account not subscribed to SES",),
        stage=Stage.AUTH,
        pattern=r"account not subscribed to SES|needs a subscription for the service|SubscriptionRequiredException",
        note="AWS documents the sentence; no log shows it. That it answers AUTH is inferred.",
    ),
    Cause(
        id="auth-temporary",
        title="SES could not check the credentials: temporary failure",
        meaning="A temporary failure while signing in. AWS has a list of reasons for it that we could not read.",
        fix=(
            "Try again after 5 s, 10 s and 30 s.",
            "If it persists: check that TLS is on, and that credentials and region fit each other.",
            "Then look at the AWS Health Dashboard.",
        ),
        retry=Retry.SOON,
        who=(Who.YOU, Who.AWS),
        basis=documented(CODES),
        samples=("454 Temporary authentication failure",),
        stage=Stage.AUTH,
        pattern=r"temporary authentication failure",
        generic=True,
        note="AWS's own list of reasons was not available to us, so the advice is general. The stage is "
        "inferred from the name.",
    ),
    Cause(
        id="auth-required",
        title="The client did not authenticate before sending",
        meaning="SES takes mail only after AUTH. The client sent MAIL FROM without signing in: no credentials "
        "were configured, a setting's name is wrong, or AUTH was left out because TLS was off.",
        fix=(
            "Give the client SMTP credentials and switch authentication on.",
            "Switch TLS on: many clients silently leave AUTH out on a plain connection.",
            "If the credentials were made before 10 January 2019, make new ones.",
        ),
        basis=documented(CODES),
        samples=("530 Authentication required",),
        stage=Stage.MAIL,
        # A word right before it makes another sentence ("Proxy Authentication Required"); more after it, too.
        pattern=r"(?<![a-z] )(?<![-a-z])authentication required(?=\.?\s*(?:$|[^\s\w.]|at |in |SMTP code))|"
        r"AuthenticationFailedException: failed to connect, no password specified|Missing credentials for \"",
        generic=True,
        ruled_out=("Not wrong credentials: SES says 535 to those. It was offered none.",),
    ),
)
