"""How long each stage of a session took, one bar a port."""

from __future__ import annotations

from functools import partial

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sestools.checkup.report import Report
from sestools.core.enums import Kind, Stage
from sestools.core.results import ProbeResult
from sestools.core.text import duration
from sestools.plots.drawing import COLOURS, FAILED, Drawing, draw_rows, drawing, legend_above, write

_STAGES = {
    "connect": (Stage.RESOLVE, Stage.CONNECT),
    "greeting, EHLO": (Stage.GREETING, Stage.EHLO),
    "TLS": (Stage.STARTTLS, Stage.TLS),
    "sign-in": (Stage.AUTH,),
    "message": (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY),
}
_GROUPS = {stage: name for name, stages in _STAGES.items() for stage in stages}
_FAILURES = {
    (Stage.CONNECT, Kind.TIMEOUT): "no answer",
    (Stage.CONNECT, Kind.REFUSED): "refused",
    (Stage.GREETING, Kind.TIMEOUT): "no greeting",
}


@drawing.register
def _(report: Report) -> Drawing:
    results = {f"port {port.port}": port.dialogue for port in report.ports}
    if report.session is not None:
        results[f"{report.session.target.port}, sign-in"] = report.session
    bars = "; ".join(f"{name}: {_outcome(result)}" for name, result in results.items())
    return Drawing(
        draw=partial(_draw, results),
        alt=f"Waterfall of stage times. {bars}.",
        size=(8.4, 0.95 + 0.34 * len(results)),
    )


def _draw(results: dict[str, ProbeResult], ax: Axes) -> None:
    """A waterfall: one bar a port, one colour a stage, a dashed outline where something failed.

    The outline of a port that never answered is cut off at the right edge; its real length is written
    beside it, so that the other ports' milliseconds stay visible.
    """
    finished = [_end(result) for result in results.values() if result.ok]
    slowest = max(finished or [_end(result) for result in results.values()] or [0.0])
    edge = max(slowest * 1.15, 0.001)
    for row, result in enumerate(results.values()):
        _bar(ax, row, result, edge)
    draw_rows(ax, list(results))
    ax.set_xlim(0, edge * 1000 * 1.3)
    ax.set_xlabel("milliseconds since the probe began")
    stages = {step.stage for result in results.values() for step in result.steps if not step.symptom}
    used = [name for name in COLOURS if name in {_GROUPS.get(stage) for stage in stages}]
    handles = [Rectangle((0, 0), 1, 1, color=COLOURS[name]) for name in used]
    if any(result.symptom for result in results.values()):
        handles.append(Rectangle((0, 0), 1, 1, fill=False, edgecolor=FAILED, linestyle=(0, (3, 2))))
        used.append("failed")
    if handles:
        legend_above(ax, handles, used, ncols=len(handles), handlelength=1.1, columnspacing=1.6)


def _end(result: ProbeResult) -> float:
    return max((step.at + step.seconds for step in result.steps if step.stage is not Stage.QUIT), default=0.0)


def _bar(ax: Axes, row: int, result: ProbeResult, edge: float) -> None:
    end = 0.0
    for step in result.steps:
        if step.stage not in _GROUPS:
            continue
        left, width = step.at * 1000, min(step.seconds, max(edge - step.at, 0.0)) * 1000
        end = max(end, left + width)
        failed = {"fill": False, "edgecolor": FAILED, "linestyle": (0, (4, 2)), "linewidth": 1.4}
        look = failed if step.symptom else {"color": COLOURS[_GROUPS[step.stage]]}
        ax.barh(row, width, left=left, height=0.56, **look)
    words = f"{_outcome(result)}, {duration(_end(result))}" if result.steps else _outcome(result)
    write(ax, words, (end, row), (6, 0), va="center", fontsize=9)


def _outcome(result: ProbeResult) -> str:
    """How a dialogue ended, so that the picture does not rest on colour alone."""
    symptom = result.symptom
    if not result.steps:
        return result.reason or "not run"
    if symptom is None:
        return "ok"
    if words := symptom.stage and symptom.kind and _FAILURES.get((symptom.stage, symptom.kind)):
        return words
    what = str(symptom.reply.code) if symptom.reply and not symptom.reply.ok else str(symptom.kind)
    return f"{symptom.stage}: {what}"
