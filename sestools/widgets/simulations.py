"""Panels that simulate, in memory and in virtual time: lost mail, and the lives of connections."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ipywidgets import BoundedFloatText, BoundedIntText, Dropdown  # type: ignore[import-untyped]

from sestools.core.document import Document
from sestools.labs import SCRIPTS, Lab, blind, careful, lost_mail, naive
from sestools.lifetime.advice import RecycleAdvice, advise
from sestools.lifetime.costs import Traffic
from sestools.probes import Plan, probe_lifetime
from sestools.sending.policy import Policy
from sestools.simulator.memory import VirtualSes
from sestools.widgets.base import Panel, Run

POLICIES = {
    "documented by AWS: 5, 10, 30 s, 20 min": "documented",
    "exponential, full jitter": "full",
    "exponential, equal jitter": "equal",
    "exponential, decorrelated jitter": "decorrelated",
    "exponential, no jitter": "exponential",
    "the same wait each time": "fixed",
    "no retry": "none",
}
"""Policies to choose from, by what a person calls them."""

_CHOICES = {"resend: perhaps twice": "resend", "give up: perhaps lost": "give up"}


class LabPanel(Panel):
    """A form around `lost_mail`: the sender with your policy beside a naive one and a blind retry.

    Everything happens in memory and in virtual time.

    Args:
        faults: A script of `SCRIPTS`, such as `reply lost`.
        policy: `documented`, `full`, `equal`, `decorrelated`, `exponential`, `fixed` or `none`.
        when_unknown: `resend` or `give up`.
        messages: How many messages are sent.
        rate: Messages that arrive in a second; 0 leaves it to the script.
        seed: Of the chances.

    Attributes:
        value: The last `Lab`, or None. Read-only; `observe` it.
    """

    VERB, DOING, WIDTH = "Send", "Sending …", "17em"

    def __init__(self, **given: Any) -> None:
        choices = list(_CHOICES.items())
        fields = {
            "faults": Dropdown(description="Faults", options=list(SCRIPTS), value="resets"),
            "policy": Dropdown(description="Retry policy", options=list(POLICIES.items())),
            "when_unknown": Dropdown(description="Lost after the final dot", options=choices),
            "messages": BoundedIntText(500, description="Messages", min=1, max=20_000),
            "rate": BoundedFloatText(0, description="Messages a second (0: the script's)", min=0, max=1000),
            "seed": BoundedIntText(0, description="Seed", min=0, max=10**6),
        }
        super().__init__(fields, given)

    def _measure(self, run: Run) -> Lab:
        asked = run.settings
        script, (policy, _) = SCRIPTS[asked["faults"]], _policy(asked)
        return lost_mail(
            replace(script, rate=asked["rate"]) if asked["rate"] else script,
            contenders=[naive(), blind(), careful(policy, name=f"sestools, {policy.name}")],
            messages=asked["messages"],
            seeds=[asked["seed"]],
            keep=True,
        )

    def _describe(self) -> None:
        about = SCRIPTS[self._fields["faults"].value].about
        asked = self._settings()
        rate, (_, policy) = asked["rate"], _policy(asked)
        given = f"replace(SCRIPTS[{asked['faults']!r}], rate={rate:g})" if rate else repr(asked["faults"])
        call = (
            f"lost_mail({given}, contenders=[naive(), blind(), careful({policy})], "
            f"messages={asked['messages']}, seeds=[{asked['seed']}])"
        )
        self._note.value = f"{html.escape(about)}<br>Same as <code>{html.escape(call)}</code>"

    def _parts(self, found: Lab, stored: bool) -> tuple[Any, ...]:
        from sestools.plots import picture
        from sestools.plots.timeline import retried

        last = found.results[-1]
        timeline = retried(found.entries[last.script, last.sender, last.seed])
        if not timeline.rows:
            return (picture(found), found)
        about = f"The first {len(timeline.rows)} messages that were not accepted at once, by the last sender:"
        return (picture(found), found, Document(lead=(about,)), picture(timeline))

    def _words(self, settings: Mapping[str, Any]) -> str:
        rate = f"{settings['rate']:g} a second, " if settings["rate"] else ""
        return (
            f"simulated: {settings['faults']}, policy {settings['policy']}, unknown: {settings['when_unknown']}, "
            f"{rate}{settings['messages']} messages, seed {settings['seed']}"
        )


def _policy(asked: Mapping[str, Any]) -> tuple[Policy, str]:
    """The policy that is chosen, and the call that makes it."""
    maker, options = asked["policy"], {"when_unknown": asked["when_unknown"]}
    if maker == "none":
        options = {}
    elif maker not in ("documented", "fixed"):
        options["jitter"] = maker.replace("exponential", "none")
        maker = "exponential"
    words = ", ".join(f"{key}={value!r}" for key, value in options.items())
    return getattr(Policy, maker)(**options), f"Policy.{maker}({words})"


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
            "life": BoundedFloatText(60, description="Hosts live, s on average (0: for ever)", max=1e6),
            "idle": BoundedFloatText(10, description="Idle cut-off, s", min=0.5, max=3600),
            "messages": BoundedIntText(300, description="Messages on a connection", min=1, max=10_000),
            "traffic": Dropdown(description="How your messages come", options=list(TRAFFIC)),
            "price": BoundedFloatText(10, description="A broken send costs, handshakes", min=0.1, max=1000),
            "seed": BoundedIntText(0, description="Seed", min=0, max=10**6),
        }
        super().__init__(fields, given)

    def _measure(self, run: Run) -> RecycleAdvice:
        asked = run.settings
        limits = {"idle": asked["idle"], "max_messages": asked["messages"]}
        lives = {"host_lifetime": asked["life"] or None, "random_lifetimes": True, "seed": asked["seed"]}
        ses = VirtualSes(hosts=200, **limits, **lives)
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
