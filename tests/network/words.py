"""Sentences of a verdict that are false in many networks, as regular expressions."""

from __future__ import annotations

WELL = ("Nothing to do", "The path to SES works", "Every step that was tried went through")
"""False where something is wrong."""

RESOLVES = ("DNS: the name resolves", "name resolves, or its address was given")
"""False where the name leads nowhere, or to something that is not SES."""

NO_NAME = ("The host name does not resolve", "does not resolve$", "gives no address for the name")
"""False where the name resolves."""

RESOLVER = ("The resolver does not answer", "resolver that this host asks is down")
"""False where the resolver answers."""

FIRST_MTU = (
    "^Path MTU black hole",
    "^The connection stalls when large packets",
    "with segments of at most",
    "MTU is too high",
    "Set the interface's MTU",
    "packets larger than the path carries are dropped",
)
"""False where size has nothing to do with it."""

NOT_MTU = (
    "Not a black hole",
    "the path MTU: port",
    "the path MTU: the same handshake",
    "not the path MTU",
)
"""False where it is the size, or where no size was tried."""

CREDENTIALS = ("bad-credentials", "rejected the user name")
"""False everywhere here: nothing signs in."""

FILTERED = (
    "^No SES port can be reached",
    "a filter stops all outgoing connections",
    "a filter on the way chooses by port",
    "Some of the SES ports are blocked",
    "Ask for outgoing TCP",
    "ask for outgoing TCP 587",
)
"""False where nobody filters ports."""

OLD_CLIENT = ("Update the client's runtime", "The client is older", "update your client")
"""False everywhere here: the client speaks TLS 1.3."""

IDLE = ("it had been idle", "keep them idle below 10 s", "Recycle pooled connections")
"""False of a connection that was fresh and busy."""

PORT_25 = (
    "AWS restricts outgoing port 25",
    "Connections to port 25 time out",
    "Connections to port 25 are dropped",
)
"""False where port 25 is like the others, or is not dropped."""

WORKS = (
    r"the network path and the endpoint: port \d+ is ready",
    r"routing and an outage of the endpoint: port \d+ works",
)
"""False where no port is ready, or a port's handshake is no proof of the path."""

ANY = (*CREDENTIALS, *OLD_CLIENT)
"""False in every network of the table."""
