"""Verdicts that are wrong today, as NETWORK-COMMAND: each is to be mended, and then to be taken off this list."""

from __future__ import annotations

KNOWN_WRONG: frozenset[str] = frozenset(
    {
        "box_strip-check",
        "box_strip_587-check",
        "mtu_1492_down-check",
        "mtu_1492_down-mtu",
        "mtu_1400_up_probing-check",
        "mtu_1400_up_probing-mtu",
        "mtu_v6_1280-check",
        "mtu_v6_1280-mtu",
        "mtu_v6_below_1280-mtu",
        "mtu_first_address_hole-mtu",
        "mtu_hole_late-mtu",
        "mtu_hole_late-check",
        "mtu_down_probing_useless-check",
        "mtu_down_probing_useless-mtu",
        "nat_20_drop-lifetime",
        "nat_6_drop-lifetime",
    }
)
