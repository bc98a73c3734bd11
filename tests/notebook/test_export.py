"""`%rocket export`: the program does what the notebook does, or is refused with every reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rocket_magic.notebook._cell_code import cell_source, compile_cell


@pytest.fixture
def rocket(loaded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `%rocket` lines in a folder of its own; nothing starts by itself."""
    monkeypatch.chdir(tmp_path)
    loaded.run_line_magic("rocket", "hold")
    return lambda line: loaded.run_line_magic("rocket", line)


def refusal(rocket: Any, line: str) -> str:
    """The message with which a line is refused."""
    with pytest.raises(Exception) as caught:
        rocket(line)
    assert "UsageError" == type(caught.value).__name__
    return str(caught.value)


def run(path: Path) -> subprocess.CompletedProcess[str]:
    """Run a program until it ends by itself."""
    return subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=60, check=False, cwd=path.parent
    )


def test_what_ipython_puts_over_builtins_is_the_builtin_in_a_program(
    loaded: Any, rocket: Any, tmp_path: Path
) -> None:
    """A notebook's `open` is IPython's own; a helper of the user's that is called like a builtin stays."""
    loaded.run_cell("def text(): return open('kept.txt').read()\ndef min(*values): return 'mine'")
    loaded.run_cell_magic(
        "task", "every 1 hour --name write", "print('kept', file=open('kept.txt', 'w'), flush=True)"
    )
    loaded.run_cell_magic("task", "after task 'write' --name read", "print(text(), min(1), max(1, 2))")
    rocket("config shut_cond=task 'read' has succeeded today")
    rocket("export out.py")
    assert "IPython" not in (tmp_path / "out.py").read_text()
    done = run(tmp_path / "out.py")
    assert ("kept\n mine 2\n", "") == (done.stdout, done.stderr)


def test_the_program_does_what_the_notebook_does(loaded: Any, rocket: Any, tmp_path: Path) -> None:
    """Cells, helpers, data, parameters, return values, conditions of functions, options: run headless."""
    loaded.run_cell(
        "import math as m\nfrom pathlib import Path\nfrom datetime import timedelta\n"
        "base = {'n': [1, 2.5, None], 'where': Path('x'), 'span': timedelta(hours=1)}\n"
        "import linecache\n"
    )
    helpers = "def double(n):\n    return twice * n\ntwice = 2\n"
    (tmp_path / "helpers.py").write_text("def imported(n):\n    return n + 1\n")
    loaded.user_ns["__name__"] = "__main__"
    loaded.run_cell("import sys; sys.path.insert(0, '')\nfrom helpers import imported\n" + helpers)
    loaded.run_cell(
        "from rocket_magic.notebook import app\nfrom rocket_magic.conds import every\n"
        "@app.cond()\ndef ready():\n    return twice == 2\n"
        "@app.param('answer')\ndef give():\n    return 42\n"
        "@app.task(name='made in python', execution='main', start_cond=None)\n"
        "def plain(answer):\n    print('plain', answer)\n"
    )
    loaded.run_cell_magic(
        "task",
        "every('1 h') & ready --name load --timeout 10 min --priority 3 --retry 2",
        "# loads\ntext = '''a\nb'''\nprint('load', double(4), imported(1), m.pi > 3, base['n'], repr(text))\n"
        "state = 'set by load'\n(text,\n 7)",
    )
    loaded.run_cell_magic(
        "task",
        "after task 'load' --name report-2 --param given=Return('load')",
        "print('report', given, state)",
    )
    rocket("params limit=5")
    loaded.run_cell_magic(
        "task", "after task 'report-2' --name last", "import os\nprint('limit', limit, answer)"
    )
    rocket("config shut_cond=task 'last' has succeeded today")
    told = repr(rocket("export schedule.py"))
    assert "schedule.py: 4 tasks written; python schedule.py runs them" == told
    text = (tmp_path / "schedule.py").read_text()
    assert "    # loads\n" not in text, "a text over several lines is not indented: written anew"
    assert "@app.cond()\ndef ready():" in text
    done = run(tmp_path / "schedule.py")
    assert (0, "") == (done.returncode, done.stderr), text
    assert [
        "load 8 2 True [1, 2.5, None] 'a\\nb'",
        "report ('a\\nb', 7) set by load",
        "limit 5 42",
    ] == done.stdout.splitlines()


def test_what_cannot_be_written_is_named(loaded: Any, rocket: Any, tmp_path: Path) -> None:
    """Every reason at once, one a line; no file is left."""
    loaded.run_cell(
        "import threading\nlock = threading.Lock()\nshort = lambda: 1\nfrom rocket_magic.args import *"
    )
    loaded.run_cell_magic("task", "--name shell", "!ls")
    loaded.run_cell_magic("task", "--name locks", "with lock: short()")
    loaded.run_cell_magic("task", "--name lost", "nothing_like_it")
    loaded.run_cell_magic("task", "--name alone --isolated", "1")
    rocket("params secret=Private('s3cr3t')")
    loaded.run_cell("from rocket_magic.notebook import app\n@app.setup\ndef begin(): pass")
    told = refusal(rocket, "export schedule.py").splitlines()
    assert [
        "can't export:",
        "  task 'alone' is --isolated, which a program can't be",
        "  session parameter secret: a secret is never written: give the program an EnvArg('NAME') instead",
        "  task 'shell': line 2 uses %magics or !commands, which need a notebook",
        "  task 'locks' uses lock: a value of the class lock can't be written; make it inside the cell",
        "  task 'locks' uses short: it is a lambda: write it with def",
        "  task 'lost' uses nothing_like_it, which is not defined",
        "  hooks (startup) are not written: add them to the program by hand",
    ] == told
    assert [] == list(tmp_path.glob("*.py"))


def test_a_file_of_others_is_kept(loaded: Any, rocket: Any, tmp_path: Path) -> None:
    """Only what export has written is overwritten without being told to."""
    assert "nothing to export" in refusal(rocket, "export mine.py")
    loaded.run_cell_magic("task", "--name load", "1")
    (tmp_path / "mine.py").write_text("precious")
    assert "--force overwrites it" in refusal(rocket, "export mine.py")
    assert "precious" == (tmp_path / "mine.py").read_text()
    rocket("export mine.py --force")
    rocket("export mine.py")
    assert "can't write" in refusal(rocket, "export no/such/folder.py")


def test_other_kinds_of_tasks(loaded: Any, rocket: Any, tmp_path: Path) -> None:
    """Commands, code, and conditions that only Python can say."""
    loaded.run_cell(
        "from rocket_magic.notebook import app\nfrom rocket_magic.conds import every, daily, retry\n"
        "app.task(command=['echo', 'hi'], name='speak', start_cond='every 1 h')\n"
        "app.task(code='return_value = 1', name='code', start_cond=every('1 h') | retry(2, delay='1 min'),"
        " timeout='never', misfire_grace_time='5 min')\n"
    )
    rocket("config shut_cond=task 'speak' has succeeded today & task 'code' has succeeded today")
    rocket("export schedule.py")
    text = (tmp_path / "schedule.py").read_text()
    assert "start_cond='every 1 hour | retry twice after 1 min'" in text
    assert "timeout='never'" in text
    done = run(tmp_path / "schedule.py")
    assert (0, "") == (done.returncode, done.stderr), text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("# why\nx = 1\nx", "def f():\n    global x\n    # why\n    x = 1\n    return x"),
        ("ä = 1; ä", "def f():\n    global ä\n    ä = 1; return ä"),
        ("import asyncio\nawait asyncio.sleep(0)",
         "async def f():\n    global asyncio\n    import asyncio\n    return await asyncio.sleep(0)"),
        ("x = '''a\n  b'''", "def f():\n    global x\n    x = 'a\\n  b'"),
        ("global y\ny: int = 3", "def f():\n    global y\n    pass\n    y = 3"),
        ("", "def f():\n    pass"),
    ],
)  # fmt: skip
def test_a_cell_as_a_function(body: str, expected: str) -> None:
    """Its own lines where that changes no meaning, else the same program written anew."""
    cell = compile_cell(body, f"%%task\n{body}", "<task f>")
    assert expected == cell_source(cell, "f", ())
