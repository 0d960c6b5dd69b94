"""What `probe_lifetime` saw, with the advice, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sestools.core.document import Document, Table
from sestools.core.enums import Level
from sestools.core.results import ProbeResult
from sestools.probes import LifetimeFacts

if TYPE_CHECKING:  # they need NumPy, which the base install lacks
    from sestools.lifetime.advice import RecycleAdvice
    from sestools.sending.client_config.clients import ClientConfig

__all__ = ["lifetime_document"]


def lifetime_document(
    result: ProbeResult, advice: RecycleAdvice | None, config: ClientConfig | None = None
) -> Document:
    """The lives that were seen, then when to change connections, and the configuration that does it."""
    notes = (f"could not be measured: {result.symptom}",) if result.symptom else ()
    parts = [
        Document(
            title=f"Lifetime of connections to {result.target}",
            level=Level.PROBLEM if result.symptom else Level.OK,
            lead=tuple(result.facts.lines),
            tables=(_lives(result.facts),) if result.facts.lives and not advice else (),
            notes=notes,
        )
    ]
    if advice:
        parts.append(advice.document())
    if config:
        parts.append(Document(title=f"{config.client}, {config.file}", code=tuple(str(config).splitlines())))
    return Document(parts=tuple(parts))


def _lives(facts: LifetimeFacts) -> Table:
    """Every life in a row: what there is to read where nothing is computed from them."""
    rows = [
        (
            str(life.purpose), "yes" if life.signed_in else "no", f"{life.seconds:.1f}", f"{life.silence:.1f}",
            str(life.messages), str(life.end or "alive when it was left"),
        )
        for life in facts.lives
    ]  # fmt: skip
    headings = ("purpose", "signed in", "lived s", "silent s", "messages", "end")
    return Table(headings=headings, rows=tuple(rows), right=("lived s", "silent s", "messages"))
