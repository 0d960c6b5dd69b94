"""Addresses over time, a pinned list compared, and rules: exact against name servers whose addresses change."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import dns.message
import dns.rrset
import pytest

from sestools import allowlist_advice, watch_addresses
from sestools.allowlist.comparison import compare
from sestools.allowlist.history import WARNING, AddressHistory
from sestools.allowlist.rules import covers, entries
from sestools.cli.main import main
from sestools.plots import picture, plot
from sestools.simulator import Simulator
from sestools.simulator.nameserver import AT_ONCE, Churn

HELP = "192.0.2.10,198.51.100.0/24,amazonses.com"
"""What the command's own help gives as an example."""
POOL = tuple(f"203.0.113.{number}" for number in range(10, 18))


@pytest.fixture
def changing(ses: Simulator) -> Iterator[tuple[Simulator, Churn]]:
    """The simulator's name with four of eight addresses, one of which changes every 250 seconds."""
    yield ses, Churn(ses, POOL, active=4, every=250)
    ses.set_addresses(*ses.addresses)


def expected(duration: int, interval: int, first: int) -> dict[str, list[float]]:
    """When a name server of the simulator answers with which address, reckoned apart from it.

    Four are active, the oldest leaves every 250 s, an answer holds three of them, each answer begins one later,
    and after a change the turns begin again.
    """
    found: dict[str, list[float]] = {}
    turn, epoch = first, 0
    for at in range(0, duration + 1, interval):
        if at // 250 != epoch:
            epoch, turn = at // 250, first
        active = [POOL[(epoch + number) % len(POOL)] for number in range(4)]
        for step in range(AT_ONCE):
            found.setdefault(active[(turn + step) % 4], []).append(float(at))
        turn += 1
    return found


def test_churn_is_exact(changing: tuple[Simulator, Churn]) -> None:
    """Every address, by each resolver, with every moment at which it was answered; and what follows from it."""
    ses, clock = changing
    steps = []
    watched = watch_addresses(
        "eu-west-1",
        resolvers=ses.resolvers,
        duration=1200,
        interval=30,
        clock=clock,
        progress=lambda *step: steps.append(step),
    )
    assert watched.host == ses.host
    assert watched.moments == tuple(map(float, range(0, 1201, 30)))
    truth = {
        resolver: expected(1200, 30, first) for resolver, first in zip(ses.resolvers, (0, 2), strict=True)
    }
    seen = {(one.address, one.resolver): list(one.moments) for one in watched.sightings}
    assert seen == {(a, resolver): when for resolver, part in truth.items() for a, when in part.items()}
    assert watched.addresses == POOL
    assert watched.new == POOL[4:]
    # One of the four that are active at the end may be in neither of the last two answers.
    last = {a for part in truth.values() for a, when in part.items() if when[-1] == 1200}
    assert set(watched.missing) == set(POOL) - last
    assert set(POOL[:4]) <= set(watched.missing)
    assert [(one.answers, one.failures, one.ttls) for one in watched.resolvers] == [(41, 0, (60, 60))] * 2
    assert watched.ttls == (60, 60)
    for address in POOL:
        both = [part[address] for part in truth.values() if address in part]
        assert watched.seen(address) == (
            min(when[0] for when in both),
            max(when[-1] for when in both),
            sum(map(len, both)),
        )
    assert steps[0][:2] == (1, 41)
    assert steps[-1] == (41, 41, "8 addresses")


COMPARED: list[tuple[Any, float, list[str], list[str]]] = [
    # what is pinned, what counts as now, what of it no longer answers, what of the answers it blocks
    (POOL[:4], 300, list(POOL[:3]), list(POOL[4:])),
    (POOL[:4], 1200, [], list(POOL[4:])),
    (POOL[:4], 0, list(POOL[:4]), ["last"]),
    (POOL[3:], 300, [], []),
    (POOL, 300, list(POOL[:3]), []),
    (" , ".join(POOL[4:]) + " # and a comment, 1.2.3.4", 300, [], [POOL[3]]),
    ("203.0.113.14/31\n203.0.113.16/31", 300, [], [POOL[3]]),
    (
        "203.0.113.0/29 2001:db8::/32 10.0.0.1",
        300,
        ["203.0.113.0/29", "2001:db8::/32", "10.0.0.1"],
        list(POOL[3:]),
    ),
    ("0.0.0.0/0", 300, [], []),
    ('["203.0.113.13/32", "203.0.113.13"]', 300, [], list(POOL[4:])),
    ("email-smtp.eu-west-1.amazonaws.com", 300, [], []),
    ("*.amazonaws.com 203.0.113.10", 300, ["203.0.113.10"], []),
    ("amazonses.com", 300, [], list(POOL[3:])),
]


@pytest.mark.parametrize(("pinned", "recent", "gone", "blocked"), COMPARED)
def test_a_pinned_list_is_compared_exactly(
    changing: tuple[Simulator, Churn], pinned: Any, recent: float, gone: list[str], blocked: list[str]
) -> None:
    """Which entries no longer answer, and which answered addresses the list blocks, to the last one."""
    ses, clock = changing
    watched = watch_addresses(ses.host, resolvers=ses.resolvers, duration=1200, interval=30, clock=clock)
    found = compare(pinned, watched, recent=recent)
    assert [pin.entry for pin in found.gone] == gone
    if blocked == ["last"]:
        blocked = [address for address in watched.addresses if address not in watched.missing]
    assert list(found.blocked) == blocked
    pins = [pin for pin in found.pins if pin.kind != "name"]
    if pins:
        assert f"{len(gone)} of your {len(pins)} pinned " in found.summary
    if blocked:
        assert f"blocks {len(blocked)} of the {len(found.current)} addresses" in found.summary
    assert found.ok == (not blocked and (not gone or "*." in pinned))


def test_an_address_that_dns_has_dropped_may_still_connect() -> None:
    """What DNS no longer answers is told apart from what no longer connects; ranges are never connected to."""
    with Simulator("eu-west-1", addresses=3) as ses:
        clock = Churn(ses, ses.addresses, active=1, every=60)
        watched = watch_addresses(ses.host, resolvers=ses.resolvers[:1], duration=120, clock=clock)
        assert [one.moments for one in watched.sightings] == [(0, 30), (60, 90), (120,)]
        pinned = ["127.0.0.1", "127.0.0.3", "127.0.0.9", "127.0.1.0/24"]
        found = compare(pinned, watched, target=ses.target(587), recent=0)
        assert found.summary.startswith("3 of your 4 pinned entries no longer answer.")
        assert [(pin.entry, bool(pin.answered), pin.last, pin.connects) for pin in found.pins] == [
            ("127.0.0.1", False, 30, True),
            ("127.0.0.3", True, 120, True),
            ("127.0.0.9", False, None, False),
            ("127.0.1.0/24", False, None, None),
        ]
        assert "2 of the 3 pinned addresses" in " ".join(found.notes)
        assert [row[1:] for row in found.table().rows] == [
            ("no longer answers", "+00:30", "yes"),
            ("answered", "+02:00", "yes"),
            ("does not answer", "-", "no"),
            ("does not answer", "-", "-"),
        ]


def test_what_is_no_list() -> None:
    """Text that is neither address, range nor name is refused by name, before anything is asked."""
    for text, said in [
        ("", "empty"),
        ("# nothing", "empty"),
        ("1.2.3.4 1.2.3", "'1.2.3' is not an address"),
        ("300.1.1.1", "300.1.1.1"),
        ("1.2.3.0/40", "1.2.3.0/40"),
        ("192.0.2.999", "192.0.2.999"),
        ("203.0.113.010", "203.0.113.010"),
        ("203.0.113.12-203.0.113.10", "203.0.113.12-203.0.113.10"),
        ("203.0.113.10-999", "203.0.113.10-999"),
        ("0.0.0.1-255.255.255.254 " * 200, "10000"),
        ("a\x1b[31mb", r"a\\x1b\[31mb"),
        ("1.1.1.1 " * 10_001, "10000"),
    ]:
        with pytest.raises(ValueError, match=said):
            entries(text)
    assert entries("10.0.0.5/24;10.0.0.5\t::1 EXAMPLE.com.") == [
        "10.0.0.0/24",
        "10.0.0.5",
        "::1",
        "example.com",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\ufeff203.0.113.10\r\n203.0.113.11", ["203.0.113.10", "203.0.113.11"]),
        ("203.0.113.10-203.0.113.12", ["203.0.113.10/31", "203.0.113.12"]),
        ("203.0.113.10-20", ["203.0.113.10/31", "203.0.113.12/30", "203.0.113.16/30", "203.0.113.20"]),
        ("::ffff:203.0.113.10 ::ffff:203.0.113.0/120", ["203.0.113.10", "203.0.113.0/24"]),
        ("2001:db8::1-2001:db8::2", ["2001:db8::1", "2001:db8::2"]),
        ("a-1.example.com xn--p1ai.xn--p1ai", ["a-1.example.com", "xn--p1ai.xn--p1ai"]),
    ],
)
def test_how_lists_are_written(text: str, found: list[str]) -> None:
    """Ranges with a dash, a byte order mark and IPv4 inside IPv6 are understood; a dash in a name stays one."""
    assert entries(text) == found


@pytest.mark.parametrize(
    "wrong",
    [
        {"where": "nowhere"},
        {"where": "192.0.2.1"},
        {"resolvers": []},
        {"resolvers": "127.0.0.1"},
        {"resolvers": ["localhost"]},
        {"resolvers": ["127.0.0.1#0"]},
        {"resolvers": [f"127.0.0.{number}" for number in range(1, 11)]},
        {"interval": 0.5},
        {"duration": -1},
        {"duration": float("inf")},
        {"duration": 1e6},
        {"timeout": 0},
    ],
)
def test_wrong_use(wrong: dict[str, Any]) -> None:
    """What makes no sense, or would go on for ever, is refused before anything is asked."""
    with pytest.raises(ValueError, match=r"region|address|resolver|interval|rounds|timeout"):
        watch_addresses(**{"where": "eu-west-1", "resolvers": ["127.0.0.1#9"], **wrong})


@pytest.mark.parametrize(
    ("rule", "host", "yes"),
    [
        ("email-smtp.eu-west-1.amazonaws.com", "email-smtp.eu-west-1.amazonaws.com", True),
        ("EMAIL-SMTP.eu-west-1.amazonaws.com.", "email-smtp.eu-west-1.amazonaws.com", True),
        ("*.amazonaws.com", "email-smtp.eu-west-1.amazonaws.com", True),
        (".amazonaws.com", "email-smtp.eu-west-1.amazonaws.com", True),
        ("amazonaws.com", "email-smtp.eu-west-1.amazonaws.com", False),
        ("amazonses.com", "email-smtp.eu-west-1.amazonaws.com", False),
        ("*.amazonses.com", "email-smtp.eu-west-1.amazonaws.com", False),
        ("email-smtp.us-east-1.amazonaws.com", "email-smtp.eu-west-1.amazonaws.com", False),
        ("*.aws.com", "email-smtp.eu-west-1.amazonaws.com", False),
        ("*.amazonaws.com", "amazonaws.com", False),
    ],
)
def test_what_a_name_covers(rule: str, host: str, yes: bool) -> None:
    """A name covers itself, a pattern what is below it; amazonses.com covers no endpoint."""
    assert covers(rule, host) is yes


def test_advice_is_rules_and_no_addresses() -> None:
    """The best rule is the host name with its ports; the trap of amazonses.com is told."""
    advice = allowlist_advice("eu-west-1", ports=(587, 465))
    text = advice.to_markdown()
    assert (
        advice.rules[0].title == "By name: outgoing TCP to email-smtp.eu-west-1.amazonaws.com, ports 587, 465"
    )
    assert "rule for amazonses.com alone does not open the way" in text
    assert "com.amazonaws.eu-west-1.email-smtp" in text
    assert {rule.mark for rule in advice.rules} == {"documented", "inferred"}
    assert "use the other" in text
    assert "use 465 or 2465" in allowlist_advice("eu-west-1", ports=(587,)).to_markdown()
    assert "STARTTLS" not in allowlist_advice("eu-west-1", ports=(465,)).to_markdown()
    for name, right in [
        ("email.eu-west-1.amazonaws.com", "email-smtp.eu-west-1.amazonaws.com"),
        ("amazonses.com", "email-smtp.REGION.amazonaws.com"),
    ]:
        mistaken = allowlist_advice(name)
        assert mistaken.host == right
        assert mistaken.traps[0].startswith(f"{name} is ")
        assert mistaken.traps[0].endswith(f"You connect to {right}.")
        assert name not in json.dumps([rule.title + " ".join(rule.lines) for rule in mistaken.rules])
    wrong = allowlist_advice("feedback-smtp.eu-west-1.amazonses.com")
    assert "no submission endpoint lies under amazonses.com" in wrong.traps[0]
    assert not any("VPC" in rule.title for rule in allowlist_advice("mail.example.com").rules)
    with pytest.raises(ValueError, match="port"):
        allowlist_advice("eu-west-1", ports=())


def test_private_answers_point_to_a_vpc_endpoint(ses: Simulator) -> None:
    """Private addresses are taken for a VPC endpoint; loopback is not."""
    try:
        ses.set_addresses("10.1.2.3")
        assert (
            allowlist_advice(watch_addresses(ses.host, resolvers=ses.resolvers))
            .rules[0]
            .title.startswith("A VPC")
        )
        ses.set_addresses("127.0.0.1")
        assert (
            allowlist_advice(watch_addresses(ses.host, resolvers=ses.resolvers))
            .rules[0]
            .title.startswith("By name")
        )
    finally:
        ses.set_addresses(*ses.addresses)


def shown(watched: AddressHistory, pinned: Sequence[str]) -> list[str]:
    """Everything in which a list of addresses is shown."""
    found = compare(pinned, watched)
    return [
        watched.to_markdown(),
        watched._repr_html_(),
        json.dumps(watched.to_dict()),
        found.to_markdown(),
        found._repr_html_(),
        json.dumps(found.to_dict()),
    ]


def test_no_list_without_its_date_and_its_warning(changing: tuple[Simulator, Churn]) -> None:
    """Wherever addresses are listed, it is said when they were answered, and that they must not be pinned."""
    ses, clock = changing
    watched = watch_addresses(ses.host, resolvers=ses.resolvers, duration=60, clock=clock)
    for text in shown(watched, POOL[:2]):
        assert POOL[0] in text
        assert watched.dated in text
        assert WARNING in text
        assert f"{watched.began:%Y-%m-%d}" in text


def test_a_watch_is_ended_early(ses: Simulator) -> None:
    """Cancelled between two rounds it ends at once, and what was seen until then is kept."""
    stop = threading.Event()
    watched = watch_addresses(
        ses.host, resolvers=ses.resolvers, duration=3600, cancel=stop, progress=lambda *_: stop.set()
    )
    assert watched.cancelled
    assert len(watched.moments) == 1
    assert watched.addresses == ses.addresses
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sestools-watch")]


def test_a_dead_resolver_spoils_nothing(ses: Simulator) -> None:
    """One that is silent is named with its time-out; the other's answers count, in one time-out's time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        dead = f"127.0.0.1#{silent.getsockname()[1]}"
        watched = watch_addresses(ses.host, resolvers=[dead, ses.resolvers[0]], timeout=0.3)
    first, second = watched.resolvers
    assert (first.answers, first.failures, second.answers) == (0, 1, 1)
    assert first.error
    assert watched.addresses == ses.addresses
    assert any(dead in note for note in watched.notes)
    nothing = watch_addresses("eu-south-1", resolvers=ses.resolvers)
    assert nothing.addresses == ()
    assert nothing.summary == "No resolver answered with an address."
    assert "NXDOMAIN" in nothing.resolvers[0].error or "not exist" in nothing.resolvers[0].error
    assert not compare(["192.0.2.1"], nothing).ok
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert picture(nothing).alt.endswith("No address was answered.")


class Hostile(threading.Thread):
    """A name server that answers with an alias of control characters and with ever more addresses."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5)
        self.count = 0

    def run(self) -> None:
        """Answer until the socket is closed."""
        while True:
            try:
                data, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(data)
            question = query.question[0]
            response = dns.message.make_response(query)
            alias = r"\027[31m<script>alert\(1\)</script>|.example.com."
            response.answer.append(dns.rrset.from_text(question.name, 5, "IN", "CNAME", alias))
            if question.rdtype == dns.rdatatype.A:
                many = [
                    f"198.18.{(self.count + n) // 250 % 250}.{(self.count + n) % 250}" for n in range(100)
                ]
                self.count += 100
                response.answer.append(dns.rrset.from_text(alias, 5, "IN", "A", *many))
            self.socket.sendto(response.to_wire(max_size=65535), peer)


def test_hostile_answers_are_bounded_and_escaped(ses: Simulator) -> None:
    """Hundreds of addresses are counted and not kept; an alias with escapes and markup is never obeyed."""
    server = Hostile()
    server.start()
    clock = Churn(ses, ses.addresses, active=1)
    with server.socket:
        where = [f"127.0.0.1#{server.socket.getsockname()[1]}"]
        watched = watch_addresses("eu-west-1", resolvers=where, duration=300, clock=clock)
    assert len(watched.addresses) == 500
    assert watched.left_out == 11 * 100 - 500
    assert any("more addresses" in note for note in watched.notes)
    (one,) = watched.resolvers
    assert one.aliases
    assert one.ttls == (5, 5)
    for text in [*shown(replace(watched, host="a\x1b[31m<script>|.example"), ["192.0.2.1"]), *one.aliases]:
        assert "\x1b" not in text
        assert "<script>" not in text.replace("\\<", "") or text.startswith("{") or text in one.aliases
    alt = picture(watched).alt
    assert len(alt) < 5000
    assert alt.endswith("460 more addresses are not shown.")
    pinned = compare([f"192.0.2.{number}" for number in range(200)], watched)
    crowded = picture(watched, comparison=pinned).alt
    assert crowded.count("192.0.2.") == 10
    assert crowded.count("198.18.") == 30
    assert crowded.endswith("660 more addresses are not shown.")


def test_the_picture(changing: tuple[Simulator, Churn]) -> None:
    """Each sighting is a mark in the row of its address and the series of its resolver; words say the rest."""
    ses, clock = changing
    watched = watch_addresses(ses.host, resolvers=ses.resolvers, duration=1200, clock=clock)
    found = compare(["192.0.2.9", *POOL[:4]], watched)
    ax = plot(watched, comparison=found)
    series = [line for line in ax.get_lines() if str(line.get_label()).startswith("resolver")]
    assert sum(len(line.get_xdata()) for line in series) == sum(len(one.moments) for one in watched.sightings)
    labels = [label.get_text().replace("\n", ", ") for label in ax.get_yticklabels()]
    assert labels == [
        "192.0.2.9, pinned, no longer answers",
        *(f"{address}, pinned, no longer answers" for address in POOL[:3]),
        f"{POOL[3]}, pinned",
        *(f"{address}, not in the list" for address in POOL[4:]),
    ]
    alt = picture(watched, comparison=found).alt
    assert "over 20 min, 82 answers of 2 resolvers" in alt
    assert all(address in alt for address in POOL)


def test_the_command(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Text, JSON and Markdown say the same; exit 1 when the list is out of date, 0 when it is a name, 2 when wrong."""
    pinned = tmp_path / "firewall"
    pinned.write_text("203.0.113.10\n203.0.113.11 # the second\n203.0.113.99\n")
    words = ["allowlist", "eu-west-1", "--simulate", "--watch", "20m", "--pinned"]
    said = "3 of your 3 pinned addresses no longer answer. The list blocks 5 of the 5 addresses answered now."
    for form in ([], ["--json"], ["--markdown"]):
        assert main([*words, str(pinned), *form]) == 1
        text = capsys.readouterr().out
        assert said in " ".join(text.split())
        assert WARNING[:50] in text
        if form == ["--json"]:
            body = json.loads(text)
            assert body["schema_version"] == 1
            assert body["comparison"]["no_longer_answer"] == ["203.0.113.10", "203.0.113.11", "203.0.113.99"]
            assert body["rounds"] == 41
    pipe, end = os.pipe()
    os.write(end, b"203.0.113.10")
    os.close(end)
    assert main([*words, f"/dev/fd/{pipe}"]) == 1  # as <(...) gives it
    os.close(pipe)
    assert "1 of your 1 pinned" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["allowlist", "--help"])
    assert f"--pinned {HELP}" in capsys.readouterr().out
    assert main(["allowlist", "eu-west-1", "--simulate", "--pinned", HELP]) == 1
    assert "2 of your 2 pinned entries are in no answer." in capsys.readouterr().out
    assert main([*words, "email-smtp.eu-west-1.amazonaws.com"]) == 0
    assert main([*words, "amazonses.com"]) == 1
    capsys.readouterr()
    for wrong in (
        ["--pinned", "no-such-file.txt"],
        ["--pinned", "x y"],
        ["--pinned", "no-such-folder/file"],
        ["--pinned", "."],
        ["--connect"],
        ["--resolver", "::1"],
    ):
        assert main(["allowlist", "eu-west-1", "--simulate", *wrong]) == 2
        assert capsys.readouterr().out == ""
    assert main(["allowlist", "eu-west-1", "--simulate", "--connect", "--pinned", "127.0.0.1"]) == 2
    assert (
        main(["allowlist", "--simulate", "s7-changing-addresses", "--connect", "--pinned", "127.0.0.1"]) == 1
    )
    assert "connects" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["allowlist", "--watch", "soon"])


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_ctrl_c_shows_what_was_seen() -> None:
    """Ctrl-C in the middle of a real watch ends it with what was seen, and exit code 130."""
    import signal

    with Simulator("eu-west-1") as ses:
        words = ["eu-west-1", "--watch", "30m", "--every", "1s", "--resolver", ses.resolvers[0]]
        rounds = threading.Semaphore(0)
        names = ses._names[0]
        answer = names._answer

        def counted(query: Any) -> Any:
            if query.question[0].rdtype == dns.rdatatype.AAAA:
                rounds.release()
            return answer(query)

        names._answer = counted  # type: ignore[method-assign]
        process = subprocess.Popen(
            [sys.executable, "-m", "sestools", "allowlist", *words], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2):  # when the second round is under way, the first is written down
            assert rounds.acquire(timeout=30)
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "The watch was ended early" in text
    assert "127.0.0.1" in text
