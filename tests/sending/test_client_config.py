"""The configuration of each program is taken by that program, or at least by its parser, and signs in."""

import configparser
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from clients.relay import relay
from clients.senders import NODE
from peers import servers

from sestools.sending.client_config.clients import CLIENTS, PASSWORDS, TEMPORARY, ClientConfig, client_config
from sestools.sending.mail import Fate, Mail
from sestools.simulator import Simulator

HOST = "email-smtp.eu-west-1.amazonaws.com"
REASONS = {
    "messages": "The reason for messages: 100 % sure.", "age": "The reason for age.", "idle": "The reason for silence.",
}  # fmt: skip


def config(client: str, **limits: Any) -> ClientConfig:
    """A configuration with these limits."""
    given: dict[str, Any] = {"messages": 120, "age": 77.5, "idle": 9.5, "reasons": REASONS}
    return client_config(client, HOST, **(given | limits))


@pytest.mark.parametrize("client", CLIENTS)
def test_each_value_has_its_reason(client: str) -> None:
    """Every recipe gives the three reasons, and either sets a threshold or says that there is no option for it."""
    said = re.sub(r"[\s#/*]+", " ", str(config(client)))
    for reason in ("reason for messages", "reason for age", "reason for silence"):
        assert reason in said
    for number, what in (("120", "messages"), ("77", "age"), ("9", "silence")):
        if not re.search(rf"\b{number}(?!\d)|\b119\b" if number == "120" else rf"\b{number}(?!\d)", said):
            assert "no option" in said, what
    assert HOST in said


@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_is_set_that_was_not_advised(client: str) -> None:
    """Without thresholds the recipes still hold together."""
    said = str(config(client, messages=None, age=None, idle=None))
    assert "None" not in said
    assert not re.search(r"@(?!email-smtp)", said)
    assert HOST in said


def test_an_unknown_program_is_refused() -> None:
    """There is no recipe for a program that nobody knows."""
    with pytest.raises(ValueError, match="there are postfix"):
        config("sendmail")


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": 0},
        {"age": 0},
        {"idle": float("nan")},
        {"port": 25},
        {"where": "a\nb.example"},
        {"where": "eu-west"},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """A limit of 0, a line end in a name, and what only Postfix takes."""
    with pytest.raises(ValueError, match=r"greater than 0|takes no port|host name|region"):
        client_config("nodemailer", **wrong)


def test_postfixs_has_the_limits() -> None:
    """Limits are rounded down to whole seconds and to the uses after the first. (Postfix reads it in test_relay.)"""
    read = dict(re.findall(r"(?m)^(\w+) = (.*)$", config("postfix").text))
    assert "smtp_destination_rate_delay" not in read  # the account's rate is not known
    assert (
        read.items()
        >= {
            "connection_cache_ttl_limit": "9s",
            "relayhost": f"[{HOST}]:587",
            "smtp_connection_cache_destinations": HOST,
            "smtp_connection_cache_time_limit": "9s",
            "smtp_connection_reuse_count_limit": "119",
            "smtp_connection_reuse_time_limit": "77s",
            "smtp_sasl_auth_enable": "yes",
            "smtp_tls_connection_reuse": "yes",
            "smtp_tls_security_level": "secure",
            "smtp_tls_CAfile": "/etc/ssl/certs/ca-certificates.crt",
        }.items()
    )


@pytest.mark.xdist_group("clients")
@pytest.mark.skipif(bool(servers.why_not()), reason=servers.why_not())
def test_postfix_sends_with_what_is_printed() -> None:
    """With the files that the notes ask for, Postfix signs in and SES accepts its mail."""
    with tempfile.TemporaryDirectory(prefix="sestools-relay-") as name, Simulator("eu-west-1") as ses:
        folder = Path(name)
        folder.chmod(0o755)
        found = client_config("postfix", ses.host, folder=folder, ca_file=f"{folder}/ca.pem")
        password, *filters = [
            line.removeprefix("#   ") for line in found.notes.splitlines() if "#   " in line
        ]
        credentials = f"{ses.credentials.user}:{ses.credentials.password}"

        def real(text: str) -> str:
            return text.replace(f"{ses.host}]:587", f"{ses.host}]:{ses.connect_to[587][1]}")

        (folder / PASSWORDS).write_text(real(password.replace("USER:PASSWORD", credentials)) + "\n")
        (folder / TEMPORARY).write_text("\n".join(filters) + "\n")
        with relay(folder, ses, real(found.text)) as postfix:
            assert "status=sent" in postfix.send()
        (accepted,) = ses.accepted
        assert accepted.sender == "sender@example.com"


@pytest.mark.parametrize("changes", [{"messages": 1}, {"idle": 0.5}, {"age": 0.5}])
def test_what_postfix_cannot_do_is_not_rounded_up(changes: dict[str, Any]) -> None:
    """One message, or less than a second: a connection for each message, and not two messages or a second."""
    text = config("postfix", **changes).text
    assert "smtp_tls_connection_reuse = no\n" in text
    assert not re.search("_(time|count|ttl)_limit =", text)


def test_nodemailer_sends_with_it(tmp_path: Path, ses: Simulator) -> None:
    """Nodemailer signs in, and opens a new connection after as many messages as was said."""
    address, port = ses.connect_to[587]
    text = client_config("nodemailer", ses.host, messages=2).text
    # The place of the simulator, whose name TLS verifies all the same; one connection shows when it is changed.
    real = f'host: "{address}", tls: {{ servername: "{ses.host}" }}, maxConnections: 1'
    text, found = re.subn(r'host: "[^"]+"', real, text)
    text, port_found = re.subn(r"port: 587", f"port: {port}", text)
    assert (found, port_found) == (1, 1)
    (tmp_path / "mailer.cjs").write_text(text)
    (tmp_path / "node_modules").symlink_to((NODE / "node_modules").resolve())
    script = """const mailer = require('./mailer.cjs'); const all = [];
    for (let i = 0; i < 5; i++)
      all.push(mailer.sendMail({ from: "a@example.com", to: "b@example.com", subject: "x", text: "x" }));
    Promise.all(all).then(() => mailer.close(), (error) => { console.error(error); process.exit(1); });"""
    before, accepted = ses.connections, len(ses.accepted)
    env = {**os.environ, "SES_USER": ses.credentials.user, "SES_PASSWORD": ses.credentials.password}
    env["NODE_EXTRA_CA_CERTS"] = ses.ca_file
    told = subprocess.run(
        ["node", "-e", script], cwd=tmp_path, capture_output=True, text=True, check=False, env=env, timeout=60
    )
    assert told.returncode == 0, told.stderr
    assert (len(ses.accepted) - accepted, ses.connections - before) == (5, 3)


def test_symfonys_is_yaml_with_a_dsn() -> None:
    """The DSN holds the two options that Symfony Mailer has."""
    mailer = yaml.safe_load(config("symfony").text)["framework"]["mailer"]
    dsn = urlsplit(re.sub(r"%env\(urlencode:(\w+)\)%", r"\1", mailer["dsn"]))
    assert (dsn.scheme, dsn.hostname, dsn.port) == ("smtps", HOST, 465)
    assert parse_qs(dsn.query) == {"restart_threshold": ["120"], "ping_threshold": ["9"]}


def test_symfony_asks_before_each_message_after_half_a_second() -> None:
    """A threshold below a second is not rounded up."""
    assert "ping_threshold=0'" in config("symfony", idle=0.5).text


def test_jakarta_mails_are_properties() -> None:
    """Properties hold a server, TLS, and time limits in milliseconds."""
    parser = configparser.ConfigParser(delimiters="=", interpolation=None)
    parser.read_string("[mail]\n" + config("jakarta").text)
    assert parser["mail"]["mail.smtp.host"] == HOST
    assert parser["mail"]["mail.smtp.starttls.required"] == "true"
    assert parser["mail"]["mail.smtp.ssl.checkserveridentity"] == "true"
    assert parser.getint("mail", "mail.smtp.timeout") == 30000


def test_listmonks_is_json() -> None:
    """JSON holds the one option that listmonk has; the rest is said beside it."""
    found = config("listmonk")
    (server,) = json.loads(found.text)["smtp"]
    assert server["idle_timeout"] == "9.5s"
    assert (server["username"], server["password"]) == ("USER", "PASSWORD")
    assert "SMTP credentials in place of USER and PASSWORD" in found.notes
    assert "no option for age" in found.notes


DJANGO = """
import ssl, sys
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

here, port, name, ca_file = sys.argv[1:]
names = {}
exec(sys.stdin.read(), names)
assert names["EMAIL_HOST"] == name
given = {key: value for key, value in names.items() if key.startswith("EMAIL_")}
settings.configure(**{**given, "EMAIL_HOST": here, "EMAIL_PORT": int(port)})


class Named(ssl.SSLContext):
    def wrap_socket(self, *args, **more):
        return super().wrap_socket(*args, **{**more, "server_hostname": name})


# The place of the simulator, whose name TLS verifies all the same.
context = EmailBackend().ssl_context
assert context.verify_mode == ssl.CERT_REQUIRED and context.check_hostname
named = Named(ssl.PROTOCOL_TLS_CLIENT)
named.load_verify_locations(ca_file)
EmailBackend.ssl_context = named
names["send_in_batches"]([EmailMessage("x", "x", "a@example.com", ["b@example.com"]) for _ in range(5)])
"""


def test_django_sends_with_it(ses: Simulator) -> None:
    """Django signs in with the settings, and a connection carries as many messages as was said."""
    address, port = ses.connect_to[587]
    before, accepted = ses.connections, len(ses.accepted)
    env = {**os.environ, "SES_USER": ses.credentials.user, "SES_PASSWORD": ses.credentials.password}
    told = subprocess.run(
        [sys.executable, "-c", DJANGO, address, str(port), ses.host, ses.ca_file],
        input=client_config("django", ses.host, messages=2).text,
        capture_output=True, text=True, check=False, env=env, timeout=60,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert (len(ses.accepted) - accepted, ses.connections - before) == (5, 3)


def test_pythons_runs(ses: Simulator) -> None:
    """The program sends through the simulator, and changes its connection when advised."""
    names: dict[str, object] = {}
    exec(client_config("python", ses.host, messages=2).text, names)
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
    text = config("phpmailer").text
    assert "$mail->SMTPKeepAlive = true;" in text
    for test in ("$sent >= 120;", "$now - $opened >= 77.5;", "$now - $used >= 9.5;"):
        assert f"$old = $old || {test}" in text
    assert "$mail->SMTPAuth = true;" in text
    assert text.count("{") == text.count("}")
