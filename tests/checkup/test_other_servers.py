"""What else can stand where SES should, or on the way to it: no verdict on it says anything false."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from stand_ins.case import ALWAYS, PLACEHOLDERS, Case
from stand_ins.path_cases import BREAKS, MIDDLEBOXES
from stand_ins.proofs import Proofs
from stand_ins.protocol_cases import OTHERS, PROTOCOLS
from stand_ins.run import SIGN_IN, checked, shown, standing
from stand_ins.tls_cases import CERTIFICATES, VERSIONS

from sestools.checkup.report import Report, same_with
from sestools.core.enums import Stage
from sestools.knowledge.table import CAUSES

pytestmark = [
    pytest.mark.xdist_group("other servers"),  # they wait side by side, in one process
    pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1"),  # of a server that is as old as that
]
CASES = (*PROTOCOLS, *OTHERS, *MIDDLEBOXES, *BREAKS, *VERSIONS, *CERTIFICATES)
AT_ONCE = 12

KNOWN_WRONG = {}
"""What is said today and false, or is missing, case by case: each is an expected failure until it is mended."""

Reports = dict[str, Future[Report]]


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Proofs:
    """All certificates, made once."""
    return Proofs(tmp_path_factory.mktemp("proofs"))


@pytest.fixture(scope="module")
def reports(proofs: Proofs) -> Iterator[Reports]:
    """The report on each case, in the making; a company's authority is what this host trusts."""
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(AT_ONCE) as pool:
        patch.setenv("SSL_CERT_FILE", proofs.company)
        yield {case.name: pool.submit(checked, case, proofs) for case in CASES}


def _each() -> list[object]:
    wrong = {name: [pytest.mark.xfail(strict=True, reason=said)] for name, said in KNOWN_WRONG.items()}
    return [pytest.param(case, id=case.name, marks=wrong.get(case.name, ())) for case in CASES]


@pytest.mark.parametrize("case", _each())
def test_nothing_false_is_said_and_nothing_missing(reports: Reports, case: Case) -> None:
    """The cause that leads is one that the evidence allows; no sentence is false, and what matters is said."""
    report = reports[case.name].result()
    words = shown(report)
    said = [
        f"false: {line.strip()}"
        for line in words.splitlines()
        for pattern in (*ALWAYS, *case.never)
        if re.search(pattern, line)
    ]
    said += [
        f"ruled out, and DNS was not asked: {line}"
        for found in report.findings
        for line in found.diagnosis.ruled_out
        if re.search(r"DNS|\bname\b", line)
    ]
    said += [f"missing: {pattern}" for pattern in case.says if not re.search(pattern, words)]
    if report.diagnosis.cause.id not in case.lead.split():
        said.append(f"leads: {report.diagnosis.cause.id}, not {case.lead}")
    if report.level is not case.level:
        said.append(f"level: {report.level}, not {case.level}")
    assert not said, "\n".join([f"truth: {case.truth}", *dict.fromkeys(said), words])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_ends_in_time(reports: Reports, case: Case) -> None:
    """Whatever stands there, a check takes at most twice its time-out and a second."""
    assert reports[case.name].result().seconds < case.bound


def test_what_is_known_is_filled_in(reports: Reports) -> None:
    """Host, region and interface are known to a check: no verdict has a gap for them."""
    gaps = {
        name: found
        for name, future in reports.items()
        if (found := sorted(set(re.findall(PLACEHOLDERS, shown(future.result())))))
    }
    assert not gaps


def _lines(report: Report) -> list[str]:
    """The commands to type, and how to read each."""
    return [str(text) for field in same_with(report) for text in field.texts]


def test_only_commands_that_see_it_are_told(reports: Reports) -> None:
    """A command that shows nothing of what failed is not on the card: nc -vz and PowerShell see connections only."""
    tcp_only = {"nc -vz", "Test-NetConnection"}
    blind = [
        name
        for name, future in reports.items()
        if future.result().diagnosis.symptom.stage not in (Stage.CONNECT, None)
        and any(line.startswith(tuple(tcp_only)) for line in _lines(future.result()))
    ]
    assert not blind


@pytest.mark.parametrize(
    ("name", "starttls"),
    [
        ("the user asks for TLS from the first byte on 587", True),
        ("the user asks for STARTTLS on 465", False),
    ],
)
def test_commands_speak_the_mode_of_the_port(reports: Reports, name: str, starttls: bool) -> None:
    """Where the mode was wrong, the commands have the right one, and so they show that it works."""
    lines = "\n".join(_lines(reports[name].result()))
    assert "s_client" in lines
    assert ("-starttls smtp" in lines) is starttls
    assert ("--tls-on-connect" in lines) is not starttls


def test_no_command_shows_the_password(proofs: Proofs) -> None:
    """What a command prints can be put into a ticket: the password is not in it, in no form."""
    (case,) = (case for case in CASES if case.name == "a sign-in refused")
    with standing(case, proofs) as report:
        (line,) = (line for line in _lines(report) if line.startswith("swaks "))
        done = subprocess.run(
            ["sh", "-c", f"exec {line}"], input=f"{SIGN_IN.password}\n", capture_output=True, text=True, timeout=20,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "SMTP_USER": SIGN_IN.user},
        )  # fmt: skip
    said = done.stdout + done.stderr
    assert "535 Authentication Credentials Invalid" in said
    plain = base64.b64encode(f"\0{SIGN_IN.user}\0{SIGN_IN.password}".encode()).decode()
    login = base64.b64encode(SIGN_IN.password.encode()).decode()
    assert not [secret for secret in (SIGN_IN.password, plain, login) if secret in said]


def test_the_cases() -> None:
    """There are many kinds, each name stands once, and what is expected exists."""
    assert len(CASES) >= 80
    assert Counter(case.name for case in CASES).most_common(1)[0][1] == 1
    assert KNOWN_WRONG.keys() <= {case.name for case in CASES}
    known = {cause.id for cause in CAUSES}
    for case in CASES:
        assert set(case.lead.split()) <= known, case.name
        assert case.never, case.name
