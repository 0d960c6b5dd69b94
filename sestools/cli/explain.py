"""`sestools explain`."""

from __future__ import annotations

import argparse
import difflib
from typing import Any

from sestools.cli import options as shared
from sestools.cli.printing import HEALTHY, emit
from sestools.core.errors import UsageError

EXAMPLES = """\
  sestools explain port25-blocked
  sestools explain                                   (all causes)"""


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    parser = shared.add_command(parsers, "explain", run, "print all that is known about a cause", EXAMPLES)
    about = "id of a cause, which stands beside each verdict [list all]"
    parser.add_argument("cause", nargs="?", metavar="CAUSE", help=about)
    shared.add_format(parser)


def run(options: argparse.Namespace) -> int:
    """Run `sestools explain`."""
    from sestools.core.document import Document, Field
    from sestools.core.results import Symptom
    from sestools.core.text import printable
    from sestools.diagnosis.result import Diagnosis
    from sestools.knowledge.table import CAUSES

    rows = {row.id: row for row in CAUSES}
    if options.cause is None:
        listed = tuple(f"{row.id:28}{row.title}" for row in CAUSES)
        data = {"causes": {row.id: row.title for row in CAUSES}}
        emit(options, data, Document(title=f"{len(listed)} causes", code=listed))
        return HEALTHY
    row = rows.get(options.cause)
    if row is None:
        near = [*difflib.get_close_matches(options.cause, rows, 3, 0.5)]
        near += [id for id in rows if options.cause.lower() in id and id not in near][:3]
        hint = f"did you mean {' or '.join(near)}?" if near else "`sestools explain` lists all"
        raise UsageError(f"there is no cause {printable(options.cause, 40)!r}; {hint}")
    stage = f"{row.stage}: {row.stage.__doc__}" if row.stage else ""
    found = Diagnosis(symptom=Symptom(), candidates=(row,), ruled_out=row.ruled_out)
    more = (
        Field(label="Sample", texts=row.samples),
        Field(label="Stage", texts=(stage,) if stage else ()),
    )
    emit(options, found.to_dict(), found.document(None, tuple(field for field in more if field.texts)))
    return HEALTHY
