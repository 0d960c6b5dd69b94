"""How a result becomes a picture: each type says how it is drawn and what that shows in words."""

from __future__ import annotations

import base64
import importlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette for colour blindness; words beside each mark carry what matters.
COLOURS = {"connect": "#0072B2", "greeting, EHLO": "#56B4E9", "TLS": "#009E73", "sign-in": "#CC79A7",
           "message": "#E69F00"}  # fmt: skip
FAILED = "#D55E00"

_INK = "#010203"
"""Stands for the colour of the surrounding text until `to_svg` has replaced it."""
_MODULES = {
    "sestools.checkup.report.Report": "checks",
    "sestools.checkup.sweep_result.Sweep": "checks",
    "sestools.allowlist.history.AddressHistory": "addresses",
    "sestools.core.results.ProbeResult": "connections",
    "sestools.lifetime.survival.Curve": "connections",
    "sestools.lifetime.advice.RecycleAdvice": "connections",
    "sestools.labs.experiment.Lab": "timeline",
    "builtins.dict": "checks",
    "builtins.tuple": "reply_map",
}
"""Which module draws a type: it is imported when it is needed."""


@dataclass(frozen=True)
class Drawing:
    """How one result is drawn, and what is seen, in words and with the data; width and height are in inches.

    `panels` is what `Figure.subplots` is told where there are several axes: `draw` then gets a list of them.
    """

    draw: Callable[[Any], None]
    alt: str
    size: tuple[float, float]
    panels: Mapping[str, Any] = field(default_factory=dict)

    def on(self, axes: Any = None) -> Any:
        """Draw on these axes, by default those of a new figure; gives them."""
        if axes is None:
            from matplotlib.figure import Figure  # takes a while

            figure = Figure(figsize=self.size, dpi=110, layout="constrained")
            axes = (
                list(figure.subplots(squeeze=False, **self.panels).flat) if self.panels else figure.subplots()
            )
        self.draw(axes)
        return axes

    def figure(self) -> Any:
        """The result on a new figure."""
        axes = self.on()
        return (axes[0] if self.panels else axes).figure


@singledispatch
def drawing(result: Any, **options: Any) -> Drawing:
    """How a result is drawn, by its type."""
    kind = type(result)
    if module := _MODULES.get(f"{kind.__module__}.{kind.__qualname__}"):
        importlib.import_module(f"sestools.plots.{module}")
        return drawing.dispatch(kind)(result, **options)
    raise UsageError(f"there is no plot of {kind.__name__}")


def plot(result: Any, ax: Any = None, **options: Any) -> Any:
    """Draw a result with matplotlib; gives the axes.

    Args:
        ax: Axes, or a list of them for a plot that has several; by default those of a new figure (`ax.figure`).
        options: `comparison` for an `AddressHistory`, `chosen` for a `Curve`.

    Raises:
        UsageError: If there is no plot of such a result.
    """
    return drawing(result, **options).on(ax)


@dataclass(frozen=True, kw_only=True, repr=False)
class Picture:
    """A PNG, `width` CSS pixels wide, with words for those who cannot see it; its text form is those words."""

    png: bytes
    alt: str
    width: int

    def __repr__(self) -> str:
        return f"<Picture: {self.alt}>"

    def _repr_html_(self) -> str:
        return _IMAGE.format(self.alt, self.width, base64.b64encode(self.png).decode("ascii"))


_IMAGE = Markup(
    '<img alt="{}" width="{}" style="max-width:100%;border-radius:6px" src="data:image/png;base64,{}">'
)


def picture(result: Any, **options: Any) -> Picture:
    """The plot of a result as a value that a notebook stores, with its alternative text; arguments as for `plot`."""
    how, out = drawing(result, **options), io.BytesIO()
    how.figure().savefig(out, format="png", facecolor="white", metadata={"Software": None})
    return Picture(png=out.getvalue(), alt=how.alt, width=round(how.size[0] * 100))


def to_svg(result: Any, **options: Any) -> Markup:
    """The plot as SVG for a web page: it takes the page's text colour, so it suits dark and light themes."""
    from matplotlib.text import Text

    how, out = drawing(result, **options), io.StringIO()
    figure = how.figure()
    for text in figure.findobj(Text):
        text.set_color(_INK)
    for ax in figure.axes:
        ax.tick_params(color=_INK)
        ax.spines[:].set_edgecolor(_INK)
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    body = out.getvalue().partition("<svg ")[2].partition(">")[2].replace(_INK, "currentColor")
    width, height = figure.get_size_inches() * 72
    return _SVG.format(how.alt, f"{width:.6g} {height:.6g}", Markup(body))  # noqa: S704 - of our own figure


_SVG = Markup(
    '<svg role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'style="width:100%;max-width:62em;height:auto" viewBox="0 0 {}">{}'
)


def draw_rows(ax: Axes, names: Sequence[str]) -> None:
    """Name the rows from top to bottom, without a frame."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(max(1, len(names)) - 0.5, -0.6)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)


def draw_grid(ax: Axes, columns: Sequence[str], rows: Sequence[str], heights: Sequence[float]) -> None:
    """Name the columns above and the rows at their heights, without a frame; a column is 1 wide."""
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(heights, rows)
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def write(ax: Axes, text: str, xy: tuple[float, float], offset: tuple[float, float], **look: Any) -> None:
    """Write beside a point; the offset is in points of type."""
    ax.annotate(text, xy, xytext=offset, textcoords="offset points", **look)


def legend_above(ax: Axes, handles: Mapping[str, Any], **look: Any) -> None:
    """A legend in one line over the axes."""
    look |= {"frameon": False, "loc": "lower left", "bbox_to_anchor": (-0.01, 1.0), "borderpad": 0.2}
    ax.legend(list(handles.values()), list(handles), ncols=len(handles), **look)
