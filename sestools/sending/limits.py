"""When a connection is replaced, and how long replies are awaited."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sestools.core.errors import UsageError

__all__ = ["Limits"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When a connection is changed, and how long replies are awaited: see `Sender`.

    Raises:
        UsageError: If one makes no sense.
    """

    max_messages: int = 100
    max_age: float = 60.0
    max_idle: float = 5.0
    timeout: float = 30.0
    final_timeout: float = 600.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            most = 86_400 if name.endswith("timeout") else math.inf
            if not 0 < value <= most:
                also = ", and at most a day" if most == 86_400 else ""
                raise UsageError(f"{name} must be greater than 0{also}, not {value!r}")
