"""A real kernel, driven as a frontend drives it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.notebook.kernel import Kernel

pytestmark = [pytest.mark.kernel, pytest.mark.slow]


def test_a_cell_becomes_a_task(kernel: Kernel) -> None:
    """Registered, run, seen in status, log and output; replaced by running the cell again."""
    made = kernel.run("%%task --name load\nprint('hello')\n6 * 7", "cell-1")
    assert ("load: runs by hand\n", "") == (made.stdout, made.stderr)
    assert "load: success\nhello\n42" == kernel.run("%rocket run load --wait").text
    assert "load: runs by hand\n" == kernel.run("%%task --name load\n'new'", "cell-1").stdout
    assert "load: success\n'new'" == kernel.run("%rocket run load --wait").text
    assert 4 == int(kernel.run("rows = %rocket log load\nlen(rows)").text)
    kernel.run("%rocket remove load")


def test_mistakes_are_lines_on_stderr(kernel: Kernel) -> None:
    """No traceback, status error, so that Run All stops."""
    wrong = kernel.run("%%task evry 10 s\n1")
    assert "error" == wrong.status
    assert "" == wrong.error
    assert wrong.stderr.startswith("UsageError: bad schedule: expected a condition")
    assert wrong.stderr.rstrip().endswith("    evry 10 s\n    ^^^^")


def test_a_name_of_another_cell(kernel: Kernel) -> None:
    """Cells are told apart by the ids that the frontend sends."""
    kernel.run("%%task --name mine\n1", "cell-1")
    other = kernel.run("%%task --name mine\n2", "cell-2")
    assert "task 'mine' belongs to another cell" in other.stderr
    assert "" == kernel.run("%%task --name mine --replace\n2", "cell-2").stderr
    assert "renamed: runs by hand\n" == kernel.run("%%task --name renamed\n2", "cell-2").stdout
    assert "no task 'mine'" in kernel.run("%rocket run mine").stderr
    kernel.run("%rocket remove renamed")


NOISE = """%%task --name noise{n}
import logging, sys
from IPython.display import HTML, display
for i in range(200):
    print("T{n} out", i)
    print("T{n} err", i, file=sys.stderr)
    if i % 20 == 0:
        display(HTML("<b>T{n}</b>"))
        logging.getLogger("noise").warning("T{n} log")
!echo T{n} shell
handle = display("T{n} first", display_id="T{n}")
handle.update("T{n} second")
"T{n} value"
"""

FOREGROUND = """
import threading, json
from IPython.utils.capture import capture_output
started.wait(10)
for i in range(200): print("FG", i)
with capture_output() as found:
    for i in range(50): print("FG", i)
app.session["noise1"].run(); app.session["noise2"].run()
for i in range(200): print("FG", i)
"""


def test_output_stays_where_it_belongs(kernel: Kernel) -> None:
    """Two tasks and the foreground write at once; nothing is found in a wrong place, nothing is lost."""
    kernel.run("from rocket_magic.notebook import app\nimport threading\nstarted = threading.Event()")
    for number in (1, 2):
        kernel.run(NOISE.replace("{n}", str(number)))
    kernel.run("app.session['noise1'].run(); app.session['noise2'].run(); started.set()")
    seen = kernel.run(FOREGROUND)
    assert 400 == seen.stdout.count("FG")
    assert "T1" not in seen.everything
    assert "T2" not in seen.everything
    for number in (1, 2):
        shown = kernel.run(
            f"view = %rocket run noise{number} --wait\nimport json\nprint(json.dumps(view.outputs))"
        )
        text = json.dumps(json.loads(shown.stdout))
        tag = f"T{number}"
        assert 200 == text.count(f"{tag} out "), text
        assert 200 == text.count(f"{tag} err "), text
        assert 10 == text.count(f"{tag} log"), text
        assert f"{tag} shell" in text
        assert f"{tag} second" in text
        assert f"{tag} first" not in text
        assert f"'{tag} value'" in text
        assert f"T{3 - number} " not in text
    kernel.run("%rocket remove noise1")
    kernel.run("%rocket remove noise2")


def test_input_does_not_hang(kernel: Kernel) -> None:
    """A task that asks fails at once and says why; the foreground may still ask."""
    kernel.run("%%task --name asks\ninput('name?')")
    shown = kernel.run("%rocket run asks --wait").text
    assert shown.startswith("asks: fail")
    assert "input() can't ask; pass the value as a parameter instead" in shown
    assert "StdinNotImplementedError" in kernel.run("input('x')").error
    for call, what in (("breakpoint()", "breakpoint()"), ("import getpass\ngetpass.getpass()", "getpass()")):
        kernel.run(f"%%task --name asks --replace\n{call}")
        shown = kernel.run("%rocket run asks --wait").text
        assert shown.startswith("asks: fail")
        assert f"{what} can't ask" in shown
    kernel.run("%%task --name asks --replace --execution process\ninput('name?')")
    shown = kernel.run("%rocket run asks --wait").text
    assert shown.startswith("asks: fail")
    assert "EOFError" in shown
    kernel.run("%rocket remove asks")


@pytest.mark.parametrize("execution", ["process", "dask"])
def test_processes_get_the_cells_code_and_its_globals(kernel: Kernel, execution: str) -> None:
    """A cell and a helper of the notebook run in a process, here or on a cluster."""
    kernel.run("factor = 7\ndef helper(n):\n    return n * factor")
    made = kernel.run(f"%%task --name there --execution {execution}\nimport os\nhelper(6), os.getpid()")
    assert "" == made.stderr
    shown = kernel.run("%rocket run there --wait").text
    assert shown.startswith("there: success\n(42, ")
    assert kernel.run("import os; os.getpid()").text not in shown
    kernel.run("%rocket remove there")


def test_reset_makes_a_run_fail_naming_the_name(kernel: Kernel) -> None:
    """`%reset` deletes what a task uses; the run says which name."""
    kernel.run("treasure = 1")
    kernel.run("%%task --name uses\ntreasure")
    kernel.run("%reset -f")
    assert "NameError: name 'treasure' is not defined" in kernel.run("%rocket run uses --wait").text
    kernel.run("%rocket remove uses")


def test_a_module_that_is_loaded_again(kernel: Kernel, tmp_path: Path) -> None:
    """A task runs the new code of a module that it names; reloading rocket_magic changes nothing."""
    module = tmp_path / "changing.py"
    module.write_text("def say():\n    return 'old'\n")
    kernel.run(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.dont_write_bytecode = True")
    kernel.run("import importlib, changing")
    kernel.run("%%task --name says\nchanging.say()")
    assert "says: success\n'old'" == kernel.run("%rocket run says --wait").text
    module.write_text("def say():\n    return 'new code'\n")
    kernel.run("importlib.reload(changing)")
    assert "says: success\n'new code'" == kernel.run("%rocket run says --wait").text
    reloaded = kernel.run("import rocket_magic, rocket_magic.notebook\nimportlib.reload(rocket_magic)\n")
    assert "" == reloaded.error
    kernel.run("importlib.reload(rocket_magic.notebook)")
    assert "says: success\n'new code'" == kernel.run("%rocket run says --wait").text
    assert "True" == kernel.run("rocket_magic.notebook.app.session['says'].status == 'success'").text
    kernel.run("%rocket remove says")


def test_redefined_mid_run(kernel: Kernel) -> None:
    """A run in flight ends on its old code, shows its old lines, and there is one task."""
    kernel.run("import threading\ngo = threading.Event(); began = threading.Event()")
    kernel.run("%%task --name slow\nbegan.set()\ngo.wait(20)\n1 / 0  # old", "cell-1")
    kernel.run("%rocket run slow\nbegan.wait(20)")
    for number in range(20):
        kernel.run(f"%%task --name slow\n'new {number}'", "cell-1")
    waiting = kernel.run(
        "from rocket_magic.notebook._home import the_notebook\ngo.set()\n"
        "while not the_notebook().outputs.get('slow').closed: began.wait(0.01)\n"
        "%rocket output slow"
    )
    assert "1 / 0  # old" in waiting.everything
    assert "slow: success\n'new 19'" == kernel.run("%rocket run slow --wait").text
    kernel.run("%rocket remove slow")


def test_completion_on_the_first_line_of_a_cell(kernel: Kernel) -> None:
    """As JupyterLab asks for it."""
    assert ["--retry"] == kernel.complete("%%task every 10 s --retr")
    assert "daily" in kernel.complete("%%task dai")
    assert ["status"] == kernel.complete("%rocket stat")


def test_loading_again_and_unloading(kernel: Kernel) -> None:
    """One scheduler thread after everything; none after unloading; `%rocket` before load is unknown."""
    count = "import threading\nprint(sum(t.name == 'rocket_magic scheduler' for t in threading.enumerate()))"
    kernel.run("%load_ext rocket_magic")
    kernel.run("%reload_ext rocket_magic")
    assert "1\n" == kernel.run(count).stdout
    kernel.run("%unload_ext rocket_magic")
    assert "0\n" == kernel.run(count).stdout
    assert "magic function `%rocket` not found" in kernel.run("%rocket status").stderr
    kernel.run("%load_ext rocket_magic")
    assert "1\n" == kernel.run(count).stdout


SLOW = """%%task every 1 h --name slow
began.set()
go.wait(20)
"ended"
"""


def test_the_stop_button_ends_a_step(kernel: Kernel) -> None:
    """Time stands where it was, the run in flight goes on, and the session is stepped on; a bar was shown."""
    kernel.run("import threading\nfrom rocket_magic.notebook import app")
    kernel.run("began, go = threading.Event(), threading.Event()")
    kernel.run("%rocket clock virtual 2026-01-01T00:30 --tz UTC")
    kernel.run("%%task daily at 01:00 --name early\n'early'")
    kernel.run(SLOW.replace("every 1 h", "daily at 02:00"))
    stopped = kernel.run("%rocket step 1 day", interrupt_after="waiting for slow")
    assert "error" == stopped.status
    assert "UsageError: stepping stopped at 2026-01-01 02:00:00; still running: slow" in stopped.stderr
    bars = [data["text/html"] for data in stopped.results if "<progress" in data.get("text/html", "")]
    assert bars
    assert "" == stopped.updates[-1]["text/plain"]
    assert "now 2026-01-01 02:00:00" in stopped.text
    assert "01:00:00  early  success" in stopped.text
    assert "slow   running" in kernel.run("%rocket status").text
    kernel.run("go.set()")
    after = kernel.run("%rocket step 1 day").text
    assert "now 2026-01-02 02:00:00" in after
    assert 2 == len(kernel.run("%rocket log slow --action success").text.splitlines()[2:])
    assert "2026-01-02 01:00:00  early  success" in after
    for name in ("early", "slow"):
        kernel.run(f"%rocket remove {name}")
    kernel.run("%rocket clock real")


WAITS = """%%task --name {how} --execution {how}
from rocket_magic.clock import SystemClock
SystemClock().sleep(2)
"lived"
"""


def test_the_stop_button_leaves_runs_alone(kernel: Kernel) -> None:
    """Pressed on a cell, twice: only the cell stops; runs in threads and processes end by themselves."""
    for how in ("thread", "process"):
        kernel.run(WAITS.format(how=how))
    kernel.run("from rocket_magic.notebook import app\nfrom rocket_magic.clock import SystemClock")
    kernel.run("app.session['thread'].run(); app.session['process'].run()")
    busy = "print('busy', flush=True)\nSystemClock().sleep(20)"
    for _ in range(2):
        assert "KeyboardInterrupt" in kernel.run(busy, interrupt_after="busy").error
    kernel.run(
        "while any(app.session[n].is_running for n in ('thread', 'process')): SystemClock().sleep(0.05)"
    )
    log = kernel.run("%rocket log --no-times").text
    for how in ("thread", "process"):
        assert f"{how:<7}  success" in log, log
        kernel.run(f"%rocket remove {how}")
    assert kernel.run("%rocket status").text.startswith("scheduler running")
