"""The items of the phrase language, one function each. Floor 2.

::

    item    := true | false | always [true|false] | never
             | once [days] | every DURATION [based on EVENT] [days] [hours]
             | cron [with seconds] CRON | crontime [with seconds] CRON
             | time of UNIT [window] | from WHEN [until WHEN] | until WHEN | during PERIOD
             | once in PERIOD [days] [hours] | start once in PERIOD
             | [task 'N'] has VERB [count times] [span] | [task 'N'] has returned true [valid]
             | [while] [task 'N' is] running [count times] [[for] more than D | less than D | between D and D]
             | after task 'N' [VERB] | after [all|any] tasks 'A', 'B' [VERB]
             | retry [N times | once | twice] [after D] [backoff X] [up to D] [jitter D]
             | scheduler is running | scheduler has run (over|more than|less than) D
             | scheduler has run between D and D | scheduler started D ago | scheduler has count cycles
             | env 'V' | param 'K' exists | param 'K' is VALUE
    once    := (secondly|minutely|hourly|daily|weekly|monthly|yearly) [window]
    window  := before T | after T | between T and T | at T, T… | on T, T… [hours | at T, T…] | starting T, T…
               "T, T…" may also be "T, T and T"; of a day T may be "noon" or "midnight"
    span    := (today | this UNIT) [window | during PERIOD] | [in] past D | yesterday
             | from WHEN [until WHEN] | until WHEN | since (D ago | ever) until (D ago | now)
    days    := on weekdays | on weekends | on Mon, Wed | on Mon-Fri
    hours   := before T | after T | between T and T   (a part of the day, over midnight: of its first)
    PERIOD  := what `_syntax_periods` reads: "time of day before 10:00", or several in parentheses by & and |
    count   := exactly N | not exactly N | more than N | less than N | at least N | at most N | N (at least)
    valid   := [in] past D | during PERIOD   (until the end of its window in which the task has ended)
    EVENT   := run | success | fail | finish
    VERB    := started succeeded failed finished terminated inacted crashed  (`after` knows no "started")

`task 'N'` before `daily…`, `cron…` and `after…` looks at the runs of that task instead of the own one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._composite import FALSE, TRUE, All, Any
from rocket_magic.conditions._gates import are_days
from rocket_magic.conditions._history import HAPPENED, TaskHappened
from rocket_magic.conditions._interval import BASED, Every
from rocket_magic.conditions._parameters import IsEnv, ParamIs
from rocket_magic.conditions._period import IsPeriod, TaskExecutable, TaskRunnable
from rocket_magic.conditions._pipeline import DEPENDS
from rocket_magic.conditions._returned import TaskReturned
from rocket_magic.conditions._running import Retry, TaskRunning
from rocket_magic.conditions._scheduler import SchedulerCycles, SchedulerStarted
from rocket_magic.conditions._syntax_periods import read_cron, read_dates, read_period, read_record_period
from rocket_magic.conditions._syntax_reader import TASK_NAME, Reader
from rocket_magic.conditions._syntax_tokens import Token, clip
from rocket_magic.conditions._syntax_windows import narrow, read_unit
from rocket_magic.conditions._units import ONCE, UNITS, common_unit, whole
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import Span
from rocket_magic.time import TimePeriod

_TIMES: Final = ("times", "time")
_GATE_WORDS: Final = ("on", "between", "before", "after")


def read_item(reader: Reader) -> BaseCondition:
    """Read one item.

    Raises:
        ScheduleError: None starts here, or it goes on in no known way.
    """
    reader.expect(*ITEMS)
    read = ITEMS.get(reader.here.key)
    if read is None:
        reader.fail(_no_phrase(reader))
    reader.index += 1
    return read(reader)


def _no_phrase(reader: Reader) -> str:
    """Explain the text of a condition that has no phrase, when that is what was given."""
    if reader.here.is_name or not reader.here.text.startswith("<"):
        return ""
    where = f"{clip(reader.text)!r}: what stands in <…> at {reader.here.start + 1}"
    return f"{where} is a condition written in Python: give it a phrase with @app.cond('my phrase')"


def _true(_: Reader) -> BaseCondition:
    return TRUE


def _false(_: Reader) -> BaseCondition:
    return FALSE


def _always(reader: Reader) -> BaseCondition:
    return FALSE if reader.word("true", "false") == "false" else TRUE


def _once_unit(reader: Reader) -> BaseCondition:
    reader.index -= 1
    return _once(reader, None)


def _once(reader: Reader, task: str | None) -> BaseCondition:
    unit = ONCE[reader.need(*ONCE)]
    return narrow(reader, TaskExecutable(task, period=whole(unit)))


_EVERY_WHAT: Final = {
    **dict.fromkeys(("second", "sec"), "every 1 sec"),
    **dict.fromkeys(("minute", "min"), "every 1 min"),
    "hour": "every 1 hour",
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "year": "yearly",
    "weekday": "daily on weekdays",
}
"""What is meant by "every" without a number."""


def _refuse_bare_unit(reader: Reader) -> None:
    """Tell what "every day" and "every monday" are called here."""
    word = reader.here
    if word.is_name:
        return
    day = "weekly on " + word.text.capitalize()
    meant = _EVERY_WHAT.get(word.key) or (day if are_days(word.key) else None)
    if meant is None:
        return
    text, start = reader.text, reader.tokens[reader.index - 1].start
    message = f"{clip(text)!r}: 'every' at {start + 1} needs a duration, got {word.text!r}; write {meant!r}"
    better = text[:start] + meant + text[word.end :]
    raise ScheduleError(message, text=text, position=word.start, suggestion=better)


def _every(reader: Reader) -> BaseCondition:
    _refuse_bare_unit(reader)
    delta, based = reader.duration("every"), "run"
    if reader.phrase("based", "on"):
        based = reader.need(*BASED)
    return narrow(reader, Every(delta, based), _GATE_WORDS)


def _cron(reader: Reader, task: str | None = None) -> BaseCondition:
    return TaskRunnable(task, period=read_cron(reader))


def _crontime(reader: Reader) -> BaseCondition:
    return IsPeriod(read_cron(reader))


def _time_of(reader: Reader) -> BaseCondition:
    return IsPeriod(read_unit(reader))


def _during(reader: Reader) -> BaseCondition:
    return IsPeriod(read_period(reader))


def _from(reader: Reader) -> BaseCondition:
    return IsPeriod(read_dates(reader, "from"))


def _until(reader: Reader) -> BaseCondition:
    return IsPeriod(read_dates(reader, "until"))


def _once_in(reader: Reader, task: str | None = None) -> BaseCondition:
    reader.need("in")
    return narrow(reader, TaskExecutable(task, period=read_period(reader)), _GATE_WORDS)


def _start(reader: Reader, task: str | None = None) -> BaseCondition:
    reader.need("once")
    reader.need("in")
    return TaskRunnable(task, period=read_period(reader))


def _has(reader: Reader, task: str | None = None) -> BaseCondition:
    if reader.word("returned"):
        reader.need("true")
        if reader.word("during"):
            place = reader.here
            period = read_period(reader)
            return reader.guarded(place, lambda: TaskReturned(task, period))
        past = reader.phrase("in", "past") or reader.word("past")
        return TaskReturned(task, reader.duration("past") if past else None)
    condition: TaskHappened = HAPPENED[reader.need(*HAPPENED)](task)
    reader.offer_comparisons()
    count = reader.comparison(_TIMES)
    if count is not None:
        condition = dataclasses.replace(condition, count=count)
    if reader.phrase("in", "past") or reader.word("past"):
        return dataclasses.replace(condition, past_span=reader.duration("past"))
    return _in_a_stretch(reader, condition)


def _in_a_stretch(reader: Reader, condition: TaskHappened) -> BaseCondition:
    unit = "day" if reader.word("today") else reader.need(*UNITS) if reader.word("this") else None
    place = reader.here
    if unit is None:
        stretch = read_record_period(reader)
        return condition if stretch is None else _over(reader, place, condition, stretch)
    if reader.word("during"):
        part = read_period(reader)
        if common_unit(part) != unit:
            reader.fail(f"{clip(reader.text)!r}: the times behind 'during' must be of the {unit}", place)
        return _over(reader, place, condition, part)
    return narrow(reader, dataclasses.replace(condition, period=whole(unit)))


def _over(reader: Reader, place: Token, condition: TaskHappened, period: TimePeriod) -> BaseCondition:
    return reader.guarded(place, lambda: dataclasses.replace(condition, period=period))


def _task(reader: Reader) -> BaseCondition:
    name = reader.name(TASK_NAME)
    if reader.word("is"):
        reader.need("running")
        return _running(reader, name)
    for word, read in _OF_A_TASK.items():
        if reader.word(word):
            return read(reader, name)
    return _once(reader, name)


def _while(reader: Reader) -> BaseCondition:
    if reader.word("running"):
        return _running(reader)
    reader.need("task")
    name = reader.name(TASK_NAME)
    reader.need("is")
    reader.need("running")
    return _running(reader, name)


def _running(reader: Reader, task: str | None = None) -> BaseCondition:
    condition = TaskRunning(task)
    reader.offer_comparisons()
    count = reader.comparison(_TIMES)
    if count is not None:
        condition = dataclasses.replace(condition, count=count)
    reader.word("for")
    low, high = _bounds(reader, "running")
    return dataclasses.replace(condition, longest_than=low, shorter_than=high)


def _bounds(reader: Reader, what: str) -> tuple[Span | None, Span | None]:
    if reader.word("over") or reader.phrase("more", "than"):
        return reader.duration(what), None
    if reader.phrase("less", "than"):
        return None, reader.duration(what)
    if not reader.word("between"):
        return None, None
    place = reader.here
    low = reader.duration(what)
    reader.need("and")
    high = reader.duration(what)
    if low >= high:
        reader.fail(f"{reader.text!r}: the first duration after 'between' must be the shorter one", place)
    return low, high


def _after(reader: Reader, task: str | None = None) -> BaseCondition:
    several = reader.word("all", "any")
    if several is None and reader.word("task"):
        names = [reader.name(TASK_NAME)]
    else:
        reader.need("tasks")
        names = [reader.name(TASK_NAME)]
        while reader.word(","):
            names.append(reader.name(TASK_NAME))
    combine: Callable[..., BaseCondition] = Any if several == "any" else All
    kind = DEPENDS[reader.word(*DEPENDS) or "succeeded"]
    return combine(*(kind(name, task) for name in names))


def _retry(reader: Reader) -> BaseCondition:
    reader.expect("3 times", "once", "twice")
    number: int | None = {"once": 1, "twice": 2}.get(reader.word("once", "twice") or "")
    if number is None and reader.here.text.isdecimal():
        number = reader.number()
        reader.word(*_TIMES)
    place = reader.here
    delay = reader.duration("retry after") if reader.word("after") else 0
    backoff = reader.decimal() if reader.word("backoff") else 1.0
    longest = reader.duration("retry up to") if reader.phrase("up", "to") else None
    jitter = reader.duration("retry jitter") if reader.word("jitter") else 0
    return reader.guarded(place, lambda: Retry(number, delay, backoff, longest, jitter))


def _scheduler(reader: Reader) -> BaseCondition:
    if reader.word("is"):
        reader.need("running")
        return SchedulerStarted()
    if reader.word("started"):
        delta = reader.duration("scheduler started")
        reader.need("ago")
        return SchedulerStarted(delta)
    reader.need("has")
    if reader.word("run"):
        low, high = _bounds(reader, "scheduler has run")
        if low is None and high is None:
            reader.fail()
        return SchedulerStarted(low, high)
    reader.offer_comparisons()
    count = reader.comparison(("cycles", "cycle"))
    return SchedulerCycles(count) if count is not None else reader.fail()


def _env(reader: Reader) -> BaseCondition:
    return IsEnv(reader.name())


def _param(reader: Reader) -> BaseCondition:
    key = reader.name()
    if reader.need("exists", "is") == "exists":
        return ParamIs(key)
    return ParamIs(key, reader.literal())


_OF_A_TASK: Final[dict[str, Callable[[Reader, str | None], BaseCondition]]] = {
    "has": _has,
    "after": _after,
    "cron": _cron,
    "once": _once_in,
    "start": _start,
}
ITEMS: Final[dict[str, Callable[[Reader], BaseCondition]]] = {
    "every": _every,
    **dict.fromkeys(("daily", "hourly", "minutely", "weekly", "monthly", "yearly", "secondly"), _once_unit),
    "after": _after,
    "cron": _cron,
    "retry": _retry,
    "time": _time_of,
    "has": _has,
    "task": _task,
    "running": _running,
    "while": _while,
    "crontime": _crontime,
    "scheduler": _scheduler,
    "env": _env,
    "param": _param,
    "true": _true,
    "false": _false,
    "always": _always,
    "never": _false,
    "once": _once_in,
    "start": _start,
    "during": _during,
    "from": _from,
    "until": _until,
}
"""The reader of each item, by its first word; in the order in which they are offered."""
