"""The same probes as lines to type, for a host without Python, and how to read what they print.

Source: the SES guide's command-line page and AWS's help article on SMTP time-outs; the `swaks` and
PowerShell lines follow the manuals of those tools. openssl by itself neither stops at a bad certificate nor
looks at the name in it, so it is told to.
"""

from __future__ import annotations

import ipaddress
import shlex
from dataclasses import dataclass

from sestools.model import Security, Target


@dataclass(frozen=True, kw_only=True)
class Equivalent:
    """A command line that shows what a probe showed.

    Attributes:
        tool: The program.
        command: The line to type.
        healthy: What it prints when all is well.
        failing: How to read it when not: what is in quotes is in what it prints.
    """

    tool: str
    command: str
    healthy: str
    failing: str


def equivalents(target: Target) -> tuple[Equivalent, ...]:
    """Lines for nc, telnet, openssl, swaks and PowerShell that look at the same target.

    They hold no credentials: a target that signs in gets a swaks line that asks for the password.
    """
    host, port = target.connect_to or (target.host, target.port)
    wrapped = target.security is Security.WRAPPER
    name = shlex.quote(host)
    greeting = "220 email-smtp.amazonaws.com ESMTP SimpleEmailService-…"
    return (
        Equivalent(
            tool="nc",
            command=f"nc -vz -w 5 {name} {port}",
            healthy="'succeeded' (Ncat: 'Connected'); it sees no further than TCP",
            failing="'timed out' (Ncat: 'TIMEOUT'): dropped on the way; 'refused': something answers and says no",
        ),
        Equivalent(
            tool="telnet",
            command=f"telnet {name} {port}",
            healthy="Connected, then nothing: a TLS wrapper waits for a handshake" if wrapped else greeting,
            failing=(
                "it stays at 'Trying': dropped on the way; 'refused': something answers and says no; after "
                "'Connected' "
                + (
                    "a greeting: something answers in SES's place"
                    if wrapped
                    else "nothing: silent; another greeting: something answers in SES's place"
                )
            ),
        ),
        Equivalent(
            tool="openssl",
            command=_openssl(target, host, port),
            healthy=f"certificate lines with 'verify return:1', then {greeting if wrapped else '250 Ok'} "
            "(leave with QUIT)",
            failing=(
                "no line at all: dropped, or silent (nc tells which); 'refused'; 'wrong version number': wrong TLS "
                "mode for the port; 'verify error': the certificate, and why; 'unexpected eof': closed by the "
                "other side"
                + (
                    "; another greeting: something answers in SES's place"
                    if wrapped
                    else "; 'find STARTTLS in server response': it is taken out of the list"
                )
            ),
        ),
        Equivalent(
            tool="swaks",
            command=_swaks(target, name, port),
            healthy="'235 Authentication successful' (it asks for the password)"
            if target.credentials
            else "TLS started, then the EHLO list with 'AUTH PLAIN LOGIN'",
            failing=(
                "the last line is the step that failed. 'Trying': no answer; 'refused'; 'Connected': silent; a 220 "
                "without SimpleEmailService: something answers in SES's place; 'did not advertise STARTTLS'; "
                "'TLS startup failed' and why (a wrong name only newer ones see); '<~*' or '<**': a refusal in words"
            ),
        ),
        Equivalent(
            tool="PowerShell",
            command=f"Test-NetConnection -ComputerName {name} -Port {port}",
            healthy="TcpTestSucceeded : True (it sees no further than TCP)",
            failing="TcpTestSucceeded : False after a wait: dropped on the way; at once: refused",
        ),
    )


def _openssl(target: Target, host: str, port: int) -> str:
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    dialled = target.host.rstrip(".")
    kind = "ip" if _is_address(dialled) else "hostname"
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


def _swaks(target: Target, name: str, port: int) -> str:
    line = f"swaks --server {name} --port {port}"
    line += " --tls-on-connect" if target.security is Security.WRAPPER else " --tls"
    if target.connect_to and not _is_address(target.host):
        line += f" --tls-sni {shlex.quote(target.host)}"
    line += " --tls-verify"
    if target.ca_file:
        line += f" --tls-ca-path {shlex.quote(target.ca_file)}"
    line += " --to success@simulator.amazonses.com"
    return line + (
        ' --auth-user "$SMTP_USER" --quit-after AUTH' if target.credentials else " --quit-after EHLO"
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
