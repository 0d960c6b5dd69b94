"""The notebooks run, say what is stored in them, and are solved by their solutions only."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
CANARY = "Canary+Secret/Password=44characters0123456789"
USER = "AKIAIOSFODNN7EXAMPLE"


def nbval(*paths: Path, python_path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `pytest --nbval` as CONTRIBUTING says, with a package that may lie elsewhere."""
    environment = dict(os.environ)
    if python_path:
        environment["PYTHONPATH"] = str(python_path)
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--color=no"),
            *("--nbval", "--nbval-current-env", "--nbval-cell-timeout", "60"),
            *("--nbval-sanitize-with", str(NOTEBOOKS / "nbval.cfg"), *map(str, paths)),
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def read(name: str) -> Any:
    """A notebook of ours."""
    return nbformat.read(NOTEBOOKS / name, as_version=4)


def text_of(notebook: Any) -> str:
    """All text that cells put out."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)


def test_there_are_notebooks() -> None:
    """The notebooks that the rest looks at exist."""
    assert NAMES == [
        "00-start-here.ipynb",
        "01-cannot-connect.ipynb",
        "02-ec2-port-25.ipynb",
        "03-lost-to-network-faults.ipynb",
        "04-mtu.ipynb",
        "05-long-lived-connections.ipynb",
        "06-allowlisting.ipynb",
        "07-reply-codes.ipynb",
        "09-incident.ipynb",
    ]


MUTATIONS = [
    # file, what is there, what a mistake makes of it, notebook that notices, the code cells that show it
    (
        "knowledge/causes/findings.py",
        "port25-blocked: Connections to port 25 time out",
        "port25-blocked: Port 25 is shy",
        "00-start-here.ipynb",
        (-1,),
    ),
    ("core/enums.py", '"after hours"', '"after days"', "07-reply-codes.ipynb", (0, 1)),
    (
        "checkup/not_reached.py",
        '(_ANY, True, 0, ("ports-blocked",)',
        '(_ANY, True, 0, ("addresses-dead",)',
        "09-incident.ipynb",
        (0, 1, 2),
    ),
]


def few_cells(folder: Path, name: str, numbers: tuple[int, ...]) -> Path:
    """A notebook of only some code cells of ours, with their stored outputs."""
    notebook = read(name)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = [code[number] for number in numbers]
    nbformat.write(notebook, folder / name)
    return folder / name


def package_copy(folder: Path) -> None:
    """A copy of the package, to be imported before the real one."""
    shutil.copytree(ROOT / "sestools", folder / "sestools", ignore=shutil.ignore_patterns("__pycache__"))


def test_the_cells_pass_with_an_unchanged_copy(tmp_path: Path) -> None:
    """The control of the next test: with a copy of the package as it is, nbval passes on the same cells."""
    package_copy(tmp_path)
    done = nbval(*(few_cells(tmp_path, name, cells) for *_, name, cells in MUTATIONS), python_path=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{sum(len(cells) for *_, cells in MUTATIONS)} passed" in done.stdout


def test_a_changed_title_or_verdict_is_noticed(tmp_path: Path) -> None:
    """nbval fails on a few cells of each notebook when titles, or one verdict, in a copy of the package are others.

    (`make test` runs nbval on all notebooks; this is about what nbval can see.)
    """
    package_copy(tmp_path)
    for file, old, new, *_ in MUTATIONS:
        copied = tmp_path / "sestools" / file
        code = copied.read_text(encoding="utf-8")
        assert old in code
        copied.write_text(code.replace(old, new), encoding="utf-8")
    done = nbval(*(few_cells(tmp_path, name, cells) for *_, name, cells in MUTATIONS), python_path=tmp_path)
    assert done.returncode == 1, done.stdout[-3000:]
    assert "Cell outputs differ" in done.stdout
    assert "caused an exception" not in done.stdout
    results = iter(done.stdout.split(maxsplit=1)[0])  # a dot or an F for each cell, in order
    for *_, name, cells in MUTATIONS:
        assert "F" in [next(results) for _ in cells], (name, done.stdout[-3000:])


def test_the_list_of_what_is_not_compared_gives_reasons() -> None:
    """Each pattern of nbval.cfg has a comment before it, and nothing else hides an output."""
    text = (NOTEBOOKS / "nbval.cfg").read_text(encoding="utf-8")
    sections = re.findall(r"((?:^#.*\n)*)^\[(\w+)\]\nregex: (.*)\nreplace: (.*)", text, re.M)
    assert len(sections) == text.count("regex:") >= 3
    for reason, name, pattern, _ in sections:
        assert len(reason) > 30, name
        re.compile(pattern)
    for name in NAMES:
        for cell in read(name).cells:
            assert not any(tag.startswith("nbval") for tag in cell.metadata.get("tags", ()))


@pytest.mark.parametrize("name", NAMES)
def test_form(name: str) -> None:
    """A notebook is thin, linked, and free of what differs between two runs."""
    notebook = read(name)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    source = (NOTEBOOKS / name).read_text(encoding="utf-8")
    assert "application/vnd.jupyter.widget" not in source
    assert str(NOTEBOOKS.parent) not in source
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    for number, cell in enumerate(code, 1):
        assert cell.execution_count == number
        assert "execution" not in cell.metadata
        assert len(cell.source.splitlines()) <= 12
        for module in re.findall(r"^(?:from|import) (\w+)", cell.source, re.M):
            assert module == "sestools"
    links = [
        link
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for link in re.findall(r"\]\((.*?)\)", cell.source)
    ]
    assert links
    for link in links:
        assert link.startswith("https://") or (NOTEBOOKS / link).is_file(), link


def answered(notebook: Any, number: str) -> list[str]:
    """Fill the answers of a notebook in from its solutions; gives their letters."""
    letters = []
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", ()):
            if letter := tag.removeprefix("answer-") if tag.startswith("answer-") else "":
                cell.source = (NOTEBOOKS / "solutions" / f"{number}-{letter}.py").read_text(encoding="utf-8")
                letters.append(letter)
    return letters


@pytest.mark.parametrize(
    ("name", "answers"), [("01-cannot-connect.ipynb", "abc"), ("07-reply-codes.ipynb", "abcd")]
)
def test_the_solutions_solve_the_exercises(name: str, answers: str) -> None:
    """With the solutions filled in every exercise says solved; as stored, none does."""
    notebook, number = read(name), name[:2]
    stored = text_of(notebook)
    letters = answered(notebook, number)
    assert letters == list(answers)
    solutions = (NOTEBOOKS / "solutions").glob(f"{number}-*.py")
    assert sorted(path.stem for path in solutions) == [f"{number}-{letter}" for letter in letters]
    assert stored.count("not answered yet") == len(letters)
    # The answers need only the cells that define and prove, so the panels are left out.
    notebook.cells = [
        cell for cell in notebook.cells if "lines_to_type(" not in cell.source or "import" in cell.source
    ]
    for cell in notebook.cells:
        cell.source = re.sub(r"^CheckPanel\(.*\.run\(\)$", "", cell.source, flags=re.M)
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    proofs = [line for line in text_of(notebook).splitlines() if line.startswith(("solved", "not "))]
    assert len(proofs) == len(letters) + stored.count("solved")
    assert all(line.startswith("solved") for line in proofs), proofs


def test_the_solution_of_the_port_25_notebook() -> None:
    """As stored 02 is not answered; with its solution each table is solved, and a wrong verdict is not."""
    notebook = read("02-ec2-port-25.ipynb")
    assert text_of(notebook).count("not answered yet") == 3
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    answer, proof = code[-2:]
    assert answer.metadata.tags == ["answer"]
    solution = (NOTEBOOKS / "solutions" / "02.py").read_text(encoding="utf-8")
    setting = code[1].source.rpartition("\n")[0]
    notebook.cells = [
        nbformat.v4.new_code_cell(source)
        for source in (
            code[0].source,
            setting,
            solution,
            proof.source,
            solution.replace("ports-blocked", "port25-blocked"),
            proof.source,
        )
    ]
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    said = [line for line in text_of(notebook).splitlines() if line[:2] in ("A ", "B ", "C ")]
    assert said == ["A solved", "B solved", "C solved", "A not port25-blocked", "B solved", "C solved"]


def test_on_binder_each_notebook_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each notebook uses what says on Binder that no SES port leaves it; one of them is run there to see."""
    assert NAMES
    for name in NAMES:
        code = "\n".join(cell.source for cell in read(name).cells if cell.cell_type == "code")
        assert re.search(r"\b(simulator|place|say|LabPanel|LifetimePanel|CheckPanel)\(", code), name
    monkeypatch.setenv("BINDER_LAUNCH_HOST", "https://mybinder.org/")
    notebook = read("09-incident.ipynb")
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    assert text_of(notebook).count("lets no SMTP port out") == 1


@pytest.mark.parametrize("name", ["03-lost-to-network-faults", "04-mtu", "05-long-lived-connections"])
def test_the_solution_of_a_notebook_with_one_exercise(name: str) -> None:
    """As stored it is not answered; with its solution filled in it is solved."""
    notebook = read(f"{name}.ipynb")
    assert "not answered yet" in text_of(notebook)
    blank = next(cell for cell in notebook.cells if "answer" in cell.metadata.get("tags", ()))
    blank.source = (NOTEBOOKS / "solutions" / f"{name[:2]}.py").read_text(encoding="utf-8")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    # The exercise needs the first cell, the answer and its check.
    notebook.cells = [code[0], *code[-2:]]
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    assert text_of(notebook).rstrip().endswith("solved")


def test_the_solution_of_the_allowlisting_notebook() -> None:
    """As stored 06 is not answered; with its solution it is solved, and with a wide or a wrong rule it is not."""
    notebook = read("06-allowlisting.ipynb")
    assert "not answered yet" in text_of(notebook)
    answer, proof = [cell for cell in notebook.cells if cell.cell_type == "code"][-2:]
    assert answer.metadata.tags == ["answer"]
    solution = (NOTEBOOKS / "solutions" / "06.py").read_text(encoding="utf-8")
    tried = [
        (solution, "solved"),
        ('answer = "*.amazonaws.com"', "too wide"),
        ('answer = "*.amazonses.com"', "not yet"),
    ]
    notebook.cells = [
        nbformat.v4.new_code_cell(source) for text, _ in tried for source in (text, proof.source)
    ]
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    assert [line for line in text_of(notebook).splitlines() if line] == [said for _, said in tried]


INCIDENTS = [
    # parameters, what the report begins with and says
    ({"fault": ""}, " (ok)", "healthy"),
    ({"fault": "dropped@587", "ports": [587], "timeout": 0.8}, " (problem)", "connect-timeout"),
    (
        {"region": "us-east-1", "fault": "says:bad-credentials", "ports": [465], "sign_in": True},
        "email-smtp.us-east-1.amazonaws.com (problem)",
        "bad-credentials",
    ),
]


@pytest.mark.parametrize(("parameters", "head", "id"), INCIDENTS)
def test_the_incident_runbook_runs_unattended(
    tmp_path: Path, parameters: dict[str, Any], head: str, id: str
) -> None:
    """papermill runs 09 with parameters; its last output is the report, and the verdict follows the fault."""
    papermill.execute_notebook(
        NOTEBOOKS / "09-incident.ipynb",
        tmp_path / "out.ipynb",
        parameters={"timeout": 2.0, **parameters},
        cwd=NOTEBOOKS,
        progress_bar=False,
        kernel_name="python3",
    )
    report = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1].outputs[0].text
    first, *_ = report.splitlines()
    assert first.startswith("## SES SMTP check of")
    assert first.endswith(head)
    assert f", {id})" in report


def forms(user: str, secret: str) -> Iterator[str]:
    """A secret in the forms in which it could have leaked."""
    yield secret
    yield b64encode(secret.encode()).decode().rstrip("=")
    yield urllib.parse.quote(secret, safe="")
    yield urllib.parse.quote_plus(secret)
    yield b64encode(f"\0{user}\0{secret}".encode()).decode().rstrip("=")


CELLS = (
    "import ipywidgets\n"
    "from sestools.widgets import CheckPanel\n"
    "from sestools.widgets.secret import PasswordField\n"
    "panel = CheckPanel(port=587)\n"
    "panel",
    "import os\n"
    "field = [child for child in panel.children[1].children if isinstance(child, PasswordField)][0].children[0]\n"
    "panel._fields['user'].value = os.environ['TYPED_USER']\n"
    "field.set_state({'value': os.environ['TYPED']})  # as a browser does",
    "panel.run()",
    "import logging, pathlib, subprocess\n"
    "from sestools import Credentials\n"
    "print(panel.value.to_markdown(), panel.value.to_html(), panel.value.to_dict(), vars(panel), panel.value.session)\n"
    "logging.getLogger().warning('%r', panel._secret)\n"
    "print([path.read_bytes() for path in pathlib.Path('/proc').glob('[0-9]*/cmdline')])",
    "panel._work = lambda run: 1 / 0\npanel.run(user='x')",
)


@pytest.mark.parametrize("plain", [False, True], ids=["our field", "control: a plain Password"])
def test_a_password_does_not_reach_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: bool
) -> None:
    """Typed, used, printed, logged and in a traceback: the saved notebook, widgets and all, is without it.

    The control puts an ordinary Password field there, and the same search finds it.
    """
    monkeypatch.setenv("TYPED", CANARY)
    monkeypatch.setenv("TYPED_USER", USER)
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells[-1].metadata["tags"] = ["raises-exception"]
    if plain:
        cells.insert(
            1, nbformat.v4.new_code_cell("import os\nipywidgets.Password(value=os.environ['TYPED'])")
        )
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, timeout=60, kernel_name="python3", store_widget_state=True)
    client.execute()
    nbformat.write(notebook, tmp_path / "saved.ipynb")
    saved = (tmp_path / "saved.ipynb").read_text(encoding="utf-8")
    assert "held in memory" in saved  # the widgets' state is there
    assert "535 Authentication Credentials Invalid" in saved  # and the password was used
    assert "ZeroDivisionError" in saved
    assert json.loads(saved)["metadata"]["widgets"]
    found = [form for form in forms(USER, CANARY) if form in saved]
    assert found == ([CANARY] if plain else [])
