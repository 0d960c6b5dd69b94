"""Sessions that were recorded at SES, replayed line by line against the simulator of their years.

`C:` is what the client said, `S:` what SES answered. Names, ids and secrets of the recordings are replaced, and an answer is
compared after the same was done to it; what differs on purpose stands in docs/simulator.md.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
from pathlib import Path

import pytest

from sestools.core.endpoints import PORTS, Security
from sestools.simulator import Account, Simulator

OLD = "S: 250-email-smtp.amazonaws.com\nS: 250-8BITMIME\nS: 250-SIZE 10485760\n"
T1 = f"""\
S: 220 email-smtp.amazonaws.com ESMTP SimpleEmailService-HOST
C: EHLO client
{OLD}S: 250-STARTTLS
S: 250-AUTH PLAIN LOGIN
S: 250 Ok
C: AUTH LOGIN
S: 530 Must issue a STARTTLS command first
C: AUTH PLAIN c2VjcmV0
S: 530 Must issue a STARTTLS command first
C: QUIT
S: 221 Bye"""
T2 = """\
S: 220 email-smtp.amazonaws.com ESMTP SimpleEmailService-HOST
C: ehlo client
S: 250-email-smtp.amazonaws.com
S: 250-8BITMIME
S: 250-STARTTLS
S: 250-AUTH PLAIN LOGIN
S: 250 Ok
C: STARTTLS
S: 220 Ready to start TLS
C: ehlo client
S: 250-email-smtp.amazonaws.com
S: 250-8BITMIME
S: 250-AUTH PLAIN LOGIN
S: 250 Ok
C: AUTH PLAIN BOTH
S: 235 Authentication successful.
C: mail FROM:<no-reply@example.com>
S: 250 Ok
C: rcpt TO:<user@example.net>
S: 250 Ok
C: data
S: 354 End data with <CR><LF>.<CR><LF>
C: Subject: hello
C:
C: hello
C: .
S: 250 Ok ID
C: QUIT
S: 221 Bye"""
T3 = f"""\
S: 220 email-smtp.amazonaws.com ESMTP SimpleEmailService-HOST
C: EHLO mautic.example.com
{OLD}S: 250-STARTTLS
S: 250-AUTH PLAIN LOGIN
S: 250 Ok
C: STARTTLS
S: 220 Ready to start TLS
C: EHLO mautic.example.com
{OLD}S: 250-STARTTLS
S: 250-AUTH PLAIN LOGIN
S: 250 Ok
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: d3Jvbmc=
S: 334 UGFzc3dvcmQ6
C: d3Jvbmc=
S: 535 Authentication Credentials Invalid
C: RSET
S: 250 Ok"""
SIGN_IN = f"""\
S: 220 email-smtp.amazonaws.com ESMTP SimpleEmailService-HOST
C: EHLO laptop.example.com
{OLD}S: 250-AUTH PLAIN LOGIN
S: 250 Ok
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
C: USER
S: 334 UGFzc3dvcmQ6
C: PASSWORD
S: 235 Authentication successful.
"""
T4 = f"""\
{SIGN_IN}C: MAIL FROM:<a@example.com>
S: 250 Ok
C: RCPT TO:<b@example.com>
S: 250 Ok
C: DATA
S: 354 End data with <CR><LF>.<CR><LF>
C: Subject: hello
C: .
S: 250 Ok ID
S: 451 4.4.2 Timeout waiting for data from client."""
T5 = f"""\
{SIGN_IN}C: MAIL FROM:test-outbound-01@example.com
S: 250 Ok
C: RCPT TO:bounce@simulator.amazonses.com
S: 250 Ok
C: DATA
S: 354 End data with <CR><LF>.<CR><LF>
C: Subject: Simulating bounce with SES
C:
C: This is testing using the SES sandbox
C: .
S: 250 Ok ID
C: QUIT
S: 221 Bye"""
T6 = """\
S: 220 email-smtp.amazonaws.com ESMTP SimpleEmailService-HOST
C: EHLO client
S: 250-email-smtp.amazonaws.com
S: 250-8BITMIME
S: 250-AUTH PLAIN LOGIN
S: 250 Ok
C: AUTH PLAIN
S: 334 Ok
C: BOTH
S: 235 Authentication successful.
C: MAIL FROM:<a@example.com>
S: 250 Ok
C: RCPT TO:<b@example.com>
S: 250 Ok
C: DATA
S: 354 End data with <CR><LF>.<CR><LF>
C: Subject: hello
C: .
S: 554 MAIL FROM domain not verified: DNS setup for MAIL FROM domain is invalid."""
T7 = f"""\
{SIGN_IN}C: MAIL FROM:<a@example.com>
S: 250 Ok
C: RCPT TO:<b@example.com>
S: 250 Ok
C: DATA
S: 354 End data with <CR><LF>.<CR><LF>
C: Content-Type: multipart/alternative; boundary="x"
C:
C: no part
C: .
S: 554 Transaction failed: Missing start boundary
C: RSET
S: 250 Ok"""
T8 = """\
S: 220 email-smtp.amazonaws.com ESMTP SimpleEmailService-HOST
C: EHLO client
S: 250-email-smtp.amazonaws.com
S: 250-8BITMIME
S: 250-STARTTLS
S: 250-AUTH PLAIN LOGIN
S: 250 Ok
C: STARTTLS
S: 220 Ready to start TLS
C: EHLO client
S: 250-email-smtp.amazonaws.com
S: 250-8BITMIME
S: 250-STARTTLS
S: 250-AUTH PLAIN LOGIN
S: 250 Ok
S: 451 4.4.2 Timeout waiting for data from client."""
T9 = f"""\
{SIGN_IN}C: MAIL FROM:<a@example.com>
S: 250 Ok
C: RCPT TO:<b>c@example.com>
S: 501 Invalid RCPT TO address provided
C: RCPT TO:<"re:ceiver"@example.com>
S: 250 Ok
C: DATA
S: 354 End data with <CR><LF>.<CR><LF>
C: Subject: hello
C: .
S: 554 Transaction failed: Address contains illegal characters in user name: '<"re:ceiver"@example.com>'."""
T10 = f"""\
S: 220 email-smtp.amazonaws.com ESMTP SimpleEmailService-HOST
C: EHLO client
{OLD}S: 250-STARTTLS
S: 250-AUTH PLAIN LOGIN
S: 250 Ok
C: AUTH PLAIN c2VjcmV0
S: 530 Must issue a STARTTLS command first
C: MAIL From:<user@example.com> SIZE=543
S: 530 Authentication required"""
T14 = (
    T3.partition("C: AUTH LOGIN")[0]
    + """\
C: AUTH PLAIN BOTH
S: 235 Authentication successful.
C: mail FROM:<a@example.com> size=44
S: 250 Ok
C: rcpt TO:<b@example.com>
S: 250 Ok
C: data
S: 354 End data with <CR><LF>.<CR><LF>
C: Subject: hello
C: .
S: 250 Ok ID
C: quit
S: 221 Bye"""
)


class Client:
    """A client that says what it is told, and hears whole lines."""

    def __init__(self, ses: Simulator, port: int) -> None:
        self._ses, self._trust = ses, ssl.create_default_context(cafile=ses.ca_file)
        self._sock: socket.socket = socket.create_connection(ses.connect_to[port], timeout=20)
        if PORTS[port] is Security.WRAPPER:
            self.secure()
        self._heard = self._sock.makefile("rb")

    def secure(self) -> None:
        """Begin TLS, verified for SES's name."""
        self._sock = self._trust.wrap_socket(self._sock, server_hostname=self._ses.host)
        self._heard = self._sock.makefile("rb")

    def say(self, line: str) -> None:
        """Send a line, with the secrets that it stands for."""
        user, password = self._ses.credentials.user, self._ses.credentials.password
        words = {"USER": user, "PASSWORD": password, "BOTH": f"\0{user}\0{password}"}
        secret = line.split()[-1] if line.split() else ""
        if secret in words:
            line = line.replace(secret, base64.b64encode(words[secret].encode()).decode())
        self._sock.sendall(line.encode() + b"\r\n")

    def hear(self) -> str:
        """A line, without what differs from run to run."""
        line = self._heard.readline().decode().rstrip("\r\n")
        line = re.sub(r"SimpleEmailService-(?:d-)?\w+ \w{20}$", "SimpleEmailService-HOST", line)
        return re.sub(r"\b[0-9a-f]{16}(?:-[0-9a-f]{4,12}){5}-000000$", "ID", line)


@pytest.mark.parametrize(
    ("era", "port", "transcript"),
    [
        pytest.param("2020", 25, T1, id="T1"),
        pytest.param("2026", 587, T2, id="T2"),
        pytest.param("2017", 587, T3, id="T3"),
        pytest.param("2020", 465, T4, id="T4"),
        pytest.param("2017", 465, T5, id="T5"),
        pytest.param("2026", 465, T6, id="T6"),
        pytest.param("2020", 465, T7, id="T7"),
        pytest.param("2023", 587, T8, id="T8"),
        pytest.param("2020", 465, T9, id="T9"),
        pytest.param("2020", 587, T10, id="T10"),
        pytest.param("2017", 587, T14, id="T14"),
    ],
)
def test_a_recorded_session(era: str, port: int, transcript: str) -> None:
    """Every line that SES was recorded with comes out, in order."""
    account = Account(bad_mail_from=frozenset({"example.com"})) if transcript is T6 else None
    with Simulator(era=era, account=account, idle=0.5 if "Timeout" in transcript else 10.0) as ses:
        client = Client(ses, port)
        for line in transcript.split("\n"):
            who, _, words = line.partition(":")
            if who == "C":
                client.say(words.removeprefix(" "))
            else:
                heard = client.hear()
                assert heard == words.removeprefix(" "), transcript
                if heard == "220 Ready to start TLS":
                    client.secure()


def test_the_known_differences_are_listed() -> None:
    """docs/simulator.md says what is not as at SES, or not known."""
    text = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text("utf-8")
    for word in ("555", "Known differences", "does not deliver"):
        assert word in text
