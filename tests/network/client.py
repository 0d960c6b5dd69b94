"""What an ordinary user without any capability sees: `python client.py check|context|mtu HOST PORT CA-FILE`, JSON out.

Nothing of the tests is imported: it runs where only the package can be read.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from sestools import Target, check, classify, probe_mtu
from sestools.checkup.environment import Search


def seen(kind: str, host: str, port: int, ca_file: str) -> dict[str, Any]:
    """The verdict, and what it rests on."""
    if kind == "context":
        # Nothing of the host that runs the tests is looked at: only the network tells.
        found = Search({}, Path("/nowhere")).result()
        return {"cause": str(found.place), "detail": found.evidence}
    if kind == "check":
        report = check(host, ca_file=ca_file, timeout=3.0)
        return {
            "cause": report.findings[0].diagnosis.cause.id,
            "level": str(report.level),
            "detail": str(report.findings[0].diagnosis.symptom),
        }
    result = probe_mtu(Target(host=host, port=port, ca_file=ca_file))
    facts = result.facts
    return {
        "cause": classify(result).cause.id,
        "level": str(result.outcome),
        "detail": str(result.symptom or ""),
        **facts.to_dict(),
    }


if __name__ == "__main__":
    status = Path("/proc/self/status").read_text()
    capabilities = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    began = time.perf_counter()
    found = seen(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
    print(
        json.dumps(
            {
                **found,
                "seconds": round(time.perf_counter() - began, 2),
                "uid": os.geteuid(),
                "capabilities": int(capabilities, 16),
            }
        )
    )
