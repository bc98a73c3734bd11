"""`%rocket step`: move a virtual clock on; what is due on the way runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from IPython.core.error import UsageError
from IPython.display import display

from rocket_magic.clock import VirtualClock
from rocket_magic.instants import Instant, to_datetime
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._moments import instant_text
from rocket_magic.notebook._progress import Progress, Stage
from rocket_magic.notebook._views import Table
from rocket_magic.notebook.commands._base import Command, Parser, WordError, check_cells_have_run
from rocket_magic.time import parse_duration


def _arguments(parser: Parser) -> None:
    parser.add_argument(
        "how", nargs="+", metavar="SPAN | next | until T", help="1h, next, until 2026-03-29T04:00"
    )
    parser.add_argument(
        "--no-wait", action="store_true", help="move time with runs in flight, so that timeouts strike"
    )


def _run(notebook: Notebook, given: argparse.Namespace) -> Table:
    check_cells_have_run(notebook)
    session = notebook.session
    clock = session.clock
    if not isinstance(clock, VirtualClock):
        msg = "real time can't be stepped: %rocket clock virtual goes to a clock that can"
        raise WordError(msg)
    if not session.scheduler.is_alive:
        msg = "the scheduler is stopped: %rocket start lets it step"
        raise WordError(msg)
    how, target = _move(clock, given.how)
    records: list[Any] = []
    forget = session.subscribe(lambda change: records.append(change.record) if change.record else None)
    try:
        with Progress(notebook.shell, _watched(session, clock.now(), target)):
            session.step(**how, wait_for_runs=not given.no_wait)
    except KeyboardInterrupt:
        display(_table(session, records))  # type: ignore[no-untyped-call]  # IPython's
        raise UsageError(_stopped(session)) from None
    finally:
        forget()
    return _table(session, records)


def _move(clock: VirtualClock, words: list[str]) -> tuple[dict[str, Any], Instant | None]:
    """What the session is asked, and where that leads if it can be told before."""
    word, rest = words[0], " ".join(words[1:])
    if word == "next" and not rest:
        return {"to_next": True}, None
    if word == "until":
        if not rest:
            msg = "until what? %rocket step until 2026-03-29T04:00"
            raise WordError(msg, word)
        return {"until": rest}, clock.instant(rest)
    span = " ".join(words)
    return {"span": span}, clock.now() + parse_duration(span, "step")


def _watched(session: Any, first: Instant, target: Instant | None) -> Callable[[], Stage]:
    def look() -> Stage:
        now = session.clock.now()
        share = None
        if target is not None:
            share = (now - first) / (target - first) if target > first else 1.0
        names = sorted(task.name for task in session.task_list() if task.is_running)
        waits = f", waiting for {', '.join(names)}" if names else ""
        return Stage(f"stepping: {instant_text(now, session.zone)}{waits}", share)

    return look


def _stopped(session: Any) -> str:
    """What is so after the stop button: time stands, runs in flight go on."""
    names = sorted(task.name for task in session.task_list() if task.is_running)
    going_on = f"; still running: {', '.join(names)}" if names else ""
    return f"stepping stopped at {instant_text(session.clock.now(), session.zone)}{going_on}"


def _table(session: Any, records: list[Any]) -> Table:
    zone = session.zone
    rows = tuple(
        (
            f"{to_datetime(record.at, zone):%Y-%m-%d %H:%M:%S}",
            record.task_name,
            record.action.value,
            record.reason or "",
        )
        for record in list(records)
    )
    return Table(
        ("time", "task", "action", "note"),
        rows,
        tuple(records),
        title=f"now {instant_text(session.clock.now(), zone)}",
        empty="nothing was due",
    )


def _words(_notebook: Notebook, before: Sequence[str]) -> Iterable[str]:
    return () if before else ("next", "until", "1h", "1d")


COMMAND = Command("step", "Move a virtual clock on.", _run, _arguments, _words)
