"""Client output: what real mail clients print when SES says it.

Recorded from seven clients that met each reply on the simulator (`tests/clients/record.py`). The same words
look different in each: some leave the code out, some put their own number before it, and curl hides them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sestools.core.cause import Cause
from sestools.core.enums import Mark, Stage
from sestools.knowledge.table import CAUSES, cause

FILE = "client_output.jsonl"


@dataclass(frozen=True, kw_only=True)
class ClientOutput:
    """What one client printed of one reply.

    Attributes:
        client: Its name; `curl --verbose` is curl with that option.
        cause: Id of the cause that the reply stands for.
        knowable: Id of the cause that can be known from what was printed; another one if the client hid it.
        reply: What the server said, at `stage`.
        mark: How sure it is that SES says this.
        printed: What the client printed of it: a stranger's text.
    """

    client: str
    version: str
    cause: str
    knowable: str
    reply: str
    stage: Stage
    mark: Mark
    printed: str

    @property
    def hides_reply(self) -> bool:
        """Whether the client kept from its user what the server said."""
        return self.knowable != self.cause


@dataclass(frozen=True, kw_only=True)
class KnownReply:
    """A reply that SES is documented, was seen, or is expected to give.

    Attributes:
        text: Code and words.
        mark: How sure it is that SES says this, in these or nearly these words.
    """

    text: str
    stage: Stage
    cause: Cause
    mark: Mark

    @property
    def code(self) -> int:
        """The reply code."""
        return int(self.text[:3])


@cache
def recorded() -> tuple[ClientOutput, ...]:
    """All that was recorded."""
    rows = map(json.loads, (files("sestools.knowledge") / FILE).read_text(encoding="utf-8").splitlines())
    return tuple(
        ClientOutput(**{**row, "stage": Stage(row["stage"]), "mark": Mark(row["mark"])}) for row in rows
    )


def client_outputs(of: str) -> tuple[ClientOutput, ...]:
    """What each client prints of a reply; nothing if it was never recorded.

    It is given as a cause's id (its first reply is taken) or in words, with or without a full stop at the end.
    """
    first = next((face.reply for face in recorded() if of in (face.cause, face.reply)), None)
    first = first or next((face.reply for face in recorded() if words(face.reply) == words(of)), None)
    return tuple(face for face in recorded() if face.reply == first)


@cache
def known_replies() -> tuple[KnownReply, ...]:
    """Every reply that is known, in the order of a session, the good ones too.

    Replies that differ only in the full stop at their end are one.
    """
    found: dict[str, KnownReply] = {}
    for face in recorded():
        known = KnownReply(text=face.reply, stage=face.stage, cause=cause(face.cause), mark=face.mark)
        found.setdefault(words(face.reply), known)
    for row in CAUSES:
        if row.codes and min(row.codes) < 300 and row.stage and not row.fails:
            sample = row.samples[0]
            found[words(sample)] = KnownReply(text=sample, stage=row.stage, cause=row, mark=row.mark)
    stages = list(Stage)
    order = sorted(found.values(), key=lambda it: (stages.index(it.stage), it.code, CAUSES.index(it.cause)))
    return tuple(order)


def recognise(text: str) -> KnownReply | None:
    """The known reply with these words, or the one that a cause's id stands for; None if it is unknown."""
    own = next((row.samples[0] for row in CAUSES if row.id == text and row.samples), text)
    return next((reply for reply in known_replies() if words(reply.text) == words(own)), None)


def words(reply: str) -> str:
    """A reply without what its wordings differ in: case, blanks, and the full stop at its end."""
    return re.sub(r"\s+", " ", reply).strip().removesuffix(".").lower()
