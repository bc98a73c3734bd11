"""`%%task` in a real shell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rocket_magic import conds


class Cells:
    """Runs `%%task` cells as cells with an id."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.id: str | None = None
        shell.get_parent = lambda: {"metadata": {"cellId": self.id} if self.id else {}}

    def run(self, line: str, body: str = "1", cell_id: str | None = None) -> None:
        """Run a cell; errors come through."""
        self.id = cell_id
        self.shell.run_cell_magic("task", line, body)


@pytest.fixture
def cells(loaded: Any, capsys: pytest.CaptureFixture[str]) -> Cells:
    """The cells of the loaded shell; the scheduler is held, so that nothing runs."""
    made = Cells(loaded)
    loaded.run_line_magic("rocket", "hold")
    return made


def refusal(cells: Cells, line: str, body: str = "1", cell_id: str | None = None) -> str:
    """The message with which a cell is refused."""
    with pytest.raises(Exception) as caught:
        cells.run(line, body, cell_id)
    assert "UsageError" == type(caught.value).__name__, caught.value
    return str(caught.value)


def names(notebook: Any) -> list[str]:
    """The tasks' names."""
    return [task.name for task in notebook.session.task_list()]


def test_one_line_is_printed(cells: Cells, notebook: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Name, schedule and next run."""
    cells.run("every 10 s --name load")
    assert "load: every 10 s; next run: now (the scheduler is held)\n" == capsys.readouterr().out
    cells.run("after task 'load' --name report")
    assert "next run: depends on task 'load'" in capsys.readouterr().out
    cells.run("--name hand")
    assert "hand: runs by hand\n" == capsys.readouterr().out
    cells.run("--name at-once --now")
    assert "at-once: runs by hand, once now\n" == capsys.readouterr().out
    cells.run("daily --name off --disabled")
    assert "off: daily; next run: none, it is disabled" in capsys.readouterr().out


def test_all_options(cells: Cells, notebook: Any) -> None:
    """Each option reaches the task."""
    cells.shell.user_ns["limit"] = 5
    cells.run(
        "daily --name full --execution main --timeout 10 minutes --end every 5 min --param top=limit + 1 "
        "--param prices=Return('load') --retry 2 --priority 7 --multilaunch --disabled"
    )
    task = notebook.session["full"]
    assert "full" == task.name
    assert (conds.daily | conds.retry(2)) == task.start_cond
    assert conds.every("5 min") == task.end_cond
    assert ("main", 7, True, True) == (task.execution, task.priority, task.multilaunch, task.disabled)
    assert 600 == task.timeout.total_seconds()
    assert 6 == task.parameters["top"]


def test_names(cells: Cells, notebook: Any) -> None:
    """--name, else a leading comment, else the cell's id, else its text."""
    cells.run("--name 'given name'", "# comment\n1", "id-1")
    cells.run("", "\n# Load the prices\n1", "id-2")
    cells.run("", "x = 1", "0a1b2c3d-9999")
    cells.run("", "x = 2")
    assert ["given name", "Load the prices", "cell-0a1b2c3d"] == names(notebook)[:3]
    assert names(notebook)[3].startswith("cell-")


def test_running_a_cell_again_replaces(cells: Cells, notebook: Any) -> None:
    """The same cell never makes a second task, whatever it is called now."""
    cells.run("every 1 h", "x = 1", "id-1")
    first = notebook.session["cell-id-1"]
    cells.run("every 2 h", "x = 2", "id-1")
    assert ["cell-id-1"] == names(notebook)
    assert notebook.session["cell-id-1"] is not first
    cells.run("every 2 h --name load", "x = 2", "id-1")
    cells.run("every 2 h --name load2", "x = 2", "id-1")
    assert ["load2"] == names(notebook)


def test_a_cell_without_id_is_known_by_its_text(cells: Cells, notebook: Any) -> None:
    """In a terminal, too, the same text is the same task."""
    cells.run("every 1 h", "x = 1")
    cells.run("every 2 h", "x = 1")
    assert 1 == len(names(notebook))


def test_a_name_of_another_cell_is_refused(cells: Cells, notebook: Any) -> None:
    """The message names the other cell and both ways out; --replace takes the name over."""
    cells.run("every 1 h --name load", "x = 1", "id-1")
    assert (
        "task 'load' belongs to another cell, [1] %%task every 1 h --name load: "
        "choose another --name, or take it over with --replace"
    ) == refusal(cells, "daily --name load", "x = 2", "id-2")
    assert conds.every("1 h") == notebook.session["load"].start_cond
    cells.run("daily --name load --replace", "x = 2", "id-2")
    assert conds.daily == notebook.session["load"].start_cond


def test_a_name_made_in_python_is_refused(cells: Cells, notebook: Any) -> None:
    """A cell doesn't take over `@app.task` silently."""
    notebook.app.task(func=print, name="load")
    assert (
        "task 'load' was made in Python, not by this cell: "
        "choose another --name, or take it over with --replace"
    ) == refusal(cells, "--name load")


@pytest.mark.parametrize(
    ("line", "body", "message"),
    [
        ("--name load", "a = 1\nx = = 1", "line 3: invalid syntax\n    x = = 1\n        ^"),
        ("--name load", "def f(:\n    pass", "line 2: invalid syntax\n    def f(:\n          ^"),
        (
            "daily betwen 10:00 and 12:00 --name load",
            "1",
            (
                "bad schedule: expected one of at, on, before, after, between, starting, &, | at "
                "7, got 'betwen'; "
                "did you mean 'daily between 10:00 and 12:00'?\n"
                "    daily betwen 10:00 and 12:00 --name load\n          ^^^^^^"
            ),
        ),
        ("--name load --timeout 0", "1", None),
        ("--name load --timeout soon", "1", None),
        ("--name load --end nonsense", "1", None),
        ("--name load --param k=unknown_name", "1", None),
        ("--name ''", "1", None),
        ("--name load --execution process", "%pwd", None),
        ("--name load --param 'k=)'", "1", None),
    ],
)
def test_mistakes_change_nothing(
    cells: Cells, notebook: Any, line: str, body: str, message: str | None
) -> None:
    """After a refused cell the task is what it was."""
    cells.run("every 1 h --name load", "x = 1", "id-1")
    before = notebook.session["load"]
    told = refusal(cells, line, body, "id-1")
    assert message is None or message == told
    assert notebook.session["load"] is before
    assert ["load"] == names(notebook)


def test_what_cannot_travel_is_named(cells: Cells, notebook: Any) -> None:
    """A process cell says at registration which name stays behind and why."""
    cells.shell.run_cell("import threading\nlock = threading.Lock()\ndef helper(): return lock")
    assert (
        "task 'p' can't run in a process, these names can't go there: "
        "helper → lock (lock): cannot pickle '_thread.lock' object. "
        "Create them inside the cell, or use --execution thread"
    ) == refusal(cells, "--name p --execution process", "helper()")
    assert (
        "task 'p' can't run in a process: line 3 uses %magics or !commands, which need this notebook; "
        "use --execution thread, or subprocess.run(...)"
    ) == refusal(cells, "--name p --execution process", "1\n!ls")
    assert refusal(cells, "--name p --execution dask", "1\n!ls").startswith(
        "task 'p' can't run on a dask cluster: line 3 uses %magics"
    )


def test_isolated_works_on_a_copy(cells: Cells, notebook: Any) -> None:
    """The notebook's names are read and not changed."""
    cells.shell.user_ns["n"] = 1
    cells.run("--name own --isolated", "n = n + 1\nn")
    cells.run("--name shared", "n = n + 10\nn")
    assert 2 == notebook.session["own"]()
    assert 1 == cells.shell.user_ns["n"]
    assert 11 == notebook.session["shared"]()
    assert 11 == cells.shell.user_ns["n"]


def test_help(cells: Cells) -> None:
    """`%%task --help` and `%task` tell how."""
    cells.run("--help")
    shown = cells.shell.run_line_magic("task", "--help")
    assert repr(shown).startswith("%%task SCHEDULE [options]")
    with pytest.raises(Exception, match="put %%task with two signs"):
        cells.shell.run_line_magic("task", "every 10 s")


def test_names_and_braces_are_not_expanded(cells: Cells, notebook: Any) -> None:
    """`{x}` and `$x` stay what they are."""
    cells.shell.user_ns["x"] = "boom"
    cells.run("--name a{x}$x")
    assert ["a{x}$x"] == names(notebook)


def test_warnings_of_a_schedule_are_told(cells: Cells, capsys: pytest.CaptureFixture[str]) -> None:
    """A schedule that can't have been meant is registered with a note."""
    cells.run("time of day between 10:00 and 12:00 --name odd")
    assert "  note: " in capsys.readouterr().out


def test_origin_without_frontend(shell: Any) -> None:
    """A terminal gives cells no id."""
    from rocket_magic.notebook._home import Notebook

    made = Notebook()
    made.shell = SimpleNamespace(user_ns={}, execution_count=3)
    assert made.origin("x").cell_id is None
