"""Causes that only the contrast between several probes shows."""

from __future__ import annotations

from sestools.core.cause import Cause
from sestools.core.enums import Retry, Stage, Who
from sestools.knowledge.causes.sources import (
    CODES,
    CONNECT,
    GITHUB,
    GUIDE,
    NETWORK,
    PORT_25,
    TIMEOUTS,
    YOU_OR_NETWORK,
    documented,
    inferred,
    seen,
    unknown,
)

CAUSES = (
    Cause(
        id="healthy",
        title="The path to SES works",
        meaning="Every step that was tried went through.",
        fix=(
            "Nothing to do. If mail still fails, sign in and send with the probe: SES judges at the end of DATA.",
        ),
        retry=Retry.NOT_NEEDED,
        basis=documented(CONNECT),
    ),
    Cause(
        id="port25-blocked",
        title="Connections to port 25 time out",
        meaning="Connections to port 25 are dropped on the way. On EC2, and for whatever leaves through a VPC, AWS "
        "restricts outgoing port 25 by default; many other providers block it too. The other SES ports are made "
        "for this.",
        fix=(
            "Use port 587 or 2587 (STARTTLS), or 465 or 2465 (TLS from the first byte).",
            "If it must be 25 on EC2: the AWS form 'Request to remove email sending limitations'.",
            "Elsewhere ask the provider; from a VPC, a VPC endpoint works too.",
        ),
        who=(Who.YOU, Who.AWS),
        basis=documented(PORT_25),
        samples=("connect to email-smtp.eu-west-1.amazonaws.com[192.0.2.10]:25: Connection timed out",),
        stage=Stage.CONNECT,
        ruled_out=("Not SES's throttling and not the credentials: no connection came about.",),
        port_first=True,
    ),
    Cause(
        id="ports-blocked",
        title="Some of the SES ports are blocked",
        meaning="Some ports can be connected to and others cannot: a filter on the way chooses by port.",
        fix=(
            "Use a port that is ready to sign in, if the table shows one.",
            "Or have the others allowed in firewall, security group and network ACL.",
        ),
        who=YOU_OR_NETWORK,
        basis=documented(TIMEOUTS),
        port_first=True,
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
        who=YOU_OR_NETWORK,
        basis=seen(GITHUB + "mautic/mautic/issues/7590"),
        port_first=True,
    ),
    Cause(
        id="closed-at-once",
        title="The connection is closed before AUTH",
        meaning="A fresh connection was made, and closed or reset before sign-in. SES is not known to do that: a "
        "firewall, a proxy or a mail scanner does, by the port, by the first words, or by the name in the TLS "
        "handshake (SNI).",
        fix=(
            "Check again: if the connection ends at the same step, a filter rule is the cause.",
            "Use a port that is ready to sign in, if the table shows one.",
            "Ask whoever runs the firewall or proxy to let SMTP to email-smtp.<region>.amazonaws.com through, "
            "uninspected.",
        ),
        who=YOU_OR_NETWORK,
        basis=inferred(CONNECT),
        ruled_out=(
            "Not an idle or overused connection: it was fresh.",
            "Not the credentials: the connection ended before AUTH.",
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
        who=NETWORK,
        basis=documented(TIMEOUTS),
    ),
    Cause(
        id="vpc-endpoint-blocked",
        title="The VPC endpoint does not allow these ports",
        meaning="The name leads to private addresses, as a VPC endpoint for SES has them. Its security group must "
        "allow inbound TCP on each SMTP port that is used, from the client's private address.",
        fix=(
            "In the endpoint's security group allow inbound TCP on the port that you use: 587, 465, 2587, 2465 or 25.",
            "Check that the endpoint is 'available', which takes about 5 minutes after it is made.",
            "Through VPC peering dial the endpoint's own vpce-… name: private DNS does not cross peering.",
            "If there should be no VPC endpoint: something (hosts file, private zone) gives the name this address.",
        ),
        who=YOU_OR_NETWORK,
        basis=documented(GUIDE + "send-email-set-up-vpc-endpoints.html"),
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
        who=NETWORK,
        basis=inferred(CODES),
    ),
    Cause(
        id="ipv6-broken",
        title="Only IPv6 fails",
        meaning="The name's IPv4 addresses work and its IPv6 addresses do not: this network has no working IPv6.",
        fix=("Make the client use IPv4, or repair IPv6 on this network.",),
        who=NETWORK,
        basis=inferred(CONNECT),
    ),
    Cause(
        id="auth-missing",
        title="The server does not offer AUTH",
        meaning="Inside TLS SES lists AUTH PLAIN LOGIN. This server does not: another server answers, or a proxy "
        "edits the list.",
        fix=(
            "Look at greeting, certificate and list in the transcript: they name what answers.",
            "Try the other ports: proxies rarely touch all of them.",
        ),
        who=NETWORK,
        basis=inferred(CONNECT),
        ruled_out=("Not the credentials: they were not sent.",),
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
        who=YOU_OR_NETWORK,
        basis=inferred(CONNECT),
        samples=(
            "not signed in: inside TLS, EHLO lists AUTH XOAUTH2 CRAM-MD5, and no AUTH with PLAIN or LOGIN",
        ),
        stage=Stage.EHLO,
        pattern=r"and no AUTH with (?:PLAIN|LOGIN)",
        ruled_out=("Not the credentials: they were not sent.",),
    ),
    Cause(
        id="host-not-ses",
        title="The host name is not an SES endpoint",
        meaning="It is an alias, an IP address or another provider. Which certificate is right for it cannot be known, "
        "so no credentials were sent.",
        fix=(
            "Connect to email-smtp.<region>.amazonaws.com; `--connect-to ADDRESS:PORT` (`connect_to=`) leads that name to "
            "a tunnel or a relay of your own.",
            "Or name the authorities whose certificate you trust for this host: `--ca-file FILE` (`ca_file=`).",
        ),
        basis=inferred(CONNECT),
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
        title="The server replied before the command was sent",
        meaning="The server, or something on the way, sent more replies than there were commands. Every later reply would "
        "be taken for the answer to another command, so the connection was given up.",
        fix=(
            "Try again on a new connection.",
            "If it happens again: find the proxy between you and SES; use port 465 to pass it.",
        ),
        retry=Retry.NEW_CONNECTION,
        who=NETWORK,
        basis=inferred("https://nostarttls.secvuln.info/"),
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
        basis=unknown(CONNECT),
    ),
    Cause(
        id="tls-intercepted",
        title="TLS is intercepted on the path",
        meaning="The certificate was not issued by Amazon: a proxy or antivirus terminates TLS and can read the session. To sign "
        "in, sestools trusts Amazon's own root certificates, not everything that this host trusts.",
        fix=(
            "Exclude email-smtp.<region>.amazonaws.com from TLS inspection.",
            "Do not sign in over this path: the proxy could read the password.",
            "If that proxy may read the password, name the authority that issued the certificate: "
            "`--ca-file FILE` (`ca_file=`).",
        ),
        who=NETWORK,
        basis=inferred(CONNECT),
    ),
)
