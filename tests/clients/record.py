"""Record what real clients print when they meet each of SES's refusals: sestools/knowledge/client_output.jsonl.

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
from sestools.core.enums import Stage
from sestools.knowledge.client_output import FILE, words
from sestools.knowledge.table import cause
from sestools.simulator import Simulator, faults

ROOT = Path(__file__).parents[2]
OUTPUTS = ROOT / "sestools" / "knowledge" / FILE
VARIANTS = ROOT / "tests" / "data" / "wire_variants.jsonl"
_NOISE = re.compile(r"^(?:[{}] \[.*|\* (?:TLSv|old SSL|Connection #|Closing).*|    at .*)\n?", re.MULTILINE)
_POSTFIX = (
    (
        re.compile(r"^.{15} mail postfix/(\w+)\[\d+\]:", re.MULTILINE),
        r"Nov 24 04:05:06 mail postfix/\1[2587]:",
    ),
    (re.compile(r"(?<=\]: )[0-9A-F]{6,}:"), "4F2A2C0421:"),
    (re.compile(r"\bdelay=[\d.]+, delays=[\d./]+"), "delay=0.5, delays=0.01/0.02/0.4/0.07"),
)


def refusals() -> list[tuple[str, Stage, str]]:
    """Every refusal that is documented or was observed: its cause, where it is said, and its words."""
    found = {
        reply: (row, cause(row).stage or Stage.BODY)
        for row in faults.replies()
        for reply in cause(row).samples
        if re.match(r"[45]\d\d ", reply)
    }
    for variant in variants():
        found.setdefault(variant["reply"], (variant["cause"], Stage(variant["stage"])))
    return [(row, stage, reply) for reply, (row, stage) in found.items()]


def variants() -> list[dict[str, str]]:
    """Other wordings of the same refusals; `mark` is there if one is less sure than its cause."""
    return [json.loads(line) for line in VARIANTS.read_text().splitlines()]


def mark(refusal: str, reply: str) -> str:
    """How sure it is that SES says this."""
    own = {words(row["reply"]): row["mark"] for row in variants() if "mark" in row}
    return own.get(words(reply), str(cause(refusal).mark))


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


def knowable(refusal: str, reply: str, printed: str) -> str:
    """The cause that can be known from what a client printed, which may hide the words, or all of the reply."""
    if _letters(reply[4:]) in _letters(printed):
        return refusal
    return f"unknown-{reply[0]}xx" if reply[:3] in printed else "reply-hidden"


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def outputs() -> Iterator[dict[str, str]]:
    """A row for each refusal and client."""
    known = {**versions(), "postfix": version()}
    with Simulator("eu-west-1", seed=1) as ses, tempfile.TemporaryDirectory(prefix="sestools-relay-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with relay(folder, ses) as postfix:
            for refusal, stage, reply in refusals():
                ses.set_faults(faults.Says(reply, stage))
                # Clients answer a refused EHLO with HELO, which before STARTTLS is refused with another reply.
                port = 465 if stage is Stage.EHLO else 587
                told = {}
                for client, send in SENDERS.items():
                    sent = send(Job(ses=ses, port=port))
                    assert not sent.ok, (client, refusal, sent)
                    told[client] = sent.printed
                told["postfix"] = postfix.send(BY_WRAPPER if port == 465 else SENDER)
                postfix.empty()
                for client, printed in told.items():
                    kept = telling(client, printed)
                    yield {
                        "client": client,
                        "version": known[client],
                        "cause": refusal,
                        "knowable": knowable(refusal, reply, kept),
                        "reply": reply,
                        "stage": str(stage),
                        "mark": mark(refusal, reply),
                        "printed": kept,
                    }


if __name__ == "__main__":
    rows = list(outputs())
    OUTPUTS.write_text("".join(json.dumps(row) + "\n" for row in rows))
    hidden = sum(row["knowable"] != row["cause"] for row in rows)
    print(f"{len(rows)} outputs of {len(refusals())} refusals, of which {hidden} hide what SES said")
