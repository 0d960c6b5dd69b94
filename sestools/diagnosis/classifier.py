"""What a symptom means: anything in, a `Diagnosis` out. Judges, and never connects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sestools.core import trust
from sestools.core.cause import Cause
from sestools.core.endpoints import Security, region_of
from sestools.core.enums import Kind, Outcome, Stage
from sestools.core.message_id import decode_message_id
from sestools.core.results import ProbeResult, Reply, Symptom
from sestools.core.speakers import stranger
from sestools.core.text import printable
from sestools.diagnosis.lives import judged_lives, unexplained
from sestools.diagnosis.matching import Case, Match
from sestools.diagnosis.result import Diagnosis
from sestools.diagnosis.sizes import judged_sizes, reached
from sestools.knowledge.observed import observed
from sestools.knowledge.table import CAUSES, cause
from sestools.probes import LifetimeFacts, MtuFacts
from sestools.reading.exceptions import from_exception
from sestools.reading.excerpt import read, unwrapped
from sestools.reading.texts import from_excerpt, from_pair, from_reply, from_text

MOST = 5  # candidates that a diagnosis names
NO_EHLO = (500, 502)
"""Replies to EHLO that say that there is none (RFC 5321, 4.2.4)."""
_DELIVERY_STATUS = re.compile(r"\bsmtp; ?[45]\d\d\b|\bdiagnosticcode\W{1,5}[45]\d\d\b", re.IGNORECASE)
"""A bounce: what the recipient's server said, not SES."""


def classify(
    anything: Any, *, host: str | None = None, port: int | None = None, stage: Stage | None = None
) -> Diagnosis:
    """Say what an error means.

    Args:
        anything: A `Symptom`, `Reply`, `ProbeResult` or exception, a `(code, text)` pair, the dict of refused
            recipients that smtplib gives, or any text: a log line, a traceback, a transcript, a whole paste.
        host: The server that was spoken to, if you know it and the text may not say it.
        port: Its port.
        stage: The step that failed.

    Returns:
        A diagnosis that always names a cause; what is not known, or not SES's, has a cause of its own.
    """
    pasted = read(anything) if isinstance(anything, str | bytes | bytearray) else None
    symptom = from_excerpt(pasted) if pasted else _symptom_of(anything)
    symptom = replace(
        symptom, host=host or symptom.host, port=port or symptom.port, stage=stage or symptom.stage
    )
    if isinstance(anything, ProbeResult) and (judged := _judged(anything, symptom)):
        return judged
    if symptom.cause:
        return _diagnosis(symptom, [cause(symptom.cause)], (str(symptom),))
    observed = isinstance(anything, Symptom | ProbeResult)
    case = Case(symptom=symptom, observed=observed, asked=observed or host is not None, pasted=pasted)
    found = _early(case) or _matched(case)
    if not found and pasted and "\n" in pasted.text:
        whole = _matched(replace(case, pasted=unwrapped(pasted)))
        # Only a sentence that nobody else says is worth tearing lines together for.
        found = whole if whole and not whole.cause.generic else None
    return found or _unmatched(case)


def _symptom_of(anything: Any) -> Symptom:
    match anything:
        case Symptom():
            return anything
        case ProbeResult(target=to):
            own = Symptom(detail=anything.reason, host=to.host, port=to.port, security=to.security)
            return anything.symptom or own
        case Reply():
            return from_reply(anything)
        case BaseException():
            return from_exception(anything)
        case (int(code), str() | bytes() as text):
            return from_pair(code, text)
        case Mapping() if anything and all(isinstance(value, tuple) for value in anything.values()):
            return _symptom_of(next(iter(anything.values())))
        case None:
            return Symptom()
    return from_text(str(anything))


def _diagnosis(symptom: Symptom, rows: list[Cause], evidence: tuple[str, ...]) -> Diagnosis:
    candidates = tuple(dict.fromkeys(rows))[:MOST]
    return Diagnosis(symptom=symptom, candidates=candidates, evidence=evidence, ruled_out=rows[0].ruled_out)


def _judged(result: ProbeResult, symptom: Symptom) -> Diagnosis | None:
    """What a probe decided; None if its symptom has to be looked up."""
    greeting = getattr(result.facts, "greeting", None) or ""
    if result.ok and greeting and region_of(result.target.host) and not trust.is_greeting(greeting):
        return _diagnosis(symptom, [cause(stranger(greeting))], (str(result), greeting, *_where(result)))
    if isinstance(result.facts, MtuFacts) and result.outcome is not Outcome.NOT_RUN:
        if judged := judged_sizes(result):
            return judged
        found = classify(symptom)
        return replace(found, evidence=(*found.evidence, *_where(result)))
    if isinstance(result.facts, LifetimeFacts) and result.facts.lives:
        return judged_lives(result) or classify(unexplained(result))
    if not result.ok:
        return None
    return _diagnosis(
        symptom,
        [cause("accepted-by-another" if taken_by_another(result) else "healthy")],
        (str(result), *filter(None, [greeting])),
    )


def _where(result: ProbeResult) -> tuple[str, ...]:
    return reached(result) if isinstance(result.facts, MtuFacts | LifetimeFacts) else ()


_TOLD = {"starttls-missing", "certificate-wrong-name", "connection-refused"}
"""Causes whose text says what else it can be, and which a probe knows better."""


def taken_by_another(result: ProbeResult) -> bool:
    """Whether a message was accepted with an id that is not one of SES's."""
    given = str(getattr(result.facts, "message_id", None) or "")
    return bool(given) and decode_message_id(given) is None


def _early(case: Case) -> Diagnosis | None:
    """A refusal that a probe met before the envelope, and that is not SES's: of STARTTLS, or in another's words."""
    reply, stage = case.symptom.reply, case.symptom.stage
    if not (case.observed and reply and case.symptom.kind is Kind.REPLY):
        return None
    if stage is Stage.STARTTLS:
        return _diagnosis(case.symptom, [cause("starttls-refused")], (str(case.symptom),))
    if stage in (Stage.GREETING, Stage.EHLO, Stage.AUTH) and case.told_ses and case.foreign:
        return _diagnosis(case.symptom, [cause("refused-by-another")], _foreign_evidence(case))
    return None


def _matched(case: Case) -> Diagnosis | None:
    """What SES said, or a client saw of it; None if there is nothing of the kind."""
    ours = [match for match in case.matches() if case.is_plausible(match)]
    if not ours:
        return None
    bad = [match for match in ours if match.row.fails]
    lead = (bad or ours)[0]
    row, symptom = lead.row, case.symptom
    rather = next((cause(id) for when, id in row.rather if case.holds(when)), None)
    beside = () if rather else next((ids for when, ids in row.beside if case.holds(when)), ())
    rows = [*([rather] if rather else []), row, *map(cause, beside)]
    if not row.decisive:
        rows += [match.row for match in bad]
    if case.observed and region_of(symptom.host or ""):
        mute = symptom.kind is Kind.TIMEOUT and symptom.stage is Stage.GREETING
        told = _TOLD | ({"reply-timeout"} if mute and symptom.security is not Security.WRAPPER else set())
        rows = [observed(one.id) if one.id in told else one for one in rows]
    if symptom.stage is None and rows[0].fails:
        symptom = replace(symptom, stage=rows[0].stage)
    first = str(symptom) if lead.position is None else _quoted(case, lead.position)
    return _diagnosis(symptom, rows, (first, *_other_lines(case, lead, bad)))


def _unmatched(case: Case) -> Diagnosis:
    """What to say when nothing that SES says was found."""
    others = [match.row for match in case.matches() if match.row.fails]
    failed = [reply for _, reply in case.replies if reply.code >= 400]
    reply = case.symptom.reply
    reply = reply if reply and reply.code >= 400 else next(iter(failed), None)
    if _DELIVERY_STATUS.search(case.excerpt.text) and not case.told_ses:
        rows, evidence = [cause("recipient-rejected"), cause("not-ses")], _foreign_evidence(case)
    elif (case.signs or case.foreign_host) and not case.names_ses:
        rows, evidence = [cause("not-ses"), *others], _foreign_evidence(case)
    elif case.observed and case.symptom.stage is Stage.EHLO and reply and reply.code in NO_EHLO:
        rows, evidence = [cause("smtp-inspected")], (str(case.symptom),)
    elif reply is None or reply.code >= 600:
        rows, evidence = [cause("unknown"), *others], _first_line(case)
    else:
        same = [row for row in CAUSES if reply.code in row.codes] if not reply.text else []
        rows = [cause(f"unknown-{reply.code // 100}xx"), *others, *same]
        evidence = (f"the reply is {reply}",)
    return _diagnosis(case.symptom, rows, evidence)


def _other_lines(case: Case, lead: Match, others: list[Match]) -> Iterator[str]:
    """Other lines of a paste that have a cause of their own, one a cause."""
    if lead.position is None:
        return
    lines, rows = {case.excerpt.number(lead.position)}, {lead.row.id}
    for match in others:
        if match.position is None or match.row.id in rows:
            continue
        rows.add(match.row.id)
        number = case.excerpt.number(match.position)
        if number not in lines and len(lines) < MOST:
            lines.add(number)
            yield f"{_quoted(case, match.position)} ({match.row.id})"


def _quoted(case: Case, position: int) -> str:
    """The line of a position, with its number if there are several."""
    line = case.excerpt.line(position)
    start = max(0, position - case.excerpt.start(position) - 120)
    words = printable(("…" if start else "") + line[start:].strip(), 300)
    if len(case.excerpt.numbers) > 1:
        return f"line {case.excerpt.number(position)}: {words}"
    seen = case.observed and not case.pasted and not case.symptom.reply  # the words are our own
    return words if seen else f"the text says: {words}"


def _first_line(case: Case) -> tuple[str, ...]:
    words = next((line.strip() for line in case.excerpt.text.split("\n") if line.strip()), "")
    return (f"the text begins: {printable(words, 300)}",) if words else ("the text is empty",)


def _foreign_evidence(case: Case) -> tuple[str, ...]:
    shown = list(dict.fromkeys(printable(sign.sentence, 200) for sign in case.signs))
    if not shown and case.foreign_host:
        shown = [f"{printable(str(case.symptom.host), 200)} is not an SES endpoint"]
    return tuple(shown[:3]) or _first_line(case)
