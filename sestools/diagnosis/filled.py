"""What is known of the case at hand, in place of the names that rows of knowledge leave open.

A row says `sestools mtu <where>`. Whoever reads it is told the region if it is known, and else a word in capitals,
as manual pages do it: never the brackets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from sestools.core.cause import Cause
from sestools.core.endpoints import region_of
from sestools.core.results import Symptom
from sestools.core.target import Target

OPEN = {
    "region": "REGION", "where": "REGION", "host": "HOST", "port": "PORT", "address": "ADDRESS", "route": "ADDRESS",
    "interface": "INTERFACE", "mtu": "SIZE", "segment": "SEGMENT", "seconds": "SECONDS",
}  # fmt: skip
"""The names that a row may leave open, and the word for each that is not known."""

_HERE = ("127.", "localhost", "::1")
"""A simulator or tunnel of this host is gone by the time a command is typed."""

_NAMES = re.compile(f"<({'|'.join(OPEN)})>")


def filled(cause: Cause, **known: object) -> Cause:
    """The cause with what is known in its sentences, and a readable word for what is not; None is not known."""
    fill = partial(filled_text, known=known)
    old = {"title": cause.title, "meaning": cause.meaning, "note": cause.note}
    new = {name: fill(text) for name, text in old.items()}
    several = {"fix": cause.fix, "ruled_out": cause.ruled_out}
    more = {name: tuple(map(fill, texts)) for name, texts in several.items()}
    return cause if new == old and more == several else replace(cause, **new, **more)  # type: ignore[arg-type]


def filled_text(text: str, known: Mapping[str, object]) -> str:
    """The same for one sentence."""
    if "<" not in text:
        return text

    def value(found: re.Match[str]) -> str:
        given = known.get(found[1])
        return OPEN[found[1]] if given is None else str(given)

    return _NAMES.sub(value, text)


def known_of(about: Symptom | Target) -> dict[str, object]:
    """What a symptom, or a target, tells: host, port, region, and what to type to name it to a command."""
    host, port = about.host, about.port
    region = region_of(host or "")
    where = region or host
    if isinstance(about, Target) and about.connect_to:
        to, other = about.connect_to
        if not to.startswith(_HERE):
            where = f"{where} --connect-to {f'[{to}]' if ':' in to else to}:{other}"
    return {"host": host or None, "port": port, "region": region, "where": where or None}
