"""The whole check against the simulator: what it concludes, what it leaves alone, how long it takes."""

import json
import threading
import time

import pytest

from sestools.checkup.check import check, targets
from sestools.core.credentials import Credentials
from sestools.core.endpoints import Security
from sestools.core.enums import Level, Stage
from sestools.simulator import Simulator, faults

FIVE = [25, 587, 2587, 465, 2465]


def look(simulator: Simulator, **more: object):  # type: ignore[no-untyped-def]
    """A check of the simulator with a short deadline."""
    options = {"connect_to": simulator.connect_to, "ca_file": simulator.ca_file, "timeout": 0.7, **more}
    return check("eu-west-1", **options)  # type: ignore[arg-type]


def test_a_healthy_endpoint(ses: Simulator) -> None:
    """All five ports are ready, nothing was signed in, and what was left out is said."""
    report = look(ses, timeout=5.0)
    assert report.level is Level.OK
    assert report.diagnosis.cause.id == "healthy"
    assert [port.port for port in report.ports] == FIVE
    assert all(port.dialogue.ok and port.tcp.ok for port in report.ports)
    assert report.session is None
    assert any("sign-in" in line for line in report.not_checked)
    assert all(Stage.AUTH not in [step.stage for step in port.dialogue.steps] for port in report.ports)


def test_it_signs_in_once_on_587(ses: Simulator) -> None:
    """With credentials one dialogue signs in, on 587, and nothing is sent."""
    accepted = len(ses.accepted)
    report = look(ses, credentials=ses.credentials)
    assert report.level is Level.OK
    assert report.session.target.port == 587
    assert report.session.facts.signed_in
    assert len(ses.accepted) == accepted
    assert all(not port.dialogue.facts.signed_in for port in report.ports)


def test_a_named_port_is_the_one_to_sign_in_on(ses: Simulator) -> None:
    """The first named port wins over 587."""
    report = look(ses, credentials=ses.credentials, ports=[2465, 587])
    assert report.session.target.port == 2465


def test_it_signs_in_elsewhere_when_587_is_dead(ses: Simulator) -> None:
    """A healthy port is chosen; the dead one is still the verdict."""
    ses.set_faults(faults.parse("dropped@587"))
    report = look(ses, credentials=ses.credentials)
    assert report.session.target.port == 465
    assert report.diagnosis.cause.id == "ports-blocked"


@pytest.mark.parametrize(
    "fault",
    [
        "bad-certificate:unknown-issuer",
        "bad-certificate:expired",
        "foreign-greeting",
        "starttls-missing@25,587,2587",
    ],
)
def test_credentials_go_nowhere_that_is_not_ses(ses: Simulator, fault: str) -> None:
    """No sign-in is tried on a port that is not healthy, verified and SES's own."""
    ses.set_faults(faults.parse(fault))
    report = look(ses, credentials=ses.credentials, ports=[25, 587, 2587])
    assert report.session is None
    assert any("credentials go nowhere else" in line for line in report.not_checked)


def test_a_refused_sign_in_points_to_the_credential_doctor(ses: Simulator) -> None:
    """A raw secret access key used as the password is named as the cause of the 535."""
    secret_key = Credentials(user="AKIAIOSFODNN7EXAMPLE", password="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    report = look(ses, credentials=secret_key)
    ids = [cause.id for cause in report.diagnosis.candidates]
    assert ids[0] == "credential-secret-key"
    assert "bad-credentials" in ids
    assert any("535" in line for line in report.diagnosis.evidence)
    assert secret_key.password not in report.to_markdown() + report.to_html() + json.dumps(report.to_dict())


def test_sending_needs_to_be_asked_for_and_goes_to_the_mailbox_simulator(ses: Simulator) -> None:
    """One message, to the mailbox simulator; its id is evidence."""
    before = len(ses.accepted)
    report = look(ses, credentials=ses.credentials, send=True, sender="sender@example.com")
    assert report.level is Level.OK
    assert len(ses.accepted) == before + 1
    assert report.session.facts.message_id in "\n".join(report.diagnosis.evidence)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"send": True}, "credentials"),
        ({"ports": []}, "at least one port"),
        ({"ports": [70000]}, "1 to 65535"),
        ({"ports": [587], "connect_to": {25: ("127.0.0.1", 25)}}, "587"),
        ({"timeout": -1}, "timeout"),
        ({"ca_file": "/nonexistent"}, "CA file"),
    ],
)
def test_wrong_use_is_a_clear_value_error(wrong: dict[str, object], says: str) -> None:
    """Wrong use is told before anything is touched."""
    with pytest.raises(ValueError, match=says):
        check("eu-west-1", **{"connect_to": ("127.0.0.1", 9), **wrong})  # type: ignore[arg-type]


def test_a_real_recipient_must_be_confirmed(ses: Simulator) -> None:
    """Another recipient than the mailbox simulator is refused unless confirmed."""
    options = {
        "credentials": ses.credentials,
        "send": True,
        "sender": "sender@example.com",
        "recipient": "person@example.com",
    }
    with pytest.raises(ValueError, match="confirm_recipient"):
        look(ses, **options)
    assert look(ses, **options, confirm_recipient=True).level is Level.OK


def test_a_reply_at_the_end_of_data_is_the_verdict(ses: Simulator) -> None:
    """What SES says only after the message is diagnosed as such."""
    ses.set_faults(faults.parse("says:not-verified"))
    report = look(ses, credentials=ses.credentials, send=True, sender="sender@example.com")
    assert report.diagnosis.cause.id == "not-verified"
    assert report.session.symptom.stage is Stage.BODY


def test_a_check_takes_no_longer_than_its_slowest_port(ses: Simulator) -> None:
    """All ports run side by side: five dead ports cost one time-out, and the second look another."""
    ses.set_faults(faults.parse("silent"))
    began = time.monotonic()
    look(ses, timeout=0.6)
    assert time.monotonic() - began < 2 * 0.6 + 1


def test_cancelling_ends_a_check_and_says_so(ses: Simulator) -> None:
    """A cancelled check ends soon, and its verdict is that it could not tell."""
    ses.set_faults(faults.parse("silent"))
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    began = time.monotonic()
    report = look(ses, timeout=30, cancel=cancel)
    assert time.monotonic() - began < 3
    assert report.level is Level.UNCLEAR
    assert "cancelled" in "\n".join(report.diagnosis.evidence)


def test_progress_is_told(ses: Simulator) -> None:
    """Progress counts up to the number of ports."""
    seen: list[tuple[int, int]] = []
    look(ses, progress=lambda done, total, what: seen.append((done, total)))
    assert seen[-1] == (5, 5)


def test_the_report_has_many_faces(ses: Simulator) -> None:
    """Markdown, HTML and JSON carry the verdict, and JSON only JSON types."""
    ses.set_faults(faults.parse("dropped@25"))
    report = look(ses)
    data = json.loads(json.dumps(report.to_dict()))
    assert data["schema_version"] == 1
    assert data["verdict"]["causes"][0] == "port25-blocked"
    assert data["ports"][1]["dialogue"]["facts"]["tls"]["verified"] is True
    title = report.diagnosis.cause.title
    assert title.split(".")[0] in report.to_html()
    assert "| 25 | STARTTLS |" in report.to_markdown()
    assert "<Report email-smtp.eu-west-1.amazonaws.com: notice, port25-blocked" in repr(report)


def test_hostile_text_is_rendered_nowhere(ses: Simulator) -> None:
    """HTML, Markdown and terminal escapes in a reply stay text in every face."""
    evil = "554 <script>alert(1)</script> \x1b[2J | `x` [a](javascript:b)"
    ses.set_faults(faults.Says(evil, stage=Stage.GREETING))
    report = look(ses, ports=[587])
    assert "554" in report.to_markdown()
    for face in (report.to_html(), report.to_markdown(), str(report)):
        assert "\x1b" not in face
    assert "<script" not in report.to_html()
    assert "\\<script\\>" in report.to_markdown()


def test_an_unresolvable_name_is_a_verdict() -> None:
    """A name that does not resolve is the verdict; no port is tried."""
    report = check("email-smtp.no-such-region-1.invalid", timeout=5)
    assert report.diagnosis.cause.id == "name-not-found"
    assert report.level is Level.PROBLEM
    assert all(not port.dialogue.steps for port in report.ports)


def test_targets_of_a_region_or_a_host() -> None:
    """A word without a dot is a region; with a dot it is a host."""
    assert targets("eu-west-1")[0].host == "email-smtp.eu-west-1.amazonaws.com"
    assert targets("mail.example.com", ports=[2525])[0].port == 2525
    with pytest.raises(ValueError, match="region"):
        targets("europe")


def test_no_credentials_for_a_server_that_is_not_ses(ses: Simulator) -> None:
    """Whatever the host is called: who does not greet as SES is told so, and nobody signs in there."""
    ses.set_faults(faults.ForeignGreeting())
    report = look(ses, credentials=ses.credentials, timeout=5.0)
    assert report.session is None
    assert report.diagnosis.cause.id == "foreign-greeting"
    assert {port.result for port in report.ports} == {"another server answers"}


def test_a_plain_connection_is_not_called_ready(ses: Simulator) -> None:
    """Without TLS nobody signs in, and the report says so."""
    report = look(ses, ports=[587], security=Security.PLAIN, credentials=ses.credentials)
    assert report.session is None
    assert "credentials are never sent without TLS" in str(report)


def test_connect_to_without_an_ses_port_is_wrong_use() -> None:
    """A mapping that names none of the ports is told so."""
    with pytest.raises(ValueError, match="no SES port"):
        check("eu-west-1", connect_to={9999: ("127.0.0.1", 25)})
