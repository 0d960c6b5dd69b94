"""`sestools send`."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sestools.cli.options import add_command, add_connection, chosen_region, chosen_timeout
from sestools.cli.send_run import Report, run
from sestools.cli.simulated import destination
from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.sending.mail import Mail
    from sestools.sending.policy import Policy

EXAMPLES = (
    "  sestools send eu-west-1 --user AKIA... --from me@example.com       (one test message)\n"
    "  sestools send eu-west-1 --message news.eml --from me@example.com\n"
    "  sestools send eu-west-1 --message outbox.mbox --to-header --confirm-recipient --rate 14\n"
    "  sestools send --message outbox.mbox --to-header --confirm-recipient --journal outbox.journal\n"
    "  sestools send --simulate s4-flaky-link --count 50 --when-unknown resend     (practise without AWS)\n\n"
    "Each message has its line as soon as its fate is decided. With --json each line is an object: one for each\n"
    'message (it has a "fate": sent, refused, not sent or unknown), and at the end one with a "summary" and\n'
    '"counts". If standard output cannot be written, the lines go to standard error, and sending goes on.\n'
    "SIGINT, SIGTERM and SIGHUP end it: the reply to a message that was sent is awaited for 5 seconds (a second\n"
    "signal does not wait), each message that was not begun is told as not sent, and the exit code is 128 and the\n"
    "number of the signal. Other exit codes: 0 all sent, 1 some refused or not sent, 3 some unknown, 74 the output\n"
    "or the journal could not be written, 141 the reader of the output went away."
)


PATIENCE = "30"
"""Seconds for each reply but that to a message."""


_MBOX = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From \S+ +\w{3} \w{3} +\d+ +\d\d:\d\d[^\n]*\n")
"""A line that begins a message. It has a date: bodies have paragraphs that begin with "From ", too."""


POLICIES = ("documented", "exponential", "fixed", "none")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The flags of `sestools send`."""
    parser.add_argument(
        "where",
        nargs="?",
        metavar="REGION",
        help="region or host name [SESTOOLS_REGION, AWS_REGION, us-east-1]",
    )
    what = parser.add_argument_group("what to send, and to whom")
    what.add_argument(
        "--message",
        dest="messages",
        action="append",
        default=[],
        metavar="FILE",
        help="a message or an mbox of them, - for standard input (repeatable) [a test message]",
    )
    what.add_argument("--count", type=int, default=1, metavar="N", help="how many test messages [1]")
    what.add_argument(
        "--from", dest="sender", metavar="ADDRESS", help="envelope sender [each message's From]"
    )
    what.add_argument(
        "--to",
        dest="recipients",
        action="append",
        metavar="ADDRESS",
        help="envelope recipient (repeatable) [SES's mailbox simulator, whatever a message says]",
    )
    what.add_argument("--to-header", action="store_true", help="send to those whom each message names")
    what.add_argument(
        "--confirm-recipient",
        action="store_true",
        help="yes, send to recipients outside the mailbox simulator",
    )
    _add_failing(parser.add_argument_group("when it fails"))
    where = parser.add_argument_group("where")
    where.add_argument("--port", type=int, default=587, help="[587]")
    add_connection(where, "for each reply [SESTOOLS_TIMEOUT, 30]")
    where.add_argument(
        "--final-timeout",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="for the reply to a message, once all of it was acknowledged [600]",
    )
    where.add_argument(
        "--simulate", nargs="?", const="", metavar="FAULT", help="send to a simulated SES on this host"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object in each line (see below)")


def _add_failing(how: Any) -> None:
    how.add_argument(
        "--policy", choices=POLICIES, default="documented", help="when to try again [documented]"
    )
    how.add_argument("--attempts", type=int, metavar="N", help="attempts at most [no limit]")
    how.add_argument(
        "--give-up-after", type=float, default=300.0, metavar="SECONDS", help="from the first failure [300]"
    )
    how.add_argument(
        "--when-unknown",
        choices=("resend", "give-up"),
        default="give-up",
        help="if the connection is lost after a final dot, SES may have the message: resend it, perhaps twice, "
        "or leave it, perhaps lost, and report it [give-up]",
    )
    how.add_argument(
        "--journal",
        metavar="FILE",
        help="note each message there before and after it is sent; run again with the same file, nothing is sent "
        "twice that is known to be accepted, and what is unknown is named",
    )
    how.add_argument(
        "--rate", type=float, metavar="N", help="recipients a second that the account may send to"
    )
    how.add_argument("--max-messages", type=int, default=100, metavar="N", help="for each connection [100]")
    how.add_argument("--max-age", type=float, default=60.0, metavar="SECONDS", help="of a connection [60]")


def send(options: argparse.Namespace) -> int:
    """Run `sestools send`."""
    from dataclasses import replace

    from sestools.checkup.check import targets
    from sestools.sending.journal import Journal
    from sestools.sending.sender import Sender

    policy = _policy(options)
    with contextlib.ExitStack() as stack:
        journal = None
        if options.journal is not None:
            journal = stack.enter_context(Journal(options.journal, simulated=options.simulate is not None))
        mails = _mails(options, journal.created if journal else None)
        place = stack.enter_context(destination(options, chosen_region(options.where)))
        if (credentials := place.pop("credentials")) is None:
            raise UsageError("sending needs --user (or SESTOOLS_USER) and a password")
        (target,) = targets(chosen_region(options.where), ports=[options.port], **place)
        report = Report(json=options.json)
        sender = Sender(
            replace(target, credentials=credentials),
            policy=policy,
            rate=options.rate,
            max_messages=options.max_messages,
            max_age=options.max_age,
            timeout=chosen_timeout(options, default=PATIENCE),
            final_timeout=options.final_timeout,
            journal=journal,
            on_attempt=report.attempt,
        )
        return run(sender, mails, journal, report)


def _policy(options: argparse.Namespace) -> Policy:
    from sestools.sending.policy import Policy

    if options.policy == "none":
        return Policy.none()
    make: Callable[..., Policy] = getattr(Policy, options.policy)
    return make(
        when_unknown=options.when_unknown.replace("-", " "),
        attempts=options.attempts,
        seconds=options.give_up_after,
    )


def _mails(options: argparse.Namespace, created: float | None = None) -> Sequence[Mail]:
    """The messages, with recipients that are allowed; test messages are as old as the journal, if there is one."""
    from sestools.probes import SUCCESS, is_mailbox_simulator
    from sestools.sending.mail import Mail

    if options.to_header and options.recipients:
        raise UsageError("--to and --to-header exclude each other")
    if options.messages.count("-") > 1 or ("-" in options.messages and options.password_stdin):
        raise UsageError("standard input can be read once")
    if options.count < 1:
        raise UsageError(f"--count must be at least 1, not {options.count}")
    sender = options.sender or ("sender@example.com" if options.simulate is not None else "")
    if not options.messages and not sender:
        raise UsageError("a test message needs --from: an address or domain verified in the region")
    to = () if options.to_header else tuple(options.recipients or [SUCCESS])
    contents = [
        (f"{'standard input' if name == '-' else name}{f' #{number}' if number else ''}", content)
        for name in options.messages
        for number, content in _contents(name)
    ] or [
        (f"test {number}", _test(sender, to or (SUCCESS,), created)) for number in range(1, options.count + 1)
    ]
    mails = [
        Mail.read(content, name=name, sender=options.sender or "", recipients=to)
        for name, content in contents
    ]
    strangers = sorted({one for mail in mails for one in mail.recipients if not is_mailbox_simulator(one)})
    if strangers and not options.confirm_recipient:
        from sestools.core.text import printable

        some = ", ".join(printable(one, 80) for one in strangers[:3]) + (
            ", ..." if len(strangers) > 3 else ""
        )
        raise UsageError(f"{some}: not the mailbox simulator; --confirm-recipient allows mail to others")
    return mails


def _contents(name: str) -> Iterator[tuple[int | None, bytes]]:
    """The message in a file, or those in an mbox, numbered."""
    try:
        with contextlib.ExitStack() as stack:
            if name == "-" and sys.stdin is None:
                raise UsageError("standard input is closed")
            file = sys.stdin.buffer if name == "-" else stack.enter_context(open(name, "rb"))
            content = file.read()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None
    if not content.strip():
        raise UsageError(f"{name} holds no message")
    if not content.startswith(b"From "):
        yield None, content
        return
    if not _MBOX.match(content):
        raise UsageError(
            f"{name} begins as an mbox does, but with no date, as in From x Thu Jan  1 00:00:00 2026"
        )
    for number, one in enumerate(_MBOX.split(content)[1:], 1):
        yield number, re.sub(rb"(?m)^>(>*From )", rb"\1", one)


def _test(sender: str, recipients: Sequence[str], created: float | None) -> bytes:
    from email.utils import formatdate

    return (
        f"From: {sender}\nTo: {', '.join(recipients)}\nDate: {formatdate(created)}\nSubject: sestools send\n\n"
        "This message was sent by sestools.\n"
    ).encode("utf-8", "backslashreplace")


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = "send messages, and say what became of each; to SES's mailbox simulator by default"
    add_options(add_command(parsers, "send", send, about, EXAMPLES))
