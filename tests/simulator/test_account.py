"""What the simulated account refuses, and when."""

import itertools
import time

import pytest

from sestools import classify
from sestools.core.credentials import Credentials, smtp_password_v2
from sestools.simulator.account import DAY, EXAMPLE_KEY, Account, Submission, Usage, covers, refusal
from sestools.simulator.message import headers

TO = ("success@simulator.amazonses.com",)


def letter(
    headers: str = "From: a@example.com",
    body: str = "hi",
    *,
    sender: str = "a@example.com",
    to: tuple[str, ...] = TO,
    legacy: bool = False,
) -> Submission:
    """A message with these headers."""
    text = f"{headers}\nSubject: x\n\n{body}\n".replace("\n", "\r\n")
    return Submission(sender=sender, recipients=list(to), message=text.encode(), legacy=legacy)


MALFORMED = [
    ("Content-Type: text/plain\nContent-type: text/html", "hi", "duplicate-header"),
    ("MIME-Version: 1.0\nMime-Version: 1.0", "hi", "duplicate-header"),
    ('Content-Type: multipart/alternative; boundary="b"', "no part", "missing-boundary"),
    ("Content-Type: multipart/mixed; boundary=abc", "--abcdef\n\nhi\n--abcdef--", "missing-boundary"),
    ("Content-Type: multipart/mixed; boundary=abc", "--abc--", "missing-boundary"),
    ('From: "Shop (a) <shop@example.com>', "hi", "unbalanced-quote"),
    ("Content-Type: text; charset=utf-8", "hi", "content-type-syntax"),
    ("Content-Disposition: =?utf-8?q?attachment?=", "hi", "content-disposition-syntax"),
    ("To: somebody", "hi", "address-without-domain"),
    ('From: "Shop <shop@example.com>', "hi", "unbalanced-quote"),
    ("To: a@exa_mple.com", "hi", "domain-character"),
    ("From: " + "(" * 5000 + "a@b.c", "hi", "address-without-domain"),
    ("From: a@b.c " + "(" * 900 + ")" * 900, "hi", "address-without-domain"),
    ('From: a@b.c (" ' + "(" * 3000 + '")', "hi", "address-without-domain"),
    ("To: " + "a:" * 3000, "hi", "address-without-domain"),
    ("Cc: " + "a@b.c, " * 9000, "hi", "address-without-domain"),
]


@pytest.mark.parametrize(("headers", "body", "id"), MALFORMED)
def test_a_malformed_message_is_refused_with_its_reason(headers: str, body: str, id: str) -> None:
    """Each reason that logs show behind 'Transaction failed' comes from a message that has the fault."""
    reply = refusal(Account(), letter(headers, body))
    assert reply
    assert reply.startswith("554 Transaction failed: ")
    assert classify(reply).cause.id == id


def test_the_51st_recipient_and_an_odd_local_part() -> None:
    """Recipients are judged at the end of the message too."""
    many = tuple(f"r{number}@example.com" for number in range(51))
    assert refusal(Account(), letter(to=many)) == "554 Transaction failed: Recipient count exceeds 50."
    assert refusal(Account(), letter(to=many[:50])) is None
    few = Account(max_recipients=3)
    assert refusal(few, letter(to=many[:4])) == "554 Transaction failed: Recipient count exceeds 3."
    odd = '"re:ceiver"@example.com'
    assert refusal(Account(), letter(to=(odd,))) == (
        "554 Transaction failed: Address contains illegal characters in user name: "
        "'<\"re:ceiver\"@example.com>'."
    )


FINE = [
    "To: a@example.com\nTo: b@example.com",
    "Received: one\nReceived: two",
    'Content-Type: multipart/mixed; boundary="b"',
    "From: =?utf-8?q?Caf=C3=A9?= <a@example.com>",
    'To: "Doe, Jane" <jane@example.com>, undisclosed@example.com',
    "To: undisclosed-recipients:;",
    'To: a@example.com (5" disk)',
    "To: a@example.com (n, m), b@example.com,",
    "From: shop@example.com <info@example.com>",
    'To: "Shop (a" <a@example.com>, "b)" <b@example.com>',
    'To: "a \\" b" <a@example.com>',
    "Content-Type: multipart/mixed; boundary=b ",
    "Content-Type: text/html;\n charset=utf-8",
    "Content-Disposition: attachment; filename=x",
]


@pytest.mark.parametrize("headers", FINE)
def test_a_good_message_is_not_refused(headers: str) -> None:
    """What only looks unusual is accepted."""
    assert refusal(Account(), letter(headers, "--b\nContent-Type: text/plain\n\nhi\n--b--")) is None


@pytest.mark.parametrize("local", ["re:ceiver", '"re:ceiver"', '"re@ceiver"', "re<ceiver"])
def test_a_local_part_is_judged_quoted_or_not(local: str) -> None:
    """A colon and an at sign are refused, whatever else the logs show is taken."""
    reply = refusal(Account(), letter(to=(f"{local}@example.com",)))
    expected = (
        f"554 Transaction failed: Address contains illegal characters in user name: '<{local}@example.com>'."
    )
    assert reply == (None if "<" in local else expected)


def test_a_header_of_many_lines_takes_no_longer_than_it_is_long() -> None:
    """Ten times the lines take about ten times as long, not a hundred times."""

    def seconds(lines: int) -> float:
        """Processor time of this thread: that of others does not count."""
        text = b"X: 1\r\n" + b" 2\r\n" * lines + b"Y: 3\r\n\r\n"
        began = time.thread_time()
        (first, last) = headers(text)
        took = time.thread_time() - began
        assert (first[1], last) == (" ".join("1" + "2" * lines), ("Y", "3"))
        return took

    assert min(seconds(200_000) for _ in range(3)) / min(seconds(20_000) for _ in range(5)) < 40


def test_headers_may_end_in_a_bare_line_feed() -> None:
    """They are read like others, and the body behind them is not taken for one."""
    text = b"From: z@q.org\nX: 1\n 2\nSubject: x\n\nTo: nobody\r\nFrom: a\r\n\r\nhi\r\n"
    assert headers(text) == [("From", "z@q.org"), ("X", "1 2"), ("Subject", "x")]
    assert refusal(Account(), Submission(sender="a@example.com", recipients=list(TO), message=text)) is None
    assert headers(b"\r\nFrom: a\r\n") == headers(b"\nFrom: a\n") == []


def test_a_message_without_headers_or_body_is_survived() -> None:
    """Odd bytes are no reason to fail."""
    for message in (
        b"",
        b"\r\n",
        b"no header at all\r\n",
        b"\xff\xfe: \x00\r\n\r\n",
        b": x\r\n",
        b"a" * 70_000,
    ):
        submission = Submission(sender="a@example.com", recipients=list(TO), message=message)
        assert refusal(Account(), submission) is None


def test_an_envelope_that_nests_is_survived() -> None:
    """Nobody reads the addresses of the envelope as if they stood in a header."""
    account = Account(sandbox=True, identities=frozenset({"example.com"}))
    sender = "(" * 900 + "a@example.com"
    assert refusal(account, letter(sender=sender)) is None
    assert refusal(account, letter(to=(f"{sender}.net",)))


@pytest.mark.parametrize(
    ("identities", "address", "verified"),
    [
        ({"a@example.com"}, "A@Example.com", True),
        ({"example.com"}, "a@example.com", True),
        ({"example.com"}, "a@news.example.com", True),
        ({"news.example.com"}, "a@example.com", False),
        ({"example.com"}, "a@notexample.com", False),
        (set(), "a@example.com", False),
    ],
)
def test_an_identity_covers_its_addresses(identities: set[str], address: str, verified: bool) -> None:
    """An address, its domain, or a domain above it."""
    assert covers(frozenset(identities), address) is verified


def test_the_sender_must_be_verified_in_this_region() -> None:
    """MAIL FROM and From are looked at, and named as written and bare, the region in capitals."""
    account = Account(region="us-east-1", identities=frozenset({"verified@example.com"}))
    reply = refusal(account, letter("From: Shop <shop@example.com>", sender="verified@example.com"))
    assert reply == (
        "554 Message rejected: Email address is not verified. The following identities failed the check in region "
        "US-EAST-1: Shop <shop@example.com>, shop@example.com"
    )
    assert refusal(account, letter("From: verified@example.com", sender="verified@example.com")) is None
    assert classify(reply).cause.id == "not-verified"


def test_in_the_sandbox_recipients_must_be_verified_too() -> None:
    """All but those of the mailbox simulator."""
    account = Account(sandbox=True, identities=frozenset({"example.com"}))
    assert refusal(account, letter()) is None
    assert refusal(account, letter(to=("b@example.com",))) is None
    reply = refusal(account, letter(to=("someone@example.net",)))
    assert reply
    assert reply.endswith("EU-WEST-1: someone@example.net")
    production = Account(identities=frozenset({"example.com"}))
    assert refusal(production, letter(to=("someone@example.net",))) is None


@pytest.mark.parametrize(
    ("account", "id"),
    [
        (Account(paused=True), "paused"),
        (Account(denied=frozenset({"example.com"})), "iam-denied"),
        (Account(bad_mail_from=frozenset({"a@example.com"})), "mailfrom-domain"),
        (Account(max_size=10), None),
    ],
)
def test_the_account_decides(account: Account, id: str | None) -> None:
    """Paused, denied by policy, without DNS for MAIL FROM: each has SES's own words."""
    reply = refusal(account, letter())
    assert (classify(reply).cause.id if reply else None) == id


def test_credentials_belong_to_a_region_and_legacy_ones_to_none() -> None:
    """A password of another region does not work; a legacy one does, and is known as such."""
    here, there = Account(region="eu-west-1"), Account(region="us-east-1")
    own = here.sign_in
    assert here.admits(own.user, own.password) == "v4"
    assert there.admits(own.user, own.password) is None
    assert {
        account.admits(EXAMPLE_KEY[0], smtp_password_v2(EXAMPLE_KEY[1])) for account in (here, there)
    } == {"v2"}
    custom = Account(credentials=Credentials(user="user", password="password"))
    assert custom.admits("user", "password") == "v4"
    assert custom.admits(own.user, own.password) is None
    legacy = Account(credentials=Credentials(user="user", password=smtp_password_v2("a secret")))
    assert legacy.admits("user", smtp_password_v2("a secret")) == "v2"


def test_the_daily_quota_rolls() -> None:
    """Recipients of 24 hours count, mail to the mailbox simulator does not, and room comes back a day later."""
    limits = Usage(Account(daily_quota=3))
    to = ("a@example.net", "b@example.net")
    assert limits.refusal(letter(to=to), 0.0) is None
    reply = limits.refusal(letter(to=to), 10.0)
    assert reply
    assert classify(reply).cause.id == "daily-quota"
    assert limits.refusal(letter(), 11.0) is None
    assert limits.refusal(letter(to=to[:1]), 12.0) is None
    assert limits.refusal(letter(to=to[:1]), 13.0) is not None
    assert limits.refusal(letter(to=to), DAY + 1.0) is None


def test_the_rate_allows_a_short_burst_and_no_more() -> None:
    """At 10 a second, 20 go at once, and then one every tenth of a second."""
    limits = Usage(Account(rate=10, burst=2.0))
    taken = list(itertools.takewhile(lambda _: limits.refusal(letter(), 0.0) is None, range(100)))
    assert len(taken) == 20
    reply = limits.refusal(letter(), 0.05)
    assert reply
    assert classify(reply).cause.id == "send-rate"
    assert limits.refusal(letter(), 0.1001) is None
    assert sum(limits.refusal(letter(), 1 + number / 100) is None for number in range(1000)) == pytest.approx(
        109, abs=2
    )


def test_a_legacy_password_has_a_throttle_of_its_own() -> None:
    """The reply names SigV2, and a current password at the same time is not affected."""
    limits = Usage(Account(legacy_rate=1, burst=1.0))
    assert limits.refusal(letter(legacy=True), 0.0) is None
    reply = limits.refusal(letter(legacy=True), 0.1)
    assert reply
    assert classify(reply).cause.id == "sigv2-rate"
    assert limits.refusal(letter(), 0.1) is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"rate": 0}, "rate"), ({"daily_quota": -1}, "daily_quota"), ({"identities": "a@b"}, "identities")],
)
def test_a_wrong_account_is_told_so(wrong: dict[str, object], says: str) -> None:
    """Wrong use is a ValueError."""
    with pytest.raises(ValueError, match=says):
        Account(**wrong)  # type: ignore[arg-type]
