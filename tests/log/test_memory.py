"""The log in memory: its index answers as going through all records does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic._protocols import Action
from rocket_magic.log._memory import MemoryLog
from rocket_magic.log._record import Record

ADDED = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(list(Action))), max_size=12)


@settings(max_examples=200)
@given(parts=st.lists(ADDED, max_size=6), capacity=st.integers(1, 15))
def test_newest_records_of_a_task(parts, capacity):
    """By action and in order, whatever was added, pushed out and asked in between."""
    log, written = MemoryLog(capacity), []
    for part in parts:
        for task, action in part:
            written.append(Record(task, action, len(written)))
        log.add_many(written[len(written) - len(part) :])
        for task in "ab":
            expected = {
                record.action: number
                for number, record in list(enumerate(written, 1))[-capacity:]
                if record.task_name == task
            }
            found = [(record.action, record.seq) for record in log.newest_of(task)]
            assert dict(found) == expected
            assert [seq for _, seq in found] == sorted(expected.values())


def test_newest_records_after_some_were_deleted():
    """What is gone is no longer the newest."""
    log = MemoryLog()
    log.add_many([Record("a", action, 0, f"run {n}") for n in (1, 2) for action in (Action.RUN, Action.FAIL)])
    log.filter_by(run_id="run 2").delete()
    assert [(record.action, record.run_id) for record in log.newest_of("a")] == [
        (Action.RUN, "run 1"),
        (Action.FAIL, "run 1"),
    ]
