"""Which interface leads to an address, and the MTU of both: asked of the kernel (Linux, rtnetlink(7))."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

_GET_ROUTE, _NEW_ROUTE, _REQUEST = 26, 24, 1
_RTA_DST, _RTA_OIF, _RTA_METRICS = 1, 4, 8
_RTAX_MTU = 2
_SIOCGIFMTU = 0x8921


@dataclass(frozen=True, kw_only=True)
class Route:
    """The way out of this host.

    Attributes:
        interface: Its network interface, such as `eth0`.
        interface_mtu: Largest packet in bytes that the interface sends.
        mtu: Largest packet in bytes on this route: set by an administrator or learnt by path MTU discovery;
            None if neither.
    """

    interface: str
    interface_mtu: int
    mtu: int | None = None


def route_to(address: str) -> Route | None:
    """The route to an IP address; None where the kernel does not say (not Linux, no route)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address.partition("%")[0])
    attribute = struct.pack("HH", 4 + len(packed), _RTA_DST) + packed
    body = struct.pack("BBBBBBBBI", family, len(packed) * 8, 0, 0, 0, 0, 0, 0, 0) + attribute
    message = struct.pack("IHHII", 16 + len(body), _GET_ROUTE, _REQUEST, 1, 0) + body
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.settimeout(1.0)
            kernel.send(message)
            answer = kernel.recv(8192)
        if struct.unpack_from("IH", answer)[1] != _NEW_ROUTE:
            return None
        found = _attributes(answer[16 + 12 :])
        name = socket.if_indextoname(struct.unpack("I", found[_RTA_OIF])[0])
        metrics = _attributes(found.get(_RTA_METRICS, b""))
        mtu = struct.unpack("I", metrics[_RTAX_MTU])[0] if _RTAX_MTU in metrics else None
        return Route(interface=name, interface_mtu=_interface_mtu(name), mtu=mtu)
    except (AttributeError, OSError, KeyError, struct.error):
        return None


def _interface_mtu(name: str) -> int:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        answer = fcntl.ioctl(sock, _SIOCGIFMTU, struct.pack("16si12x", name.encode(), 0))
    return int(struct.unpack_from("16si", answer)[1])


def _attributes(data: bytes) -> dict[int, bytes]:
    """Attributes by their type: each begins with its length and type, and is filled up to four bytes."""
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("HH", data)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3 :]
    return found
