"""What `probe_mtu` found, as a card and a table of its connections."""

from __future__ import annotations

from sestools.checkup.untested import again
from sestools.core.document import Code, Document, Field, Table
from sestools.core.enums import Level, Retry
from sestools.core.results import ProbeResult
from sestools.core.text import duration
from sestools.diagnosis.result import Diagnosis
from sestools.probes import Trial


def mtu_level(result: ProbeResult, diagnosis: Diagnosis) -> Level:
    """How serious it is: a narrow path that works is worth knowing, and no problem."""
    if result.reason:
        return Level.UNCLEAR
    if not result.ok or diagnosis.cause.retry is not Retry.NOT_NEEDED:
        return Level.PROBLEM
    return Level.NOTICE if result.facts.narrowed or result.facts.jumbo else Level.OK


def mtu_document(result: ProbeResult, diagnosis: Diagnosis, simulated: str | None = None) -> Document:
    """The card of `probe_mtu`, then each of its connections."""
    facts, host = result.facts, result.target.host
    lead = str(result.target)
    if facts.route:
        jumbo = ", jumbo frames: no path over the internet carries them" if facts.jumbo else ""
        lead = f"{host}  by {facts.route.interface}, MTU {facts.route.interface_mtu}{jumbo}"
    lost = f"Note: {facts.lost_small:.0%} of the small packets had to be sent again: loss, not size"
    trials = Table(
        headings=("large segments", "clamped to", "result", "after", "sent again", "path MTU"),
        rows=tuple(tuple(map(str, _trial(trial))) for trial in facts.trials),
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
    return Document(parts=(*_card(result, diagnosis, simulated), seen))


def _card(result: ProbeResult, diagnosis: Diagnosis, simulated: str | None) -> tuple[Document, ...]:
    """The verdict, and where all is well what was not tested."""
    level = mtu_level(result, diagnosis)
    if result.reason:
        return ()
    user = " --user AKIA..." if simulated is None else ""
    line = f"sestools doctor {again([result.target], simulated)}{user} --from you@..."
    rest = Field(label="Untested", texts=("sign-in, a message, long connections:", Code(line)))
    return (diagnosis.document(level, (rest,) if level is Level.OK else ()),)


def _trial(trial: Trial) -> tuple[object, ...]:
    took = duration(trial.seconds)
    return trial.way, trial.clamp or "-", trial.flight, took, trial.retransmits, trial.path_mtu or "-"
