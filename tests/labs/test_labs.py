"""The lost-mail lab, and what it shows: the careful sender loses nothing, and knows every duplicate."""

from __future__ import annotations

import dataclasses

import pytest

from sestools.labs import SCRIPTS, Contender, blind, careful, lost_mail, naive
from sestools.sending.mail import Entry, Fate
from sestools.sending.policy import Policy

ROUGH = [name for name in SCRIPTS if name != "calm"]


@pytest.mark.parametrize("name", ROUGH)
def test_nothing_is_lost_and_every_duplicate_was_told(name: str) -> None:
    """Two seeds of 1,000 messages: 0 lost, no copy that was not resent by choice; the naive sender loses some.

    (`make soak` runs 20 seeds of 10,000.)
    """
    lab = lost_mail(name, contenders=[naive(), careful()], messages=1000, seeds=(1, 2), keep=True)
    for result in lab.results:
        if result.sender == "naive":
            assert result.lost > 0 or name in ("reply lost", "resets"), lab
            continue
        assert (result.lost, result.unreported, result.wrong) == (0, 0, 0), lab
        entries = lab.entries[name, result.sender, result.seed]
        assert {entry.fate for entry in entries} == {Fate.SENT}
        assert result.duplicated <= sum(entry.unknown for entry in entries)
        assert (result.duplicated > 0) is (name == "reply lost"), lab


def test_the_other_choice_loses_and_never_duplicates() -> None:
    """Told to give up what is unknown, the sender sends nothing twice, and says which messages may be lost."""
    chosen = careful(Policy.documented(when_unknown="give up"))
    lab = lost_mail("reply lost", "resets", contenders=[chosen], messages=1000, keep=True)
    assert [result.duplicated for result in lab.results] == [0, 0]
    for result in lab.results:
        unknown = sum(entry.fate is Fate.UNKNOWN for entry in lab.entries[result.script, result.sender, 0])
        assert unknown >= result.lost
        assert unknown > 0
        assert result.wrong == 0
    assert [result.lost > 0 for result in lab.results] == [False, True]


def test_a_blind_retry_duplicates_unknowingly() -> None:
    """Whatever is repeated without looking arrives twice, and its sender never knows."""
    (result,) = lost_mail("reply lost", contenders=[blind()], messages=1000).results
    assert result.duplicated == result.unreported > 0


def test_sockets_rank_as_memory_does() -> None:
    """A hundred messages over real sockets and TLS: the same order of the senders as in virtual time."""
    scripts = ("outage", "resets")
    in_memory = lost_mail(*scripts, messages=100, seeds=(3,))
    over_sockets = lost_mail(*scripts, messages=100, seeds=(3,), sockets=True, times=50)
    for lab in (in_memory, over_sockets):
        lost = {
            sender: sum(result.lost for result in lab.results if result.sender == sender)
            for sender in ("naive", "blind retry", "sestools")
        }
        assert lost["naive"] > lost["blind retry"] >= lost["sestools"] == 0, lab
        assert all(result.wrong == 0 for result in lab.results)


def test_the_same_seed_gives_the_same_lab() -> None:
    """A lab in memory repeats itself exactly, and another seed does not."""

    def run(seed: int) -> object:
        return lost_mail("resets", contenders=[naive()], messages=300, seeds=(seed,)).results

    assert run(1) == run(1)
    assert dataclasses.replace(run(2)[0], seed=1) != run(1)[0]  # type: ignore[index]


def test_the_ledger_is_believed_not_the_sender() -> None:
    """A sender that claims to have sent is found out: its messages are lost and its claims wrong."""

    def lies(mails, place):
        return (Entry(mail=mail, fate=Fate.SENT, id="made up") for mail in mails)

    (result,) = lost_mail("calm", contenders=[Contender(name="liar", run=lies)], messages=20).results
    assert (result.lost, result.wrong, result.duplicated) == (20, 20, 0)


def test_forms_of_a_lab() -> None:
    """Table, page and frame hold the same figures."""
    lab = lost_mail("reply lost", messages=200, seeds=(1, 2))
    assert len(lab.results) == 6
    assert [row[1] for row in lab.table().rows] == ["naive", "blind retry", "sestools"]
    assert [one.messages for one in lab.totals()] == [400, 400, 400]
    frame = lab.to_frame()
    assert frame.groupby("sender").duplicated.sum()["blind retry"] == lab.totals()[1].duplicated
    assert "blind retry" in repr(lab)
    assert "<td" in lab._repr_html_()
