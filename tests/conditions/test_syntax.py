"""Tests of the phrase language: round trips, its own spellings, its errors, completion."""

from __future__ import annotations

import copy
import pickle
import re
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rocket_magic import conds
from rocket_magic.conditions import (
    All,
    Any,
    CustomPhrase,
    FuncCond,
    IsPeriod,
    Not,
    ParamExists,
    TaskExecutable,
    TaskRunnable,
    TaskSucceeded,
    as_condition,
    parse_condition,
    phrase_completions,
)
from rocket_magic.conditions._syntax_help import EXAMPLES
from rocket_magic.conds import (
    after_any_fail,
    after_success,
    cron,
    daily,
    every,
    failed,
    false,
    hourly,
    monthly,
    retry,
    running,
    scheduler_cycles,
    scheduler_running,
    succeeded,
    terminated,
    time_of_day,
    true,
    weekly,
)
from rocket_magic.exc import ScheduleError
from rocket_magic.time import All as AllPeriods
from rocket_magic.time import (
    Cron,
    RelativeDay,
    StaticInterval,
    TimeDelta,
    TimeOfDay,
    TimeOfWeek,
    TimePeriod,
    TimeSpanDelta,
    always,
    never,
)

from .strategies import conditions

_PYTHON = {name: value for name, value in vars(conds).items() if not name.startswith("_")}


@given(conditions())
@settings(max_examples=300, deadline=None)
def test_text_parses_back(condition):
    """The text of any condition parses back to an equal condition with the same text."""
    text = str(condition)
    again = parse_condition(text)
    assert again == condition
    assert hash(again) == hash(condition)
    assert str(again) == text


@given(conditions())
@settings(max_examples=150, deadline=None)
def test_python_text_evaluates_back(condition):
    """The repr of a condition is a Python expression that gives an equal condition."""
    import rocket_magic.conditions as classes
    import rocket_magic.time as periods

    names = {**vars(periods), **vars(classes), **_PYTHON}
    assert eval(repr(condition), names) == condition


@given(conditions())
@settings(max_examples=100, deadline=None)
def test_conditions_travel(condition):
    """A condition survives pickling and copying, equal and with an equal hash."""
    for twin in (pickle.loads(pickle.dumps(condition)), copy.copy(condition), copy.deepcopy(condition)):
        assert twin == condition
        assert hash(twin) == hash(condition)


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text):
    """No text makes the parser raise anything but ScheduleError with a place inside the text."""
    try:
        parse_condition(text)
    except ScheduleError as error:
        place = error.position
    else:
        place = 0
    assert place is None or 0 <= place <= len(text)


@given(st.lists(st.sampled_from(" ".join(EXAMPLES).split() + list("&|~()")), max_size=12).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_word_salad_is_read_or_refused(text):
    """Known words in any order are read, and then have a text that parses back, or refused."""
    try:
        condition = parse_condition(text)
    except ScheduleError:
        return
    assert parse_condition(str(condition)) == condition


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_are_valid(text):
    """Every phrase that may be suggested is valid, with its keywords in any case."""
    condition = parse_condition(text)
    parts = re.split(r"('[^']*')", text)  # names in quotes are kept as they are
    for change in (str.upper, str.title):
        again = "".join(part if part.startswith("'") else change(part) for part in parts)
        assert parse_condition(again) == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("hourly after 20:00 & ~has failed today", hourly.after("20:00") & ~failed.today),
        (
            "(weekly on Tue | monthly starting 12th) & time of day before 06:30",
            (weekly.on("Tue") | monthly.starting("12th")) & time_of_day.before("06:30"),
        ),
        ("after any tasks 'load', 'scrub' failed", after_any_fail("load", "scrub")),
        ("every 2 h, 15 min | cron 5 */3 * * Mon-Fri", every("2 h 15 min") | cron("5 */3 * * Mon-Fri")),
        ("DAILY Between 10:00 AND 12:00", daily.between("10:00", "12:00")),
        ("daily at 10:00, 14:30", daily.at("10:00", "14:30")),
        ("daily at '10:00'", daily.at("10:00")),
        (
            "every 10 min on weekdays between 09:00 and 17:00",
            every("10 min").on("weekdays").between("09:00", "17:00"),
        ),
        (
            "every 10 min between 09:00 and 17:00 on Mon-Fri",
            every("10 min").on("Mon", "Tue", "Wed", "Thu", "Fri").between("09:00", "17:00"),
        ),
        ("daily on weekdays at 10:00", daily.at("10:00").on("weekdays")),
        (
            "hourly on Mon, Wed between 09:00 and 17:00",
            hourly.on("Wed", "Monday").between("09:00", "17:00"),
        ),
        ("every 1:30:00 based on finish", every("90 min", based="finish")),
        ("every 90s", every("90 sec")),
        ("retry", retry),
        ("retry 3", retry(3)),
        ("retry once", retry(1)),
        (
            "retry 3 times after 5 min backoff 2 up to 1 hour jitter 10 sec",
            retry(3, delay="5 min", backoff=2, max_delay="1 hour", jitter="10 sec"),
        ),
        ("retry 0 times", retry(0)),
        ("running", running),
        ("running for more than 10 min", running.more_than("10 min")),
        ("running more than 2 times", running > 2),
        ("while task 'x' is running", running("x")),
        (
            "task 'x' is running at most 2 times between 5 sec and 1 min",
            running("x").between("5 sec", "1 min") <= 2,
        ),
        ("has failed 3 times today", failed.today >= 3),
        ("has failed at least 3 times in past 1 hour", failed.past("1 hour") >= 3),
        ("has failed past 1 hour", failed.past("1 hour")),
        ("has terminated this week on Tue", terminated.this_week.on("Tue")),
        ('task "it\'s" has succeeded', succeeded("it's")),
        (r"task 'it\'s a \\ \n & | ~ (x) \u0041' has succeeded", succeeded("it's a \\ \n & | ~ (x) A")),
        ("after tasks 'a','b'", after_success("a") & after_success("b")),
        ("after task 'a' terminated", conds.after_terminate("a")),
        ("scheduler has run over 10 min", scheduler_running(more_than="10 min")),
        ("scheduler started 10 min ago", scheduler_running(more_than="10 min")),
        ("scheduler has more than 3 cycles", scheduler_cycles(more_than=3)),
        ("always true", true),
        ("True", true),
        ("always", true),
        ("never", false),
        ("always false", false),
        ("~~daily", Not(Not(daily))),
        ("time of day between 22:00 and 02:00", time_of_day.between("22:00", "02:00")),
        (
            "a & b".replace("a", "daily").replace("b", "(hourly & minutely)"),
            All(daily, hourly, conds.minutely),
        ),
        ("daily & hourly | minutely", Any(All(daily, hourly), conds.minutely)),
        ("daily\t&\n hourly", daily & hourly),
    ],
)
def test_phrases(text, condition):
    """A phrase means what its Python twin means, and its own text means the same."""
    parsed = parse_condition(text)
    assert parsed == condition
    assert parse_condition(str(parsed)) == condition


@pytest.mark.parametrize(
    ("text", "position", "suggestion"),
    [
        ("dayly between 10:00 and 12:00", 0, "daily between 10:00 and 12:00"),
        ("daily betwn 10:00 an 12:00", 6, "daily between 10:00 and 12:00"),
        ("daily between 10:00 ind 12:00", 29, None),
        ("every 10 mn", 9, "every 10 min"),
        ("every 10", 8, "every 10 min"),
        ("after task load", 11, "after task 'load'"),
        ("daily and hourly", 6, "daily & hourly"),
        ("daily || hourly", 7, None),
        ("has faileed today", 4, "has failed today"),
        ("(daily", 6, "(daily)"),
        ("daily)", 5, "daily"),
        ("daily &", 7, "daily"),
        ("daily after task 'x'", 6, "daily & after task 'x'"),
        ("after load", 6, "after task 'load'"),
        ("every 10 min on Wednesdai", 16, "every 10 min on Wednesday"),
        ("weekly on Tuesdai", 10, "weekly on Tuesday"),
        ("weekly on weekdays", 10, None),
        ("daily at 25:00", 9, "daily at 10:00"),
        ("cron 5-1 * * * *", 5, None),
        ("daily | cron 0 0 30 2 *", 13, None),
        ("retry 3 tims", 8, "retry 3 times"),
        ("running between 10 min and 5 min", 16, None),
        ("qqqqqqqqq", 0, None),
        ("", 0, None),
        ("after task ''", 11, None),
        ("task 'x", 5, None),
        ("param 'k' is foo", 13, "param 'k' is 'foo'"),
    ],
)
def test_errors_say_where_and_what(text, position, suggestion):
    """A refused phrase has the place of the mistake and, where there is one, the closest valid phrase."""
    with pytest.raises(ScheduleError) as caught:
        parse_condition(text)
    error = caught.value
    assert (error.text, error.position) == (text, position)
    if suggestion is not None:
        assert error.suggestion == suggestion
    if error.suggestion:
        parse_condition(error.suggestion)
        assert error.suggestion in str(error)


def test_message_of_a_misspelt_word():
    """The message names the text, the rule, the place, the word and the closest phrase."""
    with pytest.raises(ScheduleError) as caught:
        parse_condition("dayly at 10:00")
    assert str(caught.value) == (
        "'dayly at 10:00': expected a condition, like 'daily' or 'every 10 min' at 1, got 'dayly'; "
        "did you mean 'daily at 10:00'?"
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5_000 + "daily" + ")" * 5_000,
        "~" * 5_000 + "daily",
        "daily & " * 12_500,
        "x" * 100_000,
        "'" * 7_999,
        "daily & " * 990 + "foo",
        "every " + "1 h, " * 1_590,
        "(" * 7_900,
    ],
    ids=["parentheses", "tildes", "long", "word", "quotes", "items", "durations", "open"],
)
def test_hostile_text_is_refused_fast(text):
    """Huge and deep texts are refused within a tenth of a second."""
    spent = []
    for _ in range(3):
        begin = time.process_time()
        with pytest.raises(ScheduleError):
            parse_condition(text)
        spent.append(time.process_time() - begin)
    assert min(spent) < 0.1


def test_custom_phrases():
    """A session's own phrases stand beside the built-in ones; groups become arguments."""

    def exists(path="x"):
        return True

    def is_blue(*args):
        return True

    custom = [
        CustomPhrase(re.compile(r"file '(?P<path>.+)' exists", re.IGNORECASE), FuncCond(exists)),
        CustomPhrase("sky is  blue", lambda: FuncCond(is_blue)),
    ]
    condition = parse_condition("daily & file 'a (1) & b.csv' exists | Sky is blue", custom)
    assert condition == Any(daily & FuncCond(exists, (("path", "a (1) & b.csv"),)), FuncCond(is_blue))
    assert str(condition) == "daily & file 'a (1) & b.csv' exists | Sky is blue"
    assert parse_condition(str(condition), custom) == condition
    with pytest.raises(ScheduleError):
        parse_condition("sky is blue")
    with pytest.raises(ScheduleError) as caught:
        parse_condition("sky is bleu", custom)
    assert caught.value.text == "sky is bleu"


def test_custom_phrase_that_raises():
    """An error of a phrase's maker is a ScheduleError that names the phrase; the cause is chained."""

    def broken(n):
        raise RuntimeError("no")

    with pytest.raises(ScheduleError, match="the phrase 'foo 3' could not be made a condition") as caught:
        parse_condition("foo 3", [CustomPhrase(re.compile(r"foo (\d)"), broken)])
    assert caught.value.__cause__ is not None


def test_parsing_is_pure():
    """Parsing changes no shared object: the short names keep their text."""
    before = {name: str(value) for name, value in _PYTHON.items()}
    parse_condition("daily at 10:00 | has failed at least 3 times today | running at most 2 times")
    assert {name: str(value) for name, value in _PYTHON.items()} == before


def test_as_condition():
    """Whatever a user may give for a condition becomes one."""
    assert as_condition(None) == false
    assert as_condition(True) == true
    assert as_condition(daily) is daily
    assert as_condition("daily") == daily
    assert as_condition(TimeOfDay("10:00", "12:00")) == time_of_day.between("10:00", "12:00")
    both = as_condition(TimeOfDay("10:00", "12:00") & TimeOfWeek("Mon", "Fri"))
    assert parse_condition(str(both)) == both

    def ready():
        return True

    assert as_condition(ready) == FuncCond(ready)
    with pytest.raises(ScheduleError, match="got 3"):
        as_condition(3)


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("", ["every", "daily", "after", "~", "("]),
        ("dai", ["daily"]),
        ("daily ", ["at", "between", "&", "|"]),
        ("daily b", ["before", "between"]),
        ("after ", ["task", "tasks", "any", "all"]),
        ("after task ", ["'load'", "'clean up'"]),
        ("after task 'c", ["'clean up'"]),
        ("after task 'load' f", ["failed", "finished"]),
        ("every 10 m", ["min", "ms"]),
        ("daily & has ", ["failed", "succeeded"]),
        ("has failed this ", ["week", "month"]),
        ("time of ", ["day", "week"]),
        ("foo bar ", []),
    ],
)
def test_completions(text, some):
    """What could follow is offered, with the names of tasks where a task is meant."""
    offered = phrase_completions(text, ["load", "clean up"])
    assert set(some) <= set(offered)
    assert bool(offered) is bool(some)


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("every minute", "every 1 min"),
        ("every day at 10:00", "daily at 10:00"),
        ("every monday after 03:00 & has failed", "weekly on Monday after 03:00 & has failed"),
        ("every weekday", "daily on weekdays"),
        ("daily until 2026-03-01", "daily & until 2026-03-01"),
        ("every 10 min from 2026-01-01", "every 10 min & from 2026-01-01"),
        ("has succeeded yestrday", "has succeeded yesterday"),
    ],
)
def test_what_is_meant_is_proposed(text, suggestion):
    """Common ways to say it that the language does not have lead to the one it has."""
    with pytest.raises(ScheduleError) as caught:
        parse_condition(text)
    assert caught.value.suggestion == suggestion
    parse_condition(suggestion)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: weekly.between("09:00", "17:00"), "like 'weekly on Mon between 09:00 and 17:00'"),
        (lambda: monthly.after("12:00"), "like 'monthly on 1st after 12:00'"),
        (lambda: TaskExecutable(period=TimeDelta("2 hours")), "use every('2 hours', based='finish')"),
        (lambda: TaskRunnable(period=TimeOfDay() & RelativeDay("yesterday")), "moves with now"),
        (lambda: IsPeriod("10:00"), "IsPeriod looks at a period"),
        (lambda: TaskSucceeded(period="today"), "TaskSucceeded looks at a period"),
        (lambda: TaskSucceeded(period=Cron("* * * * *")), "calendar units and parts of them"),
        (lambda: parse_condition("has failed today during (time of week on Mon)"), "must be of the day"),
        (lambda: parse_condition("during " + "(" * 60), "parentheses inside each other"),
        (lambda: parse_condition("param 'x' is python 'open()'"), "is no Python value"),
    ],
)
def test_periods_that_can_not_be_meant(make, words):
    """The refusal says what to write instead."""
    with pytest.raises(ScheduleError, match=re.escape(words)):
        make()


def test_periods_are_taken_in_their_shortest_form():
    """What is counted from now is constant for "is it now?"; one part of a composite is that part."""
    assert IsPeriod(TimeDelta("1 hour")) == IsPeriod(RelativeDay("today")) == IsPeriod(always)
    assert IsPeriod(RelativeDay("yesterday")) == IsPeriod(TimeSpanDelta("1 hour")) == IsPeriod(never)
    assert IsPeriod(AllPeriods(TimeOfDay("10:00", "12:00"))) == time_of_day.between("10:00", "12:00")
    assert TaskExecutable(period=RelativeDay("today")) == daily
    assert TaskSucceeded(period=TimeDelta("2 hours")) == succeeded.past("2 hours")
    assert TaskSucceeded(period=RelativeDay("today")) == succeeded.today


def test_what_has_no_phrase_is_marked():
    """Its text is Python in angle brackets; read as a phrase it is refused with the way out."""

    class Moon(TimePeriod):
        def __repr__(self):
            return "Moon()"

    @conds.condition()
    def daily_is_over():
        return True

    marked = [
        (IsPeriod(Moon()), "<IsPeriod(Moon())>"),
        (TaskExecutable(period=Moon()), "<TaskExecutable(period=Moon())>"),
        (TaskRunnable("a", period=Moon() | TimeOfDay()), "<TaskRunnable('a', period=Moon() | TimeOfDay())>"),
        (ParamExists(x=object), "<ParamExists(**{'x': <class 'object'>})>"),
        (daily_is_over, "<daily_is_over>"),
    ]
    for condition, text in marked:
        assert str(condition) == text
        with pytest.raises(ScheduleError, match="is a condition written in Python"):
            parse_condition(text)
    assert str(daily & daily_is_over) == "daily & <daily_is_over>"


def test_phrases_are_read_once():
    """The same text is the same condition, except where its value could be changed."""
    assert parse_condition("daily at 10:17") is parse_condition("daily at 10:17")
    text = "param 'x' is python '[1]'"
    assert parse_condition(text) is not parse_condition(text)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/London"])
def test_fixed_dates_travel_as_text(zone):
    """A datetime with a zone is the same moment again, also in the hour that a clock repeats."""
    for fold in (0, 1):
        moment = datetime(2026, 10, 25, 1, 30, fold=fold, tzinfo=ZoneInfo(zone))
        condition = IsPeriod(StaticInterval(moment, None))
        assert parse_condition(str(condition)) == condition
        assert condition.period.start == moment.astimezone(UTC)
