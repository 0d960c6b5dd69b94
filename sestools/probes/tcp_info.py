"""What the kernel knows and counts on a connection (Linux, tcp(7) TCP_INFO; linux/tcp.h, struct tcp_info)."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from sestools.core.results import TcpInfo


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


def _read(sock: socket.socket, size: int) -> tuple[bytes, tuple[int, ...]] | None:
    """The structure as it is, and its 24 words after the first eight bytes; None if the system gives less."""
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return None
    try:
        data = sock.getsockopt(socket.IPPROTO_TCP, option, size)
    except OSError:
        return None
    return (data, struct.unpack_from("24I", data, 8)) if len(data) == size else None


def tcp_info(sock: socket.socket) -> TcpInfo | None:
    """The kernel's facts about a connection (Linux); None elsewhere."""
    if not (found := _read(sock, 104)):
        return None
    words = found[1]
    return TcpInfo(
        rtt=words[15] / 1e6, mss=words[2], path_mtu=words[13], unacked=words[4], retransmits=words[23]
    )


def counters(sock: socket.socket) -> Counters | None:
    """The counters of a connection; None where the system does not give them (Linux 5.4 and newer do)."""
    if not (found := _read(sock, 232)):
        return None
    data, words = found
    acked, received = struct.unpack_from("QQ", data, 120)
    stamps = 12 if data[5] & 1 else 0  # the time stamps option takes 12 bytes of each segment
    return Counters(
        open=data[0] in (1, 8),  # ESTABLISHED, CLOSE_WAIT
        backoff=data[4],
        mss=words[2] + stamps,
        received_mss=words[3] + stamps,
        path_mtu=words[13],
        unacked=words[4],
        unsent=struct.unpack_from("I", data, 144)[0],
        acked=acked,
        received=received,
        sent=struct.unpack_from("I", data, 156)[0],
        retransmits=words[23],
        out_of_order=struct.unpack_from("I", data, 224)[0],
        window=struct.unpack_from("I", data, 228)[0],
    )
