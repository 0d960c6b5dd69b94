"""STARTTLS, TLS and certificates."""

from __future__ import annotations

from sestools.core.cause import Cause
from sestools.core.enums import Retry, Stage
from sestools.knowledge.causes.sources import (
    CONNECT,
    GITHUB,
    GUIDE,
    NETWORK,
    YOU_OR_NETWORK,
    inferred,
    seen,
)

# What a client saw on the socket. Every row is generic: any server can fail so.
CAUSES = (
    Cause(
        id="client-limiter",
        title="The client's own rate limiter stopped the message",
        meaning="The sending application refused to send, by its own settings. Nothing reached SES.",
        fix=("Raise the limiter's capacity or send fewer messages at once.",),
        retry=Retry.SLOWER,
        basis=seen(GITHUB + "mautic/mautic/issues/9644"),
        samples=("Token amount (51) is larger than the capacity (3).",),
        pattern=r"token amount \(?\d+\)? is larger than the capacity",
        generic=True,
        ruled_out=("Not SES's throttling: SES would answer with 454.",),
    ),
    Cause(
        id="wrong-endpoint",
        title="The client connects to the wrong AWS host",
        meaning="SES has one host for SMTP (email-smtp.<region>.amazonaws.com) and others for its HTTPS API, for "
        "receiving and for Mail Manager. The client used one with the other's protocol.",
        fix=(
            "For SMTP: email-smtp.<region>.amazonaws.com, ports 25, 465, 587, 2465 or 2587.",
            "For the HTTPS API (SDK, API plug-in): email.<region>.amazonaws.com, port 443.",
        ),
        basis=seen(GITHUB + "drewblas/aws-ses/issues/38"),
        samples=(
            'wrong status line: "220 email-smtp.amazonaws.com ESMTP SimpleEmailService" (Net::HTTPBadResponse)',
        ),
        pattern=r"(?:wrong status line|HTTPBadResponse|malformed HTTP|BadStatusLine|HTTP/0\.9)[^\n]{0,80}"
        r"220[ -]email-smtp|220[ -]email-smtp[^\n]{0,80}(?:HTTPBadResponse|malformed HTTP)|https://email-smtp",
        ruled_out=("Not a firewall: the host was right to stay silent on that port or protocol.",),
    ),
    Cause(
        id="starttls-masked",
        title="A device on the path has masked STARTTLS",
        meaning="A firewall or mail proxy overwrites the word STARTTLS in the server's list, so that the client "
        "cannot encrypt.",
        fix=(
            "Switch off SMTP inspection ('fixup', 'inspect esmtp') on the firewall.",
            "Or use port 465 or 2465, which is encrypted from the first byte.",
        ),
        who=NETWORK,
        basis=inferred(CONNECT),
        samples=("250-XXXXXXXA",),
        stage=Stage.EHLO,
        pattern=r"(?:250[ -]|EHLO lists[^\n]*\b)X{6,}[A-Z]?\b|STARTTLS (?:was |is )?masked",
        generic=True,
    ),
    Cause(
        id="starttls-injected",
        title="Clear text was received before the TLS handshake",
        meaning="After 220 to STARTTLS only TLS may follow. Extra clear text there is a broken proxy or an attempt "
        "to smuggle replies into the encrypted session.",
        fix=(
            "Do not sign in over this path.",
            "Find the proxy between you and SES; use port 465 to pass it.",
        ),
        who=NETWORK,
        basis=inferred("https://nostarttls.secvuln.info/"),
        samples=("clear text ahead of the TLS handshake",),
        stage=Stage.STARTTLS,
        pattern=r"clear text (?:came |sent )?ahead of the (?:TLS )?handshake|"
        r"(?:data|bytes|text) (?:sent |received )?after STARTTLS before",
        generic=True,
    ),
    Cause(
        id="starttls-missing",
        title="The server does not offer STARTTLS",
        meaning="SES offers STARTTLS on ports 25, 587 and 2587. If it is missing, something between you and SES "
        "answers or edits its list; or the connection is already TLS (465), where STARTTLS has no place.",
        fix=(
            "On port 465 or 2465 choose 'SSL/TLS', not 'STARTTLS'.",
            "Compare the greeting: it must say SimpleEmailService.",
            "Switch off SMTP inspection on the firewall or antivirus.",
        ),
        who=YOU_OR_NETWORK,
        basis=inferred(CONNECT),
        samples=("STARTTLS extension not supported by server.",),
        stage=Stage.EHLO,
        pattern=r"STARTTLS extension not supported|does(?: not|n't) (?:support|offer|advertise)[^\n]{0,30}STARTTLS|"
        r"did not offer STARTTLS|STARTTLS is required but|STARTTLS (?:is )?not (?:offered|supported|available)|"
        r"no STARTTLS|not advertise STARTTLS|TLS is required, but was not offered|server does not support secure connections|without STARTTLS",
        generic=True,
    ),
    Cause(
        id="wrapper-on-starttls",
        title="The client started TLS on a port that expects STARTTLS",
        meaning="Ports 25, 587 and 2587 greet in clear text and switch to TLS by STARTTLS. The client expected TLS "
        "from the first byte and took the greeting for a broken TLS record.",
        fix=(
            "On 587, 2587 or 25 choose 'STARTTLS' (often 'TLS' or `secure: false`), not 'SSL'.",
            "Or keep TLS from the first byte and change the port to 465 or 2465.",
        ),
        basis=seen("https://gist.github.com/chrisroos/6b32b07aefa010526f7e5cfe58d61978"),
        samples=(
            "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)",
            "tls: first record does not look like a TLS handshake",
            "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message",
            "The handshake failed due to an unexpected packet format.",
        ),
        stage=Stage.TLS,
        pattern=r"wrong[_ ]version[_ ]number|first record does not look like a TLS handshake|"
        r"un(?:supported or un)?recognized SSL message|plaintext connection\?|unexpected packet format|"
        r"(?:SSL|TLS)[^\n]{0,60}unknown[_ ]protocol|unexpected TLS packet|packet length too long|"
        r"received a record with incorrect version|typically reserved for plain-text|"
        r"record layer failure|InvalidContentType|"
        r"error:[0-9A-F]{8}:SSL routines:[^\n]{0,60}:(?:unknown protocol|packet length too long|http request)",
        generic=True,
        ruled_out=("Not the TLS version, although many clients say so: no TLS was spoken at all.",),
    ),
    Cause(
        id="certificate-expired",
        title="The server's certificate is expired or not yet valid",
        meaning="SES renews its certificates in time, so either this host's clock is wrong or another server "
        "answered.",
        fix=("Check the date and time of this host.", "Look at the certificate's issuer: SES's is Amazon."),
        who=YOU_OR_NETWORK,
        basis=inferred(CONNECT),
        samples=("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired",),
        stage=Stage.TLS,
        pattern=r"certificate (?:has |is )?expired|certificate is not yet valid|CERT_HAS_EXPIRED|"
        r"expired or is not yet valid|NotTimeValid|CertificateExpired|CertificateNotYetValid",
        generic=True,
    ),
    Cause(
        id="certificate-wrong-name",
        title="The certificate is for another name",
        meaning="The server's certificate does not hold the host name. Either the client connected to an IP "
        "address or an alias, or another server answers in SES's place (a hosting firm's mail server, a proxy).",
        fix=(
            "Connect to email-smtp.<region>.amazonaws.com by name, not by IP address or your own CNAME.",
            "If the certificate's name is your hosting firm's, ask it to stop redirecting outgoing SMTP.",
        ),
        who=YOU_OR_NETWORK,
        basis=seen(GITHUB + "PHPMailer/PHPMailer/issues/722"),
        samples=(
            "Peer certificate CN=`*.example.net' did not match expected CN=`email-smtp.eu-west-1.amazonaws.com'",
        ),
        stage=Stage.TLS,
        pattern=r"hostname mismatch|certificate CN=[^\n]{0,120}did not match|certificate is valid for [^\n]{0,120}, not |"
        r"(?:does not|doesn't) match (?:the )?(?:server )?certificate|certificate(?: name)? (?:does not|doesn't|did not) match|"
        r"ALTNAME_INVALID|RemoteCertificateNameMismatch|No subject alternative (?:DNS )?names?|"
        r"No name matching [^\n]{0,120} found|not valid for (?:the )?(?:name|host)|doesn't contain any IP SANs|"
        r"host ?name [^\n]{0,120}does not match|IP address mismatch|wrong certificate name|"
        r"certificate (?:subject name|owner) [^\n]{0,120}(?:does|do|did)(?: not|n't) match",
        generic=True,
    ),
    Cause(
        id="certificate-self-signed",
        title="The certificate is self-signed",
        meaning="SES's certificates are issued by Amazon. A self-signed one comes from something in between: an "
        "intercepting proxy, an antivirus, a hosting firm's mail server.",
        fix=(
            "Look at the certificate's issuer; it names what intercepts.",
            "Exclude the SES host from inspection, or add the proxy's authority to this host's trust store.",
        ),
        who=NETWORK,
        basis=inferred(CONNECT),
        samples=(
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain",
        ),
        stage=Stage.TLS,
        pattern=r"self[- _]?signed[_ ]cert|DEPTH_ZERO_SELF_SIGNED|(?:certificate|cert) is self[- ]signed|\(self[- ]signed",
        generic=True,
    ),
    Cause(
        id="certificate-unknown-issuer",
        title="The certificate's issuer is not trusted here",
        meaning="This host does not know who issued the certificate: its list of authorities is old or missing, or "
        "an intercepting proxy issued the certificate.",
        fix=(
            "Update the authorities of this host or container (package ca-certificates).",
            "Look at the issuer: if it is not Amazon, something intercepts.",
        ),
        who=YOU_OR_NETWORK,
        basis=inferred(CONNECT),
        samples=(
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate",
            "x509: certificate signed by unknown authority",
        ),
        stage=Stage.TLS,
        pattern=r"unable to get (?:local )?issuer|unknown authority|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|"
        r"unable to verify the first cert|PKIX path building failed|unknown[_ ]ca\b|UntrustedRoot|"
        r"unable to find valid certification path|issuer (?:certificate )?is (?:unknown|not trusted)|PartialChain|"
        r"not trusted by the system|unknown ?issuer|untrusted issuer|(?:got|have) a known issuer|signer not found",
        generic=True,
    ),
    Cause(
        id="certificate-invalid",
        title="The server's certificate was not accepted",
        meaning="Verification failed and the client does not say why: expired, another name, or an unknown issuer.",
        fix=(
            "Look at the certificate: `openssl s_client -starttls smtp -connect <host>:587 -showcerts`.",
            "Update this host's certificate authorities and check its clock.",
            "If the issuer is not Amazon, something intercepts the connection.",
        ),
        who=YOU_OR_NETWORK,
        basis=inferred(CONNECT),
        samples=("The remote certificate is invalid according to the validation procedure.",),
        stage=Stage.TLS,
        pattern=r"certificate[_ ]verify[_ ]failed|remote certificate (?:is invalid|was rejected)|"
        r"certificate (?:verification|validation) (?:failed|error)|certificate verify error|bad certificate|"
        r"server certificate (?:not trusted|verification failed)|SSL certificate problem|certificate unknown|"
        r"RemoteCertificateChainErrors|certificate is (?:not trusted|invalid)|certificate not trusted|"
        r"peer certificate cannot be authenticated",
        generic=True,
    ),
    Cause(
        id="tls-version",
        title="Client and server share no TLS version or cipher",
        meaning="SES speaks TLS 1.2 and 1.3 only. The client is older, or its policy allows nothing that SES does.",
        fix=(
            "Update the client's runtime, OpenSSL or operating system to one with TLS 1.2.",
            "Look for a setting that fixes an old protocol or a short list of ciphers.",
        ),
        basis=seen(GUIDE + "security-protocols.html"),
        samples=(
            "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1000)",
            "Received fatal alert: handshake_failure",
        ),
        stage=Stage.TLS,
        pattern=r"protocol[_ ]version|handshake[_ ]failure|no shared cipher|no (?:supported|common) cipher|"
        r"no appropriate protocol|unsupported[_ ]protocol|cipher mismatch|no protocols available|"
        r"no cipher suites in common|client and server cannot communicate|do not possess a common algorithm|"
        r"inappropriate[_ ]fallback|dh key too small|no ciphers available|version too low|"
        r"unsupported (?:SSL|TLS) version|insufficient security",
        generic=True,
    ),
)
