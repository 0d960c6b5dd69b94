"""A reply given live: what was on the wire, what clients print of it, what it means, and whether to try again."""

from __future__ import annotations

from dataclasses import dataclass

from sestools.core.document import Code, Document, Field
from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.results import ProbeResult, Step
from sestools.core.text import printable
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.client_output import ClientOutput, client_outputs, recognise
from sestools.probes import probe_dialogue
from sestools.render.shown import Shown
from sestools.widgets.endpoints import own_simulator, tell_about_binder

SENDER = "sender@example.com"
LINES_BEFORE = 2
"""Commands that are shown ahead of the one that was answered."""


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
        return tuple(
            line for step in steps[max(0, last - LINES_BEFORE) : last + 1] for line in _dialogue(step)
        )

    @property
    def rule(self) -> str:
        """What to do about trying again: by the first digit, and by the whole reply."""
        digit, retry = str(self.code)[0], self.diagnosis.cause.retry
        if digit in "23":
            return "It is good news: nothing to try again."
        usual, first = ("soon", "try again later") if digit == "4" else ("no", "change something first")
        known = "That holds here." if retry == usual else "More is known of this one."
        return f"{digit}xx: {first}. {known} {retry.advice.capitalize()}."

    def document(self) -> Document:
        """The dialogue, what clients print of the reply, what it means, and whether to try again."""
        if self.client_outputs:
            programs = ", ".join(
                f"{one.client} {one.version}" for one in self.client_outputs if " " not in one.client
            )
            clients = Document(
                title=_CLIENTS,
                fields=tuple(map(_field, self.client_outputs)),
                notes=(f"Recorded from {programs}.",),
            )
        elif self.code < 400:
            clients = Document(
                title=_CLIENTS, lead=("Nothing went wrong, so there is nothing to tell apart.",)
            )
        else:
            clients = Document(title=_CLIENTS, lead=("Not recorded: SES is not known to give this reply.",))
        return Document(
            title=self.text,
            parts=(
                Document(title="On the wire", code=self.wire),
                clients,
                self.diagnosis.document(),
                Document(title="Whether to try again", lead=(self.rule,)),
            ),
        )

    def __repr__(self) -> str:
        return str(self)


_CLIENTS = "What clients print of it"


def _field(output: ClientOutput) -> Field:
    """What one client printed."""
    hidden = ("It does not show what the server said.",) if output.hides_reply else ()
    return Field(label=output.client, texts=(*map(Code, output.printed.split("\n")), *hidden))


def _dialogue(step: Step) -> list[str]:
    """A step as lines of a transcript."""
    sent = [f"C: {printable(step.sent, 200)}"] if step.sent else []
    assert step.reply  # noqa: S101 - steps without one were left out
    last = len(step.reply.lines) - 1
    return sent + [
        f"S: {step.reply.code}{' ' if n == last else '-'}{printable(line)}"
        for n, line in enumerate(step.reply.lines)
    ]


def say(reply: str, *, stage: Stage | str | None = None) -> ReplyDemo:
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
    return ReplyDemo(text=text, result=result, diagnosis=diagnosis, client_outputs=client_outputs(text))
