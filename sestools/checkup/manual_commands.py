"""The same probes as lines to type, for a host without Python, and how to read what they print.

Source: the SES guide's command-line page and AWS's help article on SMTP time-outs; the `swaks` and
PowerShell lines follow the manuals of those tools. openssl by itself neither stops at a bad certificate nor
looks at the name in it, so it is told to.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from sestools.core.endpoints import Security
from sestools.core.enums import Stage
from sestools.core.target import Target
from sestools.probes.connect import is_address


@dataclass(frozen=True)
class Equivalent:
    """A command line that shows what a probe showed.

    Attributes:
        tool: The program.
        command: The line to type.
        healthy: What it prints when all is well.
        signs: How to read it when not, by the stage that fails; what is in quotes is in what it prints.
    """

    tool: str
    command: str
    healthy: str
    signs: tuple[tuple[Stage, str], ...]

    @property
    def failing(self) -> str:
        """How to read it when not all is well."""
        return "; ".join(dict.fromkeys(text for _, text in self.signs))

    def at(self, stage: Stage | None) -> str:
        """How to read it when one stage fails; nothing, if it is not known which."""
        if stage is None:
            return ""
        texts = [text for when, text in self.signs if when is stage]
        return "; ".join(texts) or "it goes on, for it does not see this"


_DROPPED = "dropped on the way; 'refused': something answers and says no"
_NC = ((Stage.CONNECT, f"'timed out' (Ncat: 'TIMEOUT'): {_DROPPED}"),)
_POWERSHELL = (
    (Stage.CONNECT, "TcpTestSucceeded : False after a wait: dropped on the way; at once: refused"),
)
_SILENT = "no line at all: silent, if nc connects"
_NO_ANSWER = (Stage.CONNECT, f"it stays at 'Trying': {_DROPPED}")
_MUTE = (Stage.GREETING, "nothing after 'Connected': silent")
_ANOTHER = (Stage.GREETING, "another greeting: something answers in SES's place")
_TELNET, _TELNET_WRAPPED = (_NO_ANSWER, _MUTE, _ANOTHER), (_NO_ANSWER, _ANOTHER)
_SWAKS_TLS = (
    (Stage.GREETING, "a 220 without SimpleEmailService: something answers in SES's place"),
    (Stage.STARTTLS, "'did not advertise STARTTLS', or nothing after '-> STARTTLS'"),
    (Stage.TLS, "'TLS startup failed' and why (a wrong name only newer versions see)"),
    (Stage.EHLO, "no 'AUTH PLAIN LOGIN' in the list after TLS"),
    (Stage.AUTH, "'<~*' or '<**': the refusal in words"),
)
_SWAKS, _SWAKS_WRAPPED = (_NO_ANSWER, _MUTE, *_SWAKS_TLS), (_NO_ANSWER, (Stage.TLS, _MUTE[1]), *_SWAKS_TLS)
_CLOSED = (Stage.GREETING, "'unexpected eof': closed by the other side")
_OPENSSL = (Stage.CONNECT, f"no line at all: {_DROPPED}")
_OPENSSL_TLS = (
    (Stage.TLS, "'wrong version number': wrong TLS mode for the port"),
    (Stage.TLS, "'verify error': the certificate, and why"),
    (Stage.TLS, "after 'depth=1' another issuer than Amazon: opened on the way"),
)
_OPENSSL_WRAPPED = (_OPENSSL, (Stage.TLS, _SILENT), *_OPENSSL_TLS, _ANOTHER, _CLOSED)
_OPENSSL_STARTTLS = (
    _OPENSSL,
    *_OPENSSL_TLS,
    (Stage.GREETING, _SILENT),
    _CLOSED,
    (Stage.STARTTLS, "'find STARTTLS in server response': it is taken out of the list"),
    (Stage.STARTTLS, _SILENT),
)


def equivalents(target: Target, *, signs_in: bool = False) -> tuple[Equivalent, ...]:
    """Lines for nc, telnet, openssl, swaks and PowerShell that look at the same target.

    They hold no credentials: a target that signs in, or is said to, gets a swaks line that asks for the password.
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
    telnet = "Connected, then nothing: a TLS wrapper waits for a handshake" if wrapped else greeting
    openssl = f"certificate lines with 'verify return:1', then {first} (leave with QUIT)"
    windows = f"Test-NetConnection -ComputerName {name} -Port {port}"
    tcp_only = "it sees TCP only"
    return (
        Equivalent("nc", f"nc -vz -w 5 {name} {port}", f"'succeeded' (Ncat: 'Connected'); {tcp_only}", _NC),
        Equivalent("telnet", f"telnet {name} {port}", telnet, _TELNET_WRAPPED if wrapped else _TELNET),
        Equivalent(
            "openssl",
            _openssl(target, host, port),
            openssl,
            _OPENSSL_WRAPPED if wrapped else _OPENSSL_STARTTLS,
        ),
        Equivalent(
            "swaks", _swaks(target, name, port, signs_in), swaks, _SWAKS_WRAPPED if wrapped else _SWAKS
        ),
        Equivalent("PowerShell", windows, f"TcpTestSucceeded : True; {tcp_only}", _POWERSHELL),
    )


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


def _swaks(target: Target, name: str, port: int, signs_in: bool) -> str:
    line = f"swaks --server {name} --port {port}"
    line += " --tls-on-connect" if target.security is Security.WRAPPER else " --tls"
    if target.connect_to and not is_address(target.host):
        line += f" --tls-sni {shlex.quote(target.host)}"
    line += " --tls-verify"
    if target.ca_file:
        line += f" --tls-ca-path {shlex.quote(target.ca_file)}"
    line += " --to success@simulator.amazonses.com"
    return line + (' --auth-user "$SMTP_USER" --quit-after AUTH' if signs_in else " --quit-after EHLO")
