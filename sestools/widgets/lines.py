"""Lines to type on a host without Python, as a table with how to read what they print."""

from __future__ import annotations

import html
from dataclasses import dataclass

from sestools.checkup.manual_commands import Equivalent, equivalents
from sestools.core.target import Target

_CELL = "text-align:left;vertical-align:top;padding:3px 14px 3px 0"


@dataclass(frozen=True, kw_only=True, repr=False)
class Lines:
    """Command lines for one target; shows as a table in a notebook."""

    target: Target
    lines: tuple[Equivalent, ...]

    def __repr__(self) -> str:
        return "\n".join(
            f"{line.command}\n    healthy: {line.healthy}\n    failing: {line.failing}" for line in self.lines
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="{_CELL}"><code style="overflow-wrap:anywhere">{html.escape(line.command)}</code></td>'
            f'<td style="{_CELL}">{html.escape(line.healthy)}</td>'
            f'<td style="{_CELL}">{html.escape(line.failing)}</td></tr>'
            for line in self.lines
        )
        heads = "".join(
            f'<th scope="col" style="{_CELL};{width}">{name}</th>'
            for name, width in (("type", "width:46%"), ("healthy", ""), ("failing", ""))
        )
        return (
            '<table style="border-collapse:collapse;max-width:76em;font-size:13px">'
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        )


def lines_to_type(target: Target, tools: tuple[str, ...] = ("nc", "telnet", "openssl")) -> Lines:
    """The lines of some tools for a target (also `swaks` and `PowerShell`)."""
    return Lines(target=target, lines=tuple(line for line in equivalents(target) if line.tool in tools))
