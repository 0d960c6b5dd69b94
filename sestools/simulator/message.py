"""What makes SES refuse a message as malformed, with the reason that it gives.

Each reason was seen behind `554 Transaction failed: ` in a public log. They read like the messages of the
parser in JavaMail; where only the family is known, the nearest of its members is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sestools.core.mailboxes import mailboxes

_ONCE = """
accept-language acceptlanguage archived-at auto-submitted bounces-to comments content-alternative
content-base content-class content-description content-disposition content-duration content-id
content-language content-length content-location content-md5 content-transfer-encoding content-type
date  delivered-to disposition-notification-options disposition-notification-to dkim-signature
domainkey-signature errors-to from importance in-reply-to keywords list-archive list-help list-id
list-owner list-post list-subscribe list-unsubscribe message-context message-id mime-version
organization original-from original-message-id original-recipient original-subject precedence
priority  references reply-to return-path return-receipt-to sender sensitivity solicitation subject
thread-index  thread-topic user-agent vbr-info
"""
ONCE = frozenset(_ONCE.split())
"""Headers that may appear only once (the SES guide's list of header fields, 2022)."""

ADDRESSES = ("from", "sender", "reply-to", "to", "cc", "bcc")

_SPECIAL = '()<>@,;:\\"/[]?='
"""Characters that end a token of a MIME header (RFC 2045, `tspecials`)."""

_PLAIN = re.compile(r"[A-Za-z0-9 ]*<([\w.+=-]+@[\w.-]+)>|([\w.+=-]+@[\w.-]+)", re.ASCII)
_WHOLE = re.compile(r"\\.|\"(?:[^\"\\]|\\.)*\"|\((?:[^()\\]|\\.)*\)", re.S)
"""An escaped character, a quoted text, or a comment."""
_NO_DOMAIN = re.compile(r"[^A-Za-z0-9.\-\[\]:]")

Headers = list[tuple[str, str]]


def addresses(value: str) -> Sequence[str] | None:
    """The addresses in a header value, without display names; None if it cannot be read."""
    # The parser took half of the time of a small message; most values hold one address and need none.
    plain = _PLAIN.fullmatch(value)
    if plain:
        return (plain[1] or plain[2],)
    read = mailboxes(value)
    return read[0] if read else None


def headers(message: bytes) -> Headers:
    """The header fields of a message, unfolded, in order: (name as written, value)."""
    head = message.partition(b"\r\n\r\n")[0].partition(b"\n\n")[0]
    fields: list[tuple[str, list[str]]] = []
    # Whether SES takes a bare LF for a line end is unknown; taking it leads to no reasons that are made up.
    for line in head.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        if line.startswith((" ", "\t")) and fields:
            fields[-1][1].append(line.strip())
            continue
        name, colon, value = line.partition(":")
        bare = name.strip()
        if not colon or not name or " " in bare:
            break  # the body has begun without its empty line
        fields.append((bare, [value.strip()]))
    return [(name, " ".join(lines)) for name, lines in fields]


def malformed(fields: Headers, message: bytes, recipients: Sequence[str]) -> Iterator[str]:
    """The reasons why a message is refused as malformed; SES gives the first."""
    values: dict[str, str] = {}
    written: list[str] = []
    for name, value in fields:
        lower = name.lower()
        if lower in values and lower in ONCE:
            yield f"Duplicate header '{name}'."
        values[lower] = value
        if lower in ADDRESSES:
            written.append(value)
    yield from _content_type(values.get("content-type"), message)
    disposition = values.get("content-disposition", "")
    if disposition[:1] and disposition[0] in _SPECIAL:
        yield f"Expected disposition, got {disposition[0]}"
    for value in written:
        yield from _addresses(value)
    for recipient in recipients:
        local = recipient.rpartition("@")[0]
        if ":" in local or "@" in local:
            yield f"Address contains illegal characters in user name: '<{recipient}>'."


def _content_type(value: str | None, message: bytes) -> Iterator[str]:
    if value is None:
        return
    kind = re.match(r"[^\s()<>@,;:\\\"/\[\]?=]*\s*", value)
    rest = value[kind.end() :] if kind else value
    if not rest.startswith("/"):
        yield f"Expected '/', got {rest[:1] or 'null'}"
        return
    boundary = re.search(r";\s*boundary\s*=\s*(?:\"([^\"]*)\"|([^\s;]+))", value, re.I)
    if value.lower().startswith("multipart/") and boundary:
        start = rb"\n--" + re.escape((boundary[1] or boundary[2]).encode()) + rb"[ \t]*\r?\n"
        if not re.search(start, message):
            yield "Missing start boundary"


def _addresses(value: str) -> Iterator[str]:
    if '"' in value and '"' in _WHOLE.sub("", value):
        yield "Missing '\"'"
        return
    found = addresses(value)
    if found is None:
        yield "Missing final '@domain'"  # which reason SES gives is unknown
        return
    for address in found:
        _, at, domain = address.rpartition("@")
        if not at:
            yield "Missing final '@domain'"
        elif _NO_DOMAIN.search(domain):
            yield "Domain contains illegal character"
