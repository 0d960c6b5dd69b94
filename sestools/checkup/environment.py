"""Where this program runs: it changes how a verdict is worded, never what it rests on.

Environment variables and files tell at once. Only if they say nothing EC2's instance metadata service is asked,
once in a process, beside other work, for a second at most. `SESTOOLS_CONTEXT` overrides all of it.

Sources: AWS's guides (environment of Lambda and ECS; "Identify EC2 Linux instances"; IMDSv2) and cloud-init's
`ds-identify` for what firmware says; Docker's, Podman's and Kubernetes' own marks for containers.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import threading
import time
import urllib.parse
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, replace
from pathlib import Path

from sestools.core.enums import Place
from sestools.core.errors import UsageError
from sestools.core.text import printable

METADATA = ("169.254.169.254", 80)
"""EC2's instance metadata service: link-local, so a question never leaves the network segment."""
WAIT = 1.0
"""Seconds that the metadata service gets in all."""

NAMES = {
    Place.EC2: "EC2",
    Place.ECS: "ECS or Fargate",
    Place.EKS: "EKS",
    Place.LAMBDA: "AWS Lambda",
    Place.CONTAINER: "a container, on whose host is not known",
    Place.BINDER: "Binder",
    Place.ELSEWHERE: "a machine that is not EC2",
    Place.UNKNOWN: "not known",
}
"""Each place in words that follow "runs on:"."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Where a check runs.

    Attributes:
        place: The place; UNKNOWN is an answer.
        evidence: What says so.
        container: Whether this is a container, whatever it runs on.
        proxy: Host and port of the web proxy that the environment names, if any. SMTP does not go through it.
    """

    place: Place
    evidence: str
    container: bool = False
    proxy: str = ""

    def __str__(self) -> str:
        within = ", in a container" if self.container and self.place in (Place.EC2, Place.ELSEWHERE) else ""
        behind = f"; web proxy {self.proxy}" if self.proxy else ""
        return f"{NAMES[self.place]}{within} ({self.evidence}){behind}"


def told(place: str, who: str = "you said so") -> Context:
    """The context that somebody names, such as `ec2`. Raises `UsageError` if there is no such place."""
    try:
        return Context(place=Place(place.strip().lower()), evidence=who)
    except ValueError:
        known = ", ".join(Place)
        raise UsageError(f"a context is one of {known}; not {printable(place, 40)!r}") from None


def named(environment: Mapping[str, str] = os.environ) -> Context | None:
    """The context that SESTOOLS_CONTEXT names, if it is set."""
    said = environment.get("SESTOOLS_CONTEXT", "").strip()
    return told(said, "SESTOOLS_CONTEXT says so") if said else None


def by_environment(environment: Mapping[str, str] = os.environ) -> Context | None:
    """The context, if an environment variable tells it; None is no answer."""
    if found := named(environment):
        return found
    for name, pattern, place, says in _VARIABLES:
        value = environment.get(name, "")
        if value and re.search(pattern, value):
            return Context(place=place, evidence=f"{name} {says.format(printable(value, 40))}")
    return None


class Search:
    """Finds out where this process runs, beside other work.

    Variables come first, then the files of firmware below `root`, then the metadata service: by default EC2's, which
    is asked once a process, and for a second at most. Raises `UsageError` if SESTOOLS_CONTEXT names no place.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        root: Path = Path("/"),
        metadata: _Metadata | None = None,
    ) -> None:
        self._proxy = proxy_of(environment)
        self._container = _container(environment, root)
        self._known = by_environment(environment) or _from_firmware(root)
        self._metadata = None if self._known else (metadata or _own_metadata())

    def result(self, stop: threading.Event | None = None) -> Context:
        """The context. Waits for the metadata service if that was asked, unless `stop` is set."""
        found, mark = self._known, self._container
        if self._metadata:
            is_ec2, words = self._metadata.result(stop)
            place = Place.EC2 if is_ec2 else Place.CONTAINER if mark else Place.UNKNOWN
            if place is Place.UNKNOWN:
                words = f"nothing on this host tells, and {words}"
            found = Context(place=place, evidence=words)
        assert found  # noqa: S101 - either known, or asked
        # On ECS, EKS, Lambda and Binder a container is no news.
        if mark and found.place in (Place.EC2, Place.ELSEWHERE, Place.CONTAINER):
            found = replace(found, evidence=f"{mark}; {found.evidence}")
        return replace(found, container=bool(mark), proxy=self._proxy)


def proxy_of(environment: Mapping[str, str]) -> str:
    """The proxy that variables such as HTTPS_PROXY name, as host and port: never its user and password."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"):
        if not (said := environment.get(name, "").strip()):
            continue
        with contextlib.suppress(ValueError):
            found = urllib.parse.urlsplit(said if "://" in said else f"//{said}")
            where = f"{found.hostname}:{found.port}" if found.port else found.hostname
            # An "@" after the host: what looks like the host is a user, and the rest a password.
            if where and "@" not in found.path + found.query + found.fragment:
                return f"{printable(where, 80)} ({name})"
        return name
    return ""


_VARIABLES = (
    ("BINDER_SERVICE_HOST", "", Place.BINDER, "is set"),
    ("BINDER_REF_URL", "", Place.BINDER, "is set"),
    ("BINDER_LAUNCH_HOST", "", Place.BINDER, "is set"),
    ("AWS_SAM_LOCAL", "", Place.ELSEWHERE, "is set: Lambda, emulated on a host of yours"),
    ("AWS_EXECUTION_ENV", "^AWS_Lambda", Place.LAMBDA, "is {}"),
    ("AWS_LAMBDA_FUNCTION_NAME", "", Place.LAMBDA, "is set"),
    ("ECS_CONTAINER_METADATA_URI_V4", "", Place.ECS, "is set"),
    ("ECS_CONTAINER_METADATA_URI", "", Place.ECS, "is set"),
    ("AWS_EXECUTION_ENV", "^AWS_ECS", Place.ECS, "is {}"),
    (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        r"\beks\.amazonaws\.com\b",
        Place.EKS,
        "leads to eks.amazonaws.com",
    ),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", r"\beks\.amazonaws\.com\b", Place.EKS, "leads to eks.amazonaws.com"),
)
"""Variables that AWS or Binder sets for whatever runs there: what is in the value, the place, the evidence."""


def _from_firmware(root: Path) -> Context | None:
    """What the firmware, real or virtual, says (Linux only)."""
    if _read(root / "sys/hypervisor/uuid")[:3].lower() == "ec2":
        return Context(place=Place.EC2, evidence="the hypervisor's UUID begins with ec2")
    vendor = _read(root / "sys/class/dmi/id/sys_vendor")
    if vendor == "Amazon EC2":
        return Context(place=Place.EC2, evidence="the firmware's vendor is Amazon EC2")
    # Older instance types are virtual machines of Xen, as others are elsewhere.
    if vendor and vendor != "Xen":
        return Context(place=Place.ELSEWHERE, evidence=f"the firmware's vendor is {printable(vendor, 40)}")
    return None


def _container(environment: Mapping[str, str], root: Path) -> str:
    """What says that this is a container, or an empty text."""
    if environment.get("KUBERNETES_SERVICE_HOST"):
        return "KUBERNETES_SERVICE_HOST is set"
    for name in (".dockerenv", "run/.containerenv"):
        if (root / name).exists():
            return f"/{name} exists"
    if environment.get("container"):
        return "the variable 'container' is set"
    found = re.search(r"docker|kubepods|containerd|libpod|/lxc", _read(root / "proc/1/cgroup"))
    return f"/proc/1/cgroup says {found[0].strip('/')}" if found else ""


def _read(path: Path) -> str:
    """The beginning of a file, or an empty text."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(4096).decode("ascii", "replace").strip()
    return ""


class _Metadata:
    """One question to the metadata service, in a thread; `result` waits for it for `wait` seconds at most."""

    def __init__(self, address: tuple[str, int] | None = None, wait: float = WAIT) -> None:
        self._wait, self._ends = wait, time.monotonic() + wait
        self._answer: Future[tuple[bool, str]] = Future()

        def work() -> None:
            try:
                self._answer.set_result(_ask(address or METADATA, wait))
            except (OSError, http.client.HTTPException):
                self._answer.set_result((False, "there is no metadata service"))

        threading.Thread(target=work, name="sestools-context", daemon=True).start()

    def result(self, stop: threading.Event | None = None) -> tuple[bool, str]:
        """Whether it is EC2's, and what it did."""
        while not self._answer.done():
            left = self._ends - time.monotonic()
            if stop and stop.is_set():
                return False, "the metadata service was not waited for"
            if left <= 0:
                return False, f"the metadata service gave no answer in {self._wait:g} s"
            wait_for([self._answer], min(0.05, left))
        return self._answer.result()


def _ask(address: tuple[str, int], wait: float) -> tuple[bool, str]:
    # Straight to the address: never through a proxy, which would be asked about itself.
    with contextlib.closing(http.client.HTTPConnection(*address, timeout=wait)) as service:
        # Version 2 needs a token, got by PUT; others' metadata services do not know it.
        service.request("PUT", "/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        answer = service.getresponse()
        token = answer.read(1024).decode("latin-1")
        if answer.status == 403:
            return False, "the metadata service refuses"
        if answer.status == 200 and re.fullmatch(r"[\x21-\x7e]{1,1000}", token):
            headers = {"X-aws-ec2-metadata-token": token}
            service.request("GET", "/latest/meta-data/services/domain", headers=headers)
            answer = service.getresponse()
            # amazonaws.com, or amazonaws.com.cn and the like
            if answer.status == 200 and answer.read(256).strip().startswith(b"amazonaws."):
                return True, "the instance metadata service answers"
    return False, "a metadata service answers, and not as EC2's"


_LOCK = threading.Lock()
_ASKED: list[_Metadata] = []


def _own_metadata() -> _Metadata:
    """The one question of this process."""
    with _LOCK:
        if not _ASKED:
            _ASKED.append(_Metadata())
        return _ASKED[0]
