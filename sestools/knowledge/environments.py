"""What a cause means, and what to do about it, where the check runs.

Rows of the catalogue say what holds everywhere. These say it for one place, so that nobody who sits at home
reads about security groups. A cause's id and title stay, and so does all evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sestools.core.cause import Basis, Cause, Claim
from sestools.core.enums import Place, Who
from sestools.knowledge.causes import sources
from sestools.knowledge.causes.rows import YOU_OR_NETWORK, documented, seen, sentences

BINDER = "https://github.com/jupyterhub/mybinder.org-deploy/blob/95860dbc/mybinder/values.yaml"
FORM = "https://aws.amazon.com/forms/ec2-email-limit-rdns-request"
OTHERS = "https://gitlab.com/gitlab-org/omnibus-gitlab/-/merge_requests/5471"
LIFTED = "lambda-port-25#lambda"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """What a cause means at some places.

    Attributes:
        causes: Ids of the causes.
        fix: Instead of the cause's fix; after its first advice if that is to use another port.
        meaning: Instead of the cause's meaning; the cause's own if empty, as with `note`.
    """

    causes: set[str]
    places: set[Place]
    basis: Basis
    who: tuple[Who, ...]
    fix: tuple[str, ...]
    meaning: str = ""
    note: str = ""
    claims: tuple[Claim, ...] = ()


_25 = {"port25-blocked"}
_BLOCKED = {"egress-blocked", "ports-blocked", "connect-timeout"}
_INSTANCES = {Place.EC2, Place.ECS, Place.EKS}
_USE_OTHERS = "Use port 587 or 2587 (STARTTLS), or 465 or 2465 (TLS from the first byte)"
_ANYWHERE = f"""Do: {_USE_OTHERS}.
        Do: If it must be 25 and this is EC2: the AWS form 'Request to remove email sending limitations'.
        Do: If it must be 25 and this is not EC2: ask the provider, or whoever runs the firewall."""


def _wording(
    causes: set[str], places: set[Place], words: str, basis: Basis, who: tuple[Who, ...] = YOU_OR_NETWORK
) -> Wording:
    return Wording(causes=causes, places=places, basis=basis, who=who, **sentences(words, basis))


WORDINGS = (
    _wording(
        _25 | _BLOCKED,
        {Place.BINDER},
        """This runs on Binder, and Binder lets no SES port out. What fails here is Binder's firewall: it says
        nothing about your network, your account or SES. [-]
        Do: Practise with the simulator here.
        Do: Run the check on the host that sends your mail: sestools check <where>.""",
        seen(BINDER),
        who=(Who.YOU,),
    ),
    _wording(
        _25,
        _INSTANCES,
        f"""AWS restricts outgoing port 25 by default, for every EC2 instance and for whatever leaves through
        a VPC, except to private addresses. It is the normal state, and neither SES nor your credentials are
        at fault. [-] Ports 465 and 587 are not restricted. [documented: codes#port-25]
        Do: {_USE_OTHERS}. These need no request. [inferred]
        Do: If it must be 25: with your AWS account send the form 'Request to remove email sending
            limitations', {FORM}, which asks what you send and why. [inferred]
        Do: Or use a VPC endpoint: the restriction does not hold for private addresses.
        Unsure: A security group or network ACL that leaves out port 25 alone looks the same from here.""",
        documented(sources.PORT_25),
        who=(Who.YOU, Who.AWS),
    ),
    _wording(
        _25,
        {Place.LAMBDA},
        f"""AWS blocks outgoing port 25 for Lambda. Outside a VPC this cannot be lifted; inside one it is the
        restriction of EC2.
        Do: {_USE_OTHERS}. These need no request.
        Do: If it must be 25: put the function into a VPC with a NAT gateway, then send the form {FORM}.""",
        documented(LIFTED),
        who=(Who.YOU, Who.AWS),
    ),
    _wording(
        _25,
        {Place.ELSEWHERE},
        f"""Your provider, or a firewall on the way, drops outgoing port 25, as many do against spam. It is
        not the restriction of EC2: this is not an EC2 instance. [-]
        Do: {_USE_OTHERS}.
        Do: If it must be 25: ask your provider, or whoever runs the firewall.""",
        seen(OTHERS),
    ),
    _wording(
        _25,
        {Place.CONTAINER},
        f"""Connections to port 25 are dropped on the way. [-] This is a container, and on whose host it runs is
        not known [-]: on EC2 AWS restricts port 25 by default, elsewhere the provider or a firewall does it.
        {_ANYWHERE}
        Unsure: Whose host it is: --context ec2 or --context elsewhere words this for it.""",
        documented(sources.PORT_25),
        who=(Who.YOU, Who.NETWORK, Who.AWS),
    ),
    _wording(
        _25,
        {Place.UNKNOWN},
        f"""Connections to port 25 are dropped on the way. [-] Where this runs is not known [-]: on EC2 AWS restricts
        port 25 by default, elsewhere the provider or a firewall does it.
        {_ANYWHERE}
        Unsure: Where it runs: --context ec2 or --context elsewhere words this for it.""",
        documented(sources.PORT_25),
        who=(Who.YOU, Who.NETWORK, Who.AWS),
    ),
    _wording(
        _BLOCKED,
        _INSTANCES,
        """Do: Security group of the instance, task or pod: allow outbound TCP on the port, 587 say.
        Do: Network ACL of the subnet: that port outbound, and the answers inbound, TCP 1024-65535.
        Do: Route to the internet: an internet gateway and a public address, or a NAT gateway, or a VPC
            endpoint.""",
        documented(sources.TIMEOUTS),
    ),
    _wording(
        _BLOCKED,
        {Place.LAMBDA},
        """Do: A function in a VPC needs a NAT gateway to reach the internet, or a VPC endpoint.
        Do: Security group of the function: allow outbound TCP on the port, 587 say; network ACL: that, and
            the answers inbound, TCP 1024-65535.""",
        documented(sources.TIMEOUTS),
    ),
    _wording(
        _BLOCKED,
        {Place.ELSEWHERE},
        """Do: Have outgoing TCP 587 to email-smtp.<region>.amazonaws.com allowed: on this host, by the
            firewall, by the provider.""",
        documented(sources.TIMEOUTS),
    ),
    _wording(
        _BLOCKED,
        {Place.CONTAINER},
        """Do: Check on the host itself: if it works there, the container's network or a network policy is in
            the way.
        Do: If not: security group, network ACL, route and NAT on AWS; elsewhere the firewall or the
            provider.""",
        documented(sources.TIMEOUTS),
    ),
)
"""Causes and places that are not in this table keep the catalogue's words."""


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
            claims=found.claims if found.meaning else (*cause.claims, *found.claims),
            port_first=cause.port_first and place is not Place.BINDER,
        )
    if proxy and cause.id in _BLOCKED and place is not Place.BINDER:
        through = (
            f"The environment names a web proxy, {proxy}. SMTP does not go through it, and a network that "
            "needs one often lets nothing else out: ask its owner for TCP 587, or for a relay."
        )
        cause = replace(cause, fix=(*cause.fix, through))
    return cause
