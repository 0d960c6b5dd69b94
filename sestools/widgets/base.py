"""What all panels that run something share: fields, a button, runs, and results that say what they are for."""

from __future__ import annotations

import datetime
import html
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

import traitlets
from ipywidgets import HTML, Button, GridBox, HBox, Layout, Widget  # type: ignore[import-untyped]
from markupsafe import Markup

from sestools.core.document import Document
from sestools.core.errors import UsageError
from sestools.core.text import printable
from sestools.render.html import as_html
from sestools.widgets.endpoints import tell_about_binder
from sestools.widgets.view import View

OTHER_SETTINGS = "These results are for other settings: run again."
UNDER_WAY = "A new run has begun. These results are from an earlier run."
CANCELLED = "The last run was cancelled. These results are from an earlier run."
FAILED = "The last run failed. These results are from an earlier run."

_DRAWING = ThreadPoolExecutor(1, thread_name_prefix="drawing")
"""One thread draws for all panels: matplotlib is not made for several, and keeps fonts open for each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One run of a panel: the settings that it began with, when, and whether it was cancelled or replaced."""

    settings: Mapping[str, Any]
    at: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    cancelled: threading.Event = field(default_factory=threading.Event)


class Panel(View):
    """A form around a function. A subclass gives its fields, and says how to measure and how to show it.

    The result says what it was asked of. It is greyed, and `stale`, when the fields say something else, when
    a run is under way, and when the last run was cancelled or failed.

    Args:
        fields: The fields by name, in order, with their usual values.
        given: Other values for some of them.
        more: What follows them in the grid.
        row: What stands between the button and the status.

    Attributes:
        value: The last result, or None. Read-only; `observe` it.
    """

    value = traitlets.Any(None, read_only=True)

    # What the button says; what the status says meanwhile, before the first time, and in "cannot be …".
    VERB, DOING, YET, DONE = "Run", "Running …", "not run yet", "run"
    WIDTH = "14em"  # of a field

    _current: Run | None = None  # the only run whose result is still wanted

    def __init__(
        self,
        fields: Mapping[str, Widget],
        given: Mapping[str, Any],
        *,
        more: Sequence[Widget] = (),
        row: Sequence[Widget] = (),
    ) -> None:
        self._lock = threading.RLock()
        self._shown: Run | None = None
        self._spoiled = self._told = ""
        self._thread: threading.Thread | None = None
        self._fields = dict(fields)
        self._change(given)
        self._button = Button(description=self.VERB, icon="play", button_style="primary")
        self._button.on_click(lambda _: self.start())
        self._status, self._note, self._warning, self._result = HTML(), HTML(), HTML(), HTML()
        tell_about_binder()
        for widget in self._fields.values():
            widget.layout = Layout(width="auto")  # as wide as its place in the grid
        columns = f"repeat(auto-fill, minmax({self.WIDTH}, 1fr))"
        form = GridBox([*self._fields.values(), *more], layout=Layout(grid_template_columns=columns))
        form.add_class("sestools-fields")
        buttons = HBox([self._button, *row, self._status])
        buttons.add_class("sestools-row")
        super().__init__([form, self._note, buttons, self._warning, self._result])
        for widget in self._fields.values():
            widget.observe(self._changed, names="value")
        self._say(f"{self.YET.capitalize()}.")
        self._changed()

    def run(self, **changes: Any) -> Self:
        """Change fields (`seed=5`), run, and return this panel when done. `start` does not wait.

        A run that is under way is given up.
        """
        self._change(changes)
        self._work(self._begin())
        return self

    def start(self) -> None:
        """Run in a thread, as the button does; nothing happens if a run is under way."""
        with self._lock:
            if self._current is not None:
                return
            run = self._begin()
            thread = threading.Thread(target=self._work, args=(run,), name="sestools-panel", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads
                self._end(run, "It could not start.", FAILED)
                raise
            self._thread = thread

    def cancel(self) -> None:
        """Give up the run that is under way; its result is not shown. Without one, nothing happens."""
        if self._current is not None:  # what was never made is closed, too, and has no lock
            with self._lock:
                if self._current is not None:
                    self._end(self._current, "Cancelled.", CANCELLED)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what `start` began is done; False if it still runs after so many seconds."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._thread is None or not self._thread.is_alive()

    def close(self) -> None:
        """Take the panel out of the page; a run that is under way is given up."""
        self.cancel()
        super().close()

    @property
    def stale(self) -> bool:
        """Whether `value` is for other settings than the fields', or from before a run that did not end well."""
        return bool(self._why_stale())

    @property
    def asked(self) -> str:
        """What `value` was asked of, in words; empty without one."""
        return self._words(self._shown.settings) if self._shown else ""

    def _measure(self, run: Run) -> Any:
        """Do what the panel is for, with the settings of the run."""
        raise NotImplementedError

    def _parts(self, found: Any, stored: bool) -> tuple[Any, ...]:
        """A result as documents, pictures and markup in order, for the panel or for places without widgets."""
        return (found,)

    def _html(self, run: Run, found: Any, stored: bool = False) -> str:
        """What a result was asked of, and the result."""
        asked, at = html.escape(self._words(run.settings)), f"{run.at:%Y-%m-%d %H:%M:%S} UTC"
        head = f'<div style="{_ASKED}">Result for: {asked}. Run at {at}.</div>'
        return head + _DRAWING.submit(lambda: "".join(map(_as_html, self._parts(found, stored)))).result()

    def _text(self, found: Any) -> str:
        """A result as text, the same every time."""
        return str(found)

    def _words(self, settings: Mapping[str, Any]) -> str:
        """What is asked of, in words, the same every time."""
        raise NotImplementedError

    def _done(self, found: Any) -> str:
        """What the status says of a result."""
        return "Done."

    def _describe(self) -> None:
        """Say in the note what to know of these settings."""

    def _settings(self) -> dict[str, Any]:
        """Everything that the result depends on, as the fields are now."""
        return {name: widget.value for name, widget in self._fields.items()}

    def _working(self, yes: bool) -> None:
        """Show whether a run is under way."""
        self._button.disabled = yes

    def _change(self, changes: Mapping[str, Any]) -> None:
        for name in changes.keys() - self._fields.keys():
            raise UsageError(f"a panel has no field {name!r}; it has {', '.join(self._fields)}")
        for name, value in changes.items():
            self._fields[name].value = value

    def _changed(self, _: Any = None) -> None:
        self._describe()
        self._judge()

    def _begin(self) -> Run:
        with self._lock:
            if self._current is not None:
                self._current.cancelled.set()
            run = self._current = Run(settings=self._settings())
            self._spoiled = UNDER_WAY
            self._working(True)
            self._say(self.DOING)
            self._judge()
            return run

    def _work(self, run: Run) -> None:
        try:
            found = self._measure(run)
            if run.cancelled.is_set():
                return
            shown = self._html(run, found)
        except ValueError as error:
            self._end(run, f"This cannot be {self.DONE}: {printable(str(error), 160)}", FAILED)
        except BaseException as error:
            self._end(run, f"It broke off: {type(error).__name__}", FAILED)
            raise
        else:
            self._end(run, self._done(found), "", found, shown)

    def _end(self, run: Run, said: str, spoiled: str, found: Any = None, shown: str = "") -> None:
        """End a run with its result, or without; nothing happens if it was cancelled or another one has begun."""
        with self._lock:
            if run is not self._current:
                return
            run.cancelled.set()  # whoever still works on it may stop
            self._current = None
            self._told = said
            self._say(said)
            self._working(False)
            if not spoiled:
                self._shown = run
                self._result.value = f'<div role="region" aria-label="result">{shown}</div>'
            self._spoiled = spoiled
            self._judge()
            if not spoiled:
                self.set_trait("value", found)  # last: whoever observes it finds everything in place

    def _why_stale(self) -> str:
        with self._lock:
            if self._shown is None:
                return ""
            return self._spoiled or ("" if self._shown.settings == self._settings() else OTHER_SETTINGS)

    def _judge(self) -> None:
        """Grey the result, or show it as it is."""
        with self._lock:
            why = self._why_stale()
            self._warning.value = _warned(why)
            (self._result.add_class if why else self._result.remove_class)("sestools-stale")

    def _say(self, text: str) -> None:
        self._status.value = f'<span role="status">{html.escape(text)}</span>'

    def __repr__(self) -> str:
        with self._lock:
            head, why = f"{type(self).__name__}: {self._words(self._settings())}", self._why_stale()
            if self._shown is None:
                return f"{head}\n  {self._told or self.YET}"
            if why:
                head += f"\n  {why}\n  Result for: {self.asked}"
            return f"{head}\n{self._text(self.value)}"

    def _stored(self) -> str:
        with self._lock:
            if self._shown is None:
                return ""
            stored, why = self._html(self._shown, self.value, True), self._why_stale()
        return f'{_warned(why)}<div style="opacity:.6;filter:grayscale(1)">{stored}</div>' if why else stored


_ASKED = "font-size:12px;opacity:.8;overflow-wrap:anywhere"


def _as_html(part: Any) -> str:
    if isinstance(part, Document):
        return as_html(part)
    return part if isinstance(part, Markup) else str(part._repr_html_())


def _warned(why: str) -> str:
    return f'<div role="note" aria-live="polite"><b>{html.escape(why)}</b></div>' if why else ""
