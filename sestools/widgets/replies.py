"""Pick a reply: the simulator says it, and the panel shows what was said, what clients make of it, what it means."""

from __future__ import annotations

import html
from typing import Any

import traitlets
from ipywidgets import HTML, Button, Dropdown, HBox, Layout, Text, VBox  # type: ignore[import-untyped]

from sestools.faces import known_replies, recognise
from sestools.model import Stage
from sestools.text import printable
from sestools.widgets.said import say
from sestools.widgets.style import STYLE

_ALL = "all stages"
_STAGES = {
    Stage.GREETING: "GREETING: on connecting",
    Stage.EHLO: "EHLO: names and abilities",
    Stage.AUTH: "AUTH: signing in",
    Stage.MAIL: "MAIL: the sender",
    Stage.RCPT: "RCPT: a recipient",
    Stage.DATA: "DATA: before the message",
    Stage.BODY: "BODY: after the final dot",
}


class ReplyPanel(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A list of replies, and what becomes of the one that is picked. Building it says nothing yet.

    Attributes:
        value: The `SaidReply`, or None as long as none was said. Read-only; `observe` it.
    """

    value = traitlets.Any(None, read_only=True)

    def __init__(self, reply: str = "send-rate") -> None:
        known = recognise(reply)
        self._stage = Dropdown(
            description="Stage",
            options=[(_ALL, ""), *((name, str(stage)) for stage, name in _STAGES.items())],
            layout=Layout(width="16em"),
        )
        self._reply = Dropdown(
            description="Reply", layout=Layout(width="auto", min_width="0", flex="1 1 auto")
        )
        self._own = Text(
            description="Or any other reply",
            placeholder="450 4.2.0 Try later",
            continuous_update=False,
            layout=Layout(width="auto"),
            value="" if known else reply,
        )
        self._button = Button(description="Say it", icon="play", button_style="primary")
        self._status, self._result = HTML(), HTML()
        row = HBox([self._button, self._status])
        row.add_class("sestools-row")
        pick = HBox([self._stage, self._reply], layout=Layout(grid_gap="14px", overflow="visible"))
        super().__init__([HTML(STYLE), pick, self._own, row, self._result])
        self.add_class("sestools-panel")
        self._offer()
        if known:
            self._reply.value = known.text
        self._stage.observe(self._offer, names="value")
        self._reply.observe(self._picked, names="value")
        self._button.on_click(lambda _: self.run())
        self._note("Not said yet.")

    def run(self, reply: str | None = None) -> ReplyPanel:
        """Say the reply that is picked, or this one, and return the panel when its result is shown."""
        if reply is not None:
            self._pick(reply)
        asked = self._own.value.strip() or self._reply.value
        self._button.disabled = True
        self._note("Saying it …")
        try:
            said = say(asked)
        except ValueError as error:
            self._result.value = ""
            self._note(f"This cannot be said: {printable(str(error), 160)}")
        else:
            self.set_trait("value", said)
            self._result.value = f'<div role="region" aria-label="reply">{said._repr_html_()}</div>'
            self._note(f"Said: {printable(said.text, 60)}")
        finally:
            self._button.disabled = False
        return self

    def _pick(self, reply: str) -> None:
        known = recognise(reply)
        self._own.value = "" if known else reply
        if known:
            self._stage.value = ""
            self._reply.value = known.text

    def _picked(self, _: Any) -> None:
        """What is picked last is what is said."""
        self._own.value = ""

    def _offer(self, _: Any = None) -> None:
        """List the replies of the stage that is chosen."""
        self._reply.options = [
            (f"{reply.stage}  {printable(reply.text, 90)}", reply.text)
            for reply in known_replies()
            if self._stage.value in ("", reply.stage)
        ]

    def _note(self, text: str) -> None:
        self._status.value = f'<span role="status">{html.escape(text)}</span>'

    def __repr__(self) -> str:
        return "ReplyPanel: nothing said yet" if self.value is None else f"ReplyPanel\n{self.value!r}"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = repr(self)
        if self.value is not None:
            bundle["text/html"] = self.value._repr_html_()
        return bundle
