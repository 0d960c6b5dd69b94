"""A link that delays, loses, narrows, reorders and doubles packets, between two interfaces of its namespace.

Run as `python -m tests.network.link JSON`. The offloads of the interfaces around it are switched off first: large
segments would hide what is tested, and a checksum that the hardware should add would be missing. Only TCP is
treated so; everything else passes at once.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import random
import select
import socket
import struct
import sys
import time
from typing import Any

DEVICES = ("vla", "vlb")
"""Towards the router, and towards the server."""
_ALL_PROTOCOLS, _SIOCETHTOOL, _OUTGOING = 3, 0x8946, 4
_SWITCHES = (0x17, 0x1F, 0x24, 0x2C)
"""ETHTOOL_STXCSUM, _STSO, _SGSO and _SGRO of <linux/ethtool.h>."""


def offloads_off(space: str, device: str) -> None:
    """Switch off what the interface of a namespace leaves to the hardware."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as here, open(f"/run/netns/{space}") as there:
        if libc.setns(there.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), f"cannot enter {space}")
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                for switch in _SWITCHES:
                    value = ctypes.create_string_buffer(struct.pack("II", switch, 0))
                    request = struct.pack("16sP", device.encode(), ctypes.addressof(value))
                    fcntl.ioctl(sock, _SIOCETHTOOL, request + bytes(16))
        finally:
            libc.setns(here.fileno(), 0x40000000)


def is_tcp(frame: bytes) -> bool:
    """Whether an Ethernet frame carries TCP."""
    return (frame[12:14] == b"\x08\x00" and frame[23] == 6) or (
        frame[12:14] == b"\x86\xdd" and frame[20] == 6
    )


def ports(frame: bytes) -> tuple[int, int]:
    """The ports of a TCP packet over IPv4."""
    begin = 14 + 4 * (frame[14] & 15)
    return struct.unpack("!HH", frame[begin : begin + 4])


class Way:
    """One direction: when each frame arrives, if it does.

    Args:
        delay: Seconds.
        jitter: Seconds more, at random, for each frame apart: so they overtake each other.
        loss: Share of frames that are lost.
        rate: Bytes a second.
        queue: Bytes that may wait for their turn; more are lost.
        late: Share of frames that come 30 ms later than the others.
        twice: Every how many frames one comes twice.
        port: Only this port is treated so.
    """

    def __init__(self, chance: random.Random, **given: Any) -> None:
        self._chance, self._given = chance, given
        self._free = 0.0
        self._count = 0

    def arrivals(self, frame: bytes, now: float) -> list[float]:
        """When the frame arrives: once, twice or never."""
        given = self._given
        if not given or not is_tcp(frame) or ("port" in given and given["port"] not in ports(frame)):
            return [now]
        self._count += 1
        if self._chance.random() < given.get("loss", 0.0):
            return []
        at = now
        if "rate" in given:
            waits = max(0.0, self._free - now)
            if waits * given["rate"] > given.get("queue", 30_000):
                return []
            at = self._free = now + waits + len(frame) / given["rate"]
        at += given.get("delay", 0.0) + self._chance.random() * given.get("jitter", 0.0)
        if self._chance.random() < given.get("late", 0.0):
            at += 0.03
        return [at, at] if "twice" in given and self._count % given["twice"] == 0 else [at]


def forward(up: dict[str, Any], down: dict[str, Any]) -> None:
    """Carry frames until killed."""
    chance = random.Random(7)
    sockets = []
    for device in DEVICES:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
        sock.bind((device, _ALL_PROTOCOLS))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        # PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC: the frames are for others.
        sock.setsockopt(263, 1, struct.pack("iHH8s", socket.if_nametoindex(device), 1, 0, b""))
        sockets.append(sock)
    ways = {sockets[0]: (Way(chance, **up), sockets[1]), sockets[1]: (Way(chance, **down), sockets[0])}
    waiting: list[tuple[float, int, socket.socket, bytes]] = []
    number = 0
    print("forwarding", flush=True)
    while True:
        wait = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for sock in select.select(sockets, [], [], wait)[0]:
            frame, about = sock.recvfrom(70_000)
            if about[2] == _OUTGOING:
                continue
            way, other = ways[sock]
            for at in way.arrivals(frame, time.monotonic()):
                number += 1
                heapq.heappush(waiting, (at, number, other, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, sink, frame = heapq.heappop(waiting)
            try:
                sink.send(frame)
            except OSError as error:
                print(f"{len(frame)} bytes: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    for place in asked["offloads"]:
        offloads_off(*place)
    forward(asked.get("up") or {}, asked.get("down") or {})
