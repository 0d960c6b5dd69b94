"""Which packet sizes passed, and which stalled."""

from __future__ import annotations

from functools import partial

from matplotlib.axes import Axes

from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.plots.drawing import COLOURS, FAILED, Drawing, drawing, write
from sestools.probes import MtuFacts, Trial, Way


@drawing.register
def _(result: ProbeResult) -> Drawing:
    facts = result.facts
    if not isinstance(facts, MtuFacts):
        raise UsageError("of the probes, only the result of probe_mtu has a plot")
    found = "nothing stalls"
    if facts.segment:
        found = f"with {facts.segment} bytes segments pass, with {facts.stalls_at} they stall"
    tried = ", ".join(str(trial.clamp) for trial in facts.trials if trial.clamp)
    searched = f" Search over segments of {tried} bytes." if tried else ""
    return Drawing(
        draw=partial(_draw, facts),
        alt=f"Bytes acknowledged over time, stalled against clamped: {found}.{searched}",
        size=(8.4, 3.0),
        panels={"ncols": 2},
    )


def _draw(facts: MtuFacts, axes: list[Axes]) -> None:
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
    over_time.set_xlabel("seconds since large segments were sent")
    over_time.set_ylabel("bytes received" if way is Way.DOWN else "bytes acknowledged")
    over_time.set_ylim(bottom=0)
    over_time.margins(x=0.08, y=0.25)
    clamped = [(trial, trial.clamp) for trial in trials if trial.clamp]
    for number, (trial, size) in enumerate(clamped, 1):
        search.plot(number, size, "x" if trial.stalled else "o", color=_colour(trial))
        write(search, str(size), (number, size), (0, 6), fontsize=8, ha="center")
    if facts.segment:
        search.axhline(facts.segment + 0.5, color=FAILED, linewidth=1, linestyle=(0, (4, 2)))
    search.set_xlabel("connection (o passes, x stalls)")
    search.set_ylabel("clamped to, bytes")
    search.set_xticks(range(1, len(clamped) + 1))
    search.margins(x=0.08, y=0.18)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)


def _colour(trial: Trial) -> str:
    return FAILED if trial.stalled else COLOURS["connect"]
