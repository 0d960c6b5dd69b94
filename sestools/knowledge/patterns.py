"""How the regular expressions of the catalogue are read."""

import re
from functools import cache

_GAP = r"\s+(?:[2-5]\d\d[ -]\s*(?:[245]\.\d{1,3}\.\d{1,3}\s+)?)?"
"""What a space stands for: white space, and the code that the next line of a folded reply begins with."""
_SPACE = re.compile(r"(\[[^\]]*\]|\(\?<[!=][^)]*\)| [?*+{])| ")
_CASED = re.compile(r"\\.|[A-Z]")


@cache  # when it is first needed: compiling all of them takes longer than a whole check
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern for a text in lower case, its spaces widened, except in classes and where they are counted.

    Searching a text in lower case is several times as fast as ignoring case.
    """
    wide = _SPACE.sub(lambda found: found[1] or _GAP, pattern)
    low = _CASED.sub(lambda found: found[0] if found[0][0] == "\\" else found[0].lower(), wide)
    return re.compile(low, re.MULTILINE)
