"""Runs drawn on an axis of time."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from rocket_magic import Rocketry
from rocket_magic._timeline import COLOURS, MOST_BARS, MOST_LANES, Bar, picture, ticks
from rocket_magic.clock import VirtualClock
from rocket_magic.forecast import forecast
from rocket_magic.instants import DAY, HOUR, MINUTE, SECOND

HELSINKI = ZoneInfo("Europe/Helsinki")
SVG = "{http://www.w3.org/2000/svg}"


def at(text: str, zone: str = "Europe/Helsinki") -> int:
    """An instant from local time."""
    return VirtualClock(text, tz=zone).now()


def drawn(html: str) -> ET.Element:
    """The picture as a tree: it must be well-formed."""
    return ET.fromstring(html[: html.index("</svg>") + 6])


def test_marks_stand_at_round_local_times() -> None:
    """Six hours get marks at each hour, in the zone's own time."""
    marks = ticks(at("2026-01-01 10:20"), at("2026-01-01 16:20"), HELSINKI)
    assert [mark.label for mark in marks] == ["11:00", "12:00", "13:00", "14:00", "15:00", "16:00"]


def test_a_missing_hour_has_no_mark_and_a_double_one_has_two() -> None:
    """Where the clocks change, the offset is told."""
    spring = ticks(at("2026-03-29 00:30"), at("2026-03-29 06:30"), HELSINKI)
    assert [mark.label for mark in spring] == ["01:00", "02:00", "04:00 (+0300)", "05:00", "06:00"]
    autumn = ticks(at("2026-10-25 01:30"), at("2026-10-25 06:30"), HELSINKI)
    assert [mark.label for mark in autumn] == ["02:00", "03:00", "03:00 (+0200)", "04:00", "05:00", "06:00"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Helsinki", "Asia/Kathmandu", "America/Sao_Paulo"])
@pytest.mark.parametrize(
    "span", [10 * SECOND, MINUTE, 17 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 90 * DAY, 366 * DAY]
)
def test_any_span_has_a_few_marks_inside_it(zone: str, span: int) -> None:
    """From seconds to a year: in order, inside, and no more than there is room for."""
    start = at("2026-03-28 22:00", zone)
    marks = ticks(start, start + span, ZoneInfo(zone))
    moments = [mark.at for mark in marks]
    assert 2 <= len(marks) <= 10
    assert moments == sorted(set(moments))
    assert start <= moments[0] <= moments[-1] <= start + span


def test_days_are_marked_at_local_midnight() -> None:
    """Also across a change of the clocks."""
    marks = ticks(at("2026-03-27 12:00"), at("2026-04-02 12:00"), HELSINKI)
    assert [mark.label for mark in marks][:4] == [
        "Sat 28 Mar", "Sun 29 Mar", "Mon 30 Mar (+0300)", "Tue 31 Mar",
    ]  # fmt: skip
    assert all(mark.is_day for mark in marks)


def test_bars_are_coloured_by_outcome_and_say_what_they_are() -> None:
    """A bar's tooltip names task, outcome and local times with their offset."""
    start = at("2026-01-01 10:00")
    html = picture(
        [
            Bar("load", start, start + HOUR, "success", "daily"),
            Bar("load", start + 2 * HOUR, None, "run"),
        ],
        start,
        start + 6 * HOUR,
        HELSINKI,
    )
    bars = drawn(html).findall(f"{SVG}rect")
    assert [bar.get("fill") for bar in bars] == [COLOURS["success"], COLOURS["run"]]
    assert bars[0][0].text == "load: success, 2026-01-01 10:00:00 to 11:00:00 (+0200); daily"
    assert bars[1][0].text == "load: run, 2026-01-01 12:00:00 (+0200)"


def test_text_of_others_stays_text() -> None:
    """Names and reasons are escaped, and signs that XML forbids are replaced."""
    evil = "<script>alert(1)</script>\"'&\x00\u202e"
    html = picture([Bar(evil, 0, HOUR, evil, evil)], 0, DAY, UTC, lanes=[evil], title=evil.strip("\x00"))
    assert "<script" not in html
    assert "\x00" not in html
    drawn(html)


def test_much_is_bounded_and_told() -> None:
    """Two hundred lanes, two thousand bars with all rare failures among them, and a note of the rest."""
    bars = [
        Bar(f"t{n % 300}", n * SECOND, n * SECOND, "fail" if n == 777 else "success") for n in range(9000)
    ]
    html = picture(bars, 0, 9000 * SECOND, UTC)
    tree = drawn(html)
    fills = [bar.get("fill") for bar in tree.findall(f"{SVG}rect")]
    assert len(fills) == MOST_BARS
    assert fills.count(COLOURS["fail"]) == 1
    assert (
        len({text.text for text in tree.findall(f"{SVG}text") if (text.text or "")[0] == "t"}) == MOST_LANES
    )
    assert "Not drawn: 100 tasks and 7,000 runs." in html
    assert len(html) < 700_000


def test_a_rare_task_is_drawn_beside_a_busy_one() -> None:
    """Its few runs are all there, however many the other has."""
    bars = [Bar("busy", n * SECOND, n * SECOND, "success") for n in range(30_000)]
    bars[9_000:9_000] = [Bar("rare", n * HOUR, n * HOUR, "run") for n in range(3)]
    fills = [bar.get("fill") for bar in drawn(picture(bars, 0, DAY, UTC)).findall(f"{SVG}rect")]
    assert (len(fills), fills.count(COLOURS["run"])) == (MOST_BARS, 3)


def test_an_empty_axis_can_be_drawn() -> None:
    """No runs, no lanes: still a picture."""
    drawn(picture([], 0, DAY, UTC))


def test_a_forecast_shows_totals_and_picture(app: Rocketry) -> None:
    """The HTML of a forecast: runs per task, busiest minute, longest wait, tasks that never run."""

    @app.task("every 1 hour")
    def hourly() -> None:
        """Do nothing."""

    @app.task()
    def by_hand() -> None:
        """Do nothing."""

    html = forecast(app.session, "1 day")._repr_html_()
    assert "hourly (2" in html
    for word in ("Busiest minute", "Longest wait", "Never run", "by_hand", "<svg"):
        assert word in html
    assert forecast(app.session, "1 day")._repr_html_() == html
