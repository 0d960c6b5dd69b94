"""Which packet sizes passed, and which stalled."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sestools.core.results import ProbeResult

if TYPE_CHECKING:
    pass
from sestools.plots.picture import COLOURS, FAILED, Picture


def plot_mtu(result: ProbeResult, axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
    """Why it is the size: bytes acknowledged over time, and the search for the largest segment that passes.

    Args:
        result: What `probe_mtu` found.
        axes: Two axes to draw on; by default those of a new figure (`axes[0].figure`).
    """
    if axes is None:
        axes = Figure(figsize=(8.4, 3.0), dpi=110, layout="constrained").subplots(1, 2)
    over_time, search = axes
    facts = result.facts
    stalled = next((trial for trial in facts.trials if trial.stalled), None)
    way = stalled.way if stalled else facts.trials[0].way if facts.trials else None
    trials = [trial for trial in facts.trials if trial.way == way]
    passed = [trial for trial in trials if not trial.stalled]
    longest = max((trial.seconds for trial in trials), default=0.0)
    for trial in filter(None, (stalled, passed[-1] if passed else None)):
        colour, name = _trial_look(trial)
        seconds, done = zip(*trial.samples, strict=True) if trial.samples else ((), ())
        over_time.step(seconds, done, where="post", color=colour, linestyle="--" if trial.stalled else "-")
        if trial.samples:
            x, y = trial.samples[-1]
            over_time.annotate(
                name,
                (x, y),
                xytext=(0, 5),
                textcoords="offset points",
                fontsize=9,
                ha="right" if x > longest / 2 else "left",
            )
    over_time.set_xlabel("seconds since large segments were sent")
    over_time.set_ylabel("bytes received" if way == "server to client" else "bytes acknowledged")
    over_time.set_ylim(bottom=0)
    over_time.margins(x=0.08, y=0.25)
    clamped = [trial for trial in trials if trial.clamp]
    for number, trial in enumerate(clamped, 1):
        colour, _ = _trial_look(trial)
        search.plot(number, trial.clamp, "x" if trial.stalled else "o", color=colour)
        search.annotate(
            str(trial.clamp),
            (number, trial.clamp),
            xytext=(0, 6),
            textcoords="offset points",
            fontsize=8,
            ha="center",
        )
    if facts.segment:
        search.axhline(facts.segment + 0.5, color=FAILED, linewidth=1, linestyle=(0, (4, 2)))
    search.set_xlabel("connection (o passes, x stalls)")
    search.set_ylabel("clamped to, bytes")
    search.set_xticks(range(1, len(clamped) + 1))
    search.margins(x=0.08, y=0.18)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return axes


def _trial_look(trial: Any) -> tuple[str, str]:
    """Colour and words for one connection of `probe_mtu`."""
    size = f"clamped to {trial.clamp}" if trial.clamp else "unclamped"
    return (FAILED, f"{size}: {trial.flight}") if trial.stalled else (COLOURS["connect"], f"{size}: passed")


def mtu_picture(result: ProbeResult) -> Picture:
    """`plot_mtu` as a picture that a notebook stores, its text form in words."""
    figure = plot_mtu(result)[0].figure
    assert isinstance(figure, Figure)  # noqa: S101 - a new figure, not a part of one
    facts = result.facts
    tried = [trial.clamp for trial in facts.trials if trial.clamp]
    found = (
        f"with {facts.segment} bytes segments pass, with {facts.stalls_at} they stall"
        if facts.segment
        else "nothing stalls"
    )
    searched = f" Search over segments of {', '.join(map(str, tried))} bytes." if tried else ""
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white", metadata={"Software": None})
    return Picture(
        png=out.getvalue(),
        alt=f"Bytes acknowledged over time, stalled against clamped: {found}.{searched}",
        width=round(figure.get_figwidth() * 100),
    )
