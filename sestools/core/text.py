"""Text that a stranger wrote, made safe to look at. A server's words are hostile until shown otherwise."""

LIMIT = 500
"""Characters of a stranger's text that are kept by default."""


def printable(text: str | bytes, limit: int = LIMIT) -> str:
    r"""A stranger's text on one bounded line, without anything that a terminal would obey.

    Control and formatting characters (escape sequences, line ends, direction overrides) come out as
    `\x1b`-like escapes. This does not escape for HTML: `html.escape` does.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    cut = text[:limit]
    # str.isprintable is false for controls, formats, surrogates and every separator but the space.
    safe = cut if cut.isprintable() else "".join(map(_visible, cut.replace("\t", " ")))
    return safe + "…" if len(text) > limit else safe


def _visible(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")


def lowered(text: str) -> str:
    """A text in small letters, as long as it was: a few letters would become two."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def duration(seconds: float) -> str:
    """A time for people: milliseconds below a second."""
    if seconds >= 0.9995:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.00995 else f"{seconds * 1000:.1f} ms"


def span(seconds: float) -> str:
    """A length of time for people: `45 s`, `20 min`, `1 h 30 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (0 if hours else rest, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def moment(seconds: float) -> str:
    """A moment of a watch, minutes and seconds after it began: `+07:30`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"+{hours}:{minutes:02}:{rest:02}" if hours else f"+{minutes:02}:{rest:02}"
