"""Floor 9: what a command of `%rocket` is made of."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from rocket_magic.notebook._hints import closest, did_you_mean
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._text import one_line
from rocket_magic.tasks import Task

__all__ = [
    "Command",
    "HelpAskedError",
    "Parser",
    "WordError",
    "add_task",
    "check_cells_have_run",
    "find_task",
    "no_words",
    "task_words",
]

Arguments = argparse.Namespace


class HelpAskedError(Exception):
    """`--help` was given; the text is the message."""


class WordError(Exception):
    """A word of the line is wrong; the dispatcher puts a caret under it.

    Args:
        message: What is wrong.
        word: The word, as its value.
    """

    def __init__(self, message: str, word: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.word = word


_MISSING: Final = "the following arguments are required: "


class Parser(argparse.ArgumentParser):
    """Reads a command's words; raises instead of leaving the process."""

    def error(self, message: str) -> NoReturn:
        """Refuse, with the closest option where one was misspelt."""
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            word = unknown.split(" ", 1)[0]
            hint = did_you_mean(word, self._option_string_actions) if word.startswith("-") else ""
            told = f"unexpected {one_line(word)!r}{hint}"
            raise WordError(told, word)
        raise WordError(one_line(self._without_optional(message), 300))

    def _without_optional(self, message: str) -> str:
        """Before Python 3.14 intermixed parsing tells words as missing that may be left out (`nargs="*"`)."""
        missing = message.removeprefix(_MISSING)
        if missing == message:
            return message
        optional = {str(action.metavar) for action in self._actions if action.nargs == argparse.ZERO_OR_MORE}
        return _MISSING + ", ".join(name for name in missing.split(", ") if name not in optional)

    def long_options(self) -> list[str]:
        """The options that begin with two dashes."""
        return sorted(option for option in self._option_string_actions if option.startswith("--"))

    def print_help(self, file: Any = None) -> NoReturn:
        """Hand the help to the dispatcher instead of printing it."""
        raise HelpAskedError(self.format_help().rstrip())


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        name: The word after `%rocket`.
        summary: What it does, in a line.
        run: Carries it out; what it returns is shown.
        arguments: Adds its arguments to the parser.
        words: What may stand in place of the word being written, for completion; it is given the
            words before.
    """

    name: str
    summary: str
    run: Callable[[Notebook, Arguments], Any]
    arguments: Callable[[Parser], None]
    words: Callable[[Notebook, Sequence[str]], Iterable[str]]

    def parser(self) -> Parser:
        """A parser of its arguments."""
        made = Parser(prog=f"%rocket {self.name}", description=self.summary, allow_abbrev=False)
        self.arguments(made)
        # Written out here: argparse would read the % of our name as a place to fill in.
        made.usage = made.format_usage().removeprefix("usage: ").rstrip().replace("%", "%%")
        return made

    def options(self) -> list[str]:
        """Its long options."""
        return self.parser().long_options()


def no_words(_notebook: Notebook, _before: Sequence[str]) -> Iterable[str]:
    """Nothing to complete but options."""
    return ()


def task_words(notebook: Notebook, before: Sequence[str]) -> Iterable[str]:
    """A task's name, as the first word."""
    return () if before else sorted(task.name for task in notebook.session.task_list())


def add_task(parser: Parser) -> None:
    """The argument TASK."""
    parser.add_argument("task", metavar="TASK", help="name of a task")


def check_cells_have_run(notebook: Notebook) -> None:
    """Refuse what needs the scheduler while a notebook without a frontend still runs its cells.

    Raises:
        WordError: It does; the message has the way out.
    """
    if notebook.waits_for_cells:
        msg = "the scheduler starts when all cells have run; tag this cell skip-execution to leave it out"
        raise WordError(msg)


def find_task(notebook: Notebook, name: str) -> Task:
    """The task of a name.

    Raises:
        WordError: There is none; names the closest.
    """
    task = notebook.session.find_task(name)
    if task is not None:
        return task
    names = [one.name for one in notebook.session.task_list()]
    msg = f"there is no task {one_line(name)!r}{did_you_mean(name, names)}"
    if closest(name, names) is None:
        msg += "; %rocket status lists them" if names else "; no task is registered yet"
    raise WordError(msg, name)
