"""Names of tasks and parameters that are odd, long or hostile, through every repository."""

from __future__ import annotations

import uuid

import pytest

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.conds import after_success, daily
from rocket_magic.exc import TaskError
from tests.crash.oracle import violations
from tests.log.stores import make_repo

ODD = [
    "plain", "<b>html</b>", "<script>CANARY=1</script>", "'; DROP TABLE task_log; --", '" OR 1=1', "%", "_",
    "back\\slash", "=cmd|' /C calc'!A0", "{0.__class__}", "%s%n", "../../up", "\u202egnp", "ä€😀", "x" * 1000,
    "None", "a,b", "a -> b", "a & b", "'quoted'", 'both \' and "',
]  # fmt: skip

REFUSED = ["", "   ", "a\nb", "a\r\nSet-Cookie: x", "nul\0", "\ud800", "x" * 100_000, 5, b"bytes", ["a"]]


def unique_id(*_):
    """An id of a run; those of a virtual clock are counted anew in each life."""
    return uuid.uuid4().hex


IN_THE_OBJECT = {"plain", "redbird-memory", "redbird-mongo", "redbird-sql"}
FORGETS = {"memory", "sqlite-memory"}


def test_what_is_accepted_comes_back_equal(kind, tmp_path, request):
    """F25: its runs, its status and its place in a pipeline, now and after a restart."""
    repo = None
    for start in ("2026-01-01", "2026-01-02"):
        if repo is None or kind not in IN_THE_OBJECT:
            repo = make_repo(kind, tmp_path, lambda: request.getfixturevalue("postgres").url)
        app = Rocketry(
            execution="main", time_func=VirtualClock(start), logger_repo=repo, func_run_id=unique_id
        )
        for name in ODD:
            app.task(daily, name=name, func=lambda: None)
        app.task(after_success(ODD[2]), name="next", func=lambda: None)
        app.step(1)
        app.session.stop()
        assert app.session.log.flush()
        rows = app.session.get_task_log()
        n_lives = 2 if start == "2026-01-02" and kind not in FORGETS else 1
        assert violations(rows) == []
        for name in [*ODD, "next"]:
            found = [str(row.action) for row in rows if row.task_name == name]
            assert found == ["run", "success"] * n_lives, name
            assert app.session[name].status == "success"
            assert app.session[name].logger.get_latest(action="run").task_name == name
        app.session.log.close()
    if kind == "redbird-sql":
        repo.session.get_bind().dispose()


@pytest.mark.parametrize("name", REFUSED, ids=lambda name: ascii(name)[:20])
def test_what_no_log_can_keep_is_refused_while_running(name):
    """F25: at registration and at renaming, naming the rule; the others run on."""
    app = Rocketry(execution="main", time_func=VirtualClock("2026-01-01"))
    app.task(daily, name="fine", func=lambda: None)
    app.step(1)
    with pytest.raises(TaskError, match="name"):
        app.task(daily, name=name, func=lambda: None)
    with pytest.raises(TaskError, match="name"):
        app.session["fine"].name = name
    assert [task.name for task in app.session.task_list()] == ["fine"]
    app.step("1 day")
    assert len(app.session.get_task_log(task_name="fine")) == 4
    app.session.stop()


def test_odd_names_of_parameters():
    """F25: any keyword's name is taken; values and error texts with odd characters stay one record."""
    app = Rocketry(execution="main", time_func=VirtualClock("2026-01-01"))
    forged = "x\n2026-01-01 00:00:00 task 'pay' success"

    def fail(**given):
        raise ValueError(given["ключ"])

    app.task(None, name="work", func=fail)
    app.session["work"].run({"ключ": forged})
    app.step(1)
    app.session.stop()
    (run, failed) = app.session.get_task_log()
    assert (run.action, failed.action) == ("run", "fail")
    assert "pay" in failed.exc_text
    assert "\n" not in (failed.message or "")
