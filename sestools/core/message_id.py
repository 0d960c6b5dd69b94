"""SES message ids, such as `0106019dec617b98-8fc9d3b2-6d3a-4b7d-9d8e-3f1c5a2b7e90-000000`.

Their first four hexadecimal digits stand for the region and the next twelve for the time of acceptance in
milliseconds. AWS does not document this; it was checked against dated public transcripts of 2012 to 2026.
"""

from __future__ import annotations

import datetime
import re

PREFIXES = {"us-east-1": "0100", "us-west-2": "0101", "eu-west-1": "0102", "ap-northeast-1": "0106",
            "eu-central-1": "0107", "ap-southeast-2": "0108"}  # fmt: skip
"""Region prefixes seen in transcripts. Those of other regions are unknown; ids before about 2017 have 0000."""

UNKNOWN_PREFIX = "01ff"
"""What the simulator writes for a region whose prefix nobody has published."""

_ID = re.compile(r"([0-9a-f]{4})([0-9a-f]{12})-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d{6}")


def decode_message_id(message_id: str) -> tuple[str | None, datetime.datetime] | None:
    """Region (None if its prefix is not known) and time of acceptance (UTC), or None if it is no SES id."""
    found = _ID.fullmatch(message_id.strip().strip("<>").partition("@")[0])
    if not found:
        return None
    region = next((region for region, prefix in PREFIXES.items() if prefix == found[1]), None)
    try:
        return region, datetime.datetime.fromtimestamp(int(found[2], 16) / 1000, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def encode_message_id(region: str, at: float, random_bits: int) -> str:
    """An id of the observed form for a message accepted at `at` (seconds since 1970)."""
    prefix = PREFIXES.get(region, UNKNOWN_PREFIX)
    # A version 4 UUID (RFC 9562), written out: building the object takes as long as all the rest.
    bits = f"{random_bits & (1 << 128) - 1:032x}"
    variant = "89ab"[int(bits[16], 16) & 3]
    return f"{prefix}{int(at * 1000):012x}-{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-{variant}{bits[17:20]}-{bits[20:]}-000000"
