"""The arrows between modules point one way, and heavy packages stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "sestools"

# Each module and what it may import of the package itself. A folder is one module. Low to high.
ARROWS = {
    "endpoints": "",
    "terms": "",
    "context": "terms text",
    "cards": "text",
    "model": "cards endpoints masking terms text",
    "masking": "text",
    "smtp": "model text",
    "trust": "endpoints model text",
    "catalogue": "model",
    "faces": "catalogue model",
    "excerpt": "masking text",
    "message_id": "",
    "symptoms": "endpoints excerpt masking model",
    "exceptions": "model symptoms",
    "patterns": "",
    "foreign": "endpoints excerpt patterns symptoms",
    "classifier": "catalogue endpoints exceptions excerpt foreign model patterns symptoms text trust",
    "credentials": "catalogue endpoints model",
    "tables": "",
    "waits": "",
    "retrying": "classifier model tables text waits",
    "mailboxes": "",
    "limits": "",
    "outbox": "mailboxes model tables text",
    "client": "endpoints model smtp stopping trust",
    "delivering": "classifier client endpoints model outbox probes smtp stopping text trust",
    "sending": "delivering envelope jobs journal model outbox retrying stopping",
    "stopping": "",
    "envelope": "catalogue model outbox smtp text",
    "journal": "outbox text",
    "jobs": "delivering model outbox retrying",
    "labs": "delivering model outbox retrying sending simulator tables waits",
    "plots_lab": "labs outbox plots retrying text",
    "probes": "limits masking model smtp text trust",
    "survival": "probes",
    "costs": "",
    "advice": "costs probes survival text",
    "relay": "endpoints model",
    "recipes": "advice costs endpoints",
    "replays": "costs simulator",
    "plots_lifetime": "advice plots survival",
    "simulator": "catalogue credentials endpoints mailboxes masking message_id model smtp text",
    "pytest_plugin": "simulator",
    "equivalents": "model",
    "plots": "endpoints model text",
    "portcheck": "model trust",
    "reply_map": "cards faces model plots",
    "wordings": "context model terms",
    "report": "cards context endpoints equivalents model plots portcheck text",
    "findings": "catalogue classifier model portcheck",
    "plots_ports": "findings model plots text",
    "reachability": "endpoints findings model portcheck text",
    "dialogues": "catalogue classifier endpoints findings model portcheck reachability trust",
    "verdict": "context credentials dialogues endpoints findings model portcheck reachability wordings",
    "checkup": "context endpoints model portcheck probes reachability report trust verdict",
    "watches": "cards plots_addresses text",
    "addresses": "endpoints model probes text watches",
    "rules": "cards endpoints text watches",
    "allowlist": "cards model probes rules text watches",
    "plots_addresses": "plots text",
    "swept": "endpoints model plots text",
    "sweeps": "checkup classifier endpoints model portcheck probes swept trust",
    "widgets": "*",
    "terminal": "cards model report text",
    "commands": "*",
    "output": "",
    "send_run": "*",
    "commands_send": "*",
    "commands_lifetime": "*",
    "commands_sweep": "*",
    "terminal_allowlist": "model terminal text watches",
    "commands_allowlist": "*",
    "cli": "__init__ commands commands_allowlist commands_lifetime commands_send commands_sweep limits masking output",
    "__main__": "cli",
    "__init__": "*",
    "text": "",
}

# Packages of others: the base needs the first four only; the extras are for the modules named.
OTHERS = {
    "cryptography": "probes simulator",
    "dns": "probes simulator",
    "rich": "terminal terminal_allowlist",
    "tenacity": "retrying waits",
    "trustme": "simulator",
    "matplotlib": "plots plots_addresses plots_lab plots_lifetime plots_ports reply_map",
    "ipywidgets": "widgets",
    "traitlets": "widgets",
    "IPython": "widgets",
    "pandas": "labs swept",
    "scipy": "survival",
    "numpy": "advice costs",
    "pytest": "pytest_plugin",
}


def module_of(path: Path) -> str:
    """A file's module: its first part under the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names that run-time code imports, those inside functions too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for branch in node.orelse:
                yield from imports(branch)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            # `from sestools import check` names a module or a public name of one.
            if node.module == "sestools":
                yield from (f"sestools.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""
        else:
            yield from imports(node)


def arrows() -> Iterator[tuple[str, str, Path]]:
    """Every import: module, what it imports, file."""
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 20
    for path in files:
        for name in imports(ast.parse(path.read_text())):
            yield module_of(path), name, path


def test_arrows_between_modules() -> None:
    """No module imports one above it, and each one's place is written down."""
    assert {module_of(path) for path in PACKAGE.rglob("*.py")} == set(ARROWS)
    wrong, seen = [], 0
    for module, name, path in arrows():
        if not name.startswith("sestools"):
            continue
        seen += 1
        part = name.split(".")[1] if "." in name else "__init__"
        part = "__init__" if part == "__version__" else part
        allowed = ARROWS[module].split()
        if part != module and part not in allowed and "*" not in allowed:
            wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert seen > 50
    assert not wrong, "\n".join(wrong)


def test_arrows_have_no_circle() -> None:
    """The arrows that are allowed form no circle."""
    left = {module: set(text.split()) - {"*"} for module, text in ARROWS.items()}
    while left:
        free = [module for module, needed in left.items() if not needed & left.keys()]
        assert free, f"a circle among {', '.join(left)}"
        for module in free:
            del left[module]


def test_packages_of_others() -> None:
    """A package of others is imported only where its extra is needed; probes and simulator never meet."""
    wrong, seen = [], set()
    for module, name, path in arrows():
        top = name.split(".")[0]
        if top == "sestools" or top in sys.stdlib_module_names:
            continue
        seen.add(top)
        if module not in OTHERS.get(top, "").split():
            wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert {"cryptography", "dns", "rich", "trustme", "matplotlib"} <= seen
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "statement",
    ["import sestools", "from sestools import check, classify, probe_dialogue"],
)
def test_importing_stays_light(statement: str) -> None:
    """Importing loads none of the heavy packages, nor those that one probe alone needs."""
    heavy = {
        "pandas",
        "numpy",
        "scipy",
        "matplotlib",
        "ipywidgets",
        "IPython",
        "boto3",
        "dns",
        "rich",
        "trustme",
    }
    heavy |= {"cryptography", "jupyterlab", "asyncio"}
    code = f"import sys\n{statement}\nprint(*sorted({heavy!r} & sys.modules.keys()))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not loaded.split()
