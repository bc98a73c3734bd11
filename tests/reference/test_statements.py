"""The statements S1 to S77 of the reference: each is named by a test; those that need one line stand here."""

from __future__ import annotations

import ast
import os
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.args import Arg, SimpleArg
from rocket_magic.conds import daily, false, time_of_day
from rocket_magic.config import Config


def option(name: str, value: Any = None) -> Any:
    """An option as it is by default, or after it was given."""
    return getattr(Rocketry(config={} if value is None else {name: value}).session.config, name)


def stepped(**task: Any) -> Rocketry:
    """A rehearsed session with one task that returns its `x`."""
    app = Rocketry(config={"time_func": VirtualClock("2026-01-01"), "execution": "main"})
    app.task(task.pop("start_cond", None), name="work", func=task.pop("func", lambda x=0: x), **task)
    return app


def value_of(app: Rocketry, *batches: dict[str, Any]) -> Any:
    """What the task returns for the last of these batches."""
    for batch in batches or ({},):
        app.session["work"].run(batch)
    app.step("10 s")
    return app.session.returns["work"]


def with_params(**params: Any) -> Rocketry:
    """The session with session parameters."""
    app = stepped()
    app.params(**params)
    return app


def left_after_one() -> list[dict[str, Any]]:
    """The batches that are left when the first run is under way."""
    left: list[list[dict[str, Any]]] = []

    def note(x: int) -> None:
        left.append([dict(one) for one in app.session["work"].batches])

    app = stepped(func=note)
    value_of(app, {"x": 1}, {"x": 2})
    return left[0]


def unreadable() -> set[str]:
    """Options that can't be read back."""
    return {name for name in Config.model_fields if not hasattr(Rocketry().session.config, name)}


def shown_end_condition() -> str:
    """As the task tells it."""
    return str(stepped(end_cond=WINDOW).session["work"].end_cond)


WINDOW = time_of_day.between("08:00", "18:00")

STATEMENTS: list[tuple[str, Callable[[], Any], Any]] = [
    ("S2 every option can be read", unreadable, set()),
    ("S2 the alias", lambda: option("task_execution", "thread"), "thread"),
    ("S9 default execution", lambda: option("execution"), "process"),
    ("S10 default of task_pre_exist", lambda: option("task_pre_exist"), "raise"),
    ("S14 default of force_status_from_logs", lambda: option("force_status_from_logs"), False),
    ("S16 default of silence_task_prerun", lambda: option("silence_task_prerun"), False),
    ("S19 default of silence_task_logging", lambda: option("silence_task_logging"), False),
    ("S22 default of silence_cond_check", lambda: option("silence_cond_check"), False),
    ("S23 default of multilaunch", lambda: option("multilaunch"), False),
    ("S26 default of max_process_count", lambda: option("max_process_count"), os.cpu_count()),
    ("S27 default of restarting", lambda: option("restarting"), "replace"),
    ("S31 default of cycle_sleep", lambda: option("cycle_sleep"), 0.1),
    ("S33 default of instant_shutdown", lambda: option("instant_shutdown"), False),
    ("S37 default of param_materialize", lambda: option("param_materialize"), "post"),
    ("S40 default of timezone", lambda: option("timezone"), None),
    ("S41 default of time_func", lambda: option("time_func"), None),
    ("S42 default of cls_lock", lambda: option("cls_lock"), threading.Lock),
    ("S43 any object", lambda: value_of(with_params(x=[{"deep": 1}])), [{"deep": 1}]),
    ("S44 batch over task", lambda: value_of(stepped(parameters={"x": 1}), {"x": 2}), 2),
    ("S46 a batch is for one run", lambda: value_of(stepped(), {"x": 2}, {}), 0),
    ("S47 batches attribute", lambda: [dict(one) for one in queued().batches], [{"x": 1}, {"x": 2}]),
    ("S48 the oldest first", left_after_one, [{"x": 2}]),
    ("S49 none queued", lambda: value_of(stepped(start_cond=daily, parameters={"x": 5})), 5),
    ("S55 value", lambda: value_of(with_params(x=3)), 3),
    ("S55 argument", lambda: value_of(with_params(x=SimpleArg(4))), 4),
    ("S57 only if nothing else set it", lambda: value_of(stepped_with_both()), "task"),
    ("S59 nested", lambda: value_of(with_params(x=Arg("y"), y=6)), 6),
    ("S68 the session's timeout", lambda: option("timeout"), timedelta(minutes=30)),
    ("S69 int", lambda: option("timeout", 90), timedelta(seconds=90)),
    ("S69 float", lambda: option("timeout", 0.5), timedelta(milliseconds=500)),
    ("S70 text", lambda: option("timeout", "1 hour 20 min"), timedelta(minutes=80)),
    ("S71 timedelta", lambda: option("timeout", timedelta(days=2)), timedelta(days=2)),
    ("S72 end_cond", shown_end_condition, "time of day between 08:00 and 18:00"),
]  # fmt: skip


def queued() -> Any:
    """A task with two batches."""
    task = stepped(start_cond=false).session["work"]
    task.run(x=1)
    task.run(x=2)
    return task


def stepped_with_both() -> Rocketry:
    """A parameter of the task and one of the session."""
    app = stepped(parameters={"x": "task"})
    app.params(x="session")
    return app


@pytest.mark.parametrize(
    ("check", "expected"), [row[1:] for row in STATEMENTS], ids=[row[0] for row in STATEMENTS]
)
def test_statement(check, expected):
    """One row of the table."""
    assert check() == expected


def test_every_statement_is_named_by_a_test():
    """In the docstring of a test of a page, in the restarts, or in the table above."""
    here = Path(__file__).parent
    named = {int(row[0].split()[0][1:]) for row in STATEMENTS}
    for file in [
        *here.glob("test_*_page.py"),
        here / "test_faults.py",
        here.parent / "migration" / "test_restarts.py",
    ]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                named |= statements_in(ast.get_docstring(node) or "")
    assert set(range(1, 78)) - named == set()


def statements_in(text: str) -> set[int]:
    """The numbers in "S3, S5 to S7"."""
    found = {int(number) for number in re.findall(r"\bS(\d+)", text)}
    for first, last in re.findall(r"\bS(\d+) to S(\d+)", text):
        found |= set(range(int(first), int(last) + 1))
    return found
