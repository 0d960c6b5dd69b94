"""One question to one resolver, over UDP, and over TCP where the answer does not fit."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sestools.core.errors import UsageError
from sestools.core.text import printable
from sestools.probes.connect import is_address
from sestools.probes.recorder import Deadline

if TYPE_CHECKING:
    import dns.message

AGAIN = 1.5
"""Seconds after which a question is sent again."""


class Said(StrEnum):
    """How a question ended."""

    ANSWER = "answered"
    """With addresses, or by saying that the name has none of this kind."""
    NO_NAME = "no such name"
    """The name does not exist (NXDOMAIN)."""
    FAILED = "failed"
    """The resolver answered, with an error such as SERVFAIL or REFUSED, or with something that is no answer."""
    SILENT = "silent"
    """No answer came."""
    UNREACHABLE = "unreachable"
    """The network said that nobody listens there, or that there is no way there."""
    DENIED = "denied"
    """The operating system of this host did not let the question out."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one resolver said to one question.

    Attributes:
        said: How the question ended.
        records: The addresses.
        aliases: The CNAME chain, if there is one.
        ttl: Seconds that the answer may be kept.
        error: Why there is no answer, in words.
        seconds: How long it took.
    """

    said: Said
    records: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    error: str = ""
    seconds: float = 0.0


def check_resolver(server: str) -> tuple[str, int]:
    """The address and port of a resolver, given as its address or `address#port`.

    Raises:
        UsageError: If it is not one.
    """
    address, _, port = server.partition("#")
    if not is_address(address) or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise UsageError(f"resolver {server!r} is not an IP address, or address#port")
    return address, int(port or 53)


def question(host: str, kind: str, server: str, clock: Deadline) -> Told:
    """Ask one resolver for the addresses of a host, `kind` A or AAAA. What fails is part of the answer."""
    import dns.exception
    import dns.message
    import dns.rcode

    address, port = check_resolver(server)
    said, error = Said.FAILED, ""
    begun = clock.elapsed()
    try:
        query = dns.message.make_query(host.rstrip(".") + ".", kind)
        answer = _exchange(query, address, port, clock)
        code = answer.rcode()
        if code == dns.rcode.NOERROR and isinstance(answer, dns.message.QueryMessage):
            chain = answer.resolve_chaining()
            return Told(
                said=Said.ANSWER,
                records=tuple(record.to_text() for record in chain.answer or ()),
                aliases=tuple(str(one.target).rstrip(".") for names in chain.cnames for one in names),
                ttl=chain.answer.ttl if chain.answer else None,
                seconds=clock.elapsed() - begun,
            )
        said = Said.NO_NAME if code == dns.rcode.NXDOMAIN else Said.FAILED
        error = f"answered {dns.rcode.to_text(code)} to the question for {kind}"
    except (TimeoutError, dns.exception.Timeout):
        said, error = Said.SILENT, f"no answer in {clock.seconds:.1f} s to the question for {kind}"
    except PermissionError as problem:
        said, error = Said.DENIED, f"this host did not let the question out: {problem.strerror}"
    except OSError as problem:
        said, error = Said.UNREACHABLE, f"not reachable: {problem.strerror or problem}"
    except (dns.exception.DNSException, EOFError) as problem:
        error = f"the answer to the question for {kind} cannot be read: {printable(str(problem), 200)}"
    return Told(said=said, error=error, seconds=clock.elapsed() - begun)


def _exchange(
    query: dns.message.QueryMessage, address: str, port: int, clock: Deadline
) -> dns.message.Message:
    """Ask, again after a while, until the answer comes.

    Raises:
        TimeoutError: At the deadline.
        OSError: As the network says.
    """
    import dns.flags
    import dns.message
    import dns.query

    family, _, _, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect(where)  # so that the network can say that nobody listens there
        while True:
            sock.send(query.to_wire())
            until = min(clock.elapsed() + AGAIN, clock.seconds)
            while (left := until - clock.elapsed()) > 0:
                sock.settimeout(left)
                try:
                    answer = dns.message.from_wire(sock.recv(65535), ignore_trailing=True)
                except TimeoutError:
                    break
                if query.is_response(answer):
                    if answer.flags & dns.flags.TC:
                        return dns.query.tcp(query, address, clock.remaining(), port)
                    return answer
            clock.remaining()
