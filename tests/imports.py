"""What the package's modules import, read from their source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "rocket_magic"


@dataclass(frozen=True, slots=True)
class Import:
    """One import.

    Attributes:
        importer: Module that imports ("rocket_magic.time._base").
        target: Module that is imported; `from package import name` means the module of that name, if any.
        line: Line in the importer's file.
        in_function: Whether it happens when a function is called.
        for_types: Whether only type checkers see it.
    """

    importer: str
    target: str
    line: int
    in_function: bool
    for_types: bool


def modules() -> dict[str, Path]:
    """Every module of the package with its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(module: str, path: Path, known: frozenset[str]) -> list[Import]:
    """The imports in one file.

    Args:
        module: The module's name.
        path: Its file.
        known: Names of all modules of the package, to tell a submodule from a plain name.
    """
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = []
    for node, in_function, for_types in _statements(ast.parse(path.read_text(encoding="utf-8"))):
        found += [
            Import(module, target, node.lineno, in_function, for_types)
            for target in _targets(node, package, known)
        ]
    return found


def _statements(tree: ast.AST) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool, bool]]:
    """Import statements: whether in a function, whether under `if TYPE_CHECKING`."""
    waiting = [(tree, False, False)]
    while waiting:
        node, in_function, for_types = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, in_function, for_types
        inside = in_function or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        typed = for_types or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        waiting += [(child, inside, typed) for child in ast.iter_child_nodes(node)]


def _targets(node: ast.Import | ast.ImportFrom, package: str, known: frozenset[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        start = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*start, *([base] if base else [])])
    names = [f"{base}.{alias.name}" for alias in node.names]
    return sorted({name if name in known else base for name in names})
