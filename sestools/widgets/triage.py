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

CONNECTING = "01-cannot-connect.ipynb"
PORT_25 = "02-ec2-port-25.ipynb"
LOST = "03-lost-to-network-faults.ipynb"
MTU = "04-mtu.ipynb"
LIFETIME = "05-long-lived-connections.ipynb"
ALLOWLISTING = "06-allowlisting.ipynb"
REPLIES = "07-reply-codes.ipynb"
INCIDENT = "09-incident.ipynb"

_READ_THE_REPLY = {"too-many-connections", "unknown-4xx", "unknown-5xx", "reply-hidden"}
_REPLY = "gives this reply on the simulator, and shows how clients print it and when to try again"
_PATH = {Stage.RESOLVE, Stage.CONNECT, Stage.TLS, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH}
_WORTH_RETRYING = {Retry.SOON, Retry.SLOWER, Retry.HOURS, Retry.UNKNOWN_FATE}


def next_notebook(diagnosis: Diagnosis) -> tuple[str, str]:
    """The notebook that goes on from a diagnosis, and why."""
    found = diagnosis.cause
    if found.id.startswith("mtu-"):
        return MTU, "proves whether it is the size of the packets, finds the size, and tries the fix"
    if found.id == "port25-blocked":
        return PORT_25, "tells the restriction of EC2 from its look-alikes, and shows how it is lifted"
    if found.id == "addresses-dead":
        return (
            ALLOWLISTING,
            "shows how the addresses change, what a pinned list misses, and the rule that lasts",
        )
    if found.id in _READ_THE_REPLY:
        return REPLIES, _REPLY
    if found.stage in _PATH or found.id.startswith("credential-") or found.id.endswith("-blocked"):
        return CONNECTING, "reproduces this on the simulator and shows how it is told from its look-alikes"
    if found.retry is Retry.NEW_CONNECTION:
        return LIFETIME, "measures how long connections live, and says when to change them"
    if found.retry in _WORTH_RETRYING:
        return LOST, "shows which step decides whether sending again is safe, and retries that lose nothing"
    if found.codes and min(found.codes) >= 400:
        return REPLIES, _REPLY
    return INCIDENT, "checks every port of your endpoint and writes the report to paste into a ticket"


class DiagnosisPanel(View):
    """A list of symptoms, a field for a pasted error, and the card that explains it.

    Secrets in what is pasted (the lines of a sign-in) are masked in the field as well.

    Attributes:
        value: The `Diagnosis`, or None as long as nothing was given. Read-only; `observe` it.
    """

    value = traitlets.Any(None, read_only=True)

    def __init__(self, text: str = "", *, symptom: str = "") -> None:
        self._symptom = Dropdown(
            description="Symptom",
            options=[("pick one, or paste below", ""), *((name, name) for name in SYMPTOMS)],
            layout=Layout(width="auto"),
        )
        self._text = Textarea(
            description="Or paste an error, a log line, a traceback",
            continuous_update=False,
            rows=4,
            layout=Layout(width="auto"),
        )
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
        try:
            found = classify(text) if text.strip() else None
        except BaseException:
            self._show(None)  # rather nothing than what belongs to another text
            raise
        self._show(found)

    def _show(self, found: Diagnosis | None) -> None:
        self.set_trait("value", found)
        document = self._document()
        self._card.value = (
            f'<div role="region" aria-label="diagnosis">{as_html(document)}</div>' if document else ""
        )

    def _document(self) -> Document | None:
        """The card, with the notebook that goes on from there."""
        if self.value is None:
            return None
        name, why = next_notebook(self.value)
        found: Document = self.value.document(more=(Field(label="Next", texts=(f"`{name}` {why}.",)),))
        return found

    def _stored(self) -> str:
        document = self._document()
        asked = html.escape(printable(self._text.value, 300))
        return f"<div>Result for: <code>{asked}</code></div>{as_html(document)}" if document else ""

    def __repr__(self) -> str:
        document = self._document()
        return as_text(document) if document else "DiagnosisPanel: nothing given yet"


def _sample(symptom: str) -> str:
    return cause(SYMPTOMS[symptom]).samples[0]
