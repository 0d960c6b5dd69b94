"""What every command prints: its result to stdout, progress and remarks to stderr; and its exit code."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from sestools.core.errors import UsageError

if TYPE_CHECKING:
    from sestools.core.document import Document
    from sestools.core.enums import Level

HEALTHY, PROBLEM, UNCLEAR = 0, 1, 3


def exit_code(level: Level) -> int:
    """The exit code for a result of this level."""
    return {"ok": HEALTHY, "notice": HEALTHY, "problem": PROBLEM, "unclear": UNCLEAR}[level]


def emit(
    options: argparse.Namespace,
    data: dict[str, Any] | None,
    *documents: Document,
    brief: Document | None = None,
) -> None:
    """Print a result as it was asked for: JSON for programs, Markdown for tickets, or text for this terminal.

    Without data JSON was printed already. Of the text `brief`, if there is one, is all that is shown without --verbose.
    """
    if options.json:
        if data is not None:
            print(json.dumps({"schema_version": 1, **data}, indent=2))
    elif options.markdown:
        from sestools.render.markdown import as_markdown

        print("\n".join(map(as_markdown, documents)), end="")
    elif options.quiet:
        for document in [brief] if brief else documents:
            print(_headline(document))
    else:
        from sestools.render.terminal import console, show

        out = console(sys.stdout)
        for document in [brief] if brief and not options.verbose else documents:
            show(out, document)
    if options.html:
        from sestools.render.html import as_page

        try:
            Path(options.html).write_text(as_page(*documents), "utf-8")
        except OSError as error:
            raise UsageError(f"--html {options.html} cannot be written: {error.strerror}") from None


def _headline(document: Document) -> str:
    """The verdict of a document on one line."""
    from sestools.core.text import printable

    while not document.title and document.parts:
        document = document.parts[0]
    level, labels = document.level, ", ".join(document.labels)
    return printable(
        f"{level}: {document.title}" + (f" [{labels}]" if labels else "") if level else document.title
    )


@contextlib.contextmanager
def spinner(
    form: str = "{what} ({done} of {total} done)",
) -> Iterator[Callable[[int, int, str], None] | None]:
    """A line on stderr that tells the progress and goes away, if stderr is a terminal."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return

    def tell(done: int, total: int, what: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        say(f"\r\x1b[K{form.format(done=done, total=total, what=what)[:width]}", end="")

    say("working ...", end="")
    try:
        yield tell
    finally:
        say("\r\x1b[K", end="")


def say(text: str, end: str = "\n") -> None:
    """Print a line to stderr; if it cannot be written there, nothing else is lost with it."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """Discard what a stream has buffered: Python would try to write it, and fail, once more when it exits."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
