"""The panel around `check`: fields, a run button, progress, cancel, a waterfall and the verdict's card."""

from __future__ import annotations

import html
import threading
from typing import Any

import traitlets
from ipywidgets import (  # type: ignore[import-untyped]
    HTML,
    Button,
    Combobox,
    Dropdown,
    GridBox,
    HBox,
    IntProgress,
    Layout,
    Text,
    VBox,
)

from sestools.checkup import check
from sestools.endpoints import PORTS, REGIONS, Security
from sestools.masking import Secret
from sestools.model import Credentials
from sestools.report import Report
from sestools.text import printable
from sestools.widgets.lines import lines_to_type
from sestools.widgets.places import binder_note, place
from sestools.widgets.secret import PasswordField
from sestools.widgets.style import STYLE

FAULTS = {
    "none: a healthy endpoint": "",
    "port 25 dropped": "dropped@25",
    "25 and 587 dropped": "dropped@25,587",
    "every port dropped": "dropped",
    "every port refused": "refused",
    "another server answers on 587": "foreign-greeting@587",
    "STARTTLS masked": "starttls-masked",
    "certificate of an unknown issuer": "bad-certificate:unknown-issuer",
    "certificate expired": "bad-certificate:expired",
    "465 speaks the other TLS mode": "wrong-mode@465",
}
"""Faults to choose from, by what a person calls them; `run(fault=...)` takes any other."""

_ENDPOINTS = {"Simulator": "simulator", "Amazon SES (real)": "real"}
_MODES = {"the port's own": "", "STARTTLS": "starttls", "TLS wrapper": "wrapper"}
_AUTO = Layout(width="auto")

_KEPT: dict[tuple[Any, ...], tuple[dict[str, Any], Secret]] = {}
"""Values of panels, so that a cell that is run again keeps what was chosen. In memory only."""


class CheckPanel(VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A form around `check`. Building it touches no network; `run` and the button do.

    Run its cell again and it keeps what was chosen in it, the password included (in memory only), unless
    you changed the arguments.

    Args:
        name: Keeps apart the values of panels with the same arguments.
        endpoint: `simulator` or `real`.
        region: Region such as `eu-west-1`.
        port: A port; None means all five.
        security: TLS mode to try instead of the port's own.
        fault: What is wrong with the simulator, such as `dropped@25`; several are separated by `;`.
        credentials: What to sign in with; without them it stops before.
        timeout: Seconds that each probe may take.

    Attributes:
        value: The last `Report`, or None. Read-only; `observe` it.
    """

    value = traitlets.Any(None, read_only=True)

    def __init__(
        self,
        *,
        name: str = "",
        endpoint: str = "simulator",
        region: str = "eu-west-1",
        port: int | None = None,
        security: str | None = None,
        fault: str = "",
        credentials: Credentials | None = None,
        timeout: float = 3.0,
    ) -> None:
        given = {
            "endpoint": endpoint,
            "region": region,
            "port": port or 0,  # a drop-down whose value is None shows nothing
            "security": security or "",
            "fault": fault,
            "user": credentials.user if credentials else "",
        }
        secret = Secret(credentials.password if credentials else "")
        self._values, self._secret = _KEPT.setdefault((name, *given.values()), (dict(given), secret))
        self._timeout = timeout
        self._cancel = threading.Event()
        self._busy = threading.Lock()
        self._thread: threading.Thread | None = None
        self._fields = {
            "endpoint": Dropdown(description="Endpoint", options=list(_ENDPOINTS.items()), layout=_AUTO),
            "region": Combobox(description="Region", options=REGIONS, continuous_update=False, layout=_AUTO),
            "port": Dropdown(
                description="Port", options=[("all five", 0), *((str(p), p) for p in PORTS)], layout=_AUTO
            ),
            "security": Dropdown(description="TLS mode", options=list(_MODES.items()), layout=_AUTO),
            "fault": Dropdown(description="Fault (simulator)", options=list(FAULTS.items()), layout=_AUTO),
            "user": Text(
                description="SMTP user name", placeholder="AKIA…", continuous_update=False, layout=_AUTO
            ),
        }
        self._check = Button(description="Check", icon="play", button_style="primary")
        self._stop = Button(description="Cancel", icon="stop", disabled=True)
        self._bar = IntProgress(min=0, max=1, layout=Layout(width="9em", display="none"))
        self._status, self._note, self._result = HTML(), HTML(), HTML()
        for field, widget in self._fields.items():
            self._offer(field, self._values[field])
            widget.value = self._values[field]
            widget.observe(self._chosen, names="value")
        password = PasswordField(self._secret, self._describe)
        self._check.on_click(lambda _: self.start())
        self._stop.on_click(lambda _: self.cancel())
        grid = GridBox(
            [*self._fields.values(), password],
            layout=Layout(grid_template_columns="repeat(auto-fill, minmax(14em, 1fr))"),
        )
        grid.add_class("sestools-fields")
        row = HBox([self._check, self._stop, self._bar, self._status])
        row.add_class("sestools-row")
        super().__init__([HTML(STYLE), grid, self._note, row, self._result])
        self.add_class("sestools-panel")
        self._describe()
        self._say("Not run yet.")

    # What a program does

    def run(self, **changes: Any) -> CheckPanel:
        """Change fields (`port=587`), check, and return this panel when done. `start` does not wait."""
        if "credentials" in changes:
            credentials = changes.pop("credentials")
            self._secret.put(credentials.password if credentials else "")
            changes["user"] = credentials.user if credentials else ""
        for field, value in changes.items():
            if field not in self._fields:
                raise ValueError(f"a panel has no field {field!r}; it has {', '.join(self._fields)}")
            if value is None:
                value = 0 if field == "port" else ""
            self._offer(field, value)
            self._fields[field].value = value
        self._work()
        return self

    def start(self) -> None:
        """Check in a thread, as the button does."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="sestools-panel", daemon=True)
            self._thread.start()

    def cancel(self) -> None:
        """End a running check within a tenth of a second."""
        self._cancel.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what `start` began is done; False if it still runs after so many seconds."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self._thread is None or not self._thread.is_alive()

    # What happens meanwhile

    def _offer(self, field: str, value: Any) -> None:
        """Let a drop-down offer a value that is not in its list: a fault of one's own."""
        widget = self._fields[field]
        if field == "fault" and value not in dict(widget.options).values():
            widget.options = [*widget.options, (printable(value, 60), value)]

    def _chosen(self, change: dict[str, Any]) -> None:
        field = next(name for name, widget in self._fields.items() if widget is change["owner"])
        self._values[field] = change["new"]
        self._describe()

    def _describe(self) -> None:
        """Say which call the panel makes, and what to know before it is made."""
        real = self._values["endpoint"] == "real"
        self._fields["fault"].disabled = real
        notes = []
        if note := binder_note():
            notes.append(f"{'<b>Warning.</b> ' if real else ''}{html.escape(note)}")
        elif real:
            notes.append("Connects to Amazon SES from this computer. Nothing is sent.")
        if bool(self._values["user"]) != bool(self._secret):
            notes.append("Signing in needs both a user name and a password; without them it stops before.")
        notes.append(f"Same as <code>{html.escape(self._call())}</code>")
        self._note.value = "<br>".join(notes)

    def _call(self) -> str:
        values = self._values
        parts = [repr(values["region"])]
        if values["port"]:
            parts.append(f"ports=[{values['port']}]")
        if values["security"]:
            parts.append(f"security={values['security']!r}")
        if values["user"] and self._secret:
            parts.append("credentials=…")
        if values["endpoint"] == "simulator":
            parts.append("connect_to=ses.connect_to, ca_file=ses.ca_file")
        return f"check({', '.join(parts)})"

    def _work(self) -> None:
        with self._busy:
            self._cancel.clear()
            self._running(True)
            try:
                report = self._look()
            except ValueError as error:
                self._say(f"This cannot be checked: {printable(str(error))}")
            except BaseException as error:
                self._say(f"The check broke off: {type(error).__name__}")
                raise
            else:
                self._show(report)
            finally:
                self._running(False)

    def _look(self) -> Report:
        values = dict(self._values)
        region = values["region"].strip()
        credentials = None
        if values["user"] and self._secret:
            credentials = Credentials(user=values["user"], password=self._secret.reveal())
        return check(
            region,
            ports=[values["port"]] if values["port"] else None,
            security=Security(values["security"]) if values["security"] else None,
            credentials=credentials,
            timeout=self._timeout,
            progress=self._progress,
            cancel=self._cancel,
            **place(values["endpoint"], region, fault=values["fault"]),
        )

    def _running(self, yes: bool) -> None:
        self._check.disabled, self._stop.disabled = yes, not yes
        self._bar.layout.display = None if yes else "none"
        if yes:
            self._say("Looking …")

    def _progress(self, done: int, total: int, what: str) -> None:
        self._bar.max, self._bar.value = max(total, 1), done
        self._say(f"{what} ({done} of {total}) …" if what != "done" else "Drawing …")

    def _show(self, report: Report) -> None:
        if self._cancel.is_set():
            self._say("Cancelled.")
            return
        self._say(f"Done: {report.level}.")
        self.set_trait("value", report)
        self._result.value = (
            f'<div role="region" aria-label="result of the check">{_drawn(report)}{report.to_html()}'
            '<details open style="margin-top:8px"><summary>The same without this program, and how to read '
            f"it</summary>{self._lines(report)._repr_html_()}</details></div>"
        )

    @staticmethod
    def _lines(report: Report) -> Any:
        symptom = report.diagnosis.symptom
        port = next((port for port in report.ports if port.port == symptom.port), report.ports[0])
        return lines_to_type(port.dialogue.target)

    def _say(self, text: str) -> None:
        self._status.value = f'<span role="status">{html.escape(text)}</span>'

    # How it is shown

    def __repr__(self) -> str:
        values = self._values
        asked = [
            "real endpoint" if values["endpoint"] == "real" else "simulator",
            values["region"],
            f"port {values['port']}" if values["port"] else "all five ports",
            *([f"TLS mode {values['security']}"] if values["security"] else []),
            *([f"fault {values['fault']}"] if values["fault"] and values["endpoint"] != "real" else []),
        ]
        head = f"CheckPanel: {', '.join(asked)}"
        if self.value is None:
            return f"{head}\n  not run yet"
        report: Report = self.value
        lines = [head, f"  {report.level}: {report.diagnosis.cause.title} [{report.diagnosis.cause.id}]"]
        lines += [
            f"  {port.port:>5}  {port.security:<8}  {printable(port.result, 60)}" for port in report.ports
        ]
        if report.session is not None:
            said = "signed in" if report.session.ok else str(report.session.symptom)
            lines.append(f"  sign-in on {report.session.target.port}: {said}")
        return "\n".join(lines)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The panel; its result as HTML for places without widgets, such as GitHub; its text form."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = repr(self)
        if self.value is not None:
            from sestools.plots import picture

            bundle["text/html"] = picture(self.value)._repr_html_() + self.value.to_html()
        return bundle


def _drawn(report: Report) -> str:
    from sestools.plots import to_svg  # matplotlib takes a while

    return to_svg(report)
