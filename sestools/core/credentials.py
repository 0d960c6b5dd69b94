"""SMTP user names and passwords, and how a password is derived from an AWS secret access key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sestools.core.errors import UsageError
from sestools.core.masking import Known, Secret, mask_secrets

_REFUSED = {
    # A lone surrogate is how Python keeps a byte that is not UTF-8.
    "[\ud800-\udfff]": "is not UTF-8 text; save the file as UTF-8 (not UTF-16 or Latin-1)",
    "\ufeff": "holds a byte order mark (U+FEFF), which editors put at the head of a file; save it as UTF-8 without BOM",
    "\0": "cannot hold a NUL character",
}


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Credentials:
    """An SMTP user name and password. Nothing that shows, copies or pickles them gives the password away."""

    user: str

    def __init__(self, *, user: str, password: str) -> None:
        object.__setattr__(self, "user", user)
        object.__setattr__(self, "_password", Secret(password))
        password = ""  # a traceback can show what a function still holds
        if not self.user or not self.password:
            raise UsageError("credentials need a user name and a password; one of them is empty")
        for characters, problem in _REFUSED.items():
            if re.search(characters, self.user + self.password):  # which is not quoted
                raise UsageError(f"the user name or password {problem}")

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

    def __deepcopy__(self, memo: object = None) -> Credentials:
        return self

    __copy__ = __deepcopy__

    def __reduce__(self) -> Any:
        raise TypeError("credentials are not pickled, nor is a target that has some: they stay in the process that was "
                        "given them. Leave them out with dataclasses.replace(target, credentials=None)")  # fmt: skip


LENGTH = 44
"""Characters of an SES SMTP password: 33 bytes in base64."""

_V4, _V2 = 4, 2
"""The first byte of a password: how it was derived."""


def smtp_password(secret_access_key: str, region: str) -> str:
    """The SMTP password that belongs to a secret access key in one region (signature version 4).

    It is valid in that region only; the user name is the access key id, unchanged. Neither may be empty.
    """
    if not secret_access_key or not region:
        secret_access_key = ""  # a traceback can show what a function still holds
        raise UsageError("a secret access key and a region are needed")
    key = ("AWS4" + secret_access_key).encode()
    # The date is this literal, so the password never changes; AWS's page on SMTP credentials says so.
    for message in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        key = _hmac(key, message)
    return base64.b64encode(bytes([_V4]) + key).decode()


def smtp_password_v2(secret_access_key: str) -> str:
    """The SMTP password of the kind made before 10 January 2019: for all regions, and slowed down by SES."""
    if not secret_access_key:
        raise UsageError("a secret access key is needed")
    return base64.b64encode(bytes([_V2]) + _hmac(secret_access_key.encode(), "SendRawEmail")).decode()


def account_of(access_key_id: str) -> str | None:
    """The 12-digit number of the AWS account that an access key id belongs to, which the id contains.

    None if it contains none: ids that begin with AKIAI or AKIAJ are older, and others are no such ids. AWS does not
    document this (`aws sts get-access-key-info` asks AWS); found by https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489
    """
    if not re.fullmatch(r"A[KS]IA(?![IJ])[A-Z2-7]{16}", access_key_id):
        return None
    number = int.from_bytes(base64.b32decode(access_key_id[4:])[:6], "big") >> 7 & (1 << 40) - 1
    return f"{number:012d}" if number < 10**12 else None


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.new(key, message.encode(), hashlib.sha256).digest()
