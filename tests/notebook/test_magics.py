"""`%rocket` in a real shell, on a virtual clock and with runs on threads."""

from __future__ import annotations

import contextlib
import html.parser
import logging
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from rocket_magic.notebook.commands import COMMANDS
from rocket_magic.repos import open_repository
from tests.waiting import wait_for


class Rocket:
    """Runs `%rocket` lines and `%%task` cells."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def __call__(self, line: str) -> Any:
        return self.shell.run_line_magic("rocket", line)

    def task(self, line: str, body: str) -> None:
        """Run a `%%task` cell."""
        self.shell.run_cell_magic("task", line, body)

    def refusal(self, line: str) -> str:
        """The message with which a line is refused."""
        with pytest.raises(Exception) as caught:
            self(line)
        assert "UsageError" == type(caught.value).__name__, caught.value
        return str(caught.value)


@pytest.fixture
def rocket(loaded: Any, capsys: pytest.CaptureFixture[str]) -> Rocket:
    """The loaded shell on a virtual clock at the first minute of 2026."""
    made = Rocket(loaded)
    made("clock virtual 2026-01-01T00:00 --tz UTC")
    return made


def test_run_and_output(rocket: Rocket) -> None:
    """A run by hand with parameters, waited for; its output; its records."""
    rocket.task(
        "--name load --param n=2", "import sys\nprint('out', n)\nprint('err', file=sys.stderr)\nn * 21"
    )
    shown = rocket("run load --wait n=4")
    assert "load: success\nout 4\nerr\n84" == repr(shown)
    assert "load: run 1 of 1 kept\nout 4\nerr\n84" == repr(rocket("output load"))
    assert repr(rocket("output load")) == repr(rocket("output load -1"))
    rows = rocket("log --no-times")
    assert ["run", "success"] == [row.action for row in rows]
    assert "task  action   note\n----  -------  ----\nload  run\nload  success" == repr(rows)
    assert 1 == len(rocket("log load --action success"))
    assert 1 == len(rocket("log -n 1"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("mode", ["thread", "main", "async", "process"])
def test_processes_that_a_cell_forks(rocket: Rocket, mode: str) -> None:
    """Functions of the cell can be mapped over them, and what they write is the run's output."""
    rocket.task(
        f"--name pool --execution {mode}",
        "import multiprocessing\n"
        "def double(x):\n    print('doubles', x)\n    return 2 * x\n"
        "with multiprocessing.get_context('fork').Pool(1) as pool:\n"
        "    total = sum(pool.map(double, [1, 2]))\n"
        "total",
    )
    assert "pool: success\ndoubles 1\ndoubles 2\n6" == repr(rocket("run pool --wait"))


@pytest.mark.parametrize("mode", ["thread", "main", "async", "process"])
def test_what_a_cell_logs(rocket: Rocket, mode: str) -> None:
    """The notebook's handlers write it where the run's output goes, also from another process."""
    logger = logging.getLogger("a_notebook")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        rocket.task(
            f"--name load --execution {mode}", "import logging\nlogging.getLogger('a_notebook').info('loads')"
        )
        assert "load: success\nINFO loads" == repr(rocket("run load --wait"))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def test_failures_show_the_cells_lines(rocket: Rocket) -> None:
    """The traceback is the run's output and its last line the status's note."""
    rocket.task("--name bad", "def f(x):\n    return 1 / x\nf(0)")
    text = repr(rocket("run bad --wait"))
    assert "bad: fail" in text
    assert 'File "<task bad>", line 3, in f\n    return 1 / x' in text
    assert "rocket_magic" not in text
    assert "ZeroDivisionError: division by zero" in repr(rocket("status"))


@pytest.mark.parametrize(
    ("body", "action", "text"),
    [
        ("import sys\nsys.exit(3)", "fail", "SystemExit: 3"),
        ("input('?')", "fail", "EOFError: a run of a task has no terminal"),
        ("breakpoint()", "fail", "EOFError: a run of a task has no terminal"),
        (
            "from rocket_magic.exc import TaskInactionException\nraise TaskInactionException('no files')",
            "inaction",
            "",
        ),
        ("for _ in range(200): print('x' * 10_000)", "success", "characters cut here"),
    ],
)
def test_odd_runs(rocket: Rocket, body: str, action: str, text: str) -> None:
    """Whatever a task does, the session goes on and the run says what happened."""
    rocket.task("--name odd", body)
    shown = repr(rocket("run odd --wait"))
    assert shown.startswith(f"odd: {action}")
    assert text in shown
    assert "running" == rocket.shell.run_line_magic("rocket", "status").title.split()[1].rstrip(",")


def test_status_is_sorted_and_free_of_times(rocket: Rocket) -> None:
    """The same text at every execution."""
    rocket.task("every 1 h --name b --disabled", "1")
    rocket.task("--name a", "1")
    assert (
        "scheduler running, virtual clock\n"
        "task  status       schedule      execution  note\n"
        "----  -----------  ------------  ---------  ----\n"
        "a     not run yet  by hand       thread\n"
        "b     disabled     every 1 hour  thread"
    ) == repr(rocket("status"))
    assert "next run" in repr(rocket("status --times"))
    assert repr(rocket("status")) == repr(rocket("show --text"))


def test_enable_disable_terminate_remove(rocket: Rocket, notebook: Any) -> None:
    """One task, one act."""
    rocket.task("--name load --disabled", "1")
    assert "load: enabled" == repr(rocket("enable load"))
    assert not notebook.session["load"].disabled
    assert "load: disabled; it starts by %rocket run only" == repr(rocket("disable load"))
    assert "load: no run is in flight" == repr(rocket("terminate load"))
    assert "load: removed; its records stay in the log" == repr(rocket("remove load"))
    assert "load" not in notebook.session


def test_terminate_reaches_the_run(rocket: Rocket, notebook: Any) -> None:
    """A run that looks at its flag ends when asked."""
    started = rocket.shell.user_ns["started"] = threading.Event()
    body = "from rocket_magic.exc import TaskTerminationException\nstarted.set()\nflag.wait(20)\n"
    rocket.task("--name long --param flag=TerminationFlag()", body + "raise TaskTerminationException('ok')")
    rocket("run long")
    assert started.wait(20)
    assert "long: 1 run was asked to end" == repr(rocket("terminate long"))


def test_hooks_print_to_the_scheduler(
    rocket: Rocket, notebook: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is written on the scheduler's thread is found by `%rocket output`, not under a cell."""
    notebook.ensure_capture()  # pytest has put its own streams in place since the fixture
    notebook.session.hook_scheduler_cycle()(lambda: print("noise"))
    rocket.task("--name load", "1")
    rocket("run load --wait")
    assert repr(rocket("output")).startswith("output of conditions, hooks and the scheduler\nnoise\n")
    assert "noise" not in capsys.readouterr().out


def test_hold_start_stop_restart(rocket: Rocket) -> None:
    """The scheduler obeys, and says what it does."""
    assert "scheduler held" in repr(rocket("hold"))
    assert "scheduler running" == repr(rocket("start"))
    assert "the scheduler was running already" == repr(rocket("start"))
    stayed = "scheduler restarted; tasks, parameters and return values stayed\n"
    nothing = "waited for nothing: no run was in flight\napplied: no option was set since the last start"
    assert stayed + nothing == repr(rocket("restart"))
    assert "scheduler stopped" == repr(rocket("stop"))
    assert "the scheduler was stopped already" == repr(rocket("stop"))
    assert "the scheduler is stopped, there is nothing to hold" == rocket.refusal("hold")
    assert "scheduler running" == repr(rocket("start"))


def test_restart_tells_what_it_waited_for_and_applied(rocket: Rocket) -> None:
    """Runs in flight are waited for, or ended with --force; options that were set are named."""
    gate = threading.Event()
    rocket.shell.user_ns["gate"] = gate
    rocket.task(
        "--name load --param flag=TerminationFlag()",
        "while not flag.is_set(): gate.wait(0.01)\nraise OSError",
    )
    rocket("run load")
    wait_for(lambda: "running" in repr(rocket("status")).splitlines()[-1])
    rocket("config timeout=5 min")
    assert "scheduler restarts when these runs have ended: load; %rocket restart --force ends them" == repr(
        rocket("restart")
    )
    told = repr(rocket("restart --force")).splitlines()
    assert "scheduler restarted; tasks, parameters and return values stayed" == told[0]
    assert re.fullmatch(r"ended, in \d+\.\d s, the runs of 'load'", told[1])
    assert "applied: timeout = 5 min" == told[2]
    assert ["fail"] == [row.action for row in rocket("log load -n 1")]


def test_virtual_history_is_saved_and_cleared(rocket: Rocket, notebook: Any, tmp_path: Path) -> None:
    """A copy in an empty repository; then tasks are as if they had never run, at the same moment."""
    rocket.task("daily --name load", "1")
    rocket("step 2 days")
    n_records = len(rocket("log -n 100"))
    assert n_records >= 4
    url = f"csv:{tmp_path / 'virtual.csv'}"
    assert f"{n_records} records saved in {url}" == repr(rocket(f"log --save {url}"))
    assert f"holds {n_records} records already: save into a new file or table" in rocket.refusal(
        f"log --save {url}"
    )
    with contextlib.closing(open_repository(url)) as saved:
        assert n_records == saved.filter_by().count()
    assert n_records == len(rocket("log -n 100")), "the session goes on with its own log"
    now = notebook.session.clock.now()
    told = repr(rocket("log --clear"))
    assert f"{n_records} records of virtual time forgotten; the clock stands where it stood" == told
    assert now == notebook.session.clock.now()
    rocket("step 1 s")
    assert ["run", "success"] == [row.action for row in rocket("log -n 100")], "due again"
    rocket("clock real")
    assert "the real log in memory: stays" in rocket.refusal("log --clear")


def test_a_run_by_hand_is_waited_for_itself(rocket: Rocket, notebook: Any) -> None:
    """Not the run that was in flight, nor one queued before, with parameters of its own."""
    gate = threading.Event()
    rocket.shell.user_ns["gate"] = gate
    rocket.task("--name load --param n=2", "gate.wait()\nn * 21")
    rocket("run load")
    rocket("run load n=3")
    notebook.session.subscribe(lambda change: gate.set() if change.kind == "task" else None)
    assert "load: success\n84" == repr(rocket("run load --wait n=4"))
    assert ["success"] * 3 == [row.action for row in rocket("log load --action success")]


def test_waiting_for_a_task_that_is_taken_out_ends(rocket: Rocket, notebook: Any) -> None:
    """A run that can never start is not waited for."""
    rocket.task("--name load", "1")
    rocket("hold")
    session = notebook.session
    forget = session.subscribe(lambda change: session.remove_task("load") if change.kind == "task" else None)
    said = rocket.refusal("run load --wait")
    forget()
    assert "task 'load'" in said


def test_waiting_for_a_stopped_scheduler_is_refused(rocket: Rocket) -> None:
    """`run --wait` doesn't hang when nothing can start."""
    rocket.task("--name load", "1")
    rocket("stop")
    assert "task 'load' waits: the scheduler is stopped; %rocket start lets it run" == rocket.refusal(
        "run load --wait"
    )


def test_config(rocket: Rocket, notebook: Any) -> None:
    """Options are shown with their defaults, set from text, refused with the rule."""
    assert "notebook" in repr(rocket("config"))
    assert "timeout = 30 min" in repr(rocket("config timeout"))
    assert "timeout = 10 min (was 30 min)" == repr(rocket("config timeout=10 minutes"))
    assert 600 == notebook.session.config.timeout.total_seconds()
    assert "timeout = 15 min (was 10 min)" == repr(rocket("config timeout 15 minutes"))
    assert "did you mean 'thread'" in rocket.refusal("config execution=thred")
    assert (
        "there is no option 'timeuot' (did you mean 'timeout'?)\n    config timeuot\n           ^^^^^^^"
        == rocket.refusal("config timeuot")
    )
    rocket.refusal("config restarting=replace")


def test_params(rocket: Rocket, notebook: Any) -> None:
    """Session parameters are set, shown sorted, removed; secrets stay masked."""
    rocket.shell.user_ns["base"] = 40
    text = repr(rocket("params b=base + 2 a=Private('s3cr3t')"))
    assert text.index("a ") < text.index("b ")
    assert "s3cr3t" not in text
    assert 42 == notebook.session.parameters["b"]
    rocket("params --remove b")
    assert "b" not in notebook.session.parameters
    assert "there is no parameter 'c'" in rocket.refusal("params --remove c")
    assert "parameters are written name=expression, got 'x'" in rocket.refusal("params x")


def test_repo(rocket: Rocket, notebook: Any, tmp_path: Path) -> None:
    """Where the log is kept is shown and changed; a bad URL is a line."""
    assert "memory:" in repr(rocket("repo"))
    assert "csv:" in repr(rocket(f"repo csv:{tmp_path / 'log.csv'}"))
    assert "\n" not in rocket.refusal("repo nonsense://x")
    notebook.session.get_repo().close()


def test_why_and_next(rocket: Rocket) -> None:
    """The condition as a tree of reasons, and the next instants in order."""
    rocket.task("every 1 h --name b --disabled", "1")
    rocket.task("daily between 10:00 and 12:00 --name a", "1")
    why = repr(rocket("why a"))
    assert why.startswith("why a\n[false] ")
    assert "may change at 2026-01-01 10:00:00; changes when this task finishes or this task starts" in why
    shown = repr(rocket("next")).splitlines()
    assert "a     10:00:00  daily between 10:00 and 12:00" == shown[2]
    assert "b     disabled  every 1 hour" == shown[3]
    assert "10:00:00" in repr(rocket("next a"))
    assert "none, it is disabled" in repr(rocket("status --times"))
    rocket("hold")
    assert "the scheduler is held: nothing starts until %rocket start" in repr(rocket("next"))
    assert "-n takes a number from 1, got 0" in rocket.refusal("next -n 0")


def test_several_next_starts_and_why_at_a_past_moment(rocket: Rocket) -> None:
    """As far as time alone decides, and as far as the log tells."""
    rocket.task("daily at 10:00 --name a", "1")
    rocket.task("after task 'a' --name b", "1")
    shown = repr(rocket("next -n 3")).splitlines()
    assert [line[:1] for line in shown[2:]] == ["a", "a", "a", "b"]
    assert ["10:00:00", "2026-01-02 10:00:00", "2026-01-03 10:00:00"] == [
        line[3:].strip().split("  ")[0] for line in shown[2:5]
    ]
    assert "task 'a'" in shown[5]
    why = repr(rocket("why a --at 2020-05-01 09:00"))
    assert why.startswith("why a at 2020-05-01 09:00\n[false] ")
    assert "opens today at 10:00" in why


def test_steps(rocket: Rocket) -> None:
    """A virtual clock is stepped; each step shows what it ran; real time is refused."""
    rocket.task("daily between 10:00 and 12:00 --name a", "1")
    shown = rocket("step next")
    assert "now 2026-01-01 10:00:00" == shown.title
    rocket("step 1d")
    assert "now 2026-01-03 00:00:00" == rocket("step until 2026-01-03T00:00").title
    actions = [row.action for row in rocket("log")]
    assert ["run", "success", "run", "success"] == actions
    assert "until what?" in rocket.refusal("step until")
    rocket("clock real")
    assert "real time can't be stepped: %rocket clock virtual goes to a clock that can" == rocket.refusal(
        "step 1h"
    )


def test_clock(rocket: Rocket) -> None:
    """Where the clock stands, and what a clock refuses."""
    assert "virtual clock: 2026-01-01 00:00:00 UTC" == repr(rocket("clock"))
    assert "virtual clock: 2026-03-28 22:00:00 Europe/Helsinki" == repr(
        rocket("clock virtual 2026-03-28 22:00 --tz Europe/Helsinki")
    )
    assert "is not a moment" in rocket.refusal("clock virtual yesterday")
    assert "only a virtual clock takes a start" in rocket.refusal("clock real 2026-01-01")
    assert repr(rocket("clock real")).startswith("real clock: ")


def test_forecast(rocket: Rocket) -> None:
    """The runs of the coming days as table, totals and picture, without running anything."""
    rocket.task("daily between 10:00 and 12:00 --name a", "1")
    rocket.task("--name b", "1")
    shown = rocket("forecast 3d")
    assert (
        "Forecast 2026-01-01 00:00 to 2026-01-04 00:00: 3 runs\n"
        "time                 task  outcome  reason\n"
        "-------------------  ----  -------  -----------------------------\n"
        "2026-01-01 10:00:00  a     success  daily between 10:00 and 12:00\n"
        "2026-01-02 10:00:00  a     success  daily between 10:00 and 12:00\n"
        "2026-01-03 10:00:00  a     success  daily between 10:00 and 12:00\n"
        "       3 x a\n"
        "  busiest minute: 2026-01-01 10:00 with 1 start\n"
        "  longest wait: 1 day, 0:00:00 from 2026-01-01 10:00\n"
        "  never: b"
    ) == repr(shown)
    html = shown._repr_html_()
    assert html.count("<rect") == 3
    assert "Longest wait" in html
    assert ["a"] * 3 == list(shown.to_pandas()["task_name"])
    assert 0 == len(rocket("log"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("statsu", "there is no command 'statsu' (did you mean 'status'?)\n    statsu\n    ^^^^^^"),
        ("xyz", "there is no command 'xyz'; %rocket help lists them\n    xyz\n    ^^^"),
        (
            "run laod --wait",
            "there is no task 'laod' (did you mean 'load'?)\n    run laod --wait\n        ^^^^",
        ),
        (
            "enable other",
            "there is no task 'other'; %rocket status lists them\n    enable other\n           ^^^^^",
        ),
        (
            "log --acton fail",
            "unexpected '--acton' (did you mean '--action'?)\n    log --acton fail\n        ^^^^^^^",
        ),
        (
            "log --action fial",
            (
                "--action must be one of run, success, fail, terminate, inaction, crash (did you "
                "mean 'fail'?)\n"
                "    log --action fial\n                 ^^^^"
            ),
        ),
        ("log -n 0", "-n takes a number from 1, got 0\n    log -n 0\n           ^"),
        ("status now", "unexpected 'now'\n    status now\n           ^^^"),
        ("run", "the following arguments are required: TASK"),
        ("run load x", "parameters are written name=expression, got 'x'\n    run load x\n             ^"),
        (
            "output load",
            (
                "no output of task 'load' is kept: it hasn't run in this process\n"
                "    output load\n           ^^^^"
            ),
        ),
        ("run 'load", "the quote ' isn't closed\n    run 'load\n        ^"),
    ],
)
def test_mistakes(rocket: Rocket, line: str, message: str) -> None:
    """Each mistake is a line, the closest match and a caret."""
    rocket.task("--name load", "1")
    assert message == rocket.refusal(line)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(rocket: Rocket, name: str) -> None:
    """`--help` and `help NAME` tell the same."""
    assert repr(rocket(f"{name} --help")).startswith(f"usage: %rocket {name}")
    assert name in repr(rocket("help"))
    assert repr(rocket(f"help {name}")) == repr(rocket(f"{name} --help"))


def test_help_on_task_tells_how_a_cell_becomes_one(rocket: Rocket) -> None:
    """`%%task` is no command of `%rocket`, but what people ask for."""
    assert "%%task SCHEDULE" in repr(rocket("help task"))
    assert repr(rocket("help task")) == repr(rocket("help %%task"))


class _Tags(html.parser.HTMLParser):
    """Collects tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


HOSTILE = '<script>CANARY=1</script> "><img src=x onerror=CANARY=1> &lt;b&gt; a\u202eb'


@pytest.mark.parametrize(
    "line", ["status", "status --times", "log", "next", "output", "why", "run", "params"]
)
def test_html_holds_our_tags_only(rocket: Rocket, line: str, notebook: Any) -> None:
    """Names, output, errors and parameters are text, whatever they say."""
    notebook.session.create_task(func=_hostile, name=HOSTILE)
    rocket.shell.user_ns["hostile"] = HOSTILE
    rocket("params hostile=hostile")
    shown = rocket(f"run '{HOSTILE}' --wait")
    if line in {"output", "why"}:
        shown = rocket(f"{line} '{HOSTILE}'")
    elif line != "run":
        shown = rocket(line)
    found = _Tags()
    text = shown._repr_html_()
    found.feed(text)
    assert found.tags <= {"div", "p", "b", "table", "thead", "tbody", "tr", "th", "td", "pre", "ul", "li"}
    assert found.attributes <= {"style"}
    assert not re.search("[\u202e\x1b]", text + repr(shown))


def _hostile() -> str:
    print(HOSTILE, "\x1b[2J")
    raise ValueError(HOSTILE)


def test_results_are_assignable(rocket: Rocket) -> None:
    """`rows = %rocket log` gives records."""
    rocket.task("--name load", "1")
    rocket("run load --wait")
    rocket.shell.run_cell("rows = %rocket log\nn = len(rows)\nlast = rows[-1].action")
    assert (2, "success") == (rocket.shell.user_ns["n"], rocket.shell.user_ns["last"])
    assert ["run", "success"] == list(rocket.shell.user_ns["rows"].to_pandas()["action"])
