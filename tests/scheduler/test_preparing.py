"""Making runs: each has an id of its own while it is in flight."""

from __future__ import annotations

import logging
import threading

import pytest

from rocket_magic import Rocketry
from tests.waiting import wait_for


@pytest.mark.parametrize("where", ["config", "task"])
def test_an_id_that_is_in_flight_is_not_given_again(where, caplog):
    """Whatever the user's function says: outcomes would be lost, and runs in flight for ever."""

    def same(task, params):
        return "same"

    app = Rocketry(
        execution="thread", multilaunch=True, **({"func_run_id": same} if where == "config" else {})
    )
    gate = threading.Event()
    tasks = [
        app.session.create_task(
            func=gate.wait, name=name, start_cond=None, func_run_id=same if where == "task" else None
        )
        for name in ("first", "second")
    ]
    with caplog.at_level(logging.WARNING, "rocketry.scheduler"):
        app.session.start_thread()
        for task in (*tasks, tasks[0]):
            task.run()
        wait_for(lambda: sum(task.n_alive for task in tasks) == 3)
        gate.set()
        wait_for(lambda: not any(task.is_running for task in tasks))
        tasks[0].run()
        wait_for(lambda: len(app.session.get_task_log(action="success")) == 4)
        app.session.stop()
    ids = [record.run_id for record in app.session.get_task_log(action="success")]
    assert sorted(ids) == ["same", "same", "same-2", "same-3"]
    (said,) = [text for text in caplog.messages if "func_run_id" in text]
    assert said == (
        "func_run_id gave task 'second' the id 'same', which a run in flight has: it is 'same-2'; said once"
    )
