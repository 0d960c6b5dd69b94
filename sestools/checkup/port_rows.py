"""What became of each port, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence

from sestools.checkup.port_check import PortCheck
from sestools.core.document import Table
from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Level, Outcome, Stage
from sestools.core.results import ProbeResult, Step
from sestools.core.text import duration, printable


def outcome(check: PortCheck, session: ProbeResult | None) -> str:
    """How it went on a port, in a few words: where it was signed in on, how that went."""
    if check.dialogue.outcome is Outcome.NOT_RUN:
        return "not checked"
    if not (session and session.target.port == check.port and check.ready):
        return check.result
    symptom = session.symptom
    if symptom is None:
        return "ready to sign in" if session.outcome is Outcome.NOT_RUN else _done(session)
    said = symptom.reply or (symptom.kind if symptom.kind is not Kind.TIMEOUT else "no answer")
    if symptom.stage is Stage.AUTH:
        return f"sign-in failed: {said}"
    signed_in = session.facts and session.facts.signed_in
    return f"{'signed in, then' if signed_in else 'then'} {symptom.stage}: {said}"


def _done(session: ProbeResult) -> str:
    if not (session.facts and session.facts.signed_in):
        return "ready to sign in"
    return "signed in, message accepted" if session.facts.message_id else "signed in"


def _level(check: PortCheck, session: ProbeResult | None) -> Level:
    failed = session is not None and session.symptom and session.target.port == check.port
    if check.ready:
        return Level.PROBLEM if failed else Level.OK
    return Level.NOTICE if check.dialogue.ok else Level.PROBLEM


def port_table(ports: Sequence[PortCheck], session: ProbeResult | None) -> Table:
    """A row for each port, with a column for each stage."""
    return Table(
        headings=("port", "mode", "connect", "greeting", "TLS", "sign-in", "result"),
        rows=tuple(_cells(session, check) for check in ports),
        right=("port",),
        levels=tuple(_level(check, session) for check in ports),
        coloured="result",
        narrow=("mode", "greeting", "connect", "TLS", "sign-in"),
    )


def _cells(session: ProbeResult | None, check: PortCheck) -> tuple[str, ...]:
    symptom, tls = check.dialogue.symptom, check.tls

    def cell(stage: Stage) -> str:
        steps = [step for step in check.dialogue.steps if step.stage is stage]
        failed = next((step.symptom for step in steps if step.symptom), None)
        if not steps:
            return "-"
        if stage is Stage.CONNECT:
            if made := next((step for step in steps if not step.symptom), None):
                return duration(made.seconds)
            return f"{failed.kind if failed else ''} ({duration(max(step.seconds for step in steps))})"
        took = duration(sum(step.seconds for step in steps))
        if symptom is None or symptom.stage is not stage:
            return took
        return f"{'timeout' if symptom.kind is Kind.TIMEOUT else 'failed'} ({took})"

    signed = "not tried" if symptom is None else "-"
    if symptom is None and session and session.target.port == check.port:
        signed = "signed in" if session.facts.signed_in else "failed"
    return (
        str(check.port),
        "TLS wrapper" if check.security is Security.WRAPPER else check.security.upper(),
        cell(Stage.CONNECT),
        cell(Stage.GREETING),
        f"{tls.version} {cell(Stage.TLS)}" if tls and tls.version else cell(Stage.TLS),
        signed,
        printable(outcome(check, session), 60),
    )


def ports_in_short(ports: Sequence[PortCheck], session: ProbeResult | None) -> Table:
    """A row for each port, as narrow as a first screen wants it."""
    return Table(
        headings=("port", "connect", "TLS", "SMTP"),
        rows=tuple(_short_cells(check, session) for check in ports),
        right=("port",),
        levels=tuple(_level(check, session) for check in ports),
        coloured="SMTP",
        narrow=("TLS", "connect"),
    )


def _short_cells(check: PortCheck, session: ProbeResult | None) -> tuple[str, ...]:
    def cell(stage: Stage) -> str:
        steps = [step for step in check.dialogue.steps if step.stage is stage]
        good = [step for step in steps if not step.symptom]
        if good and (stage is Stage.CONNECT or len(good) == len(steps)):
            return duration(sum(step.seconds for step in good))
        return _how(steps[0]) if steps else ""

    version = check.tls.version if check.tls and check.tls.version else ""
    said = outcome(check, session)
    return (
        str(check.port),
        cell(Stage.CONNECT),
        f"{version} {cell(Stage.TLS)}".strip(),
        "" if check.is_shut else printable(said, 34).removesuffix(" to sign in"),
    )


def _how(step: Step) -> str:
    """How a step failed, and after how long."""
    kind = step.symptom.kind if step.symptom else None
    return f"{'no answer' if kind is Kind.TIMEOUT else kind} {duration(step.seconds)}"
