"""Sessions in real time: every execution, ending, restart, and what other threads may do meanwhile."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time

import pytest

from rocket_magic import Grouper, Rocketry, Session
from rocket_magic.args import Arg, Config, Return, SimpleArg, Task, TerminationFlag
from rocket_magic.args import Session as SessionArg
from rocket_magic.conds import (
    after_success,
    daily,
    every,
    false,
    finished,
    scheduler_cycles,
    started,
    succeeded,
    true,
)
from rocket_magic.exc import (
    ConditionError,
    ConfigError,
    DuplicateTaskError,
    ParameterError,
    RestartError,
    SchedulerExit,
    TaskError,
    TaskTerminationException,
    UnknownTaskError,
)
from tests.waiting import wait_for

MODES = ["main", "async", "thread", "process"]


def actions(app: Rocketry, task: str) -> list[str]:
    """The actions of a task's records."""
    return [str(row.action) for row in app.session.get_task_log(task_name=task)]


def run_until(app: Rocketry, condition) -> None:
    """Run in the foreground until a condition is met."""
    app.session.config.shut_cond = condition
    app.run()


def add(x, y=1):
    """Importable by a worker."""
    return x + y


def endless():
    """Sleeps for real, in a worker that is killed."""
    time.sleep(60)  # noqa: TID251  it is killed long before


@pytest.mark.parametrize("mode", MODES)
def test_a_task_runs_and_its_value_reaches_the_next_one(mode):
    """In every execution; functions defined in a test travel by value."""
    app = Rocketry(execution=mode)
    seen = []

    @app.task(every("1 hour"), parameters={"x": 20})
    def load(x, y=SimpleArg(2)):
        return x + y

    @app.task(after_success(load), execution="main")
    def store(value=Return(load)):
        seen.append(value)

    run_until(app, succeeded(task="store") >= 1)
    assert seen == [22]
    assert actions(app, "load") == ["run", "success"]


@pytest.mark.parametrize("mode", MODES)
def test_a_coroutine_function_runs_in_every_execution(mode):
    """Awaited inline, on the loop, or on a loop of its own."""
    app = Rocketry(execution=mode)

    @app.task(every("1 hour"))
    async def work():
        await asyncio.sleep(0)
        return "done"

    run_until(app, finished(task="work") >= 1)
    assert app.session.returns["work"] == "done"
    assert app.session.returns[work] == "done"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("error", [ValueError("no data"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_a_task_raises_ends_the_run_and_not_the_scheduler(mode, error):
    """One truthful outcome (F1, F2)."""
    app = Rocketry(execution=mode)

    @app.task(every("1 hour"))
    def work():
        raise error

    app.task(after_success("never") | every("1 hour"), name="other", func=add, parameters={"x": 1})
    run_until(app, (finished(task="work") >= 1) & (finished(task="other") >= 1))
    assert actions(app, "work") == ["run", "fail"]
    assert type(error).__name__ in app.session.get_task_log(task_name="work", action="fail")[0].exc_text


@pytest.mark.parametrize("mode", ["async", "thread", "process"])
def test_a_timeout_ends_the_run(mode):
    """Cancelled, flagged, or killed; the reason is in the record."""
    app = Rocketry(execution=mode)

    async def wait():
        await asyncio.sleep(60)

    def poll(flag=TerminationFlag()):
        while not flag.wait(0.01):
            pass
        raise TaskTerminationException

    func = {"async": wait, "thread": poll, "process": endless}[mode]
    app.task(every("1 hour"), name="slow", func=func, timeout=0.2)
    run_until(app, finished(task="slow") >= 1)
    last = app.session.get_task_log(task_name="slow")[-1]
    assert last.action == "terminate"
    assert "timeout" in last.reason


@pytest.mark.parametrize("mode", ["async", "thread", "process"])
def test_terminate_ends_only_the_run_in_flight(mode):
    """An idle task's next run is left alone (weakness B15 of Rocketry)."""
    app = Rocketry(execution=mode)
    entered = threading.Event()

    async def wait():
        entered.set()
        await asyncio.sleep(60)

    def poll(flag=TerminationFlag()):
        entered.set()
        flag.wait(60)
        raise TaskTerminationException

    func = {"async": wait, "thread": poll, "process": endless}[mode]
    app.task(None, name="slow", func=func)
    app.task(None, name="idle", func=add, parameters={"x": 1}, execution="main")
    app.session.start_thread()
    app.session["idle"].terminate()
    app.session["idle"].run()
    app.session["slow"].run()
    wait_for(lambda: app.session["slow"].is_running)
    if mode != "process":
        assert entered.wait(5)
    app.session["slow"].terminate()
    wait_for(
        lambda: actions(app, "slow") == ["run", "terminate"] and actions(app, "idle") == ["run", "success"]
    )
    assert app.session.stop(wait=10)


def test_an_end_condition_ends_the_run():
    """With its words as the reason."""
    app = Rocketry(execution="thread")

    @app.task(every("1 hour"), end_cond=started(task="other") >= 1)
    def long(flag=TerminationFlag()):
        flag.wait(30)
        raise TaskTerminationException

    app.task(every("1 hour"), name="other", func=lambda: None)
    run_until(app, finished(task="long") >= 1)
    assert "end condition" in app.session.get_task_log(task_name="long")[-1].reason


def test_a_thread_that_ignores_its_flag_does_not_hold_up_shutdown():
    """It is recorded as abandoned after the grace period (rule D5)."""
    app = Rocketry(execution="thread", grace=0.1)
    entered, release = threading.Event(), threading.Event()
    app.task(None, name="deaf", func=lambda: (entered.set(), release.wait(30)))
    app.session.start_thread()
    app.session["deaf"].run()
    assert entered.wait(10)
    app.session.shut_down(force=True)
    assert app.session.stop(wait=5)
    release.set()
    last = app.session.get_task_log(task_name="deaf")[-1]
    assert last.action == "terminate"
    assert last.reason.startswith("abandoned, still running")


def test_shutdown_waits_for_runs_and_a_second_call_ends_them():
    """As documented (S73, S77)."""
    app = Rocketry(execution="thread")

    @app.task(None)
    def slow(flag=TerminationFlag()):
        flag.wait(30)
        raise TaskTerminationException

    app.session.start_thread()
    app.session["slow"].run()
    wait_for(lambda: app.session["slow"].is_running)
    app.session.shut_down()
    wait_for(lambda: app.session.scheduler.state == "stopping")
    assert actions(app, "slow") == ["run"]
    app.session.shut_down()
    assert app.session.stop(wait=5)
    assert actions(app, "slow") == ["run", "terminate"]


def test_two_sessions_in_one_process_do_not_see_each_other():
    """Same names, separate logs (weakness B1 of Rocketry)."""
    one, two = Rocketry(execution="main"), Rocketry(execution="main")
    one.task(every("1 hour"), name="work", func=lambda: None)
    two.task(every("1 hour"), name="work", func=lambda: None)
    run_until(one, finished(task="work") >= 1)
    assert actions(two, "work") == []
    run_until(two, finished(task="work") >= 1)
    assert actions(one, "work") == actions(two, "work") == ["run", "success"]


def test_a_condition_that_raises_stops_the_scheduler_unless_silenced():
    """With the condition's text and the task's name (S21, S22)."""

    def build(**options):
        app = Rocketry(execution="main", **options)

        @app.cond("is odd")
        def is_odd():
            raise ValueError("no number")

        app.task("is odd", name="odd", func=lambda: None)
        app.task(every("1 hour"), name="other", func=lambda: None)
        return app

    with pytest.raises(ConditionError, match=r"is odd.*'odd'.*ValueError: no number"):
        run_until(build(), false)
    app = build(silence_cond_check=True)
    run_until(app, finished(task="other") >= 1)
    assert "no number" in app.session["odd"].problem


def test_an_erroring_end_condition_does_not_end_the_run_when_silenced(caplog):
    """Not knowing is no reason (weakness B8 of Rocketry); it is told on the scheduler's logger."""
    app = Rocketry(execution="thread", silence_cond_check=True)
    release = threading.Event()

    @app.cond()
    def broken():
        raise ValueError("broken")

    app.task(every("1 hour"), name="long", end_cond=broken, func=lambda: release.wait(5))
    app.session.start_thread()
    wait_for(lambda: app.session["long"].problem)
    assert actions(app, "long") == ["run"]
    release.set()
    wait_for(lambda: actions(app, "long") == ["run", "success"])
    assert app.session.stop(wait=5)
    assert "broken" in caplog.text


@pytest.mark.parametrize(
    ("policy", "names"), [("rename", ["a", "a - 1"]), ("ignore", ["a"]), ("replace", ["a"])]
)
def test_a_taken_name_is_handled_by_policy(policy, names):
    """Besides "raise"."""
    app = Rocketry(task_pre_exist=policy)
    app.task(false, name="a", func=lambda: 1)
    app.task(false, name="a", func=lambda: 2)
    assert [task.name for task in app.session.task_list()] == names
    assert app.session["a"].func() == (2 if policy == "replace" else 1)


def test_a_taken_name_is_refused_by_default():
    """With the way out named."""
    app = Rocketry()
    app.task(false, name="a", func=lambda: 1)
    with pytest.raises(DuplicateTaskError, match="a task named 'a' exists already"):
        app.task(false, name="a", func=lambda: 2)


def test_replacing_a_task_lets_the_run_in_flight_end_on_its_old_code():
    """And does not start the new code beside it."""
    app = Rocketry(execution="thread", task_pre_exist="replace")
    release, values = threading.Event(), []

    def old():
        release.wait(10)
        values.append("old")

    app.task(None, name="work", func=old)
    app.session.start_thread()
    app.session["work"].run()
    wait_for(lambda: app.session["work"].is_running)
    app.task(None, name="work", func=lambda: values.append("new"))
    app.session["work"].run()
    release.set()
    wait_for(lambda: len(actions(app, "work")) == 4)
    assert values == ["old", "new"]
    assert actions(app, "work") == ["run", "success", "run", "success"]
    assert app.session.stop(wait=5)


@pytest.mark.parametrize("mode", ["main", "async", "thread", "process"])
def test_a_task_removed_while_it_runs_ends_under_its_name(mode):
    """F15."""
    app = Rocketry(execution=mode)
    app.task(every("1 hour"), name="gone", func=lambda: threading.Event().wait(0.2))
    app.session.start_thread()
    wait_for(lambda: actions(app, "gone"))
    app.session.remove_task("gone")
    wait_for(lambda: len(actions(app, "gone")) == 2)
    assert "gone" not in app.session
    assert app.session.stop(wait=10)


def test_many_threads_may_queue_runs_at_once():
    """Each batch runs exactly once (F18)."""
    app = Rocketry(execution="main")
    seen = []

    def note(x):
        seen.append(x)

    app.task(None, name="work", func=note)
    app.session.start_thread()
    task = app.session["work"]

    def queue(base):
        for n in range(100):
            task.run(x=base + n)

    threads = [threading.Thread(target=queue, args=(base,)) for base in range(0, 800, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: len(seen) == 800)
    assert sorted(seen) == list(range(800))
    assert app.session.stop(wait=5)


def test_a_metatask_changes_the_session():
    """Creates, runs and stops."""
    app = Rocketry(execution="main")
    seen = []

    @app.task(every("1 hour"))
    def meta(session=SessionArg(), task=Task(), config=Config()):
        session.create_task(
            func=lambda: seen.append((task.name, config.execution)), name="made", start_cond=true
        )
        session["made"].run()

    @app.task(after_success("made"))
    def finish(session=SessionArg()):
        session.shut_down()

    app.run()
    assert seen[0] == ("meta", "main")


def test_scheduler_exit_shuts_down():
    """Raised by a task; the run is a success."""
    app = Rocketry(execution="main")

    @app.task(every("1 hour"))
    def leave():
        raise SchedulerExit

    app.run()
    assert actions(app, "leave") == ["run", "success"]


def test_serve_runs_beside_other_coroutines():
    """On the caller's loop; cancelling shuts down gracefully."""
    app = Rocketry(execution="async")
    seen = []

    @app.task(every("20 ms"))
    async def tick():
        seen.append(asyncio.get_running_loop())

    async def main():
        serving = asyncio.ensure_future(app.serve())
        while len(seen) < 3:  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.005)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        return asyncio.get_running_loop()

    loop = asyncio.run(main())
    assert set(map(id, seen)) == {id(loop)}
    assert app.session.scheduler.state == "stopped"


def test_run_works_where_an_event_loop_is_running():
    """As in every cell of a notebook."""
    app = Rocketry(execution="async")

    @app.task(every("1 hour"))
    async def work():
        await asyncio.sleep(0)

    async def cell():
        run_until(app, finished(task="work") >= 1)

    asyncio.run(cell())
    assert actions(app, "work") == ["run", "success"]


def test_shut_cond_may_count_cycles():
    """Rocketry's way to run for a while."""
    app = Rocketry(execution="main", cycle_sleep=0.001)
    run_until(app, scheduler_cycles(more_than=3))
    assert app.session.scheduler.n_cycles >= 4


def test_recall_restarts_in_the_same_process():
    """Hooks run again; tasks, history, returns and queued batches stay."""
    app = Rocketry(execution="main", restarting="recall")
    startups, runs = [], []
    app.setup()(lambda: startups.append(1))

    @app.task(None)
    def work(x):
        runs.append(x)
        return x

    @app.task(every("1 hour"))
    def restarts(session=SessionArg()):
        session["work"].run(x=len(startups))
        session.restart()

    run_until(app, finished(task="work") >= 1)
    assert startups == [1, 1]
    assert runs == [1]
    assert app.session.returns["work"] == 1


def test_a_restart_tells_what_it_waited_for_and_what_it_applied():
    """The tasks that were in flight, and the options set since the start; nothing of them the next time."""
    app = Rocketry(execution="thread", restarting="recall")
    gate = threading.Event()
    app.task(None, name="slow")(gate.wait)
    app.session.start_thread()
    assert app.session.last_restart is None
    app.session["slow"].run()
    wait_for(lambda: app.session["slow"].is_running)
    app.session.config.timeout = "2 min"
    app.session.restart()
    wait_for(lambda: app.session.snapshot_state().state in ("stopping", "restarting"))
    gate.set()
    wait_for(lambda: app.session.last_restart is not None)
    first = app.session.last_restart
    assert (("slow",), False, (("timeout", "2 min"),)) == (first.waited_for, first.forced, first.applied)
    assert str(first).startswith("waited ")
    wait_for(lambda: app.session.snapshot_state().state == "running")
    app.session.restart()
    wait_for(lambda: app.session.last_restart is not first)
    assert ((), ()) == (app.session.last_restart.waited_for, app.session.last_restart.applied)
    app.session.stop()


def test_restart_other_than_recall_is_refused_in_a_kernel(monkeypatch):
    """It would kill the kernel."""
    monkeypatch.setattr("rocket_magic.scheduler._restart.in_kernel", lambda: True)
    app = Rocketry(restarting="replace")
    with pytest.raises(RestartError, match="would replace or leave this Jupyter kernel"):
        app.session.restart()


def test_ctrl_c_shuts_down_gracefully():
    """The run in flight ends by itself."""
    app = Rocketry(execution="thread")

    @app.task(every("1 hour"))
    def work():
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(0.1)

    app.run()
    assert actions(app, "work") == ["run", "success"]


def test_max_process_count_makes_runs_wait():
    """And says so."""
    app = Rocketry(execution="process", max_process_count=1)
    for name in "ab":
        app.task(every("1 hour"), name=name, func=add, parameters={"x": 1})
    run_until(app, (finished(task="a") >= 1) & (finished(task="b") >= 1))
    rows = app.session.get_task_log()
    assert [str(row.action) for row in rows] == ["run", "success", "run", "success"]


def test_multilaunch_runs_a_task_beside_itself_up_to_its_bound():
    """Here at most twice."""
    app = Rocketry(execution="thread", cycle_sleep=0.001)
    release, alive, most = threading.Event(), [], []

    def work():
        alive.append(1)
        most.append(len(alive))
        release.wait(5)
        alive.pop()

    app.task(true, name="work", func=work, multilaunch=2)
    app.session.start_thread()
    wait_for(lambda: len(alive) == 2)
    threading.Event().wait(0.05)
    assert max(most) == 2
    app.session["work"].disabled = True
    release.set()
    assert app.session.stop(wait=5)


@pytest.mark.parametrize("policy", ["skip", "queue", "replace"])
def test_a_task_due_while_it_runs_follows_its_overlap_policy(policy):
    """Skipped, started once afterwards, or in place of the earlier run."""
    app = Rocketry(execution="thread", cycle_sleep=0.01)
    release = threading.Event()

    @app.task(every("50 ms"), on_overlap=policy)
    def work(flag=TerminationFlag()):
        while not release.is_set():
            if flag.wait(0.01):
                raise TaskTerminationException

    app.session.start_thread()
    if policy == "replace":
        wait_for(lambda: actions(app, "work").count("terminate") >= 2)
    else:
        threading.Event().wait(0.2)
        assert actions(app, "work") == ["run"]
    release.set()
    wait_for(lambda: len(actions(app, "work")) >= 3)
    assert app.session.stop(force=True, wait=5)


def test_unknown_names_options_and_batches_are_refused_with_the_closest():
    """Each error names what to do."""
    app = Rocketry()
    app.task(false, name="report", func=add)
    with pytest.raises(UnknownTaskError, match="there is no task 'reprot'; did you mean 'report'"):
        app.session["reprot"]
    with pytest.raises(ConfigError, match=r"time_zone.*timezone"):
        app.session.config.time_zone = "UTC"
    with pytest.raises(ParameterError, match="task 'report' doesn't take parameter 'z'"):
        app.session["report"].run(z=1)
    with pytest.raises(TaskError, match="timeout of task 'report' must be longer than 0"):
        app.session["report"].timeout = 0


@pytest.mark.parametrize("name", ["", "  ", None, 5, "a\nb", "a\0b", "x" * 2000, "\ud800"])
def test_names_that_no_log_can_keep_are_refused(name):
    """F25; None means the default name, which a lambda without one lacks."""
    session = Session()
    if name is None:
        assert session.create_task(func=add, name=None).name.endswith("add")
        return
    with pytest.raises(TaskError, match="name"):
        session.create_task(func=add, name=name)


def test_a_schedule_can_be_changed_while_running():
    """It takes effect at the next wake-up."""
    app = Rocketry(execution="thread")
    app.task(false, name="work", func=lambda: None)
    app.session.start_thread()
    app.session["work"].start_cond = "every 1 hour"
    wait_for(lambda: actions(app, "work") == ["run", "success"])
    assert app.session.stop(wait=5)


def test_hold_lets_nothing_start_until_released():
    """Runs in flight would go on."""
    app = Rocketry(execution="thread")
    app.session.start_thread()
    app.session.scheduler.on_hold = True
    wait_for(lambda: app.session.scheduler.state == "held")
    app.task(every("1 hour"), name="work", func=lambda: None)
    threading.Event().wait(0.05)
    assert actions(app, "work") == []
    app.session.scheduler.on_hold = False
    wait_for(lambda: actions(app, "work") == ["run", "success"])
    assert app.session.stop(wait=5)


def test_a_group_moves_in_with_prefix_condition_and_references():
    """References inside the group follow the prefix (weakness B24 of Rocketry)."""
    app = Rocketry(execution="main")
    group = Grouper(prefix="etl.", start_cond=true)

    @group.task(every("1 hour"))
    def load(value=Arg("value")):
        return value

    @group.task(after_success(load))
    def store():
        return "stored"

    group.params(value=7)
    app.include_grouper(group)
    run_until(app, finished(task="etl.store") >= 1)
    assert app.session.returns["etl.load"] == 7
    assert {task.name for task in app.session.tasks} == {"etl.load", "etl.store"}


def test_session_run_starts_only_the_named_tasks():
    """Whatever their conditions say."""
    app = Rocketry(execution="main")
    app.task(false, name="a", func=lambda: "a")
    app.task(true, name="b", func=lambda: "b")
    app.session.run("a")
    assert actions(app, "a") == ["run", "success"]
    assert actions(app, "b") == []
    with pytest.raises(UnknownTaskError):
        app.session.run("c")


def test_task_records_reach_the_stdlib_logger():
    """With the extras that mail handlers use (S88, S89)."""
    rows = []

    class Keep(logging.Handler):
        def emit(self, record):
            rows.append((record.task_name, record.action, record.levelname, record.exc_text))

    handler = Keep()
    logger = logging.getLogger("rocketry.task")
    logger.addHandler(handler)
    try:
        app = Rocketry(execution="main")
        app.task(every("1 hour"), name="bad", func=lambda: 1 / 0)
        run_until(app, finished(task="bad") >= 1)
        app.session.log.flush()
    finally:
        logger.removeHandler(handler)
    assert [row[:3] for row in rows] == [("bad", "run", "INFO"), ("bad", "fail", "ERROR")]
    assert "ZeroDivisionError" in rows[1][3]


def test_a_lock_of_the_users_class_is_held_while_a_task_is_looked_at_and_started():
    """And a task that is locked elsewhere waits (S42)."""
    events = []

    class Recorded:
        busy = False

        def __init__(self):
            self._lock = threading.Lock()

        def acquire(self):
            events.append("acquired")
            return self._lock.acquire()

        def release(self):
            events.append("released")
            self._lock.release()

        def locked(self):
            if Recorded.busy:
                events.append("refused")
            return Recorded.busy or self._lock.locked()

        def __enter__(self):
            self.acquire()
            return self

        def __exit__(self, *exc):
            self.release()

    app = Rocketry(execution="main", cls_lock=Recorded, cycle_sleep=0.001)
    app.task(every("1 hour"), name="work", func=lambda: events.append("ran"))
    Recorded.busy = True
    app.session.start_thread()
    wait_for(lambda: "refused" in events)
    assert "cls_lock" in app.session["work"].held_by
    Recorded.busy = False
    wait_for(lambda: actions(app, "work") == ["run", "success"])
    assert app.session.stop(wait=5)
    start = events.index("acquired")
    assert events[start : start + 3] == ["acquired", "ran", "released"]


def test_a_stop_right_after_a_restart_wins():
    """Nothing is left running."""
    app = Rocketry(execution="thread", restarting="recall")
    app.session.start_thread()
    app.session.restart()
    assert app.session.stop(wait=5)
    assert app.session.scheduler.state == "stopped"


def test_waiting_for_a_shutdown_does_not_hasten_it():
    """`stop()` after `shut_down()` is no second request."""
    app = Rocketry(execution="thread")
    entered, release = threading.Event(), threading.Event()
    app.task(None, name="slow", func=lambda: (entered.set(), release.wait(30)))
    app.session.start_thread()
    app.session["slow"].run()
    assert entered.wait(10)
    app.session.shut_down()
    assert not app.session.stop(wait=0.05)
    assert app.session["slow"].is_running
    release.set()
    assert app.session.stop(wait=5)
    assert actions(app, "slow") == ["run", "success"]


def test_equal_conditions_on_time_are_kept_once():
    """A thousand tasks of one schedule keep one condition, however each of them wrote it."""
    session = Session()
    first, second = session.condition(daily.at("10:00")), session.condition(daily.at("10:00"))
    assert first is second
    assert session.condition(daily.at("11:00")) is not first
