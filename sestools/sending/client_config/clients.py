"""One entry point to the configuration of every program, and how its template is filled.

A template consists of paragraphs. `@name` stands for a value; a paragraph whose value is None is left out, and
comments are wrapped, except for indented lines. What follows `----` are notes, for a format without comments.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from string import Template
from typing import Any

from sestools.core.endpoints import smtp_host
from sestools.core.errors import UsageError
from sestools.core.target import Target
from sestools.sending.client_config.postfix import postfix_values

__all__ = ["CLIENTS", "ClientConfig", "client_config"]

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
"""Why a connection is changed, where nothing was measured."""


@dataclass(frozen=True, kw_only=True)
class ClientConfig:
    """Configuration for one program.

    Attributes:
        client: The program.
        file: Where it goes.
        text: The configuration, with its comments.
        notes: What the file itself cannot hold.
    """

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
    """The configuration of a program that sends through SES: TLS, AUTH, and when to change a connection.

    It holds no secret: user name and password come from the environment or from a file of their own.

    Args:
        client: One of `CLIENTS`, such as `postfix`.
        where: A region, or the name of an endpoint, such as that of a VPC endpoint.
        messages: After how many messages a connection is changed; None for no limit.
        age: After how many seconds; None for no limit.
        idle: After how many seconds of silence; None for no limit.
        reasons: Why, in a sentence for `messages`, `age` and `idle`.
        more: For Postfix, what `postfix_values` takes: `port`, `folder`, `ca_file`, `rate`, `connections`.

    Raises:
        UsageError: If there is no such program, or a number makes no sense.
    """
    if client not in CLIENTS:
        raise UsageError(f"there is no configuration for {client!r}; there are {', '.join(CLIENTS)}")
    for name, limit in (("messages", messages), ("age", age), ("idle", idle)):
        if limit is not None and not 0 < limit < math.inf:
            raise UsageError(f"{name} must be greater than 0, or None, not {limit!r}")
    host = Target(host=where if "." in where else smtp_host(where), port=587).host
    query = {"restart_threshold": messages, "ping_threshold": _whole(idle)}
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
        values |= postfix_values(host, messages, _whole(age), _whole(idle), **more)
    elif more:
        raise UsageError(f"the configuration of {client} takes no {', '.join(more)}")
    name, file = CLIENTS[client]
    text, _, notes = _filled(client, values).partition("----\n")
    return ClientConfig(client=name, file=file, text=text.rstrip("\n") + "\n", notes=notes.lstrip("\n"))


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else math.floor(seconds)


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


_COMMENT = re.compile(r" *(?:#|//) (?! )")


def _mark(line: str) -> str:
    found = _COMMENT.match(line)
    return found[0] if found else ""


def _wrapped(paragraph: str) -> str:
    lines: list[str] = []
    for mark, group in groupby(paragraph.split("\n"), _mark):
        if mark:
            text = " ".join(line.removeprefix(mark) for line in group)
            lines += textwrap.wrap(
                text, WIDTH, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False
            )
        else:
            lines += group
    return "\n".join(lines)
