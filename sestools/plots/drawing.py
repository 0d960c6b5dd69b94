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
    from matplotlib.figure import Figure

# Okabe and Ito's palette for colour blindness; words beside each mark carry what matters.
COLOURS = {
    "connect": "#0072B2",
    "greeting, EHLO": "#56B4E9",
    "TLS": "#009E73",
    "sign-in": "#CC79A7",
    "message": "#E69F00",
}
FAILED = "#D55E00"

_INK = "#010203"
"""Stands for the colour of the surrounding text until `to_svg` has replaced it."""
_MODULES = {
    "sestools.checkup.report.Report": "stages",
    "sestools.checkup.sweep_result.Sweep": "sweep",
    "sestools.allowlist.history.AddressHistory": "addresses",
    "sestools.core.results.ProbeResult": "mtu",
    "sestools.lifetime.survival.Curve": "lifetime",
    "sestools.lifetime.advice.RecycleAdvice": "lifetime",
    "sestools.labs.results.Lab": "lab",
    "builtins.dict": "ports",
    "builtins.tuple": "reply_map",
}
"""Which module draws a type: it is imported when it is needed."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How one result is drawn.

    Attributes:
        draw: Draws it on axes, or on a list of them if `panels` is given.
        alt: What is seen, in words and with the data.
        size: Width and height in inches.
        panels: What `Figure.subplots` is told where there are several axes.
    """

    draw: Callable[[Any], None]
    alt: str
    size: tuple[float, float]
    panels: Mapping[str, Any] = field(default_factory=dict)

    def axes(self) -> Any:
        """The axes of a new figure."""
        from matplotlib.figure import Figure  # takes a while

        figure = Figure(figsize=self.size, dpi=110, layout="constrained")
        return list(figure.subplots(squeeze=False, **self.panels).flat) if self.panels else figure.subplots()

    def figure(self) -> Figure:
        """The result on a new figure."""
        axes = self.axes()
        self.draw(axes)
        found: Figure = (axes[0] if self.panels else axes).figure
        return found


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
        result: Anything that can be plotted.
        ax: Axes, or a list of them for a plot that has several; by default those of a new figure (`ax.figure`).
        options: `comparison` for an `AddressHistory`, `chosen` for a `Curve`.

    Raises:
        UsageError: If there is no plot of such a result.
    """
    how = drawing(result, **options)
    axes = how.axes() if ax is None else ax
    how.draw(axes)
    return axes


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


# What several plots need


def draw_rows(ax: Axes, names: Sequence[str]) -> None:
    """Name the rows from top to bottom, without a frame."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(max(1, len(names)) - 0.5, -0.6)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)


def write(ax: Axes, text: str, xy: tuple[float, float], offset: tuple[float, float], **look: Any) -> None:
    """Write beside a point; the offset is in points of type."""
    ax.annotate(text, xy, xytext=offset, textcoords="offset points", **look)


def legend_above(ax: Axes, *handles_and_labels: Any, **look: Any) -> None:
    """A legend in one line over the axes."""
    ax.legend(
        *handles_and_labels, frameon=False, loc="lower left", bbox_to_anchor=(-0.01, 1.0), borderpad=0.2, **look
    )  # fmt: skip
