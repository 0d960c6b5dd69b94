"""What SES finds wrong with addresses and messages."""

from __future__ import annotations

from typing import Any

from sestools.core.cause import Basis, Cause
from sestools.core.enums import Stage
from sestools.knowledge.causes.sources import CODES, GITHUB, MIME, QUOTAS, documented, seen

_PARSER = (
    "The message was refused as a whole and nothing was sent. The session stays usable after RSET. "
    "SES judges the message only after its final dot, so MAIL FROM and RCPT TO had been accepted."
)
_LOG = seen(MIME)
_SISTER = "The log's address was not kept; the source is a sister case of the same parser."


def _malformed(*, meaning: str, basis: Basis = _LOG, **row: Any) -> Cause:
    """A row for what SES's mail parser says of a message; its own meaning comes before what holds for all of them."""
    return Cause(meaning=f"{meaning} {_PARSER}", basis=basis, stage=Stage.BODY, **row)


CAUSES = (
    Cause(
        id="from-invalid",
        title="SES does not accept the envelope sender address",
        meaning="MAIL FROM was not a full address: often the SMTP user name used as sender, a user without a "
        "domain, or the empty sender `<>` of a bounce, which is legal SMTP that SES refuses.",
        fix=(
            "Set the sender (From, envelope from) to a verified address, not to the SMTP user name.",
            "Do not relay bounces (empty sender) through SES.",
        ),
        basis=seen(GITHUB + "docker-mailserver/docker-mailserver/issues/2403"),
        samples=("501 Invalid MAIL FROM address provided",),
        stage=Stage.MAIL,
        pattern=r"invalid MAIL FROM address provided",
        ruled_out=("Not about verification: only the form of the address was looked at.",),
    ),
    Cause(
        id="rcpt-invalid",
        title="SES does not accept an envelope recipient address",
        meaning="RCPT TO was not a well-formed ASCII address. SES has no SMTPUTF8, so letters such as ö before "
        "the @ are refused.",
        fix=("Correct the address; write an international domain in punycode.",),
        basis=seen(GITHUB + "ruby/net-smtp/issues/97"),
        samples=("501 Invalid RCPT TO address provided",),
        stage=Stage.RCPT,
        pattern=r"invalid RCPT TO address provided",
        ruled_out=("It does not say that the mailbox does not exist: only the form was looked at.",),
    ),
    Cause(
        id="from-syntax",
        title="The envelope sender has invalid syntax",
        meaning="The address in MAIL FROM is malformed, for instance without angle brackets.",
        fix=("Correct the sender's address and set it in angle brackets.",),
        basis=documented(CODES),
        samples=("553 <sender.example.com> Invalid email address",),
        stage=Stage.MAIL,
        pattern=r"<[^<>\n]{1,320}> invalid email address",
        generic=True,
        note="AWS documents the sentence; logs show '501 Invalid MAIL FROM address provided' instead.",
        ruled_out=("Not about verification: only the form of the address was looked at.",),
    ),
    Cause(
        id="rcpt-syntax",
        title="An envelope recipient has invalid syntax",
        meaning="The address in RCPT TO is malformed.",
        fix=("Correct the recipient's address and set it in angle brackets.",),
        basis=documented(CODES),
        samples=("553 <recipient.example.com> address unknown",),
        stage=Stage.RCPT,
        pattern=r"<[^<>\n]{1,320}> address unknown",
        generic=True,
        note="AWS documents the sentence; logs show '501 Invalid RCPT TO address provided' instead.",
        ruled_out=("It does not mean that the mailbox is unknown, although it says so.",),
    ),
    Cause(
        id="too-long",
        title="The message exceeds the size limit of SES",
        meaning="The whole message, after base64 encoding, is over the limit (40 MB over SMTP since 2022, 10 MB "
        "before). Encoding adds about 37 % to an attachment.",
        fix=("Send a link instead of the attachment, or make it smaller (about 29 MB fit).",),
        basis=documented(QUOTAS),
        samples=("552 Message is too long.", "552 5.3.4 Message is too long."),
        stage=Stage.BODY,
        pattern=r"\bmessage is too long|message length is more than \d+ bytes long",
        note="AWS's table still says 10 MB in one place and 'maximum size' in another. The stage is inferred.",
    ),
    _malformed(
        id="duplicate-header",
        title="A header that may appear once appears twice",
        meaning="The message carries twice a header such as Content-Type, MIME-Version or DKIM-Signature.",
        fix=(
            "Send the header named in the reply once only.",
            "Check that a blank line stands between the headers and the first boundary.",
        ),
        basis=seen(GITHUB + "xreef/EMailSender/issues/49"),
        samples=("554 Transaction failed: Duplicate header 'Content-Type'.",),
        pattern=r"duplicate header ?['`\"]",
    ),
    Cause(
        id="too-many-recipients",
        title="More than 50 recipients in one message",
        meaning="SES takes 50 recipients (To, Cc and Bcc together) for one message. It accepts each RCPT TO and "
        "refuses at the end.",
        fix=("Split the recipients over several messages of at most 50.",),
        basis=documented(QUOTAS),
        samples=("554 Transaction failed: Recipient count exceeds 50.",),
        stage=Stage.BODY,
        pattern=r"recipient count exceeds",
    ),
    _malformed(
        id="missing-boundary",
        title="A multipart message without its first boundary",
        meaning="Content-Type promises parts, but the body holds none or lacks the opening boundary line.",
        fix=("Send at least one part, and the boundary that the header names.",),
        samples=("554 Transaction failed: Missing start boundary",),
        pattern=r"missing start boundary|transaction failed: missing boundary",
    ),
    _malformed(
        id="content-type-syntax",
        title="A Content-Type header is malformed",
        meaning="A Content-Type lacks its subtype, as in `text;` instead of `text/plain;`.",
        fix=("Write the type in full, such as `text/plain; charset=utf-8`.",),
        basis=seen(GITHUB + "go-gomail/gomail/issues/131"),
        samples=("554 Transaction failed: Expected '/', got ;",),
        pattern=r"expected ['\"`]?/['\"`]?, got",
    ),
    _malformed(
        id="content-disposition-syntax",
        title="A Content-Disposition header is malformed",
        meaning="A Content-Disposition lacks its type (`attachment` or `inline`).",
        fix=('Write it in full, such as `attachment; filename="a.pdf"`.',),
        basis=seen(GITHUB + "mageplaza/magento-2-smtp/pull/202"),
        samples=("554 Transaction failed: Expected disposition, got =",),
        pattern=r"expected disposition, got",
    ),
    _malformed(
        id="address-without-domain",
        title="An address in a header has no domain",
        meaning="To, Cc, From or Reply-To holds an address without `@domain`.",
        fix=("Give the full address; look for a name with a comma that is not in quotes.",),
        samples=("554 Transaction failed: Missing final '@domain'",),
        pattern=r"missing final ['`\"]?@domain",
        note=_SISTER,
    ),
    _malformed(
        id="unbalanced-quote",
        title="A quote in an address header is not closed",
        meaning="A display name opens a double quote and does not close it.",
        fix=("Close the quote, or let the mail library write the display name.",),
        samples=("554 Transaction failed: Missing '\"'",),
        pattern=r"missing '\\*\"'|transaction failed: (?:unterminated quote|quote not at)",
        note=_SISTER,
    ),
    _malformed(
        id="domain-character",
        title="A domain in an address header holds a character that is not allowed",
        meaning="A blank, a control character or a letter outside ASCII stands after the @.",
        fix=("Correct the address; write an international domain in punycode.",),
        samples=("554 Transaction failed: Domain contains illegal character",),
        pattern=r"domain contains (?:illegal character|control or whitespace)",
        note=_SISTER,
    ),
    _malformed(
        id="domain-name",
        title="A domain in an address header is not a domain name",
        meaning="What stands after the @ cannot be a domain: empty, or with a dot too many.",
        fix=("Correct the address in the header.",),
        samples=("554 Transaction failed: Invalid domain name",),
        pattern=r"(?:transaction failed|InvalidParameterValue): (?:invalid domain name|domain (?:starts|ends) with dot|domain contains dot|"
        r"missing domain)",
        note="The reply goes on after these words; the rest was not kept, nor the log's address.",
    ),
    _malformed(
        id="local-part-character",
        title="The part before the @ in an address holds a character that is not allowed",
        meaning="For instance a colon or a second @ in the user name. SES is lenient with most others.",
        fix=("Correct the address in the header.",),
        samples=(
            "554 Transaction failed: Address contains illegal characters in user name: "
            "'<\"re:ceiver\"@example.com>'.",
        ),
        pattern=r"address contains illegal characters in user name|"
        r"transaction failed: (?:local address|missing local name|illegal address)",
        note="The log is known by number only; the source is a sister case of the same parser.",
    ),
    _malformed(
        id="transaction-failed",
        title="SES rejected the message because it is malformed",
        meaning="The message or one of its headers is malformed; the text after 'Transaction failed' says how.",
        fix=(
            "Read the reason after the colon and correct that header or part.",
            "Let a mail library build the message instead of joining strings.",
        ),
        samples=("554 Transaction failed: Illegal semicolon, not in group",),
        pattern=r"\btransaction failed\b",
        generic=True,
        note="The reasons are a mail parser's own messages; only some of them were seen.",
    ),
)
