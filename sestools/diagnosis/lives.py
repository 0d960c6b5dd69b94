"""What a measurement of lifetimes means: the one judgement of it."""

from __future__ import annotations

from dataclasses import replace

from sestools.core.results import ProbeResult, Symptom
from sestools.core.text import duration
from sestools.diagnosis.filled import known_of
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.sizes import LIVES, LIVES_DOUBT, LIVES_TITLE
from sestools.knowledge.table import cause
from sestools.probes import LifetimeFacts, Purpose

FORGOTTEN = "idle-forgotten"


def judged_lives(result: ProbeResult[LifetimeFacts]) -> Diagnosis | None:
    """What `probe_lifetime` found; None if a silent connection was not answered, and nothing else was either."""
    facts, known = result.facts, known_of(result.target)
    own = Symptom(host=result.target.host, port=result.target.port, security=result.target.security)
    where = (f"connected to {', '.join(facts.addresses)}",) if facts.addresses else ()
    evidence = (*facts.lines, *where)
    if (lost := facts.forgotten) and facts.safe_silence:
        row, (low, high) = cause(FORGOTTEN), lost
        before = f"after {duration(low)} of silence the server answered" if low else "no silence was answered"
        evidence = (f"{before}; after {duration(high)} what was said got no answer", *evidence)
        known |= {"seconds": f"{0.95 * facts.safe_silence:.1f}"}
    elif any(life.lost for life in facts.lives):
        return None
    else:
        cut = any(life.end and not life.said for life in facts.of(Purpose.SILENT))
        row = replace(cause("healthy"), title=LIVES_TITLE, **LIVES, note=LIVES_DOUBT if cut else "")
        if not facts.of(Purpose.SILENT):
            evidence = ("no silence was tried", *evidence)
    return Diagnosis(
        symptom=result.symptom or own,
        candidates=(row,),
        evidence=evidence,
        ruled_out=row.ruled_out,
        known=known,
    )


def unexplained(result: ProbeResult[LifetimeFacts]) -> Symptom | None:
    """How the first connection ended that did not answer after its silence."""
    return next((life.end for life in result.facts.lives if life.lost), result.symptom)
