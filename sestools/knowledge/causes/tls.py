"""What a client saw of STARTTLS, TLS and certificates."""

from functools import partial

from sestools.core.enums import Retry, Stage
from sestools.knowledge.causes import sources
from sestools.knowledge.causes.rows import NETWORK, YOU_OR_NETWORK, client, inferred, row, seen

_tls = partial(client, stage=Stage.TLS)

CAUSES = (
    client(
        """client-limiter: The client's own rate limiter stopped the message
        The sending application refused to send, by its own settings. Nothing reached SES.
        Do: Raise the limiter's capacity or send fewer messages at once.
        Ruled out: Not SES's throttling: SES would answer with 454.""",
        seen(sources.GITHUB + "mautic/mautic/issues/9644"),
        retry=Retry.SLOWER,
        samples=("Token amount (51) is larger than the capacity (3).",),
        pattern=r"token amount \(?\d+\)? is larger than the capacity",
    ),
    row(
        """wrong-endpoint: The client connects to the wrong AWS host
        SES has one host for SMTP (email-smtp.<region>.amazonaws.com) and others for its HTTPS API, for
        receiving and for Mail Manager. The client used one with the other's protocol.
        Do: For SMTP: email-smtp.<region>.amazonaws.com, ports 25, 465, 587, 2465 or 2587.
        Do: For the HTTPS API (SDK, API plug-in): email.<region>.amazonaws.com, port 443.
        Ruled out: Not a firewall: the host was right to stay silent on that port or protocol.""",
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
        SES offers STARTTLS on ports 25, 587 and 2587. If it is missing, something between you and SES answers
        or edits its list; or the connection is already TLS (465), where STARTTLS has no place.
        Do: On port 465 or 2465 choose 'SSL/TLS', not 'STARTTLS'.
        Do: Compare the greeting: it must say SimpleEmailService.
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
        Ports 25, 587 and 2587 greet in clear text and switch to TLS by STARTTLS. The client expected TLS from
        the first byte and took the greeting for a broken TLS record.
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
        SES's certificates are issued by Amazon. A self-signed one comes from something in between: an
        intercepting proxy, an antivirus, a hosting firm's mail server.
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
        SES speaks TLS 1.2 and 1.3 only. The client is older, or its policy allows nothing that SES does.
        Do: Update the client's runtime, OpenSSL or operating system to one with TLS 1.2.
        Do: Look for a setting that fixes an old protocol or a short list of ciphers.""",
        seen(sources.GUIDE + "security-protocols.html"),
        samples=(
            "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1000)",
            "Received fatal alert: handshake_failure",
        ),
        pattern=r"protocol[_ ]version|handshake[_ ]failure|no shared cipher|no (?:supported|common) cipher|"
        r"no appropriate protocol|unsupported[_ ]protocol|cipher mismatch|no protocols available|"
        r"no cipher suites in common|client and server cannot communicate|do not possess a common algorithm|"
        r"inappropriate[_ ]fallback|dh key too small|no ciphers available|version too low|"
        r"unsupported (?:SSL|TLS) version|insufficient security",
    ),
)
