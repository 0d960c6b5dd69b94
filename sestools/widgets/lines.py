"""Lines to type on a host without Python, and how to read what they print."""

from __future__ import annotations

from dataclasses import dataclass

from sestools.checkup.manual_commands import Equivalent, equivalents
from sestools.core.document import Code, Document, Field
from sestools.core.target import Target
from sestools.render.shown import Shown


@dataclass(frozen=True, kw_only=True, repr=False)
class Lines(Shown):
    """Command lines for one target."""

    target: Target
    lines: tuple[Equivalent, ...]

    def document(self) -> Document:
        """Each line, and what it prints when all is well and when not."""
        parts = (
            Document(
                lead=(Code(line.command),),
                fields=(
                    Field(label="healthy", texts=(line.healthy,)),
                    Field(label="failing", texts=(line.failing,)),
                ),
            )
            for line in self.lines
        )
        return Document(parts=tuple(parts))

    def __repr__(self) -> str:
        return str(self)


def lines_to_type(target: Target, tools: tuple[str, ...] = ("nc", "telnet", "openssl")) -> Lines:
    """The lines of some tools for a target (also `swaks` and `PowerShell`)."""
    return Lines(target=target, lines=tuple(line for line in equivalents(target) if line.tool in tools))
