"""Addresses of a name over time: a row an address, a mark each time that a resolver answered it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sestools.core.text import moment, span
from sestools.plots.picture import COLOURS, FAILED, Picture

if TYPE_CHECKING:
    from sestools.allowlist.comparison import Comparison
    from sestools.allowlist.history import AddressHistory

MOST_ROWS = 40
"""Rows that are drawn, and told in the text form."""
PINNED, GONE, BLOCKED = "pinned", "pinned, no longer answers", "not in the list"
# A mark and a colour for each resolver, so that the picture does not rest on colour.
_LOOKS = (
    ("o", COLOURS["connect"]),
    ("s", COLOURS["message"]),
    ("^", COLOURS["TLS"]),
    ("D", COLOURS["sign-in"]),
    ("v", COLOURS["greeting, EHLO"]),
    ("P", "#7f7f7f"),
    ("X", "#000000"),
    ("*", "#882255"),
)


def plot_addresses(
    watched: AddressHistory, comparison: Comparison | None = None, ax: Axes | None = None
) -> Axes:
    """Churn over time: a row an address, a mark for each answer that held it; gaps stay visible.

    Args:
        watched: What `watch_addresses` saw.
        comparison: Marks what is pinned, and adds a row for each pinned address that no longer answers.
        ax: Where to draw; by default a new figure (`ax.figure`).
    """
    rows, more = _rows(watched, comparison)
    if ax is None:
        size = (8.4, 1.35 + 0.27 * max(2, len(rows)))
        ax = Figure(figsize=size, dpi=110, layout="constrained").subplots()
    scale, unit = (60.0, "minutes") if watched.seconds >= 120 else (1.0, "seconds")
    places = {address: row for row, (address, _) in enumerate(rows)}
    shift = 0.22 if len(watched.resolvers) > 1 else 0.0
    for number, asked in enumerate(watched.resolvers):
        mark, colour = _LOOKS[number % len(_LOOKS)]
        offset = shift * (2 * number / max(1, len(watched.resolvers) - 1) - 1)
        points = [
            (at / scale, places[one.address] + offset)
            for one in watched.sightings
            if one.resolver == asked.resolver and one.address in places
            for at in one.moments
        ]
        x, y = zip(*points, strict=True) if points else ((), ())
        ax.plot(
            x,
            y,
            mark,
            color=colour,
            markersize=3.6,
            linewidth=0,
            label=f"resolver {number + 1}",
            clip_on=False,
        )
    for row, (address, _) in enumerate(rows):
        ax.axhline(row, color="#8884", linewidth=0.6, zorder=0)
        if address not in watched.addresses:
            ax.text(0.5, row, "in no answer", transform=ax.get_yaxis_transform(), **_IN_ROW)
    ax.set_yticks(range(len(rows)), [f"{address}\n{words}" if words else address for address, words in rows])
    for label, (_, words) in zip(ax.get_yticklabels(), rows, strict=True):
        label.set_fontsize(8)
        if words in (GONE, BLOCKED):
            label.set_color(FAILED)
    if comparison and comparison.since:
        ax.axvspan(comparison.since / scale, watched.seconds / scale, color="#8882", linewidth=0, zorder=0)
        ax.text(watched.seconds / scale, -0.62, "now", ha="right", va="bottom", fontsize=8, color="#555555")
    if not rows:
        ax.text(0.5, 0.5, "no address was answered", transform=ax.transAxes, **_IN_ROW)
    ax.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    ax.set_xlim(0, max(watched.seconds / scale, 1.0))
    rest = f"; {more} more addresses are not shown" if more else ""
    ax.set_xlabel(f"{unit} since the watch began{rest}")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0, pad=8)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(watched.resolvers) > 1:
        ax.legend(
            ncols=len(watched.resolvers),
            frameon=False,
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            borderpad=0.2,
        )
    return ax


_IN_ROW: dict[str, Any] = {
    "ha": "center",
    "va": "center",
    "fontsize": 8,
    "color": FAILED,
    "backgroundcolor": "white",
}


def _rows(watched: AddressHistory, comparison: Comparison | None) -> tuple[list[tuple[str, str]], int]:
    """Addresses in the order in which they appeared and what the list says of each; and how many find no room."""
    ordered = sorted(watched.addresses, key=lambda address: watched.seen(address)[:2])
    if comparison is None:
        return [(address, "") for address in ordered[:MOST_ROWS]], max(0, len(ordered) - MOST_ROWS)
    gone = {pin.entry for pin in comparison.gone if pin.kind == "address"}
    pinned = {address for pin in comparison.pins for address in (pin.entry, *pin.answered)}
    blocked = set(comparison.blocked)
    never = [pin.entry for pin in comparison.pins if pin.entry in gone - set(ordered)]
    words = {**dict.fromkeys(pinned, PINNED), **dict.fromkeys(gone, GONE), **dict.fromkeys(blocked, BLOCKED)}
    # A long list must not hide what is answered.
    shown = [*never[: max(MOST_ROWS // 4, MOST_ROWS - len(ordered))], *ordered][:MOST_ROWS]
    return [(address, words.get(address, "")) for address in shown], len(never) + len(ordered) - len(shown)


def addresses_picture(watched: AddressHistory, comparison: Comparison | None = None) -> Picture:
    """`plot_addresses` as a picture that a notebook stores, its text form in words."""
    figure = plot_addresses(watched, comparison).figure
    assert isinstance(figure, Figure)  # noqa: S101 - a new figure, not a part of one
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white", metadata={"Software": None})
    rows, more = _rows(watched, comparison)
    parts = []
    for address, words in rows:
        if address in watched.addresses:
            first, last, times = watched.seen(address)
            parts.append(
                f"{address}{f' ({words})' if words else ''} {moment(first)} to {moment(last)}, {times} times"
            )
        else:
            parts.append(f"{address} ({words})")
    if more:
        parts.append(f"{more} more addresses are not shown")
    over = f"over {span(watched.seconds)}" if watched.seconds else "in one look"
    many = f"{len(watched.resolvers)} resolvers" if len(watched.resolvers) > 1 else "one resolver"
    return Picture(
        png=out.getvalue(),
        alt=f"Addresses of {watched.host} {over}, {watched.answers} answers of {many}. "
        f"{'; '.join(parts) or 'No address was answered'}.",
        width=round(figure.get_figwidth() * 100),
    )
