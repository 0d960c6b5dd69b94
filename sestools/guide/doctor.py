"""`doctor`: every layer in order, from the name to a message, large packets and silence; one verdict."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from sestools.checkup.check import check
from sestools.checkup.environment import Context
from sestools.checkup.findings import Finding
from sestools.checkup.mtu_report import mtu_level
from sestools.checkup.report import Report
from sestools.core.clock import TIMEOUT, Progress, no_progress
from sestools.core.credentials import Credentials
from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Level, Stage
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.diagnosis.classifier import classify
from sestools.guide import steps
from sestools.guide.examination import Examination
from sestools.guide.steps import SKIPPABLE, State, Step
from sestools.probes import SUCCESS, LifetimeFacts, MtuFacts, Plan, probe_lifetime, probe_mtu

SILENCE = 60.0
"""Seconds of silence that the idle test waits at most. SES ends a silent connection after about 10."""
_WEIGHT = (Level.PROBLEM, Level.UNCLEAR, Level.NOTICE, Level.OK)


def doctor(
    where: str,
    *,
    ports: Sequence[int] | None = None,
    security: Security | None = None,
    credentials: Credentials | None = None,
    sender: str | None = None,
    recipient: str = SUCCESS,
    confirm_recipient: bool = False,
    idle: bool = False,
    skip: Collection[str] = (),
    connect_to: Mapping[int, tuple[str, int]] | tuple[str, int] | None = None,
    ca_file: str | None = None,
    timeout: float = TIMEOUT,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    context: Context | str | None = None,
) -> Examination:
    """Examine the way to SES step by step: name and ports, TLS, sign-in, a message, large packets, silence.

    It signs in once, and sends one message, to SES's mailbox simulator unless another recipient is named and
    confirmed. A step that needs an earlier one to work, or something that was not given, is skipped and says so.

    Args:
        where: A region such as `eu-west-1`, or a host name.
        ports: Ports, by default all five.
        security: TLS mode to try instead of each port's own.
        credentials: SMTP user name and password; without them there is no sign-in and no message.
        sender: Envelope sender, verified in the region; without one there is no message.
        recipient: Its recipient.
        confirm_recipient: Yes, mail may go to a recipient outside the mailbox simulator.
        idle: Whether to hold a silent connection until it is ended, for a minute at most.
        skip: Steps to leave out: `sign-in`, `message`, `large`, `idle`.
        connect_to: As `check` takes it.
        ca_file: As `check` takes it.
        timeout: Seconds that each probe of the check may take.
        progress: Called with (done, total, what) from the calling thread.
        cancel: Set it to end the examination within a tenth of a second; what was seen so far is returned.
        context: Where this runs, as `check` takes it.

    Raises:
        UsageError: On wrong use.
    """
    if unknown := set(map(str, skip)) - set(map(str, SKIPPABLE)):
        raise UsageError(f"only {', '.join(SKIPPABLE)} can be skipped, not {', '.join(sorted(unknown))}")
    if sender and not credentials:
        raise UsageError("a message needs credentials (--user): SES accepts mail only after AUTH")
    tell, stop = progress or no_progress, cancel or threading.Event()
    signs_in = credentials if Step.SIGN_IN not in skip else None
    left_out = sender is not None and (signs_in is None or Step.MESSAGE in skip)
    report = check(
        where, ports=ports, security=security, credentials=signs_in, send=bool(sender) and not left_out,
        sender=sender, recipient=recipient, confirm_recipient=confirm_recipient, connect_to=connect_to,
        ca_file=ca_file, timeout=timeout, progress=tell, cancel=stop, context=context,
    )  # fmt: skip
    mtu = silent = None
    no_large = steps.why_not_later(report, Step.LARGE, skip, stopped=stop.is_set())
    if not no_large:
        tell(0, 1, "large packets")
        mtu = probe_mtu(_target(report), cancel=stop)
    no_idle = "" if idle else "not asked for: --idle takes a minute at most"
    no_idle = steps.why_not_later(report, Step.IDLE, skip, stopped=stop.is_set()) or no_idle
    if not no_idle:
        tell(0, 1, f"a silent connection, {SILENCE:.0f} s at most")
        plan = Plan(silent=1, silence=SILENCE, lives=0, senders=0)
        silent = probe_lifetime(_target(report), plan=plan, timeout=timeout, cancel=stop)
    return Examination(
        report=report,
        mtu=mtu,
        idle=silent,
        steps=(
            steps.ports(report),
            steps.tls(report),
            steps.sign_in(report, given=credentials is not None, skipped=Step.SIGN_IN in skip),
            steps.message(report, given=sender is not None, skipped=left_out),
            steps.large(mtu, no_large),
            steps.idle(silent, no_idle),
        ),
        findings=_findings(report, mtu, silent),
    )


def _target(report: Report) -> Target:
    """Where the steps after the check connect: where it signed in, else a port that is ready, else one that connects."""
    port = report.session.target.port if report.session else 0
    made = steps.connected(report)
    made.sort(key=lambda check: (check.port != port, not check.ready, check.port != 587))
    target, address = made[0].dialogue.target, made[0].facts.address
    if address and not target.connect_to:
        return replace(target, connect_to=(address, target.port))
    return target


def _findings(
    report: Report, mtu: ProbeResult[MtuFacts] | None, silent: ProbeResult[LifetimeFacts] | None
) -> tuple[Finding, ...]:
    """All findings, the weightiest first; a black hole that was proved explains a reply that did not come."""
    found = [*report.findings]
    symptom = report.diagnosis.symptom
    waited = symptom.kind is Kind.TIMEOUT and symptom.stage is not Stage.CONNECT
    for one in _large(mtu):
        found.insert(0 if waited else len(found), one)
    found += _idle(silent)
    if len(found) > 1:  # what is well is no finding beside another one
        found = [one for one in found if one.level is not Level.OK] or found[:1]
    return tuple(sorted(found, key=lambda one: _WEIGHT.index(one.level)))


def _large(mtu: ProbeResult[MtuFacts] | None) -> Iterator[Finding]:
    if mtu and not mtu.reason and (level := mtu_level(mtu, diagnosis := classify(mtu))) is not Level.OK:
        yield Finding(level=level, diagnosis=diagnosis)


def _idle(silent: ProbeResult[LifetimeFacts] | None) -> Iterator[Finding]:
    """Silence that something ended which is not SES, or earlier than SES does."""
    step = steps.idle(silent, "")
    if silent and step.state is not State.OK:
        lives = silent.facts.lives if silent.facts else ()
        diagnosis = classify(lives[0].end if lives else silent)
        evidence = (step.detail, *diagnosis.evidence)
        yield Finding(level=Level.NOTICE, diagnosis=replace(diagnosis, evidence=evidence))
