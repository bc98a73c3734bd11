"""Floor 1: periods and their windows; the only place that knows the calendar, changes of clocks and cron.

    _window.py    Window (instants), Interval (datetimes)
    _base.py      TimePeriod: what every period answers
    _timeof.py    TimeOfSecond … TimeOfYear, made of _points.py, _clock_points.py and _dated_points.py (what
                  users write), _calendar.py (units), _parts.py and _plans.py (when parts open and close,
                  changes of clocks included)
    _cron.py      Cron, read by _cron_text.py
    _compose.py   All (`&`), Any (`|`), always, never
    _static.py    StaticInterval; TimeDelta, TimeSpanDelta, RelativeDay, seen from the moment of asking
    _offsets.py   what the clocks of a zone show, as integer tables
    _duration.py, _zones.py   values at the edge

Everything here is immutable and pure (tables are cached); it may be used from any thread.
"""

from __future__ import annotations

from rocket_magic.time._base import TimePeriod
from rocket_magic.time._compose import AllPeriods as All
from rocket_magic.time._compose import AnyPeriod as Any
from rocket_magic.time._compose import always, never
from rocket_magic.time._cron import Cron
from rocket_magic.time._duration import format_duration, parse_duration
from rocket_magic.time._static import RelativeDay, StaticInterval, TimeDelta, TimeSpanDelta
from rocket_magic.time._timeof import (
    TimeOfDay,
    TimeOfHour,
    TimeOfMinute,
    TimeOfMonth,
    TimeOfSecond,
    TimeOfWeek,
    TimeOfYear,
)
from rocket_magic.time._window import Interval, Window
from rocket_magic.time._zones import as_zone

__all__ = [
    "All",
    "Any",
    "Cron",
    "Interval",
    "RelativeDay",
    "StaticInterval",
    "TimeDelta",
    "TimeOfDay",
    "TimeOfHour",
    "TimeOfMinute",
    "TimeOfMonth",
    "TimeOfSecond",
    "TimeOfWeek",
    "TimeOfYear",
    "TimePeriod",
    "TimeSpanDelta",
    "Window",
    "always",
    "as_zone",
    "format_duration",
    "never",
    "parse_duration",
]
