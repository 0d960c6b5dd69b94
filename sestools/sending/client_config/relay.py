"""A Postfix on this host as the queue in front of SES: what is handed to it survives crashes and outages.

A program gives its mail to Postfix in a millisecond, and Postfix keeps it on disk until SES replies `250`. It tries
again for days, and nothing is lost if the program or the host dies. It may send a message twice if SES's reply to it
was lost, because nobody can know whether SES accepted it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sestools.core.credentials import Credentials
from sestools.core.errors import UsageError
from sestools.sending.client_config.clients import FILTER, PASSWORDS, TEMPORARY, client_config


def write_relay(
    folder: str | Path, where: str, credentials: Credentials, *, port: int = 587, **more: Any
) -> tuple[Path, ...]:
    """Write the lines for main.cf (`ses.cf`), the password map (mode 0600), and the filter of refusals.

    Append the first to Postfix's main.cf, and give `TLSPROXY` to `postconf -M`.

    Args:
        folder: Where to write; copy the files to Postfix's own folder if it is another one.
        where: A region such as `eu-west-1`, or the name of an endpoint.
        credentials: SES's SMTP user name and password.
        port: One of SES's five ports. `more` is whatever else `client_config` takes.

    Raises:
        UsageError: If the credentials cannot stand in Postfix's password map, or as `client_config` does.
        OSError: If a file cannot be written.
    """
    folder = Path(folder)
    config = client_config("postfix", where, port=port, **{"folder": folder, "rate": 1.0, **more}).text
    if any(map(str.isspace, credentials.user + credentials.password)) or ":" in credentials.user:
        raise UsageError(
            "a password map holds no spaces or line ends, and no colon in the user name; SES's have none"
        )
    relayhost = next(line.split(" = ")[1] for line in config.splitlines() if line.startswith("relayhost"))
    wanted = (("ses.cf", config, 0o644), (PASSWORDS, "", 0o600), (TEMPORARY, "\n".join(FILTER) + "\n", 0o644))
    for name, text, mode in wanted:
        # Made anew: a file that was there may be readable for others, or open.
        (folder / name).unlink(missing_ok=True)
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            # The line of the password has no name: a traceback can show what a function still holds.
            file.write(text or f"{relayhost} {credentials.user}:{credentials.password}\n")
    return tuple(folder / name for name, _, _ in wanted)
