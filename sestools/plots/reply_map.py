"""All replies in one picture: where in the session each is given, and what a retry is good for."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial
from textwrap import fill
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from sestools.core.enums import Retry, Stage
from sestools.core.errors import UsageError
from sestools.knowledge.client_output import KnownReply
from sestools.plots.drawing import COLOURS, FAILED, Drawing, draw_grid, drawing

COLUMNS = (Retry.NO, Retry.SOON, Retry.NEW_CONNECTION, Retry.SLOWER, Retry.HOURS)
ROWS = (Stage.GREETING, Stage.EHLO, Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY)
_COLOURS = {4: COLOURS["connect"], 5: FAILED}
_WIDTH = 0.78
"""Width of a code's box, where a column is 1 wide."""

Cells = dict[tuple[Stage, Retry], Counter[int]]


def cells(replies: tuple[KnownReply, ...]) -> Cells:
    """For each stage and retry rule the codes that are given there, each with how many causes it can have."""
    causes = {(one.code, one.stage, one.cause.retry, one.cause.id) for one in replies if one.code >= 400}
    found: Cells = defaultdict(Counter)
    for code, stage, retry, _ in sorted(causes):
        found[stage, retry][code] += 1
    return found


@drawing.register
def _(replies: tuple) -> Drawing:  # type: ignore[type-arg]  # singledispatch takes plain classes
    if not all(isinstance(reply, KnownReply) for reply in replies):
        raise UsageError("a map of replies takes a tuple of known replies")
    found = cells(replies)
    heights = [max(1, *(len(found[stage, retry]) for retry in COLUMNS)) for stage in ROWS]
    rows = [
        f"{stage}: " + "; ".join(
            f"{retry.short}: {', '.join(_words(*item) for item in found[stage, retry].items())}"
            for retry in COLUMNS if found[stage, retry]
        )
        for stage in ROWS
    ]  # fmt: skip
    return Drawing(
        partial(_draw, found, heights),
        "Reply codes by stage and by what a retry needs; a number of causes is given where there are several. "
        f"{'. '.join(rows)}.",
        (8.4, 0.9 + 0.27 * sum(heights)),
    )


def _draw(found: Cells, heights: list[int], ax: Axes) -> None:
    """Stages from top to bottom, retry rules from left to right; in each cell its codes, and their causes."""
    top = 0.0
    middles = []
    for stage, height in zip(ROWS, heights, strict=True):
        for column, retry in enumerate(COLUMNS):
            codes = found[stage, retry].items()
            for line, (code, causes) in enumerate(codes):
                y = top + (height - len(codes)) / 2 + line
                look: dict[str, Any] = {"facecolor": _COLOURS[code // 100], "linewidth": 0}
                corner = (column - _WIDTH / 2, y + 0.1)
                ax.add_patch(Rectangle(corner, _WIDTH, 0.8, alpha=0.2, **look))
                ax.add_patch(Rectangle(corner, 0.03, 0.8, **look))
                ax.text(column + 0.01, y + 0.52, _words(code, causes), ha="center", va="center", fontsize=9)
        middles.append(top + height / 2)
        top += height
        if stage is not ROWS[-1]:
            ax.axhline(top, color="#8888", linewidth=0.6)
    ax.set_ylim(top + 0.1, -0.1)
    names = [fill(retry.short.replace("30 s", "30\N{NO-BREAK SPACE}s"), 15) for retry in COLUMNS]
    draw_grid(ax, names, ROWS, middles)


def _words(code: int, causes: int) -> str:
    return f"{code}: {causes} causes" if causes > 1 else str(code)
