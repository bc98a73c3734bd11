"""Calls that travel to another process."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from typing import Any

import cloudpickle
import pytest

from rocket_magic.args import (
    Arg,
    BaseArgument,
    Call,
    Clock,
    FuncArg,
    ParameterPlan,
    Private,
    RunEnv,
    Session,
    Task,
    TaskLogger,
    TerminationFlag,
    current_run,
)
from rocket_magic.clock import SystemClock
from rocket_magic.exc import TaskSetupError
from tests.args.fakes import FakeSession

LOCK = threading.Lock()


def build(session: FakeSession, func: Any, when: str = "post", **task: Any) -> Call:
    """Make the call of a task."""
    return ParameterPlan(func).build(session.parameters, task, {}, session.env(), when)


def travel(call: Call) -> Call:
    """Send a call through pickle and back."""
    made: Call = pickle.loads(cloudpickle.dumps(call))
    assert made.env is None
    assert not made.given
    assert not made.secrets
    return made


def test_values_travel(session: FakeSession):
    """Function, values and post functions with their nested arguments travel."""
    session.parameters.update(a=1, nested=FuncArg(lambda a=Arg("a"): a + 1), token=Private("s3cr3t"))

    def task(a: Any, nested: Any, token: Any, own: Any = FuncArg(lambda n=Arg("nested"): n * 10)) -> Any:
        return a, nested, token, own

    assert travel(build(session, task))() == (1, 2, "s3cr3t", 20)
    assert pickle.loads(pickle.dumps(build(session, task)))() == (1, 2, "s3cr3t", 20)


def test_flag_and_clock_are_the_workers(session: FakeSession):
    """TerminationFlag and Clock are those of the run in the worker, through other arguments too."""
    flag: Any = "the worker's flag"

    def task(
        flag: Any = TerminationFlag(),
        clock: Any = Clock(),
        both: Any = FuncArg(lambda f=TerminationFlag(): f),
    ) -> Any:
        return flag, clock, both

    for when in ("pre", "post"):
        call = travel(build(session, task, when))
        run = RunEnv("1", "report", flag, SystemClock())
        token = current_run.set(run)
        try:
            got = call()
        finally:
            current_run.reset(token)
        assert got == (flag, run.clock, flag)


def test_real_process(session: FakeSession, tmp_path: Any):
    """A call with a function of `__main__` runs in a fresh interpreter."""
    session.parameters["a"] = 20
    source = "def task(a, b): return a + b"
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(source, namespace)
    call = build(session, namespace["task"], b=FuncArg(lambda: 1))
    file = tmp_path / "call"
    file.write_bytes(cloudpickle.dumps(call))
    code = f"import pickle; print(pickle.load(open({str(file)!r}, 'rb'))())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "21\n"


@pytest.mark.parametrize("argument", [Session(), Task(), TaskLogger()])
def test_session_and_task_stay(session: FakeSession, argument: Any):
    """What belongs to the scheduler's process is refused by name, with the reason and a way out."""

    def task(x: Any) -> None: ...

    with pytest.raises(TaskSetupError) as caught:
        travel(build(session, task, x=argument))
    assert str(caught.value) == (
        f"task 'report' (task) can't go to another process: parameter 'x' ({argument!r}): it belongs to the "
        "scheduler's process; use execution='thread', 'async' or 'main', or take what is needed of it in a "
        "FuncArg(..., materialize='pre')"
    )


def test_session_inside_a_post_function(session: FakeSession):
    """The same inside a function that is called in the process; called before, it works."""

    def get(session: Any = Session()) -> int:
        return len(session.parameters)

    def task(x: Any) -> Any:
        return x

    with pytest.raises(TaskSetupError, match=r"task 'report' \(get\) can't .* parameter 'session'"):
        travel(build(session, task, x=FuncArg(get)))
    assert travel(build(session, task, x=FuncArg(get, materialize="pre")))() == 0


def test_unpicklable_value_is_named(session: FakeSession):
    """A value that can't be pickled is named with its type and the reason (B12)."""

    def task(good: Any, bad: Any) -> None: ...

    with pytest.raises(
        TaskSetupError, match=r"parameter 'bad' \(lock\) can't be pickled \(TypeError: cannot pickle"
    ):
        travel(build(session, task, good=1, bad=threading.Lock()))


def test_unpicklable_global_is_named(session: FakeSession):
    """A function that uses something that can't be pickled is told with that thing's name."""
    inner = threading.Lock()

    def closed() -> Any:
        return inner

    with pytest.raises(TaskSetupError, match=r"'inner' \(lock\), used by closed, can't be pickled"):
        travel(build(session, closed))
    namespace: dict[str, Any] = {"__name__": "__main__", "LOCK": LOCK}
    exec("def cell(): return LOCK", namespace)
    with pytest.raises(TaskSetupError, match=r"global 'LOCK' \(lock\), used by cell, can't be pickled"):
        travel(build(session, namespace["cell"]))


class Staged(BaseArgument):
    """Found in the run's process."""

    def stage(self, task: Any = None) -> Any:
        self.staged_for = task.name
        return self

    def get_value(self, task: Any = None, session: Any = None) -> Any:
        return self.staged_for, None if task is None else task.name


def test_staged_argument(session: FakeSession):
    """An argument with `stage` is asked where the run runs: with its task in a thread only."""

    def task(x: Any) -> Any:
        return x

    assert build(session, task, x=Staged())() == ("report", "report")
    assert travel(build(session, task, x=Staged()))() == ("report", None)


def test_stage_may_give_a_value_or_another_argument(session: FakeSession):
    """What `stage` returns takes the argument's place."""

    class Value(BaseArgument):
        def stage(self) -> Any:
            return 5

    class Other(BaseArgument):
        def stage(self) -> Any:
            return FuncArg(lambda: 6)

    class Quiet(BaseArgument):
        def stage(self) -> Any:
            return None

        def get_value(self) -> Any:
            return 7

    assert build(session, lambda x, y, z: (x, y, z), x=Value(), y=Other(), z=Quiet())() == (5, 6, 7)


def test_error_in_the_run_is_noted(session: FakeSession):
    """A post function that fails in the run says whose parameter it was."""

    def broken() -> None:
        raise ValueError("no luck")

    call = build(session, lambda x: x, x=FuncArg(broken))
    with pytest.raises(ValueError, match="no luck") as caught:
        call()
    assert "parameter 'x' (FuncArg(broken)) of task 'report'" in caught.value.__notes__[0]


def test_coroutine_functions(session: FakeSession):
    """Calling gives the coroutine; the call knows it beforehand."""

    async def task(x: int) -> int:
        return x

    class Machine:
        async def __call__(self) -> int:
            return 2

    call = build(session, task, x=1)
    assert call.is_async
    assert asyncio.run(call()) == 1
    assert build(session, Machine()).is_async
    assert not build(session, lambda: 1).is_async
