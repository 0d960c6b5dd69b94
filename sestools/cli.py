"""The command line: `sestools COMMAND`, such as `check`, `classify`, `mtu`, `sweep`, `send`, `simulate`.

Data goes to stdout, progress to stderr. Exit codes: 0 healthy, 1 problem found, 2 wrong use, 3 could not
tell, 70 a bug of ours, 74 the output could not be written; 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP, 141
when the reader of the output went away.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from sestools import (
    __version__,
    commands,
    commands_allowlist,
    commands_lifetime,
    commands_send,
    commands_sweep,
)
from sestools.limits import out_of_files, require_files
from sestools.output import BROKEN_PIPE, NOT_WRITTEN

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
    commands.received.clear()
    try:
        with commands.on_signal(_interrupt):
            options = parser.parse_args(words)
            if options.run is not commands.classify:
                require_files()
            code: int = options.run(options)
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _interrupted()
    except _Misused as error:
        commands.say(_masked(str(error), words, parser))
        if "unrecognized arguments" in str(error) and re.search(r"-\w*p", " ".join(words)):
            commands.say("A password is never given on the command line: use --password-stdin.")
        raise SystemExit(WRONG_USE) from None
    except BrokenPipeError:  # the reader (head, less) has what it wanted
        _close_output()
        return BROKEN_PIPE
    except Exception as error:
        if commands.received and not isinstance(
            error, OSError
        ):  # some of Python's own code makes another exception of the interrupt
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
    commands.say("\ninterrupted")
    return 128 + (commands.received[0] if commands.received else signal.SIGINT)


def _failed(error: Exception, masked: Callable[[str], str]) -> int:
    """Say what went wrong in a sentence, and whose affair it is."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        _close_output()
        commands.say(f"sestools: the output cannot be written: {error.strerror}")
        return NOT_WRITTEN
    reason = out_of_files(error)
    if reason or type(error) is ValueError:  # its subclasses come from libraries, and are bugs of ours
        commands.say(f"sestools: {reason or masked(str(error))}")
        return WRONG_USE
    commands.say(
        f"sestools: this is a bug of ours: {type(error).__name__} in {_place(error)}. Please report it; "
        "SESTOOLS_DEBUG=1 shows the traceback."
    )
    return BUG


def _close_output() -> None:
    """Drop what is still buffered: Python would try to write it, and complain, once more when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else "nowhere"


class _Misused(Exception):
    """The command line is wrong."""


class _Parser(argparse.ArgumentParser):
    """A parser that leaves it to `main` to say what is wrong: what was typed may be a password."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong."""
        raise _Misused(f"{self.format_usage()}{self.prog}: error: {message}")


def _masked(message: str, words: Sequence[str], parser: argparse.ArgumentParser) -> str:
    from sestools.masking import mask_arguments

    return mask_arguments(message, words, set(_known(parser)))


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
        "then from defaults.\nExit codes: 0 healthy, 1 problem found, 2 wrong use, 3 could not tell, 70 a bug of ours,\n"
        "74 the output could not be written; 128 and the number of a signal that ended it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sestools {__version__}")
    parsers = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_check(parsers)
    _add_classify(parsers)
    _add_mtu(parsers)
    _add_sweep(parsers)
    _add_allowlist(parsers)
    _add_send(parsers)
    _add_lifetime(parsers)
    _add_simulate(parsers)
    return parser


def _command(
    parsers: Any, name: str, run: Callable[..., int], about: str, examples: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = parsers.add_parser(
        name,
        allow_abbrev=False,
        help=about,
        description=about,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _ports(text: str) -> list[int]:
    """`587`, or `587,465`."""
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"wants port numbers, such as 587,465, not {text!r}") from None


def _add_format(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON (it carries a schema_version)")
    form.add_argument("--markdown", action="store_true", help="print Markdown, to paste into a ticket")


def _add_check(parsers: Any) -> None:
    parser = _command(
        parsers,
        "check",
        commands.check,
        "check an endpoint on all its ports and say what is wrong",
        "  sestools check eu-west-1\n"
        "  sestools check eu-west-1 --port 587 --user AKIA... --password-stdin < password-file\n"
        "  sestools check us-east-1 --markdown > ticket.md\n"
        "  sestools check eu-west-1 --simulate dropped@25     (practise without AWS)\n"
        "  sestools check eu-west-1 --simulate dropped@25 --context ec2     (as on an EC2 instance)\n"
        "  sestools check eu-west-1 --simulate s2-proxy       (a scenario: see sestools simulate --list-scenarios)",
    )
    parser.add_argument(
        "where",
        nargs="?",
        metavar="REGION",
        help="region or host name [SESTOOLS_REGION, AWS_REGION, us-east-1]",
    )
    parser.add_argument(
        "--port",
        metavar="PORTS",
        type=_ports,
        action="extend",
        dest="ports",
        help="check these ports only, such as 587,465 (repeatable)",
    )
    parser.add_argument(
        "--security", choices=("starttls", "wrapper", "plain"), help="TLS mode [the port's own]"
    )
    commands.add_place(parser, "for each probe [SESTOOLS_TIMEOUT, 5]")
    parser.add_argument("--send", action="store_true", help="send one message after signing in")
    parser.add_argument("--from", dest="sender", metavar="ADDRESS", help="its sender, verified in the region")
    parser.add_argument(
        "--to", dest="recipient", metavar="ADDRESS", help="its recipient [SES's mailbox simulator]"
    )
    parser.add_argument(
        "--confirm-recipient",
        action="store_true",
        help="yes, send to a recipient outside the mailbox simulator",
    )
    parser.add_argument(
        "--simulate",
        nargs="?",
        const="",
        metavar="FAULT",
        help="check a simulated SES on this host, with a fault if one is named",
    )
    parser.add_argument(
        "--context",
        metavar="PLACE",
        help="where this runs, which words the verdict: ec2, ecs, eks, lambda, container, binder, elsewhere or "
        "unknown [SESTOOLS_CONTEXT, else it is found out]",
    )
    _add_format(parser)


def _add_classify(parsers: Any) -> None:
    parser = _command(
        parsers,
        "classify",
        commands.classify,
        "say what an error message, log line or pasted text means",
        "  sestools classify '454 Throttling failure: Maximum sending rate exceeded'\n"
        "  tail -50 /var/log/mail.log | sestools classify -\n"
        "  sestools classify --json - < traceback.txt",
    )
    parser.add_argument("text", nargs="*", help="the text; '-' or nothing reads standard input")
    _add_format(parser)


def _add_mtu(parsers: Any) -> None:
    parser = _command(
        parsers,
        "mtu",
        commands.mtu,
        "say whether large packets get through, and which size does (Linux)",
        "  sestools mtu eu-west-1\n  sestools mtu eu-west-1 --port 465 --json\n"
        "  sestools mtu eu-west-1 --simulate s5-mtu-black-hole     (practise without AWS)",
    )
    parser.add_argument(
        "where",
        nargs="?",
        metavar="REGION",
        help="region or host name [SESTOOLS_REGION, AWS_REGION, us-east-1]",
    )
    parser.add_argument("--port", type=int, default=587, help="[587]")
    parser.add_argument(
        "--mtu", type=int, metavar="BYTES", help="as if the interface had this MTU: try a fix"
    )
    parser.add_argument("--timeout", type=float, default=12.0, metavar="SECONDS", help="for everything [12]")
    parser.add_argument(
        "--connect-to", metavar="ADDRESS:PORT", help="connect there instead of where DNS says"
    )
    parser.add_argument(
        "--simulate", nargs="?", const="", metavar="FAULT", help="look at a simulated SES on this host"
    )
    parser.add_argument("--json", action="store_true", help="print JSON (it carries a schema_version)")


def _add_sweep(parsers: Any) -> None:
    parser = _command(
        parsers,
        "sweep",
        commands_sweep.sweep,
        "look at many regions, ports and addresses side by side; never signs in; exit code 1 if any target fails",
        "  sestools sweep eu-west-1 us-east-1\n  sestools sweep --port 587 --port 465\n"
        "  sestools sweep eu-west-1 --all-addresses --json\n"
        "  sestools sweep --simulate dropped@25     (practise without AWS)",
    )
    parser.add_argument("regions", nargs="*", metavar="REGION", help="regions or host names [all regions]")
    parser.add_argument(
        "--port", dest="ports", action="append", type=int, metavar="PORT", help="[all five] (repeatable)"
    )
    parser.add_argument("--all-addresses", action="store_true", help="every address of a name, not the first")
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="for each target [SESTOOLS_TIMEOUT, 5]"
    )
    parser.add_argument(
        "--ca-file", help="trust these certificate authorities, also to sign in [SESTOOLS_CA_FILE]"
    )
    parser.add_argument(
        "--simulate", nargs="?", const="", metavar="FAULT", help="look at a simulated SES on this host"
    )
    parser.add_argument("--json", action="store_true", help="print JSON (it carries a schema_version)")


def _add_allowlist(parsers: Any) -> None:
    parser = _command(
        parsers,
        "allowlist",
        commands_allowlist.allowlist,
        "say how to allow an endpoint through a firewall, and what a list of its addresses is worth",
        "  sestools allowlist eu-west-1\n  sestools allowlist eu-west-1 --watch 10m --every 30s\n"
        "  sestools allowlist eu-west-1 --pinned firewall.txt --watch 10m --connect\n"
        "  sestools allowlist eu-west-1 --pinned 192.0.2.10,198.51.100.0/24,amazonses.com\n"
        "  sestools allowlist --simulate --watch 20m     (practise without AWS; no waiting)",
    )
    parser.add_argument(
        "where",
        nargs="?",
        metavar="REGION",
        help="region or host name [SESTOOLS_REGION, AWS_REGION, us-east-1]",
    )
    parser.add_argument(
        "--pinned",
        metavar="FILE|LIST",
        help="compare with this list: addresses, ranges, host names; a file, a text, or - for standard input",
    )
    times = commands_allowlist.seconds
    parser.add_argument("--watch", type=times, default=0.0, metavar="TIME", help="ask for so long [one look]")
    parser.add_argument("--every", type=times, default=30.0, metavar="TIME", help="between two rounds [30s]")
    parser.add_argument(
        "--resolver",
        dest="resolvers",
        action="append",
        metavar="IP[#PORT]",
        help="ask this one (repeatable) [the system's]",
    )
    parser.add_argument(
        "--connect", action="store_true", help="also connect to the pinned addresses, and hang up"
    )
    parser.add_argument(
        "--port", dest="ports", action="append", type=int, metavar="PORT", help="[587, 465] (repeatable)"
    )
    parser.add_argument(
        "--simulate", nargs="?", const="", metavar="FAULT", help="ask a simulated SES on this host"
    )
    _add_format(parser)


def _add_send(parsers: Any) -> None:
    about = "send messages, and say what became of each; to SES's mailbox simulator by default"
    commands_send.add_options(_command(parsers, "send", commands_send.send, about, commands_send.EXAMPLES))


def _add_lifetime(parsers: Any) -> None:
    about = "measure how long connections live, and say when to change them"
    command = _command(parsers, "lifetime", commands_lifetime.lifetime, about, commands_lifetime.EXAMPLES)
    commands_lifetime.add_options(command)


def _add_simulate(parsers: Any) -> None:
    parser = _command(
        parsers,
        "simulate",
        commands.simulate,
        "play SES on this host until Ctrl-C, with faults on request",
        "  sestools simulate\n  sestools simulate --fault dropped@25 --fault says:send-rate\n"
        "  sestools simulate --region us-east-1 --fault bad-certificate:expired@465\n"
        "  sestools simulate --scenario s4-flaky-link\n  sestools simulate --scenario my-incident.toml",
    )
    parser.add_argument(
        "--region", help="the region to play [the scenario's, SESTOOLS_REGION, AWS_REGION, us-east-1]"
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME[:WHAT][@PORTS]", help="(repeatable)"
    )
    parser.add_argument("--list-faults", action="store_true", help="list what can go wrong, and stop")
    parser.add_argument(
        "--scenario", metavar="NAME|FILE.toml", help="a situation that is ready, or one of yours"
    )
    parser.add_argument("--list-scenarios", action="store_true", help="list those that are ready, and stop")


if __name__ == "__main__":
    sys.exit(main())
