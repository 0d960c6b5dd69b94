"""Signs that somebody else than SES said something: other providers' words, hosts and habits.

SES's own replies are few and known, so its look-alikes are told by what SES does not do: it names no host in a
reply, uses almost no enhanced status codes, and never says 450 or 550.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sestools.endpoints import look_alike, region_of
from sestools.symptoms import hosts, replies

__all__ = ["Sign", "is_ses", "signs"]


@dataclass(frozen=True, kw_only=True)
class Sign:
    """Something in a text that SES would not have said.

    Attributes:
        position: Where it stands in the text.
        sentence: What was seen, for the evidence.
        strong: Whether it outweighs even a sentence that only SES is known to use.
    """

    position: int
    sentence: str
    strong: bool = False


_SES = re.compile(
    r"SimpleEmailService|\barn:aws:ses:|\bAmazon ?SES\b|\bAWS ?SES\b|ses\.amazonaws\.com|\bamazonses\b|"
    r"email-smtp(?:-fips)?\.[a-z0-9-]+\.(?:vpce\.)?amazonaws\.com|email\.[a-z0-9-]+\.amazonaws\.com",
    re.IGNORECASE,
)

_PROVIDERS = (
    (
        "Gmail",
        r"\bgsmtp\b|support\.google\.com|Username and Password not accepted|application-specific password required|"
        r"please log ?in (?:via|with) your web browser|\bmx\.google\.com\b|Daily user sending limit exceeded",
    ),
    (
        "Microsoft",
        r"aka\.ms/|\bprod\.outlook\.com|\.protection\.outlook\.com|SmtpClientAuthentication is disabled|"
        r"\bSmtp(?:Submission)?PermissionDenied|Client was not authenticated to send|STOREDRV|"
        r"Client not authenticated to send|authentication unsuccessful|Exceeded concurrent? connections",
    ),
    ("Yahoo", r"\bsenders\.yahooinc\.com|help\.yahoo\.com|\(#(?:AUTH|MBR)\d+\)|mta\d+\.[\w.]*yahoo|postmaster\.yahoo"),
    (
        "SendGrid",
        r"sendgrid|You are not authorized to send from that email|Maximum credits exceeded|The from address does "
        r"not match a verified Sender Identity|Bad username / password",
    ),
    ("Mailgun", r"mailgun|Domain [\w.-]+ is not allowed to send|Please activate your Mailgun account"),
    ("Postmark", r"postmark(?:app)?\b|Sender signature|account is pending approval"),
    ("Mailtrap", r"mailtrap|too many emails per second"),
    ("Mailjet", r"mailjet"),
    ("Mandrill", r"mandrill"),
    ("SparkPost", r"sparkpost|Unconfigured Sending Domain"),
    ("Brevo", r"sendinblue|\bbrevo\b"),
    ("Resend", r"\bsmtp\.resend\.com|resend\.com/docs"),
    ("SMTP2GO", r"smtp2go|SMTP Relay denied for"),
    ("Zoho", r"zoho(?:mail)?\b|Unusual sending activity|Sender is not allowed to relay emails"),
    ("Yandex", r"\byandex\b|Sender address rejected: not owned by auth user"),
    ("Tencent", r"mail\.qq\.com|exmail|mail from address must be same as authorization user|Login Fail\. Please"),
    ("NetEase", r"\b(?:163|126)\.com\b(?! ?>)|help\.163|DT:SPM"),
    ("iCloud", r"mail\.me\.com|apple\.com/HT|\bAuthentication failed \(Unknown error"),
    ("GMX", r"(?-i:Authentication credentials invalid)|\bgmx\b|kundenserver|\bionos\b|mailbox\.org"),
    ("OVH", r"\bovh\.net\b|mail\.ovh"),
    ("Exim", r"Incorrect authentication data|sender verify fail|Unrouteable address|relay not permitted|"
     r"too many connections from your IP|all relevant MX records point"),
    ("Postfix or Dovecot", r"authentication failed: |Error: authentication failed|Sender address rejected|"
     r"Recipient address rejected|Client host rejected|Helo command rejected|User unknown in|queue file write|"
     r"Relay access denied|improper command pipelining|too much mail from|SASL authentication failed"),
    ("Sendmail", r"\bDomain of sender address\b|Relaying denied|virusalert|\bUser unknown$"),
    ("Exchange", r"Unable to relay|Client does not have permissions to send as this sender|must be authenticated|"
     r"Submission quota exceeded|message submission rate|Service not available, connection dropped"),
    ("hMailServer", r"SMTP authentication is required\.|Delivery is not allowed to this address"),
    ("a recipient's server", r"greylist|graylist|spamhaus|\bRBL\b|blocked using|mailbox (?:is )?full|over quota|"
     r"no such (?:user|recipient|mailbox)|user (?:unknown|does not exist|doesn't exist)|DMARC|"
     r"poor reputation|mailbox unavailable|mailbox not found|unknown user|recipient unknown|DNSBL"),
)  # fmt: skip
_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE | re.MULTILINE)) for name, pattern in _PROVIDERS)

_SES_ENHANCED = {"4.4.2", "5.3.4"}
"""The enhanced codes that logs show from SES (451 4.4.2, 552 5.3.4)."""
_SES_CODES = {421, 451, 454, 500, 501, 502, 503, 504, 530, 535, 552, 553, 554}
_RELAY = re.compile(
    r"\brelay=(?!none\b|local\b|virtual\b|dovecot\b|email-smtp)([^\s,\[]{1,120})", re.IGNORECASE
)
_BARE_ENHANCED = re.compile(r"Exception: ([45]\.\d{1,3}\.\d{1,3})[ :]")
_LOCAL = re.compile(r"^(?:localhost|127\.|::1|0\.0\.0\.0|10\.|192\.168\.)", re.IGNORECASE)


def is_ses(text: str) -> bool:
    """Whether a text names SES: its host, its greeting, an identity's ARN, or the name itself."""
    return bool(_SES.search(text))


def is_foreign_host(host: str) -> bool:
    """Whether a host is neither the SES endpoint, nor often taken for it, nor this machine or network."""
    return not (region_of(host) or look_alike(host) or _LOCAL.match(host))


def signs(text: str) -> list[Sign]:
    """The signs of somebody else in a text."""
    found = [
        Sign(position=match.start(), sentence=f"{match[0]!r} is how {name} speaks", strong=True)
        for name, pattern in _COMPILED
        for match in pattern.finditer(text)
    ]
    named = {match[1].lower(): match.start() for match in _RELAY.finditer(text)}
    for host in hosts(text):
        named.setdefault(host, text.lower().find(host))
    found += [
        Sign(position=at, sentence=f"{host} is not an SES endpoint")
        for host, at in named.items()
        if is_foreign_host(host)
    ]
    for match in _BARE_ENHANCED.finditer(text):
        if match[1] not in _SES_ENHANCED:
            found.append(
                Sign(position=match.start(), sentence=f"SES's replies carry no status code {match[1]}")
            )
    for at, reply in replies(text):
        if reply.enhanced and reply.enhanced not in _SES_ENHANCED:
            found.append(Sign(position=at, sentence=f"SES's replies carry no status code {reply.enhanced}"))
        if reply.code >= 400 and reply.code not in _SES_CODES:
            found.append(Sign(position=at, sentence=f"SES is not known to say {reply.code}"))
    return found
