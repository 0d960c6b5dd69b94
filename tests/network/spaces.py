"""Namespaces, and what is done in them by `ip` and `nft`."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence

from network.case import Case
from network.middlebox import BASE


def why_not() -> str:
    """Why there can be no such networks here, or an empty text."""
    if os.geteuid() != 0:
        return "needs root: network namespaces, virtual cables and a firewall of their own"
    missing = [tool for tool in ("ip", "nft", "setpriv") if not shutil.which(tool)]
    if missing:
        return f"needs {', '.join(missing)} (Debian: iproute2 nftables util-linux)"
    name = f"sestools-try-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
        return "this system allows no network namespaces"
    try:
        if subprocess.run(
            ["ip", "netns", "exec", name, "nft", "list", "ruleset"], capture_output=True
        ).returncode:
            return "this system has no nftables in a namespace"
    finally:
        run("ip", "netns", "del", name)
    return ""


def run(*command: str, text: str | None = None) -> str:
    """Run a command; what it complains about is the error."""
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def ip(space: str, lines: Sequence[str]) -> None:
    """Do what these lines say to `ip`, in a namespace."""
    run("ip", "-n", space, "-batch", "-", text="\n".join(lines) + "\n")


def tables(router: str, client: str, case: Case, number: int) -> None:
    """The rules of the router, which leads to the middlebox what is meant for it, and of the client."""

    def table(*chains: tuple[str, str, Sequence[str]], more: str = "") -> str:
        text = "".join(
            f"chain {name} {{ type {hook};\n" + "\n".join(lines) + "\n}\n" for name, hook, lines in chains
        )
        return f"table inet way {{\n{more}\n{text}}}\n".replace("{n}", str(number))

    led = [f'iifname "vra" tcp dport {port} redirect to :{BASE + port}' for port in case.box]
    chains = [
        ("forward", "filter hook forward priority 0", case.forward),
        ("output", "filter hook output priority 0", case.output),
        ("led", "nat hook prerouting priority -100", led),
    ]
    nft = ("nft", "-f", "-")
    run("ip", "netns", "exec", router, *nft, text=table(*chains, more=case.rules))
    if case.ours:
        ours = table(("output", "filter hook output priority 0", case.ours))
        run("ip", "netns", "exec", client, *nft, text=ours)


@contextlib.contextmanager
def namespace(name: str) -> Iterator[None]:
    """A namespace, which is gone in the end with all that is in it."""
    run("ip", "netns", "add", name)
    try:
        # Addresses are there at once: nobody asks first whether they are taken.
        run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        run("ip", "-n", name, "link", "set", "lo", "up")
        yield
    finally:
        run("ip", "netns", "del", name)
