"""The panel around `lost_mail`: faults, policy, the choice for the unknown, rate; what is lost, twice and late."""

from __future__ import annotations

import html
import threading
from dataclasses import replace
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

from sestools.labs import SCRIPTS, Lab, Script, blind, careful, lost_mail, naive
from sestools.retrying import Policy
from sestools.widgets.places import tell_about_binder
from sestools.widgets.style import STYLE

POLICIES = {
    "documented by AWS: 5, 10, 30 s, 20 min": "documented",
    "exponential, full jitter": "full",
    "exponential, equal jitter": "equal",
    "exponential, decorrelated jitter": "decorrelated",
    "exponential, no jitter": "exponential",
    "the same wait each time": "fixed",
    "no retry": "none",
}
"""Policies to choose from, by what a person calls them."""

_CHOICES = {"resend: perhaps twice": "resend", "give up: perhaps lost": "give up"}
_AUTO = Layout(width="auto")


class LabPanel(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A form around `lost_mail`: the sender with your policy beside a naive one and a blind retry.

    Everything happens in memory and in virtual time.

    Args:
        faults: A script of `SCRIPTS`, such as `reply lost`.
        policy: `documented`, `full`, `equal`, `decorrelated`, `exponential`, `fixed` or `none`.
        when_unknown: `resend` or `give up`.
        messages: How many messages are sent.
        rate: Messages that arrive in a second; 0 leaves it to the script.
        seed: Of the chances.

    Attributes:
        value: The last `Lab`, or None. Read-only; `observe` it.
    """

    value = traitlets.Any(None, read_only=True)

    def __init__(
        self,
        *,
        faults: str = "resets",
        policy: str = "documented",
        when_unknown: str = "resend",
        messages: int = 500,
        rate: float = 0.0,
        seed: int = 0,
    ) -> None:
        self._thread: threading.Thread | None = None
        self._busy = threading.Lock()
        self._fields = {
            "faults": Dropdown(description="Faults", options=list(SCRIPTS), layout=_AUTO),
            "policy": Dropdown(description="Retry policy", options=list(POLICIES.items()), layout=_AUTO),
            "when_unknown": Dropdown(
                description="Lost behind the final dot", options=list(_CHOICES.items()), layout=_AUTO
            ),
            "messages": BoundedIntText(description="Messages", min=1, max=20_000, layout=_AUTO),
            "rate": BoundedFloatText(
                description="Messages a second (0: the script's)", min=0, max=1000, layout=_AUTO
            ),
            "seed": BoundedIntText(description="Seed", min=0, max=10**6, layout=_AUTO),
        }
        self._run = Button(description="Send", icon="play", button_style="primary")
        self._status, self._note, self._result = HTML(), HTML(), HTML()
        given = {
            "faults": faults,
            "policy": policy,
            "when_unknown": when_unknown,
            "messages": messages,
            "rate": rate,
            "seed": seed,
        }
        for name, value in given.items():
            self._fields[name].value = value
            self._fields[name].observe(self._describe, names="value")
        self._run.on_click(lambda _: self.start())
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
        self._describe()
        self._say("Not run yet.")

    def run(self, **changes: Any) -> LabPanel:
        """Change fields (`policy="full"`), send, and return this panel when done. `start` does not wait."""
        for name, value in changes.items():
            if name not in self._fields:
                raise ValueError(f"a panel has no field {name!r}; it has {', '.join(self._fields)}")
            self._fields[name].value = value
        self._work()
        return self

    def start(self) -> None:
        """Send in a thread, as the button does."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="sestools-lab", daemon=True)
            self._thread.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what `start` began is done; False if it still runs after so many seconds."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._thread is None or not self._thread.is_alive()

    def _get(self, name: str) -> Any:
        return self._fields[name].value

    def _policy(self) -> Policy:
        name, choice = self._get("policy"), self._get("when_unknown")
        match name:
            case "documented":
                return Policy.documented(when_unknown=choice)
            case "fixed":
                return Policy.fixed(1.0, when_unknown=choice)
            case "none":
                return replace(Policy.none(), when_unknown=choice)
        return Policy.exponential(when_unknown=choice, jitter="none" if name == "exponential" else name)

    def _script(self) -> Script:
        script = SCRIPTS[self._get("faults")]
        return replace(script, rate=self._get("rate")) if self._get("rate") else script

    def _work(self) -> None:
        with self._busy:
            self._run.disabled = True
            self._say("Sending …")
            try:
                policy = self._policy()
                lab = lost_mail(
                    self._script(),
                    contenders=[naive(), blind(), careful(policy, name=f"sestools, {policy.name}")],
                    messages=self._get("messages"),
                    seeds=[self._get("seed")],
                    keep=True,
                )
            except BaseException as error:
                self._say(f"The lab broke off: {type(error).__name__}")
                raise
            else:
                self.set_trait("value", lab)
                self._result.value = (
                    f'<div role="region" aria-label="result of the lab">{self._html(lab)}</div>'
                )
                self._say("Done.")
            finally:
                self._run.disabled = False

    def _describe(self, _: Any = None) -> None:
        script = SCRIPTS[self._get("faults")]
        self._note.value = (
            f"{html.escape(script.about)}<br>Same as <code>{html.escape(self._call(script))}</code>"
        )

    def _call(self, script: Script) -> str:
        name, choice = self._get("policy"), f"when_unknown={self._get('when_unknown')!r}"
        jitter = "none" if name == "exponential" else name
        policy = {
            "documented": f"Policy.documented({choice})",
            "fixed": f"Policy.fixed(1.0, {choice})",
            "none": "Policy.none()",
        }.get(name, f"Policy.exponential({choice}, jitter={jitter!r})")
        rate = self._get("rate")
        given = f"replace(SCRIPTS[{script.name!r}], rate={rate:g})" if rate else repr(script.name)
        return (
            f"lost_mail({given}, contenders=[naive(), blind(), careful({policy})], "
            f"messages={self._get('messages')}, seeds=[{self._get('seed')}])"
        )

    def _html(self, lab: Lab) -> str:
        from sestools.plots_lab import attempts_picture, lab_picture, retried  # matplotlib takes a while

        entries = lab.entries[lab.results[-1].script, lab.results[-1].sender, lab.results[-1].seed]
        rows = retried(entries)
        parts = [lab_picture(lab)._repr_html_(), lab._repr_html_()]
        if rows:
            parts.append(
                f"<p style='margin:8px 0 2px'>The first {len(rows)} messages that were not accepted at once, "
                f"by the last sender:</p>{attempts_picture(rows)._repr_html_()}"
            )
        return "".join(parts)

    def _say(self, text: str) -> None:
        self._status.value = f'<span role="status">{html.escape(text)}</span>'

    def __repr__(self) -> str:
        asked = [
            self._get("faults"),
            f"policy {self._get('policy')}",
            f"unknown: {self._get('when_unknown')}",
        ]
        if self._get("rate"):
            asked.append(f"{self._get('rate'):g} a second")
        head = f"LabPanel: {', '.join(asked)}"
        return f"{head}\n{self.value or '  not run yet'}"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The panel; its result as HTML for places without widgets, such as GitHub; its text form."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = repr(self)
        if self.value is not None:
            bundle["text/html"] = self._html(self.value)
        return bundle
