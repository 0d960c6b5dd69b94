"""What the kernel knows of a connection (tcp(7) TCP_INFO, linux/tcp.h) and of a route (rtnetlink(7)): Linux only."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from sestools.core.results import TcpInfo

_GET_ROUTE, _NEW_ROUTE, _REQUEST = 26, 24, 1
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_METRICS, _RTAX_MTU = 1, 4, 5, 8, 2
_SIOCGIFMTU = 0x8921


@dataclass(frozen=True, kw_only=True)
class Counters:
    """What the kernel counts on a connection.

    Attributes:
        open: Whether the connection stands.
        backoff: Time-outs in a row without an acknowledgement.
        mss: Largest segment that this side sends, TCP options included, in bytes.
        received_mss: Largest segment that came, TCP options included, in bytes.
        path_mtu: Path MTU as the kernel believes it, in bytes.
        unacked: Segments sent and not yet acknowledged.
        unsent: Bytes that wait to be sent.
        acked: Bytes acknowledged.
        received: Bytes received in order.
        sent: Segments with data sent, those sent again included.
        retransmits: Segments sent again.
        out_of_order: Segments that came after a gap.
        window: Bytes that the other side is ready to take.
    """

    open: bool
    backoff: int
    mss: int
    received_mss: int
    path_mtu: int
    unacked: int
    unsent: int
    acked: int
    received: int
    sent: int
    retransmits: int
    out_of_order: int
    window: int


def _tcp_info(sock: socket.socket, size: int) -> bytes | None:
    """The structure as it is; None if the system gives less."""
    try:
        data = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
    except (AttributeError, OSError):
        return None
    return data if len(data) == size else None


def tcp_info(sock: socket.socket) -> TcpInfo | None:
    """The kernel's facts about a connection; None where it gives none."""
    if not (data := _tcp_info(sock, 136) or _tcp_info(sock, 104)):
        return None
    words = struct.unpack_from("24I", data, 8)
    return TcpInfo(
        rtt=words[15] / 1e6,
        mss=words[2],
        path_mtu=words[13],
        unacked=words[4],
        retransmits=words[23],
        quiet=words[11] / 1e3,
        received=struct.unpack_from("Q", data, 128)[0] if len(data) == 136 else None,
    )


def counters(sock: socket.socket) -> Counters | None:
    """The counters of a connection; None where the system does not give them (Linux 5.4 and newer do)."""
    if not (data := _tcp_info(sock, 232)):
        return None
    words = struct.unpack_from("56I", data, 8)
    acked, received = struct.unpack_from("QQ", data, 120)
    stamps = 12 if data[5] & 1 else 0  # the time stamps option takes 12 bytes of each segment
    return Counters(
        open=data[0] in (1, 8),  # ESTABLISHED, CLOSE_WAIT
        backoff=data[4],
        mss=words[2] + stamps,
        received_mss=words[3] + stamps,
        path_mtu=words[13],
        unacked=words[4],
        unsent=words[34],
        acked=acked,
        received=received,
        sent=words[37],
        retransmits=words[23],
        out_of_order=words[54],
        window=words[55],
    )


@dataclass(frozen=True, kw_only=True)
class Route:
    """The way out of this host.

    Attributes:
        interface: Its network interface, such as `eth0`.
        interface_mtu: Largest packet in bytes that the interface sends.
        mtu: Largest packet in bytes on this route: set by an administrator or learnt by path MTU discovery;
            None if neither.
        gateway: Address of the router that it leads to first; None if it leads to the destination itself.
    """

    interface: str
    interface_mtu: int
    mtu: int | None = None
    gateway: str | None = None


def route_to(address: str) -> Route | None:
    """The route to an IP address; None where the kernel does not say (not Linux, no route)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address.partition("%")[0])
    body = struct.pack("BB10xHH", family, len(packed) * 8, 4 + len(packed), _RTA_DST) + packed
    try:
        import fcntl

        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
            kernel.settimeout(1.0)
            kernel.send(struct.pack("IHHII", 16 + len(body), _GET_ROUTE, _REQUEST, 1, 0) + body)
            answer = kernel.recv(8192)
        if struct.unpack_from("IH", answer)[1] != _NEW_ROUTE:
            return None
        found = _attributes(answer[16 + 12 :])
        name = socket.if_indextoname(struct.unpack("I", found[_RTA_OIF])[0])
        mtu = _attributes(found.get(_RTA_METRICS, b"")).get(_RTAX_MTU)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            answer = fcntl.ioctl(sock, _SIOCGIFMTU, struct.pack("16si12x", name.encode(), 0))
        largest = struct.unpack_from("16si", answer)[1]
        gateway = found.get(_RTA_GATEWAY)
        return Route(
            interface=name,
            interface_mtu=largest,
            mtu=struct.unpack("I", mtu)[0] if mtu else None,
            gateway=socket.inet_ntop(family, gateway) if gateway else None,
        )
    except (ImportError, AttributeError, OSError, KeyError, ValueError, struct.error):
        return None


def probes_mtu() -> bool | None:
    """Whether TCP of this host looks for the path MTU itself once segments get lost (`tcp_mtu_probing`)."""
    try:
        return Path("/proc/sys/net/ipv4/tcp_mtu_probing").read_text(encoding="ascii").strip() != "0"
    except (OSError, ValueError):
        return None


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
