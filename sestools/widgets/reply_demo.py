"""A reply said live: what was on the wire, what clients print of it, what it means, and whether to try again."""

from __future__ import annotations

import html
from dataclasses import dataclass

from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.results import ProbeResult, Step
from sestools.core.text import printable
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.client_output import ClientOutput, faces, recognise
from sestools.probes import probe_dialogue
from sestools.widgets.endpoints import own_simulator, tell_about_binder
from sestools.widgets.style import CELL, ROW, TABLE

SENDER = "sender@example.com"
LINES_BEFORE = 2
"""Commands that are shown ahead of the one that was answered."""

_LONG = 2000
"""Characters of a line that a client printed; SES's longest reply has 400."""

_CODE = "white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px;line-height:1.4;margin:0;background:none"


@dataclass(frozen=True, kw_only=True, repr=False)
class SaidReply:
    """A reply that the simulator gave to a client.

    Attributes:
        text: Code and words, as they were asked for.
        result: The dialogue in which it was given.
        diagnosis: What it means.
        faces: What real clients print of it; empty if it was never recorded.
    """

    text: str
    result: ProbeResult
    diagnosis: Diagnosis
    faces: tuple[ClientOutput, ...]

    @property
    def code(self) -> int:
        """The reply code."""
        return int(self.text[:3])

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
        return tuple(line for step in steps[max(0, last - LINES_BEFORE) : last + 1] for line in _said(step))

    @property
    def rule(self) -> str:
        """What to do about trying again: by the first digit, and by the whole reply."""
        digit, retry = str(self.code)[0], self.diagnosis.cause.retry
        if digit in "23":
            return "It is good news: nothing to try again."
        usual, first = ("soon", "try again later") if digit == "4" else ("no", "change something first")
        known = "That holds here." if retry == usual else "More is known of this one."
        return f"{digit}xx: {first}. {known} {retry.advice.capitalize()}."

    def __repr__(self) -> str:
        cause = self.diagnosis.cause
        lines = ["On the wire", *(f"  {line}" for line in self.wire), "", "What clients print of it"]
        for face in self.faces:
            shown = face.printed.split("\n")
            lines += [
                f"  {face.client if n == 0 else '':<15}{printable(line, _LONG)}"
                for n, line in enumerate(shown)
            ]
        if not self.faces:
            lines.append(f"  {self._why_no_faces}")
        lines += ["", f"What it means: {cause.title} [{cause.id}]", f"Retry: {self.rule}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        wire = "\n".join(
            f'<span style="{"font-weight:600" if n == len(self.wire) - 1 else "opacity:.75"}">'
            f"{html.escape(line)}</span>"
            for n, line in enumerate(self.wire)
        )
        return (
            f'<div style="max-width:62em">{_head("On the wire")}'
            f'<pre style="{_CODE};padding:8px 12px;border-left:3px solid #8888">{wire}</pre>'
            f"{_head('What clients print of it')}{self._faces()}"
            f"{_head('What it means')}{self.diagnosis._repr_html_()}"
            f"{_head('Try again?')}<div>{html.escape(self.rule)}</div></div>"
        )

    @property
    def _why_no_faces(self) -> str:
        if self.code < 400:
            return "Nothing went wrong, so there is nothing to tell apart."
        return "Not recorded: this is not a reply that SES is known to give."

    def _faces(self) -> str:
        if not self.faces:
            return f"<div>{self._why_no_faces}</div>"
        rows = "".join(
            f'<tr style="{ROW}"><th scope="row" style="{CELL};font-weight:600;white-space:nowrap">{html.escape(face.client)}'
            f'<div style="font-weight:400;opacity:.7;font-size:12px">{html.escape(face.version)}</div></th>'
            f'<td style="{CELL};width:100%"><pre style="{_CODE}">{_lines(face.printed)}</pre>'
            f"{_HIDDEN if face.hides else ''}</td></tr>"
            for face in self.faces
        )
        return f'<table style="{TABLE}">{rows}</table>'


_HIDDEN = '<div style="font-size:12px;opacity:.8">It keeps what the server said to itself.</div>'


def _head(words: str) -> str:
    return f'<div style="font-weight:600;margin:12px 0 4px">{words}</div>'


def _lines(text: str) -> str:
    return "\n".join(html.escape(printable(line, _LONG)) for line in text.split("\n"))


def _said(step: Step) -> list[str]:
    """A step as lines of a transcript."""
    sent = [f"C: {printable(step.sent, 200)}"] if step.sent else []
    assert step.reply  # noqa: S101 - steps without one were left out
    last = len(step.reply.lines) - 1
    return sent + [
        f"S: {step.reply.code}{' ' if n == last else '-'}{printable(line)}"
        for n, line in enumerate(step.reply.lines)
    ]


def say(reply: str, *, stage: Stage | str | None = None) -> SaidReply:
    """Let the simulator give a reply to a client that signs in and sends, and explain what came of it.

    Args:
        reply: A cause's id such as `send-rate`, or any reply such as `450 4.2.0 Try later`.
        stage: Where it is given; by default where SES gives it, or, for an unknown one, at end of data.

    Raises:
        UsageError: If it is neither a reply nor the id of a cause that has one.
    """
    from sestools.simulator import faults

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
        elif own == "auth-required":
            target = ses.target(587)
        if target.credentials is not None:
            ses.set_faults(fault)
        result = probe_dialogue(
            target,
            # After a reply that is only claimed to be good the session would go wrong.
            until=fault.at if good else Stage.BODY,
            sender=SENDER,
            timeout=5.0,
        )
    diagnosis = classify(text if good else result)
    return SaidReply(text=text, result=result, diagnosis=diagnosis, faces=faces(text))
