"""The configuration: every option, checked whenever it is set."""

from __future__ import annotations

import copy
import json
import os
import pickle
import threading
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pydantic
import pytest

from rocket_magic.clock import VirtualClock
from rocket_magic.conditions import AlwaysTrue, parse_condition
from rocket_magic.config import Config, describe, form_fields, notebook_config, set_from_text
from rocket_magic.exc import ConfigError

PAGE = {
    "task_execution": "process",
    "task_pre_exist": "raise",
    "force_status_from_logs": True,
    "silence_task_prerun": False,
    "silence_task_logging": False,
    "silence_cond_check": False,
    "max_process_count": 5,
    "restarting": "replace",
    "cycle_sleep": 0.1,
}
"""The example of the page about the configuration."""


def test_page_example():
    """The page's options are taken as a dict, read back and changed (S1 to S4)."""
    config = Config(**PAGE)
    assert isinstance(config, pydantic.BaseModel)
    for name, value in PAGE.items():
        assert getattr(config, name) == value
    config.task_execution = "thread"
    assert config.execution == config.task_execution == "thread"
    config.execution = "main"
    assert config.task_execution == "main"


def test_page_defaults():
    """The defaults that the page documents (S5 to S42)."""
    config = Config()
    expected = {
        "execution": "process",
        "task_pre_exist": "raise",
        "force_status_from_logs": False,
        "silence_task_prerun": False,
        "silence_task_logging": False,
        "silence_cond_check": False,
        "multilaunch": False,
        "max_process_count": os.cpu_count(),
        "restarting": "replace",
        "cycle_sleep": 0.1,
        "instant_shutdown": False,
        "timeout": timedelta(minutes=30),
        "param_materialize": "post",
        "timezone": None,
        "time_func": None,
        "cls_lock": threading.Lock,
        "shut_cond": None,
        "tasks_as_daemon": True,
        "task_logger_basename": "rocketry.task",
        "scheduler_logger_basename": "rocketry.scheduler",
    }
    assert {name: getattr(config, name) for name in expected} == expected


class Lock:
    """A lock class of a user (S42)."""

    def acquire(self) -> None:
        """Take it."""

    def release(self) -> None:
        """Give it back."""

    def locked(self) -> bool:
        """Whether it is taken."""
        return False

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


CLOCK = VirtualClock("2026-01-01")

TAKEN: list[tuple[str, Any, Any]] = [
    ("execution", "dask", "dask"),
    ("task_pre_exist", "replace", "replace"),
    ("multilaunch", True, True),
    ("multilaunch", 3, 3),
    ("multilaunch", "3", 3),
    ("instant_shutdown", "yes", True),
    ("cycle_sleep", None, None),
    ("cycle_sleep", 2, 2.0),
    ("cycle_sleep", "0.5", 0.5),
    ("cycle_sleep", "250 ms", 0.25),
    ("timeout", 0.1, timedelta(milliseconds=100)),
    ("timeout", "1 hour 20 min", timedelta(hours=1, minutes=20)),
    ("timeout", timedelta(days=1), timedelta(days=1)),
    ("timeout", "never", None),
    ("timeout", None, None),
    ("grace", 0, timedelta(0)),
    ("misfire_grace_time", "5 min", timedelta(minutes=5)),
    ("max_process_count", "4", 4),
    ("max_thread_count", None, None),
    ("process_start_method", "spawn", "spawn"),
    ("dask_cluster", " tls://10.0.0.5:8786 ", "tls://10.0.0.5:8786"),
    ("dask_cluster", None, None),
    ("timezone", "Europe/Helsinki", ZoneInfo("Europe/Helsinki")),
    ("timezone", UTC, UTC),
    ("time_func", CLOCK, CLOCK),
    ("cls_lock", Lock, Lock),
    ("cls_lock", threading.RLock, threading.RLock),
    ("shut_cond", True, AlwaysTrue()),
    ("shut_cond", "daily", parse_condition("daily")),
    ("task_logger_basename", "mine.task", "mine.task"),
]


@pytest.mark.parametrize(("name", "value", "stored"), TAKEN)
def test_taken_values(name: str, value: Any, stored: Any):
    """A valid value is taken at construction and when assigned."""
    assert getattr(Config(**{name: value}), name) == stored
    config = Config()
    setattr(config, name, value)
    assert getattr(config, name) == stored


REFUSED: list[tuple[str, Any, str]] = [
    (
        "execution",
        "proces",
        "must be one of main, async, thread, process, dask, got 'proces': did you mean 'process'?",
    ),
    ("execution", None, "must be one of main, async, thread, process, dask, got None"),
    ("restarting", "x", "must be one of replace, relaunch, fresh, recall, got 'x'"),
    ("task_pre_exist", "overwrite", "must be one of raise, rename, ignore, replace, got 'overwrite'"),
    (
        "timeout",
        0,
        "must be a duration more than 0 (seconds, text like '1 hour 20 min' or a timedelta) or never, got 0",
    ),
    ("timeout", "0 s", "or never, got '0 s'"),
    ("timeout", -1, "or never, got -1"),
    ("timeout", float("nan"), "or never, got nan"),
    ("timeout", True, "or never, got True"),
    ("timeout", "30", "or never, got '30': did you mean '30 s'?"),
    ("timeout", timedelta(days=-1), "or never, got datetime.timedelta(days=-1)"),
    ("grace", None, "must be a duration from 0"),
    ("cycle_sleep", -0.1, "got -0.1"),
    ("cycle_sleep", float("inf"), "got inf"),
    ("cycle_sleep", False, "got False"),
    ("max_process_count", 0, "must be a whole number from 1, got 0"),
    ("max_process_count", True, "must be a whole number from 1, got True"),
    ("max_process_count", 2.5, "must be a whole number from 1, got 2.5"),
    ("multilaunch", 0, "must be True, False or a number of runs from 1, got 0"),
    ("instant_shutdown", 2, "must be True or False, got 2"),
    ("timezone", "Europe/Helsinky", "got 'Europe/Helsinky': did you mean 'Europe/Helsinki'?"),
    ("timezone", 2, "or None (the system's zone), got 2"),
    ("time_func", 5, "must be a function that gives seconds since the epoch, got 5"),
    ("time_func", lambda: "noon", "it returned 'noon'"),
    ("cls_lock", object, "must be a class of locks with acquire, release and `with`"),
    ("cls_lock", None, "must be a class of locks"),
    ("shut_cond", "dayly", "must be a condition, a phrase like 'time of day after 18:00'"),
    ("process_start_method", "fork", "must be one of forkserver, spawn or None, got 'fork'"),
    (
        "dask_cluster",
        "10.0.0.5:8786",
        "or None (one of our own on this machine), got '10.0.0.5:8786': did you mean 'tcp://10.0.0.5:8786'?",
    ),
    ("dask_cluster", 8786, "must be the address of a dask scheduler"),
    ("task_logger_basename", " ", "must be text that isn't empty"),
    ("func_run_id", "increment", "must be a function of (task, parameters)"),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_refused_values(name: str, value: Any, message: str):
    """A refused value is told with option, rule and value, and the old one stays (F60)."""
    with pytest.raises(ConfigError) as made:
        Config(**{name: value})
    config = Config()
    before = getattr(config, name)
    with pytest.raises(ConfigError) as set_:
        setattr(config, name, value)
    assert str(made.value) == str(set_.value)
    assert str(made.value).startswith(f"config option {name!r} must be ")
    assert message in str(made.value)
    assert getattr(config, name) is before


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("exection", "did you mean 'execution'?"),
        ("task_exection", "did you mean 'task_execution'?"),
        ("TIMEOUT", "did you mean 'timeout'?"),
        ("qqq", "list them all"),
    ],
)
def test_unknown_options(name: str, hint: str):
    """A misspelt option is refused with the closest one, however it is given."""
    config = Config()
    for attempt in (
        lambda: Config(**{name: 1}),
        lambda: setattr(config, name, 1),
        lambda: config.update({name: 1}),
        lambda: set_from_text(config, name, "1"),
    ):
        with pytest.raises(ConfigError, match=f"there is no config option {name!r}: .*") as caught:
            attempt()
        assert hint in str(caught.value)


def test_both_names_of_one_option():
    """Both names of the execution may agree, not differ."""
    assert Config(execution="main", task_execution="main").execution == "main"
    with pytest.raises(ConfigError, match="'execution' is given twice, as 'main' and 'thread'"):
        Config(execution="main", task_execution="thread")


def test_several_mistakes_are_told_at_once():
    """Each mistake of a dict is in the message."""
    with pytest.raises(ConfigError, match=r"'execution' must .*; config option 'timeout' must"):
        Config(execution="x", timeout=0)


def test_update_is_all_or_nothing():
    """Several options change together, or none does."""
    config = Config()
    with pytest.raises(ConfigError):
        config.update(execution="main", timeout=0)
    assert config.execution == "process"
    config.update({"execution": "main"}, timeout="1 min")
    assert (config.execution, config.timeout) == ("main", timedelta(minutes=1))


def test_on_change():
    """Callbacks hear each valid assignment after it happened, until they are taken off."""
    config = Config()
    heard: list[tuple[str, Any]] = []

    def hear(name: str, value: Any) -> None:
        assert getattr(config, name) == value
        heard.append((name, value))

    forget = config.on_change(hear)
    config.task_execution = "main"
    with pytest.raises(ConfigError):
        config.timeout = 0
    config.update(timeout="never", multilaunch=2)
    forget()
    config.execution = "thread"
    assert heard == [("execution", "main"), ("timeout", None), ("multilaunch", 2)]


def test_copies_stand_apart():
    """Copies have the values, not the callbacks."""
    config = Config(execution="main", timezone="Europe/Helsinki", shut_cond="daily", timeout="never")
    config.on_change(lambda *_: pytest.fail("a copy has no callbacks"))
    for twin in (
        copy.copy(config),
        copy.deepcopy(config),
        config.model_copy(),
        pickle.loads(pickle.dumps(config)),
        Config(**config.model_dump()),
        Config(**config.model_dump(exclude_unset=True)),
    ):
        assert twin.model_dump() == config.model_dump()
        twin.execution = "thread"
        assert config.execution == "main"


def test_json():
    """The configuration as JSON has words where Python has objects."""
    found = json.loads(
        Config(timezone="Europe/Helsinki", time_func=CLOCK, shut_cond="daily").model_dump_json()
    )
    assert found["timezone"] == "Europe/Helsinki"
    assert found["timeout"] == "30 min"
    assert found["shut_cond"] == "daily"
    assert found["max_process_count"] == os.cpu_count()
    assert found["time_func"].startswith("VirtualClock(")
    assert found["func_run_id"] is None


def test_notebook_profile():
    """The notebook's profile differs from the engine's in what it must, and says so (DESIGN 5)."""
    config = notebook_config(timeout="1 min")
    assert {row.name: row.value for row in describe(config) if row.differs} == {
        "profile": "notebook",
        "execution": "thread",
        "restarting": "recall",
        "task_pre_exist": "replace",
        "silence_task_prerun": "true",
        "silence_task_logging": "true",
        "silence_cond_check": "true",
        "timeout": "1 min",
    }


@pytest.mark.parametrize("way", ["replace", "relaunch", "fresh"])
def test_notebook_refuses_to_lose_the_kernel(way: str):
    """In a notebook only `recall` is possible, also in a copy."""
    for config in (notebook_config(), copy.copy(notebook_config())):
        with pytest.raises(ConfigError, match="must be 'recall' in a notebook"):
            config.restarting = way
        assert config.restarting == "recall"
    with pytest.raises(ConfigError, match="must be 'recall' in a notebook"):
        notebook_config(restarting=way)


def test_describe():
    """Every option is listed with value, default and a description; old names only when they are used."""
    rows = {row.name: row for row in describe(Config(timeout="never", debug=True))}
    assert rows["timeout"][:3] == ("timeout", "never", "30 min")
    assert rows["timeout"].differs
    assert rows["cls_lock"].value == rows["cls_lock"].default
    assert rows["shut_cond"].value == "none"
    assert "debug" in rows
    assert "task_priority" not in rows
    assert set(Config.model_fields) - set(rows) == {"task_priority", "use_instance_naming"}
    assert all(row.description.endswith(".") for row in rows.values())


def test_form():
    """The form has one plain field per option, and JSON can carry it."""
    fields = {field["name"]: field for field in form_fields(Config(max_thread_count=None))}
    assert {field["kind"] for field in fields.values()} == {
        "bool", "int", "float", "text", "choice", "duration", "readonly",
    }  # fmt: skip
    assert fields["execution"]["choices"] == ["main", "async", "thread", "process", "dask"]
    assert fields["timeout"]["value"] == "30 min"
    assert fields["cycle_sleep"]["value"] == 0.1
    assert fields["max_thread_count"]["value"] is None
    assert fields["time_func"]["kind"] == fields["profile"]["kind"] == "readonly"
    assert json.loads(json.dumps(list(fields.values()))) == list(fields.values())
    restarting = next(field for field in form_fields(notebook_config()) if field["name"] == "restarting")
    assert restarting["choices"] == ["recall"]


def test_form_values_are_taken_back():
    """What a form shows, typed again, is the same configuration."""
    config = Config(
        timeout="never", timezone="Europe/Helsinki", shut_cond="daily", multilaunch=2, cycle_sleep=None
    )
    again = Config(timeout="1 s")
    for field in form_fields(config):
        if field["kind"] != "readonly":
            value = field["value"]
            set_from_text(again, field["name"], "" if value is None else str(value))
    assert again.model_dump() == config.model_dump()


@pytest.mark.parametrize(
    ("name", "text", "stored"),
    [
        ("execution", " main ", "main"),
        ("silence_cond_check", "on", True),
        ("max_process_count", "7", 7),
        ("max_thread_count", "none", None),
        ("cycle_sleep", "0.2", 0.2),
        ("timeout", "never", None),
        ("timeout", "90 s", timedelta(seconds=90)),
        ("task_execution", "async", "async"),
        ("timezone", "", None),
    ],
)
def test_typed_text(name: str, text: str, stored: Any):
    """Typed text is read by the model."""
    config = Config(timezone="UTC", max_thread_count=3)
    set_from_text(config, name, text)
    assert getattr(config, name) == stored


def test_typed_text_is_refused():
    """Functions can't be typed, nothing is evaluated, mistakes change nothing."""
    config = Config()
    with pytest.raises(ConfigError, match="'time_func' can't be set from text"):
        set_from_text(config, "time_func", "time.time")
    with pytest.raises(ConfigError, match="'profile' can't be set from text"):
        set_from_text(config, "profile", "notebook")
    for name in ("max_process_count", "timeout", "shut_cond", "execution"):
        with pytest.raises(ConfigError):
            set_from_text(config, name, "__import__('os').getpid()")
    assert config.model_dump() == Config().model_dump()


def test_threads_set_different_options():
    """Assignments from several threads don't undo each other."""
    config = Config()

    def work(name: str) -> None:
        for number in range(1, 301):
            setattr(config, name, number)

    names = ["max_process_count", "max_thread_count", "log_capacity", "task_priority"]
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [getattr(config, name) for name in names] == [300] * 4
