"""SMTP passwords are derived as AWS derives them, and what is wrong with credentials is said without a secret."""

from __future__ import annotations

import base64
import json

import pytest

from sestools.core.credentials import Credentials, smtp_password, smtp_password_v2
from sestools.diagnosis.credential_check import examine

EXAMPLE = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
USER = "AKIAIOSFODNN7EXAMPLE"

# AWS's public example key; the us-east-2 row and the old kind equal those in the tests of AWS's SDK for PHP,
# the short keys those of Terraform's AWS provider.
VECTORS = [
    (EXAMPLE, "us-east-1", "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"),
    (EXAMPLE, "us-east-2", "BMPPgbAHoFVbze1Ud0oA5uNdXRwUXUZ+qOwphGJbl/cS"),
    (EXAMPLE, "us-west-1", "BPjA45pIrcape5I6tUdaWxFAaPtEkMnkt+2R0m2pw7SF"),
    (EXAMPLE, "us-west-2", "BF2PynzbSCAjX08zhZZnP/kW+T9P5zs/1Er0pi5vTEmd"),
    (EXAMPLE, "eu-west-1", "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk"),
    (EXAMPLE, "eu-central-1", "BF0/eIJm0ruTHsSjOkRuOGzGF+zeSyE3aiRzrzUQ8LwG"),
    (EXAMPLE, "eu-north-1", "BPfy85A/4ChxYc0s4mIG5bpIlvRl5AP1uupODe8KaHpf"),
    (EXAMPLE, "ap-south-1", "BC+0XHfzX9OCIS1tbpn8R5pwm6cCZJGBRZ/nTeWUV9n+"),
    (EXAMPLE, "ap-northeast-1", "BEBMrlH2tcrvRtSfkd6WbOlpfHSCPAV60ZayJ9ZqHS5c"),
    (EXAMPLE, "ap-southeast-2", "BLNVIwl1Vk66qi8YP1q44PSaqUtaoyrS/0LT79VaGBfa"),
    (EXAMPLE, "ca-central-1", "BAasSsnWzpnb1x/UOD58KEOQvGKrh4RNYWJDqqq9/dFC"),
    (EXAMPLE, "sa-east-1", "BMaY55NZ29oKHOmwPeGZOue+QPW4b9Vwt4rVGhRfAK+4"),
    (EXAMPLE, "us-gov-west-1", "BHW/eHvx1MM9YwW4wrJG6MGVQmLDCAM99G9YiSdGEIAw"),
    (EXAMPLE, "us-gov-east-1", "BDbjzo1L7xKOxIjPyOlWfCvgg1PUXUV1g6vaCtxyPF/r"),
    ("some+secret+key", "eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
    ("some+secret+key", "us-west-1", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
    ("another+secret+key", "eu-central-1", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
    ("another+secret+key", "us-west-1", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF"),
]
OLD_VECTORS = [
    (EXAMPLE, "An60U4ZD3sd4fg+FvXUjayOipTt8LO4rUUmhpdX6ctDy"),
    ("some+secret+key", "AnkqhOiWEcszZZzTMCQbOY1sPGoLFgMH9zhp4eNgSjo4"),
    ("another+secret+key", "Akwqr0Giwi8FsQFgW3DXWCC2DiiQ/jZjqLDWK8TeTBgL"),
]
GOOD = VECTORS[4][2]


@pytest.mark.parametrize(("secret", "region", "password"), VECTORS)
def test_the_password_is_derived_as_aws_does(secret: str, region: str, password: str) -> None:
    """The published vectors come out."""
    assert smtp_password(secret, region) == password


@pytest.mark.parametrize(("secret", "password"), OLD_VECTORS)
def test_the_old_password_is_derived_as_aws_did(secret: str, password: str) -> None:
    """So do those of the kind that was made before 2019."""
    assert smtp_password_v2(secret) == password


@pytest.mark.parametrize(
    "make",
    [lambda: smtp_password("", "eu-west-1"), lambda: smtp_password("x", ""), lambda: smtp_password_v2("")],
)
def test_an_empty_key_or_region_is_refused(make: object) -> None:
    """Nothing sensible can be derived from nothing."""
    assert callable(make)
    with pytest.raises(ValueError, match="needed"):
        make()


@pytest.mark.parametrize(
    ("user", "password", "secret", "ids", "says"),
    [
        (USER, GOOD, None, [], ""),
        (USER, GOOD, EXAMPLE, [], ""),
        ("ASIAIOSFODNN7EXAMPLE", GOOD, None, ["credential-temporary-key"], "ASIA"),
        ("shop@example.com", GOOD, None, ["credential-wrong-field"], "e-mail address"),
        ("ses-smtp-user.20240102-030405", GOOD, None, ["credential-wrong-field"], "IAM user"),
        ("111122223333", GOOD, None, ["credential-wrong-field"], "12 digits"),
        ("inp-abc123", GOOD, None, ["credential-mail-manager"], "inp-"),
        (USER, EXAMPLE, None, ["credential-secret-key"], "40 characters"),
        (USER, EXAMPLE, EXAMPLE, ["credential-secret-key"], "an SMTP password has 44"),
        (USER, OLD_VECTORS[0][1], None, ["credential-legacy"], "before 10 January 2019"),
        (USER, OLD_VECTORS[0][1], EXAMPLE, ["credential-legacy"], "before 10 January 2019"),
        (f" {USER}", GOOD, None, ["credential-whitespace"], "user name begins"),
        (USER, GOOD + "\n", None, ["credential-whitespace"], "password ends"),
        (USER, f'"{GOOD}"', None, ["credential-quotes"], "quote"),
        (USER, f"'{EXAMPLE}'\n", None, ["credential-whitespace", "credential-quotes", "credential-secret-key"], "40"),
        (USER, VECTORS[0][2].replace("+", "%2B").replace("/", "%2F"), None, ["credential-url-encoded"], "%2F"),
        (GOOD, USER, None, ["credential-swapped"], "access key id"),
        (USER, VECTORS[0][2].replace("+", " "), None, ["credential-whitespace"], "inside"),
        (USER, GOOD[:-5], None, ["credential-shape"], "has 39 characters"),
        (USER, GOOD[:-3], None, ["credential-shape"], "has 41 characters"),
        (USER, "x" * 44, None, ["credential-shape"], "44 characters"),
        (USER, "hunter2", None, ["credential-shape"], "has 7 characters"),
        (USER, VECTORS[0][2], EXAMPLE, ["credential-wrong-region"], "us-east-1"),
        (USER, smtp_password("some+other+key", "eu-west-1"), EXAMPLE, ["credential-other-key"], "in none of"),
    ],
)  # fmt: skip
def test_each_fault_has_its_own_cause(
    user: str, password: str, secret: str | None, ids: list[str], says: str
) -> None:
    """Every lint names its cause, says what it saw, and shows neither password nor key."""
    found = examine(Credentials(user=user, password=password), region="eu-west-1", secret_access_key=secret)
    assert [diagnosis.cause.id for diagnosis in found] == ids
    shown = " ".join(
        str(diagnosis) + json.dumps(diagnosis.to_dict()) + repr(diagnosis) for diagnosis in found
    )
    assert says in shown
    for hidden in (password.strip(), EXAMPLE, base64.b64encode(password.encode()).decode()):
        assert hidden == USER or hidden not in shown


def test_the_shape_alone_does_not_tell_the_region() -> None:
    """A well-formed password of another region is not doubted unless the secret key is there to compare."""
    assert examine(Credentials(user=USER, password=VECTORS[0][2]), region="eu-west-1") == ()
