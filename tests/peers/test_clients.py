"""Real clients that nobody here wrote: they send through the simulator and report its failures as SES's."""

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients.record import OUTPUTS, refusals, telling
from clients.relay import BY_WRAPPER, WITH_WRONG_PASSWORD, Relay, relay
from clients.senders import RECIPIENT, SENDER, SENDERS, Job

from peers import servers
from sestools import classify
from sestools.simulator import Simulator, faults

pytestmark = pytest.mark.xdist_group("clients")

RATE = "Throttling failure: Maximum sending rate exceeded."
WRONG = "Authentication Credentials Invalid"
UNTRUSTED = "certificate verify failed: unable to get local issuer certificate"
REPORTS = {
    "says:send-rate": {
        "smtplib": f"smtplib.SMTPDataError: (454, b'{RATE}')",
        "aiosmtplib": f"aiosmtplib.errors.SMTPDataError: (454, '{RATE}')",
        "swaks": f"<~* 454 {RATE}",
        "curl": "curl: (8) Weird server reply",
        "curl --verbose": f"< 454 {RATE}",
        "msmtp": f"msmtp: server message: 454 {RATE}",
        "nodemailer": f"Error: Message failed: 454 {RATE}",
        "postfix": f"status=deferred (host HOST[192.0.2.45] said: 454 {RATE} (in reply to end of DATA command))",
    },
    "wrong password": {
        "smtplib": f"smtplib.SMTPAuthenticationError: (535, b'{WRONG}')",
        "aiosmtplib": f"aiosmtplib.errors.SMTPAuthenticationError: (535, '{WRONG}')",
        "swaks": f"<~* 535 {WRONG}",
        "curl": "curl: (67) Login denied",
        "curl --verbose": f"< 535 {WRONG}",
        "msmtp": f"msmtp: server message: 535 {WRONG}",
        "nodemailer": f"Error: Invalid login: 535 {WRONG}",
        "postfix": f"status=deferred (SASL authentication failed; server HOST[192.0.2.45] said: 535 {WRONG})",
    },
    "closed:BODY": {
        "smtplib": "smtplib.SMTPServerDisconnected: Connection unexpectedly closed",
        "aiosmtplib": "aiosmtplib.errors.SMTPServerDisconnected: Unexpected EOF received",
        "swaks": "*** Remote host closed connection unexpectedly.",
        "curl": "curl: (56) ",
        "curl --verbose": "curl: (56) ",
        "msmtp": "msmtp: the server sent an empty reply",
        "nodemailer": "Error: Connection closed unexpectedly",
        "postfix": "status=deferred (lost connection with HOST[192.0.2.45] while sending end of data",
    },
    "reset:MAIL": {
        "smtplib": "Connection",
        "aiosmtplib": "aiosmtplib.errors.SMTPServerDisconnected: Connection lost",
        "swaks": "*** Remote host closed connection unexpectedly.",
        "curl": "Connection reset by peer",
        "curl --verbose": "Connection reset by peer",
        "msmtp": "msmtp: cannot read from TLS connection",
        "nodemailer": "Error: read ECONNRESET",
        "postfix": "status=deferred (lost connection with HOST[192.0.2.45] while sending MAIL FROM)",
    },
    "bad-certificate:unknown-issuer": {
        "smtplib": f"ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] {UNTRUSTED}",
        "aiosmtplib": f"ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] {UNTRUSTED}",
        "swaks": "certificate verify failed",
        "curl": "curl: (60) SSL certificate problem: unable to get local issuer certificate",
        "curl --verbose": "curl: (60) SSL certificate problem: unable to get local issuer certificate",
        "msmtp": "TLS certificate verification failed",
        "nodemailer": "Error: unable to verify the first certificate",
        "postfix": "status=deferred (Server certificate not verified)",
    },
}
"""What each client has to print when it meets a fault."""
CAUSES = {
    "says:send-rate": "send-rate",
    "wrong password": "bad-credentials",
    "closed:BODY": "connection-lost",
    "reset:MAIL": "connection-lost",
    "bad-certificate:unknown-issuer": "certificate-unknown-issuer",
}
"""What a fault has to be taken for."""
HIDDEN = {
    ("curl", "says:send-rate"): "reply-hidden",
    ("curl", "wrong password"): "reply-hidden",
    ("swaks", "bad-certificate:unknown-issuer"): "certificate-invalid",
}
"""What can be known where a client keeps the reason to itself."""


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    """One simulator for all clients."""
    with Simulator("eu-west-1") as running:
        yield running


@pytest.fixture
def ses(shared: Simulator) -> Iterator[Simulator]:
    """That simulator, without faults before and after."""
    shared.set_faults()
    yield shared
    shared.set_faults()


@pytest.fixture(scope="module")
def postfix(shared: Simulator) -> Iterator[Relay]:
    """Postfix that relays to the simulator."""
    if servers.why_not():
        pytest.skip(servers.why_not())
    # Not pytest's folder: its parents are closed to the server's own accounts.
    with tempfile.TemporaryDirectory(prefix="sestools-relay-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with relay(folder, shared) as running:
            yield running


def caused(printed: str) -> str:
    """The cause that a print is taken for."""
    return classify(printed).cause.id


def meet(ses: Simulator, fault: str, client: str, port: int = 587) -> str:
    """What a client prints that has to fail because of a fault."""
    ses.set_faults(*([] if fault == "wrong password" else [faults.parse(fault)]))
    sent = SENDERS[client](
        Job(ses=ses, port=port, password="a made-up secret" if fault == "wrong password" else "")
    )
    assert not sent.ok, sent
    return sent.printed


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize("client", SENDERS)
def test_a_client_signs_in_and_sends(ses: Simulator, client: str, port: int) -> None:
    """In both TLS modes the message is accepted once, as it was sent, and the client says so."""
    before = len(ses.accepted)
    sent = SENDERS[client](Job(ses=ses, port=port))
    assert sent.ok, sent.printed
    (accepted,) = ses.accepted[before:]
    assert (accepted.port, accepted.sender, accepted.recipients) == (port, SENDER, (RECIPIENT,))
    assert f"To: {RECIPIENT}\r\n".encode() in accepted.message
    if client in ("swaks", "nodemailer", "aiosmtplib", "curl --verbose"):
        assert accepted.id in sent.printed


@pytest.mark.parametrize("client", SENDERS)
@pytest.mark.parametrize("fault", REPORTS)
def test_a_client_reports_a_fault(ses: Simulator, client: str, fault: str) -> None:
    """A client that meets a fault prints what it prints of SES, and the classifier knows it."""
    before = len(ses.accepted)
    printed = meet(ses, fault, client)
    assert REPORTS[fault][client] in printed
    assert len(ses.accepted) == before
    assert caused(telling(client, printed)) == HIDDEN.get((client, fault), CAUSES[fault])


@pytest.mark.parametrize("client", [name for name in SENDERS if name != "swaks"])  # verifies no name
def test_a_client_verifies_the_name(ses: Simulator, client: str) -> None:
    """A certificate for another name is refused, so what was sent before was sent to SES's name."""
    printed = meet(ses, "bad-certificate:wrong-name", client, 465)
    assert re.search("(?i)hostname|name in the certificate|no alternative certificate", printed), printed


@pytest.mark.parametrize("sender", [SENDER, BY_WRAPPER])
def test_postfix_relays(ses: Simulator, postfix: Relay, sender: str) -> None:
    """Postfix verifies TLS, signs in and delivers in both TLS modes; its log holds SES's message id."""
    before = len(ses.accepted)
    log = postfix.send(sender)
    (accepted,) = ses.accepted[before:]
    port = 465 if sender == BY_WRAPPER else 587
    assert (accepted.port, accepted.sender, accepted.recipients) == (port, sender, (RECIPIENT,))
    assert f"relay={ses.host}[192.0.2.45]:{port}" in log
    assert f"status=sent (250 Ok {accepted.id})" in log


@pytest.mark.parametrize("fault", REPORTS)
def test_postfix_reports_a_fault_and_its_queue_drains(ses: Simulator, postfix: Relay, fault: str) -> None:
    """Postfix logs SES's own words and keeps the message; once the fault is gone, a flush delivers it."""
    before = len(ses.accepted)
    ses.set_faults(*([] if fault == "wrong password" else [faults.parse(fault)]))
    log = postfix.send(WITH_WRONG_PASSWORD if fault == "wrong password" else SENDER)
    assert REPORTS[fault]["postfix"].replace("HOST", ses.host) in log
    assert caused(log) == CAUSES[fault]
    assert RECIPIENT in postfix.queue()
    assert len(ses.accepted) == before
    if fault == "wrong password":
        postfix.empty()
        return
    ses.set_faults()
    assert "status=sent (250 Ok " in postfix.flush()
    assert "empty" in postfix.queue()
    assert len(ses.accepted) == before + 1


def test_postfix_bounces_what_is_refused_for_good(ses: Simulator, postfix: Relay) -> None:
    """A 554 ends in a bounce at once, with SES's words in the log."""
    ses.set_faults(faults.parse("says:not-verified"))
    log = postfix.send()
    assert "status=bounced" in log
    assert caused(log) == "not-verified"


def rows() -> list[dict[str, str]]:
    """What was recorded."""
    return [json.loads(line) for line in OUTPUTS.read_text().splitlines()]


def test_every_output_is_classified() -> None:
    """What real clients printed of each refusal leads to its cause, or to what can be known of it."""
    wrong = [(row, got) for row in rows() if (got := caused(row["printed"])) != row["knowable"]]
    assert not wrong, wrong
    assert len(rows()) > 600


def test_every_refusal_was_met_by_every_client() -> None:
    """Each documented and observed refusal was met by each client, and only curl hides what was said."""
    met = Counter((row["cause"], row["reply"]) for row in rows())
    assert met == {(row, reply): len(SENDERS) + 1 for row, _, reply in refusals()}, (
        "run tests/clients/record.py"
    )
    assert {row["client"] for row in rows()} == {*SENDERS, "postfix"}
    assert {row["client"] for row in rows() if row["knowable"] != row["cause"]} == {"curl"}
    assert not any(re.search(r"127\.0\.0\.1|/tmp/|PROVIDED|made-up", row["printed"]) for row in rows())
