"""What is visibly wrong with SMTP credentials, told without a connection."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterator

from sestools.core.cause import Cause
from sestools.core.credentials import _V2, _V4, LENGTH, Credentials, smtp_password
from sestools.core.enums import Stage
from sestools.core.regions import KNOWN
from sestools.core.results import Symptom
from sestools.diagnosis.result import Diagnosis
from sestools.knowledge.table import cause

_SECRET_LENGTH = 40  # characters of an AWS secret access key


def examine(
    credentials: Credentials, region: str | None = None, secret_access_key: str | None = None
) -> tuple[Diagnosis, ...]:
    """What is visibly wrong with SMTP credentials, the weightiest first; empty if nothing is.

    Nothing is sent anywhere, and no evidence shows the password or the key.

    Args:
        credentials: What the client is configured with.
        region: The region of the endpoint.
        secret_access_key: The AWS key of the password; only it shows that another region or key made it.
    """
    lints = [*_both(credentials), *_user(_bare(credentials.user)), *_password(credentials.password)]
    if secret_access_key and not any(id in _SPOILT for id, _ in lints):
        lints += _origin(credentials.password.strip(), region, secret_access_key.strip())
    return tuple(_diagnosis(cause(id), evidence) for id, evidence in lints)


def _diagnosis(row: Cause, evidence: str) -> Diagnosis:
    seen = Symptom(stage=Stage.AUTH, detail=evidence)
    return Diagnosis(symptom=seen, candidates=(row,), evidence=(evidence,), ruled_out=row.ruled_out)


Lint = tuple[str, str]  # a cause's id and its evidence

_SPOILT = {"credential-swapped", "credential-secret-key", "credential-shape", "credential-legacy"}
"""Faults of the password that make a comparison with the key pointless."""

_KEY_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,124}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"


def _bare(value: str) -> str:
    """A value without white space and quotes around it and without URL encoding (in which a blank is a +)."""
    inner = value.strip().strip(_QUOTES).strip().replace(" ", "+")
    return re.sub(r"%(2B|2F|3D)", lambda found: chr(int(found[1], 16)), inner, flags=re.IGNORECASE)


def _bytes(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _both(credentials: Credentials) -> Iterator[Lint]:
    for name, value in (("user name", credentials.user), ("password", credentials.password)):
        if value != value.strip():
            side = "begins" if value != value.lstrip() else "ends"
            yield "credential-whitespace", f"the {name} {side} with white space"
        elif re.search(r"\s", value):
            why = "(a + decoded as in a URL becomes a blank)"
            yield "credential-whitespace", f"the {name} has white space inside {why}"
        if value.strip()[:1] in _QUOTES or value.strip()[-1:] in _QUOTES:
            yield "credential-quotes", f"the {name} begins or ends with a quote"
    if _KEY_ID.fullmatch(_bare(credentials.password)):
        yield "credential-swapped", "the password has the shape of an access key id, which is the user name"


_USERS = (
    (".*@.*", "is an e-mail address"),
    (r"\d{12}", "has 12 digits, as an account number has"),
    ("(?i)ses-smtp-user.*", "is the name of an IAM user"),
    (".*", "is not an access key id"),
)


def _user(user: str) -> Iterator[Lint]:
    if user.startswith("ASIA"):
        yield "credential-temporary-key", "the user name begins with ASIA"
    elif user.lower().startswith("inp-"):
        yield "credential-mail-manager", "the user name begins with inp-"
    elif not _KEY_ID.fullmatch(user) and len(_bytes(user)) not in (30, 33):
        found = next(found for pattern, found in _USERS if re.fullmatch(pattern, user, re.DOTALL))
        yield "credential-wrong-field", f"the user name {found}; an SMTP user name begins with AKIA"


def _password(given: str) -> Iterator[Lint]:
    password = _bare(given)
    if re.search(r"%(?:2B|2F|3D)", given, re.IGNORECASE):
        yield "credential-url-encoded", "the password holds %2B, %2F or %3D"
    raw = _bytes(password)
    if _KEY_ID.fullmatch(password) or (len(raw) == 33 and raw[0] == _V4):
        return  # swapped, which is told already, or as it should be
    length = f"the password has {len(password)} characters"
    if len(raw) == 33 and raw[0] == _V2:
        yield "credential-legacy", "the password is of the kind made before 10 January 2019"
    elif len(password) == _SECRET_LENGTH and _BASE64.fullmatch(password):
        yield "credential-secret-key", f"{length}, as a secret access key has; an SMTP password has {LENGTH}"
    elif len(password) != LENGTH:
        yield "credential-shape", f"{length}; an SMTP password has {LENGTH}"
    else:
        yield "credential-shape", f"{length}, but not those of an SMTP password"


def regions_of(password: str, secret_access_key: str, *first: str) -> tuple[str, ...]:
    """The regions in which a secret access key gives this SMTP password: one, or none. `first` are tried, too."""
    regions = dict.fromkeys([*first, *KNOWN])
    return tuple(
        one for one in regions if hmac.compare_digest(smtp_password(secret_access_key, one), password)
    )


def _origin(password: str, region: str | None, secret: str) -> Iterator[Lint]:
    fits = regions_of(password, secret, *([region] if region else []))
    if not fits:
        yield "credential-other-key", "the secret key gives this password in none of the regions of SES"
    elif region and region not in fits:
        yield "credential-wrong-region", f"the password is for {fits[0]}, and the endpoint is in {region}"
