"""What stand-ins do with a connection: mail servers of all kinds, other protocols, silence, and broken TLS."""

from __future__ import annotations

from dataclasses import dataclass

from stand_ins.server import Act, Peer

SES = b"220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-ABCDEFGHI 0123456789abcdef\r\n"
LISTED = b"250-email-smtp.amazonaws.com\r\n250-8BITMIME\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250 Ok\r\n"
INSIDE = LISTED.replace(b"250-STARTTLS\r\n", b"")
HANDSHAKE_FAILURE, PROTOCOL_VERSION, UNRECOGNIZED_NAME = 40, 70, 112
"""TLS alerts (RFC 8446, section 6)."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail server, SES's words unless told otherwise; the instance is the act.

    Attributes:
        tls: What it proves itself with; empty: it never speaks TLS.
        wrapper: Whether TLS begins with the first byte.
        greeting: All of it, with its code.
        listed: Its answer to EHLO before TLS.
        inside: Its answer to EHLO inside TLS.
        ready: Its answer to STARTTLS.
        auth: Its answer to the password.
        accepted: Its answer to the final dot.
        pause: Seconds before each thing that it says.
    """

    tls: str = "good"
    wrapper: bool = False
    greeting: bytes = SES
    listed: bytes = LISTED
    inside: bytes = INSIDE
    ready: bytes = b"220 Ready to start TLS\r\n"
    auth: bytes = b"235 Authentication successful.\r\n"
    accepted: bytes = b"250 Ok 0102018c0123abcd-00000000-0000-0000-0000-000000000000-000000\r\n"
    pause: float = 0.0

    def __call__(self, peer: Peer) -> None:
        """Hold one session."""
        secure = self.wrapper and bool(self.tls)
        if secure:
            peer.secure(self.tls)
        self._say(peer, self.greeting)
        while not self.greeting or self.greeting.startswith(b"220"):
            verb = peer.line().split(b" ")[0].upper()
            answers = {
                b"EHLO": self.inside if secure else self.listed, b"HELO": b"250 Ok\r\n", b"AUTH": self.auth,
                b"DATA": b"354 Go ahead\r\n", b"QUIT": b"221 Bye\r\n", b"MAIL": b"250 Ok\r\n", b"RCPT": b"250 Ok\r\n",
                b"STARTTLS": self.ready,
            }  # fmt: skip
            self._say(peer, answers.get(verb, b"500 5.5.2 Error: bad syntax\r\n"))
            if verb == b"DATA":
                while peer.line() != b".":
                    pass
                self._say(peer, self.accepted)
            elif verb == b"STARTTLS" and self.ready.startswith(b"220"):
                peer.secure(self.tls)
                secure = True
            elif verb == b"QUIT":
                return

    def _say(self, peer: Peer, words: bytes) -> None:
        if self.pause:
            peer.wait(self.pause)
        peer.say(words)


def another(greeting: str, *, tls: str = "another name", wrapper: bool = False) -> Mail:
    """Another provider's mail server, with its own certificate."""
    listed = (
        b"250-mail.example.net\r\n250-SIZE 35882577\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n250 HELP\r\n"
    )
    inside = listed.replace(b"250-STARTTLS\r\n", b"")
    words = f"220 {greeting}\r\n".encode()
    return Mail(greeting=words, listed=listed, inside=inside, tls=tls, wrapper=wrapper)


def says(words: bytes, *, then: bytes = b"", tls: str = "") -> Act:
    """Says this at once and, to whatever it hears, that; then closes, or waits if there is nothing to say."""

    def act(peer: Peer) -> None:
        if tls:
            peer.secure(tls)
        peer.say(words)
        while then:
            peer.hear()
            peer.say(then)
        peer.wait()

    return act


def answers(words: bytes, *, tls: str = "") -> Act:
    """Waits for the client to begin, says this, and closes."""

    def act(peer: Peer) -> None:
        if tls:
            peer.secure(tls)
        peer.hear()
        peer.say(words)

    return act


def nothing(peer: Peer) -> None:
    """Nothing listens there: a `StandIn` with this act is none."""
    raise AssertionError("somebody has come in")


def silent(peer: Peer) -> None:
    """Accepts and says nothing."""
    peer.wait()


def resets(peer: Peer) -> None:
    """Accepts and resets."""
    peer.reset()


def closes(peer: Peer) -> None:
    """Accepts and closes."""


def closes_after_ehlo(peer: Peer) -> None:
    """Greets as SES, hears EHLO, and closes."""
    peer.say(SES)
    peer.line()


def stops_in(words: bytes) -> Act:
    """Says the beginning of a line and nothing more."""
    return says(words)


def dribbles(seconds: float) -> Act:
    """Greets as SES, in twelve pieces, over so many seconds; then goes on as SES."""

    def act(peer: Peer) -> None:
        size = len(SES) // 12 + 1
        for start in range(0, len(SES), size):
            peer.wait(seconds / 12)
            peer.say(SES[start : start + size])
        Mail(greeting=b"")(peer)

    return act


def endless(piece: bytes) -> Act:
    """Says the same again and again, as long as somebody reads."""

    def act(peer: Peer) -> None:
        while not peer.stop.is_set():
            peer.say(piece * 64)

    return act


# --- at the TLS handshake -----------------------------------------------------------------------------------------


def _hello(peer: Peer, wrapper: bool) -> None:
    """Go as far as the client's first TLS record."""
    if not wrapper:
        peer.say(SES)
        peer.line()
        peer.say(LISTED)
        peer.line()
        peer.say(b"220 Ready to start TLS\r\n")
    peer.hear()


def at_hello(reply: bytes | None = b"", *, wrapper: bool = False) -> Act:
    """Hears the ClientHello, and says this; nothing: closes; None: resets."""

    def act(peer: Peer) -> None:
        _hello(peer, wrapper)
        if reply is None:
            peer.reset()
        elif reply:
            peer.say(reply)
            peer.hear()

    return act


def swallows(*, wrapper: bool = False) -> Act:
    """Hears the ClientHello, and says nothing any more."""

    def act(peer: Peer) -> None:
        _hello(peer, wrapper)
        peer.wait()

    return act


def alert(number: int, *, wrapper: bool = False) -> Act:
    """Answers the ClientHello with a fatal alert."""
    return at_hello(b"\x15\x03\x03\x00\x02\x02" + bytes([number]), wrapper=wrapper)


def old_hello(*, wrapper: bool = False) -> Act:
    """Answers with a ServerHello of TLS 1.1, as a server from before TLS 1.2 does; the client has to refuse."""
    body = b"\x03\x02" + bytes(32) + b"\x00" + b"\x00\x2f" + b"\x00"
    message = b"\x02" + len(body).to_bytes(3, "big") + body
    return at_hello(b"\x16\x03\x02" + len(message).to_bytes(2, "big") + message, wrapper=wrapper)
