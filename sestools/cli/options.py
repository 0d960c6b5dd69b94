"""Options and settings that several commands share, and where the settings come from."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.core.credentials import Credentials
    from sestools.core.document import Document
    from sestools.core.enums import Level
    from sestools.simulator import Simulator

HEALTHY, PROBLEM, UNCLEAR = 0, 1, 3


_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


received: list[int] = []
"""The signals that asked this process to end: the first one makes its exit code."""


def _setting(name: str, *others: str, default: str | None = None) -> str | None:
    """A setting from the environment: SESTOOLS_NAME first, then names that others use for the same."""
    for variable in (f"SESTOOLS_{name}", *others):
        if os.environ.get(variable):
            return os.environ[variable]
    return default


def add_place(parser: argparse._ActionsContainer, timeout: str) -> None:
    """The options that say where to connect and how to sign in; `timeout` is the help of `--timeout`."""
    parser.add_argument("--user", help="SMTP user name, to sign in with [SESTOOLS_USER]")
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the SMTP password from standard input [else it is asked for]",
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help=timeout)
    parser.add_argument(
        "--connect-to",
        action="append",
        metavar="[PORT:]ADDRESS:PORT",
        help="connect there instead of where DNS says, for one port or all (repeatable)",
    )
    parser.add_argument(
        "--ca-file", help="trust these certificate authorities, also to sign in [SESTOOLS_CA_FILE]"
    )


def _region(given: str | None) -> str:
    from sestools.core.endpoints import DEFAULT_REGION

    return given or _setting("REGION", "AWS_REGION", "AWS_DEFAULT_REGION") or DEFAULT_REGION


def _credentials(options: argparse.Namespace) -> Credentials | None:
    from sestools.core.credentials import Credentials

    user = options.user or _setting("USER")
    if options.password_stdin:
        if not user:
            raise UsageError("--password-stdin needs --user (or SESTOOLS_USER)")
    elif not user:
        return None
    return Credentials(user=user, password=_password(user, options.password_stdin))


def _password(user: str, piped: bool) -> str:
    # It gets no name here: a traceback can show what a function still holds.
    if not piped and _setting("PASSWORD"):
        return _setting("PASSWORD") or ""
    if sys.stdin.isatty():
        return _typed(user)
    if not piped:
        raise UsageError("a user needs a password: use --password-stdin, or set SESTOOLS_PASSWORD")
    return _first_line()


def _typed(user: str) -> str:
    from getpass import getpass

    return getpass(f"SMTP password of {user}: ")


def _first_line() -> str:
    """The first line of standard input; a password file may begin with a byte order mark."""
    try:
        line = sys.stdin.buffer.readline(4096).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the password on standard input is not UTF-8; SES's passwords are ASCII") from None
    return line.rstrip("\r\n")


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
                raise UsageError
        except ValueError:
            raise UsageError(
                f"--connect-to wants [PORT:]ADDRESS:PORT, such as 587:127.0.0.1:2587, not {text!r}"
            ) from None
    return found


def _timeout(options: argparse.Namespace, default: str = "5") -> float:
    if options.timeout is not None:
        return float(options.timeout)
    text = _setting("TIMEOUT") or default
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"SESTOOLS_TIMEOUT must be a number of seconds, not {text!r}") from None


@contextlib.contextmanager
def _simulated(options: argparse.Namespace, region: str) -> Iterator[dict[str, Any]]:
    """What to add to a check so that it meets the simulator, if it was asked for."""
    if options.simulate is None:
        yield {
            "connect_to": _connect_to(options.connect_to),
            "ca_file": options.ca_file or _setting("CA_FILE"),
            "credentials": _credentials(options),
        }
        return
    if options.connect_to or options.ca_file:
        raise UsageError("--simulate brings its own --connect-to and --ca-file")
    with _simulator(region, [options.simulate] if options.simulate else []) as simulator:
        yield {
            "connect_to": simulator.connect_to,
            "ca_file": simulator.ca_file,
            "credentials": _credentials(options) or simulator.credentials,
        }


@contextlib.contextmanager
def simulator_extra() -> Iterator[None]:
    """For imports of the simulator: without its extra, that is said."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"the simulator needs {error.name}: pip install 'sestools[simulator]'") from None


@contextlib.contextmanager
def _simulator(
    region: str | None, given: Sequence[str], scenario: str | None = None, **more: Any
) -> Iterator[Simulator]:
    """A simulator that runs, with faults in their written form; one of them can be the name of a scenario.

    Without a region it plays in that of the scenario, or else in that of the environment.
    """
    with simulator_extra():
        from sestools.simulator import Scenario, Simulator, faults
        from sestools.simulator.scenario import names
    known = [text for text in given if text in names()]
    if len(known) + (scenario is not None) > 1:
        raise UsageError("one scenario at a time")
    name = scenario or next(iter(known), None)
    script = Scenario.named(name) if name else Scenario()
    simulator = Simulator(
        _played(region or script.region or _region(None)),
        scenario=script,
        faults=[faults.parse(text) for text in given if text not in known],
        **more,
    )
    with contextlib.ExitStack() as stack:
        with stoppable() as stop:  # what is interrupted half-way through its start cannot be tidied up
            stack.enter_context(simulator)
        if stop.is_set():
            raise KeyboardInterrupt
        yield simulator


def _played(where: str) -> str:
    """The region to play where a host name was given."""
    from sestools.core.endpoints import region_of, smtp_host

    if "." not in where:
        return where
    region = region_of(where)
    if region is None or smtp_host(region) != where.lower().rstrip("."):
        raise UsageError(f"--simulate plays the SMTP endpoint of a region, such as eu-west-1, not {where!r}")
    return region


def _exit_code(level: Level) -> int:
    return {"ok": HEALTHY, "notice": HEALTHY, "problem": PROBLEM, "unclear": UNCLEAR}[level]


def emit(options: argparse.Namespace, data: dict[str, Any], *documents: Document) -> None:
    """Print a result as it was asked for: JSON for programs, Markdown for tickets, or text for this terminal."""
    if options.json:
        print(json.dumps({"schema_version": 1, **data}, indent=2))
    elif getattr(options, "markdown", False):
        from sestools.render.markdown import as_markdown

        print("\n".join(map(as_markdown, documents)), end="")
    else:
        from sestools.render.terminal import console, show

        out = console(sys.stdout)
        for document in documents:
            show(out, document)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None] | None]:
    """A spinner on stderr, if somebody is looking."""
    if not sys.stderr.isatty():
        yield None
        return
    from sestools.render.terminal import console

    with console(sys.stderr).status("checking") as status:
        yield lambda done, total, what: status.update(f"checking {what} ({done} of {total} done)")


@contextlib.contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets. An exception instead is lost if it comes while Python cleans something up."""
    stop = threading.Event()
    with on_signal(stop.set):
        yield stop


@contextlib.contextmanager
def on_signal(act: Callable[[], object]) -> Iterator[None]:
    """Act when Ctrl-C, `kill` or the end of the terminal asks this process to end; what nohup ignores stays ignored."""

    def note(number: int, _: object) -> None:
        received.append(number)
        act()

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in _ENDING:
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(text: str, end: str = "\n") -> None:
    """A line on stderr; if it cannot be written there, nothing else is lost with it."""
    with contextlib.suppress(OSError):
        print(text, end=end, file=sys.stderr, flush=True)


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
