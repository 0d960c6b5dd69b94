"""What `classify` makes of replies in every dress, of other servers' words, and of anything at all."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from framings import FRAMINGS, HOST, NAMES_SES, WITHOUT_CODE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sestools.catalogue import CAUSES
from sestools.classifier import classify
from sestools.model import Kind, ProbeResult, Reply, Security, Stage, Symptom, Target
from sestools.terms import Outcome

DATA = Path(__file__).parent / "data"
OTHERS = {"not-ses", "recipient-rejected", "unknown", "unknown-4xx", "unknown-5xx"}


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a data file; never none."""
    found = [json.loads(line) for line in (DATA / name).read_text().splitlines()]
    assert found
    return found


SAMPLES = [(cause.id, sample) for cause in CAUSES for sample in cause.samples]


@pytest.mark.parametrize(("id", "sample"), SAMPLES)
def test_every_sample_leads_to_its_cause(id: str, sample: str) -> None:
    """What the catalogue shows for a cause is recognised as that cause."""
    assert classify(sample).cause.id == id


def dotted(text: str) -> str:
    """A text with a final dot if it had none, and without if it had."""
    return text[:-1] if text.endswith(".") and not text.endswith("..") else text + "."


TRANSFORMATIONS = {
    "as it is": lambda text: text,
    "final dot": dotted,
    "lower": str.lower,
    "upper": str.upper,
    "other region": lambda text: text.replace("AP-NORTHEAST-1", "EU-SOUTH-1").replace("sa-east-1", "me-south-1"),
    "no final dot, lower": lambda text: dotted(text).lower(),
}
VARIANTS = rows("wire_variants.jsonl")


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("row", VARIANTS, ids=lambda row: row["reply"][:50])
def test_an_unseen_variant_is_recognised_in_every_dress(row: dict[str, Any], framing: str) -> None:
    """Dot, letter case, region and client do not change the diagnosis."""
    code, text = int(row["reply"][:3]), row["reply"][4:]
    dress = FRAMINGS[framing]
    wanted = {row["cause"]}
    if dress in WITHOUT_CODE and text.lower().startswith("temporary service failure"):
        wanted = {"service-failure-451", "service-failure-454"}
    wrong = [
        (name, diagnosis.cause.id, seen)
        for name, change in TRANSFORMATIONS.items()
        if (diagnosis := classify(seen := dress(code, change(text), row["stage"]))).cause.id not in wanted
    ]
    assert not wrong


@pytest.mark.parametrize("row", VARIANTS, ids=lambda row: row["reply"][:50])
def test_an_enhanced_code_does_not_hide_ses(row: dict[str, Any]) -> None:
    """A status code before the words is passed over, at least where the SES host is named."""
    code, text = int(row["reply"][:3]), row["reply"][4:]
    if re.match(r"[45]\.", text):
        text = text[6:]
    for enhanced in (f"{code // 100}.7.1", f"{code // 100}.0.0"):
        for dress in NAMES_SES:
            seen = dress(code, f"{enhanced} {text}", row["stage"])
            assert classify(seen).cause.id == row["cause"], seen
        if code != 530:
            assert classify(f"{code} {enhanced} {text}").cause.id == row["cause"]


@pytest.mark.parametrize("row", VARIANTS, ids=lambda row: row["reply"][:50])
def test_pairs_and_replies_are_taken_as_they_are(row: dict[str, Any]) -> None:
    """A (code, text) pair, a dict of refused recipients and a Reply mean the same."""
    code, text = int(row["reply"][:3]), row["reply"][4:]
    reply = Reply(code=code, lines=(text,))
    symptom = Symptom(kind=Kind.REPLY, stage=Stage(row["stage"]), reply=reply, detail=str(reply), host=HOST, port=587)
    for seen in ((code, text), (code, text.encode()), {"a@example.net": (code, text.encode())}, reply, symptom):
        assert classify(seen).cause.id == row["cause"], seen


def test_other_providers_are_not_called_ses() -> None:
    """Not one reply of another provider or of a recipient's server becomes a cause of SES's own."""
    theirs = rows("other_providers.jsonl")
    assert len(theirs) >= 50
    wrong = [(row["text"], id) for row in theirs if (id := classify(row["text"]).cause.id) not in OTHERS]
    assert not wrong
    unsure = [row["text"] for row in theirs if classify(row["text"]).cause.id.startswith("unknown")]
    assert len(unsure) <= len(theirs) // 10, unsure


ACCEPTABLE = {
    "account_paused": {"paused", "suspended"},
    "authentication_required": {"auth-required"},
    "connect_timeout": {"connect-timeout", "port25-blocked", "wrong-endpoint"},
    "connection_lost": {"connection-lost"},
    "connection_refused": {"connection-refused"},
    "daily_quota_exceeded": {"daily-quota"},
    "identity_not_verified": {"not-verified"},
    "idle_timeout": {"idle-timeout"},
    "invalid_credentials": {"bad-credentials"},
    "mail_from_syntax": {"from-invalid", "from-syntax"},
    "message_rejected_content": {
        "transaction-failed", "duplicate-header", "missing-boundary", "content-type-syntax",
        "content-disposition-syntax", "address-without-domain", "unbalanced-quote", "domain-character",
        "domain-name", "local-part-character", "too-many-recipients",
    },
    "not_authorized": {"iam-denied"},
    "not_ses": {"not-ses", "recipient-rejected"},
    "port25_blocked": {"port25-blocked"},
    "rcpt_to_syntax": {"rcpt-invalid", "rcpt-syntax"},
    "recipient_rejected": {"recipient-rejected"},
    "send_rate_exceeded": {"send-rate"},
    "starttls_required": {"starttls-first"},
    "tls_certificate": {
        "certificate-expired", "certificate-wrong-name", "certificate-unknown-issuer", "certificate-self-signed",
        "certificate-invalid",
    },
    "tls_version": {"tls-version", "old-tls"},
    "tls_wrong_mode": {"wrapper-on-starttls", "no-greeting"},
    # What has no label of its own in the collection, told by its note.
    "other": {
        "session-limit", "local-firewall", "wrong-endpoint", "bad-sequence", "client-limiter", "closing-421",
        "mailfrom-domain", "command-refused",
    },
}  # fmt: skip


def test_the_collection_of_real_errors_is_understood() -> None:
    """At least 95 % of the collected errors are right, and none of another provider's is called SES's."""
    collected = rows("corpus_sample.jsonl")
    wrong = []
    for row in collected:
        also = re.findall(r"also acceptable: (\w+)", row.get("note", ""))
        wanted = set().union(*(ACCEPTABLE[label] for label in (row["label"], *also)))
        found = classify(row["text"]).cause.id
        if found not in wanted:
            wrong.append((row["label"], found, row["text"]))
    assert not [row for row in wrong if row[0] in ("not_ses", "recipient_rejected")]
    assert len(wrong) <= 0.05 * len(collected), wrong


def test_field_reports_are_understood() -> None:
    """At least 95 % of what users pasted into issue trackers is right."""
    reports = rows("field_reports.jsonl")
    wrong = [(id, row) for row in reports if (id := classify(row["text"]).cause.id) not in row["causes"]]
    assert len(wrong) <= 0.05 * len(reports), wrong
    assert not [row for row in wrong if "not-ses" in row[1]["causes"] and row[0] not in OTHERS]
