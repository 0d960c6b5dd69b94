"""The command line: `sestools COMMAND`, such as `check`, `classify`, `mtu`, `sweep`, `send`, `simulate`.

Data goes to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NoReturn

from sestools import __version__
from sestools.cli import allowlist, check, classify, credentials, lifetime, mtu, send, simulate, sweep
from sestools.cli.output import BROKEN_PIPE, NOT_WRITTEN
from sestools.cli.printing import drop, say
from sestools.cli.signals import on_signal, received
from sestools.core.errors import UsageError
from sestools.core.limits import out_of_files, require_files
from sestools.core.masking import MASK, mask_secrets

COMMANDS = (check, classify, credentials, mtu, sweep, allowlist, send, lifetime, simulate)

WRONG_USE, BUG = 2, 70
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""Why an output cannot be written."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    # What would be opened next takes the number of a standard stream that is closed.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    # A terminal that cannot show a character gets its escape instead of a failure.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    words = [str(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    parser = _parser()
    received.clear()
    try:
        with on_signal(_interrupt):
            options = parser.parse_args(words)
            if options.run is not classify.run:
                require_files()
            code: int = options.run(options)
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _interrupted()
    except _Misused as error:
        say(_masked(str(error), words, parser))
        if "unrecognized arguments" in str(error) and re.search(r"-\w*p", " ".join(words)):
            say("A password is never given on the command line: use --password-stdin.")
        raise SystemExit(WRONG_USE) from None
    except BrokenPipeError:  # the reader (head, less) has what it wanted
        drop(sys.stdout)
        return BROKEN_PIPE
    except Exception as error:
        # Some of Python's own code makes another exception of the interrupt.
        if received and not isinstance(error, OSError):
            return _interrupted()
        code = _failed(error, lambda text: _masked(text, words, parser))
        if code == BUG and os.environ.get("SESTOOLS_DEBUG"):
            raise
        return code


class Interrupt(KeyboardInterrupt):
    """A signal asks the command to end. Of KeyboardInterrupt itself Python makes, at times, an end by SIGINT."""


def _interrupt() -> None:
    raise Interrupt


def _interrupted() -> int:
    say("\ninterrupted")
    return 128 + (received[0] if received else signal.SIGINT)


def _failed(error: Exception, masked: Callable[[str], str]) -> int:
    """Say in a sentence what went wrong, and give the exit code."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        drop(sys.stdout)
        say(f"sestools: the output cannot be written: {error.strerror}")
        return NOT_WRITTEN
    reason = out_of_files(error)
    if reason or isinstance(error, UsageError):
        say(f"sestools: {reason or masked(str(error))}")
        return WRONG_USE
    trace = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(trace.filename)}:{trace.lineno}"
    say(
        f"sestools: internal error: {type(error).__name__} in {place}. Please report it; "
        "SESTOOLS_DEBUG=1 shows the traceback."
    )
    return BUG


class _Misused(Exception):
    """The command line is wrong."""


class _Parser(argparse.ArgumentParser):
    """A parser that leaves it to `main` to say what is wrong: what was typed may be a password."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong."""
        raise _Misused(f"{self.format_usage()}{self.prog}: error: {message}")


def _masked(message: str, words: Sequence[str], parser: argparse.ArgumentParser) -> str:
    known = set(_known(parser))
    hidden: set[str] = set()
    for before, word in pairwise(("", *words)):
        name, _, value = word.partition("=")
        if word.startswith("-") and name not in known:
            hidden.add(value if name.startswith("--") else word[2:])
        elif before.startswith("-") and before not in known and not word.startswith("-"):
            hidden.add(word)
    for value in sorted(hidden - {""}, key=len, reverse=True):
        for form in {value, repr(value)[1:-1]}:
            message = re.sub(rf"(?<![\w-])(-\w)?{re.escape(form)}(?!\w)", rf"\g<1>{MASK}", message)
    return mask_secrets(message)


def _known(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every option that there is, but the one after which some type a password."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part in action.choices.values():
                yield from _known(part)
        yield from (name for name in action.option_strings if name != "--password-stdin")


def _parser() -> _Parser:
    parser = _Parser(
        prog="sestools",
        allow_abbrev=False,  # "--password" must not become "--password-stdin"
        description="Find out why mail through the Amazon SES SMTP interface fails.",
        epilog="examples:\n  sestools check eu-west-1\n  sestools classify '535 Authentication Credentials Invalid'\n"
        "  sestools simulate --fault dropped@25\n\nSettings come from flags, then from the environment "
        "(SESTOOLS_REGION, AWS_REGION,\nSESTOOLS_USER, SESTOOLS_PASSWORD, SESTOOLS_CA_FILE, SESTOOLS_TIMEOUT, SESTOOLS_CONTEXT), "
        "then from defaults.\nExit codes: 0 healthy, 1 problem found, 2 wrong use, 3 inconclusive, 70 internal error,\n"
        "74 the output could not be written, 128 plus the number of the signal that ended it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sestools {__version__}")
    parsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(parsers)
    return parser
