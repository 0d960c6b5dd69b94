"""Wrong use, and in what form an error of the network says that something went wrong."""

from __future__ import annotations

import errno

from sestools.core.enums import Kind


class UsageError(ValueError):
    """The caller asked for something that cannot be done; the message says what, and what to do instead."""


# With the numbers of Windows, which it uses in place of POSIX's.
_NUMBERS = {
    Kind.RESET: (
        errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ENOTCONN, errno.ESHUTDOWN, 10053, 10054,
    ),
    Kind.UNREACHABLE: (
        errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM, 10013, 10051,
    ),
    Kind.NO_ROUTE: (errno.EHOSTUNREACH, 10065),
    Kind.REFUSED: (errno.ECONNREFUSED, 10061),
    Kind.TIMEOUT: (errno.ETIMEDOUT, 10060),
}  # fmt: skip
_KINDS = {number: kind for kind, numbers in _NUMBERS.items() for number in numbers}


def kind_of(error: BaseException) -> Kind | None:
    """In what form an exception says that something went wrong; None if it is not one of the network's."""
    import socket
    import ssl  # loaded late: the command line's --help needs neither

    match error:
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | EOFError():
            return Kind.CLOSED
        case ssl.SSLError():
            return Kind.TLS
        case socket.gaierror() | socket.herror():
            return Kind.NOT_FOUND
        case TimeoutError():
            return Kind.TIMEOUT
        case OSError():
            return _KINDS.get(error.errno or 0)
    return None
