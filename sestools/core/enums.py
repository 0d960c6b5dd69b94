"""The terms of the vocabulary: stages, kinds, outcomes, levels, and who has to do what."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Term(StrEnum):
    """A term of the vocabulary."""

    def __new__(cls, value: str, meaning: str = "") -> Self:
        """A text, and what it means: its docstring."""
        term = str.__new__(cls, value)
        term._value_, term.__doc__ = value, meaning
        return term


class Stage(Term):
    """A step of an SMTP session, in the order in which they happen."""

    RESOLVE = "RESOLVE", "The host name is turned into addresses."
    CONNECT = "CONNECT", "A TCP connection is opened."
    TLS = "TLS", "The TLS handshake."
    GREETING = "GREETING", "The server's first line (220)."
    EHLO = "EHLO", "The client names itself; the server lists what it can do."
    STARTTLS = "STARTTLS", "The client asks to switch the connection to TLS."
    AUTH = "AUTH", "The client signs in."
    MAIL = "MAIL", "MAIL FROM: the envelope sender."
    RCPT = "RCPT", "RCPT TO: an envelope recipient."
    DATA = "DATA", "The DATA command, answered by 354."
    BODY = "BODY", "The message and the final dot; SES judges nearly everything here."
    QUIT = "QUIT", "The client says good-bye."
    IDLE = "IDLE", "Nothing was said: the connection lay open between two commands."


class Kind(Term):
    """In what form something went wrong."""

    REPLY = "reply", "The server answered with a 4xx or 5xx."
    TIMEOUT = "timeout", "Nothing came before the deadline."
    REFUSED = "refused", "The other side answered the connection attempt with a reset."
    RESET = "reset", "An open connection was reset or found broken."
    CLOSED = "closed", "The other side closed the connection in an orderly way, too early."
    UNREACHABLE = "unreachable", "This host knows no way there, or may not use it."
    NO_ROUTE = "no route to host", "A router or firewall on the way, or nobody there, answered for the host."
    NOT_FOUND = "not found", "The name does not resolve."
    TLS = "tls", "The TLS handshake failed or the certificate did not verify."
    GARBLED = "garbled", "What came was not the protocol that was expected."


class Outcome(Term):
    """How a probe ended."""

    OK = "ok", "Everything asked for was seen to work."
    FAILED = "failed", "Something did not work: see the symptom."
    NOT_RUN = "not run", "The probe was not tried; the result says why."


class Level(Term):
    """How serious a verdict is."""

    OK = "ok", "Healthy as far as was checked."
    NOTICE = "notice", "Works; something is worth knowing."
    PROBLEM = "problem", "Mail cannot be sent this way until something changes."
    UNCLEAR = "unclear", "The evidence does not decide."


class Mark(Term):
    """How sure a piece of knowledge is."""

    DOCUMENTED = "documented", "AWS says so."
    SEEN = "seen", "A real log or transcript shows it; AWS does not document it."
    INFERRED = "inferred", "Concluded from the two above, never proven."
    UNKNOWN = "unknown", "Nobody we could read says it."


class Retry(StrEnum):
    """What trying again is good for."""

    advice: str
    short: str

    def __new__(cls, value: str, short: str = "", advice: str = "") -> Self:
        """A text, a few words for tables and plots, and what to tell a person."""
        term = str.__new__(cls, value)
        term._value_, term.short, term.advice = value, short, advice
        return term

    NOT_NEEDED = "not needed", "not needed", "not needed"
    NO = "no", "change something first", "no: the same attempt fails again; change something first"
    SOON = ("soon", "after 5, 10, 30 s",
            "yes: after 5 s, 10 s, 30 s; if the third retry fails, wait 20 minutes and begin again")  # fmt: skip
    NEW_CONNECTION = "new connection", "on a new connection", "yes, at once, on a new connection"
    SLOWER = ("slower", "more slowly",
              "yes, more slowly: lower the rate and wait longer after each failure, with random jitter")  # fmt: skip
    HOURS = "hours", "after hours", "yes, but only time helps: hours, not seconds"
    UNKNOWN_FATE = ("unknown fate", "may duplicate",
                    "your choice: the message may have been accepted, so a retry can duplicate it")  # fmt: skip


class Who(Term):
    """Who has to act."""

    YOU = "you", "Whoever runs the sending application."
    NETWORK = "network team", "Whoever runs the firewall, routing, proxy or host network."
    AWS = "AWS", "AWS, usually after a request or support case from you."


class When(Term):
    """What has to hold so that a cause stands for, or beside, another one."""

    ALWAYS = "always", "Nothing has to."
    AT_AUTH = "at AUTH", "It was the sign-in that failed."
    AT_BODY = "at the end of DATA", "It was the message that failed."
    NOT_SMTP = (
        "not SMTP",
        "Host and port are of something that does not speak SMTP, such as the HTTPS API of SES.",
    )
    PORT_25 = "port 25", "It was port 25."
    CLEAR_TEXT_ON_TLS_PORT = (
        "clear text on a TLS port",
        "The client speaks clear text on 465 or 2465, where SES waits for TLS.",
    )
    NOT_BEFORE_TLS = (
        "not before TLS",
        "A probe saw it, and it was no wait for a greeting where SES waits for TLS.",
    )
    OBSERVED = "observed", "One of our probes saw it: the client is this one, and is not at fault."
    SEEN_ON_TLS_PORT = (
        "seen on a TLS port",
        "A probe saw it with TLS from the first byte: nothing at all was heard.",
    )


class Place(Term):
    """Where a check runs, as far as it matters for what stops its mail."""

    EC2 = "ec2", "An EC2 instance, or a container on one: AWS restricts outgoing port 25."
    ECS = "ecs", "A container of ECS or Fargate. ECS Anywhere, on a host of your own, looks the same."
    EKS = "eks", "A container of EKS."
    LAMBDA = "lambda", "A Lambda function; nothing on it says whether it is attached to a VPC."
    CONTAINER = "container", "A container, and nothing tells on whose host."
    BINDER = "binder", "Binder: no SES port leaves it."
    ELSEWHERE = (
        "elsewhere",
        "A machine that is not an EC2 instance: at home, in an office, at another provider.",
    )
    UNKNOWN = "unknown", "Nothing tells."
