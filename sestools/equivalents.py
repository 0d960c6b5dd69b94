"""The same probes as lines to type, for a host without Python, and how to read what they print.

Source: the SES guide's command-line page and AWS's help article on SMTP time-outs; the `swaks` and
PowerShell lines follow the manuals of those tools.
"""

from __future__ import annotations

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
        failing: How to read it when not.
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
    starttls = "" if wrapped else " -starttls smtp"
    server_name = f" -servername {shlex.quote(target.host)}" if target.connect_to else ""
    ca_file = f" -CAfile {shlex.quote(target.ca_file)}" if target.ca_file else ""
    greeting = "220 email-smtp.amazonaws.com ESMTP SimpleEmailService-…"
    swaks_tls = "--tls-on-connect" if wrapped else "--tls"
    swaks_ca = (
        f" --tls-verify --tls-ca-path {shlex.quote(target.ca_file)}" if target.ca_file else " --tls-verify"
    )
    return (
        Equivalent(
            tool="nc",
            command=f"nc -vz -w 5 {name} {port}",
            healthy="succeeded! (Ncat: Connected)",
            failing="no answer or 'timed out': dropped on the way; 'refused': something answers and says no",
        ),
        Equivalent(
            tool="telnet",
            command=f"telnet {name} {port}",
            healthy="Connected, then nothing: a TLS wrapper waits for a handshake" if wrapped else greeting,
            failing=(
                "stays at 'Trying …': dropped on the way"
                if wrapped
                else "stays at 'Trying …': dropped on the way; another greeting: something answers in SES's place"
            ),
        ),
        Equivalent(
            tool="openssl",
            command=f"openssl s_client -crlf -quiet{starttls} -connect {name}:{port}{server_name}{ca_file}",
            healthy=f"certificate lines with 'verify return:1', then {greeting if wrapped else '250 Ok'}",
            failing="'wrong version number': wrong TLS mode for the port; 'verify error': the certificate's fault",
        ),
        Equivalent(
            tool="swaks",
            command=(
                f"swaks --server {name} --port {port} {swaks_tls}{swaks_ca} --to success@simulator.amazonses.com "
                + (
                    '--auth-user "$SMTP_USER" --quit-after AUTH'
                    if target.credentials
                    else "--quit-after EHLO"
                )
            ),
            healthy="235 Authentication successful (it asks for the password)"
            if target.credentials
            else "TLS started, then the EHLO list with AUTH PLAIN LOGIN",
            failing="the last line marked *** or <** is the step that failed",
        ),
        Equivalent(
            tool="PowerShell",
            command=f"Test-NetConnection -ComputerName {name} -Port {port}",
            healthy="TcpTestSucceeded : True (this tests TCP only)",
            failing="TcpTestSucceeded : False after a wait: dropped on the way",
        ),
    )
