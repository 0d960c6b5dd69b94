"""Networks for the tests: one server, and for each case a router and a client in namespaces of their own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sestools

HOST = "email-smtp.eu-west-1.amazonaws.com"
TOP = Path(__file__).parents[2]
NOBODY = "65534"
METADATA = "169.254.169.254"
ICMP_LOST = "icmp type destination-unreachable icmp code frag-needed drop"
ICMP6_LOST = "icmpv6 type packet-too-big drop"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One network, and what has to be found in it.

    Attributes:
        name: What is wrong, in words.
        want: What the client has to report, by name.
        kind: `mtu` (the probe), `check`, or `context`: whether EC2's metadata service is found.
        port: Which port the MTU probe uses.
        forward: nft rules for what the router forwards.
        output: nft rules for what the router says itself.
        up: Path MTU towards the server, if the router's way there is narrow.
        down: Path MTU towards the client.
        mtu: MTU of the outer interfaces: the client's and the server's.
        ipv6: Whether the name has an IPv6 address, too, and the network carries it.
        ipv4: Whether the name has an IPv4 address.
        fixed: MTU that the client's interface was set to in the end.
        route: MTU that the client's route was given in the end.
        deaf: Whether the server never answers NOOP.
        private: Whether the server has private addresses, as a VPC endpoint has.
        second: Whether the name has a second IPv4 address, which ends in 3.
        longest: Seconds that it may take.
    """

    name: str
    want: dict[str, Any]
    kind: str = "mtu"
    port: int = 587
    forward: Sequence[str] = ()
    output: Sequence[str] = ()
    up: int | None = None
    down: int | None = None
    mtu: int = 1500
    ipv6: bool = False
    ipv4: bool = True
    fixed: int | None = None
    route: int | None = None
    deaf: bool = False
    private: bool = False
    second: bool = False
    longest: float = 15.0

    def server(self, number: int) -> tuple[str, str]:
        """How the server's addresses begin: public as far as anybody can tell, unless they are private.

        IPv4 is from the range for such tests (RFC 2544), IPv6 from that for documentation (RFC 3849).
        """
        if self.private:
            return f"10.{number}.2", f"fd00:{number}:2:"
        return f"198.18.{number}", f"2001:db8:{number}:"


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


class Networks:
    """The server's namespace and its cases. Everything is gone when it is left.

    An ordinary user cannot read root's folders, where the project's own Python often is. So the clients run
    in a private mount namespace, in which that Python, its packages and the product stand in an open folder.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = list(cases)
        self._prefix = f"sestools-{os.getpid()}"
        self._server = f"{self._prefix}-ses"

    def __enter__(self) -> Networks:
        with contextlib.ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sestools-network-")))
            self._folder.chmod(0o755)
            for name in ("python", "site", "product"):
                (self._folder / name).mkdir()
            shutil.copy(Path(__file__).parent / "client.py", self._folder / "client.py")
            stack.enter_context(_namespace(self._server))
            run("ip", "-n", self._server, "address", "add", f"{METADATA}/32", "dev", "lo")
            for number, case in enumerate(self._cases, 1):
                for part in ("r", "c"):
                    stack.enter_context(_namespace(f"{self._prefix}-{number}{part}"))
                self._join(number, case)
            stack.enter_context(self._serving())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _join(self, number: int, case: Case) -> None:
        """Client - router - server, by two virtual cables; the client is 10.N.1.2, the server ends in 2."""
        client, router, server = f"{self._prefix}-{number}c", f"{self._prefix}-{number}r", self._server
        near, near6 = f"10.{number}.1", f"fd00:{number}:1:"
        far, far6 = case.server(number)
        inside = max(case.mtu, 1500)
        ip6 = "-6"
        for space, word in ((client, "vca"), (server, f"vs{number}")):
            peer = "vra" if space == client else "vrb"
            run("ip", "-n", router, "link", "add", peer, "mtu", str(inside), "type", "veth",
                "peer", "name", word, "mtu", str(case.mtu), "netns", space)  # fmt: skip
        for space, device, address, address6 in (
            (client, "vca", f"{near}.2", f"{near6}:2"),
            (router, "vra", f"{near}.1", f"{near6}:1"),
            (router, "vrb", f"{far}.1", f"{far6}:1"),
            (server, f"vs{number}", f"{far}.2", f"{far6}:2"),
        ):
            run("ip", "-n", space, "address", "add", f"{address}/24", "dev", device)
            run("ip", "-n", space, "address", "add", f"{address6}/64", "dev", device, "nodad")
            run("ip", "-n", space, "link", "set", device, "up")
        run("ip", "-n", router, "route", "add", METADATA, "via", f"{far}.2")
        if case.second:
            run("ip", "-n", server, "address", "add", f"{far}.3/24", "dev", f"vs{number}")
        run("ip", "-n", client, "route", "add", "default", "via", f"{near}.1")
        run("ip", ip6, "-n", client, "route", "add", "default", "via", f"{near6}:1")
        run("ip", "-n", server, "route", "add", f"{near}.0/24", "via", f"{far}.1")
        run("ip", ip6, "-n", server, "route", "add", f"{near6}:/64", "via", f"{far6}:1")
        for space, key in ((router, "net.ipv4.ip_forward=1"), (router, "net.ipv6.conf.all.forwarding=1")):
            run("ip", "netns", "exec", space, "sysctl", "-qw", key)
        # A locked MTU on the router's route makes one direction narrow, as a tunnel would.
        for mtu, address, device in (
            (case.up, f"{far}.2", "vrb"),
            (case.down, f"{near}.2", "vra"),
            (case.up, f"{far6}:2", "vrb"),
            (case.down, f"{near6}:2", "vra"),
        ):
            if mtu and (mtu >= 1280 or ":" not in address):  # the least that IPv6 allows
                run("ip", "-n", router, "route", "add", address, "dev", device, "mtu", "lock", str(mtu))
        if case.fixed:
            run("ip", "-n", client, "link", "set", "vca", "mtu", str(case.fixed))
        if case.route:
            run("ip", "-n", client, "route", "add", f"{far}.2", "via", f"{near}.1", "mtu", str(case.route))
        rules = "".join(
            f"chain {hook} {{ type filter hook {hook} priority 0;\n" + "\n".join(lines) + "\n}\n"
            for hook, lines in (("forward", case.forward), ("output", case.output))
        )
        run("ip", "netns", "exec", router, "nft", "-f", "-", text=f"table inet way {{\n{rules}}}\n")
        addresses = [*([f"{far}.2"] if case.ipv4 else []), *([f"{far6}:2"] if case.ipv6 else [])]
        addresses += [f"{far}.3"] if case.second else []
        hosts = "".join(f"{address} {HOST}\n" for address in addresses)
        (self._folder / f"hosts-{number}").write_text(f"127.0.0.1 localhost\n{hosts}")
        (self._folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")

    @contextlib.contextmanager
    def _serving(self) -> Iterator[None]:
        log = self._folder / "server.log"
        deaf = [f"10.{number}.1.2" for number, case in enumerate(self._cases, 1) if case.deaf]
        command = ["ip", "netns", "exec", self._server, sys.executable, "-m", "tests.network.server"]
        with log.open("wb") as errors:
            server = subprocess.Popen(
                [*command, str(self._folder / "ca.pem"), *deaf],
                cwd=TOP,
                env={**os.environ, "PYTHONPATH": str(TOP)},
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        try:
            assert server.stdout
            if not server.stdout.readline():  # it says a word when it listens, and none when it fails
                raise RuntimeError(f"the server did not start: {log.read_text()}")
            (self._folder / "ca.pem").chmod(0o644)
            yield
        finally:
            server.terminate()
            server.wait()
            if server.stdout:
                server.stdout.close()

    def seen_by(self, number: int) -> dict[str, Any]:
        """What the client of a case reports."""
        case, open_ = self._cases[number - 1], self._folder
        packages = sysconfig.get_path("purelib")
        product = str(Path(sestools.__file__).parents[1])
        script = (
            "set -e\n"
            f"mount --bind '{sys.base_prefix}' {open_}/python\n"
            f"mount --bind '{packages}' {open_}/site\n"
            f"mount --bind '{product}' {open_}/product\n"
            f"mount --bind {open_}/hosts-{number} /etc/hosts\n"
            f"mount --bind {open_}/resolv.conf /etc/resolv.conf\n"
            f"cd {open_}\n"
            f"exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups --inh-caps=-all --bounding-set=-all "
            f"--no-new-privs env -i PATH=/usr/bin:/bin PYTHONPATH={open_}/product:{open_}/site "
            f"LD_LIBRARY_PATH={open_}/python/lib PYTHONDONTWRITEBYTECODE=1 "
            f"{open_}/python/bin/python{sys.version_info.major}.{sys.version_info.minor} {open_}/client.py "
            f"{case.kind} {HOST} {case.port} {open_}/ca.pem\n"
        )
        found: dict[str, Any] = json.loads(
            run("ip", "netns", "exec", f"{self._prefix}-{number}c", "sh", text=script)
        )
        return found


@contextlib.contextmanager
def _namespace(name: str) -> Iterator[None]:
    run("ip", "netns", "add", name)
    try:
        run("ip", "-n", name, "link", "set", "lo", "up")
        yield
    finally:
        run("ip", "netns", "del", name)
