"""Pictures of sending: when it was tried and what was waited, and what senders lose, send twice and delay."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sestools.core.text import printable
from sestools.labs import Lab, Result
from sestools.plots.picture import COLOURS, FAILED, Picture
from sestools.sending.mail import Attempt, Entry
from sestools.sending.policy import is_unknown

OK = COLOURS["TLS"]
UNKNOWN = COLOURS["message"]
_TICKS = ((0.0, "0"), (1.0, "1 s"), (5.0, "5 s"), (15.0, "15 s"), (60.0, "1 min"), (300.0, "5 min"),
          (1200.0, "20 min"), (3600.0, "1 h"), (21_600.0, "6 h"), (86_400.0, "1 day"))  # fmt: skip
MOST_ROWS = 14
"""Rows of a timeline at most."""

Attempts = Mapping[str, Sequence[Attempt]]


def retried(entries: Sequence[Entry], most: int = MOST_ROWS) -> dict[str, tuple[Attempt, ...]]:
    """The messages that took more than one attempt or failed, the first so many, for a timeline."""
    found = [
        entry for entry in entries if len(entry.attempts) > 1 or any(one.failure for one in entry.attempts)
    ]
    found.sort(key=lambda entry: entry.attempts[0].at)
    return {f"message {printable(entry.mail.name, 20)}": entry.attempts for entry in found[:most]}


def plot_attempts(attempts: Attempts, ax: Axes | None = None, *, together: bool = True) -> Axes:
    """A timeline: one row a message or a policy, a mark an attempt, a line a wait.

    Args:
        attempts: The attempts of each row, by its name.
        ax: Where to draw; by default a new figure (`ax.figure`).
        together: Whether all rows share one clock; else each begins at 0.
    """
    if ax is None:
        size = (8.4, 1.1 + 0.32 * max(1, len(attempts)))
        ax = Figure(figsize=size, dpi=110, layout="constrained").subplots()
    first = min((some[0].at for some in attempts.values() if some), default=0.0)
    longest = 0.0
    for row, some in enumerate(attempts.values()):
        start = first if together or not some else some[0].at
        for attempt in some:
            at, end = attempt.at - start, attempt.at - start + attempt.seconds
            longest = max(longest, end + (attempt.wait or 0.0))
            if attempt.wait:
                ax.plot([end, end + attempt.wait], [row, row], color="0.7", linewidth=1.2, zorder=1)
            if attempt.seconds > 0:
                ax.plot([at, end], [row, row], color=_colour(attempt), linewidth=4, alpha=0.35, zorder=2)
            ax.plot(end, row, _MARKS[_kind(attempt)], color=_colour(attempt), markersize=7, zorder=3)
    if longest > 90:
        ax.set_xscale("symlog", linthresh=5.0)
        shown = [tick for tick in _TICKS if tick[0] <= longest * 1.6]
        ax.set_xticks([at for at, _ in shown], [name for _, name in shown])
        ax.minorticks_off()
    else:
        ax.set_xlabel("seconds")
    ax.set_xlim(
        left=-longest * 0.02 if longest <= 90 else -0.6,
        right=max(longest, 0.1) * (1.04 if longest <= 90 else 1.6),
    )
    ax.set_yticks(range(len(attempts)), list(attempts))
    ax.set_ylim(len(attempts) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.legend(
        [Line2D([], [], linestyle="", marker=mark, color=colour) for mark, colour in _LEGEND.values()]
        + [Line2D([], [], color="0.7", linewidth=1.2)],
        [*_LEGEND, "wait"],
        ncols=4,
        frameon=False,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        borderpad=0.2,
        handletextpad=0.3,
        columnspacing=1.4,
    )
    return ax


_LEGEND = {"accepted": ("o", OK), "failed": ("X", FAILED), "unknown": ("D", UNKNOWN)}
_MARKS = {kind: mark for kind, (mark, _) in _LEGEND.items()}


def _kind(attempt: Attempt) -> str:
    if attempt.failure is None:
        return "accepted"
    return "unknown" if is_unknown(attempt.failure.symptom) else "failed"


def _colour(attempt: Attempt) -> str:
    return _LEGEND[_kind(attempt)][1]


def attempts_picture(attempts: Attempts, *, together: bool = True) -> Picture:
    """`plot_attempts` as a picture that a notebook stores, its text form in words."""
    rows = "; ".join(f"{name}: {_told(some)}" for name, some in attempts.items())
    ax = plot_attempts(attempts, together=together)
    return _picture(
        ax, f"Timeline of attempts and waits. {rows or 'Every message went out at its first attempt'}."
    )


def _told(attempts: Sequence[Attempt]) -> str:
    """Attempts in words: what came of each, and what was waited."""
    words = []
    for attempt in attempts:
        failure = attempt.failure
        words.append(f"{_kind(attempt)} ({failure.cause.id})" if failure else "accepted")
        if attempt.wait:
            words.append(f"{attempt.wait:.0f} s" if attempt.wait >= 1 else f"{attempt.wait:.2g} s")
    shown = words if len(words) <= 12 else [*words[:11], f"and {len(words) - 11} more"]
    return ", ".join(shown)


def plot_lab(lab: Lab, axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
    """Lost, sent twice and delayed, for each sender under each script.

    Args:
        lab: What a lab found; seeds are added up.
        axes: Three axes to draw on; by default those of a new figure (`axes[0].figure`).
    """
    results = lab.totals()
    scripts = list(dict.fromkeys(result.script for result in results))
    senders = list(dict.fromkeys(result.sender for result in results))
    if axes is None:
        size = (8.8, 1.3 + 0.21 * len(results) + 0.12 * len(scripts))
        axes = Figure(figsize=size, dpi=110, layout="constrained").subplots(1, 3, sharey=True)
    colours = dict(zip(senders, _SENDERS * len(senders), strict=False))
    places = {}
    for result in results:
        step = len(senders) + 0.7
        places[result.script, result.sender] = scripts.index(result.script) * step + senders.index(
            result.sender
        )
    for ax, (title, figure, words) in zip(axes, _PANELS, strict=True):
        top = max([figure(result) for result in results] + [1e-9])
        for result in results:
            y, width = places[result.script, result.sender], figure(result)
            ax.barh(y, width, height=0.82, color=colours[result.sender])
            if title.startswith("twice") and result.unreported:
                ax.barh(
                    y, result.unreported, height=0.82, fill=False, edgecolor=FAILED, hatch="////", linewidth=0
                )
            ax.annotate(words(result), (width, y), xytext=(4, 0), textcoords="offset points", va="center",
                        fontsize=8, color="0.25" if width else "0.5")  # fmt: skip
        ax.set_title(title, fontsize=10, loc="left")
        ax.set_xlim(0, top * 1.28)
        ax.set_xticks([])
        ax.spines[["top", "right", "bottom"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
    middle = (len(senders) - 1) / 2
    axes[0].set_yticks([places[script, senders[0]] + middle for script in scripts], scripts)
    axes[0].set_ylim(max(places.values(), default=0) + 0.8, -0.8)
    whole = axes[0].figure
    handles: list[Any] = [Patch(color=colours[sender]) for sender in senders]
    names = list(senders)
    if any(result.unreported for result in results):
        handles.append(Patch(fill=False, edgecolor=FAILED, hatch="////", linewidth=0))
        names.append("unknowingly")
    whole.legend(handles, names, ncols=min(5, len(names)), frameon=False, loc="outside upper left")
    return axes


_SENDERS = ("#999999", COLOURS["greeting, EHLO"], COLOURS["connect"], COLOURS["TLS"], COLOURS["sign-in"])
_PANELS: tuple[tuple[str, Callable[[Result], float], Callable[[Result], str]], ...] = (
    ("lost", lambda one: one.lost, lambda one: f"{one.lost}"),
    ("twice", lambda one: one.duplicated, lambda one: f"{one.duplicated}"),
    ("delay of 99 in 100, seconds", lambda one: one.p99, lambda one: f"{one.p99:,.1f}"),
)


def lab_picture(lab: Lab) -> Picture:
    """`plot_lab` as a picture that a notebook stores, its text form in words."""

    def told(one: Result) -> str:
        unknowingly = f", {one.unreported} of them unknowingly" if one.unreported else ""
        return (
            f"{one.script}, {one.sender}: {one.lost} of {one.messages:,} lost, {one.duplicated} twice{unknowingly}, "
            f"99 in 100 within {one.p99:,.1f} s"
        )

    words = "; ".join(map(told, lab.totals()))
    return _picture(plot_lab(lab)[0], f"Lost, sent twice and delayed, by sender. {words}.")


def _picture(ax: Axes, alt: str) -> Picture:
    figure = ax.figure
    assert isinstance(figure, Figure)  # noqa: S101 - a new figure, not a part of one
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white", metadata={"Software": None})
    return Picture(png=out.getvalue(), alt=alt, width=round(figure.get_figwidth() * 100))
