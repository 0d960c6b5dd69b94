"""The panel around `probe_lifetime` and `advise`: how hosts live, how messages come, what a broken send costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ipywidgets import (  # type: ignore[import-untyped]
    BoundedFloatText,
    BoundedIntText,
    Dropdown,
)

from sestools.lifetime.advice import RecycleAdvice, advise
from sestools.lifetime.costs import Traffic
from sestools.probes import Plan, probe_lifetime
from sestools.simulator.memory import VirtualSes
from sestools.widgets.base import Panel, Run

TRAFFIC = {
    "newsletter: bursts of 1000, 5 a second": Traffic.bursts(1000, 5, 60),
    "queue: 5 a second, evenly": Traffic.steady(5),
    "web application: 1 a second, at random": Traffic.scattered(1),
    "quiet application: one in 5 s, at random": Traffic.scattered(0.2),
    "very quiet: one in 20 s, at random": Traffic.scattered(0.05),
}
"""Traffic to choose from, by what a person calls it."""

_SENDER = "sender@example.com"


class LifetimePanel(Panel):
    """A form around `probe_lifetime` and `advise`, on a simulated SES in memory and in virtual time.

    Args:
        life: Seconds that a host lives on average; 0 is for ever.
        idle: Seconds of silence that end a connection.
        messages: Messages that a connection may carry.
        traffic: How messages come: a name of `TRAFFIC`.
        price: Handshakes that a broken send costs.
        seed: Of the lives.

    Attributes:
        value: The last `RecycleAdvice`, or None. Read-only; `observe` it.
    """

    VERB, DOING, YET, DONE, WIDTH = "Measure", "Holding connections …", "not measured yet", "measured", "17em"

    def __init__(self, **given: Any) -> None:
        fields = {
            "life": BoundedFloatText(
                60, description="Hosts live, s on average (0: for ever)", min=0, max=1e6
            ),
            "idle": BoundedFloatText(10, description="Idle cut-off, s", min=0.5, max=3600),
            "messages": BoundedIntText(300, description="Messages on a connection", min=1, max=10_000),
            "traffic": Dropdown(description="How your messages come", options=list(TRAFFIC)),
            "price": BoundedFloatText(10, description="A broken send costs, handshakes", min=0.1, max=1000),
            "seed": BoundedIntText(0, description="Seed", min=0, max=10**6),
        }
        super().__init__(fields, given)

    def _measure(self, run: Run) -> RecycleAdvice:
        asked = run.settings
        ses = VirtualSes(
            idle=asked["idle"],
            max_messages=asked["messages"],
            hosts=200,
            host_lifetime=asked["life"] or None,
            random_lifetimes=True,
            seed=asked["seed"],
        )
        facts = probe_lifetime(**ses.reach(), plan=Plan(rate=14), sender=_SENDER).facts
        return advise(facts, TRAFFIC[asked["traffic"]], price=asked["price"])

    def _parts(self, found: RecycleAdvice, stored: bool) -> tuple[Any, ...]:
        from sestools.plots import picture

        curve = (picture(found.curve, chosen=found.thresholds.age),) if found.curve else ()
        return (found, *curve, picture(found))

    def _text(self, found: RecycleAdvice) -> str:
        return f"  {found}"

    def _words(self, settings: Mapping[str, Any]) -> str:
        life = settings["life"]
        return (
            f"simulated: hosts live {f'{life:g} s on average' if life else 'for ever'}, "
            f"idle {settings['idle']:g} s, {settings['messages']} messages; {settings['traffic']}; "
            f"a broken send costs {settings['price']:g} handshakes, seed {settings['seed']}"
        )
