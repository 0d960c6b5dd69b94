"""Each sentence that claims something about SES has its mark and source, and `documented` is what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sestools.core.cause import Basis, Cause
from sestools.core.enums import Mark
from sestools.diagnosis.classifier import classify
from sestools.knowledge.causes.rows import documented, row
from sestools.knowledge.environments import WORDINGS
from sestools.knowledge.pages import PAGES, point
from sestools.knowledge.table import CAUSES, cause

NUMBER = re.compile(r"(?<![\w#/.-])\d+(?![\w-]*[a-z])")


def documented_claims() -> Iterator[tuple[str, str, Basis]]:
    """Row, sentence and basis of all that is said to be documented, rows as a whole included."""
    for one in CAUSES:
        yield one.id, one.title, one.basis
    for wording in WORDINGS:
        yield ", ".join(sorted(wording.causes)), "", wording.basis
    for owner in (*CAUSES, *WORDINGS):
        for claim in owner.claims:
            yield (
                owner.id if isinstance(owner, Cause) else ", ".join(sorted(owner.causes)),
                claim.text,
                claim.basis,
            )


DOCUMENTED = [told for told in documented_claims() if told[2].mark is Mark.DOCUMENTED]


@pytest.mark.parametrize(("id", "text", "basis"), DOCUMENTED, ids=lambda value: str(value)[:40])
def test_what_is_documented_names_a_point_of_a_page(id: str, text: str, basis: Basis) -> None:
    """A documented sentence names the page and the point, and no number that the point does not have."""
    assert basis.point, f"{id}: write documented('page#point'), with the point in sestools/knowledge/pages.py"
    page, says = point(basis.point)
    assert basis.source == page.url
    assert set(NUMBER.findall(text)) <= set(re.findall(r"\d+", says)), (text, says)


def test_every_page_is_aws_own_and_dated() -> None:
    """What a page says is worth as much as the date at which it was read, and only AWS documents SES."""
    for page in PAGES.values():
        assert re.match(
            r"https://(docs\.aws\.amazon\.com|aws\.amazon\.com|repost\.aws/knowledge-center)/", page.url
        )
        assert re.search(r"20\d\d|undated", page.read)
        assert page.says


def test_no_mark_is_left_in_a_sentence() -> None:
    """The marks of the table are read, never shown: a mark with a slip in it would be."""
    for one in (*CAUSES, *WORDINGS):
        for text in (one.meaning, *one.fix, one.note, *getattr(one, "ruled_out", ())):
            assert not re.search(r"\[(?!-?\w+\]$)", text), text


def test_a_card_says_where_a_sentence_is_less_sure_or_from_elsewhere() -> None:
    """A number after the sentence leads to its mark and page below; sentences that rest on the row have none."""
    card = str(classify("451 4.4.2 Timeout waiting for data from client."))
    assert "about 10 seconds of silence. [1]" in card
    assert (
        "[1] documented: https://docs.aws.amazon.com/ses/latest/dg/send-email-smtp-client-command-line.html"
        in card
    )
    assert "[3] inferred" in card
    assert "[1]" not in str(classify("454 Temporary service failure")).split("Do", maxsplit=1)[0]


def test_a_program_gets_each_claim_with_its_mark() -> None:
    """`to_dict` has the sentences that claim something, each with mark and source."""
    claims = classify("530 Authentication required").to_dict()["claims"]
    marks = {claim["text"]: claim["mark"] for claim in claims}
    assert marks["The client did not try to sign in."] == "documented"
    assert marks["No credentials were configured, a setting's name is wrong, or AUTH was left out because TLS was off."] == "inferred"  # fmt: skip
    assert all(claim["source"].startswith("https://") for claim in claims)


def test_marks_in_a_row_are_read_sentence_by_sentence() -> None:
    """A mark is for the sentence before it, `[-]` says that none is needed, and advice claims nothing unmarked."""
    made: Cause = row(
        """made-up: A title
        First sentence. Second one [-], and a third. [inferred] Fourth.
        Do: Go on. [seen: https://example.com/log]
        Do: Stop.""",
        documented("codes#421"),
    )
    assert made.meaning == "First sentence. Second one, and a third. Fourth."
    assert [(claim.text, str(claim.basis.mark)) for claim in made.claims] == [
        ("First sentence.", "documented"),
        ("and a third.", "inferred"),
        ("Fourth.", "documented"),
        ("Go on.", "seen"),
    ]
    with pytest.raises(KeyError):
        documented("codes#420")


def test_too_many_connections_does_not_blame_the_account() -> None:
    """AWS says that the server has too many connections; whose they are it does not say."""
    assert "account" not in cause("too-many-connections").meaning
