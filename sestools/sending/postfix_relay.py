"""A Postfix on this host as the queue in front of SES: what is handed to it survives crashes and outages.

A program gives its mail to Postfix in a millisecond, and Postfix keeps it on disk until SES says `250`. It tries
again for days, and nothing is lost if the program or the host dies. What it cannot do is in the configuration's
comments: it may send a message twice when SES's answer to it was lost, for nobody can know whether SES took it.

Sources: the SES guide's "Integrating with Postfix" and "SMTP issues" pages, postconf(5). Needs Postfix 3.6.
"""

from __future__ import annotations

import math
import os
import textwrap
from pathlib import Path
from typing import Any

from sestools.core.credentials import Credentials
from sestools.core.endpoints import PORTS, Security, smtp_host
from sestools.core.errors import UsageError

CONFIG, PASSWORDS, WAITS = "ses.cf", "ses_password", "ses_waits"
"""The files that `write_relay` writes."""
TLSPROXY = "tlsproxy/unix=tlsproxy unix - - y - 0 tlsproxy"
"""The line that master.cf needs beside them, for `postconf -M`. Distributions ship it commented out."""

_WAITS = r"""# Refusals of SES that end by themselves or when AWS lifts them: the mail waits in the queue and does not bounce.
/^5(\.[0-9]+\.[0-9]+ .*Sending (is )?(paused|suspended) for this account.*)/ 4$1
/^5(\.[0-9]+\.[0-9]+ .*MAIL FROM domain not verified.*)/ 4$1
"""


def relay_config(
    region: str,
    port: int = 587,
    *,
    folder: str | Path = "/etc/postfix",
    host: str | None = None,
    ca_file: str = "/etc/ssl/certs/ca-certificates.crt",
    rate: float = 1.0,
    connections: int = 4,
    max_messages: int = 100,
    max_age: float = 60.0,
) -> str:
    """What Postfix's main.cf says to relay all mail through SES; each value has its reason above it.

    It holds no secret: user name and password are in a file of their own (see `write_relay`).

    Args:
        region: Such as `eu-west-1`.
        port: One of SES's five ports.
        folder: Where Postfix's configuration is, and the files that `write_relay` writes.
        host: Another name of the endpoint, such as that of a VPC endpoint.
        ca_file: The certificate authorities to trust.
        rate: The account's sending rate in messages a second; 1 is that of a new account.
        connections: At most so many connections at a time.
        max_messages: At most so many messages over one connection.
        max_age: Seconds after which a connection is not used again. `sestools lifetime` measures what to choose.

    Raises:
        UsageError: If that is not a port of SES, or a number makes no sense.
    """
    if port not in PORTS:
        raise UsageError(f"SES has the ports {', '.join(map(str, PORTS))}, and not {port!r}")
    if not 0 < rate < math.inf or connections < 1 or max_messages < 2 or not 1 <= max_age < math.inf:
        raise UsageError(
            "rate must be above 0, connections at least 1, max_messages at least 2 and max_age at least 1 s"
        )
    settings = [
        *_way(_relayhost(region, port, host), PORTS[port], Path(folder), ca_file),
        *_pace(rate, connections, max_messages, max_age),
        *_patience(Path(folder)),
    ]
    return "\n".join(
        textwrap.fill(why, 110, initial_indent="# ", subsequent_indent="# ") + f"\n{name} = {value}\n"
        for name, value, why in settings
    )


def write_relay(
    folder: str | Path, region: str, credentials: Credentials, port: int = 587, **more: Any
) -> tuple[Path, ...]:
    """Write the configuration, the password map, which only its owner may read, and the list of what waits.

    Postfix uses them once the first is appended to its main.cf and `postconf -M` was given `TLSPROXY`.

    Args:
        folder: Where to; it need not be Postfix's own folder, from where the files are to be copied there then.
        region: Such as `eu-west-1`.
        credentials: SES's SMTP user name and password.
        port: One of SES's five ports.
        more: Whatever else `relay_config` takes.

    Raises:
        UsageError: If the credentials cannot stand in Postfix's password map, or as `relay_config` does.
        OSError: If a file cannot be written.
    """
    folder = Path(folder)
    config = relay_config(region, port, **{"folder": folder, **more})
    if any(map(str.isspace, credentials.user + credentials.password)) or ":" in credentials.user:
        raise UsageError(
            "a password map holds no spaces or line ends, and no colon in the user name; SES's have none"
        )
    host = _relayhost(region, port, more.get("host"))
    for name, text, mode in ((CONFIG, config, 0o644), (PASSWORDS, "", 0o600), (WAITS, _WAITS, 0o644)):
        # Made anew: a file that was there may be readable for others, or open.
        (folder / name).unlink(missing_ok=True)
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            # The line of the password has no name: a traceback can show what a function still holds.
            file.write(text or f"{host} {credentials.user}:{credentials.password}\n")
    return tuple(folder / name for name in (CONFIG, PASSWORDS, WAITS))


def _relayhost(region: str, port: int, host: str | None) -> str:
    return f"[{host or smtp_host(region)}]:{port}"


_Setting = tuple[str, object, str]


def _way(relayhost: str, security: Security, folder: Path, ca_file: str) -> list[_Setting]:
    """Whom to talk to, and as whom."""
    settings: list[_Setting] = [
        ("relayhost", relayhost, "All mail goes to SES. The brackets mean this very host, not its MX records."),
        (
            "smtp_sasl_auth_enable", "yes",
            "SES takes mail only from who signs in. Debian and Ubuntu need the package libsasl2-modules for it.",
        ),
        (
            "smtp_sasl_password_maps", f"texthash:{folder / PASSWORDS}",
            "User name and password, in a file that only root reads. texthash needs no postmap, so there is no "
            "second copy of the secret.",
        ),
        (
            "smtp_sasl_security_options", "noanonymous",
            "SES offers PLAIN and LOGIN, which Postfix does not use unless told so; inside TLS they are safe.",
        ),
        (
            "smtp_tls_security_level", "secure",
            "TLS always, with a certificate that is valid for the name in relayhost: anybody else in between gets "
            "neither the password nor the mail.",
        ),
        ("smtp_tls_secure_cert_match", "nexthop", "The name in relayhost, whatever DNS says."),
        ("smtp_tls_CAfile", ca_file, "Whom to believe; Postfix trusts nobody by itself."),
        ("smtp_tls_mandatory_protocols", ">=TLSv1.2", "SES speaks TLS 1.2 and 1.3 only."),
    ]  # fmt: skip
    if security is Security.WRAPPER:
        settings.append(("smtp_tls_wrappermode", "yes", "This port speaks TLS from the first byte."))
    return settings


def _pace(rate: float, connections: int, max_messages: int, max_age: float) -> list[_Setting]:
    """How fast, and over which connections."""
    slow = rate <= 1
    return [
        (
            "smtp_destination_rate_delay", f"{math.ceil(1 / rate)}s" if slow else "0s",
            f"The account may send {rate:g} a second. Postfix counts whole seconds between two messages"
            + ("; with a pause it uses one connection at a time." if slow else ": too long for this rate.")
            + " What is too fast nevertheless gets 454, stays in the queue and is tried again. SES counts recipients.",
        ),
        (
            "smtp_destination_concurrency_limit", connections,
            "Connections at a time. SES answers 421 to too many; how many are too many depends on the account.",
        ),
        ("smtp_destination_recipient_limit", 50, "SES takes 50 recipients a message; Postfix splits longer lists."),
        (
            "smtp_destination_concurrency_failed_cohort_limit", 10,
            "SES replaces its hosts, and connections die with them. By default one that fails stops all mail until "
            "the next try; an outage still stops it after this many.",
        ),
        (
            "smtp_tls_connection_reuse", "yes",
            "Without it there is a new connection, with handshake and sign-in, for each message. It needs the "
            f"service tlsproxy: postconf -M '{TLSPROXY}'",
        ),
        (
            "smtp_connection_cache_time_limit", "5s",
            "SES ends a connection after about 10 s of silence. Postfix also asks with RSET before it uses one again.",
        ),
        ("connection_cache_ttl_limit", "5s", "The cache's own limit, which is 2 s and would overrule the one above."),
        (
            "smtp_connection_reuse_time_limit", f"{math.floor(max_age)}s",
            "Change connections before SES changes hosts. AWS names no number; shorter costs more handshakes.",
        ),
        (
            "smtp_connection_reuse_count_limit", max_messages - 1,
            f"SES limits the messages of a connection (421). The number is not published; one report met it at about "
            f"350. Postfix counts uses after the first: {max_messages} messages.",
        ),
    ]  # fmt: skip


def _patience(folder: Path) -> list[_Setting]:
    """How long to try, and what becomes of what is refused."""
    return [
        (
            "queue_run_delay", "30s",
            "How often Postfix looks for mail whose wait is over.",
        ),
        (
            "minimal_backoff_time", "30s",
            "The first wait after a 4xx or a lost connection. AWS: 5, 10 and 30 s, then 20 minutes.",
        ),
        (
            "maximal_backoff_time", "1200s",
            "The longest wait. In between a message waits as long again as it is old.",
        ),
        (
            "maximal_queue_lifetime", "5d",
            "Then it goes back to its sender. The daily quota (454) needs 24 hours to be free again, and an account "
            "that is paused longer than that.",
        ),
        (
            "smtp_data_done_timeout", "600s",
            "How long to wait for the answer to a whole message. Who gives up earlier sends it again, and SES may have "
            "taken it.",
        ),
        ("smtp_sasl_auth_soft_bounce", "yes", "A wrong or revoked password keeps mail waiting until it is put right."),
        (
            "smtp_delivery_status_filter", f"regexp:{folder / WAITS}",
            "So do refusals that end by themselves: the account is paused, a MAIL FROM domain waits for its DNS.",
        ),
        (
            "notify_classes", "2bounce, resource, software",
            "What SES refuses for good goes back to its sender as a bounce. Bounces have an empty sender, which SES "
            "refuses (501): the postmaster of this host gets them then. Without 2bounce nobody does.",
        ),
        (
            "message_size_limit", 40_000_000,
            "SES's limit of 40 MB after encoding: what is larger is refused here, where its program hears it.",
        ),
    ]  # fmt: skip
