"""Signs that another server than SES replied: other providers' wording, hosts and codes.

SES's own replies are few and known, so its look-alikes are told by what SES does not do: it names no host in a
reply, uses almost no enhanced status codes, and never says 450 or 550.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from sestools.core.endpoints import API_HOST, ENDPOINT, look_alike, region_of
from sestools.knowledge.patterns import compiled
from sestools.reading.excerpt import Excerpt
from sestools.reading.texts import hosts, replies


class Weight(IntEnum):
    """How much a sign tells."""

    FAINT = 0
    """A status code that SES was not seen to use; SES might, some day."""
    FIRM = 1
    """Another host, or a code that SES does not say: outweighs words that other servers use, too."""
    STRONG = 2
    """Another provider's own words: outweigh everything that stands before them in their line."""
    SPEAKER = 3
    """Another provider's host: whatever its line says, it said."""


@dataclass(frozen=True)
class Sign:
    """Something in a text that SES would not have said.

    Attributes:
        position: Where it stands in the text.
        sentence: What was seen, for the evidence.
        weight: How much it tells.
    """

    position: int
    sentence: str
    weight: Weight = Weight.FIRM


_SES = re.compile(
    r"SimpleEmailService|\barn:aws[a-z-]*:ses:|\bAmazon ?SES\b|\bAWS ?SES\b|\bses\.amazonaws\.com|"
    rf"\bamazonses\b|\b{ENDPOINT}|\b{API_HOST}",
    re.IGNORECASE,
)

# Names count where somebody is spoken to or about, not in an address or a path.
_NAMES = {
    "SendGrid": "sendgrid", "Mailgun": "mailgun", "Postmark": "postmark(?:app)?", "Mailtrap": "mailtrap",
    "Mailjet": "mailjet", "Mandrill": "mandrill", "SparkPost": "sparkpost", "Brevo": "sendinblue|brevo",
    "SMTP2GO": "smtp2go", "Zoho": "zoho", "Yandex": r"(?:[\w-]+\.)*yandex", "Gmail": r"mx\.google\.com",
}  # fmt: skip
_WORDS = {
    "Gmail": r"\bgsmtp\b|support\.google\.com|accounts\.google\.com|Username and Password not accepted|"
    r"application-specific password required|please log ?in (?:via|with) your web browser|"
    r"daily user sending (?:limit|quota) exceeded",
    "Microsoft": r"aka\.ms/|\bprod\.outlook\.com|\.protection\.outlook\.com|"
    r"SmtpClientAuthentication is disabled|(?:client was )?not authenticated to send|STOREDRV|"
    r"\d authentication unsuccessful|unable to relay|does not have permissions to send as this sender|"
    r"submission quota exceeded|message submission rate|\bexceeded concurrent connections",
    "Yahoo": r"help\.yahoo\.com|senders\.yahooinc\.com|postmaster\.yahoo|\(#(?:AUTH|MBR)\d+\)|\[TSS?\d\d\]",
    "SendGrid": r"not authorized to send from that email|maximum credits exceeded|bad username / password|"
    r"the from address does not match a verified sender identity|"
    r"authenticated user is not authorized to send mail",
    "Mailgun": r"domain [\w.-]{1,253} is not allowed to send|activate your mailgun",
    "Postmark": r"sender signature|account is pending approval",
    "Mailtrap": r"too many emails per second",
    "SparkPost": r"unconfigured sending domain",
    "SMTP2GO": r"relay access denied - please authenticate",
    "Zoho": r"unusual sending activity|sender is not allowed to relay|relaying disallowed as",
    "Yandex": r"not owned by auth user|spam limit exceeded|invalid user or password! Please",
    "Tencent": r"mail\.qq\.com|mail from address must be same as authorization user|login fail\. ",
    "NetEase": r"\bhelp\.163|\bDT:SPM|mail\.163\.com|user has no permission|"
    r"mail from must equal authorized user",
    "Apple": r"mail\.me\.com|support\.apple\.com",
    "GMX, web.de or mail.com": r"kundenserver|\bionos\b|nemesis esmtp",
    "Exim": r"incorrect authentication data|sender verify fail|unrouteable address|relay not permitted|"
    r"too many connections from your IP|too many concurrent SMTP connections;",
    "Postfix": r"temporary authentication failure: ?\w|"
    r"\b535[ -](?:\d\.\d\.\d )?(?:error: )?authentication failed|sender address rejected|"
    r"recipient address rejected|client host rejected|helo command rejected|relay access denied|"
    r"improper (?:command pipelining|use of SMTP command)|too much mail from|queue file write error|"
    r"insufficient system storage",
    "Sendmail": r"relaying denied|domain of sender address|does not exist\.\.\. |sender ok\b",
    "hMailServer": r"SMTP authentication is required|delivery is not allowed to this address",
    "a recipient's server": r"gr[ae]ylist|spamhaus|\bRBL\b|DNSBL|blocked using|mailbox (?:is )?full|"
    r"over (?:its )?quota|\bDMARC\b|no such (?:user|recipient|mailbox)|"
    r"user (?:unknown|does(?: not|n't) exist)|poor reputation|mailbox (?:unavailable|not found)|"
    r"unknown user|recipient unknown|spam (?:content|message)|(?:as|of) spam\b|message line is too long",
}


@cache
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The names and words of other servers, compiled when they are first needed."""
    named = ((name, rf"(?<![@\w/\\.-])(?:{pattern})\b(?![@/\\-])") for name, pattern in _NAMES.items())
    return tuple((name, compiled(pattern)) for name, pattern in (*named, *_WORDS.items()))


_SENTENCE_CASE = re.compile("Authentication credentials invalid")
"""How GMX and its sisters write what SES writes with three capitals."""

_PROVIDER_HOST = re.compile(
    r"(?:^|[.-])(?:google|gmail|outlook|office365|hotmail|yahoo|aol|sendgrid|mailgun|postmarkapp|mailtrap|mailjet|"
    r"mandrillapp|sparkpostmail|sendinblue|brevo|resend|smtp2go|zoho|yandex|qq|163|126|icloud|me|gmx|web|ionos|1und1|"
    r"kundenserver|ovh|fastmail|messagingengine|protonmail|proton|mail|mailersend|elasticemail|gandi|hostinger|"
    r"secureserver|oraclecloud|mailchannels|mimecast|pphosted|barracudanetworks)\.(?:[a-z]{2,6}\.)?[a-z]{2,4}$"
)
_SES_ENHANCED = {"4.4.2": "timeout waiting for data", "5.3.4": "message is too long"}
"""The enhanced codes that logs show from SES, and the words that each goes with."""
_SES_CODES = {421, 451, 454, 500, 501, 502, 503, 504, 530, 535, 552, 553, 554}
"""The refusals that AWS documents, logs show, or a look-alike server of the same family says."""
_NAMES_ITSELF = re.compile(r"(?:[a-z0-9-]+\.){1,8}[a-z]{2,18}[: ]", re.IGNORECASE)
_RELAY = re.compile(r"\brelay=(?!none\b|local\b|virtual\b|dovecot\b)([^\s,\[]{1,120})", re.IGNORECASE)
_BARE_ENHANCED = re.compile(
    r"(?:exception: |message=|\}: |: )([45]\.\d{1,3}\.\d{1,3})[ :](?!\d)", re.IGNORECASE
)
_LOCAL = re.compile(r"(?:localhost|127\.|::1|0\.0\.0\.0|10\.|192\.168\.)", re.IGNORECASE)


def names_ses(text: str) -> bool:
    """Whether a text names SES: its host, its greeting, an identity's ARN, or the name itself."""
    return bool(_SES.search(text))


def is_foreign_host(host: str) -> bool:
    """Whether a host is neither the SES endpoint, nor often taken for it, nor this machine or network."""
    return not (region_of(host) or look_alike(host) or _LOCAL.match(host))


def signs(excerpt: Excerpt) -> list[Sign]:
    """The signs of somebody else in a text."""
    text = excerpt.text
    spoken = [(match, name) for name, pattern in _compiled() for match in pattern.finditer(excerpt.low)]
    spoken += [(match, "GMX, web.de or mail.com") for match in _SENTENCE_CASE.finditer(text)]
    found = [
        Sign(match.start(), f"{text[slice(*match.span())].strip()!r} is the wording of {name}", Weight.STRONG)
        for match, name in spoken
    ]
    named = {match[1].lower(): match.start() for match in _RELAY.finditer(text)}
    for host in hosts(text):
        named.setdefault(host, max(0, excerpt.low.find(host)))
    for host, at in named.items():
        if is_foreign_host(host):
            weight = Weight.SPEAKER if _PROVIDER_HOST.search(host) else Weight.FIRM
            found.append(Sign(at, f"{host} is not an SES endpoint", weight))
    coded = [(match.start(), match[1]) for match in _BARE_ENHANCED.finditer(text)]
    coded = [(at, code) for at, code in coded if code not in _SES_ENHANCED]
    for at, reply in replies(text):
        if reply.enhanced and _SES_ENHANCED.get(reply.enhanced, "-") not in reply.text.lower():
            coded.append((at, reply.enhanced))
        if reply.code < 400:
            continue
        if _NAMES_ITSELF.match(reply.text):
            found.append(Sign(at, "SES does not name a host in its refusals"))
        if text[at + 3 : at + 4] == "-":
            found.append(Sign(at, "SES's refusals have one line"))
        if reply.code not in _SES_CODES:
            found.append(Sign(at, f"SES is not known to send reply code {reply.code}"))
    faint = (Sign(at, f"SES's replies carry no status code {code}", Weight.FAINT) for at, code in coded)
    return [*found, *faint]
