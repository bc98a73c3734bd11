"""Floor 9, dashboard: a real session as the dashboard's source.

Thin: reads immutable snapshots, posts commands, and turns records and options into the dashboard's own
rows. Nothing here keeps state but the `Traveller`, which moves the clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rocket_magic._protocols import Explanation
from rocket_magic.clock import SystemClock
from rocket_magic.config import form_fields, set_from_text
from rocket_magic.exc import ClockError
from rocket_magic.forecast import Forecast, forecast
from rocket_magic.instants import SECOND
from rocket_magic.notebook.dashboard._form import parameter_form, read_values
from rocket_magic.notebook.dashboard._source import (
    ChangeView,
    ForecastView,
    Journey,
    LogCursor,
    LogPage,
    LogRow,
    OptionField,
    ParameterForm,
    StateView,
    TaskRow,
)
from rocket_magic.notebook.dashboard._traveller import Traveller

if TYPE_CHECKING:
    from rocket_magic.session import Session

__all__ = ["SessionSource"]

Outputs = Callable[[str, str], Sequence[Mapping[str, Any]]]

_KINDS = {"bool": "switch", "choice": "choice", "int": "number", "float": "number"}
_GROUPS = {
    "Tasks": "execution task_pre_exist multilaunch on_overlap misfire_grace_time rerun_interrupted timeout"
    " grace param_materialize task_priority",
    "Workers": "max_process_count max_thread_count tasks_as_daemon process_reuse process_start_method "
    "dask_cluster",
    "Scheduler": "cycle_sleep shut_cond instant_shutdown restarting cls_lock",
    "Time": "timezone time_func",
    "Errors": "silence_task_prerun silence_task_logging silence_cond_check",
    "Log": "log_capacity log_retry force_status_from_logs task_logger_basename scheduler_logger_basename"
    " func_run_id",
}
_GROUP_OF = {name: group for group, names in _GROUPS.items() for name in names.split()}
_ORDER = [*_GROUPS, "Other"]
_OUTCOMES = ["success", "fail", "terminate", "inaction", "crash"]
_FIRST_FORECAST = 300.0
_GROWTH = 6.0
_MOST_FORECAST = 5_000
_MOST_TASKS = 1_000
_MOST_RARE = 200  # as many as there are lanes


class SessionSource:
    """A session, as the dashboard reads it.

    Args:
        session: The session.
        outputs: Gives the nbformat outputs of a run by task name and run id, `[]` where it has none.
    """

    def __init__(self, session: Session, outputs: Outputs) -> None:
        self._session = session
        self._outputs = outputs
        self._traveller = Traveller(session)

    def state(self) -> StateView:
        """The scheduler's line."""
        return self._session.snapshot_state()

    def tasks(self) -> Sequence[TaskRow]:
        """All tasks, in the order of their definition."""
        return self._session.snapshot().tasks

    def task(self, name: str) -> TaskRow | None:
        """One task, or None."""
        return self._session.snapshot_task(name)

    def subscribe(self, listener: Callable[[ChangeView], None]) -> Callable[[], None]:
        """Call `listener` after each change; returns what ends that."""
        return self._session.subscribe(listener)

    def command_task(self, command: str, name: str) -> None:
        """Post what a task's button asks."""
        task = self._session[name]
        match command:
            case "run":
                task.run()
            case "enable" | "disable":
                task.disabled = command == "disable"
            case "terminate":
                task.terminate("terminated in the dashboard")

    def parameters(self, task: str) -> ParameterForm:
        """What a run of the task may be given."""
        return parameter_form(self._session, self._session[task])

    def run_with(self, name: str, texts: Mapping[str, str]) -> None:
        """Queue one run with typed values.

        Raises:
            ValueError: A value can't be read.
            ParameterError: The task doesn't take a parameter.
        """
        self._session[name].run(read_values(texts))

    def command_scheduler(self, command: str) -> None:
        """Post what a button of the scheduler's line asks; never waits for it."""
        session = self._session
        match command:
            case "start":
                session.start_thread()
            case "stop":
                session.shut_down()
            case "hold" | "resume":
                session.scheduler.on_hold = command == "hold"

    def log(self, task: str, action: str, after: LogCursor | None, limit: int) -> LogPage:
        """A page of the log, newest first."""
        log = self._session.log
        if after is None:
            found = log.tail(limit + 1, task or None, action or None)[::-1]
        else:
            found = self._behind(after, {"task_name": task, "action": action}, limit + 1)
        return LogPage(tuple(map(_log_row, found[:limit])), len(found) > limit)

    def _behind(self, after: LogCursor, wanted: Mapping[str, str], count: int) -> list[Any]:
        """Records behind one, newest first; many may share its instant on a virtual clock."""
        filters = {name: value for name, value in wanted.items() if value}
        records = self._session.log.filter_by(created=(None, after.at), **filters)
        reach = 2 * count
        while True:
            found = list(records.tail(reach)[::-1])
            place = next((n for n, one in enumerate(found) if _is_at(one, after)), None)
            if place is not None and (len(found) - place > count or len(found) < reach):
                return found[place + 1 :]
            if place is None and (len(found) < reach or found[-1].created < after.at):
                return [one for one in found if one.created < after.at]  # the record is gone meanwhile
            reach *= 4

    def outputs(self, task: str, run_id: str) -> Sequence[Mapping[str, Any]]:
        """What a run has put out so far."""
        return self._outputs(task, run_id)

    def explain(self, task: str) -> Explanation:
        """Why the task runs or doesn't."""
        return self._session.explain(task)

    def options(self) -> Sequence[OptionField]:
        """The configuration form, by groups."""
        fields = [_option(field) for field in form_fields(self._session.config)]
        return sorted(fields, key=lambda field: _ORDER.index(field.group))

    def set_option(self, name: str, value: str | bool) -> None:
        """Validate and set an option.

        Raises:
            ConfigError: No such option, or a refused value.
        """
        text = str(value).lower() if isinstance(value, bool) else value
        set_from_text(self._session.config, name, text)

    def past(self, start: float, end: float, limit: int) -> tuple[Sequence[LogRow], bool]:
        """The newest ended runs that overlap a span of time, newest first; busy tasks don't hide the rare."""
        session = self._session
        # Those that ended since its start and began before its end: also one that lasted over all of it.
        both = {"action": _OUTCOMES, "created": (start, session.clock() + 1), "start": (None, end)}
        found = session.log.filter_by(**both).tail(limit + 1)[::-1]
        bare = session.log.filter_by(action=_OUTCOMES, created=(start, end)).tail(limit + 1)[::-1]
        found += [record for record in bare if record.start is None]  # logs of others may not know starts
        if len(found) <= limit:
            return [_log_row(record) for record in found], False
        del found[limit:]
        seen = Counter(record.task_name for record in found)
        share = max(limit // max(len(session.tasks), 1), 1)
        rare = [task.name for task in session.task_list() if seen[task.name] < share][:_MOST_RARE]
        for name in rare:
            own = session.log.filter_by(task_name=name, **both).tail(share)[::-1]
            found += own[seen[name] :]
        found.sort(key=lambda record: record.created, reverse=True)
        return [_log_row(record) for record in found], True

    def forecast(self, span: float) -> ForecastView:
        """The runs of the next `span` seconds, or of as much as holds a few thousand runs.

        Raises:
            ValueError: There are too many tasks.
        """
        count = len(self._session.tasks)
        if count > _MOST_TASKS:
            msg = f"{count:,} tasks are too many to forecast live; ask %rocket forecast"
            raise ValueError(msg)
        stopwatch = SystemClock()
        began = stopwatch.uptime()
        length = min(span, _FIRST_FORECAST)
        found = forecast(self._session, length)
        while length < span and len(found.runs) * _GROWTH <= _MOST_FORECAST:
            length = min(span, length * _GROWTH)
            found = forecast(self._session, length)
        return _forecast_view(found, span, (stopwatch.uptime() - began) / SECOND)

    def journey(self) -> Journey:
        """What is done with the clock."""
        return self._traveller.journey()

    def step(self, how: str, text: str, *, wait: bool = True) -> None:
        """Begin a step of a virtual clock."""
        if not self._session.scheduler.is_alive:
            msg = "the scheduler is stopped: start it, then step"
            raise ClockError(msg)
        self._traveller.step(how, text, wait=wait)

    def go_virtual(self, start: str, zone: str) -> None:
        """Begin to put a virtual clock in place."""
        self._traveller.go_virtual(start, zone)

    def command_clock(self, command: str) -> None:
        """Begin to go back to real time, or stop the step under way."""
        if command == "real":
            self._traveller.go_real()
        else:
            self._traveller.halt()


def _forecast_view(found: Forecast, span: float, took: float) -> ForecastView:
    start = found.start.timestamp()
    runs = tuple(
        LogRow(
            task=run.task_name,
            action=run.outcome,
            at=run.start.timestamp(),
            start=run.start.timestamp(),
            end=None if run.end is None else run.end.timestamp(),
            message=run.reason,
        )
        for run in found.runs
    )
    return ForecastView(start, found.end.timestamp(), start + span, runs, found.notes, took)


def _option(field: Mapping[str, Any]) -> OptionField:
    kind = str(field["kind"])
    choices = tuple(map(str, field["choices"]))
    if kind == "choice" and field.get("optional"):
        choices = ("", *choices)
    return OptionField(
        name=field["name"],
        kind=_KINDS.get(kind, "text"),
        value=_form_value(field["value"], kind),
        default=_form_value(field["default"], kind),
        choices=choices,
        help=field.get("description") or "",
        group=_GROUP_OF.get(field["name"], "Other"),
        fixed="Set in Python only." if kind == "readonly" else "",
    )


def _form_value(value: Any, kind: str) -> str | bool:
    if kind == "bool":
        return bool(value)
    return "" if value is None else str(value)


def _is_at(record: Any, cursor: LogCursor) -> bool:
    return (record.created, record.run_id or "", str(record.action), record.task_name) == (
        cursor.at,
        cursor.run_id,
        cursor.action,
        cursor.task,
    )


def _log_row(record: Any) -> LogRow:
    message = record.reason or record.message or ""
    if message == f"Task '{record.task_name}' status: '{record.action}'":
        message = ""  # Rocketry's standing text says what the columns say
    return LogRow(
        task=record.task_name,
        action=str(record.action),
        at=record.created,
        run_id=record.run_id or "",
        start=record.start,
        end=record.end,
        message=message,
        exc_text=record.exc_text or "",
    )
