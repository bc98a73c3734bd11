"""The outputs of the newest runs."""

from __future__ import annotations

from rocket_magic.notebook._outputs import OutputStore


def test_newest_runs_of_a_task_are_kept() -> None:
    """Beyond the bound the oldest goes."""
    store = OutputStore(runs_per_task=2)
    for run in "abc":
        store.open("load", run).write("stdout", run)
    assert ["b", "c"] == store.runs("load")
    newest = store.get("load")
    assert newest is not None
    assert "c" == newest.text()
    assert store.get("load", "a") is None


def test_total_is_bounded() -> None:
    """Many tasks with much output don't fill the memory."""
    store = OutputStore(run_limit=1000, total_limit=5000)
    for number in range(50):
        store.open(f"task {number}", "run").write("stdout", "x" * 1000)
    assert len(store.tasks()) <= 7


def test_number_of_runs_is_bounded() -> None:
    """Runs without output count too."""
    store = OutputStore(most_runs=10)
    for number in range(100):
        store.open(f"task {number}", "run")
    assert 10 == len(store.tasks())


def test_forget_and_rename() -> None:
    """Outputs follow a renamed task and go with a removed one."""
    store = OutputStore()
    store.open("old", "1").write("stdout", "text")
    store.rename("old", "new")
    found = store.get("new", "1")
    assert found is not None
    assert "text" == found.text()
    store.forget("new")
    assert [] == store.tasks()
