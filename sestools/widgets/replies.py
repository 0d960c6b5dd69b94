"""Replies: one given live and explained, a panel that gives any of them, and a table of all that are known."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ipywidgets import HTML, Dropdown, Layout, Text  # type: ignore[import-untyped]

from sestools.core.document import Code, Document, Field, Link, Table
from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.results import ProbeResult, Step
from sestools.core.text import printable
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.client_output import (
    ClientOutput,
    KnownReply,
    client_outputs,
    known_replies,
    recognise,
)
from sestools.probes import probe_dialogue
from sestools.render.html import table_as_html
from sestools.render.shown import Shown
from sestools.simulator import faults
from sestools.widgets.base import Panel, Run
from sestools.widgets.endpoints import own_simulator, tell_about_binder
from sestools.widgets.view import View

SENDER = "sender@example.com"


@dataclass(frozen=True, kw_only=True, repr=False)
class ReplyDemo(Shown):
    """A reply that the simulator gave to a client.

    Attributes:
        text: Code and words, as they were asked for.
        result: The dialogue in which it was given.
        diagnosis: What it means.
        client_outputs: What real clients print of it; empty if it was never recorded.
    """

    text: str
    result: ProbeResult
    diagnosis: Diagnosis
    client_outputs: tuple[ClientOutput, ...]

    @property
    def wire(self) -> tuple[str, ...]:
        """The last lines of the dialogue, each with who said it (C or S)."""
        steps = [
            step
            for step in self.result.steps
            # A greeting that was a good one tells nothing, and is another one each time.
            if step.reply and (step.symptom or step.stage not in (Stage.GREETING, Stage.QUIT))
        ]
        last = next((n for n, step in enumerate(steps) if step.symptom), len(steps) - 1)
        return tuple(line for step in steps[max(0, last - 2) : last + 1] for line in _dialogue(step))

    @property
    def rule(self) -> str:
        """What to do about trying again: by the first digit, and by the whole reply."""
        digit, retry = self.text[0], self.diagnosis.cause.retry
        if digit in "23":
            return "It is good news: nothing to try again."
        usual, first = ("soon", "try again later") if digit == "4" else ("no", "change something first")
        known = "That holds here." if retry == usual else "More is known of this one."
        return f"{digit}xx: {first}. {known} {retry.advice.capitalize()}."

    def document(self) -> Document:
        """The dialogue, what clients print of the reply, what it means, and whether to try again."""
        wire = Document(title="On the wire", code=self.wire)
        again = Document(title="Whether to try again", lead=(self.rule,))
        return Document(title=self.text, parts=(wire, self._clients(), self.diagnosis.document(), again))

    def _clients(self) -> Document:
        outputs, title = self.client_outputs, "What clients print of it"
        if outputs:
            programs = ", ".join(f"{one.client} {one.version}" for one in outputs if " " not in one.client)
            recorded = f"Recorded from {programs}."
            return Document(title=title, fields=tuple(map(_field, outputs)), notes=(recorded,))
        good = "Nothing went wrong, so there is nothing to tell apart."
        none = good if self.text[0] in "23" else "Not recorded: SES is not known to give this reply."
        return Document(title=title, lead=(none,))

    def __repr__(self) -> str:
        return str(self)


def _field(output: ClientOutput) -> Field:
    hidden = ("It does not show what the server said.",) if output.hides_reply else ()
    return Field(label=output.client, texts=(*map(Code, output.printed.split("\n")), *hidden))


def _dialogue(step: Step) -> list[str]:
    sent = [f"C: {printable(step.sent, 200)}"] if step.sent else []
    assert step.reply  # noqa: S101 - steps without one were left out
    *before, last = map(printable, step.reply.lines)
    code = step.reply.code
    return [*sent, *(f"S: {code}-{line}" for line in before), f"S: {code} {last}"]


def say(reply: str, *, stage: Stage | str | None = None) -> ReplyDemo:
    """Let the simulator give a reply to a client that signs in and sends, and explain what came of it.

    Args:
        reply: A cause's id such as `send-rate`, or any reply such as `450 4.2.0 Try later`.
        stage: Where it is given; by default where SES gives it, or, for an unknown one, at end of data.

    Raises:
        UsageError: If it is neither a reply nor the id of a cause that has one.
    """
    known = recognise(reply)
    text = known.text if known else reply.strip()
    where = Stage(stage) if stage else known.stage if known else None
    fault = faults.Says(text, where)
    good = fault.reply.ok
    own = known.cause.id if known and stage is None else ""
    tell_about_binder()
    with own_simulator("eu-west-1", "") as ses:
        target = ses.target(587, sign_in=True)
        if own == "starttls-first":  # what it is said to: a client that never switched TLS on
            target = ses.target(587, security=Security.PLAIN)
            # SES says it to AUTH, which our client never sends in clear text; here it is said to MAIL.
            ses.set_faults(faults.Says(text, Stage.MAIL))
        elif own == "auth-required":
            target = ses.target(587)
        if target.credentials is not None:
            ses.set_faults(fault)
        # After a reply that is only claimed to be good the session would go wrong.
        until = fault.at if good else Stage.BODY
        result = probe_dialogue(target, until=until, sender=SENDER, timeout=5.0)
    diagnosis = classify(text if good else result)
    return ReplyDemo(text=text, result=result, diagnosis=diagnosis, client_outputs=client_outputs(text))


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
        stages = [("all stages", ""), *((name, str(stage)) for stage, name in _STAGES.items())]
        self._stage = Dropdown(description="Stage", options=stages)
        self._reply = Dropdown(description="Reply")
        about, hint = "Or any other reply", "450 4.2.0 Try later"
        self._own = Text(description=about, placeholder=hint, continuous_update=False)
        self._offer()
        self._pick(reply)
        self._stage.observe(self._offer, names="value")
        self._reply.observe(self._picked, names="value")
        super().__init__({"stage": self._stage, "reply": self._reply, "own": self._own}, {})

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


class ReplyTable(View):
    """All replies that SES is documented, was seen, or is expected to give. Stored, it shows without a kernel.

    Args:
        search: Words that a reply must all have, in any of its columns; empty shows all.
    """

    def __init__(self, search: str = "") -> None:
        hint = "454, quota, RCPT, seen, hours …"
        self._search = Text(search, description="Search", placeholder=hint, layout=Layout(width="24em"))
        self._count, self._table = HTML(), HTML()
        super().__init__([self._search, self._count, self._table])
        self._search.observe(self._show, names="value")
        self._show()

    def search(self, words: str) -> ReplyTable:
        """Show the replies that have all of these words."""
        self._search.value = words
        return self

    @property
    def rows(self) -> tuple[KnownReply, ...]:
        """The replies that are shown."""
        words = self._search.value.lower().split()
        told = ((reply, " ".join(_cells(reply)).lower()) for reply in known_replies())
        return tuple(reply for reply, text in told if all(word in text for word in words))

    def _show(self, _: Any = None) -> None:
        self._count.value = f'<span role="status">{self._counted()}</span>'  # what is announced
        self._table.value = self._html()

    def _counted(self) -> str:
        return f"{len(self.rows)} of {len(known_replies())} replies"

    def _asked(self) -> str:
        """The same with what was searched for: where it is stored, the field is not seen."""
        words = printable(self._search.value.strip(), 80)
        return f"{self._counted()} with {words!r}" if words else self._counted()

    def _html(self) -> str:
        """The table, which scrolls in itself so that the page does not jump."""
        headings = ("Reply", "Stage", "What it means", "Retry", "How sure", "Source")
        table = table_as_html(Table(headings=headings, rows=tuple(map(_cells, self.rows))))
        style = 'tabindex="0" style="max-height:34em;overflow:auto"'
        return f'<div role="region" aria-label="table of replies" {style}>{table}</div>'

    def _stored(self) -> str:
        return f"<div>{html.escape(self._asked())}</div>{self._html()}"

    def __repr__(self) -> str:
        form = "  {0.stage:<8}  {0.cause.retry.short:<22}  {0.cause.id:<26}  {1}"
        lines = (form.format(reply, printable(reply.text, 70)) for reply in self.rows)
        return "\n".join([f"ReplyTable: {self._asked()}", *lines])


def _cells(reply: KnownReply) -> tuple[str, ...]:
    """What is written in a row, and searched."""
    row, title = reply.cause, f"{reply.cause.title} `{reply.cause.id}`"
    return (reply.text, reply.stage, title, row.retry.short, reply.mark, Link(row.source))
