"""What AWS knows of an account in one region, and how SES judges a message by it."""

from __future__ import annotations

import math
import re
from collections import deque
from dataclasses import dataclass, field

from sestools.core.credentials import Credentials, smtp_password, smtp_password_v2
from sestools.core.errors import UsageError
from sestools.core.regions import KNOWN, doubt, region_named
from sestools.core.text import printable
from sestools.knowledge.table import cause
from sestools.simulator.checks import POSITIVE, check_fields, set_of
from sestools.simulator.message import addresses, headers, malformed

DAY = 24 * 3600.0
LONGEST_REPLY = 800
"""Characters of a reply; SES's list of identities that are not verified may end in `...`."""
SIMULATOR = "simulator.amazonses.com"

EXAMPLE_KEY = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
"""AWS's own public example of an access key id and its secret. Worth nothing anywhere."""

_V2 = re.compile(r"A[g-v][A-Za-z0-9+/]{42}")
"""A legacy password: a first byte of 2 and a signature of 32 bytes, in base64."""


def reply_of(id: str) -> str:
    """SES's reply for a cause, as the catalogue has it."""
    return cause(id).samples[0]


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account in one region. By default everything is allowed.

    Attributes:
        region: The region that its credentials, identities and limits belong to.
        credentials: Who may sign in; by default AWS's public example key with the passwords derived from it:
            the current one of this region, and the legacy one without a region.
        subscribed: Whether the account has ever signed up for SES.
        identities: Verified addresses and domains (a domain covers what lies below it); None means all.
        sandbox: Whether recipients must be verified too, and the sandbox's limits hold (200 a day, 1 a second).
        denied: Identities that the policy of the IAM user does not let it send as.
        bad_mail_from: Domains whose custom MAIL FROM domain lacks its DNS records.
        suppressed: Recipients on the suppression list: SES accepts mail to them, and does not deliver it.
        paused: Whether AWS has paused sending.
        daily_quota: Recipients in 24 hours; None for no limit.
        rate: Recipients a second; None for no limit.
        burst: For how many seconds' worth of the rate a burst may run ahead. That SES allows short bursts is
            documented, how long is not.
        legacy_rate: Recipients a second for passwords made before 2019-01-10 (SigV2). The number is made up.
        max_recipients: Envelope recipients of a message.
        max_size: Bytes of a message. AWS says 40 MB; whether it counts MB or MiB is unknown.
    """

    region: str = "eu-west-1"
    credentials: Credentials | None = None
    subscribed: bool = True
    identities: frozenset[str] | None = None
    sandbox: bool = False
    denied: frozenset[str] = frozenset()
    bad_mail_from: frozenset[str] = frozenset()
    suppressed: frozenset[str] = frozenset()
    paused: bool = False
    daily_quota: float | None = None
    rate: float | None = None
    burst: float = 2.0
    legacy_rate: float = 1.0
    max_recipients: int = 50
    max_size: int = 40 * 1024 * 1024

    def __post_init__(self) -> None:
        for name in ("identities", "denied", "bad_mail_from", "suppressed"):
            set_of(
                self, name, lambda one: isinstance(one, str) and one > "", "a list of addresses and domains"
            )
        for name, most in (("daily_quota", 200.0), ("rate", 1.0)) if self.sandbox else ():
            if getattr(self, name) is None:
                object.__setattr__(self, name, most)
        check_fields(
            self,
            *((name, POSITIVE, math.inf) for name in ("daily_quota", "rate", "burst", "legacy_rate")),
            *((name, 1, math.inf) for name in ("max_recipients", "max_size")),
        )
        if region_named(self.region) not in KNOWN:
            raise UsageError(f"the simulator plays regions that have SES; {doubt(self.region.lower())}")

    @property
    def sign_in(self) -> Credentials:
        """The credentials that work here."""
        user, secret = EXAMPLE_KEY
        return self.credentials or Credentials(user=user, password=smtp_password(secret, self.region))

    def admits(self, user: str, password: str) -> str | None:
        """`v4` or `v2` for credentials that work, else None."""
        own = self.sign_in
        good = [(own.user, own.password)]
        if self.credentials is None:
            good.append((EXAMPLE_KEY[0], smtp_password_v2(EXAMPLE_KEY[1])))
        return None if (user, password) not in good else "v2" if _V2.fullmatch(password) else "v4"


@dataclass(kw_only=True, slots=True)
class Submission:
    """A message: its envelope as far as it was given, and from the end of DATA on what SES judges."""

    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    message: bytes | None = field(default=None, repr=False)
    """Its text; None if it was too long to be kept."""
    legacy: bool = False
    """Whether a legacy password signed in."""


class Usage:
    """The account's use of its limits."""

    def __init__(self, account: Account) -> None:
        self._quota, self._today = account.daily_quota, 0
        self._sent: deque[tuple[float, int]] = deque()
        self._rate = _Bucket(account.rate, account.burst)
        self._legacy = _Bucket(account.legacy_rate, account.burst)

    def refusal(self, submission: Submission, now: float) -> str | None:
        """The reply to a message that is one too many, or None; what is not refused is counted."""
        count = len(submission.recipients)
        while self._sent and self._sent[0][0] <= now - DAY:
            self._today -= self._sent.popleft()[1]
        # Mail to the mailbox simulator counts against the rate and not against the daily quota.
        counted = sum(not is_simulator(recipient) for recipient in submission.recipients)
        if self._quota is not None and self._today + counted > self._quota:
            return reply_of("daily-quota")
        if submission.legacy and not self._legacy.take(count, now):
            return reply_of("sigv2-rate")
        if not self._rate.take(count, now):
            return reply_of("send-rate")
        if self._quota is not None:
            self._sent.append((now, counted))
            self._today += counted
        return None


class _Bucket:
    """Tokens that drip in at a rate, up to a burst."""

    def __init__(self, rate: float | None, burst: float) -> None:
        self._rate = rate
        self._size = self._left = max(1.0, (rate or 0.0) * burst)
        self._at = float("-inf")

    def take(self, count: int, now: float) -> bool:
        if self._rate is None:
            return True
        self._left = min(self._size, self._left + (now - self._at) * self._rate)
        self._at = now
        # A message to more recipients than a burst holds waits for a full bucket, not for ever.
        if self._left < min(count, self._size):
            return False
        self._left -= count
        return True


def refusal(account: Account, submission: Submission) -> str | None:
    """The reply to a message that the account may not send, whenever it is sent; None if it may.

    In which order SES looks at a message is unknown; this order is ours.
    """
    message = submission.message
    if message is None:
        return reply_of("too-long")
    if len(submission.recipients) > account.max_recipients:
        return reply_of("too-many-recipients").replace("50", str(account.max_recipients))
    fields = headers(message)
    if reason := next(malformed(fields, message, submission.recipients), None):
        return f"554 Transaction failed: {reason}"
    if account.paused:
        return reply_of("paused")
    written = (value for name, value in fields if name.lower() in ("from", "sender", "return-path"))
    senders = [(submission.sender, submission.sender)]
    senders += ((value, address) for value in written for address in addresses(value) or ())
    named = dict.fromkeys(address for _, address in senders)  # mostly one: the envelope's is the author's
    denied = next((address for address in named if covers(account.denied, address)), None)
    if denied:
        return (
            f"554 Access denied: User `arn:aws:iam::111122223333:user/ses-smtp-user' is not authorized to perform "
            f"`ses:SendRawEmail' on resource `arn:aws:ses:{account.region}:111122223333:identity/{denied}'"
        )
    if any(covers(account.bad_mail_from, address) for address in named):
        return reply_of("mailfrom-domain")
    if account.identities is None:
        return None
    if account.sandbox:
        senders += ((address, address) for address in submission.recipients if not is_simulator(address))
    failed = [one for pair in senders if not covers(account.identities, pair[1]) for one in pair]
    if not failed:
        return None
    return (
        "554 Message rejected: Email address is not verified. The following identities failed the check in region "
        f"{account.region.upper()}: {', '.join(dict.fromkeys(failed))}"
    )


def one_line(reply: str) -> str:
    """A reply that names what stands in a message, as one line that every client takes."""
    return printable(reply[:LONGEST_REPLY], LONGEST_REPLY) + ("..." if len(reply) > LONGEST_REPLY else "")


def covers(identities: frozenset[str], address: str) -> bool:
    """Whether an identity is this address, its domain, or a domain above it."""
    if not identities:
        return False
    address = address.lower()
    domain = address.rpartition("@")[2]
    while domain and domain not in identities:
        domain = domain.partition(".")[2]
    return bool(domain) or address in identities


def is_simulator(address: str) -> bool:
    """Whether mail goes to SES's mailbox simulator."""
    return address.lower().rpartition("@")[2] == SIMULATOR
