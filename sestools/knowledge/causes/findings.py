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
        Connections to port 25 are dropped on the way. [-] On EC2 AWS restricts outgoing port 25 by default,
        and for whatever leaves through a VPC [documented: lambda-port-25#lambda]; many other providers block
        it too. [seen: https://gitlab.com/gitlab-org/omnibus-gitlab/-/merge_requests/5471] Ports 465 and 587 are
        not restricted. [documented: codes#port-25]
        Do: Use port 587 or 2587 (STARTTLS), or 465 or 2465 (TLS from the first byte).
        Do: If it must be 25 on EC2: the AWS form 'Request to remove email sending limitations'. [documented:
            codes#port-25]
        Do: Elsewhere ask the provider; from a VPC, a VPC endpoint works too. [documented: connect#port-25]
        Ruled out: Not SES's throttling and not the credentials: no connection came about. [-]""",
        documented("ec2-port-25#default"),
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
        inferred("timeouts#tcp"),
        who=YOU_OR_NETWORK,
        port_first=True,
        stage=Stage.CONNECT,
    ),
    row(
        """ports-refused: Some of the SES ports are refused
        Some ports can be connected to, and others are refused at once. SES is not known to refuse on its five
        ports, and security groups and network ACLs drop instead of refusing [inferred]: a hosting firm's SMTP
        restriction, a firewall that rejects, on this host or on the way, or a proxy does it.
        Do: Use a port that is ready to sign in, if the table shows one.
        Do: Look at this host's own firewall for a rule that rejects, such as `nft list ruleset`.
        Do: Ask the hosting firm, or whoever runs the firewall, whether it restricts outgoing SMTP.""",
        seen(sources.GITHUB + "mautic/mautic/issues/7590"),
        who=YOU_OR_NETWORK,
        port_first=True,
    ),
    row(
        """closed-at-once: The connection is closed before AUTH
        A fresh connection was made, and closed or reset before sign-in. SES is not known to do that. A
        firewall, a proxy or a mail scanner can, by the port, by the first words, or by the name in the TLS
        handshake (SNI); so can a load balancer that has no server to hand the connection to.
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
        No connection attempt succeeded, on any port [-]: a filter stops all outgoing connections to SES, or
        there is no way to the internet.
        Do: Check security group, network ACL, route table and NAT (or the VPC endpoint's security group).
        Do: On Kubernetes or a corporate network ask for outgoing TCP 587 to
            email-smtp.<region>.amazonaws.com.""",
        documented("timeouts#tcp"),
        who=NETWORK,
        stage=Stage.CONNECT,
    ),
    row(
        """vpc-endpoint-blocked: The VPC endpoint does not allow these ports
        The name leads to private addresses, as a VPC endpoint for SES has them. [inferred] Its security group
        must allow inbound TCP on each SMTP port that is used, from the client's private address.
        Do: In the endpoint's security group allow inbound TCP on the port that you use: 587, 465, 2587, 2465
            or 25. [documented: vpc#group]
        Do: Check that the endpoint is 'available', which takes about 5 minutes after it is made. [documented:
            vpc#available]
        Do: Through VPC peering dial the endpoint's own vpce-… name: private DNS does not cross peering.
            [inferred]
        Do: If there should be no VPC endpoint: something (hosts file, private zone) gives the name this
            address.
        Ruled out: Not a firewall on the way to the internet: the address is private. [-]""",
        documented("vpc#group"),
        who=YOU_OR_NETWORK,
        stage=Stage.CONNECT,
    ),
    row(
        """connection-limit: Only some connection attempts get through
        Of several connections to the same ports some are made and others are not, and it is not always the
        same port. A firewall or NAT that allows so many new connections a minute, or so many at a time, does
        that, and so does a server's limit for each client.
        Do: Wait two minutes and check one port: `sestools check REGION --port 587`.
        Do: Send over few connections, and keep each for several messages.
        Do: Ask whoever runs the firewall or NAT for its limits on new connections and its state table.""",
        inferred(sources.TIMEOUTS),
        retry=Retry.SLOWER,
        who=YOU_OR_NETWORK,
    ),
    row(
        """lossy-path: Packets get lost or come late
        Small packets had to be sent again before they arrived. Connections are then slow, or end by time-out
        at any step.
        Do: Check again: loss comes and goes. `mtr -T -P 587 HOST` shows where packets get lost.
        Do: Wait longer meanwhile: `--timeout 30` (`timeout=30`).
        Do: If it is always the first packet of a connection: something drops SYNs with ECN; Linux: `sysctl
            net.ipv4.tcp_ecn`.""",
        inferred(sources.TIMEOUTS),
        retry=Retry.SOON,
        who=NETWORK,
    ),
    row(
        """slow-path: The path or the server is slow
        Answers come, later than is usual. Nothing stopped them within the time that was waited.
        Do: Wait longer: `--timeout 30` (`timeout=30`), and give mail clients a minute for each reply.
        Do: Look at what else uses the link, and at the round-trip time: `ping` or `mtr`.""",
        inferred(sources.TIMEOUTS),
        retry=Retry.SOON,
        who=YOU_OR_NETWORK,
    ),
    row(
        """tls-swallowed: The TLS handshake gets no answer
        Short commands are answered, and the first message of the TLS handshake is not, whatever the size of
        its packets. Something that inspects the content drops it, or the server behind does not answer it.
        Do: Ask whoever runs the firewall or proxy to let SMTP to this host through, uninspected.
        Do: Compare from another network: if the handshake goes well there, it is this path.""",
        inferred(sources.CONNECT),
        who=NETWORK,
    ),
    row(
        """stall-by-bytes: The connection stalls after some bytes
        Data passes at first, and then nothing more does, whatever the size of its packets. A firewall that
        gives up a connection after so many bytes, or by what they hold, does that.
        Do: Ask whoever runs the firewall or proxy to let SMTP to this host through, uninspected.
        Do: `sestools mtu REGION` looks closer at what passes.""",
        inferred(sources.CONNECT),
        who=NETWORK,
    ),
    row(
        """resolver-down: The resolver cannot be reached
        The network says that nobody listens at the resolver's address, or that there is no way there. Nothing
        was asked of SES.
        Do: Look at the resolver's address: /etc/resolv.conf, `resolvectl`, or `Get-DnsClientServerAddress`.
        Do: Start the resolver, or name one that runs.""",
        inferred("https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"),
        retry=Retry.SOON,
        who=YOU_OR_NETWORK,
        stage=Stage.RESOLVE,
    ),
    row(
        """resolver-failed: The resolver answers with an error
        The resolver was reached, and gave an error in place of addresses. That says nothing about the name: a
        resolver does so when it cannot reach or verify what it asks itself, or may not answer this host.
        Do: Ask another resolver: `dig @1.1.1.1 HOST`.
        Do: Look at the resolver's own log and at what it forwards to; restart it if it is yours.""",
        inferred("https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"),
        retry=Retry.SOON,
        who=NETWORK,
        stage=Stage.RESOLVE,
    ),
    row(
        """resolver-dead: One of the resolvers gives no answer
        The system has several resolvers, and one of them gives none. Programs ask one after the other, so
        look-ups are slow, or fail where less time is given.
        Do: Take the dead one out of /etc/resolv.conf (or out of DHCP), or repair it.""",
        inferred("https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"),
        retry=Retry.SOON,
        who=YOU_OR_NETWORK,
        stage=Stage.RESOLVE,
    ),
    row(
        """resolver-aaaa: Questions for IPv6 addresses (AAAA) get no answer
        The name's IPv4 addresses come at once, and the question for AAAA (IPv6) gets no usable answer. Programs
        ask both and wait, so each look-up is slow, or fails where less time is given.
        Do: Repair or replace the resolver, or the firewall or proxy that drops the question for AAAA.
        Do: Meanwhile on Linux: `options single-request timeout:1` in /etc/resolv.conf shortens the wait.""",
        inferred("https://datatracker.ietf.org/doc/html/rfc4074"),
        retry=Retry.SOON,
        who=NETWORK,
        stage=Stage.RESOLVE,
    ),
    row(
        """name-slow: The look-up of the host name is slow
        The name resolves, and that takes seconds. A client that gives less time to it fails.
        Do: Look at the resolver's load and at what it forwards to; a resolver nearby that caches helps.""",
        inferred("https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"),
        retry=Retry.SOON,
        who=NETWORK,
        stage=Stage.RESOLVE,
    ),
    row(
        """name-elsewhere: This host resolves the name to other addresses than DNS
        What this host has for the name cannot be reached, and an address that only DNS gives can. An entry in
        the hosts file, or an old answer that is still kept, does that.
        Do: Look for the name in /etc/hosts (Windows: C:\\Windows\\System32\\drivers\\etc\\hosts) and take it out.
        Do: Flush the cache: `resolvectl flush-caches`, `ipconfig /flushdns`.""",
        inferred(sources.CODES),
        stage=Stage.CONNECT,
    ),
    row(
        """name-hijacked: The resolver invents addresses
        The resolver gives an address for a name that cannot exist, so what it gives for SES's name proves
        nothing: a captive portal, a filter for advertisements, or a provider's search page answers for all.
        Do: Sign in to the network's portal, if it has one.
        Do: Ask another resolver: `dig @1.1.1.1 HOST`, and use it if its answer differs.""",
        inferred("https://datatracker.ietf.org/doc/html/rfc6761"),
        who=NETWORK,
        stage=Stage.RESOLVE,
    ),
    row(
        """address-not-ses: The name leads to this host itself
        The name of SES's endpoint leads to an address of this host, where nothing answers as SES does: an
        entry in the hosts file, or a resolver that filters names, does that.
        Do: Look for the name in the hosts file; take it out unless a tunnel of yours should listen there.
        Do: Allow the name in the filter (Pi-hole and the like), or ask another resolver.""",
        inferred(sources.CODES),
        who=YOU_OR_NETWORK,
        stage=Stage.RESOLVE,
    ),
    row(
        """addresses-dead: Only some addresses of the name answer
        The name has several addresses and some get no answer. A firewall that lists addresses, or a cached
        old address, looks like this: SES's addresses change often. [documented: codes#addresses]
        Do: Allow by name, not by address; no complete list of addresses exists. [documented: codes#addresses]
        Do: Do not cache DNS longer than its TTL (60 s was seen). [inferred]""",
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
        Inside TLS SES lists AUTH PLAIN LOGIN. [seen: github:mautic/mautic/issues/3704] This server does not:
        another server answers, or a proxy edits the list.
        Do: Look at greeting, certificate and list in the transcript: they name what answers.
        Do: Try the other ports: proxies rarely touch all of them.
        Ruled out: Not the credentials: they were not sent. [-]""",
        inferred(sources.CONNECT),
        who=NETWORK,
    ),
    row(
        """auth-mechanism: The server does not offer AUTH PLAIN or LOGIN
        Inside TLS SES lists AUTH PLAIN LOGIN. [seen: github:mautic/mautic/issues/3704] This server offers
        other mechanisms only, or not the one that was asked for. No credentials were sent. [-]
        Do: Look at greeting, certificate and list in the transcript: they name what answers.
        Do: Compare the host: XOAUTH2 and CRAM-MD5 belong to other providers.
        Do: If you asked for a mechanism, leave that out.
        Ruled out: Not the credentials: they were not sent. [-]""",
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
        The password looks like an access key id [-], and an SMTP user name is one. The user name looks like a
        password. [-]
        Do: Swap the two values.""",
        documented("credentials#password"),
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
        seen(sources.GITHUB + "sandstorm-io/sandstorm/issues/2734"),
    ),
    _credential(
        """credential-url-encoded: The password is still URL-encoded
        The password holds %2B, %2F or %3D where + / or = belongs.
        Do: Decode it (%2B is +, %2F is /), or encode it only inside a URL.""",
        seen(sources.GITHUB + "sandstorm-io/sandstorm/issues/2734"),
    ),
    _credential(
        """credential-temporary-key: The user name is a temporary key
        A key that begins with ASIA comes from a role or session. [inferred] The SES SMTP interface does not
        accept those.
        Do: Make SMTP credentials of an IAM user, or use the HTTPS API with the role.""",
        documented("credentials#temporary"),
    ),
    _credential(
        """credential-mail-manager: The user name belongs to SES Mail Manager
        A user name inp-… is for a Mail Manager ingress endpoint, another product with its own host.
        Do: Use the ingress endpoint's host with it, or SMTP credentials with
            email-smtp.<region>.amazonaws.com.
        Unsure: The form of the user name is from two logs whose addresses were not kept; the source is AWS's
            page about Mail Manager.""",
        seen(sources.GUIDE + "eb.html"),
    ),
    _credential(
        """credential-wrong-field: The user name is not an SMTP user name
        The SMTP user name is an access key id: AKIA and 16 more characters [inferred]. An e-mail address, an
        IAM user's name or an account number stands there. [-]
        Do: Enter the SMTP user name that the console showed beside the password.""",
        documented("credentials#password"),
    ),
    _credential(
        f"""credential-secret-key: The password is the secret access key
        The value has the shape of an AWS secret access key. [-] SMTP wants a password that is computed from
        it for one region. It is a common reason for a 535. [seen: github:knadh/listmonk/issues/2160]
        Do: Convert the key to the region's SMTP password (`smtp_password`).
        Do: {NEW_CREDENTIALS}""",
        documented("credentials#password"),
    ),
    _credential(
        f"""credential-legacy: The password uses signature version 2
        It was made with signature version 2, before 10 January 2019. It may still work and is slowed down.
        [inferred]
        Do: {NEW_CREDENTIALS}
        Do: Then delete the old ones. [documented: errors#sigv2]""",
        documented("errors#sigv2"),
        retry=Retry.SLOWER,
    ),
    _credential(
        """credential-wrong-region: The password belongs to another region
        The password was computed from this secret key for another region than the endpoint's [-]; each region
        has its own.
        Do: Use that region's endpoint, or the password for this region.""",
        documented("credentials#region"),
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
        An SMTP password is base64 of 44 characters (33 bytes, the first one 4). [inferred] This one is not: a
        part is missing, or it is the password of something else. [-]
        Do: Copy it again in full.
        Do: {NEW_CREDENTIALS}""",
        documented("credentials#password"),
    ),
)
