"""The recipes are taken by the programs that they are for, or at least by their parsers."""

import configparser
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from clients.senders import NODE, libraries
from peers.servers import POSTFIX

from sestools.lifetime.advice import Reason, RecycleAdvice
from sestools.lifetime.costs import Cost, Thresholds, Traffic
from sestools.lifetime.recipes import CLIENTS, DEFAULTS, recipe
from sestools.sending.mail import Fate, Mail
from sestools.simulator import Simulator

HOST = "email-smtp.eu-west-1.amazonaws.com"


def advice(messages: int | None = 120, age: float | None = 77.5, idle: float | None = 9.5) -> RecycleAdvice:
    """Advice with these thresholds."""
    cost = Cost(handshakes=5, broken=1)
    return RecycleAdvice(
        thresholds=Thresholds(messages=messages, age=age, idle=idle),
        cost=cost, least=cost, most=cost, traffic=Traffic.steady(1),
        messages=Reason(value=messages, unit="messages", why="the reason for messages: 100 % sure"),
        age=Reason(value=age, unit="s", why="the reason for age"),
        idle=Reason(value=idle, unit="s", why="the reason for silence"),
    )  # fmt: skip


@pytest.mark.parametrize("client", CLIENTS)
def test_each_value_has_its_reason(client: str) -> None:
    """Every recipe gives the three reasons, and either sets a threshold or says that there is no option for it."""
    said = re.sub(r"[\s#/*]+", " ", str(recipe(client, advice(), HOST)))
    for reason in ("reason for messages", "reason for age", "reason for silence"):
        assert reason in said
    for number, what in (("120", "messages"), ("77", "age"), ("9", "silence")):
        if not re.search(rf"\b{number}(?!\d)|\b119\b" if number == "120" else rf"\b{number}(?!\d)", said):
            assert "no option" in said, what
    assert HOST in said


@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_is_set_that_was_not_advised(client: str) -> None:
    """Without thresholds the recipes still hold together."""
    said = str(recipe(client, advice(None, None, None)))
    assert "None" not in said
    assert "email-smtp.us-east-1.amazonaws.com" in said


def test_an_unknown_program_is_refused() -> None:
    """There is no recipe for a program that nobody knows."""
    with pytest.raises(ValueError, match="there are postfix"):
        recipe("sendmail", advice())


def test_defaults_name_their_source() -> None:
    """What is said of a program's defaults says where it is from."""
    assert len(DEFAULTS) >= 8
    assert all(one.source and one.client for one in DEFAULTS)


def test_postfix_takes_it(tmp_path: Path) -> None:
    """Postfix's own postconf reads the recipe back, and knows every parameter."""
    (tmp_path / "main.cf").write_text(recipe("postfix", advice(), HOST).text)
    (tmp_path / "master.cf").write_text("")
    path = f"{POSTFIX}/usr/lib/postfix:{libraries()}"
    told = subprocess.run(
        [POSTFIX / "usr/sbin/postconf", "-c", str(tmp_path), "-n"],
        env={**os.environ, "LD_LIBRARY_PATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "unused parameter" not in told.stderr
    assert dict(line.split(" = ", 1) for line in told.stdout.splitlines()) == {
        "config_directory": str(tmp_path),
        "connection_cache_ttl_limit": "9s",
        "relayhost": f"[{HOST}]:587",
        "smtp_connection_cache_destinations": HOST,
        "smtp_connection_cache_time_limit": "9s",
        "smtp_connection_reuse_count_limit": "119",
        "smtp_connection_reuse_time_limit": "77s",
        "smtp_tls_connection_reuse": "yes",
        "smtp_tls_security_level": "secure",
        "smtp_tls_CAfile": "/etc/ssl/certs/ca-certificates.crt",
    }


@pytest.mark.parametrize("changes", [{"messages": 1}, {"idle": 0.5}, {"age": 0.5}])
def test_what_postfix_cannot_do_is_not_rounded_up(changes: dict[str, Any]) -> None:
    """One message, or less than a second: a connection for each message, and not two messages or a second."""
    text = recipe("postfix", advice(**changes), HOST).text
    assert "smtp_tls_connection_reuse = no\n" in text
    assert "_limit =" not in text


def test_nodemailer_takes_it(tmp_path: Path) -> None:
    """Nodemailer makes a pool of it, with the limit of messages."""
    (tmp_path / "mailer.cjs").write_text(recipe("nodemailer", advice(), HOST).text)
    (tmp_path / "node_modules").symlink_to((NODE / "node_modules").resolve())
    script = (
        "const mailer = require('./mailer.cjs'); const t = mailer.transporter; mailer.close();"
        "console.log(JSON.stringify([t.name, t.options.maxMessages, t.options.host, t.options.requireTLS]));"
    )
    told = subprocess.run(["node", "-e", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == ["SMTP (pool)", 120, HOST, True]


def test_symfonys_is_yaml_with_a_dsn() -> None:
    """The DSN holds the two options that Symfony Mailer has."""
    mailer = yaml.safe_load(recipe("symfony", advice(), HOST).text)["framework"]["mailer"]
    dsn = urlsplit(re.sub(r"%env\(urlencode:(\w+)\)%", r"\1", mailer["dsn"]))
    assert (dsn.scheme, dsn.hostname, dsn.port) == ("smtps", HOST, 465)
    assert parse_qs(dsn.query) == {"restart_threshold": ["120"], "ping_threshold": ["9"]}


def test_symfony_asks_before_each_message_after_half_a_second() -> None:
    """A threshold below a second is not rounded up."""
    assert "ping_threshold=0'" in recipe("symfony", advice(idle=0.5), HOST).text


def test_jakarta_mails_are_properties() -> None:
    """Properties hold a server, TLS, and time limits in milliseconds."""
    parser = configparser.ConfigParser(delimiters="=", interpolation=None)
    parser.read_string("[mail]\n" + recipe("jakarta", advice(), HOST).text)
    assert parser["mail"]["mail.smtp.host"] == HOST
    assert parser["mail"]["mail.smtp.starttls.required"] == "true"
    assert parser["mail"]["mail.smtp.ssl.checkserveridentity"] == "true"
    assert parser.getint("mail", "mail.smtp.timeout") == 30000


def test_listmonks_is_json() -> None:
    """JSON holds the one option that listmonk has; the rest is said beside it."""
    found = recipe("listmonk", advice(), HOST)
    (server,) = json.loads(found.text)["smtp"]
    assert server["idle_timeout"] == "9.5s"
    assert "no option for age" in found.notes


def test_djangos_is_python() -> None:
    """The settings compile, and the batches are as large as advised."""
    text = recipe("django", advice(), HOST).text
    compile(text, "settings.py", "exec")
    batches: list[list[int]] = []
    names: dict[str, object] = {}
    exec(text.replace("from django.core.mail import get_connection\n", ""), names)
    connection = type("Connection", (), {"send_messages": lambda self, some: batches.append(some)})
    names["get_connection"] = connection
    names["send_in_batches"](list(range(250)))  # type: ignore[operator]
    assert [len(batch) for batch in batches] == [120, 120, 10]
    assert names["EMAIL_HOST"] == HOST


def test_pythons_runs(ses: Simulator) -> None:
    """The program sends through the simulator, and changes its connection when advised."""
    names: dict[str, object] = {}
    exec(recipe("python", advice(messages=2), ses.host).text, names)
    before = ses.connections
    more = {"connect_to": ses.connect_to[587], "ca_file": ses.ca_file}
    with names["sender"](ses.credentials, **more) as sender:  # type: ignore[operator]
        mail = [
            Mail(
                name=str(number),
                sender="a@example.com",
                recipients=("b@example.com",),
                content=b"Subject: x\n\nx\n",
            )
            for number in range(5)
        ]
        assert [entry.fate for entry in sender.send_all(mail)] == [Fate.SENT] * 5
    assert ses.connections - before == 3


def test_phpmailers_sets_what_it_has() -> None:
    """PHP code names the one property that PHPMailer has, and tests the three thresholds itself."""
    text = recipe("phpmailer", advice(), HOST).text
    assert "$mail->SMTPKeepAlive = true;" in text
    assert (
        "if ($sent >= 120 || microtime(true) - $opened >= 77.5 || microtime(true) - $used >= 9.5) {" in text
    )
    assert text.count("{") == text.count("}")
