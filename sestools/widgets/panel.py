"""The panel around `check`: fields, a run button, progress, cancel, a waterfall and the verdict's card."""

from __future__ import annotations

import html
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakSet

from ipywidgets import Button, Combobox, Dropdown, IntProgress, Layout, Text  # type: ignore[import-untyped]

from sestools.checkup.check import check
from sestools.checkup.port_rows import outcome
from sestools.checkup.report import Report
from sestools.core.credentials import Credentials
from sestools.core.endpoints import PORTS, REGIONS, Security, smtp_host
from sestools.core.errors import UsageError
from sestools.core.masking import Secret
from sestools.core.text import printable
from sestools.widgets.base import Panel, Run
from sestools.widgets.endpoints import binder_note, own_simulator, written_faults
from sestools.widgets.secret import PasswordField

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
_USUAL = {"endpoint": "simulator", "region": "eu-west-1", "port": 0, "security": "", "fault": "", "user": ""}
_ENDPOINTS = {"Simulator": "simulator", "Amazon SES (real)": "real"}
_MODES = {"the port's own": "", "STARTTLS": "starttls", "TLS wrapper": "wrapper"}


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """What was chosen in the panels of a cell: the next panel of the same cell begins with it. In memory only."""

    given: Secret
    secret: Secret
    values: dict[str, Any] = field(default_factory=dict)
    passwords: WeakSet[PasswordField] = field(default_factory=WeakSet)


_KEPT: dict[tuple[Any, ...], _Kept] = {}


class CheckPanel(Panel):
    """A form around `check`. Building it touches no network; `run` and the button do.

    Each run on the simulator has one of its own, which ends with it. Run the cell again and the new panel keeps
    what was chosen, the password included (in memory only), unless you changed the arguments.

    Args:
        name: Keeps apart the values of panels with the same arguments.
        endpoint: `simulator`, as usual, or `real`.
        region: Region; `eu-west-1` by default.
        port: A port; None means all five.
        security: TLS mode to try instead of the port's own.
        fault: What is wrong with the simulator, such as `dropped@25`; several are separated by `;`.
        credentials: What to sign in with; without them it stops before.
        timeout: Seconds that each probe may take.

    Attributes:
        value: The last `Report`, or None. Read-only; `observe` it.
    """

    VERB, DOING, DONE = "Check", "Looking …", "checked"

    def __init__(
        self, *, name: str = "", credentials: Credentials | None = None, timeout: float = 3.0, **given: Any
    ) -> None:
        user, password = (credentials.user, credentials.password) if credentials else ("", "")
        given = {**_USUAL, "user": user, **_filled(given)}
        self._kept = _kept((name, *given.values()), password)
        self._timeout = timeout
        self._secret = Secret(self._kept.secret.reveal())
        self._passwords = 0  # how often the password changed: what results are told apart by
        self._password = PasswordField(self._secret, self._typed, self._kept.passwords)
        self._stop = Button(description="Cancel", icon="stop", disabled=True)
        self._stop.on_click(lambda _: self.cancel())
        self._bar = IntProgress(min=0, max=1, layout=Layout(width="9em", display="none"))
        ports = [("all five", 0), *((str(port), port) for port in PORTS)]
        fields = {
            "endpoint": Dropdown(description="Endpoint", options=list(_ENDPOINTS.items())),
            "region": Combobox(description="Region", options=REGIONS, continuous_update=False),
            "port": Dropdown(description="Port", options=ports),
            "security": Dropdown(description="TLS mode", options=list(_MODES.items())),
            "fault": Dropdown(description="Fault (simulator)", options=list(FAULTS.items())),
            "user": Text(description="SMTP user name", placeholder="AKIA…", continuous_update=False),
        }
        binder_note()  # this panel has a place for it
        super().__init__(
            fields, given | self._kept.values, more=[self._password], row=[self._stop, self._bar]
        )

    def _change(self, changes: Mapping[str, Any]) -> None:
        changes = dict(changes)
        credentials = changes.pop("credentials", self)
        if credentials is not self:
            changes["user"] = credentials.user if credentials else ""
        changes = _filled(changes)
        offered, fault = self._fields["fault"], changes.get("fault", "")
        if fault not in dict(offered.options).values():  # one that is not in the list
            offered.options = [*offered.options, (printable(fault, 60), fault)]
        super()._change(changes)
        if credentials is not self:
            self._password.put(credentials.password if credentials else "")

    def _typed(self) -> None:
        self._passwords += 1
        self._kept.secret.put(self._secret.reveal())
        self._changed()

    def _changed(self, change: Any = None) -> None:
        self._kept.values.update(super()._settings())
        super()._changed(change)

    def _settings(self) -> dict[str, Any]:
        values = super()._settings()
        values["region"] = values["region"].strip()
        if values["endpoint"] == "real":
            values["fault"] = ""
        if not (values["user"] and self._secret):
            values["user"] = ""
        return values | {"password": self._passwords if values["user"] else 0}

    def _describe(self) -> None:
        """Say which call the panel makes, and what to know before it is made."""
        real = self._fields["endpoint"].value == "real"
        self._fields["fault"].disabled = real
        notes = []
        if note := binder_note():
            notes.append(f"{'<b>Warning.</b> ' if real else ''}{html.escape(note)}")
        elif real:
            notes.append("Connects to Amazon SES from this computer. Nothing is sent.")
        if bool(self._fields["user"].value) != bool(self._secret):
            notes.append("Signing in needs both a user name and a password; without them it stops before.")
        notes.append(f"Same as <code>{html.escape(self._call(self._settings()))}</code>")
        self._note.value = "<br>".join(notes)

    def _call(self, asked: Mapping[str, Any]) -> str:
        region, real = repr(asked["region"]), asked["endpoint"] == "real"
        parts = (
            region,
            f"ports=[{asked['port']}]" if asked["port"] else "",
            f"security={asked['security']!r}" if asked["security"] else "",
            "credentials=…" if asked["user"] else "",
            f"timeout={self._timeout:g}",
            "" if real else "connect_to=ses.connect_to, ca_file=ses.ca_file",
        )
        call = f"check({', '.join(filter(None, parts))})"
        faults = ", ".join(f"faults.parse({text!r})" for text in written_faults(asked["fault"]))
        given = f"{region}, faults=[{faults}]" if faults else region
        return call if real else f"with Simulator({given}) as ses: {call}"

    def _measure(self, run: Run) -> Report:
        asked, credentials = run.settings, None
        if asked["user"]:
            credentials = Credentials(user=asked["user"], password=self._secret.reveal())
            if self._passwords != asked["password"]:
                raise UsageError("the password was changed as it began")
        real = asked["endpoint"] == "real"
        with nullcontext() if real else own_simulator(asked["region"], asked["fault"]) as ses:
            return check(
                asked["region"],
                ports=[asked["port"]] if asked["port"] else None,
                security=Security(asked["security"]) if asked["security"] else None,
                credentials=credentials,
                timeout=self._timeout,
                progress=partial(self._progress, run),
                cancel=run.cancelled,
                connect_to=ses.connect_to if ses else None,
                ca_file=ses.ca_file if ses else None,
            )

    def _working(self, yes: bool) -> None:
        super()._working(yes)
        self._stop.disabled = not yes
        self._bar.layout.display = None if yes else "none"

    def _progress(self, run: Run, done: int, total: int, what: str) -> None:
        with self._lock:
            if run is self._current:
                self._bar.max, self._bar.value = max(total, 1), done
                self._say(f"{what} ({done} of {total}) …" if what != "done" else "Drawing …")

    def _done(self, found: Report) -> str:
        return f"Done: {found.level}."

    def _parts(self, found: Report, stored: bool) -> tuple[Any, ...]:
        from sestools.plots import picture, to_svg

        card = found.document(real=True)
        if stored:
            return (picture(found), card)
        return (to_svg(found), card)

    def _words(self, settings: Mapping[str, Any]) -> str:
        where = printable(settings["region"], 80)
        with suppress(ValueError):  # a host name, or nothing at all
            where = f"{where} ({smtp_host(where)})"
        parts = (
            "real endpoint" if settings["endpoint"] == "real" else "simulator",
            where,
            f"port {settings['port']}" if settings["port"] else "all five ports",
            f"TLS mode {settings['security']}" if settings["security"] else "",
            f"fault {printable(settings['fault'], 120)}" if settings["fault"] else "",
            "signing in" if settings["user"] else "",
        )
        return ", ".join(filter(None, parts))

    def _text(self, found: Report) -> str:
        cause, session = found.diagnosis.cause, found.session
        ports = (
            f"  {it.port:>5}  {it.security:<8}  {printable(outcome(it, found.session), 60)}"
            for it in found.ports
        )
        lines = [f"  {found.level}: {cause.title} [{cause.id}]", *ports]
        if session is not None:
            said = "signed in" if session.ok else str(session.symptom)
            lines.append(f"  sign-in on {session.target.port}: {said}")
        return "\n".join(lines)


def _kept(key: tuple[Any, ...], password: str) -> _Kept:
    """What was chosen in a cell with these arguments; a new one if the password is another."""
    found = _KEPT.get(key)
    if found is None or found.given.reveal() != password:
        found = _KEPT[key] = _Kept(given=Secret(password), secret=Secret(password))
    return found


def _filled(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values of fields, where None is an empty one: a drop-down whose value is None shows nothing."""
    return {name: (0 if name == "port" else "") if value is None else value for name, value in given.items()}
