"""Conditions on runs in flight and on retries. Floor 2."""

from __future__ import annotations

import dataclasses
import zlib
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from rocket_magic._protocols import Action, Context, EventKind, Watch
from rocket_magic.conditions._base import BaseCondition
from rocket_magic.conditions._counting import AT_LEAST_ONE, Comparable, Count, python_count
from rocket_magic.conditions._durations import positive_span
from rocket_magic.conditions._tasks import (
    TaskRef,
    absent,
    as_task_ref,
    name_of,
    prefix,
    python_ref,
    target,
    view,
)
from rocket_magic.conditions._words import moment, times, when
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import NEVER, Instant, Span
from rocket_magic.time._duration import format_duration, parse_duration

_FAILED: Final = frozenset({Action.FAIL, Action.CRASH})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TaskRunning(Comparable, BaseCondition):
    """True while a task runs: `running`, `running("load")`, `running.more_than("10 min")`, `running <= 2`.

    A comparison counts runs in flight. `running <= 2` and `running < 3` on the *own* task are limits: they
    count the run that would be started too, so they never let a third run begin (a limit of zero can
    only mean "not running"). All other comparisons, and those on other tasks, count what runs.

    Args:
        task: Whose runs count; None: the task that the condition belongs to.
        more_than: Only runs that have lasted this many microseconds or longer.
        less_than: Only runs that have lasted less.
        count: How many there must be; at least one by default.
    """

    task: TaskRef = None
    longest_than: Span | None = dataclasses.field(default=None, kw_only=True)
    shorter_than: Span | None = dataclasses.field(default=None, kw_only=True)
    count: Count = dataclasses.field(default=AT_LEAST_ONE, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "task", as_task_ref(self.task))

    def __call__(self, task: Any = None, *, more_than: Any = None, less_than: Any = None) -> Self:
        """Give the same condition on another task (its name, its function or the task).

        Args:
            task: Whose runs count; None: the task that the condition belongs to.
            more_than: As the method of that name.
            less_than: As the method of that name.
        """
        made = dataclasses.replace(self, task=as_task_ref(task))
        if more_than is not None and less_than is not None:
            return made.between(more_than, less_than)
        if more_than is not None:
            return made.more_than(more_than)
        return made if less_than is None else made.less_than(less_than)

    def more_than(self, delta: Any) -> Self:
        """Count runs that have lasted `delta` or longer."""
        return dataclasses.replace(self, longest_than=positive_span(delta, "running.more_than"))

    def less_than(self, delta: Any) -> Self:
        """Count runs that have lasted less than `delta`."""
        return dataclasses.replace(self, shorter_than=positive_span(delta, "running.less_than"))

    def between(self, shortest: Any, longest: Any) -> Self:
        """Count runs that have lasted `shortest` or longer and less than `longest`."""
        low, high = positive_span(shortest, "running.between"), positive_span(longest, "running.between")
        if low >= high:
            msg = f"running.between({shortest!r}, {longest!r}): the first duration must be the shorter one"
            raise ScheduleError(msg)
        return dataclasses.replace(self, longest_than=low, shorter_than=high)

    def _starts(self, ctx: Context) -> tuple[Instant, ...]:
        task = view(self.task, ctx)
        return () if task is None else task.running_since

    def _number(self, starts: tuple[Instant, ...], now: Instant) -> int:
        low, high = self.longest_than, self.shorter_than
        return sum(
            (low is None or now - start >= low) and (high is None or now - start < high) for start in starts
        )

    def _fits(self, number: int) -> bool:
        limit = self.count.limit - (self.count.sign == "<")
        own_limit = self.task is None and self.count.sign in ("<", "<=") and limit > 0
        return self.count.accepts(number + 1 if own_limit else number)

    def holds(self, ctx: Context) -> bool:
        """Tell whether the number of runs fits."""
        return self._fits(self._number(self._starts(ctx), ctx.now))

    def next_change(self, ctx: Context) -> Instant:
        """Give the instant at which a run has lasted long enough for the answer to differ."""
        spans = [span for span in (self.longest_than, self.shorter_than) if span is not None]
        if not spans:
            return NEVER
        starts = self._starts(ctx)
        state = self._fits(self._number(starts, ctx.now))
        ages = sorted({start + span for start in starts for span in spans if start + span > ctx.now})
        return next((age for age in ages if self._fits(self._number(starts, age)) is not state), NEVER)

    def watches(self) -> frozenset[Watch]:
        """Look again when the task starts or ends."""
        name = name_of(self.task)
        return frozenset({Watch(EventKind.RUN_STARTED, name), Watch(EventKind.RUN_FINISHED, name)})

    def reason(self, ctx: Context, state: bool) -> str:
        """Say since when it runs."""
        starts = self._starts(ctx)
        if not starts:
            return absent(self.task, ctx) or "not running"
        since = moment(starts[0], ctx.now, ctx.session.zone)
        told = (
            f"running since {since}" if len(starts) == 1 else f"{len(starts)} runs, the oldest since {since}"
        )
        change = self.next_change(ctx)
        return told if change == NEVER else f"{told}; changes {when(change, ctx.now, ctx.session.zone)}"

    def _age_words(self) -> str:
        low, high = self.longest_than, self.shorter_than
        if low is not None and high is not None:
            return f" between {format_duration(low)} and {format_duration(high)}"
        if low is not None:
            return f" more than {format_duration(low)}"
        return "" if high is None else f" less than {format_duration(high)}"

    def __str__(self) -> str:
        count = "" if self.count == AT_LEAST_ONE else f" {self.count} times"
        verb = "running" if self.task is None else "is running"
        return f"{prefix(self.task)}{verb}{count}{self._age_words()}"

    def __repr__(self) -> str:
        text = "running" if self.task is None else f"running({python_ref(self.task)})"
        low, high = self.longest_than, self.shorter_than
        if low is not None and high is not None:
            text += f".between({format_duration(low)!r}, {format_duration(high)!r})"
        elif low is not None:
            text += f".more_than({format_duration(low)!r})"
        elif high is not None:
            text += f".less_than({format_duration(high)!r})"
        compared = python_count(self.count)
        return f"({text}{compared})" if compared else text


@dataclass(frozen=True, slots=True, repr=False)
class Retry(BaseCondition):
    """True when the task's last run failed and its occurrence has retries left: `daily | retry(3)`.

    The budget is counted per scheduled start, so a task that fails every day is retried every day. With
    `delay` the n-th retry waits `delay * backoff ** (n - 1)`, at most `max_delay`, plus a share of
    `jitter` that follows from the task's name and the attempt (the same on every machine and run).

    Args:
        n: Retries per scheduled start; None: without end; 0: never.
        delay: Microseconds between a failure and the first retry.
        backoff: What the delay is multiplied with from one retry to the next; 1 or more.
        max_delay: The longest delay in microseconds, or None.
        jitter: At most so many microseconds are added to each delay.
    """

    n: int | None = None
    delay: Span = 0
    backoff: float = 1.0
    max_delay: Span | None = None
    jitter: Span = 0

    scale: ClassVar[int] = 1 << 32

    def __post_init__(self) -> None:
        number_ok = self.n is None or (
            isinstance(self.n, int) and not isinstance(self.n, bool) and self.n >= 0
        )
        if not number_ok:
            msg = f"retry takes a number of retries of 0 or more (none: without end), got {self.n!r}"
            raise ScheduleError(msg)
        if not 1 <= self.backoff < float("inf"):
            msg = f"retry(backoff=...) multiplies the delay by a number of 1 or more, got {self.backoff!r}"
            raise ScheduleError(msg)
        object.__setattr__(self, "backoff", float(self.backoff))

    def __call__(
        self,
        n: int | None = None,
        delay: Any = 0,
        backoff: float = 1.0,
        max_delay: Any = None,
        jitter: Any = 0,
    ) -> Retry:
        """Give the condition with other settings; durations are text, seconds or timedeltas.

        Raises:
            ScheduleError: A value is refused.
        """
        return Retry(
            n,
            _span(delay, "retry(delay=...)"),
            backoff,
            None if max_delay is None else _span(max_delay, "retry(max_delay=...)"),
            _span(jitter, "retry(jitter=...)"),
        )

    def wait(self, task: str, attempt: int) -> Span:
        """Give the delay before the retry that follows attempt number `attempt` (0: the scheduled start)."""
        ceiling = NEVER >> 8 if self.max_delay is None else self.max_delay
        try:
            grown = int(self.delay * self.backoff**attempt) if self.backoff != 1 else self.delay
        except OverflowError:
            grown = ceiling
        share = zlib.crc32(f"{task}\0{attempt}".encode(errors="surrogatepass"))
        return min(grown, ceiling) + self.jitter * share // self.scale

    def _remaining(self, ctx: Context) -> Span | None:
        """Microseconds until the next retry is due; None when there is none."""
        if not ctx.retries or ctx.task is None or self.n == 0:
            return None
        history, name = ctx.session.history, ctx.task.name
        if history.status(name) not in _FAILED:
            return None
        attempt = history.attempt(name)
        if self.n is not None and attempt >= self.n:
            return None
        mark = history.last(name, _FAILED)
        if mark is None:
            return None
        passed = ctx.now - mark.at if mark.elapsed is None else ctx.elapsed - mark.elapsed
        wait = self.wait(name, attempt)
        # A failure stamped far in the future was written by a wrong clock: don't wait for it.
        return wait - passed if passed >= -wait else 0

    def holds(self, ctx: Context) -> bool:
        """Tell whether a retry is due."""
        remaining = self._remaining(ctx)
        return remaining is not None and remaining <= 0

    def next_change(self, ctx: Context) -> Instant:
        """Give the end of the delay."""
        return self.look(ctx)[1]

    def look(self, ctx: Context) -> tuple[bool, Instant]:
        """Give both answers; the history is asked once."""
        remaining = self._remaining(ctx)
        if remaining is None:
            return False, NEVER
        return (True, NEVER) if remaining <= 0 else (False, ctx.now + remaining)

    def watches(self) -> frozenset[Watch]:
        """Look again when the own task starts or ends."""
        return frozenset(
            {Watch(EventKind.RUN_STARTED, name_of(None)), Watch(EventKind.RUN_FINISHED, name_of(None))}
        )

    def reason(self, ctx: Context, state: bool) -> str:
        """Say which retry is due, or why none is."""
        name = target(None, ctx)
        if name is None:
            return "belongs to no task"
        history = ctx.session.history
        if history.status(name) not in _FAILED:
            return "the last run has not failed"
        done = history.attempt(name)
        if self.n is not None and done >= self.n:
            return f"failed, retried {times(done)}: none left" if done else "failed, no retries"
        which = f"retry {done + 1}" + (f" of {self.n}" if self.n is not None else "")
        if state:
            return f"failed: {which} is due"
        change = self.next_change(ctx)
        return "failed" if change == NEVER else f"failed: {which} {when(change, ctx.now, ctx.session.zone)}"

    def __str__(self) -> str:
        text = "retry" if self.n is None else f"retry {times(self.n)}"
        if self.delay:
            text += f" after {format_duration(self.delay)}"
        if self.backoff != 1:
            text += (
                f" backoff {self.backoff:g}"
                if float(f"{self.backoff:g}") == self.backoff
                else f" backoff {self.backoff!r}"
            )
        if self.max_delay is not None:
            text += f" up to {format_duration(self.max_delay)}"
        if self.jitter:
            text += f" jitter {format_duration(self.jitter)}"
        return text

    def __repr__(self) -> str:
        parts = [] if self.n is None else [repr(self.n)]
        parts += [f"delay={format_duration(self.delay)!r}"] if self.delay else []
        parts += [f"backoff={self.backoff!r}"] if self.backoff != 1 else []
        parts += [f"max_delay={format_duration(self.max_delay)!r}"] if self.max_delay is not None else []
        parts += [f"jitter={format_duration(self.jitter)!r}"] if self.jitter else []
        return f"retry({', '.join(parts)})" if parts else "retry"


def _span(value: Any, what: str) -> Span:
    span = parse_duration(value, what)
    if span < 0:
        msg = f"{what} can't be negative, got {value!r}: write it like '5 min'"
        raise ScheduleError(msg, text=str(value))
    return span
