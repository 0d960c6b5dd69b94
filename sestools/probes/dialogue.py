"""The SMTP dialogue, timed stage by stage, as far as asked, and its TLS handshake alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from sestools.core.clock import TIMEOUT
from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.errors import UsageError
from sestools.core.results import ProbeResult
from sestools.core.smtp import path
from sestools.core.target import Target
from sestools.core.trust import Mechanism
from sestools.probes.certificate import TlsFacts
from sestools.probes.connect import resolve
from sestools.probes.dialogue_facts import SUCCESS, DialogueFacts, Envelope, is_mailbox_simulator
from sestools.probes.recorder import Deadline, Recorder
from sestools.probes.session import ClientSession

_MAIL = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY)


def probe_dialogue(
    target: Target,
    *,
    timeout: float = TIMEOUT,
    until: Stage | None = None,
    mechanism: Mechanism | None = None,
    sender: str | None = None,
    recipients: Sequence[str] = (SUCCESS,),
    confirm_recipients: bool = False,
    message: bytes | None = None,
    addresses: Sequence[str] | None = None,
    each: float | None = None,
    clamp: int | None = None,
    cancel: threading.Event | None = None,
) -> ProbeResult[DialogueFacts]:
    """Hold an SMTP dialogue and time each stage: what does this server say, and where does it stop?

    The addresses of a name are tried in turn, each a quarter of a second after the one before. A 4xx or
    5xx ends the probe at once. The transcript is in the steps, masked.

    Args:
        target: Where to connect. Its credentials are sent only when `until` reaches AUTH, and only to SES itself:
            the connection trusts Amazon's roots (or the target's `ca_file`) and no others. If it may not carry
            them, the symptom says why.
        timeout: Seconds for everything together.
        until: Last stage; by default AUTH if the target has credentials, else EHLO (with STARTTLS the one
            after TLS). DATA stops before the message and sends nothing; BODY sends one message.
        mechanism: PLAIN or LOGIN; by default PLAIN where offered. Only what is offered is used.
        sender: Envelope sender; needed from MAIL on.
        recipients: Envelope recipients. Others than the mailbox simulator's need `confirm_recipients`.
        confirm_recipients: Yes, mail may go to real people.
        message: The message; by default a short test text.
        addresses: IP addresses to try instead of resolving the name.
        each: Seconds that each step may take; by default as many as everything.
        clamp: Largest segment in bytes that either side may send (TCP_MAXSEG).
        cancel: Set it to end the probe within a tenth of a second.

    Raises:
        UsageError: On wrong use.
    """
    if until is None:
        until = Stage.AUTH if target.credentials else Stage.EHLO
    envelope = None
    if until in (Stage.AUTH, *_MAIL):
        if until is Stage.AUTH and not target.credentials:
            raise UsageError("signing in needs a target with credentials")
        if target.credentials and target.security is Security.PLAIN:
            raise UsageError("credentials are never sent in clear text: use STARTTLS or a TLS wrapper")
    if until in _MAIL:
        if not sender:
            raise UsageError(f"going as far as {until} needs a sender")
        people = [address for address in recipients if not is_mailbox_simulator(address)]
        if people and not confirm_recipients:
            raise UsageError(
                f"{', '.join(people)} is not the mailbox simulator; confirm_recipients=True allows mail to it"
            )
        if not recipients:
            raise UsageError("a message needs a recipient")
        for address in (sender, *recipients):
            path(address)
        envelope = Envelope(sender=sender, recipients=tuple(recipients), message=message)
    recorder = Recorder(target, Deadline(timeout, cancel, each=each))
    session = ClientSession(recorder, until)
    with recorder.probing():
        session.run(addresses or resolve(recorder), mechanism, envelope, clamp)
    return recorder.result("dialogue", session.facts)


def probe_tls(
    target: Target,
    *,
    timeout: float = TIMEOUT,
    cancel: threading.Event | None = None,
) -> ProbeResult[TlsFacts | None]:
    """Go as far as the TLS handshake: which version and cipher, whose certificate, and why not verified?

    A certificate that does not verify is fetched once more on a second connection that carries nothing
    else, so that its names, issuer and expiry can be told.

    Args:
        target: Where to connect; its credentials are not used.
        timeout: Seconds for everything together.
        cancel: Set it to end the probe within a tenth of a second.

    Returns:
        Facts are `TlsFacts`; None if no handshake was reached.

    Raises:
        UsageError: On wrong use, such as a target without TLS.
    """
    if target.security is Security.PLAIN:
        raise UsageError(f"{target} uses no TLS; choose STARTTLS or a TLS wrapper")
    result = probe_dialogue(target, timeout=timeout, until=Stage.TLS, cancel=cancel)
    return replace(result, probe="tls", facts=result.facts.tls)  # type: ignore[arg-type, return-value]
