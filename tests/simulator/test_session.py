"""The simulator's session without a socket: whatever comes in, replies come out."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sestools.core.credentials import Credentials
from sestools.core.endpoints import Security
from sestools.simulator import faults
from sestools.simulator.account import Account
from sestools.simulator.actions import Say
from sestools.simulator.clock import VirtualClock
from sestools.simulator.rules import Rules
from sestools.simulator.service import Event, Service
from sestools.simulator.session import ServerSession

GOOD = Credentials(user="user", password="password")
COMMANDS = [
    "EHLO client",
    "EHLO",
    "HELO client",
    "NOOP",
    "RSET",
    "AUTH PLAIN AHVzZXIAcGFzc3dvcmQ=",
    "AUTH PLAIN",
    "AHVzZXIAcGFzc3dvcmQ=",
    "AUTH LOGIN",
    "dXNlcg==",
    "cGFzc3dvcmQ=",
    "*",
    "AUTH CRAM-MD5",
    "MAIL FROM:<a@example.com>",
    "MAIL FROM:<>",
    "RCPT TO:<b@example.com>",
    "RCPT TO:b",
    "DATA",
    "Subject: x",
    "",
    ".",
    "..",
    "STARTTLS",
    "QUIT",
    "VRFY x",
    "XYZZ",
]


SIGN_IN = b"AUTH PLAIN AHVzZXIAcGFzc3dvcmQ=\r\n"
BEGIN = SIGN_IN + b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"


def session(
    security: Security = Security.WRAPPER,
    *given: str,
    on_event: Event | None = None,
    **account: Any,
) -> tuple[ServerSession, Service]:
    """A session with a service whose clock stands still; with these faults, and an account like this."""
    service = Service(
        Account(region="eu-west-1", credentials=GOOD, **account),
        Rules(),
        clock=VirtualClock(1_700_000_000.0),
        faults=map(faults.parse, given),
        on_event=on_event,
    )
    return ServerSession(service, service.open(465), security), service


def said(one: ServerSession, pieces: list[bytes]) -> bytes:
    """Everything that a session says to these bytes."""
    out = b"".join(action.data for action in one.begin() if isinstance(action, Say))
    for piece in pieces:
        out += b"".join(action.data for action in one.receive(piece) if isinstance(action, Say))
    return out


REPLIES = re.compile(rb"(?:(?:\d\d\d-[^\r\n]*\r\n)*\d\d\d [^\r\n]*\r\n)+")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(COMMANDS), max_size=25), st.sampled_from([Security.WRAPPER, Security.STARTTLS])
)
def test_any_sequence_of_commands_gets_replies(lines: list[str], security: Security) -> None:
    """Only complete replies come out, at most one a line, and the same whether cut into bytes or not."""
    data = "".join(f"{line}\r\n" for line in lines).encode()
    whole = said(session(security)[0], [data])
    assert REPLIES.fullmatch(whole)
    assert len(re.findall(rb"(?m)^\d\d\d ", whole)) <= len(lines) + 1
    assert said(session(security)[0], [bytes([byte]) for byte in data]) == whole


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=1200), max_size=8))
def test_any_bytes_are_survived(pieces: list[bytes]) -> None:
    """Junk raises nothing and is answered only by replies."""
    out = said(session()[0], pieces)
    assert all(re.match(rb"\d\d\d[ -]", line) for line in out.split(b"\r\n")[:-1])


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_message_is_the_same_however_it_is_cut(cut: int) -> None:
    """The final dot is found across pieces, and transparency is undone."""
    body = b".one\r\n..\r\n\r\n.\r.\n.two..\r\n"
    wire = (
        b"\r\n".join(b"." + line if line.startswith(b".") else line for line in body[:-2].split(b"\r\n"))
        + b"\r\n.\r\n"
    )
    one, service = session()
    start = (
        "AUTH PLAIN AHVzZXIAcGFzc3dvcmQ=\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
    )
    one.receive(start.encode())
    for at in range(0, len(wire), cut):
        one.receive(wire[at : at + cut])
    assert [accepted.message for accepted in service.accepted] == [body]


def test_the_same_seed_gives_the_same_ids() -> None:
    """With a clock that stands still two runs are the same, byte for byte."""
    lines = b"AUTH PLAIN AHVzZXIAcGFzc3dvcmQ=\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\n"
    first, second = said(session()[0], [lines]), said(session()[0], [lines])
    assert first == second
    assert b"250 Ok 0102018bcfe56800-" in first


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (b"..foo\r\n", b".foo\r\n"),
        (b".foo\r\n", b"foo\r\n"),
        (b"a\r\n.b\r\n..\r\n", b"a\r\nb\r\n.\r\n"),
        (b"", b""),
    ],
)
def test_the_first_dot_of_a_line_goes(wire: bytes, message: bytes) -> None:
    """Whatever follows it, as RFC 5321 says, even if the client has not doubled it."""
    one, service = session()
    one.receive(BEGIN + wire + b".\r\n")
    assert [accepted.message for accepted in service.accepted] == [message]


@pytest.mark.parametrize("cut", [1, 3, 997, 998, 1000, 5000])
@pytest.mark.parametrize(
    ("wire", "fits"),
    [
        (b"x" * 998 + b"\r\n", True),
        (b"x" * 999 + b"\r\n", False),
        (b"..\r\n" * 333, True),
        (b"..\r\n" * 334, False),
    ],
    ids=["as large as can be", "one byte more", "dots that fit", "dots that do not"],
)
def test_a_message_is_as_large_as_it_is(wire: bytes, fits: bool, cut: int) -> None:
    """The limit counts the message without its transparency, however it arrives, and keeps all of it or none."""
    seen: list[str] = []
    one, service = session(max_size=1000, on_event=lambda *event: seen.append(event[3]))
    one.receive(BEGIN)
    wire += b".\r\n"
    out = b""
    for at in range(0, len(wire), cut):
        out += b"".join(action.data for action in one.receive(wire[at : at + cut]) if isinstance(action, Say))
    message = wire[:-3].replace(b"..", b".")
    assert out[:4] == (b"250 " if fits else b"552 ")
    assert [accepted.message for accepted in service.accepted] == ([message] if fits else [])
    assert f"[message of {len(message)} bytes]" in seen


@pytest.mark.parametrize("name", ["a\n 250 Ok injected\n ", "a\x1b[2J", "x" * 9000, "\U000e0001" * 4000])
def test_a_refusal_stays_one_reply(name: str) -> None:
    """What stands in the message is named in one line of letters that every client can take."""
    out = said(
        session(identities=["ok@example.com"])[0],
        [BEGIN + f'From: "{name}" <z@example.org>\r\n\r\nhi\r\n.\r\n'.encode()],
    )
    last = out.split(b"\r\n")[-2]
    assert last.startswith(b"554 Message rejected: Email address is not verified.")
    assert len(last) < 8192
    assert last.decode().isprintable()
    assert not name.startswith("x") or last.endswith(b"...")


def send(count: int) -> list[bytes]:
    """So many messages, each in a piece of its own, behind signing in."""
    return [BEGIN + b".\r\n"] + [BEGIN.removeprefix(SIGN_IN) + b".\r\n"] * (count - 1)


@pytest.mark.parametrize(
    ("given", "verdicts"),
    [
        (["says:send-rate*2", "says:daily-quota*1"], ["rate", "rate", "quota", "Ok"]),
        (["says:daily-quota*1", "says:send-rate*2"], ["quota", "rate", "rate", "Ok"]),
        (["drips:BODY:1*3", "says:send-rate*1", "says:daily-quota*1"], ["rate", "quota", "Ok", "Ok"]),
    ],
)
def test_faults_at_one_stage_have_their_turns(given: list[str], verdicts: list[str]) -> None:
    """One reply at a time is said, and only what is said is used up; whatever else changes the reply does so too."""
    one, service = session(Security.WRAPPER, *given)
    heard = []
    for piece in send(4):
        last = [action for action in one.receive(piece) if isinstance(action, Say)][-1]
        words = ("rate" if b"rate" in last.data else "quota", "Ok")
        heard.append((words[b" Ok " in last.data], last.seconds))
    drips = [1.0] * 3 if "drips" in given[0] else []
    assert heard == list(zip(verdicts, drips + [0.0] * (4 - len(drips)), strict=True))
    assert (service.refused, len(service.accepted)) == (4 - verdicts.count("Ok"), verdicts.count("Ok"))
    assert service.faults == ()


@pytest.mark.parametrize(
    ("fault", "lines", "codes"),
    [
        ("says:auth-temporary*1", "AUTH PLAIN|*|EHLO x|GOOD|GOOD", "334 501 250 454 235"),
        ("says:bad-credentials", "AUTH CRAM-MD5|QUIT", "504 221"),
        (
            "says:bad-credentials*1",
            "AUTH LOGIN|?|NOOP|AUTH LOGIN|dXNlcg==|eA==|GOOD",
            "334 501 250 334 334 535 235",
        ),
        ("says:starttls-first*1", "AUTH PLAIN|EHLO x|GOOD", "530 250 235"),
    ],
)
def test_a_fault_of_auth_stays_with_auth(fault: str, lines: str, codes: str) -> None:
    """It answers the credentials, once they are heard, and never another command."""
    data = lines.replace("GOOD", SIGN_IN.decode().strip()).replace("|", "\r\n") + "\r\n"
    out = said(session(Security.WRAPPER, fault)[0], [data.encode()])
    assert re.findall(rb"(?m)^(\d\d\d) ", out)[1:] == codes.encode().split()


@pytest.mark.parametrize("security", [Security.WRAPPER, Security.STARTTLS])
@pytest.mark.parametrize(
    "lines",
    [
        " AUTH PLAIN AHVzZXIAcGFzc3dvcmQ=",
        "\tauth  plain\tAHVzZXIAcGFzc3dvcmQ=",
        "AUTH LOGIN|dXNlcg==|cGFzc3dvcmQ=",
        "AUTH LOGIN dXNlcg==|cGFzc3dvcmQ=",
        "AUTH CRAM-MD5|dXNlcg==|cGFzc3dvcmQ=",
        "AUTH PLAIN|AHVzZXIAcGFzc3dvcmQ=",
        "AUTH PLAIN|*|AHVzZXIAcGFzc3dvcmQ=",
    ],
)
def test_whoever_watches_sees_no_credentials(lines: str, security: Security) -> None:
    """However AUTH is written, and whatever is piped behind one that is refused."""
    seen: list[str] = []
    one, _ = session(security, on_event=lambda *event: seen.append(event[3]))
    said(one, [lines.replace("|", "\r\n").encode() + b"\r\nNOOP\r\n"])
    assert "NOOP" in seen
    assert not [line for line in seen if re.search("AHVz|dXNl|cGFz", line)]


@pytest.mark.parametrize(
    ("era", "megabytes", "reply"),
    [("2019", 10, b"250 Ok"), ("2019", 11, b"552 5.3.4 Message is too long."), ("2026", 11, b"250 Ok")],
)
def test_what_was_announced_is_the_limit(era: str, megabytes: int, reply: bytes) -> None:
    """While EHLO said SIZE 10485760, that was the size of a message."""
    service = Service(Account(credentials=GOOD), Rules(era=era), clock=VirtualClock())
    one = ServerSession(service, service.open(465), Security.WRAPPER)
    piece = (b"x" * 1022 + b"\r\n") * 1024
    assert said(one, [BEGIN, *[piece] * megabytes, b".\r\n"]).split(b"\r\n")[-2].startswith(reply)


@pytest.mark.parametrize("line", [b"\n", b"\r\r\n", b"a\n", b"NOOP\n", b"a\rb\r\n"])
def test_a_bare_line_end_ends_the_session(line: bytes) -> None:
    """Wherever it stands, and if there is nothing else."""
    out = said(session()[0], [line + b"NOOP\r\n"]).split(b"\r\n")
    assert out[1].startswith(b"501 Syntax error at character position ")
    assert out[2:] == [b""]
