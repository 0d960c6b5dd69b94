"""Pages that the causes cite, how sure each row is, and what several rows say."""

from __future__ import annotations

from functools import partial

from sestools.core.cause import Basis
from sestools.core.enums import Mark, Who

GUIDE = "https://docs.aws.amazon.com/ses/latest/dg/"
CODES = GUIDE + "troubleshoot-smtp.html"
CONNECT = GUIDE + "smtp-connect.html"
SMTP_CREDENTIALS = GUIDE + "smtp-credentials.html"
ERRORS = GUIDE + "troubleshoot-error-messages.html"
QUOTAS = GUIDE + "quotas.html"
TIMEOUTS = "https://repost.aws/knowledge-center/smtp-connectivity-timeout-issues-ses"
PORT_25 = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-resource-limits.html#port-25-throttle"
MTU = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html"
GITHUB = "https://github.com/"
MIME = GITHUB + "bbottema/simple-java-mail/issues/259"

documented, seen = partial(Basis, Mark.DOCUMENTED), partial(Basis, Mark.SEEN)
inferred, unknown = partial(Basis, Mark.INFERRED), partial(Basis, Mark.UNKNOWN)

NETWORK = (Who.NETWORK,)
YOU_OR_NETWORK = (Who.YOU, Who.NETWORK)

NEW_CREDENTIALS = (
    "Create SMTP credentials in the SES console (SMTP settings) in the region of the endpoint you use, and "
    "put both values into the client exactly as shown."
)
