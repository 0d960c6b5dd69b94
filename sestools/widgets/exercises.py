"""Whether an exercise's answer works: the endpoint is checked with it, or the classifier, and says so."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from sestools.checkup.check import check
from sestools.checkup.report import Report
from sestools.core.credentials import Credentials
from sestools.core.enums import Level
from sestools.core.text import printable
from sestools.diagnosis.classifier import classify
from sestools.knowledge.table import CAUSES
from sestools.render.html import COLOURS
from sestools.widgets.endpoints import own_simulator, tell_about_binder


@dataclass(frozen=True, kw_only=True, repr=False)
class Proof:
    """What came of an answer.

    Attributes:
        solved: Whether it works.
        said: The verdict in a sentence.
        report: The check that shows it; None if nothing was answered.
    """

    solved: bool
    said: str
    report: Report | None = None

    def __repr__(self) -> str:
        return self.said

    def _repr_html_(self) -> str:
        colour = COLOURS[Level.OK if self.solved else Level.UNCLEAR if self.report is None else Level.PROBLEM]
        return f'<div style="border-left:5px solid {colour};padding:4px 12px">{html.escape(self.said)}</div>'


def prove(answer: dict[str, Any], *, fault: str = "", region: str = "eu-west-1") -> Proof:
    """Check the simulator with an exercise's answer in place.

    Args:
        answer: `port`, and what goes with it: `security`, `user` and `password`. `...` is no answer yet.
        fault: What is wrong with the simulator meanwhile, such as `dropped@25`.
        region: The endpoint's region.
    """
    if ... in answer.values():
        return Proof(solved=False, said="not answered yet")
    credentials = None
    if "password" in answer:
        credentials = Credentials(user=answer["user"], password=answer["password"])
    tell_about_binder()
    with own_simulator(region, fault) as ses:
        report = check(
            region,
            ports=[answer["port"]],
            security=answer.get("security"),
            credentials=credentials,
            timeout=2.0,
            connect_to=ses.connect_to,
            ca_file=ses.ca_file,
        )
    port = report.ports[0]
    where = f"port {port.port} with {'a TLS wrapper' if port.security == 'wrapper' else 'STARTTLS'}"
    if report.level is not Level.OK:
        return Proof(solved=False, said=f"not yet: {report.diagnosis.cause.title} ({where})", report=report)
    done = "signed in" if report.session else "ready to sign in"
    return Proof(solved=True, said=f"solved: {done} on {where}", report=report)


def judge(error: str, answer: dict[str, Any]) -> Proof:
    """Compare a reader's diagnosis of an error with the classifier's.

    Args:
        error: What some client printed.
        answer: `cause`, the id of a cause, and `retry`, in the words of the table of replies. `...` is no
            answer yet.
    """
    if ... in answer.values():
        return Proof(solved=False, said="not answered yet")
    found, retry = classify(error).cause, str(answer["retry"])
    if answer["cause"] not in {row.id for row in CAUSES}:
        return Proof(
            solved=False, said=f"not yet: no cause is called {printable(str(answer['cause']), 40)!r}"
        )
    if answer["cause"] != found.id:
        return Proof(solved=False, said="not yet: the cause is another one; read the words behind the code")
    if retry not in (found.retry, found.retry.short):
        return Proof(solved=False, said="not yet: the cause is right, what to do about it is not")
    return Proof(solved=True, said=f"solved: {found.title}; retry: {found.retry.short}")
