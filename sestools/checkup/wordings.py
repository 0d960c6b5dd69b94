"""What a cause means, and what to do about it, where the check runs.

Rows of the catalogue say what holds everywhere. These say it for one place, so that nobody who sits at home
reads about security groups. A cause's id and title stay, and so does all evidence.

Sources: AWS's pages on the restriction of port 25 and on SMTP time-outs; the network policy of mybinder.org;
GitLab's note on other providers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sestools.checkup.environment import Context
from sestools.core.cause import Cause
from sestools.core.enums import Mark, Place, Who

BINDER = "https://github.com/jupyterhub/mybinder.org-deploy/blob/95860dbc/mybinder/values.yaml"
TIMEOUTS = "https://repost.aws/knowledge-center/smtp-connectivity-timeout-issues-ses"
PORT_25 = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-resource-limits.html#port-25-throttle"
FORM = "https://aws.amazon.com/forms/ec2-email-limit-rdns-request"
OTHERS = "https://gitlab.com/gitlab-org/omnibus-gitlab/-/merge_requests/5471"
LIFTED = "https://repost.aws/knowledge-center/ec2-port-25-throttle"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a cause means at some places.

    Attributes:
        causes: Ids of the causes.
        places: The places.
        meaning: Instead of the cause's meaning; the cause's own if empty.
        fix: Instead of the cause's fix; after its first advice if that is to use another port.
        who: Who has to act.
        note: What is unsure here.
        source: Where it says so.
        mark: How sure it is.
    """

    causes: frozenset[str]
    places: frozenset[Place]
    meaning: str
    fix: tuple[str, ...]
    who: tuple[Who, ...]
    note: str = ""
    source: str
    mark: Mark = Mark.DOCUMENTED


_25 = frozenset({"port25-blocked"})
_BLOCKED = frozenset({"egress-blocked", "ports-blocked", "connect-timeout"})
_ANOTHER_PORT = frozenset({"ports-blocked", "connect-timeout"})
"""Causes whose first advice, another port, holds wherever the check runs (Binder apart)."""
_INSTANCES = frozenset({Place.EC2, Place.ECS, Place.EKS})
_USE_OTHERS = "Use port 587 or 2587 (STARTTLS), or 465 or 2465 (TLS from the first byte)"
_ANYWHERE = (
    f"{_USE_OTHERS}.",
    "If it must be 25 and this is EC2: the AWS form 'Request to remove email sending limitations'.",
    "If it must be 25 and this is not EC2: ask the provider, or whoever runs the firewall.",
)

WORDINGS = (
    Wording(
        causes=_25 | _BLOCKED,
        places=frozenset({Place.BINDER}),
        meaning="This runs on Binder, and Binder lets no SES port out. What fails here is Binder's firewall: it says "
        "nothing about your network, your account or SES.",
        fix=(
            "Practise with the simulator here.",
            "Run the check on the host that sends your mail: sestools check REGION.",
        ),
        who=(Who.YOU,),
        source=BINDER,
        mark=Mark.SEEN,
    ),
    Wording(
        causes=_25,
        places=_INSTANCES,
        meaning="AWS restricts outgoing port 25 by default, for every EC2 instance and for whatever leaves through a "
        "VPC, except to private addresses. It is the normal state, and neither SES nor your credentials are at fault. "
        "The other SES ports are not restricted.",
        fix=(
            f"{_USE_OTHERS}. These need no request.",
            f"If it must be 25: with your AWS account send the form 'Request to remove email sending limitations', "
            f"{FORM}, which asks what you send and why.",
            "Or use a VPC endpoint: the restriction does not hold for private addresses.",
        ),
        who=(Who.YOU, Who.AWS),
        note="A security group or network ACL that leaves out port 25 alone looks the same from here.",
        source=PORT_25,
    ),
    Wording(
        causes=_25,
        places=frozenset({Place.LAMBDA}),
        meaning="AWS blocks outgoing port 25 for Lambda. Outside a VPC this cannot be lifted; inside one it is the "
        "restriction of EC2.",
        fix=(
            f"{_USE_OTHERS}. These need no request.",
            f"If it must be 25: put the function into a VPC with a NAT gateway, then send the form {FORM}.",
        ),
        who=(Who.YOU, Who.AWS),
        source=LIFTED,
    ),
    Wording(
        causes=_25,
        places=frozenset({Place.ELSEWHERE}),
        meaning="Your provider, or a firewall on the way, drops outgoing port 25, as many do against spam. It is not "
        "the restriction of EC2: this is not an EC2 instance.",
        fix=(f"{_USE_OTHERS}.", "If it must be 25: ask your provider, or whoever runs the firewall."),
        who=(Who.YOU, Who.NETWORK),
        source=OTHERS,
        mark=Mark.SEEN,
    ),
    Wording(
        causes=_25,
        places=frozenset({Place.CONTAINER}),
        meaning="Connections to port 25 are dropped on the way. This is a container, and on whose host it runs is not "
        "known: on EC2 AWS restricts port 25 by default, elsewhere the provider or a firewall does it.",
        fix=_ANYWHERE,
        who=(Who.YOU, Who.NETWORK, Who.AWS),
        note="Whose host it is: --context ec2 or --context elsewhere words this for it.",
        source=PORT_25,
    ),
    Wording(
        causes=_25,
        places=frozenset({Place.UNKNOWN}),
        meaning="Connections to port 25 are dropped on the way. Where this runs is not known: on EC2 AWS restricts "
        "port 25 by default, elsewhere the provider or a firewall does it.",
        fix=_ANYWHERE,
        who=(Who.YOU, Who.NETWORK, Who.AWS),
        note="Where it runs: --context ec2 or --context elsewhere words this for it.",
        source=PORT_25,
    ),
    Wording(
        causes=_BLOCKED,
        places=_INSTANCES,
        meaning="",
        fix=(
            "Security group of the instance, task or pod: allow outbound TCP on the port, 587 say.",
            "Network ACL of the subnet: that port outbound, and the answers inbound, TCP 1024-65535.",
            "Route to the internet: an internet gateway and a public address, or a NAT gateway, or a VPC endpoint.",
        ),
        who=(Who.YOU, Who.NETWORK),
        source=TIMEOUTS,
    ),
    Wording(
        causes=_BLOCKED,
        places=frozenset({Place.LAMBDA}),
        meaning="",
        fix=(
            "A function in a VPC needs a NAT gateway to reach the internet, or a VPC endpoint.",
            "Security group of the function: allow outbound TCP on the port, 587 say; network ACL: that, and the "
            "answers inbound, TCP 1024-65535.",
        ),
        who=(Who.YOU, Who.NETWORK),
        source=TIMEOUTS,
    ),
    Wording(
        causes=_BLOCKED,
        places=frozenset({Place.ELSEWHERE}),
        meaning="",
        fix=(
            "Have outgoing TCP 587 to email-smtp.<region>.amazonaws.com allowed: on this host, by the firewall, by the "
            "provider.",
        ),
        who=(Who.YOU, Who.NETWORK),
        source=TIMEOUTS,
    ),
    Wording(
        causes=_BLOCKED,
        places=frozenset({Place.CONTAINER}),
        meaning="",
        fix=(
            "Check on the host itself: if it works there, the container's network or a network policy is in the way.",
            "If not: security group, network ACL, route and NAT on AWS; elsewhere the firewall or the provider.",
        ),
        who=(Who.YOU, Who.NETWORK),
        source=TIMEOUTS,
    ),
)
"""The table. Causes and places that are not in it keep the catalogue's words."""


def worded(cause: Cause, context: Context | None) -> Cause:
    """A cause in the words of the place where the check runs."""
    if context is None:
        return cause
    found = next((row for row in WORDINGS if cause.id in row.causes and context.place in row.places), None)
    if found:
        cause = replace(
            cause,
            meaning=found.meaning or cause.meaning,
            fix=found.fix if found.meaning or cause.id not in _ANOTHER_PORT else (cause.fix[0], *found.fix),
            who=found.who,
            note=found.note or cause.note,
            source=found.source,
            mark=found.mark,
        )
    if context.proxy and cause.id in _BLOCKED and context.place is not Place.BINDER:
        through = (
            f"The environment names a web proxy, {context.proxy}. SMTP does not go through it, and a network that "
            "needs one often lets nothing else out: ask its owner for TCP 587, or for a relay."
        )
        cause = replace(cause, fix=(*cause.fix, through))
    return cause
