"""`sestools classify`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import IO, Any

from sestools.cli.options import add_command, add_format
from sestools.cli.printing import HEALTHY, PROBLEM, UNCLEAR, emit, say
from sestools.core.errors import UsageError

EXAMPLES = """\
  sestools classify '454 Throttling failure: Maximum sending rate exceeded'
  tail -50 /var/log/mail.log | sestools classify -
  sestools classify --json - < traceback.txt"""

HALF_INPUT = 2 * 1024 * 1024
"""Bytes that are kept of the beginning of standard input, and as many of its end."""


def add_parser(parsers: Any) -> None:
    """Add the command and its options."""
    about = "say what an error message, log line or pasted text means"
    parser = add_command(parsers, "classify", run, about, EXAMPLES)
    parser.add_argument(
        "text", nargs="*", help="the text, or a file's name; '-' or nothing reads standard input"
    )
    add_format(parser)


def run(options: argparse.Namespace) -> int:
    """Run `sestools classify`."""
    from sestools.diagnosis.classifier import classify

    texts = options.text or ["-"]
    if texts.count("-") > 1:
        raise UsageError("standard input can be read once")
    codes, documents = [], []
    for text in texts:
        if text == "-":
            text = _piped()
        elif len(text) < 4096 and os.path.isfile(text):
            say(f"{text} is a file: its text is classified")
            with open(text, "rb") as file:
                text = _ends(file)
        if not text.strip():
            raise UsageError("there is nothing to classify; give a text, or pipe one in")
        diagnosis = classify(text)
        if options.json:  # one line for each text
            print(json.dumps({"schema_version": 1, **diagnosis.to_dict()}))
        documents.append(diagnosis.document())
        cause = diagnosis.cause
        codes.append(HEALTHY if not cause.fails else PROBLEM if cause.known else UNCLEAR)
    emit(options, None, *documents)
    return PROBLEM if PROBLEM in codes else max(codes)


def _piped() -> str:
    """Standard input; a person is told how to end it."""
    if sys.stdin.isatty():
        say("Paste the text, then press Enter and Ctrl-D.")
        return sys.stdin.read()
    return _ends(sys.stdin.buffer)


def _ends(file: IO[bytes]) -> str:
    """All of a file, or of a long one its beginning and its end, where the newest lines are."""
    begin, end = file.read(HALF_INPUT), b""
    while more := file.read(HALF_INPUT):
        end = (end + more)[-HALF_INPUT:]
    return (begin + end).decode("utf-8", "replace")
