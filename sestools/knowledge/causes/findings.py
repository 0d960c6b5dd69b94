"""Causes that sestools finds by itself: by the contrast between several probes, and in credentials."""

from functools import partial

from sestools.core.enums import Retry, Stage, Who
from sestools.knowledge.causes import sources
from sestools.knowledge.causes.rows import (
    NETWORK,
    NEW_CREDENTIALS,
    YOU_OR_NETWORK,
    documented,
    inferred,
    row,
    seen,
    unknown,
)

_credential = partial(row, stage=Stage.AUTH)

CAUSES = (
    row(
        """healthy: The path to SES works, as far as tested
        Every step that was tried went through. What was not tried may still fail: SES judges a message at the
        end of DATA, a large one can stall, and a connection can be ended later.
        Do: If mail still fails, test what was not tested.""",
        inferred(sources.CONNECT),
        retry=Retry.NOT_NEEDED,
    ),
    row(
        """port25-blocked: Connections to port 25 time out
        Connections to port 25 are dropped on the way. On EC2, and for whatever leaves through a VPC, AWS
        restricts outgoing port 25 by default; many other providers block it too. The other SES ports are made
        for this.
        Do: Use port 587 or 2587 (STARTTLS), or 465 or 2465 (TLS from the first byte).
        Do: If it must be 25 on EC2: the AWS form 'Request to remove email sending limitations'.
        Do: Elsewhere ask the provider; from a VPC, a VPC endpoint works too.
        Ruled out: Not SES's throttling and not the credentials: no connection came about.""",
        documented(sources.PORT_25),
        who=(Who.YOU, Who.AWS),
        stage=Stage.CONNECT,
        samples=("connect to email-smtp.eu-west-1.amazonaws.com[192.0.2.10]:25: Connection timed out",),
        port_first=True,
    ),
    row(
        """ports-blocked: Some of the SES ports are blocked
        Some ports can be connected to and others cannot: a filter on the way chooses by port.
        Do: Use a port that is ready to sign in, if the table shows one.
        Do: Or have the others allowed in firewall, security group and network ACL.""",
        documented(sources.TIMEOUTS),
        who=YOU_OR_NETWORK,
        port_first=True,
        stage=Stage.CONNECT,
    ),
    row(
        """ports-refused: Some of the SES ports are refused
        Some ports can be connected to, and others are refused at once. SES does not refuse on its five ports,
        and security groups and network ACLs drop instead of refusing: a hosting firm's SMTP restriction, a
        firewall that rejects, on this host or on the way, or a proxy does it.
        Do: Use a port that is ready to sign in, if the table shows one.
        Do: Look at this host's own firewall for a rule that rejects, such as `nft list ruleset`.
        Do: Ask the hosting firm, or whoever runs the firewall, whether it restricts outgoing SMTP.""",
        seen(sources.GITHUB + "mautic/mautic/issues/7590"),
        who=YOU_OR_NETWORK,
        port_first=True,
    ),
    row(
        """closed-at-once: The connection is closed before AUTH
        A fresh connection was made, and closed or reset before sign-in. SES is not known to do that: a
        firewall, a proxy or a mail scanner does, by the port, by the first words, or by the name in the TLS
        handshake (SNI).
        Do: Check again: if the connection ends at the same step, a filter rule is the cause.
        Do: Use a port that is ready to sign in, if the table shows one.
        Do: Ask whoever runs the firewall or proxy to let SMTP to email-smtp.<region>.amazonaws.com through,
            uninspected.
        Ruled out: Not an idle or overused connection: it was fresh.
        Ruled out: Not the credentials: the connection ended before AUTH.""",
        inferred(sources.CONNECT),
        who=YOU_OR_NETWORK,
    ),
    row(
        """egress-blocked: No SES port can be reached from here
        No connection attempt succeeded, on any port: a filter stops all outgoing connections to SES, or there
        is no way to the internet.
        Do: Check security group, network ACL, route table and NAT (or the VPC endpoint's security group).
        Do: On Kubernetes or a corporate network ask for outgoing TCP 587 to
            email-smtp.<region>.amazonaws.com.""",
        documented(sources.TIMEOUTS),
        who=NETWORK,
        stage=Stage.CONNECT,
    ),
    row(
        """vpc-endpoint-blocked: The VPC endpoint does not allow these ports
        The name leads to private addresses, as a VPC endpoint for SES has them. Its security group must allow
        inbound TCP on each SMTP port that is used, from the client's private address.
        Do: In the endpoint's security group allow inbound TCP on the port that you use: 587, 465, 2587, 2465
            or 25.
        Do: Check that the endpoint is 'available', which takes about 5 minutes after it is made.
        Do: Through VPC peering dial the endpoint's own vpce-… name: private DNS does not cross peering.
        Do: If there should be no VPC endpoint: something (hosts file, private zone) gives the name this
            address.
        Ruled out: Not a firewall on the way to the internet: the address is private.""",
        documented(sources.GUIDE + "send-email-set-up-vpc-endpoints.html"),
        who=YOU_OR_NETWORK,
        stage=Stage.CONNECT,
    ),
    row(
        """addresses-dead: Only some addresses of the name answer
        The name has several addresses and some get no answer. A firewall that lists addresses, or a cached
        old address, looks like this: SES's addresses change all the time.
        Do: Allow by name, not by address; no complete list of addresses exists.
        Do: Do not cache DNS longer than its TTL (60 s).""",
        inferred(sources.CODES),
        retry=Retry.SOON,
        who=NETWORK,
    ),
    row(
        """ipv6-broken: Only IPv6 fails
        The name's IPv4 addresses work and its IPv6 addresses do not: this network has no working IPv6.
        Do: Make the client use IPv4, or repair IPv6 on this network.""",
        inferred(sources.CONNECT),
        who=NETWORK,
    ),
    row(
        """auth-missing: The server does not offer AUTH
        Inside TLS SES lists AUTH PLAIN LOGIN. This server does not: another server answers, or a proxy edits
        the list.
        Do: Look at greeting, certificate and list in the transcript: they name what answers.
        Do: Try the other ports: proxies rarely touch all of them.
        Ruled out: Not the credentials: they were not sent.""",
        inferred(sources.CONNECT),
        who=NETWORK,
    ),
    row(
        """auth-mechanism: The server does not offer AUTH PLAIN or LOGIN
        Inside TLS SES lists AUTH PLAIN LOGIN. This server offers other mechanisms only, or not the one that
        was asked for. No credentials were sent.
        Do: Look at greeting, certificate and list in the transcript: they name what answers.
        Do: Compare the host: XOAUTH2 and CRAM-MD5 belong to other providers.
        Do: If you asked for a mechanism, leave that out.
        Ruled out: Not the credentials: they were not sent.""",
        inferred(sources.CONNECT),
        who=YOU_OR_NETWORK,
        stage=Stage.EHLO,
        samples=(
            "not signed in: inside TLS, EHLO lists AUTH XOAUTH2 CRAM-MD5, and no AUTH with PLAIN or LOGIN",
        ),
        pattern=r"and no AUTH with (?:PLAIN|LOGIN)",
    ),
    row(
        """host-not-ses: The host name is not an SES endpoint
        It is an alias, an IP address or another provider. Which certificate is right for it cannot be known,
        so no credentials were sent.
        Do: Connect to email-smtp.<region>.amazonaws.com; `--connect-to ADDRESS:PORT` (`connect_to=`) leads
            that name to a tunnel or a relay of your own.
        Do: Or name the authorities whose certificate you trust for this host: `--ca-file FILE` (`ca_file=`).
        Ruled out: Not the credentials: they were not sent.""",
        inferred(sources.CONNECT),
        stage=Stage.AUTH,
        samples=(
            "not signed in: smtp.example.com is not the name of an SES endpoint, and no --ca-file FILE (ca_file=) "
            "says whose certificates to trust for it",
        ),
        pattern=r"is not the name of an SES endpoint, and no --ca-file",
    ),
    row(
        """reply-unasked: The server replied before the command was sent
        The server, or something on the way, sent more replies than there were commands. Every later reply
        would be taken for the answer to another command, so the connection was given up.
        Do: Try again on a new connection.
        Do: If it happens again: find the proxy between you and SES; use port 465 to pass it.""",
        inferred("https://nostarttls.secvuln.info/"),
        retry=Retry.NEW_CONNECTION,
        who=NETWORK,
        stage=Stage.AUTH,
        samples=("not signed in: '250 Ok' came before the command that it would answer",),
        pattern=r"came before the command that it would answer",
    ),
    row(
        """not-finished: The check was not finished
        It ended before it could tell whether mail can be sent: it was stopped, could not begin, or was told
        to leave TLS out. What it saw is in the table.
        Do: Run it again, with TLS, and let it end.""",
        unknown(sources.CONNECT),
        retry=Retry.NEW_CONNECTION,
    ),
    row(
        """tls-intercepted: TLS is intercepted on the path
        The certificate was not issued by Amazon: a proxy or antivirus terminates TLS and can read the
        session. To sign in, sestools trusts Amazon's own root certificates, not everything that this host
        trusts.
        Do: Exclude email-smtp.<region>.amazonaws.com from TLS inspection.
        Do: Do not sign in over this path: the proxy could read the password.
        Do: If that proxy may read the password, name the authority that issued the certificate: `--ca-file
            FILE` (`ca_file=`).""",
        inferred(sources.CONNECT),
        who=NETWORK,
    ),
    _credential(
        """credential-swapped: User name and password are swapped
        The password looks like an access key id and the user name like a password.
        Do: Swap the two values.""",
        documented(sources.SMTP_CREDENTIALS),
    ),
    _credential(
        """credential-whitespace: A blank or line end is part of the credentials
        A value begins or ends with white space, usually from copying or from a file.
        Do: Copy the value again without blanks and line ends.""",
        seen(sources.GITHUB + "sandstorm-io/sandstorm/issues/2734"),
    ),
    _credential(
        """credential-quotes: Quotes are part of the credentials
        A value stands in quotes that reached the client, usually from an environment or YAML file.
        Do: Remove the quotes, or let the program that reads the file remove them.""",
        seen(sources.SMTP_CREDENTIALS),
    ),
    _credential(
        """credential-url-encoded: The password is still URL-encoded
        The password holds %2B, %2F or %3D where + / or = belongs.
        Do: Decode it (%2B is +, %2F is /), or encode it only inside a URL.""",
        seen(sources.GITHUB + "sandstorm-io/sandstorm/issues/2734"),
    ),
    _credential(
        """credential-temporary-key: The user name is a temporary key
        A key that begins with ASIA comes from a role or session. The SES SMTP interface does not accept
        those.
        Do: Make SMTP credentials of an IAM user, or use the HTTPS API with the role.""",
        documented(sources.SMTP_CREDENTIALS),
    ),
    _credential(
        """credential-mail-manager: The user name belongs to SES Mail Manager
        A user name inp-… is for a Mail Manager ingress endpoint, another product with its own host.
        Do: Use the ingress endpoint's host with it, or SMTP credentials with
            email-smtp.<region>.amazonaws.com.""",
        seen(sources.GUIDE + "eb.html"),
    ),
    _credential(
        """credential-wrong-field: The user name is not an SMTP user name
        The SMTP user name is an access key id (AKIA and 16 more characters). An e-mail address, an IAM user's
        name or an account number stands there.
        Do: Enter the SMTP user name that the console showed beside the password.""",
        seen(sources.SMTP_CREDENTIALS),
    ),
    _credential(
        f"""credential-secret-key: The password is the secret access key
        The value has the shape of an AWS secret access key. SMTP wants a password that is computed from it
        for one region. This is the most common reason for a 535.
        Do: Convert the key to the region's SMTP password (`smtp_password`).
        Do: {NEW_CREDENTIALS}""",
        documented(sources.SMTP_CREDENTIALS),
    ),
    _credential(
        f"""credential-legacy: The password uses signature version 2
        It was made with signature version 2, before 10 January 2019. It may still work and is slowed down.
        Do: {NEW_CREDENTIALS}
        Do: Then delete the old ones.""",
        documented(sources.ERRORS),
        retry=Retry.SLOWER,
    ),
    _credential(
        """credential-wrong-region: The password belongs to another region
        The password was computed from this secret key for another region than the endpoint's.
        Do: Use that region's endpoint, or the password for this region.""",
        documented(sources.SMTP_CREDENTIALS),
    ),
    _credential(
        f"""credential-other-key: The password does not come from this secret key
        No region that is known gives this password from the secret key: it belongs to another key, or was
        mistyped.
        Do: Check that both belong to the same access key.
        Do: {NEW_CREDENTIALS}""",
        inferred(sources.SMTP_CREDENTIALS),
    ),
    _credential(
        f"""credential-shape: The password does not look like an SES SMTP password
        An SMTP password is base64 of 44 characters (33 bytes, the first one 4). This one is not: a part is
        missing, or it is the password of something else.
        Do: Copy it again in full.
        Do: {NEW_CREDENTIALS}""",
        documented(sources.SMTP_CREDENTIALS),
    ),
)
