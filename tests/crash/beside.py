"""A real session beside another one on the same log: `python beside.py URL JOURNAL SCENE SECONDS`.

It waits for a line on its standard input, runs for so many seconds, and ends. The journal gets a line for
each execution.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from rocket_magic import Rocketry
from rocket_magic.conds import after_success, daily, every, scheduler_running

URL, JOURNAL, SCENE, SECONDS = sys.argv[1:5]


def note(*words):
    """Add a line to the journal."""
    descriptor = os.open(JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())
    os.close(descriptor)


def work(name, span=0.0):
    """What every task does: say so, last a while."""
    note(name, os.getpid())
    time.sleep(span)  # noqa: TID251  it takes its time


def first_long():
    """Hangs the first time that anybody executes it."""
    first = not Path(JOURNAL).exists()
    work("long", 60 if first else 0.1)


def session():
    """The tasks of a scene."""
    app = Rocketry(logger_repo=URL, execution="thread", silence_task_logging=True)
    if SCENE == "daily":
        for n in range(10):
            app.task(
                daily, name=f"daily {n}", func=work, parameters={"name": f"daily-{n}", "span": 0.2 * (n % 3)}
            )
    if SCENE == "often":
        app.task(every("100 ms"), name="often", func=work, parameters={"name": "often", "span": 0.05})
        app.task(after_success("often"), name="follower", func=work, parameters={"name": "follower"})
    if SCENE == "long":
        app.task(daily, name="long", func=first_long, execution="main")
    if SCENE == "startup":
        app.task(name="init", on_startup=True, func=work, parameters={"name": "init", "span": 0.3})
    if SCENE == "listen":
        app.session.config.force_status_from_logs = True
        app.task(name="load", func=work, parameters={"name": "load"})  # made elsewhere
        app.task(after_success("load"), name="report", func=work, parameters={"name": "report"})
    app.session.config.shut_cond = scheduler_running(more_than=f"{SECONDS} seconds")
    return app


if __name__ == "__main__":
    app = session()
    print("ready", flush=True)
    sys.stdin.readline()
    app.run()
    app.session.log.close()
