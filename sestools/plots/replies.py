"""All replies in one picture: where in the session each is said, and what a retry is good for."""

from __future__ import annotations

import io
from collections import defaultdict
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from sestools.core.enums import Retry, Stage
from sestools.knowledge.client_output import known_replies
from sestools.plots.picture import COLOURS, FAILED, Picture

COLUMNS = (Retry.NO, Retry.SOON, Retry.NEW_CONNECTION, Retry.SLOWER, Retry.HOURS)
ROWS = (Stage.GREETING, Stage.EHLO, Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY)
_LOOK = {4: COLOURS["connect"], 5: FAILED}
_CHIP = 0.78
"""Width of a code's chip, where a column is 1 wide."""


def cells() -> dict[tuple[Stage, Retry], dict[int, int]]:
    """For each stage and retry rule the codes that are said there, each with how many causes it can have."""
    causes = defaultdict(set)
    for reply in known_replies():
        if reply.code >= 400:
            causes[reply.stage, reply.cause.retry, reply.code].add(reply.cause.id)
    found: dict[tuple[Stage, Retry], dict[int, int]] = defaultdict(dict)
    for (stage, retry, code), ids in sorted(causes.items(), key=lambda item: item[0][2]):
        found[stage, retry][code] = len(ids)
    return found


def plot_replies(ax: Axes | None = None) -> Axes:
    """Stages from top to bottom, retry rules from left to right; in each cell its codes, and how many causes each has.

    Args:
        ax: Where to draw; by default a new figure (`ax.figure`).
    """
    found = cells()
    heights = [max((len(found[stage, retry]) for retry in COLUMNS), default=1) or 1 for stage in ROWS]
    total = sum(heights)
    if ax is None:
        size = (8.4, 0.9 + 0.27 * total)
        ax = Figure(figsize=size, dpi=110, layout="constrained").subplots()
    top = 0.0
    middles = []
    for stage, height in zip(ROWS, heights, strict=True):
        for column, retry in enumerate(COLUMNS):
            codes = found[stage, retry].items()
            for line, (code, causes) in enumerate(codes):
                y = top + (height - len(codes)) / 2 + line
                _chip(ax, column, y, _words(code, causes), _LOOK[code // 100])
        middles.append(top + height / 2)
        top += height
        if stage is not ROWS[-1]:
            ax.axhline(top, color="#8888", linewidth=0.6)
    ax.set_xlim(-0.5, len(COLUMNS) - 0.5)
    ax.set_ylim(total + 0.1, -0.1)
    ax.set_xticks(
        range(len(COLUMNS)),
        [fill(retry.short.replace("30 s", "30\N{NO-BREAK SPACE}s"), 15) for retry in COLUMNS],
    )
    ax.set_yticks(middles, [str(stage) for stage in ROWS])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def _words(code: int, causes: int) -> str:
    return f"{code}: {causes} causes" if causes > 1 else str(code)


def _chip(ax: Axes, column: int, y: float, words: str, colour: str) -> None:
    ax.add_patch(
        Rectangle((column - _CHIP / 2, y + 0.1), _CHIP, 0.8, facecolor=colour, alpha=0.2, linewidth=0)
    )
    ax.add_patch(Rectangle((column - _CHIP / 2, y + 0.1), 0.03, 0.8, facecolor=colour, linewidth=0))
    ax.text(column + 0.01, y + 0.52, words, ha="center", va="center", fontsize=9)


def replies_picture() -> Picture:
    """`plot_replies` as a picture that a notebook stores, its text form in words."""
    figure = plot_replies().figure
    assert isinstance(figure, Figure)  # noqa: S101 - a new figure, not a part of one
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor="white", metadata={"Software": None})
    return Picture(png=out.getvalue(), alt=alt_text(), width=round(figure.get_figwidth() * 100))


def alt_text() -> str:
    """The picture in words: for each stage its codes by what to do about them."""
    found = cells()
    rows = []
    for stage in ROWS:
        said = [
            f"{retry.short}: " + ", ".join(_words(*item) for item in codes.items())
            for retry in COLUMNS
            if (codes := found[stage, retry])
        ]
        rows.append(f"{stage}: {'; '.join(said)}")
    return f"Reply codes by stage and by what a retry needs; a number of causes is given where there are several. {'. '.join(rows)}."
