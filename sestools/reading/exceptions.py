"""Any exception, with its causes and groups, made one `Symptom`: smtplib, aiosmtplib, ssl, socket and others."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import replace
from traceback import walk_tb

from sestools.core.enums import Kind, Stage
from sestools.core.errors import kind_of
from sestools.core.results import Symptom
from sestools.reading.texts import from_pair, from_text

_CLASSES = {
    Stage.GREETING: "SMTPConnectError",
    Stage.EHLO: "SMTPHeloError",
    Stage.AUTH: "SMTPAuthenticationError",
    Stage.MAIL: "SMTPSenderRefused",
    Stage.RCPT: "SMTPRecipientRefused SMTPRecipientsRefused",
    Stage.BODY: "SMTPDataError",
}
_FUNCTIONS = {
    Stage.RESOLVE: "getaddrinfo",
    Stage.CONNECT: "create_connection _create_connection sock_connect",
    Stage.TLS: "do_handshake wrap_socket",
    Stage.STARTTLS: "starttls",
    Stage.AUTH: "login auth",
    Stage.MAIL: "mail",
    Stage.RCPT: "rcpt",
    Stage.BODY: "data",
    Stage.EHLO: "ehlo helo",
    Stage.QUIT: "quit",
    Stage.GREETING: "connect",
}
"""Functions of smtplib, ssl, socket and aiosmtplib, and the step in which they run. `connect` of smtplib comes
last: what lies under it is told by the functions that it calls, and the rest is its wait for the greeting."""
_CLASS_STAGE, _FUNCTION_STAGE = (
    {name: stage for stage, names in table.items() for name in names.split()}
    for table in (_CLASSES, _FUNCTIONS)
)


def from_exception(error: BaseException) -> Symptom:
    """The symptom of any exception, its causes and groups included.

    smtplib, aiosmtplib, ssl and socket errors are known by class; any other speaks through its text.
    """
    chain = list(_chain(error))
    found = next((_of_pair(one, pair) for one in chain if (pair := _pair_of(one))), None)
    if found is None:
        kind = next(filter(None, map(_kind_of, chain)), None)
        stage = Stage.RESOLVE if kind is Kind.NOT_FOUND else next(filter(None, map(_stage_of, chain)), None)
        found = Symptom(kind=kind, stage=stage)
    told = from_text("\n".join(dict.fromkeys(map(_words, chain))))
    return replace(
        told,
        kind=found.kind,
        stage=found.stage or told.stage,
        reply=found.reply or (told.reply if found.kind is None else None),
    )


def _of_pair(error: BaseException, pair: tuple[int, str | bytes]) -> Symptom:
    return from_pair(*pair, _CLASS_STAGE.get(type(error).__name__))


def _words(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - somebody's own class; its name still says something
        text = ""
    reason = getattr(error, "reason", None)  # of ssl's errors: OpenSSL's own name for it
    if isinstance(error, ssl.SSLError) and isinstance(reason, str) and reason not in text:
        text = f"[{reason}] {text}"
    return f"{type(error).__name__}: {text}"[:4000]


def _chain(error: BaseException, most: int = 20) -> Iterator[BaseException]:
    """An exception, then what caused it, depth first; each once."""
    seen: set[int] = set()
    waiting = [error]
    while waiting and len(seen) < most:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = list(one.exceptions) if isinstance(one, BaseExceptionGroup) else []
        nested = [arg for arg in one.args if isinstance(arg, BaseException)]
        context = None if one.__suppress_context__ else one.__context__
        waiting += [found for found in (*inner, one.__cause__, context, *nested) if found is not None]


def _pair_of(error: BaseException) -> tuple[int, str | bytes] | None:
    """The reply inside an exception of smtplib or aiosmtplib, by its attributes: neither is imported."""
    recipients = getattr(error, "recipients", None)
    if isinstance(recipients, Mapping) and recipients:  # smtplib: {address: (code, text)}
        pairs = (value for value in recipients.values() if isinstance(value, tuple) and len(value) == 2)
        return next((pair for pair in pairs if isinstance(pair[0], int)), None)
    if isinstance(recipients, list | tuple) and recipients and isinstance(recipients[0], BaseException):
        return _pair_of(recipients[0])  # aiosmtplib: a list of SMTPRecipientRefused
    if "smtp" not in type(error).__module__.lower():
        return None
    for names in (("smtp_code", "smtp_error"), ("code", "message")):
        code, text = (getattr(error, name, None) for name in names)
        if isinstance(code, int) and isinstance(text, str | bytes):
            return (code, text) if 200 <= code <= 599 else None
    return None


def _kind_of(error: BaseException) -> Kind | None:
    timed_out = type(error).__name__.endswith(("TimeoutError", "Timeout"))
    return kind_of(error) or (Kind.TIMEOUT if timed_out else None)


def _stage_of(error: BaseException) -> Stage | None:
    """The step in which an exception was raised, from the names of the functions that it passed."""
    if "ConnectTimeout" in type(error).__name__:
        return Stage.CONNECT
    names = [frame.f_code.co_name for frame, _ in walk_tb(error.__traceback__)]
    return next((_FUNCTION_STAGE[name] for name in reversed(names) if name in _FUNCTION_STAGE), None)
