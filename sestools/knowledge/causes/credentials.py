"""What the credential check finds."""

from __future__ import annotations

from sestools.core.cause import Cause
from sestools.core.enums import Retry
from sestools.knowledge.causes.sources import (
    ERRORS,
    GITHUB,
    GUIDE,
    NEW_CREDENTIALS,
    SMTP_CREDENTIALS,
    documented,
    inferred,
    seen,
)

CAUSES = (
    Cause(
        id="credential-swapped",
        title="User name and password are swapped",
        meaning="The password looks like an access key id and the user name like a password.",
        fix=("Swap the two values.",),
        basis=documented(SMTP_CREDENTIALS),
    ),
    Cause(
        id="credential-whitespace",
        title="A blank or line end is part of the credentials",
        meaning="A value begins or ends with white space, usually from copying or from a file.",
        fix=("Copy the value again without blanks and line ends.",),
        basis=seen(GITHUB + "sandstorm-io/sandstorm/issues/2734"),
    ),
    Cause(
        id="credential-quotes",
        title="Quotes are part of the credentials",
        meaning="A value stands in quotes that reached the client, usually from an environment or YAML file.",
        fix=("Remove the quotes, or let the program that reads the file remove them.",),
        basis=seen(SMTP_CREDENTIALS),
    ),
    Cause(
        id="credential-url-encoded",
        title="The password is still URL-encoded",
        meaning="The password holds %2B, %2F or %3D where + / or = belongs.",
        fix=("Decode it (%2B is +, %2F is /), or encode it only inside a URL.",),
        basis=seen(GITHUB + "sandstorm-io/sandstorm/issues/2734"),
    ),
    Cause(
        id="credential-temporary-key",
        title="The user name is a temporary key",
        meaning="A key that begins with ASIA comes from a role or session. The SES SMTP interface does not accept those.",
        fix=("Make SMTP credentials of an IAM user, or use the HTTPS API with the role.",),
        basis=documented(SMTP_CREDENTIALS),
    ),
    Cause(
        id="credential-mail-manager",
        title="The user name belongs to SES Mail Manager",
        meaning="A user name inp-… is for a Mail Manager ingress endpoint, another product with its own host.",
        fix=(
            "Use the ingress endpoint's host with it, or SMTP credentials with email-smtp.<region>.amazonaws.com.",
        ),
        basis=seen(GUIDE + "eb.html"),
    ),
    Cause(
        id="credential-wrong-field",
        title="The user name is not an SMTP user name",
        meaning="The SMTP user name is an access key id (AKIA and 16 more characters). An e-mail address, an IAM "
        "user's name or an account number stands there.",
        fix=("Enter the SMTP user name that the console showed beside the password.",),
        basis=seen(SMTP_CREDENTIALS),
    ),
    Cause(
        id="credential-secret-key",
        title="The password is the secret access key",
        meaning="The value has the shape of an AWS secret access key. SMTP wants a password that is computed from "
        "it for one region. This is the most common reason for a 535.",
        fix=("Convert the key to the region's SMTP password (`smtp_password`).", NEW_CREDENTIALS),
        basis=documented(SMTP_CREDENTIALS),
    ),
    Cause(
        id="credential-legacy",
        title="The password uses signature version 2",
        meaning="It was made with signature version 2, before 10 January 2019. It may still work and is slowed down.",
        fix=(NEW_CREDENTIALS, "Then delete the old ones."),
        retry=Retry.SLOWER,
        basis=documented(ERRORS),
    ),
    Cause(
        id="credential-wrong-region",
        title="The password belongs to another region",
        meaning="The password was computed from this secret key for another region than the endpoint's.",
        fix=("Use that region's endpoint, or the password for this region.",),
        basis=documented(SMTP_CREDENTIALS),
    ),
    Cause(
        id="credential-other-key",
        title="The password does not come from this secret key",
        meaning="No region that is known gives this password from the secret key: it belongs to another key, or was "
        "mistyped.",
        fix=("Check that both belong to the same access key.", NEW_CREDENTIALS),
        basis=inferred(SMTP_CREDENTIALS),
    ),
    Cause(
        id="credential-shape",
        title="The password does not look like an SES SMTP password",
        meaning="An SMTP password is base64 of 44 characters (33 bytes, the first one 4). This one is not: a part is "
        "missing, or it is the password of something else.",
        fix=("Copy it again in full.", NEW_CREDENTIALS),
        basis=documented(SMTP_CREDENTIALS),
    ),
)
