"""What a symptom means: anything in, a `Diagnosis` out. Judges, and never connects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from sestools.core import trust
from sestools.core.cause import Cause
from sestools.core.endpoints import PORTS, Security, default_security, look_alike, region_of
from sestools.core.enums import Kind, Retry, Stage
from sestools.core.results import ProbeResult, Reply, Symptom
from sestools.core.text import printable
from sestools.diagnosis.provenance import Sign, Weight, is_foreign_host, is_ses, signs
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.patterns import compiled
from sestools.knowledge.table import CAUSES, cause
from sestools.reading.exceptions import from_exception
from sestools.reading.excerpt import Excerpt, read, unwrapped
from sestools.reading.texts import from_excerpt, from_pair, from_reply, from_text, replies

__all__ = ["classify"]

MOST = 5
"""Candidates that a diagnosis names at most."""
MOST_PLACES = 20
"""Places in a text at which one cause is looked for."""


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
    if symptom.cause:
        lead = cause(symptom.cause)
        return Diagnosis(
            symptom=symptom, candidates=(lead,), evidence=(str(symptom),), ruled_out=lead.ruled_out
        )
    if isinstance(anything, ProbeResult) and anything.ok:
        greeting = getattr(anything.facts, "greeting", None) or ""
        foreign = greeting and region_of(anything.target.host) and not trust.is_greeting(greeting)
        narrowed = getattr(anything.facts, "narrowed", False)
        lead = cause("foreign-greeting" if foreign else "mtu-narrow-path" if narrowed else "healthy")
        return Diagnosis(
            symptom=symptom, candidates=(lead,), evidence=(str(anything), *filter(None, [greeting]))
        )
    observed = isinstance(anything, Symptom | ProbeResult)
    asked = observed or host is not None
    found = _Case(symptom=symptom, observed=observed, asked=asked, pasted=pasted).diagnosis()
    if pasted and "\n" in pasted.text and found.cause.id in _UNKNOWN:
        whole = _Case(symptom=symptom, observed=False, asked=asked, pasted=unwrapped(pasted)).diagnosis()
        # Only a sentence that nobody else says is worth tearing lines together for.
        return found if whole.cause.generic or whole.cause.id in _UNKNOWN else whole
    return found


def _symptom_of(anything: Any) -> Symptom:
    match anything:
        case Symptom():
            return anything
        case ProbeResult():
            target = anything.target
            return anything.symptom or Symptom(
                detail=anything.reason, host=target.host, port=target.port, security=target.security
            )
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


# --- matching -------------------------------------------------------------------------------------------------

_DELIVERY_STATUS = re.compile(r"\bsmtp; ?[45]\d\d\b|\bdiagnosticcode\W{1,5}[45]\d\d\b", re.IGNORECASE)
_CODE_BEFORE = re.compile(
    r"(?<![\w.#-])([2-5][0-5]\d)(?:[\s-]|[\"')]?, ?)\s*(?:[245]\.\d{1,3}\.\d{1,3}\s+)?[b\"'(\[]*$"
)
_ENHANCED_BEFORE = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}[ :]+[\w ]{0,30}$")
_GOOD_NEWS = {"accepted", "auth-ok", "healthy"}
_UNKNOWN = {"unknown", "unknown-4xx", "unknown-5xx", "not-ses"}


@dataclass(frozen=True, kw_only=True)
class _Match:
    row: Cause
    position: int | None
    """Where in the text; None if only the symptom's form matched."""


@dataclass(frozen=True, kw_only=True)
class _Case:
    """One symptom under examination."""

    symptom: Symptom
    observed: bool
    """Whether one of our probes saw it, so that its host is known to be the one that was meant."""
    asked: bool
    """Whether the host is what somebody told us, not what we found in the text."""
    pasted: Excerpt | None
    """What was pasted, if it was a text; it knows the numbers of its lines."""

    @cached_property
    def excerpt(self) -> Excerpt:
        """What is searched: the paste, or what the symptom says in words."""
        if self.pasted:
            return self.pasted
        reply, detail = self.symptom.reply, self.symptom.detail
        said = f"{reply.code} {' '.join(reply.lines)}" if reply else ""
        told = "" if detail == str(reply) else detail
        return read("\n".join(filter(None, (said, told))))

    @cached_property
    def signs(self) -> list[Sign]:
        return signs(self.excerpt)

    @cached_property
    def names_ses(self) -> bool:
        host = self.symptom.host
        return bool(host and region_of(host)) or is_ses(self.excerpt.text)

    @cached_property
    def foreign_host(self) -> bool:
        host = self.symptom.host
        return bool(host and not self.observed and is_foreign_host(host))

    @cached_property
    def replies(self) -> list[tuple[int, Reply]]:
        return replies(self.excerpt.text)

    def diagnosis(self) -> Diagnosis:
        every = [match for row in CAUSES for match in self.matches(row)]
        ours = [match for match in every if self.is_plausible(match)]
        bad = [match for match in ours if match.row.id not in _GOOD_NEWS]
        if not ours:
            return self.without_match([match.row for match in every if match.row.id not in _GOOD_NEWS])
        lead = (bad or ours)[0]
        proved = lead.row.id == "mtu-black-hole"  # by contrast: nothing else can be meant
        rows = [*self.refined(lead.row), *(match.row for match in bad if not proved)]
        return self.diagnose(rows, (*self.evidence(lead), *self.beside(lead, bad)))

    def matches(self, row: Cause) -> Iterator[_Match]:
        """Where a row fits, by the symptom's form or by its words."""
        kind, stage = self.symptom.kind, self.symptom.stage
        if row.kinds and kind and kind is not Kind.REPLY:
            if kind not in row.kinds:
                return
            if not row.stages or stage in row.stages:
                yield _Match(row=row, position=None)
                return
            if stage is not None:
                return
        if not row.pattern:
            return
        for found in islice(compiled(row.pattern).finditer(self.excerpt.low), MOST_PLACES):
            if self.code_fits(row, found.start(), found.end()):
                yield _Match(row=row, position=found.start())

    def code_fits(self, row: Cause, start: int, end: int) -> bool:
        """Whether the reply code that governs a place in the text goes with a row."""
        text = self.excerpt.text
        close = _CODE_BEFORE.search(text[max(0, start - 60) : start])
        line = text.rfind("\n", 0, start) + 1
        told = [(at, reply.code) for at, reply in self.replies if line <= at < end]
        if close:
            told.append((start, int(close[1])))
        if not row.codes:
            # What the client saw on its socket; inside a refusal it is what a server saw on its own.
            before = text[max(0, start - 40) : start]
            refused = any(code >= 400 and start - at < 40 for at, code in told)
            return not row.generic or not (refused or _ENHANCED_BEFORE.search(before))
        return not row.generic or not told or told[-1][1] in row.codes

    def is_plausible(self, match: _Match) -> bool:
        """Whether SES can have been the other side, judged by the line of a match, then by the whole."""
        row = match.row
        if match.position is None:
            return self.observed or self.names_ses or not (self.foreign_host or self.firm_signs)
        line = self.excerpt.line(match.position)
        if is_ses(line):
            return True
        start = self.excerpt.text.rfind("\n", 0, match.position) + 1
        near = [sign for sign in self.signs if start <= sign.position <= start + len(line)]
        if self.ses_host or (self.names_ses and not row.generic):
            return True
        weights = {sign.weight for sign in near}
        # Words before SES's own sentence are the client's ("SASL authentication failed: 535 ...").
        if Weight.SPEAKER in weights or any(
            sign.weight is Weight.STRONG and (row.generic or sign.position >= match.position) for sign in near
        ):
            return False
        if row.generic and Weight.FIRM in weights:
            return False
        if not row.generic or self.names_ses:
            return True
        # Other servers are known to say SES's two 530s word by word, with a status code that SES leaves out.
        told = Weight.FAINT in weights and 530 in row.codes
        return not (told or self.foreign_host or self.firm_signs)

    @cached_property
    def firm_signs(self) -> list[Sign]:
        return [sign for sign in self.signs if sign.weight is not Weight.FAINT]

    @cached_property
    def ses_host(self) -> bool:
        """Whether whoever asks says that it was SES."""
        return self.asked and bool(self.symptom.host and region_of(self.symptom.host))

    # --- judgement --------------------------------------------------------------------------------------------

    def refined(self, row: Cause) -> list[Cause]:
        """The leading row, corrected by what port and TLS mode say, and what else it often is."""
        symptom = self.symptom
        port, host = symptom.port, symptom.host
        wrapper = port in PORTS and default_security(port or 0) is Security.WRAPPER
        not_smtp = host and ((port == 443 and region_of(host)) or (port in PORTS and look_alike(host)))
        if row.id in ("connect-timeout", "connection-refused", "reply-timeout") and not_smtp:
            return [cause("wrong-endpoint"), row]
        if row.id in ("connect-timeout", "reply-timeout") and wrapper and symptom.security is Security.PLAIN:
            return [cause("no-greeting"), row]
        if row.id == "no-greeting" and self.observed and not self.waits_on_wrapper:
            return [cause("reply-timeout"), row]
        if row.id == "connect-timeout" and port == 25:
            return [cause("port25-blocked"), row]
        if row.id == "mtu-stall" and self.observed and symptom.security is Security.WRAPPER:
            # Nothing at all was heard: more often a server that says nothing than a path that is too narrow.
            return [cause("reply-timeout"), row]
        if row.id == "idle-timeout" and symptom.stage is Stage.BODY:
            return [row, cause("mtu-stall")]
        if row.id == "reply-hidden" and symptom.stage is Stage.AUTH:
            return [row, cause("bad-credentials"), cause("auth-temporary")]
        if row.id == "reply-hidden":
            return [row, cause("not-verified"), cause("transaction-failed")]
        return [row]

    @property
    def waits_on_wrapper(self) -> bool:
        """Whether a client that wants a greeting first waits on a port where SES wants TLS first."""
        port, security = self.symptom.port, self.symptom.security
        return PORTS.get(port or 0) is Security.WRAPPER and security is not Security.WRAPPER

    def without_match(self, others: list[Cause]) -> Diagnosis:
        """What to say when nothing that SES says was found; `others` fit in words, but not SES."""
        reply = self.symptom.reply
        failed = [one for _, one in self.replies if one.code >= 400]
        reply = reply if reply and reply.code >= 400 else next(iter(failed), None)
        if _DELIVERY_STATUS.search(self.excerpt.text) and not self.ses_host:
            return self.diagnose([cause("recipient-rejected"), cause("not-ses")], self.sign_evidence())
        if (self.signs or self.foreign_host) and not self.names_ses:
            return self.diagnose([cause("not-ses"), *others], self.sign_evidence())
        if reply is None or reply.code >= 600:
            return self.diagnose([cause("unknown"), *others], self.first_line())
        unknown = cause(f"unknown-{reply.code // 100}xx")
        same = [row for row in CAUSES if reply.code in row.codes] if not reply.text else []
        return self.diagnose([unknown, *others, *same], (f"the reply is {reply}",))

    def diagnose(self, rows: list[Cause], evidence: tuple[str, ...]) -> Diagnosis:
        symptom = self.symptom
        if symptom.stage is None and rows[0].stage and rows[0].retry is not Retry.NOT_NEEDED:
            symptom = replace(symptom, stage=rows[0].stage)
        return Diagnosis(
            symptom=symptom,
            candidates=tuple(dict.fromkeys(rows))[:MOST],
            evidence=evidence,
            ruled_out=rows[0].ruled_out,
        )

    # --- evidence ---------------------------------------------------------------------------------------------

    def evidence(self, match: _Match) -> tuple[str, ...]:
        if match.position is None:
            return (str(self.symptom),)
        return (self.quoted(match.position),)

    def beside(self, lead: _Match, others: list[_Match]) -> Iterator[str]:
        """Other lines of a paste that have a cause of their own, one a cause."""
        if lead.position is None:
            return
        lines = {self.excerpt.number(lead.position)}
        rows = {lead.row.id}
        for match in others:
            if match.position is None or match.row.id in rows:
                continue
            rows.add(match.row.id)
            number = self.excerpt.number(match.position)
            if number not in lines and len(lines) < MOST:
                lines.add(number)
                yield f"{self.quoted(match.position)} ({match.row.id})"

    def quoted(self, position: int) -> str:
        """The line of a position, with its number if there are several."""
        line = self.excerpt.line(position)
        start = max(0, position - self.excerpt.text.rfind("\n", 0, position) - 1 - 120)
        words = printable(("…" if start else "") + line[start:].strip(), 300)
        if len(self.excerpt.numbers) > 1:
            return f"line {self.excerpt.number(position)}: {words}"
        seen = self.observed and not self.pasted and not self.symptom.reply  # the words are our own
        return words if seen else f"the text says: {words}"

    def first_line(self) -> tuple[str, ...]:
        words = next((line.strip() for line in self.excerpt.text.split("\n") if line.strip()), "")
        return (f"the text begins: {printable(words, 300)}",) if words else ("there is nothing to go by",)

    def sign_evidence(self) -> tuple[str, ...]:
        shown = list(dict.fromkeys(printable(sign.sentence, 200) for sign in self.signs))
        if not shown and self.foreign_host:
            shown = [f"{printable(str(self.symptom.host), 200)} is not an SES endpoint"]
        return tuple(shown[:3]) or self.first_line()
