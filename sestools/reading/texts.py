"""A server's reply or a text of any origin, made one `Symptom`. Exceptions have a module of their own."""

from __future__ import annotations

import re

from sestools.core.endpoints import PORTS, Security, default_security, look_alike, region_of
from sestools.core.enums import Kind, Stage
from sestools.core.masking import mask_secrets
from sestools.core.results import Reply, Symptom
from sestools.reading.excerpt import Excerpt, read


def from_reply(reply: Reply, stage: Stage | None = None) -> Symptom:
    """The symptom of a server's reply; what looks like a secret in it is masked."""
    return Symptom(kind=Kind.REPLY, stage=stage, reply=reply.masked(mask_secrets))


def from_pair(code: int, text: str | bytes, stage: Stage | None = None) -> Symptom:
    """The symptom of a `(code, text)` pair, as smtplib gives it."""
    words = text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else str(text)
    if not 100 <= code <= 999:  # smtplib says -1 when it could not read a code
        return Symptom(stage=stage, detail=mask_secrets(words))
    lines = tuple(words.replace("\r", "").split("\n")) or ("",)
    return from_reply(Reply(code=code, lines=lines), stage)


def from_text(text: str | bytes) -> Symptom:
    """The symptom in whatever was pasted, of any size; its detail is the telling part, cleaned and masked."""
    return from_excerpt(read(text))


def from_excerpt(excerpt: Excerpt) -> Symptom:
    """The symptom in an excerpt: its leading reply, stage, host, port and TLS mode, where they can be told."""
    text = excerpt.text
    # The likeliest first: an SES endpoint, then what is taken for one, then any, each in order of appearance.
    named = sorted(hosts(text), key=lambda host: (not region_of(host), not look_alike(host)))
    host = next(iter(named), None)
    port = _port(text, host)
    said = [reply for _, reply in replies(text)]
    return Symptom(
        stage=next((stage for stage, words in _STAGES.items() if words.search(text)), None),
        reply=next((reply for reply in said if reply.code >= 400), said[0] if said else None),
        detail=text,
        host=host,
        port=port,
        security=_security(text, port),
    )


_STAGE_WORDS = {
    Stage.BODY: r"in reply to end of DATA|\bSMTPDataError\b|\bMessage failed\b|DataStopCommand|end of data\b",
    Stage.MAIL: r"in reply to MAIL FROM|Mail command failed|\bSMTPSenderRefused\b|ProcessMailFrom|MAIL FROM command|"
    r"\bMAIL failed: \d",
    Stage.RCPT: r"in reply to RCPT TO|recipients were rejected|\bSMTPRecipients?Refused\b|ProcessRcptTo|"
    r"\bRCPT failed: \d",
    Stage.DATA: r"in reply to DATA command|Data command failed|DATA command|\bDATA failed: \d",
    Stage.AUTH: r"in reply to AUTH|Invalid login|AuthenticationError\b|Failed to authenticate|AUTH command|"
    r"\bLogin denied\b",
    Stage.EHLO: r"in reply to (?:EHLO|HELO)",
    Stage.STARTTLS: r"in reply to STARTTLS|in starttls\b|STARTTLS command",
    Stage.GREETING: r"Greeting never|initial server greeting",
    Stage.TLS: r"in do_handshake|TLS handshake|SSLHandshake",
    Stage.RESOLVE: r"\bgetaddrinfo\b|\bENOTFOUND\b",
}
_STAGES = {stage: re.compile(words, re.IGNORECASE) for stage, words in _STAGE_WORDS.items()}

_NAME = r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.){1,8}(?:[a-z]{2,18})"
# Places in which clients name the server that they spoke to. A name elsewhere is a sender, a log's own host ...
_HOSTS = re.compile(
    rf"""(?:
        (?:\brelay=|\bhost\s|\bsmtp\ host:?\s|\bSMTP\ server:?\s|\bwith\ host\s|\bconnect(?:ion|ing|ed)?\ (?:to|with)\s
          |\btalking\ to\s|\blookup\s|\bENOTFOUND\s|\bEAI_AGAIN\s|\bgetaddrinfo\s|\bgetaddrinfo\ for\s
          |\bRemote-MTA:\s*dns;\s*|\bunable\ to\ connect\ to\s|\bconversation\ with\s|\bTrying\s
          |\b(?:smtps?|tcp|ssl|tls)://(?:[^@\s/]{{1,120}}@)?)
        ["'`\[(]{{0,2}}(?P<framed>{_NAME})
      | (?<![\w@./\\-])(?P<smtp>(?:smtps?|email-smtp|mail-relay|smtp-relay|smtp-mail|smtp-out|mx\d?)(?:[.-]{_NAME}|-fips\.{_NAME}))
      | (?<![\w@./\\-])(?P<ported>{_NAME})(?:\[[0-9a-f.:]+\])?(?::|,?\s?port[:\s]{{1,2}}|["']?,\s?)(?:25|465|587|2465|2525|2587)\b
      | (?<![\w@-])(?P<aws>(?:[a-z0-9-]+\.){{1,4}}amazonaws\.com)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_CODE_NAMES = {
    "smtp", "errors", "error", "exceptions", "go", "js", "ts", "py", "rb", "php", "java", "cs", "c", "cpp", "exe", "log",
    "so", "dll", "conf", "cf", "sh", "pl", "lua", "rs", "transport", "connect", "client", "mail", "sock", "json", "yml",
    "yaml", "txt", "html", "md", "local", "internal", "localdomain", "localhost",
}  # fmt: skip
"""Last labels of what is written like a host name and is none: modules, files, this machine."""


def hosts(text: str) -> list[str]:
    """The mail servers that a text names, in order of appearance; a name under amazonaws.com counts only if it
    is the SES endpoint or is often taken for it."""
    found: dict[str, None] = {}
    for match in _HOSTS.finditer(text):
        name = next(filter(None, match.groups())).lower().rstrip(".")
        aws = name.endswith(".amazonaws.com")
        if (region_of(name) or look_alike(name)) if aws else name.rpartition(".")[2] not in _CODE_NAMES:
            found[name] = None
    return list(found)


_PORT = r"(25|443|465|587|2465|2525|2587)(?![\d.])"
_PORTS = (
    re.compile(
        rf"(?:\d{{1,3}}(?:\.\d{{1,3}}){{3}}|\.(?!(?:[cm]?[jt]s|py|rb|go|php|java|cs|pm|rs|cpp):)[a-z]{{2,18}}|\])\]?['\"]?(?::|, ?){_PORT}",
        re.IGNORECASE,
    ),
    re.compile(rf"\bport[\"']?(?:\s*(?:=>|[:=])\s*|\s+)[\"']?{_PORT}", re.IGNORECASE),
)


def _port(text: str, host: str | None) -> int | None:
    after = r"[\"']?(?:\[[^\]\s]{1,45}\])?(?::|,? ?port[:= ]{1,3}|, ?)" + _PORT
    near = re.compile(re.escape(host) + after, re.IGNORECASE) if host else None
    found = (pattern.search(text) for pattern in (near, *_PORTS) if pattern)
    return next((int(match[1]) for match in found if match), None)


def _security(text: str, port: int | None) -> Security | None:
    if re.search(r"\b(?:ssl|tls|smtps)://|secure['\"]?: ?true", text, re.IGNORECASE):
        return Security.WRAPPER
    if re.search(r"\b(?:tcp|smtp)://|secure['\"]?: ?false", text, re.IGNORECASE):
        return Security.PLAIN if port in PORTS and default_security(port) is Security.WRAPPER else None
    return None


_REPLY = re.compile(
    r"(?<![\w.#/-])(?<!\d,)(?P<code>[2-5](?:[0-5]|7)\d)"
    r"(?:(?P<join>[ -]|, ?b?(?=[\"'(])|: (?=\S))[\"'(]*(?:\#?(?P<enhanced>[245]\.\d{1,3}\.\d{1,3})[ ,]?)?(?=(?P<text>[^\n]{0,600}))|(?=[\s\"').,]|$))"
)
_BEFORE = re.compile(
    r"(?:^|[:;(\"'<>=|*,\]]\s?b?[\"'(]{0,2}|\b(?:said|error|code|reply|response|returned|message|got|smtp):?\s[\"']?)$",
    re.I,
)
_BARE_AFTER = re.compile(
    r"(?:code|error|reply|response|returned|got|\b(?:MAIL|RCPT|DATA) failed|Remote access denied)\W{0,3}$|^\s*$",
    re.I,
)
_NO_REPLY = re.compile(
    r"\s*(?:ms|s|sec|secs|seconds?|milliseconds?|minutes?|bytes?|[kmg]i?b|%|px|lines|messages|items|more)\b|"
    r"[\W]{0,4}(?:error\W{1,5})?(?:internal server error|bad gateway|bad request|not found|gateway time-?out)",
    re.I,
)
_HTTP = re.compile(r"(?:HTTP(?:/[\d.]+)?|status(?:[ _]?code)?|http_code|line)\W{0,4}$", re.I)


def replies(text: str, most: int = 200) -> list[tuple[int, Reply]]:
    """The SMTP replies that a text holds, each with its position. Other numbers are left out as well as can be."""
    found: list[tuple[int, Reply]] = []
    end = 0
    for match in _REPLY.finditer(text):
        at = match.start()
        before = text[max(text.rfind("\n", 0, at) + 1, at - 30) : at]
        words = match["text"] or ""
        bare = not words.strip(" \"')],.;") and not match["enhanced"]
        if at < end or not _BEFORE.search(before) or _HTTP.search(before) or _NO_REPLY.match(words):
            continue
        if bare and not _BARE_AFTER.search(before):
            continue
        if words and not match["enhanced"] and not re.match(r"[\s\"'`<(\[]*[A-Za-z<]", words):
            continue
        line = f"{match['enhanced']} {words}" if match["enhanced"] else words
        found.append((at, Reply(code=int(match["code"]), lines=(line.strip(),))))
        # The code that a client repeats ("got code 451, with message "451 ...") is looked at on its own.
        end = match.end("code") + 1
        if len(found) == most:
            break
    return found
