"""Every cause that `sestools` knows, in one ordered table. Data only: `classify` walks it.

The order is the judgement: when several rows match, the first leads. So a root comes before what follows
from it (no TLS before no sign-in), SES's own replies before what a client saw on the socket, and a special
case before its family. The last rows are what is left when nothing else fits.

How a row is matched: `pattern` is searched in the text without regard to case, a space in it stands for any
white space; `codes` must hold the reply code that stands right before, if one does (clients drop it).
A symptom of a known form (a time-out, a reset) also matches by `kinds` and `stages` alone.
"""

from __future__ import annotations

from sestools.core.cause import Cause
from sestools.core.errors import UsageError
from sestools.knowledge.causes import conversation, findings, last, limits, message, refused, strangers

_GROUPS = (refused, limits, message, strangers, conversation, findings, last)

CAUSES: tuple[Cause, ...] = tuple(row for group in _GROUPS for row in group.CAUSES)
"""All causes, in the order in which they are tried."""

_BY_ID = {row.id: row for row in CAUSES}
if len(_BY_ID) != len(CAUSES):
    raise RuntimeError("two causes share an id")


def cause(id: str) -> Cause:
    """The cause with an id, such as `cause("idle-timeout")`.

    Raises:
        UsageError: If there is none.
    """
    try:
        return _BY_ID[id]
    except (KeyError, TypeError):
        raise UsageError(f"no cause is called {id!r}; `CAUSES` lists them all") from None
