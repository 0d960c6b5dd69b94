"""The simulator as other projects use it: their clients connect in one line, TLS verified, and the ledger is read easily."""

from __future__ import annotations

import asyncio
import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys

import aiosmtplib
import pytest
from clients.senders import NODE

from sestools.core.errors import UsageError
from sestools.simulator import Account, Simulator

MAIL = "Subject: Caf\u00e9\r\nTo: you@example.com\r\n\r\nhello\r\n".encode()


@pytest.mark.parametrize("port", [587, 465])
def test_smtplib(ses: Simulator, port: int) -> None:
    """`ses.smtp()` is a client that is connected, verified and signed in."""
    before = len(ses.accepted)
    with ses.smtp(port) as smtp:
        smtp.sendmail("me@example.com", ["you@example.com"], MAIL)
        assert isinstance(smtp.sock, ssl.SSLSocket)
        assert smtp.sock.context.verify_mode is ssl.CERT_REQUIRED
    assert ses.accepted[before].parsed["Subject"] == "Caf\u00e9"
    assert ses.accepted[before].parsed.get_content().split() == ["hello"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_aiosmtplib(ses: Simulator, host: str) -> None:
    """The certificate holds under both names of this host."""
    before = len(ses.accepted)
    trust = ssl.create_default_context(cafile=ses.ca_file)
    own = {"username": ses.credentials.user, "password": ses.credentials.password}
    where = {"hostname": host, "port": ses.connect_to[587][1], "tls_context": trust, "start_tls": True}
    asyncio.run(
        aiosmtplib.send(MAIL, sender="me@example.com", recipients=["you@example.com"], **where, **own)
    )
    assert len(ses.accepted) == before + 1


@pytest.mark.parametrize("port", [587, 465])
def test_django(ses: Simulator, port: int) -> None:
    """Django sends with `ses.django_settings()`, in a process of its own."""
    before = len(ses.accepted)
    code = (
        "import django.core.mail\nfrom django.conf import settings\n"
        f"settings.configure(**{ses.django_settings(port)!r})\n"
        "django.core.mail.send_mail('hello', 'text', 'me@example.com', ['you@example.com'])\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert [mail.sender for mail in ses.accepted[before:]] == ["me@example.com"]


def test_nodemailer(ses: Simulator) -> None:
    """Nodemailer verifies the certificate with NODE_EXTRA_CA_CERTS."""
    before = len(ses.accepted)
    node = shutil.which("node")
    assert node, "make provide gets node"
    auth = f"{{user: '{ses.credentials.user}', pass: '{ses.credentials.password}'}}"
    code = (
        f"require('nodemailer').createTransport({{host: 'localhost', port: {ses.connect_to[587][1]}, requireTLS: true, "
        f"auth: {auth}}}).sendMail({{from: 'me@example.com', to: 'you@example.com', text: 'hello'}})"
    )
    modules = str(NODE.resolve() / "node_modules")
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": ses.ca_file, "NODE_PATH": modules}
    subprocess.run([node, "-e", code], check=True, timeout=60, env=environment)
    assert len(ses.accepted) == before + 1


def test_chosen_ports() -> None:
    """`listen` fixes the port numbers that are named; one that is taken or no port of SES is refused."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), Simulator(listen={587: number}):
            pass
    with Simulator(listen={587: number}) as ses:
        assert ses.connect_to[587] == ("127.0.0.1", number)
        assert ses.connect_to[465][1] != number
    with pytest.raises(UsageError, match="26"):
        Simulator(listen={26: 2626})


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL FROM:<me@example.com> AUTH=<>", 250),
        ("MAIL FROM:<me@example.com> BODY=8BITMIME SIZE=1000", 250),
        ("MAIL FROM:<me@example.com>", 250),
        ("MAIL FROM:me@example.com size=44", 250),
        ("MAIL FROM:<me@example.com> RET=FULL", 555),
        ("MAIL FROM:<me@example.com> SMTPUTF8", 555),
        ("MAIL FROM:<me@example.com> BODY=BINARYMIME", 555),
        ("MAIL FROM:<me>x@example.com>", 501),
    ],
)
def test_parameters(ses: Simulator, line: str, code: int) -> None:
    """Parameters of what EHLO lists are taken, others are refused: DSN, SMTPUTF8 and BINARYMIME are not offered."""
    with ses.smtp() as smtp:
        assert smtp.docmd(line)[0] == code


def test_recipients_take_no_parameter(ses: Simulator) -> None:
    """NOTIFY belongs to DSN, which SES does not offer."""
    with ses.smtp() as smtp:
        smtp.mail("me@example.com")
        assert smtp.docmd("RCPT TO:<you@example.com> NOTIFY=NEVER")[0] == 555
        assert smtp.docmd("RCPT TO:<you@example.com>")[0] == 250


def test_a_suppression_list() -> None:
    """Mail to a suppressed recipient is accepted, as SES does, and the ledger says to whom it was not delivered."""
    account = Account(suppressed=frozenset({"gone@example.com"}))
    with Simulator(account=account) as ses, ses.smtp() as smtp:
        smtp.sendmail("me@example.com", ["Gone@example.com", "you@example.com"], MAIL)
        assert ses.accepted[0].suppressed == ("Gone@example.com",)


def test_a_client_that_does_not_trust_it_refuses(ses: Simulator) -> None:
    """The certificate for localhost is worth nothing to whoever does not trust the simulator's authority."""
    with (
        smtplib.SMTP("localhost", ses.connect_to[587][1]) as smtp,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        smtp.starttls(context=ssl.create_default_context())
