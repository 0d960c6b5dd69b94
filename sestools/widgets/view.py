"""How panels look, and how they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ipywidgets import HTML, VBox, Widget  # type: ignore[import-untyped]

STYLE = """<style>
.sestools-panel {font-size: var(--jp-content-font-size1, 14px); max-width: 62em; padding: 2px 0; gap: 8px}
.sestools-panel .sestools-fields {gap: 8px 14px; overflow: visible}
.sestools-panel .widget-inline-hbox {flex-flow: column; align-items: stretch; height: auto; margin: 0; overflow: visible}
.sestools-panel .widget-inline-hbox > .widget-label {width: auto; max-width: none; text-align: left; font-size: 12px;
 opacity: .8; height: 20px; line-height: 20px; overflow: visible}
.sestools-panel .widget-inline-hbox > input, .sestools-panel .widget-inline-hbox > select {flex: 0 0 auto; height: 30px;
 box-sizing: border-box}
.sestools-panel .widget-inline-hbox > select {min-width: 0; background-image: url("data:image/svg+xml,%3Csvg \
xmlns='http://www.w3.org/2000/svg' viewBox='0 0 18 18'%3E%3Cpath d='M5 7l4 4 4-4' fill='none' stroke='%23888' \
stroke-width='2'/%3E%3C/svg%3E")}
.sestools-panel .sestools-password {align-items: flex-end; gap: 6px; overflow: visible; grid-column: span 2}
.sestools-panel .sestools-password > .widget-inline-hbox {min-width: 0}
.sestools-panel .sestools-password > .widget-button {height: 30px; margin: 0}
.sestools-panel .sestools-row {align-items: center; gap: 10px; overflow: visible}
.sestools-panel .sestools-row > .widget-button {height: 30px; margin: 0}
.sestools-panel .widget-hprogress {height: 30px}
.sestools-panel .widget-html, .sestools-panel .widget-html-content {height: auto; overflow: visible; margin: 0}
.sestools-panel .widget-html {flex-flow: row}
.sestools-panel .widget-html-content {line-height: 1.45; flex: 1 1 auto; min-width: 0; align-self: stretch;
 font-size: var(--jp-content-font-size1, 14px)}
.sestools-panel a {color: var(--jp-content-link-color, #0b63b5); text-decoration: underline}
.sestools-panel :focus-visible {outline: 2px solid #0072B2; outline-offset: 1px}
.sestools-panel .sestools-stale {opacity: .6; filter: grayscale(1)}
.sestools-panel [aria-label="table of replies"] td:first-child {min-width: 15em}
.sestools-panel [aria-label="table of replies"] td:last-child {max-width: 13em; overflow-wrap: anywhere; font-size: 11px}
.sestools-panel code {overflow-wrap: anywhere; font-size: 12px}
</style>"""
"""Labels above fields, colours taken from the page so that light and dark themes suit."""


class View(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A widget in the style of all, stored as text (`repr`) and as HTML for places without widgets, such as GitHub."""

    def __init__(self, children: Sequence[Widget]) -> None:
        super().__init__([HTML(STYLE), *children])
        self.add_class("sestools-panel")

    def _stored(self) -> str:
        """The HTML that is stored; nothing if there is nothing to show."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = repr(self)
        if stored := self._stored():
            bundle["text/html"] = stored
        return bundle
