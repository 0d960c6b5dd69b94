"""What a cause means, and what to do about it, where the check runs.

Rows of the catalogue say what holds everywhere. These say it for one place, so that nobody who sits at home
reads about security groups. A cause's id and title stay, and so does all evidence.

Sources: AWS's pages on the restriction of port 25 and on SMTP time-outs; the network policy of mybinder.org;
GitLab's note on other providers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sestools.core.cause import Basis, Cause
from sestools.core.enums import Place, Who
from sestools.knowledge.causes.sources import PORT_25, TIMEOUTS, YOU_OR_NETWORK, documented, seen

BINDER = "https://github.com/jupyterhub/mybinder.org-deploy/blob/95860dbc/mybinder/values.yaml"
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
        basis: How sure it is, and where it is said.
    """

    causes: frozenset[str]
    places: frozenset[Place]
    meaning: str = ""
    fix: tuple[str, ...]
    basis: Basis
    who: tuple[Who, ...] = YOU_OR_NETWORK
    note: str = ""


_25 = frozenset({"port25-blocked"})
_BLOCKED = frozenset({"egress-blocked", "ports-blocked", "connect-timeout"})
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
        basis=seen(BINDER),
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
        basis=documented(PORT_25),
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
        basis=documented(LIFTED),
    ),
    Wording(
        causes=_25,
        places=frozenset({Place.ELSEWHERE}),
        meaning="Your provider, or a firewall on the way, drops outgoing port 25, as many do against spam. It is not "
        "the restriction of EC2: this is not an EC2 instance.",
        fix=(f"{_USE_OTHERS}.", "If it must be 25: ask your provider, or whoever runs the firewall."),
        basis=seen(OTHERS),
    ),
    Wording(
        causes=_25,
        places=frozenset({Place.CONTAINER}),
        meaning="Connections to port 25 are dropped on the way. This is a container, and on whose host it runs is not "
        "known: on EC2 AWS restricts port 25 by default, elsewhere the provider or a firewall does it.",
        fix=_ANYWHERE,
        who=(Who.YOU, Who.NETWORK, Who.AWS),
        note="Whose host it is: --context ec2 or --context elsewhere words this for it.",
        basis=documented(PORT_25),
    ),
    Wording(
        causes=_25,
        places=frozenset({Place.UNKNOWN}),
        meaning="Connections to port 25 are dropped on the way. Where this runs is not known: on EC2 AWS restricts "
        "port 25 by default, elsewhere the provider or a firewall does it.",
        fix=_ANYWHERE,
        who=(Who.YOU, Who.NETWORK, Who.AWS),
        note="Where it runs: --context ec2 or --context elsewhere words this for it.",
        basis=documented(PORT_25),
    ),
    Wording(
        causes=_BLOCKED,
        places=_INSTANCES,
        fix=(
            "Security group of the instance, task or pod: allow outbound TCP on the port, 587 say.",
            "Network ACL of the subnet: that port outbound, and the answers inbound, TCP 1024-65535.",
            "Route to the internet: an internet gateway and a public address, or a NAT gateway, or a VPC endpoint.",
        ),
        basis=documented(TIMEOUTS),
    ),
    Wording(
        causes=_BLOCKED,
        places=frozenset({Place.LAMBDA}),
        fix=(
            "A function in a VPC needs a NAT gateway to reach the internet, or a VPC endpoint.",
            "Security group of the function: allow outbound TCP on the port, 587 say; network ACL: that, and the "
            "answers inbound, TCP 1024-65535.",
        ),
        basis=documented(TIMEOUTS),
    ),
    Wording(
        causes=_BLOCKED,
        places=frozenset({Place.ELSEWHERE}),
        fix=(
            "Have outgoing TCP 587 to email-smtp.<region>.amazonaws.com allowed: on this host, by the firewall, by the "
            "provider.",
        ),
        basis=documented(TIMEOUTS),
    ),
    Wording(
        causes=_BLOCKED,
        places=frozenset({Place.CONTAINER}),
        fix=(
            "Check on the host itself: if it works there, the container's network or a network policy is in the way.",
            "If not: security group, network ACL, route and NAT on AWS; elsewhere the firewall or the provider.",
        ),
        basis=documented(TIMEOUTS),
    ),
)
"""The table. Causes and places that are not in it keep the catalogue's words."""


def worded(cause: Cause, place: Place, proxy: str = "") -> Cause:
    """A cause in the words of the place where the check runs, behind a web proxy if the environment names one."""
    found = next((row for row in WORDINGS if cause.id in row.causes and place in row.places), None)
    if found:
        cause = replace(
            cause,
            meaning=found.meaning or cause.meaning,
            # Another port helps wherever the check runs (Binder apart).
            fix=found.fix if found.meaning or not cause.port_first else (cause.fix[0], *found.fix),
            who=found.who,
            note=found.note or cause.note,
            basis=found.basis,
            port_first=cause.port_first and place is not Place.BINDER,
        )
    if proxy and cause.id in _BLOCKED and place is not Place.BINDER:
        through = (
            f"The environment names a web proxy, {proxy}. SMTP does not go through it, and a network that "
            "needs one often lets nothing else out: ask its owner for TCP 587, or for a relay."
        )
        cause = replace(cause, fix=(*cause.fix, through))
    return cause
