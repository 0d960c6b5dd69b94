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
from pathlib import Path
from typing import Any

import sestools
from network.case import HOST, Case
from network.spaces import ip, namespace, run, tables

TOP = Path(__file__).parents[2]
NOBODY = "65534"
METADATA = "169.254.169.254"


class Networks:
    """The server's namespace and its cases, each made when its client is asked. Everything is gone when it is left.

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
            stack.enter_context(namespace(self._server))
            run("ip", "-n", self._server, "address", "add", f"{METADATA}/32", "dev", "lo")
            stack.enter_context(self._serving())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _serving(self) -> contextlib.AbstractContextManager[None]:
        numbered = list(enumerate(self._cases, 1))
        asked = {
            "ca": str(self._folder / "ca.pem"),
            "deaf": [f"10.{number}.1.2" for number, case in numbered if case.deaf],
            "places": {
                address: case.server_is
                for number, case in numbered
                if case.server_is
                for address in case.served(number)
            },
        }
        return self._program(self._server, "server", asked)

    @contextlib.contextmanager
    def _program(self, space: str, name: str, asked: dict[str, Any]) -> Iterator[None]:
        """One of this folder's programs, running in a namespace."""
        log = self._folder / f"{space}-{name}.log"
        command = [
            "ip",
            "netns",
            "exec",
            space,
            sys.executable,
            "-m",
            f"tests.network.{name}",
            json.dumps(asked),
        ]
        with log.open("wb") as errors:
            program = subprocess.Popen(
                command,
                cwd=TOP,
                env={**os.environ, "PYTHONPATH": str(TOP)},
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        try:
            assert program.stdout
            if not program.stdout.readline():  # it says a word when it is ready, and none when it fails
                raise RuntimeError(f"{name} did not start: {log.read_text()}")
            if "ca" in asked:
                Path(asked["ca"]).chmod(0o644)
            yield
        finally:
            program.terminate()
            program.wait()
            if program.stdout:
                program.stdout.close()

    @contextlib.contextmanager
    def _network(self, number: int) -> Iterator[None]:
        """Client - router - (link -) server, by virtual cables; the client is 10.N.1.2, the server ends in 2."""
        case = self._cases[number - 1]
        client, router, link = (f"{self._prefix}-{number}{part}" for part in "crl")
        far = case.server(number)[0]
        with contextlib.ExitStack() as stack:
            for space in (router, client, *([link] if case.link is not None else [])):
                stack.enter_context(namespace(space))
            self._cables(number, case)
            self._routes(number, case)
            tables(router, client, case, number)
            self._names(number, case)
            if case.link is not None:
                ends = [(client, "vca"), (router, "vra"), (router, "vrb"), (self._server, f"vs{number}")]
                stack.enter_context(self._program(link, "link", {"offloads": ends, **case.link}))
            if case.dns is not None and case.dns.get("answer") != "down":
                asked = {
                    "listen": [f"10.{number}.1.1"],
                    "name": HOST,
                    "a": [address for address in case.served(number) if ":" not in address],
                    "aaaa": [address for address in case.served(number) if ":" in address],
                    **json.loads(json.dumps(dict(case.dns)).replace("{n}", str(number))),
                }
                stack.enter_context(self._program(router, "nameserver", asked))
            if case.box:
                box = {"ports": case.box, "upstream": f"{far}.2", "host": HOST}
                asked = {**box, "ca": str(self._folder / f"box-{number}.pem")}
                stack.enter_context(self._program(router, "middlebox", asked))
            yield

    def _cables(self, number: int, case: Case) -> None:
        client, router, link = (f"{self._prefix}-{number}{part}" for part in "crl")
        server, inside = self._server, max(case.mtu, 1500)
        pairs = [((router, "vra", inside), (client, "vca", case.mtu))]
        if case.link is None:
            pairs.append(((router, "vrb", inside), (server, f"vs{number}", case.mtu)))
        else:
            off = "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"
            run("ip", "netns", "exec", link, "sysctl", "-qw", *off)
            pairs.append(((router, "vrb", inside), (link, "vla", inside)))
            pairs.append(((link, "vlb", inside), (server, f"vs{number}", case.mtu)))
        for (space, name, mtu), (peer_space, peer, peer_mtu) in pairs:
            run("ip", "-n", space, "link", "add", name, "mtu", str(mtu), "type", "veth",
                "peer", "name", peer, "mtu", str(peer_mtu), "netns", peer_space)  # fmt: skip
        if case.link is not None:
            ip(link, ["link set vla up", "link set vlb up"])

    def _routes(self, number: int, case: Case) -> None:
        client, router = (f"{self._prefix}-{number}{part}" for part in "cr")
        near, near6 = f"10.{number}.1", f"fd00:{number}:1:"
        far, far6 = case.server(number)

        def device(name: str, address: str, address6: str) -> list[str]:
            return [
                f"address add {address}/24 dev {name}",
                f"address add {address6}/64 dev {name} nodad",
                f"link set {name} up",
            ]

        # No ICMP is held back: what a case limits it limits itself.
        keys = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.icmp_ratelimit=0",
                "net.ipv6.icmp.ratelimit=0", "net.netfilter.nf_conntrack_acct=1")  # fmt: skip
        run("ip", "netns", "exec", router, "sysctl", "-qw", *keys)
        if case.sysctl:
            run("ip", "netns", "exec", client, "sysctl", "-qw", *case.sysctl)
        narrow = [
            # A locked MTU on the router's route makes one direction narrow, as a tunnel would.
            f"route add {address} dev {name} mtu lock {mtu}"
            for mtu, address, name in (
                (case.up, f"{far}.2", "vrb"),
                (case.down, f"{near}.2", "vra"),
                (case.up, f"{far6}:2", "vrb"),
                (case.down, f"{near6}:2", "vra"),
            )
            if mtu and (mtu >= 1280 or ":" not in address)  # the least that IPv6 allows
        ]
        more = [f"address add {address.replace('{n}', str(number))} dev lo" for address in case.addresses]
        # What leads nowhere else vanishes: the internet answers nothing here.
        routed = [
            f"route add {METADATA} via {far}.2",
            "route add blackhole 0.0.0.0/0",
            "route add blackhole ::/0",
        ]
        routed += [*narrow, *more]
        ip(
            router,
            [*device("vra", f"{near}.1", f"{near6}:1"), *device("vrb", f"{far}.1", f"{far6}:1"), *routed],
        )
        ways = [f"route add default via {near}.1", f"route add ::/0 via {near6}:1"] * case.routed
        ways += [f"link set vca mtu {case.fixed}"] if case.fixed else []
        ways += [f"route add {far}.2 via {near}.1 mtu {case.route}"] if case.route else []
        ip(client, [*device("vca", f"{near}.2", f"{near6}:2"), *ways])
        second = [f"address add {far}.3/24 dev vs{number}"] if case.second else []
        back = [f"route add {near}.0/24 via {far}.1", f"route add {near6}:/64 via {far6}:1"]
        ip(self._server, [*device(f"vs{number}", f"{far}.2", f"{far6}:2"), *second, *back])

    def _names(self, number: int, case: Case) -> None:
        """The client's hosts file, and which name servers it asks."""
        listed = case.served(number) if case.dns is None else [case.pinned] if case.pinned else []
        hosts = "".join(f"{address.replace('{n}', str(number))} {HOST}\n" for address in listed)
        (self._folder / f"hosts-{number}").write_text(f"127.0.0.1 localhost\n{hosts}")
        lines = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
        if case.dns is not None:
            lines = "".join(
                f"nameserver {address.replace('{n}', str(number))}\n" for address in case.resolvers
            )
        (self._folder / f"resolv-{number}").write_text(lines)

    def _trusted(self, number: int, case: Case) -> str:
        """The file with what the client's system trusts: SES's authority stands for Amazon's."""
        file, own = self._folder / f"trusted-{number}.pem", self._folder / f"box-{number}.pem"
        file.write_text((self._folder / "ca.pem").read_text() + (own.read_text() if case.box_trusted else ""))
        file.chmod(0o644)
        return str(file)

    def seen_by(self, number: int) -> dict[str, Any]:
        """What the client of a case reports."""
        with self._network(number):
            return self._client(number)

    def _client(self, number: int) -> dict[str, Any]:
        case, open_ = self._cases[number - 1], self._folder
        packages = sysconfig.get_path("purelib")
        product = str(Path(sestools.__file__).parents[1])
        table = case.dns is not None
        asked = {
            "kind": case.kind,
            "host": case.asked,
            "port": case.port,
            "ca_file": None if table else f"{open_}/ca.pem",
            "timeout": 5.0 if table else 3.0,
            "arguments": list(case.arguments),
        }
        known = (
            {"SSL_CERT_FILE": self._trusted(number, case), "SESTOOLS_CONTEXT": "elsewhere"} if table else {}
        )
        words = {
            name: word.replace("{n}", str(number)) for name, word in {**known, **case.environment}.items()
        }
        environment = " ".join(f"{name}='{word}'" for name, word in words.items())
        script = (
            "set -e\n"
            f"mount --bind '{sys.base_prefix}' {open_}/python\n"
            f"mount --bind '{packages}' {open_}/site\n"
            f"mount --bind '{product}' {open_}/product\n"
            f"mount --bind {open_}/hosts-{number} /etc/hosts\n"
            f"mount --bind {open_}/resolv-{number} /etc/resolv.conf\n"
            f"cd {open_}\n"
            f"exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups --inh-caps=-all --bounding-set=-all "
            f"--no-new-privs env -i PATH=/usr/bin:/bin PYTHONPATH={open_}/product:{open_}/site "
            f"LD_LIBRARY_PATH={open_}/python/lib PYTHONDONTWRITEBYTECODE=1 {environment} "
            f"{open_}/python/bin/python{sys.version_info.major}.{sys.version_info.minor} {open_}/client.py "
            f"'{json.dumps(asked)}'\n"
        )
        space = f"{self._prefix}-{number}c"
        found: dict[str, Any] = json.loads(run("ip", "netns", "exec", space, "sh", text=script))
        return found
