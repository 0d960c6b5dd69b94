"""Many targets at once: any executor, bounded, cancellable, and true to each target."""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import pytest
from rich.console import Console

from sestools import sweep, targets_of
from sestools.checkup.sweep import MOST_THREADS
from sestools.checkup.sweep_result import Sweep
from sestools.core.credentials import Credentials
from sestools.core.enums import Outcome, Stage
from sestools.core.target import Target
from sestools.plots import picture, plot
from sestools.render.terminal import show
from sestools.simulator import Simulator, faults


class Pickling(Executor):
    """What a cluster's executor does: arguments and results travel as pickles."""

    def __init__(self) -> None:
        self.sent = 0

    def submit(self, call: Any, /, *words: Any, **more: Any) -> Future[Any]:
        """Run it at once, on a copy."""
        self.sent += 1
        call, words, more = pickle.loads(pickle.dumps((call, words, more)))
        future: Future[Any] = Future()
        future.set_result(pickle.loads(pickle.dumps(call(*words, **more))))
        return future


@pytest.fixture(scope="module")
def crowd() -> Iterator[Simulator]:
    """SES on six addresses; port 25 is a black hole on each."""
    with Simulator("eu-west-1", addresses=6, faults=[faults.parse("dropped@25")]) as simulator:
        yield simulator


def everywhere(simulator: Simulator, *ports: int) -> list[Target]:
    """All ports on all addresses."""
    found = []
    for port in ports or simulator.connect_to:
        target = simulator.target(port)
        assert target.connect_to
        found += [replace(target, connect_to=(where, target.connect_to[1])) for where in simulator.addresses]
    return found


@pytest.fixture
def closed() -> Iterator[int]:
    """A port that refuses: it is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def sweepers() -> set[threading.Thread]:
    """Threads that a sweep left behind."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("sestools-sweep")}


def test_black_holes_do_not_hold_up_the_others(crowd: Simulator) -> None:
    """Six black holes among 18 targets are all found within one time-out and a bit, the others are healthy."""
    found = sweep(everywhere(crowd, 25, 587, 465), timeout=1.0)
    assert Counter(row.outcome for row in found.rows) == {Outcome.OK: 12, Outcome.FAILED: 6}
    for row in found.rows:
        assert row.address == row.target.connect_to[0]  # type: ignore[index]
        if row.target.port == 25:
            assert row.symptom
            assert row.symptom.stage is Stage.CONNECT
            assert "timeout" in str(row.symptom.kind)
            assert row.cause not in ("", "healthy")
        else:
            assert row.cause == "healthy"
            assert set(row.times) >= {Stage.CONNECT, Stage.GREETING, Stage.TLS, Stage.EHLO}
    assert found.seconds < 2 * found.timeout, "the black holes were waited for one after the other"
    assert not sweepers()


@pytest.mark.parametrize("kind", ["threads", "processes", "pickling"])
def test_any_executor(ses: Simulator, kind: str) -> None:
    """Threads, processes and whatever pickles give the same rows, and the executor stays open."""
    targets = [ses.target(port, sign_in=True) for port in (587, 465)]
    assert targets[0].credentials
    executor: Executor
    if kind == "threads":
        executor = ThreadPoolExecutor(2)
    elif kind == "processes":
        executor = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    else:
        executor = Pickling()
    with executor:
        found = sweep(targets, executor=executor, timeout=10)
        assert executor.submit(abs, -1).result() == 1
    assert [(row.target.port, row.cause) for row in found.rows] == [(587, "healthy"), (465, "healthy")]


def test_never_signs_in(ses: Simulator) -> None:
    """Credentials are left out of what is sent and of the rows, so a sweep can be pickled."""
    found = sweep([ses.target(587, sign_in=True)])
    (row,) = found.rows
    assert row.outcome is Outcome.OK
    assert row.target.credentials is None
    assert Stage.AUTH not in row.times
    assert pickle.loads(pickle.dumps(found)) == found


def test_5000_refused_targets_stay_bounded(closed: int) -> None:
    """Threads and memory stay bounded however many targets there are."""
    code = f"""
import resource, threading
from sestools import Target, sweep
targets = [Target.ses("eu-west-1", connect_to=("127.0.0.1", {closed}))] * 5000
sweep(targets[:5])
before, most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
def progress(done, total, what):
    global most
    most = max(most, threading.active_count())
found = sweep(targets, apart=0, progress=progress)
assert len(found.rows) == 5000
assert {{row.cause for row in found.rows}} == {{"connection-refused"}} or print({{row.cause for row in found.rows}})
print(most, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, threading.active_count())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    threads, kib, left = map(int, done.stdout.split()[-3:])
    assert 1 < threads <= MOST_THREADS + 1
    assert kib < 100 * 1024
    assert left == 1


def test_cancel(crowd: Simulator) -> None:
    """What has not ended when it is cancelled is not run, what has ended stays, and no thread is left."""
    cancel = threading.Event()
    targets = everywhere(crowd, 587, 25)

    def progress(done: int, total: int, what: str) -> None:
        assert total == len(targets)
        if done >= 6:
            cancel.set()

    found = sweep(targets, timeout=30, progress=progress, cancel=cancel)
    assert [row.outcome for row in found.rows] == [Outcome.OK] * 6 + [Outcome.NOT_RUN] * 6
    assert {row.reason for row in found.rows[6:]} == {"cancelled"}
    assert found.seconds < 15
    assert not sweepers()


def test_ctrl_c_leaves_no_thread(crowd: Simulator) -> None:
    """An interruption goes through, and every thread has ended by then."""

    def interrupt(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(everywhere(crowd, 587, 25), timeout=30, progress=interrupt)
    assert not sweepers()


def test_targets_of() -> None:
    """Regions x ports x addresses; a name that does not resolve is kept, for the sweep to say so."""
    found = targets_of(["localhost.localdomain.invalid", "127.0.0.1"], [587, 465], timeout=3)
    assert [(target.host, target.port, target.connect_to) for target in found] == [
        ("localhost.localdomain.invalid", 587, None),
        ("localhost.localdomain.invalid", 465, None),
        ("127.0.0.1", 587, ("127.0.0.1", 587)),
        ("127.0.0.1", 465, ("127.0.0.1", 465)),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: targets_of("eu-west-1"),
        lambda: targets_of([]),
        lambda: targets_of(["eu-west-1"], addresses="some"),  # type: ignore[arg-type]
        lambda: sweep([]),
        lambda: sweep([Target.ses("eu-west-1")], apart=-1),
        lambda: sweep([Target.ses("eu-west-1")], timeout=0),
    ],
)
def test_wrong_use(wrong: Any) -> None:
    """Wrong use is said before anything starts."""
    with pytest.raises(ValueError, match=r"region|addresses|target|apart|timeout"):
        wrong()


@pytest.fixture(scope="module")
def seen(crowd: Simulator) -> Sweep:
    """A sweep with healthy ports and black holes."""
    return sweep(everywhere(crowd, 25, 587), timeout=0.6)


def test_shown_as_table_json_html_and_sentence(seen: Sweep) -> None:
    """Every form has every row."""
    headings, rows = seen.table().headings, seen.table().rows
    assert len(rows) == 12
    assert {len(row) for row in rows} == {len(headings)}
    data = json.loads(json.dumps(seen.to_dict()))
    assert data["schema_version"] == 1
    assert Counter(row["outcome"] for row in data["rows"]) == {"ok": 6, "failed": 6}
    assert seen._repr_html_().count("<tr>") == 13
    assert seen.summary.startswith("12 targets in ")
    assert "6 ok, 6 failed" in seen.summary


def test_html_is_escaped(ses: Simulator) -> None:
    """What a server says does not become markup."""
    ses.set_faults(faults.parse("says:554 <script>alert(1)</script>"))
    html = sweep([ses.target(587)])._repr_html_()
    assert "<script>" not in html


def test_heat_map(seen: Sweep) -> None:
    """The picture says in words what it shows in colour."""
    alt = picture(seen).alt
    assert "eu-west-1 port 25: 0 of 6 ok" in alt
    assert "eu-west-1 port 587: 6 of 6 ok" in alt
    assert len(plot(seen).patches) == 2


def test_heat_map_of_mixed_cells(seen: Sweep) -> None:
    """Ports stand as in the tables, a second cause is counted, and what was not run does not look failed."""
    ok, failed = seen.rows[-1], seen.rows[0]
    assert (ok.outcome, failed.outcome) == (Outcome.OK, Outcome.FAILED)
    not_run = replace(ok, outcome=Outcome.NOT_RUN, cause="", reason="cancelled")
    cells = {
        25: [failed, replace(failed, cause="other"), failed],
        465: [ok],
        587: [not_run, ok],
        2465: [not_run, failed],
    }
    rows = tuple(
        replace(row, target=replace(row.target, port=port)) for port, rows in cells.items() for row in rows
    )
    ax = plot(replace(seen, rows=rows))
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "port 25",
        "port 587",
        "port 465",
        "port 2465",
    ]
    colours = {round(patch.get_x() + 0.48): patch.get_facecolor()[:3] for patch in ax.patches}
    orange, blue, grey, also = (colours[column] for column in (0, 2, 1, 3))
    assert orange == also
    assert len({orange, blue, grey}) == 3
    alt = picture(replace(seen, rows=rows)).alt
    assert f"port 25: 0 of 3 ok, {failed.cause} +1" in alt
    assert "port 587: 1 of 2 ok, cancelled" in alt


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_one_line_a_target_on_any_terminal(seen: Sweep, width: int) -> None:
    """No row is cut, and only its last cell wrapped; the times are left out where there is no room."""
    out = io.StringIO()
    show(Console(file=out, width=width), seen.document())
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    rows = [line for line in lines if "127.0.0." in line]
    assert len(rows) == len(seen.rows)
    assert all(len(line) <= width for line in lines)
    for line, row in zip(rows, seen.rows, strict=True):
        assert row.cause in line
    failed = [row for row in seen.rows if row.outcome is Outcome.FAILED]
    assert " ".join(out.getvalue().split()).count(f"within {seen.timeout:g} s") == len(failed)
    (heading,) = (line for line in lines if line.startswith("region"))
    assert ("GREETING" in heading) == (width >= 100)


def test_frame(seen: Sweep) -> None:
    """pandas gets one row a target."""
    pytest.importorskip("pandas")
    frame = seen.to_frame()
    assert list(frame["port"]) == [25] * 6 + [587] * 6
    assert frame["tls_seconds"].notna().sum() == 6


def test_frame_without_pandas(seen: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pandas the error names the extra."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match="notebook"):
        seen.to_frame()


@pytest.mark.parametrize(("fault", "code"), [("", 0), ("dropped@25", 1)])
def test_command(fault: str, code: int) -> None:
    """`sestools sweep` says what it saw, as JSON and as a table, and its exit code says how it is."""
    command = [sys.executable, "-m", "sestools", "sweep", "eu-west-1", "--port", "25", "--port", "587"]
    command += ["--timeout", "1.5", "--simulate", *filter(None, [fault])]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == code, done.stdout + done.stderr
    assert "2 targets in " in done.stdout
    data = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True).stdout)
    assert [row["port"] for row in data["rows"]] == [25, 587]
    assert data["rows"][1]["cause"] == "healthy"


@pytest.mark.parametrize("fault", ["foreign-greeting", "auth-missing"])
def test_an_answer_that_is_no_working_ses_is_not_ok(fault: str) -> None:
    """Another server, and one that offers no sign-in, count as failed with their cause."""
    with Simulator("eu-west-1", faults=[faults.parse(f"{fault}@587")]) as ses:
        seen = sweep([ses.target(587), ses.target(465)])
    assert [(row.outcome, row.cause) for row in seen.rows] == [
        (Outcome.FAILED, fault),
        (Outcome.OK, "healthy"),
    ]
    assert not seen.ok


def test_credentials_refuse_to_be_pickled() -> None:
    """That is why a sweep leaves them out; it says so itself."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Target.ses("eu-west-1", credentials=Credentials(user="u", password="p")))
    assert "refuse" in (sweep.__doc__ or "")
