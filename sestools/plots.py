"""Pictures of results. Each takes a result and an optional `ax`, and returns the `Axes`."""

from __future__ import annotations

import base64
import html
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from sestools.endpoints import PORTS
from sestools.model import Kind, Outcome, ProbeResult, Stage
from sestools.text import duration

if TYPE_CHECKING:
    from sestools.report import Report
    from sestools.swept import Row, Sweep

# Okabe and Ito's colour-blind-safe palette; words beside each bar carry what matters.
COLOURS = {
    "connect": "#0072B2",
    "greeting, EHLO": "#56B4E9",
    "TLS": "#009E73",
    "sign-in": "#CC79A7",
    "message": "#E69F00",
}
FAILED = "#D55E00"
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
_INK = "#010203"
"""Stands for the colour of the surrounding text until `to_svg` has replaced it."""


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


@dataclass(frozen=True, kw_only=True, repr=False)
class Picture:
    """A picture with words for those who cannot see it; its text form is those words.

    Attributes:
        png: The picture's bytes.
        alt: What it shows, in words.
        width: How wide to show it, in CSS pixels.
    """

    png: bytes
    alt: str
    width: int

    def __repr__(self) -> str:
        return f"<Picture: {self.alt}>"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png).decode("ascii")
        return (
            f'<img alt="{html.escape(self.alt)}" width="{self.width}" style="max-width:100%;border-radius:6px" '
            f'src="data:image/png;base64,{data}">'
        )


def _figure(report: Report) -> Figure:
    figure = plot_stages(report).figure
    assert isinstance(figure, Figure)  # noqa: S101 - a new figure, not a part of one
    return figure


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


def plot_sweep(sweep: Sweep, ax: Axes | None = None) -> Axes:
    """A heat map, regions by ports: how many of the addresses of each work, in colour and in numbers.

    Args:
        sweep: What `sweep` saw.
        ax: Where to draw; by default a new figure (`ax.figure`).
    """
    cells = _sweep_cells(sweep)
    regions = list(dict.fromkeys(region for region, _ in cells))
    # SES's ports in the order of the tables: those with STARTTLS side by side.
    known = {port: number for number, port in enumerate(PORTS)}
    ports = sorted({port for _, port in cells}, key=lambda port: (known.get(port, len(known)), port))
    if ax is None:
        size = (2.2 + 1.55 * len(ports), 0.95 + 0.42 * len(regions))
        ax = Figure(figsize=size, dpi=110, layout="constrained").subplots()
    for (region, port), cell in cells.items():
        row, column, good, all_of_it = regions.index(region), ports.index(port), cell.good, cell.all
        # The more fail, the fuller the colour; what works, and what was not tried, is one calm colour.
        if cell.failed:
            colour, alpha = FAILED, 0.35 + 0.55 * cell.failed / all_of_it
        else:
            colour, alpha = (COLOURS["greeting, EHLO"], 0.45) if good == all_of_it else ("#888888", 0.25)
        ax.add_patch(
            Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=colour, alpha=alpha, linewidth=0)
        )
        font = 8.0 if len(cell.words) < 20 else 7.0 if len(cell.words) < 24 else 6.0
        ax.text(column, row - 0.05, f"{good}/{all_of_it}", ha="center", va="bottom", fontsize=8)
        ax.text(column, row + 0.05, cell.words, ha="center", va="top", fontsize=font)
    ax.set_xticks(range(len(ports)), [f"port {port}" for port in ports])
    ax.set_yticks(range(len(regions)), regions)
    ax.set_xlim(-0.5, len(ports) - 0.5)
    ax.set_ylim(len(regions) - 0.5, -0.5)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("how many of the targets work, of how many, and what most of the others have", fontsize=8)
    return ax


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """A region and port: how many work and how many failed, of how many, and what most of the others have."""

    good: int
    failed: int
    all: int
    words: str


def _sweep_cells(sweep: Sweep) -> dict[tuple[str, int], _Cell]:
    cells: dict[tuple[str, int], list[Row]] = {}
    for row in sweep.rows:
        cells.setdefault((row.region, row.target.port), []).append(row)
    found = {}
    for place, rows in cells.items():
        others = Counter(row.cause or row.reason for row in rows if row.outcome is not Outcome.OK)
        words = others.most_common(1)[0][0] if others else "ok"
        if len(others) > 1:
            words += f" +{len(others) - 1}"
        failed = sum(row.outcome is Outcome.FAILED for row in rows)
        found[place] = _Cell(good=len(rows) - others.total(), failed=failed, all=len(rows), words=words)
    return found


def sweep_picture(sweep: Sweep) -> Picture:
    """`plot_sweep` as a picture that a notebook stores, its text form in words."""
    figure = plot_sweep(sweep).figure
    assert isinstance(figure, Figure)  # noqa: S101 - a new figure, not a part of one
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white", metadata={"Software": None})
    cells = "; ".join(
        f"{region} port {port}: {cell.good} of {cell.all} ok"
        + (f", {cell.words}" if cell.words != "ok" else "")
        for (region, port), cell in _sweep_cells(sweep).items()
    )
    return Picture(
        png=out.getvalue(),
        alt=f"Heat map of regions by ports. {cells}.",
        width=round(figure.get_figwidth() * 100),
    )
