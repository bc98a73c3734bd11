"""Zones and instants that the tests of time share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from rocket_magic.instants import DAY, HOUR, MINUTE, SECOND, Instant, to_instant
from rocket_magic.time import (
    Cron,
    StaticInterval,
    TimeOfDay,
    TimeOfHour,
    TimeOfMinute,
    TimeOfMonth,
    TimeOfWeek,
    TimeOfYear,
    TimePeriod,
)

NAMES = (
    "UTC",
    "Europe/Helsinki",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Riga",
    "Europe/Amsterdam",
    "Europe/Moscow",
    "Europe/Volgograd",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Caracas",
    "America/Argentina/San_Luis",
    "America/Noronha",
    "America/Asuncion",
    "America/Phoenix",
    "America/Nuuk",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Asia/Pyongyang",
    "Asia/Almaty",
    "Asia/Tehran",
    "Asia/Amman",
    "Asia/Gaza",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Juba",
    "Africa/Windhoek",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Australia/Eucla",
    "Pacific/Chatham",
    "Pacific/Auckland",
    "Pacific/Norfolk",
    "Pacific/Tongatapu",
)
ZONES = tuple(ZoneInfo(name) for name in NAMES)
DATE_LINE = tuple(
    ZoneInfo(name) for name in ("Pacific/Apia", "Pacific/Fakaofo", "Pacific/Kiritimati", "Pacific/Kwajalein")
)


def at(text: str, zone: str = "UTC") -> Instant:
    """Give the instant of ISO text; without an offset it is meant in `zone`."""
    return to_instant(datetime.fromisoformat(text), ZoneInfo(zone))


def changes(zone: ZoneInfo, first: int = 1993, last: int = 2027) -> list[Instant]:
    """Give the hours (as instants) in which a zone's offset changes, found without the code under test."""
    moment, found = datetime(first, 1, 1, tzinfo=UTC), []
    while moment.year < last:
        later = moment + timedelta(days=5)
        if moment.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            hour = moment
            while hour.astimezone(zone).utcoffset() == moment.astimezone(zone).utcoffset():
                hour += timedelta(hours=1)
            found.append(to_instant(hour, UTC))
        moment = later
    return found


_CHANGES: dict[str, list[Instant]] = {}


@st.composite
def places(draw: st.DrawFn, zones: tuple[ZoneInfo, ...] = ZONES + DATE_LINE) -> tuple[Instant, ZoneInfo]:
    """Draw a zone and an instant, more often than not close to a change of its clocks."""
    zone = draw(st.sampled_from(zones))
    known = _CHANGES.setdefault(zone.key, changes(zone))
    anywhere = st.integers(at("1993-01-01"), at("2040-01-01"))
    centre = draw(st.sampled_from(known) if known and draw(st.integers(0, 3)) else anywhere)
    offset = draw(st.integers(-3 * 24 * 60, 3 * 24 * 60)) * MINUTE
    return centre + offset + draw(st.sampled_from((0, 0, 1, -1, 30 * SECOND, SECOND - 1))), zone


_clock = st.builds(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}", st.integers(0, 24 * 60 - 1))
_night = st.builds(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}", st.integers(0, 4 * 60))
_times = st.one_of(_clock, _night)
_days = st.sampled_from(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
_dated = st.one_of(
    st.integers(1, 31).map(str),
    st.just("last"),
    st.tuples(st.integers(1, 31), _times).map(lambda p: f"{p[0]} {p[1]}"),
)
_months = st.sampled_from(
    ("Jan", "Feb", "Mar", "Oct", "Dec", "Feb 29", "Mar 1", "Feb 28", "Oct 26 02:30", "Dec 31")
)
_seconds = st.integers(0, 59).map(lambda n: f"{n:02d}")


def _or_none(make: Callable[[str], TimePeriod], text: str) -> TimePeriod | None:
    try:
        return make(text)
    except ValueError:  # nothing is before the unit's first instant
        return None


def _parts(kind: type[TimePeriod], value: st.SearchStrategy[str]) -> st.SearchStrategy[TimePeriod]:
    pairs = st.tuples(value, value).filter(lambda pair: pair[0] != pair[1])
    return st.one_of(
        st.just(kind()),
        pairs.map(lambda pair: kind(*pair)),
        st.lists(value, min_size=1, max_size=4).map(lambda values: kind.at(*values)),
        st.lists(value, min_size=1, max_size=3).map(lambda values: kind.starting(*values)),
        value.map(kind.after),
        value.map(lambda text: _or_none(kind.before, text)).filter(bool),
    )


def _hours_of(days: TimePeriod, hours: TimePeriod) -> TimePeriod:
    return days.during(hours)


_some_days = st.one_of(
    st.lists(_days, min_size=1, max_size=3).map(lambda values: TimeOfWeek.on(*values)),
    st.lists(st.sampled_from(["1", "15", "30", "31", "last"]), min_size=1, max_size=3).map(
        lambda values: TimeOfMonth.on(*values)
    ),
    st.lists(st.sampled_from(["Feb 29", "Mar 1", "Oct 26", "Dec 31"]), min_size=1, max_size=2).map(
        lambda values: TimeOfYear.on(*values)
    ),
)
day_parts = st.builds(
    _hours_of, _some_days, _parts(TimeOfDay, _times).filter(lambda part: part.word != "starting")
)
"""Hours of days of longer units."""

calendar_periods = st.one_of(
    day_parts,
    _parts(TimeOfDay, _times),
    _parts(TimeOfWeek, st.one_of(_days, st.tuples(_days, _times).map(" ".join))),
    _parts(TimeOfMonth, _dated),
    _parts(TimeOfYear, _months),
)
running_periods = st.one_of(
    _parts(TimeOfMinute, _seconds), _parts(TimeOfHour, st.tuples(_seconds, _seconds).map(":".join))
)
statics = st.tuples(st.integers(0, 400), st.integers(1, 40)).map(
    lambda pair: StaticInterval(
        datetime(2020, 1, 1) + timedelta(days=pair[0]), datetime(2020, 1, 1) + timedelta(days=sum(pair))
    )
)

_NAMED = {3: ("JAN", "feb", "Mar"), 4: ("SUN", "mon", "Tue", "SAT")}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@st.composite
def _items(draw: st.DrawFn, place: int) -> str:
    low, high = _RANGES[place]
    kind = draw(st.integers(0, 6))
    value = draw(st.integers(low, high))
    if kind == 0 and place in _NAMED:
        return draw(st.sampled_from(_NAMED[place]))
    if kind == 1:
        return f"{value}-{draw(st.integers(value, high))}"
    if kind == 2:
        return f"*/{draw(st.integers(1, high))}"
    if kind == 3:
        return f"{value}/{draw(st.integers(1, high))}"
    if kind == 4:
        return f"{value}-{draw(st.integers(value, high))}/{draw(st.integers(1, 9))}"
    if kind == 5 and place == 2:
        return draw(st.sampled_from(("L", "LW")))
    if kind == 5 and place == 4:
        return draw(st.sampled_from(("5L", "0L", "1#2", "mon#5", "SUN#1")))
    return str(value)


@st.composite
def cron_texts(draw: st.DrawFn) -> str:
    """Draw five fields; some that never fire are among them."""
    fields = []
    for place in range(5):
        star = draw(st.integers(0, 2 if place < 2 else 1)) == 0
        items = st.lists(_items(place), min_size=1, max_size=3).map(",".join)
        fields.append("*" if star else draw(items))
    return " ".join(fields)


def nearby(instant: Instant, span: int = 2 * DAY, step: int = HOUR // 4) -> range:
    """Give instants around one, close together."""
    return range(instant - span, instant + span, step)


def cron_or_none(text: str) -> Cron | None:
    """Give the period of a text, or None when it is refused."""
    try:
        return Cron(text)
    except ValueError:
        return None
