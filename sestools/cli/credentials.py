"""`sestools credentials`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from sestools.cli import options as shared
from sestools.cli.printing import HEALTHY, PROBLEM, emit
from sestools.core.document import Code, Document, Field
from sestools.core.enums import Level
from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.core.credentials import Credentials
    from sestools.diagnosis.result import Diagnosis

EXAMPLES = """\
  sestools credentials eu-west-1 --user AKIA...                 (asks for the SMTP password)
  sestools credentials eu-west-1 --user AKIA... --secret        (and for the secret access key, to compare)
  sestools credentials eu-west-1 --derive                       (asks for the secret access key)
  sestools credentials eu-west-1 --derive --stdin < secret-file

Nothing is sent anywhere. Passwords and keys are asked for, or read from standard input; never given as arguments."""


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = (
        "say what is visibly wrong with SMTP credentials, or derive an SMTP password from a secret access key"
    )
    parser = shared.add_command(parsers, "credentials", run, about, EXAMPLES)
    shared.add_region(parser)
    parser.add_argument("--user", help="SMTP user name [SESTOOLS_USER]")
    what = parser.add_mutually_exclusive_group()
    shared.add_switch(
        what, "--secret", "compare the password with the AWS secret access key that it comes from"
    )
    shared.add_switch(what, "--derive", "print the SMTP password of a secret access key in this region")
    shared.add_switch(
        parser,
        "--stdin",
        "read a line of standard input for each that would be asked for, password before key",
    )
    shared.add_format(parser)


def run(options: argparse.Namespace) -> int:
    """Run `sestools credentials`."""
    from sestools.core.credentials import Credentials, smtp_password
    from sestools.core.endpoints import region_of
    from sestools.diagnosis.credential_check import examine

    region = region_of(options.where) or options.where
    if "." in region:
        raise UsageError(f"{options.where!r} is no SES endpoint; name its region, such as eu-west-1")
    if options.derive:
        if options.user or options.json or options.markdown:
            raise UsageError("--derive prints the password alone: it takes no --user, --json or --markdown")
        print(smtp_password(_asked("AWS secret access key: ", options), region))
        return HEALTHY
    user = options.user or shared.setting("USER")
    if not user:
        raise UsageError("name the SMTP user name with --user (or SESTOOLS_USER)")
    given = shared.setting("PASSWORD") if not options.stdin else None
    credentials = Credentials(user=user, password=given or _asked(f"SMTP password of {user}: ", options))
    secret = _asked("AWS secret access key: ", options) if options.secret else None
    found = examine(credentials, region=region, secret_access_key=secret)
    data, document = _summary(credentials, region, found, compared=secret is not None)
    emit(options, data, document, *(diagnosis.document(Level.PROBLEM) for diagnosis in found))
    return PROBLEM if found else HEALTHY


def _asked(prompt: str, options: argparse.Namespace) -> str:
    """A line without its end, from the terminal without echo or from standard input."""
    if options.stdin:
        text = shared.piped_line()
    elif sys.stdin.isatty():
        from getpass import getpass

        text = getpass(prompt)
    else:
        raise UsageError("there is no terminal to ask on: use --stdin")
    if not text:
        raise UsageError(f"there is no {prompt.rstrip(': ')}")
    return text


def _summary(
    credentials: Credentials, region: str, found: tuple[Diagnosis, ...], *, compared: bool
) -> tuple[dict[str, Any], Document]:
    from sestools.core.credentials import account_of

    account = account_of(credentials.user.strip())
    fine: list[str] = [f"the password comes from this secret access key, for {region}"]
    if not compared:
        fine = [
            "user name and password have the right shape; whether SES accepts them, only a sign-in tells:",
            Code(f"sestools check {region} --user {credentials.user}"),
            "Whether the password belongs to this region and key, only the secret access key tells: `--secret`.",
        ]
    fields = [
        Field(label="Account", texts=(f"{account}, as the access key id says (AWS does not document this)",))
    ] if account else []  # fmt: skip
    if not found:
        fields.append(Field(label="Seen", texts=tuple(fine)))
    count = f"{len(found)} fault{'s' if len(found) > 1 else ''}" if found else "No fault"
    data = {
        "region": region,
        "account": account,
        "compared": compared,
        "findings": [diagnosis.to_dict() for diagnosis in found],
    }
    title = f"{count} visible in the SMTP credentials for {region}"
    return data, Document(title=title, level=Level.PROBLEM if found else Level.OK, fields=tuple(fields))
