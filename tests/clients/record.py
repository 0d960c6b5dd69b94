"""Record what real clients print when they meet each of SES's refusals: tests/data/client_faces.jsonl.

Run it from the top of the checkout, as root, after tests/provide.sh: `.venv/bin/python tests/clients/record.py`.
Dates, process ids and queue ids are replaced, so that running it again changes nothing but what clients say.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from clients.relay import BY_WRAPPER, relay, version
from clients.senders import SENDER, SENDERS, Job, versions

from sestools.catalogue import cause
from sestools.model import Stage
from sestools.simulator import Simulator, faults

FACES = Path(__file__).parents[1] / "data/client_faces.jsonl"
_NOISE = re.compile(r"^(?:[{}] \[.*|\* (?:TLSv|old SSL|Connection #|Closing).*|    at .*)\n?", re.MULTILINE)
_POSTFIX = (
    (re.compile(r"^.{15} mail postfix/(\w+)\[\d+\]:", re.MULTILINE), r"Nov 24 04:05:06 mail postfix/\1[2587]:"),
    (re.compile(r"\b[0-9A-F]{10,12}:"), "4F2A2C0421:"),
    (re.compile(r"\bdelay=[\d.]+, delays=[\d./]+"), "delay=0.5, delays=0.01/0.02/0.4/0.07"),
)


def refusals() -> list[str]:
    """The causes whose reply is a refusal."""
    return [each for each in faults.replies() if cause(each).samples[0][0] in "45"]


def telling(client: str, printed: str) -> str:
    """The lines of what a client printed that tell of the failure."""
    match client:
        case "swaks":
            lines = [line for line in printed.split("\n") if re.match(r"<[-~]\*|<\*\*|\*\*\*", line)]
            return "\n".join(lines)
        case "curl --verbose":
            quiet = _NOISE.sub("", printed)
            refused = re.search(r"^> .*\n(?:< .*\n)*?< [45]\d\d", quiet, re.MULTILINE)
            greeting = re.search(r"^< [45]\d\d", quiet, re.MULTILINE)
            begin = refused or greeting
            return quiet[begin.start() if begin else 0 :].strip()
        case "postfix":
            log = "\n".join(line for line in printed.split("\n") if "postfix/smtp" in line)
            for found, instead in _POSTFIX:
                log = found.sub(instead, log)
            return log
    return _NOISE.sub("", printed).strip()


def faces() -> Iterator[dict[str, str]]:
    """A row for each refusal and client."""
    with Simulator("eu-west-1", seed=1) as ses, tempfile.TemporaryDirectory(prefix="sestools-relay-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with relay(folder, ses) as postfix:
            for refusal in refusals():
                ses.set_faults(faults.parse(f"says:{refusal}"))
                # Clients answer a refused EHLO with HELO, which before STARTTLS is refused with another reply.
                port = 465 if cause(refusal).stage is Stage.EHLO else 587
                for client, send in SENDERS.items():
                    sent = send(Job(ses=ses, port=port))
                    assert not sent.ok, (client, refusal, sent)
                    yield _row(client, versions()[client], refusal, sent.printed)
                log = postfix.send(BY_WRAPPER if port == 465 else SENDER)
                yield _row("postfix", version(), refusal, log)
                postfix.empty()


def _row(client: str, version: str, refusal: str, printed: str) -> dict[str, str]:
    return {"client": client, "version": version, "cause": refusal, "printed": telling(client, printed)}


if __name__ == "__main__":
    rows = list(faces())
    FACES.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    print(f"{len(rows)} faces of {len(refusals())} refusals in {FACES}")
