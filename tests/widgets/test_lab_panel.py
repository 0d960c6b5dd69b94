"""The lab's panel and pictures: what they run and show, and their text forms."""

from __future__ import annotations

import io

import pytest
from ipywidgets import HTML, Widget
from matplotlib.figure import Figure

from sestools.labs import SCRIPTS, careful, lost_mail, naive, timelines
from sestools.plots import picture, plot
from sestools.plots.timeline import Timeline, retried
from sestools.sending.policy import Policy
from sestools.widgets import LabPanel
from sestools.widgets.simulations import POLICIES


def shown(widget: Widget) -> str:
    """All HTML in a panel."""
    found = widget.value if isinstance(widget, HTML) else ""
    return found + "".join(shown(child) for child in getattr(widget, "children", ()))


def test_a_new_panel_runs_nothing() -> None:
    """Building it sends nothing; it says so, and which call it stands for."""
    panel = LabPanel(faults="outage", seed=3)
    assert panel.value is None
    assert "not run yet" in repr(panel)
    assert "lost_mail(&#x27;outage&#x27;, contenders=[naive(), blind(), careful("
    assert "when_unknown=&#x27;resend&#x27;" in shown(panel)
    assert "seeds=[3])" in shown(panel)
    assert "text/html" not in panel._repr_mimebundle_()


def test_run_shows_pictures_and_figures() -> None:
    """After a run the panel holds the lab, and shows both pictures with their words, and the table."""
    panel = LabPanel().run(faults="reply lost", policy="full", messages=300)
    page = shown(panel)
    assert 'alt="Lost, sent twice and delayed, by sender. reply lost, naive: 0 of 300 lost' in page
    assert 'alt="Timeline of attempts and waits. message ' in page
    assert [result.sender for result in panel.value.results] == [
        "naive",
        "blind retry",
        "sestools, full jitter",
    ]
    assert "blind retry" in repr(panel)
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == repr(panel)
    assert bundle["text/html"].count("<img ") == 2


@pytest.mark.parametrize("policy", POLICIES.values())
@pytest.mark.parametrize("choice", ["resend", "give up"])
def test_every_policy_of_the_panel_runs(policy: str, choice: str) -> None:
    """Each policy with each choice; only those that give up lose, and only those that resend send twice."""
    result = (
        LabPanel(messages=200).run(faults="reply lost", policy=policy, when_unknown=choice).value.results[-1]
    )
    assert result.unreported == result.wrong == 0
    if policy == "none":
        assert result.duplicated == 0
    elif choice == "resend":
        assert (result.lost, result.duplicated > 0) == (0, True)
    else:
        assert result.duplicated == 0


def test_the_button_and_the_rate() -> None:
    """`start` sends in a thread; a rate of one's own makes another script of it; nonsense is refused."""
    panel = LabPanel(faults="refusals", messages=100, rate=5)
    panel._button.click()
    assert panel.wait(30)
    assert panel.value.results[0].seconds > 19
    assert "5 a second" in repr(panel)
    with pytest.raises(ValueError, match="it has faults, policy"):
        panel.run(colour="red")


def test_every_script_is_described() -> None:
    """The panel tells what goes wrong in each script."""
    panel = LabPanel()
    for name, script in SCRIPTS.items():
        panel._fields["faults"].value = name
        assert script.about in panel._note.value


def drawn(figure: Figure) -> None:
    """Draw, so that whatever cannot be drawn raises."""
    figure.savefig(io.BytesIO(), format="png")


def test_the_timeline_tells_each_attempt() -> None:
    """Marks, waits and words for what policies do, on a linear or a logarithmic axis; an empty one, too."""
    policies = [Policy.documented(when_unknown="resend"), Policy.none()]
    found = timelines(policies, "says:service-failure-454", until=90)
    ax = plot(Timeline(rows=found, together=False))
    assert ax.get_xscale() == "symlog"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["documented", "none"]
    told = repr(picture(Timeline(rows=found, together=False)))
    assert "documented: failed (service-failure-454), 5 s, failed (service-failure-454), 10 s" in told
    assert "1200 s, accepted; none: failed (service-failure-454)." in told
    short = timelines(policies[:1], "reply-lost*1")
    assert plot(Timeline(rows=short)).get_xscale() == "linear"
    assert "unknown (connection-lost), 5 s, accepted" in repr(picture(Timeline(rows=short)))
    assert "first attempt" in repr(picture(Timeline(rows={})))


def test_the_labs_picture_tells_every_bar() -> None:
    """Three panels, one bar a sender and script each, and a sentence for each bar."""
    lab = lost_mail("resets", "idle cuts", contenders=[naive(), careful()], messages=100, keep=True)
    axes = plot(lab)
    assert [ax.get_title(loc="left").split(",")[0] for ax in axes] == ["lost", "twice", "delay of 99 in 100"]
    assert all(len(ax.patches) == 4 for ax in axes)
    told = repr(picture(lab))
    for result in lab.results:
        assert f"{result.script}, {result.sender}: {result.lost} of 100 lost" in told
    drawn(axes[0].figure)
    rows = retried(lab.entries["resets", "sestools", 0], most=3)
    assert len(rows.rows) == 3


def test_a_policy_shows_what_it_does() -> None:
    """One row for each kind of failure; the choice for the unknown is in it."""
    resend = str(Policy.documented(when_unknown="resend"))
    assert "454 Temporary service failure" in resend
    assert "5 s, 10 s, 30 s, 20 min, and again; perhaps twice" in resend
    leave = Policy.documented(when_unknown="give up")
    assert "left: accepted, or not" in leave._repr_html_()
    assert "refused: change something first" in str(leave)
