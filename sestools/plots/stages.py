"""How long each stage of a session took, one bar a port."""

from __future__ import annotations

import html
import io
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from sestools.core.enums import Kind, Stage
from sestools.core.results import ProbeResult
from sestools.core.text import duration

if TYPE_CHECKING:
    from sestools.checkup.report import Report
from sestools.plots.picture import _INK, COLOURS, FAILED, Picture

_GROUPS = {
    Stage.RESOLVE: "connect",
    Stage.CONNECT: "connect",
    Stage.GREETING: "greeting, EHLO",
    Stage.EHLO: "greeting, EHLO",
    Stage.STARTTLS: "TLS",
    Stage.TLS: "TLS",
    Stage.AUTH: "sign-in",
    Stage.MAIL: "message",
    Stage.RCPT: "message",
    Stage.DATA: "message",
    Stage.BODY: "message",
}


_SAID = {
    (Stage.CONNECT, Kind.TIMEOUT): "no answer",
    (Stage.CONNECT, Kind.REFUSED): "refused",
    (Stage.GREETING, Kind.TIMEOUT): "no greeting",
}


def plot_stages(report: Report, ax: Axes | None = None) -> Axes:
    """A waterfall: one bar a port, one colour a stage, a dashed outline where something failed.

    The outline of a port that never answered is cut off at the right edge; its real length is written
    beside it, so that the other ports' milliseconds stay visible.

    Args:
        report: What `check` found.
        ax: Where to draw; by default a new figure (`ax.figure`).
    """
    results = _results(report)
    if ax is None:
        size = (8.4, 0.95 + 0.34 * len(results))
        ax = Figure(figsize=size, dpi=110, layout="constrained").subplots()
    finished = [_end(result) for result in results.values() if result.ok]
    slowest = max(finished or [_end(result) for result in results.values()] or [0.0])
    edge = max(slowest * 1.15, 0.001)
    for row, result in enumerate(results.values()):
        _bar(ax, row, result, edge)
    ax.set_yticks(range(len(results)), list(results))
    ax.set_ylim(len(results) - 0.5, -0.5)
    ax.set_xlim(0, edge * 1000 * 1.3)
    ax.set_xlabel("milliseconds since the probe began")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    stages = {step.stage for result in results.values() for step in result.steps if not step.symptom}
    used = [name for name in COLOURS if name in {_GROUPS.get(stage) for stage in stages}]
    handles = [Rectangle((0, 0), 1, 1, color=COLOURS[name]) for name in used]
    if any(result.symptom for result in results.values()):
        handles.append(Rectangle((0, 0), 1, 1, fill=False, edgecolor=FAILED, linestyle=(0, (3, 2))))
        used.append("failed")
    if handles:
        ax.legend(
            handles,
            used,
            ncols=len(handles),
            frameon=False,
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            borderpad=0.2,
            handlelength=1.1,
            columnspacing=1.6,
        )
    return ax


def _results(report: Report) -> dict[str, ProbeResult]:
    results = {f"port {port.port}": port.dialogue for port in report.ports}
    if report.session is not None:
        results[f"{report.session.target.port}, sign-in"] = report.session
    return results


def _end(result: ProbeResult) -> float:
    return max((step.at + step.seconds for step in result.steps if step.stage is not Stage.QUIT), default=0.0)


def _bar(ax: Axes, row: int, result: ProbeResult, edge: float) -> None:
    end = 0.0
    for step in result.steps:
        if step.stage not in _GROUPS:
            continue
        left, width = step.at * 1000, min(step.seconds, max(edge - step.at, 0.0)) * 1000
        end = max(end, left + width)
        if step.symptom:
            ax.barh(
                row,
                width,
                left=left,
                height=0.56,
                fill=False,
                edgecolor=FAILED,
                linestyle=(0, (4, 2)),
                linewidth=1.4,
            )
        else:
            ax.barh(row, width, left=left, height=0.56, color=COLOURS[_GROUPS[step.stage]])
    ax.annotate(
        describe(result), (end, row), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9
    )


def describe(result: ProbeResult) -> str:
    """The end of a bar in words, so that the picture does not rest on colour alone."""
    return f"{outcome(result)}, {duration(_end(result))}" if result.steps else outcome(result)


def outcome(result: ProbeResult) -> str:
    """How a dialogue ended, without its time."""
    symptom = result.symptom
    if not result.steps:
        return result.reason or "not run"
    if symptom is None:
        return "ok"
    if said := symptom.stage and symptom.kind and _SAID.get((symptom.stage, symptom.kind)):
        return said
    what = str(symptom.reply.code) if symptom.reply and not symptom.reply.ok else str(symptom.kind)
    return f"{symptom.stage}: {what}"


def alt_text(report: Report) -> str:
    """The waterfall in a sentence a bar, for those who cannot see it."""
    bars = "; ".join(f"{name}: {outcome(result)}" for name, result in _results(report).items())
    return f"Waterfall of stage times. {bars}."


def to_svg(report: Report) -> str:
    """The waterfall as SVG for a web page: it takes the page's text colour, so it suits dark and light."""
    figure = _figure(report)
    for text in figure.findobj(Text):
        text.set_color(_INK)
    for ax in figure.axes:
        ax.tick_params(color=_INK)
        ax.spines[:].set_edgecolor(_INK)
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    body = out.getvalue().partition("<svg ")[2].partition(">")[2].replace(_INK, "currentColor")
    width, height = figure.get_size_inches() * 72
    return (
        f'<svg role="img" aria-label="{html.escape(alt_text(report))}" xmlns="http://www.w3.org/2000/svg" '
        'xmlns:xlink="http://www.w3.org/1999/xlink" style="width:100%;max-width:62em;height:auto" '
        f'viewBox="0 0 {width:.6g} {height:.6g}">{body}'
    )


def picture(report: Report) -> Picture:
    """The waterfall as a picture that a notebook stores with its alternative text."""
    figure = _figure(report)
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white", metadata={"Software": None})
    return Picture(png=out.getvalue(), alt=alt_text(report), width=round(figure.get_figwidth() * 100))


def _figure(report: Report) -> Figure:
    figure = plot_stages(report).figure
    assert isinstance(figure, Figure)  # noqa: S101 - a new figure, not a part of one
    return figure
