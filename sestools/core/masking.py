"""What may be shown: secrets are held, and cut out of whatever is shown, logged or kept.

A secret that is known is found whatever a server makes of it (`Known`); in a stranger's text it is found by its
shape, and by what stands before it (`mask_secrets`).
"""

from __future__ import annotations

import base64
import html
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

from sestools.core.text import lowered

MASK = "[masked]"


class Secret:
    """A password in this process's memory. Nothing that shows, copies or pickles it gives it away."""

    __slots__ = ("__value",)

    def __init__(self, value: str = "") -> None:
        self.__value = value

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __repr__(self) -> str:
        return f"<Secret: {'held in memory' if self else 'empty'}>"

    def __reduce__(self) -> Any:
        raise TypeError("a secret stays in the process that was given it")

    def put(self, value: str) -> None:
        """Hold another value; an empty one forgets."""
        self.__value = value

    def reveal(self) -> str:
        """The value, for the one call that signs in."""
        return self.__value


# --- a secret that is known -----------------------------------------------------------------------------------

_PIECE, _LONG_PIECE = 8, 12
"""Letters and digits of a piece that is cut out; of a shorter one nobody can tell where it comes from.
Of hexadecimal digits, and of words, more are needed: ids and sentences are full of them."""
_SHORTEST = 4
"""Characters of a password that is cut out where it stands as a word. To mask each "a" would tell it."""
_ALWAYS_SAID = (
    "authentication credentials invalid|authentication successful|authenticated|authorized|unauthorized|user name|"
    "username|password|credentials|mechanism|required|temporary|temporarily|unavailable|connection|rejected|accepted|"
    "transaction failed|transmission|recipient|verified|throttling|certificate|simpleemailservice|amazonaws|amazonses|"
    "simulator|success|starttls|command|message|address|test|user|mail|login|plain|auth|smtp|esmtp|error|invalid"
)
"""What servers say anyway: a password that is made of such words is not looked for in pieces."""


def _plain(text: str) -> str:
    """Letters and digits, whatever a text is quoted, folded or spaced with; capitals stay."""
    return re.sub(r"[\W_]+", "", text)


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(len(text) - size + 1))


_SAID_WORDS = frozenset(_ALWAYS_SAID.split("|"))
_SAID_PIECES = frozenset(
    piece for words in _SAID_WORDS for size in (_PIECE, _LONG_PIECE) for piece in _pieces(_plain(words), size)
)

_ESCAPE = (
    r"(?m:^)(?:[2-5]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3}[ ])?|[245]\.\d{1,3}\.\d{1,3}[ ])"  # codes between the pieces
    r"|(?:%|=|\\x)(?P<hex>[0-9A-Fa-f]{2})|\\u(?P<wide>[0-9A-Fa-f]{4})|\\(?P<octal>[0-3][0-7]{2})|\\[abfnrtv]"
    r"|&\#(?P<number>\d{1,5});|&\#x(?P<entity>[0-9A-Fa-f]{1,4});|&[a-zA-Z]{2,8};|0x(?=[0-9A-Fa-f]{2}\b)"
)
_BASES = {"hex": 16, "wide": 16, "octal": 8, "number": 10, "entity": 16}
_ENCODED, _LETTER = re.compile(_ESCAPE), re.compile(r"[^\W_]")
_ENCODED_LETTER = re.compile(rf"{_ESCAPE}|[^\W_]")


class Known:
    """The forms of a user name and its password, to cut them out of what a server says.

    Found are whole secrets and pieces of them: plain, in base64 (alone, together, or inside of more), in hex,
    quoted as in URLs, mails, HTML or programs, folded over lines, spaced, in whatever case. The time that it
    takes grows with the length of the text, no faster.
    """

    __slots__ = ("_forms", "_short", "_sizes")

    def __init__(self, user: str, password: str) -> None:
        forms, hexes, short = set[str](), set[str](), set[str]()
        for text in (password, user, f"\0{user}\0{password}", f"{user}\0{user}\0{password}"):
            raw = text.encode("utf-8", "surrogatepass")
            hexes |= {raw.hex(), *(word.encode().hex() for word in _in_base64(raw))}
            these = set(_in_base64(raw))
            if "\0" not in text and text.lower() not in _SAID_WORDS:
                these |= {text, raw.decode("latin-1")}
            if len(_plain(text)) < _PIECE:
                these |= {raw.hex(), urllib.parse.quote(text, safe=""), html.escape(text), repr(text)[1:-1]}
            short |= {form for form in these if len(text) >= _SHORTEST and len(_plain(form)) < _PIECE}
            forms |= these
        self._forms = frozenset(lowered(_plain(form)) for form in forms if len(_plain(form)) >= _PIECE)
        pieces = {piece for form in forms for piece in _pieces(_plain(form), _PIECE)}
        # In a password of words that may be said anyway, only more of it is its own.
        pieces = {lowered(piece) for piece in pieces if not (piece.isalpha() and piece.islower())}
        long = {lowered(piece) for form in forms | hexes for piece in _pieces(_plain(form), _LONG_PIECE)}
        self._sizes = ((_PIECE, pieces - _SAID_PIECES), (_LONG_PIECE, long - _SAID_PIECES))
        # What has few letters and digits is found as it is, where it stands alone.
        some = "|".join(map(re.escape, sorted(short - _SAID_WORDS, key=len, reverse=True)))
        self._short = re.compile(rf"(?<![^\W_])(?:{some})(?![^\W_])") if some else None

    def mask(self, text: str) -> str:
        """A text without the secrets; it keeps its number of lines."""
        spans = [found.span() for found in self._short.finditer(text)] if self._short else []
        if hits := self._hits(_plain(text)):
            places = [found.span() for found in _LETTER.finditer(text)]
            spans += [(places[first][0], places[last][1]) for first, last in hits]
        if _ENCODED.search(text) and (hits := self._hits(_plain(_ENCODED.sub(_decoded, text)))):
            letters = ((_plain(_decoded(found)), found.span()) for found in _ENCODED_LETTER.finditer(text))
            places = [span for letter, span in letters if letter]
            spans += [(places[first][0], places[last][1]) for first, last in hits]
        return _cut_out(text, spans)

    def mask_bytes(self, data: bytes) -> bytes:
        """The same for bytes."""
        return self.mask(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _hits(self, plain: str) -> list[tuple[int, int]]:
        """The first and last letter of each secret, or piece of one, in a text of letters and digits alone."""
        low = lowered(plain)
        hits = []
        for form in self._forms:
            at = low.find(form)
            while at >= 0:
                hits.append((at, at + len(form) - 1))
                at = low.find(form, at + len(form))
        for size, pieces in self._sizes:
            hits += [(at, at + size - 1) for at, piece in enumerate(_pieces(low, size)) if piece in pieces]
        return hits


def _decoded(found: re.Match[str]) -> str:
    """What an escape stands for; a letter stands for itself."""
    if kind := found.lastgroup:
        return chr(int(found[kind], _BASES[kind]))
    return found[0] if len(found[0]) == 1 else ""


def _in_base64(raw: bytes) -> Iterator[str]:
    """Bytes in base64: alone, and as what is left of them in the base64 of a longer text."""
    for before, shared in enumerate((0, 2, 3)):
        yield base64.b64encode(bytes(before) + raw).decode().rstrip("=")[shared:]


def _cut_out(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    end = 0
    for first, last in sorted(spans):
        if last <= end:
            continue
        if first > end or not parts:
            parts += [text[end:first], MASK]
        parts.append("".join(f"\n{MASK}" for _ in range(text.count("\n", max(first, end), last))))
        end = last
    return "".join([*parts, text[end:]])


# --- secrets that are not known -------------------------------------------------------------------------------

_MECHANISM = (
    r"(?:PLAIN(?:-CLIENTTOKEN)?|LOGIN|XOAUTH2?|OAUTHBEARER|[A-Z]+-MD5|NTLM|GSSAPI|EXTERNAL|SCRAM-[A-Z0-9-]+)"
)
_VALUE = r"(?!\[masked\])(?:\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'|[^\s\"',;})\]]+)"
_HOST = r"\[?(?=[^\s\]]*[.:])[\w.:-]{3,255}\]?(?::\d{1,5})?"
_TOLD = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        # smtp://user:PASSWORD@host
        r"(\b[a-z][a-z0-9+]{1,15}://[^\s:/@]{1,200}:)[^\s@]{1,200}(?=@)",
        # What follows AUTH, also mistyped, and Authorization.
        rf"(\bX?AUTH(?:ENTICATE)?[ =]?{_MECHANISM}\s+)(?!{_MECHANISM}\b|\[masked\])[A-Za-z0-9+/=_-]{{8,}}",
        r"(\bXAUTH\s+|\bAUTH=(?!<>))(?!\[masked\]|PLAIN\b|LOGIN\b)[^\s<>]{4,}",
        r"(\bAuthorization:\s*\w+\s+)[A-Za-z0-9+/=._~-]{8,}",
        # The answers to AUTH LOGIN's and PLAIN's questions.
        r"(\b334\b[^\n]{0,80}\n(?:reply: [^\n]{0,80}\n)?(?:[^\n]{0,40}?(?:C:|>|send:)\s?['\"]?|[\t ]*))"
        r"(?!QUIT|RSET)[A-Za-z0-9+/]{4,}={0,2}(?=(?:\\r\\n)?['\"\t ]*$)",
        # password = VALUE, in any language of configuration
        r"((?:pass(?:word|wd|phrase)?|secret(?:_?access_?key)?|pwd)[\"']?\s*(?:=>|[:=])\s*[\"']?)(?!\[masked\])[^\s\"',;})]{4,}",
        r"(^[\t ]*password[\t ]+)(?!\[masked\]|(?-i:[a-z]+)[\t ]*$)\S+(?=[\t ]*$)",
        r"(\blogin[\t ]+\S{1,200}[\t ]+password[\t ]+)(?!\[masked\]|(?-i:[a-z]+)\b)\S+",
        # command lines: swaks, curl, msmtp, mysql and their like; -p is also a port
        rf"((?<!\S)--?(?:auth-?pass(?:word)?|ap|smtp-?pass(?:word)?|pass(?:word|wd)?|secret[\w-]*)(?:\s+|=))(?!-){_VALUE}",
        rf"((?<!\S)-p(?:\s+|=)?)(?![-/.~\s]|\d[\d.:]*(?:[\s/]|$)){_VALUE}",
        rf"((?<!\S)(?:-u|-U|--(?:proxy-)?user)(?:\s+|=)?[\"']?[^\s:\"']{{1,200}}:)(?!//){_VALUE}",
        # Postfix's sasl_passwd
        rf"(^[\t ]*{_HOST}[\t ]+[^\s:/]{{3,200}}:)(?!\[masked\])[^\s/]\S{{3,}}(?=[\t ]*$)",
    )
)
_SAID_ANYWAY = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[\w-]+(?:\.[\w-]+)+")
"""A word, or a host name, that only looks like a password where it stands (`password: required`, `mkdir -p a.b`)."""
_MOST_TOLD = 20
"""Secrets that are looked for in the rest of a text, at most."""
_WORD = re.compile(r"(?<![A-Za-z0-9+/=_-])(?:[A-Za-z0-9+/=_-]|%[0-9A-Fa-f]{2}|\\[+/=]){16,}")
_SPACED = re.compile(r"(?<!\S)(?:[A-Za-z0-9+/=][ \t]){11,}[A-Za-z0-9+/=](?!\S)")


def mask_secrets(text: str, known: Known | None = None) -> str:
    """A text without what looks like a password, a secret key or AUTH data. Access key ids stay.

    It keeps its number of lines. `known` are the secrets that it may hold, if they are known.
    """
    if known:
        text = known.mask(text)
    told: set[str] = set()

    def cut(found: re.Match[str]) -> str:
        told.add(found[0][len(found[1]) :].strip("\"'"))
        return found[1] + MASK

    for pattern in _TOLD:
        text = pattern.sub(cut, text)
    # What a text calls a password once is one wherever else it stands, such as in a server's answer.
    for secret in sorted(told, key=len, reverse=True)[:_MOST_TOLD]:
        if len(secret) >= _PIECE and not _SAID_ANYWAY.fullmatch(secret):
            text = text.replace(secret, MASK)
    text = _SPACED.sub(MASK, text)
    return _WORD.sub(lambda found: MASK if _is_secret(found[0]) else found[0], text)


def _is_secret(word: str) -> bool:
    """Whether a word has the shape of a secret. Ids in hex, paths and host names have not."""
    if "%" in word or "\\" in word or "=" in word:
        word = re.sub(r"=(?=[0-9A-F]{2})", "%", word).replace("\\", "")
        word = urllib.parse.unquote(word, "latin-1")
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2}){12,}", word):  # letters in hex; an id is not made of letters alone
        return all(32 <= byte < 127 or byte == 0 for byte in bytes.fromhex(word))
    # SMTP passwords have 44 characters of base64, secret keys 40, AUTH PLAIN more. A shorter piece is none if it is
    # made of words and numbers, such as a path.
    return any(
        all(re.search(f"[{kind}]", run) for kind in ("A-Z", "a-z"))
        and (len(run) >= 38 or (len(run) >= 16 and len(_SWITCH.findall(run)) >= len(run) / 5))
        for run in re.split(r"[^A-Za-z0-9+/]+", word)
    )


_SWITCH = re.compile(r"(?<=[a-z])[A-Z]|(?<=[A-Za-z])[0-9]|(?<=[0-9])[A-Za-z]")


# --- lines of a client ----------------------------------------------------------------------------------------

_LONE = {"DATA", "RSET", "QUIT", "NOOP", "STARTTLS", "HELP", "VRFY", "EXPN", "AUTH"}
_PARAMETER = re.compile(r"(?i:SIZE=\d+|(?:BODY|RET)=\w+|SMTPUTF8|NOTIFY=[\w,]+|ENVID=\S+|ORCPT=\S+)")
_ENVELOPE = re.compile(r"((?:MAIL +FROM|RCPT +TO) *: *(?:<[^>]*>|\S*))(.*)", re.IGNORECASE)
_AUTH = re.compile(rf"AUTH +{_MECHANISM}", re.IGNORECASE)


def mask_command(line: str) -> str:
    """A client's line as a transcript or a log may show it: what cannot be credentials typed at the wrong place."""
    verb, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    if found := _ENVELOPE.fullmatch(line.strip()):
        more = (word if _PARAMETER.fullmatch(word) else MASK for word in found[2].split())
        return mask_secrets(" ".join((found[1], *more)))
    if verb.upper() in ("EHLO", "HELO"):
        return mask_secrets(line) if re.fullmatch(r"[\w.:\[\]-]*", rest) else f"{verb} {MASK}"
    if found := _AUTH.fullmatch(line[: len(verb) + 1] + rest.partition(" ")[0]):
        return f"{found[0]} {MASK}" if " " in rest else found[0]
    if verb.upper() in _LONE or (rest and re.fullmatch("[A-Z]{3,10}", verb)):
        return f"{verb} {MASK}" if rest else verb
    return MASK if line.strip() else line
