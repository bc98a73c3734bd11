"""Floor 9: `%%task`: everything is checked first, then the task is created; on an error nothing changes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from IPython.core.error import UsageError

from rocket_magic.conditions import AlwaysFalse, lint_schedule
from rocket_magic.exc import RocketMagicError
from rocket_magic.notebook._cell_code import CellCode, compile_cell
from rocket_magic.notebook._cell_function import CellFunction
from rocket_magic.notebook._cells import CellOrigin
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._moments import first_run
from rocket_magic.notebook._options import TaskLine, as_policy, read_task_line
from rocket_magic.notebook._python import evaluate
from rocket_magic.notebook._schedule import read_condition, with_retries
from rocket_magic.notebook._text import one_line, printable
from rocket_magic.notebook._travel import what_stays_behind

__all__ = ["register_cell"]

_FAR: Final = {"process": "in a process", "dask": "on a dask cluster"}
"""Ways of execution that take the code elsewhere, and where that is."""
_COMMENT: Final = re.compile(r"\s*#+[!\s]*(.*?)\s*$")
_LONGEST_NAME: Final = 60


def register_cell(notebook: Notebook, line: str, body: str) -> str:
    """Make a cell a task.

    Args:
        notebook: The notebook.
        line: What follows `%%task`.
        body: The cell's body.

    Returns:
        One line: name, schedule, next run.

    Raises:
        UsageError: Anything that is wrong with line or body; nothing was registered or replaced.
    """
    said = read_task_line(line)
    session = notebook.session
    origin = notebook.origin(f"%%task {line}".rstrip())
    name = _name(said, body, origin)
    _check_owner(notebook, name, origin, replace="replace" in said.switches)
    policy = _policy(notebook, said)
    source = f"%%task {line}\n{body}"
    cell = _compiled(notebook, name, source, body)
    namespace = notebook.shell.user_ns
    if "isolated" in said.switches:
        namespace = dict(namespace)
    function = CellFunction(name, cell, namespace, policy["parameters"])
    far = _FAR.get(policy.get("execution") or session.config.execution)
    if far is not None:
        _check_travel(name, function, far)
    earlier = notebook.cells.task_of(origin)
    # Asked before the task exists: a moment later it may have run already, and the text would vary.
    first = first_run(session, name, policy["start_cond"])
    try:
        task = session.create_task(func=function, name=name, **policy)
    except (RocketMagicError, ValueError, TypeError) as error:
        raise UsageError(printable(str(error))) from error
    notebook.cells.remember(name, origin)
    if earlier is not None and earlier != name:
        _let_go(notebook, earlier)
    by_hand = "runs by hand"
    if "now" in said.switches:
        task.run()
        by_hand += ", once now"  # asked of the task it would depend on how quickly the run starts
    return _told(notebook, task, first, by_hand)


def _name(said: TaskLine, body: str, origin: CellOrigin) -> str:
    given = said.values.get("name")
    if given is not None:
        return given
    first = next((text for text in body.splitlines() if text.strip()), "")
    comment = _COMMENT.fullmatch(first)
    if comment is not None and comment[1] and first.lstrip().startswith("#"):
        return one_line(comment[1], _LONGEST_NAME)
    if origin.cell_id:
        return f"cell-{origin.cell_id[:8]}"
    # Without an id only the text tells cells apart: the same cell run again is still the same task.
    return f"cell-{hashlib.sha256(body.encode()).hexdigest()[:8]}"


def _check_owner(notebook: Notebook, name: str, origin: CellOrigin, *, replace: bool) -> None:
    if replace or name not in notebook.session:
        return
    other = notebook.cells.origin(name)
    if other is None:
        msg = (
            f"task {one_line(name)!r} was made in Python, not by this cell: "
            "choose another --name, or take it over with --replace"
        )
        raise UsageError(msg)
    if not other.is_same_cell(origin):
        msg = (
            f"task {one_line(name)!r} belongs to another cell, [{other.number}] "
            f"{one_line(other.first_line, 60)}: choose another --name, or take it over with --replace"
        )
        raise UsageError(msg)


def _policy(notebook: Notebook, said: TaskLine) -> dict[str, Any]:
    session = notebook.session
    namespace: Mapping[str, Any] = notebook.shell.user_ns
    custom = session.get_cond_parsers()
    start = read_condition(said.schedule, namespace, custom, said.line, said.start, "schedule")
    policy = as_policy(said)
    policy["start_cond"] = with_retries(start, said.number("retry", 0))
    end = said.values.get("end", "")
    policy["end_cond"] = read_condition(end, namespace, custom, said.line, said.places.get("end", 0), "--end")
    policy["parameters"] = {
        name: evaluate(text, namespace, f"--param {name}", said.line, place)
        for name, text, place in said.params
    }
    return policy


def _compiled(notebook: Notebook, name: str, source: str, body: str) -> CellCode:
    old = notebook.session.find_task(name)
    known = getattr(getattr(old, "func", None), "cell", None)
    changed = not (isinstance(known, CellCode) and known.source == source)
    file = known.file if isinstance(known, CellCode) and not changed else f"<task {name}>"
    try:
        text = notebook.shell.transform_cell(body)
        cell = compile_cell(text, source, file)
    except SyntaxError as error:
        raise UsageError(_syntax_message(error, source)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        msg = f"the cell can't be compiled: {one_line(str(error), 200)}"
        raise UsageError(msg) from None
    if changed:
        file = notebook.cells.file_name(name, source_is_new=True)
        cell = compile_cell(text, source, file) if file != cell.file else cell
    return cell


def _syntax_message(error: SyntaxError, source: str) -> str:
    number = error.lineno or 1
    lines = source.splitlines() or [""]
    text = lines[number - 1] if 0 < number <= len(lines) else (error.text or "").rstrip("\n")
    offset = max(0, min((error.offset or 1) - 1, len(text)))
    width = 1
    if error.end_lineno == error.lineno and error.end_offset and error.offset:
        width = max(1, min(error.end_offset - error.offset, len(text) - offset))
    shown = printable(text.expandtabs(1))
    return f"line {number}: {error.msg}\n    {shown}\n    {' ' * offset}{'^' * width}"


def _check_travel(name: str, function: CellFunction, far: str) -> None:
    """A process or cluster gets the code and its globals: say now what can't go there."""
    if function.cell.shell_line is not None:
        msg = (
            f"task {one_line(name)!r} can't run {far}: line {function.cell.shell_line} uses "
            "%magics or !commands, which need this notebook; use --execution thread, or subprocess.run(...)"
        )
        raise UsageError(msg)
    left = what_stays_behind(function.used_globals())
    if left:
        told = "; ".join(str(one) for one in left)
        msg = (
            f"task {one_line(name)!r} can't run {far}, these names can't go there: {told}. "
            "Create them inside the cell, or use --execution thread"
        )
        raise UsageError(printable(msg))


def _let_go(notebook: Notebook, earlier: str) -> None:
    """The cell's task has another name now; its outputs go along."""
    notebook.cells.forget(earlier)
    if earlier in notebook.session:
        notebook.session.remove_task(earlier)


def _told(notebook: Notebook, task: Any, first: str, by_hand: str) -> str:
    if isinstance(task.start_cond, AlwaysFalse):
        return f"{one_line(task.name)}: {by_hand}"
    if task.disabled:
        first = "none, it is disabled"
    line = f"{one_line(task.name)}: {one_line(str(task.start_cond))}; next run: {first}"
    state = notebook.session.snapshot_state().state
    if state not in {"running", "starting"} and not notebook.waits_for_cells:
        line += f" (the scheduler is {state})"
    warnings = [one_line(text, 300) for text in lint_schedule(task.start_cond)]
    return "\n".join([line, *(f"  note: {text}" for text in warnings)])
