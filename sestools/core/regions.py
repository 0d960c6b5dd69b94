"""In which regions SES has an SMTP endpoint, as far as is known.

AWS's list of endpoints (the AWS General Reference) could not be read: only other pages and programs were. So a region
that has SES, or whose name could be a new region's, is never refused for want of a source: DNS decides.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from sestools.core.enums import Mark
from sestools.core.errors import UsageError

AS_OF = "2026-11"
"""When the table was made."""


@dataclass(frozen=True, kw_only=True)
class Region:
    """A region in which AWS has SES.

    Attributes:
        smtp: How sure it is that it has an SMTP endpoint: `documented` (AWS's code sample lists it), `seen` (only
            nodemailer, a mail client, lists it) or `unknown` (it has the HTTPS API).
        fips: Whether a host `email-smtp-fips.…` was seen there. No list of those was found.
        note: What the sources say against each other.
    """

    name: str
    partition: str
    smtp: Mark
    fips: bool = False
    note: str = ""


_TABLE = """
    aws documented us-east-1+ us-east-2+ us-west-2+ ap-south-1 ap-northeast-1 ap-northeast-2 ap-southeast-1 ap-southeast-2
        ca-central-1 eu-central-1 eu-west-1 eu-west-2 eu-south-1 eu-north-1 sa-east-1
    aws-us-gov documented us-gov-west-1+ us-gov-east-1
    aws seen us-west-1 ap-northeast-3 eu-west-3
    aws unknown af-south-1 ap-east-2 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7
        ca-west-1 eu-central-2 eu-south-2 il-central-1 me-central-1 me-south-1 mx-central-1
    aws-eusc unknown eusc-de-east-1
"""
"""Partition, mark, names; `+` where a FIPS host was seen. Documented: AWS's code library, 2025/26. Seen: nodemailer 10.6.0
of 2026-11-15. Unknown: what botocore 1.44.5 has of the API beside those."""

_DENIED = "AWS's page on SMTP credentials has said, 2022 to 2024, that SMTP is not available there"
_NOTES = {
    "eu-south-1": f"AWS's code sample lists it, but {_DENIED}",
    "af-south-1": _DENIED,
    "ap-southeast-3": _DENIED,
    "il-central-1": _DENIED,
    "me-south-1": _DENIED,
    "ap-south-2": "configurations name it, and one report says that the name does not resolve",
    "eusc-de-east-1": "the European Sovereign Cloud has domains of its own",
}


def _rows() -> dict[str, Region]:
    found: dict[str, Region] = {}
    partition, mark = "", ""
    for word in _TABLE.split():
        if word.startswith("aws"):
            partition = word
        elif "-" not in word:
            mark = word
        else:
            name = word.rstrip("+")
            found[name] = Region(
                name=name, partition=partition, smtp=Mark(mark), fips=word != name, note=_NOTES.get(name, "")
            )
    return found


KNOWN = _rows()
"""All regions that are known, by name."""

_SHAPE = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_PLAUSIBLE = re.compile(
    r"(?:af|ap|ca|eu|il|me|mx|sa|us|us-gov)-(?:north|south|east|west|central|(?:north|south)(?:east|west))-\d"
)


def region_named(text: str) -> str:
    """The name of a region that may have an SMTP endpoint, in lower case: SES itself writes EU-WEST-1.

    Raises:
        UsageError: If it cannot be a region's name, resembles none, or is known to have no endpoint or another domain.
    """
    name = text.lower()
    if not _SHAPE.fullmatch(name):
        raise UsageError(
            f"{text!r} is not the name of an AWS region; a region looks like 'eu-west-1', and a host name has a dot"
        )
    if name.startswith("cn-"):
        raise UsageError(
            f"{name} is a region of AWS in China, and SES does not exist there: there is no SMTP host"
        )
    if name.startswith("eusc-"):
        raise UsageError(
            f"{name} is a region of the AWS European Sovereign Cloud; whether SES has an SMTP host there is not known. "
            "If you were given a host name, use that"
        )
    if name not in KNOWN and not _PLAUSIBLE.fullmatch(name):
        raise UsageError(
            f"no region that is known (as of {AS_OF}) is called {name!r}{_near(name) or '.'} If it is new, give its "
            f"host name: email-smtp.{name}.amazonaws.com"
        )
    return name


def _near(name: str) -> str:
    near = difflib.get_close_matches(name, KNOWN, 3, 0.75)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def doubt(name: str) -> str:
    """What is not sure about a region's SMTP endpoint, in a sentence; empty if AWS documents it and nothing denies it."""
    known = KNOWN.get(name)
    if not known:
        return f"{name} is not among the regions that were known in {AS_OF}{_near(name)}"
    told = {
        Mark.DOCUMENTED: f"{name}: " if known.note else "",
        Mark.SEEN: f"that {name} has an SMTP endpoint is reported, and on no page of AWS that was read",
        Mark.UNKNOWN: f"{name} has SES; whether it has an SMTP endpoint is not known"
        + ("; " if known.note else ""),
    }
    return told[known.smtp] + known.note
