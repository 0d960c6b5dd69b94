"""A run of the sender from the command line: however it ends, each message has its account."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from json import dumps
from typing import TYPE_CHECKING

from sestools.cli.output import NOT_WRITTEN, Output
from sestools.cli.printing import HEALTHY, PROBLEM, UNCLEAR
from sestools.cli.signals import on_signal, received
from sestools.core.text import duration, printable

if TYPE_CHECKING:
    from sestools.sending.journal import Journal
    from sestools.sending.mail import Attempt, Entry, Mail
    from sestools.sending.sender import Sender


def run(sender: Sender, mails: Sequence[Mail], journal: Journal | None, report: Report) -> int:
    """Send, tell of each message whatever happens, and give the exit code."""
    from sestools.sending.journal import JournalError
    from sestools.sending.mail import Entry, Fate

    def stop() -> None:
        report.output.hurry()
        sender.stop()  # it may raise

    report.width = max(len(mail.name) for mail in mails)
    with on_signal(stop):
        try:
            with sender:
                for entry in sender.send_all(mails):
                    report.tell(entry)
        except (KeyboardInterrupt, JournalError):
            pass
        finally:
            for entry in sender.unfinished:
                report.tell(entry)
            left = [mail for mail in mails if id(mail) not in report.told]
            for mail in left:
                report.tell(Entry(mail=mail, fate=Fate.UNSENT))
            ended = report.end()
        if sender.slow:
            report.output.note(sender.slow)
        if left or sender.unfinished:
            report.output.note(f"interrupted: {len(left)} of {len(mails)} messages were not begun")
        if journal and journal.problem:
            report.output.note(f"sestools: the journal cannot be written: {journal.problem}")
            return NOT_WRITTEN
        if report.output.code:
            return report.output.code
        return 128 + received[0] if received and (left or sender.unfinished) else ended


class Report:
    """Tells what became of each message, as soon as it is decided."""

    def __init__(self, *, json: bool = False) -> None:
        from sestools.render.terminal import console

        self._json = json
        self._console = console(sys.stdout or io.StringIO())
        # It only makes text: a stream that fails is the affair of `Output`.
        self._console.file = io.StringIO()
        self._entries: list[Entry] = []
        self.output = Output()
        self.told: set[int] = set()
        self.width = 0

    def attempt(self, mail: Mail, attempt: Attempt) -> None:
        """Why it takes longer, for whoever waits."""
        if attempt.failure is not None:
            again = f"again in {duration(attempt.wait)}" if attempt.wait else "again at once"
            then = "given up" if attempt.wait is None else again
            self.output.note(f"{printable(mail.name, 60)}: {attempt.why}; {then}")

    def tell(self, entry: Entry) -> None:
        """A line, once for each message."""
        if id(entry.mail) in self.told:
            return
        self.told.add(id(entry.mail))
        self._entries.append(entry)
        if self._json:
            self.output.tell(dumps({"schema_version": 1, **entry.to_dict()}))
        else:
            self.output.tell(self._line(entry))

    def end(self) -> int:
        """The sum of it, and the exit code."""
        from sestools.render.terminal import show
        from sestools.sending.mail import Fate, SendReport

        account = SendReport(entries=tuple(self._entries))
        if self._json:
            counts = {str(fate): account.counts[fate] for fate in Fate}
            self.output.tell(dumps({"schema_version": 1, "summary": account.summary, "counts": counts}))
        else:
            with self._console.capture() as written:
                self._console.print()
                show(self._console, account.closing())
            self.output.tell(written.get().rstrip("\n"))
        if any(entry.fate in (Fate.REFUSED, Fate.UNSENT) or entry.refused for entry in self._entries):
            return PROBLEM
        return HEALTHY if account.ok else UNCLEAR

    def _line(self, entry: Entry) -> str:
        """One line: a message, its fate, what there is to say about it."""
        from rich.text import Text

        from sestools.render.terminal import STYLES

        tried = f"{len(entry.attempts)} attempts, {duration(entry.waited)} waited"
        name = f"{printable(entry.mail.name, 60):<{min(self.width, 40)}}"
        story = "; ".join(part for part in (entry.what, tried * (len(entry.attempts) > 1)) if part)
        line = Text.assemble(f"{name}  ", (f"{entry.fate:<8}", STYLES[entry.level]), f"  {story}")
        with self._console.capture() as written:
            self._console.print(line, soft_wrap=True)
        return written.get().rstrip()
