"""Connections that were made and then stalled, crept or ended: by size, by bytes, by content, by loss, or by slowness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sestools.checkup.findings import Finding, finding, names
from sestools.checkup.port_check import SLOW, Experiment, Look, PortCheck, Run, heard, pace_of
from sestools.checkup.suspicion import Suspicion
from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Level, Retry, Stage
from sestools.core.results import ProbeResult, Symptom
from sestools.core.text import duration
from sestools.diagnosis.classifier import classify
from sestools.knowledge.table import cause

_FRESH = (Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.TLS)


def slow(port: PortCheck, run: Run) -> Suspicion | None:
    """A dialogue that went on, and was not done in time."""
    if port.symptom.kind is not Kind.TIMEOUT or port.is_shut or not (pace := pace_of(port.dialogue)):
        return None
    level = Level.NOTICE if run.ready else Level.UNCLEAR
    again = run.look(Experiment.AGAIN, port)
    return Suspicion(
        causes=("lossy-path", "slow-path") if run.lossy else ("slow-path", "lossy-path"),
        saw=f"{port.symptom.stage}: not finished; {pace}",
        more=_shown(again),
        experiments=(Experiment.AGAIN,),
        level=level,
    )


def closed_at_once(port: PortCheck, run: Run) -> Suspicion | None:
    """A connection that was lost in a step that only a fresh one takes."""
    fresh = port.symptom.stage in _FRESH
    if not fresh or classify(port.dialogue).cause.id != "connection-lost":
        return None
    again = run.look(Experiment.AGAIN, _tried(port, run))
    if again and again.result.ok:
        return _passing(run, again)
    return Suspicion(
        causes=("closed-at-once", "connection-lost"), more=_shown(again), experiments=(Experiment.AGAIN,)
    )


def _shown(*looks: Look | None) -> list[str]:
    return [str(one) for one in looks if one]


def _tried(port: PortCheck, run: Run) -> PortCheck:
    """The port that was looked at again: this one, or one that had ended alike."""
    symptom = port.symptom
    alike = (
        one for one in run.ports if (one.symptom.kind, one.symptom.stage) == (symptom.kind, symptom.stage)
    )
    return next((one for one in (port, *alike) if run.look(Experiment.AGAIN, one)), port)


def _passing(run: Run, again: Look) -> Suspicion:
    """What failed beside the other ports, and went well alone."""
    return Suspicion(
        causes=("lossy-path", "connection-limit") if run.lossy else ("connection-limit", "lossy-path"),
        more=_shown(again),
        ruled_out=(f"port {again.port} itself: alone it was ready",),
        level=Level.NOTICE if run.ready else Level.UNCLEAR,
    )


def silent(port: PortCheck, run: Run) -> Suspicion | None:
    """No answer after the connection was made: what the same, alone and with small segments, shows beside it."""
    if port.symptom.kind is not Kind.TIMEOUT or port.is_shut:
        return None
    in_tls = port.symptom.stage is Stage.TLS
    at_greeting = [one.port for one in run.ports if _silent_at_greeting(one)]
    through = [one.port for one in run.ports if one.tls]
    no_mtu = [f"the path MTU: port {one} is silent before anything large is sent" for one in at_greeting[:1]]
    no_mtu += [f"the path MTU: the same handshake goes through on port {one}" for one in through[:1]]
    tried = _tried(port, run)
    again, small = run.look(Experiment.AGAIN, tried), run.look(Experiment.SMALL, tried)
    if again and again.result.ok:
        return _passing(run, again)
    if run.lossy:
        return Suspicion(causes=("lossy-path", "reply-timeout"), more=(*_sent_again(run), *_shown(again)))
    if not in_tls or no_mtu:
        more = _parts(port.dialogue)
        return Suspicion(
            causes=("reply-timeout",) if in_tls or more else classify(port.dialogue).candidates,
            more=(*more, *_shown(again)),
            ruled_out=no_mtu if in_tls else (),
            experiments=(Experiment.AGAIN,),
        )
    mute = [one for one in run.ports if one.symptom.kind is Kind.TIMEOUT and one.symptom.stage is Stage.TLS]
    spoke = any(one.security is not Security.WRAPPER for one in mute)
    if small is None:
        # Nothing was sent that could arrive twice, and several ports alike are no chance.
        lead = replace(cause("mtu-stall"), retry=Retry.NO)
        return Suspicion(
            causes=(lead, "tls-swallowed") if spoke else ("reply-timeout", lead),
            more=_shown(again),
            experiments=(Experiment.AGAIN, Experiment.SMALL),
        )
    found = _stall(run, again, small)
    # Where nothing is said before TLS, nothing shows that anybody listens.
    return (
        found
        if spoke or small.result.ok or heard(small.result)
        else replace(found, causes=("reply-timeout",))
    )


def _silent_at_greeting(port: PortCheck) -> bool:
    return port.symptom.kind is Kind.TIMEOUT and port.symptom.stage is Stage.GREETING


def _parts(result: ProbeResult) -> list[str]:
    came = heard(result)
    return [f"{result.target.port}: {came} bytes of a reply came, and then nothing more"] if came else []


def _stall(run: Run, again: Look | None, small: Look) -> Suspicion:
    """A handshake that stalls again alone: what small segments change decides."""
    shown = _shown(again, small)
    if small.result.ok:
        return Suspicion(
            causes=("mtu-black-hole",),
            more=shown,
            ruled_out=("the content of the handshake, and the number of connections: they were the same",),
        )
    came = max([heard(small.result), *([heard(again.result)] if again else [])])
    ruled_out = ["the path MTU: small segments stall as well"]
    write = run.look(Experiment.WRITE)
    if write and _passed(write):
        ruled_out.append(f"a limit on bytes: {_wrote(write)}")
    if came:
        shown.append(f"{came} bytes of the server's answer came, and then nothing more")
    if came or (write and _stalled(write)):
        return Suspicion(causes=("stall-by-bytes", "reply-timeout"), more=shown, ruled_out=ruled_out)
    return Suspicion(causes=("tls-swallowed", "reply-timeout"), more=shown, ruled_out=ruled_out)


def _sent_again(run: Run) -> Iterator[str]:
    if ports := run.resent:
        yield f"{names(ports)}: packets had to be sent again, and then arrived"


def large_write(run: Run) -> Iterator[Finding]:
    """What became of a large write; a finding if it stalled."""
    first = run.look(Experiment.WRITE)
    if first is None or not _stalled(first):
        return
    again, small = run.look(Experiment.WRITE_AGAIN), run.look(Experiment.SMALL_WRITE)
    symptom = first.result.symptom or Symptom(host=run.host)
    evidence = [_wrote(first), *map(_wrote, filter(None, (again, small)))]
    if run.lossy:
        return
    if again is None or small is None:
        lead = replace(cause("mtu-stall"), retry=Retry.NO)
        yield finding(symptom, (lead, "lossy-path"), evidence, ["a blocked port: the connection was made"])
    elif _stalled(again) and _passed(small):
        yield finding(symptom, ("mtu-black-hole",), evidence, ["a blocked port: the connection was made"])
    elif _stalled(again):
        evidence_against = ["the path MTU: small segments stall as well"]
        yield finding(symptom, ("stall-by-bytes", "lossy-path"), evidence, evidence_against)


def write_experiments(run: Run) -> tuple[Experiment, ...]:
    """What would settle a large write that stalled."""
    first = run.look(Experiment.WRITE)
    return (Experiment.WRITE_AGAIN, Experiment.SMALL_WRITE) if first and _stalled(first) else ()


def _stalled(look: Look) -> bool:
    trial = look.result.facts
    return trial is not None and trial.stalled


def _passed(look: Look) -> bool:
    return look.result.ok and look.result.facts is not None


def _wrote(look: Look) -> str:
    trial = look.result.facts
    if trial is None:
        return f"{look.port}: {look.experiment}: {look.result.symptom}"
    size = f" of {trial.clamp or trial.before.mss} bytes" if trial.before else ""
    end = f"{trial.flight}, {trial.retransmits} sent again" if trial.stalled else str(trial.flight)
    return f"{look.port}: {look.experiment}, segments{size}: {end} ({duration(trial.seconds)})"


def path_notices(run: Run) -> Iterator[Finding]:
    """A path that works, and is slow or loses packets."""
    for port in run.ports:
        replies = [
            step.seconds
            for step in port.dialogue.steps
            if step.stage in _FRESH and step.stage not in (Stage.CONNECT, Stage.TLS)
        ]
        if port.ready and replies and min(replies) >= SLOW:
            evidence = [f"{port.port}: no reply came in less than {duration(min(replies))}"]
            yield finding(
                Symptom(host=run.host, port=port.port), ("slow-path",), evidence, level=Level.NOTICE
            )
            return
    if run.lossy:
        evidence = list(_sent_again(run))
        yield finding(Symptom(host=run.host), ("lossy-path",), evidence, level=Level.NOTICE)
