"""Somebody else than SES: other protocols and servers, devices that edit what SES says, and TLS that is not SES's."""

from functools import partial

from sestools.core.enums import Retry, Stage
from sestools.core.speakers import PROTOCOLS
from sestools.knowledge.causes import sources
from sestools.knowledge.causes.rows import NETWORK, YOU_OR_NETWORK, client, inferred, row

_tls = partial(client, stage=Stage.TLS)
_NOT_SMTP = "|".join(PROTOCOLS.values())

CAUSES = (
    client(
        """other-protocol: Another service answers, and no mail server
        The first words are those of another protocol than SMTP. Something else listens at this address and
        port, or a device on the way leads there.
        Do: Compare the address with what the name resolves to elsewhere.
        Do: Ask whoever runs the firewall, proxy or tunnel where it leads this port.""",
        inferred(sources.CONNECT),
        who=YOU_OR_NETWORK,
        stage=Stage.GREETING,
        samples=("Invalid greeting from server: HTTP/1.1 400 Bad Request",),
        pattern=rf"(?:not an SMTP reply: (?:b')?|what came is not TLS: |invalid greeting from server: |"
        rf"another service greets: )(?:{_NOT_SMTP})",
    ),
    client(
        """clear-text-on-tls-port: Clear text comes on a port of TLS
        On ports 465 and 2465 SES speaks TLS from the first byte. Here SES's greeting comes in clear text: the
        port is led to another one, such as 465 to 587, by a tunnel, a proxy or a load balancer.
        Do: Look where the tunnel, proxy or load balancer leads this port; 465 belongs to 465.
        Do: To see whether that is all: try this port with STARTTLS.""",
        inferred(sources.CONNECT),
        who=YOU_OR_NETWORK,
        stage=Stage.TLS,
        samples=("what came is not TLS: 220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-ABCDEFGHI",),
        pattern=r"what came is not TLS: 220[ -][^\n]*SimpleEmailService",
    ),
    row(
        """starttls-refused: STARTTLS is offered, and then does not work
        The server lists STARTTLS and refuses the command, or agrees and then speaks no TLS. SES does
        neither: a proxy or firewall that inspects SMTP is on the path, or another server answers.
        Do: Switch off SMTP inspection on the firewall or proxy, or exclude the SES host from it.
        Do: Port 465 or 2465 needs no STARTTLS: it is TLS from the first byte.
        Ruled out: Not the credentials: they were not sent.""",
        inferred("https://nostarttls.secvuln.info/"),
        who=NETWORK,
        stage=Stage.STARTTLS,
        samples=(
            "host email-smtp.eu-west-1.amazonaws.com[192.0.2.10] said: 454 TLS not available due to local problem "
            "(in reply to STARTTLS command)",
        ),
        pattern=r"what came after STARTTLS is not TLS|said: [45]\d\d [^\n]{0,200}\(in reply to STARTTLS command\)",
    ),
    client(
        """smtp-inspected: A device on the path inspects SMTP
        A firewall or mail proxy edits the conversation: it overwrites the greeting with stars, or refuses
        EHLO, so that only old SMTP without TLS is left ('fixup', 'inspect esmtp'). Who stands behind it
        cannot be told, and so it gets no credentials from sestools.
        Do: Switch off SMTP inspection on the firewall, or exclude the SES host from it.
        Do: Ports 465 and 2465 are TLS from the first byte: there is nothing to inspect.
        Ruled out: Not the credentials: they were not sent.""",
        inferred(sources.CONNECT),
        who=NETWORK,
        stage=Stage.GREETING,
        samples=("220 ******************************2******0*******",),
        pattern=r"(?<![\d.])220[ -][*0-9x]{0,90}\*{4}",
    ),
    row(
        """refused-by-another: Another server refuses, and not SES
        The words are not SES's: another mail server, or a proxy that answers in SES's place, refuses.
        Do: Read the reply: it is meant for the operator of that server, or for users of that network.
        Do: Ask whoever runs the network which server answers here, and have SES excluded.
        Do: If it speaks of a list or of reputation: ask the operator of that list about this host's address.""",
        inferred(sources.CODES),
        who=NETWORK,
    ),
    row(
        """accepted-by-another: A message was taken, and not by SES
        The reply to the message carries no id of SES: a mail server or proxy in between took the message.
        Whether SES has it, or ever gets it, cannot be told.
        Do: Look for the message, by the id in the reply, in the log of the server that took it.
        Do: Ask whoever runs the network which server answers here, and have SES excluded.""",
        inferred(sources.CODES),
        who=NETWORK,
        retry=Retry.UNKNOWN_FATE,
        stage=Stage.BODY,
    ),
    _tls(
        """client-certificate-wanted: The server wants a client certificate
        The server ended TLS once its own certificate had been accepted: it wants a certificate of the
        client, or refuses what the client sent. SES asks for none: a proxy or another server answers.
        Do: Ask whoever runs the proxy to exclude the SES host, or which certificate it wants.
        Ruled out: Not the password: it was not sent.""",
        inferred("https://www.rfc-editor.org/rfc/rfc8446#section-6.2"),
        who=NETWORK,
        samples=(
            "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required",
            "remote error: tls: certificate required",
        ),
        pattern=r"certificate[_ ]required|broke off after its certificate was accepted",
    ),
    _tls(
        """server-name-refused: The server does not know the name in the TLS handshake
        The client names the endpoint in its first TLS message (SNI), and the other side refuses that name
        ('unrecognized name'). SES knows its own: a proxy, a load balancer or a filter answers.
        Do: Look where tunnel, proxy or load balancer lead this port.
        Do: Ask whoever runs the filter to allow the SES host's name.""",
        inferred("https://www.rfc-editor.org/rfc/rfc6066#section-3"),
        who=NETWORK,
        samples=("[SSL: TLSV1_UNRECOGNIZED_NAME] tlsv1 unrecognized name",),
        pattern=r"unrecognized[_ ]name|unrecognised[_ ]name",
    ),
    _tls(
        """server-tls-too-old: The server takes no TLS that SES takes
        Client and server share no TLS version or cipher, and it is the server that is too old or too narrow:
        SES has TLS 1.2 and 1.3 with the ciphers of today, and so has this client. A proxy, an appliance or
        another server answers.
        Do: Look at what answers: greeting, address and certificate name it.
        Do: Ask whoever runs it to exclude the SES host, or to bring it up to date.""",
        inferred(sources.GUIDE + "security-protocols.html"),
        who=NETWORK,
        samples=(
            "[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol (_ssl.c:1056)",
            "tls: server selected unsupported protocol version 301",
        ),
        pattern=r"(?:SSL: |SSL routines:[^\n]{0,60}:|TLS: |^)unsupported[_ ]protocol|"
        r"server (?:selected|chose) (?:unsupported )?(?:protocol version|TLSv1\b|SSLv3)|dh key too small",
    ),
    _tls(
        """certificate-weak: The certificate's key or signature is too weak
        The certificate was refused because its key is too small or it is signed with an outdated digest, such
        as SHA-1. Amazon's are neither: a proxy, an appliance or another server answers.
        Do: Look at the certificate's names and issuer: they say whose it is.
        Do: Ask whoever runs it to exclude the SES host, or to renew the certificate.""",
        inferred(sources.CONNECT),
        who=NETWORK,
        samples=(
            "certificate verify failed: EE certificate key too weak",
            "certificate verify failed: CA signature digest algorithm too weak",
        ),
        pattern=r"\bkey too weak|digest algorithm too weak|\bca md too weak|\bee key too small|\bca key too small",
    ),
    row(
        """chain-incomplete: The server does not send its whole certificate chain
        The server sent its own certificate alone. If an intermediate authority issued it, that one's
        certificate is missing, and the client cannot get from it to the authority that it trusts.
        Do: Have whoever runs the server send the intermediate certificates with its own.""",
        inferred("https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2"),
        who=NETWORK,
        stage=Stage.TLS,
    ),
    row(
        """ca-file-wrong: The certificate does not lead to the authority that was named
        Only the authorities of the file that was named (`--ca-file`, `ca_file=`) are asked, not this host's
        own; none of them vouches for this certificate. It is the wrong file, or a proxy or another server
        issued the certificate.
        Do: Compare the issuer in the evidence with the subject of the file: `openssl x509 -in FILE -noout
            -subject`.
        Do: For SES itself leave `--ca-file` (`ca_file=`) out.""",
        inferred(sources.CONNECT),
        stage=Stage.TLS,
    ),
)
