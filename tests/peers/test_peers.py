"""Real mail servers that nobody here wrote, probed on loopback: what the probes say is what is there."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType

import pytest

from peers import servers
from peers.servers import CREDENTIALS, HOST, OWN_NAME, PLACES, STRICT, Place, Server
from sestools import check
from sestools.core import trust
from sestools.core.credentials import Credentials
from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Outcome, Stage
from sestools.core.target import Target
from sestools.probes import Problem, probe_dialogue, probe_tls

# Without root no namespace, and without one these servers do not start; CI runs as root.
pytestmark = [
    pytest.mark.skipif(bool(servers.why_not()), reason=servers.why_not()),
    pytest.mark.xdist_group("peers"),
]

GREETINGS = MappingProxyType(
    {"postfix": f"{OWN_NAME} ESMTP Postfix", "opensmtpd": f"{OWN_NAME} ESMTP OpenSMTPD"},
)
PROBLEMS = {
    "expired": Problem.EXPIRED,
    "wrong-name": Problem.WRONG_NAME,
    "unknown-issuer": Problem.UNKNOWN_ISSUER,
}


@pytest.fixture(scope="session")
def peers() -> Iterator[dict[str, Server]]:
    """Both servers, running."""
    with ExitStack() as stack:
        running = {}
        for name, start in (("postfix", servers.postfix), ("opensmtpd", servers.opensmtpd)):
            # Not pytest's folder: its parents are closed to the servers' own accounts.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"sestools-{name}-")))
            folder.chmod(0o755)
            running[name] = stack.enter_context(start(folder))
        yield running


@pytest.fixture(params=list(GREETINGS))
def name(request: pytest.FixtureRequest) -> str:
    """The name of a server."""
    return str(request.param)


@pytest.fixture
def server(peers: dict[str, Server], name: str) -> Server:
    """That server."""
    return peers[name]


def target(
    server: Server, place: Place, *, plain: bool = False, credentials: Credentials | None = None
) -> Target:
    """A place of a server as a target."""
    port = server.ports[place]
    return Target(
        host=HOST,
        port=port,
        security=Security.PLAIN if plain else place.security,
        connect_to=("127.0.0.1", port),
        ca_file=server.ca_file,
        credentials=credentials,
    )


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.security}-{place.certificate}")
def test_tls_of_real_servers(server: Server, place: Place) -> None:
    """Version, names and the outcome of verification are the server's, in both TLS modes."""
    result = probe_tls(target(server, place), timeout=10)
    assert result.facts, result
    certificate = result.facts.certificate
    assert certificate.names == (
        ("other.example.org",) if place.certificate == "wrong-name" else (HOST,)
    ) or (certificate.names == (f"DNS:{HOST}",))
    if place.certificate == "valid":
        assert result.ok, result
        assert result.facts.verified
        assert result.facts.version == "TLSv1.3"
        assert result.facts.cipher.startswith("TLS_")
        assert result.facts.problem is None
    else:
        assert result.outcome is Outcome.FAILED
        assert (result.symptom.stage, result.symptom.kind) == (Stage.TLS, Kind.TLS)
        assert result.facts.problem is PROBLEMS[place.certificate]
        assert not result.facts.verified
        assert "verify failed" in result.facts.detail


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.WRAPPER])
def test_dialogues_of_real_servers(server: Server, name: str, security: Security) -> None:
    """Greeting and capabilities come back as the server says them, before and after TLS."""
    result = probe_dialogue(target(server, Place(security=security, certificate="valid")), timeout=10)
    assert result.ok, result
    assert result.facts.greeting == GREETINGS[name]
    assert {"8BITMIME", "ENHANCEDSTATUSCODES"} <= set(result.facts.capabilities)
    assert "STARTTLS" not in result.facts.capabilities
    assert ("STARTTLS" in result.facts.capabilities_before_tls) == (security is Security.STARTTLS)
    assert result.facts.tls.verified
    assert [step.reply.code for step in result.steps if step.stage is Stage.QUIT] == [221]


def test_a_server_that_demands_starttls(server: Server) -> None:
    """Sending without STARTTLS ends in the server's own 530, and with it the envelope goes on."""
    plain = probe_dialogue(
        target(server, STRICT, plain=True), until=Stage.MAIL, sender="a@example.com", timeout=10
    )
    assert plain.outcome is Outcome.FAILED
    assert (plain.symptom.stage, plain.symptom.reply.code) == (Stage.MAIL, 530)
    assert "STARTTLS" in plain.symptom.reply.text
    assert not any(step.encrypted for step in plain.steps)
    encrypted = probe_dialogue(target(server, STRICT), until=Stage.MAIL, sender="a@example.com", timeout=10)
    assert encrypted.ok, encrypted


@pytest.fixture
def as_ses(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSMTPD's greeting is taken for SES's: nobody else is signed in to."""
    monkeypatch.setattr(trust, "is_greeting", lambda text: text == GREETINGS["opensmtpd"])


def test_nobody_signs_in_to_another_server(peers: dict[str, Server]) -> None:
    """A real server under SES's name and with a certificate that verifies is refused for its greeting."""
    result = probe_dialogue(target(peers["opensmtpd"], STRICT, credentials=CREDENTIALS), timeout=10)
    assert (result.symptom.stage, result.symptom.cause) == (Stage.GREETING, "foreign-greeting")
    assert result.facts.tls.verified
    assert not any("AUTH" in step.sent for step in result.steps)


@pytest.mark.usefixtures("as_ses")
def test_auth_is_offered_only_inside_tls(peers: dict[str, Server]) -> None:
    """A server that wants STARTTLS before AUTH lists AUTH only after it, and then signs us in."""
    strict = target(peers["opensmtpd"], STRICT, credentials=CREDENTIALS)
    result = probe_dialogue(strict, timeout=10)
    assert result.ok, result
    assert result.facts.signed_in
    assert not any(line.startswith("AUTH") for line in result.facts.capabilities_before_tls)
    assert any(line.startswith("AUTH") for line in result.facts.capabilities)


@pytest.mark.usefixtures("as_ses")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_wrong_password_at_a_real_server(peers: dict[str, Server], mechanism: str) -> None:
    """A refused sign-in is the server's 535, and the password is nowhere in the result."""
    wrong = Credentials(user=CREDENTIALS.user, password="another made-up secret")
    place = Place(security=Security.WRAPPER, certificate="valid")
    result = probe_dialogue(
        target(peers["opensmtpd"], place, credentials=wrong),
        mechanism=mechanism,  # type: ignore[arg-type]
        timeout=10,
    )
    assert (result.symptom.stage, result.symptom.reply.code) == (Stage.AUTH, 535)
    assert not result.facts.signed_in
    assert wrong.password not in repr(result)


def test_check_tells_that_the_server_is_not_ses(server: Server, name: str) -> None:
    """Behind SES's name another server is told as such, with its greeting as the evidence."""
    place = Place(security=Security.STARTTLS, certificate="valid")
    report = check(
        HOST,
        ports=[587],
        connect_to={587: ("127.0.0.1", server.ports[place])},
        ca_file=server.ca_file,
        timeout=10,
    )
    text = report.to_markdown()
    assert GREETINGS[name].split()[-1] in text
    assert any("foreign" in finding.diagnosis.cause.id for finding in report.findings), text
