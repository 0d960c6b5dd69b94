"""Cards: what is left out when nothing has to be done, and what can be copied out of Markdown."""

import pytest

from sestools import classify
from sestools.core.document import Code, Field
from sestools.core.results import Symptom
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import CAUSES, cause
from sestools.render.markdown import as_markdown


@pytest.mark.parametrize("id", ["healthy", "auth-ok", "accepted", "bad-credentials", "unknown"])
def test_a_card_asks_only_if_something_is_to_be_done(id: str) -> None:
    """Who acts and whether to retry are said of failures, and of nothing else."""
    labels = [
        field.label for field in Diagnosis(symptom=Symptom(), candidates=(cause(id),)).document().fields
    ]
    wanted = cause(id).retry != "not needed"
    assert ("Who" in labels, "Retry" in labels) == (wanted, wanted)
    assert {"What", "Source"} <= set(labels)


def test_every_failure_says_who_acts() -> None:
    """No cause that needs somebody loses its rows."""
    failures = [row for row in CAUSES if row.retry != "not needed"]
    assert len(failures) > 60
    for row in failures:
        assert "  Who " in str(Diagnosis(symptom=Symptom(), candidates=(row,)))


COMMANDS = [
    ("openssl s_client -connect a:1", "`openssl s_client -connect a:1`"),
    ("echo `id` *", "``echo `id` *``"),
    ("a ``` b", "````a ``` b````"),
]


@pytest.mark.parametrize(("command", "shown"), COMMANDS)
def test_a_command_in_markdown_can_be_copied(command: str, shown: str) -> None:
    """A command line is a code span, not escaped, however many backticks it has; what follows it is escaped."""
    more = (Field(label="Same with", texts=(Code(command), "→ Healthy: <b>yes</b>")),)
    card = as_markdown(classify("535 Authentication Credentials Invalid").document(more=more))
    assert f"- **Same with**:\n  - {shown}\n  - → Healthy: \\<b\\>yes\\</b\\>\n" in card
