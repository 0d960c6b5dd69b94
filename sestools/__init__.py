"""Find out why mail through the Amazon SES SMTP interface fails.

`check("eu-west-1")` looks at an endpoint, `classify(anything)` says what an error means, the probes look at
one layer each, and `sestools.simulator` plays SES on this host.

The public names are listed once, in `__init__.pyi`, and loaded on first use, so that importing the package is
quick.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

_LINES = (line.split() for line in Path(__file__).with_suffix(".pyi").read_text("ascii").splitlines())
_HOMES = {words[3]: words[1] for words in _LINES if words[:1] == ["from"]}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sestools' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
