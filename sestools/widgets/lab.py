"""The panel around `lost_mail`: faults, policy, the choice for the unknown, rate; what is lost, twice and late."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ipywidgets import (  # type: ignore[import-untyped]
    BoundedFloatText,
    BoundedIntText,
    Dropdown,
)

from sestools.core.document import Document
from sestools.labs import SCRIPTS, Lab, blind, careful, lost_mail, naive
from sestools.sending.policy import Policy
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
        call = self._call(self._settings())
        self._note.value = f"{html.escape(about)}<br>Same as <code>{html.escape(call)}</code>"

    @staticmethod
    def _call(asked: Mapping[str, Any]) -> str:
        rate, (_, policy) = asked["rate"], _policy(asked)
        given = f"replace(SCRIPTS[{asked['faults']!r}], rate={rate:g})" if rate else repr(asked["faults"])
        return (
            f"lost_mail({given}, contenders=[naive(), blind(), careful({policy})], "
            f"messages={asked['messages']}, seeds=[{asked['seed']}])"
        )

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
    name, options = asked["policy"], {"when_unknown": asked["when_unknown"]}
    maker = name
    if name == "none":
        options = {}
    elif name not in ("documented", "fixed"):
        maker, options["jitter"] = "exponential", "none" if name == "exponential" else name
    words = ", ".join(f"{key}={value!r}" for key, value in options.items())
    return getattr(Policy, maker)(**options), f"Policy.{maker}({words})"
