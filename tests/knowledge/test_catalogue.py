"""The catalogue is complete, consistent, and says what a user can act on."""

from __future__ import annotations

import re

import pytest

from sestools.core.cause import Cause
from sestools.core.enums import Mark, Retry, Stage, Who
from sestools.core.smtp import read_reply
from sestools.knowledge.table import CAUSES, cause

DOCUMENTED = """
    auth-ok accepted too-many-connections service-failure-451 idle-timeout daily-quota send-rate auth-temporary
    service-failure-454 auth-required bad-credentials not-subscribed too-long from-syntax rcpt-syntax iam-denied
    not-verified sigv2-rate
""".split()  # noqa: SIM905 - a list of words is read more easily so
SEEN = """
    starttls-first session-limit closing-421 from-invalid rcpt-invalid mailfrom-domain suspended paused
    old-tls transaction-failed duplicate-header missing-boundary content-type-syntax content-disposition-syntax
    address-without-domain unbalanced-quote domain-character domain-name local-part-character
""".split()  # noqa: SIM905 - a list of words is read more easily so
CLIENT_SIDE = """
    name-not-found connect-timeout connection-refused no-greeting wrapper-on-starttls certificate-expired
    certificate-wrong-name certificate-unknown-issuer certificate-self-signed certificate-invalid tls-version
    foreign-greeting starttls-missing starttls-masked starttls-injected mtu-stall connection-lost reply-timeout garbled
    mtu-black-hole mtu-narrow-path mtu-unfinished idle-forgotten resolver-timeout vpc-endpoint-blocked auth-missing auth-mechanism host-not-ses
    reply-unasked not-finished other-protocol clear-text-on-tls-port starttls-refused smtp-inspected
    refused-by-another accepted-by-another client-certificate-wanted server-name-refused server-tls-too-old
    certificate-weak chain-incomplete ca-file-wrong
    connection-limit lossy-path slow-path tls-swallowed stall-by-bytes resolver-down resolver-failed resolver-dead
    resolver-aaaa name-slow name-elsewhere name-hijacked address-not-ses
    network-unreachable local-firewall wrong-endpoint bad-sequence command-refused healthy port25-blocked ports-blocked
    ports-refused closed-at-once
    egress-blocked addresses-dead ipv6-broken tls-intercepted client-limiter reply-hidden not-ses recipient-rejected
    unknown-4xx unknown-5xx unknown
""".split()  # noqa: SIM905 - a list of words is read more easily so
CREDENTIALS = """
    temporary-key wrong-field secret-key legacy whitespace quotes url-encoded swapped mail-manager shape wrong-region
    other-key
""".split()  # noqa: SIM905 - a list of words is read more easily so


def test_every_known_failure_has_its_row() -> None:
    """What AWS documents, what logs show, what a client sees, and the credential lints are all there."""
    wanted = [*DOCUMENTED, *SEEN, *CLIENT_SIDE, *(f"credential-{name}" for name in CREDENTIALS)]
    ids = [row.id for row in CAUSES]
    assert len(ids) == len(set(ids))
    assert set(wanted) | {"too-many-recipients"} == set(ids)


@pytest.mark.parametrize("id", DOCUMENTED)
def test_what_aws_documents_is_marked_so(id: str) -> None:
    """A card can say 'documented' of exactly what AWS says, and name AWS's page."""
    assert cause(id).mark is Mark.DOCUMENTED
    assert cause(id).source.startswith(("https://docs.aws.amazon.com/", "https://aws.amazon.com/"))


@pytest.mark.parametrize("id", SEEN)
def test_what_only_logs_show_is_marked_so(id: str) -> None:
    """A card says 'seen' of what AWS does not document."""
    assert cause(id).mark is Mark.SEEN


WIRE = [row for row in CAUSES if row.codes]


@pytest.mark.parametrize("row", WIRE, ids=lambda row: row.id)
def test_the_first_sample_of_a_reply_is_what_goes_over_the_wire(row: Cause) -> None:
    """The simulator can say it: a code of the row, then text, at a stage."""
    reply = read_reply(row.samples[0])
    assert reply.code in row.codes
    assert row.stage is not None
    assert re.search(row.pattern, row.samples[0], re.IGNORECASE)


@pytest.mark.parametrize("row", CAUSES, ids=lambda row: row.id)
def test_a_row_can_be_read_and_acted_on(row: Cause) -> None:
    """Titles are short and without a final dot, the rest are sentences; there is a link and somebody to act."""
    assert len(row.title) <= 90
    assert not row.title.endswith(".")
    for sentence in (row.meaning, *row.fix, *row.ruled_out, *([row.note] if row.note else [])):
        assert sentence[0].isupper() or sentence[0] in "`'", sentence
        assert sentence.rstrip(")").endswith((".", "?", ":", "`")), sentence
    assert re.fullmatch(r"https://[\w./#-]+", row.source)
    assert row.who
    assert set(row.who) <= set(Who)


def test_the_retry_advice_follows_the_first_digit() -> None:
    """No 5xx is repeated unchanged, and each 4xx of SES may be tried again in some way."""
    for row in WIRE:
        codes = {code // 100 for code in row.codes}
        if codes == {5} and row.id != "mailfrom-domain":  # heals by itself once DNS is right
            assert row.retry is Retry.NO, row.id
        if codes == {4}:
            assert row.retry in (Retry.SOON, Retry.SLOWER, Retry.NEW_CONNECTION, Retry.HOURS), row.id
    for id in ("session-limit", "idle-timeout", "closing-421"):
        assert cause(id).retry is Retry.NEW_CONNECTION
    assert cause("daily-quota").retry is Retry.HOURS
    assert cause("send-rate").retry is Retry.SLOWER
    assert cause("mtu-stall").retry is Retry.UNKNOWN_FATE


def test_an_unknown_id_is_refused() -> None:
    """A typing error in an id is wrong use, and the message says so."""
    with pytest.raises(ValueError, match="no cause is called 'idle-timeuot'"):
        cause("idle-timeuot")


def test_identity_and_quota_checks_come_at_the_end_of_the_message() -> None:
    """SES judges nearly everything after the final dot; the table says so."""
    for id in ("not-verified", "iam-denied", "paused", "daily-quota", "send-rate", "transaction-failed"):
        assert cause(id).stage is Stage.BODY
