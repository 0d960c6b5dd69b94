"""How real clients print a server's reply: the dress in which `classify` has to recognise it."""

from __future__ import annotations

import html
import json
import smtplib
import textwrap
from collections.abc import Callable
from typing import Any

import aiosmtplib

HOST = "email-smtp.ap-southeast-2.amazonaws.com"
COMMANDS = {
    "GREETING": "CONN", "AUTH": "AUTH PLAIN", "MAIL": "MAIL FROM", "RCPT": "RCPT TO", "DATA": "DATA", "BODY": "DATA",
    "EHLO": "EHLO",
}  # fmt: skip
DOT_NET = {
    421: "Service not available, closing transmission channel",
    451: "Error in processing",
    501: "Syntax error in parameters or arguments",
    502: "Command not implemented",
    503: "Bad sequence of commands",
    504: "Command parameter not implemented",
    530: "The SMTP server requires a secure connection or the client was not authenticated",
    552: "Exceeded storage allocation",
    553: "Mailbox name not allowed",
    554: "Transaction failed",
}


def smtplib_error(code: int, text: str, stage: str) -> Any:
    """What Python's own client raises."""
    said = text.encode()
    match stage:
        case "AUTH":
            return smtplib.SMTPAuthenticationError(code, said)
        case "MAIL":
            return smtplib.SMTPSenderRefused(code, said, "sender@example.org")
        case "RCPT":
            return smtplib.SMTPRecipientsRefused({"someone@example.net": (code, said)})
        case "GREETING":
            return smtplib.SMTPConnectError(code, said)
    return smtplib.SMTPDataError(code, said)


def aiosmtplib_error(code: int, text: str, stage: str) -> Any:
    """What aiosmtplib raises."""
    match stage:
        case "AUTH":
            return aiosmtplib.SMTPAuthenticationError(code, text)
        case "MAIL":
            return aiosmtplib.SMTPSenderRefused(code, text, "sender@example.org")
        case "RCPT":
            refused = aiosmtplib.SMTPRecipientRefused(code, text, "someone@example.net")
            return aiosmtplib.SMTPRecipientsRefused([refused])
        case "GREETING":
            return aiosmtplib.SMTPConnectResponseError(code, text)
    return aiosmtplib.SMTPDataError(code, text)


def traceback(code: int, text: str, stage: str) -> str:
    """A Python traceback as it is pasted."""
    error = smtplib_error(code, text, stage)
    return (
        "Traceback (most recent call last):\n"
        '  File "/srv/app/mail.py", line 250, in send\n    server.sendmail(sender, to, message)\n'
        '  File "/usr/lib/python3.11/smtplib.py", line 908, in sendmail\n    raise SMTPDataError(code, resp)\n'
        f"smtplib.{type(error).__name__}: {error}"
    )


def postfix(code: int, text: str, stage: str) -> str:
    """A line of Postfix's log."""
    command = {"BODY": "end of DATA", "GREETING": "initial server greeting"}.get(stage, COMMANDS[stage])
    return (
        "Mar  3 04:05:35 web1 postfix/smtp[2587]: 4F2A2C0421: to=<someone@example.net>, "
        f"relay={HOST}[192.0.2.45]:587, delay=450, delays=0.01/0.02/0.9/0.5, dsn=5.0.0, status=bounced "
        f"(host {HOST}[192.0.2.45] said: {code} {text} (in reply to {command} command))"
    )


def postfix_bounce(code: int, text: str, stage: str) -> str:
    """The folded paragraph of a non-delivery report by Postfix."""
    said = f"<someone@example.net>: host {HOST}[192.0.2.45] said: {code} {text} (in reply to end of DATA command)"
    return textwrap.fill(said, 74, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def delivery_status(code: int, text: str, stage: str) -> str:
    """The machine-readable part of a non-delivery report."""
    return (
        "Reporting-MTA: dns; mail.example.org\n\nFinal-Recipient: rfc822; someone@example.net\nAction: failed\n"
        f"Status: 5.0.0\nRemote-MTA: dns; {HOST}\nDiagnostic-Code: smtp; {code} {text}\n"
    )


def exim(code: int, text: str, stage: str) -> str:
    """A line of Exim's main log."""
    after = {"BODY": "end of data", "MAIL": "MAIL FROM:<sender@example.org>"}.get(stage, COMMANDS[stage])
    return (
        "2025-02-03 04:05:06 1tf7Yz-000421-2x ** someone@example.net R=send_via_ses T=ses_smtp "
        f"H={HOST} [192.0.2.45] X=TLS1.3:TLS_AES_128_GCM_SHA256:128 CV=yes: "
        f"SMTP error from remote mail server after {after}: {code} {text}"
    )


def sendmail(code: int, text: str, stage: str) -> str:
    """The transcript in a non-delivery report by sendmail."""
    return (
        "   ----- The following addresses had permanent fatal errors -----\n<someone@example.net>\n"
        f"    (reason: {code} {text})\n\n   ----- Transcript of session follows -----\n"
        f"... while talking to {HOST}.:\n>>> DATA\n<<< {code} {text}\n554 5.0.0 Service unavailable"
    )


def nodemailer(code: int, text: str, stage: str) -> str:
    """An error of Nodemailer, inspected by Node."""
    lead = {
        "AUTH": "Invalid login",
        "MAIL": "Mail command failed",
        "RCPT": "Can't send mail - all recipients were rejected",
    }
    kind = {"AUTH": "EAUTH", "MAIL": "EENVELOPE", "RCPT": "EENVELOPE"}.get(stage, "EMESSAGE")
    return (
        f"Error: {lead.get(stage, 'Message failed')}: {code} {text}\n"
        "    at SMTPConnection._formatError (/app/node_modules/nodemailer/lib/smtp-connection/index.js:790:19)\n"
        "    at processTicksAndRejections (node:internal/process/task_queues:95:5) {\n"
        f"  code: '{kind}',\n  response: {_single_quoted(f'{code} {text}')},\n  responseCode: {code},\n"
        f"  command: '{COMMANDS[stage]}'\n}}"
    )


def _single_quoted(text: str) -> str:
    return '"' + text + '"' if "'" in text and '"' not in text else "'" + text.replace("'", "\\'") + "'"


def phpmailer(code: int, text: str, stage: str) -> str:
    """PHPMailer's ErrorInfo, which says the code after the words."""
    lead, command = {
        "AUTH": ("Could not authenticate.", "Password command failed"),
        "MAIL": ("The following From address failed: sender@example.org :", "MAIL FROM command failed"),
        "RCPT": ("The following recipients failed: someone@example.net :", "RCPT TO command failed"),
    }.get(stage, ("data not accepted.", "DATA END command failed"))
    return f"SMTP Error: {lead}SMTP server error: {command} Detail: {text} SMTP code: {code}"


def swift_mailer(code: int, text: str, stage: str) -> str:
    """Swift Mailer's exception in a log."""
    return (
        '[2021-02-05 08:25:00] mail.ERROR: [MAIL ERROR] Expected response code 250 but got code "'
        f'{code}", with message "{code} {text}\\r\\n" (send); someone@example.net '
        '{"exception":"[object] (Swift_TransportException(code: 0)"}'
    )


def symfony(code: int, text: str, stage: str) -> str:
    """Symfony Mailer's exception."""
    return (
        "Symfony\\Component\\Mailer\\Exception\\UnexpectedResponseException: Expected response code "
        f'"250/251/252" but got code "{code}", with message "{code} {text}". in SmtpTransport.php:342'
    )


def jakarta(code: int, text: str, stage: str) -> str:
    """Jakarta Mail's exception."""
    name = {"AUTH": "AuthenticationFailedException", "RCPT": "SendFailedException"}.get(stage)
    return (
        f"{'jakarta.mail.' + name if name else 'org.eclipse.angus.mail.smtp.SMTPSendFailedException'}: {code} {text}\n"
        "\n\tat org.eclipse.angus.mail.smtp.SMTPTransport.issueSendCommand(SMTPTransport.java:2250)\n"
        "\tat org.eclipse.angus.mail.smtp.SMTPTransport.sendMessage(SMTPTransport.java:1235)"
    )


def go(code: int, text: str, stage: str) -> str:
    """A Go program's structured log."""
    quoted = json.dumps(f"gomail: could not send email 1: {code} {text}", ensure_ascii=False)
    return f'time="2025-06-01T10:20:30Z" level=error msg="send failed" attempt=3 elapsed=250ms error={quoted}'


def dot_net(code: int, text: str, stage: str) -> str:
    """System.Net.Mail, which names the code in words, if it knows it."""
    name = DOT_NET.get(code, "Syntax error, command unrecognized")
    return (
        f"System.Net.Mail.SmtpException: {name}. The server response was: {text}\n"
        "   at System.Net.Mail.SmtpConnection.GetConnection(ServicePoint servicePoint) in line 535"
    )


def mailkit(code: int, text: str, stage: str) -> str:
    """MailKit, which drops the code."""
    at = {"MAIL": "ProcessMailFromResponse", "RCPT": "ProcessRcptToResponse"}.get(stage, "SendAsync")
    return f"MailKit.Net.Smtp.SmtpCommandException: {text}\n   at MailKit.Net.Smtp.SmtpClient.{at}(SmtpResponse response)"


def action_mailer(code: int, text: str, stage: str) -> str:
    """Ruby's Net::SMTP as Rails logs it."""
    name = (
        "SMTPAuthenticationError" if stage == "AUTH" else "SMTPServerBusy" if code < 500 else "SMTPFatalError"
    )
    return (
        f"[ActiveJob] [3f2504e0-4f89] Error performing MailJob in 1250.45ms: Net::{name} ({code} {text}\n):"
    )


def msmtp(code: int, text: str, stage: str) -> str:
    """What msmtp prints."""
    return (
        f"msmtp: the server did not accept the mail\nmsmtp: server message: {code} {text}\n"
        "msmtp: could not send mail (account default from /etc/msmtprc)"
    )


def swaks(code: int, text: str, stage: str) -> str:
    """A transcript by swaks."""
    return (
        f"=== Trying {HOST}:587...\n=== Connected to {HOST}.\n"
        "<-  220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d-ABCDEFGHI AbCdEfGhIjKlMnOpQrSt\n"
        f" -> EHLO web1\n<-  250 Ok\n ~> {COMMANDS[stage]}\n<~* {code} {text}\n ~> QUIT\n<~  221 Bye"
    )


def curl(code: int, text: str, stage: str) -> str:
    """A transcript by curl."""
    return f"* Connected to {HOST} (192.0.2.45) port 587 (#0)\n> {COMMANDS[stage]}\n< {code} {text}\n* Closing connection 0"


def json_log(code: int, text: str, stage: str) -> str:
    """A JSON log line that holds a Python repr."""
    error = f"SMTPDataError({code}, {text.encode()!r})"
    return json.dumps({"ts": 1714550400.25, "status": 500, "line": 454, "level": "error", "error": error})


def web_page(code: int, text: str, stage: str) -> str:
    """An error page's source."""
    return f"<div class='error'><p>Failed to send: <code>{html.escape(f'{code} {text}')}</code></p></div>"


def quoted_mail(code: int, text: str, stage: str) -> str:
    """A log line in a reply by mail, quoted and folded."""
    said = f"The server at {HOST} answered: {code} {text}"
    return "\n".join(
        f"> {line}" for line in textwrap.wrap(said, 66, break_on_hyphens=False, break_long_words=False)
    )


FRAMINGS: dict[str, Callable[[int, str, str], Any]] = {
    framing.__name__: framing
    for framing in (
        smtplib_error, aiosmtplib_error, traceback, postfix, postfix_bounce, delivery_status, exim, sendmail,
        nodemailer, phpmailer, swift_mailer, symfony, jakarta, go, dot_net, mailkit, action_mailer, msmtp, swaks, curl,
        json_log, web_page, quoted_mail,
    )
}  # fmt: skip
NAMES_SES = {postfix, postfix_bounce, delivery_status, exim, sendmail, swaks, curl, quoted_mail}
"""Framings in which the SES host can be read."""
WITHOUT_CODE = {dot_net, mailkit}
"""Framings that drop the code, or some codes."""
