"""The sender: what it does with connections, refusals, losses and rates; over sockets and in virtual time."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from mailing import RECIPIENT, RESEND, mails, virtual

from sestools import Target
from sestools.core.credentials import Credentials
from sestools.core.endpoints import Security
from sestools.sending.mail import Attempt, Entry, Fate, Mail, SendReport
from sestools.sending.policy import Policy
from sestools.sending.sender import Sender
from sestools.simulator import Simulator, faults
from sestools.simulator.account import Account as SesAccount
from sestools.simulator.memory import ETHERNET_MSS, VirtualSes, VirtualSmtp


def sent(ses: VirtualSes, count: int = 100, **more: Any) -> list[Entry]:
    """Send messages in virtual time; whatever is sent is in the ledger under the id that is told."""
    with virtual(ses, **more) as sender:
        entries = list(sender.send_all(mails(count)))
    assert len(entries) == count
    told = {entry.id for entry in entries if entry.fate is Fate.SENT}
    assert told <= {accepted.id for accepted in ses.accepted}
    assert len(told) == sum(entry.fate is Fate.SENT for entry in entries)
    return entries


@pytest.mark.parametrize("port", [587, 465])
def test_over_sockets(port: int) -> None:
    """Both TLS modes, verified: messages arrive as they are, over one connection, which ends with QUIT."""
    said: list[str] = []
    with Simulator(on_event=lambda _port, _number, way, text: said.append(f"{way} {text}")) as ses:
        with Sender(ses.target(port, sign_in=True), policy=RESEND) as sender:
            account = SendReport(entries=tuple(sender.send_all(mails(3))))
        assert account.ok, account
        assert [entry.id for entry in account.entries] == [accepted.id for accepted in ses.accepted]
        assert ses.accepted[2].message.endswith(b"Subject: 2\r\n\r\n.hi\r\n")
        assert ses.connections == sender.connections == 1
    assert sum(line.upper() == "> QUIT" for line in said) == 1
    assert not any(ses.credentials.password in line for line in said)


def test_the_certificate_is_verified() -> None:
    """Nothing is said to a server whose certificate does not verify, and all messages are told so."""
    for kind in ("wrong-name", "unknown-issuer", "expired"):
        heard: list[str] = []
        with Simulator(
            faults=[faults.parse(f"bad-certificate:{kind}")],
            on_event=lambda _p, _n, way, text, heard=heard: heard.append(f"{way} {text}"),  # type: ignore[misc]
        ) as ses:
            with Sender(ses.target(587, sign_in=True), policy=RESEND) as sender:
                entries = list(sender.send_all(mails(2)))
            assert sender.connections == 1
        assert [entry.fate for entry in entries] == [Fate.UNSENT, Fate.UNSENT]
        assert all(entry.diagnosis and "certificate" in entry.diagnosis.cause.id for entry in entries)
        assert not any(line.upper().startswith("> AUTH") for line in heard)


@pytest.mark.parametrize("fault", ["starttls-missing", "starttls-masked", "foreign-greeting"])
def test_no_credentials_for_a_stranger(fault: str) -> None:
    """Without STARTTLS, and without SES's greeting, nobody signs in."""
    heard: list[str] = []
    with (
        Simulator(
            faults=[faults.parse(fault)], on_event=lambda _p, _n, way, text: heard.append(f"{way} {text}")
        ) as ses,
        Sender(ses.target(587, sign_in=True), policy=RESEND) as sender,
    ):
        (entry,) = sender.send_all(mails(1))
    assert entry.fate is Fate.UNSENT
    assert heard
    assert not any(line.upper().startswith("> AUTH") for line in heard)
    assert ses.credentials.password not in repr(entry)


@pytest.mark.parametrize(
    "fault",
    ["drips:GREETING:0.3", "drips:MAIL:0.2", "drips:TLS:0.05", "endless-greeting", "long-line", "silent", "stalled:BODY",
     "mixed-codes", "injected"],
)  # fmt: skip
def test_whatever_a_server_does_a_reply_ends(fault: str) -> None:
    """A server that drips, stalls, floods or babbles costs one time-out, and never a hang or a false success."""
    with (
        Simulator(faults=[faults.parse(fault)]) as ses,
        Sender(ses.target(587, sign_in=True), policy=Policy.none(), timeout=0.6, final_timeout=0.6) as sender,
    ):
        started = time.monotonic()
        entry = sender.send(mails(1)[0])
        assert time.monotonic() - started < 3
        assert entry.fate is (Fate.UNKNOWN if fault == "stalled:BODY" else Fate.UNSENT)
        assert not ses.accepted or fault == "stalled:BODY"
        if fault == "injected":
            assert entry.diagnosis
            assert entry.diagnosis.cause.id == "starttls-injected"


def test_refused_alone() -> None:
    """Bad addresses and headers are refused one by one, each with its diagnosis; the others go on."""
    some = mails(8)
    some[0] = dataclasses.replace(some[0], recipients=("not an address",))
    some[1] = dataclasses.replace(some[1], recipients=("x@example.com\r\nRCPT TO:<y@example.com>",))
    some[2] = dataclasses.replace(some[2], recipients=("no-domain",))
    some[3] = dataclasses.replace(some[3], sender="")
    some[4] = dataclasses.replace(some[4], recipients=())
    some[5] = dataclasses.replace(some[5], content=b"Content-Type: text;x\r\n\r\nx")
    some[6] = dataclasses.replace(some[6], recipients=("no-domain", RECIPIENT, "b@example.com"))
    with Simulator() as ses, Sender(ses.target(587, sign_in=True), policy=RESEND) as sender:
        entries = list(sender.send_all(some))
    fates = [(entry.fate, entry.diagnosis.cause.id if entry.diagnosis else "") for entry in entries]
    assert fates == [
        (Fate.REFUSED, "rcpt-invalid"),
        (Fate.REFUSED, "rcpt-invalid"),
        (Fate.REFUSED, "rcpt-invalid"),
        (Fate.REFUSED, "from-invalid"),
        (Fate.REFUSED, "rcpt-invalid"),
        (Fate.REFUSED, "content-type-syntax"),
        (Fate.SENT, ""),
        (Fate.SENT, ""),
    ]
    assert {name: why.cause.id for name, why in entries[6].refused.items()} == {"no-domain": "rcpt-invalid"}
    assert [accepted.recipients for accepted in ses.accepted] == [(RECIPIENT, "b@example.com"), (RECIPIENT,)]
    assert ses.connections == 1
    account = SendReport(entries=tuple(entries))
    assert account.summary == "2 sent, 6 refused."
    assert not account.ok
    assert "\r" not in repr(account)
    assert "\n" not in account.entries[1].what


@pytest.mark.parametrize(
    ("limit", "rules", "connections"),
    [
        ({"max_messages": 25}, {}, 4),
        ({"max_age": 5.0}, {"delay": 0.05}, 4),
        ({}, {"max_messages": 40}, 3),
    ],
)
def test_connections_are_changed(limit: dict[str, Any], rules: dict[str, Any], connections: int) -> None:
    """After so many messages or seconds, before SES does it; and at once when SES does it first."""
    ses = VirtualSes(**rules)
    entries = sent(ses, **limit)
    assert {entry.fate for entry in entries} == {Fate.SENT}
    assert ses.connections == connections
    late = sum(len(entry.attempts) > 1 for entry in entries)
    assert late == (2 if rules.get("max_messages") else 0)
    assert sum(attempt.wait or 0 for entry in entries for attempt in entry.attempts) == 0


def test_an_idle_connection_is_not_trusted() -> None:
    """After a silence the connection is asked first, and after a long one replaced: no message meets the cut."""
    ses = VirtualSes(idle=3.0)
    with virtual(ses) as sender:
        for pause in (0.5, 2.0, 4.0, 20.0):
            ses.clock.sleep(pause)
            entry = sender.send(mails(1)[0])
            assert (entry.fate, len(entry.attempts)) == (Fate.SENT, 1)
    # At first, behind the cut that NOOP found (4 s), and behind our own limit (20 s).
    assert ses.connections == 3


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_lost_before_the_dot_is_sent_again_at_once(stage: str) -> None:
    """Nothing was sent: the same message goes over a fresh connection, once."""
    ses = VirtualSes(faults=[faults.parse(f"reset:{stage}*1", after=3)])
    entries = sent(ses, 10)
    assert [len(entry.attempts) for entry in entries] == [1, 1, 1, 2] + [1] * 6
    assert all(entry.unknown == 0 for entry in entries)
    assert len(ses.accepted) == 10
    assert entries[3].attempts[0].wait == 0


@pytest.mark.parametrize(
    ("fault", "copies"), [("reply-lost*1", 2), ("reset:BODY*1", 1), ("stalled:BODY*1", 1)]
)
def test_lost_after_the_dot_is_unknown(fault: str, copies: int) -> None:
    """Whether SES has it cannot be seen; resending is told, and so is leaving it."""
    ses = VirtualSes(faults=[faults.parse(fault)])
    first, *others = sorted(sent(ses, 5), key=lambda entry: entry.mail.name)
    assert (first.fate, first.unknown, len(first.attempts)) == (Fate.SENT, 1, 2)
    assert all(entry.unknown == 0 for entry in others)
    # It is set aside for 5 s; meanwhile the others go on.
    subjects = [accepted.message.split(b"\r\n")[1] for accepted in ses.accepted]
    assert Counter(subjects)[b"Subject: 0"] == copies
    assert subjects[-1] == b"Subject: 0"

    ses = VirtualSes(faults=[faults.parse(fault)])
    first, *others = sent(ses, 5, policy=Policy.documented(when_unknown="give up"))
    assert (first.fate, first.unknown, len(first.attempts)) == (Fate.UNKNOWN, 1, 1)
    assert len(ses.accepted) == 5 if copies == 2 else 4
    assert "not sent again" in first.attempts[0].why


def test_two_failures_in_a_row_are_everybodys() -> None:
    """While SES fails, messages are not tried one after the other: the sender waits."""
    ses = VirtualSes(faults=[faults.parse("says:service-failure-454", until=40)])
    entries = sent(ses, 200)
    assert {entry.fate for entry in entries} == {Fate.SENT}
    assert sum(len(entry.attempts) for entry in entries) < 200 + 10
    # Nor if each of them is given up at its first failure.
    ses = VirtualSes(faults=[faults.parse("reset:BODY", until=40)])
    entries = sent(ses, 200, policy=Policy.documented(when_unknown="give up"))
    assert 5 < sum(entry.fate is Fate.UNKNOWN for entry in entries) < 15


def test_rates_are_kept_and_read() -> None:
    """Told the rate, the sender is never refused; not told, it slows down when SES says so. None is lost."""
    for rate, refused in ((14.0, False), (None, True)):
        ses = VirtualSes(account=SesAccount(rate=14), delay=0.001)
        start = ses.clock.now()
        entries = sent(ses, 500, rate=rate)
        assert {entry.fate for entry in entries} == {Fate.SENT}
        assert any(len(entry.attempts) > 1 for entry in entries) is refused
        assert ses.clock.now() - start < 500 / 14 + 10
    # Counted by recipient, as SES counts; a message to more of them than a second allows passes as well.
    ses = VirtualSes(account=SesAccount(rate=10, burst=1), delay=0.001)
    many = [
        dataclasses.replace(mail, recipients=tuple(f"success+{n}@simulator.amazonses.com" for n in range(25)))
        for mail in mails(4)
    ]
    with virtual(ses, rate=10) as sender:
        entries = list(sender.send_all(many))
    assert [entry.fate for entry in entries] == [Fate.SENT] * 4


def test_a_used_up_quota_is_waited_for() -> None:
    """454 for the quota is not 454 for the rate: hours, not seconds, and the mail goes out in the end."""
    ses = VirtualSes(account=SesAccount(daily_quota=50))
    to_others = [dataclasses.replace(mail, recipients=("b@example.com",)) for mail in mails(60)]
    policy = Policy.documented(when_unknown="resend", seconds=2 * 86_400.0)
    with virtual(ses, policy=policy) as sender:
        entries = list(sender.send_all(to_others))
    assert {entry.fate for entry in entries} == {Fate.SENT}
    assert 24 <= sum(len(entry.attempts) - 1 for entry in entries) <= 25


@pytest.mark.parametrize(
    ("fault", "cause", "fates"),
    [
        ("says:bad-credentials", "bad-credentials", {Fate.UNSENT: 20}),
        ("says:paused", "paused", {Fate.REFUSED: 1, Fate.UNSENT: 19}),
        ("refused", "connection-refused", {Fate.UNSENT: 20}),
        ("outage", "connect-timeout", {Fate.UNSENT: 20}),
        ("reset:MAIL", "connection-lost", {Fate.UNSENT: 20}),
        ("says:service-failure-454", "service-failure-454", {Fate.UNSENT: 20}),
    ],
)
def test_what_never_ends_is_given_up_for_all(fault: str, cause: str, fates: dict[Fate, int]) -> None:
    """Every message has its entry and its reason, and SES is not knocked at once for each of them."""
    ses = VirtualSes(faults=[faults.parse(fault)])
    policy = Policy.documented(when_unknown="resend", attempts=3)
    with virtual(ses, policy=policy) as sender:
        entries = list(sender.send_all(mails(20)))
    assert Counter(entry.fate for entry in entries) == fates
    assert {entry.diagnosis.cause.id for entry in entries if entry.diagnosis} == {cause}
    if cause != "service-failure-454":
        assert sender.connections <= 3
    assert not ses.accepted


def test_what_was_given_up_is_tried_again_with_the_next_call() -> None:
    """A sender survives what stopped it: once the password is right again, mail goes out."""
    ses = VirtualSes(faults=[faults.parse("says:bad-credentials")])
    with virtual(ses) as sender:
        assert sender.send(mails(1)[0]).fate is Fate.UNSENT
        ses.set_faults()
        assert sender.send(mails(1)[0]).fate is Fate.SENT


def test_wrong_use() -> None:
    """No credentials, no TLS, or a limit of nothing: told when it is built."""
    good = Target.ses("eu-west-1", credentials=Credentials(user="u", password="canary-password"))
    for target, more in (
        (dataclasses.replace(good, credentials=None), {}),
        (dataclasses.replace(good, security=Security.PLAIN), {}),
        (dataclasses.replace(good, credentials=Credentials(user="u", password="canary-pässword")), {}),
        (good, {"rate": 0}),
        (good, {"max_messages": 0}),
        (good, {"max_age": -1}),
        (good, {"timeout": float("inf")}),
        (good, {"final_timeout": 0}),
    ):
        with pytest.raises(ValueError, match=r"credentials|clear text|ASCII|greater than 0") as error:
            Sender(target, policy=RESEND, **more)  # type: ignore[arg-type]
        assert "canary" not in str(error.value)


def test_secrets_stay_secret(caplog: pytest.LogCaptureFixture) -> None:
    """The password is in no entry, attempt, log or page, whatever fails."""
    caplog.set_level(logging.DEBUG)
    seen: list[Attempt] = []
    for fault in ("says:bad-credentials", "reset:AUTH*1", "closed:AUTH*1"):
        ses = VirtualSes(credentials=Credentials(user="canary", password="canary-password"),
                         faults=[faults.parse(fault)])  # fmt: skip
        with virtual(ses, on_attempt=lambda _, attempt: seen.append(attempt)) as sender:
            account = SendReport(entries=tuple(sender.send_all(mails(2))))
        for text in (repr(account), repr(account.entries), account._repr_html_(), str([entry.to_dict() for entry in account.entries]),
                     repr(vars(sender)), caplog.text, repr(seen)):  # fmt: skip
            assert "canary-password" not in text
    assert len(seen) >= 4


def test_reading_a_message() -> None:
    """The envelope comes from the header, Bcc included, which is taken out; everything else stays as it is."""
    raw = (
        b"From: Shop <shop@example.com>\nTo: a@example.com, B <b@example.com>\nBcc: c@example.com,\n"
        b"  d@example.com\nSubject: Caf=?\n\nBcc: in the body\n"
    )
    mail = Mail.read(raw)
    assert mail.sender == "shop@example.com"
    assert mail.recipients == ("a@example.com", "b@example.com", "c@example.com", "d@example.com")
    assert mail.name == "Caf=?"
    assert mail.content == raw.replace(b"Bcc: c@example.com,\n  d@example.com\n", b"").replace(b"\n", b"\r\n")
    given = Mail.read(raw, sender="x@example.com", recipients=["y@example.com"], name="n")
    assert (given.sender, given.recipients, given.name) == ("x@example.com", ("y@example.com",), "n")
    assert Mail.read(b"no header at all") == Mail(sender="", recipients=(), content=b"no header at all")


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@x.com\rTo: b@x.com\rBcc: secret@x.com\r\rbody\r",
        b"From: a@x.com\nTo: b@x.com\nBcc: secret@x.com",
        b"From: a@x.com\nTo: b@x.com\nX: 1\rBcc: secret@x.com\nSubject: q\n\nbody",
        b"From: a@x.com\nTo: b@x.com\nResent-Bcc: secret@x.com\n\nbody",
        b"From: a@x.com\nBcc : secret@x.com\nTo: b@x.com\n\nbody",
        b"From: a@x.com\r\nTo: b@x.com\r\nbcc: c@x.com,\r\n\tsecret@x.com\r\n\r\nbody",
        b"\nFrom: a@x.com\nBcc: secret@x.com\nTo: b@x.com\n\nbody",
        b"From: a@x.com\n \nBcc: secret@x.com\nTo: b@x.com\n\nbody",
    ],
)
def test_nobody_sees_a_blind_copy(raw: bytes) -> None:
    """However its field is written, it is read for the envelope and shown to nobody; the rest stays."""
    mail = Mail.read(raw)
    assert "b@x.com" in mail.recipients
    assert ("secret@x.com" in mail.recipients) is (b"Resent" not in raw)
    assert b"secret" not in mail.content
    assert b"To: b@x.com\r\n" in mail.content
    assert mail.content.endswith(b"\r\n\r\nbody") is raw.endswith(b"body")


@pytest.mark.parametrize(
    ("field", "clear"),
    [
        ("a@x.com (Alice", False),
        ('"Unbalanced <a@x.com>, b@x.com', False),
        ("a@x.com Alice)", False),
        ("<>", False),
        ("undisclosed-recipients:;", True),
        ('"Smith (\\"J\\")" <a@x.com> (a (nested) comment)', True),
        ("", True),
        ("a@x.com <b@x.com>", False),
        ("a@x.com <a@x.com>", True),
        ("a@x.com (n, m), b@x.com,", True),
        ("Team: a@x.com, b@x.com;", True),
        ("a@x.com, <", False),
        ("a@x.com, " + "(" * 900 + ")" * 900, False),
        ("a:" * 3000, False),
        (f"{'(' * 20_000}{')' * 20_000} a@x.com", False),
        ("(" * 20_000, False),
        ("a:" * 20_000, False),
        (f"{'(' * 20}{')' * 20} a@x.com", True),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_field_that_does_not_say_whom_it_names(field: str, clear: bool) -> None:
    """It swallows nobody who is named elsewhere, and the message is refused instead of sent to some of them."""
    mail = Mail.read(f"From: s@x.com\nTo: {field}\nCc: c@x.com\n\nbody".encode())
    assert mail.recipients[-1] == "c@x.com"
    ses = VirtualSes()
    with virtual(ses) as sender:
        entry = sender.send(mail)
    assert entry.fate is (Fate.SENT if clear else Fate.REFUSED)
    assert ses.connections == clear
    assert clear or "are ambiguous" in str(entry.diagnosis)


def test_the_loop_of_the_readme_survives_every_file(tmp_path: Path) -> None:
    """Whatever is in a file, its message is refused with a reason, and the others go on."""
    for number, to in enumerate(["x@x.com", "(" * 20_000, "b:" * 20_000, "y@x.com"]):
        (tmp_path / f"{number}.eml").write_text(f"From: s@x.com\nTo: {to}\nSubject: {number}\n\nbody")
    (tmp_path / "4.eml").write_bytes(bytes(range(256)) * 9)
    ses = VirtualSes()
    with virtual(ses) as sender:
        entries = list(
            sender.send_all(Mail.read(path.read_bytes()) for path in sorted(tmp_path.glob("*.eml")))
        )
    assert [str(entry.fate) for entry in entries] == ["sent", "refused", "refused", "sent", "refused"]


@pytest.mark.parametrize("method", ["send", "getreply"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_an_interrupted_send_leaves_no_reply_behind(method: str, nth: int) -> None:
    """After Ctrl-C, wherever it comes, the next message gets its own replies: what is told is what was accepted."""
    ses = VirtualSes()
    with virtual(ses) as sender:
        first, second, third = mails(3)
        sender.send(first)
        client: Any = sender._connection._client
        do, left = getattr(client, method), [nth]

        def interrupted(*words: Any) -> Any:
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt
            return do(*words)

        setattr(client, method, interrupted)
        with pytest.raises(KeyboardInterrupt):
            sender.send(second)
        entry = sender.send(third)
    assert entry.fate is Fate.SENT
    assert entry.id == ses.accepted[-1].id
    assert b"Subject: 2" in ses.accepted[-1].message
    assert sender.connections == 2


@pytest.mark.parametrize(("stage", "reply"), [("MAIL", "354 go"), ("RCPT", "354 go"), ("DATA", "250 ok")])
def test_a_reply_out_of_place_is_no_yes(stage: str, reply: str) -> None:
    """354 answers DATA and nothing else: whatever else it answers, the dialogue is out of step."""
    ses = VirtualSes(faults=[faults.parse(f"says:{stage}:{reply}*1")])
    with virtual(ses, policy=Policy.none()) as sender:
        assert sender.send(mails(1)[0]).fate is Fate.UNSENT
        assert sender.send(mails(1)[0]).fate is Fate.SENT
    assert (len(ses.accepted), sender.connections) == (1, 2)


def test_a_slow_reply_to_a_message_is_awaited() -> None:
    """Behind the final dot patience is longer than before it: what is under way is not given up as lost."""
    with (
        Simulator(faults=[faults.parse("bandwidth:50000")]) as ses,
        Sender(ses.target(587, sign_in=True), policy=Policy.none(), timeout=0.5) as sender,
    ):
        entry = sender.send(
            dataclasses.replace(mails(1)[0], content=b"From: a@example.com\n\n" + b"text\n" * 9000)
        )
    assert (entry.fate, len(ses.accepted)) == (Fate.SENT, 1)


@pytest.mark.parametrize(
    ("fault", "policy", "fates"),
    [
        # A sender's broken domain is that message's affair, although it takes hours to mend.
        ("says:mailfrom-domain", RESEND, ["refused", "sent", "sent"]),
        # Nor does a blip stop the rest, where nothing is tried again.
        ("reset:MAIL", Policy.none(), ["not sent", "sent", "sent"]),
        ("says:send-rate", Policy.none(), ["not sent", "sent", "sent"]),
        ("says:session-limit", Policy.none(), ["not sent", "sent", "sent"]),
        # These do.
        ("says:daily-quota", Policy.none(), ["not sent"] * 3),
        ("says:paused", Policy.none(), ["refused", "not sent", "not sent"]),
        ("says:bad-credentials", Policy.none(), ["not sent"] * 3),
        ("refused", Policy.none(), ["not sent"] * 3),
    ],
)
def test_whom_one_failure_stops(fault: str, policy: Policy, fates: list[str]) -> None:
    """What failed for one message stops the rest only if it is about the account or the connection."""
    ses = VirtualSes(faults=[faults.parse(fault)])
    with virtual(ses, policy=policy) as sender:
        entries = []
        for entry in sender.send_all(mails(3)):
            ses.set_faults()
            entries.append(entry)
    assert [str(entry.fate) for entry in entries] == fates


@pytest.mark.parametrize(
    "changes", [{"recipients": RECIPIENT}, {"recipients": (b"a@example.com",)}, {"content": "From: a"}]
)
def test_wrong_mail(changes: dict[str, Any]) -> None:
    """A string where a tuple belongs would be sent to its letters; a text for bytes could not be sent."""
    with pytest.raises(ValueError, match=r"tuple|bytes"):
        dataclasses.replace(mails(1)[0], **changes)
    with pytest.raises(ValueError, match=r"tuple|bytes"):
        Mail.read(**{"content": b"From: a@example.com\n\nx", **changes})
    assert mails(1, recipients=(RECIPIENT, RECIPIENT))[0].recipients == (RECIPIENT,)


@pytest.mark.parametrize(("nth", "fate"), [(2, Fate.UNSENT), (5, Fate.UNKNOWN)])
def test_what_was_interrupted_has_an_account(nth: int, fate: Fate) -> None:
    """Of the message under way it is told whether it may have been accepted; nobody waits for a good-bye."""
    ses = VirtualSes()
    left = [nth]

    class Interrupted(VirtualSmtp):
        def getreply(self) -> tuple[int, bytes]:
            left[0] -= bool(ses.accepted)
            if not left[0]:
                raise KeyboardInterrupt
            return super().getreply()

    target = Target(host=ses.host, credentials=ses.credentials)
    sender = Sender(
        target, policy=RESEND, connect=lambda: Interrupted(ses, 587, 30.0, ETHERNET_MSS), clock=ses.clock
    )
    entries: list[Entry] = []
    with pytest.raises(KeyboardInterrupt), sender:
        entries.extend(sender.send_all(mails(3)))
    (unfinished,) = sender.unfinished
    assert (len(entries), unfinished.mail.name, unfinished.fate) == (1, "1", fate)
    assert ("may have been accepted" in unfinished.what) is (fate is Fate.UNKNOWN)


def interrupted_at(nth: int) -> bool:
    """Ctrl-C at the nth instruction of the sender's own code, while the second message is sent; False if none is."""
    ses, left = VirtualSes(), [nth]
    entries: list[Entry] = []

    def step(frame: FrameType, event: str, _: object) -> Any:
        frame.f_trace_opcodes = True
        if event == "opcode" and ses.accepted and ses.connections:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return step

    def trace(frame: FrameType, event: str, _: object) -> Any:
        return step(frame, event, _) if frame.f_code.co_filename.endswith(OWN) else None

    sender = virtual(ses)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            sys.settrace(trace)
            for entry in sender.send_all(mails(3)):
                entries.append(entry)
    finally:
        sys.settrace(None)
    fates = {entry.mail.name: entry.fate for entry in (*sender.unfinished, *entries)}
    for one in ses.accepted:
        name = one.message.split(b"Subject: ")[1].split(b"\r")[0].decode()
        assert fates.get(name) in (Fate.SENT, Fate.UNKNOWN), (nth, name, fates)
    return left[0] <= 0


OWN = ("sestools/sending/sender.py", "sestools/sending/connection.py", "sestools/sending/jobs.py")


def test_interrupted_at_any_instruction() -> None:
    """Wherever Ctrl-C comes in a notebook, what was accepted is told as sent, or else as unknown."""
    nth = 1
    while interrupted_at(nth):
        nth += 5
    assert nth > 1000
