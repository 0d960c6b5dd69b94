"""The contrast between ports: how long each took to connect, or that it never did, in one or more reports."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from sestools.core.enums import Kind
from sestools.core.text import duration
from sestools.plots.picture import COLOURS, FAILED, Picture

if TYPE_CHECKING:
    from sestools.checkup.port_check import PortCheck
    from sestools.checkup.report import Report

SHORTEST = 1e-4
"""Seconds at which the axis begins at the latest; connections over a network take longer."""


def plot_ports(reports: Report | Mapping[str, Report], axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
    """Connect times by port, a panel a report: a dot connected, a cross was refused, a dashed line got no answer.

    The axis is logarithmic, for an answer takes milliseconds and a time-out seconds.

    Args:
        reports: What `check` found: one report, or several by name, side by side.
        axes: Where to draw, one a report; by default those of a new figure (`axes[0].figure`).
    """
    named = _named(reports)
    rows = [str(port) for port in dict.fromkeys(check.port for one in named.values() for check in one.ports)]
    if axes is None:
        size = (max(4.6, 1.0 + 2.5 * len(named)), 1.0 + 0.42 * len(rows))
        figure = Figure(figsize=size, dpi=110, layout="constrained")
        axes = list(figure.subplots(1, len(named), sharex=True, sharey=True, squeeze=False)[0])
    took = [
        step.seconds
        for report in named.values()
        for check in report.ports
        for step in check.connect_steps
        if step.seconds > 0
    ]
    left, right = min([SHORTEST, *took]) / 2, max([10 * SHORTEST, *took]) * 2
    for ax, (name, report) in zip(axes, named.items(), strict=True):
        for check in report.ports:
            _row(ax, rows.index(str(check.port)), check, left)
        ax.set_title(name, fontsize=9.5, loc="left")
        ax.set_xscale("log")
        ax.set_xlim(left, right)
        ax.xaxis.set_major_locator(LogLocator(numticks=5))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: _tick(seconds)))
        ax.tick_params(axis="x", labelsize=8)
        ax.tick_params(axis="y", length=0)
        ax.set_yticks(range(len(rows)), [f"port {row}" for row in rows])
        ax.set_ylim(len(rows) - 0.6, -0.7)
        ax.spines[["top", "right", "left"]].set_visible(False)
    axes[len(axes) // 2].set_xlabel("time to connect", fontsize=9)
    return axes


def ports_picture(reports: Report | Mapping[str, Report]) -> Picture:
    """`plot_ports` as a picture that a notebook stores, its text form in words."""
    figure = plot_ports(reports)[0].figure
    assert isinstance(figure, Figure)  # noqa: S101 - a new figure, not a part of one
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white", metadata={"Software": None})
    parts = []
    for name, report in _named(reports).items():
        rows = ", ".join(f"port {check.port} {_words(check)}" for check in report.ports)
        parts.append(f"{name}: {rows}" if name else rows)
    return Picture(
        png=out.getvalue(),
        alt=f"Connect times by port. {'. '.join(parts)}.",
        width=round(figure.get_figwidth() * 100),
    )


def _named(reports: Report | Mapping[str, Report]) -> dict[str, Report]:
    return dict(reports) if isinstance(reports, Mapping) else {"": reports}


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
    words = _words(check)
    seconds = max((step.seconds for step in check.connect_steps), default=0.0)
    ax.annotate(
        f"{words}, {duration(seconds)}" if seconds else words,
        (left, row),
        xytext=(1, 4),
        textcoords="offset points",
        fontsize=8,
        va="bottom",
    )


def _words(check: PortCheck) -> str:
    """How the connections to a port ended, in words."""
    said = {Kind.TIMEOUT: "no answer", Kind.REFUSED: "refused"}
    ends = [
        "connected"
        if step.symptom is None
        else said.get(step.symptom.kind or Kind.RESET, str(step.symptom.kind))
        for step in check.connect_steps
    ]
    if not ends:
        return "not tried"
    counts = {end: ends.count(end) for end in sorted(ends)}  # "connected" first
    if len(counts) == 1:
        return ends[0]
    return ", ".join(f"{end} at {count} of {len(ends)} addresses" for end, count in counts.items())


def _tick(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"
