"""Panels that are clicked in any order: no result is shown that does not belong to its settings."""

import datetime
import html
import os
import random
import signal
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

from sestools import check
from sestools.catalogue import cause
from sestools.endpoints import PORTS, smtp_host
from sestools.model import Credentials
from sestools.simulator import Simulator, faults
from sestools.widgets import (
    CheckPanel,
    DiagnosisPanel,
    LabPanel,
    LifetimePanel,
    ReplyPanel,
    simulator,
)
from sestools.widgets import panel as panel_module
from sestools.widgets.base import CANCELLED, FAILED, OTHER_SETTINGS, UNDER_WAY, Panel
from sestools.widgets.secret import PasswordField

STEPS = int(os.environ.get("SESTOOLS_WALK", "60"))
"""How far the walk goes; `make soak` goes further."""

LONG = 30.0
"""Seconds that nothing here takes."""

KNOWN = {
    # fault, port, TLS mode -> verdict
    ("", 0, ""): "healthy",
    ("", 465, ""): "healthy",
    ("", 587, ""): "healthy",
    ("", 587, "wrapper"): "wrapper-on-starttls",
    ("refused", 0, ""): "connection-refused",
    ("refused", 25, ""): "connection-refused",
    ("refused@587", 0, ""): "ports-refused",
    ("refused@587", 587, ""): "connection-refused",
    ("refused@587", 465, ""): "healthy",
    ("starttls-missing", 587, ""): "starttls-missing",
    ("starttls-missing", 465, ""): "healthy",
    ("closed:GREETING", 25, ""): "closed-at-once",
    ("dropped", 587, ""): "connect-timeout",
}
"""What a check must say. `dropped` hangs until the time-out: the walk cancels it, or goes on without waiting."""

FIELDS = {
    "region": ("eu-west-1", "us-east-1"),
    "fault": sorted({fault for fault, _, _ in KNOWN}),
    "port": sorted({port for _, port, _ in KNOWN}),
    "security": ("", "wrapper"),
}


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test begins with panels that remember nothing."""
    monkeypatch.setattr(panel_module, "_KEPT", {})


def fields(panel: CheckPanel) -> tuple[str, int, str]:
    """The fields that decide the verdict."""
    return tuple(panel._fields[name].value for name in ("fault", "port", "security"))


def greyed(panel: Panel) -> bool:
    """Whether a person sees that the result is not for these settings, with the reason."""
    seen = "sestools-stale" in panel._result._dom_classes
    assert bool(panel._warning.value) == seen
    return seen


def look(panel: CheckPanel) -> str:
    """What the panel shows now: nothing, greyed or a result, which must belong to its settings."""
    with panel._lock:
        report, shown = panel.value, panel._result.value
        assert (report is None) == (shown == "") == (panel.asked == "")
        assert greyed(panel) == panel.stale
        if report is None:
            assert not panel.stale
            return "nothing"
        assert f"Result for: {html.escape(panel.asked)}. Run at " in shown
        assert html.escape(cause(report.diagnosis.cause.id).title) in shown
        asked = panel._shown.settings
        assert KNOWN[asked["fault"], asked["port"], asked["security"]] == report.diagnosis.cause.id
        assert report.host == smtp_host(asked["region"])
        if panel.stale:
            return "greyed"
        assert KNOWN[fields(panel)] == report.diagnosis.cause.id
        assert report.host == smtp_host(panel._fields["region"].value)
        assert panel.asked == panel._words(panel._settings())
        port, security = panel._fields["port"].value, panel._fields["security"].value
        assert [one.port for one in report.ports] == ([port] if port else list(PORTS))
        assert not security or str(report.ports[0].security) == security
        return "shown"


class Walker:
    """Somebody who clicks in one panel, and what this person may expect of it."""

    def __init__(self, panel: CheckPanel, chance: random.Random) -> None:
        self.panel, self.chance = panel, chance
        self.clicked: Any = None  # the settings of the last click that was not cancelled
        self.cancelled = False

    def settings(self) -> Any:
        """The fields as they are."""
        return (*fields(self.panel), self.panel._fields["region"].value)

    def change(self) -> str:
        """Change one field."""
        name = self.chance.choice(list(FIELDS))
        self.panel._change({name: self.chance.choice(FIELDS[name])})
        return look(self.panel)

    def click(self) -> str:
        """Choose what has a known verdict, and click, once or twice."""
        if self.panel._button.disabled:
            return "busy"
        self.set(self.chance.choice(list(KNOWN)))
        self.clicked, self.cancelled = self.settings(), False
        for _ in range(self.chance.choice((1, 2))):
            self.panel._button.click()
        return "clicked"

    def set(self, row: tuple[str, int, str]) -> None:
        """Fill the fields in."""
        self.panel._change(dict(zip(("fault", "port", "security"), row, strict=True)))

    def again(self) -> str:
        """Click with the fields as they are, if their verdict is known."""
        if self.panel._button.disabled or fields(self.panel) not in KNOWN:
            return "busy"
        self.clicked, self.cancelled = self.settings(), False
        self.panel._button.click()
        return "clicked"

    def run(self) -> str:
        """Run from a cell, whatever the button does meanwhile: the result is there when it returns."""
        fault, port, security = self.chance.choice([row for row in KNOWN if row[0] != "dropped"])
        self.panel.run(fault=fault, port=port, security=security)
        self.clicked, self.cancelled = self.settings(), False
        assert look(self.panel) == "shown"
        return "run"

    def cancel(self) -> str:
        """Click on Cancel."""
        self.panel._stop.click()
        if "Cancelled." in self.panel._status.value:
            self.cancelled = True
            assert look(self.panel) in ("nothing", "greyed")
            return "cancelled"
        return "too late"

    def rest(self) -> str:
        """Wait until nothing runs; what is shown then is what was clicked last, and grey if it may not count."""
        if self.panel._button.disabled and self.clicked[0] == "dropped":
            self.cancel()
        assert self.panel.wait(LONG)
        seen = look(self.panel)
        if self.clicked is None or self.cancelled:
            assert seen in ("nothing", "greyed")
        else:
            assert seen == ("shown" if self.settings() == self.clicked else "greyed")
        return seen


@pytest.mark.parametrize("seed", range(2))
def test_a_random_walk_over_two_panels(seed: int) -> None:
    """Whatever is changed, clicked, run and cancelled: each result belongs to its settings, or is greyed."""
    chance = random.Random(seed)
    walkers = [Walker(CheckPanel(name=f"walk {number}", timeout=20), chance) for number in range(2)]
    happened: Counter[str] = Counter()
    for _ in range(STEPS):
        walker = chance.choice(walkers)
        act = chance.choice(
            (walker.change, walker.click, walker.click, walker.again, walker.run, walker.cancel, walker.rest)
        )
        happened[act()] += 1
        for one in walkers:
            look(one.panel)
    for walker in walkers:
        happened[walker.rest()] += 1
    assert all(happened[kind] for kind in ("clicked", "run", "cancelled", "shown", "greyed")), happened


def test_two_panels_at_once() -> None:
    """A panel whose ports are all dropped, beside a healthy one: each says what is true of its own simulator."""
    bad, good = CheckPanel(fault="dropped", timeout=0.3), CheckPanel(name="beside", timeout=LONG)
    ours = simulator()
    before = ours.connections
    for _ in range(8):
        bad._button.click()
        good._button.click()
        assert good.wait(LONG)
        assert bad.wait(LONG)
        assert bad.value.diagnosis.cause.id == "egress-blocked"
        assert good.value.diagnosis.cause.id == "healthy"
        assert not bad.stale
        assert not good.stale
    assert (ours.connections, ours.faults) == (before, ())


PANELS = [
    # a panel, a change, and what takes it back
    (lambda: CheckPanel(port=465), {"port": 587}, {"port": 465}),
    (lambda: CheckPanel(port=465), {"fault": "refused"}, {"fault": ""}),
    (lambda: CheckPanel(port=465), {"endpoint": "real"}, {"endpoint": "simulator"}),
    (lambda: LabPanel(messages=20), {"seed": 4}, {"seed": 0}),
    (lambda: LifetimePanel(life=20.0, messages=30), {"price": 3.0}, {"price": 10.0}),
    (lambda: ReplyPanel("send-rate"), {"own": "450 4.2.0 Try later"}, {"own": ""}),
]


@pytest.mark.parametrize(("make", "change", "back"), PANELS)
def test_every_panel_greys_what_is_for_other_settings(make: Any, change: dict, back: dict) -> None:
    """A change greys the result, here and where it is stored; changed back, it counts again; so does a new run."""
    panel = make().run()
    asked, text, value = panel.asked, repr(panel), panel.value
    assert not greyed(panel)
    panel._change(change)
    assert panel.stale
    assert greyed(panel)
    assert OTHER_SETTINGS in panel._warning.value
    assert panel.value is value
    assert panel.asked == asked
    assert text.splitlines()[1:] == repr(panel).splitlines()[3:]
    assert repr(panel).splitlines()[1:3] == [f"  {OTHER_SETTINGS}", f"  Result for: {asked}"]
    stored = panel._repr_mimebundle_()["text/html"]
    assert stored.index(OTHER_SETTINGS) < stored.index("grayscale") < stored.index(html.escape(asked))
    panel._change(back)
    assert not panel.stale
    assert not greyed(panel)
    assert repr(panel) == text
    assert "grayscale" not in panel._repr_mimebundle_()["text/html"]


def test_a_result_says_what_it_was_asked_of() -> None:
    """Simulated or real, region, host, ports, fault, TLS mode, sign-in, and the time, which the text form leaves out."""
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    credentials = simulator().credentials
    panel = CheckPanel(port=587, security="starttls", fault="says:iam-denied", credentials=credentials).run()
    assert panel.asked == (
        "simulator, eu-west-1 (email-smtp.eu-west-1.amazonaws.com), port 587, TLS mode starttls, "
        "fault says:iam-denied, signing in"
    )
    assert repr(panel).startswith(f"CheckPanel: {panel.asked}\n")
    for page in (panel._result.value, panel._repr_mimebundle_()["text/html"]):
        assert f"Result for: {panel.asked}. Run at " in page
        said = page.partition("Run at ")[2].partition(" UTC")[0]
        assert (
            before <= datetime.datetime.fromisoformat(f"{said}+00:00") <= datetime.datetime.now(datetime.UTC)
        )
        assert said[:10] not in repr(panel)
    panel._fields["endpoint"].value = "real"
    assert panel._words(panel._settings()).startswith("real endpoint, eu-west-1 (")


def test_a_result_that_arrives_after_a_change_is_grey() -> None:
    """A field that changes while it runs: the result is that of the beginning, and is greyed when it comes."""
    panel = CheckPanel(port=587, fault="dropped", timeout=1)
    panel.start()
    panel._fields["fault"].value = "refused"
    assert panel.wait(LONG)
    assert panel.value.diagnosis.cause.id == "connect-timeout"
    assert look_only(panel) == OTHER_SETTINGS


def look_only(panel: Panel) -> str:
    """Why the result is greyed; empty if it is not."""
    assert greyed(panel) == panel.stale
    return panel._why_stale()


def test_cancel_and_failure_grey_until_a_run_succeeds() -> None:
    """Cancelled, or failed: what was there stays, greyed, even if the fields say what it was asked of."""
    panel = CheckPanel(timeout=LONG).run(fault="refused", port=587)
    old = panel.value
    panel._fields["fault"].value = "dropped"
    panel.start()
    assert look_only(panel) == UNDER_WAY
    panel.cancel()
    panel._fields["fault"].value = "refused"
    assert panel.wait(LONG)
    assert (look_only(panel), panel.value is old) == (CANCELLED, True)
    assert CANCELLED in repr(panel)
    panel.run(fault="gremlins")
    assert "This cannot be checked" in panel._status.value
    panel._fields["fault"].value = "refused"
    assert (look_only(panel), panel.value is old) == (FAILED, True)
    assert (panel.run().value is old, look_only(panel)) == (False, "")


def test_a_panel_without_a_result_says_how_its_run_ended() -> None:
    """Before any result there is nothing to grey; the text form tells that it was cancelled, or why it failed."""
    panel = CheckPanel(fault="dropped", timeout=LONG)
    panel.start()
    panel.cancel()
    assert (panel.stale, repr(panel).splitlines()[1]) == (False, "  Cancelled.")
    panel.run(region="nowhere")
    assert "'nowhere' is not the name of an AWS region" in repr(panel)
    assert "text/html" not in panel._repr_mimebundle_()


def test_cancel_comes_too_early_or_too_late() -> None:
    """Cancel before the thread did anything ends that run; cancel with nothing under way changes nothing."""
    panel = CheckPanel(port=587, timeout=LONG)
    with panel._lock:  # the thread cannot say anything yet
        panel.start()
        panel.cancel()
    assert panel.wait(LONG)
    assert panel.value is None
    panel.run()
    panel.cancel()
    panel._stop.click()
    assert look(panel) == "shown"
    assert not panel._button.disabled


def test_two_clicks_are_one_run() -> None:
    """While a run is under way a second click begins no other."""
    panel = CheckPanel(fault="dropped", timeout=LONG)
    panel.start()
    first = panel._thread
    panel.start()
    panel._button.click()
    assert panel._thread is first
    panel.cancel()
    panel.start()  # at once, although the cancelled one may still be going
    assert panel._thread is not first
    panel.cancel()
    assert panel.wait(LONG)


def test_a_run_that_was_replaced_shows_nothing() -> None:
    """`run` in a cell while the button's run is under way: the older one is given up, and comes to nothing."""
    panel = CheckPanel(fault="dropped", timeout=LONG)
    seen: list[Any] = []
    panel.observe(lambda change: seen.append(change["new"]), names="value")
    panel._button.click()
    older = panel._thread
    panel.run(fault="", port=465)
    older.join(LONG)
    assert [report.diagnosis.cause.id for report in seen] == ["healthy"]
    assert look(panel) == "shown"
    assert "Done" in panel._status.value


def test_whoever_observes_the_value_finds_all_in_place() -> None:
    """An observer of `value` sees a result that counts, and may begin the next run."""
    panel = CheckPanel(port=465, timeout=LONG)
    seen = []

    def next_one(change: Any) -> None:
        seen.append((panel.stale, panel.asked, look(panel)))
        if len(seen) < 3:
            panel.run(port=587 if len(seen) == 1 else 465, fault="starttls-missing")

    panel.observe(next_one, names="value")
    panel.start()
    assert panel.wait(LONG)
    assert [(stale, shown) for stale, _, shown in seen] == [(False, "shown")] * 3
    assert [asked.split(", ")[2] for _, asked, _ in seen] == ["port 465", "port 587", "port 465"]


def test_an_interrupted_cell_leaves_no_result_and_nothing_running() -> None:
    """Kernel, Interrupt while a cell runs the panel: the old result is greyed, the simulator is gone, it can run."""
    panel = CheckPanel(timeout=LONG).run(port=587)
    panel._status.observe(
        lambda change: "port 25" in change["new"] and signal.raise_signal(signal.SIGINT), names="value"
    )
    with pytest.raises(KeyboardInterrupt):
        panel.run(port=None, fault="dropped")
    assert look_only(panel) == FAILED
    assert "KeyboardInterrupt" in panel._status.value
    assert ours() == []
    assert panel.run(port=587, fault="").stale is False


BEFORE: set[threading.Thread] = set()
"""Threads that other tests had left running when a test began, such as those of simulators that they share."""


@pytest.fixture(autouse=True)
def _threads_before() -> None:
    BEFORE.clear()
    BEFORE.update(threading.enumerate())


def ours() -> list[str]:
    """Threads of this test's runs and of their simulators."""
    return [one.name for one in threading.enumerate() if "sestools" in one.name and one not in BEFORE]


def test_a_panel_that_is_closed_gives_up_its_run() -> None:
    """Closed while it runs: it ends at once, and no result comes."""
    panel = CheckPanel(fault="dropped", timeout=LONG)
    panel.start()
    panel.close()
    assert panel.wait(LONG)
    assert panel.value is None
    assert ours() == []


def test_runs_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After many runs, finished and cancelled, no thread, descriptor or folder is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    panel, hangs = CheckPanel(port=587, timeout=LONG), CheckPanel(name="hangs", fault="dropped", timeout=LONG)
    panel.run()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        hangs.start()
        panel.run()
        hangs.cancel()
        assert hangs.wait(LONG)
    assert ours() == []
    assert len(os.listdir("/proc/self/fd")) <= before
    assert list(tmp_path.iterdir()) == []


def password(panel: CheckPanel) -> ipywidgets.Password:
    """The field in which a person types the password."""
    (found,) = [one for one in panel.children[1].children if isinstance(one, PasswordField)]
    return found.children[0]


def test_panels_with_equal_arguments_disturb_each_other_in_nothing() -> None:
    """The second begins with what was chosen in the first; then each checks what its own fields say."""
    first = CheckPanel(timeout=LONG)
    first._fields["port"].value = 465
    password(first).value = "first"
    second = CheckPanel(timeout=LONG)
    assert second._fields["port"].value == 465
    first.run()
    second._fields["port"].value = 587
    second._fields["fault"].value = "refused"
    password(second).value = "second"
    assert look(first) == "shown"
    assert first._secret.reveal() == "first"
    assert first.run().value.ports[0].port == 465
    assert second.run().value.diagnosis.cause.id == "connection-refused"
    second.children[1].children[-1].children[1].click()  # Forget
    assert not first._secret
    assert password(first).placeholder == password(second).placeholder == "kept in memory only"
    assert not CheckPanel(timeout=LONG)._secret


def test_another_password_is_another_panel() -> None:
    """Arguments with another password begin anew; a password that is typed or forgotten greys the result."""
    right, wrong = simulator().credentials, Credentials(user=simulator().credentials.user, password="wrong")
    assert CheckPanel(port=587, credentials=wrong).run().value.session.ok is False
    panel = CheckPanel(port=587, credentials=right).run()
    assert panel.value.session.ok
    assert not panel.stale
    panel._password._forget.click()
    assert look_only(panel) == OTHER_SETTINGS
    assert panel.run().value.session is None
    panel._fields["user"].value = "AKIAIOSFODNN7OTHER00"  # of no effect without a password
    assert not panel.stale


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"port": 587, "security": "wrapper"},
        {"fault": "refused@25; starttls-missing", "port": 587},
        {"region": "us-east-1", "fault": "foreign-greeting@587"},
    ],
)
def test_the_call_that_is_shown_gives_the_same(given: dict) -> None:
    """What stands behind *Same as* can be run as it is, and comes to the same verdict."""
    panel = CheckPanel(**given).run()
    call = html.unescape(panel._note.value).partition("<code>")[2].partition("</code>")[0]
    names = {"check": check, "Simulator": Simulator, "faults": faults}
    exec(call.replace("check(", "report = check("), names)
    report = names["report"]
    assert report.host == panel.value.host
    assert [finding.diagnosis.cause.id for finding in report.findings] == [
        finding.diagnosis.cause.id for finding in panel.value.findings
    ]


def test_a_diagnosis_is_of_the_text_that_is_shown() -> None:
    """An edited text leaves no symptom picked that it is not; the stored form says what was diagnosed."""
    panel = DiagnosisPanel(symptom="The connection is refused")
    panel._text.value = "535 Authentication Credentials Invalid <b>"
    assert panel._symptom.value == ""
    assert panel.value.cause.id == "bad-credentials"
    stored = panel._repr_mimebundle_()["text/html"]
    assert "Result for: <code>535 Authentication Credentials Invalid &lt;b&gt;</code>" in stored
    panel._symptom.value = "The connection is refused"
    assert panel.value.cause.id == "connection-refused"
