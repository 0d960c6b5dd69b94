"""`sestools credentials`: faults of credentials told, passwords derived and compared, and no secret shown."""

from __future__ import annotations

import json

import pytest
from commands import run

from sestools.core.credentials import account_of, smtp_password
from sestools.core.regions import KNOWN

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # AWS's public example
PASSWORDS = {
    "us-east-2": "BMPPgbAHoFVbze1Ud0oA5uNdXRwUXUZ+qOwphGJbl/cS",  # as in the tests of AWS's SDK for PHP
    "eu-west-1": "BMW5RDrXmmVs0lV7GpI4oLkHXpZ4stDsk6q91z1g38Pk",
}
USER = "AKIAY34FZKBOKMUTVV7A"


@pytest.mark.parametrize(("region", "password"), PASSWORDS.items())
def test_the_password_is_derived(region: str, password: str) -> None:
    """`--derive` prints the SMTP password of a region, and nothing else: it can be piped."""
    done = run("credentials", region, "--derive", "--stdin", stdin=f"\ufeff{SECRET}\r\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{password}\n", "")


def test_a_host_name_is_as_good_as_its_region() -> None:
    """The region is read out of an endpoint's name; another host has none."""
    host = "email-smtp.eu-west-1.amazonaws.com"
    assert PASSWORDS["eu-west-1"] in run("credentials", host, "--derive", "--stdin", stdin=SECRET).stdout
    assert run("credentials", "smtp.example.com", "--derive", "--stdin", stdin=SECRET).returncode == 2


def test_a_password_is_compared_with_every_region() -> None:
    """With the secret key the region that a password belongs to is named, whichever it is."""
    for region in ("eu-central-1", "us-gov-east-1", list(KNOWN)[-1]):
        stdin = f"{smtp_password(SECRET, region)}\n{SECRET}\n"
        done = run("credentials", "eu-west-1", "--user", USER, "--secret", "--stdin", "--json", stdin=stdin)
        found = json.loads(done.stdout)
        assert done.returncode == 1
        assert [one["causes"][0] for one in found["findings"]] == ["credential-wrong-region"]
        assert f"the password is for {region}, and the endpoint is in eu-west-1" in done.stdout
        assert found["account"] == "609629065308"
        assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("user", "password", "code", "says"),
    [
        (USER, PASSWORDS["eu-west-1"], 0, "comes from this secret access key, for eu-west-1"),
        (USER, SECRET, 1, "The password is the secret access key"),
        (PASSWORDS["eu-west-1"], USER, 1, "User name and password are swapped"),
        ("ASIAY34FZKBOKMUTVV7A", PASSWORDS["eu-west-1"], 1, "The user name is a temporary key"),
        ("shop@example.com", PASSWORDS["eu-west-1"], 1, "The user name is not an SMTP user name"),
        (USER, f'"{PASSWORDS["eu-west-1"]}"', 1, "Quotes are part of the credentials"),
        (USER, PASSWORDS["us-east-2"].replace("+", "%2B"), 1, "still URL-encoded"),
        (USER, smtp_password("x" * 40, "eu-west-1"), 1, "does not come from this secret key"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"]], ids=["text", "JSON", "Markdown"])
def test_faults_are_told_without_a_secret(
    user: str, password: str, code: int, says: str, form: list[str]
) -> None:
    """Each fault has its card and exit code 1; neither password nor key is shown in any form."""
    stdin = f"{password}\n{SECRET}\n"
    done = run("credentials", "eu-west-1", "--user", user, "--secret", "--stdin", *form, stdin=stdin)
    assert done.returncode == code, done.stdout + done.stderr
    if code or not form:
        assert says in done.stdout
    shown = done.stdout + done.stderr
    for hidden in (SECRET, SECRET[:20], PASSWORDS["eu-west-1"], PASSWORDS["eu-west-1"][10:30]):
        assert hidden not in shown


@pytest.mark.parametrize(
    ("words", "stdin", "says"),
    [
        (["--user", USER], "x\n", "no terminal to ask on: use --stdin"),
        ([], "x\n", "--user"),
        (["--user", USER, "--stdin"], "\n", "there is no SMTP password"),
        (["--user", USER, "--stdin", "--secret"], "x\n", "there is no AWS secret access key"),
        (["--derive", "--stdin", "--json"], "x\n", "prints the password alone"),
        (["--derive", "--secret", "--stdin"], "x\n", "not allowed with"),
        (["--user", USER, "--password", "hunter2hunter2"], "", "never given on the command line"),
    ],
)
def test_wrong_use_is_said(words: list[str], stdin: str, says: str) -> None:
    """What is missing is asked for in a sentence, with exit code 2, and what was typed is not repeated."""
    done = run("credentials", "eu-west-1", *words, stdin=stdin)
    assert done.returncode == 2
    assert says in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    ("id", "account"),
    [
        ("ASIAY34FZKBOKMUTVV7A", "609629065308"),  # both as published by Tal Be'ery
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),
        ("AKIAIOSFODNN7EXAMPLE", None),  # an old id contains none
        ("AKIAQNZGKIQY56JQ7WM", None),
        ("shop@example.com", None),
        ("", None),
    ],
)
def test_an_access_key_id_contains_its_account(id: str, account: str | None) -> None:
    """The account number is read out of newer ids, as published examples have it."""
    assert account_of(id) == account
