"""The command line: `sestools COMMAND`, such as `check`, `classify`, `mtu`, `sweep`, `send`, `simulate`.

Data goes to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import codecs
import difflib
import errno
import io
import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NoReturn

from sestools import __version__
from sestools.cli import (
    allowlist,
    check,
    classify,
    credentials,
    doctor,
    explain,
    lifetime,
    mtu,
    send,
    simulate,
    sweep,
)  # fmt: skip
from sestools.cli import options as shared
from sestools.cli.output import BROKEN_PIPE, NOT_WRITTEN
from sestools.cli.printing import drop, say
from sestools.cli.signals import on_signal, received
from sestools.core.errors import UsageError
from sestools.core.limits import out_of_files, require_files
from sestools.core.masking import MASK, mask_secrets

COMMANDS = (doctor, check, classify, explain, credentials, mtu, sweep, allowlist, send, lifetime, simulate)

WRONG_USE, BUG = 2, 70
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
"""Why an output cannot be written."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    # What would be opened next takes the number of a standard stream that is closed.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    # A terminal that cannot show a character gets a plainer one or its escape instead of a failure.
    codecs.register_error("sestools", _plainer)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="sestools")
    words = [str(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    parser = _parser()
    received.clear()
    try:
        with on_signal(_interrupt):
            options = _options(parser, words)
            if options.run is not classify.run:
                require_files()
            code: int = options.run(options)
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _interrupted()
    except _Misused as error:
        told = _masked(str(error), words, parser)
        say(told)
        if re.search(r"unrecognized option --?p", told):
            say("A password is never given on the command line: use --password-stdin.")
        if "--json" in words:
            print(json.dumps({"schema_version": 1, "error": told.splitlines()[-1]}))
        raise SystemExit(WRONG_USE) from None
    except BrokenPipeError:  # the reader (head, less) has what it wanted
        drop(sys.stdout)
        return BROKEN_PIPE
    except Exception as error:
        # Some of Python's own code makes another exception of the interrupt.
        if received and not isinstance(error, OSError):
            return _interrupted()
        code = _failed(error, lambda text: _masked(text, words, parser), as_json="--json" in words)
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


def _failed(error: Exception, masked: Callable[[str], str], *, as_json: bool = False) -> int:
    """Say in a sentence what went wrong, and give the exit code."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        drop(sys.stdout)
        say(f"sestools: the output cannot be written: {error.strerror}")
        return NOT_WRITTEN
    reason = out_of_files(error)
    if reason or isinstance(error, UsageError):
        told = reason or masked(str(error))
        say(f"sestools: {told}")
        if as_json:
            print(json.dumps({"schema_version": 1, "error": told}))
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
        values = [action for action in self._actions if not action.option_strings]
        shown = " ".join(str(action.metavar or action.dest).upper() for action in values)
        usage = (
            f"usage: {self.prog} [options] {shown}".rstrip() + f"   ({self.prog} --help lists the options)"
        )
        raise _Misused(f"{usage}\n{self.prog}: error: {message}")


START = """\
sestools finds out why mail through the Amazon SES SMTP interface fails. Begin with one of these:

  sestools doctor eu-west-1                       examine the whole way to a region's endpoint
  sestools classify '535 Authentication ...'      what an error or a log line means
  sestools doctor eu-west-1 --simulate dropped    practise on a simulated SES

`sestools --help` lists all commands, `sestools COMMAND --help` has examples."""


def _options(parser: _Parser, words: Sequence[str]) -> argparse.Namespace:
    """What was typed; what means nothing is told with what it is near to."""
    commands = [command.__name__.rpartition(".")[2] for command in COMMANDS]
    if not words:
        raise _Misused(START)
    if not words[0].startswith("-") and words[0] not in commands:
        near = difflib.get_close_matches(words[0], commands, 1)
        hint = f"did you mean {near[0]}?" if near else f"the commands are {', '.join(commands)}"
        raise _Misused(f"sestools: there is no command {words[0]!r}; {hint}")
    options, unknown = parser.parse_known_args(words)
    if unknown:
        _unknown(options.parser, unknown)
    if "where" in options:
        options.where = shared.chosen_place(options.where)
    return options


def _unknown(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> NoReturn:
    """Say what is near to what is no option; never what was typed beside it, which may be a password."""
    known = [name for action in parser._actions for name in action.option_strings]
    typed = [word.partition("=")[0] for word in unknown if word.startswith("-")]
    if not typed:
        more = "`sestools sweep` takes several" if any(one.dest == "where" for one in parser._actions) else ""
        parser.error(f"too many words: {' '.join(unknown)}; {more}".rstrip("; "))
    name = typed[0] if typed[0].startswith("--") else typed[0][:2]
    near = difflib.get_close_matches(name, [one for one in known if one != "--password-stdin"], 1)
    hint = f"; did you mean {near[0]}?" if near and not name.startswith("--p") else ""
    parser.error(f"unrecognized option {name}{hint}")


def _plainer(error: UnicodeError) -> tuple[str | bytes, int]:
    """What is printed for a character that the terminal cannot show: a plainer one, or its escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    plain = {"\u2192": "->", "\u2026": "...", "\u2013": "-", "\u2014": "-", "\u00d7": "x", "\u2019": "'"}
    text = error.object[error.start : error.end]
    return "".join(
        plain.get(one) or one.encode("ascii", "backslashreplace").decode() for one in text
    ), error.end


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
        epilog="examples:\n  sestools doctor eu-west-1\n  sestools check eu-west-1\n  sestools classify '535 Authentication Credentials Invalid'\n"
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
