"""Scenarios: the files, what is wrong with a wrong one, and that each shows its failure."""

import smtplib
import socket
import ssl
from collections.abc import Callable

import pytest

from sestools import check
from sestools.simulator import Scenario, Simulator, faults
from sestools.simulator.memory import VirtualSes
from sestools.simulator.scenario import names

TEXT = "From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n\r\nhi\r\n"


def test_every_documented_failure_has_a_scenario() -> None:
    """S1 to S9, each with a title and a story."""
    scenarios = [Scenario.named(name) for name in names()]
    assert {scenario.failure for scenario in scenarios} == {f"S{number}" for number in range(1, 10)}
    assert all(scenario.about for scenario in scenarios)
    assert len({scenario.title for scenario in scenarios}) == len(scenarios)


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("s1-wrong-credentials", "bad-credentials"),
        ("s1-never-signed-up", "not-subscribed"),
        ("s2-firewall-drops", "egress-blocked"),
        ("s2-refused", "connection-refused"),
        ("s2-starttls-stripped", "starttls-masked"),
        ("s2-proxy", "ca-file-wrong"),
        ("s3-port-25-blocked", "port25-blocked"),
        ("s8-paused", "paused"),
        ("s9-not-verified", "not-verified"),
        ("s9-throttled", "send-rate"),
    ],
)
def test_a_scenario_leads_to_its_verdict(name: str, id: str) -> None:
    """Over real sockets, a check that signs in and sends finds what the scenario says."""
    with Simulator(scenario=name) as ses:
        report = check(
            "eu-west-1",
            connect_to=ses.connect_to,
            ca_file=ses.ca_file,
            credentials=ses.credentials,
            send=True,
            sender="sender@example.org",
            timeout=1.0,
        )
    assert report.diagnosis.cause.id == id


def client(ses: VirtualSes, **more: int) -> smtplib.SMTP:
    """A client in virtual time, signed in."""
    smtp = ses.smtp(587, **more)
    smtp.starttls()
    smtp.login(ses.credentials.user, ses.credentials.password)
    return smtp


def send(smtp: smtplib.SMTP, text: str = TEXT) -> int:
    """Send, and return the code of a refusal, or 250."""
    try:
        smtp.sendmail("a@example.com", ["b@example.com"], text)
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    return 250


def test_flaky_link_loses_replies_and_stands_still() -> None:
    """More is accepted than the client knows of, and nothing arrives between 30 s and 50 s."""
    ses = VirtualSes(scenario="s4-flaky-link")
    start, told, smtp = ses.clock.now(), 0, client(ses)
    for _ in range(100):
        ses.clock.sleep(1)
        try:
            told += send(smtp) == 250
        except (OSError, smtplib.SMTPException):
            smtp = client(ses)
    assert told < len(ses.accepted) < 100
    assert not [mail for mail in ses.accepted if 30 <= mail.at - start < 50]


def test_black_hole_swallows_large_segments_unless_clamped() -> None:
    """A small message passes, a large one stalls, and a clamped client sends both."""
    large = TEXT + "x" * 5000 + "\r\n"
    ses = VirtualSes(scenario="s5-mtu-black-hole")
    smtp = client(ses)
    assert send(smtp) == 250
    before = ses.clock.now()
    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        smtp.sendmail("a@example.com", ["b@example.com"], large)
    assert ses.clock.now() - before == pytest.approx(30)
    assert send(client(ses, mss=1380), large) == 250


def test_session_limit_ends_the_connection_after_ten() -> None:
    """Ten messages pass, the next MAIL gets 421, and a new connection works."""
    ses = VirtualSes(scenario="s6-session-limit")
    smtp = client(ses)
    assert [send(smtp) for _ in range(11)] == [250] * 10 + [421]
    assert send(client(ses)) == 250


def test_idle_connection_is_ended_and_the_next_command_hears_it() -> None:
    """After two silent seconds the client reads 451 in place of its next answer, or finds the end."""
    ses = VirtualSes(scenario="s6-idle")
    smtp = client(ses)
    assert send(smtp) == 250
    ses.clock.sleep(1.9)
    assert smtp.noop()[0] == 250
    ses.clock.sleep(2.1)
    assert smtp.docmd("NOOP") == (451, b"4.4.2 Timeout waiting for data from client.")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.noop()


def test_hosts_replaced_ends_connections_at_about_their_mean() -> None:
    """Connections that are kept busy end with their hosts, exponentially distributed around a minute."""
    ses = VirtualSes(scenario="s6-hosts-replaced")
    lives = []
    for _ in range(300):
        smtp = client(ses)
        began = ses.clock.now()
        try:
            while True:
                ses.clock.sleep(1)
                smtp.noop()
        except smtplib.SMTPServerDisconnected:
            lives.append(ses.clock.now() - began)
    assert sum(lives) / len(lives) == pytest.approx(60, rel=0.2)
    assert min(lives) < 10
    assert max(lives) > 150


def test_too_many_connections_are_turned_away() -> None:
    """The fifth at a time gets 421 in place of the greeting; when one goes there is room again."""
    ses = VirtualSes(scenario="s6-too-many-connections")
    held = [client(ses) for _ in range(4)]
    with pytest.raises(smtplib.SMTPConnectError, match="Too many concurrent SMTP connections"):
        ses.smtp(587)
    held.pop().quit()
    assert ses.smtp(587).noop()[0] == 250


def test_quota_and_sandbox() -> None:
    """The 51st recipient of the day is refused until the next day; the sandbox takes one a second."""
    ses = VirtualSes(scenario="s9-quota")

    def try_once() -> int:
        return send(client(ses))

    assert [try_once() for _ in range(51)] == [250] * 50 + [454]
    ses.clock.sleep(24 * 3600)
    assert try_once() == 250
    sandbox = VirtualSes(scenario="s8-sandbox")
    smtp = client(sandbox)
    assert [send(smtp) for _ in range(4)] == [250, 250, 454, 454]
    sandbox.clock.sleep(1)
    assert send(smtp) == 250


def test_changing_addresses_are_answered_in_turn() -> None:
    """The name server gives three of eight addresses at a time; all of them answer on the same ports."""
    import dns.message
    import dns.query
    import dns.rcode

    with Simulator(scenario="s7-changing-addresses") as ses:
        address, port = ses.nameserver
        seen = []
        for _ in range(8):
            answer = dns.query.udp(dns.message.make_query(ses.host, "A"), address, timeout=5, port=port)
            (rrset,) = answer.answer
            assert rrset.ttl == 60
            assert len(rrset) == 3
            seen.append({str(record) for record in rrset})
        assert set().union(*seen) == set(ses.addresses)
        assert len(ses.addresses) == 8
        assert len({frozenset(one) for one in seen}) == 8
        none = dns.query.udp(dns.message.make_query(ses.host, "AAAA"), address, timeout=5, port=port)
        assert (none.rcode(), none.answer) == (dns.rcode.NOERROR, [])
        other = dns.query.udp(dns.message.make_query("example.com", "A"), address, timeout=5, port=port)
        assert other.rcode() == dns.rcode.NXDOMAIN
        for where in ses.addresses:
            with socket.create_connection((where, ses.connect_to[587][1]), timeout=5) as sock:
                assert sock.recv(4).startswith(b"220 ")


WRONG = [
    ("title = 3", "1: title must be a text, not 3"),
    ("tittle = 'x'", "1: 'tittle' means nothing here; allowed are about, account"),
    ("title = 'x'\n[account]\nrate = 0", "3: rate must be greater"),
    ("[account]\n\nrat = 1", "3: 'rat' means nothing in [account]; allowed are"),
    ("[rules]\nera = '1999'", "2: era is one of 2026"),
    ("[rules]\nidle = 'soon'", "2: "),
    ("[[fault]]\nis = 'refused'\n\n[[fault]]\nis = 'slow'", "5: 'slow' is no fault; the faults are"),
    ("[[fault]]\nis = 'refused'\nsinse = 3", "3: 'sinse' means nothing in [fault]; allowed are"),
    ("[[fault]]\nsince = 3", "1: a fault says what it is"),
    ("[[fault]]\nis = 'reset:MAIL'\nsince = 5\nuntil = 3", "2: fault 'reset:MAIL': a fault begins"),
    ("[fault]\nis = 'refused'", "1: faults are written as [[fault]]"),
    ("title = 'x'\nbroken", "2: "),
    ("[account]\ncredentials = 'x'", "2: credentials are"),
    ("[account]\ncredentials = { user = 1, password = 2 }", "2: credentials are"),
    ("[account]\ncredentials = { user = 'a', password = '' }", "2: credentials need"),
    ("title = 'x'\nregion = 'europe'\n[account]", "2: 'europe' is not the name of an AWS region"),
    ("title = 'x'\nregion = 5", "2: region must be a text, not 5"),
    ("title = 'x'\naddresses = 0", "2: addresses must be between 1 and 200"),
    ("title = 'x'\naddresses = 500", "2: addresses must be between 1 and 200"),
    ("[account]\nrate = 1\npaused = 'no'", "3: paused must be true or false"),
    ("[account]\nsandbox = 'false'", "2: sandbox must be true or false"),
    ("[account]\nsubscribed = 1", "2: subscribed must be true or false"),
    ("[account]\nmax_recipients = 2.5", "2: max_recipients must be a whole number, not 2.5"),
    ("[account]\nrate = true", "2: rate must be a number, not True"),
    ("[account]\nidentities = { a = 1 }", "2: identities must be a list"),
    ("[account]\ndenied = [5, true]", "2: denied must be a list"),
    ("[account]\nregion = 'europe'", "2: 'europe' is not"),
    ("[account]\nregion = 5", "2: region must be a text, not 5"),
    ("seed = 1.5", "1: seed must be a whole number, not 1.5"),
    ("[rules]\nrandom_lifetimes = 'no'", "2: random_lifetimes must be true or false"),
    ("[rules]\nidle = 3\nmax_messages = true", "3: max_messages must be a whole number"),
    ("[rules]\nidle = true", "2: idle must be"),
    ("[[fault]]\nis = 'refused*2'", "2: fault 'refused*2': times is no condition of 'refused'"),
    ("[[fault]]\nis = 'outage'\nsince = 3\nchance = 0.5", "4: fault 'outage': chance is no condition of"),
    ("[[fault]]\nis = 'dropped'\nafter = 1", "3: fault 'dropped': after is no condition of"),
    ("[[fault]]\nis = 'dropped'\nconnections = [1]", "3: fault 'dropped': connections is no condition of"),
    ("[[fault]]\nis = 'refused'\nports = []", "3: fault 'refused': ports must be at least one"),
    ("[[fault]]\nis = 'refused'\nports = [26]", "3: fault 'refused': ports must be at least one of 25, 587"),
    ("[[fault]]\nis = 'refused@26'", "2: fault 'refused@26': ports must be at least one of"),
    (
        "[[fault]]\nis = 'reset:MAIL'\nconnections = 2",
        "3: fault 'reset:MAIL': connections must be at least one number, from 1 on, not 2",
    ),
    ("[[fault]]\nis = 'reset:MAIL'\nafter = 1.5", "3: fault 'reset:MAIL': after must be a whole number"),
    ("[[fault]]\nis = 'refused'\nuntil = true", "3: fault 'refused': until must be a number"),
    ("[[fault]]\nis = 'reset:MAIL'\ntimes = 2.5", "3: fault 'reset:MAIL': times must be a whole number"),
    ("[[fault]]\nis = 'reset:MAIL'\ntimes = '2'", "3: fault 'reset:MAIL': times must be a whole number"),
    ("[[fault]]\nis = 'refused'\n\nsince = '30'", "4: fault 'refused': since must be a number"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_a_wrong_scenario_is_refused_with_its_line(text: str, says: str) -> None:
    """File, line, and what is allowed."""
    with pytest.raises(ValueError, match=r"my\.toml:") as caught:
        Scenario.from_toml(text, "my.toml")
    assert str(caught.value).startswith(f"my.toml:{says}")


def test_an_unknown_scenario_names_those_that_are_known() -> None:
    """The message lists them."""
    with pytest.raises(ValueError, match="s3-port-25-blocked"):
        Scenario.named("s3")
    with pytest.raises(ValueError, match="cannot be read"):
        Scenario.named("/nonexistent/my.toml")


def test_a_scenario_is_equally_a_python_value() -> None:
    """The same situation from TOML and from Python."""
    text = '[rules]\nidle = 2\n[[fault]]\nis = "says:send-rate"\ntimes = 2\nconnections = [2]\n'
    value = Scenario(
        rules=Scenario.from_toml("[rules]\nidle = 2").rules,
        faults=(faults.Says("send-rate", times=2, connections=frozenset({2})),),
    )
    assert Scenario.from_toml(text) == value


def test_conditions_hold_together() -> None:
    """The second connection is reset after three messages, and no other."""
    fault = faults.Reset("MAIL", connections={2}, after=3)  # type: ignore[arg-type]
    ses = VirtualSes(faults=[fault])
    for number in (1, 2, 3):
        smtp = client(ses)
        results: list[object] = []
        for _ in range(5):
            try:
                results.append(send(smtp))
            except (OSError, smtplib.SMTPException) as error:
                results.append(type(error))
                break
        assert (len(results), results[-1] == 250) == ((4, False) if number == 2 else (5, True))


def test_a_run_is_repeatable_byte_for_byte() -> None:
    """The same seed gives the same dialogue; another seed another."""

    def run(seed: int) -> list[tuple[int, int, str, str]]:
        seen: list[tuple[int, int, str, str]] = []
        ses = VirtualSes(scenario="s4-flaky-link", seed=seed, on_event=lambda *event: seen.append(event))
        smtp = client(ses)
        for _ in range(60):
            ses.clock.sleep(1)
            try:
                send(smtp)
            except (OSError, smtplib.SMTPException):
                smtp = client(ses)
        return seen

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_day_takes_a_moment() -> None:
    """Quota reset, recycling and an outage in a day of one message a minute; every verdict as over sockets."""
    ses = VirtualSes(
        faults=[faults.Outage(since=3600, until=7200)],
        account=Scenario.from_toml("[account]\ndaily_quota = 1000").account,
        host_lifetime=1800.0,
    )
    codes: dict[object, int] = {}
    connect: Callable[[], smtplib.SMTP] = lambda: client(ses)  # noqa: E731
    while ses.clock.now() - 1_767_225_600 < 2 * 24 * 3600:
        ses.clock.sleep(60)
        try:
            smtp = connect()
            code: object = send(smtp)
            smtp.close()
        except OSError as error:
            code = type(error)
        codes[code] = codes.get(code, 0) + 1
    assert codes[TimeoutError] == pytest.approx(3600 / 90, abs=2)
    assert codes[250] == len(ses.accepted) == pytest.approx(2000, abs=3)
    assert codes[454] > 500


def test_the_tls_faults_of_memory_are_those_of_sockets() -> None:
    """A certificate that does not verify is the same exception."""
    for kind in ("expired", "wrong-name", "unknown-issuer", "self-signed"):
        fault = faults.BadCertificate(kind)  # type: ignore[arg-type]
        with pytest.raises(ssl.SSLCertVerificationError) as virtual:
            VirtualSes(faults=[fault]).smtp(465)
        with Simulator("eu-west-1", faults=[fault]) as ses:
            context = ssl.create_default_context(cafile=ses.ca_file)
            with (
                socket.create_connection(ses.connect_to[465]) as sock,
                pytest.raises(ssl.SSLCertVerificationError) as real,
            ):
                context.wrap_socket(sock, server_hostname=ses.host)
        assert str(virtual.value).rstrip(".") in str(real.value).split(" (_ssl")[0]
