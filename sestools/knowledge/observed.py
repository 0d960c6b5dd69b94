"""What a cause means when one of our probes saw it: client, name and TLS mode are known, and are not at fault."""

from __future__ import annotations

from dataclasses import replace

from sestools.core.cause import Cause
from sestools.knowledge.causes import sources
from sestools.knowledge.causes.rows import NETWORK, inferred, row
from sestools.knowledge.table import cause


def _said(words: str) -> Cause:
    """A row, of which only what it says is used."""
    return row(words, inferred(sources.CONNECT), who=NETWORK)


_SAID = tuple(
    map(
        _said,
        (
            """foreign-greeting: Another server answers instead of SES
            SES's greeting says SimpleEmailService, and this one does not: another mail server answers at this
            address. Providers, hosting firms and antivirus programs that catch outgoing SMTP answer so. It gets no
            credentials from sestools, whatever certificate it shows.
            Do: Use port 2587 or 2465 instead: such proxies rarely intercept them.
            Do: If the greeting is your provider's or hosting firm's: ask it to lift its SMTP restriction. Ask the
                hosting firm, too, if it is nobody's that you know.
            Do: If it is an antivirus program's: switch off its mail scanning.""",
            """connection-refused: The connection was refused
            The connection attempt was answered by a reset at once. SES is not known to do that on its five ports: a
            firewall that rejects, on this host or on the way, a hosting firm's SMTP restriction, or another host at
            this address does.
            Do: Look at this host's own firewall for a rule that rejects, such as `nft list ruleset`.
            Do: Compare the address with what the name resolves to elsewhere.
            Do: Ask the hosting firm, or whoever runs the firewall, whether it restricts outgoing SMTP.""",
            """reply-timeout: The server's reply never came
            The connection was made, and no greeting came within the time-out: the server is slow, a device accepts
            every connection, or what listens there lets the client begin, as with TLS from the first byte.
            Do: Wait longer: `--timeout 30` (`timeout=30`).
            Do: See whether TLS from the first byte is answered: the same with `--security wrapper`
                (`security="wrapper"`).""",
            """starttls-missing: The server does not offer STARTTLS
            SES offers STARTTLS on ports 25, 587 and 2587. It is not in the list that came here: a device on the
            path takes it out, or another server answers.
            Do: Switch off SMTP inspection on the firewall or antivirus, or exclude the SES host from it.
            Do: Or use port 465 or 2465, which is encrypted from the first byte.""",
            """certificate-wrong-name: The certificate is for another name
            The endpoint's own name was asked for, and the certificate that came is for another: another server
            answers at this address, or a device on the way answers in SES's place.
            Do: Look at the names in the certificate: they say whose server it is.
            Do: Compare the address with what the name resolves to elsewhere; look for it in the hosts file.
            Do: If the name is your provider's, ask it to stop redirecting outgoing SMTP.""",
            """certificate-expired: The server's certificate is expired or not yet valid
            On another port a certificate verifies at the same time, so this one is out of date by itself:
            something else than SES answers on this port, or a device that ends TLS for it.
            Do: Look at the certificate's issuer: SES's is Amazon.
            Do: Ask whoever runs the firewall, proxy or tunnel where it leads this port.""",
        ),
    )
)
_OBSERVED = {one.id: one for one in _SAID}
_ELSEWHERE = _said(
    """certificate-wrong-name: The certificate is for another name
    The certificate is that of another SES endpoint: the address that was dialled belongs to that one, by the
    hosts file, DNS, a tunnel or a proxy.
    Do: Dial that endpoint by its own name, if that is the region you mean.
    Do: Or lead the name to its own address: look for it in the hosts file, and where the tunnel leads."""
)


def observed(id: str) -> Cause:
    """The cause with an id as it is said of what a probe saw at an endpoint of SES."""
    known = cause(id)
    return _as(known, _OBSERVED.get(id, known))


def of_another_endpoint() -> Cause:
    """What it means that the certificate is for an SES endpoint, and for another than was asked."""
    return _as(cause("certificate-wrong-name"), _ELSEWHERE)


def _as(known: Cause, said: Cause) -> Cause:
    """What one cause says, of another."""
    told = {name: value for name, value in vars(said).items() if name in ("meaning", "fix", "who", "claims")}
    return replace(known, **told)
