"""Floor 7: the desk. What others ask of the scheduler, from any thread.

What touches its state is posted to the inbox, or done at once where the scheduler isn't alive or the caller
is its own thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from rocket_magic._protocols import EventKind, Explanation
from rocket_magic.args import Parameters
from rocket_magic.instants import Instant
from rocket_magic.scheduler._circles import warn_of_circles
from rocket_magic.scheduler._engine import Engine
from rocket_magic.scheduler._explaining import explain_task
from rocket_magic.scheduler._hooks import Bracket

if TYPE_CHECKING:
    from rocket_magic.tasks import Task

_FOR_ALL_TASKS = ("timezone", "on_overlap", "multilaunch", "execution", "max_process_count")
"""Options that may change whether a task can start."""


class Desk:
    """Takes what others ask of one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.board = engine.board

    def _do(self, command: Callable[[], None]) -> None:
        """Have something done on the scheduler's thread, or here when there is none."""
        if self.board.owner is None and not self.engine.alive:
            command()
        else:
            self.board.inbox.post(command)

    def ask(self, command: Callable[[], None]) -> None:
        """Have something done on the scheduler's thread and wait for it; errors come back."""
        owner = self.board.owner
        if owner is None or owner is threading.current_thread():
            command()
            return
        done: Future[None] = Future()

        def do() -> None:
            try:
                command()
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        self.board.inbox.post(do)
        done.result()

    def enlist(self, task: Task, replaced: Task | None) -> None:
        """Care for a new task; the one it replaces hands its runs in flight over."""
        board = self.board

        def do() -> None:
            if replaced is not None:
                self.engine.looker.forget(replaced)
                replaced.successor = task
                task.runs = replaced.runs
                for batch in replaced.batches:
                    task.batches.append(batch)
            if self.engine.alive:
                self.engine.looker.enlist(task)
                warn_of_circles(board, [task])
                self.engine.advisor.take(task)
            if replaced is None:
                board.happened(EventKind.TASKS_CHANGED)
                board.happened(EventKind.TASKS_CHANGED, task.name)

        if self.engine.alive or replaced is not None:
            self._do(do)
        board.publish("task", task.name)

    def forget(self, task: Task) -> None:
        """Stop caring for a task that was removed."""

        def do() -> None:
            task.removed = True
            self.engine.looker.forget(task)
            self.board.happened(EventKind.TASKS_CHANGED)
            self.board.happened(EventKind.TASKS_CHANGED, task.name)

        self._do(do)
        self.board.publish("task", task.name)

    def tasks_changed(self, old: str, new: str) -> None:
        """A task was renamed."""

        def do() -> None:
            for task in self.board.session.task_list():
                if task.name == new:
                    self.engine.looker.enlist(task)
            for name in (None, old, new):
                self.board.happened(EventKind.TASKS_CHANGED, name)

        if self.engine.alive:
            self._do(do)
        self.board.publish("task", old)
        self.board.publish("task", new)

    def changed(self, task: Task, field: str) -> None:
        """A field of a task was set."""

        def look_again() -> None:
            self.board.make_ready(task)
            self.board.touch(task)

        if field in ("start_cond", "end_cond"):
            self._do(lambda: self.engine.looker.enlist(task) if self.engine.alive else None)
        elif self.engine.alive:
            self._do(look_again)
        self.board.publish("task", task.name)

    def queue(self, task: Task, batch: Parameters) -> None:
        """Queue one run by hand."""
        task.check_batch(batch)

        def do() -> None:
            task.batches.append(batch)
            if self.engine.alive:
                self.board.touch(task)

        self._do(do)
        self.board.publish("task", task.name)

    def terminate(self, task: Task, reason: str) -> None:
        """Ask the runs in flight of a task to end."""
        self._do(lambda: self.engine.ender.end_runs(task, reason))

    def config_changed(self, name: str) -> None:
        """An option was set: it takes effect at the next wake-up."""
        self.board.restarts.option_set(name)

        def do() -> None:
            if name == "shut_cond":
                self.engine.shut_cond.read()
            if name in _FOR_ALL_TASKS:
                for task in self.board.session.task_list():
                    self.board.touch(task)
            self.board.happened(EventKind.CONFIG_CHANGED)

        if self.engine.alive:
            self._do(do)
        self.board.publish("config")

    def parameters_changed(self) -> None:
        """Session parameters were set."""
        if self.engine.alive:
            self._do(lambda: self.board.happened(EventKind.PARAMETERS_CHANGED))

    def call_init_hooks(self, task: Task) -> None:
        """Call the hooks for a new task."""
        session = self.board.session
        bracket = Bracket(
            session.hooks.task_init,
            lambda hook, given: session.call(hook, task, given),
            {"task": task, "session": session},
        )
        bracket.open()
        for error in bracket.close():
            raise error

    def explain(self, task: Task, at: Instant | None = None) -> Explanation:
        """Why a task runs or doesn't, with everything that holds it; earlier, as far as the log tells."""
        return explain_task(self.board, self.board.session, task, at)
