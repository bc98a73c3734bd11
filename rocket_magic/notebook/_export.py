"""Floor 9, export: the notebook's schedule as a plain Python program.

The program does what the session does: the same tasks, schedules, parameters and options, without any
notebook. Whatever can't be written makes the whole export fail, with every reason at once.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rocket_magic.conditions import AlwaysFalse, BaseCondition
from rocket_magic.config import Config, describe
from rocket_magic.exc import RocketMagicError
from rocket_magic.instants import NEVER
from rocket_magic.notebook._cell_code import cell_source, names_bound
from rocket_magic.notebook._cell_function import CellFunction
from rocket_magic.notebook._export_values import Refusal, Writer
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._text import one_line
from rocket_magic.tasks import CodeTask, CommandTask, FuncTask, Task
from rocket_magic.time import format_duration

__all__ = ["MARK", "ExportError", "program"]

MARK: Final = '"""Tasks of a notebook, written by %rocket export.'
_HEAD: Final = f"""{MARK} Run them until Ctrl-C: python THIS_FILE.

ROCKET_MAGIC_LOG in the environment says where the task log is kept: csv:PATH, sqlite:///PATH,
postgresql://…
\"\"\"
"""
_LEFT_OUT: Final = frozenset({"profile", "time_func", "task_pre_exist", "func_run_id", "cls_lock"})
_HOOKS: Final = ("startup", "shutdown", "scheduler_cycle", "task_init", "task_execute")
_FIELDS: Final = {
    "execution": None,
    "priority": 0,
    "disabled": False,
    "daemon": None,
    "permanent": False,
    "multilaunch": None,
    "on_startup": False,
    "on_shutdown": False,
    "on_overlap": None,
    "rerun_interrupted": None,
}


class ExportError(RocketMagicError):
    """What keeps a schedule from being written as a program.

    Args:
        problems: Each in a few words.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("can't export: " + "; ".join(self.problems))


def program(notebook: Notebook) -> str:
    """The session's tasks, parameters and options as a program.

    Raises:
        ExportError: Something can't be written as Python.
    """
    session = notebook.session
    tasks = session.task_list()
    functions = [task.func for task in tasks if isinstance(task, FuncTask)]
    cells = [function for function in functions if isinstance(function, CellFunction)]
    assigned = {name for cell in cells for name in names_bound(cell.cell, _parameters(cell, session))}
    writer = Writer(notebook.app, notebook.shell.user_ns, assigned)
    _check_isolated(cells, writer)
    app = _app(_config(session.config), session.log.url, writer)
    late = _shut_cond(session.config, writer)
    shared = _shared_parameters(session.parameters, writer)
    names = _Names(writer)
    written = [_task(task, session, writer, names) for task in tasks]
    hooks = [name for name in _HOOKS if getattr(session.hooks, name)]
    if hooks:
        writer.problems.append(f"hooks ({', '.join(hooks)}) are not written: add them to the program by hand")
    if writer.problems:
        raise ExportError(writer.problems)
    parts = [_HEAD + "\n".join(sorted(writer.imports, key=_rank)), app, *writer.definitions]
    parts += [*(part for part in (shared, late) if part), *written]
    parts.append('if __name__ == "__main__":\n    app.run()\n')
    text = "\n\n\n".join(parts)
    compile(text, "<export>", "exec", dont_inherit=True)
    return text


def _rank(line: str) -> tuple[bool, str]:
    """Our own imports come last."""
    return line.startswith("from rocket_magic"), line


class _Names:
    """Gives each task's function a name of its own."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._given: set[str] = set()

    def choose(self, task_name: str) -> str:
        word = re.sub(r"\W+", "_", task_name).strip("_") or "task"
        word = f"task_{word}" if word[0].isdigit() or keyword.iskeyword(word) else word
        name, number = word, 1
        while name in self._given or name in self._writer.names:
            number += 1
            name = f"{word}_{number}" if number > 2 else f"{word}_task"  # noqa: PLR2004  the first other name
        self._given.add(name)
        return name


def _check_isolated(cells: list[CellFunction], writer: Writer) -> None:
    """In a program all cells share one namespace."""
    users = cells[0].namespace if cells else {}
    for cell in cells:
        if cell.namespace is not users and any(other.namespace is not cell.namespace for other in cells):
            writer.problems.append(f"task {_quoted(cell.__name__)} is --isolated, which a program can't be")


def _app(config: Mapping[str, str], url: str, writer: Writer) -> str:
    writer.imports.add("import os")
    lines = [f"    {name}={text}," for name, text in config.items()]
    kept = "" if url == "memory:" or "@" in url else url  # an address with a password stays out of files
    lines.append(f'    logger_repo=os.environ.get("ROCKET_MAGIC_LOG", {kept or "memory:"!r}),')
    return "app = Rocketry(\n" + "\n".join(lines) + "\n)"


def _config(config: Config) -> dict[str, str]:
    """Options that differ from the engine's defaults, as they are understood by `Config`."""
    found: dict[str, str] = {}
    for row in describe(config):
        value = getattr(config, row.name)
        if row.differs and row.name not in _LEFT_OUT and not isinstance(value, BaseCondition):
            plain = value is None or isinstance(value, (bool, int, float))
            found[row.name] = repr(value if plain else row.value)
    return found


def _shut_cond(config: Config, writer: Writer) -> str:
    """Set after the definitions, which it may need."""
    if config.shut_cond is None:
        return ""
    try:
        return f"app.session.config.shut_cond = {writer.condition(config.shut_cond)}"
    except Refusal as refusal:
        writer.problems.append(f"option shut_cond: {refusal}")
        return ""


def _shared_parameters(parameters: Mapping[str, Any], writer: Writer) -> str:
    lines = []
    for name in sorted(parameters):
        try:
            lines.append(f"    {name}={writer.expression(parameters[name])},")
        except Refusal as refusal:
            writer.problems.append(f"session parameter {name}: {refusal}")
    return "app.params(\n" + "\n".join(lines) + "\n)" if lines else ""


def _parameters(cell: CellFunction, session: Any) -> set[str]:
    """What the function takes: what `--param` gives, and what session parameters hide of the namespace."""
    return set(cell.parameters) | (set(cell.cell.reads) & set(session.parameters))


def _task(task: Task, session: Any, writer: Writer, names: _Names) -> str:
    """The statements of one task; "" when it can't be written."""
    user = f"task {_quoted(task.name)}"
    try:
        policy = _policy(task, writer)
        if type(task) is FuncTask and task.func is not None:
            return _function_task(task, policy, session, writer, names)
        if type(task) in (CommandTask, CodeTask):
            writer.imports.add(f"from rocket_magic.tasks import {type(task).__name__}")
            given = _given(task, writer)
            return f"{type(task).__name__}({', '.join([*given, *policy, 'session=app.session'])})"
        writer.problems.append(f"{user} is a {type(task).__name__}, which can't be written as Python")
    except Refusal as refusal:
        writer.problems.append(f"{user}: {refusal}")
    return ""


def _function_task(task: FuncTask, policy: list[str], session: Any, writer: Writer, names: _Names) -> str:
    function = task.func
    if isinstance(function, CellFunction):
        if function.cell.shell_line is not None:
            msg = f"line {function.cell.shell_line} uses %magics or !commands, which need a notebook"
            raise Refusal(msg)
        parameters = _parameters(function, session)
        writer.need(function.cell.reads - parameters, function.namespace, f"task {_quoted(task.name)}")
        written = cell_source(function.cell, names.choose(task.name), parameters)
        return f"@app.task({', '.join(policy)})\n{written}"
    return f"app.task({', '.join(policy)})({writer.function(function)})"


def _policy(task: Task, writer: Writer) -> list[str]:
    """The arguments that make the task again."""
    policy = [] if isinstance(task.start_cond, AlwaysFalse) else [writer.condition(task.start_cond)]
    policy = [f"start_cond={text}" for text in policy]
    policy.append(f"name={task.name!r}")
    if not isinstance(task.end_cond, AlwaysFalse):
        policy.append(f"end_cond={writer.condition(task.end_cond)}")
    for name, default in _FIELDS.items():
        value = getattr(task, name)
        if value != default:
            policy.append(f"{name}={value!r}")
    for name, span in (("timeout", task._timeout), ("misfire_grace_time", task._misfire_grace_time)):  # noqa: SLF001  the stored spans
        if span is not None:
            policy.append(f"{name}={'never' if span == NEVER else format_duration(span)!r}")
    if task.func_run_id is not None:
        policy.append(f"func_run_id={writer.function(task.func_run_id)}")
    if task.parameters:
        given = (f"{name!r}: {writer.expression(value)}" for name, value in task.parameters.items())
        policy.append(f"parameters={{{', '.join(given)}}}")
    return policy


def _given(task: Task, writer: Writer) -> list[str]:
    """What a command or code task is made of."""
    if isinstance(task, CommandTask):
        command = task.command if isinstance(task.command, str) else list(task.command)
        extra = {"shell": task.shell or None, "cwd": task.cwd, "kwds_popen": task.kwds_popen or None}
        words = [f"{command!r}", f"argform={task.argform!r}"]
        return [*words, *(f"{key}={writer.expression(one)}" for key, one in extra.items() if one is not None)]
    assert isinstance(task, CodeTask)
    return [f"{task.code!r}", f"output_variable={task.output_variable!r}"]


def _quoted(name: str) -> str:
    return repr(one_line(name, 60))
