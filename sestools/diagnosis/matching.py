"""Where rows of the catalogue fit a symptom, and whether SES can have been the one who spoke."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from sestools.core.cause import Cause
from sestools.core.endpoints import PORTS, Security, look_alike, region_of
from sestools.core.enums import Kind, Stage, When
from sestools.core.results import Reply, Symptom
from sestools.diagnosis.provenance import Sign, Weight, is_foreign_host, names_ses, signs
from sestools.knowledge.patterns import compiled
from sestools.knowledge.table import CAUSES
from sestools.reading.excerpt import Excerpt, read
from sestools.reading.texts import replies

MOST_PLACES = 20  # in a text at which one cause is looked for

_CODE_BEFORE = re.compile(
    r"(?<![\w.#-])([2-5][0-5]\d)(?:[\s-]|[\"')]?, ?)\s*(?:[245]\.\d{1,3}\.\d{1,3}\s+)?[b\"'(\[]*$"
)
_ENHANCED_BEFORE = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}[ :]+[\w ]{0,30}$")


class Match(NamedTuple):
    """A row that fits, and where in the text it does; None if only the symptom's form matched."""

    row: Cause
    position: int | None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One symptom under examination.

    Attributes:
        symptom: The symptom.
        observed: Whether one of our probes saw it, so that its host is known to be the one that was meant.
        asked: Whether the host is what somebody told us, not what we found in the text.
        pasted: What was pasted, if it was a text; it knows the numbers of its lines.
    """

    symptom: Symptom
    observed: bool
    asked: bool
    pasted: Excerpt | None

    @cached_property
    def excerpt(self) -> Excerpt:
        """What is searched: the paste, or what the symptom says in words."""
        if self.pasted:
            return self.pasted
        reply, detail = self.symptom.reply, self.symptom.detail
        told = [f"{reply.code} {' '.join(reply.lines)}"] if reply else []
        return read("\n".join(told if detail in ("", str(reply)) else [*told, detail]))

    @cached_property
    def replies(self) -> list[tuple[int, Reply]]:
        """The replies in the text."""
        return replies(self.excerpt.text)

    @cached_property
    def signs(self) -> list[Sign]:
        """The signs of another server."""
        return signs(self.excerpt)

    @cached_property
    def names_ses(self) -> bool:
        """Whether host or text name SES."""
        return bool(region_of(self.symptom.host or "")) or names_ses(self.excerpt.text)

    @property
    def told_ses(self) -> bool:
        """Whether whoever asks says that it was SES."""
        return self.asked and bool(region_of(self.symptom.host or ""))

    @property
    def foreign_host(self) -> bool:
        """Whether the text's host is another server's."""
        host = self.symptom.host or ""
        return bool(host) and not self.observed and is_foreign_host(host)

    @cached_property
    def foreign(self) -> bool:
        """Whether host or text point to another server."""
        return self.foreign_host or any(sign.weight is not Weight.FAINT for sign in self.signs)

    def matches(self) -> Iterator[Match]:
        """Where each row fits, by the symptom's form or by its words, in the order of the table."""
        kind, stage = self.symptom.kind, self.symptom.stage
        for row in CAUSES:
            formed = row.kinds and kind and kind is not Kind.REPLY
            if formed and kind in row.kinds and (not row.stages or stage in row.stages):
                yield Match(row, None)
            elif row.pattern and not (formed and (kind not in row.kinds or stage)):
                for found in islice(compiled(row.pattern).finditer(self.excerpt.low), MOST_PLACES):
                    if self._code_fits(row, found.start(), found.end()):
                        yield Match(row, found.start())

    def _code_fits(self, row: Cause, start: int, end: int) -> bool:
        """Whether the reply code that governs a place in the text goes with a row."""
        if not row.generic:
            return True
        text = self.excerpt.text
        close = _CODE_BEFORE.search(text[max(0, start - 60) : start])
        line = text.rfind("\n", 0, start) + 1
        told = [(at, reply.code) for at, reply in self.replies if line <= at < end]
        if close:
            told.append((start, int(close[1])))
        if row.codes:
            return not told or told[-1][1] in row.codes
        # What the client saw on its socket; inside a refusal it is what a server saw on its own.
        refused = any(code >= 400 and start - at < 40 for at, code in told)
        return not (refused or _ENHANCED_BEFORE.search(text[max(0, start - 40) : start]))

    def is_plausible(self, match: Match) -> bool:
        """Whether SES can have been the other side, judged by the line of a match, then by the whole."""
        row = match.row
        if match.position is None:
            return self.observed or self.names_ses or not self.foreign
        line = self.excerpt.line(match.position)
        if names_ses(line) or self.told_ses or (self.names_ses and not row.generic):
            return True
        start = self.excerpt.start(match.position)
        near = [sign for sign in self.signs if start <= sign.position <= start + len(line)]
        weights = {sign.weight for sign in near}
        # Words before SES's own sentence are the client's ("SASL authentication failed: 535 ...").
        strong = (sign.position for sign in near if sign.weight is Weight.STRONG)
        if Weight.SPEAKER in weights or any(row.generic or at >= match.position for at in strong):
            return False
        if not row.generic:
            return True
        if Weight.FIRM in weights:
            return False
        # Other servers are known to say SES's two 530s word by word, with a status code that SES leaves out.
        told = Weight.FAINT in weights and 530 in row.codes
        return self.names_ses or not (told or self.foreign)

    def holds(self, when: When) -> bool:
        """Whether the condition of a row holds."""
        port, host, security = self.symptom.port, self.symptom.host or "", self.symptom.security
        tls_port = PORTS.get(port or 0) is Security.WRAPPER
        match when:
            case When.ALWAYS:
                return True
            case When.AT_AUTH | When.AT_BODY:
                return self.symptom.stage is (Stage.AUTH if when is When.AT_AUTH else Stage.BODY)
            case When.NOT_SMTP:
                return bool((port == 443 and region_of(host)) or (port in PORTS and look_alike(host)))
            case When.PORT_25:
                return port == 25
            case When.CLEAR_TEXT_ON_TLS_PORT:
                return tls_port and security is Security.PLAIN
            case When.NOT_BEFORE_TLS:
                return self.observed and not (tls_port and security is not Security.WRAPPER)
            case When.OBSERVED:
                return self.observed
            case When.SEEN_ON_TLS_PORT:
                return self.observed and security is Security.WRAPPER
