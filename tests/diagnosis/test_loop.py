"""The loop closes: what the simulator does is seen by the probes and understood by the classifier."""

import pytest

from sestools import Stage, classify, probe_dialogue
from sestools.core.endpoints import Security
from sestools.core.enums import Kind
from sestools.core.results import ProbeResult
from sestools.knowledge.table import cause
from sestools.probes import probe_tcp, probe_tls
from sestools.simulator import Simulator, faults
from sestools.simulator.faults import replies

SENDER = "sender@example.com"
REPLIES = [id for id in replies() if cause(id).samples[0][0] in "45"]


def ask(ses: Simulator, port: int, timeout: float = 3.0) -> ProbeResult:
    """A whole session with a message."""
    return probe_dialogue(ses.target(port, sign_in=True), until=Stage.BODY, sender=SENDER, timeout=timeout)


def test_there_are_replies_to_say() -> None:
    """The documented and observed replies are all there."""
    assert len(REPLIES) >= 35


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize("id", REPLIES)
def test_every_reply_is_understood_over_the_wire(ses: Simulator, id: str, port: int) -> None:
    """Simulated at its stage, met by a probe, classified: the cause leads."""
    ses.set_faults(faults.Says(id))
    result = ask(ses, port)
    assert result.symptom, result
    assert result.symptom.reply, result
    assert result.symptom.reply.code == int(cause(id).samples[0][:3])
    assert classify(result).cause.id == id, result.symptom


NETWORK = [
    ("refused", "connection-refused"),
    ("dropped", "connect-timeout"),
    ("silent", "reply-timeout"),
    ("foreign-greeting", "foreign-greeting"),
    ("starttls-missing", "starttls-missing"),
    ("starttls-masked", "starttls-masked"),
    ("injected", "starttls-injected"),
    ("mixed-codes", "garbled"),
    ("endless-greeting", "garbled"),
    ("long-line", "garbled"),
    ("bad-certificate:expired", "certificate-expired"),
    ("bad-certificate:wrong-name", "certificate-wrong-name"),
    ("bad-certificate:unknown-issuer", "certificate-unknown-issuer"),
    ("bad-certificate:self-signed", "certificate-self-signed"),
    ("reset:AUTH", "connection-lost"),
    ("closed:MAIL", "connection-lost"),
    ("stalled:AUTH", "reply-timeout"),
    ("drips:EHLO:0.1", "reply-timeout"),
]


@pytest.mark.parametrize(("fault", "id"), NETWORK)
def test_every_network_fault_is_understood(ses: Simulator, fault: str, id: str) -> None:
    """A fault below the dialogue leads to its own cause."""
    ses.set_faults(faults.parse(fault))
    result = ask(ses, 587, timeout=0.8)
    if id == "foreign-greeting":
        # A single probe only observes: another greeting is no failure until somebody expects SES's.
        assert result.facts.greeting == "mail.example.net ESMTP Postfix"
        return
    assert result.symptom, result
    assert classify(result).cause.id == id, result.symptom


@pytest.mark.parametrize(
    ("port", "security", "id"),
    [(465, Security.STARTTLS, "no-greeting"), (587, Security.WRAPPER, "wrapper-on-starttls")],
)
def test_the_wrong_tls_mode_is_understood(ses: Simulator, port: int, security: Security, id: str) -> None:
    """Clear text on a wrapper port, and TLS at once on a STARTTLS port."""
    assert classify(probe_dialogue(ses.target(port, security=security), timeout=0.8)).cause.id == id


def test_the_other_probes_speak_the_same_language(ses: Simulator) -> None:
    """probe_tcp and probe_tls give symptoms that are understood too."""
    ses.set_faults(faults.Refused(ports={25}), faults.BadCertificate("expired", ports={465}))
    assert classify(probe_tcp(ses.target(25))).cause.id == "connection-refused"
    assert classify(probe_tls(ses.target(465))).cause.id == "certificate-expired"
    assert probe_tls(ses.target(587)).ok
    assert probe_tcp(ses.target(25)).symptom.kind is Kind.REFUSED  # type: ignore[union-attr]
