"""The contrast between ports: how long each took to connect, or that it never did, in several reports."""

from __future__ import annotations

from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from sestools.checkup.port_check import PortCheck
from sestools.checkup.report import Report
from sestools.core.enums import Kind
from sestools.core.errors import UsageError
from sestools.core.text import duration
from sestools.plots.drawing import COLOURS, FAILED, Drawing, draw_rows, drawing, write

SHORTEST = 1e-4
"""Seconds at which the axis begins at the latest; connections over a network take longer."""
_ENDS = {None: "connected", Kind.TIMEOUT: "no answer", Kind.REFUSED: "refused"}


@drawing.register
def _(reports: dict) -> Drawing:  # type: ignore[type-arg]  # singledispatch takes plain classes
    if not reports or not all(isinstance(report, Report) for report in reports.values()):
        raise UsageError("a plot of times to connect takes reports by name")
    words = [
        (f"{name}: " if name else "") + ", ".join(f"port {one.port} {_words(one)}" for one in report.ports)
        for name, report in reports.items()
    ]
    ports = list(dict.fromkeys(str(check.port) for report in reports.values() for check in report.ports))
    return Drawing(
        draw=partial(_draw, reports, ports),
        alt=f"Connect times by port. {'. '.join(words)}.",
        size=(max(4.6, 1.0 + 2.5 * len(reports)), 1.0 + 0.42 * len(ports)),
        panels={"ncols": len(reports), "sharex": True, "sharey": True},
    )


def _draw(reports: dict[str, Report], ports: list[str], axes: list[Axes]) -> None:
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
        ax.set_xscale("log")
        ax.set_xlim(left, right)
        ax.xaxis.set_major_locator(LogLocator(numticks=5))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: _tick(seconds)))
        ax.tick_params(axis="x", labelsize=8)
    axes[len(axes) // 2].set_xlabel("time to connect", fontsize=9)


def _row(ax: Axes, row: int, check: PortCheck, left: float) -> None:
    for step in check.connect_steps:
        seconds = max(step.seconds, left)
        line: Any
        if step.symptom is None:
            colour, line, mark = COLOURS["connect"], "-", "o"
        elif step.symptom.kind is Kind.TIMEOUT:
            colour, line, mark = FAILED, (0, (3, 2)), "|"
        else:
            colour, line, mark = FAILED, "-", "x"
        ax.plot([left, seconds], [row, row], color=colour, linestyle=line, linewidth=1.4)
        ax.plot(seconds, row, mark, color=colour, markersize=6, markeredgewidth=1.6)
    seconds = max((step.seconds for step in check.connect_steps), default=0.0)
    words = f"{_words(check)}, {duration(seconds)}" if seconds else _words(check)
    write(ax, words, (left, row), (1, 4), fontsize=8, va="bottom")


def _words(check: PortCheck) -> str:
    """How the connections to a port ended, in words."""
    kinds = [step.symptom.kind if step.symptom else None for step in check.connect_steps]
    ends = [_ENDS.get(kind, str(kind)) for kind in kinds]
    if not ends:
        return "not tried"
    counts = {end: ends.count(end) for end in sorted(ends)}  # "connected" first
    if len(counts) == 1:
        return ends[0]
    return ", ".join(f"{end} at {count} of {len(ends)} addresses" for end, count in counts.items())


def _tick(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"
