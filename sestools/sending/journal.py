"""A file that records what was sent, so that a sender that died can be run again.

Each line is a JSON object. Before the content of a message is sent, `{"do": "begin", "key": ...}` is written and
synced; after its reply `{"do": "end", "key": ..., "fate": ...}`. A message that was begun and has no end may have
been accepted. A key is a digest of envelope and content, and a number that tells copies apart. No content, no
address and no secret is written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Collection
from functools import partial, wraps
from itertools import count
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from sestools.core.errors import UsageError
from sestools.core.text import printable
from sestools.sending.mail import Fate, Mail, Past

VERSION = 1
_MAGIC = b'{"sestools journal":'


P = ParamSpec("P")
T = TypeVar("T")


def _one_at_a_time(method: Callable[Concatenate[Journal, P], T]) -> Callable[Concatenate[Journal, P], T]:
    """A method that several connections may call at once."""

    @wraps(method)
    def locked(self: Journal, *args: P.args, **more: P.kwargs) -> T:
        with self._turn:
            return method(self, *args, **more)

    return locked  # type: ignore[return-value]  # mypy wants `self` to be positional


class JournalError(Exception):
    """The journal cannot be written: nothing more is sent."""


class Journal:
    """What was sent, in a file that survives the process; for one process at a time::

        with Journal("campaign.journal") as journal, Sender(target, policy=policy, journal=journal) as sender:
            for entry in sender.send_all(mails):
                ...

    Run again with the same file, it sends no message a second time that is known to be accepted. What may have been
    accepted is `unknown`, and sent again only if the policy says "resend". Identical messages of one run are
    different messages; the first of them in the next run is the first of them in this.

    Args:
        path: The file. It is created if it does not exist, readable by its owner alone.
        simulated: Whether it is about a simulated SES. Such a journal is not accepted as one about SES.

    Attributes:
        problem: Why it can no longer be written; empty if it can.
        created: When the file was created, in seconds since 1970.

    Raises:
        UsageError: If it cannot be opened, is no journal, or another process uses it.
    """

    def __init__(self, path: str | os.PathLike[str], *, simulated: bool = False) -> None:
        self._path = os.path.abspath(os.fspath(path))
        self._turn = threading.RLock()
        self._past: dict[str, Past] = {}
        self._taken: set[str] = set()
        self.problem, self.created = "", int(time.time())
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UsageError(f"cannot open the journal {self._path}: {error.strerror}") from None
        try:
            self._lock()
            self._read(simulated)
        except JournalError as error:
            self.close()
            raise UsageError(f"{error}; nothing was sent") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, so that another process may use it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @_one_at_a_time
    def claim(self, mail: Mail) -> str:
        """The key of a message: of the first copy that this run has not sent."""
        digest = hashlib.sha256()
        addresses = [one.encode("utf-8", "surrogatepass") for one in (mail.sender, *mail.recipients)]
        for part in (*addresses, mail.content):
            digest.update(len(part).to_bytes(8, "big") + part)
        keys = (f"{digest.hexdigest()}-{copy}" for copy in count(1))
        key = next(key for key in keys if key not in self._taken)
        self._taken.add(key)
        return key

    @_one_at_a_time
    def release(self, key: str) -> None:
        """The message was not accepted: if it comes again in this run, it is the same one."""
        self._taken.discard(key)

    @_one_at_a_time
    def past(self, key: str) -> Past:
        """What is known of a message."""
        return self._past.setdefault(key, Past())

    @_one_at_a_time
    def begin(self, key: str, mail: Mail) -> None:
        """Note that the content of a message is about to be sent.

        Raises:
            JournalError: If that cannot be noted; then it must not be sent.
        """
        self._write({"do": "begin", "key": key, "at": _now(), "name": printable(mail.name, 100)})
        self.past(key).unknown += 1

    @_one_at_a_time
    def end(self, key: str, fate: Fate, id: str = "", refused: Collection[str] = ()) -> None:
        """Note what became of it. If that fails the message stays unknown, and no other one is begun."""
        line: dict[str, Any] = {"do": "end", "key": key, "at": _now(), "fate": str(fate)}
        if fate is Fate.SENT:
            line |= {"id": id, "refused": len(refused)}
        with contextlib.suppress(JournalError):
            self._write(line)
            self._learn(line)

    def _lock(self) -> None:
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise UsageError(f"the journal {self._path} is not a regular file")
        try:
            import fcntl

            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            raise UsageError("a journal needs a system with file locks, such as Linux or macOS") from None
        except BlockingIOError:
            raise UsageError(f"another process uses the journal {self._path}") from None
        except OSError as error:
            raise UsageError(f"cannot lock the journal {self._path}: {error.strerror}") from None

    def _read(self, simulated: bool) -> None:
        with open(os.dup(self._file), "rb") as file:
            file.seek(0)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        if not data.startswith(_MAGIC) and not (not whole and _MAGIC.startswith(data)):
            raise UsageError(f"{self._path} is not a sestools journal; it was not changed")
        if data != whole:
            os.ftruncate(self._file, len(whole))  # a line that was being written when the system went down
        if not whole:
            self._write({"sestools journal": VERSION, "created": self.created, "simulated": simulated})
            folder = os.open(os.path.dirname(self._path), os.O_RDONLY)
            with contextlib.suppress(OSError):  # not every file system can
                os.fsync(folder)
            os.close(folder)
            return
        read: Callable[[dict[str, Any]], None] = partial(self._head, simulated)
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                read(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                why = error if isinstance(error, UsageError) else "is not a line of a journal"
                raise UsageError(f"{self._path}, line {number}: {why}; nothing was sent") from None
            read = self._learn

    def _head(self, simulated: bool, line: dict[str, Any]) -> None:
        if (version := line["sestools journal"]) != VERSION:
            raise UsageError(f"version {version!r} of the journal is not supported; this is {VERSION}")
        if line["simulated"] is not simulated:
            about = ("SES", "a simulated SES")
            raise UsageError(f"this journal is about {about[not simulated]}, not about {about[simulated]}")
        self.created = int(line["created"])

    def _learn(self, line: dict[str, Any]) -> None:
        """Take in what a line says."""
        past = self.past(line["key"])
        if line["do"] == "begin":
            past.unknown += 1
            return
        fate = Fate(line["fate"])
        past.unknown -= fate is not Fate.UNKNOWN
        if fate is Fate.SENT:
            past.accepted, past.id, past.refused = line["at"], str(line["id"]), int(line["refused"])

    def _write(self, line: dict[str, Any]) -> None:
        data = json.dumps(line).encode("ascii") + b"\n"
        try:
            if self.problem:
                raise OSError(self.problem)
            if not os.path.samestat(os.fstat(self._file), os.stat(self._path)):
                raise OSError("another file replaced it")
            if os.write(self._file, data) != len(data):
                raise OSError("no space left for a whole line")
            os.fsync(self._file)
        except OSError as error:
            # What the file holds now is not known: nothing may be appended to half a line.
            self.problem = error.strerror or str(error)
            raise JournalError(f"cannot write the journal {self._path}: {self.problem}") from None


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
