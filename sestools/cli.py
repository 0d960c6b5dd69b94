"""The command line: `sestools check`, `sestools classify`, `sestools simulate`.

Data goes to stdout, progress to stderr. Exit codes: 0 healthy, 1 problem found, 2 wrong use, 3 could not
tell, 70 a bug of ours; 130 after Ctrl-C, 141 when the reader of the output went away.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sestools.model import Credentials, Level
    from sestools.simulator import Simulator

HEALTHY, PROBLEM, WRONG_USE, UNCLEAR, BUG, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 3, 70, 130, 141

LARGEST_INPUT = 4 * 1024 * 1024
"""Bytes of standard input that `classify` reads."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        options = _parser().parse_args(arguments)
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has what it wanted; Python would complain once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except ValueError as error:
        print(f"sestools: {error}", file=sys.stderr)
        return WRONG_USE
    except Exception as error:
        if os.environ.get("SESTOOLS_DEBUG"):
            raise
        print(
            f"sestools: this is a bug of ours: {type(error).__name__} in {_place(error)}. Please report it; "
            "SESTOOLS_DEBUG=1 shows the traceback.",
            file=sys.stderr,
        )
        return BUG


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else "nowhere"


def _setting(name: str, *others: str, default: str | None = None) -> str | None:
    """A setting from the environment: SESTOOLS_NAME first, then names that others use for the same."""
    for variable in (f"SESTOOLS_{name}", *others):
        if os.environ.get(variable):
            return os.environ[variable]
    return default


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sestools",
        description="Find out why mail through the Amazon SES SMTP interface fails.",
        epilog="examples:\n  sestools check eu-west-1\n  sestools classify '535 Authentication Credentials Invalid'\n"
        "  sestools simulate --fault dropped@25\n\nSettings come from flags, then from the environment "
        "(SESTOOLS_REGION, AWS_REGION,\nSESTOOLS_USER, SESTOOLS_PASSWORD, SESTOOLS_CA_FILE, SESTOOLS_TIMEOUT), "
        "then from defaults.\nExit codes: 0 healthy, 1 problem found, 2 wrong use, 3 could not tell, 70 a bug of ours.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sestools {version('sestools')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_check(commands)
    _add_classify(commands)
    _add_simulate(commands)
    return parser


def _command(
    commands: Any, name: str, run: Callable[..., int], about: str, examples: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_format(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON (it carries a schema_version)")
    form.add_argument("--markdown", action="store_true", help="print Markdown, to paste into a ticket")


def _add_check(commands: Any) -> None:
    parser = _command(
        commands,
        "check",
        _check,
        "check an endpoint on all its ports and say what is wrong",
        "  sestools check eu-west-1\n"
        "  sestools check eu-west-1 --port 587 --user AKIA... --password-stdin < password-file\n"
        "  sestools check us-east-1 --markdown > ticket.md\n"
        "  sestools check eu-west-1 --simulate dropped@25     (practise without AWS)",
    )
    parser.add_argument(
        "where",
        nargs="?",
        metavar="REGION",
        help="region or host name [SESTOOLS_REGION, AWS_REGION, us-east-1]",
    )
    parser.add_argument(
        "--port", type=int, action="append", dest="ports", help="check this port only (repeatable)"
    )
    parser.add_argument(
        "--security", choices=("starttls", "wrapper", "plain"), help="TLS mode [the port's own]"
    )
    parser.add_argument("--user", help="SMTP user name; signs in, once [SESTOOLS_USER]")
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the SMTP password from standard input [else it is asked for]",
    )
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
        "--timeout", type=float, metavar="SECONDS", help="for each probe [SESTOOLS_TIMEOUT, 5]"
    )
    parser.add_argument(
        "--connect-to",
        action="append",
        metavar="[PORT:]ADDRESS:PORT",
        help="connect there instead of where DNS says, for one port or all (repeatable)",
    )
    parser.add_argument("--ca-file", help="trust these certificate authorities instead [SESTOOLS_CA_FILE]")
    parser.add_argument(
        "--simulate",
        nargs="?",
        const="",
        metavar="FAULT",
        help="check a simulated SES on this host, with a fault if one is named",
    )
    _add_format(parser)


def _add_classify(commands: Any) -> None:
    parser = _command(
        commands,
        "classify",
        _classify,
        "say what an error message, log line or pasted text means",
        "  sestools classify '454 Throttling failure: Maximum sending rate exceeded'\n"
        "  tail -50 /var/log/mail.log | sestools classify -\n"
        "  sestools classify --json - < traceback.txt",
    )
    parser.add_argument("text", nargs="*", help="the text; '-' or nothing reads standard input")
    _add_format(parser)


def _add_simulate(commands: Any) -> None:
    parser = _command(
        commands,
        "simulate",
        _simulate,
        "play SES on this host until Ctrl-C, with faults on request",
        "  sestools simulate\n  sestools simulate --fault dropped@25 --fault says:send-rate\n"
        "  sestools simulate --region us-east-1 --fault bad-certificate:expired@465",
    )
    parser.add_argument("--region", help="the region to play [SESTOOLS_REGION, AWS_REGION, us-east-1]")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME[:WHAT][@PORTS]", help="(repeatable)"
    )
    parser.add_argument("--list-faults", action="store_true", help="list what can go wrong, and stop")


def _region(given: str | None) -> str:
    from sestools.endpoints import DEFAULT_REGION

    return given or _setting("REGION", "AWS_REGION", "AWS_DEFAULT_REGION") or DEFAULT_REGION


def _credentials(options: argparse.Namespace) -> Credentials | None:
    from sestools.model import Credentials

    user = options.user or _setting("USER")
    if options.password_stdin:
        if not user:
            raise ValueError("--password-stdin needs --user (or SESTOOLS_USER)")
        password = sys.stdin.readline().rstrip("\r\n")
    elif not user:
        return None
    elif found := _setting("PASSWORD"):
        password = found
    elif sys.stdin.isatty():
        from getpass import getpass

        password = getpass(f"SMTP password of {user}: ")
    else:
        raise ValueError("a user needs a password: use --password-stdin, or set SESTOOLS_PASSWORD")
    return Credentials(user=user, password=password)


def _connect_to(given: Sequence[str] | None) -> dict[int, tuple[str, int]] | tuple[str, int] | None:
    if not given:
        return None
    found: dict[int, tuple[str, int]] = {}
    for text in given:
        rest, _, port = text.rpartition(":")
        first, _, address = rest.partition(":")
        try:
            if first.isdigit():
                found[int(first)] = (address.strip("[]"), int(port))
            elif len(given) == 1:
                return rest.strip("[]"), int(port)
            else:
                raise ValueError
        except ValueError:
            raise ValueError(
                f"--connect-to wants [PORT:]ADDRESS:PORT, such as 587:127.0.0.1:2587, not {text!r}"
            ) from None
    return found


def _timeout(options: argparse.Namespace) -> float:
    if options.timeout is not None:
        return float(options.timeout)
    text = _setting("TIMEOUT", default="5") or "5"
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"SESTOOLS_TIMEOUT must be a number of seconds, not {text!r}") from None


@contextlib.contextmanager
def _simulated(options: argparse.Namespace, region: str) -> Iterator[dict[str, Any]]:
    """What to add to a check so that it meets the simulator, if it was asked for."""
    if options.simulate is None:
        yield {
            "connect_to": _connect_to(options.connect_to),
            "ca_file": options.ca_file or _setting("CA_FILE"),
        }
        return
    if options.connect_to or options.ca_file:
        raise ValueError("--simulate brings its own --connect-to and --ca-file")
    with _simulator(region, [options.simulate] if options.simulate else []) as simulator:
        yield {"connect_to": simulator.connect_to, "ca_file": simulator.ca_file}


def _simulator(region: str, given: Sequence[str], **more: Any) -> Simulator:
    try:
        from sestools.simulator import Simulator, faults
    except ModuleNotFoundError as error:
        raise ValueError(f"the simulator needs {error.name}: pip install 'sestools[simulator]'") from None
    return Simulator(region=region, faults=[faults.parse(text) for text in given], **more)


def _check(options: argparse.Namespace) -> int:
    from sestools.check import check
    from sestools.model import Security
    from sestools.probes import SUCCESS

    where = _region(options.where)
    with _simulated(options, where) as place, _progress() as progress:
        report = check(
            where,
            ports=options.ports,
            security=Security(options.security) if options.security else None,
            credentials=_credentials(options),
            send=options.send,
            sender=options.sender,
            recipient=options.recipient or SUCCESS,
            confirm_recipient=options.confirm_recipient,
            timeout=_timeout(options),
            progress=progress,
            **place,
        )
    if options.json:
        print(json.dumps(report.to_dict(), indent=2))
    elif options.markdown:
        print(report.to_markdown(), end="")
    else:
        from sestools.terminal import console, print_report

        print_report(console(sys.stdout), report)
    return _exit_code(report.level)


def _exit_code(level: Level) -> int:
    return {"ok": HEALTHY, "notice": HEALTHY, "problem": PROBLEM, "unclear": UNCLEAR}[level]


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None] | None]:
    """A spinner on stderr, if somebody is looking."""
    if not sys.stderr.isatty():
        yield None
        return
    from sestools.terminal import console

    with console(sys.stderr).status("checking") as status:
        yield lambda done, total, what: status.update(f"checking {what} ({done} of {total} done)")


def _classify(options: argparse.Namespace) -> int:
    from sestools.classify import classify

    texts = options.text or ["-"]
    if texts.count("-") > 1:
        raise ValueError("standard input can be read once")
    codes = []
    for text in texts:
        if text == "-":
            text = sys.stdin.buffer.read(LARGEST_INPUT).decode("utf-8", "replace")
        if not text.strip():
            raise ValueError("there is nothing to classify; give a text, or pipe one in")
        diagnosis = classify(text)
        if options.json:
            print(json.dumps({"schema_version": 1, **diagnosis.to_dict()}))
        elif options.markdown:
            print(diagnosis.to_markdown())
        else:
            from sestools.terminal import console, print_diagnosis

            print_diagnosis(console(sys.stdout), diagnosis)
        known = not diagnosis.cause.id.startswith("unknown")
        good = diagnosis.cause.retry == "not needed"
        codes.append(HEALTHY if good else PROBLEM if known else UNCLEAR)
    return PROBLEM if PROBLEM in codes else max(codes)


def _simulate(options: argparse.Namespace) -> int:
    import threading

    if options.list_faults:
        from sestools.simulator import faults

        print(faults.describe())
        return HEALTHY

    def show(port: int, connection: int, direction: str, text: str) -> None:
        print(f"{port:>5} #{connection:<4} {direction} {text}", flush=True)

    region = _region(options.region)
    with _simulator(region, options.fault, on_event=show) as simulator:
        user, password = simulator.credentials.user, simulator.credentials.password
        print(f"SES of {region}, simulated on this host. Ctrl-C ends it.", file=sys.stderr)
        for port, (address, real) in simulator.connect_to.items():
            print(f"  {port:>5} is at {address}:{real}")
        print(
            f"  CA file   {simulator.ca_file}\n  user      {user}\n  password  {password}   (made up; worth nothing)"
        )
        some = " ".join(
            f"--connect-to {port}:{address}:{real}" for port, (address, real) in simulator.connect_to.items()
        )
        print(f"\n  sestools check {region} --ca-file {simulator.ca_file} {some}\n", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(f"\n{len(simulator.accepted)} messages accepted", file=sys.stderr)
    return HEALTHY


if __name__ == "__main__":
    sys.exit(main())
