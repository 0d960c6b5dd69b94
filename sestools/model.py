"""The nouns: what is probed, what was seen, what it means.

Every value is frozen and checks itself when it is built; building one does no I/O.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sestools import cards
from sestools.endpoints import Security, default_security, smtp_host
from sestools.masking import Known, Secret, mask_secrets
from sestools.terms import Kind, Level, Mark, Outcome, Retry, Stage, Who
from sestools.text import printable

__all__ = [
    "Cause",
    "Credentials",
    "Diagnosis",
    "Kind",
    "Level",
    "Mark",
    "Outcome",
    "ProbeResult",
    "Reply",
    "Retry",
    "Security",
    "Stage",
    "Step",
    "Symptom",
    "Target",
    "TcpInfo",
    "Who",
]


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Credentials:
    """An SMTP user name and password. Nothing that shows, copies or pickles them gives the password away.

    Attributes:
        user: The user name.
    """

    user: str

    def __init__(self, *, user: str, password: str) -> None:
        object.__setattr__(self, "user", user)
        object.__setattr__(self, "_password", Secret(password))
        password = ""  # a traceback can show what a function still holds
        if not self.user or not self.password:
            raise ValueError("credentials need a user name and a password; one of them is empty")
        # A lone surrogate is how Python keeps a byte that is not UTF-8; the secret itself is not quoted here.
        if re.search("[\ud800-\udfff]", self.user + self.password):
            raise ValueError(
                "the user name or password is not UTF-8 text; save the file as UTF-8 (not UTF-16 or Latin-1)"
            )
        if "\ufeff" in self.user + self.password:
            raise ValueError(
                "the user name or password holds a byte order mark (U+FEFF), which editors put at the head of a "
                "file; save it as UTF-8 without BOM"
            )
        if "\0" in self.user + self.password:
            raise ValueError("a user name or password cannot hold a NUL character")

    @property
    def password(self) -> str:
        """The password itself: for the call that signs in."""
        held: Secret = self._password  # type: ignore[attr-defined]  # set past the dataclass, so that it is no field
        return held.reveal()

    @cached_property
    def known(self) -> Known:
        """What cuts them out of a text."""
        return Known(self.user, self.password)

    def __repr__(self) -> str:
        # The user name can be a password that was typed into the wrong field.
        return f"Credentials(user={mask_secrets(self.user)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credentials) and (self.user, self.password) == (other.user, other.password)

    def __hash__(self) -> int:
        return hash((self.user, self.password))

    def __copy__(self) -> Credentials:
        return self

    def __deepcopy__(self, memo: object) -> Credentials:
        return self

    def __reduce__(self) -> Any:
        raise TypeError(
            "credentials are not pickled, nor is a target that has some: they stay in the process that was given "
            "them. Leave them out with dataclasses.replace(target, credentials=None)"
        )


_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")


_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
"""The name or number of an interface (15 characters on Linux): a host is part of command lines that people paste."""


def _check_host(host: str, what: str) -> None:
    address, percent, scope = host.partition("%")
    try:
        if percent and not (":" in address and _SCOPE.fullmatch(scope)):
            raise ValueError
        ipaddress.ip_address(address)
    except ValueError:
        if len(host) > 253 or not _HOST_NAME.fullmatch(host):
            raise ValueError(
                f"{what} {printable(host, 80)!r} is neither a host name nor an IP address"
            ) from None


def _check_port(port: int, what: str) -> None:
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
        raise ValueError(f"{what} must be a whole number from 1 to 65535, not {port!r}")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to knock, and how.

    Attributes:
        host: The name to resolve, to send as SNI and to verify the certificate against.
        port: The TCP port.
        security: The TLS mode; by default the port's own.
        connect_to: Address and port to connect to instead of what DNS says: a tunnel, a VPC endpoint, the
            simulator. The certificate is still verified against `host`.
        ca_file: PEM file of the certificate authorities to trust, instead of the system's to look and of Amazon's
            to sign in.
        credentials: What to sign in with; None stops before AUTH.
    """

    host: str
    port: int = 587
    security: Security | None = None
    connect_to: tuple[str, int] | None = None
    ca_file: str | None = None
    credentials: Credentials | None = None

    def __post_init__(self) -> None:
        _check_host(self.host, "host")
        _check_port(self.port, "port")
        mode = default_security(self.port) if self.security is None else Security(self.security)
        object.__setattr__(self, "security", mode)
        if self.connect_to is not None:
            _check_host(self.connect_to[0], "connect_to address")
            _check_port(self.connect_to[1], "connect_to port")
        if self.ca_file is not None:
            object.__setattr__(self, "ca_file", str(self.ca_file))

    @classmethod
    def ses(cls, region: str, port: int = 587, **more: Any) -> Target:
        """The SES SMTP endpoint of a region, such as `Target.ses("eu-west-1", port=465)`."""
        return cls(host=smtp_host(region), port=port, **more)

    def __str__(self) -> str:
        via = f" via {self.connect_to[0]}:{self.connect_to[1]}" if self.connect_to else ""
        return f"{self.host}:{self.port} ({self.security}{via})"


_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One complete SMTP reply (RFC 5321, 4.2).

    Attributes:
        code: The three-digit code.
        lines: The text of each line, without code, separator and line end, as it came.
        raw: The bytes as they came, bounded; empty if the reply was not read from a wire.
    """

    code: int
    lines: tuple[str, ...] = ("",)
    raw: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if not 100 <= self.code <= 999:
            raise ValueError(f"a reply code has three digits, not {self.code!r}")
        if not self.lines:
            raise ValueError("a reply has at least one line")

    @cached_property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 3463) at the start of the last line, such as `4.4.2`."""
        found = _ENHANCED.match(self.lines[-1])
        return found[1] if found else None

    @cached_property
    def text(self) -> str:
        """The text of all lines, joined by spaces, without enhanced status codes."""
        return " ".join(_ENHANCED.sub("", line, count=1) for line in self.lines).strip()

    def masked(self, mask: Callable[[str], str]) -> Reply:
        """The reply after secrets were cut out of its text; `mask` keeps the number of lines."""
        lines = tuple(mask("\n".join(self.lines)).split("\n"))
        if lines == self.lines:
            return self
        raw = "".join(f"{self.code}-{line}\r\n" for line in lines[:-1]) + f"{self.code} {lines[-1]}\r\n"
        return Reply(code=self.code, lines=lines, raw=raw.encode("utf-8", "replace") if self.raw else b"")

    @property
    def ok(self) -> bool:
        """Whether the server agreed (2xx) or waits for more (3xx)."""
        return 200 <= self.code < 400

    def __str__(self) -> str:
        return printable(f"{self.code} {' '.join(self.lines)}")


@dataclass(frozen=True, kw_only=True)
class TcpInfo:
    """What the kernel knows of a connection (Linux; elsewhere such facts are absent).

    Attributes:
        rtt: Smoothed round-trip time in seconds.
        mss: Largest segment that this side sends, in bytes.
        path_mtu: Path MTU as the kernel believes it, in bytes.
        unacked: Segments sent and not yet acknowledged.
        retransmits: Segments sent again since the connection began.
    """

    rtt: float
    mss: int
    path_mtu: int
    unacked: int
    retransmits: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """One timed thing that a probe did.

    Attributes:
        stage: Which step of the session.
        at: When it began, in seconds after the probe began.
        seconds: How long it took.
        address: The IP address that it was done with, where one was.
        sent: What was sent, masked: no credentials in any form.
        reply: The complete reply, if one came.
        encrypted: Whether it happened inside TLS.
        symptom: What went wrong in this step, if anything did.
        tcp: Kernel facts when the step ended, where the system gives them.
    """

    stage: Stage
    at: float
    seconds: float
    address: str | None = None
    sent: str = ""
    reply: Reply | None = None
    encrypted: bool = False
    symptom: Symptom | None = None
    tcp: TcpInfo | None = None


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """What went wrong, however it was learnt: from a probe, an exception, a log line or a pasted text.

    Attributes:
        kind: In what form; None if only a text is known.
        stage: At which step of the session; None if unknown.
        reply: The server's reply, if there was one.
        detail: The observation in words (an error's text, a log line, a whole paste): a stranger's text.
        host: The server's name, if known.
        port: The server's port, if known.
        security: The TLS mode that the client used, if known.
        cause: The id of the cause, if whoever saw it decided it: nobody then looks for one in the words.
    """

    kind: Kind | None = None
    stage: Stage | None = None
    reply: Reply | None = None
    detail: str = ""
    host: str | None = None
    port: int | None = None
    security: Security | None = None
    cause: str = ""

    def __str__(self) -> str:
        where = f"{self.stage}: " if self.stage else ""
        said = self.reply if self.kind in (None, Kind.REPLY) else None
        return where + (str(said) if said else printable(self.detail or str(self.kind)))


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """What one probe saw. A failed probe is a value, not an exception.

    Attributes:
        probe: The probe's name, such as `tls`.
        target: What was probed, without its credentials.
        outcome: How it ended.
        steps: What it did, in order, timed.
        facts: What the probe alone can say; its own dataclass (see the probe), or None.
        symptom: What went wrong first; None when all went well.
        reason: Why it was not run, if it was not.
    """

    probe: str
    target: Target
    outcome: Outcome
    steps: tuple[Step, ...] = ()
    facts: Any = None
    symptom: Symptom | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", replace(self.target, credentials=None))

    @property
    def ok(self) -> bool:
        """Whether everything asked for was seen to work."""
        return self.outcome is Outcome.OK

    def seconds(self, stage: Stage) -> float | None:
        """The time spent in a stage, summed over its steps (EHLO happens twice); None if not reached."""
        times = [step.seconds for step in self.steps if step.stage is stage]
        return sum(times) if times else None

    def __str__(self) -> str:
        end = self.symptom or self.reason
        return f"{self.probe} {self.target}: {self.outcome}" + (f", {end}" if end else "")


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A row of knowledge: one reason why sending fails, and what follows from it.

    Attributes:
        id: Stable name, for programs and tests.
        title: One sentence that a card begins with.
        meaning: What happened, in two or three sentences.
        fix: What to do, one action an entry, the most likely first.
        retry: What trying again is good for.
        who: Who has to act.
        mark: How sure this row is.
        source: URL of the page or thread that says so.
        samples: What it looks like, verbatim; the first is what the simulator says.
        stage: Where it usually shows.
        codes: Reply codes that it comes with; empty for any or none.
        pattern: Regular expression on the text, without regard to case; empty matches any text.
        kinds: Forms in which it comes; empty for any.
        stages: Stages at which it can be; empty for any.
        note: What is uncertain about it, if anything is.
        generic: Whether other servers say the same words, so that a sign of another server outweighs them.
        ruled_out: What it is often taken for and is not, in sentences.
    """

    id: str
    title: str
    meaning: str
    fix: tuple[str, ...]
    retry: Retry
    who: tuple[Who, ...]
    mark: Mark
    source: str
    samples: tuple[str, ...] = ()
    stage: Stage | None = None
    codes: frozenset[int] = frozenset()
    pattern: str = ""
    kinds: frozenset[Kind] = frozenset()
    stages: frozenset[Stage] = frozenset()
    note: str = ""
    generic: bool = False
    ruled_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise ValueError(f"a cause's id is lower-case words joined by hyphens, not {self.id!r}")
        for name in ("title", "meaning", "fix", "source"):
            if not getattr(self, name):
                raise ValueError(f"cause {self.id} has no {name}")


_BEFORE_MESSAGE = tuple(Stage)[: tuple(Stage).index(Stage.BODY)]


@dataclass(frozen=True, kw_only=True, repr=False)
class Diagnosis:
    """What a symptom means.

    Attributes:
        symptom: What was diagnosed.
        candidates: Possible causes, the likeliest first; never empty (an unknown has its own row).
        evidence: What it rests on, in sentences.
        ruled_out: What it is not, in sentences.
    """

    symptom: Symptom
    candidates: tuple[Cause, ...]
    evidence: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.candidates:
            raise ValueError("a diagnosis names at least one candidate")

    @property
    def cause(self) -> Cause:
        """The likeliest cause."""
        return self.candidates[0]

    @property
    def retry(self) -> Retry:
        """What trying again is good for: before the message was sent none can have been accepted."""
        known = self.symptom.stage in _BEFORE_MESSAGE
        return Retry.SOON if known and self.cause.retry is Retry.UNKNOWN_FATE else self.cause.retry

    def __str__(self) -> str:
        return cards.as_text(self)

    def __repr__(self) -> str:
        return f"<Diagnosis {self.cause.id}: {self.cause.title}>"

    def _repr_html_(self) -> str:
        return cards.as_html(self)

    def to_markdown(self) -> str:
        """The card as Markdown, to paste into a ticket."""
        return cards.as_markdown(self)

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis for a program; `causes` are ids, the likeliest first."""
        cause = self.cause
        return {
            "causes": [candidate.id for candidate in self.candidates],
            "title": cause.title,
            "mark": str(cause.mark),
            "meaning": cause.meaning,
            "evidence": [printable(text) for text in self.evidence],
            "ruled_out": [printable(text) for text in self.ruled_out],
            "fix": list(cause.fix),
            "who": [str(who) for who in cause.who],
            "retry": str(self.retry),
            "source": cause.source,
        }
