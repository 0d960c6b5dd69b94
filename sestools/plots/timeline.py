"""Attempts to send: when each was made, what came of it, and how long was waited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sestools.core.text import printable
from sestools.plots.drawing import COLOURS, FAILED, Drawing, draw_rows, drawing, legend_above
from sestools.sending.mail import Attempt, Entry
from sestools.sending.policy import is_unknown

_TICKS = ((0.0, "0"), (1.0, "1 s"), (5.0, "5 s"), (15.0, "15 s"), (60.0, "1 min"), (300.0, "5 min"),
          (1200.0, "20 min"), (3600.0, "1 h"), (21_600.0, "6 h"), (86_400.0, "1 day"))  # fmt: skip
_LINEAR = 90.0
"""Seconds up to which the axis is linear."""
MOST_ROWS = 14
"""Rows of a timeline at most."""
_MARKS = {"accepted": ("o", COLOURS["TLS"]), "failed": ("X", FAILED), "unknown": ("D", COLOURS["message"])}


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Attempts to be plotted: one row a message or a policy.

    Attributes:
        rows: The attempts of each row, by its name.
        together: Whether all rows share one clock; else each begins at 0.
    """

    rows: Mapping[str, Sequence[Attempt]]
    together: bool = True


def retried(entries: Sequence[Entry], most: int = MOST_ROWS) -> Timeline:
    """The messages that took more than one attempt or failed, the first so many."""
    found = [
        entry for entry in entries if len(entry.attempts) > 1 or any(one.failure for one in entry.attempts)
    ]
    found.sort(key=lambda entry: entry.attempts[0].at)
    return Timeline(rows={f"message {printable(one.mail.name, 20)}": one.attempts for one in found[:most]})


@drawing.register
def _(timeline: Timeline) -> Drawing:
    rows = "; ".join(f"{name}: {_words(some)}" for name, some in timeline.rows.items())
    return Drawing(
        draw=partial(_draw, timeline),
        alt=f"Timeline of attempts and waits. {rows or 'Every message was accepted at its first attempt'}.",
        size=(8.4, 1.1 + 0.32 * max(1, len(timeline.rows))),
    )


def _draw(timeline: Timeline, ax: Axes) -> None:
    """One row a message or a policy, a mark an attempt, a line a wait."""
    rows = timeline.rows
    first = min((some[0].at for some in rows.values() if some), default=0.0)
    longest = 0.0
    for row, some in enumerate(rows.values()):
        start = first if timeline.together or not some else some[0].at
        for attempt in some:
            at, end = attempt.at - start, attempt.at - start + attempt.seconds
            longest = max(longest, end + (attempt.wait or 0.0))
            mark, colour = _MARKS[_kind(attempt)]
            if attempt.wait:
                ax.plot([end, end + attempt.wait], [row, row], color="0.7", linewidth=1.2, zorder=1)
            if attempt.seconds > 0:
                ax.plot([at, end], [row, row], color=colour, linewidth=4, alpha=0.35, zorder=2)
            ax.plot(end, row, mark, color=colour, markersize=7, zorder=3)
    if longest > _LINEAR:
        ax.set_xscale("symlog", linthresh=5.0)
        shown = [tick for tick in _TICKS if tick[0] <= longest * 1.6]
        ax.set_xticks([at for at, _ in shown], [name for _, name in shown])
        ax.minorticks_off()
        ax.set_xlim(-0.6, longest * 1.6)
    else:
        ax.set_xlabel("seconds")
        ax.set_xlim(-longest * 0.02, max(longest, 0.1) * 1.04)
    draw_rows(ax, list(rows))
    marks = [Line2D([], [], linestyle="", marker=mark, color=colour) for mark, colour in _MARKS.values()]
    handles = [*marks, Line2D([], [], color="0.7", linewidth=1.2)]
    legend_above(ax, handles, [*_MARKS, "wait"], ncols=4, handletextpad=0.3, columnspacing=1.4)


def _kind(attempt: Attempt) -> str:
    if attempt.failure is None:
        return "accepted"
    return "unknown" if is_unknown(attempt.failure.symptom) else "failed"


def _words(attempts: Sequence[Attempt]) -> str:
    """Attempts in words: what came of each, and what was waited."""
    words = []
    for attempt in attempts:
        failure = attempt.failure
        words.append(f"{_kind(attempt)} ({failure.cause.id})" if failure else "accepted")
        if attempt.wait:
            words.append(f"{attempt.wait:.0f} s" if attempt.wait >= 1 else f"{attempt.wait:.2g} s")
    shown = words if len(words) <= 12 else [*words[:11], f"and {len(words) - 11} more"]
    return ", ".join(shown)
