"""Options that several commands share, and the settings that stand in for them."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sestools.cli.printing import say
from sestools.core.endpoints import DEFAULT_REGION
from sestools.core.errors import UsageError
from sestools.core.regions import KNOWN

if TYPE_CHECKING:
    from sestools.core.credentials import Credentials

Group = argparse._ActionsContainer
"""A parser, or a group of its options."""


def add_command(
    parsers: Any, name: str, run: Callable[..., int], about: str, examples: str
) -> argparse.ArgumentParser:
    """Add a command to the command line; `run` gets its options and gives the exit code."""
    parser: argparse.ArgumentParser = parsers.add_parser(
        name,
        allow_abbrev=False,
        help=about,
        description=about,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, parser=parser)
    return parser


def add_number(group: Group, flag: str, default: float, metavar: str, about: str) -> None:
    """A number, a whole one if its default is; the default is added to the help."""
    about = f"{about} [{default:g}]"
    group.add_argument(flag, type=type(default), default=default, metavar=metavar, help=about)


def add_switch(group: Group, flag: str, about: str) -> None:
    """An option without a value."""
    group.add_argument(flag, action="store_true", help=about)


def add_region(parser: Group) -> None:
    """The endpoint: as given, from the environment, or the default."""
    about = "region or host name [SESTOOLS_REGION, AWS_REGION, us-east-1]"
    parser.add_argument("where", nargs="?", metavar="REGION", help=about)


_CITIES = {
    "virginia": "us-east-1", "ohio": "us-east-2", "oregon": "us-west-2", "california": "us-west-1",
    "ireland": "eu-west-1", "dublin": "eu-west-1", "london": "eu-west-2", "paris": "eu-west-3",
    "frankfurt": "eu-central-1", "milan": "eu-south-1", "stockholm": "eu-north-1", "mumbai": "ap-south-1",
    "tokyo": "ap-northeast-1", "seoul": "ap-northeast-2", "osaka": "ap-northeast-3", "singapore": "ap-southeast-1",
    "sydney": "ap-southeast-2", "montreal": "ca-central-1", "canada": "ca-central-1",
}  # fmt: skip


def near_region(where: str) -> str:
    """The region that is meant where none is named that is known; empty if nothing is near."""
    if where.lower() in KNOWN:
        return ""
    near = difflib.get_close_matches(where.lower(), KNOWN, 1, 0.8)
    return next((region for city, region in _CITIES.items() if city in where.lower()), *near[:1] or ("",))


def chosen_place(where: str | None) -> str:
    """The region or host name: as given, from the environment, or the default, which is told."""
    if where is None:
        where = default_region()
        if sys.stderr.isatty() and not setting("REGION", "AWS_REGION", "AWS_DEFAULT_REGION"):
            say(f"no region was given: {where}")
        return where
    host, colon, port = where.rpartition(":")
    if colon and port.isdigit() and "." in host and ":" not in host:
        raise UsageError(f"a port is an option of its own: {host} --port {port}")
    if "://" in where:
        raise UsageError("a region or a host name is wanted, not a URL")
    # Of what has the shape of a region, `region_named` says what is near.
    named = re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}|.*[.:].*", where.lower())
    if not named and (near := near_region(where)):
        raise UsageError(f"{where!r} is not the name of an AWS region; did you mean {near}?")
    return where


def add_ports(parser: Group, default: str) -> None:
    """Ports, such as `587` or `587,465`."""

    def ports(text: str) -> list[int]:
        try:
            return [int(word) for word in text.split(",")]
        except ValueError:
            raise argparse.ArgumentTypeError(f"wants port numbers, such as 587,465, not {text!r}") from None

    about = f"use these ports only, such as 587,465 (repeatable) [{default}]"
    parser.add_argument("--port", dest="ports", action="extend", type=ports, metavar="PORTS", help=about)


def add_trust(parser: Group, what: str, default: str = "5") -> None:
    """How long to wait, and whom to trust."""
    about = f"seconds to wait for {what} [SESTOOLS_TIMEOUT, {default}]"
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help=about)
    about = "trust these certificate authorities, also to sign in [SESTOOLS_CA_FILE]"
    parser.add_argument("--ca-file", metavar="FILE", help=about)


def add_connection(parser: Group, what: str, default: str = "5") -> None:
    """Where to connect and how to sign in; `what` is waited for."""
    parser.add_argument("--user", help="SMTP user name, to sign in with [SESTOOLS_USER]")
    add_switch(
        parser, "--password-stdin", "read the SMTP password from standard input [else it is asked for]"
    )
    about = "connect there instead of where DNS says, for one port or all (repeatable)"
    parser.add_argument("--connect-to", action="append", metavar="[PORT:]ADDRESS:PORT", help=about)
    add_trust(parser, what, default)


def add_simulate(parser: Group, about: str, default: str = "", metavar: str = "FAULT") -> None:
    """`--simulate`, which takes a fault or a scenario, or nothing."""
    parser.add_argument("--simulate", nargs="?", const=default, metavar=metavar, help=about)


def add_format(parser: argparse.ArgumentParser) -> None:
    """How much is printed, and in which form."""
    form = parser.add_mutually_exclusive_group()
    about = "print all of it: evidence, what is ruled out, transcripts, commands"
    form.add_argument("-v", "--verbose", action="store_true", help=about)
    form.add_argument("-q", "--quiet", action="store_true", help="print one line")
    add_switch(form, "--json", "print JSON (with a schema_version; wrong use is an object with an error)")
    add_switch(form, "--markdown", "print Markdown, to paste into a ticket")
    parser.add_argument("--html", metavar="FILE", help="also write all of it to a file, as a web page")


def setting(name: str, *others: str) -> str | None:
    """A setting from the environment: SESTOOLS_NAME first, then names that others use for the same."""
    return next(filter(None, map(os.environ.get, (f"SESTOOLS_{name}", *others))), None)


def default_region() -> str:
    """The region or host name that the environment names, or the default."""
    return setting("REGION", "AWS_REGION", "AWS_DEFAULT_REGION") or DEFAULT_REGION


def chosen_timeout(options: argparse.Namespace, default: str = "5") -> float:
    """The time-out: as given, from the environment, or the default."""
    if options.timeout is not None:
        return float(options.timeout)
    text = setting("TIMEOUT") or default
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"SESTOOLS_TIMEOUT must be a number of seconds, not {text!r}") from None


def chosen_credentials(options: argparse.Namespace) -> Credentials | None:
    """The SMTP credentials, if there is a user."""
    from sestools.core.credentials import Credentials

    user = options.user or setting("USER")
    if user:
        return Credentials(user=user, password=_password(user, options.password_stdin))
    if options.password_stdin:
        raise UsageError("--password-stdin needs --user (or SESTOOLS_USER)")
    return None


def _password(user: str, piped: bool) -> str:
    # It gets no name here: a traceback can show what a function still holds.
    if not piped and setting("PASSWORD"):
        return setting("PASSWORD") or ""
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass(f"SMTP password of {user}: ")
    if not piped:
        raise UsageError("a user needs a password: use --password-stdin, or set SESTOOLS_PASSWORD")
    return piped_line()


def piped_line() -> str:
    """The next line of standard input, which holds a secret; a file of one may begin with a byte order mark."""
    try:
        return sys.stdin.buffer.readline(4096).decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UsageError("the password on standard input is not UTF-8; SES's passwords are ASCII") from None


def parse_connect_to(given: Sequence[str] | None) -> dict[int, tuple[str, int]] | tuple[str, int] | None:
    """The values of `--connect-to`: a place for each port, or one for all."""
    found: dict[int, tuple[str, int]] = {}
    for text in given or ():
        rest, _, port = text.rpartition(":")
        first, _, address = rest.partition(":")
        try:
            if first.isdigit():
                found[int(first)] = (address.strip("[]"), int(port))
            elif given == [text]:
                return rest.strip("[]"), int(port)
            else:
                raise UsageError
        except ValueError:
            raise UsageError(
                f"--connect-to wants [PORT:]ADDRESS:PORT, such as 587:127.0.0.1:2587, not {text!r}"
            ) from None
    return found or None
