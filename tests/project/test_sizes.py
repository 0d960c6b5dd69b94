"""How long a module and a function may be."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULE, FUNCTION = 300, 60


def test_modules_and_functions_are_short() -> None:
    """No module has more than 300 lines, tables of causes excepted, and no function more than 60 beside its docstring."""
    long = []
    for path in sorted((ROOT / "sestools").rglob("*.py")):
        text, name = path.read_text(), path.relative_to(ROOT)
        if len(lines := text.splitlines()) > MODULE and "causes" not in path.parts:
            long.append(f"{name}: {len(lines)} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (
                    (node.end_lineno or 0) - node.lineno + 1 - (ast.get_docstring(node) or "").count("\n")
                )
                if length > FUNCTION:
                    long.append(f"{name}: {node.name} has {length} lines")
    assert not long, "\n".join(long)
