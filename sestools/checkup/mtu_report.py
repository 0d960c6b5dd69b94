"""What `probe_mtu` found, with its diagnosis, as a document."""

from __future__ import annotations

from sestools.core.document import Document, Table
from sestools.core.enums import Level, Retry
from sestools.core.results import ProbeResult
from sestools.core.text import duration
from sestools.diagnosis.result import Diagnosis

__all__ = ["mtu_document", "mtu_level"]


def mtu_level(result: ProbeResult, diagnosis: Diagnosis) -> Level:
    """How serious it is: a narrow path that works is worth knowing, and no problem."""
    if result.reason:
        return Level.UNCLEAR
    if not result.ok or diagnosis.cause.retry is not Retry.NOT_NEEDED:
        return Level.PROBLEM
    return Level.NOTICE if result.facts.narrowed or result.facts.jumbo else Level.OK


def mtu_document(result: ProbeResult, diagnosis: Diagnosis) -> Document:
    """The card, then each connection of the probe."""
    facts = result.facts
    lead = [str(result.target)]
    if facts.route:
        jumbo = ", jumbo frames: no path over the internet carries them" if facts.jumbo else ""
        lead = [f"{result.target.host}  by {facts.route.interface}, MTU {facts.route.interface_mtu}{jumbo}"]
    notes = []
    if facts.lost_small:
        notes.append(
            f"Note: {facts.lost_small:.0%} of the small packets had to be sent again: loss, not size"
        )
    if result.reason:
        notes.append(f"Not run: {result.reason}")
    trials = Table(
        headings=("large segments", "clamped to", "result", "after", "sent again", "path MTU"),
        rows=tuple(
            (
                str(trial.way),
                str(trial.clamp or "-"),
                str(trial.flight),
                duration(trial.seconds),
                str(trial.retransmits),
                str(trial.path_mtu or "-"),
            )
            for trial in facts.trials
        ),
        right=("clamped to", "after", "sent again", "path MTU"),
        levels=tuple(Level.PROBLEM if trial.stalled else Level.OK for trial in facts.trials),
        coloured="result",
        narrow=("path MTU", "sent again"),
    )
    card = () if result.reason else (diagnosis.document(mtu_level(result, diagnosis)),)
    seen = Document(lead=tuple(lead), tables=(trials,) if facts.trials else (), notes=tuple(notes))
    return Document(parts=(*card, seen))
