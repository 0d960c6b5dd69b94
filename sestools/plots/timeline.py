"""Attempts to send, what came of each, and the waits between; and what senders lose under faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sestools.core.text import printable
from sestools.labs import Lab, Result
from sestools.plots.drawing import COLOURS, FAILED, Drawing, draw_rows, drawing, legend_above, write
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
    """Attempts by the name of their row. Rows that are `together` share one clock; else each begins at 0."""

    rows: Mapping[str, Sequence[Attempt]]
    together: bool = True


def retried(entries: Sequence[Entry], most: int = MOST_ROWS) -> Timeline:
    """The messages that took more than one attempt or failed, the first so many."""
    hard = [one for one in entries if len(one.attempts) > 1 or any(each.failure for each in one.attempts)]
    found = sorted(hard, key=lambda entry: entry.attempts[0].at)
    return Timeline(rows={f"message {printable(one.mail.name, 20)}": one.attempts for one in found[:most]})


@drawing.register
def _(timeline: Timeline) -> Drawing:
    rows = "; ".join(f"{name}: {_words(some)}" for name, some in timeline.rows.items())
    return Drawing(
        partial(_draw, timeline),
        f"Timeline of attempts and waits. {rows or 'Every message was accepted at its first attempt'}.",
        (8.4, 1.1 + 0.32 * max(1, len(timeline.rows))),
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
        ax.set(xlabel="seconds", xlim=(-longest * 0.02, max(longest, 0.1) * 1.04))
    draw_rows(ax, list(rows))
    handles = {kind: Line2D([], [], ls="", marker=mark, color=of) for kind, (mark, of) in _MARKS.items()}
    handles["wait"] = Line2D([], [], color="0.7", linewidth=1.2)
    legend_above(ax, handles, handletextpad=0.3, columnspacing=1.4)


def _kind(attempt: Attempt) -> str:
    if attempt.failure is None:
        return "accepted"
    return "unknown" if is_unknown(attempt.failure.symptom) else "failed"


def _words(attempts: Sequence[Attempt]) -> str:
    """Attempts in words: what came of each, and what was waited."""
    words = []
    for attempt in attempts:
        words.append(f"{_kind(attempt)} ({attempt.failure.cause.id})" if attempt.failure else "accepted")
        if attempt.wait:
            words.append(f"{attempt.wait:.0f} s" if attempt.wait >= 1 else f"{attempt.wait:.2g} s")
    return ", ".join(words if len(words) <= 12 else [*words[:11], f"and {len(words) - 11} more"])


_SENDERS = ("#999999", COLOURS["greeting, EHLO"], COLOURS["connect"], COLOURS["TLS"], COLOURS["sign-in"])
_PANELS: tuple[tuple[str, Callable[[Result], float], str], ...] = (
    ("lost", lambda one: one.lost, ".0f"),
    ("twice", lambda one: one.duplicated, ".0f"),
    ("delay of 99 in 100, seconds", lambda one: one.p99, ",.1f"),
)
_UNREPORTED: dict[str, Any] = {"fill": False, "edgecolor": FAILED, "hatch": "////", "linewidth": 0}


@drawing.register
def _(lab: Lab) -> Drawing:
    results = lab.totals()
    return Drawing(
        partial(_draw_lab, results),
        f"Lost, sent twice and delayed, by sender. {'; '.join(map(_counted, results))}.",
        (8.8, 1.3 + 0.21 * len(results) + 0.12 * len({result.script for result in results})),
        {"ncols": 3, "sharey": True},
    )


def _counted(one: Result) -> str:
    unreported = f", {one.unreported} of them unknowingly" if one.unreported else ""
    return (
        f"{one.script}, {one.sender}: {one.lost} of {one.messages:,} lost, {one.duplicated} twice{unreported}, "
        f"99 in 100 within {one.p99:,.1f} s"
    )


def _draw_lab(results: tuple[Result, ...], axes: list[Axes]) -> None:
    """A panel a figure, a bar for each sender under each script."""
    scripts = list(dict.fromkeys(result.script for result in results))
    senders = list(dict.fromkeys(result.sender for result in results))
    colours = dict(zip(senders, _SENDERS * len(senders), strict=False))
    step = len(senders) + 0.7
    heights = [scripts.index(one.script) * step + senders.index(one.sender) for one in results]
    for ax, (title, figure, form) in zip(axes, _PANELS, strict=True):
        for result, y in zip(results, heights, strict=True):
            width = figure(result)
            ax.barh(y, width, height=0.82, color=colours[result.sender])
            if title == "twice" and result.unreported:
                ax.barh(y, result.unreported, height=0.82, **_UNREPORTED)
            shade = "0.25" if width else "0.5"
            write(ax, format(width, form), (width, y), (4, 0), va="center", fontsize=8, color=shade)
        ax.set_title(title, fontsize=10, loc="left")
        ax.set(xlim=(0, max([*map(figure, results), 1e-9]) * 1.28), xticks=[])
        ax.spines[["top", "right", "bottom"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks([row * step + (len(senders) - 1) / 2 for row in range(len(scripts))], scripts)
    axes[0].set_ylim(max(heights, default=0) + 0.8, -0.8)
    labels = {sender: Patch(color=colours[sender]) for sender in senders}
    if any(result.unreported for result in results):
        labels["unknowingly"] = Patch(**_UNREPORTED)
    look: dict[str, Any] = {"ncols": min(5, len(labels)), "frameon": False, "loc": "outside upper left"}
    axes[0].figure.legend([*labels.values()], [*labels], **look)
