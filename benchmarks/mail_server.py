"""A mail server in a process of its own: `mail_server.py simulator|aiosmtpd open|tls`.

`open` lets clients send without TLS and without signing in, since Postfix's smtp-source can do neither; `tls`
wants STARTTLS and AUTH. Prints one line of JSON (address, port, user, password) and ends when its standard
input does. Both servers use one thread, a P-256 certificate and a backlog of 1,024.

The simulator judges messages by an account with identities, a quota and a rate, both too large to refuse.
aiosmtpd's handler does nothing but say yes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from sestools.core.credentials import Credentials
from sestools.core.endpoints import smtp_host
from sestools.simulator import Account, Simulator, connection
from sestools.simulator.certificates import Authority
from sestools.simulator.server import BACKLOG
from sestools.simulator.session import ServerSession

CREDENTIALS = Credentials(user="canary", password="a made-up secret")
ACCOUNT = Account(
    credentials=CREDENTIALS,
    identities=frozenset({"example.com", "someone@example.net"}),
    denied=frozenset({"example.org"}),
    daily_quota=1e9,
    rate=1e9,
)


class OpenSession(ServerSession):
    """A session that asks for neither TLS nor credentials, which the simulator itself never allows."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._offers_starttls = False
        self._signed_in = True


@contextlib.contextmanager
def simulator(mode: str) -> Iterator[tuple[str, int]]:
    """Ours; the idle time-out and the messages of a session are out of the way."""
    if mode == "open":
        connection.ServerSession = OpenSession
    with Simulator(account=ACCOUNT, idle=600, max_messages=10**9) as ses:
        yield ses.connect_to[587]


class Nothing:
    """Takes everything and keeps nothing."""

    async def handle_DATA(self, *_: object) -> str:
        """Say yes."""
        return "250 Ok"


def signs_in(
    _server: object, _session: object, _envelope: object, _mechanism: str, data: object
) -> AuthResult:
    """Whether the credentials are right."""
    right = LoginPassword(CREDENTIALS.user.encode(), CREDENTIALS.password.encode())
    return AuthResult(success=data == right)


@contextlib.contextmanager
def aiosmtpd(mode: str) -> Iterator[tuple[str, int]]:
    """The peer."""
    logging.disable()  # that it warns of its own deprecated names is not measured
    more: dict[str, Any] = {}
    if mode == "tls":
        context = Authority(smtp_host("eu-west-1")).context()
        more = {"tls_context": context, "require_starttls": True, "auth_required": True}
    loop = asyncio.new_event_loop()

    def factory() -> SMTP:
        return SMTP(Nothing(), loop=loop, authenticator=signs_in, timeout=600, **more)

    # Not its Controller, whose backlog is 100.
    server = loop.run_until_complete(loop.create_server(factory, "127.0.0.1", 0, backlog=BACKLOG))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    yield server.sockets[0].getsockname()
    os._exit(0)  # it has no end of its own for connections that are open


def main() -> None:
    """Serve until standard input ends."""
    _, kind, mode = sys.argv
    with {"simulator": simulator, "aiosmtpd": aiosmtpd}[kind](mode) as (address, port):
        told = {"address": address, "port": port, "user": CREDENTIALS.user, "password": CREDENTIALS.password}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
