"""Floor 9: how a task stands, in a word and a note."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

__all__ = ["STATUS_WORDS", "status_note", "status_word"]

STATUS_WORDS = {
    "run": "running",
    "success": "succeeded",
    "fail": "failed",
    "terminate": "terminated",
    "inaction": "nothing to do",
    "crash": "crashed",
}
"""Status -> how people say it."""


class _Run(Protocol):
    @property
    def reason(self) -> str | None: ...


class _Task(Protocol):
    """What is read of a `TaskSnapshot`."""

    @property
    def status(self) -> str | None: ...
    @property
    def disabled(self) -> bool: ...
    @property
    def running(self) -> Sequence[object]: ...
    @property
    def recent(self) -> Sequence[_Run]: ...
    @property
    def last_error(self) -> str | None: ...
    @property
    def problem(self) -> str | None: ...


def status_word(task: _Task) -> str:
    """How the task stands, in a word or two."""
    if task.running:
        return "running"
    if task.disabled:
        return "disabled"
    return STATUS_WORDS.get(task.status or "", "not run yet")


def status_note(task: _Task) -> str:
    """What is wrong with it now: a problem of its schedule, or why its last run ended badly."""
    if task.problem:
        return task.problem
    if task.status in ("fail", "crash"):
        return task.last_error or ""
    return (task.recent[-1].reason or "") if task.status == "terminate" and task.recent else ""
