"""Floor 9: a notebook as a service, from its file to the end of its scheduler."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from IPython.core.error import UsageError

from rocket_magic.clock import VirtualClock
from rocket_magic.config import set_from_text
from rocket_magic.exc import RocketMagicError
from rocket_magic.notebook import _extension
from rocket_magic.notebook._home import Notebook, the_notebook
from rocket_magic.notebook._text import one_line
from rocket_magic.notebook.commands._base import WordError
from rocket_magic.notebook.commands._run import read_params
from rocket_magic.notebook.headless._document import HeadlessError, read_cells
from rocket_magic.notebook.headless._journal import Journal
from rocket_magic.notebook.headless._shell import make_shell, run_cells
from rocket_magic.notebook.headless._signals import shutting_down
from rocket_magic.scheduler import Change
from rocket_magic.session import Session

__all__ = ["Wishes", "prepare", "serve"]

_IN_MEMORY: Final = "memory:"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asks for; it wins over what the notebook's cells have set.

    Attributes:
        log: URL of the task log; None for the notebook's own.
        config: Options of the session as `KEY=VALUE`.
        params: Session parameters as `KEY=EXPR`, evaluated in the notebook's namespace.
        arguments: What `CliArg` and `sys.argv` find after the notebook's path.
        quiet: Write only of what went wrong.
    """

    log: str | None = None
    config: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    quiet: bool = False


def prepare(path: Path, wishes: Wishes) -> tuple[Notebook, Journal]:
    """Run the cells of a notebook in its own folder; the scheduler waits.

    Raises:
        HeadlessError: The notebook can't be read, a cell failed, or there is nothing to run.
    """
    path = path.resolve()
    cells = read_cells(path)
    log = None if wishes.log is None else _from_here(wishes.log)
    notebook = the_notebook()
    notebook.waits_for_cells = True
    journal = Journal(lambda: notebook.session.zone, quiet=wishes.quiet)
    notebook.outputs.echo = journal.echo
    os.chdir(path.parent)  # where a Jupyter server runs it, too
    sys.path.insert(0, str(path.parent))
    sys.argv = [str(path), *wishes.arguments]
    shell = make_shell(path)
    run_cells(shell, cells)
    if notebook.shell is not shell:  # only Python: from rocket_magic.notebook import app
        _extension.load(shell)
    with _told_in_a_line():
        _apply(notebook, wishes, log)
    _check(notebook, path)
    return notebook, journal


def serve(notebook: Notebook, journal: Journal) -> int:
    """Run the scheduler on the main thread until a signal, its shut condition or an error ends it.

    Returns:
        The exit code: 0 after a shutdown, whoever asked for it; 1 when an error ended the scheduler.
    """
    session = notebook.session
    session.subscribe(journal.listen)
    _tell_of_shutdown(session, journal)
    count = len(session.task_list())
    tasks = f"{count} task" + ("" if count == 1 else "s")
    journal.say(
        f"{tasks}, log in {session.log.url}; Ctrl-C or SIGTERM shuts down, a second one ends all runs"
    )
    if session.log.url == _IN_MEMORY:
        journal.say("the log ends with this process: --log sqlite:///runs.db keeps it")
    notebook.waits_for_cells = False
    try:
        with shutting_down(session):
            session.start()
    except KeyboardInterrupt:
        end, code = "interrupted before the runs had ended", 1
    except Exception as error:
        end, code = f"the scheduler was ended by {type(error).__name__}: {one_line(str(error), 500)}", 1
    else:
        end, code = "shut down", 0
    lost = f"; {journal.n_lost:,} lines could not be written" if journal.n_lost else ""
    journal.say(f"{end}{lost}")
    return code


def _tell_of_shutdown(session: Session, journal: Journal) -> None:
    """Say once that a shutdown has begun, and what it waits for."""

    def look(change: Change) -> None:
        if change.kind != "state" or session.snapshot_state().state != "stopping":
            return
        forget()
        running = ", ".join(sorted(one_line(task.name) for task in session.task_list() if task.is_running))
        journal.say(f"shutting down; waits for {running}" if running else "shutting down")

    forget = session.subscribe(look)


@contextlib.contextmanager
def _told_in_a_line() -> Iterator[None]:
    try:
        yield
    except (RocketMagicError, WordError, UsageError) as error:
        raise HeadlessError(one_line(str(error), 500)) from error


def _apply(notebook: Notebook, wishes: Wishes, log: str | None) -> None:
    session = notebook.session
    for text in wishes.config:
        key, sign, value = text.partition("=")
        if not sign:
            msg = f"options are written KEY=VALUE, got {one_line(text)!r}"
            raise HeadlessError(msg)
        set_from_text(session.config, key.strip(), value.strip())
    session.parameters.update(read_params(notebook, list(wishes.params)))
    if log is not None:
        session.set_repo(log)


def _check(notebook: Notebook, path: Path) -> None:
    session = notebook.session
    if not session.task_list():
        msg = (
            f"{one_line(path.name)} has registered no task with rocket_magic: it needs "
            "%load_ext rocket_magic and %%task cells, or @app.task of `from rocket_magic.notebook import app`"
        )
        raise HeadlessError(msg)
    if isinstance(session.clock, VirtualClock):
        msg = "the notebook ends on a virtual clock, which would stand still: end it with %rocket clock real"
        raise HeadlessError(msg)


def _from_here(url: str) -> str:
    """The same URL with a path that still leads there from another folder."""
    scheme, _, rest = url.strip().partition(":")
    if scheme == "csv" and rest and not rest.startswith("///"):
        return f"csv:{Path.cwd() / rest}"
    if scheme.partition("+")[0] == "sqlite" and rest.startswith("///"):
        name = rest.removeprefix("///")
        if name and not name.startswith(":memory:"):
            return f"{scheme}:///{Path.cwd() / name}"
    return url
