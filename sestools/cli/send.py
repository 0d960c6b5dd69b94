"""`sestools send`."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sestools.cli import options as shared
from sestools.cli.send_run import Report
from sestools.cli.send_run import run as send
from sestools.cli.simulate import one_target
from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.sending.mail import Mail
    from sestools.sending.policy import Policy

EXAMPLES = """\
  sestools send eu-west-1 --user AKIA... --from me@example.com       (one test message)
  sestools send eu-west-1 --message news.eml --from me@example.com
  sestools send eu-west-1 --message outbox.mbox --to-header --confirm-recipient --rate 14
  sestools send --message outbox.mbox --to-header --confirm-recipient --journal outbox.journal
  sestools send --simulate s4-flaky-link --count 50 --when-unknown resend     (practise without AWS)

The fate of each message is printed on a line of its own as soon as it is known. With --json each line is an
object: one for each message (its "fate" is sent, refused, not sent or unknown), and a last one with a "summary"
and "counts". If standard output cannot be written, the lines go to standard error, and sending goes on.
SIGINT, SIGTERM and SIGHUP end it: the reply to a message that was sent is awaited for 5 seconds (a second
signal does not wait), each message that was not begun is reported as not sent, and the exit code is 128 plus the
number of the signal. Other exit codes: 0 all sent, 1 some refused or not sent, 3 some unknown, 74 the output
or the journal could not be written, 141 the reader of the output went away."""

PATIENCE = "30"
"""Seconds for each reply but that to a message."""

_MBOX = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From \S+ +\w{3} \w{3} +\d+ +\d\d:\d\d[^\n]*\n")
"""A line that begins a message. It has a date: bodies have paragraphs that begin with "From ", too."""


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = "send messages, and say what became of each; to SES's mailbox simulator by default"
    parser = shared.add_command(parsers, "send", run, about, EXAMPLES)
    shared.add_region(parser)
    what = parser.add_argument_group("what to send, and to whom")
    about = "a message or an mbox of them, - for standard input (repeatable) [a test message]"
    what.add_argument("--message", dest="messages", action="append", default=[], metavar="FILE", help=about)
    shared.add_number(what, "--count", 1, "N", "number of test messages")
    about = "envelope sender [each message's From]"
    what.add_argument("--from", dest="sender", metavar="ADDRESS", help=about)
    about = "envelope recipient (repeatable) [SES's mailbox simulator, whatever a message says]"
    what.add_argument("--to", dest="recipients", action="append", metavar="ADDRESS", help=about)
    shared.add_switch(what, "--to-header", "send to the recipients that each message names")
    shared.add_switch(what, "--confirm-recipient", "allow recipients outside the mailbox simulator")
    how = parser.add_argument_group("when it fails")
    policies = ("documented", "exponential", "fixed", "none")
    about = "when to try again [documented]"
    how.add_argument("--policy", choices=policies, default="documented", help=about)
    how.add_argument("--attempts", type=int, metavar="N", help="most attempts for a message [no limit]")
    shared.add_number(
        how, "--give-up-after", 300.0, "SECONDS", "stop retrying so long after the first failure"
    )
    about = (
        "if the connection is lost after a final dot, SES may have the message: resend it, perhaps twice, "
        "or leave it, perhaps lost, and report it [give-up]"
    )
    how.add_argument("--when-unknown", choices=("resend", "give-up"), default="give-up", help=about)
    about = (
        "record each message there before and after it is sent; a second run with the same file sends nothing "
        "again that is known to be accepted, and names what is unknown"
    )
    how.add_argument("--journal", metavar="FILE", help=about)
    about = "recipients a second that the account may send to [no limit]"
    how.add_argument("--rate", type=float, metavar="N", help=about)
    about = "most connections at a time; more than one are used if the rate needs them"
    shared.add_number(how, "--connections", 10, "N", about)
    shared.add_number(how, "--max-messages", 100, "N", "most messages on a connection")
    shared.add_number(how, "--max-age", 60.0, "SECONDS", "greatest age of a connection")
    where = parser.add_argument_group("where")
    shared.add_number(where, "--port", 587, "PORT", "port to connect to")
    shared.add_connection(where, "each reply", PATIENCE)
    about = "seconds to wait for the reply to a message, once all of it was acknowledged"
    shared.add_number(where, "--final-timeout", 600.0, "SECONDS", about)
    shared.add_simulate(where, "send to a simulated SES on this host")
    shared.add_switch(parser, "--json", "print a JSON object on each line (see below)")


def run(options: argparse.Namespace) -> int:
    """Run `sestools send`."""
    from sestools.sending.journal import Journal
    from sestools.sending.sender import Sender

    policy = _policy(options)
    with contextlib.ExitStack() as stack:
        journal = None
        if options.journal is not None:
            journal = stack.enter_context(Journal(options.journal, simulated=options.simulate is not None))
        mails = _mails(options, journal.created if journal else None)
        target = stack.enter_context(one_target(options))
        if target.credentials is None:
            raise UsageError("sending needs --user (or SESTOOLS_USER) and a password")
        report = Report(json=options.json)
        names = ("rate", "connections", "max_messages", "max_age", "final_timeout")
        sender = Sender(
            target,
            **{name: getattr(options, name) for name in names},
            policy=policy,
            timeout=shared.chosen_timeout(options, default=PATIENCE),
            journal=journal,
            on_attempt=report.attempt,
        )
        return send(sender, mails, journal, report)


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


def _mails(options: argparse.Namespace, created: float | None) -> Sequence[Mail]:
    """The messages, with recipients that are allowed; test messages are as old as the journal, if there is one."""
    from sestools.core.text import printable
    from sestools.probes import SUCCESS, is_mailbox_simulator
    from sestools.sending.mail import Mail

    if options.to_header and options.recipients:
        raise UsageError("--to and --to-header exclude each other")
    if options.messages.count("-") > 1 or ("-" in options.messages and options.password_stdin):
        raise UsageError("standard input can be read once")
    if options.count < 1:
        raise UsageError(f"--count must be at least 1, not {options.count}")
    to = () if options.to_header else tuple(options.recipients or [SUCCESS])
    if options.messages:
        contents = [named for name in options.messages for named in _contents(name)]
    else:
        sender = options.sender or ("sender@example.com" if options.simulate is not None else "")
        if not sender:
            raise UsageError("a test message needs --from: an address or domain verified in the region")
        text = _test(sender, to or (SUCCESS,), created)
        contents = [(f"test {number}", text) for number in range(1, options.count + 1)]
    mails = [
        Mail.read(content, name=name, sender=options.sender or "", recipients=to)
        for name, content in contents
    ]
    strangers = sorted({one for mail in mails for one in mail.recipients if not is_mailbox_simulator(one)})
    if strangers and not options.confirm_recipient:
        some = ", ".join(printable(one, 80) for one in strangers[:3]) + ", ..." * (len(strangers) > 3)
        raise UsageError(f"{some}: not the mailbox simulator; --confirm-recipient allows mail to others")
    return mails


def _contents(name: str) -> Iterator[tuple[str, bytes]]:
    """The message in a file, or those in an mbox, numbered, with their names."""
    try:
        if name == "-":
            content = sys.stdin.buffer.read()
        else:
            with open(name, "rb") as file:
                content = file.read()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None
    if not content.strip():
        raise UsageError(f"{name} holds no message")
    shown = "standard input" if name == "-" else name
    if not content.startswith(b"From "):
        yield shown, content
        return
    if not _MBOX.match(content):
        raise UsageError(
            f"{name} begins as an mbox does, but with no date, as in From x Thu Jan  1 00:00:00 2026"
        )
    for number, one in enumerate(_MBOX.split(content)[1:], 1):
        yield f"{shown} #{number}", re.sub(rb"(?m)^>(>*From )", rb"\1", one)


def _test(sender: str, recipients: Sequence[str], created: float | None) -> bytes:
    from email.utils import formatdate

    return (
        f"From: {sender}\nTo: {', '.join(recipients)}\nDate: {formatdate(created)}\nSubject: sestools send\n\n"
        "This message was sent by sestools.\n"
    ).encode("utf-8", "backslashreplace")
