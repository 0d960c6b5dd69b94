"""The vocabulary: what cannot be built, and what never shows."""

import copy
import dataclasses
import pickle
from collections import Counter
from pathlib import Path

import pytest

from sestools.core import endpoints
from sestools.core.cause import Basis, Cause
from sestools.core.credentials import Credentials, smtp_password
from sestools.core.document import Document, Link
from sestools.core.endpoints import Security
from sestools.core.enums import Mark, Retry, Stage, Who
from sestools.core.errors import UsageError
from sestools.core.regions import AS_OF, KNOWN, doubt
from sestools.core.results import Reply, Symptom
from sestools.core.target import Target
from sestools.core.text import duration, printable
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import cause
from sestools.render.html import as_html

SECRET = "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"
HOSTILE = "<script>alert(1)</script> \x1b[2J\x1b]0;owned\x07 `x` | [a](javascript:b) \u202e\x00 \r\n# heading"


def make(**more: object) -> Cause:
    """A cause with everything that it needs."""
    fields: dict[str, object] = {
        "id": "some-cause",
        "title": "Title",
        "meaning": "Meaning.",
        "fix": ("Fix it",),
        "retry": Retry.NO,
        "who": (Who.YOU,),
        "basis": Basis(Mark.SEEN, "https://example.com/page"),
    }
    return Cause(**{**fields, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"host": "a b"}, "neither a host name nor an IP"),
        ({"host": "x\r\ny"}, "neither a host name nor an IP"),
        ({"host": ""}, "neither a host name nor an IP"),
        ({"host": "::1%$(id)"}, "neither a host name nor an IP"),
        ({"host": "fe80::1%"}, "neither a host name nor an IP"),
        ({"host": "fe80::1%eth0;id"}, "neither a host name nor an IP"),
        ({"host": "127.0.0.1%eth0"}, "neither a host name nor an IP"),
        ({"host": "fe80::1%a%b"}, "neither a host name nor an IP"),
        ({"host": "example.com", "connect_to": ("fe80::1%\n", 25)}, "neither a host name nor an IP"),
        ({"host": "example.com", "port": 0}, "1 to 65535"),
        ({"host": "example.com", "port": True}, "1 to 65535"),
        ({"host": "example.com", "connect_to": ("127.0.0.1", 70000)}, "1 to 65535"),
        ({"host": "example.com", "security": "ssl"}, "ssl"),
    ],
)
def test_an_illegal_target_cannot_be_built(fields: dict[str, object], says: str) -> None:
    """Wrong use is a ValueError that names what is wrong."""
    with pytest.raises(ValueError, match=says):
        Target(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("scope", ["eth0", "3", "br-lan.100", "wlp0s20f3"])
def test_an_address_can_have_a_scope(scope: str) -> None:
    """An address of a link says which interface leads to it, by name or by number."""
    assert Target(host="example.com", connect_to=(f"fe80::1%{scope}", 25)).connect_to == (
        f"fe80::1%{scope}",
        25,
    )


@pytest.mark.parametrize(("port", "security"), endpoints.PORTS.items())
def test_each_ses_port_has_its_tls_mode(port: int, security: Security) -> None:
    """A target takes its port's TLS mode unless told otherwise."""
    assert Target.ses("eu-west-1", port=port).security is security
    assert Target.ses("eu-west-1", port=port, security="plain").security is Security.PLAIN


@pytest.mark.parametrize("region", ["", "europe", "eu-west-1.example.com", "eu west 1"])
def test_a_name_that_is_no_region_is_refused(region: str) -> None:
    """What cannot be a region is refused, with an example."""
    with pytest.raises(ValueError, match="eu-west-1"):
        endpoints.smtp_host(region)


@pytest.mark.parametrize(
    ("stage", "retry"),
    [
        (Stage.GREETING, Retry.SOON),
        (Stage.AUTH, Retry.SOON),
        (Stage.DATA, Retry.SOON),
        (Stage.BODY, Retry.UNKNOWN_FATE),
        (Stage.IDLE, Retry.UNKNOWN_FATE),
        (None, Retry.UNKNOWN_FATE),
    ],
)
def test_a_message_that_was_not_sent_was_not_accepted(stage: Stage | None, retry: Retry) -> None:
    """A lost reply leaves a message's fate unknown only if the message may have been sent."""
    diagnosis = Diagnosis(symptom=Symptom(stage=stage), candidates=(cause("reply-timeout"),))
    assert diagnosis.retry is retry
    assert ("duplicate" in diagnosis.to_markdown()) is (retry is Retry.UNKNOWN_FATE)
    assert diagnosis.to_dict()["retry"] == str(retry)


def test_a_region_in_capitals_is_fine() -> None:
    """SES itself writes EU-WEST-1 in its replies."""
    assert endpoints.smtp_host("EU-WEST-1") == "email-smtp.eu-west-1.amazonaws.com"


def test_what_may_be_a_new_region_is_not_refused_and_what_is_none_is() -> None:
    """A name like a region's is allowed, with a doubt, for DNS decides; a slip is met with the names that are near."""
    assert endpoints.smtp_host("eu-north-3") == "email-smtp.eu-north-3.amazonaws.com"
    assert "not among the regions that were known" in doubt("eu-north-3")
    with pytest.raises(UsageError, match=r"called 'eu-wst-1'; did you mean eu-west-1.*\?"):
        endpoints.smtp_host("eu-wst-1")
    with pytest.raises(UsageError, match=r"give its host name: email-smtp\.xx-north-9\.amazonaws\.com"):
        endpoints.smtp_host("xx-north-9")


@pytest.mark.parametrize(("region", "why"), [("cn-north-1", "China"), ("eusc-de-east-1", "not known")])
def test_no_host_is_invented(region: str, why: str) -> None:
    """Where SES does not exist, or nobody says that it has SMTP and under which domain, there is no host name."""
    with pytest.raises(UsageError, match=why):
        endpoints.smtp_host(region)


def test_the_documented_table_of_regions_is_the_one_in_use() -> None:
    """What `docs/regions.md` says of each region is what the commands go by."""
    text = (Path(__file__).parents[2] / "docs" / "regions.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip(" `") for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    assert AS_OF in text
    assert [(name, partition, smtp, fips) for name, partition, smtp, fips, _ in rows] == [
        (one.name, one.partition, str(one.smtp), "seen" if one.fips else "") for one in KNOWN.values()
    ]


def test_how_sure_each_region_is() -> None:
    """The 17 that AWS lists, three that one client lists, and those with the API: each says what it rests on."""
    marks = Counter((str(region.smtp), region.partition) for region in KNOWN.values())
    assert marks["documented", "aws"] == 15
    assert marks["documented", "aws-us-gov"] == 2
    assert marks["seen", "aws"] == 3
    assert len(endpoints.REGIONS) == 17
    assert {name for name, region in KNOWN.items() if region.fips} == {"us-east-1", "us-east-2", "us-west-2", "us-gov-west-1"}  # fmt: skip
    assert doubt("eu-west-1") == ""
    assert "reported" in doubt("eu-west-3")
    assert "is not known" in doubt("me-south-1")
    assert "code sample lists it, but" in doubt("eu-south-1")


@pytest.mark.parametrize(
    ("host", "region", "alike"),
    [
        ("email-smtp.eu-west-1.amazonaws.com", "eu-west-1", None),
        ("email-smtp-fips.us-gov-west-1.amazonaws.com.", "us-gov-west-1", None),
        ("vpce-0a1b-2c3d.email-smtp.us-west-2.vpce.amazonaws.com", "us-west-2", None),
        ("email.eu-west-1.amazonaws.com", None, "HTTPS API"),
        ("email-fips.us-east-1.amazonaws.com", None, "HTTPS API"),
        ("email.eu-west-1.api.aws", None, "HTTPS API"),
        ("email-fips.us-east-1.api.aws", None, "HTTPS API"),
        ("email-smtp.eu-west-1.api.aws", None, "no SMTP endpoint"),
        ("inbound-smtp.eu-west-1.amazonaws.com", None, "receives"),
        ("a27-201.smtp-out.us-west-2.amazonses.com", None, "outbound"),
        ("abc.mail-manager-smtp.amazonaws.com", None, "Mail Manager"),
        ("smtp.gmail.com", None, None),
    ],
)
def test_host_names_are_told_apart(host: str, region: str | None, alike: str | None) -> None:
    """The endpoint's names give their region; look-alikes say what they are."""
    assert endpoints.region_of(host) == region
    found = endpoints.look_alike(host)
    assert (found is None) if alike is None else (alike in (found or ""))


def test_credentials_never_show_their_password() -> None:
    """Neither repr, str, a target's repr nor a copy gives the password away; they are not pickled, and it says why."""
    credentials = Credentials(user="AKIAIOSFODNN7EXAMPLE", password=SECRET)
    target = Target.ses("eu-west-1", credentials=credentials)
    assert SECRET not in repr(credentials) + str(credentials) + repr(target) + str(target) + f"{target!r}"
    for copied in (copy.copy(target), copy.deepcopy(target), dataclasses.replace(target)):
        assert copied == target
        assert (
            SECRET not in f"{copied}{copied!r}{dataclasses.asdict(copied)}{vars(copied)}{vars(credentials)}"
        )
    with pytest.raises(TypeError, match=r"stay in the process.*replace\(target, credentials=None\)"):
        pickle.dumps(target)
    assert Credentials(user="AKIAIOSFODNN7EXAMPLE", password="another") != credentials
    typed_into_the_wrong_field = Credentials(
        user=smtp_password(SECRET, "eu-west-1"), password="AKIAIOSFODNN7EXAMPLE"
    )
    assert typed_into_the_wrong_field.user not in repr(typed_into_the_wrong_field)


@pytest.mark.parametrize("bad", [("", "x"), ("x", ""), ("x\0", "y")])
def test_illegal_credentials_are_refused_without_showing_them(bad: tuple[str, str]) -> None:
    """The refusal names no value."""
    with pytest.raises(ValueError, match=r"credentials need|cannot hold"):
        Credentials(user=bad[0], password=bad[1])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("pässword".encode("latin-1"), "not UTF-8 text"),
        ("password".encode("utf-16"), "not UTF-8 text"),
        ("password".encode("utf-8-sig"), "byte order mark"),
    ],
)
def test_a_password_file_in_another_encoding_is_refused_clearly(data: bytes, says: str) -> None:
    """As Python reads such a file; neither the message nor what led to it quotes the secret."""
    read = data.decode("utf-8", "surrogateescape")
    with pytest.raises(ValueError, match=says) as caught:
        Credentials(user="AKIAIOSFODNN7EXAMPLE", password=read)
    assert caught.type is UsageError
    assert "ssword" not in str(caught.value).replace("password", "")
    assert caught.value.__context__ is None


@pytest.mark.parametrize("code", [0, 99, 1000])
def test_a_reply_code_has_three_digits(code: int) -> None:
    """No other number can be a reply's code."""
    with pytest.raises(ValueError, match="three digits"):
        Reply(code=code)


def test_printable_obeys_nothing_and_is_bounded() -> None:
    """Escape sequences, line ends, NUL and direction overrides come out as visible escapes."""
    shown = printable(HOSTILE)
    assert not any(char in shown for char in "\x1b\x00\x07\r\n\u202e")
    assert r"\x1b[2J" in shown
    assert len(printable("x" * 10_000)) == 501


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0004, "0.4 ms"), (0.0213, "21 ms"), (0.9999, "1.0 s"), (5.02, "5.0 s")]
)
def test_durations_are_for_people(seconds: float, text: str) -> None:
    """Milliseconds below a second, seconds above."""
    assert duration(seconds) == text


def test_a_card_shows_hostile_text_raw_nowhere() -> None:
    """A reply with HTML, Markdown and terminal escapes is shown, never rendered."""
    diagnosis = Diagnosis(
        symptom=Symptom(detail=HOSTILE), candidates=(make(),), evidence=(HOSTILE,), ruled_out=(HOSTILE,)
    )
    page = diagnosis._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    markdown = diagnosis.to_markdown()
    assert "\\<script\\>" in markdown
    assert "[a](" not in markdown
    assert "\n# heading" not in markdown
    for text in (page, markdown, str(diagnosis)):
        assert not any(char in text for char in "\x1b\x00\x07\r\u202e")


@pytest.mark.parametrize("address", ["https://x/'onclick=alert(1)", "javascript:alert(1)", "https://a b"])
def test_only_a_plain_address_becomes_a_link(address: str) -> None:
    """An address with anything odd in it stays text."""
    assert "<a href=" in as_html(Document(lead=(Link("https://docs.aws.amazon.com/a#b"),)))
    assert "<a" not in as_html(Document(lead=(Link(address),)))


def test_every_retry_has_advice() -> None:
    """No card can be built whose retry advice is missing."""
    assert all(retry.advice and retry.short for retry in Retry)
    for retry in set(Retry) - {Retry.NOT_NEEDED}:
        assert retry.advice in str(Diagnosis(symptom=Symptom(), candidates=(make(retry=retry),)))


@pytest.mark.parametrize(
    "fields", [{"id": "Some Cause"}, {"title": ""}, {"fix": ()}, {"basis": Basis(Mark.SEEN, "")}]
)
def test_an_incomplete_cause_cannot_be_built(fields: dict[str, object]) -> None:
    """A row of knowledge says what, what to do, and who says so."""
    with pytest.raises(ValueError, match="cause"):
        make(**fields)
