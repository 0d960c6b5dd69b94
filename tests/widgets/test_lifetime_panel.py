"""The panel and the pictures of lifetimes: what they run and show, and their text forms."""

from __future__ import annotations

import lifetimes
import pytest
from ipywidgets import HTML, Widget

from sestools.lifetime.advice import advise
from sestools.lifetime.costs import Traffic
from sestools.lifetime.survival import curve, survival
from sestools.plots import picture, plot
from sestools.probes import Plan
from sestools.widgets import LifetimePanel


def shown(widget: Widget) -> str:
    """All HTML in a panel."""
    found = widget.value if isinstance(widget, HTML) else ""
    return found + "".join(shown(child) for child in getattr(widget, "children", ()))


def test_a_new_panel_runs_nothing() -> None:
    """Building it measures nothing, and says so."""
    panel = LifetimePanel(life=0)
    assert panel.value is None
    assert "hosts live for ever" in repr(panel)
    assert "not measured yet" in repr(panel)
    assert "text/html" not in panel._repr_mimebundle_()


def test_it_measures_and_shows() -> None:
    """After a run it holds the advice, and shows both pictures with their words, the reasons and the cost."""
    panel = LifetimePanel().run(idle=5.0, messages=40)
    assert panel.value.thresholds.messages == 40
    assert panel.value.thresholds.idle == pytest.approx(4.8, abs=0.1)
    page = shown(panel)
    assert 'alt="Survival by age: of 60 connections' in page
    assert 'alt="Cost of a thousand messages' in page
    assert "were refused more" in page
    assert "Change the connection after 40 messages" in repr(panel)
    assert panel._repr_mimebundle_()["text/html"].count("<img ") == 2


def test_the_button() -> None:
    """`start` measures in a thread; nonsense is refused."""
    panel = LifetimePanel(life=20.0)
    panel._button.click()
    assert panel.wait(60)
    assert panel.value.curve.median < 40
    with pytest.raises(ValueError, match="it has life"):
        panel.run(colour="red")


def test_a_curve_shows_what_was_left_alive() -> None:
    """The step, its band, a tick for each censored life and the advised age; the words say the same."""
    found = curve("age", [5.0, 10.0, 20.0, 30.0, 30.0], [True, True, False, False, False])
    ax = plot(found, chosen=20.0)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["90% interval, for each moment", "still alive, of 5", "left alive: 3", "advised: 20"]
    words = repr(picture(found, chosen=20.0))
    assert "of 5 connections 2 ended and 3 were left alive" in words
    assert "Advised: 20" in words
    assert picture(found)._repr_html_().startswith('<img alt="Survival')


def test_costs_show_the_chosen_point() -> None:
    """Three panels, each with the chosen point at the cost that the advice names."""
    facts = lifetimes.measured(1, Plan(rate=14, lives=24))
    advice = advise(facts, Traffic.scattered(0.5))
    axes = plot(advice)
    for ax, value in zip(
        axes, (advice.thresholds.messages, advice.thresholds.age, advice.thresholds.idle), strict=True
    ):
        (point,) = [line for line in ax.lines if line.get_marker() == "o"]
        assert (point.get_xdata()[0], point.get_ydata()[0]) == (value, advice.cost.total)
    assert f"{advice.cost.total:.0f} as advised" in repr(picture(advice))
    silence = survival(facts, "silence")
    assert silence
    assert plot(silence).get_xlabel() == "silence, s"
