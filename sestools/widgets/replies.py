"""Pick a reply: the simulator says it, and the panel shows what was said, what clients make of it, what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from ipywidgets import Dropdown, Text  # type: ignore[import-untyped]

from sestools.core.enums import Stage
from sestools.core.text import printable
from sestools.knowledge.client_output import known_replies, recognise
from sestools.widgets.base import Panel, Run
from sestools.widgets.reply_demo import ReplyDemo, say

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


class ReplyPanel(Panel):
    """A list of replies, and what becomes of the one that is picked. Building it says nothing yet.

    Attributes:
        value: The `ReplyDemo`, or None as long as none was said. Read-only; `observe` it.
    """

    VERB, DOING, YET, DONE, WIDTH = "Say it", "Saying it …", "nothing said yet", "said", "26em"

    def __init__(self, reply: str = "send-rate") -> None:
        stages = [(_ALL, ""), *((name, str(stage)) for stage, name in _STAGES.items())]
        self._stage = Dropdown(description="Stage", options=stages)
        self._reply = Dropdown(description="Reply")
        self._own = Text(
            description="Or any other reply", placeholder="450 4.2.0 Try later", continuous_update=False
        )
        self._offer()
        self._pick(reply)
        self._stage.observe(self._offer, names="value")
        self._reply.observe(self._picked, names="value")
        super().__init__({"stage": self._stage, "reply": self._reply, "own": self._own})

    def run(self, reply: str | None = None, **changes: Any) -> Self:
        """Say the reply that is picked, or this one, and return the panel when its result is shown."""
        if reply is not None:
            self._pick(reply)
        return super().run(**changes)

    def _settings(self) -> dict[str, Any]:
        return {"reply": self._own.value.strip() or self._reply.value}

    def _measure(self, run: Run) -> ReplyDemo:
        return say(run.settings["reply"])

    def _done(self, found: ReplyDemo) -> str:
        return f"Said: {printable(found.text, 60)}"

    def _words(self, settings: Mapping[str, Any]) -> str:
        return f"simulator, {printable(settings['reply'], 120)}"

    def _pick(self, reply: str) -> None:
        known = recognise(reply)
        if known:
            self._stage.value = ""
            self._reply.value = known.text
        self._own.value = "" if known else reply

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
