"""What a failed handshake is looked at for: what came instead, and who vouches for a certificate that is not trusted."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from strangers import Habit, Server

from sestools.core import trust
from sestools.core.endpoints import Security
from sestools.core.enums import Kind, Stage
from sestools.core.target import Target
from sestools.diagnosis.classifier import classify
from sestools.probes import probe_tls

HOST = "email-smtp.eu-west-1.amazonaws.com"


def _server(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    return context


@pytest.mark.parametrize("real", [True, False])
def test_only_amazons_roots_tell_who_amazon_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real: bool
) -> None:
    """Where this host does not trust a certificate, it is Amazon's if one of Amazon's roots vouches for it, and not by name."""
    amazon, other = (trustme.CA(organization_name="Amazon") for _ in range(2))
    roots = ssl.create_default_context(cadata=amazon.cert_pem.bytes().decode())
    monkeypatch.setattr(trust, "_amazons", lambda: roots)
    trustme.CA().cert_pem.write_to_path(store := str(tmp_path / "store.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", store)
    with Server([Habit(tls=_server(amazon if real else other), wrapper=True)]) as server:
        facts = probe_tls(Target(host=HOST, port=465, connect_to=server.address), timeout=5).facts
    assert facts
    assert facts.certificate
    assert facts.certificate.by_amazon
    assert facts.amazons is real


@pytest.mark.parametrize(
    ("port", "security", "kind", "id"),
    [
        (465, Security.WRAPPER, Kind.GARBLED, "clear-text-on-tls-port"),
        (587, Security.WRAPPER, Kind.TLS, "wrapper-on-starttls"),
        (587, Security.STARTTLS, Kind.GARBLED, "starttls-refused"),
    ],
)
def test_clear_text_is_the_clients_mistake_only_in_the_wrong_mode(
    port: int, security: Security, kind: Kind, id: str
) -> None:
    """SES's greeting in place of TLS: on 587 the client began wrongly; on 465, or after STARTTLS, it did not."""
    with Server([Habit(tls=None)]) as server:
        result = probe_tls(
            Target(host=HOST, port=port, security=security, connect_to=server.address), timeout=5
        )
    assert result.symptom
    assert (result.symptom.stage, result.symptom.kind) == (Stage.TLS, kind)
    assert classify(result).cause.id == id
