"""Exceptions, texts and replies of any origin become one symptom: stage, reply, host, port."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Stage
from sestools.core.masking import mask_secrets
from sestools.diagnosis.classifier import classify
from sestools.reading.exceptions import from_exception
from sestools.reading.excerpt import LIMIT, read
from sestools.reading.texts import from_pair, from_text, hosts, replies

# --- exceptions that really happened --------------------------------------------------------------------------


@contextlib.contextmanager
def server(speak: Callable[[socket.socket], None]) -> Iterator[int]:
    """A loopback server that does one thing with its one client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                client, _ = listener.accept()
                with client:
                    speak(client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError), socket.create_connection(listener.getsockname(), timeout=1):
                pass  # wakes a server that nobody called
            thread.join()


def greet(*said: bytes) -> Callable[[socket.socket], None]:
    """Say one line after each thing that the client sends, the first unasked; then close."""

    def speak(client: socket.socket) -> None:
        for line in said:
            client.sendall(line)
            client.recv(4096)

    return speak


def silent(client: socket.socket) -> None:
    """Say nothing until the client goes."""
    client.recv(1)


def raised(action: Callable[[], Any]) -> Exception:
    """What an action raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which, is what the test asks
        action()
    return caught.value


def test_a_refused_connection() -> None:
    """A real refusal is told by its class."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = raised(lambda: smtplib.SMTP("127.0.0.1", port, timeout=5))
    assert from_exception(error).kind is Kind.REFUSED
    assert classify(error).cause.id == "connection-refused"


def test_no_greeting() -> None:
    """smtplib waiting for a greeting is told from a connection attempt by where it raised."""
    with server(silent) as port:
        error = raised(lambda: smtplib.SMTP("127.0.0.1", port, timeout=0.2))
    assert (from_exception(error).kind, from_exception(error).stage) == (Kind.TIMEOUT, Stage.GREETING)
    assert classify(error).cause.id == "no-greeting"


def test_tls_spoken_to_a_plain_port() -> None:
    """A real wrong version number is the wrong TLS mode, not the wrong TLS version."""
    with server(greet(b"220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-A B\r\n")) as port:
        error = raised(lambda: smtplib.SMTP_SSL("127.0.0.1", port, timeout=5))
    assert isinstance(error, ssl.SSLError)
    assert classify(error).cause.id == "wrapper-on-starttls"


def test_a_connection_closed_early() -> None:
    """An end of file in place of a reply is a lost connection."""
    with server(greet(b"220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-A B\r\n")) as port:
        error = raised(lambda: smtplib.SMTP("127.0.0.1", port, timeout=5).ehlo("x"))
    assert classify(error).cause.id == "connection-lost"


def test_a_name_that_does_not_resolve() -> None:
    """A failed look-up is told by its class; no resolver is asked for a name that is too long."""
    error = raised(lambda: socket.getaddrinfo("x" * 64 + ".invalid", 587))
    if isinstance(error, socket.gaierror):
        assert from_exception(error).stage is Stage.RESOLVE
    assert classify(socket.gaierror(-2, "Name or service not known")).cause.id == "name-not-found"


# --- exceptions that wrap others ------------------------------------------------------------------------------


def chained(outer: BaseException, inner: BaseException, *, explicit: bool = True) -> BaseException:
    """An exception raised from, or during, another."""
    try:
        try:
            raise inner
        except BaseException as error:
            if explicit:
                raise outer from error
            raise outer  # noqa: B904 - the implicit context is what is tested
    except BaseException as error:  # noqa: BLE001 - whatever was asked for
        return error


QUOTA = smtplib.SMTPDataError(454, b"Throttling failure: Daily message quota exceeded.")


@pytest.mark.parametrize(
    ("error", "id"),
    [
        (chained(RuntimeError("could not send"), QUOTA), "daily-quota"),
        (chained(RuntimeError("could not send"), QUOTA, explicit=False), "daily-quota"),
        (ExceptionGroup("several", [ValueError("x"), QUOTA]), "daily-quota"),
        (RuntimeError("wrapped", QUOTA), "daily-quota"),
        (chained(smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), ConnectionResetError(104, "reset")), "connection-lost"),
        (smtplib.SMTPConnectError(421, b"Too many concurrent SMTP connections"), "too-many-connections"),
        (smtplib.SMTPSenderRefused(451, b"4.4.2 Timeout waiting for data from client.", "a@example.com"), "idle-timeout"),
        (smtplib.SMTPRecipientsRefused({"a@b": (501, b"Invalid RCPT TO address provided")}), "rcpt-invalid"),
        (smtplib.SMTPResponseException(-1, "HTTP/1.1 400 Bad Request"), "garbled"),
        (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."), "starttls-missing"),
        (smtplib.SMTPServerDisconnected("please run connect() first"), "connection-lost"),
        (TimeoutError("timed out"), "connect-timeout"),
        (OSError(101, "Network is unreachable"), "network-unreachable"),
        (OSError(113, "No route to host"), "network-unreachable"),
        (BrokenPipeError(32, "Broken pipe"), "connection-lost"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol (_ssl.c:2396)"), "connection-lost"),
        (KeyError("region"), "unknown"),
    ],
)  # fmt: skip
def test_what_lies_inside_is_found(error: BaseException, id: str) -> None:
    """Causes, contexts, groups and arguments are looked through."""
    assert classify(error).cause.id == id


def test_a_chain_that_bites_its_tail_ends() -> None:
    """Exceptions that name each other as cause do not make a loop."""
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__cause__, two.__cause__ = two, one
    assert classify(one).cause.id == "unknown"


# --- text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("554 Message rejected", [554]),
        ("552 Message is too long", [552]),
        ('Expected response code 250 but got code "454", with message "454 Throttling failure"', [250, 454]),
        ("(535, b'5.7.8 Nope')", [535]),
        ("said: 450-4.2.1 The user", [450]),
        ("elapsed=250ms, 250 messages, port 587, line 535, status: 503, 192.0.2.254, took 450 ms", []),
        ("2024-05-03 04:05:06,530 INFO [501] pid 454", []),
        ("HTTP/1.1 503 Service Unavailable", []),
    ],
)
def test_replies_are_told_from_other_numbers(text: str, codes: list[int]) -> None:
    """Times, ports, line numbers and HTTP statuses are no replies."""
    assert list(dict.fromkeys(reply.code for _, reply in replies(text))) == codes


@pytest.mark.parametrize(
    ("text", "host", "port", "security"),
    [
        ("connect to email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:25: timed out", "email-smtp.eu-west-1.amazonaws.com", 25, None),
        ("tcp://email-smtp.us-east-1.amazonaws.com:465 Timed Out", "email-smtp.us-east-1.amazonaws.com", 465, Security.PLAIN),
        ("ssl://smtp.gmail.com:465 refused", "smtp.gmail.com", 465, Security.WRAPPER),
        ("Could not connect to SMTP host: mail.example.net, port: 587;", "mail.example.net", 587, None),
        ("to=<user@mail.example.net> failed in smtplib.SMTPDataError at index.js:587", None, None, None),
    ],
)  # fmt: skip
def test_host_port_and_mode_are_found(
    text: str, host: str | None, port: int | None, security: Security | None
) -> None:
    """The server that was spoken to is found; addresses, modules and files are not taken for it."""
    symptom = from_text(text)
    assert (symptom.host, symptom.port, symptom.security) == (host, port, security)


def test_several_hosts_are_listed_in_order() -> None:
    """Each mail server once, as it appears."""
    text = "relay=mx.example.net[192.0.2.1]:25 ... relay=email-smtp.eu-west-1.amazonaws.com[192.0.2.2]:587"
    assert hosts(text) == ["mx.example.net", "email-smtp.eu-west-1.amazonaws.com"]


def test_a_code_that_is_none_is_not_made_a_reply() -> None:
    """smtplib's -1 stands for 'could not be read'."""
    assert from_pair(-1, b"HTTP/1.1 400 Bad Request").reply is None
    assert from_pair(454, b"a\r\nb").reply is not None


# --- excerpts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a &lt;b@c&gt; &amp; d", "a <b@c> & d"),
        ('{"m": "554 \\"x\\"\\r\\n"}', '{"m": "554 "x"\n"}'),
        ("\u201cquoted\u201d \u2019", '"quoted" \''),
        ("b\\u0061d", "bad"),
        ("> > quoted", "quoted"),
        ("a\x00b\u202ec", "abc"),
    ],
)
def test_escapes_and_colours_are_removed(text: str, clean: str) -> None:
    """What stands in a text for other characters is put back, what only decorates goes."""
    assert read(text).text == clean


def test_a_big_text_is_reduced_to_its_telling_lines() -> None:
    """Each wording once, with the line after it, and the original line numbers."""
    text = (
        "".join(f"{n} nothing here\n" for n in range(9000))
        + "554 Message rejected: Email\naddress is not verified\n"
    )
    excerpt = read(text.strip())
    assert excerpt.text == "554 Message rejected: Email\naddress is not verified"
    assert excerpt.numbers == (9001, 9002)
    assert excerpt.number(excerpt.text.index("address")) == 9002
    repeated = read("smtp timed out after 5 s\n" * 20_000)
    assert len(repeated.text) < LIMIT


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password=hunter2hunter2", "hunter2"),
        ('"smtp_password" => "hunter2hunter2"', "hunter2"),
        ("AUTH LOGIN aHVudGVyMg==aHVudGVy", "aHVudGVy"),
        ("smtp://user:hunter2@mail.example.net", "hunter2"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalr"),
    ],
)
def test_secrets_are_masked_where_text_comes_in(text: str, secret: str) -> None:
    """Passwords, keys and AUTH data are cut out; ids that help stay."""
    assert secret not in mask_secrets(text)
    assert "AKIAIOSFODNN7EXAMPLE" in mask_secrets("AKIAIOSFODNN7EXAMPLE " + text)
