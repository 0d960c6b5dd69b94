"""Checks: stage times by port, the contrast between ports in several reports, and many targets at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from sestools.checkup.port_check import PortCheck
from sestools.checkup.report import Report
from sestools.checkup.sweep_result import Row, Sweep
from sestools.core.endpoints import PORTS
from sestools.core.enums import Kind, Outcome, Stage
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.core.text import duration
from sestools.plots.drawing import (
    COLOURS,
    FAILED,
    Drawing,
    draw_grid,
    draw_rows,
    drawing,
    legend_above,
    write,
)

_STAGES = {
    "connect": (Stage.RESOLVE, Stage.CONNECT),
    "greeting, EHLO": (Stage.GREETING, Stage.EHLO),
    "TLS": (Stage.STARTTLS, Stage.TLS),
    "sign-in": (Stage.AUTH,),
    "message": (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY),
}
_GROUPS = {stage: name for name, stages in _STAGES.items() for stage in stages}
_FAILURES = {(Stage.CONNECT, Kind.TIMEOUT): "no answer", (Stage.CONNECT, Kind.REFUSED): "refused",
             (Stage.GREETING, Kind.TIMEOUT): "no greeting"}  # fmt: skip
_OUTLINE: dict[str, Any] = {"fill": False, "edgecolor": FAILED, "linestyle": (0, (4, 2))}


@drawing.register
def _(report: Report) -> Drawing:
    results = {f"port {port.port}": port.dialogue for port in report.ports}
    if report.session is not None:
        results[f"{report.session.target.port}, sign-in"] = report.session
    bars = "; ".join(f"{name}: {_outcome(result)}" for name, result in results.items())
    return Drawing(
        partial(_draw_stages, results),
        f"Waterfall of stage times. {bars}.",
        (8.4, 0.95 + 0.34 * len(results)),
    )


def _draw_stages(results: dict[str, ProbeResult], ax: Axes) -> None:
    """A waterfall: one bar a port, one colour a stage, a dashed outline where something failed.

    The outline of a port that never answered is cut off at the right edge; its real length is written
    beside it, so that the other ports' milliseconds stay visible.
    """
    finished = [_end(result) for result in results.values() if result.ok]
    slowest = max(finished or map(_end, results.values()), default=0.0)
    edge = max(slowest * 1.15, 0.001)
    for row, result in enumerate(results.values()):
        _bar(ax, row, result, edge)
    draw_rows(ax, list(results))
    ax.set(xlim=(0, edge * 1000 * 1.3), xlabel="milliseconds since the probe began")
    steps = [step for result in results.values() for step in result.steps if not step.symptom]
    stages = {_GROUPS.get(step.stage) for step in steps}
    handles = {name: Rectangle((0, 0), 1, 1, color=COLOURS[name]) for name in COLOURS if name in stages}
    if any(result.symptom for result in results.values()):
        handles["failed"] = Rectangle((0, 0), 1, 1, **_OUTLINE | {"linestyle": (0, (3, 2))})
    if handles:
        legend_above(ax, handles, handlelength=1.1, columnspacing=1.6)


def _end(result: ProbeResult) -> float:
    return max((step.at + step.seconds for step in result.steps if step.stage is not Stage.QUIT), default=0.0)


def _bar(ax: Axes, row: int, result: ProbeResult, edge: float) -> None:
    end = 0.0
    for step in result.steps:
        if step.stage in _GROUPS:
            left, width = step.at * 1000, min(step.seconds, max(edge - step.at, 0.0)) * 1000
            end = max(end, left + width)
            look = _OUTLINE | {"linewidth": 1.4} if step.symptom else {"color": COLOURS[_GROUPS[step.stage]]}
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


SHORTEST = 1e-4
"""Seconds at which the axis begins at the latest; connections over a network take longer."""
_ENDS = {None: "connected", Kind.TIMEOUT: "no answer", Kind.REFUSED: "refused"}


@drawing.register
def _(reports: dict) -> Drawing:  # type: ignore[type-arg]  # singledispatch takes plain classes
    if not reports or not all(isinstance(report, Report) for report in reports.values()):
        raise UsageError("a plot of times to connect takes reports by name")
    words = [
        (f"{name}: " if name else "") + ", ".join(f"port {one.port} {_ended(one)}" for one in report.ports)
        for name, report in reports.items()
    ]
    ports = list(dict.fromkeys(str(check.port) for report in reports.values() for check in report.ports))
    return Drawing(
        partial(_draw_contrast, reports, ports),
        f"Connect times by port. {'. '.join(words)}.",
        (max(4.6, 1.0 + 2.5 * len(reports)), 1.0 + 0.42 * len(ports)),
        {"ncols": len(reports), "sharex": True, "sharey": True},
    )


def _draw_contrast(reports: dict[str, Report], ports: list[str], axes: list[Axes]) -> None:
    """A panel a report: a dot connected, a cross was refused, a dashed line got no answer.

    The axis is logarithmic, for an answer takes milliseconds and a time-out seconds.
    """
    steps = [step for one in reports.values() for check in one.ports for step in check.connect_steps]
    took = [step.seconds for step in steps if step.seconds > 0]
    left, right = min([SHORTEST, *took]) / 2, max([10 * SHORTEST, *took]) * 2
    for ax, (name, report) in zip(axes, reports.items(), strict=True):
        for check in report.ports:
            _row(ax, ports.index(str(check.port)), check, left)
        draw_rows(ax, [f"port {port}" for port in ports])
        ax.set_title(name, fontsize=9.5, loc="left")
        ax.set(xscale="log", xlim=(left, right))
        ax.xaxis.set_major_locator(LogLocator(numticks=5))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(
            FuncFormatter(lambda at, _: f"{at:g} s" if at >= 1 else f"{at * 1000:g} ms")
        )
        ax.tick_params(axis="x", labelsize=8)
    axes[len(axes) // 2].set_xlabel("time to connect", fontsize=9)


def _row(ax: Axes, row: int, check: PortCheck, left: float) -> None:
    for step in check.connect_steps:
        kind, seconds = step.symptom.kind if step.symptom else None, max(step.seconds, left)
        colour = FAILED if step.symptom else COLOURS["connect"]
        mark = "|" if kind is Kind.TIMEOUT else "x" if step.symptom else "o"
        style: Any = (0, (3, 2)) if kind is Kind.TIMEOUT else "-"
        ax.plot([left, seconds], [row, row], color=colour, linestyle=style, linewidth=1.4)
        ax.plot(seconds, row, mark, color=colour, markersize=6, markeredgewidth=1.6)
    seconds = max((step.seconds for step in check.connect_steps), default=0.0)
    words = f"{_ended(check)}, {duration(seconds)}" if seconds else _ended(check)
    write(ax, words, (left, row), (1, 4), fontsize=8, va="bottom")


def _ended(check: PortCheck) -> str:
    """How the connections to a port ended, in words."""
    kinds = [step.symptom.kind if step.symptom else None for step in check.connect_steps]
    ends = Counter(sorted(_ENDS.get(kind, str(kind)) for kind in kinds))  # "connected" first
    if len(ends) <= 1:
        return next(iter(ends), "not tried")
    return ", ".join(f"{end} at {count} of {len(kinds)} addresses" for end, count in ends.items())


@drawing.register
def _(sweep: Sweep) -> Drawing:
    cells: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in sweep.rows:
        cells[row.region, row.target.port].append(row)
    regions = list(dict.fromkeys(region for region, _ in cells))
    # SES's ports in the order of the tables: those with STARTTLS side by side.
    known = [*PORTS, *sorted({port for _, port in cells} - set(PORTS))]
    ports = [port for port in known if port in {port for _, port in cells}]
    words = []
    for (region, port), rows in cells.items():
        good, _, others = _counts(rows)
        words.append(
            f"{region} port {port}: {good} of {len(rows)} ok" + (f", {others}" if others != "ok" else "")
        )
    return Drawing(
        partial(_draw_sweep, cells, regions, ports),
        f"Heat map of regions by ports. {'; '.join(words)}.",
        (2.2 + 1.55 * len(ports), 0.95 + 0.42 * len(regions)),
    )


def _draw_sweep(
    cells: dict[tuple[str, int], list[Row]], regions: list[str], ports: list[int], ax: Axes
) -> None:
    """Regions by ports, in colour and in numbers.

    The more fail, the fuller the colour; what works, and what was not tried, is one calm colour.
    """
    for (region, port), rows in cells.items():
        good, failed, words = _counts(rows)
        row, column = regions.index(region), ports.index(port)
        if failed:
            colour, alpha = FAILED, 0.35 + 0.55 * failed / len(rows)
        else:
            colour, alpha = (COLOURS["greeting, EHLO"], 0.45) if good == len(rows) else ("#888888", 0.25)
        corner = (column - 0.48, row - 0.46)
        ax.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=colour, alpha=alpha, linewidth=0))
        font = 8.0 if len(words) < 20 else 7.0 if len(words) < 24 else 6.0
        ax.text(column, row - 0.05, f"{good}/{len(rows)}", ha="center", va="bottom", fontsize=8)
        ax.text(column, row + 0.05, words, ha="center", va="top", fontsize=font)
    draw_grid(ax, [f"port {port}" for port in ports], regions, range(len(regions)))
    ax.set_ylim(len(regions) - 0.5, -0.5)
    ax.set_xlabel("how many of the targets work, of how many, and what most of the others have", fontsize=8)


def _counts(rows: list[Row]) -> tuple[int, int, str]:
    """How many of the targets work, how many failed, and what most of the others have."""
    others = Counter(row.cause or row.reason for row in rows if row.outcome is not Outcome.OK)
    words = others.most_common(1)[0][0] if others else "ok"
    more = f" +{len(others) - 1}" if len(others) > 1 else ""
    return len(rows) - others.total(), sum(row.outcome is Outcome.FAILED for row in rows), words + more
