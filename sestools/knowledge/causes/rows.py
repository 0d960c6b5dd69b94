"""How a row of the catalogue is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from sestools.core.cause import Basis, Cause, Claim
from sestools.core.enums import Mark, Who
from sestools.knowledge.causes import sources
from sestools.knowledge.pages import point


def _based(mark: Mark, source: str) -> Basis:
    """What rests on a URL, or on a point of a page such as `codes#421`."""
    source = re.sub("^github:", sources.GITHUB, source)
    return Basis(mark, source) if "://" in source else Basis(mark, point(source)[0].url, source)


documented, seen = partial(_based, Mark.DOCUMENTED), partial(_based, Mark.SEEN)
inferred, unknown = partial(_based, Mark.INFERRED), partial(_based, Mark.UNKNOWN)

NETWORK = (Who.NETWORK,)
YOU_OR_NETWORK = (Who.YOU, Who.NETWORK)

NEW_CREDENTIALS = (
    "Create SMTP credentials in the SES console (SMTP settings) in the region of the endpoint you use, and "
    "put both values into the client exactly as shown."
)

_LABEL = re.compile(r"^ *(Do|Ruled out|Unsure): ", re.MULTILINE)


_MARKED = re.compile(r" ?\[(-|documented|seen|inferred|unknown)(?:: ([^\]]+))?\]")
_END = re.compile(r"(?<=[.?]) (?=[A-Z0-9'`])")


def _claims(text: str, basis: Basis | None, *, every: bool) -> Iterator[Claim]:
    """The sentences of a text that claim something: those with a mark, and with `every` the others, too."""
    *marked, rest = _MARKED.split(text)
    for told, mark, source in zip(marked[::3], marked[1::3], marked[2::3], strict=True):
        *others, own = _END.split(told.lstrip(" .,:;"))
        yield from (Claim(other, basis) for other in others if every and basis)
        if mark != "-":
            yield Claim(own, _based(Mark(mark), source or (basis.source if basis else "")))
    yield from (
        Claim(other, basis) for other in _END.split(rest.lstrip(" .,:;")) if every and basis and other
    )


def sentences(words: str, basis: Basis | None = None) -> dict[str, Any]:
    """The fields of a row that are sentences, by the labels of a card. Lines may be broken anywhere.

    What stands before the first label is the meaning; `Do:` begins an action, `Ruled out:` what it is not.

    A sentence rests on `basis`, unless it is followed by a mark of its own: `[seen: URL]`,
    `[documented: codes#421]` (a page and a point of it), `[inferred]` (from the row's source), or `[-]` if it
    claims nothing about SES or AWS. An action or a doubt claims something only if it is marked, and so does any sentence
    if there is no `basis`.
    """
    meaning, *labelled = (" ".join(part.split()) for part in _LABEL.split(words.strip()))
    told: dict[str, tuple[str, ...]] = {}
    claims = [*_claims(meaning, basis, every=True)]
    for label, text in zip(labelled[::2], labelled[1::2], strict=True):
        told[label] = (*told.get(label, ()), _MARKED.sub("", text))
        claims += _claims(text, basis, every=label == "Ruled out")
    found = {
        "fix": told["Do"],
        "ruled_out": told.get("Ruled out"),
        "note": " ".join(told.get("Unsure", ())),
        "claims": tuple(claims),
    }
    return {"meaning": _MARKED.sub("", meaning), **{name: value for name, value in found.items() if value}}


def row(words: str, basis: Basis, **facts: Any) -> Cause:
    """A row: a line `id: title`, the `sentences` that follow it, and the other fields of a `Cause`."""
    head, _, rest = words.partition("\n")
    id, _, title = head.partition(": ")
    return Cause(id=id, title=title, basis=basis, **sentences(rest, basis), **facts)


client = partial(row, generic=True)
"""A row for what a client saw: any server can fail so."""
