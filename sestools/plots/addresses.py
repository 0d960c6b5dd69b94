"""Addresses of a name over time: a row an address, a mark each time that a resolver answered it."""

from __future__ import annotations

from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from sestools.allowlist.comparison import Comparison
from sestools.allowlist.history import AddressHistory
from sestools.core.text import moment, span
from sestools.plots.drawing import COLOURS, FAILED, Drawing, draw_rows, drawing, legend_above

MOST_ROWS = 40
"""Rows that are drawn, and told in the alternative text."""
PINNED, GONE, BLOCKED = "pinned", "pinned, no longer answers", "not in the list"
# A mark and a colour for each resolver, so that the picture does not rest on colour.
_LOOKS = tuple(zip("os^DvPX*", (*COLOURS.values(), "#7f7f7f", "#000000", "#882255"), strict=True))
_IN_ROW: dict[str, Any] = {"ha": "center", "va": "center", "size": 8, "color": FAILED, "backgroundcolor": "w"}


@drawing.register
def _(history: AddressHistory, *, comparison: Comparison | None = None) -> Drawing:
    rows, more = _rows(history, comparison)
    parts = []
    for address, words in rows.items():
        if address in history.addresses:
            first, last, times = history.seen(address)
            pinned = f" ({words})" if words else ""
            parts.append(f"{address}{pinned} {moment(first)} to {moment(last)}, {times} times")
        else:
            parts.append(f"{address} ({words})")
    if more:
        parts.append(f"{more} more addresses are not shown")
    over = f"over {span(history.seconds)}" if history.seconds else "in one look"
    many = f"{len(history.resolvers)} resolvers" if len(history.resolvers) > 1 else "one resolver"
    return Drawing(
        partial(_draw, history, rows, more, comparison.since if comparison else 0.0),
        f"Addresses of {history.host} {over}, {history.answers} answers of {many}. "
        f"{'; '.join(parts) or 'No address was answered'}.",
        (8.4, 1.35 + 0.27 * max(2, len(rows))),
    )


def _draw(history: AddressHistory, rows: dict[str, str], more: int, since: float, ax: Axes) -> None:
    """A row an address, a mark for each answer that held it; gaps stay visible."""
    scale, unit = (60.0, "minutes") if history.seconds >= 120 else (1.0, "seconds")
    end = history.seconds / scale
    _marks(ax, history, list(rows), scale)
    for row, address in enumerate(rows):
        ax.axhline(row, color="#8884", linewidth=0.6, zorder=0)
        if address not in history.addresses:
            ax.text(0.5, row, "in no answer", transform=ax.get_yaxis_transform(), **_IN_ROW)
    draw_rows(ax, [f"{address}\n{words}" if words else address for address, words in rows.items()])
    ax.tick_params(axis="y", pad=8)
    for label, words in zip(ax.get_yticklabels(), rows.values(), strict=True):
        label.set_fontsize(8)
        if words in (GONE, BLOCKED):
            label.set_color(FAILED)
    if since:
        ax.axvspan(since / scale, end, color="#8882", linewidth=0, zorder=0)
        ax.text(end, -0.62, "now", ha="right", va="bottom", fontsize=8, color="#555555")
    if not rows:
        ax.text(0.5, 0.5, "no address was answered", transform=ax.transAxes, **_IN_ROW)
    ax.set_xlim(0, max(end, 1.0))
    rest = f"; {more} more addresses are not shown" if more else ""
    ax.set_xlabel(f"{unit} since the watch began{rest}")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(history.resolvers) > 1:
        handles, labels = ax.get_legend_handles_labels()
        legend_above(ax, dict(zip(labels, handles, strict=True)))


def _marks(ax: Axes, history: AddressHistory, rows: list[str], scale: float) -> None:
    """A series of marks for each resolver, side by side in a row."""
    shift = 0.22 if len(history.resolvers) > 1 else 0.0
    for number, asked in enumerate(history.resolvers):
        mark, colour = _LOOKS[number % len(_LOOKS)]
        offset = shift * (2 * number / max(1, len(history.resolvers) - 1) - 1)
        points = [
            (at / scale, rows.index(one.address) + offset)
            for one in history.sightings
            if one.resolver == asked.resolver and one.address in rows
            for at in one.moments
        ]
        x, y = zip(*points, strict=True) if points else ((), ())
        ax.plot(x, y, mark, color=colour, ms=3.6, lw=0, label=f"resolver {number + 1}", clip_on=False)


def _rows(history: AddressHistory, comparison: Comparison | None) -> tuple[dict[str, str], int]:
    """Addresses in the order in which they appeared and what the list says of each; and how many find no room."""
    ordered = sorted(history.addresses, key=lambda address: history.seen(address)[:2])
    if comparison is None:
        return dict.fromkeys(ordered[:MOST_ROWS], ""), max(0, len(ordered) - MOST_ROWS)
    gone = {pin.entry for pin in comparison.gone if pin.kind == "address"}
    pinned = {address for pin in comparison.pins for address in (pin.entry, *pin.answered)}
    never = [pin.entry for pin in comparison.pins if pin.entry in gone - set(ordered)]
    words = dict.fromkeys(pinned, PINNED) | dict.fromkeys(gone, GONE)
    words |= dict.fromkeys(comparison.blocked, BLOCKED)
    # A long list must not hide what is answered.
    shown = [*never[: max(MOST_ROWS // 4, MOST_ROWS - len(ordered))], *ordered][:MOST_ROWS]
    return {address: words.get(address, "") for address in shown}, len(never) + len(ordered) - len(shown)
