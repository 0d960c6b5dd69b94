"""The wire without a socket."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sestools.core import smtp
from sestools.core.credentials import Credentials
from sestools.core.results import Reply

REPLIES = {
    b"220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-X Y\r\n": (220, 1),
    b"250-email-smtp.amazonaws.com\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 Ok\r\n": (250, 4),
    b"451 4.4.2 Timeout waiting for data from client.\r\n": (451, 1),
    b"250\r\n": (250, 1),
    b"354 \xff\x00 eight bits and NUL\n": (354, 1),
}

GARBLED = {
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n",
    "no code": b"hello\r\n",
    "different codes in one reply": b"250-a\r\n550 b\r\n",
    "a code out of range": b"999 x\r\n",
    "letters behind the code": b"2500 x\r\n",
    "a line without end": b"220 " + b"x" * (smtp.MAX_LINE + 1),
    "a reply without end": b"220-more\r\n" * (smtp.MAX_REPLY // 10 + 1),
}


def read_all(pieces: list[bytes]) -> list[Reply]:
    """Feed pieces one at a time and collect what comes out."""
    reader = smtp.ReplyReader()
    found = []
    for piece in pieces:
        reader.feed(piece)
        while reply := reader.next():
            found.append(reply)
    return found


@pytest.mark.parametrize("data", REPLIES)
@pytest.mark.parametrize("split", ["whole", "byte by byte", "with trailing data"])
def test_reply_is_read_however_it_arrives(data: bytes, split: str) -> None:
    """A reply comes out the same whole, byte by byte, and with more behind it."""
    code, lines = REPLIES[data]
    pieces = [bytes([byte]) for byte in data] if split == "byte by byte" else [data]
    if split == "with trailing data":
        pieces = [data + b"220 next"]
    (reply,) = read_all(pieces)
    assert (reply.code, len(reply.lines), reply.raw) == (code, lines, data)


@pytest.mark.parametrize("name", GARBLED)
def test_what_is_no_reply_is_refused_and_bounded(name: str) -> None:
    """What is not SMTP raises Garbled, with a bounded piece of evidence."""
    with pytest.raises(smtp.Garbled) as caught:
        read_all([GARBLED[name]])
    assert 0 < len(caught.value.raw) <= smtp.MAX_LINE


@given(st.lists(st.binary(max_size=300), max_size=30))
def test_reader_never_raises_anything_else(pieces: list[bytes]) -> None:
    """Whatever bytes come, the reader gives replies or says Garbled."""
    try:
        for reply in read_all(pieces):
            assert 200 <= reply.code < 600
    except smtp.Garbled:
        pass


@given(st.lists(st.sampled_from(list(REPLIES)), max_size=5), st.integers(1, 7))
def test_split_does_not_matter(replies: list[bytes], size: int) -> None:
    """The same bytes in pieces of any size give the same replies."""
    data = b"".join(replies)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert read_all(pieces) == read_all([data])


@pytest.mark.parametrize(
    ("line", "enhanced", "text"),
    [
        ("451 4.4.2 Timeout waiting for data from client.", "4.4.2", "Timeout waiting for data from client."),
        ("552 5.3.4 Message is too long.", "5.3.4", "Message is too long."),
        (
            "454 Throttling failure: Maximum sending rate exceeded.",
            None,
            "Throttling failure: Maximum sending rate exceeded.",
        ),
        ("250 2.5 is no enhanced code", None, "2.5 is no enhanced code"),
    ],
)
def test_enhanced_code_is_told_from_text(line: str, enhanced: str | None, text: str) -> None:
    """An enhanced status code is recognised and is no part of the text."""
    reply = smtp.read_reply(line)
    assert (reply.enhanced, reply.text) == (enhanced, text)


@pytest.mark.parametrize("bad", ["", "250-a", "hello", "250 a\r\n250 b"])
def test_read_reply_wants_exactly_one(bad: str) -> None:
    """A catalogue sample that is not one reply is refused."""
    with pytest.raises(ValueError, match="reply"):
        smtp.read_reply(bad)


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\r\nRCPT TO:<b@example.com>",
        "a\n@example.com",
        "a\0@x",
        "å@example.com",
        "<a@example.com>",
        "a b@example.com",
    ],
)
def test_an_address_cannot_smuggle_a_command(address: str) -> None:
    """An address with a line end, NUL, brackets or 8-bit letters is wrong use."""
    with pytest.raises(ValueError, match="address"):
        smtp.path(address)


def test_a_command_cannot_hold_a_line_end() -> None:
    """A name with a line end is wrong use."""
    with pytest.raises(ValueError, match="line end"):
        smtp.command("EHLO", "client\r\nMAIL FROM:<a@example.com>")


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (b"a\n.b\r\n..\rend", b"a\r\n..b\r\n...\r\nend\r\n.\r\n"),
        (b"", b"\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
    ],
)
def test_message_is_dot_stuffed(message: bytes, sent: bytes) -> None:
    """Line ends become CRLF, leading dots are doubled, the final dot is alone on its line."""
    assert smtp.dot_stuff(message) == sent


def test_auth_is_encoded_and_masked() -> None:
    """AUTH PLAIN is as RFC 4616 says, and a transcript never holds it."""
    credentials = Credentials(user="AKIAIOSFODNN7EXAMPLE", password="päss/word+")
    (line,) = smtp.auth_lines(credentials, "PLAIN")
    token = bytes(line).removeprefix(b"AUTH PLAIN ").removesuffix(b"\r\n")
    assert base64.b64decode(token, validate=True).decode() == "\0AKIAIOSFODNN7EXAMPLE\0päss/word+"
    first, *words = smtp.auth_lines(credentials, "LOGIN")
    assert bytes(first) == b"AUTH LOGIN\r\n"
    assert [base64.b64decode(word).decode() for word in words] == ["AKIAIOSFODNN7EXAMPLE", "päss/word+"]
    assert b"AUTH" not in repr((line, first, *words)).encode()
