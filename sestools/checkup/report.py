"""What `check` found: shown in a notebook, pasted into a ticket, read by a program."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sestools.checkup.environment import Context
from sestools.checkup.findings import Finding
from sestools.checkup.manual_commands import lines_for
from sestools.checkup.port_check import Look, PortCheck
from sestools.checkup.port_rows import outcome, port_table
from sestools.checkup.untested import Untested, untested
from sestools.core.document import Code, Document, Field
from sestools.core.endpoints import region_of
from sestools.core.enums import Level, Outcome, Stage
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.core.text import duration, printable
from sestools.diagnosis.result import Diagnosis
from sestools.render.shown import Shown

NO_PLACE = ("wrong-endpoint", "host-not-ses", "not-finished")
"""Verdicts that call the host wrong, or name none: there is nothing to type."""
SCHEMA_VERSION = 1
"""Version of `Report.to_dict`; it grows when a key changes its meaning or goes away."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Report(Shown):
    """What `check` found.

    Attributes:
        host: The endpoint's name.
        started: When the check began, UTC.
        seconds: How long it took.
        dns: The name as resolved; not run when addresses were given.
        ports: Each port that was checked.
        session: The one dialogue that signed in (and sent, if asked); None if none was held.
        findings: What follows, the weightiest first; never empty.
        not_checked: What was left out and why.
        notes: Observations that are worth knowing and are no fault.
        looks: Experiments beside the ports: a large write, and what a second look tried.
        context: Where the check ran; None if that was not looked for, as with a simulator on this host.
        simulated: What `--simulate` was given, where the command line played SES; the simulator is gone by now.
    """

    host: str
    started: datetime.datetime
    seconds: float
    dns: ProbeResult
    ports: tuple[PortCheck, ...]
    session: ProbeResult | None
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    context: Context | None = None
    looks: tuple[Look, ...] = ()
    simulated: str | None = None

    @property
    def verdict(self) -> Finding:
        """The weightiest finding."""
        return self.findings[0]

    @property
    def level(self) -> Level:
        """How serious the verdict is."""
        return self.verdict.level

    @property
    def diagnosis(self) -> Diagnosis:
        """The verdict's diagnosis."""
        return self.verdict.diagnosis

    @property
    def region(self) -> str | None:
        """The endpoint's region, if its name tells."""
        return region_of(self.host)

    @property
    def untested(self) -> tuple[Untested, ...]:
        """What was not tested, and the command that tests each."""
        return untested(self.ports, self.session, self.simulated)

    def __repr__(self) -> str:
        return f"<Report {self.host}: {self.level}, {self.diagnosis.cause.id}: {self.diagnosis.cause.title}>"

    def to_dict(self) -> dict[str, Any]:
        """Everything, for a program (JSON types only). Credentials are not part of it."""
        judged = [{"level": str(item.level), **item.diagnosis.to_dict()} for item in self.findings]
        seen = ("host", "region", "started", "seconds", "not_checked", "notes", "context", "dns", "session")
        return {
            "schema_version": SCHEMA_VERSION,
            **{name: plain(getattr(self, name)) for name in seen},
            "verdict": judged[0],
            "findings": judged,
            "ports": [
                {
                    "security": str(port.security),
                    **plain(port),
                    "port": port.port,
                    "result": printable(outcome(port, self.session)),
                }
                for port in self.ports
            ],
        }

    def document(self, *, real: bool = False) -> Document:
        """The verdict, whatever else was found, the table of ports, and the transcripts.

        With `real`, commands lead to the endpoint itself, for a simulator that is gone by the time they are typed.
        """
        tests = (
            untested(self.ports, self.session, self.simulated, real=real) if self.level is Level.OK else ()
        )
        left = [Code(one.command) for one in tests]
        more = (
            *same_with(self, real=real),
            *([Field(label="Untested", texts=tuple(left))] if left else []),
        )
        cards = [
            item.diagnosis.document(item.level, () if index else more)
            for index, item in enumerate(self.findings)
        ]
        ports = Document(
            lead=(self._headline(), *([f"runs on: {self.context}"] if self.context else [])),
            tables=(port_table(self.ports, self.session),) if self.ports else (),
            notes=(
                *(f"Note: {note}" for note in self.notes),
                *(f"Not checked: {reason}" for reason in self.not_checked),
                f"Begun {self.started:%Y-%m-%d %H:%M:%S} UTC, took {duration(self.seconds)}. Made by sestools.",
            ),
        )
        talks = [port.dialogue for port in self.ports if port.dialogue.symptom] + [self.session]
        transcripts = [
            Document(title=f"Transcript, port {talk.target.port}", code=tuple(transcript(talk)), folded=True)
            for talk in talks
            if talk and talk.steps
        ]
        title = f"SES SMTP check of {self.host}"
        return Document(title=title, level=self.level, parts=(*cards, ports, *transcripts))

    def _headline(self) -> str:
        """Where was looked, and what the name resolves to."""
        dns, facts = self.dns, self.dns.facts
        if dns.outcome is Outcome.NOT_RUN:
            return f"{self.host}  {dns.reason}"
        if not facts.addresses:
            known = ", ".join(facts.from_dns)
            return f"{self.host}  {f'by DNS alone: {known}' if known else 'no address is known'}"
        ipv6 = f", {len(facts.ipv6)} IPv6" if facts.ipv6 else " (no IPv6, which is normal)"
        ttl = next((f"TTL {answer.ttl} s" for answer in facts.answers if answer.ttl is not None), "")
        seconds = dns.seconds(Stage.RESOLVE)
        took = "" if seconds is None else duration(seconds)
        return "  ".join(filter(None, (self.host, f"{len(facts.ipv4)} IPv4{ipv6}", ttl, took)))


def plain(value: Any) -> Any:
    """A value of this package as JSON types; a stranger's text is made printable, credentials are left out."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return round(value, 6)
        case enum.Enum():
            return str(value)
        case str():
            return printable(value, 2000)
        case datetime.datetime():
            return value.isoformat(timespec="seconds")
        case tuple() | list():
            return [plain(item) for item in value]
        case Target():
            kept = {name: getattr(value, name) for name in ("host", "port", "security", "connect_to")}
            return {name: plain(item) for name, item in kept.items()}
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value) if field.repr]
        return {name: plain(getattr(value, name)) for name in names}
    raise TypeError(f"{type(value).__name__} is not part of a report")


def same_with(report: Report, *, real: bool = False) -> tuple[Field, ...]:
    """Commands that show the verdict without this program, and how to read each."""
    if report.level is Level.OK:
        return ()
    symptom = report.diagnosis.symptom
    seen = [check.dialogue for check in report.ports] + ([report.session] if report.session else [])
    if not seen or report.diagnosis.cause.id in NO_PLACE:
        return ()
    same = [one for one in reversed(seen) if one.symptom == symptom]
    result = (same or [one for one in seen if one.target.port == symptom.port] or seen)[0]
    target = replace(result.target, connect_to=None, ca_file=None) if real else result.target
    if symptom.host and symptom.host != report.host:
        target = replace(target, connect_to=(symptom.host, (target.connect_to or ("", target.port))[1]))
    texts = lines_for(result, symptom, target, signs_in=result is report.session)
    there = ("At the endpoint itself, from the host with the trouble:",) if real and texts else ()
    return (Field(label="Same with", texts=(*there, *texts)),) if texts else ()


def transcript(result: ProbeResult) -> Iterator[str]:
    """The dialogue as lines, masked, with the time at which each step began."""
    for step in result.steps:
        mark = "tls" if step.encrypted else "   "
        where = f" {step.address}" if step.stage is Stage.CONNECT and step.address else ""
        yield f"{step.at * 1000:8.1f} ms {mark} {step.stage}{where} ({duration(step.seconds)})"
        if step.sent:
            yield f"             > {printable(step.sent)}"
        if step.reply:
            last = len(step.reply.lines) - 1
            for index, line in enumerate(step.reply.lines):
                yield f"             < {step.reply.code}{' ' if index == last else '-'}{printable(line)}"
        if step.symptom and not step.reply:
            yield f"             ! {step.symptom.kind}: {printable(step.symptom.detail)}"
