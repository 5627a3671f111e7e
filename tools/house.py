"""Rules of the house that no ready-made tool knows: rooms stay small, and no file depends on a registry's address."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

_LONGEST_FILE = 300
_LONGEST_FUNCTION = 40
_CODE = {".py", ".proto", ".sql"}
# One file by design: it runs anywhere, without anything else of ours.
_EXEMPT = {Path("tests/conformance/runner.py")}
_REGISTRY = re.compile(
    r"python[h]osted\.org|p[y]pi\.org/simple|p[y]pi\.python\.org|registry\.n[p]mjs\.|registry\.y[a]rnpkg\.|proxy\.g[o]lang\.org"
    r"|static\.cr[a]tes\.io|index\.cr[a]tes\.io|repo1\.m[a]ven\.org|b[u]f\.build/gen"
)


def complaints() -> Iterator[str]:
    """Yield a line for each breach, with file and line."""
    for path in _files():
        text = path.read_text(encoding="utf-8", errors="replace")
        yield from _addresses(path, text)
        if path.suffix in _CODE and path not in _EXEMPT:
            yield from _length(path, text)
        if path.suffix == ".py" and path.parts[0] != "tests":
            yield from _functions(path, text)


def _files() -> Iterator[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return (path for name in sorted(set(listed.split("\0"))) if name and (path := Path(name)).is_file())


def _addresses(path: Path, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if _REGISTRY.search(line):
            yield f"{path}:{number}: bears the address of a package registry"


def _length(path: Path, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > _LONGEST_FILE:
        yield f"{path}: {lines} lines, {_LONGEST_FILE} are allowed"


def _functions(path: Path, text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)
            if lines > _LONGEST_FUNCTION:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines, {_LONGEST_FUNCTION} are allowed"


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return (first.end_lineno or first.lineno) - first.lineno + 1
    return 0
