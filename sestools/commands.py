"""What each command of the command line does, and where its settings come from."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sestools.model import Credentials, Level
    from sestools.simulator import Simulator

HEALTHY, PROBLEM, UNCLEAR = 0, 1, 3

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
received: list[int] = []
"""The signals that asked this process to end: the first one makes its exit code."""

HALF_INPUT = 2 * 1024 * 1024
"""Bytes that `classify` keeps of the beginning of standard input, and as many of its end."""


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
    from sestools.endpoints import DEFAULT_REGION

    return given or _setting("REGION", "AWS_REGION", "AWS_DEFAULT_REGION") or DEFAULT_REGION


def _credentials(options: argparse.Namespace) -> Credentials | None:
    from sestools.model import Credentials

    user = options.user or _setting("USER")
    if options.password_stdin:
        if not user:
            raise ValueError("--password-stdin needs --user (or SESTOOLS_USER)")
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
        raise ValueError("a user needs a password: use --password-stdin, or set SESTOOLS_PASSWORD")
    return _first_line()


def _typed(user: str) -> str:
    from getpass import getpass

    return getpass(f"SMTP password of {user}: ")


def _first_line() -> str:
    """The first line of standard input; a password file may begin with a byte order mark."""
    try:
        line = sys.stdin.buffer.readline(4096).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("the password on standard input is not UTF-8; SES's passwords are ASCII") from None
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
                raise ValueError
        except ValueError:
            raise ValueError(
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
        raise ValueError(f"SESTOOLS_TIMEOUT must be a number of seconds, not {text!r}") from None


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
        raise ValueError("--simulate brings its own --connect-to and --ca-file")
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
        raise ValueError(f"the simulator needs {error.name}: pip install 'sestools[simulator]'") from None


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
        raise ValueError("one scenario at a time")
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
    from sestools.endpoints import region_of, smtp_host

    if "." not in where:
        return where
    region = region_of(where)
    if region is None or smtp_host(region) != where.lower().rstrip("."):
        raise ValueError(f"--simulate plays the SMTP endpoint of a region, such as eu-west-1, not {where!r}")
    return region


def check(options: argparse.Namespace) -> int:
    """Run `sestools check`."""
    from sestools.checkup import check as look
    from sestools.model import Security
    from sestools.probes import SUCCESS

    where = _region(options.where)
    with _simulated(options, where) as place, _progress() as progress, stoppable() as stop:
        report = look(
            where,
            ports=options.ports,
            security=Security(options.security) if options.security else None,
            send=options.send,
            sender=options.sender,
            recipient=options.recipient or SUCCESS,
            confirm_recipient=options.confirm_recipient,
            timeout=_timeout(options),
            progress=progress,
            context=options.context,
            cancel=stop,
            **place,
        )
    if stop.is_set():
        raise KeyboardInterrupt
    if options.json:
        print(json.dumps(report.to_dict(), indent=2))
    elif options.markdown:
        print(report.to_markdown(), end="")
    else:
        from sestools.terminal import console, print_report

        print_report(console(sys.stdout), report, simulated=options.simulate is not None)
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


def classify(options: argparse.Namespace) -> int:
    """Run `sestools classify`."""
    from sestools.classifier import classify as explain

    texts = options.text or ["-"]
    if texts.count("-") > 1:
        raise ValueError("standard input can be read once")
    codes = []
    for text in texts:
        if text == "-":
            text = _piped()
        if not text.strip():
            raise ValueError("there is nothing to classify; give a text, or pipe one in")
        diagnosis = explain(text)
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


def mtu(options: argparse.Namespace) -> int:
    """Run `sestools mtu`."""
    from sestools.checkup import targets
    from sestools.classifier import classify as explain
    from sestools.probes import probe_mtu

    region = _region(options.where)
    with contextlib.ExitStack() as stack:
        if options.simulate is None:
            given = _connect_to([options.connect_to] if options.connect_to else None)
            (target,) = targets(region, ports=[options.port], connect_to=given)
        elif options.connect_to:
            raise ValueError("--simulate brings its own --connect-to")
        else:
            ses = stack.enter_context(_simulator(region, [options.simulate] if options.simulate else []))
            target = ses.target(options.port)
        result = probe_mtu(target, timeout=options.timeout, mtu=options.mtu)
    diagnosis = explain(result)
    if options.json:
        print(json.dumps({"schema_version": 1, **result.facts.to_dict(), **diagnosis.to_dict()}, indent=2))
    else:
        from sestools.terminal import console, print_mtu

        print_mtu(console(sys.stdout), result, diagnosis)
    well = result.ok and diagnosis.cause.retry == "not needed"
    return UNCLEAR if result.reason else HEALTHY if well else PROBLEM


def _piped() -> str:
    """Standard input: all of it, or of a long one its beginning and its end, where the newest lines are."""
    begin, end = sys.stdin.buffer.read(HALF_INPUT), b""
    while more := sys.stdin.buffer.read(HALF_INPUT):
        end = (end + more)[-HALF_INPUT:]
    return (begin + end).decode("utf-8", "replace")


def simulate(options: argparse.Namespace) -> int:
    """Run `sestools simulate`."""
    from sestools.endpoints import region_of
    from sestools.text import printable

    if options.list_faults or options.list_scenarios:
        return _list(scenarios=options.list_scenarios)
    ended = threading.Event()

    def show(port: int, connection: int, direction: str, text: str) -> None:
        try:
            print(f"{port:>5} #{connection:<4} {direction} {printable(text, 1000)}", flush=True)
        except OSError:  # whoever read it went away
            ended.set()

    with _simulator(options.region, options.fault, options.scenario, on_event=show) as simulator:
        region = region_of(simulator.host) or ""
        say(f"SES of {region}, simulated on this host. Ctrl-C ends it.")
        with on_signal(ended.set):
            print(_where(simulator, region), flush=True)
            ended.wait()
        say(f"\n{_ledger(simulator)}")
    return HEALTHY


def _list(*, scenarios: bool) -> int:
    with simulator_extra():
        from sestools.simulator import faults
        from sestools.simulator.scenario import Scenario, names
    if not scenarios:
        print(faults.describe())
        return HEALTHY
    for name in names():
        scenario = Scenario.named(name)
        print(f"{name:24} {scenario.failure:3} {scenario.title}\n{'':28} {scenario.about}")
    return HEALTHY


def _where(simulator: Simulator, region: str) -> str:
    """How to get at a simulator."""
    from sestools.simulator.account import Account

    places = simulator.connect_to.items()
    lines = [f"  {port:>5} is at {address}:{real}" for port, (address, real) in places]
    if len(simulator.addresses) > 1:
        server, port = simulator.nameserver
        lines.append(f"  addresses {simulator.addresses[0]} to {simulator.addresses[-1]}, same port numbers")
        lines.append(f"  DNS       dig @{server} -p {port} {simulator.host}")
    lines.append(f"  CA file   {simulator.ca_file}")
    if simulator.credentials == Account(region=region).sign_in:
        lines.append(f"  user      {simulator.credentials.user}")
        lines.append(f"  password  {simulator.credentials.password}   (made up; worth nothing)")
    else:
        lines.append("  user name and password are those of your scenario file")
    some = " ".join(f"--connect-to {port}:{address}:{real}" for port, (address, real) in places)
    lines.append(f"\n  sestools check {region} --ca-file {shlex.quote(simulator.ca_file)} {some}\n")
    return "\n".join(lines)


def _ledger(simulator: Simulator) -> str:
    """What came of it."""
    accepted = simulator.accepted
    recipients = sum(len(mail.recipients) for mail in accepted)
    used = len({mail.connection for mail in accepted})
    return (
        f"{len(accepted)} messages accepted for {recipients} recipients over {used} connections, "
        f"{simulator.refused} refused; {simulator.connections} connections in all"
    )
