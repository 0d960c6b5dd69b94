"""Pictures of results. Each takes a result and an optional `ax`, and returns the `Axes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from sestools.model import ProbeResult, Stage
from sestools.text import duration

if TYPE_CHECKING:
    from sestools.report import Report

# Okabe and Ito's colour-blind-safe palette, dark to light so that the order also shows in grey.
COLOURS = {
    "connect": "#0072B2",
    "greeting, EHLO": "#56B4E9",
    "TLS handshake": "#009E73",
    "sign-in": "#CC79A7",
    "message": "#E69F00",
}
FAILED = "#D55E00"
_GROUPS = {
    Stage.RESOLVE: "connect",
    Stage.CONNECT: "connect",
    Stage.GREETING: "greeting, EHLO",
    Stage.EHLO: "greeting, EHLO",
    Stage.STARTTLS: "TLS handshake",
    Stage.TLS: "TLS handshake",
    Stage.AUTH: "sign-in",
    Stage.MAIL: "message",
    Stage.RCPT: "message",
    Stage.DATA: "message",
    Stage.BODY: "message",
}


def plot_stages(report: Report, ax: Axes | None = None) -> Axes:
    """A waterfall: one bar a port, one colour a stage, a dashed outline where nothing came.

    The outline of a port that never answered is cut off at the right edge; its real length is written
    beside it, so that the other ports' milliseconds stay visible.

    Args:
        report: What `check` found.
        ax: Where to draw; by default a new figure.
    """
    results = {str(port.port): port.dialogue for port in report.ports}
    if report.session is not None:
        results[f"{report.session.target.port} signing in"] = report.session
    if ax is None:
        _, ax = plt.subplots(figsize=(8, 0.9 + 0.42 * len(results)), dpi=100, layout="constrained")
    finished = [_end(result) for result in results.values() if result.ok]
    slowest = max(finished or [_end(result) for result in results.values()] or [0.0])
    edge = max(slowest * 1.15, 0.001)
    for row, result in enumerate(results.values()):
        _bar(ax, row, result, edge)
    ax.set_yticks(range(len(results)), list(results))
    ax.set_ylim(len(results) - 0.4, -0.6)
    ax.set_xlim(0, edge * 1000 * 1.25)
    ax.set_xlabel("milliseconds since the probe began")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    used = {
        _GROUPS[step.stage] for result in results.values() for step in result.steps if step.stage in _GROUPS
    }
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for name, colour in COLOURS.items() if name in used]
    names = [name for name in COLOURS if name in used]
    if handles:
        ax.legend(
            handles, names, ncols=len(handles), frameon=False, loc="upper left", bbox_to_anchor=(0, -0.32)
        )
    return ax


def _end(result: ProbeResult) -> float:
    return max((step.at + step.seconds for step in result.steps if step.stage is not Stage.QUIT), default=0.0)


def _bar(ax: Axes, row: int, result: ProbeResult, edge: float) -> None:
    end = 0.0
    for step in result.steps:
        if step.stage not in _GROUPS:
            continue
        width = min(step.seconds, max(edge - step.at, 0.0))
        end = max(end, step.at + width)
        box = {"left": step.at * 1000, "height": 0.5}
        if step.symptom:
            ax.barh(
                row, width * 1000, **box, facecolor="none", edgecolor=FAILED, linestyle="--", linewidth=1.3
            )
        else:
            ax.barh(row, width * 1000, **box, color=COLOURS[_GROUPS[step.stage]])
    ax.text(end * 1000, row, f"  {describe(result)}", va="center", fontsize=9)


def describe(result: ProbeResult) -> str:
    """The end of a bar in words, so that the picture does not rest on colour alone."""
    if not result.steps:
        return result.reason or "not run"
    seconds = duration(_end(result))
    if result.symptom is None:
        return seconds
    symptom = result.symptom
    what = str(symptom.reply.code) if symptom.reply and not symptom.reply.ok else str(symptom.kind)
    return f"{symptom.stage}: {what}, {seconds}"


def alt_text(report: Report) -> str:
    """The waterfall in a sentence a port, for those who cannot see it."""
    return "; ".join(f"port {port.port}: {describe(port.dialogue)}" for port in report.ports)
