"""Where a check runs: found without waiting, overridable, and of no effect on the evidence."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sestools.checkup import environment as module
from sestools.checkup.check import check
from sestools.checkup.environment import Context, Search, _Metadata, proxy_of, told
from sestools.checkup.report import Report
from sestools.cli.main import main
from sestools.core.enums import Mark, Place
from sestools.knowledge.environments import WORDINGS, worded
from sestools.knowledge.table import CAUSES, cause
from sestools.simulator import Simulator, faults

TOKEN = "AQAEAsecretLookingToken=="
NOBODY = ("127.0.0.1", 9)

TOLD_AT_ONCE = [
    # environment, files below the root, place, evidence
    ({"SESTOOLS_CONTEXT": "Lambda", "BINDER_REF_URL": "x"}, {}, Place.LAMBDA, "SESTOOLS_CONTEXT says so"),
    ({"BINDER_LAUNCH_HOST": "https://mybinder.org/"}, {}, Place.BINDER, "BINDER_LAUNCH_HOST is set"),
    (
        {"BINDER_SERVICE_HOST": "192.0.2.1", "KUBERNETES_SERVICE_HOST": "192.0.2.2"},
        {},
        Place.BINDER,
        "BINDER",
    ),
    ({"AWS_EXECUTION_ENV": "AWS_Lambda_python3.12"}, {}, Place.LAMBDA, "AWS_Lambda_python3.12"),
    ({"AWS_LAMBDA_FUNCTION_NAME": "send"}, {}, Place.LAMBDA, "AWS_LAMBDA_FUNCTION_NAME is set"),
    ({"AWS_SAM_LOCAL": "true", "AWS_LAMBDA_FUNCTION_NAME": "send"}, {}, Place.ELSEWHERE, "host of yours"),
    ({"ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/x"}, {}, Place.ECS, "METADATA_URI_V4 is set"),
    ({"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE"}, {".dockerenv": ""}, Place.ECS, "AWS_ECS_FARGATE"),
    (
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"},
        {},
        Place.EKS,
        "AWS_WEB_IDENTITY_TOKEN_FILE leads to eks",
    ),
    (
        {
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/"
            "eks-pod-identity-token"
        },
        {},
        Place.EKS,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE leads",
    ),
    ({}, {"sys/class/dmi/id/sys_vendor": "Amazon EC2\n"}, Place.EC2, "vendor is Amazon EC2"),
    (
        {},
        {
            "sys/hypervisor/uuid": "ec2e1916-9099-7caf-fd21-012345abcdef\n",
            "sys/class/dmi/id/sys_vendor": "Xen\n",
        },
        Place.EC2,
        "UUID begins with ec2",
    ),
    ({}, {"sys/class/dmi/id/sys_vendor": "LENOVO\n"}, Place.ELSEWHERE, "vendor is LENOVO"),
]

CONTAINERS = [
    ({}, {".dockerenv": ""}, "/.dockerenv exists"),
    ({}, {"run/.containerenv": ""}, "/run/.containerenv exists"),
    ({"container": "podman"}, {}, "'container'"),
    ({"KUBERNETES_SERVICE_HOST": "192.0.2.1"}, {}, "KUBERNETES_SERVICE_HOST"),
    ({}, {"proc/1/cgroup": "12:cpu:/kubepods/besteffort/pod1\n0::/\n"}, "cgroup says kubepods"),
    ({}, {"proc/1/cgroup": "0::/\n"}, ""),
]


def laid_out(root: Path, files: dict[str, str]) -> Path:
    """A root folder with such files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


class Service:
    """A metadata service on loopback that keeps what it was asked."""

    def __init__(self, *, domain: str = "amazonaws.com", token: str = TOKEN, refuses: int = 0) -> None:
        asked: list[tuple[str, str, str]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_PUT(self) -> None:
                lives = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
                asked.append(("PUT", self.path, lives))
                self.answer(refuses or 200, "" if refuses else token)

            def do_GET(self) -> None:
                asked.append(("GET", self.path, self.headers.get("X-aws-ec2-metadata-token", "")))
                self.answer(200, domain)

            def log_message(self, *_: object) -> None:
                pass

        self.asked = asked
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> Service:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self.server.server_address[1]


@contextlib.contextmanager
def mute() -> Iterator[tuple[tuple[str, int], socket.socket]]:
    """A server that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname(), server


@pytest.mark.parametrize(("environment", "files", "place", "says"), TOLD_AT_ONCE)
def test_told_at_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    files: dict[str, str],
    place: Place,
    says: str,
) -> None:
    """What a variable or the firmware says is believed, and nobody asks the metadata service."""
    monkeypatch.setattr(module, "_ASKED", [])
    with mute() as (address, server):
        monkeypatch.setattr(module, "METADATA", address)
        found = Search(environment, laid_out(tmp_path, files)).result()
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert found.place is place
    assert says in found.evidence
    assert says in str(found)


@pytest.mark.parametrize(("environment", "files", "says"), CONTAINERS)
def test_a_container(tmp_path: Path, environment: dict[str, str], files: dict[str, str], says: str) -> None:
    """A container is one on EC2 as elsewhere; on a host that nothing tells it is all that is known."""
    root = laid_out(tmp_path, files)
    found = Search(environment, root, _Metadata(NOBODY)).result()
    assert found.place is (Place.CONTAINER if says else Place.UNKNOWN)
    assert says in found.evidence
    assert "there is no metadata service" in found.evidence
    laid_out(root, {"sys/class/dmi/id/sys_vendor": "Amazon EC2"})
    found = Search(environment, root).result()
    assert found.place is Place.EC2
    assert found.container is bool(says)
    assert ("in a container" in str(found)) is bool(says)
    with Service() as service:
        (root / "sys/class/dmi/id/sys_vendor").unlink()
        found = Search(environment, root, _Metadata(service.address)).result()
    assert found.place is Place.EC2
    assert found.container is bool(says)


def test_the_metadata_service_is_asked_with_a_token(tmp_path: Path) -> None:
    """IMDSv2: a token by PUT, then one question with it; the token is in no result."""
    with Service() as service:
        found = Search({}, tmp_path, _Metadata(service.address)).result()
    assert found == Context(place=Place.EC2, evidence="the instance metadata service answers")
    assert service.asked == [
        ("PUT", "/latest/api/token", "60"),
        ("GET", "/latest/meta-data/services/domain", TOKEN),
    ]


def test_a_proxy_is_not_asked_for_the_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question goes straight to the address, whatever proxy is named."""
    with Service() as service, mute() as (proxy, server):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy[1]}")
        found = Search({}, tmp_path, _Metadata(service.address)).result()
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert found.place is Place.EC2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"domain": "openstack.example"}, "not as EC2's"),
        ({"token": "<html>log in first</html>\n"}, "not as EC2's"),
        ({"token": ""}, "not as EC2's"),
        ({"token": "x" * 5000}, "not as EC2's"),
        ({"refuses": 404}, "not as EC2's"),
        ({"refuses": 403}, "refuses"),
    ],
)
def test_other_metadata_services(tmp_path: Path, options: dict, says: str) -> None:
    """Another cloud's service, a captive portal or a service that is off is not EC2."""
    with Service(**options) as service:
        found = Search({}, tmp_path, _Metadata(service.address)).result()
    assert found.place is Place.UNKNOWN
    assert says in found.evidence


@pytest.mark.parametrize("drips", [False, True], ids=["mute", "drips"])
def test_it_never_takes_longer_than_it_may(tmp_path: Path, drips: bool) -> None:
    """A service that says nothing, or a byte now and then for ever, is given up in time."""
    stop = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not stop.wait(0.05):
                connection.sendall(b"X-A: b\r\n")

    with mute() as (address, server):
        if drips:
            threading.Thread(target=drip, args=(server,), daemon=True).start()
        began = time.perf_counter()
        found = Search({}, tmp_path, _Metadata(address, wait=0.4)).result()
        took = time.perf_counter() - began
        again = time.perf_counter()
        stop.set()
    assert found.place is Place.UNKNOWN
    assert "no answer in 0.4 s" in found.evidence
    assert 0.3 < took < 0.9, took
    assert again - began - took < 0.05


def test_whoever_cancels_does_not_wait(tmp_path: Path) -> None:
    """A check that is cancelled does not wait for the metadata service."""
    stop = threading.Event()
    stop.set()
    with mute() as (address, _):
        began = time.perf_counter()
        found = Search({}, tmp_path, _Metadata(address, wait=5.0)).result(stop)
    assert time.perf_counter() - began < 0.5
    assert "was not waited for" in found.evidence


def test_asked_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many checks run at once, one question is asked."""
    monkeypatch.setattr(module, "_ASKED", [])
    monkeypatch.setattr(module, "_from_firmware", lambda root: None)
    for name in ("AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "BINDER_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    with Service() as service:
        monkeypatch.setattr(module, "METADATA", service.address)
        threads = [threading.Thread(target=lambda: Search().result()) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Search().result().place is Place.EC2
        assert Search().result().place is Place.EC2
    assert [method for method, *_ in service.asked] == ["PUT", "GET"]


PROXIES = [
    ({"HTTPS_PROXY": "http://proxy.example:3128"}, "proxy.example:3128 (HTTPS_PROXY)"),
    ({"https_proxy": "proxy.example:3128"}, "proxy.example:3128 (https_proxy)"),
    ({"ALL_PROXY": "socks5://[2001:db8::1]:1080"}, "2001:db8::1:1080 (ALL_PROXY)"),
    ({"HTTPS_PROXY": "http://user:Pass-word1@proxy.example:3128/"}, "proxy.example:3128 (HTTPS_PROXY)"),
    ({"HTTPS_PROXY": "http://user:Pass-word1/x@proxy.example:3128"}, "HTTPS_PROXY"),
    ({"HTTPS_PROXY": "http://user:1/Pass-word1@proxy.example:3128"}, "HTTPS_PROXY"),
    ({"HTTPS_PROXY": "http://user:Pass-word1@[bad:3128"}, "HTTPS_PROXY"),
    ({"HTTPS_PROXY": "", "HTTP_PROXY": "http://proxy.example"}, "proxy.example (HTTP_PROXY)"),
    ({"NO_PROXY": "*"}, ""),
]


@pytest.mark.parametrize(("environment", "shown"), PROXIES)
def test_a_proxy(environment: dict[str, str], shown: str) -> None:
    """A proxy is shown as host and port; its user and password never are."""
    assert proxy_of(environment) == shown


def test_a_place_that_is_none() -> None:
    """A context that does not exist is wrong use, and says which there are."""
    with pytest.raises(ValueError, match=r"one of ec2, ecs.*not 'moon"):
        told("moon\x1b[2J")
    with pytest.raises(ValueError, match="not 'moon'"):
        Search({"SESTOOLS_CONTEXT": "moon"})
    with pytest.raises(ValueError, match="not 'moon'"):
        check("eu-west-1", context="moon", ports=[587], connect_to=("127.0.0.1", 9))


# What it changes


@pytest.fixture(scope="module")
def reports() -> dict[tuple[str, Place | None], Report]:
    """Three failures, each as seen in every context and in none."""
    seen = {}
    for name in ("dropped@25", "dropped@25,587", "dropped"):
        with Simulator("eu-west-1", faults=[faults.parse(name)]) as ses:
            for place in (None, *Place):
                seen[name, place] = check(
                    "eu-west-1",
                    connect_to=ses.connect_to,
                    ca_file=ses.ca_file,
                    timeout=0.4,
                    context=place and str(place),
                )
    return seen


def test_only_words_change(reports: dict[tuple[str, Place | None], Report]) -> None:
    """Causes, titles, levels, retry advice and what was ruled out are the same everywhere; evidence, too."""
    assert len(reports) == 27
    for (name, place), report in reports.items():
        plain = reports[name, None]
        assert report.context == (told(place) if place else None)
        for here_, there in zip(report.findings, plain.findings, strict=True):
            assert here_.level is there.level
            one, other = here_.diagnosis, there.diagnosis
            assert [row.id for row in one.candidates] == [row.id for row in other.candidates]
            assert [row.title for row in one.candidates] == [row.title for row in other.candidates]
            assert (one.ruled_out, one.retry) == (other.ruled_out, other.retry)
            assert [line.split(" in ")[0] for line in one.evidence] == [
                line.split(" in ")[0] for line in other.evidence
            ]


SAYS = [
    # fault, place, words on the card, words that are not
    ("dropped@25", Place.EC2, ("AWS restricts outgoing port 25", "Request to remove", "587"), ("provider",)),
    ("dropped@25", Place.ECS, ("AWS restricts outgoing port 25",), ("provider",)),
    ("dropped@25", Place.EKS, ("AWS restricts outgoing port 25",), ("provider",)),
    ("dropped@25", Place.LAMBDA, ("Outside a VPC this cannot be lifted", "NAT gateway"), ("provider",)),
    ("dropped@25", Place.ELSEWHERE, ("Your provider, or a firewall", "not the restriction"), ("Request to",)),
    ("dropped@25", Place.CONTAINER, ("on whose host it runs is not known", "elsewhere the provider"), ()),
    ("dropped@25", Place.UNKNOWN, ("Where this runs is not known", "elsewhere the provider"), ()),
    ("dropped", Place.EC2, ("Security group of the instance", "1024-65535"), ("corporate", "AWS restricts")),
    ("dropped", Place.LAMBDA, ("NAT gateway", "Security group of the function"), ("corporate",)),
    ("dropped", Place.ELSEWHERE, ("by the provider",), ("ecurity group", "NAT")),
    ("dropped@25,587", Place.EC2, ("Use a port that is ready", "Security group of the instance"), ()),
    ("dropped", Place.BINDER, ("Binder lets no SES port out", "simulator"), ("ecurity group",)),
    ("dropped@25,587", Place.BINDER, ("Binder lets no SES port out",), ("ecurity group",)),
]


@pytest.mark.parametrize(("fault", "place", "says", "never"), SAYS)
def test_the_words_fit_the_place(
    reports: dict[tuple[str, Place | None], Report],
    fault: str,
    place: Place,
    says: tuple[str, ...],
    never: tuple[str, ...],
) -> None:
    """What it means and what to do is said for the place: nobody at home reads about security groups."""
    found = reports[fault, place].diagnosis.cause
    text = " ".join((found.meaning, *found.fix))
    for words in says:
        assert words in text
    for words in never:
        assert words not in text


def test_the_table_is_of_the_catalogue() -> None:
    """Each row is about causes that exist, and no cause has two rows for one place."""
    pairs = [(id, place) for row in WORDINGS for id in row.causes for place in row.places]
    assert len(pairs) == len(set(pairs)) > 20
    assert {id for id, _ in pairs} <= {row.id for row in CAUSES}
    assert {place for id, place in pairs if id == "port25-blocked"} == set(Place)
    for row in WORDINGS:
        assert row.basis.source.startswith("https://")
        assert row.basis.mark in (Mark.DOCUMENTED, Mark.SEEN)


def test_a_proxy_is_named_where_everything_is_blocked() -> None:
    """Behind a web proxy the advice says that SMTP does not go through it; a missing sign-in has no use for that."""
    behind = Context(place=Place.ELSEWHERE, evidence="x", proxy="proxy.example:3128 (HTTPS_PROXY)")
    assert "proxy.example:3128" in worded(cause("egress-blocked"), behind.place, behind.proxy).fix[-1]
    assert worded(cause("bad-credentials"), behind.place, behind.proxy) == cause("bad-credentials")
    assert "proxy.example:3128" in str(behind)


def test_a_report_says_where_it_ran(reports: dict[tuple[str, Place | None], Report]) -> None:
    """The place and what says so are in each form of a report; without a context there is no such line."""
    report = reports["dropped@25", Place.EC2]
    assert "runs on: EC2 (you said so)" in report.to_markdown()
    assert "runs on: EC2 (you said so)" in report.to_html()
    assert report.to_dict()["context"]["place"] == "ec2"
    assert json.dumps(report.to_dict())
    plain = reports["dropped@25", None]
    assert "runs on" not in plain.to_markdown() + plain.to_html()
    assert plain.to_dict()["context"] is None


def test_a_simulator_is_checked_without_looking_around(
    ses: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything leads to this host itself, so nothing is asked; a variable is heeded all the same."""
    monkeypatch.setattr(module, "Search", None)
    where = {"connect_to": ses.connect_to, "ca_file": ses.ca_file}
    assert check("eu-west-1", **where).context is None
    monkeypatch.setenv("SESTOOLS_CONTEXT", "ecs")
    assert check("eu-west-1", **where).context == Context(
        place=Place.ECS, evidence="SESTOOLS_CONTEXT says so"
    )


def test_a_real_endpoint_is_checked_from_somewhere(
    ses: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that is not this host's own has the context looked for, the metadata service included."""
    monkeypatch.setattr(module, "_ASKED", [])
    monkeypatch.setattr("sestools.checkup.check._is_local", lambda target: False)
    with Service() as service:
        monkeypatch.setattr(module, "METADATA", service.address)
        monkeypatch.setattr(module, "_from_firmware", lambda root: None)
        found = check("eu-west-1", ports=[587], connect_to=ses.connect_to, ca_file=ses.ca_file).context
    assert found
    assert found.place is Place.EC2
    assert [method for method, *_ in service.asked] == ["PUT", "GET"]


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`--context` words the verdict; a place that does not exist is wrong use."""
    words = ["check", "eu-west-1", "--simulate", "dropped@25", "--timeout", "0.5"]
    assert main([*words, "--context", "ec2", "-v"]) == 0
    shown = capsys.readouterr().out
    assert "runs on: EC2 (you said so)" in shown
    assert "AWS restricts outgoing port 25" in shown
    assert main([*words, "--context", "moon"]) == 2
    assert "one of ec2" in capsys.readouterr().err
