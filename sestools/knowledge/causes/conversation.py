"""What a client saw on the socket. Every row is generic: any server can fail so."""

from __future__ import annotations

from sestools.core.cause import Cause
from sestools.core.enums import Kind, Retry, Stage, When
from sestools.knowledge.causes.sources import (
    CONNECT,
    GITHUB,
    MTU,
    NETWORK,
    TIMEOUTS,
    YOU_OR_NETWORK,
    documented,
    inferred,
    seen,
)

CAUSES = (
    Cause(
        id="foreign-greeting",
        title="Another server answers instead of SES",
        meaning="SES's greeting says SimpleEmailService, and on 465 and 2465 SES speaks TLS first. What answers here "
        "does not: an internet provider, a hosting firm or an antivirus catches outgoing SMTP and answers itself. "
        "It gets no credentials from sestools, whatever certificate it shows.",
        fix=(
            "Use port 2587 or 2465 instead: such proxies rarely intercept them.",
            "Ask the hosting firm to lift its SMTP restriction, or switch off mail scanning in the antivirus.",
        ),
        who=NETWORK,
        basis=inferred(GITHUB + "mautic/mautic/issues/7590"),
        samples=("220 mail.example.net ESMTP Exim 4.96",),
        stage=Stage.GREETING,
        # Not "220 Ready to start TLS", which answers STARTTLS.
        pattern=r"(?<![\d.])220[ -](?!(?:2\.0\.0 )?ready)(?![^\n]{0,120}SimpleEmailService)[\w.-]{2,80} [^\n]{0,40}SMTP",
        generic=True,
        port_first=True,
    ),
    Cause(
        id="no-greeting",
        title="Connected, but no greeting came",
        meaning="On ports 465 and 2465 SES waits for the client's TLS and says nothing before. A client that waits "
        "for a greeting there waits indefinitely.",
        fix=(
            "On 465 or 2465 choose TLS from the first byte ('SSL/TLS', `secure: true`, `ssl://`).",
            "Or use port 587 with STARTTLS.",
        ),
        basis=seen("https://gist.github.com/chrisroos/6b32b07aefa010526f7e5cfe58d61978"),
        samples=(
            "Greeting never received",
            "timed out while receiving the initial server greeting",
        ),
        stage=Stage.GREETING,
        pattern=r"greeting never received|no greeting|initial server greeting|"
        r"bad greeting from SMTP host[^\n]{0,120}(?:response: \[EOF\]|response: -1)|port: 2?465[^\n]{0,20}response: -1",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.GREETING}),
        generic=True,
        ruled_out=("Not a blocked port: the TCP connection was open.",),
        rather=((When.NOT_BEFORE_TLS, "reply-timeout"),),
    ),
    Cause(
        id="mtu-black-hole",
        title="Path MTU black hole: packets above a certain size are dropped",
        meaning="This host sends packets larger than the path carries, and is not told: the ICMP message "
        "('fragmentation needed') is filtered. Short commands pass, then a message's body or the TLS handshake "
        "hangs. The same packets pass once they are made smaller, so it is their size and nothing else.",
        fix=(
            "Linux: `ip link set dev eth0 mtu SIZE` with the size that was found (1500 after jumbo frames); for these hosts only: "
            "`ip route add NETWORK via GATEWAY mtu SIZE`. To keep it, set it in netplan, NetworkManager or ifcfg.",
            "Linux, without knowing the size: `sysctl -w net.ipv4.tcp_mtu_probing=1` lets TCP find it by itself.",
            'Windows: `netsh interface ipv4 set subinterface "Ethernet" mtu=SIZE store=persistent`, then restart.',
            "On macOS: System Settings, Network, the interface, Details, Hardware, MTU; until a restart: "
            "`networksetup -setMTU en0 SIZE`.",
            "EC2, VPN or tunnel: clamp the segment size where the path narrows, such as `iptables -t mangle "
            "-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu`.",
            "Let ICMP type 3 code 4 (IPv6: ICMPv6 type 2) in through security groups and firewalls.",
            "Then run the probe again: large packets must pass.",
        ),
        who=YOU_OR_NETWORK,
        basis=documented(MTU),
        samples=(
            "large segments vanish from client to server: with segments of at most 1360 bytes they pass, with "
            "1361 they stall",
        ),
        stage=Stage.BODY,
        pattern=r"large segments vanish",
        ruled_out=(
            "Not a slow or silent server, and not plain packet loss: smaller segments pass at once.",
            "Not a blocked port: the connection opens and EHLO is answered.",
        ),
        decisive=True,
    ),
    Cause(
        id="mtu-narrow-path",
        title="Large packets pass: path MTU discovery works on a path with a smaller MTU",
        meaning="Path MTU discovery works, or a route's own MTU does its work: the path carries less than the "
        "interface, the kernel knows it and sends smaller packets. Nothing has to change. It breaks as soon as "
        "somebody filters ICMP.",
        fix=(
            "Nothing, or set the interface's MTU to what the path carries, so that nothing rests on ICMP.",
            "Keep ICMP type 3 code 4 (IPv6: ICMPv6 type 2) open in security groups and firewalls.",
        ),
        retry=Retry.NOT_NEEDED,
        who=YOU_OR_NETWORK,
        basis=documented(MTU),
        samples=("large segments pass narrowed to packets of 1400 bytes",),
        pattern=r"large segments pass narrowed",
    ),
    Cause(
        id="mtu-stall",
        title="The connection stalls when large packets are sent",
        meaning="Short commands pass, then the TLS handshake or the message's body hangs. Typically packets larger "
        "than the path carries are dropped without a word: the MTU is too high and the ICMP answer is filtered.",
        fix=(
            "Run `sestools mtu REGION`: it decides.",
            "Set the interface's MTU to 1500 (`ip link set dev eth0 mtu 1500`) and try again.",
            "Let ICMP type 3 code 4 ('fragmentation needed') in through security groups and firewalls.",
        ),
        retry=Retry.UNKNOWN_FATE,
        who=YOU_OR_NETWORK,
        basis=documented(MTU),
        samples=("timed out while sending message body", "conversation timed out while sending end of data"),
        stage=Stage.BODY,
        pattern=r"timed? ?out while (?:sending (?:the )?(?:message|body|end of data|data)|performing the TLS|"
        r"negotiating)|(?:SSL|TLS)[: ][^\n]{0,20}handshake (?:has )?timed out|TLS handshake timeout|"
        r"handshake operation timed out",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.BODY, Stage.TLS}),
        generic=True,
        note="A slow link, an overloaded host or a short client time-out look the same; the probe for MTU decides.",
        rather=((When.SEEN_ON_TLS_PORT, "reply-timeout"),),
    ),
    Cause(
        id="local-firewall",
        title="The operating system of this host denied the connection",
        meaning="The operating system refused to open the connection: a local firewall, an antivirus, SELinux or a "
        "container's policy. Nothing left this host.",
        fix=(
            "Allow the program to open outgoing connections to the SES ports in the local firewall or antivirus.",
            "On SELinux: `setsebool -P httpd_can_sendmail on` and `httpd_can_network_connect on`.",
        ),
        basis=seen(GITHUB + "mautic/mautic/issues/7628"),
        samples=(
            "An attempt was made to access a socket in a way forbidden by its access permissions. #10013",
            "connect() failed: [Errno 13] Permission denied",
        ),
        stage=Stage.CONNECT,
        pattern=r"forbidden by its access permissions|\bWSAEACCES\b|\bconnect EACCES\b|"
        r"(?:connect|socket|fsockopen|dial|SMTP)[^\n]{0,160}(?:permission denied|operation not permitted)|"
        r"\[permission denied #13\]|PermissionError: \[(?:Errno|WinError) \d+\] [\w ]{0,90}(?:$|: connect)",
        generic=True,
    ),
    Cause(
        id="network-unreachable",
        title="There is no route from this host to SES",
        meaning="There is no route: no internet gateway or NAT for this subnet, no network in the container, or "
        "IPv6 is tried where only IPv4 works.",
        fix=(
            "Check the route table: a public address with an internet gateway, a NAT, or a VPC endpoint.",
            "If the address is IPv6, make the client use IPv4.",
        ),
        who=NETWORK,
        basis=inferred(TIMEOUTS),
        samples=("[Errno 101] Network is unreachable",),
        stage=Stage.CONNECT,
        pattern=r"network (?:is )?unreachable|\bENETUNREACH\b|no route to host|\bEHOSTUNREACH\b|host is unreachable|"
        r"unreachable (?:network|host)|cannot assign requested address|\bEADDRNOTAVAIL\b|destination (?:host|net) unreachable|network is down|NoRouteToHost",
        kinds=frozenset({Kind.UNREACHABLE, Kind.NO_ROUTE}),
        generic=True,
    ),
    Cause(
        id="name-not-found",
        title="The host name does not resolve",
        meaning="DNS gives no address for the name: a typing error, a region without an SMTP endpoint, a resolver "
        "that does not work, or private DNS without its VPC endpoint.",
        fix=(
            "Check the name: email-smtp.<region>.amazonaws.com.",
            "Check that the region has an SMTP endpoint; some have only the HTTPS API.",
            "Try the resolver with another name; in a container look at /etc/resolv.conf.",
        ),
        retry=Retry.SOON,
        who=YOU_OR_NETWORK,
        basis=inferred(CONNECT),
        samples=(
            "[Errno -2] Name or service not known",
            "getaddrinfo ENOTFOUND email-smtp.eu-west-1.amazonaws.com",
        ),
        stage=Stage.RESOLVE,
        pattern=r"name or service not known|nodename nor servname|\bENOTFOUND\b|\bEAI_AGAIN\b|\bEAI_NONAME\b|"
        r"no such host|failure in name resolution|UnknownHost(?:Exception)?\b|host(?:name)? not found|"
        r"getaddrinfo(?: for [\w.-]+)?(?: failed|:)|could ?n[o']t resolve|name (?:could not|cannot) be resolved|"
        r"host or domain name not found|name service error|no address associated|\bunknown host\b|gaierror|"
        r"lookup [\w.-]+[^\n]{0,60}: (?:no such|server misbehaving|i/o timeout)|\bNXDOMAIN\b|"
        r"unable to (?:look ?up|resolve)|could not be resolved|name does not resolve|lookup address information|unknown (?:or invalid )?host\b",
        kinds=frozenset({Kind.NOT_FOUND}),
        generic=True,
    ),
    Cause(
        id="resolver-timeout",
        title="The resolver does not answer",
        meaning="The look-up of the host name did not end in time: the resolver that this host asks is down, out of "
        "reach (DNS needs port 53, UDP and TCP), or very slow. Nothing was asked of SES.",
        fix=(
            "Look at the resolver's address: /etc/resolv.conf, `resolvectl`, or `Get-DnsClientServerAddress`.",
            "In a VPC the resolver is the VPC's base address plus 2; check 'DNS resolution' in the VPC's settings.",
            "Allow DNS (port 53, UDP and TCP) to it in network ACL and firewall.",
        ),
        retry=Retry.SOON,
        who=NETWORK,
        basis=inferred("https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html"),
        samples=("The resolution lifetime expired after 5.0 seconds: The DNS operation timed out.",),
        stage=Stage.RESOLVE,
        pattern=r"resolution lifetime expired|DNS operation timed out|DNS (?:query|request|look-?up) timed out",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.RESOLVE}),
        generic=True,
        ruled_out=("Not SES and not its ports: no address was known yet.",),
    ),
    Cause(
        id="connection-refused",
        title="The connection was refused",
        meaning="Something answered with a reset at once. SES does not do that on its five ports: a hosting firm's "
        "SMTP restriction, a local firewall or a wrong host or port does. `127.0.0.1` means that the client's "
        "own default was used.",
        fix=(
            "Check host and port in the client; look for `localhost` or 127.0.0.1 in the error.",
            "Ask the hosting firm whether it restricts outgoing SMTP; try 2587 or 2465.",
        ),
        who=YOU_OR_NETWORK,
        basis=seen(GITHUB + "mautic/mautic/issues/7590"),
        samples=("connect ECONNREFUSED 192.0.2.10:587", "[Errno 111] Connection refused"),
        stage=Stage.CONNECT,
        pattern=r"connection (?:was )?refused|\bECONNREFUSED\b|actively refused|ConnectionRefused|#10061\b|"
        r"connection refus",
        kinds=frozenset({Kind.REFUSED}),
        generic=True,
        rather=((When.NOT_SMTP, "wrong-endpoint"),),
    ),
    Cause(
        id="connect-timeout",
        title="The connection attempt got no answer",
        meaning="Packets to SES, or the answers, are dropped on the way: a firewall, a security group or network "
        "ACL, a missing NAT, a blocked port, or the security group of a VPC endpoint.",
        fix=(
            "Try the other ports: 587, 2587, 465, 2465. If one works, a port is blocked.",
            "Allow outgoing TCP to that port in security group, network ACL and firewall, and the answers back.",
            "In a private subnet check the NAT gateway, or the VPC endpoint's security group.",
        ),
        retry=Retry.SOON,
        who=NETWORK,
        basis=documented(TIMEOUTS),
        samples=("connect ETIMEDOUT 192.0.2.10:587", "[Errno 110] Connection timed out"),
        stage=Stage.CONNECT,
        pattern=r"connect(?:ion|ing)?(?: attempt)?(?: to [^\n]{1,120})? (?:has )?time?d?[ -]?out|\bETIMEDOUT\b|"
        r"connection timeout|\bESOCKETTIMEDOUT\b|OpenTimeout|connect(?:ion)? timed out|"
        r"dial tcp[^\n]{0,120}(?:i/o timeout|deadline exceeded)|did ?n[o']t properly respond after|#10060\b|"
        r"(?<!read )(?<!write )operation (?:has )?timed out|ConnectTimeout|execution expired|host failed to respond|"
        r"(?:could not|couldn't|unable to|failed to) connect[^\n]{0,160}time?d?[ -]?out|connect: timeout|"
        r"(?<!Read)TimeoutError: (?:\[Errno \d+\] )?(?:connection )?timed out|socket\.timeout: timed out|TcpTestSucceeded ?: ?False|TCP connect to \([^()\n]{1,80}\) failed|"
        r"network_failure\b[^\n]{0,120}:timeout\b|\(timed out\)|^\W{0,9}timed out\W{0,9}$",
        kinds=frozenset({Kind.TIMEOUT}),
        stages=frozenset({Stage.CONNECT}),
        generic=True,
        rather=(
            (When.NOT_SMTP, "wrong-endpoint"),
            (When.CLEAR_TEXT_ON_TLS_PORT, "no-greeting"),
            (When.PORT_25, "port25-blocked"),
        ),
        port_first=True,
    ),
    Cause(
        id="reply-timeout",
        title="The server's reply never came",
        meaning="The connection was open, then no reply came before the client timed out: a network fault on the "
        "way, a middlebox that dropped the connection's state, or an overloaded sender.",
        fix=(
            "Open a new connection and try again.",
            "If it happens always at the same step, run the probes: TLS mode at the greeting, MTU at the body.",
            "If the final dot had been sent, the message may have been accepted: look for it before sending again.",
        ),
        retry=Retry.UNKNOWN_FATE,
        who=YOU_OR_NETWORK,
        basis=inferred(TIMEOUTS),
        samples=("The read operation timed out", "java.net.SocketTimeoutException: Read timed out"),
        pattern=r"read operation timed out|read timed out|ReadTimeout|read tcp[^\n]{0,120}i/o timeout|"
        r"timed out while (?:receiving|waiting)|conversation with [^\n]{1,120} timed out|"
        r"timeout(?: while)? waiting for (?:a )?(?:reply|response|server)|i/o timeout|\btimed[ -]out\b|"
        r"response (?:has )?timed? ?out",
        kinds=frozenset({Kind.TIMEOUT}),
        generic=True,
        rather=((When.NOT_SMTP, "wrong-endpoint"), (When.CLEAR_TEXT_ON_TLS_PORT, "no-greeting")),
    ),
    Cause(
        id="connection-lost",
        title="An open connection was lost",
        meaning="The connection ended without a reply. Usual reasons: it had been idle (SES closes after about 10 "
        "seconds), its host behind the load balancer was replaced, it had carried too many messages, or a "
        "middlebox dropped its state.",
        fix=(
            "Open a new connection and send again; if the final dot had been sent, the message may be accepted.",
            "Recycle pooled connections after a fixed time and number of messages, and keep them idle below 10 s.",
        ),
        retry=Retry.UNKNOWN_FATE,
        basis=seen(GITHUB + "knadh/listmonk/issues/1717"),
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
        generic=True,
    ),
    Cause(
        id="garbled",
        title="The answer is not SMTP",
        meaning="The answer could not be read as an SMTP reply: another service listens there, or something on the "
        "way rewrites the conversation.",
        fix=(
            "Check host and port.",
            "Look at the raw answer: a web page or a proxy's message shows what answered.",
        ),
        who=YOU_OR_NETWORK,
        basis=inferred(CONNECT),
        samples=("Invalid greeting from server: HTTP/1.1 400 Bad Request",),
        pattern=r"invalid greeting|malformed (?:SMTP )?(?:reply|response)|not an SMTP reply|short response|"
        r"HTTP/1\.[01] \d\d\d|invalid (?:SMTP )?response|unrecognizable response|"
        r"unexpected (?:greeting|response from server)",
        kinds=frozenset({Kind.GARBLED}),
        generic=True,
    ),
    Cause(
        id="reply-hidden",
        title="The client does not show the server's reply",
        meaning="The client reports a refusal without the server's reply. Without the reply the "
        "cause cannot be told.",
        fix=(
            "Switch on the client's SMTP debug log (PHPMailer: `SMTPDebug = 2`, curl: `--verbose`) and look "
            "for the reply.",
            "Meanwhile the likeliest: an address that is not verified, or a malformed message.",
        ),
        basis=seen(GITHUB + "stcr/subscribe-to-comments-reloaded/issues/569"),
        samples=("SMTP Error: data not accepted",),
        pattern=r"SMTP error: (?:data not accepted|could not (?:authenticate|connect))|SMTP connect\(\) failed|"
        r"could not instantiate mail function|"
        r"The following (?:From address|recipients) failed|failed to authenticate on SMTP server with username|"
        r"connection could not be established with host|"
        # All that curl says without --verbose of a refusal at the end of the message, and of one at sign-in.
        r"curl: \(8\) weird server reply|curl: \(67\) login denied",
        generic=True,
        beside=(
            (When.AT_AUTH, ("bad-credentials", "auth-temporary")),
            (When.ALWAYS, ("not-verified", "transaction-failed")),
        ),
    ),
)
