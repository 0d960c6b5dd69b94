"""Paste an error or pick a symptom: what it means, and which notebook goes on from there."""

from __future__ import annotations

import html
from typing import Any

import traitlets
from ipywidgets import HTML, Button, Dropdown, Layout, Textarea  # type: ignore[import-untyped]

from sestools.core.document import Document, Field
from sestools.core.enums import Retry, Stage
from sestools.core.masking import mask_secrets
from sestools.core.text import printable
from sestools.diagnosis.classifier import classify
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import cause
from sestools.render.html import as_html
from sestools.render.text import as_text
from sestools.widgets.view import View

SYMPTOMS = {
    "The connection times out": "connect-timeout",
    "The connection is refused": "connection-refused",
    "Connected, but no greeting comes": "no-greeting",
    "TLS: wrong version number": "wrapper-on-starttls",
    "The certificate does not verify": "certificate-unknown-issuer",
    "530: STARTTLS first": "starttls-first",
    "535: user name and password": "bad-credentials",
    "554: an address is not verified": "not-verified",
    "454: sending too fast": "send-rate",
    "451: time-out waiting for data": "idle-timeout",
    "The connection is lost while sending": "connection-lost",
}
"""What a person sees, and the cause whose first sample looks like it."""

_WHY = {
    "01-cannot-connect": "reproduces this on the simulator and shows how it is told from its look-alikes",
    "02-ec2-port-25": "tells the restriction of EC2 from its look-alikes, and shows how it is lifted",
    "03-lost-to-network-faults": "shows which step decides whether sending again is safe, and retries "
    "that lose nothing",
    "04-mtu": "proves whether it is the size of the packets, finds the size, and tries the fix",
    "05-long-lived-connections": "measures how long connections live, and says when to change them",
    "06-allowlisting": "shows how the addresses change, what a pinned list misses, and the rule that lasts",
    "07-reply-codes": "gives this reply on the simulator, and shows how clients print it and when to try again",
    "09-incident": "checks every port of your endpoint and writes the report to paste into a ticket",
}
_BY_CAUSE = {
    "port25-blocked": "02-ec2-port-25",
    "addresses-dead": "06-allowlisting",
    **dict.fromkeys(("mtu-black-hole", "mtu-narrow-path", "mtu-stall"), "04-mtu"),
    **dict.fromkeys(("too-many-connections", "unknown-4xx", "unknown-5xx", "reply-hidden"), "07-reply-codes"),
}
_PATH = {Stage.RESOLVE, Stage.CONNECT, Stage.TLS, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH}
_BY_RETRY = {
    **dict.fromkeys((Retry.SOON, Retry.SLOWER, Retry.HOURS, Retry.UNKNOWN_FATE), "03-lost-to-network-faults"),
    Retry.NEW_CONNECTION: "05-long-lived-connections",
}


def next_notebook(diagnosis: Diagnosis) -> tuple[str, str]:
    """The notebook that goes on from a diagnosis, and why."""
    found = diagnosis.cause
    last = "07-reply-codes" if found.codes and min(found.codes) >= 400 else "09-incident"
    name = "01-cannot-connect" if found.stage in _PATH else _BY_RETRY.get(found.retry, last)
    name = _BY_CAUSE.get(found.id, name)
    return f"{name}.ipynb", _WHY[name]


class DiagnosisPanel(View):
    """A list of symptoms, a field for a pasted error, and the card that explains it.

    Secrets in what is pasted (the lines of a sign-in) are masked in the field as well.

    Attributes:
        value: The `Diagnosis`, or None as long as nothing was given. Read-only; `observe` it.
    """

    value = traitlets.Any(None, read_only=True)

    def __init__(self, text: str = "", *, symptom: str = "") -> None:
        options = [("pick one, or paste below", ""), *((name, name) for name in SYMPTOMS)]
        self._symptom = Dropdown(description="Symptom", options=options, layout=Layout(width="auto"))
        about = "Or paste an error, a log line, a traceback"
        self._text = Textarea(description=about, continuous_update=False, rows=4, layout=Layout(width="auto"))
        self._button = Button(description="Diagnose", button_style="primary", layout=Layout(width="9em"))
        self._card = HTML()
        super().__init__([self._symptom, self._text, self._button, self._card])
        self._symptom.observe(self._pick, names="value")
        self._text.observe(self._read, names="value")
        self._button.on_click(self._read)
        self._symptom.value = symptom
        if text:
            self._text.value = text

    def diagnose(self, text: str) -> DiagnosisPanel:
        """Explain a text as if it had been pasted."""
        self._text.value = text
        return self

    def _pick(self, change: dict[str, Any]) -> None:
        if change["new"]:
            self._text.value = _sample(change["new"])

    def _read(self, _: Any) -> None:
        text = self._text.value
        if (masked := mask_secrets(text)) != text:
            self._text.value = masked  # which calls this again
            return
        if self._symptom.value and text != _sample(self._symptom.value):
            self._symptom.value = ""  # what is shown is of the text, not of what was picked before
        found = None  # rather nothing than what belongs to another text
        try:
            found = classify(text) if text.strip() else None
        finally:
            self.set_trait("value", found)
            card = as_html(self._document()) if found else ""
            self._card.value = card and f'<div role="region" aria-label="diagnosis">{card}</div>'

    def _document(self) -> Document:
        """The card, with the notebook that goes on from there."""
        name, why = next_notebook(self.value)
        found: Document = self.value.document(more=(Field(label="Next", texts=(f"`{name}` {why}.",)),))
        return found

    def _stored(self) -> str:
        asked = html.escape(printable(self._text.value, 300))
        shown = f"<div>Result for: <code>{asked}</code></div>"
        return shown + as_html(self._document()) if self.value else ""

    def __repr__(self) -> str:
        return as_text(self._document()) if self.value else "DiagnosisPanel: nothing given yet"


def _sample(symptom: str) -> str:
    return cause(SYMPTOMS[symptom]).samples[0]
