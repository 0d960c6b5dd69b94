"""What an ordinary user without any capability sees: `python client.py JSON`, JSON out.

Nothing of the tests is imported: it runs where only the package can be read.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sestools import Target, check, classify, probe_mtu


def seen(asked: dict[str, Any]) -> dict[str, Any]:
    """The verdict, and what it rests on."""
    kind, host, ca_file = asked["kind"], asked["host"], asked["ca_file"]
    if kind == "context":
        from sestools.checkup.environment import Search

        # Nothing of the host that runs the tests is looked at: only the network tells.
        found = Search({}, Path("/nowhere")).result()
        return {"cause": str(found.place), "detail": found.evidence}
    if kind == "check":
        report = check(host, ca_file=ca_file, timeout=asked["timeout"])
        return {
            "cause": report.findings[0].diagnosis.cause.id,
            "level": str(report.level),
            "detail": str(report.findings[0].diagnosis.symptom),
            "text": str(report).partition("\nTranscript, port")[0],
        }
    if kind in ("lifetime", "sweep"):
        return printed(kind, host, asked["arguments"])
    result = probe_mtu(Target(host=host, port=asked["port"], ca_file=ca_file))
    facts, diagnosis = result.facts, classify(result)
    return {
        "cause": diagnosis.cause.id,
        "level": str(result.outcome),
        "detail": str(result.symptom or ""),
        "text": str(diagnosis),
        **facts.to_dict(),
    }


def printed(command: str, host: str, arguments: list[str]) -> dict[str, Any]:
    """What a command prints, and the id that it names first, if it names one."""
    line = [sys.executable, "-m", "sestools", command, host, *arguments]
    environment = {**os.environ, "COLUMNS": "160"}
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as done:
        out, errors = done.stdout.read(), done.stderr.read()  # type: ignore[union-attr] # both are short
        os.waitid(os.P_PID, done.pid, os.WEXITED | os.WNOWAIT)
        waited = starved(done.pid)
    found = re.search(r"failed \((\S+)", out)
    return {
        "cause": found[1] if found else "",
        "level": f"exit code {done.returncode}",
        "detail": errors[-2000:],
        "text": out,
        "starved": waited,
    }


def starved(process: int) -> float:
    """Seconds that a process was ready to run and had to wait for a processor (its first thread)."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9


if __name__ == "__main__":
    status = Path("/proc/self/status").read_text()
    capabilities = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    began = time.perf_counter()
    found = seen(json.loads(sys.argv[1]))
    print(
        json.dumps(
            {
                "starved": starved(os.getpid()),
                **found,
                "seconds": round(time.perf_counter() - began, 2),
                "uid": os.geteuid(),
                "capabilities": int(capabilities, 16),
            }
        )
    )
