"""Servers that stand where SES should: real sockets on loopback, which record every byte that they are sent."""

from __future__ import annotations

import base64
import re
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sestools.core.credentials import Credentials

GREETING = "email-smtp.amazonaws.com ESMTP SimpleEmailService-d-VCSHDP1YZ A1b2C3d4E5f6G7h8I9j0"
CREDENTIALS = Credentials(user="AKIAEXAMPLECANARY123", password="BCanaryPasswordOfFortyFourCharacters/x+y=12")
_AUTH = re.compile(rb"(?:^|\n)[^\S\n]*AUTH\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Habit:
    """How a server behaves on one connection.

    Attributes:
        tls: What it proves itself with; None speaks clear text only.
        wrapper: Whether TLS begins with the first byte.
        greeting: What follows 220.
        offers: What EHLO lists inside TLS.
        starttls: Whether it lists STARTTLS.
        before_tls: What it says unasked with its answer to STARTTLS.
        before_auth: What it says unasked with its answer to EHLO inside TLS.
    """

    tls: ssl.SSLContext | None
    wrapper: bool = False
    greeting: str = GREETING
    offers: tuple[str, ...] = ("8BITMIME", "AUTH PLAIN LOGIN", "Ok")
    starttls: bool = True
    before_tls: bytes = b""
    before_auth: bytes = b""


class Server:
    """A server: its first connection has the first habit, and so on; the last habit is that of all the rest."""

    def __init__(self, habits: Sequence[Habit]) -> None:
        self._habits = habits
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self.heard: list[bytearray] = []
        """For each connection what came, in clear text and inside TLS."""
        self._threads = [threading.Thread(target=self._run, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()

    def _run(self) -> None:
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            habit = self._habits[min(len(self.heard), len(self._habits) - 1)]
            self.heard.append(bytearray())
            thread = threading.Thread(target=_talk, args=(connection, habit, self.heard[-1]), daemon=True)
            self._threads.append(thread)
            thread.start()


def _talk(connection: socket.socket, habit: Habit, heard: bytearray) -> None:
    try:
        _serve(connection, habit, heard)
    except OSError:
        return
    finally:
        connection.close()


def _serve(sock: socket.socket, habit: Habit, heard: bytearray) -> None:  # noqa: C901 (a branch for each verb)
    sock.settimeout(20)
    secure = False
    if habit.wrapper and habit.tls:
        sock, secure = habit.tls.wrap_socket(sock, server_side=True), True
    lines = habit.greeting.split("\n")
    for number, line in enumerate(lines):
        sock.sendall(f"220{'-' if number < len(lines) - 1 else ' '}{line}\r\n".encode())
    waiting = b""
    answers = iter(())
    while True:
        while b"\n" not in waiting and waiting[:1] != b"\x16":
            data = sock.recv(65536)
            if not data:
                return
            heard += data
            waiting += data
        line, _, waiting = waiting.partition(b"\n")
        verb = line.split()[0].upper() if line.split() else b""
        if verb == b"EHLO":
            listed = habit.offers if secure else ("8BITMIME", "AUTH PLAIN LOGIN", "Ok")
            if habit.starttls and not secure:
                listed = ("STARTTLS", *listed)
            said = ["email-smtp.amazonaws.com", *listed]
            text = "".join(f"250{'-' if one is not said[-1] else ' '}{one}\r\n" for one in said)
            sock.sendall(text.encode() + (habit.before_auth if secure else b""))
        elif verb == b"STARTTLS":
            sock.sendall(b"220 Ready to start TLS\r\n" + habit.before_tls)
            if habit.tls:
                sock, secure = habit.tls.wrap_socket(sock, server_side=True), True
        elif verb == b"AUTH":
            if line.upper().split() == [b"AUTH", b"LOGIN"]:
                answers = iter([b"334 UGFzc3dvcmQ6", b"235 Authentication successful."])
                sock.sendall(b"334 VXNlcm5hbWU6\r\n")
            else:
                sock.sendall(b"235 Authentication successful.\r\n")
        elif answer := next(answers, None):
            sock.sendall(answer + b"\r\n")
        elif verb == b"DATA":
            sock.sendall(b"354 End data with <CR><LF>.<CR><LF>\r\n")
        elif verb == b"QUIT":
            sock.sendall(b"221 Bye\r\n")
        elif verb == b"." or verb in (b"MAIL", b"RCPT", b"NOOP", b"RSET"):
            sock.sendall(b"250 Ok 0106019dec617b98-8fc9d3b2-6d3a-4b7d-9d8e-3f1c5a2b7e90-000000\r\n")
        elif line.startswith(b"\x16"):  # a TLS handshake, to one who speaks clear text only
            sock.sendall(b"500 Command unrecognized\r\n")


def gave_away(heard: bytes) -> list[str]:
    """What of the credentials is in what a server heard, in the clear or in base64 at any alignment; and AUTH."""
    found = ["AUTH"] if _AUTH.search(heard) else []
    for name, secret in (("user", CREDENTIALS.user), ("password", CREDENTIALS.password)):
        forms = [secret.encode()]
        for before in range(3):
            coded = base64.b64encode(b"\0" * before + secret.encode())
            forms.append(coded[4 if before else 0 :].rstrip(b"=")[:-2])
        found += [name for form in forms if form in heard]
    return found


def as_wrapper(habits: Sequence[Habit]) -> list[Habit]:
    """The same servers with TLS from the first byte."""
    return [replace(habit, wrapper=True) for habit in habits]
