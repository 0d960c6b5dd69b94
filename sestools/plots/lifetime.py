"""Pictures of lifetimes: how many connections still live, and what it costs to change them when."""

from __future__ import annotations

import bisect
import io
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sestools.lifetime.advice import RecycleAdvice
from sestools.lifetime.survival import Curve
from sestools.plots.picture import COLOURS, FAILED, Picture

LINE, BROKEN = COLOURS["connect"], FAILED
UNITS = {"age": "age of the connection, s", "messages": "messages on the connection", "silence": "silence, s"}
_TRIED = {"messages": "messages on a connection", "age": "age, s", "idle": "silence, s"}
_MARKS = (0.05, 0.25, 0.5, 0.75, 1.0)
"""Where on the way to the longest life the words of a curve look."""


def plot_survival(curve: Curve, ax: Axes | None = None, *, chosen: float | None = None) -> Axes:
    """The share of connections that still live, with its intervals; a tick where one was left alive.

    Args:
        curve: What `survival` found.
        ax: Where to draw; by default a new figure (`ax.figure`).
        chosen: A threshold to mark.
    """
    if ax is None:
        ax = Figure(figsize=(8.4, 3.2), dpi=110, layout="constrained").subplots()
    times = (0.0, *curve.times)
    ax.fill_between(
        times, (1.0, *curve.low), (1.0, *curve.high), step="post", color=LINE, alpha=0.18, linewidth=0,
        label=f"{curve.confidence:.0%} interval, for each moment",
    )  # fmt: skip
    ax.step(times, (1.0, *curve.alive), where="post", color=LINE, label=f"still alive, of {curve.lives}")
    if curve.censored:
        heights = [(1.0, *curve.alive)[bisect.bisect_right(curve.times, time)] for time in curve.censored]
        ax.plot(
            curve.censored,
            heights,
            "|",
            color="black",
            markersize=9,
            label=f"left alive: {len(curve.censored)}",
        )
    if chosen is not None and chosen <= curve.longest:
        ax.axvline(chosen, color=BROKEN, linewidth=1.2, linestyle=(0, (4, 2)), label=f"advised: {chosen:g}")
    ax.set_ylim(0, 1.04)
    ax.set_xlim(0, curve.longest * 1.02)
    ax.set_yticks((0, 0.25, 0.5, 0.75, 1), ("0", "25 %", "50 %", "75 %", "100 %"))
    ax.set_xlabel(UNITS[curve.by])
    ax.set_ylabel("connections alive")
    ax.legend(frameon=False, fontsize=8, loc="best")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def plot_costs(advice: RecycleAdvice, axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
    """What other thresholds would cost, each with the other two as advised; the advice is the large point.

    What costs more than three and a half times as much is beyond the upper edge.

    Args:
        advice: What `advise` found.
        axes: Three axes to draw on; by default those of a new figure (`axes[0].figure`).
    """
    if axes is None:
        axes = Figure(figsize=(8.4, 3.0), dpi=110, layout="constrained").subplots(1, 3, sharey=True)
    for ax, (name, label) in zip(axes, _TRIED.items(), strict=True):
        values, costs = zip(*advice.tried[name], strict=True) if advice.tried.get(name) else ((), ())
        handshakes = [cost.handshakes for cost in costs]
        ax.fill_between(values, handshakes, color=LINE, alpha=0.25, linewidth=0, label="handshakes")
        ax.fill_between(
            values, handshakes, [cost.total for cost in costs], color=BROKEN, alpha=0.3, linewidth=0,
            label=f"broken sends, x {advice.cost.price:g}",
        )  # fmt: skip
        ax.plot(values, [cost.total for cost in costs], ".-", color="black", linewidth=1, markersize=4)
        value = getattr(advice.thresholds, name)
        if value is not None and value in values:
            ax.plot(value, advice.cost.total, "o", color="black", markersize=8, clip_on=False, zorder=5)
            ax.annotate(
                f"{value:g}", (value, advice.cost.total), xytext=(-4, 9), textcoords="offset points",
                fontsize=9, ha="right",
                bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1},
            )  # fmt: skip
        if values:
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter("{x:g}")
            ax.set_xlim(values[0], values[-1])
        ax.set_ylim(0, 3.5 * advice.cost.total)
        ax.set_xlabel(label)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("handshakes, or their worth,\nfor a thousand messages")
    handles, labels = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(handles, labels, frameon=False, fontsize=8, ncols=2, loc="outside upper center")
    return axes


def survival_words(curve: Curve) -> str:
    """A curve in words."""
    what = {"age": "age", "messages": "messages carried", "silence": "silence"}[curve.by]
    unit = "" if curve.by == "messages" else " s"
    said = []
    for mark in _MARKS:
        at = round(curve.longest * mark)
        share, low, high = curve.at(min(at, curve.longest))
        said.append(f"beyond {at}{unit} {share:.0%} ({low:.0%} to {high:.0%})")
    return (
        f"Survival by {what}: of {curve.lives} connections {curve.ended} ended and {len(curve.censored)} were "
        f"left alive. Still alive, with {curve.confidence:.0%} intervals: {'; '.join(said)}."
    )


def costs_words(advice: RecycleAdvice) -> str:
    """The costs in words."""
    parts = []
    for name, label in _TRIED.items():
        tried = advice.tried.get(name, ())
        if tried:
            few = dict([tried[0], tried[len(tried) // 2], tried[-1]])
            costs = ", ".join(f"{cost.total:.0f} at {value:g}" for value, cost in few.items())
            parts.append(f"by {label}: {costs}")
    cost = advice.cost
    return (
        f"Cost of a thousand messages in handshakes: {cost.total:.0f} as advised ({advice.thresholds}), "
        f"{cost.handshakes:.0f} handshakes and {cost.broken:.1f} broken sends. {'; '.join(parts).capitalize()}."
    )


def survival_picture(curve: Curve, *, chosen: float | None = None) -> Picture:
    """`plot_survival` as a picture that a notebook stores, its text form in words."""
    words = survival_words(curve) + (f" Advised: {chosen:g}." if chosen is not None else "")
    return _picture(plot_survival(curve, chosen=chosen).figure, words)


def costs_picture(advice: RecycleAdvice) -> Picture:
    """`plot_costs` as a picture that a notebook stores, its text form in words."""
    return _picture(plot_costs(advice)[0].figure, costs_words(advice))


def _picture(figure: Any, words: str) -> Picture:
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white", metadata={"Software": None})
    return Picture(png=out.getvalue(), alt=words, width=round(figure.get_figwidth() * 100))
