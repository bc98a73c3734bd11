"""Cron: the shared cases, what is accepted and refused, and an independent implementation beside ours."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zones import DATE_LINE, ZONES, at, cron_texts, places

from rocket_magic.exc import ScheduleError
from rocket_magic.instants import MINUTE, SECOND, Instant, to_datetime, to_instant
from rocket_magic.time import Cron

CASES: list[dict[str, Any]] = [
    row
    for row in json.loads(
        (Path(__file__).parents[1] / "data" / "time_cases.json").read_text(encoding="utf-8")
    )
    if row["kind"] == "cron"
]
FIRING = [row for row in CASES if not row.get("error")]
REFUSED = [row for row in CASES if row.get("error")]


def fires(period: Cron, start: Instant, zone: ZoneInfo, count: int) -> list[Instant]:
    """Give the next fires after an instant."""
    found: list[Instant] = []
    while len(found) < count:
        window = period.next_window(found[-1] if found else start, zone)
        if window is None:
            break
        found.append(window.start)
    return found


def utc(text: str, start: str, count: int, **options: Any) -> list[str]:
    """Give the next fires in UTC as text."""
    found = fires(Cron(text, **options), at(start), ZoneInfo("UTC"), count)
    return [to_datetime(instant).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00") for instant in found]


@pytest.mark.parametrize("row", FIRING, ids=[row["id"] for row in FIRING])
def test_shared_case_fires(row: dict[str, Any]) -> None:
    """A case of the shared table fires at the instants it names (T11: not in the minute of the start)."""
    zone, expected = ZoneInfo(row["tz"]), row["expected"]
    start = to_instant(datetime.fromisoformat(row["start"]), zone)
    found = fires(Cron(row["schedule"]), start, zone, len(expected))
    assert [to_datetime(instant, zone).isoformat() for instant in found] == expected


@pytest.mark.parametrize("row", FIRING, ids=[row["id"] for row in FIRING])
def test_shared_case_fires_backwards(row: dict[str, Any]) -> None:
    """Asked backwards, a case gives the same instants (T8)."""
    zone = ZoneInfo(row["tz"])
    expected = [to_instant(datetime.fromisoformat(text), zone) for text in row["expected"]]
    period, instant, found = Cron(row["schedule"]), expected[-1] + MINUTE, []
    for _ in expected:
        window = period.previous_window(instant, zone)
        assert window is not None
        found.append(window.start)
        instant = window.start
    assert found[::-1] == expected


@pytest.mark.parametrize("row", REFUSED, ids=[row["id"] for row in REFUSED])
def test_shared_case_is_refused(row: dict[str, Any]) -> None:
    """A bad text is refused when the period is made."""
    with pytest.raises(ScheduleError, match="cron"):
        Cron(row["schedule"])


BAD = (
    ("60 * * * *", "'60' is no minute; accepted are 0-59"),
    ("* 24 * * *", "'24' is no hour; accepted are 0-23"),
    ("* * 0 * *", "'0' is no day of month; accepted are 1-31"),
    ("* * 32 * *", "'32' is no day of month"),
    ("* * * 0 *", "'0' is no month; accepted are 1-12 or JAN-DEC"),
    ("* * * 13 *", "'13' is no month"),
    ("* * * * 8", "'8' is no day of week; accepted are 0-7"),
    ("*/0 * * * *", "'\\*/0' is no minute"),
    ("5-1 * * * *", "'5-1' is no minute"),
    ("1-2-3 * * * *", "no minute"),
    ("-1 * * * *", "no minute"),
    ("1_0 * * * *", "no minute"),
    ("¹ * * * *", "no minute"),
    ("١ * * * *", "no minute"),
    ("0x1 * * * *", "no minute"),
    ("1.5 * * * *", "no minute"),
    ("5/ * * * *", "no minute"),
    ("/5 * * * *", "no minute"),
    (",1 * * * *", "no minute"),
    ("1, * * * *", "no minute"),
    ("1,,2 * * * *", "no minute"),
    ("** * * * *", "no minute"),
    ("* ** * * *", "no hour"),
    ("* * * * MON#6", "'MON#6' is no day of week"),
    ("* * * * 1#0", "no day of week"),
    ("* * * * 5L-6", "no day of week"),
    ("* * * * L", "no day of week"),
    ("* * * * MOO", "'MOO' is no day of week"),
    ("* * * * ſun", "no day of week"),
    ("* * * FOO *", "'FOO' is no month"),
    ("* * * * FRI-MON", "no day of week"),
    ("* * L/2 * *", "no day of month"),
    ("* * LW/2 * *", "no day of month"),
    ("* * W * *", "no day of month"),
    ("* * 32W * *", "no day of month"),
    ("* * 0W * *", "no day of month"),
    ("* * 15W/2 * *", "no day of month"),
    ("* * L-3 * *", "no day of month"),
    ("15W * * * *", "no minute"),
    ("@never", "no macro"),
    ("@hourlyy", "did you mean '@hourly'"),
    ("@reboot", "on_startup=True"),
    ("", "has 5 fields .* got 0"),
    ("   ", "got 0"),
    ("* * * *", "got 4"),
    ("* * * * * *", "got 6 .* seconds=True"),
    ("* * * * * * *", "got 7"),
    ("0 0 30 2 *", "never fires"),
    ("0 0 31 4 *", "never fires: no day of month '31' .* month '4'"),
    ("0 0 31 2,4,6,9,11 *", "never fires"),
    ("0 0 31W 2 *", "never fires"),
    ("0 0 */100,30 2 MON#5", "never fires"),
    ("1" * 5_000 + " * * * *", "5008 characters"),
)


@pytest.mark.parametrize(("text", "message"), BAD, ids=[text[:20] for text, _ in BAD])
def test_bad_text_is_refused_with_the_reason(text: str, message: str) -> None:
    """The error names the field, the value and what is accepted."""
    with pytest.raises(ScheduleError, match=message):
        Cron(text)


def test_what_is_no_text_is_refused() -> None:
    """Numbers, None in a keyword, unknown keywords and both forms at once are refused."""
    for wrong in (
        lambda: Cron(5),
        lambda: Cron("* * * * *", hour=1),
        lambda: Cron(hours=1),
        lambda: Cron(second=1),
    ):
        with pytest.raises(ScheduleError):
            wrong()
    with pytest.raises(ScheduleError, match="must be one field"):
        Cron(hour="1 2")


SAME = (
    ("0 0 * * 0", "0 0 * * 7"),
    ("0 0 * * 5-7", "0 0 * * FRI-SUN"),
    ("0 0 * * 3,5", "0 0 * * WED-FRI/2"),
    ("0 0 * * 3,5,7", "0 0 * * WED-SUN/2"),
    ("0 0 * * 5-7", "0 0 * * fri-sun"),
    ("0 0 * * 1-5", "0 0 * * Mon-Fri"),
    ("0 0 * * 2,4,6", "0 0 * * tue,THU,Sat"),
    ("0 0 1 1-3 *", "0 0 1 jan-MAR *"),
    ("5,20,35,50 * * * *", "5/15 * * * *"),
    ("*/15 * * * *", " \t*/15   * *\t* * \n"),
    ("0 0 * * 5L", "0 0 * * FRIL"),
    ("0 0 1 1 *", "@yearly"),
    ("0 0 1 1 *", "@annually"),
    ("0 0 1 * *", "@monthly"),
    ("0 0 * * 0", "@weekly"),
    ("0 0 * * *", "@daily"),
    ("0 0 * * *", "@midnight"),
    ("0 * * * *", "@HOURLY"),
    ("0 0 1-31/2 * *", "0 0 */2 * *"),
    ("0 0 * * 0,2,4,6", "0 0 * * */2"),
)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_fire_alike(one: str, other: str) -> None:
    """Spellings of one schedule fire at the same instants."""
    assert utc(one, "2024-02-20 12:00", 40) == utc(other, "2024-02-20 12:00", 40)


KNOWN = (
    ("1 1 1-7 * */7", "2024-01-01", ["2024-01-07 01:01", "2024-02-04 01:01", "2024-03-03 01:01"]),
    ("0 0 13 * FRI", "2024-01-01", ["2024-01-05 00:00", "2024-01-12 00:00", "2024-01-13 00:00"]),
    ("0 0 15W * *", "2024-05-01", ["2024-05-15 00:00", "2024-06-14 00:00", "2024-07-15 00:00"]),
    (
        "0 0 1W * *",
        "2024-05-02",
        ["2024-06-03 00:00", "2024-07-01 00:00", "2024-08-01 00:00", "2024-09-02 00:00"],
    ),
    (
        "0 0 31W * *",
        "2024-08-01",
        ["2024-08-30 00:00", "2024-10-31 00:00", "2024-12-31 00:00", "2025-01-31 00:00"],
    ),
    ("0 0 1,15W * *", "2024-06-02", ["2024-06-14 00:00", "2024-07-01 00:00", "2024-07-15 00:00"]),
    ("0 0 LW * *", "2024-05-01", ["2024-05-31 00:00", "2024-06-28 00:00", "2024-07-31 00:00"]),
    ("0 0 L * *", "2024-02-01", ["2024-02-29 00:00", "2024-03-31 00:00", "2024-04-30 00:00"]),
    ("0 0 * * 5L", "2024-01-01", ["2024-01-26 00:00", "2024-02-23 00:00", "2024-03-29 00:00"]),
    ("0 0 * * SUNL", "2024-03-01", ["2024-03-31 00:00", "2024-04-28 00:00"]),
    ("0 0 * * MON#5", "2024-01-01", ["2024-01-29 00:00", "2024-04-29 00:00", "2024-07-29 00:00"]),
    ("0 0 29 2 *", "2096-03-01", ["2104-02-29 00:00", "2108-02-29 00:00"]),
    (
        "0 0 31 * *",
        "2024-01-31",
        ["2024-03-31 00:00", "2024-05-31 00:00", "2024-07-31 00:00", "2024-08-31 00:00"],
    ),
    ("59 23 31 12 *", "2024-12-31 23:59", ["2025-12-31 23:59", "2026-12-31 23:59"]),
    ("14 3 19 1 *", "2038-01-01", ["2038-01-19 03:14", "2039-01-19 03:14"]),
)


@pytest.mark.parametrize(("text", "start", "expected"), KNOWN)
def test_known_dates(text: str, start: str, expected: list[str]) -> None:
    """Dates worked out by hand."""
    assert utc(text, start, len(expected)) == expected


def test_seconds_stand_in_front() -> None:
    """With a field for seconds windows are a second long."""
    assert utc("*/20 59 23 * * *", "2024-01-01", 3, seconds=True) == [
        "2024-01-01 23:59",
        "2024-01-01 23:59:20",
        "2024-01-01 23:59:40",
    ]
    window = Cron("15 * * * * *", seconds=True).next_window(at("2024-01-01"), ZoneInfo("UTC"))
    assert window is not None
    assert window.end - window.start == SECOND
    assert Cron("@hourly", seconds=True).next_window(0, ZoneInfo("UTC")) == (3600 * SECOND, 3601 * SECOND)


def test_seconds_do_not_change_the_rule_for_fixed_times() -> None:
    """A fixed time with seconds fires at the end of the gap, and once when repeated (T2, T3)."""
    zone = ZoneInfo("America/New_York")
    gap = fires(Cron("0 30 2 * * *", seconds=True), at("2025-03-08 12:00"), zone, 2)
    assert to_datetime(gap[0], zone).isoformat() == "2025-03-09T03:00:00-04:00"
    fold = fires(Cron("0 30 1 * * *", seconds=True), at("2025-11-01 12:00"), zone, 2)
    assert [to_datetime(instant, zone).isoformat() for instant in fold] == [
        "2025-11-02T01:30:00-04:00",
        "2025-11-03T01:30:00-05:00",
    ]


def test_keywords_make_the_same_period() -> None:
    """Keywords not given are `*`; numbers are fields too."""
    assert Cron() == Cron("* * * * *")
    assert Cron(minute=30, hour="*/2") == Cron("30 */2 * * *")
    assert Cron(day_of_month="L", month="jan", day_of_week="Mon") == Cron("* * L jan Mon")
    assert Cron(second=5, seconds=True) == Cron("5 * * * * *", seconds=True)


def test_text_is_kept_and_names_compare_without_case() -> None:
    """`text` is what was written with single blanks; case makes no difference."""
    period = Cron(" 5  */3 * *  Mon-Fri ")
    assert period.text == "5 */3 * * Mon-Fri"
    assert repr(period) == "Cron('5 */3 * * Mon-Fri')"
    assert repr(Cron("* * * * * *", seconds=True)) == "Cron('* * * * * *', seconds=True)"
    assert period == Cron("5 */3 * * MON-FRI")
    assert hash(period) == hash(Cron("5 */3 * * MON-FRI"))
    assert period != Cron("5 */3 * * MON-SAT")
    assert period != "5 */3 * * Mon-Fri"
    assert Cron("0 0 * * *") != Cron("@daily", seconds=True)


def test_a_minute_is_the_window() -> None:
    """The matching minute is the window, its first instant included and its end not (T7)."""
    period, zone, hour = Cron("0 * * * *"), ZoneInfo("UTC"), at("2025-06-02 10:00")
    assert period.window(hour, zone) == (hour, hour + MINUTE)
    assert period.window(hour + MINUTE - 1, zone) == (hour, hour + MINUTE)
    assert period.window(hour + MINUTE, zone) is None
    assert period.window(hour - 1, zone) is None
    assert period.previous_window(hour + MINUTE, zone) == (hour, hour + MINUTE)
    assert period.next_change(hour, zone) == hour + MINUTE
    assert period.next_change(hour + MINUTE, zone) == hour + 60 * MINUTE


def test_a_day_without_instants_is_left_out() -> None:
    """Nothing is made up for a day that the date line swallowed, in both directions (T6)."""
    zone, period = ZoneInfo("Pacific/Apia"), Cron("0-59 0-23 30 12 *")
    window = period.next_window(at("2011-01-01"), zone)
    assert window is not None
    assert to_datetime(window.start, zone).isoformat() == "2012-12-30T00:00:00+14:00"
    previous = period.previous_window(window.start, zone)
    assert previous is not None
    assert to_datetime(previous.start, zone).isoformat() == "2010-12-30T23:59:00-10:00"


def test_rare_schedules_are_found_fast() -> None:
    """Whatever is accepted is found, forward and back, within 50 ms even with cold tables (T9)."""
    texts = ("0 0 29 2 MON#5", "* * 29 2 MON#5", "*/7 1-5 29 2 */7", "* * 31W 2,5 *,5L", "0 * 29 2 FRI#5")
    for name, text in zip(
        ("Asia/Gaza", "America/Nuuk", "Africa/Cairo", "Asia/Beirut", "Europe/Riga"), texts, strict=True
    ):
        zone, period = ZoneInfo(name), Cron(text)
        for ask in (period.next_window, period.previous_window):
            best = 1.0
            for start in ("2045-01-01", "2072-03-01", "2073-03-01"):
                began = time.thread_time()
                assert ask(at(start), zone) is not None
                best = min(best, time.thread_time() - began)
            assert best < 0.05


ODD = frozenset(
    (
        *("Antarctica/Casey", "America/Caracas", "America/St_Johns", "Asia/Gaza", "Asia/Pyongyang"),
        *("Australia/Lord_Howe", "Pacific/Norfolk"),
    )
)
"""Clocks that jumped by half an hour or past the full hour: there cronsim loses minutes of wildcards."""

oracle = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def fits(text: str, moment: datetime) -> bool:
    """Tell whether a reading of a clock matches, without any zone."""
    wall = moment.replace(tzinfo=None, fold=0)
    return next(CronSim(text, wall - timedelta(minutes=1)), None) == wall


def simulated(text: str, start: datetime, zone: ZoneInfo, count: int, years: int) -> list[Instant]:
    """Give what cronsim fires after a start, bounded by a count and by years."""
    found: list[Instant] = []
    for moment in CronSim(text, start.replace(tzinfo=zone)):
        instant = to_instant(moment, zone)
        if len(found) == count or moment.year > start.year + years:
            break
        local = to_datetime(instant, zone)
        # Where midnight is skipped, cronsim fires `* 0 * * *` at a time that no clock shows (T4).
        imaginary = local.replace(tzinfo=None) != moment.replace(tzinfo=None)
        if imaginary and not fits(text, local):
            continue
        if not found or instant > found[-1]:  # cronsim names the end of a gap once for each fire in it
            found.append(instant)
    return found


def agree(text: str, start: datetime, zone: ZoneInfo, count: int, years: int = 10) -> None:
    """Check ours against cronsim, forward and back."""
    if zone.key in ODD and any(field.startswith("*") for field in text.split()[:2]):
        return
    try:
        expected = simulated(text, start, zone, count, years)
    except CronSimError:
        with pytest.raises(ScheduleError):
            Cron(text)
        return
    if not expected and not any(CronSim(text, datetime(2000, 1, 1))):
        with pytest.raises(ScheduleError, match="never fires"):
            Cron(text)
        return
    period = Cron(text)
    first = to_instant(start.replace(tzinfo=zone), zone)
    found = fires(period, first, zone, len(expected))
    assert [str(to_datetime(instant, zone)) for instant in found] == [
        str(to_datetime(i, zone)) for i in expected
    ]
    back = []
    instant = found[-1] + 1 if found else first
    for _ in found:
        opening = period.opening_until(instant - 1, zone)
        assert opening is not None
        back.append(opening)
        instant = opening
    assert back[::-1] == found


@oracle
@given(cron_texts(), st.sampled_from(ZONES), st.integers(1995, 2030), st.integers(1, 365))
def test_agrees_with_cronsim_for_ten_years(text: str, zone: ZoneInfo, year: int, day: int) -> None:
    """Random expressions fire as cronsim fires them, from any noon on for up to ten years."""
    agree(text, datetime(year, 1, 1, 12) + timedelta(days=day), zone, 150)


@oracle
@given(cron_texts(), places(ZONES))
def test_agrees_with_cronsim_where_clocks_change(text: str, place: tuple[Instant, ZoneInfo]) -> None:
    """The same where clocks change (from the noon before: within a repeat cronsim errs)."""
    instant, zone = place
    noon = to_datetime(instant, zone).replace(tzinfo=None, hour=12, minute=0, second=0, microsecond=0, fold=0)
    agree(text, noon - timedelta(days=2), zone, 250, 1)


@settings(parent=oracle, max_examples=15)
@given(cron_texts(), st.sampled_from(DATE_LINE), st.integers(1996, 2010))
def test_agrees_with_cronsim_where_the_date_line_moved(text: str, zone: ZoneInfo, year: int) -> None:
    """Zones whose date once jumped follow cronsim in the years without the jump."""
    agree(text, datetime(year, 1, 1, 12), zone, 60, 1)


@settings(parent=oracle, max_examples=20)
@given(cron_texts(), places(ZONES))
def test_wildcards_follow_the_running_clock(text: str, place: tuple[Instant, ZoneInfo]) -> None:
    """With `*` in front, exactly the minutes fire whose reading fits, whatever the clock does (T4)."""
    text = f"* {text.split(maxsplit=1)[1]}"
    try:
        CronSim(text, datetime(2000, 1, 1))
        period = Cron(text)
    except (CronSimError, ScheduleError):
        return
    instant, zone = place
    first = instant - instant % MINUTE - 24 * 60 * MINUTE
    minutes = range(first + MINUTE, first + 48 * 60 * MINUTE, MINUTE)
    expected = [minute for minute in minutes if fits(text, to_datetime(minute, zone))]
    assert fires(period, first, zone, len(expected)) == expected
