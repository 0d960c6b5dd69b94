"""Pictures as values: SVG with an alternative text that holds the data."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


# Okabe and Ito's colour-blind-safe palette; words beside each bar carry what matters.
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
