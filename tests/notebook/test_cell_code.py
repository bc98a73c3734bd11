"""The body of a cell as a function."""

from __future__ import annotations

import ast
import asyncio
import inspect
import traceback
from typing import Any

import pytest

from rocket_magic.notebook._cell_code import CellCode, certainly_bound_first, compile_cell, remember_lines


def compiled(body: str, file: str = "<task t>") -> CellCode:
    """Compile a cell's body."""
    return compile_cell(body, f"%%task\n{body}", file)


def call(body: str, namespace: dict[str, Any] | None = None, **params: Any) -> Any:
    """Run a body in a namespace."""
    scope: dict[str, Any] = {"__name__": "__main__"} if namespace is None else namespace
    result = compiled(body).function(params, scope)(**params)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("1 + 1", 2),
        ("x = 1", None),
        ("x = 1\nx;", 1),
        ("def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nf(5)", 120),
        ("k = 3\n[i * k for i in range(3)]", [0, 3, 6]),
        ("class A:\n    z = 1\n    def f(self): return A.z\nA().f()", 1),
        ("x: int = 4\nx", 4),
        ("x: int\n1", 1),
        ("global g\ng = 2\ng", 2),
        ("from math import *\nfloor(2.5)", 2),
        ("import os.path\nos.path.basename('a/b')", "b"),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    n = str(e)\nn", "division by zero"),
        ("if (n := 5) > 3:\n    pass\nn", 5),
        ("for i in range(3): pass\ni", 2),
        ("x = 1\ndel x\n'x' in globals()", False),
        ("import asyncio\nawait asyncio.sleep(0)\n'waited'", "waited"),
        ("async def g():\n    yield 1\n[i async for i in g()]", [1]),
        ("from __future__ import annotations\ndef f(a: Unknown): pass\nf.__annotations__['a']", "Unknown"),
        ("", None),
        ("'only text'", "only text"),
        ("match [1, 2]:\n    case [a, b]:\n        c = a + b\nc", 3),
        ("import sys\n_ = 7\n_", 7),
    ],
)
def test_bodies(body: str, expected: Any) -> None:
    """What a cell may do, a task may do; its last expression is its value."""
    assert expected == call(body)


def test_names_are_bound_in_the_namespace() -> None:
    """A task works on the notebook's names, as a cell does."""
    scope: dict[str, Any] = {"__name__": "__main__", "n": 1}
    call("n = n + 1\ndef f(): return n\nclass A: pass\nimport math", scope)
    assert 2 == scope["n"]
    assert {"f", "A", "math"} <= set(scope)
    assert "A" == scope["A"].__qualname__
    assert "__main__" == scope["A"].__module__


def test_parameters_are_locals() -> None:
    """A parameter hides the namespace, reaches nested scopes, and leaves nothing behind."""
    scope: dict[str, Any] = {"__name__": "__main__", "rate": 1, "helper": lambda: 0}
    body = "def f(): return rate\nrate = rate + 1\n[f() * i for i in (1, 2)]"
    assert [22, 44] == call(body, scope, rate=21)
    assert 1 == scope["rate"]


@pytest.mark.parametrize(
    ("body", "line"),
    [("x = = 1", 2), ("a = 1\nreturn 5", 3), ("def f(:\n  pass", 2), ("yield 1", 2), ("nonlocal x", 2)],
)
def test_syntax_errors_name_the_line_of_the_cell(body: str, line: int) -> None:
    """Lines count from the `%%task` line, as the editor shows them."""
    with pytest.raises(SyntaxError) as caught:
        compiled(body)
    assert line == caught.value.lineno


def test_tracebacks_show_the_cells_lines() -> None:
    """File, line number and text are the cell's own."""
    cell = compiled("def f(x):\n    return 1 / x\nf(0)", "<task shown>")
    remember_lines(cell)
    with pytest.raises(ZeroDivisionError) as caught:
        cell.function((), {"__name__": "__main__"})()
    text = "".join(traceback.format_exception(caught.value))
    assert 'File "<task shown>", line 4, in <cell>\n    f(0)\n' in text
    assert 'File "<task shown>", line 3, in f\n    return 1 / x\n' in text


@pytest.mark.parametrize(
    ("body", "reads"),
    [
        ("df = load()\ndf.head()", {"load"}),
        ("n = n + 1", {"n"}),
        ("n += 1", {"n"}),
        ("def f(): return g() + late\nlate = 1\nf()", {"g", "late"}),
        ("import math as m\nm.sqrt(x)", {"x"}),
        ("with open(p) as h:\n    h.read()", {"open", "p"}),
        ("if c:\n    v = 1\nv", {"c", "v"}),
        ("[i for i in xs]", {"xs"}),
        ("a, (b, *c) = t\na + b + sum(c)", {"t", "sum"}),
        ("class A(Base):\n    y = z", {"Base", "z"}),
        ("obj.attribute.other", {"obj"}),
        ("lambda: q", {"q"}),
    ],
)
def test_reads(body: str, reads: set[str]) -> None:
    """Exactly the globals that the body may read before it binds them."""
    assert reads == set(compiled(body).reads)


def test_functions_bind_their_name_before_their_body_reads() -> None:
    """A recursive function doesn't need an earlier one of its name."""
    body = ast.parse("def f(n=size):\n    return f(n)").body
    assert {"f"} == certainly_bound_first(body)


@pytest.mark.parametrize(
    ("body", "shows"),
    [
        ("1", True),
        ("1;", False),
        ("1;  # why", False),
        ("1 # ;", True),
        ("';'", True),
        ("f(\n1\n);\n\n", False),
    ],
)
def test_semicolon_mutes(body: str, shows: bool) -> None:
    """As in a cell."""
    assert shows is compiled(body).shows


def test_magics_are_seen() -> None:
    """The first line that needs a shell is known, for processes."""
    assert 3 == compiled("x = 1\nget_ipython().system('ls')").shell_line
    assert compiled("x = 1").shell_line is None
