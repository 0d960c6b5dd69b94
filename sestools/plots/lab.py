"""What senders lose, send twice and delay, under each script of faults."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from sestools.labs import Lab, Result
from sestools.plots.drawing import COLOURS, FAILED, Drawing, drawing, write

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
        draw=partial(_draw, results),
        alt=f"Lost, sent twice and delayed, by sender. {'; '.join(map(_words, results))}.",
        size=(8.8, 1.3 + 0.21 * len(results) + 0.12 * len({result.script for result in results})),
        panels={"ncols": 3, "sharey": True},
    )


def _words(one: Result) -> str:
    unreported = f", {one.unreported} of them unknowingly" if one.unreported else ""
    return (
        f"{one.script}, {one.sender}: {one.lost} of {one.messages:,} lost, {one.duplicated} twice{unreported}, "
        f"99 in 100 within {one.p99:,.1f} s"
    )


def _draw(results: tuple[Result, ...], axes: list[Axes]) -> None:
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
        ax.set_xlim(0, max([figure(result) for result in results] + [1e-9]) * 1.28)
        ax.set_xticks([])
        ax.spines[["top", "right", "bottom"]].set_visible(False)
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks([row * step + (len(senders) - 1) / 2 for row in range(len(scripts))], scripts)
    axes[0].set_ylim(max(heights, default=0) + 0.8, -0.8)
    labels = {sender: Patch(color=colours[sender]) for sender in senders}
    if any(result.unreported for result in results):
        labels["unknowingly"] = Patch(**_UNREPORTED)
    axes[0].figure.legend(
        [*labels.values()], [*labels], ncols=min(5, len(labels)), frameon=False, loc="outside upper left"
    )  # fmt: skip
