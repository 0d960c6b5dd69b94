"""What all plots share: found by the type of the result, on given axes, with words, and cheap to import."""

import subprocess
import sys
from typing import Any

import pytest
from matplotlib.figure import Figure

from sestools.core.enums import Outcome
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.core.target import Target
from sestools.knowledge.client_output import known_replies
from sestools.plots import picture, plot, to_svg
from sestools.plots.timeline import Timeline
from sestools.probes import MtuFacts

TARGET = Target.ses("eu-west-1", port=587)
MTU = ProbeResult(probe="mtu", target=TARGET, outcome=Outcome.OK, facts=MtuFacts())
TCP = ProbeResult(probe="tcp", target=TARGET, outcome=Outcome.OK)


def test_it_is_cheap_to_import() -> None:
    """Importing `sestools.plots` imports neither matplotlib nor anything that only some plots need."""
    code = "import sys, sestools.plots; print(*sorted({'matplotlib', 'sestools.labs', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("result", ["text", 5, {}, {"a report": 1}, (1,), TCP])
def test_what_has_no_plot_says_so(result: Any) -> None:
    """A value without a plot is the user's mistake, with a sentence."""
    with pytest.raises(UsageError, match=r"plot|takes"):
        picture(result)


def test_given_axes_are_used() -> None:
    """A plot is drawn on the axes that it is given, one or several, and gives them back."""
    ax = Figure().subplots()
    assert plot(known_replies(), ax) is ax
    assert ax.texts
    several = list(Figure().subplots(1, 2))
    assert plot(MTU, several) is several
    assert several[0].get_xlabel()


@pytest.mark.parametrize("result", [known_replies(), MTU, Timeline(rows={"<b>": ()})])
def test_words_are_with_each_form(result: Any) -> None:
    """PNG and SVG hold the same alternative text, escaped."""
    found = picture(result)
    assert len(found.alt) > 30
    assert "<b>" not in found._repr_html_() + to_svg(result).partition(">")[0]
    assert found.alt[:20] in to_svg(result)
