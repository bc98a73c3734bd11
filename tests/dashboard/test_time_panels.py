"""The panels of the timeline and the clock."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest

from rocket_magic import Rocketry
from rocket_magic.instants import SECOND
from rocket_magic.notebook.dashboard._index import TaskIndex
from rocket_magic.notebook.dashboard._messages import Refused, Show, read
from rocket_magic.notebook.dashboard._panels import Changes, World
from rocket_magic.notebook.dashboard._session_source import SessionSource
from rocket_magic.notebook.dashboard._shares import fair_shares, named
from rocket_magic.notebook.dashboard._source import ForecastView, LogRow
from rocket_magic.notebook.dashboard._timeline_panel import TimelinePanel
from tests.dashboard.fakes import FakeRun, FakeSource, FakeTask
from tests.dashboard.test_publisher import Desk


def look(panel: TimelinePanel, source: FakeSource, now: int = SECOND, **fields: Any) -> dict[str, Any] | None:
    """One look of the panel, after the forecast under way."""
    index = TaskIndex()
    index.replace(source.tasks())
    show = Show(type="show", view="v", tab="timeline", **fields)
    world = World(source, index, now)
    panel.look(show, world)
    panel.forecasts.background.join(20)
    panel._last = None
    return panel.look(show, world)


def source_of_two() -> FakeSource:
    """A task with a past, one with a run in flight, both with a future."""
    source = FakeSource(
        known={"a": FakeTask("a"), "b": FakeTask("b", running=(FakeRun("r", "run", 990.0, None),))}
    )
    source.current = dataclasses.replace(source.current, now=10_000.0)
    source.records = [LogRow("a", "fail", 9_500.0, "1", 9_400.0, 9_500.0, "boom")]
    source.future = [LogRow("a", "success", 10_500.0, "", 10_500.0, 10_600.0, "every 1 h")]
    return source


def test_past_and_future_on_one_axis() -> None:
    """Bars are [start, end, action, note, planned]; a run in flight has no end."""
    part = look(TimelinePanel(), source_of_two(), timeline_span=3600)
    assert part is not None
    assert (part["start"], part["at"], part["end"]) == (8_200.0, 10_000.0, 11_800.0)
    first, second = part["lanes"]
    planned = [10_500.0, 10_600.0, "success", "every 1 h", 1]
    assert first == {"name": "a", "bars": [[9_400.0, 9_500.0, "fail", "boom", 0], planned]}
    assert second == {"name": "b", "bars": [[990.0, None, "run", "", 0]]}
    assert all(part["start"] <= tick[0] <= part["end"] for tick in part["ticks"])


def test_the_past_alone_asks_for_no_forecast() -> None:
    """A window that ends before now is the log's alone."""
    source = source_of_two()
    source.forecast = lambda span: pytest.fail(f"asked for {span}")
    part = look(TimelinePanel(), source, timeline_span=600, timeline_shift=-5000)
    assert part is not None
    assert part["end"] < part["at"]


def test_a_forecast_that_fails_is_told_and_the_past_stays() -> None:
    """The note names the error."""
    source = source_of_two()

    def fail(span: float) -> ForecastView:
        msg = f"no {span:.0f}"
        raise ValueError(msg)

    source.forecast = fail
    part = look(TimelinePanel(), source, timeline_span=3600)
    assert part is not None
    assert part["notes"] == ["No forecast: ValueError: no 1800"]
    assert part["lanes"][0]["bars"]


def test_forecasts_are_seldom() -> None:
    """However often something changes: not again within three seconds, and at once for another window."""
    source = source_of_two()
    asked: list[float] = []
    give = source.forecast

    def count(span: float) -> ForecastView:
        asked.append(span)
        return give(span)

    source.forecast = count
    panel = TimelinePanel()
    show = Show(type="show", view="v", tab="timeline")
    for n in range(20):
        panel.is_touched(show, Changes(records=True))
        look(panel, source, now=SECOND + n * SECOND // 10)
    assert len(asked) == 1
    look(panel, source, now=5 * SECOND)
    assert len(asked) == 2
    look(panel, source, now=5 * SECOND, timeline_span=86400)
    assert len(asked) == 3


def test_much_is_bounded_and_told() -> None:
    """Lanes, past and planned runs have their bounds."""
    source = FakeSource(known={f"t{n}": FakeTask(f"t{n}") for n in range(500)})
    source.current = dataclasses.replace(source.current, now=10_000.0)
    source.records = [
        LogRow(f"t{n % 500}", "success", 9_000.0 + n / 10, f"{n}", 9_000.0, 9_001.0) for n in range(5000)
    ]
    source.future = [LogRow("t1", "success", 10_001.0, "", 10_001.0, 10_002.0)] * 5000
    part = look(TimelinePanel(), source, timeline_span=7200)
    assert part is not None
    assert len(part["lanes"]) == 200
    assert sum(len(lane["bars"]) for lane in part["lanes"]) <= 2000
    assert part["notes"] == [
        "300 more tasks are not drawn.",
        "Only the newest past runs are drawn: zoom in to see the others.",
        "4,000 later runs of the forecast are not drawn, of 't1'.",
    ]


def test_the_clock_tells_where_it_stands_and_what_was_done() -> None:
    """The panel follows the journey."""
    desk = Desk(source_of_two())
    desk.show(tab="clock")
    part = desk.part("clock")
    assert (part["clock"], part["offset"], part["steps"], part["moment"]) == ("real", "+0000", [], None)
    desk.source.go_virtual("", "")
    desk.source.step("span", "1 hour")
    part = desk.part("clock", span=SECOND)
    assert part["clock"] == "virtual"
    assert part["steps"][0]["label"] == "1 hour"
    desk.source.travelled = dataclasses.replace(desk.source.travelled, doing="Stepping", progress=0.5)
    part = desk.part("clock", span=2 * SECOND)
    assert (part["progress"], "steps" in part) == (0.5, False)


def test_a_change_of_state_alone_is_sent() -> None:
    """Lost records and silenced errors reach the page by the change "state"."""
    desk = Desk(source_of_two())
    desk.show()
    desk.step()
    desk.source.current = dataclasses.replace(desk.source.current, lost_records=3, silenced_errors=2)
    desk.source.tell("state")
    (message,) = desk.step()
    assert (message["state"]["lost"], message["state"]["silenced"]) == (3, 2)


@pytest.mark.parametrize(
    "content",
    [
        {"type": "step", "view": "v", "how": "back"},
        {"type": "step", "view": "v", "how": "span", "text": "x" * 300},
        {"type": "virtual", "view": "v", "start": 3},
        {"type": "virtual", "view": "v", "tz": "UTC"},
        {"type": "real", "view": "v", "now": True},
        {"type": "show", "view": "v", "timeline_span": 5},
        {"type": "show", "view": "v", "timeline_span": 1e5},
        {"type": "show", "view": "v", "timeline_shift": 10**12},
    ],
)
def test_wrong_messages_are_refused(content: Any) -> None:
    """The new messages have exact types and bounds too."""
    with pytest.raises(Refused):
        read(content)


def test_a_real_session_has_past_and_forecast(app: Rocketry) -> None:
    """The log's runs that overlap the span, newest first; the next runs, cut where there are too many."""
    app.task("every 10 minutes", name="works")(lambda: None)
    app.session.step("2 hours")
    source = SessionSource(app.session, lambda *_: [])
    now = app.session.clock()
    rows, more = source.past(now - 3600, now, 100)
    assert (len(rows), more) == (7, False)
    assert rows[0].at > rows[-1].at
    assert source.past(now - 3600, now, 3)[1]
    assert {row.task for row in rows} == {"works"}
    future = source.forecast(86400.0)
    assert future.end - future.start == 86400
    assert 140 <= len(future.runs) <= 146
    app.task("every 1 second", name="often")(lambda: None)
    future = source.forecast(30 * 86400.0)
    assert future.end < future.asked_end
    assert len(future.runs) < 20_000


def test_a_busy_task_leaves_room_for_the_rare(app: Rocketry) -> None:
    """In the past and in the forecast each task has its share; whose runs are cut is told."""
    app.task("every 1 second", name="busy")(lambda: None)
    app.task("every 20 minutes", name="rare")(lambda: None)
    app.session.step("1 hour")
    source = SessionSource(app.session, lambda *_: [])
    now = app.session.clock()
    rows, more = source.past(now - 3600, now, 100)
    assert more
    assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)
    kept, cut = fair_shares(rows, 100)
    assert Counter(row.task for row in kept) == {"busy": 96, "rare": 4}
    assert named(cut) == "'busy'"
    planned = [LogRow("busy", "success", float(n)) for n in range(5)] + [LogRow("rare", "success", 9.0)]
    kept, cut = fair_shares(planned, 3)
    assert [row.at for row in kept] == [0.0, 1.0, 9.0]
    assert cut == {"busy": 3}


def test_what_is_cut_is_named() -> None:
    """Three names at most, those with the most runs first."""
    assert named(Counter(a=1, b=5, c=2, d=3, e=1)) == "'b', 'd', 'c' and 2 more tasks"
    assert fair_shares([], 5) == ([], Counter())
    assert fair_shares([LogRow(f"{n}", "run", 0.0) for n in range(5)], 2)[1].total() == 3
