"""Whether the envelope of a message can be offered to SES at all."""

from __future__ import annotations

from sestools.core.enums import Stage
from sestools.core.results import Symptom
from sestools.core.smtp import path
from sestools.core.text import printable
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import cause
from sestools.sending.mail import UNCLEAR, Mail

__all__ = ["judged", "unsendable"]


def unsendable(mail: Mail) -> Diagnosis | None:
    """Why a message cannot even be offered to SES: an address that would break the dialogue."""
    if not mail.recipients:
        return judged("rcpt-invalid", Stage.RCPT, "not offered to SES: it has no recipient")
    for id, stage, addresses in (
        ("from-invalid", Stage.MAIL, (mail.sender,)),
        ("rcpt-invalid", Stage.RCPT, mail.recipients),
    ):
        for address in addresses:
            try:
                problem = "" if path(address) != "<>" else "an address is empty"
            except ValueError as error:
                problem = str(error)
            if address.startswith(UNCLEAR):
                field = "From" if stage is Stage.MAIL else "To, Cc or Bcc"
                problem = (
                    f"{field} does not say whom it names: {printable(address.removeprefix(UNCLEAR), 80)!r}"
                )
            if problem:
                return judged(id, stage, f"not offered to SES: {problem}")
    return None


def judged(id: str, stage: Stage, why: str) -> Diagnosis:
    """The diagnosis of what is wrong before anybody was asked."""
    return Diagnosis(symptom=Symptom(stage=stage, detail=why), candidates=(cause(id),), evidence=(why,))
