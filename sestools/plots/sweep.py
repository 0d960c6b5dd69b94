"""Many targets at once as a heat map."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sestools.checkup.sweep_result import Row, Sweep
from sestools.core.endpoints import PORTS
from sestools.core.enums import Outcome
from sestools.plots.drawing import COLOURS, FAILED, Drawing, drawing


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """A region and port: how many work and how many failed, of how many, and what most of the others have."""

    good: int
    failed: int
    all: int
    words: str


@drawing.register
def _(sweep: Sweep) -> Drawing:
    cells = _cells(sweep)
    regions = list(dict.fromkeys(region for region, _ in cells))
    # SES's ports in the order of the tables: those with STARTTLS side by side.
    known = {port: number for number, port in enumerate(PORTS)}
    ports = sorted({port for _, port in cells}, key=lambda port: (known.get(port, len(known)), port))
    words = "; ".join(
        f"{region} port {port}: {cell.good} of {cell.all} ok"
        + (f", {cell.words}" if cell.words != "ok" else "")
        for (region, port), cell in cells.items()
    )
    return Drawing(
        draw=partial(_draw, cells, regions, ports),
        alt=f"Heat map of regions by ports. {words}.",
        size=(2.2 + 1.55 * len(ports), 0.95 + 0.42 * len(regions)),
    )


def _draw(cells: dict[tuple[str, int], _Cell], regions: list[str], ports: list[int], ax: Axes) -> None:
    """Regions by ports: how many of the addresses of each work, in colour and in numbers."""
    for (region, port), cell in cells.items():
        row, column = regions.index(region), ports.index(port)
        # The more fail, the fuller the colour; what works, and what was not tried, is one calm colour.
        if cell.failed:
            colour, alpha = FAILED, 0.35 + 0.55 * cell.failed / cell.all
        else:
            colour, alpha = (COLOURS["greeting, EHLO"], 0.45) if cell.good == cell.all else ("#888888", 0.25)
        corner = (column - 0.48, row - 0.46)
        ax.add_patch(Rectangle(corner, 0.96, 0.92, facecolor=colour, alpha=alpha, linewidth=0))
        font = 8.0 if len(cell.words) < 20 else 7.0 if len(cell.words) < 24 else 6.0
        ax.text(column, row - 0.05, f"{cell.good}/{cell.all}", ha="center", va="bottom", fontsize=8)
        ax.text(column, row + 0.05, cell.words, ha="center", va="top", fontsize=font)
    ax.set_xticks(range(len(ports)), [f"port {port}" for port in ports])
    ax.set_yticks(range(len(regions)), regions)
    ax.set_xlim(-0.5, len(ports) - 0.5)
    ax.set_ylim(len(regions) - 0.5, -0.5)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("how many of the targets work, of how many, and what most of the others have", fontsize=8)


def _cells(sweep: Sweep) -> dict[tuple[str, int], _Cell]:
    cells: dict[tuple[str, int], list[Row]] = {}
    for row in sweep.rows:
        cells.setdefault((row.region, row.target.port), []).append(row)
    return {place: _cell(rows) for place, rows in cells.items()}


def _cell(rows: list[Row]) -> _Cell:
    others = Counter(row.cause or row.reason for row in rows if row.outcome is not Outcome.OK)
    words = others.most_common(1)[0][0] if others else "ok"
    if len(others) > 1:
        words += f" +{len(others) - 1}"
    failed = sum(row.outcome is Outcome.FAILED for row in rows)
    return _Cell(good=len(rows) - others.total(), failed=failed, all=len(rows), words=words)
