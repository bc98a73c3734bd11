"""All tasks at hand, filtered and sorted."""

from __future__ import annotations

from rocket_magic.instants import SECOND
from rocket_magic.notebook.dashboard._index import Choice, TaskIndex
from tests.dashboard.fakes import FakeRun, FakeTask


def index_of(*tasks: FakeTask) -> TaskIndex:
    """An index that holds these."""
    index = TaskIndex()
    index.replace(tasks)
    return index


def test_tasks_come_as_defined_or_sorted() -> None:
    """The order of definition is the default; None comes last in an ascending order of next runs."""
    index = index_of(FakeTask("b", next_at=5.0), FakeTask("a"), FakeTask("C", next_at=1.0, schedule="hourly"))
    assert index.select(Choice(), 0) == ("b", "a", "C")
    assert index.select(Choice(descending=True), 0) == ("C", "a", "b")
    assert index.select(Choice(sort="name"), 0) == ("a", "b", "C")
    assert index.select(Choice(sort="next"), 0) == ("C", "b", "a")
    assert index.select(Choice(sort="schedule", descending=True), 0) == ("C", "b", "a")


def test_the_filter_looks_at_name_description_and_schedule() -> None:
    """All words must occur, wherever, in any case."""
    index = index_of(FakeTask("load", "Files of the day"), FakeTask("mail", schedule="daily"))
    assert index.select(Choice(query="DAY"), 0) == ("load",)
    assert index.select(Choice(query="dai"), 0) == ("mail",)
    assert index.select(Choice(query="files lo"), 0) == ("load",)


def test_counts_follow_updates() -> None:
    """Each change moves its task from one standing to another."""
    index = index_of(FakeTask("a"), FakeTask("b", status="fail"))
    assert index.counts() == {"all": 2, "running": 0, "failing": 1, "disabled": 0}
    index.update("a", FakeTask("a", running=(FakeRun("1", "run"),)))
    index.update("b", FakeTask("b", disabled=True))
    assert index.counts() == {"all": 2, "running": 1, "failing": 0, "disabled": 1}
    index.update("a", None)
    index.update("never there", None)
    assert index.counts() == {"all": 1, "running": 0, "failing": 0, "disabled": 1}
    assert index.select(Choice(), 0) == ("b",)


def test_a_passing_order_is_kept_for_a_while() -> None:
    """Rows don't jump about at every run; new names show at once."""
    index = index_of(FakeTask("a", next_at=1.0), FakeTask("b", next_at=2.0))
    choice = Choice(sort="next")
    assert index.select(choice, 0) == ("a", "b")
    index.update("a", FakeTask("a", next_at=9.0))
    assert index.select(choice, SECOND) == ("a", "b")
    assert index.select(choice, 3 * SECOND) == ("b", "a")
    index.update("c", FakeTask("c", next_at=0.0))
    assert index.select(choice, 3 * SECOND) == ("c", "b", "a")
