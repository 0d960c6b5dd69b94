"""A server that says back what it was given as credentials, in every form, and what finds those forms."""

from __future__ import annotations

import base64
import contextlib
import copy
import dataclasses
import html
import json
import pickle
import quopri
import re
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

from sestools.core.credentials import Credentials
from sestools.core.target import Target
from sestools.simulator.certificates import Authority

HOST = "email-smtp.eu-west-1.amazonaws.com"
USER = "AKIA7QWERTZCANARYU5X"
PASSWORD = "BKq3/Zt9+vJ8wXcanaryR5uY1oP0sD7fG2hL4kM6nB/e"
SECRET_KEY = "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"
CREDENTIALS = Credentials(user=USER, password=PASSWORD)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def forms(secret: str) -> dict[str, list[str]]:
    """A secret in seven encodings."""
    token = _base64(f"\0{USER}\0{secret}")
    return {
        "plain": [secret, secret.upper()],
        "base64": [
            _base64(secret),
            token,
            _base64(f"{USER}:{secret}"),
            _base64(f"ab{secret}"),
            _base64(f'{{"p": "{secret}"}}'),
        ],
        "url": [urllib.parse.quote(secret, safe=""), "".join(f"%{ord(one):02x}" for one in secret)],
        "hex": [secret.encode().hex(), secret.encode().hex(":").upper(), token.encode().hex()],
        "quoted": [
            quopri.encodestring(secret.encode(), quotetabs=True).decode().replace("=\n", ""),
            "".join(f"\\x{ord(one):02x}" for one in secret),
            json.dumps(secret).replace("/", r"\/"),
            "".join(f"&#{ord(one)};" for one in secret),
        ],
        "folded": [
            "\n".join(re.findall(".{1,6}", token)),
            " ".join(token),
            ".".join(re.findall(".{1,3}", secret)),
        ],
        "cut": [
            token[: len(token) // 2],
            token[-24:],
            secret[:12],
            secret[-12:],
            secret[5:20],
            _base64(secret)[9:30],
        ],
    }


def echo(secret: str = PASSWORD) -> str:
    """The lines of one reply with all of them."""
    return "\n".join(f"heard: {form} :so" for several in forms(secret).values() for form in several)


def leaks(shown: str, *secrets: str) -> list[str]:
    """Pieces of secrets in a text, of ten letters and digits or more; found in another way than they are masked."""
    views = {
        shown,
        urllib.parse.unquote(shown, "latin-1"),
        quopri.decodestring(shown.encode()).decode("latin-1"),
    }
    views.add(html.unescape(shown))
    views.add(re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), shown))
    squeezed = {re.sub(r"[^a-z0-9]", "", view.lower()) for view in views}
    found = []
    for secret in secrets or (USER, PASSWORD, SECRET_KEY):
        token = _base64(f"\0{USER}\0{secret}")
        for form in (
            secret,
            _base64(secret),
            _base64("x" + secret)[2:],
            _base64("xx" + secret)[3:],
            token,
            secret.encode().hex(),
            token.encode().hex(),
        ):
            letters, size = (
                re.sub(r"[^a-z0-9]", "", form.lower()),
                14 if form.isalnum() and form.islower() else 10,
            )
            pieces = {letters[at : at + size] for at in range(len(letters) - size + 1)}
            found += [piece for view in squeezed for piece in pieces if piece in view]
    return found


def everything(result: Any) -> str:
    """All that can be got out of a result; copying, pickling and JSON of it work."""
    assert copy.copy(result) == copy.deepcopy(result) == pickle.loads(pickle.dumps(result))
    texts = [repr(result), str(result), pickle.dumps(result).decode("latin-1"), *_attributes(result, set())]
    texts += [str(dataclasses.asdict(result)), json.dumps(dataclasses.asdict(result), default=str)]
    for show in ("to_dict", "to_markdown", "to_html", "_repr_html_"):
        if hasattr(result, show):
            shown = getattr(result, show)()
            texts.append(shown if isinstance(shown, str) else json.dumps(shown))
    return "\n".join(texts)


def _attributes(value: Any, seen: set[int]) -> Iterator[str]:
    """What every attribute of a value says of itself, down to the last."""
    if id(value) in seen or isinstance(value, type):
        return
    seen.add(id(value))
    yield value if isinstance(value, str) else repr(value)
    inner = list(vars(value).values()) if hasattr(value, "__dict__") else []
    inner += [getattr(value, name, None) for name in getattr(type(value), "__slots__", ())]
    inner += (
        [*value.items()] if isinstance(value, dict) else [*value] if isinstance(value, tuple | list) else []
    )
    for one in inner:
        yield from _attributes(one, seen)


class Echo:
    """A server with SES's greeting and a good certificate that answers AUTH, and all that follows, with an echo.

    Who connects again is greeted with it.

    Args:
        folder: Where to write the file of its authority.
        answer: What it says after AUTH: `refused` or `accepted` in a reply, `junk` that is no reply, the
            beginning of a reply and then nothing (`stalled`) or the end (`closed`).
        secret: What it says back.
        heard: Called with each line before it is answered; an OSError ends the connection.
    """

    def __init__(
        self,
        folder: Path,
        answer: str = "refused",
        secret: str = PASSWORD,
        heard: Callable[[bytes], None] | None = None,
    ) -> None:
        authority = Authority(HOST)
        self.ca_file = str(folder / "ca.pem")
        authority.write_ca(folder / "ca.pem")
        self._tls = authority.context()
        self._answer, self._secret, self._heard = answer, secret, heard or bytes
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.connect_to = self._listening.getsockname()[:2]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._open: list[socket.socket] = []
        self._learnt = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._open:
            one.close()
        self._thread.join()

    def target(self, port: int = 465) -> Target:
        """What leads here, with the canary as credentials."""
        return Target(
            host=HOST, port=port, connect_to=self.connect_to, ca_file=self.ca_file, credentials=CREDENTIALS
        )

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock = self._listening.accept()[0]
                threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), self._tls.wrap_socket(sock, server_side=True) as wrapped:
            self._open.append(wrapped)
            again = f" hello again {self._secret}" if self._learnt.is_set() else ""
            wrapped.sendall(
                f"220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-ABC{again}\r\n".encode()
            )
            signed_in = False
            for line in wrapped.makefile("rb"):
                self._heard(line)
                if line.upper().startswith(b"EHLO"):
                    wrapped.sendall(b"250-email-smtp.amazonaws.com\r\n250-AUTH PLAIN LOGIN\r\n250 Ok\r\n")
                elif line.upper().strip() == b"AUTH LOGIN" or (
                    len(line) < 40 and b" " not in line and not signed_in
                ):
                    wrapped.sendall(b"334 UGFzc3dvcmQ6\r\n")
                elif line.upper().strip() == b"QUIT" and not signed_in:
                    return
                else:
                    self._say(wrapped, "235" if self._answer == "accepted" and not signed_in else "535")
                    signed_in = True

    def _say(self, sock: socket.socket, code: str) -> None:
        self._learnt.set()
        lines = echo(self._secret).split("\n")
        if self._answer == "junk":
            sock.sendall("".join(f"{line}\r\n" for line in lines).encode())
        elif self._answer in ("stalled", "closed"):
            # The last form is not a whole line.
            sock.sendall("".join(f"{code}-{line}\r\n" for line in [*lines, self._secret]).encode()[:-2])
        else:
            sock.sendall(
                "".join(f"{code}-{line}\r\n" for line in lines).encode() + f"{code} {USER}\r\n".encode()
            )
        if self._answer == "closed":
            raise ConnectionAbortedError
