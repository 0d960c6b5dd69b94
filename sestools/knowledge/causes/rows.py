"""How a row of the catalogue is written."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from sestools.core.cause import Basis, Cause
from sestools.core.enums import Mark, Who

documented, seen = partial(Basis, Mark.DOCUMENTED), partial(Basis, Mark.SEEN)
inferred, unknown = partial(Basis, Mark.INFERRED), partial(Basis, Mark.UNKNOWN)

NETWORK = (Who.NETWORK,)
YOU_OR_NETWORK = (Who.YOU, Who.NETWORK)

NEW_CREDENTIALS = (
    "Create SMTP credentials in the SES console (SMTP settings) in the region of the endpoint you use, and "
    "put both values into the client exactly as shown."
)

_LABEL = re.compile(r"^ *(Do|Ruled out|Unsure): ", re.MULTILINE)


def sentences(words: str) -> dict[str, Any]:
    """The fields of a row that are sentences, by the labels of a card. Lines may be broken anywhere.

    What stands before the first label is the meaning; `Do:` begins an action, `Ruled out:` what it is not.
    """
    meaning, *labelled = (" ".join(part.split()) for part in _LABEL.split(words.strip()))
    told: dict[str, tuple[str, ...]] = {}
    for label, text in zip(labelled[::2], labelled[1::2], strict=True):
        told[label] = (*told.get(label, ()), text)
    found = {"fix": told["Do"], "ruled_out": told.get("Ruled out"), "note": " ".join(told.get("Unsure", ()))}
    return {"meaning": meaning, **{name: value for name, value in found.items() if value}}


def row(words: str, basis: Basis, **facts: Any) -> Cause:
    """A row: a line `id: title`, the `sentences` that follow it, and the other fields of a `Cause`."""
    head, _, rest = words.partition("\n")
    id, _, title = head.partition(": ")
    return Cause(id=id, title=title, basis=basis, **sentences(rest), **facts)


client = partial(row, generic=True)
"""A row for what a client saw: any server can fail so."""
