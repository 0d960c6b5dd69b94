"""The contrast verdicts: what several ports and addresses, seen side by side, say together."""

from __future__ import annotations

import contextlib
import datetime
import re
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sestools.checkup.check import check, targets
from sestools.checkup.findings import Finding
from sestools.checkup.port_probes import PortProbes, not_run
from sestools.checkup.report import Report, same_with
from sestools.checkup.verdict import half_dead_addresses, judge
from sestools.core.endpoints import Security, is_private
from sestools.core.enums import Level, Outcome
from sestools.probes import probe_dns
from sestools.render.terminal import console, show
from sestools.render.text import as_text
from sestools.simulator import Simulator, faults


@dataclass(frozen=True, kw_only=True)
class Row:
    """One combination.

    Attributes:
        name: What is wrong, in words.
        faults: What the simulator does.
        finds: Ids of the findings, in order.
        says: Words that must be on the cards.
        never: Words that must not be.
        level: How serious it is.
        options: What `check` is given beside the simulator.
    """

    name: str
    faults: str
    finds: str
    says: Sequence[str] = ()
    never: Sequence[str] = ()
    level: Level = Level.PROBLEM
    options: dict[str, Any] = field(default_factory=dict)


def ports(*numbers: int, **more: Any) -> dict[str, Any]:
    """Options of a check that looks at these ports only."""
    return {"ports": list(numbers), **more}


FIREWALL = ("security group", "network team")
NOT_EC2 = ("restriction of EC2 on port 25: it drops, and this is an answer",)
STORE = {"ca_file": None}
"""The simulator's authority is in this host's own store, as a proxy's is that a company installed."""
VPC = {"host": "vpce-0abc-1def.email-smtp.eu-west-1.vpce.amazonaws.com"}

TABLE = [
    # --- what can be connected to ---
    Row(
        name="only 25 dropped",
        faults="dropped@25",
        finds="port25-blocked",
        level=Level.NOTICE,
        says=(
            "25: no answer",
            "587 on the same addresses",
            "not every port is affected",
            "you, AWS",
            "465 or 2465",
        ),
        never=("refused by",),
    ),
    Row(
        name="25 dropped, and it was named",
        faults="dropped@25",
        finds="port25-blocked",
        options=ports(25, 587),
    ),
    Row(
        name="25 dropped, nothing else looked at",
        faults="dropped@25",
        finds="port25-blocked",
        options=ports(25),
        says=("only this port was checked", "no connection came about"),
        never=("not every port is affected",),
    ),
    Row(
        name="25 refused",
        faults="refused@25",
        finds="ports-refused",
        level=Level.NOTICE,
        says=("25: refused by 127.0.0.1", *NOT_EC2, "drop instead of refusing"),
        never=("no answer", "dropped on the way.", "security group and"),
    ),
    Row(
        name="25 and 587 refused, on EC2",
        faults="refused@25,587",
        finds="ports-refused",
        options={"context": "ec2"},
        says=("25, 587: refused by", "this host's own firewall", "port 2587 works"),
        never=("allow outbound TCP", "NAT"),
    ),
    Row(
        name="several dropped",
        faults="dropped@25,587",
        finds="ports-blocked",
        says=("25, 587: no answer", "general egress filter", "port 2587 works", "you, network team"),
        never=("refused by", "EC2, and for whatever"),
    ),
    Row(
        name="25 dropped, 587 refused",
        faults="dropped@25 refused@587",
        finds="ports-blocked",
        says=("25: no answer", "587: refused by", "connection-refused"),
        never=("Connections to port 25 time out", "restriction of EC2 on port 25"),
    ),
    Row(
        name="25 refused, 587 dropped",
        faults="refused@25 dropped@587",
        finds="ports-blocked",
        says=("587: no answer", *NOT_EC2),
    ),
    Row(
        name="25 dropped, and no other is ready",
        faults="dropped@25 bad-certificate:expired",
        finds="certificate-expired port25-blocked",
        says=(
            "587 on the same addresses: connected",
            "blocked port: the connections were made",
            "First fix what the other ports show",
        ),
        never=(
            "and ready",
            "port 587 works",
            "at least one port works",
            "Use port 587",
            "routing and an outage",
        ),
    ),
    Row(
        name="25 dropped, others caught",
        faults="dropped@25 foreign-greeting@587,2587 wrong-mode@465,2465",
        finds="foreign-greeting clear-text-on-tls-port port25-blocked",
        says=(
            "587, 2587: the greeting is",
            "465: TLS: what came is not TLS: 220 email-smtp",
            "Ask the hosting firm",
        ),
        never=("Try port", "Use port 587", "routing and an outage"),
    ),
    Row(
        name="25 and 587 caught, 2587 too",
        faults="foreign-greeting@25,587,2587",
        finds="foreign-greeting",
        says=("Use port 465 or 2465: tried here", "port 465 is ready, and greets as SES does"),
        never=("2587 or", "Try port"),
    ),
    Row(
        name="TLS left out",
        faults="",
        finds="not-finished",
        level=Level.UNCLEAR,
        options=ports(587, security=Security.PLAIN),
        says=("credentials are never sent without TLS", "Run it again, with TLS"),
        never=("works",),
    ),
    Row(
        name="all dropped",
        faults="dropped",
        finds="egress-blocked",
        says=("25, 587, 2587, 465, 2465: no answer", "the other ports fail too", *FIREWALL),
        never=("refused by", "one port works"),
    ),
    Row(
        name="dropped and refused, none made",
        faults="dropped@25,587,2587 refused@465,2465",
        finds="egress-blocked",
        says=("25, 587, 2587: no answer", "465, 2465: refused", "connection-refused"),
        never=("every port got no answer",),
    ),
    Row(
        name="one port dropped, nothing else looked at",
        faults="dropped@587",
        finds="connect-timeout",
        options=ports(587),
        says=("only this port was checked", "no connection came about"),
    ),
    Row(
        name="all refused",
        faults="refused",
        finds="connection-refused",
        says=("refused by 127.0.0.1", "a filter that drops", "hosting firm"),
        never=("no answer",),
    ),
    Row(
        name="VPC endpoint lets in 587 and 2587 only",
        faults="dropped@25,465,2465",
        finds="vpc-endpoint-blocked",
        options=VPC,
        says=(
            "must allow from here: 25, 465, 2465",
            "does not hold for private addresses",
            "port 587 connects",
        ),
        never=("NAT", "ask the provider"),
    ),
    Row(
        name="VPC endpoint lets nothing in",
        faults="dropped",
        finds="vpc-endpoint-blocked",
        options=VPC,
        says=("must allow from here: 25, 587, 2587, 465, 2465", "5 minutes", "peering", ": a VPC endpoint"),
        never=("way to the endpoint",),
    ),
    Row(
        name="VPC endpoint without 25, which nobody asked for",
        faults="dropped@25",
        finds="vpc-endpoint-blocked",
        level=Level.NOTICE,
        options=VPC,
        says=("does not hold for private addresses",),
    ),
    # --- the TLS mode ---
    Row(
        name="STARTTLS on 465",
        faults="",
        finds="no-greeting",
        options=ports(465, security=Security.STARTTLS),
        says=("TLS from the first byte", "the connections were made"),
    ),
    Row(
        name="TLS at once on 587",
        faults="",
        finds="wrapper-on-starttls",
        options=ports(587, security=Security.WRAPPER),
        says=("WRONG_VERSION_NUMBER", "Not the TLS version"),
    ),
    Row(
        name="clear text on 465",
        faults="wrong-mode@465",
        finds="clear-text-on-tls-port",
        says=("465: TLS: what came is not TLS: 220 email-smtp", "port 25 is ready, and greets as SES does"),
        never=("the greeting is",),
    ),
    Row(
        name="587 waits for TLS",
        faults="wrong-mode@587",
        finds="reply-timeout",
        options=ports(587),
        says=("587: GREETING",),
        never=("On ports 465 and 2465 SES waits",),
    ),
    # --- silence ---
    Row(
        name="587 silent",
        faults="silent@587",
        finds="reply-timeout",
        says=("587: GREETING", "port 25 is ready"),
        never=("On ports 465 and 2465 SES waits",),
    ),
    Row(
        name="465 silent",
        faults="silent@465",
        finds="reply-timeout",
        says=("465: TLS", "the path MTU: the same handshake goes through on port 25"),
    ),
    Row(
        name="all silent",
        faults="silent",
        finds="reply-timeout",
        says=("25, 587, 2587: GREETING", "465, 2465: TLS", "the path MTU: port 25 is silent"),
    ),
    Row(
        name="every handshake stalls",
        faults="stalled:TLS",
        finds="tls-swallowed",
        says=(
            "25, 587, 2587, 465, 2465: TLS",
            "587 again, with small segments: TLS: no answer",
            "the path MTU: small segments stall as well",
            "change something first",
        ),
        never=("is ready", "after 5 s", "mtu-stall"),
    ),
    # --- others that answer ---
    Row(
        name="another greeting on 587",
        faults="foreign-greeting@587",
        finds="foreign-greeting",
        says=(
            "587: the greeting is 'mail.example.net ESMTP Postfix': that of Postfix",
            "port 25 is ready, and greets as",
        ),
    ),
    Row(
        name="another greeting everywhere",
        faults="foreign-greeting",
        finds="foreign-greeting",
        says=("the connections were made", "network team"),
        never=("greets as SES does",),
    ),
    Row(
        name="STARTTLS taken out",
        faults="starttls-missing",
        finds="starttls-missing",
        says=("25, 587, 2587", "port 465 is ready"),
    ),
    Row(
        name="STARTTLS masked",
        faults="starttls-masked",
        finds="starttls-masked",
        says=("XXXXXXXA", "port 465 is ready", "inspect esmtp", "network team"),
    ),
    Row(
        name="clear text after STARTTLS",
        faults="injected@587",
        finds="starttls-injected",
        says=("clear text",),
    ),
    Row(
        name="no AUTH after TLS",
        faults="auth-missing",
        finds="auth-missing",
        says=("inside TLS, EHLO lists 8BITMIME", "offers no sign-in", "the certificate: it verifies"),
        never=("ready to sign in", "is ready"),
    ),
    Row(
        name="no AUTH on 587",
        faults="auth-missing@587",
        finds="auth-missing",
        says=("587: inside TLS", "port 25 is ready"),
    ),
    # --- certificates ---
    Row(
        name="a company's proxy opens TLS",
        faults="",
        finds="tls-intercepted",
        options=STORE,
        says=(
            "the certificate for email-smtp.eu-west-1.amazonaws.com",
            "verifies on this host, yet its issuer is O=sestools simulator",
            "TLS is intercepted",
        ),
        never=("ready to sign in", "is ready"),
    ),
    Row(
        name="an unknown proxy opens TLS",
        faults="bad-certificate:unknown-issuer",
        finds="tls-intercepted",
        options=STORE,
        says=(
            "certificate is for email-smtp.eu-west-1.amazonaws.com",
            "issued by O=Example Proxy CA",
            "network team",
        ),
        never=("is ready",),
    ),
    Row(
        name="self-signed for SES's name",
        faults="bad-certificate:self-signed",
        finds="tls-intercepted",
        options=STORE,
        says=("issued by O=Example Appliance", "certificate-self-signed"),
    ),
    Row(
        name="unknown issuer, own authorities",
        faults="bad-certificate:unknown-issuer",
        finds="ca-file-wrong",
        says=("issued by O=Example Proxy CA", "tls-intercepted"),
    ),
    Row(
        name="unknown issuer on 587 alone, own authorities",
        faults="bad-certificate:unknown-issuer@587",
        finds="tls-intercepted",
        says=("an old list of authorities: port 25 verifies", "certificate-unknown-issuer"),
    ),
    Row(
        name="self-signed, own authorities",
        faults="bad-certificate:self-signed",
        finds="certificate-self-signed",
        says=("issued by",),
    ),
    Row(
        name="expired",
        faults="bad-certificate:expired",
        finds="certificate-expired",
        says=("date and time", "valid 2", "the connections were made"),
    ),
    Row(
        name="another server's certificate",
        faults="bad-certificate:wrong-name",
        finds="certificate-wrong-name",
        says=("certificate is for mail.example.net", "tls-intercepted"),
        never=("dial mail.example.net",),
    ),
    Row(
        name="a CNAME of one's own",
        faults="",
        finds="certificate-wrong-name",
        options={"host": "smtp.gmail.com"},  # a stranger's name, which the classifier knows as no SES
        says=("dial email-smtp.eu-west-1.amazonaws.com", "certificate is for an SES endpoint"),
        never=("not-ses", "tls-intercepted", "did not come from Amazon SES"),
    ),
    Row(
        name="dialled by address",
        faults="",
        finds="certificate-wrong-name",
        options={"host": "198.51.100.7"},
        says=("dial email-smtp.eu-west-1.amazonaws.com",),
    ),
    # --- look-alikes: the host is the fault, whatever its ports do ---
    *(
        Row(
            name=host,
            faults=fault,
            finds="wrong-endpoint",
            options={"host": host},
            says=(says, "Not a firewall", *more),
            never=("NAT", "hosts file"),
        )
        for host, fault, says, more in (
            (
                "email.eu-west-1.amazonaws.com",
                "dropped",
                "HTTPS API",
                ["through email-smtp.eu-west-1.amazonaws.com"],
            ),
            ("inbound-smtp.eu-west-1.amazonaws.com", "dropped@587", "receives mail", ["587: no answer"]),
            ("feedback-smtp.eu-west-1.amazonses.com", "", "amazonses.com", []),
            ("feedback-smtp.eu-west-1.amazonaws.com", "", "takes bounces", []),
            ("x1.mail-manager-smtp.amazonaws.com", "foreign-greeting", "Mail Manager", []),
            ("email-smtp.amazonaws.com", "refused", "has a region in its name", []),
        )
    ),
    # --- lost on the way ---
    Row(
        name="closed before the greeting",
        faults="closed:GREETING@587",
        finds="closed-at-once",
        says=("587: GREETING", "port 25 is ready", "it was fresh"),
        never=("Recycle pooled",),
    ),
    Row(
        name="reset in the middle",
        faults="reset:STARTTLS@587",
        finds="closed-at-once",
        says=("587: STARTTLS", "port 25 is ready"),
    ),
    Row(
        name="closed at the handshake",
        faults="closed:TLS@587",
        finds="closed-at-once",
        says=("587: TLS", "(SNI)", "you, network team"),
    ),
    Row(
        name="a reply that is none",
        faults="mixed-codes@587",
        finds="garbled",
        says=("587", "port 25 is ready"),
    ),
    Row(
        name="too many connections",
        faults="says:too-many-connections",
        finds="too-many-connections",
        says=("421",),
    ),
    # --- several at once, the weightiest first ---
    Row(
        name="25 dropped, STARTTLS masked",
        faults="dropped@25 starttls-masked",
        finds="starttls-masked port25-blocked",
        says=("port 465 is ready", "587, 2587"),
    ),
    Row(
        name="587 dropped, another greeting on 25",
        faults="dropped@587 foreign-greeting@25",
        finds="foreign-greeting ports-blocked",
        says=(
            "port 2587 is ready, and greets as SES does",
            "Use port 2587 or 465 or 2465",
            "port 2587 works",
        ),
    ),
]


def written(findings: Sequence[Finding]) -> str:
    """Every card, as text."""
    return "\n".join(str(one.diagnosis) for one in findings)


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_a_combination_gets_its_verdict(
    ses: Simulator, row: Row, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The findings come in order; the cards say what is ruled out, who acts and which lines to type."""
    ses.set_faults(*(faults.parse(text) for text in row.faults.split()))
    monkeypatch.setenv("SSL_CERT_FILE", ses.ca_file)
    given = {"host": "eu-west-1", "ca_file": ses.ca_file, "connect_to": ses.connect_to, **row.options}
    # Where nothing is waited for, a busy host gets the time that it needs.
    waits = row.options.get("security") or re.search(
        "dropped|silent|stall|wrong-mode|outage|hang", row.faults
    )
    timeout = 0.7 if waits else 5.0
    report = check(given.pop("host"), timeout=timeout, **given)
    assert [one.diagnosis.cause.id for one in report.findings] == row.finds.split(), report
    assert report.level is row.level
    card = written(report.findings) + "\n".join(port.result for port in report.ports)
    for words in row.says:
        assert words in card, card
    for words in row.never:
        assert words.lower() not in card.lower(), card
    for one in report.findings:
        assert one.diagnosis.ruled_out, one
        assert one.diagnosis.evidence
        assert one.diagnosis.cause.who
    lines = [text for field in same_with(report) for text in field.texts]
    show(console(sys.stdout), report.document())
    terminal = capsys.readouterr().out
    for tool in {text.split()[0] for text in lines[::2]}:
        assert tool in report.to_markdown().replace("\\", "")
        assert tool in report.to_html()
        assert tool in terminal
    assert all(text.startswith("→ ") and "Healthy: " in text for text in lines[1::2])


def test_the_table_is_complete() -> None:
    """Every fault of network, TLS and dialogue that a check can meet is in the table."""
    used = {faults.parse(text).name for row in TABLE for text in row.faults.split()}
    wanted = {
        "refused", "dropped", "silent", "foreign-greeting", "wrong-mode", "starttls-missing", "starttls-masked",
        "auth-missing", "injected", "bad-certificate",
    }  # fmt: skip
    assert wanted <= used
    assert len({row.name for row in TABLE}) == len(TABLE) > 40


# --- several addresses ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def dropping(address: str, port: int) -> Iterator[None]:
    """An address that drops connection attempts to a port: its queue is full (Linux)."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(2):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((address, port))
        yield


def seen(simulator: Simulator, addresses: Sequence[str], numbers: Sequence[int]) -> Report:
    """A report on a name with these addresses, at the simulator's own port numbers."""
    looking = PortProbes(
        timeout=2.0,
        stop=threading.Event(),
        progress=lambda *_: None,
    )
    chosen = [simulator.target(number) for number in numbers]
    found = looking.ports(chosen, addresses)
    dns = not_run("dns", chosen[0], "the addresses are given")
    return Report(
        host=simulator.host,
        started=datetime.datetime.now(datetime.UTC),
        seconds=0.0,
        dns=dns,
        ports=found,
        session=None,
        findings=judge(host=simulator.host, dns=dns, ports=found, session=None, named=False),
    )


def test_one_address_of_two_is_dead(ses: Simulator) -> None:
    """An address that answers on no port is named, and so are those that answer; the lines lead to the dead one."""
    real = ses.connect_to[587][1]
    with contextlib.ExitStack() as stack:
        for number in (587, 465):
            stack.enter_context(dropping("127.0.0.9", ses.connect_to[number][1]))
        report = seen(ses, ["127.0.0.9", "127.0.0.1"], [587, 465])
    (only,) = report.findings
    assert only.diagnosis.cause.id == "addresses-dead"
    assert only.diagnosis.evidence[0].startswith("127.0.0.9: timeout")
    assert only.diagnosis.evidence[-1] == "answering: 127.0.0.1"
    assert any("a blocked port" in line for line in only.diagnosis.ruled_out)
    assert f"nc -vz -w 5 127.0.0.9 {real}" in str(report)


def test_only_ipv6_is_dead(ses: Simulator) -> None:
    """If the IPv6 addresses are the dead ones, that is the verdict."""
    report = seen(ses, ["::1", "127.0.0.1"], [587, 465])
    (only,) = report.findings
    assert only.diagnosis.cause.id == "ipv6-broken"
    assert only.diagnosis.evidence[0].startswith("::1: ")
    assert f"nc -vz -w 5 ::1 {ses.connect_to[587][1]}" in as_text(
        only.diagnosis.document(more=same_with(report))
    )


def test_an_address_that_answers_on_another_port_is_not_dead(ses: Simulator) -> None:
    """One address refuses one port and answers the other: a matter of ports, so no address is called dead."""
    real = ses.connect_to[465][1]
    with socket.create_server(("127.0.0.9", real)):
        report = seen(ses, ["127.0.0.1", "127.0.0.9"], [587, 465])
    assert [one.diagnosis.cause.id for one in report.findings] == ["healthy"]
    (note,) = half_dead_addresses(report.ports)
    assert note.startswith("on port 587 127.0.0.9 did not answer")


def test_a_dead_port_on_every_address_is_a_matter_of_ports(ses: Simulator) -> None:
    """A port that no address answers says nothing about addresses; another port may."""
    ses.set_faults(faults.parse("refused@587"))
    blocked, dead = seen(ses, ["127.0.0.1", "127.0.0.9"], [587, 465]).findings
    assert blocked.diagnosis.cause.id == "ports-refused"
    assert dead.diagnosis.cause.id == "addresses-dead"
    assert "127.0.0.9: refused" in dead.diagnosis.evidence[0]
    assert dead.diagnosis.evidence[-1] == "answering: 127.0.0.1"


@pytest.mark.parametrize(
    ("host", "lead", "words"),
    [
        (
            "email-smtp.eu-west-1.amazonaws.com",
            "vpc-endpoint-blocked",
            "10.1.2.3: private, as a VPC endpoint's",
        ),
        (VPC["host"], "vpc-endpoint-blocked", "10.1.2.3: a VPC endpoint"),
        ("relay.example.com", "egress-blocked", "587, 465: no answer from 10.1.2.3"),
    ],
)
def test_a_private_address_of_another_host_is_no_vpc_endpoint(
    ses: Simulator, host: str, lead: str, words: str
) -> None:
    """Only a name of SES's that leads to a private address is taken for a VPC endpoint's."""
    ses.set_faults(faults.parse("dropped"))
    report = check("eu-west-1", timeout=1.0, ports=[587, 465], connect_to=ses.connect_to)
    inside = [
        replace(port, dialogue=moved, tcp=moved)
        for port in report.ports
        for steps in [tuple(replace(step, address="10.1.2.3") for step in port.dialogue.steps)]
        for moved in [replace(port.dialogue, steps=steps)]
    ]
    (found,) = judge(host=host, dns=report.dns, ports=inside, session=None, named=False)
    assert found.diagnosis.cause.id == lead
    assert any(words in line for line in found.diagnosis.evidence), found.diagnosis.evidence


@pytest.mark.parametrize(
    "fault",
    ["dropped", "refused@25,587", "stalled:TLS", "foreign-greeting", "starttls-missing", "auth-missing"],
)
def test_the_lines_to_type_lead_to_587(ses: Simulator, fault: str) -> None:
    """Of several ports with the same fault the lines take the one that most clients use, and not 25."""
    ses.set_faults(faults.parse(fault))
    report = check("eu-west-1", timeout=2.0, ca_file=ses.ca_file, connect_to=ses.connect_to)
    (lines,) = (field.texts for field in same_with(report))
    assert re.search(rf"127\.0\.0\.1(?: --port |:| ){ses.connect_to[587][1]}\b", lines[0]), lines


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("10.1.2.3", True), ("172.31.0.9", True), ("192.168.1.1", True), ("100.64.0.1", True), ("fd00::1", True),
        ("127.0.0.1", False), ("::1", False), ("fe80::1%eth0", False), ("198.51.100.1", False), ("52.1.2.3", False),
    ],
)  # fmt: skip
def test_what_a_private_address_is(address: str, private: bool) -> None:
    """A VPC endpoint's address lies in a private network; this host's own and documentation's do not."""
    assert is_private(address) is private


# --- names and endings ---------------------------------------------------------------------------------------------


def test_a_resolver_that_does_not_answer_is_a_matter_of_dns() -> None:
    """A look-up that does not end in time is no silent server."""
    report = check("email-smtp.eu-west-1.amazonaws.invalid", timeout=0.000001)
    assert report.diagnosis.cause.id == "resolver-timeout", report
    assert "no address was known yet" in written(report.findings)
    assert all(not port.dialogue.steps for port in report.ports)


def test_why_no_resolver_was_asked_is_said() -> None:
    """A host without a usable list of resolvers is told so on the card."""
    (target,) = targets("no-such-host.invalid", ports=[587])
    dns = probe_dns(target, timeout=5, resolvers=[])
    assert dns.outcome is Outcome.FAILED
    dns = replace(dns, facts=replace(dns.facts, detail="Resolver configuration could not be read"))
    (only,) = judge(host=target.host, dns=dns, ports=(), session=None, named=True)
    assert only.diagnosis.cause.id == "name-not-found"
    assert "no resolver was asked: Resolver configuration could not be read" in only.diagnosis.evidence


def test_a_check_that_was_stopped_says_so(ses: Simulator) -> None:
    """A cancelled check names what it left, and does not claim to know nothing."""
    ses.set_faults(faults.parse("silent@587,2587,465,2465"))
    stop = threading.Event()
    report = check(
        "eu-west-1",
        timeout=30,
        cancel=stop,
        progress=lambda done, total, what: (
            stop.set() if done else None
        ),  # port 25 is done, the rest is silent
        connect_to=ses.connect_to,
        ca_file=ses.ca_file,
    )
    assert [one.diagnosis.cause.id for one in report.findings] == ["not-finished"]
    assert report.level is Level.UNCLEAR
    assert report.diagnosis.evidence == ("587, 2587, 465, 2465: not checked: cancelled",)
    assert "Unknown error" not in report.to_markdown()
