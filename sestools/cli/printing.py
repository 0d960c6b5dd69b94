"""What every command prints: its result to stdout, progress and remarks to stderr; and its exit code."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from sestools.core.document import Document
    from sestools.core.enums import Level

HEALTHY, PROBLEM, UNCLEAR = 0, 1, 3


def exit_code(level: Level) -> int:
    """The exit code for a result of this level."""
    return {"ok": HEALTHY, "notice": HEALTHY, "problem": PROBLEM, "unclear": UNCLEAR}[level]


def emit(options: argparse.Namespace, data: dict[str, Any], *documents: Document) -> None:
    """Print a result as it was asked for: JSON for programs, Markdown for tickets, or text for this terminal."""
    if options.json:
        print(json.dumps({"schema_version": 1, **data}, indent=2))
    elif options.markdown:
        from sestools.render.markdown import as_markdown

        print("\n".join(map(as_markdown, documents)), end="")
    else:
        from sestools.render.terminal import console, show

        out = console(sys.stdout)
        for document in documents:
            show(out, document)


@contextlib.contextmanager
def spinner(
    title: str = "checking", form: str = "checking {what} ({done} of {total} done)"
) -> Iterator[Callable[[int, int, str], None] | None]:
    """A spinner on stderr that takes progress, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from sestools.render.terminal import console

    with console(sys.stderr).status(title) as status:
        yield lambda done, total, what: status.update(form.format(done=done, total=total, what=what))


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
