"""The command `rocket-magic`, as somebody's shell or supervisor calls it."""

from __future__ import annotations

import importlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from rocket_magic.cli import main
from rocket_magic.notebook.headless._shell import HeadlessShell
from tests.notebook.headless.documents import LOAD, code, write

PATIENCE = 60.0


def command(*words: object) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "rocket_magic", *map(str, words)]


def run(*words: object, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Carry it out to its end."""
    environment = {**os.environ, **env}
    return subprocess.run(
        command(*words),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Service:
    """A running service; its streams are one."""

    def __init__(self, *words: object, **options: Any) -> None:
        self.process = subprocess.Popen(
            command(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
        )
        self.lines: list[str] = []

    def until(self, text: str) -> None:
        """Read until a line has this text."""
        for line in self.process.stdout or ():
            self.lines.append(line)
            if text in line:
                return
        pytest.fail(f"no {text!r} in {''.join(self.lines)}")

    def end(self) -> int:
        """Read to the end; the exit code."""
        self.lines.extend(self.process.stdout or ())
        return self.process.wait(PATIENCE)


@pytest.fixture
def services() -> Iterator[list[Service]]:
    """Services that are ended with the test, whatever becomes of it."""
    made: list[Service] = []
    yield made
    for service in made:
        service.process.kill()
        service.process.wait()
        if service.process.stdout is not None:
            service.process.stdout.close()


@pytest.fixture
def in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A notebook of its own; what the command does to the process is undone. For what starts no scheduler."""
    home = importlib.import_module("rocket_magic.notebook._home")
    extension = importlib.import_module("rocket_magic.notebook._extension")
    monkeypatch.setattr(home, "_home", home._Home())
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    InteractiveShell.clear_instance()
    yield
    if extension._extension.loaded is not None:
        extension.unload(home.the_notebook().shell)
    HeadlessShell.clear_instance()


def actions(path: Path) -> list[tuple[str, str]]:
    """The records of a SQLite log."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute("select task_name, action from task_log order by rowid").fetchall()


WAITS = """
import time
from pathlib import Path
print("begun", flush=True)
while not Path("go").exists():
    time.sleep(0.01)
"""


def test_tasks_run_until_the_shut_condition(tmp_path: Path) -> None:
    """From another folder, with the notebook's arguments, log and parameters; widgets do no harm."""
    notebook = write(
        tmp_path / "etl.ipynb",
        LOAD,
        "import ipywidgets, asyncio\nawait asyncio.sleep(0)\nipywidgets.IntSlider()",
        "%matplotlib inline",
        "from rocket_magic.args import Arg, CliArg\n%rocket params table=CliArg('--table')",
        "%%task --now --name load\nfrom pathlib import Path\nPath('here').touch()\nprint(table, size)",
        "%%task after task 'load' --name clean --execution process\nprint('cleaned')\n1/0",
        "%rocket show",
        "%rocket start",
        "from rocket_magic.notebook import app\napp.session.config.shut_cond = \"task 'clean' has failed\"",
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    words = ["--param", "size=40+2", "--config", "timezone=Europe/Helsinki", "--", "--table", "sales"]
    done = run("run", notebook, *words, cwd=elsewhere, ROCKET_MAGIC_LOG="sqlite:///runs.db")
    assert done.returncode == 0, done.stderr
    assert "load | sales 42\n" in done.stdout
    assert "clean | cleaned\n" in done.stdout
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert done.stderr.endswith("rocket_magic: shut down\n")
    assert (tmp_path / "here").exists()
    expected = [("load", "run"), ("load", "success"), ("clean", "run"), ("clean", "fail")]
    assert actions(elsewhere / "runs.db") == expected


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("import no_such_module", "ModuleNotFoundError in cell 3 (import no_such_module)"),
        ("x = ", "SyntaxError in cell 3 (x =)"),
        ("%%task evry day\n1", "UsageError in cell 3 (%%task evry day)"),
        ("exit()", "SystemExit in cell 3 (exit())"),
        ("%rocket run early --wait", "UsageError in cell 3 (%rocket run early --wait)"),
    ],
)
def test_a_cell_that_fails_ends_it_before_any_task_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cell: str, told: str
) -> None:
    """F56: exit code 1, the cell named, nothing started."""
    task = "%%task every 1 s --now --name early\nfrom pathlib import Path\nPath('ran').touch()"
    assert main(["run", str(write(tmp_path / "a.ipynb", LOAD, task, cell))]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"rocket_magic: {told}")
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("in_process")
def test_tags_of_cells_are_obeyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`skip-execution` leaves a cell out, `raises-exception` lets it fail; `check` shows the tasks."""
    notebook = write(
        tmp_path / "a.ipynb",
        LOAD,
        code("1/0", "raises-exception"),
        code("import no_such_module", "skip-execution"),
        "%%task daily at 10:00 --name load --now\nfrom pathlib import Path\nPath('ran').touch()",
    )
    assert main(["check", str(notebook)]) == 0
    assert "load  not run yet  daily at 10:00" in capsys.readouterr().out
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other ways to end a program")
def test_sigterm_waits_for_runs_and_a_second_one_ends_them(tmp_path: Path, services: list[Service]) -> None:
    """F57: records are complete, the exit code is 0."""
    notebook = write(
        tmp_path / "a.ipynb",
        LOAD,
        f"%%task --now --name a{WAITS}",
        f"%%task --now --name b --execution process{WAITS}",
    )
    service = Service("run", notebook, "--log", f"sqlite:///{tmp_path / 'runs.db'}")
    services.append(service)
    service.until("begun")
    service.until("begun")
    service.process.send_signal(signal.SIGTERM)
    service.until("shutting down; waits for a, b")
    assert service.process.poll() is None
    service.process.send_signal(signal.SIGTERM)
    service.until("b: terminate")
    (tmp_path / "go").touch()  # a thread ends by itself only
    assert service.end() == 0
    found = actions(tmp_path / "runs.db")
    assert found[:2] == [("a", "run"), ("b", "run")]
    assert ("b", "terminate") in found
    assert len(found) == 4


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_a_hangup_ends_it_in_order(tmp_path: Path, services: list[Service]) -> None:
    """F57: like SIGTERM, also where Ctrl-C is ignored, as in a script's background."""
    notebook = write(tmp_path / "a.ipynb", LOAD, f"%%task --now --name a{WAITS}")

    def in_background() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the suite itself may run under nohup

    service = Service("run", notebook, preexec_fn=in_background)
    services.append(service)
    service.until("begun")
    service.process.send_signal(signal.SIGHUP)
    service.until("shutting down; waits for a")
    (tmp_path / "go").touch()
    assert service.end() == 0
    assert "a: success" in "".join(service.lines)


def test_a_run_has_no_terminal(tmp_path: Path) -> None:
    """F54: input() and breakpoint() fail at once."""
    notebook = write(
        tmp_path / "a.ipynb",
        LOAD,
        "%%task --now --name asks\ninput('name?')",
        "%%task after failed('asks') --name stops\nbreakpoint()".replace(
            "failed('asks')", "task 'asks' failed"
        ),
        "from rocket_magic.notebook import app\napp.session.config.shut_cond = \"task 'stops' has failed\"",
    )
    done = run("run", notebook)
    assert done.returncode == 0, done.stderr
    assert "input() can't ask" in done.stderr
    assert "breakpoint() can't ask" in done.stderr


@pytest.mark.usefixtures("in_process")
def test_a_notebook_of_plain_python(tmp_path: Path) -> None:
    """`from rocket_magic.notebook import app` needs no magic; export writes it."""
    cell = "from rocket_magic.notebook import app\n\n@app.task('daily')\ndef load():\n    return 1"
    notebook = write(tmp_path / "a.ipynb", cell)
    assert main(["export", str(notebook), "plain.py"]) == 0
    assert "@app" not in (tmp_path / "plain.py").read_text()
    assert "app.task(start_cond='daily', name='load')(load)" in (tmp_path / "plain.py").read_text()


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    ("cells", "words", "message"),
    [
        (["1"], (), "rocket_magic: a.ipynb has registered no task with rocket_magic: it needs "),
        ([LOAD, "%%task daily\n1"], ("--config", "timeotu=3"), "did you mean 'timeout'?"),
        ([LOAD, "%%task daily\n1"], ("--config", "timeout"), "options are written KEY=VALUE, got 'timeout'"),
        ([LOAD, "%%task daily\n1"], ("--param", "x=1/0"), "ZeroDivisionError"),
        ([LOAD, "%%task daily\n1"], ("--log", "nowhere:"), "there is no repository 'nowhere'"),
        ([LOAD, "%%task daily\n1", "%rocket clock virtual"], (), "would stand still"),
    ],
)
def test_what_cannot_run_is_told_in_a_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    cells: list[str],
    words: tuple[str, ...],
    message: str,
) -> None:
    """Exit code 1, no traceback."""
    assert main(["run", str(write(tmp_path / "a.ipynb", *cells)), *words]) == 1
    told = capsys.readouterr().err
    assert message in told.splitlines()[-1]
    assert "Traceback" not in told


def test_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and the usage, as everywhere."""
    for words in ([], ["rnu", "a.ipynb"], ["run"], ["run", "a.ipynb", "--nonsense"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    assert "usage: rocket-magic" in capsys.readouterr().err


def test_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Told before anything is loaded."""
    assert main(["run", str(tmp_path / "none.ipynb")]) == 1
    assert "can't read" in capsys.readouterr().err
