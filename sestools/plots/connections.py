"""Connections: how many still live, what it costs to change them when, and which packet sizes pass."""

from __future__ import annotations

import bisect
from functools import partial

from matplotlib.axes import Axes

from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.lifetime.advice import RecycleAdvice
from sestools.lifetime.survival import Curve
from sestools.plots.drawing import COLOURS, FAILED, Drawing, drawing, write
from sestools.probes import MtuFacts, Trial, Way

LINE, BROKEN = COLOURS["connect"], FAILED
_CURVES = {"age": ("age", "age of the connection, s", " s"), "silence": ("silence", "silence, s", " s"),
           "messages": ("messages carried", "messages on the connection", "")}  # fmt: skip
"""A curve by what is counted: in words, as an axis, and its unit."""
_TRIED = {"messages": "messages on a connection", "age": "age, s", "idle": "silence, s"}
_MARKS = (0.05, 0.25, 0.5, 0.75, 1.0)
"""Where on the way to the longest life the words of a curve look."""


@drawing.register
def _(curve: Curve, *, chosen: float | None = None) -> Drawing:
    what, _, unit = _CURVES[curve.by]
    moments = [round(curve.longest * mark) for mark in _MARKS]
    shares = [(at, *curve.at(min(at, curve.longest))) for at in moments]
    words = (f"beyond {at}{unit} {share:.0%} ({low:.0%} to {high:.0%})" for at, share, low, high in shares)
    return Drawing(
        partial(_draw_survival, curve, chosen),
        f"Survival by {what}: of {curve.lives} connections {curve.ended} ended and {len(curve.censored)} were "
        f"left alive. Still alive, with {curve.confidence:.0%} intervals: {'; '.join(words)}."
        + (f" Advised: {chosen:g}." if chosen is not None else ""),
        (8.4, 3.2),
    )


def _draw_survival(curve: Curve, chosen: float | None, ax: Axes) -> None:
    """The share of connections that still live, with its intervals; a tick where one was left alive."""
    times, alive = (0.0, *curve.times), (1.0, *curve.alive)
    ax.fill_between(
        times, (1.0, *curve.low), (1.0, *curve.high), step="post", color=LINE, alpha=0.18, linewidth=0,
        label=f"{curve.confidence:.0%} interval, for each moment",
    )  # fmt: skip
    ax.step(times, alive, where="post", color=LINE, label=f"still alive, of {curve.lives}")
    if curve.censored:
        heights = [alive[bisect.bisect_right(curve.times, time)] for time in curve.censored]
        ax.plot(curve.censored, heights, "|k", markersize=9, label=f"left alive: {len(curve.censored)}")
    if chosen is not None and chosen <= curve.longest:
        ax.axvline(chosen, color=BROKEN, linewidth=1.2, linestyle=(0, (4, 2)), label=f"advised: {chosen:g}")
    ax.set(
        xlim=(0, curve.longest * 1.02),
        xlabel=_CURVES[curve.by][1],
        ylim=(0, 1.04),
        ylabel="connections alive",
    )
    ax.set_yticks((0, 0.25, 0.5, 0.75, 1), ("0", "25 %", "50 %", "75 %", "100 %"))
    ax.legend(frameon=False, fontsize=8, loc="best")
    ax.spines[["top", "right"]].set_visible(False)


@drawing.register
def _(advice: RecycleAdvice) -> Drawing:
    parts = []
    for name, label in _TRIED.items():
        if tried := advice.tried.get(name, ()):
            few = dict([tried[0], tried[len(tried) // 2], tried[-1]])
            costs = ", ".join(f"{cost.total:.0f} at {value:g}" for value, cost in few.items())
            parts.append(f"by {label}: {costs}")
    cost = advice.cost
    return Drawing(
        partial(_draw_costs, advice),
        f"Cost of a thousand messages in handshakes: {cost.total:.0f} as advised ({advice.thresholds}), "
        f"{cost.handshakes:.0f} handshakes and {cost.broken:.1f} broken sends. {'; '.join(parts).capitalize()}.",
        (8.4, 3.0),
        {"ncols": 3, "sharey": True},
    )


def _draw_costs(advice: RecycleAdvice, axes: list[Axes]) -> None:
    """What other thresholds would cost, each with the other two as advised; the advice is the large point.

    What costs more than three and a half times as much is beyond the upper edge.
    """
    best = advice.cost.total
    for ax, (name, label) in zip(axes, _TRIED.items(), strict=True):
        values, costs = zip(*advice.tried[name], strict=True) if advice.tried.get(name) else ((), ())
        handshakes, totals = [cost.handshakes for cost in costs], [cost.total for cost in costs]
        ax.fill_between(values, handshakes, color=LINE, alpha=0.25, linewidth=0, label="handshakes")
        broken = f"broken sends, x {advice.cost.price:g}"
        ax.fill_between(values, handshakes, totals, color=BROKEN, alpha=0.3, linewidth=0, label=broken)
        ax.plot(values, totals, ".-", color="black", linewidth=1, markersize=4)
        value = getattr(advice.thresholds, name)
        if value is not None and value in values:
            ax.plot(value, best, "o", color="black", markersize=8, clip_on=False, zorder=5)
            box = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1}
            write(ax, f"{value:g}", (value, best), (-4, 9), fontsize=9, ha="right", bbox=box)
        if values:
            ax.set(xscale="log", xlim=(values[0], values[-1]))
            ax.xaxis.set_major_formatter("{x:g}")
        ax.set(ylim=(0, 3.5 * best), xlabel=label)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("handshakes, or their worth,\nfor a thousand messages")
    handles, labels = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(handles, labels, frameon=False, fontsize=8, ncols=2, loc="outside upper center")


@drawing.register
def _(result: ProbeResult) -> Drawing:
    facts = result.facts
    if not isinstance(facts, MtuFacts):
        raise UsageError("of the probes, only the result of probe_mtu has a plot")
    found = f"with {facts.segment} bytes segments pass, with {facts.stalls_at} they stall"
    tried = ", ".join(str(trial.clamp) for trial in facts.trials if trial.clamp)
    searched = f" Search over segments of {tried} bytes." if tried else ""
    return Drawing(
        partial(_draw_mtu, facts),
        f"Bytes acknowledged over time, stalled against clamped: {found if facts.segment else 'nothing stalls'}.{searched}",
        (8.4, 3.0),
        {"ncols": 2},
    )


def _draw_mtu(facts: MtuFacts, axes: list[Axes]) -> None:
    """Bytes acknowledged over time, and the search for the largest segment that passes."""
    over_time, search = axes
    stalled = next((trial for trial in facts.trials if trial.stalled), None)
    way = stalled.way if stalled else facts.trials[0].way if facts.trials else None
    trials = [trial for trial in facts.trials if trial.way == way]
    passed = [trial for trial in trials if not trial.stalled]
    longest = max((trial.seconds for trial in trials), default=0.0)
    for trial in filter(None, (stalled, passed[-1] if passed else None)):
        seconds, done = zip(*trial.samples, strict=True) if trial.samples else ((), ())
        line = "--" if trial.stalled else "-"
        over_time.step(seconds, done, where="post", color=_colour(trial), linestyle=line)
        if trial.samples:
            name = f"clamped to {trial.clamp}" if trial.clamp else "unclamped"
            words = f"{name}: {trial.flight if trial.stalled else 'passed'}"
            side = "right" if seconds[-1] > longest / 2 else "left"
            write(over_time, words, trial.samples[-1], (0, 5), fontsize=9, ha=side)
    unit = "bytes received" if way is Way.DOWN else "bytes acknowledged"
    over_time.set(xlabel="seconds since large segments were sent", ylabel=unit, ylim=(0, None))
    over_time.margins(x=0.08, y=0.25)
    clamped = [(trial, trial.clamp) for trial in trials if trial.clamp]
    for number, (trial, size) in enumerate(clamped, 1):
        search.plot(number, size, "x" if trial.stalled else "o", color=_colour(trial))
        write(search, str(size), (number, size), (0, 6), fontsize=8, ha="center")
    if facts.segment:
        search.axhline(facts.segment + 0.5, color=FAILED, linewidth=1, linestyle=(0, (4, 2)))
    search.set(xlabel="connection (o passes, x stalls)", ylabel="clamped to, bytes")
    search.set_xticks(range(1, len(clamped) + 1))
    search.margins(x=0.08, y=0.18)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)


def _colour(trial: Trial) -> str:
    return FAILED if trial.stalled else COLOURS["connect"]
