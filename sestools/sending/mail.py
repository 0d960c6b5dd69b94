"""What is to be sent, and what became of it: mail, fates, attempts, entries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from enum import StrEnum
from typing import Any, Self

from sestools.core.document import Document, Table
from sestools.core.enums import Level, Stage
from sestools.core.errors import UsageError
from sestools.core.mailboxes import mailboxes
from sestools.core.results import Symptom
from sestools.core.smtp import path
from sestools.core.text import duration, printable
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import cause
from sestools.render.shown import Shown

_BCC = re.compile(rb"(?im)^(?:Resent-)?Bcc[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*(?:\r\n|\Z)")
_UNCLEAR = "unclear: "
"""What stands before a field whose addresses cannot be told, in place of an address."""


class Fate(StrEnum):
    """What became of a message, as far as its sender can know."""

    SENT = "sent"
    """SES accepted it and gave it an id."""
    REFUSED = "refused"
    """SES refuses it as it is; the diagnosis says what to change first."""
    UNSENT = "not sent"
    """It was not accepted; sending it again later duplicates nothing."""
    UNKNOWN = "unknown"
    """Its final dot was sent, and no reply came that is certainly its own: SES may have accepted it."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A message with its envelope.

    Attributes:
        sender: MAIL FROM: a bare address, verified with SES.
        recipients: RCPT TO: bare addresses, each once.
        content: Header and body, with any line ends.
        name: Its name in reports, such as its file.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipients", _checked(self.recipients, self.content))

    @classmethod
    def read(
        cls, content: bytes, *, name: str = "", sender: str = "", recipients: Iterable[str] = ()
    ) -> Self:
        """A message as it is, with the envelope of its header unless another is given. Bcc fields are removed."""
        given = _checked(recipients, content)
        content = re.sub(rb"\r\n?|\n", b"\r\n", content).lstrip(b"\r\n")
        end = content.find(b"\r\n\r\n") + 2 if b"\r\n\r\n" in content else len(content)
        # Parsed for its addresses only. The parser would end the header at a blank before a colon.
        spaceless = re.sub(rb"(?m)^([!-9;-~]+)[ \t]+:", rb"\1:", content[:end])
        header = message_from_bytes(spaceless, policy=policy.compat32)

        def addresses(*fields: str) -> tuple[str, ...]:
            values = [str(value) for name in fields for value in header.get_all(name, ())]
            return tuple(dict.fromkeys(one for value in values for one in _addresses(value)))

        return cls(
            sender=sender or next(iter(addresses("From")), ""),
            recipients=given or addresses("To", "Cc", "Bcc"),
            content=_BCC.sub(b"", content[:end]) + content[end:],
            name=name or printable(str(header.get("Subject", "")), 60),
        )


def _checked(recipients: Iterable[str], content: bytes) -> tuple[str, ...]:
    """The recipients, each once. A lone string would be taken for its letters."""
    several = () if isinstance(recipients, str) else tuple(dict.fromkeys(recipients))
    if isinstance(recipients, str) or not all(isinstance(one, str) for one in several):
        raise UsageError(f"recipients are a tuple of addresses, not {recipients!r}")
    if not isinstance(content, bytes):
        raise UsageError(f"the content of a message is bytes, not {type(content).__name__}")
    return several


def _addresses(value: str) -> list[str]:
    """The addresses of a field; the field itself, which no server takes, if they cannot be told."""
    read = mailboxes(value)
    return read[0] if read and len(set(read[0])) <= read[1] <= len(read[0]) else [_UNCLEAR + value]


def unsendable(mail: Mail) -> Diagnosis | None:
    """Why a message cannot be offered to SES: an address that would break the dialogue."""
    if not mail.recipients:
        return _invalid(Stage.RCPT, "it has no recipient")
    for stage, address in ((Stage.MAIL, mail.sender), *((Stage.RCPT, one) for one in mail.recipients)):
        if address.startswith(_UNCLEAR):
            field = "From" if stage is Stage.MAIL else "To, Cc or Bcc"
            shown = printable(address.removeprefix(_UNCLEAR), 80)
            return _invalid(stage, f"the addresses in {field} are ambiguous: {shown!r}")
        try:
            if path(address) == "<>":
                return _invalid(stage, "an address is empty")
        except UsageError as error:
            return _invalid(stage, str(error))
    return None


def _invalid(stage: Stage, problem: str) -> Diagnosis:
    why = f"not offered to SES: {problem}"
    candidates = (cause("from-invalid" if stage is Stage.MAIL else "rcpt-invalid"),)
    return Diagnosis(symptom=Symptom(stage=stage, detail=why), candidates=candidates, evidence=(why,))


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt to send a message: when it began, by the sender's clock, how long it took, and its failure, if any.

    `wait` are the seconds until the next attempt, None if there is none; `why` is the policy's reason in words.
    `interrupted` says whether it was ended from outside, such as by Ctrl-C.
    """

    at: float
    seconds: float
    failure: Diagnosis | None = None
    wait: float | None = None
    why: str = ""
    interrupted: bool = False


@dataclass(kw_only=True)
class Past:
    """What a journal knows of a message: how many attempts ended without a reply that was certainly its own
    (`unknown`), and when it was accepted, if it was, with SES's id and the number of refused recipients.
    """

    unknown: int = 0
    accepted: str = ""
    id: str = ""
    refused: int = 0

    def __str__(self) -> str:
        if not self.accepted:
            return "an earlier run got no reply: may have been accepted; not sent again"
        refused = f"; {self.refused} of its recipients refused" if self.refused else ""
        return f"accepted in an earlier run, {self.accepted}{refused}"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the report: one message and its fate.

    Attributes:
        mail: The message.
        fate: What became of it.
        id: SES's id, if it was accepted.
        diagnosis: The last failure; None if there was none.
        refused: Recipients that SES refused, each with its diagnosis; the message went to the others.
        unknown: Attempts after which it was unknown whether the message was accepted: each may be one more copy.
        attempts: Every attempt, in order.
        earlier: What became of it in an earlier run, by the journal; None if that does not matter.
    """

    mail: Mail
    fate: Fate
    id: str = ""
    diagnosis: Diagnosis | None = None
    refused: Mapping[str, Diagnosis] = field(default_factory=dict)
    unknown: int = 0
    attempts: tuple[Attempt, ...] = ()
    earlier: Past | None = None

    @property
    def level(self) -> Level:
        """How serious its fate is."""
        good = self.fate is Fate.SENT and not self.refused
        return Level.OK if good else Level.UNCLEAR if self.fate is Fate.UNKNOWN else Level.PROBLEM

    @property
    def what(self) -> str:
        """The fate in words: SES's id, or why not."""
        sent = self.fate is Fate.SENT
        parts = [str(one) for one in (self.id, self.earlier) if one]
        interrupted = self.attempts[-1].interrupted if self.attempts else not self.earlier
        if self.diagnosis and not sent:
            parts.append(self.diagnosis.cause.title)
        elif interrupted and not sent:
            parts.append("interrupted" + (": may have been accepted" if self.fate is Fate.UNKNOWN else ""))
        if self.refused:
            parts.append(f"not to {', '.join(printable(one, 80) for one in self.refused)}")
        if self.unknown and sent:
            parts.append(f"sent again after {self.unknown} unknown: may have arrived twice")
        return "; ".join(parts)

    @property
    def waited(self) -> float:
        """Seconds waited between its attempts."""
        return sum(attempt.wait or 0.0 for attempt in self.attempts)

    def to_dict(self) -> dict[str, Any]:
        """The entry for a program."""
        return {
            "name": printable(self.mail.name, 200),
            "fate": str(self.fate),
            "id": self.id,
            "cause": self.diagnosis.cause.id if self.diagnosis else "",
            "refused": {printable(one, 320): why.cause.id for one, why in self.refused.items()},
            "unknown": self.unknown,
            "attempts": len(self.attempts),
            "waited_seconds": self.waited,
            "earlier": str(self.earlier or ""),
            "diagnosis": self.diagnosis.to_dict() if self.diagnosis else None,
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class SendReport(Shown):
    """What became of every message, with one entry for each; a notebook shows it as a table."""

    entries: tuple[Entry, ...]

    @property
    def counts(self) -> Counter[Fate]:
        """How many messages have each fate."""
        return Counter(entry.fate for entry in self.entries)

    @property
    def ok(self) -> bool:
        """Whether SES accepted every message, for every recipient."""
        return all(entry.level is Level.OK for entry in self.entries)

    @property
    def summary(self) -> str:
        """How many of each fate, in one sentence."""
        fates = ", ".join(f"{self.counts[fate]} {fate}" for fate in Fate if self.counts[fate])
        twice = sum(entry.unknown > 0 for entry in self.entries if entry.fate is Fate.SENT)
        return (fates or "nothing to send") + (f"; {twice} of them perhaps twice" if twice else "") + "."

    def document(self) -> Document:
        """A row for each message, and what closes the report."""
        rows = []
        for number, entry in enumerate(self.entries, 1):
            name = printable(entry.mail.name or f"message {number}", 40)
            tried = str(len(entry.attempts))
            rows.append((name, str(entry.fate), tried, duration(entry.waited), entry.what))
        table = Table(
            headings=("message", "fate", "attempts", "waited", "what"),
            rows=tuple(rows),
            right=("attempts", "waited"),
            levels=tuple(entry.level for entry in self.entries),
            coloured="fate",
        )
        return Document(parts=(Document(tables=(table,)), self.closing()))

    def closing(self) -> Document:
        """How many messages of each fate, and the card of each cause."""
        failed = [entry.diagnosis for entry in self.entries if entry.diagnosis]
        failed += [diagnosis for entry in self.entries for diagnosis in entry.refused.values()]
        cards = {found.cause.id: found.document(Level.PROBLEM) for found in failed}
        return Document(lead=(self.summary,), parts=tuple(cards.values()))

    def __repr__(self) -> str:
        return f"<SendReport: {self.summary}>"
