"""A row of the table of figures."""

from __future__ import annotations

from dataclasses import dataclass


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
