"""Lines of which none is lost: what standard output does not take goes to standard error.

A full disk, a reader that went away, or one that has stopped reading must not end what the lines tell about.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import stat
import sys
import time
from typing import TextIO

__all__ = ["BROKEN_PIPE", "NOT_WRITTEN", "Output"]

NOT_WRITTEN, BROKEN_PIPE = 74, 141
"""Exit codes: the output could not be written; its reader went away."""
PATIENCE = 2.0
"""Seconds for which a reader that reads nothing is waited for once the process is to end."""
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_SLICE, _PIECE = 0.1, 512
"""Seconds after which a wait is reconsidered, and bytes that a pipe which takes some takes at once."""


class Output:
    """Standard output and standard error of a command."""

    def __init__(self) -> None:
        # A stream that was closed when the process began is none, whatever has taken its place since.
        self._out = _Stream(sys.stdout if sys.__stdout__ else None, self)
        self._error = _Stream(sys.stderr if sys.__stderr__ else None, self)
        self._told: list[str] = []
        self.ends_at: float | None = None
        """When to stop waiting for a reader, by the monotonic clock."""

    @property
    def code(self) -> int:
        """The exit code for what could not be written to standard output; 0 if all of it could."""
        if not self._out.problem:
            return 0
        return BROKEN_PIPE if self._out.gone and not self._error.problem else NOT_WRITTEN

    def hurry(self) -> None:
        """The process is to end: wait no longer for readers that do not read."""
        self.ends_at = self.ends_at or time.monotonic() + PATIENCE

    def tell(self, line: str) -> None:
        """Write a line to standard output, or, if that cannot be written, to standard error."""
        if not self._out.problem:
            if self._out.write(line):
                self._told.append(line)
                return
            self.note(f"sestools: standard output cannot be written ({self._out.problem}); it goes on here")
            if not self._out.is_file:  # what is still in a pipe nobody reads any more
                for earlier in self._told:
                    self._error.write(earlier)
        self._error.write(line)

    def note(self, line: str) -> None:
        """Write a line to standard error, if it can be written."""
        self._error.write(line)


class _Stream:
    def __init__(self, stream: TextIO | None, output: Output) -> None:
        self._stream, self._output = stream, output
        self.problem = "" if stream else "it is closed"
        self.gone = False
        self._number, self.is_file = -1, False
        with contextlib.suppress(OSError, AttributeError):
            self._number = stream.fileno() if stream else -1
            self.is_file = self._number >= 0 and stat.S_ISREG(os.fstat(self._number).st_mode)

    def write(self, line: str) -> bool:
        """Write a line at once; whether that was possible."""
        if self.problem or not self._stream:
            return False
        try:
            if not self._stream.isatty():
                line = _COLOUR.sub("", line)  # made for the other stream
            if self._number < 0 or sys.platform == "win32":
                print(line, file=self._stream, flush=True)
            else:
                encoding = getattr(self._stream, "encoding", None) or "utf-8"
                self._send(f"{line}\n".encode(encoding, "backslashreplace"))
        except OSError as error:
            self.problem = error.strerror or str(error)
            self.gone = error.errno == errno.EPIPE
        return not self.problem

    def _send(self, data: bytes) -> None:
        while data:
            if select.select([], [self._number], [], _SLICE)[1]:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(self._number, data[:_PIECE]) :]
            elif self._output.ends_at and time.monotonic() > self._output.ends_at:
                raise TimeoutError("nobody reads it")
