"""Advice as configuration, ready for the programs that send through SES. Every value says why it is so.

Where a program has no option for something, the recipe says that, and does not invent one.
"""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sestools.core.endpoints import smtp_host
from sestools.core.errors import UsageError
from sestools.lifetime.advice import RecycleAdvice
from sestools.lifetime.costs import Thresholds

WIDTH = 100


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Configuration for one program.

    Attributes:
        client: The program.
        file: Where it goes.
        text: The configuration, with its comments.
        notes: What cannot stand in it: JSON has no comments.
    """

    client: str
    file: str
    text: str
    notes: str = ""

    def __str__(self) -> str:
        return self.text + (f"\n{self.notes}" if self.notes else "")


@dataclass(frozen=True, kw_only=True)
class Default:
    """How a program treats connections if nothing is set.

    Attributes:
        client: The program, and how it is used.
        thresholds: When it changes connections.
        source: Where that is written.
    """

    client: str
    thresholds: Thresholds
    source: str


_ONCE = Thresholds(messages=1)
DEFAULTS = (
    Default(
        client="Postfix",
        thresholds=_ONCE,
        source="postconf(5): smtp_tls_connection_reuse = no, and SES wants TLS",
    ),
    Default(
        client="Postfix with smtp_tls_connection_reuse = yes",
        thresholds=Thresholds(age=300, idle=2),
        source="postconf(5): smtp_connection_reuse_time_limit = 300s, smtp_connection_cache_time_limit = 2s",
    ),
    Default(client="Nodemailer", thresholds=_ONCE, source="https://nodemailer.com/smtp/pooled: pool is off"),
    Default(
        client="Nodemailer with pool: true",
        thresholds=Thresholds(messages=100),
        source="https://nodemailer.com/smtp/pooled: maxMessages 100",
    ),
    Default(
        client="Symfony Mailer",
        thresholds=Thresholds(messages=100),
        source="SmtpTransport.php: restart threshold 100 messages, ping threshold 100 s, too long for SES",
    ),
    Default(client="Jakarta Mail", thresholds=_ONCE, source="Transport.send connects for each message"),
    Default(
        client="Django", thresholds=_ONCE, source="send_mail opens and closes a connection for each call"
    ),
    Default(client="listmonk", thresholds=Thresholds(idle=15), source="its SMTP settings: idle_timeout 15s"),
    Default(client="PHPMailer", thresholds=_ONCE, source="PHPMailer.php: SMTPKeepAlive is false"),
    Default(
        client="Python's smtplib, one connection for all", thresholds=Thresholds(), source="it has no limits"
    ),
)
"""What the programs do by default. Postfix asks with RSET before it uses a connection again, and Nodemailer hears
when one is closed: with the same thresholds they break fewer sends than a program that does neither."""


def recipe(client: str, advice: RecycleAdvice, host: str | None = None) -> Recipe:
    """The configuration of a program; `CLIENTS` lists them.

    Args:
        client: Such as `postfix`.
        advice: What to configure.
        host: SES's endpoint; by default that of us-east-1.

    Raises:
        UsageError: If there is no recipe for it.
    """
    if client not in CLIENTS:
        raise UsageError(f"there is no recipe for {client!r}; there are {', '.join(CLIENTS)}")
    return CLIENTS[client](advice, host or smtp_host("us-east-1"))


def _comment(text: str, mark: str = "# ", indent: str = "") -> str:
    return textwrap.fill(text, WIDTH, initial_indent=indent + mark, subsequent_indent=indent + mark)


def _words(advice: RecycleAdvice) -> Mapping[str, str]:
    return {
        name: f"{reason.why[:1].upper()}{reason.why[1:]}."
        for name, reason in (("messages", advice.messages), ("age", advice.age), ("idle", advice.idle))
    }


def _no(what: str, program: str, why: str) -> str:
    return f"{program} has no option for {what}. {why}"


def _postfix(advice: RecycleAdvice, host: str) -> Recipe:
    chosen, why = advice.thresholds, _words(advice)
    once = chosen.messages == 1 or any(limit is not None and limit < 1 for limit in (chosen.age, chosen.idle))
    parts = [
        f"relayhost = [{host}]:587",
        _comment("The password goes only to a server whose certificate is valid for that name."),
        "smtp_tls_security_level = secure",
        "smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt",
    ]
    if once:
        parts += [
            _comment(
                f"A connection for each message: Postfix counts in whole seconds, and uses what it keeps at least "
                f"twice. Advised is a change after {chosen}. {why['messages']} {why['age']} {why['idle']}"
            ),
            "smtp_tls_connection_reuse = no",
        ]
        return Recipe(client="Postfix", file="main.cf", text="\n".join(parts) + "\n")
    parts += [
        _comment(
            "SES wants TLS. Without this Postfix opens a connection for each message. It needs Postfix 3.4, and the "
            "service tlsproxy in master.cf."
        ),
        "smtp_tls_connection_reuse = yes",
        _comment("Keep connections to SES always, not only while much is queued for it."),
        f"smtp_connection_cache_destinations = {host}",
    ]
    if chosen.idle is not None:
        parts += [
            _comment(f"Silence. {why['idle']} The second limit would cut the first to 2 s."),
            f"smtp_connection_cache_time_limit = {math.floor(chosen.idle)}s",
            f"connection_cache_ttl_limit = {math.floor(chosen.idle)}s",
        ]
    if chosen.age is not None:
        parts += [
            _comment(f"Age. {why['age']}"),
            f"smtp_connection_reuse_time_limit = {math.floor(chosen.age)}s",
        ]
    if chosen.messages is not None:
        # With a limit of N, a connection is used N + 1 times (postconf(5)); 0 would be no limit.
        parts += [
            _comment(f"Messages: one more than this number. {why['messages']}"),
            f"smtp_connection_reuse_count_limit = {chosen.messages - 1}",
        ]
    return Recipe(client="Postfix", file="main.cf", text="\n".join(parts) + "\n")


def _nodemailer(advice: RecycleAdvice, host: str) -> Recipe:
    chosen, why = advice.thresholds, _words(advice)
    lines = [
        'const nodemailer = require("nodemailer");',
        "",
        "module.exports = nodemailer.createTransport({",
        f'  host: "{host}",',
        "  port: 587,",
        "  requireTLS: true,",
        "  auth: { user: process.env.SES_USER, pass: process.env.SES_PASSWORD },",
        _comment("Without a pool there is a connection for each message.", "// ", "  "),
        "  pool: true,",
    ]
    if chosen.messages is not None:
        lines += [_comment(f"Messages. {why['messages']}", "// ", "  "), f"  maxMessages: {chosen.messages},"]
    age = _no("age", "Nodemailer", f"{why['age']} Fewer maxMessages keep connections younger.")
    idle = _no(
        "silence",
        "Nodemailer",
        f"{why['idle']} It hears when SES closes a pooled connection, and opens another for the next message. "
        "(socketTimeout is no remedy: it also gives up waiting for replies.)",
    )
    lines += [_comment(age, "// ", "  "), _comment(idle, "// ", "  "), "});"]
    return Recipe(client="Nodemailer", file="mailer.cjs", text="\n".join(lines) + "\n")


def _symfony(advice: RecycleAdvice, host: str) -> Recipe:
    chosen, why = advice.thresholds, _words(advice)
    query, comments = [], []
    if chosen.messages is not None:
        query.append(f"restart_threshold={chosen.messages}")
        comments.append(f"restart_threshold: messages on one connection. {why['messages']}")
    if chosen.idle is not None:
        query.append(f"ping_threshold={math.floor(chosen.idle)}")
        comments.append(
            f"ping_threshold: after so many whole seconds of silence NOOP asks first whether the connection lives. {why['idle']}"
        )
    comments.append(
        _no("age", "Symfony Mailer", f"{why['age']} A lower ping_threshold finds dead connections, too.")
    )
    lines = [
        "framework:",
        "    mailer:",
        *(_comment(text, indent=" " * 8) for text in comments),
        _comment(
            "smtps on 465: with smtp and 587 it signs in without TLS where a man in the middle hides STARTTLS.",
            indent=" " * 8,
        ),
        f"        dsn: 'smtps://%env(urlencode:SES_USER)%:%env(urlencode:SES_PASSWORD)%@{host}:465?{'&'.join(query)}'",
    ]
    return Recipe(client="Symfony Mailer", file="config/packages/mailer.yaml", text="\n".join(lines) + "\n")


def _jakarta(advice: RecycleAdvice, host: str) -> Recipe:
    why = _words(advice)
    advised = f"Change it after {advice.thresholds}."
    lines = [
        _comment(
            f"Jakarta Mail has no options for the life of a connection. Transport.send connects for each message; "
            f"a Transport that is kept sends many with sendMessage. {advised}"
        ),
        _comment(f"Messages. {why['messages']}"),
        _comment(f"Age. {why['age']}"),
        _comment(
            f"Silence. {why['idle']} Before each use isConnected() asks SES with NOOP whether it still lives."
        ),
        f"mail.smtp.host={host}",
        "mail.smtp.port=587",
        "mail.smtp.auth=true",
        "mail.smtp.starttls.enable=true",
        "mail.smtp.starttls.required=true",
        _comment("Without this, older versions take a valid certificate for any name."),
        "mail.smtp.ssl.checkserveridentity=true",
        _comment("In milliseconds. By default they are endless, and a dead host is never noticed."),
        "mail.smtp.connectiontimeout=10000",
        "mail.smtp.timeout=30000",
        "mail.smtp.writetimeout=30000",
    ]
    return Recipe(client="Jakarta Mail", file="mail.properties", text="\n".join(lines) + "\n")


def _django(advice: RecycleAdvice, host: str) -> Recipe:
    why, chosen = _words(advice), advice.thresholds
    batch = chosen.messages or 100
    text = f'''from django.core.mail import get_connection

# settings.py
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "{host}"
EMAIL_PORT = 587
EMAIL_USE_TLS = True
{_comment("In seconds. By default there is none, and a dead host is never noticed.")}
EMAIL_TIMEOUT = 30


# Django has no options for the life of a connection: it opens one for each call, and closes it.
{_comment(f"Messages. {why['messages']}")}
{_comment(f"Age. {why['age']}")}
{_comment(f"Silence. {why['idle']} Have all messages of a batch ready before it is sent.")}
def send_in_batches(messages):
    """Send many messages over few connections."""
    for start in range(0, len(messages), {batch}):
        get_connection().send_messages(messages[start : start + {batch}])
'''
    return Recipe(client="Django", file="settings.py, and where mail is sent", text=text)


def _listmonk(advice: RecycleAdvice, host: str) -> Recipe:
    why, chosen = _words(advice), advice.thresholds
    server: dict[str, object] = {"enabled": True, "host": host, "port": 587, "tls_type": "STARTTLS"}
    server |= {"auth_protocol": "login", "max_msg_retries": 2}
    if chosen.idle is not None:
        server["idle_timeout"] = f"{chosen.idle:g}s"
    notes = [
        f"idle_timeout: silence. {why['idle']}",
        "max_msg_retries: what meets a dead connection is sent again over another.",
        _no("messages", "listmonk", why["messages"]),
        _no("age", "listmonk", why["age"]),
    ]
    return Recipe(
        client="listmonk",
        file="its SMTP settings (JSON, as its API takes them)",
        text=json.dumps({"smtp": [server]}, indent=2) + "\n",
        notes="\n".join(_comment(note) for note in notes) + "\n",
    )


def _phpmailer(advice: RecycleAdvice, host: str) -> Recipe:
    why, chosen = _words(advice), advice.thresholds
    tests = [
        f"$sent >= {chosen.messages}" if chosen.messages is not None else "",
        f"microtime(true) - $opened >= {chosen.age:g}" if chosen.age is not None else "",
        f"microtime(true) - $used >= {chosen.idle:g}" if chosen.idle is not None else "",
    ]
    text = f"""<?php
use PHPMailer\\PHPMailer\\PHPMailer;

$mail = new PHPMailer(true);
$mail->isSMTP();
$mail->Host = '{host}';
$mail->Port = 587;
$mail->SMTPSecure = PHPMailer::ENCRYPTION_STARTTLS;
$mail->SMTPAuth = true;
$mail->Username = getenv('SES_USER');
$mail->Password = getenv('SES_PASSWORD');
// Without this there is a connection for each message.
$mail->SMTPKeepAlive = true;

// PHPMailer has no options for the life of a connection: smtpClose() ends it, and the next send() opens another.
{_comment(f"Messages. {why['messages']}", "// ")}
{_comment(f"Age. {why['age']}", "// ")}
{_comment(f"Silence. {why['idle']}", "// ")}
$sent = 0;
$opened = $used = microtime(true);
function fresh(PHPMailer $mail): void
{{
    global $sent, $opened, $used;
    if ({" || ".join(filter(None, tests)) or "false"}) {{
        $mail->smtpClose();
        $sent = 0;
        $opened = microtime(true);
    }}
    $sent++;
    $used = microtime(true);
}}
// Call fresh($mail) before each $mail->send().
"""
    return Recipe(client="PHPMailer", file="where mail is sent", text=text)


def _python(advice: RecycleAdvice, host: str) -> Recipe:
    why, chosen = _words(advice), advice.thresholds
    limits = [
        (name, value, reason)
        for name, value, reason in (
            ("max_messages", chosen.messages, why["messages"]),
            ("max_age", chosen.age, why["age"]),
            ("max_idle", chosen.idle, why["idle"]),
        )
        if value is not None
    ]
    lines = [
        "from sestools import Credentials, Target",
        "from sestools.sending.policy import Policy",
        "from sestools.sending.sender import Sender",
        "",
        f'HOST = "{host}"',
        "",
        "",
        "def sender(credentials: Credentials, **more) -> Sender:",
        '    """Sends over connections that are changed before SES changes them."""',
        "    return Sender(",
        "        Target(host=HOST, port=587, credentials=credentials, **more),",
        _comment(
            "Of what was lost behind its final dot nobody knows: sent again, it may arrive twice.",
            indent=" " * 8,
        ),
        '        policy=Policy.documented(when_unknown="resend"),',
    ]
    for name, value, reason in limits:
        lines += [_comment(reason, indent=" " * 8), f"        {name}={value:g},"]
    return Recipe(client="Python", file="your program", text="\n".join([*lines, "    )"]) + "\n")


CLIENTS: Mapping[str, Callable[[RecycleAdvice, str], Recipe]] = {
    "postfix": _postfix,
    "nodemailer": _nodemailer,
    "symfony": _symfony,
    "jakarta": _jakarta,
    "django": _django,
    "listmonk": _listmonk,
    "phpmailer": _phpmailer,
    "python": _python,
}
"""The recipes by name."""
