"""The first screen: its size for every cause and scenario, and its words for every scenario."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sestools import check, doctor
from sestools.checkup.findings import finding
from sestools.checkup.summary import LINES, WIDTH, first_screen
from sestools.core.document import Document
from sestools.core.enums import Level
from sestools.core.results import Symptom
from sestools.guide.examination import Examination
from sestools.knowledge.table import CAUSES
from sestools.render.terminal import show
from sestools.simulator import Simulator, faults
from sestools.simulator.scenario import Scenario, names

STORED = Path(__file__).with_name("first_screens.txt")
"""The screens as they are; `SESTOOLS_STORE=1` writes them anew."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What `doctor` finds, and the options that the fault needs."""

    cause: str
    sender: str = "sender@example.com"
    idle: bool = False


FINDS = {
    "s1-never-signed-up": Expected(cause="not-subscribed"),
    "s1-wrong-credentials": Expected(cause="bad-credentials"),
    "s2-firewall-drops": Expected(cause="egress-blocked"),
    "s2-proxy": Expected(cause="ca-file-wrong tls-intercepted"),
    "s2-refused": Expected(cause="connection-refused"),
    "s2-starttls-stripped": Expected(cause="starttls-masked"),
    "s3-port-25-blocked": Expected(cause="port25-blocked"),
    "s5-mtu-black-hole": Expected(cause="mtu-black-hole"),
    "s6-idle": Expected(cause="idle-timeout", idle=True),
    "s8-paused": Expected(cause="paused"),
    "s8-policy": Expected(cause="iam-denied", sender="denied@example.com"),
    "s8-sandbox": Expected(cause="not-verified", sender="you@elsewhere.example"),
    "s9-not-verified": Expected(cause="not-verified"),
    "s9-throttled": Expected(cause="send-rate"),
}
"""Every other scenario's description says why `doctor` does not find it."""
BY_CHANCE = "s6-too-many-connections"


def _examined(name: str) -> Examination:
    how = FINDS.get(name, Expected(cause="healthy"))
    with Simulator("eu-west-1", scenario=name) as ses:
        found = doctor(
            "eu-west-1",
            credentials=ses.credentials,
            sender=how.sender,
            idle=how.idle,
            connect_to=ses.connect_to,
            ca_file=ses.ca_file,
            timeout=1.0,
        )
    return replace(found, report=replace(found.report, simulated=name))


@cache
def examined() -> dict[str, Examination]:
    """Every scenario, examined a few at a time."""
    with ThreadPoolExecutor(3) as pool:
        return dict(zip(names(), pool.map(_examined, names()), strict=True))


def lines(document: Document) -> list[str]:
    """The lines that a terminal of 80 columns shows."""
    stream = io.StringIO()
    show(Console(file=stream, width=WIDTH, highlight=False, markup=False, emoji=False), document)
    return stream.getvalue().splitlines()


def fits(document: Document) -> None:
    """At most 15 lines of at most 80 columns, and commands and addresses whole."""
    shown = lines(document)
    assert len(shown) <= LINES, "\n".join(shown)
    assert max(map(len, shown)) <= WIDTH, "\n".join(shown)
    assert all(line == line.rstrip() for line in shown)
    for command in re.findall(r"sestools explain [a-z0-9-]+", "\n".join(map(str, document.fields))):
        assert any(command in line for line in shown), (command, shown)


@pytest.mark.parametrize("name", names())
def test_doctor_finds_each_scenario(name: str) -> None:
    """Each is found with the options that its fault needs, or its description says why not."""
    found = examined()[name]
    if name in FINDS:
        assert found.diagnosis.cause.id in FINDS[name].cause.split(), found
        assert found.level is not Level.OK
    else:
        assert "`doctor`" in Scenario.named(name).about
    fits(found.first_screen())
    fits(first_screen(found.report))


def test_the_first_screens_are_the_stored_ones() -> None:
    """What `doctor` shows for each scenario stands in a file, with times, ids and issuers of this run replaced."""
    screens = []
    for name, found in examined().items():
        if name == BY_CHANCE:
            continue
        text = "\n".join(lines(found.first_screen()))
        for pattern, word in (
            (r"\b\d+(?:\.\d+)? m?s\b", "TIME"),
            (r"accepted: \S+", "accepted: ID"),
            (r"(?<=up to )\d{5,} bytes", "MANY bytes"),
            (r"AKIA[0-9A-Z]{16}", "USER"),
            # The chain of the simulator's certificates is about as long as a packet.
            (r"about \d kB passed from server.*", "about 1 kB passed from server to client …"),
            (r" {3,}", "   "),
        ):
            text = re.sub(pattern, word, text)
        screens.append(f"--- {name} ---\n{text}\n")
    if os.environ.get("SESTOOLS_STORE"):
        STORED.write_text("\n".join(screens), "utf-8")
    assert "\n".join(screens) == STORED.read_text("utf-8")


def test_every_cause_has_a_first_screen(ses: Simulator) -> None:
    """Whatever the verdict, how long its words and whatever else was found, it is 15 lines, and the fix begins."""
    ses.set_faults(faults.parse("refused@25"))
    report = replace(
        check("eu-west-1", connect_to=ses.connect_to, ca_file=ses.ca_file, timeout=2), simulated="refused@25"
    )
    long = (
        "a host that has " + "email-smtp.eu-west-1.amazonaws.com " * 9 + "and `sestools mtu eu-west-1` " * 20
    )
    for row in CAUSES:
        others = [finding(Symptom(), [other], [long]) for other in CAUSES[:2]]
        for evidence, more in (([], []), ([long, "x" * 3000, "two"], others[:1]), (["short"], others)):
            lead = finding(Symptom(), [row], evidence)
            shown = first_screen(replace(report, findings=(lead, *more)))
            fits(shown)
            assert row.fix[0][:20].split()[0] in "\n".join(lines(shown)), row.id
            assert row.id in "\n".join(lines(shown)[:2])


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("", "Not tested: sign-in, a message, large messages, long connections."),
        ("dropped", "Not tested, no connection: sign-in, a message, large messages, long connections."),
    ],
)
def test_what_was_not_tested_is_listed(ses: Simulator, fault: str, says: str) -> None:
    """With the command that tests it, the region and ports that were given filled in."""
    if fault:
        ses.set_faults(faults.parse(fault))
    report = check("eu-west-1", ports=[587, 465], connect_to=ses.connect_to, ca_file=ses.ca_file, timeout=1)
    text = "\n".join(lines(first_screen(report)))
    assert says in text
    assert ("  sestools doctor eu-west-1 --port 587,465 --connect-to " in text) is not fault or fault
    if not fault:
        commands = [one.command for one in replace(report, simulated="").untested]
        assert commands == [
            "sestools check eu-west-1 --port 587,465 --simulate",
            "sestools doctor eu-west-1 --port 587,465 --simulate --from you@...",
            "sestools mtu eu-west-1 --simulate",
            "sestools lifetime eu-west-1 --simulate",
        ]


def test_a_failed_sign_in_stands_in_the_row_of_its_port(ses: Simulator) -> None:
    """The port on which it failed is not called ready beside it."""
    ses.set_faults(faults.parse("says:bad-credentials"))
    more: dict[str, Any] = {"connect_to": ses.connect_to, "ca_file": ses.ca_file}
    report = check("eu-west-1", credentials=ses.credentials, **more)
    for document in (first_screen(report), report.document()):
        (row,) = (line for line in lines(document) if line.split()[:1] == ["587"])
        assert "535" in row
        assert "ready" not in row


Start = Callable[..., Examination]


@pytest.fixture
def examine(ses: Simulator) -> Start:
    """`doctor` before a simulator, with a sender."""

    def start(**more: Any) -> Examination:
        given: dict[str, Any] = {"credentials": ses.credentials, "sender": "a@example.com", **more}
        return doctor("eu-west-1", connect_to=ses.connect_to, ca_file=ses.ca_file, **given)

    return start


def test_each_step_can_be_left_out(ses: Simulator, examine: Start) -> None:
    """A skipped step says why; without a sign-in nothing is signed in or sent, and each happens once."""
    before = len(ses.accepted)
    found = examine(skip=["message", "large"])
    assert {one.step: one.detail for one in found.steps if one.state == "skipped"} == {
        "message": "as asked",
        "large": "as asked",
        "idle": "not asked for: --idle takes a minute at most",
    }
    assert len(ses.accepted) == before
    left = {one.step: one.detail for one in examine(skip=["sign-in"]).steps}
    assert left["sign-in"] == "as asked"
    bare = {one.step: one.detail for one in examine(credentials=None, sender=None).steps}
    assert (bare["sign-in"], bare["message"]) == ("needs --user", "needs --user and --from")
    assert len(ses.accepted) == before
    whole = examine()
    assert len(ses.accepted) == before + 1
    assert whole.level is Level.OK
    assert [str(one.state) for one in whole.steps] == ["ok"] * 5 + ["skipped"]


def test_a_bundle_holds_everything_and_no_secret(ses: Simulator, examine: Start, tmp_path: Path) -> None:
    """Four files in a new folder; another run into it is refused; the password is in none, in no form."""
    found = examine()
    found.keep(tmp_path / "ticket")
    kept = {path.name: path.read_text("utf-8") for path in (tmp_path / "ticket").iterdir()}
    assert sorted(kept) == ["report.html", "report.json", "report.md", "transcript.txt"]
    assert "SimpleEmailService" in kept["transcript.txt"]
    assert all(ses.credentials.password not in text for text in kept.values())
    with pytest.raises(ValueError, match="not empty"):
        found.keep(tmp_path / "ticket")
