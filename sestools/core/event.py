"""One thing that happened in a mail session, whatever it was learnt from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sestools.core.enums import Kind, Stage, Term
from sestools.core.results import ProbeResult


class Speaker(Term):
    """Who is behind an event."""

    SES = "Amazon SES", "SES's SMTP interface."
    OTHER_SERVER = (
        "another server",
        "Another provider's or the recipient's server; `Event.peer` says which, if that is known.",
    )
    OWN_SERVER = "own mail server", "The mail server through which the user sends, such as Postfix."
    CLIENT = "client", "The sending program or its library."
    NETWORK = "network", "No server: a time-out, a refusal, a reset."
    UNKNOWN = "unknown", "Nothing tells, or nobody has looked yet."


class Delivery(Term):
    """What became of one attempt to deliver to one recipient."""

    SENT = "sent", "The server took the message."
    DEFERRED = "deferred", "Refused or failed for now; the mail server tries again."
    BOUNCED = "bounced", "Given up; the sender is told."


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened in a mail session: a probe's step, a log line, a bounce, a line of a text.

    What the evidence does not tell is None, or empty. `time` is in seconds since 1970, or since a probe
    began; `peer` is the other side's IP address, `relay` the name of the server that was used. `sentence` is
    the reply's text, or the error's. `queue_id` is the mail server's id of the message, `message_id` SES's;
    `sender` and `recipient` are the envelope's. `client` is the program that wrote the evidence, `line` the
    evidence as it is, and `speaker` who is behind it, as far as that was decided. `delivery` is set where the
    evidence is an outcome for one recipient, and `delay` is then the seconds since the message was queued.
    """

    time: float | None = None
    peer: str | None = None
    relay: str | None = None
    stage: Stage | None = None
    kind: Kind | None = None
    code: int | None = None
    enhanced: str | None = None
    sentence: str = ""
    queue_id: str | None = None
    sender: str | None = None
    recipient: str | None = None
    message_id: str | None = None
    client: str | None = None
    line: str = ""
    speaker: Speaker = Speaker.UNKNOWN
    delivery: Delivery | None = None
    delay: float | None = None


def events(result: ProbeResult) -> tuple[Event, ...]:
    """The steps of a probe as events, in their order."""
    found = []
    for step in result.steps:
        reply, symptom = step.reply, step.symptom
        path = re.search(r"<(.*)>", step.sent)
        accepted = step.stage is Stage.BODY and not symptom
        found.append(
            Event(
                time=step.at,
                peer=step.address,
                relay=result.target.host,
                stage=step.stage,
                kind=symptom.kind if symptom else None,
                code=reply.code if reply else None,
                enhanced=reply.enhanced if reply else None,
                sentence=reply.text if reply else symptom.detail if symptom else "",
                sender=path[1] if path and step.stage is Stage.MAIL else None,
                recipient=path[1] if path and step.stage is Stage.RCPT else None,
                message_id=getattr(result.facts, "message_id", None) if accepted else None,
                client="sestools",
                line=step.sent,
            )
        )
    return tuple(found)
