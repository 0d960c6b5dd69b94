"""What notebooks use beside panels: exercises whose answers are tried, and lines to type elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sestools.checkup.check import check
from sestools.checkup.manual_commands import Equivalent, equivalents
from sestools.checkup.report import Report
from sestools.core.credentials import Credentials
from sestools.core.document import Code, Document, Field
from sestools.core.enums import Level
from sestools.core.target import Target
from sestools.core.text import printable
from sestools.diagnosis.classifier import classify
from sestools.knowledge.table import CAUSES
from sestools.render.shown import Shown
from sestools.widgets.endpoints import own_simulator, tell_about_binder


@dataclass(frozen=True, kw_only=True, repr=False)
class Answer(Shown):
    """What came of an answer.

    Attributes:
        solved: Whether it works.
        verdict: The same in a sentence.
        report: The check that shows it; None if there was none.
    """

    solved: bool
    verdict: str
    report: Report | None = None

    def document(self) -> Document:
        """The verdict."""
        level = Level.OK if self.solved else Level.UNCLEAR if self.report is None else Level.PROBLEM
        return Document(title=self.verdict, level=level)

    def __repr__(self) -> str:
        return self.verdict


NOT_YET_ANSWERED = Answer(solved=False, verdict="not answered yet")


def prove(answer: dict[str, Any], *, fault: str = "", region: str = "eu-west-1") -> Answer:
    """Check the simulator with an exercise's answer in place.

    Args:
        answer: `port`, and what goes with it: `security`, `user` and `password`. `...` is no answer yet.
        fault: What is wrong with the simulator meanwhile, such as `dropped@25`.
        region: The endpoint's region.
    """
    if ... in answer.values():
        return NOT_YET_ANSWERED
    tell_about_binder()
    how: dict[str, Any] = {"ports": [answer["port"]], "security": answer.get("security"), "timeout": 2.0}
    if "password" in answer:
        how["credentials"] = Credentials(user=answer["user"], password=answer["password"])
    with own_simulator(region, fault) as ses:
        report = check(region, connect_to=ses.connect_to, ca_file=ses.ca_file, **how)
    port = report.ports[0]
    where = f"port {port.port} with {'a TLS wrapper' if port.security == 'wrapper' else 'STARTTLS'}"
    if report.level is not Level.OK:
        verdict = f"not yet: {report.diagnosis.cause.title} ({where})"
        return Answer(solved=False, verdict=verdict, report=report)
    done = "signed in" if report.session else "ready to sign in"
    return Answer(solved=True, verdict=f"solved: {done} on {where}", report=report)


def judge(error: str, answer: dict[str, Any]) -> Answer:
    """Compare a reader's diagnosis of an error with the classifier's.

    Args:
        error: What some client printed.
        answer: `cause`, the id of a cause, and `retry`, in the words of the table of replies. `...` is no
            answer yet.
    """
    if ... in answer.values():
        return NOT_YET_ANSWERED
    found = classify(error).cause
    if answer["cause"] not in {row.id for row in CAUSES}:
        verdict = f"not yet: no cause is called {printable(str(answer['cause']), 40)!r}"
    elif answer["cause"] != found.id:
        verdict = "not yet: the cause is another one; read the words after the code"
    elif str(answer["retry"]) not in (found.retry, found.retry.short):
        verdict = "not yet: the cause is right, what to do about it is not"
    else:
        return Answer(solved=True, verdict=f"solved: {found.title}; retry: {found.retry.short}")
    return Answer(solved=False, verdict=verdict)


@dataclass(frozen=True, kw_only=True, repr=False)
class Lines(Shown):
    """Command lines for one target, to type on a host without Python, and how to read what they print."""

    lines: tuple[Equivalent, ...]

    def document(self) -> Document:
        """Each line, and what it prints when all is well and when not."""
        parts = []
        for line in self.lines:
            told = {"healthy": line.healthy, "failing": line.failing}
            fields = tuple(Field(label=label, texts=(text,)) for label, text in told.items())
            parts.append(Document(lead=(Code(line.command),), fields=fields))
        return Document(parts=tuple(parts))

    def __repr__(self) -> str:
        return str(self)


def lines_to_type(target: Target, tools: tuple[str, ...] = ("nc", "telnet", "openssl")) -> Lines:
    """The lines of some tools for a target (also `swaks` and `PowerShell`)."""
    return Lines(lines=tuple(line for line in equivalents(target) if line.tool in tools))
