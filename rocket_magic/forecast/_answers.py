"""What is told of the future: a forecast with its runs, and the next starts of a task."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from rocket_magic._timeline import clean_text, forecast_html
from rocket_magic.exc import MissingExtraError

_MOST_LISTED = 40
_WIDEST = 60


class ForecastRun(NamedTuple):
    """One run that would happen.

    Attributes:
        task_name: The task.
        start: When it would start.
        end: When it would end; None when that is after the forecast's end.
        outcome: "success", "fail", "terminate", …, or "run" when it would still be in flight.
        reason: Why it would start, in the words of its schedule, and why it would end as it does.
    """

    task_name: str
    start: datetime
    end: datetime | None
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would happen in a span of time.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        runs: The runs in the order of their starts; those in flight at the beginning come first.
        never: Names of tasks that would not run.
        notes: What was assumed, in words.
    """

    start: datetime
    end: datetime
    runs: tuple[ForecastRun, ...]
    never: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def runs_per_task(self) -> dict[str, int]:
        """How often each task would run, most often first."""
        return dict(Counter(run.task_name for run in self.runs).most_common())

    @property
    def busiest_minute(self) -> tuple[datetime, int] | None:
        """The minute with the most starts, and how many."""
        minutes = Counter(run.start.replace(second=0, microsecond=0) for run in self.runs)
        return min(minutes.items(), key=lambda item: (-item[1], item[0])) if minutes else None

    @property
    def longest_wait(self) -> tuple[datetime, datetime] | None:
        """The longest stretch in which nothing would start."""
        moments = [self.start, *(run.start for run in self.runs if run.start >= self.start), self.end]
        pairs = pairwise(moments)
        return max(pairs, key=lambda pair: pair[1].timestamp() - pair[0].timestamp()) if self.runs else None

    def to_pandas(self) -> Any:
        """The runs as a pandas DataFrame.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        columns = ["task_name", "start", "end", "outcome", "reason"]
        try:
            import pandas as pd  # noqa: PLC0415  optional, and slow to load
        except ModuleNotFoundError as error:
            msg = "to_pandas() needs pandas: pip install 'rocket_magic[lab]'"
            raise MissingExtraError(msg) from error
        return pd.DataFrame(
            [[getattr(run, column) for column in columns] for run in self.runs], columns=columns
        )

    def __str__(self) -> str:
        return "\n".join([self._title(), *self._totals()])

    def __repr__(self) -> str:
        """The runs as a table (the first ones of many), then the totals."""
        if not self.runs:
            return str(self)
        left = len(self.runs) - _MOST_LISTED
        more = [f"… and {left:,} more runs"] if left > 0 else []
        return "\n".join([self._title(), *self._table(), *more, *self._totals()])

    def _title(self) -> str:
        count = len(self.runs)
        span = f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"
        return f"Forecast {span}: {count} run{'' if count == 1 else 's'}"

    def _table(self) -> list[str]:
        rows = [("time", "task", "outcome", "reason")]
        for run in self.runs[:_MOST_LISTED]:
            name, reason = clean_text(run.task_name)[:_WIDEST], clean_text(run.reason)[:_WIDEST]
            rows.append((f"{run.start:%Y-%m-%d %H:%M:%S}", name, run.outcome, reason))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        rows.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2], "-" * widths[3]))
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]

    def _totals(self) -> list[str]:
        lines = [f"  {count:>6} x {clean_text(name)}" for name, count in self.runs_per_task.items()]
        if self.busiest_minute is not None:
            minute, count = self.busiest_minute
            lines.append(
                f"  busiest minute: {minute:%Y-%m-%d %H:%M} with {count} start{'' if count == 1 else 's'}"
            )
        if self.longest_wait is not None:
            first, last = self.longest_wait
            wait = last.astimezone(UTC) - first.astimezone(UTC)  # on the wall a night may lack an hour
            lines.append(f"  longest wait: {wait} from {first:%Y-%m-%d %H:%M}")
        if self.never:
            lines.append(f"  never: {', '.join(map(clean_text, self.never))}")
        return [*lines, *(f"  note: {clean_text(note)}" for note in self.notes)]

    def _repr_html_(self) -> str:
        """Totals and a timeline."""
        return forecast_html(self)


@dataclass(frozen=True, slots=True)
class NextStarts:
    """When a task starts next.

    Attributes:
        task_name: The task.
        moments: The next starts, earliest first, as far as time alone decides.
        text: Why there are no more: "depends on task 'load'", "by hand", "disabled", …; or "".
    """

    task_name: str
    moments: tuple[datetime, ...]
    text: str

    def __str__(self) -> str:
        words = [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in self.moments]
        return f"{self.task_name}: " + ", ".join([*words, *([self.text] if self.text else [])])
