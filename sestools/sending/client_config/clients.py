"""The configuration of programs that send through SES, each from a template.

A template consists of paragraphs. `@name` stands for a value; a paragraph whose value is None is left out, and
comments are wrapped, except for indented lines. What follows `----` are notes, for a format without comments.

Sources for Postfix 3.6 and later: the SES guide's "Integrating with Postfix" and "SMTP issues" pages, postconf(5).
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any

from sestools.core.endpoints import PORTS, Security, smtp_host
from sestools.core.errors import UsageError
from sestools.core.target import Target

PASSWORDS, TEMPORARY = "ses_password", "ses_temporary"
"""Files beside Postfix's main.cf: the password map, and the filter of refusals."""
TLSPROXY = "tlsproxy/unix=tlsproxy unix - - y - 0 tlsproxy"
"""The line that Postfix's master.cf needs, for `postconf -M`. Distributions ship it commented out."""
FILTER = (
    r"/^5(\.[0-9]+\.[0-9]+ .*Sending (is )?(paused|suspended) for this account.*)/ 4$1",
    r"/^5(\.[0-9]+\.[0-9]+ .*MAIL FROM domain not verified.*)/ 4$1",
)
"""Refusals that end by themselves, or when AWS lifts them: the mail stays in the queue and does not bounce."""
WIDTH = 100
CLIENTS = {
    "postfix": ("Postfix", "main.cf"),
    "nodemailer": ("Nodemailer", "mailer.cjs"),
    "symfony": ("Symfony Mailer", "config/packages/mailer.yaml"),
    "jakarta": ("Jakarta Mail", "mail.properties"),
    "django": ("Django", "settings.py, and where mail is sent"),
    "listmonk": ("listmonk", "its SMTP settings (JSON, as its API takes them)"),
    "phpmailer": ("PHPMailer", "where mail is sent"),
    "python": ("Python", "your program"),
}
"""The programs, each with its name and the file that its configuration belongs in."""
REASONS = {
    "messages": "SES limits the messages of a connection (421). The number is not published; one report met it at "
    "about 350.",
    "age": "SES replaces its hosts, and their connections end. AWS names no time; a shorter one costs more handshakes.",
    "idle": "SES ends a connection after about 10 s of silence.",
}
"""Why a connection is replaced, where nothing was measured."""


@dataclass(frozen=True, kw_only=True)
class ClientConfig:
    """Configuration of one program: the file it belongs in, its text with comments, and notes on what else to do."""

    client: str
    file: str
    text: str
    notes: str = ""

    def __str__(self) -> str:
        return self.text + (f"\n{self.notes}" if self.notes else "")


def client_config(
    client: str,
    where: str = "us-east-1",
    *,
    messages: int | None = 100,
    age: float | None = 60.0,
    idle: float | None = 5.0,
    reasons: Mapping[str, str] = REASONS,
    **more: Any,
) -> ClientConfig:
    """The configuration of a program that sends through SES: TLS, AUTH, and when to replace a connection.

    It holds no secret: user name and password come from the environment or from a file of their own.

    Args:
        client: One of `CLIENTS`, such as `postfix`.
        where: A region, or the name of an endpoint, such as that of a VPC endpoint.
        messages: Messages after which a connection is replaced; None for no limit.
        age: Seconds after which it is replaced; None for no limit.
        idle: Seconds of silence after which it is replaced; None for no limit.
        reasons: Why, in a sentence for `messages`, `age` and `idle`.
        more: For Postfix: `port` (587), `folder` of its configuration (/etc/postfix), `ca_file` to trust, `rate` in
            messages a second that the account may send (1 for a new account), `connections` at a time (4).

    Raises:
        UsageError: If there is no such program, or a number makes no sense.
    """
    if client not in CLIENTS:
        raise UsageError(f"there is no configuration for {client!r}; there are {', '.join(CLIENTS)}")
    for name, limit in (("messages", messages), ("age", age), ("idle", idle)):
        if limit is not None and not 0 < limit < math.inf:
            raise UsageError(f"{name} must be greater than 0, or None, not {limit!r}")
    host = Target(host=where if "." in where else smtp_host(where), port=587).host
    whole_age, whole_idle = (None if limit is None else math.floor(limit) for limit in (age, idle))
    query = {"restart_threshold": messages, "ping_threshold": whole_idle}
    values: dict[str, object] = {
        "host": host,
        "messages": messages,
        "batch": messages or 100,
        "age": None if age is None else f"{age:g}",
        "idle": None if idle is None else f"{idle:g}",
        "query": "&".join(f"{name}={value}" for name, value in query.items() if value is not None),
        **{f"why_{name}": " ".join(why.split()) for name, why in reasons.items()},
    }
    if client == "postfix":
        values |= _postfix(host, messages, whole_age, whole_idle, **more)
    elif more:
        raise UsageError(f"the configuration of {client} takes no {', '.join(more)}")
    name, file = CLIENTS[client]
    text, _, notes = _filled(client, values).partition("----\n")
    return ClientConfig(client=name, file=file, text=text.rstrip("\n") + "\n", notes=notes.lstrip("\n"))


def _postfix(
    host: str,
    messages: int | None,
    age: int | None,
    idle: int | None,
    *,
    port: int = 587,
    folder: str | Path = "/etc/postfix",
    ca_file: str = "/etc/ssl/certs/ca-certificates.crt",
    rate: float | None = None,
    connections: int = 4,
) -> dict[str, object]:
    """The values of Postfix's template."""
    if port not in PORTS:
        raise UsageError(f"SES has the ports {', '.join(map(str, PORTS))}, and not {port!r}")
    if not (rate is None or 0 < rate < math.inf) or connections < 1:
        raise UsageError("rate must be greater than 0, and connections at least 1")
    # Postfix counts whole seconds, takes 0 for no limit, and uses a connection that it keeps at least twice.
    reuse = messages != 1 and 0 not in (age, idle)
    values: dict[str, object] = {
        "relayhost": f"[{host}]:{port}",
        "folder": folder,
        "ca_file": ca_file,
        "wrapper": "yes" if PORTS[port] is Security.WRAPPER else None,
        "rate": None if rate is None else f"{rate:g}",
        "delay": None if rate is None else f"{math.ceil(1 / rate) if rate <= 1 else 0}s",
        "connections": connections,
        "temporary": "\n#   ".join(FILTER),
        "tlsproxy": TLSPROXY,
    }
    kept = dict.fromkeys(("reuse", "kept", "uses", "age", "idle"))
    if not reuse:
        return {**values, "once": "no", **kept}
    uses = messages and messages - 1  # with a limit of N there are N + 1 (postconf(5))
    return {**values, "once": None, "reuse": "yes", "kept": host, "uses": uses, "age": age, "idle": idle}


class _Template(Template):
    delimiter = "@"


def _filled(name: str, values: Mapping[str, object]) -> str:
    template = files(__package__).joinpath(f"{name}.tmpl").read_text("utf-8")
    paragraphs = [_Template(paragraph) for paragraph in template.split("\n\n")]
    return "\n\n".join(
        _wrapped(paragraph.substitute(values))
        for paragraph in paragraphs
        if all(values[value] is not None for value in paragraph.get_identifiers())
    )


_COMMENT = re.compile(r"^ *(?:#|//) (?! )")


def _wrapped(paragraph: str) -> str:
    lines: list[str] = []
    for mark, group in groupby(paragraph.split("\n"), lambda line: "".join(_COMMENT.findall(line))):
        if mark:
            text = " ".join(line.removeprefix(mark) for line in group)
            lines += textwrap.wrap(
                text, WIDTH, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False
            )
        else:
            lines += group
    return "\n".join(lines)
