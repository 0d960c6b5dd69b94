"""Pages that the table of causes cites, and marks in short."""

from __future__ import annotations

from sestools.core.enums import Mark, Who

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
