"""The simulator as clients that nobody here wrote meet it, and as hostile ones do."""

import asyncio
import base64
import contextlib
import datetime
import gc
import os
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import aiosmtplib
import pytest

from sestools.core.credentials import Credentials
from sestools.core.enums import Stage
from sestools.core.message_id import decode_message_id
from sestools.simulator import Simulator, faults

MAIL = ("sender@example.com", ["success@simulator.amazonses.com"])
TEXT = "Subject: test\r\n\r\n.a line with a dot\r\n..two\r\nend\r\n"


@contextlib.contextmanager
def client(ses: Simulator, port: int = 587, *, sign_in: bool = True) -> Iterator[smtplib.SMTP]:
    """The standard library's client, connected, in TLS, signed in."""
    context = ssl.create_default_context(cafile=ses.ca_file)
    address, real = ses.connect_to[port]
    if port in (465, 2465):
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(timeout=10, context=context)
    else:
        smtp = smtplib.SMTP(timeout=10)
    # The name to verify is not the address to connect to; smtplib has no flag for it.
    smtp._host = ses.host  # type: ignore[attr-defined]
    with smtp:
        smtp.connect(address, real)
        smtp._host = ses.host  # type: ignore[attr-defined]
        if port not in (465, 2465):
            smtp.starttls(context=context)
        if sign_in:
            smtp.login(ses.credentials.user, ses.credentials.password)
        yield smtp


class Wire:
    """A socket and what came over it, line by line."""

    def __init__(self, ses: Simulator, port: int = 587) -> None:
        self._ses = ses
        self._socket: socket.socket = socket.create_connection(ses.connect_to[port], timeout=10)
        self._file = self._socket.makefile("rb")
        if port in (465, 2465):
            self.start_tls()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def start_tls(self) -> None:
        """Switch to TLS."""
        context = ssl.create_default_context(cafile=self._ses.ca_file)
        self._file.close()
        self._socket = context.wrap_socket(self._socket, server_hostname=self._ses.host)
        self._file = self._socket.makefile("rb")

    def say(self, line: str | bytes) -> list[str]:
        """Send a line (or bytes as they are) and read a reply."""
        self._socket.sendall(line if isinstance(line, bytes) else line.encode() + b"\r\n")
        return self.hear()

    def hear(self) -> list[str]:
        """The lines of one reply; an empty list when the connection has ended."""
        lines = []
        while line := self._file.readline():
            lines.append(line.decode().removesuffix("\r\n"))
            if line[3:4] != b"-":
                break
        return lines

    def sign_in(self) -> None:
        """EHLO and AUTH PLAIN."""
        self.say("EHLO client")
        user, password = self._ses.credentials.user, self._ses.credentials.password
        word = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        assert self.say(f"AUTH PLAIN {word}") == ["235 Authentication successful."]


EHLO = ["250-email-smtp.amazonaws.com", "250-8BITMIME", "250-STARTTLS", "250-AUTH PLAIN LOGIN", "250 Ok"]


def test_the_dialogue_is_word_for_word_that_of_a_2026_transcript(ses: Simulator) -> None:
    """Greeting to good-bye on 587, as a public log of 2026 shows it."""
    with Wire(ses) as wire:
        (greeting,) = wire.hear()
        assert greeting.startswith("220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-")
        assert [len(word) for word in greeting.split()[3:]] == [len("SimpleEmailService-d-") + 9, 20]
        assert wire.say("EHLO client") == EHLO
        assert wire.say("STARTTLS") == ["220 Ready to start TLS"]
        wire.start_tls()
        assert wire.say("ehlo client") == [line for line in EHLO if "STARTTLS" not in line]
        wire.sign_in()
        assert wire.say("mail FROM:<no-reply@example.com>") == ["250 Ok"]
        assert wire.say("rcpt TO:<user@example.net>") == ["250 Ok"]
        assert wire.say("data") == ["354 End data with <CR><LF>.<CR><LF>"]
        (accepted,) = wire.say("Subject: x\r\n\r\nbody\r\n.")
        assert accepted.startswith("250 Ok 0102")
        region, at = decode_message_id(accepted.split()[-1]) or (None, None)
        assert region == "eu-west-1"
        assert at
        assert abs(at - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(seconds=10)
        assert wire.say("QUIT") == ["221 Bye"]
        assert wire.hear() == []


def test_auth_login_asks_as_ses_does_and_a_session_survives_a_535(ses: Simulator) -> None:
    """The challenges are those of the logs; after wrong credentials RSET still works."""
    with Wire(ses, 465) as wire:
        wire.hear()
        assert "250-STARTTLS" not in wire.say("EHLO client")
        assert wire.say("AUTH LOGIN") == ["334 VXNlcm5hbWU6"]
        assert wire.say("QUtJQQ==") == ["334 UGFzc3dvcmQ6"]
        assert wire.say("d3Jvbmc=") == ["535 Authentication Credentials Invalid"]
        assert wire.say("RSET") == ["250 Ok"]
        assert wire.say("AUTH PLAIN") == ["334 Ok"]
        user, password = ses.credentials.user, ses.credentials.password
        twice = base64.b64encode(f"{user}\0{user}\0{password}".encode()).decode()
        assert wire.say(twice) == ["235 Authentication successful."]


@pytest.mark.parametrize(
    ("era", "size", "stays", "idle"),
    [
        ("2026", False, False, "451 4.4.2"),
        ("2023", False, True, "451 4.4.2"),
        ("2020", True, True, "451 4.4.2"),
        ("2019", True, True, "451 Timeout"),
        ("2017", True, True, "421 "),
    ],
)
def test_an_era_speaks_as_it_did_then(era: str, size: bool, stays: bool, idle: str) -> None:
    """SIZE, STARTTLS inside TLS and the time-out reply changed over the years."""
    with Simulator("eu-west-1", era=era, idle=0.3) as ses, Wire(ses) as wire:
        (greeting,) = wire.hear()
        host = r"\d{10}" if era == "2017" else "d-[A-Z0-9]{9}"
        assert re.search(rf" SimpleEmailService-{host} \w{{20}}$", greeting)
        assert ("250-SIZE 10485760" in wire.say("EHLO client")) is size
        wire.say("STARTTLS")
        wire.start_tls()
        assert ("250-STARTTLS" in wire.say("EHLO client")) is stays
        (last,) = wire.hear()
        assert last.startswith(idle)
        assert "Timeout waiting for data from client." in last
        assert wire.hear() == []


INFERRED = [
    (b"XYZZ\r\n", "500 Error: command not implemented"),
    (b"abc\r\n", "500 Error: bad syntax"),
    (b"EHLO\r\n", "501 Syntax: EHLO hostname"),
    (b"HELO client\r\n", "250 email-smtp.amazonaws.com"),
    (b"VRFY a\r\n", "502 VRFY command is disabled"),
    (b"AUTH PLAIN\r\n", "503 Refusing any other AUTH command."),
    (b"RCPT TO:<a@example.com>\r\n", "503 5.5.1 Error: need MAIL command"),
    (b"MAIL x\r\n", "501 Syntax: MAIL FROM: <address>"),
    (b"MAIL FROM:<>\r\n", "501 Invalid MAIL FROM address provided"),
    (b"MAIL FROM:<AKIAIOSFODNN7EXAMPLE>\r\n", "501 Invalid MAIL FROM address provided"),
    (b"MAIL FROM: a@example.com\r\n", "250 Ok"),
    (b"MAIL FROM:<b@example.com>\r\n", "503 5.5.1 Sender already specified."),
    (b"DATA\r\n", "503 Error: need RCPT command"),
    (b"RCPT TO:<a>b@example.com>\r\n", "501 Invalid RCPT TO address provided"),
    (b'RCPT TO:<"re>ceiver"@example.com>\r\n', "501 Invalid RCPT TO address provided"),
    ("RCPT TO:<ä@example.com>\r\n".encode(), "501 Invalid RCPT TO address provided"),
    (b"RCPT TO:<a\0@example.com>\r\n", "501 Invalid RCPT TO address provided"),
    (b"RCPT TO:<a@exa\0mple.com>\r\n", "501 Invalid RCPT TO address provided"),
    *(
        (b"RCPT TO:<%s@example.com>\r\n" % local, "250 Ok")
        for local in rb""".r r. r..r re<r re(r re'r re\r re"r re;r re,r re[r re]r "re:r" "re@r" """.split()
    ),
    (b"RCPT TO:<re ceiver@example.com>\r\n", "250 Ok"),
    (b"RCPT TO:<re(ceiver@example.com> NOTIFY=NEVER\r\n", "555 Parameters not recognized or not implemented"),
    (b"STARTTLS\r\n", "454 TLS not available due to temporary reason: TLS already active"),
    (b"NOOP\r\n", "250 Ok"),
    (
        b"NOOP\n",
        "501 Syntax error at character position 4. CR and LF must be CRLF paired.  See RFC 2821 #2.7.1.",
    ),
]


def test_everything_is_answered(ses: Simulator) -> None:
    """Commands out of place get the observed or the inferred reply; a bare line feed ends the session."""
    with Wire(ses, 465) as wire:
        wire.hear()
        wire.sign_in()
        for said, reply in INFERRED:
            assert (said, wire.say(said)) == (said, [reply])
        assert wire.hear() == []


@pytest.mark.parametrize("command", ["AUTH LOGIN", "RSET", "XYZZ", "MAIL FROM:<a@example.com>", "DATA"])
def test_nothing_happens_before_tls(ses: Simulator, command: str) -> None:
    """On a STARTTLS port all but EHLO, NOOP, QUIT and STARTTLS is refused in clear text: MAIL as a log shows it."""
    with Wire(ses) as wire:
        wire.hear()
        wire.say("EHLO client")
        needs_tls = "530 Must issue a STARTTLS command first"
        assert wire.say(command) == [
            "530 Authentication required" if command[:4] in ("MAIL", "DATA") else needs_tls
        ]


def test_mail_needs_signing_in(ses: Simulator) -> None:
    """MAIL before AUTH gets the 530 of the logs."""
    with Wire(ses, 465) as wire:
        wire.hear()
        wire.say("EHLO client")
        assert wire.say("MAIL FROM:<a@example.com>") == ["530 Authentication required"]


def test_commands_injected_behind_starttls_are_thrown_away(ses: Simulator) -> None:
    """What was piped behind STARTTLS in clear text is not answered inside TLS."""
    with Wire(ses) as wire:
        wire.hear()
        wire.say("EHLO client")
        assert wire.say(b"STARTTLS\r\nNOOP\r\nNOOP\r\n") == ["220 Ready to start TLS"]
        wire.start_tls()
        assert wire.say("QUIT") == ["221 Bye"]
        assert wire.hear() == []


def test_piped_commands_are_answered_in_order(ses: Simulator) -> None:
    """A whole session in one write, as AWS documents it for openssl s_client."""
    user, password = (
        base64.b64encode(word.encode()).decode() for word in (ses.credentials.user, ses.credentials.password)
    )
    lines = ["EHLO client", "AUTH LOGIN", user, password, "MAIL FROM:<a@example.com>"]
    lines += ["RCPT TO:<success@simulator.amazonses.com>", "DATA", "Subject: x", "", "body", ".", "QUIT"]
    with Wire(ses, 465) as wire:
        wire.hear()
        codes = [wire.say("".join(f"{line}\r\n" for line in lines).encode())[-1][:3]]
        codes += [wire.hear()[-1][:3] for _ in range(8)]
        assert codes == ["250", "334", "334", "235", "250", "250", "354", "250", "221"]


@pytest.mark.parametrize("port", [587, 465])
def test_smtplib_sends(ses: Simulator, port: int) -> None:
    """The standard library's client signs in and sends; dots survive, and the ledger holds the truth."""
    with client(ses, port) as smtp:
        smtp.sendmail(*MAIL, TEXT)
    last = ses.accepted[-1]
    assert (last.sender, list(last.recipients), last.port) == (*MAIL, port)
    assert last.message == TEXT.encode()
    assert "two" not in repr(last)


@pytest.mark.parametrize("port", [587, 465])
def test_aiosmtplib_sends(ses: Simulator, port: int) -> None:
    """A client of asyncio does too."""

    async def send() -> None:
        address, real = ses.connect_to[port]
        sock = socket.create_connection((address, real))
        context = ssl.create_default_context(cafile=ses.ca_file)
        smtp = aiosmtplib.SMTP(
            hostname=ses.host,
            sock=sock,
            use_tls=port == 465,
            start_tls=False,
            tls_context=context,
            timeout=10,
        )
        async with smtp:
            if port == 587:
                await smtp.starttls(server_hostname=ses.host, tls_context=context)
            await smtp.login(ses.credentials.user, ses.credentials.password)
            await smtp.sendmail(MAIL[0], MAIL[1], TEXT)

    before = len(ses.accepted)
    asyncio.run(send())
    assert len(ses.accepted) == before + 1


def test_three_hundred_starttls_sessions_without_a_clear_reply(ses: Simulator) -> None:
    """After the handshake nothing is ever answered in clear text (asyncio's start_tls has such a race)."""
    context = ssl.create_default_context(cafile=ses.ca_file)
    for _ in range(300):
        with socket.create_connection(ses.connect_to[587], timeout=10) as raw:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            raw.recv(4096)
            raw.sendall(b"EHLO x\r\n")
            raw.recv(4096)
            raw.sendall(b"STARTTLS\r\n")
            raw.recv(4096)
            with context.wrap_socket(raw, server_hostname=ses.host) as wrapped:
                # The first command goes out together with the end of the handshake.
                wrapped.sendall(b"EHLO x\r\n")
                assert wrapped.recv(4096).startswith(b"250-")


def test_too_large_a_message_is_refused_and_not_kept() -> None:
    """A message of 41 MB gets a 552, the session goes on, and the simulator has not kept it."""
    with Simulator("eu-west-1") as ses, Wire(ses, 465) as wire:
        wire.hear()
        wire.sign_in()
        wire.say("MAIL FROM:<a@example.com>")
        wire.say("RCPT TO:<b@example.com>")
        wire.say("DATA")
        piece = (b"x" * 998 + b"\r\n") * 1024
        for _ in range(41):
            wire._socket.sendall(piece)
        assert wire.say(b".\r\n") == ["552 Message is too long."]
        assert wire.say("RSET") == ["250 Ok"]
        assert ses.accepted == []


def test_too_many_recipients_are_told_at_the_end(ses: Simulator) -> None:
    """The 51st RCPT is taken; the message is refused after its final dot."""
    with client(ses) as smtp:
        smtp.mail("a@example.com")
        assert {smtp.rcpt(f"r{number}@example.com")[0] for number in range(51)} == {250}
        code, text = smtp.data(TEXT)
    assert (code, text) == (554, b"Transaction failed: Recipient count exceeds 50.")


def test_faults_change_while_clients_are_connected(ses: Simulator) -> None:
    """A client that is connected meets the new fault at its next step, and its end."""
    with client(ses) as smtp:
        smtp.sendmail(*MAIL, TEXT)
        ses.set_faults(faults.Says("send-rate", times=2))
        for _ in range(2):
            with pytest.raises(smtplib.SMTPDataError) as caught:
                smtp.sendmail(*MAIL, TEXT)
            assert caught.value.smtp_code == 454
        assert ses.faults == ()
        smtp.sendmail(*MAIL, TEXT)


def test_a_port_keeps_its_number_whatever_becomes_of_it(ses: Simulator) -> None:
    """Refused, dropped and healthy again: the same address each time."""
    where = ses.connect_to[587]
    for fault, error in ((faults.Refused(), ConnectionRefusedError), (faults.Dropped(), TimeoutError)):
        ses.set_faults(fault)
        assert ses.connect_to[587] == where
        for _ in range(3):
            with pytest.raises(error):
                socket.create_connection(where, timeout=0.3)
        ses.set_faults()
        with Wire(ses) as wire:
            assert wire.hear()[0].startswith("220 ")


def test_events_show_the_dialogue_without_credentials() -> None:
    """Whoever watches sees every line, masked."""
    seen: list[tuple[int, int, str, str]] = []
    with Simulator("eu-west-1", on_event=lambda *event: seen.append(event)) as ses:
        with client(ses) as smtp:
            smtp.sendmail(*MAIL, TEXT)
        with Wire(ses, 465) as wire:
            wire.hear()
            wire.say("AUTH LOGIN")
            wire.say(base64.b64encode(ses.credentials.user.encode()).decode())
            wire.say(base64.b64encode(ses.credentials.password.encode()).decode())
        password = ses.credentials.password
        user = ses.credentials.user
    text = "\n".join(line for *_, line in seen)
    assert (587, 1, ">", "AUTH PLAIN [masked]") in seen
    assert (465, 2, ">", "[masked]") in seen
    assert f"[message of {len(TEXT)} bytes]" in text
    for form in (
        password,
        base64.b64encode(password.encode()).decode(),
        base64.b64encode(user.encode()).decode(),
    ):
        assert form not in text


def test_whoever_watches_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    """What `on_event` raises is logged, the dialogue goes on, and the simulator ends."""
    with Simulator("eu-west-1", on_event=lambda *_: print(1 / 0)) as ses, client(ses) as smtp:
        smtp.sendmail(*MAIL, TEXT)
        assert len(ses.accepted) == 1
    assert "ZeroDivisionError" in caplog.text


def test_whoever_watches_may_act() -> None:
    """`on_event` may change the faults and empty the ledger, which other threads wait for."""
    taken = []

    def act(port: int, connection: int, direction: str, text: str) -> None:
        if text.startswith("250 Ok 0"):
            taken.extend(ses.take_accepted())
            ses.set_faults(faults.Says("send-rate"), faults.Refused(ports={465}))  # type: ignore[arg-type]

    with Simulator("eu-west-1", on_event=act) as ses:
        with client(ses) as smtp:
            smtp.sendmail(*MAIL, TEXT)
            with pytest.raises(smtplib.SMTPDataError):
                smtp.sendmail(*MAIL, TEXT)
        assert (len(taken), ses.accepted) == (1, [])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(ses.connect_to[465], timeout=5)


def test_it_leaves_nothing_behind() -> None:
    """No thread, no file descriptor, no folder, even with clients still connected and ports dropped."""
    gc.collect()  # what earlier tests left for it is not ours
    open_before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(3):
        with Simulator("eu-west-1", faults=[faults.Dropped(ports=frozenset({25}))]) as ses:
            folder = Path(ses.ca_file).parent
            left = socket.create_connection(ses.connect_to[587])
            other = Wire(ses, 465)
            assert folder.exists()
        left.close()
        with other:
            pass
    assert not folder.exists()
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) <= open_before


def test_it_listens_on_loopback_only(ses: Simulator) -> None:
    """Every listening socket of this process is bound to 127.0.0.1."""
    assert {address for address, _ in ses.connect_to.values()} == {"127.0.0.1"}
    # /proc/net/tcp: local address in hexadecimal, state 0A is LISTEN.
    ports = {f"{real:04X}" for _, real in ses.connect_to.values()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    bound = {row[1].split(":")[0] for row in rows if row[3] == "0A" and row[1].split(":")[1] in ports}
    assert bound == {"0100007F"}


@pytest.mark.parametrize(
    "junk",
    [
        b"\0" * 5000,
        b"\xff\xfe" * 3000,
        b"EHLO " + b"x" * 2000 + b"\r\n",
        b"\x16\x03\x01" + b"a" * 300,
        b"\r\n" * 3000,
    ],
)
@pytest.mark.parametrize("port", [587, 465])
def test_a_hostile_client_harms_nobody_else(ses: Simulator, port: int, junk: bytes) -> None:
    """Junk in clear text and in place of TLS: the next client is served as ever."""
    with socket.create_connection(ses.connect_to[port], timeout=10) as raw, contextlib.suppress(OSError):
        raw.sendall(junk)
        raw.recv(65536)
    with client(ses, port) as smtp:
        assert smtp.noop() == (250, b"Ok")


def test_a_client_that_never_reads_is_not_written_to_without_end(ses: Simulator) -> None:
    """A flood of commands whose replies nobody reads stops the reading, and not the simulator."""
    with socket.create_connection(ses.connect_to[587], timeout=10) as raw:
        raw.setblocking(False)
        sent, deadline = 0, time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                sent += raw.send(b"NOOP\r\n" * 10_000)
            except BlockingIOError:
                if sent > 10_000_000 or time.monotonic() > deadline - 9:
                    break
        with client(ses) as smtp:
            assert smtp.noop() == (250, b"Ok")
    assert sent < 100_000_000


@pytest.mark.parametrize(
    "text",
    [
        "refused",
        "dropped@25",
        "silent@25,587",
        "foreign-greeting",
        "foreign-greeting:mail.example.org ESMTP Exim 4.96",
        "wrong-mode",
        "starttls-missing",
        "starttls-masked",
        "injected",
        "bad-certificate:wrong-name",
        "says:send-rate",
        "says:send-rate*2@587",
        "says:MAIL:421 Come back: later",
        "says:553 <a@example.com> Invalid email address",
        "reset:MAIL",
        "closed:BODY*1",
        "stalled:DATA",
        "drips:GREETING:0.5",
        "delayed:0.2",
        "endless-greeting",
        "long-line",
        "mixed-codes",
    ],
)
def test_a_fault_is_written_as_it_is_read(text: str) -> None:
    """parse and str are each other's reverse."""
    fault = faults.parse(text)
    assert str(fault) == text
    assert faults.parse(str(fault)) == fault
    assert fault.name in faults.describe()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the faults are"),
        ("slow", "the faults are"),
        ("dropped@", "written name"),
        ("dropped:25", "takes no argument"),
        ("reset:LUNCH", "LUNCH"),
        ("reset:CONNECT", "first stage"),
        ("says:no-such-cause", "send-rate"),
        ("says:hello", "450 Try later"),
        ("bad-certificate:ugly", "self-signed"),
        ("delayed:-1", "between 0 and 3600"),
        ("delayed:soon", "soon"),
        ("says:send-rate*0", "times must be at least 1"),
        ("refused@26", "25, 587"),
    ],
)
def test_a_wrong_fault_is_told_with_what_is_allowed(text: str, says: str) -> None:
    """A malformed fault is a ValueError that helps."""
    with pytest.raises(ValueError, match=says):
        faults.parse(text)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"region": "europe"}, "region"),
        ({"era": "1999"}, "2026"),
        ({"idle": 0}, "idle"),
        ({"delay": float("nan")}, "delay"),
        ({"faults": ["dropped"]}, "faults.parse"),
    ],
)
def test_a_wrong_simulator_is_told_so(wrong: dict[str, object], says: str) -> None:
    """Wrong use is a ValueError before anything starts."""
    with pytest.raises(ValueError, match=says):
        Simulator(**wrong)  # type: ignore[arg-type]


def test_own_credentials_are_the_only_ones(ses: Simulator) -> None:
    """With credentials of one's own the example's do not work."""
    own = Credentials(user="AKIAEXAMPLEEXAMPLE00", password="another password")
    with Simulator("eu-west-1", credentials=own) as other:
        with client(other) as smtp:
            assert smtp.noop()[0] == 250
        with client(other, sign_in=False) as smtp, pytest.raises(smtplib.SMTPAuthenticationError):
            smtp.login(ses.credentials.user, ses.credentials.password)


def test_a_dripping_answer_arrives_in_the_end() -> None:
    """One byte at a time, then the dialogue goes on."""
    with Simulator("eu-west-1", faults=[faults.Drips(Stage.EHLO, 0.002)]) as ses, Wire(ses) as wire:
        wire.hear()
        assert wire.say("EHLO client") == EHLO
