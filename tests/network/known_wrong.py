"""Verdicts that are wrong today, as NETWORK-COMMAND: each is to be mended, and then to be taken off this list."""

from __future__ import annotations

KNOWN_WRONG: frozenset[str] = frozenset(
    {
        "dns_down-check",
        "dns_slow4-check",
        "dns_slow25-check",
        "dns_servfail-check",
        "dns_hijack_refused-check",
        "dns_sinkhole-check",
        "dns_hosts-check",
        "dns_noaaaa-check",
        "dns_first_dead-check",
        "local_drop-check",
        "box_captive_dns-check",
        "box_tlsdrop_all-check",
        "cut_after_bytes-check",
        "all_rst-check",
        "all_rst2-check",
        "all_fin-check",
        "greet_6-check",
        "mtu_1400_up-check",
        "mtu_1400_up_1300_down-check",
        "mtu_1492_both-check",
        "mtu_1492_down-check",
        "mtu_1280_both-check",
        "mtu_1400_up_no_ts-check",
        "mtu_v6_1280-check",
        "mtu_v6_below_1280-check",
        "mtu_first_address_hole-check",
        "mtu_hole_late-check",
        "mtu_down_probing_useless-check",
        "link_2000ms-check",
        "link_32k-check",
        "loss_40-check",
        "port25_shaped-check",
        "fw_rate3-check",
        "fw_rate12_hole-check",
        "fw_table_full-check",
    }
)
