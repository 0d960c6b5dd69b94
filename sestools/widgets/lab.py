"""The panel around `lost_mail`: faults, policy, the choice for the unknown, rate; what is lost, twice and late."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any

from ipywidgets import (  # type: ignore[import-untyped]
    BoundedFloatText,
    BoundedIntText,
    Dropdown,
)

from sestools.labs import SCRIPTS, Lab, Script, blind, careful, lost_mail, naive
from sestools.retrying import Policy
from sestools.widgets.experiment import AUTO, ExperimentPanel

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


class LabPanel(ExperimentPanel):
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

    def __init__(
        self,
        *,
        faults: str = "resets",
        policy: str = "documented",
        when_unknown: str = "resend",
        messages: int = 500,
        rate: float = 0.0,
        seed: int = 0,
    ) -> None:
        fields = {
            "faults": Dropdown(description="Faults", options=list(SCRIPTS), layout=AUTO),
            "policy": Dropdown(description="Retry policy", options=list(POLICIES.items()), layout=AUTO),
            "when_unknown": Dropdown(
                description="Lost behind the final dot", options=list(_CHOICES.items()), layout=AUTO
            ),
            "messages": BoundedIntText(description="Messages", min=1, max=20_000, layout=AUTO),
            "rate": BoundedFloatText(
                description="Messages a second (0: the script's)", min=0, max=1000, layout=AUTO
            ),
            "seed": BoundedIntText(description="Seed", min=0, max=10**6, layout=AUTO),
        }
        given = {
            "faults": faults,
            "policy": policy,
            "when_unknown": when_unknown,
            "messages": messages,
            "rate": rate,
            "seed": seed,
        }
        super().__init__(fields, given, button="Send", doing="Sending …", yet="Not run yet.")
        for field in self._fields.values():
            field.observe(self._describe, names="value")
        self._describe()

    def _policy(self) -> Policy:
        name, choice = self._get("policy"), self._get("when_unknown")
        match name:
            case "documented":
                return Policy.documented(when_unknown=choice)
            case "fixed":
                return Policy.fixed(1.0, when_unknown=choice)
            case "none":
                return replace(Policy.none(), when_unknown=choice)
        return Policy.exponential(when_unknown=choice, jitter="none" if name == "exponential" else name)

    def _script(self) -> Script:
        script = SCRIPTS[self._get("faults")]
        return replace(script, rate=self._get("rate")) if self._get("rate") else script

    def _measure(self) -> Lab:
        policy = self._policy()
        return lost_mail(
            self._script(),
            contenders=[naive(), blind(), careful(policy, name=f"sestools, {policy.name}")],
            messages=self._get("messages"),
            seeds=[self._get("seed")],
            keep=True,
        )

    def _describe(self, _: Any = None) -> None:
        script = SCRIPTS[self._get("faults")]
        self._note.value = (
            f"{html.escape(script.about)}<br>Same as <code>{html.escape(self._call(script))}</code>"
        )

    def _call(self, script: Script) -> str:
        name, choice = self._get("policy"), f"when_unknown={self._get('when_unknown')!r}"
        jitter = "none" if name == "exponential" else name
        policy = {
            "documented": f"Policy.documented({choice})",
            "fixed": f"Policy.fixed(1.0, {choice})",
            "none": "Policy.none()",
        }.get(name, f"Policy.exponential({choice}, jitter={jitter!r})")
        rate = self._get("rate")
        given = f"replace(SCRIPTS[{script.name!r}], rate={rate:g})" if rate else repr(script.name)
        return (
            f"lost_mail({given}, contenders=[naive(), blind(), careful({policy})], "
            f"messages={self._get('messages')}, seeds=[{self._get('seed')}])"
        )

    def _html(self) -> str:
        from sestools.plots_lab import attempts_picture, lab_picture, retried  # matplotlib takes a while

        lab = self.value
        entries = lab.entries[lab.results[-1].script, lab.results[-1].sender, lab.results[-1].seed]
        rows = retried(entries)
        parts = [lab_picture(lab)._repr_html_(), lab._repr_html_()]
        if rows:
            parts.append(
                f"<p style='margin:8px 0 2px'>The first {len(rows)} messages that were not accepted at once, "
                f"by the last sender:</p>{attempts_picture(rows)._repr_html_()}"
            )
        return "".join(parts)

    def __repr__(self) -> str:
        asked = [
            self._get("faults"),
            f"policy {self._get('policy')}",
            f"unknown: {self._get('when_unknown')}",
        ]
        if self._get("rate"):
            asked.append(f"{self._get('rate'):g} a second")
        head = f"LabPanel: {', '.join(asked)}"
        return f"{head}\n{self.value or '  not run yet'}"
