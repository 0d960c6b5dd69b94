"""What the panels around experiments share: fields, a button that works in a thread, a status, a result."""

from __future__ import annotations

import html
import threading
from collections.abc import Mapping
from typing import Any, Self

import traitlets
from ipywidgets import HTML, Button, GridBox, HBox, Layout, VBox, Widget  # type: ignore[import-untyped]

from sestools.widgets.places import tell_about_binder
from sestools.widgets.style import STYLE

AUTO = Layout(width="auto")
"""As wide as the place in the grid."""


class ExperimentPanel(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A form around an experiment. A subclass gives its fields, and says how to measure and how to show it.

    Args:
        fields: The fields by name, in order.
        given: Their values.
        button: What the button says.
        doing: What the status says meanwhile.
        yet: What it says before the first time.

    Attributes:
        value: The last result, or None. Read-only; `observe` it.
    """

    value = traitlets.Any(None, read_only=True)

    def __init__(
        self, fields: Mapping[str, Widget], given: Mapping[str, Any], *, button: str, doing: str, yet: str
    ) -> None:
        self._thread: threading.Thread | None = None
        self._busy = threading.Lock()
        self._doing = doing
        self._fields = dict(fields)
        for name, value in given.items():
            self._fields[name].value = value
        self._run = Button(description=button, icon="play", button_style="primary")
        self._run.on_click(lambda _: self.start())
        self._status, self._note, self._result = HTML(), HTML(), HTML()
        tell_about_binder()
        grid = GridBox(
            list(self._fields.values()),
            layout=Layout(grid_template_columns="repeat(auto-fill, minmax(17em, 1fr))"),
        )
        grid.add_class("sestools-fields")
        row = HBox([self._run, self._status])
        row.add_class("sestools-row")
        super().__init__([HTML(STYLE), grid, self._note, row, self._result])
        self.add_class("sestools-panel")
        self._say(yet)

    def run(self, **changes: Any) -> Self:
        """Change fields (`seed=5`), measure, and return this panel when done. `start` does not wait."""
        for name, value in changes.items():
            if name not in self._fields:
                raise ValueError(f"a panel has no field {name!r}; it has {', '.join(self._fields)}")
            self._fields[name].value = value
        self._work()
        return self

    def start(self) -> None:
        """Measure in a thread, as the button does."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="sestools-experiment", daemon=True)
            self._thread.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what `start` began is done; False if it still runs after so many seconds."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._thread is None or not self._thread.is_alive()

    def _measure(self) -> Any:
        """The experiment, with what the fields say."""
        raise NotImplementedError

    def _html(self) -> str:
        """The result as HTML."""
        raise NotImplementedError

    def _get(self, name: str) -> Any:
        return self._fields[name].value

    def _work(self) -> None:
        with self._busy:
            self._run.disabled = True
            self._say(self._doing)
            try:
                found = self._measure()
            except BaseException as error:
                self._say(f"It broke off: {type(error).__name__}")
                raise
            else:
                self.set_trait("value", found)
                self._result.value = f'<div role="region" aria-label="result">{self._html()}</div>'
                self._say("Done.")
            finally:
                self._run.disabled = False

    def _say(self, text: str) -> None:
        self._status.value = f'<span role="status">{html.escape(text)}</span>'

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The panel; its result as HTML for places without widgets, such as GitHub; its text form."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = repr(self)
        if self.value is not None:
            bundle["text/html"] = self._html()
        return bundle
