"""Tests of periods that remember their last window: no answer may depend on what was asked before."""

from __future__ import annotations

import copy
import pickle
import threading
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic.instants import DAY, HOUR, to_instant
from rocket_magic.time import Cron, TimeOfDay, TimeOfHour, TimeOfMonth, TimeOfWeek, TimeOfYear

ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Helsinki", "Australia/Lord_Howe", "Pacific/Apia")]
MAKES = [
    lambda: TimeOfHour.between("15:00", "45:00"),
    lambda: TimeOfDay("22:00", "02:00"),
    TimeOfDay,
    lambda: TimeOfWeek.on("Sun").during(TimeOfDay.between("02:00", "03:30")),
    lambda: TimeOfMonth.on("31st", "last"),
    lambda: TimeOfYear.on("Feb 29"),
    lambda: Cron("30 1,2,3 * * *"),
    lambda: Cron("*/15 * * * *"),
]
_moments = st.one_of(
    st.integers(0, 3 * 366 * DAY).map(lambda span: 1_700_000_000_000_000 + span),
    st.integers(0, 2 * DAY).map(lambda span: 1_774_656_000_000_000 + span),  # the night of 29 March 2026
    st.integers(0, 40).map(lambda number: 1_774_656_000_000_000 + number * HOUR),
)


@given(st.sampled_from(MAKES), st.lists(st.tuples(_moments, st.sampled_from(ZONES)), max_size=12))
@settings(max_examples=150, deadline=None)
def test_answers_do_not_depend_on_earlier_questions(make, questions):
    """A period that was asked much answers as a new one does."""
    asked = make()
    for at, zone in questions:
        for method in ("window", "next_window", "previous_window", "next_change"):
            assert getattr(asked, method)(at, zone) == getattr(make(), method)(at, zone)


def test_what_is_remembered_is_no_part_of_it():
    """Equality, hash, pickles and copies don't see it."""
    asked = TimeOfDay("10:00", "12:00")
    asked.window(1_774_656_000_000_000, ZONES[1])
    fresh = TimeOfDay("10:00", "12:00")
    assert (asked, hash(asked), pickle.dumps(asked)) == (fresh, hash(fresh), pickle.dumps(fresh))
    assert copy.copy(asked) == fresh


def test_threads_with_other_zones_get_their_own_answers():
    """One period, asked by four threads about four zones."""
    period, wrong = TimeOfDay("10:00", "12:00"), []
    at = to_instant(datetime(2026, 5, 1), ZONES[0])

    def ask(zone):
        fresh = TimeOfDay("10:00", "12:00")
        for step in range(2_000):
            moment = at + step * HOUR // 7
            if period.next_change(moment, zone) != fresh.next_change(moment, zone):
                wrong.append((zone, moment))

    threads = [threading.Thread(target=ask, args=(zone,)) for zone in ZONES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
