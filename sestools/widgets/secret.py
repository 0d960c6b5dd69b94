"""A password field that never holds a password longer than it takes to move it to memory.

The value of an ipywidgets `Password` is part of the widget's state, and the state is part of a notebook
that is saved with its widgets or run by nbclient. So the field is emptied as soon as a value arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from ipywidgets import Button, HBox, Layout, Password  # type: ignore[import-untyped]

from sestools.core.masking import Secret

_EMPTY, _HELD = "kept in memory only", "held in memory"


class PasswordField(HBox):  # type: ignore[misc]  # ipywidgets has no types
    """Where a password is typed, and a button that forgets it in all fields that may hold the same one."""

    def __init__(self, secret: Secret, changed: Callable[[], None], together: WeakSet[PasswordField]) -> None:
        self._secret, self._changed, self._together = secret, changed, together
        together.add(self)
        wide, about = Layout(width="auto", flex="1 1 auto"), "Remove the password from memory"
        self._field = Password(description="SMTP password", continuous_update=False, layout=wide)
        self._forget = Button(description="Forget", tooltip=about, layout=Layout(width="5.5em"))
        self._field.observe(self._take, names="value")
        self._forget.on_click(self._drop)
        super().__init__([self._field, self._forget])
        self.add_class("sestools-password")
        self._show()

    def put(self, value: str) -> None:
        """Hold another password; an empty one forgets."""
        self._secret.put(value)
        value = ""  # the traceback of what comes next may show it
        self._show()
        self._changed()

    def _take(self, change: dict[str, Any]) -> None:
        if change["new"]:
            self._secret.put(change["new"])
            change["new"] = change["old"] = ""
            self._field.value = ""
            self._show()
            self._changed()

    def _drop(self, _: Any) -> None:
        for field in list(self._together):
            field.put("")

    def _show(self) -> None:
        self._field.placeholder = _HELD if self._secret else _EMPTY
        self._forget.disabled = not self._secret
