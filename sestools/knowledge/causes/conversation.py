"""What a client saw of TLS, and on its socket."""

from functools import partial

from sestools.core.enums import Kind, Retry, Stage, When
from sestools.knowledge.causes import sources
from sestools.knowledge.causes.rows import NETWORK, YOU_OR_NETWORK, client, documented, inferred, row, seen

_tls = partial(client, stage=Stage.TLS)

CAUSES = (
    client(
        """client-limiter: The client's own rate limiter stopped the message
        The sending application refused to send, by its own settings. Nothing reached SES.
        Do: Raise the limiter's capacity or send fewer messages at once.
        Ruled out: Not SES's throttling: SES would answer with 454. [documented: codes#454-rate]""",
        seen(sources.GITHUB + "mautic/mautic/issues/9644"),
        retry=Retry.SLOWER,
        samples=("Token amount (51) is larger than the capacity (3).",),
        pattern=r"token amount \(?\d+\)? is larger than the capacity",
    ),
    row(
        """wrong-endpoint: The client connects to the wrong AWS host
        SES has one host for SMTP (email-smtp.<region>.amazonaws.com) and others for its HTTPS API and for
        receiving. [documented: regions#hosts] Mail Manager has its own. [inferred] The client used one with
        the other's protocol.
        Do: For SMTP: email-smtp.<region>.amazonaws.com, ports 25, 465, 587, 2465 or 2587. [documented:
            connect#ports]
        Do: For the HTTPS API (SDK, API plug-in): email.<region>.amazonaws.com, port 443.
        Ruled out: Not a firewall: the host was right to stay silent on that port or protocol. [inferred]""",
        seen(sources.GITHUB + "drewblas/aws-ses/issues/38"),
        samples=(
            'wrong status line: "220 email-smtp.amazonaws.com ESMTP SimpleEmailService" (Net::HTTPBadResponse)',
        ),
        pattern=r"(?:wrong status line|HTTPBadResponse|malformed HTTP|BadStatusLine|HTTP/0\.9)[^\n]{0,80}"
        r"220[ -]email-smtp|220[ -]email-smtp[^\n]{0,80}(?:HTTPBadResponse|malformed HTTP)|https://email-smtp",
    ),
    client(
        """starttls-masked: A device on the path has masked STARTTLS
        A firewall or mail proxy overwrites the word STARTTLS in the server's list, so that the client cannot
        encrypt.
        Do: Switch off SMTP inspection ('fixup', 'inspect esmtp') on the firewall.
        Do: Or use port 465 or 2465, which is encrypted from the first byte.""",
        inferred(sources.CONNECT),
        who=NETWORK,
        stage=Stage.EHLO,
        samples=("250-XXXXXXXA",),
        pattern=r"(?:250[ -]|EHLO lists[^\n]*\b)X{6,}[A-Z]?\b|STARTTLS (?:was |is )?masked",
    ),
    client(
        """starttls-injected: Clear text was received before the TLS handshake
        After 220 to STARTTLS only TLS may follow. Extra clear text there is a broken proxy or an attempt to
        smuggle replies into the encrypted session.
        Do: Do not sign in over this path.
        Do: Find the proxy between you and SES; use port 465 to pass it.""",
        inferred("https://nostarttls.secvuln.info/"),
        who=NETWORK,
        stage=Stage.STARTTLS,
        samples=("clear text ahead of the TLS handshake",),
        pattern=r"clear text (?:came |sent )?ahead of the (?:TLS )?handshake|(?:data|bytes|text) (?:sent |"
        r"received )?after STARTTLS before",
    ),
    client(
        """starttls-missing: The server does not offer STARTTLS
        SES offers STARTTLS on ports 25, 587 and 2587. [documented: connect#ports] If it is missing, something
        between you and SES answers or edits its list; or the connection is already TLS (465), where STARTTLS
        has no place.
        Do: On port 465 or 2465 choose 'SSL/TLS', not 'STARTTLS'.
        Do: Compare the greeting: it must say SimpleEmailService. [seen: github:jetmore/swaks/issues/15]
        Do: Switch off SMTP inspection on the firewall or antivirus.""",
        inferred(sources.CONNECT),
        who=YOU_OR_NETWORK,
        stage=Stage.EHLO,
        samples=("STARTTLS extension not supported by server.",),
        pattern=r"STARTTLS extension not supported|does(?: not|n't) (?:support|offer|advertise)[^\n]{0,30}STARTTLS|"
        r"did not offer STARTTLS|STARTTLS is required but|STARTTLS (?:is )?not (?:offered|supported|available)|"
        r"no STARTTLS|not advertise STARTTLS|TLS is required, but was not offered|server does not support secure connections|without STARTTLS",
    ),
    _tls(
        """wrapper-on-starttls: The client started TLS on a port that expects STARTTLS
        Ports 25, 587 and 2587 greet in clear text and switch to TLS by STARTTLS. [documented: connect#ports]
        The client expected TLS from the first byte and took the greeting for a broken TLS record.
        Do: On 587, 2587 or 25 choose 'STARTTLS' (often 'TLS' or `secure: false`), not 'SSL'.
        Do: Or keep TLS from the first byte and change the port to 465 or 2465.
        Ruled out: Not the TLS version, although many clients say so: no TLS was spoken at all.""",
        seen("https://gist.github.com/chrisroos/6b32b07aefa010526f7e5cfe58d61978"),
        samples=(
            "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)",
            "tls: first record does not look like a TLS handshake",
            "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message",
            "The handshake failed due to an unexpected packet format.",
        ),
        pattern=r"wrong[_ ]version[_ ]number|first record does not look like a TLS handshake|"
        r"un(?:supported or un)?recognized SSL message|plaintext connection\?|unexpected packet format|"
        r"(?:SSL|TLS)[^\n]{0,60}unknown[_ ]protocol|unexpected TLS packet|packet length too long|"
        r"received a record with incorrect version|typically reserved for plain-text|record layer failure|"
        r"InvalidContentType|error:[0-9A-F]{8}:SSL routines:[^\n]{0,60}:(?:unknown protocol|"
        r"packet length too long|http request)",
    ),
    _tls(
        """certificate-expired: The server's certificate is expired or not yet valid
        SES renews its certificates in time, so either this host's clock is wrong or another server answered.
        Do: Check the date and time of this host.
        Do: Look at the certificate's issuer: SES's is Amazon.""",
        inferred(sources.CONNECT),
        who=YOU_OR_NETWORK,
        samples=("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired",),
        pattern=r"certificate (?:has |is )?expired|certificate is not yet valid|CERT_HAS_EXPIRED|"
        r"expired or is not yet valid|NotTimeValid|CertificateExpired|CertificateNotYetValid",
    ),
    _tls(
        """certificate-wrong-name: The certificate is for another name
        The server's certificate does not hold the host name. Either the client connected to an IP address or
        an alias, or another server answers in SES's place (a hosting firm's mail server, a proxy).
        Do: Connect to email-smtp.<region>.amazonaws.com by name, not by IP address or your own CNAME.
        Do: If the certificate's name is your hosting firm's, ask it to stop redirecting outgoing SMTP.""",
        seen(sources.GITHUB + "PHPMailer/PHPMailer/issues/722"),
        who=YOU_OR_NETWORK,
        samples=(
            "Peer certificate CN=`*.example.net' did not match expected CN=`email-smtp.eu-west-1.amazonaws.com'",
        ),
        pattern=r"hostname mismatch|certificate CN=[^\n]{0,120}did not match|certificate is valid for [^\n]{0,120}, not |"
        r"(?:does not|doesn't) match (?:the )?(?:server )?certificate|certificate(?: name)? (?:does not|doesn't|did not) match|"
        r"ALTNAME_INVALID|RemoteCertificateNameMismatch|No subject alternative (?:DNS )?names?|"
        r"No name matching [^\n]{0,120} found|not valid for (?:the )?(?:name|host)|doesn't contain any IP SANs|"
        r"host ?name [^\n]{0,120}does not match|IP address mismatch|wrong certificate name|"
        r"certificate (?:subject name|owner) [^\n]{0,120}(?:does|do|did)(?: not|n't) match",
    ),
    _tls(
        """certificate-self-signed: The certificate is self-signed
        SES's certificates are issued by Amazon. [documented: command-line#amazon] A self-signed one comes
        from something in between: an intercepting proxy, an antivirus, a hosting firm's mail server.
        Do: Look at the certificate's issuer; it names what intercepts.
        Do: Exclude the SES host from inspection, or add the proxy's authority to this host's trust store.""",
        inferred(sources.CONNECT),
        who=NETWORK,
        samples=(
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain",
        ),
        pattern=r"self[- _]?signed[_ ]cert|DEPTH_ZERO_SELF_SIGNED|(?:certificate|cert) is self[- ]signed|\(self[- ]signed",
    ),
    _tls(
        """certificate-unknown-issuer: The certificate's issuer is not trusted here
        This host does not know who issued the certificate: its list of authorities is old or missing, or an
        intercepting proxy issued the certificate.
        Do: Update the authorities of this host or container (package ca-certificates).
        Do: Look at the issuer: if it is not Amazon, something intercepts.""",
        inferred(sources.CONNECT),
        who=YOU_OR_NETWORK,
        samples=(
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate",
            "x509: certificate signed by unknown authority",
        ),
        pattern=r"unable to get (?:local )?issuer|unknown authority|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|"
        r"unable to verify the first cert|PKIX path building failed|unknown[_ ]ca\b|UntrustedRoot|"
        r"unable to find valid certification path|issuer (?:certificate )?is (?:unknown|not trusted)|PartialChain|"
        r"not trusted by the system|unknown ?issuer|untrusted issuer|(?:got|have) a known issuer|signer not found",
    ),
    _tls(
        """certificate-invalid: The server's certificate was not accepted
        Verification failed and the client does not say why: expired, another name, or an unknown issuer.
        Do: Look at the certificate: `openssl s_client -starttls smtp -connect <host>:587 -showcerts`.
        Do: Update this host's certificate authorities and check its clock.
        Do: If the issuer is not Amazon, something intercepts the connection.""",
        inferred(sources.CONNECT),
        who=YOU_OR_NETWORK,
        samples=("The remote certificate is invalid according to the validation procedure.",),
        pattern=r"certificate[_ ]verify[_ ]failed|remote certificate (?:is invalid|was rejected)|"
        r"certificate (?:verification|validation) (?:failed|error)|certificate verify error|bad certificate|"
        r"server certificate (?:not trusted|verification failed)|SSL certificate problem|"
        r"certificate unknown|RemoteCertificateChainErrors|certificate is (?:not trusted|invalid)|"
        r"certificate not trusted|peer certificate cannot be authenticated",
    ),
    _tls(
        """tls-version: Client and server share no TLS version or cipher
        SES speaks TLS 1.2 and 1.3 only. [documented: security#versions] The client is older, or its policy
        allows nothing that SES does.
        Do: Update the client's runtime, OpenSSL or operating system to one with TLS 1.2.
        Do: Look for a setting that fixes an old protocol or a short list of ciphers.""",
        inferred("security#versions"),
        samples=(
            "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1000)",
            "Received fatal alert: handshake_failure",
        ),
        pattern=r"protocol[_ ]version|handshake[_ ]failure|no shared cipher|no (?:supported|common) cipher|"
        r"no appropriate protocol|unsupported[_ ]protocol|cipher mismatch|no protocols available|"
        r"no cipher suites in common|client and server cannot communicate|do not possess a common algorithm|"
        r"inappropriate[_ ]fallback|dh key too small|no ciphers available|version too low|"
        r"unsupported (?:SSL|TLS) version|insufficient security",
        rather=((When.OBSERVED, "server-tls-too-old"),),
    ),
    client(
        """foreign-greeting: Another server answers instead of SES
        SES's greeting says SimpleEmailService, and on 465 and 2465 SES speaks TLS first. What answers here
        does not: an internet provider, a hosting firm or an antivirus catches outgoing SMTP and answers
        itself. It gets no credentials from sestools, whatever certificate it shows.
        Do: Use port 2587 or 2465 instead: such proxies rarely intercept them.
        Do: Ask the hosting firm to lift its SMTP restriction, or switch off mail scanning in the
            antivirus.""",
        inferred(sources.GITHUB + "mautic/mautic/issues/7590"),
        who=NETWORK,
        stage=Stage.GREETING,
        samples=("220 mail.example.net ESMTP Exim 4.96",),
        # Not "220 Ready to start TLS", which answers STARTTLS.
        pattern=r"(?<![\d.])220[ -](?!(?:2\.0\.0 )?ready)(?![^\n]{0,120}SimpleEmailService)[\w.-]{2,80} [^\n]{0,40}SMTP",
        port_first=True,
    ),
    client(
        """no-greeting: Connected, but no greeting came
        On ports 465 and 2465 SES waits for the client's TLS and says nothing before. A client that waits for
        a greeting there waits indefinitely.
        Do: On 465 or 2465 choose TLS from the first byte ('SSL/TLS', `secure: true`, `ssl://`).
        Do: Or use port 587 with STARTTLS.
        Ruled out: Not a blocked port: the TCP connection was open. [-]""",
        seen("https://gist.github.com/chrisroos/6b32b07aefa010526f7e5cfe58d61978"),
        stage=Stage.GREETING,
        samples=("Greeting never received", "timed out while receiving the initial server greeting"),
        pattern=r"greeting never received|no greeting|initial server greeting|"
        r"bad greeting from SMTP host[^\n]{0,120}(?:response: \[EOF\]|response: -1)|port: 2?465[^\n]{0,20}response: -1",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.GREETING}),
        rather=((When.NOT_BEFORE_TLS, "reply-timeout"),),
    ),
    row(
        """mtu-black-hole: Path MTU black hole: packets above a certain size are dropped
        Packets that are larger than the path carries vanish on the way, and their sender is not told, or does
        not heed it: the ICMP message ('fragmentation needed') that would tell it does not arrive. Short
        commands pass, then a message's body or the TLS handshake hangs. The same bytes pass in smaller
        packets, so it is their size and nothing else.
        Do: Find the size: `sestools mtu <where>` names it, on Linux.
        Do: Linux: `ip link set dev <interface> mtu <mtu>` with the size that was found. To keep it, set it in
            netplan, NetworkManager or ifcfg.
        Do: Windows: `netsh interface ipv4 set subinterface "Ethernet" mtu=<mtu> store=persistent`, then
            restart.
        Do: On macOS: System Settings, Network, the interface, Details, Hardware, MTU; until a restart:
            `networksetup -setMTU <interface> <mtu>`.
        Do: Or clamp TCP's segment size at the router, VPN or tunnel where the path narrows; `sestools mtu
            <where>` prints the rule for it.
        Do: Let ICMP type 3 code 4 (IPv6: ICMPv6 type 2) in through security groups and firewalls.
        Do: Then run `sestools mtu <where>` again: large packets must pass.
        Ruled out: Not a slow or silent server, and not plain packet loss: smaller segments pass at once.
        Ruled out: Not a blocked port: the connection opens.""",
        documented(sources.MTU),
        who=YOU_OR_NETWORK,
        stage=Stage.BODY,
        samples=(
            "large segments vanish from client to server: with segments of at most 1360 bytes they pass, with "
            "1361 they stall",
        ),
        pattern=r"large segments vanish",
        decisive=True,
    ),
    row(
        """mtu-narrow-path: Large packets pass, smaller than this host's interface would send them
        The path carries less than the interface. Path MTU discovery, a route's own MTU, or a router that
        lowers TCP's segment size made the packets smaller, and they pass. Nothing has to change. Where it
        rests on path MTU discovery it breaks as soon as somebody filters ICMP.
        Do: Nothing. To rest on nobody's ICMP: `ip link set dev <interface> mtu <mtu>` sets what the path
            carries.
        Do: Keep ICMP type 3 code 4 (IPv6: ICMPv6 type 2) open in security groups and firewalls.""",
        documented(sources.MTU),
        retry=Retry.NOT_NEEDED,
        who=YOU_OR_NETWORK,
        samples=("large segments pass narrowed to packets of 1400 bytes",),
        pattern=r"large segments pass narrowed",
    ),
    client(
        """mtu-stall: The connection stalls when large packets are sent
        Short commands pass, then the TLS handshake or the message's body hangs. Often packets larger than the
        path carries vanish and the ICMP message that would tell is filtered. Whether it is the size was not
        measured yet.
        Do: Run `sestools mtu <where>`: it decides, finds the size that passes, and tries the fix.
        Do: If the interface sends jumbo frames (`ip link show`: more than 1500, as EC2's 9001), set its MTU
            to 1500, which is the most that the internet carries.
        Do: Let ICMP type 3 code 4 (IPv6: ICMPv6 type 2) in through security groups and firewalls.
        Unsure: A slow link, an overloaded host or a short client time-out look the same; the probe for MTU
            decides.""",
        documented(sources.MTU),
        retry=Retry.UNKNOWN_FATE,
        who=YOU_OR_NETWORK,
        stage=Stage.BODY,
        samples=("timed out while sending message body", "conversation timed out while sending end of data"),
        pattern=r"timed? ?out while (?:sending (?:the )?(?:message|body|end of data|data)|"
        r"performing the TLS|negotiating)|(?:SSL|TLS)[: ][^\n]{0,20}handshake (?:has )?timed out|"
        r"TLS handshake timeout|handshake operation timed out",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.BODY, Stage.TLS}),
        rather=((When.SEEN_ON_TLS_PORT, "reply-timeout"),),
    ),
    row(
        """mtu-unfinished: The path is too slow to tell in this time whether large packets pass
        The path answers, and slowly: the time that was given was over before large packets had gone both
        ways. Nothing points to their size.
        Do: Give it longer: `sestools mtu <where> --timeout <seconds>`.""",
        inferred(sources.CONNECT),
        retry=Retry.NEW_CONNECTION,
        stage=Stage.EHLO,
    ),
    client(
        """local-firewall: The operating system of this host denied the connection
        The operating system refused to open the connection: a local firewall, an antivirus, SELinux or a
        container's policy. Nothing left this host.
        Do: Allow the program to open outgoing connections to the SES ports in the local firewall or
            antivirus.
        Do: On SELinux: `setsebool -P httpd_can_sendmail on` and `httpd_can_network_connect on`.""",
        seen(sources.GITHUB + "mautic/mautic/issues/7628"),
        stage=Stage.CONNECT,
        samples=(
            "An attempt was made to access a socket in a way forbidden by its access permissions. #10013",
            "connect() failed: [Errno 13] Permission denied",
        ),
        pattern=r"forbidden by its access permissions|\bWSAEACCES\b|\bconnect EACCES\b|(?:connect|socket|"
        r"fsockopen|dial|SMTP)[^\n]{0,160}(?:permission denied|operation not permitted)|"
        r"\[permission denied #13\]|PermissionError: \[(?:Errno|WinError) \d+\] [\w ]{0,90}(?:$|: connect)",
    ),
    client(
        """network-unreachable: There is no route from this host to SES
        There is no route: no internet gateway or NAT for this subnet, no network in the container, or IPv6 is
        tried where only IPv4 works.
        Do: Check the route table: a public address with an internet gateway, a NAT, or a VPC endpoint.
        Do: If the address is IPv6, make the client use IPv4.""",
        inferred(sources.TIMEOUTS),
        who=NETWORK,
        stage=Stage.CONNECT,
        samples=("[Errno 101] Network is unreachable",),
        pattern=r"network (?:is )?unreachable|\bENETUNREACH\b|no route to host|\bEHOSTUNREACH\b|host is unreachable|"
        r"unreachable (?:network|host)|cannot assign requested address|\bEADDRNOTAVAIL\b|destination (?:host|net) unreachable|network is down|NoRouteToHost",
        kinds=frozenset({Kind.UNREACHABLE, Kind.NO_ROUTE}),
    ),
    client(
        """name-not-found: The host name does not resolve
        DNS gives no address for the name: a typing error, a region without an SMTP endpoint, a resolver that
        does not work, or private DNS without its VPC endpoint.
        Do: Check the name: email-smtp.<region>.amazonaws.com.
        Do: Check that the region has an SMTP endpoint; some have only the HTTPS API.
        Do: Try the resolver with another name; in a container look at /etc/resolv.conf.""",
        inferred(sources.CONNECT),
        retry=Retry.SOON,
        who=YOU_OR_NETWORK,
        stage=Stage.RESOLVE,
        samples=(
            "[Errno -2] Name or service not known",
            "getaddrinfo ENOTFOUND email-smtp.eu-west-1.amazonaws.com",
        ),
        pattern=r"name or service not known|nodename nor servname|\bENOTFOUND\b|\bEAI_AGAIN\b|\bEAI_NONAME\b|"
        r"no such host|failure in name resolution|UnknownHost(?:Exception)?\b|host(?:name)? not found|"
        r"getaddrinfo(?: for [\w.-]+)?(?: failed|:)|could ?n[o']t resolve|name (?:could not|cannot) be resolved|"
        r"host or domain name not found|name service error|no address associated|\bunknown host\b|gaierror|"
        r"lookup [\w.-]+[^\n]{0,60}: (?:no such|server misbehaving|i/o timeout)|\bNXDOMAIN\b|"
        r"unable to (?:look ?up|resolve)|could not be resolved|name does not resolve|lookup address information|unknown (?:or invalid )?host\b",
        kinds=frozenset({Kind.NOT_FOUND}),
    ),
    client(
        """resolver-timeout: The resolver does not answer
        The look-up of the host name did not end in time: the resolver that this host asks is down, out of
        reach (DNS needs port 53, UDP and TCP), or very slow. Nothing was asked of SES.
        Do: Look at the resolver's address: /etc/resolv.conf, `resolvectl`, or `Get-DnsClientServerAddress`.
        Do: In a VPC the resolver is the VPC's base address plus 2; check 'DNS resolution' in the VPC's
            settings.
        Do: Allow DNS (port 53, UDP and TCP) to it in network ACL and firewall.
        Ruled out: Not SES and not its ports: no address was known yet.""",
        inferred("https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"),
        retry=Retry.SOON,
        who=NETWORK,
        stage=Stage.RESOLVE,
        samples=("The resolution lifetime expired after 5.0 seconds: The DNS operation timed out.",),
        pattern=r"resolution lifetime expired|DNS operation timed out|DNS (?:query|request|look-?up) timed out",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.RESOLVE}),
    ),
    client(
        """connection-refused: The connection was refused
        Something answered with a reset at once. SES is not known to do that on its five ports [inferred]: a
        hosting firm's SMTP restriction, a local firewall or a wrong host or port does. `127.0.0.1` means that
        the client's own default was used.
        Do: Check host and port in the client; look for `localhost` or 127.0.0.1 in the error.
        Do: Ask the hosting firm whether it restricts outgoing SMTP; try 2587 or 2465.""",
        seen(sources.GITHUB + "mautic/mautic/issues/7590"),
        who=YOU_OR_NETWORK,
        stage=Stage.CONNECT,
        samples=("connect ECONNREFUSED 192.0.2.10:587", "[Errno 111] Connection refused"),
        pattern=r"connection (?:was )?refused|\bECONNREFUSED\b|actively refused|ConnectionRefused|#10061\b|"
        r"connection refus",
        kinds=frozenset({Kind.REFUSED}),
        rather=((When.NOT_SMTP, "wrong-endpoint"),),
    ),
    client(
        """connect-timeout: The connection attempt got no answer
        Packets to SES, or the answers, are dropped on the way: a firewall, a security group or network ACL, a
        missing route, or a blocked port. It can be the security group of a VPC endpoint as well. [documented:
        vpc#group]
        Do: Try the other ports: 587, 2587, 465, 2465. If one works, a port is blocked.
        Do: Allow outgoing TCP to that port in security group, network ACL and firewall, and the answers back.
        Do: In a private subnet check the NAT gateway, or the VPC endpoint's security group.""",
        documented("timeouts#tcp"),
        retry=Retry.SOON,
        who=NETWORK,
        stage=Stage.CONNECT,
        samples=("connect ETIMEDOUT 192.0.2.10:587", "[Errno 110] Connection timed out"),
        pattern=r"connect(?:ion|ing)?(?: attempt)?(?: to [^\n]{1,120})? (?:has )?time?d?[ -]?out|\bETIMEDOUT\b|"
        r"connection timeout|\bESOCKETTIMEDOUT\b|OpenTimeout|connect(?:ion)? timed out|"
        r"dial tcp[^\n]{0,120}(?:i/o timeout|deadline exceeded)|did ?n[o']t properly respond after|#10060\b|"
        r"(?<!read )(?<!write )operation (?:has )?timed out|ConnectTimeout|execution expired|host failed to respond|"
        r"(?:could not|couldn't|unable to|failed to) connect[^\n]{0,160}time?d?[ -]?out|connect: timeout|"
        r"(?<!Read)TimeoutError: (?:\[Errno \d+\] )?(?:connection )?timed out|socket\.timeout: timed out|TcpTestSucceeded ?: ?False|TCP connect to \([^()\n]{1,80}\) failed|"
        r"network_failure\b[^\n]{0,120}:timeout\b|\(timed out\)|^\W{0,9}timed out\W{0,9}$",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.CONNECT}),
        rather=(
            (When.NOT_SMTP, "wrong-endpoint"),
            (When.CLEAR_TEXT_ON_TLS_PORT, "no-greeting"),
            (When.PORT_25, "port25-blocked"),
        ),
        port_first=True,
    ),
    client(
        """reply-timeout: The server's reply never came
        The connection was open, and no reply came within the time that the client waits. The server or the
        path may be slower than that, or a packet or the whole connection was lost on the way; from here these
        look the same.
        Do: Wait longer: `--timeout 30` (`timeout=30`), and see whether the reply comes.
        Do: Open a new connection and try again.
        Do: If it happens always at the same step, run the probes: TLS mode at the greeting, MTU at the body.
        Do: If the final dot had been sent, the message may have been accepted: look for it before sending
            again.""",
        inferred(sources.TIMEOUTS),
        retry=Retry.UNKNOWN_FATE,
        who=YOU_OR_NETWORK,
        samples=("The read operation timed out", "java.net.SocketTimeoutException: Read timed out"),
        pattern=r"read operation timed out|read timed out|ReadTimeout|read tcp[^\n]{0,120}i/o timeout|"
        r"timed out while (?:receiving|waiting)|conversation with [^\n]{1,120} timed out|"
        r"timeout(?: while)? waiting for (?:a )?(?:reply|response|server)|i/o timeout|\btimed[ -]out\b|"
        r"response (?:has )?timed? ?out",
        kinds=frozenset({Kind.TIMEOUT}),
        rather=((When.NOT_SMTP, "wrong-endpoint"), (When.CLEAR_TEXT_ON_TLS_PORT, "no-greeting")),
    ),
    client(
        """connection-lost: An open connection was lost
        The connection ended without a reply. It had carried too many messages, say, or a middlebox dropped
        its state. Or it had been idle: SES closes after about 10 seconds. [documented: command-line#idle] Or
        its host behind the load balancer was replaced. [documented: codes#lifetime]
        Do: Open a new connection and send again; if the final dot had been sent, the message may be accepted.
        Do: Recycle pooled connections after a fixed time and number of messages [documented: codes#lifetime],
            and keep them idle below 10 s. [inferred]""",
        seen(sources.GITHUB + "knadh/listmonk/issues/1717"),
        retry=Retry.UNKNOWN_FATE,
        samples=(
            "Connection unexpectedly closed",
            "write tcp 192.0.2.15:59026->192.0.2.20:465: write: broken pipe",
            "remote error: tls: user canceled",
            "[Errno 104] Connection reset by peer",
        ),
        pattern=r"unexpected(?:ly)? (?:closed|disconnected|socket close|EOF|eof)|closed unexpectedly|"
        r"\bbroken pipe\b|\bEPIPE\b|tls: user cancell?ed|user_cancell?ed|connection (?:was )?reset|\bECONNRESET\b|"
        r"reset by peer|\bEOF\b|end of file reached|EOFError|forcibly closed|"
        r"lost connection|connection (?:was |is |has been )?(?:lost|closed|aborted|dropped)|SMTPServerDisconnected|"
        r"please run connect\(\) first|socket (?:was |is )?closed|connectionclosed|use of closed network connection|"
        r"before secure TLS connection was established|got (?:an )?empty (?:response|code)|\{:error, :closed\}|software caused connection abort|"
        r"disconnected unexpectedly|has unexpectedly disconnected|not connected|premature close|ECONNABORTED|"
        r"closed (?:the )?connection|terminated the handshake|server hung up|connection has been terminated|"
        r"\bServerDisconnected|"
        # curl, msmtp, and GnuTLS in any program
        r"\(56\) response reading failed|server sent an empty reply|cannot (?:read from|write to) TLS connection|"
        r"error in the (?:pull|push) function",
        kinds=frozenset({Kind.RESET, Kind.CLOSED}),
    ),
    client(
        """garbled: The answer is not SMTP
        The answer could not be read as an SMTP reply: another service listens there, or something on the way
        rewrites the conversation.
        Do: Check host and port.
        Do: Look at the raw answer: a web page or a proxy's message shows what answered.""",
        inferred(sources.CONNECT),
        who=YOU_OR_NETWORK,
        samples=("Invalid greeting from server: ready",),
        pattern=r"invalid greeting|malformed (?:SMTP )?(?:reply|response)|not an SMTP reply|short response|"
        r"HTTP/1\.[01] \d\d\d|invalid (?:SMTP )?response|unrecognizable response|unexpected (?:greeting|"
        r"response from server)",
        kinds=frozenset({Kind.GARBLED}),
    ),
    client(
        """reply-hidden: The client does not show the server's reply
        The client reports a refusal without the server's reply. Without the reply the cause cannot be told.
        Do: Switch on the client's SMTP debug log (PHPMailer: `SMTPDebug = 2`, curl: `--verbose`) and look for
            the reply.
        Do: Meanwhile the likeliest: an address that is not verified, or a malformed message.""",
        seen(sources.GITHUB + "stcr/subscribe-to-comments-reloaded/issues/569"),
        samples=("SMTP Error: data not accepted",),
        pattern=r"SMTP error: (?:data not accepted|could not (?:authenticate|connect))|SMTP connect\(\) failed|"
        r"could not instantiate mail function|"
        r"The following (?:From address|recipients) failed|failed to authenticate on SMTP server with username|"
        r"connection could not be established with host|"
        # All that curl says without --verbose of a refusal at the end of the message, and of one at sign-in.
        r"curl: \(8\) weird server reply|curl: \(67\) login denied",
        beside=(
            (When.AT_AUTH, ("bad-credentials", "auth-temporary")),
            (When.ALWAYS, ("not-verified", "transaction-failed")),
        ),
    ),
)
