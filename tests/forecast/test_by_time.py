"""Runs that time alone decides: the short way tells what the scheduler would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic import Rocketry, VirtualClock
from rocket_magic.conditions import BaseCondition
from rocket_magic.conds import (
    after_finish,
    cron,
    daily,
    every,
    false,
    hourly,
    retry,
    time_of_day,
    time_of_week,
    weekly,
)
from rocket_magic.forecast._by_time import Lone, take_lone_tasks

NAMES = ("a", "b", "c", "d", "e")
by_time = st.recursive(
    st.one_of(
        st.builds(lambda n: every(f"{n * 10} min"), st.integers(1, 20)),
        st.builds(
            lambda n, based: every(f"{n} h", based=based),
            st.integers(1, 6),
            st.sampled_from(["finish", "fail"]),
        ),
        st.sampled_from(
            [hourly, daily, weekly, cron("20 */3 * * *"), daily.at("02:30"), hourly.after("30:00")]
        ),
        st.sampled_from([time_of_day.between("02:00", "05:30"), ~time_of_week.on("Sun"), false]),
        st.sampled_from([every("20 min").between("02:00", "05:00"), daily.after("21:00").on("weekdays")]),
    ),
    lambda part: st.one_of(
        st.builds(lambda one, other: one & other, part, part),
        st.builds(lambda one, other: one | other, part, part),
    ),
    max_leaves=3,
)
entangled = st.one_of(st.builds(after_finish, st.sampled_from(NAMES)), st.just(daily | retry(2)))


@dataclass(frozen=True)
class Plan:
    """One task of a random session."""

    condition: BaseCondition
    minutes: int
    fails: Any
    priority: int
    execution: str
    on_overlap: str


plans = st.builds(
    Plan,
    st.one_of(by_time, by_time, entangled),
    st.sampled_from([0, 0, 0, 10, 25, 70]),
    st.sampled_from([False, False, True, 2, (1, 3)]),
    st.sampled_from([0, 0, 5]),
    st.sampled_from(["thread", "thread", "async", "process"]),
    st.sampled_from(["skip", "skip", "queue"]),
)


def told(drawn: list[Plan], where: tuple[str, str], take: Any) -> Any:
    """The forecast of a session; `take` takes lone tasks out of it."""
    start, zone = where
    app = Rocketry(
        time_func=VirtualClock(start, zone),
        timezone=zone,
        timeout="1 hour",
        cycle_sleep=600,
        max_process_count=2,
    )
    tasks = dict(zip(NAMES, drawn, strict=False))
    for name, plan in tasks.items():
        app.task(
            plan.condition, name=name, func=int, priority=plan.priority, execution=plan.execution,
            on_overlap=plan.on_overlap,
        )  # fmt: skip
    durations = {name: f"{plan.minutes} min" for name, plan in tasks.items()}
    fail = {name: plan.fails for name, plan in tasks.items()}
    with mock.patch("rocket_magic.forecast._asking.take_lone_tasks", take):
        return app.forecast("40 hours", durations=durations, fail=fail)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(plans, min_size=1, max_size=5),
    st.sampled_from([("2026-01-01 00:00", "UTC"), ("2026-03-28 20:00", "Europe/Helsinki")]),
)
def test_both_ways_tell_the_same(drawn: list[Plan], where: tuple[str, str]) -> None:
    """The same runs in the same order, whatever else there is, over the night when the clocks change."""
    assert told(drawn, where, take_lone_tasks) == told(drawn, where, lambda *_: [])


def lone_names(*conditions: Any, minutes: int = 0, **options: Any) -> list[str]:
    """The tasks that are worked out apart."""
    app = Rocketry(time_func=VirtualClock("2026-01-01 00:00"), execution="thread", max_process_count=2)
    for name, condition in zip(NAMES, conditions, strict=False):
        app.task(condition, name=name, func=int, **options)
    names: list[str] = []

    def take(*given: Any) -> list[Lone]:
        found = take_lone_tasks(*given)
        names.extend(one.task.name for one in found)
        return found

    with mock.patch("rocket_magic.forecast._asking.take_lone_tasks", take):
        app.forecast("1 day", durations=dict.fromkeys(NAMES[: len(conditions)], minutes * 60))
    return names


def test_who_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the calendar and one's own past; not who waits for others, nor for whom others wait."""
    monkeypatch.setattr("rocket_magic.forecast._model._MOST_REHEARSED", 100)  # one of them starts without end
    assert lone_names(daily, hourly & time_of_day.before("12:00"), every("7 min")) == ["a", "b", "c"]
    assert lone_names(daily, hourly, after_finish("a")) == ["b"]
    assert lone_names(daily | retry(2), lambda: True, cron("5 4 * * *")) == ["c"]
    assert lone_names(time_of_day.before("12:00")) == []
    assert lone_names(daily, execution="main") == ["a"]
    assert lone_names(daily, hourly, execution="main", minutes=5) == []
    at_noon, later = daily.at("12:00"), daily.at("12:05")
    assert lone_names(at_noon, at_noon, at_noon, execution="process", minutes=5) == []
    assert lone_names(at_noon, at_noon, later, execution="process", minutes=5) == ["a", "b", "c"]


def test_too_many_runs_are_left_to_the_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends where the scheduler would have been stopped."""
    monkeypatch.setattr("rocket_magic.forecast._model._MOST_RUNS", 30)
    monkeypatch.setattr("rocket_magic.forecast._model._MOST_REHEARSED", 30)
    app = Rocketry(time_func=VirtualClock("2026-01-01 00:00"), execution="thread")
    app.task(hourly, name="a", func=int)
    app.task(hourly, name="b", func=int)
    foreseen = app.forecast("1 day")
    assert len(foreseen.runs) == 32
    assert f"{foreseen.end:%H:%M}" == "15:00"
    assert foreseen.notes == ("it ends early: more runs than can be told",)
