"""The same probes as lines to type, for a host without Python, and how to read what they print.

Source: the SES guide's command-line page and AWS's help article on SMTP time-outs; the `swaks` and
PowerShell lines follow the manuals of those tools. openssl by itself neither stops at a bad certificate nor
looks at the name in it, so it is told to.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace

from sestools.core.document import Code
from sestools.core.endpoints import PORTS, Security
from sestools.core.enums import Kind, Stage
from sestools.core.results import ProbeResult, Symptom
from sestools.core.target import Target
from sestools.probes.connect import is_address

_ENDED = frozenset({Kind.CLOSED, Kind.RESET})
_ANOTHER_LINE = frozenset({Kind.GARBLED, Kind.REPLY})
_ANY = frozenset(Kind)


@dataclass(frozen=True)
class Sign:
    """What a command line prints when a stage fails in one of some forms; what is in quotes is in what it prints."""

    stage: Stage
    kinds: frozenset[Kind]
    text: str


@dataclass(frozen=True)
class Equivalent:
    """A command line that shows what a probe showed.

    Attributes:
        tool: The program; `greeting` and `name` are what nc, dig and nslookup say of those.
        command: The line to type.
        healthy: What it prints when all is well.
        signs: How to read it when not, by what fails; what it does not see is not in it.
    """

    tool: str
    command: str
    healthy: str
    signs: tuple[Sign, ...]

    @property
    def failing(self) -> str:
        """How to read it when not all is well."""
        return "; ".join(dict.fromkeys(sign.text for sign in self.signs))

    def at(self, stage: Stage | None, kind: Kind | None) -> str:
        """How to read it when one stage fails in one form; nothing, if it does not see that."""
        found = (sign.text for sign in self.signs if sign.stage is stage and kind in sign.kinds)
        return "; ".join(dict.fromkeys(found))


_WAITS = frozenset({Kind.TIMEOUT})
_DROPPED = "dropped on the way; 'refused': something answers and says no"
_NC = (Sign(Stage.CONNECT, _ANY, f"'timed out' (Ncat: 'TIMEOUT'): {_DROPPED}"),)
_POWERSHELL = (
    Sign(Stage.CONNECT, _ANY, "TcpTestSucceeded : False after a wait: dropped on the way; at once: refused"),
)
_SILENT = "no line at all: silent, if nc connects"
_STAYS = Sign(Stage.CONNECT, _ANY, f"it stays at 'Trying': {_DROPPED}")
_TELNET = (
    _STAYS,
    Sign(Stage.GREETING, _WAITS, "nothing after 'Connected': silent"),
    Sign(Stage.GREETING, _ANOTHER_LINE, "another greeting: something answers in SES's place"),
)
_GREETING = (
    Sign(Stage.GREETING, _WAITS, "no line in 5 s: silent, if it connects"),
    Sign(Stage.GREETING, _ENDED, "no line, and it ends at once: closed by the other side"),
    Sign(Stage.GREETING, _ANOTHER_LINE, "the line that comes says what answers, or why it refuses"),
)
_GREETING_WRAPPED = (
    Sign(Stage.TLS, frozenset({Kind.TLS, Kind.GARBLED}), "a line that can be read: it speaks no TLS there"),
)
_SWAKS = (
    Sign(Stage.STARTTLS, frozenset({Kind.GARBLED}), "'did not advertise STARTTLS'"),
    Sign(Stage.STARTTLS, _WAITS, "nothing after '-> STARTTLS'"),
    Sign(Stage.STARTTLS, frozenset({Kind.REPLY}), "'<**' after '-> STARTTLS': the refusal in words"),
    Sign(Stage.EHLO, frozenset({Kind.REPLY}), "'<**' or '<~*' after 'EHLO': the refusal in words"),
    Sign(Stage.EHLO, frozenset({Kind.GARBLED}), "no 'AUTH PLAIN LOGIN' in the list after TLS"),
    Sign(Stage.EHLO, _WAITS, "nothing after 'EHLO'"),
    *(Sign(stage, frozenset({Kind.REPLY}), "'<~*' or '<**': the refusal in words")
      for stage in (Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY)),
    *(Sign(stage, _WAITS, "nothing more: the reply never comes")
      for stage in (Stage.AUTH, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY)),
)  # fmt: skip
_TLS = frozenset({Kind.TLS, Kind.GARBLED})
_OPENSSL = (
    Sign(Stage.TLS, _WAITS, _SILENT),
    Sign(Stage.TLS, _ENDED, "'unexpected eof', or 'errno=104': closed by the other side"),
    Sign(Stage.TLS, _TLS, "'wrong version number': clear text came, no TLS"),
    Sign(Stage.TLS, _TLS, "'verify error': the certificate, and why"),
    Sign(Stage.TLS, _TLS, "after 'depth=1' another issuer than Amazon: opened on the way"),
)
_OPENSSL_WRAPPED = (
    *_OPENSSL,
    Sign(Stage.GREETING, _ANOTHER_LINE, "another greeting: something answers in SES's place"),
    Sign(Stage.GREETING, _WAITS, "certificate lines, and no greeting after them"),
)
_OPENSSL_STARTTLS = (
    *_OPENSSL,
    Sign(
        Stage.STARTTLS,
        frozenset({Kind.GARBLED}),
        "'find STARTTLS in server response': it is taken out of the list",
    ),
    Sign(Stage.STARTTLS, _WAITS, _SILENT),
)
_NAME = (
    Sign(
        Stage.RESOLVE,
        _ANY,
        "'NXDOMAIN': there is no such name; 'SERVFAIL' or 'REFUSED': the resolver fails; 'timed out' or 'no servers "
        "could be reached': it does not answer",
    ),
)


def equivalents(target: Target, *, signs_in: bool = False, sender: str = "") -> tuple[Equivalent, ...]:
    """Lines for dig, nslookup, nc, telnet, openssl, swaks and PowerShell that look at the same target.

    They hold no credentials: a target that signs in, or is said to, gets a swaks line that asks for the password and
    does not print it; with a `sender` it sends a message to SES's mailbox simulator.
    """
    signs_in = signs_in or target.credentials is not None
    host, port = target.connect_to or (target.host, target.port)
    wrapped = target.security is Security.WRAPPER
    name = shlex.quote(host)
    greeting = "220 email-smtp.amazonaws.com ESMTP SimpleEmailService-…"
    first = greeting if wrapped else "250 Ok"
    swaks = "TLS started, then the EHLO list with 'AUTH PLAIN LOGIN'"
    if signs_in:
        swaks = "'235 Authentication successful' (it asks for the password)"
    if sender:
        swaks = "'250 Ok' and the message's id (it asks for the password, and sends one message)"
    telnet = "Connected, then nothing: a TLS wrapper waits for a handshake" if wrapped else greeting
    openssl = f"certificate lines with 'verify return:1', then {first} (leave with QUIT)"
    windows = f"Test-NetConnection -ComputerName {name} -Port {port}"
    tcp_only = "it sees TCP only"
    line = "no line, and it ends after 5 s: TLS is awaited" if wrapped else greeting
    addresses = "'Address' lines below the name"
    named = () if is_address(target.host) else (
        Equivalent("name", f"dig {target.host}", "'status: NOERROR' and an address for the name", _NAME),
        Equivalent("name", f"nslookup {target.host}", addresses, _NAME),
    )  # fmt: skip
    return (
        *named,
        Equivalent("nc", f"nc -vz -w 5 {name} {port}", f"'succeeded' (Ncat: 'Connected'); {tcp_only}", _NC),
        Equivalent(
            "greeting",
            f"nc -w 5 {name} {port} </dev/null",
            line,
            _GREETING_WRAPPED if wrapped else _GREETING,
        ),
        Equivalent("telnet", f"telnet {name} {port}", telnet, (_STAYS,) if wrapped else _TELNET),
        Equivalent(
            "openssl",
            _openssl(target, host, port),
            openssl,
            _OPENSSL_WRAPPED if wrapped else _OPENSSL_STARTTLS,
        ),
        Equivalent("swaks", _swaks(target, name, port, signs_in, sender), swaks, _SWAKS),
        Equivalent("PowerShell", windows, f"TcpTestSucceeded : True; {tcp_only}", _POWERSHELL),
    )


def lines_for(result: ProbeResult, symptom: Symptom, target: Target, *, signs_in: bool) -> tuple[str, ...]:
    """The lines that show a symptom, each followed by how to read it; `result` is what met it.

    They speak the port's own TLS mode, whatever was tried, so that they show that it works.
    """
    target = replace(target, security=PORTS.get(result.target.port, target.security))
    mail = next((step.sent for step in result.steps if step.stage is Stage.MAIL), "")
    sender = found[1] if signs_in and (found := re.search(r"<([^<>]+)>", mail)) else ""
    # A certificate that was shown is a matter of TLS, and not of what speaks none.
    tls = getattr(result.facts, "tls", None)
    hidden = {"telnet", *(["greeting"] if tls and tls.certificate and symptom.stage is Stage.TLS else [])}
    other = target.security is not result.target.security
    texts: list[str] = []
    for line in equivalents(target, signs_in=signs_in, sender=sender):
        here = line.at(symptom.stage, symptom.kind)
        if other:
            here = "it speaks the port's own TLS mode" if line.tool in ("openssl", "swaks") else ""
        if here and line.tool not in hidden:
            texts += [Code(line.command), f"→ {here}. Healthy: {line.healthy}."]
    return tuple(texts)


def _openssl(target: Target, host: str, port: int) -> str:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    dialled = target.host.rstrip(".")
    kind = "ip" if is_address(dialled) else "hostname"
    words = ["openssl", "s_client", "-crlf", "-quiet"]
    if target.security is not Security.WRAPPER:
        words += ["-starttls", "smtp"]
    words += ["-connect", where]
    if target.connect_to and kind == "hostname":
        words += ["-servername", dialled]
    words += ["-verify_return_error", f"-verify_{kind}", dialled]
    if target.ca_file:
        words += ["-CAfile", target.ca_file]
    return shlex.join(words)


def _swaks(target: Target, name: str, port: int, signs_in: bool, sender: str) -> str:
    line = f"swaks --server {name} --port {port}"
    line += " --tls-on-connect" if target.security is Security.WRAPPER else " --tls"
    if target.connect_to and not is_address(target.host):
        line += f" --tls-sni {shlex.quote(target.host)}"
    line += " --tls-verify"
    if target.ca_file:
        line += f" --tls-ca-path {shlex.quote(target.ca_file)}"
    line += " --to success@simulator.amazonses.com"
    if not signs_in:
        return line + " --quit-after EHLO"
    line += ' --auth PLAIN --auth-user "$SMTP_USER" --auth-hide-password'
    return line + (f" --from {shlex.quote(sender)}" if sender else " --quit-after AUTH")
