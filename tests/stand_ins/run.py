"""Runs the check against a case."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from sestools import check
from sestools.checkup.report import Report
from sestools.core.credentials import Credentials
from sestools.render.text import as_text
from stand_ins.acts import nothing
from stand_ins.case import Case
from stand_ins.proofs import HOST, Proofs
from stand_ins.server import StandIn

SENDER = "sender@example.com"
SIGN_IN = Credentials(user="AKIAIOSFODNN7EXAMPLE", password="BMadeUpPasswordWithFortyFourCharactersxxxyyz")


@contextmanager
def standing(case: Case, proofs: Proofs) -> Iterator[Report]:
    """What a check says of a case, which stands as long as this is open."""
    more: dict[str, Any] = {"credentials": SIGN_IN} if case.signs_in else {}
    if case.sends:
        more |= {"send": True, "sender": SENDER}
    with ExitStack() as stack:
        led = {}
        for port, act in case.acts.items():
            if act is nothing:  # bound and not listening: the kernel refuses, and nobody else gets the port
                bound = stack.enter_context(socket.socket())
                bound.bind(("127.0.0.1", 0))
                led[port] = bound.getsockname()[:2]
            else:
                led[port] = stack.enter_context(StandIn(act, proofs)).address
        ca_file = {"named": proofs.named, "company": proofs.company, "": None}[case.ca]
        yield check(
            HOST, ports=list(led), connect_to=led, ca_file=ca_file, security=case.security, timeout=case.timeout,
            **more,
        )  # fmt: skip


def checked(case: Case, proofs: Proofs) -> Report:
    """What a check says of a case."""
    with standing(case, proofs) as report:
        return report


def shown(report: Report) -> str:
    """All that a report says in its own words: no transcripts and no commands to type, which quote others."""
    document = report.document()
    parts = [
        replace(part, fields=tuple(field for field in part.fields if field.label != "Same with"))
        for part in document.parts
        if not part.folded
    ]
    return as_text(replace(document, parts=tuple(parts)))
