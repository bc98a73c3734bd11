"""The index answers as a walk over all records would."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic._protocols import Action
from rocket_magic.instants import NEVER, POLL, SECOND
from rocket_magic.log import SCHEDULER_DIED, MemoryHistory, Record
from rocket_magic.log import _history as module

TASKS = ("a", "b")
ACTIONS = list(Action)
some_actions = st.frozensets(st.sampled_from(ACTIONS), min_size=1)
times = st.integers(0, 50)


@st.composite
def records(draw: Any) -> list[Record]:
    """Records whose clock mostly moves on, stands still at times, and steps back at times."""
    made, at = [], 10
    for seq in range(1, draw(st.integers(0, 60)) + 1):
        at = max(at + draw(st.sampled_from([0, 0, 1, 1, 2, 5, -4])), 0)
        action = draw(st.sampled_from(ACTIONS))
        died = action is Action.CRASH and draw(st.booleans())
        made.append(
            Record(
                draw(st.sampled_from(TASKS)), action, at, f"r{seq}", seq,
                attempt=draw(st.integers(0, 2)), reason=SCHEDULER_DIED if died else "other",
            )
        )  # fmt: skip
    return made


class Model:
    """The same answers by walking the records."""

    def __init__(self, log: list[Record]) -> None:
        self.log = log

    def of(self, task: str, actions: frozenset[Action]) -> list[Record]:
        """Records that count for periods."""
        return [
            one
            for one in self.log
            if one.task_name == task and one.action in actions and one.reason != SCHEDULER_DIED
        ]

    def count(self, task: str, actions: frozenset[Action], start: int, end: int) -> int:
        """How many in [start, end)."""
        return sum(start <= one.at < end for one in self.of(task, actions))

    def nth(self, task: str, actions: frozenset[Action], n: int) -> int | None:
        """The n-th newest by time."""
        ordered = sorted((one.at for one in self.of(task, actions)), reverse=True)
        return ordered[n - 1] if n <= len(ordered) else None


class ModelPast:
    """A repository's past over records, for an index that has read only the newest of each kind."""

    def __init__(self, log: list[Record]) -> None:
        self.model = Model(log)

    def instants(self, task: str, action: Action, start: int, end: int, limit: int) -> list[int]:
        """Ascending, the newest `limit`."""
        found = sorted(one.at for one in self.model.of(task, frozenset({action})) if start <= one.at < end)
        return found[-limit:]

    def count(self, task: str, action: Action, start: int, end: int) -> int:
        """How many."""
        return self.model.count(task, frozenset({action}), start, end)

    def newest(self, task: str) -> list[Record]:
        """The newest of each action by time, as an index look-up gives it."""
        newest: dict[Action, Record] = {}
        for one in self.model.log:
            kept = newest.get(one.action)
            if one.task_name == task and (kept is None or one.at >= kept.at):
                newest[one.action] = one
        return sorted(newest.values(), key=lambda one: one.seq)


def check(
    history: MemoryHistory, log: list[Record], task: str, actions: frozenset[Action], data: Any
) -> None:
    """Ask everything and compare."""
    model = Model(log)
    start, end = data.draw(times), data.draw(times)
    assert history.count(task, actions, start, end) == model.count(task, actions, start, end)
    assert history.happened(task, actions, start, end) == (model.count(task, actions, start, end) > 0)
    n = data.draw(st.integers(1, 90))
    assert history.nth_newest(task, actions, n) == model.nth(task, actions, n)


@given(log=records(), task=st.sampled_from(TASKS), actions=some_actions, data=st.data())
@settings(max_examples=150, deadline=None)
def test_index_equals_a_walk(log: list[Record], task: str, actions: frozenset[Action], data: Any) -> None:
    """Every answer equals the brute-force one, steps of the clock and equal instants included."""
    history = MemoryHistory()
    history.add(log)
    own = [one for one in log if one.task_name == task]
    assert history.status(task) == (own[-1].action if own else None)
    runs = [one for one in own if one.action is Action.RUN]
    assert history.attempt(task) == (runs[-1].attempt if runs else 0)
    chosen = [one for one in own if one.action in actions]
    mark = history.last(task, actions)
    assert (None if mark is None else mark.seq) == (chosen[-1].seq if chosen else None)
    check(history, log, task, actions, data)


@given(log=records(), split=st.integers(0, 60), actions=some_actions, data=st.data())
@settings(max_examples=150, deadline=None)
def test_index_over_a_repository_equals_a_walk(
    log: list[Record], split: int, actions: frozenset[Action], data: Any
) -> None:
    """The same when the older records are in a repository that is asked only when needed."""
    for i, one in enumerate(log[1:], start=1):
        one.at = max(one.at, log[i - 1].at)  # what a repository gives as newest is newest by time
    past = ModelPast(log)  # whatever is added later is in the repository too
    history = MemoryHistory()
    history.restore(ModelPast(log[:split]).newest("a"), {}, past)
    if data.draw(st.booleans()):
        history.restore([], {}, ModelPast(log[:split]))  # nothing read at opening: asked for at need
        history.status("a")
        history._past = past
    history.add(log[split:])
    for _ in range(3):
        check(history, log, "a", actions, data)


@given(log=records(), actions=some_actions, data=st.data())
@settings(max_examples=100, deadline=None)
def test_folded_instants_keep_whole_counts(log: list[Record], actions: frozenset[Action], data: Any) -> None:
    """However small the index, it counts everything, and never denies what happened."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BOUND", 8)
        patch.setattr(module, "_MOST_BUCKETS", 3)
        history = MemoryHistory()
        history.add(log)
        model = Model(log)
        assert history.count("a", actions, POLL, NEVER) == model.count("a", actions, POLL, NEVER)
        start, end = data.draw(times), data.draw(times)
        if model.count("a", actions, start, end):
            assert history.happened("a", actions, start, end)
        newest = model.nth("a", actions, 1)
        assert history.nth_newest("a", actions, 1) == newest


def test_memory_is_bounded() -> None:
    """A task that runs for ever doesn't make the index grow."""
    history = MemoryHistory()
    done = frozenset({Action.SUCCESS})
    for start in range(0, 100_000, 10_000):
        history.add([Record("a", Action.SUCCESS, n * SECOND, "r", n) for n in range(start, start + 10_000)])
    series = history._tasks["a"].series[Action.SUCCESS]
    assert len(series.instants) <= module._BOUND
    assert len(series.buckets) <= module._MOST_BUCKETS
    assert history.count("a", done, POLL, NEVER) == 100_000
    assert history.count("a", done, 20_000 * SECOND, 60_000 * SECOND) == pytest.approx(40_000, rel=0.05)
    assert history.nth_newest("a", done, 60_000) == pytest.approx(40_000 * SECOND, rel=0.05)


def test_loading_many_at_once_folds_too() -> None:
    """What a one-pass repository hands over is folded as if it had come one by one."""
    history = MemoryHistory()
    newest = [Record("a", Action.SUCCESS, 99_999, "r")]
    history.restore(newest, {("a", Action.SUCCESS): range(100_000)}, None)
    assert history.count("a", frozenset({Action.SUCCESS}), POLL, NEVER) == 100_000
    assert len(history._tasks["a"].series[Action.SUCCESS].instants) <= module._BOUND


def test_renamed_tasks_keep_their_history() -> None:
    """A new name, the same past."""
    history = MemoryHistory()
    history.add([Record("old", Action.SUCCESS, 5, "r", 1)])
    history.rename("old", "new")
    assert history.status("new") is Action.SUCCESS
    assert history.status("old") is None


def test_elapsed_travels_with_the_mark() -> None:
    """`every` measures on the clock that no step touches, as long as the process lives."""
    history = MemoryHistory()
    history.add([Record("a", Action.RUN, 5, "r", 1, elapsed=77)])
    mark = history.last("a", frozenset({Action.RUN}))
    assert mark is not None
    assert mark.elapsed == 77
