"""Floor 9: the body of a `%%task` cell, compiled.

The body becomes one function. Names it binds are declared global, so that it works on the notebook's
namespace as a cell does; its parameters are true locals, so that two runs with different parameters
never meet; the value of its last expression is what it returns. Line numbers are those of the cell,
the `%%task` line included, and `linecache` knows the text, so that tracebacks show the cell's lines.

Differences to a cell that is executed: `locals()` holds the parameters only, and
`exec("x = 1")` without a namespace binds nothing.
"""

from __future__ import annotations
import __future__

import ast
import dis
import inspect
import io
import linecache
import textwrap
import tokenize
import types
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

__all__ = [
    "CellCode",
    "cell_source",
    "certainly_bound_first",
    "compile_cell",
    "names_bound",
    "names_read",
    "remember_lines",
]

_SHELL_CALL: Final = "get_ipython"
_FLAGS: Final = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


@dataclass(frozen=True, slots=True)
class CellCode:
    """The body of a cell, checked; plain data, so that it can travel.

    Attributes:
        text: The body with magics turned into calls, its lines as in the cell.
        source: The cell as written, `%%task` line included.
        file: File name in tracebacks.
        reads: Global names that it may read before it has bound them itself.
        shows: Whether the value of its last expression is displayed (no `;` at the end).
        shell_line: First line that uses `%magics` or `!commands`, or None.
    """

    text: str
    source: str
    file: str
    reads: frozenset[str]
    shows: bool
    shell_line: int | None

    def function(self, parameters: Iterable[str], namespace: dict[str, Any]) -> types.FunctionType:
        """The body as a function with these parameters (keyword-only) over a namespace."""
        names = sorted(parameters)
        tree, flags = _parsed(self.text, self.file)
        code = _function_code(tree, names, self.file, flags)
        return types.FunctionType(code.replace(co_name="<cell>", co_qualname="<cell>"), namespace)


def compile_cell(text: str, source: str, file: str) -> CellCode:
    """Check a cell's body.

    Args:
        text: The body after `transform_cell`, without the `%%task` line.
        source: The whole cell as written.
        file: File name for tracebacks.

    Raises:
        SyntaxError: Its `lineno` counts from the `%%task` line.
    """
    shifted = "\n" + text  # line 1 is the %%task line
    tree, flags = _parsed(shifted, file)
    compile(tree, file, "exec", flags=flags | _FLAGS, dont_inherit=True)
    code = _function_code(tree, [], file, flags)
    reads = _global_names(code) - certainly_bound_first(tree.body)
    return CellCode(shifted, source, file, frozenset(reads), _shows_value(source), _shell_line(tree))


def cell_source(cell: CellCode, name: str, parameters: Iterable[str]) -> str:
    """The cell as a plain function in Python's own words, comments kept where that changes no meaning."""
    names = sorted(parameters)
    tree, flags = _parsed(cell.text, cell.file)
    last = tree.body[-1] if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    place = None if last is None else (last.lineno - 1, last.col_offset)
    body, waits = _function_body(tree, names, cell.file, flags)
    made = ast.fix_missing_locations(ast.Module([_function(body, names, name, waits=waits)], []))
    plain = ast.unparse(made)
    lines = cell.text.strip("\n").splitlines()
    if place is not None:
        row, column = place[0] - (len(cell.text) - len(cell.text.lstrip("\n"))), place[1]
        before = lines[row].encode()  # columns of a syntax tree count bytes
        lines[row] = (before[:column] + b"return " + before[column:]).decode()
    bound = [node for node in body[:1] if isinstance(node, ast.Global)]
    head = [plain.split("\n", 1)[0], *(f"    {ast.unparse(node)}" for node in bound)]
    written = "\n".join([*head, *(f"    {line}".rstrip() for line in lines)])
    return written if _same(written, plain) else plain


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same program; a line of a text that spans lines must not be indented."""
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except SyntaxError:
        return False


def names_read(text: str) -> set[str]:
    """Names that a piece of a module reads and does not bind itself, its functions included."""
    tree = ast.parse(text)
    return _global_names(compile(tree, "<names>", "exec", dont_inherit=True)) - certainly_bound_first(
        tree.body
    )


def names_bound(cell: CellCode, parameters: Iterable[str]) -> set[str]:
    """Names of the notebook that running the cell sets."""
    tree, flags = _parsed(cell.text, cell.file)
    body, _ = _function_body(tree, sorted(parameters), cell.file, flags)
    return {name for node in body[:1] if isinstance(node, ast.Global) for name in node.names}


def remember_lines(cell: CellCode) -> None:
    """Let tracebacks show the cell's own lines."""
    lines = cell.source.splitlines(keepends=True)
    linecache.cache[cell.file] = (len(cell.source), None, lines, cell.file)


def certainly_bound_first(body: Iterable[ast.stmt]) -> set[str]:
    """Names that statements on the top level bind before anything has read them."""
    read: set[str] = set()
    bound: set[str] = set()
    for statement in body:
        now, later = _reads(statement)
        read |= now
        bound |= _bound_by(statement) - read
        read |= later - bound
    return bound


def _parsed(text: str, file: str) -> tuple[ast.Module, int]:
    """The syntax tree without `from __future__ import …`, and these as flags."""
    with_await = ast.PyCF_ONLY_AST | _FLAGS
    tree = compile(text, file, "exec", flags=with_await, dont_inherit=True)
    flags = 0
    kept: list[ast.stmt] = []
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            compile(ast.Module([statement], []), file, "exec", dont_inherit=True)  # refuses unknown names
            for alias in statement.names:
                flags |= getattr(__future__, alias.name).compiler_flag
        else:
            kept.append(statement)
    tree.body = kept
    return tree, flags


def _function_code(tree: ast.Module, names: list[str], file: str, flags: int) -> types.CodeType:
    body, waits = _function_body(tree, names, file, flags)
    return _compile_function(body, names, file, flags, waits=waits)


def _function_body(tree: ast.Module, names: list[str], file: str, flags: int) -> tuple[list[ast.stmt], bool]:
    """The body of the function, compiled once to learn what it binds: that is global. Whether it awaits."""
    body = [_OwnScope().visit(statement) for statement in tree.body]
    if body and isinstance(body[-1], ast.Expr):
        body[-1] = ast.copy_location(ast.Return(body[-1].value), body[-1])
    waits = _waits(tree, file, flags)
    draft = _compile_function(body, names, file, flags, waits=waits)
    own = {*draft.co_varnames, *draft.co_cellvars} - set(names)
    bound = sorted(name for name in own if name.isidentifier())
    if bound:
        body.insert(0, ast.Global(bound))
    return body, waits


def _compile_function(
    body: list[ast.stmt], names: list[str], file: str, flags: int, *, waits: bool
) -> types.CodeType:
    module = ast.fix_missing_locations(ast.Module([_function(body, names, "cell", waits=waits)], []))
    code = compile(module, file, "exec", flags=flags, dont_inherit=True)
    return next(constant for constant in code.co_consts if isinstance(constant, types.CodeType))


def _function(body: list[ast.stmt], names: list[str], name: str, *, waits: bool) -> ast.stmt:
    made = ast.parse("async def cell(): pass" if waits else "def cell(): pass").body[0]
    assert isinstance(made, (ast.FunctionDef, ast.AsyncFunctionDef))
    made.name = name
    made.args.kwonlyargs = [ast.arg(name) for name in names]
    made.args.kw_defaults = [None for _ in names]
    made.body = body or [ast.Pass()]
    return made


def _waits(tree: ast.Module, file: str, flags: int) -> bool:
    code = compile(tree, file, "exec", flags=flags | _FLAGS, dont_inherit=True)
    return bool(code.co_flags & inspect.CO_COROUTINE)


class _OwnScope(ast.NodeTransformer):
    """Adapts the statements of the cell's own scope to the inside of a function."""

    def _leave(self, node: ast.AST) -> ast.AST:
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _leave  # noqa: N815  ast's names

    def visit_Global(self, node: ast.Global) -> ast.AST:
        """What the cell binds is global anyway, and may be declared only once."""
        return ast.copy_location(ast.Pass(), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """A name with an annotation can't be global."""
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        """`import *` is allowed on the level of a module only."""
        if node.names[0].name != "*":
            return node
        text = f"from {'.' * node.level}{node.module or ''} import *"
        call = ast.parse(f"__import__('builtins').exec({text!r}, globals())").body[0]
        return ast.copy_location(call, node)


def _global_names(code: types.CodeType) -> set[str]:
    names = {str(op.argval) for op in dis.get_instructions(code) if op.opname in _GLOBAL_READS}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return {name for name in names if not name.startswith("__")}


_GLOBAL_READS: Final = {
    "LOAD_GLOBAL",
    "LOAD_NAME",
    "DELETE_GLOBAL",
    "LOAD_FROM_DICT_OR_GLOBALS",
}


def _reads(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Names read when the statement is executed, and names that are read after it has bound its own."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        head: list[ast.AST] = [*statement.decorator_list, statement.args]
        if statement.returns is not None:
            head.append(statement.returns)
        return _loads(head), _loads(statement.body)
    if isinstance(statement, (ast.With, ast.AsyncWith)):
        return _loads([item.context_expr for item in statement.items]), _loads(statement.body)
    return _loads([statement]), set()


def _loads(nodes: Iterable[ast.AST]) -> set[str]:
    found: set[str] = set()
    for root in nodes:
        for node in ast.walk(root):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
    return found


def _bound_by(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
    targets: list[ast.AST] = []
    if isinstance(statement, ast.Assign):
        targets = list(statement.targets)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        targets = [item.optional_vars for item in statement.items if item.optional_vars is not None]
    return {
        node.id
        for target in targets
        for node in ast.walk(target)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _shell_line(tree: ast.Module) -> int | None:
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == _SHELL_CALL
    ]
    return min(lines, default=None)


def _shows_value(source: str) -> bool:
    """Whether the last sign that is no comment is anything but `;`."""
    last = ""
    body = textwrap.dedent(source.partition("\n")[2])
    try:
        for token in tokenize.generate_tokens(io.StringIO(body).readline):
            if token.type not in _SILENT:
                last = token.string
    except (tokenize.TokenError, SyntaxError, IndentationError):
        last = body.rstrip()[-1:]  # magics are no Python tokens
    return last != ";"


_SILENT: Final = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.DEDENT,
}
