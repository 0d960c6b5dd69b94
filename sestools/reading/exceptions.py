"""Any exception, with its causes and groups, made one `Symptom`: smtplib, aiosmtplib, ssl, socket and others."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from sestools.core.enums import Kind, Stage
from sestools.core.errors import kind_of
from sestools.core.results import Symptom
from sestools.reading.texts import from_pair, from_text

__all__ = ["from_exception"]

_CLASS_STAGE = {
    "SMTPConnectError": Stage.GREETING,
    "SMTPHeloError": Stage.EHLO,
    "SMTPAuthenticationError": Stage.AUTH,
    "SMTPSenderRefused": Stage.MAIL,
    "SMTPRecipientRefused": Stage.RCPT,
    "SMTPRecipientsRefused": Stage.RCPT,
    "SMTPDataError": Stage.BODY,
}
_FUNCTION_STAGE = {
    "getaddrinfo": Stage.RESOLVE,
    "create_connection": Stage.CONNECT,
    "_create_connection": Stage.CONNECT,
    "sock_connect": Stage.CONNECT,
    "do_handshake": Stage.TLS,
    "wrap_socket": Stage.TLS,
    "starttls": Stage.STARTTLS,
    "login": Stage.AUTH,
    "auth": Stage.AUTH,
    "mail": Stage.MAIL,
    "rcpt": Stage.RCPT,
    "data": Stage.BODY,
    "ehlo": Stage.EHLO,
    "helo": Stage.EHLO,
    "quit": Stage.QUIT,
    "connect": Stage.GREETING,
}
"""Functions of smtplib, ssl, socket and aiosmtplib, and the step in which they run. `connect` of smtplib comes
last: what lies under it is told by the functions that it calls, and the rest is its wait for the greeting."""


def from_exception(error: BaseException) -> Symptom:
    """The symptom of any exception, its causes and groups included.

    smtplib, aiosmtplib, ssl and socket errors are known by class; any other speaks through its text.
    """
    chain = list(_chain(error))
    for one in chain:
        pair = _pair_of(one)
        if pair:
            found = from_pair(*pair, _CLASS_STAGE.get(type(one).__name__))
            return _with_detail(found, chain)
    kinds = [kind for one in chain if (kind := _kind_of(one))]
    stages = [stage for one in chain if (stage := _stage_of(one))]
    kind = kinds[0] if kinds else None
    stage = Stage.RESOLVE if kind is Kind.NOT_FOUND else stages[0] if stages else None
    return _with_detail(Symptom(kind=kind, stage=stage), chain)


def _with_detail(symptom: Symptom, chain: list[BaseException]) -> Symptom:
    told = from_text("\n".join(dict.fromkeys(_words(one) for one in chain)))
    return Symptom(
        kind=symptom.kind,
        stage=symptom.stage or told.stage,
        reply=symptom.reply or (told.reply if symptom.kind is None else None),
        detail=told.detail,
        host=told.host,
        port=told.port,
        security=told.security,
    )


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
        return _first_pair(recipients)
    if isinstance(recipients, list | tuple) and recipients and isinstance(recipients[0], BaseException):
        return _pair_of(recipients[0])  # aiosmtplib: a list of SMTPRecipientRefused
    for code_name, text_name in (("smtp_code", "smtp_error"), ("code", "message")):
        code, text = getattr(error, code_name, None), getattr(error, text_name, None)
        if (
            isinstance(code, int)
            and isinstance(text, str | bytes)
            and "smtp" in type(error).__module__.lower()
        ):
            return (code, text) if 200 <= code <= 599 else None
    return None


def _first_pair(recipients: Mapping[Any, Any]) -> tuple[int, str | bytes] | None:
    for value in recipients.values():
        if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], int):
            return value[0], value[1]
    return None


def _kind_of(error: BaseException) -> Kind | None:
    timed_out = type(error).__name__.endswith(("TimeoutError", "Timeout"))
    return kind_of(error) or (Kind.TIMEOUT if timed_out else None)


def _stage_of(error: BaseException) -> Stage | None:
    """The step in which an exception was raised, from the names of the functions that it passed."""
    if "ConnectTimeout" in type(error).__name__:
        return Stage.CONNECT
    names = []
    trace = error.__traceback__
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    return next((_FUNCTION_STAGE[name] for name in reversed(names) if name in _FUNCTION_STAGE), None)
