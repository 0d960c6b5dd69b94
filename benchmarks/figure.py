"""A row of the table of figures, and how much is measured for it."""

from __future__ import annotations

import os
from dataclasses import dataclass

SMOKE = bool(os.environ.get("SESTOOLS_SMOKE"))
"""Whether each measure only has to run to its end (the tests do so), and its figures mean nothing."""


def rounds(number: int) -> int:
    """How often something is repeated, for a median."""
    return 1 if SMOKE else number


def count(number: int) -> int:
    """How many sessions, messages or connections there are."""
    return max(4, number // 250) if SMOKE else number


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row of the table. `bound` is None for figures that are told and not judged."""

    what: str
    figure: float
    bound: float | None
    unit: str
    most: bool = True
    detail: str = ""

    @property
    def kept(self) -> bool:
        """Whether the bound is kept."""
        if self.bound is None:
            return True
        return self.figure <= self.bound if self.most else self.figure >= self.bound
