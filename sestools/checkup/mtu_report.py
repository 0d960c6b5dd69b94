"""What `probe_mtu` found, with its diagnosis, as a document."""

from __future__ import annotations

from sestools.core.document import Document, Table
from sestools.core.enums import Level, Retry
from sestools.core.results import ProbeResult
from sestools.core.text import duration
from sestools.diagnosis.result import Diagnosis
from sestools.probes.segment_trial import Trial


def mtu_level(result: ProbeResult, diagnosis: Diagnosis) -> Level:
    """How serious it is: a narrow path that works is worth knowing, and no problem."""
    if result.reason:
        return Level.UNCLEAR
    if not result.ok or diagnosis.cause.retry is not Retry.NOT_NEEDED:
        return Level.PROBLEM
    return Level.NOTICE if result.facts.narrowed or result.facts.jumbo else Level.OK


def mtu_document(result: ProbeResult, diagnosis: Diagnosis) -> Document:
    """The card, then each connection of the probe."""
    facts, host = result.facts, result.target.host
    lead = str(result.target)
    if facts.route:
        jumbo = ", jumbo frames: no path over the internet carries them" if facts.jumbo else ""
        lead = f"{host}  by {facts.route.interface}, MTU {facts.route.interface_mtu}{jumbo}"
    lost = f"Note: {facts.lost_small:.0%} of the small packets had to be sent again: loss, not size"
    trials = Table(
        headings=("large segments", "clamped to", "result", "after", "sent again", "path MTU"),
        rows=tuple(tuple(map(str, _cells(trial))) for trial in facts.trials),
        right=("clamped to", "after", "sent again", "path MTU"),
        levels=tuple(Level.PROBLEM if trial.stalled else Level.OK for trial in facts.trials),
        coloured="result",
        narrow=("path MTU", "sent again"),
    )
    seen = Document(
        lead=(lead,),
        tables=(trials,) if facts.trials else (),
        notes=(
            *((lost,) if facts.lost_small else ()),
            *((f"Not run: {result.reason}",) if result.reason else ()),
        ),
    )
    card = () if result.reason else (diagnosis.document(mtu_level(result, diagnosis)),)
    return Document(parts=(*card, seen))


def _cells(trial: Trial) -> tuple[object, ...]:
    took = duration(trial.seconds)
    return trial.way, trial.clamp or "-", trial.flight, took, trial.retransmits, trial.path_mtu or "-"
