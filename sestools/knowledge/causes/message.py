"""What SES finds wrong with addresses, messages and commands."""

from dataclasses import replace
from typing import Any

from sestools.core.cause import Basis, Cause
from sestools.core.enums import Retry, Stage
from sestools.knowledge.causes import sources
from sestools.knowledge.causes.rows import documented, inferred, row, seen, sentences

_PARSER = sentences(
    """The message was refused as a whole and nothing was sent. The session stays usable after RSET.
    SES judges the message only after its final dot, so MAIL FROM and RCPT TO had been accepted.
    Do: Correct the message.""",
    seen(sources.MIME),
)
_LOG = seen(sources.MIME)
_SISTER = "The log's address was not kept; the source is a sister case of the same parser."


def _malformed(words: str, basis: Basis = _LOG, **facts: Any) -> Cause:
    """A row for what SES's mail parser says: its own meaning, then what holds for all of them."""
    own = row(words, basis, stage=Stage.BODY, **facts)
    return replace(
        own, meaning=f"{own.meaning} {_PARSER['meaning']}", claims=(*own.claims, *_PARSER["claims"])
    )


CAUSES = (
    row(
        """from-invalid: SES does not accept the envelope sender address
        MAIL FROM was not a full address: often the SMTP user name used as sender, a user without a domain, or
        the empty sender `<>` of a bounce, which is legal SMTP that SES refuses.
        Do: Set the sender (From, envelope from) to a verified address, not to the SMTP user name.
        Do: Do not relay bounces (empty sender) through SES.
        Ruled out: Not about verification: only the form of the address was looked at. [inferred]""",
        seen(sources.GITHUB + "docker-mailserver/docker-mailserver/issues/2403"),
        stage=Stage.MAIL,
        samples=("501 Invalid MAIL FROM address provided",),
        pattern=r"invalid MAIL FROM address provided",
    ),
    row(
        """rcpt-invalid: SES does not accept an envelope recipient address
        RCPT TO was not a well-formed ASCII address. SES has no SMTPUTF8, so letters such as ö before the @
        are refused.
        Do: Correct the address; write an international domain in punycode. [documented: errors#ascii]
        Ruled out: It does not say that the mailbox does not exist: only the form was looked at. [inferred]""",
        seen(sources.GITHUB + "ruby/net-smtp/issues/97"),
        stage=Stage.RCPT,
        samples=("501 Invalid RCPT TO address provided",),
        pattern=r"invalid RCPT TO address provided",
    ),
    row(
        """from-syntax: The envelope sender has invalid syntax
        The address in MAIL FROM is malformed, for instance without angle brackets.
        Do: Correct the sender's address and set it in angle brackets.
        Ruled out: Not about verification: only the form of the address was looked at.
        Unsure: AWS documents the sentence; logs show '501 Invalid MAIL FROM address provided' instead.""",
        documented("codes#553"),
        stage=Stage.MAIL,
        samples=("553 <sender.example.com> Invalid email address",),
        pattern=r"<[^<>\n]{1,320}> invalid email address",
        generic=True,
    ),
    row(
        """rcpt-syntax: An envelope recipient has invalid syntax
        The address in RCPT TO is malformed.
        Do: Correct the recipient's address and set it in angle brackets.
        Ruled out: It does not mean that the mailbox is unknown, although it says so.
        Unsure: AWS documents the sentence; logs show '501 Invalid RCPT TO address provided' instead.""",
        documented("codes#553"),
        stage=Stage.RCPT,
        samples=("553 <recipient.example.com> address unknown",),
        pattern=r"<[^<>\n]{1,320}> address unknown",
        generic=True,
    ),
    row(
        """too-long: The message exceeds the size limit of SES
        The whole message, after base64 encoding, is over the limit: 40 MB over SMTP (10 MB before 2022).
        Encoding adds about 37 % to an attachment. [documented: limits#size]
        Do: Send a link instead of the attachment, or make it smaller (about 29 MB fit). [inferred]
        Unsure: AWS's table still says 10 MB in one place and 'maximum size' in another. The stage is
            inferred.""",
        documented("quotas#size"),
        stage=Stage.BODY,
        samples=("552 Message is too long.", "552 5.3.4 Message is too long."),
        pattern=r"\bmessage is too long|message length is more than \d+ bytes long",
    ),
    _malformed(
        """duplicate-header: A header that may appear once appears twice
        The message carries twice a header such as Content-Type, MIME-Version or DKIM-Signature.
        Do: Send the header named in the reply once only.
        Do: Check that a blank line stands between the headers and the first boundary.""",
        seen(sources.GITHUB + "xreef/EMailSender/issues/49"),
        samples=("554 Transaction failed: Duplicate header 'Content-Type'.",),
        pattern=r"duplicate header ?['`\"]",
    ),
    row(
        """too-many-recipients: More than 50 recipients in one message
        SES takes 50 recipients (To, Cc and Bcc together) for one message. It accepts each RCPT TO and refuses
        at the end. [seen: quotas#recipients]
        Do: Split the recipients over several messages of at most 50.
        Unsure: The reply is from a log whose address was not kept; AWS documents the limit.""",
        documented("quotas#recipients"),
        stage=Stage.BODY,
        samples=("554 Transaction failed: Recipient count exceeds 50.",),
        pattern=r"recipient count exceeds",
    ),
    _malformed(
        """missing-boundary: A multipart message without its first boundary
        Content-Type promises parts, but the body holds none or lacks the opening boundary line.
        Do: Send at least one part, and the boundary that the header names.""",
        samples=("554 Transaction failed: Missing start boundary",),
        pattern=r"missing start boundary|transaction failed: missing boundary",
    ),
    _malformed(
        """content-type-syntax: A Content-Type header is malformed
        A Content-Type lacks its subtype, as in `text;` instead of `text/plain;`.
        Do: Write the type in full, such as `text/plain; charset=utf-8`.""",
        seen(sources.GITHUB + "go-gomail/gomail/issues/131"),
        samples=("554 Transaction failed: Expected '/', got ;",),
        pattern=r"expected ['\"`]?/['\"`]?, got",
    ),
    _malformed(
        """content-disposition-syntax: A Content-Disposition header is malformed
        A Content-Disposition lacks its type (`attachment` or `inline`).
        Do: Write it in full, such as `attachment; filename="a.pdf"`.""",
        seen(sources.GITHUB + "mageplaza/magento-2-smtp/pull/202"),
        samples=("554 Transaction failed: Expected disposition, got =",),
        pattern=r"expected disposition, got",
    ),
    _malformed(
        f"""address-without-domain: An address in a header has no domain
        To, Cc, From or Reply-To holds an address without `@domain`.
        Do: Give the full address; look for a name with a comma that is not in quotes.
        Unsure: {_SISTER}""",
        samples=("554 Transaction failed: Missing final '@domain'",),
        pattern=r"missing final ['`\"]?@domain",
    ),
    _malformed(
        f"""unbalanced-quote: A quote in an address header is not closed
        A display name opens a double quote and does not close it.
        Do: Close the quote, or let the mail library write the display name.
        Unsure: {_SISTER}""",
        samples=("554 Transaction failed: Missing '\"'",),
        pattern=r"missing '\\*\"'|transaction failed: (?:unterminated quote|quote not at)",
    ),
    _malformed(
        f"""domain-character: A domain in an address header holds a character that is not allowed
        A blank, a control character or a letter outside ASCII stands after the @.
        Do: Correct the address; write an international domain in punycode.
        Unsure: {_SISTER}""",
        samples=("554 Transaction failed: Domain contains illegal character",),
        pattern=r"domain contains (?:illegal character|control or whitespace)",
    ),
    _malformed(
        """domain-name: A domain in an address header is not a domain name
        What stands after the @ cannot be a domain: empty, or with a dot too many.
        Do: Correct the address in the header.
        Unsure: The reply goes on after these words; the rest was not kept, nor the log's address.""",
        samples=("554 Transaction failed: Invalid domain name",),
        pattern=r"(?:transaction failed|InvalidParameterValue): (?:invalid domain name|domain (?:starts|"
        r"ends) with dot|domain contains dot|missing domain)",
    ),
    _malformed(
        """local-part-character: The part before the @ in an address holds a character that is not allowed
        For instance a colon or a second @ in the user name. SES is lenient with most others.
        Do: Correct the address in the header.
        Unsure: The log is known by number only; the source is a sister case of the same parser.""",
        samples=(
            "554 Transaction failed: Address contains illegal characters in user name: "
            "'<\"re:ceiver\"@example.com>'.",
        ),
        pattern=r"address contains illegal characters in user name|transaction failed: (?:local address|"
        r"missing local name|illegal address)",
    ),
    _malformed(
        """transaction-failed: SES rejected the message because it is malformed
        The message or one of its headers is malformed; the text after 'Transaction failed' says how.
        Do: Read the reason after the colon and correct that header or part.
        Do: Let a mail library build the message instead of joining strings.
        Unsure: The reasons are a mail parser's own messages; only some of them were seen.""",
        samples=("554 Transaction failed: Illegal semicolon, not in group",),
        pattern=r"\btransaction failed\b",
        generic=True,
    ),
    row(
        """closing-421: SES is closing this connection
        The connection is being closed from SES's side. Its host may have been replaced, as AWS does
        regularly. [inferred: codes#lifetime]
        Do: Open a new connection and send the message again.
        Do: Recycle pooled connections sooner.
        Unsure: Seen once; AWS does not document it. Which command it answers is not known. Some clients print
            these words for any 421.""",
        seen(sources.GITHUB + "Couchers-org/couchers/issues/5814"),
        retry=Retry.NEW_CONNECTION,
        stage=Stage.MAIL,
        samples=("421 Service not available, closing transmission channel.",),
        pattern=r"service not available,? closing transmission channel",
        generic=True,
    ),
    row(
        """bad-sequence: The client sent its commands in the wrong order
        A command came before the one it needs. Usually an earlier one was refused and the client went on
        regardless: DATA after every RCPT TO had failed, for instance.
        Do: Look at the replies before this one: the first refusal is the cause.
        Do: Check that the message has at least one recipient.
        Unsure: One log shows the RCPT sentence; the others are what a look-alike open-source server says.""",
        inferred(sources.GITHUB + "AcalephStorage/consul-alerts/issues/181"),
        stage=Stage.DATA,
        samples=("503 Error: need RCPT command",),
        pattern=r"need (?:RCPT|MAIL) command|sender already specified|refusing any other AUTH|"
        r"\bbad sequence of commands",
        generic=True,
    ),
    row(
        """command-refused: SES does not support or does not allow a command
        The client used a command, a parameter or a sign-in mechanism that SES does not have. SES lists AUTH
        PLAIN and LOGIN only. [seen: github:mautic/mautic/issues/3704]
        Do: Choose PLAIN or LOGIN as mechanism, not CRAM-MD5 or XOAUTH2.
        Do: Switch off extensions that SES does not offer (SMTPUTF8, CHUNKING, DSN).
        Unsure: No log shows how SES answers an unknown command; these are a look-alike server's sentences.""",
        inferred(sources.CODES),
        stage=Stage.EHLO,
        samples=("500 Error: command not implemented", "502 VRFY command is disabled"),
        codes=frozenset({500, 502, 504}),
        pattern=r"\bcommand not implemented|\berror: bad syntax|(?:VRFY|EXPN) command is disabled|"
        r"requested authentication mechanism is not supported",
        generic=True,
    ),
)
