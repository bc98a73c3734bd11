"""A real session that a test kills: short tasks of every execution on a durable log.

`python child.py URL JOURNAL HOUR` lives until all its tasks have done their work. The journal gets one
line for each thing that happened, written with one system call, so it survives any death.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import timedelta, timezone

from rocket_magic import Rocketry
from rocket_magic.conds import after_success, daily, every, failed, retry, succeeded

URL, JOURNAL, HOUR = sys.argv[1:4]
FATAL_TASK = os.environ.get("CRASH_IN_TASK")
RERUN = os.environ.get("CRASH_RERUN", "yes") == "yes"
SCHEDULER = os.getpid()


def note(*words):
    """Add a line to the journal."""
    descriptor = os.open(JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())
    os.close(descriptor)


def work(span=0.0, fails=False):
    """What every task does: say so, perhaps kill the scheduler, last a while."""
    from rocket_magic.args._run import current_run  # a ContextVar can't travel to a worker

    run = current_run.get()
    note("start", run.run_id, run.task_name, os.getpid())
    if run.task_name == FATAL_TASK:
        os.kill(SCHEDULER, signal.SIGKILL)
        time.sleep(60)  # noqa: TID251  a worker that is deaf to all
    time.sleep(span)  # noqa: TID251  it takes its time
    note("end", run.run_id, run.task_name, os.getpid())
    if fails:
        raise ValueError("no data")


async def work_async():
    """The same on the event loop."""
    work()


def noted(change):
    """Note what the session knows to be safe."""
    if change.kind == "record" and change.record is not None:
        note("ack", change.record.run_id, change.record.action.value)


def session():
    """The session under test."""
    app = Rocketry(logger_repo=URL, timezone=timezone(timedelta(hours=int(HOUR))), rerun_interrupted=RERUN)
    for mode in ("main", "thread", "process"):
        app.task(daily, name=f"daily_{mode}", func=work, execution=mode)
    app.task(daily, name="daily_async", func=work_async, execution="async")
    app.task(daily, name="long", func=work, execution="thread", parameters={"span": 0.3})
    app.task(after_success("long"), name="follower", func=work, execution="thread")
    app.task(daily | retry(3), name="flaky", func=work, execution="thread", parameters={"fails": True})
    app.task(every("40 ms"), name="tick", func=work, execution="thread")
    goals = [f"daily_{mode}" for mode in ("main", "thread", "process", "async")] + ["follower"]

    @app.setup()
    def free_the_barred():
        for task in app.session.tasks:
            if task.barred:
                note("barred", task.name)
                task.run()

    done = succeeded(task="tick") >= 3
    for goal in goals:
        done &= succeeded(task=goal) >= 1
    app.session.config.shut_cond = done & (failed(task="flaky") >= 4)
    app.session.subscribe(noted)
    note("ready", SCHEDULER)
    return app


if __name__ == "__main__":
    session().run()
    note("over", SCHEDULER)
