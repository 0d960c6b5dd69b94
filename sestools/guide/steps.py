"""The steps of an examination: how each went, or why it was skipped."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sestools.checkup.mtu_report import mtu_level
from sestools.checkup.port_check import PortCheck
from sestools.checkup.report import Report
from sestools.core.enums import Level, Outcome, Stage
from sestools.core.results import ProbeResult, Symptom
from sestools.core.text import duration, printable
from sestools.diagnosis.classifier import classify
from sestools.probes import LifetimeFacts, MtuFacts


class Step(StrEnum):
    """What is looked at, in order. The name is what `skip` takes."""

    PORTS = "ports"
    TLS = "tls"
    SIGN_IN = "sign-in"
    MESSAGE = "message"
    LARGE = "large"
    IDLE = "idle"


SKIPPABLE = (Step.SIGN_IN, Step.MESSAGE, Step.LARGE, Step.IDLE)
NAMES = {
    Step.PORTS: "name and ports",
    Step.TLS: "TLS",
    Step.SIGN_IN: "sign-in",
    Step.MESSAGE: "a message",
    Step.LARGE: "large packets",
    Step.IDLE: "idle time",
}
AS_ASKED = "as asked"


class State(StrEnum):
    """How a step went."""

    OK = "ok"
    NOTICE = "notice"
    """It works, and something is worth knowing."""
    PROBLEM = "problem"
    SKIPPED = "skipped"
    """It was left out, or an earlier step has to work first."""


@dataclass(frozen=True, kw_only=True)
class ExaminedStep:
    """One step of an examination.

    Attributes:
        step: What was looked at.
        state: How it went.
        detail: What was seen, or why it was skipped, in a few words.
    """

    step: Step
    state: State
    detail: str


def _skipped(step: Step, why: str) -> ExaminedStep:
    return ExaminedStep(step=step, state=State.SKIPPED, detail=why)


def _seen(step: Step, good: bool, detail: str, otherwise: State = State.PROBLEM) -> ExaminedStep:
    return ExaminedStep(step=step, state=State.OK if good else otherwise, detail=detail)


def short(symptom: Symptom) -> str:
    """What went wrong, in a few words."""
    return printable(f"{symptom.stage or ''} {symptom.reply or symptom.kind or symptom}".strip(), 200)


def connected(report: Report) -> list[PortCheck]:
    """The ports that were connected to."""
    return [check for check in report.ports if check.dialogue.steps and not check.is_shut]


def ports(report: Report) -> ExaminedStep:
    """Name and ports."""
    made, ready = connected(report), [check for check in report.ports if check.ready]
    if report.dns.outcome is Outcome.FAILED and not made:
        return _seen(Step.PORTS, False, "the name does not resolve")
    count = len(report.dns.facts.addresses) if report.dns.facts else 0
    where = f", {count} address{'es' if count != 1 else ''}" if count else ""
    detail = f"{len(made)} of {len(report.ports)} connect, {len(ready)} ready{where}"
    later = (Stage.TLS, Stage.STARTTLS)
    bad = [check for check in report.ports
           if not (check.ready or check.intercepted or check.symptom.stage in later)]  # fmt: skip
    return _seen(Step.PORTS, not bad, detail, State.NOTICE if report.level is Level.NOTICE else State.PROBLEM)


def tls(report: Report) -> ExaminedStep:
    """TLS and certificates."""
    made = connected(report)
    good = [check for check in made if check.tls and check.tls.verified and not check.intercepted]
    if not made:
        return _skipped(Step.TLS, "no port can be connected to")
    shown = next((check.tls for check in (*good, *made) if check.tls and check.tls.certificate), None)
    detail = f"{len(good)} of {len(made)} verify"
    if shown and shown.certificate:
        issuer = "Amazon" if shown.certificate.by_amazon else printable(shown.certificate.issuer, 60)
        detail = f"{detail}{f', {shown.version}' if shown.version else ''}, by {issuer}"
    return _seen(Step.TLS, len(good) == len(made), detail)


def sign_in(report: Report, *, given: bool, skipped: bool) -> ExaminedStep:
    """Sign-in, once."""
    session = report.session
    if session is None:
        why = AS_ASKED if skipped else "no port is ready to sign in" if given else "needs --user"
        return _skipped(Step.SIGN_IN, why)
    if session.facts and session.facts.signed_in:
        return _seen(Step.SIGN_IN, True, f"on {session.target.port}, once")
    if session.symptom is None:
        return _skipped(Step.SIGN_IN, session.reason)
    return _seen(Step.SIGN_IN, False, f"on {session.target.port}: {short(session.symptom)}")


def message(report: Report, *, given: bool, skipped: bool) -> ExaminedStep:
    """One message."""
    session = report.session
    if skipped or not given:
        return _skipped(Step.MESSAGE, AS_ASKED if skipped else "needs --user and --from")
    if session is None or not (session.facts and session.facts.signed_in):
        return _skipped(Step.MESSAGE, "the sign-in has to work first")
    if session.symptom:
        return _seen(Step.MESSAGE, False, short(session.symptom))
    if session.facts.message_id:
        return _seen(Step.MESSAGE, True, f"accepted: {printable(session.facts.message_id, 80)}")
    return _skipped(Step.MESSAGE, session.reason or "it was not sent")


def large(result: ProbeResult[MtuFacts] | None, why_not: str) -> ExaminedStep:
    """Large packets."""
    if result is None or result.reason:
        return _skipped(Step.LARGE, why_not or (result.reason if result else ""))
    facts = result.facts
    size = f", up to {facts.path_mtu} bytes" if facts.path_mtu else ""
    return _seen(
        Step.LARGE, mtu_level(result, classify(result)) is not Level.PROBLEM, f"{facts.passage}{size}"
    )


SOON = 8.0
"""Seconds of silence; what ends a connection earlier is not SES, which does after about 10."""


def idle(result: ProbeResult[LifetimeFacts] | None, why_not: str) -> ExaminedStep:
    """A silent connection."""
    if result is None:
        return _skipped(Step.IDLE, why_not)
    lives = result.facts.lives if result.facts else ()
    if not lives:
        return _seen(Step.IDLE, False, short(result.symptom) if result.symptom else result.reason)
    life = lives[0]
    if life.end is None:
        return _seen(Step.IDLE, True, f"alive after {duration(life.seconds)} of silence")
    detail = f"ended after {duration(life.seconds)} of silence: {short(life.end)}"
    return _seen(Step.IDLE, life.said and life.seconds >= SOON, detail, State.NOTICE)


def why_not_later(report: Report, step: Step, skip: Collection[str], *, stopped: bool) -> str:
    """Why a step after the check is not done, or an empty text."""
    if step in skip:
        return AS_ASKED
    if stopped:
        return "interrupted"
    if not connected(report):
        return "no port can be connected to"
    if step is Step.IDLE and not any(check.ready for check in report.ports):
        return "no port is ready to sign in"
    return ""
