"""The panel around `probe_lifetime` and `advise`: how hosts live, how messages come, what a broken send costs."""

from __future__ import annotations

import html
import threading
from typing import Any

import traitlets
from ipywidgets import (  # type: ignore[import-untyped]
    HTML,
    BoundedFloatText,
    BoundedIntText,
    Button,
    Dropdown,
    GridBox,
    HBox,
    Layout,
    VBox,
)

from sestools.advice import advise
from sestools.costs import Traffic
from sestools.probes import LifetimeFacts, Plan, probe_lifetime
from sestools.simulator.memory import VirtualSes
from sestools.widgets.places import tell_about_binder
from sestools.widgets.style import STYLE

TRAFFIC = {
    "newsletter: bursts of 1000, 5 a second": Traffic.bursts(1000, 5, 60),
    "queue: 5 a second, evenly": Traffic.steady(5),
    "web application: 1 a second, at random": Traffic.scattered(1),
    "quiet application: one in 5 s, at random": Traffic.scattered(0.2),
    "very quiet: one in 20 s, at random": Traffic.scattered(0.05),
}
"""Traffic to choose from, by what a person calls it."""

_AUTO = Layout(width="auto")
_SENDER = "sender@example.com"


class LifetimePanel(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A form around `probe_lifetime` and `advise`, on a simulated SES in memory and in virtual time.

    Args:
        life: Seconds that a host lives on average; 0 is for ever.
        idle: Seconds of silence that end a connection.
        messages: Messages that a connection may carry.
        traffic: How messages come: a name of `TRAFFIC`.
        price: Handshakes that a broken send costs.
        seed: Of the lives.

    Attributes:
        value: The last `Advice`, or None. Read-only; `observe` it.
    """

    value = traitlets.Any(None, read_only=True)

    def __init__(
        self,
        *,
        life: float = 60.0,
        idle: float = 10.0,
        messages: int = 300,
        traffic: str = next(iter(TRAFFIC)),
        price: float = 10.0,
        seed: int = 0,
    ) -> None:
        self._thread: threading.Thread | None = None
        self._busy = threading.Lock()
        self._fields = {
            "life": BoundedFloatText(
                description="Hosts live, s on average (0: for ever)", min=0, max=1e6, layout=_AUTO
            ),
            "idle": BoundedFloatText(description="Idle cut-off, s", min=0.5, max=3600, layout=_AUTO),
            "messages": BoundedIntText(
                description="Messages on a connection", min=1, max=10_000, layout=_AUTO
            ),
            "traffic": Dropdown(description="How your messages come", options=list(TRAFFIC), layout=_AUTO),
            "price": BoundedFloatText(
                description="A broken send costs, handshakes", min=0.1, max=1000, layout=_AUTO
            ),
            "seed": BoundedIntText(description="Seed", min=0, max=10**6, layout=_AUTO),
        }
        given = {"life": life, "idle": idle, "messages": messages}
        for name, value in (given | {"traffic": traffic, "price": price, "seed": seed}).items():
            self._fields[name].value = value
        self._run = Button(description="Measure", icon="play", button_style="primary")
        self._run.on_click(lambda _: self.start())
        self._status, self._result = HTML(), HTML()
        self._facts: LifetimeFacts | None = None
        tell_about_binder()
        grid = GridBox(
            list(self._fields.values()),
            layout=Layout(grid_template_columns="repeat(auto-fill, minmax(17em, 1fr))"),
        )
        grid.add_class("sestools-fields")
        row = HBox([self._run, self._status])
        row.add_class("sestools-row")
        super().__init__([HTML(STYLE), grid, row, self._result])
        self.add_class("sestools-panel")
        self._say("Not measured yet.")

    def run(self, **changes: Any) -> LifetimePanel:
        """Change fields (`idle=5`), measure, and return this panel when done. `start` does not wait."""
        for name, value in changes.items():
            if name not in self._fields:
                raise ValueError(f"a panel has no field {name!r}; it has {', '.join(self._fields)}")
            self._fields[name].value = value
        self._work()
        return self

    def start(self) -> None:
        """Measure in a thread, as the button does."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="sestools-lifetime", daemon=True)
            self._thread.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what `start` began is done; False if it still runs after so many seconds."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._thread is None or not self._thread.is_alive()

    def _get(self, name: str) -> Any:
        return self._fields[name].value

    def _work(self) -> None:
        with self._busy:
            self._run.disabled = True
            self._say("Holding connections …")
            try:
                ses = VirtualSes(
                    idle=self._get("idle"),
                    max_messages=self._get("messages"),
                    hosts=200,
                    host_lifetime=self._get("life") or None,
                    random_lifetimes=True,
                    seed=self._get("seed"),
                )
                self._facts = probe_lifetime(**ses.reach(), plan=Plan(rate=14), sender=_SENDER).facts
                found = advise(self._facts, TRAFFIC[self._get("traffic")], price=self._get("price"))
            except BaseException as error:
                self._say(f"The measurement broke off: {type(error).__name__}")
                raise
            else:
                self.set_trait("value", found)
                self._result.value = f'<div role="region" aria-label="result">{self._html()}</div>'
                self._say("Done.")
            finally:
                self._run.disabled = False

    def _html(self) -> str:
        from sestools.plots_lifetime import costs_picture, survival_picture  # matplotlib takes a while

        advice = self.value
        parts = [advice._repr_html_()]
        if advice.curve:
            parts.append(survival_picture(advice.curve, chosen=advice.thresholds.age)._repr_html_())
        return "".join([*parts, costs_picture(advice)._repr_html_()])

    def _say(self, text: str) -> None:
        self._status.value = f'<span role="status">{html.escape(text)}</span>'

    def __repr__(self) -> str:
        life = (
            f"hosts live {self._get('life'):g} s on average" if self._get("life") else "hosts live for ever"
        )
        head = (
            f"LifetimePanel: {life}, idle {self._get('idle'):g} s, {self._get('messages')} messages; "
            f"{self._get('traffic')}"
        )
        return f"{head}\n  {self.value or 'not measured yet'}"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The panel; its result as HTML for places without widgets, such as GitHub; its text form."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = repr(self)
        if self.value is not None:
            bundle["text/html"] = self._html()
        return bundle
