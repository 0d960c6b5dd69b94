"""The recipes of CONTRIBUTING.md, followed to the letter on a copy: paths and code are taken from that page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]


def recipe(title: str) -> str:
    """A section of CONTRIBUTING.md."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def code(text: str) -> str:
    """The code block of a recipe."""
    found = re.search(r"^ *```python\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    assert found
    return textwrap.dedent(found[1])


def paths(text: str, pattern: str) -> list[str]:
    """The paths that a recipe names."""
    found = re.findall(rf"`({pattern})`", text)
    assert found, pattern
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the package."""
    shutil.copytree(ROOT / "sestools", tmp_path / "sestools", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(tree: Path, *words: str) -> str:
    """Run Python with the copy of the package; what it prints."""
    done = subprocess.run(
        [sys.executable, *words], cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, text=True,
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_add_a_cause(tree: Path) -> None:
    """A row and its sample are enough: it is classified, and the simulator gives it as a reply."""
    text = recipe("Add a cause")
    module = tree / paths(text, r"sestools/knowledge/causes/\w+\.py")[0]
    source = module.read_text("utf-8")
    rows = list(re.finditer(r"^[A-Z_]+[^=\n]*= \($", source, re.MULTILINE))[-1]
    row = textwrap.indent(code(text), "    ")
    source = f"{source[: rows.end()]}\n{row}{source[rows.end() :]}"
    enums = "from sestools.core.enums import Mark, Retry, Stage, Who\n"
    module.write_text(source.replace("from sestools.core.enums", f"{enums}from sestools.core.enums", 1))
    found = re.search(r'"""([a-z-]+): ', row)
    assert found
    program = f"""
        from sestools import classify, probe_dialogue, Stage
        from sestools.knowledge.table import cause
        from sestools.simulator import Simulator, faults

        row = cause({found[1]!r})
        print([classify(sample).cause.id for sample in row.samples])
        with Simulator(faults=[faults.Says(row.id)]) as ses:
            target = ses.target(587, sign_in=True)
            print(classify(probe_dialogue(target, until=Stage.BODY, sender="sender@example.com")).cause.id)
    """
    assert run(tree, "-c", textwrap.dedent(program)) == f"['{found[1]}']\n{found[1]}\n"


def test_add_a_probe(tree: Path) -> None:
    """A copy of the shortest probe under another name, with its lines, is a public probe that works."""
    text = recipe("Add a probe")
    model = paths(text, r"sestools/probes/\w+\.py")[0]
    old = Path(model).stem
    source = (tree / model).read_text("utf-8")
    renamed = source.replace(f"probe_{old}", "probe_knock").replace(f'"{old}"', '"knock"')
    facts = f"{old.title()}Facts"
    (tree / model).with_stem("knock").write_text(renamed.replace(facts, "KnockFacts"))
    for name in paths(text, r"sestools/(?:probes/)?__init__\.pyi?"):
        lines = (tree / name).read_text("utf-8").splitlines(keepends=True)
        repeated = [
            line.replace(f"probe_{old}", "probe_knock").replace(facts, "KnockFacts")
            .replace(f"probes.{old} ", "probes.knock ").replace(f'"{old}"', '"knock"')
            for line in lines if re.search(rf"\bprobe_{old}\b", line)
        ]  # fmt: skip
        assert repeated
        after = iter(repeated)
        (tree / name).write_text(
            "".join(line + (next(after) if re.search(rf"\bprobe_{old}\b", line) else "") for line in lines)
        )
    program = """
        import sestools
        from sestools.simulator import Simulator

        with Simulator() as ses:
            result = sestools.probe_knock(ses.target(587))
        print(result.probe, result.ok, type(result.facts).__name__, "probe_knock" in sestools.__all__)
    """
    assert run(tree, "-c", textwrap.dedent(program)) == "knock True KnockFacts True\n"


def test_add_a_fault(tree: Path) -> None:
    """One module is enough: the fault is read, written, listed and met by a client, and ends."""
    text = recipe("Add a fault")
    (tree / paths(text, r"sestools/simulator/faults/\w+\.py")[0]).write_text(code(text))
    written = re.findall(r'faults\.parse\("(.*?)"\)', text)[0]
    name = written.partition(":")[0]
    program = f"""
        from sestools import classify, probe_dialogue, Stage
        from sestools.simulator import Simulator, faults

        fault = faults.parse({written!r})
        print(str(fault), faults.parse(str(fault)) == fault)
        with Simulator(faults=[fault]) as ses:
            for _ in range(2):
                target = ses.target(587, sign_in=True)
                result = probe_dialogue(target, until=Stage.RCPT, sender="sender@example.com")
                print(result.ok, result.symptom and result.symptom.reply.text)
        try:
            faults.parse("{name}:61")
        except ValueError as error:
            print(error)
    """
    assert run(tree, "-c", textwrap.dedent(program)).splitlines() == [
        f"{written} True",
        "False Greylisted, try again in 10 minutes",
        "True None",
        f"fault '{name}:61': minutes must be between 1 and 60, not 61",
    ]
    listed = run(tree, "-m", "sestools", "simulate", "--list-faults")
    assert re.search(rf"^ *{name}:5 +The recipient is deferred for some minutes\.$", listed, re.MULTILINE)


def test_add_a_notebook(tree: Path) -> None:
    """A notebook with its three headings runs, stores its outputs, and compares equal when it runs again."""
    text = recipe("Add a notebook")
    (tree / "notebooks").mkdir()
    for name in ("execute.py", "nbval.cfg"):
        shutil.copy(ROOT / "notebooks" / name, tree / "notebooks")
    headings = re.findall(r"\*\*(What\s+you'll\s+\w+)\*\*", text)
    assert len(headings) == 3
    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_markdown_cell(
            "\n\n".join(f"**{' '.join(heading.split())}**" for heading in headings)
        ),
        nbformat.v4.new_code_cell(
            "from sestools import probe_tcp\nfrom sestools.simulator import Simulator\n"
            "with Simulator() as ses:\n    result = probe_tcp(ses.target(587))\nresult.ok"
        ),
    ]
    name = "90-what-it-shows.ipynb"
    nbformat.write(book, tree / "notebooks" / name)
    commands = [" ".join(words.split()) for words in re.findall(r"`((?:python|pytest)\s[^`]*)`", text)]
    assert len(commands) == 2
    for command in commands:
        words = command.replace("NN-what-it-shows.ipynb", name).split()
        run(tree, *(words[1:] if words[0] == "python" else ["-m", *words, "-p", "no:cacheprovider"]))
    stored = nbformat.read(tree / "notebooks" / name, as_version=4)
    assert stored.cells[1].outputs[0].data["text/plain"] == "True"
