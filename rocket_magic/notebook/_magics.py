"""Floor 9: the magics `%%task`, `%task` and `%rocket`, as functions made for one notebook.

Mistakes end as `UsageError`: a line or two without a traceback, with a caret and the closest match.
Neither `$x` nor `{x}` is expanded in their lines: schedules and parameters may hold both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand

from rocket_magic.exc import RocketMagicError
from rocket_magic.notebook._hints import caret, did_you_mean
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._line import Word, whole_assignments, words
from rocket_magic.notebook._options import help_text
from rocket_magic.notebook._register import register_cell
from rocket_magic.notebook._text import one_line, printable
from rocket_magic.notebook._views import Note
from rocket_magic.notebook.commands import COMMANDS
from rocket_magic.notebook.commands._base import HelpAskedError, WordError

M = TypeVar("M", bound=Callable[..., Any])

__all__ = ["MAGICS", "install_magics", "remove_magics"]

MAGICS = (("line", "rocket"), ("line", "task"), ("cell", "task"))


def install_magics(notebook: Notebook) -> None:
    """Register the magics with the notebook's shell."""
    shell = notebook.shell
    shell.register_magic_function(_rocket(notebook), "line", "rocket")
    shell.register_magic_function(_task_line(), "line", "task")
    shell.register_magic_function(_task_cell(notebook), "cell", "task")


def remove_magics(shell: Any) -> None:
    """Take them away."""
    for kind, name in MAGICS:
        shell.magics_manager.magics[kind].pop(name, None)


def _as_typed(magic: M) -> M:
    """A magic that gets its line as it was typed: IPython expands no `$name` in it."""
    no_var_expand(magic)  # type: ignore[no-untyped-call,unused-ignore]  # IPython's
    return magic


def _task_cell(notebook: Notebook) -> Callable[[str, str], Note | None]:
    @_as_typed
    def task(line: str, cell: str) -> Note | None:
        if "--help" in line.split():
            return Note(help_text())
        print(printable(register_cell(notebook, line, cell)))  # noqa: T201  the one line of a registration
        return None

    task.__doc__ = help_text()
    return task


def _task_line() -> Callable[[str], Note]:
    @_as_typed
    def task(line: str) -> Note:
        if not line.strip() or "--help" in line.split():
            return Note(help_text())
        msg = "%task has no cell: put %%task with two signs on the first line of a cell"
        raise UsageError(msg)

    task.__doc__ = help_text()
    return task


def _rocket(notebook: Notebook) -> Callable[[str], Any]:
    @_as_typed
    def rocket(line: str) -> Any:
        return run_command(notebook, line)

    rocket.__doc__ = overview()
    return rocket


def overview() -> str:
    """What `%rocket help` shows."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {command.summary}" for name, command in COMMANDS.items()]
    more = "%rocket COMMAND --help tells more; %%task --help tells how a cell becomes a task."
    return "\n".join(["%rocket COMMAND", "", *lines, "", more])


def run_command(notebook: Notebook, line: str) -> Any:
    """Carry out the line of `%rocket`.

    Raises:
        UsageError: Anything that is wrong with it.
    """
    pieces = whole_assignments(line, words(line))
    if not pieces or pieces[0].value in {"help", "--help", "-h"}:
        return _help(pieces[1:], line)
    name = pieces[0].value
    command = COMMANDS.get(name)
    if command is None:
        raise UsageError(_unknown_command(line, pieces[0]))
    try:
        given = command.parser().parse_intermixed_args([piece.value for piece in pieces[1:]])
        return command.run(notebook, given)
    except HelpAskedError as asked:
        return Note(str(asked))
    except WordError as error:
        told = printable(error.message) + _under(line, pieces, error.word)
        raise UsageError(told) from None
    except RocketMagicError as error:
        raise UsageError(one_line(str(error), 500)) from error


def _help(rest: list[Word], line: str) -> Note:
    if not rest:
        return Note(overview())
    if rest[0].value.lstrip("%") == "task":
        return Note(help_text())
    command = COMMANDS.get(rest[0].value)
    if command is None:
        raise UsageError(_unknown_command(line, rest[0]))
    return Note(command.parser().format_help().rstrip())


def _unknown_command(line: str, piece: Word) -> str:
    hint = did_you_mean(piece.value, COMMANDS) or "; %rocket help lists them"
    told = f"there is no command {one_line(piece.value)!r}{hint}"
    return f"{told}\n{caret(line, piece.start, piece.end - piece.start)}"


def _under(line: str, pieces: list[Word], word: str) -> str:
    """A caret under the word that is wrong, where it stands in the line."""
    for piece in pieces[1:]:
        if word and word in {piece.value, piece.text}:
            return f"\n{caret(line, piece.start, piece.end - piece.start)}"
    return ""
