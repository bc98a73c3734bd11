"""Floor 9: the line of `%%task`: a schedule, then options.

The schedule is everything before the first `--`. Options with one word of value take the next word
(quote it when it has spaces); options with free text (`--end`, `--timeout`, `--param`) take
everything up to the next option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rocket_magic.notebook._hints import did_you_mean
from rocket_magic.notebook._line import Word, assignment, pointed, unquoted, words

__all__ = ["OPTIONS", "Option", "TaskLine", "help_text", "read_task_line"]

_OPTION: Final = re.compile(r"--[a-zA-Z][\w-]*(=.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        form: What its value is ("NAME"), "" for a switch.
        help: What it does.
        rest: Whether the value is all text up to the next option.
        repeats: Whether it may be given several times.
        choices: What the value may be; empty for anything.
    """

    form: str
    help: str
    rest: bool = False
    repeats: bool = False
    choices: tuple[str, ...] = ()


_EXECUTIONS: Final = ("main", "async", "thread", "process", "dask")

OPTIONS: Final[Mapping[str, Option]] = {
    "name": Option("NAME", "the task's name; else a leading # comment of the cell, else the cell's id"),
    "execution": Option("HOW", "how runs are carried out: " + ", ".join(_EXECUTIONS), choices=_EXECUTIONS),
    "timeout": Option("TIME", "longest run: 30 s, 10 minutes, never", rest=True),
    "end": Option("COND", "end a run when this condition is true", rest=True),
    "param": Option(
        "K=EXPR", "a parameter; EXPR is Python, e.g. prices=Return('load')", rest=True, repeats=True
    ),
    "retry": Option("N", "start again at most N times after a failure"),
    "priority": Option("N", "of tasks due at one instant, higher starts first"),
    "multilaunch": Option("", "let several runs of the task be in flight"),
    "disabled": Option("", "register, but don't start by schedule"),
    "isolated": Option("", "run on a copy of the namespace"),
    "now": Option("", "also run once, at once"),
    "replace": Option("", "take a name over from another cell or from Python"),
    "help": Option("", "show this"),
}


@dataclass(slots=True)
class TaskLine:
    """What the line says.

    Attributes:
        line: As written.
        schedule: Text of the schedule; "" for none.
        start: Where the schedule begins in the line.
        values: Value of each option with one, by name.
        places: Where each value begins in the line.
        switches: The switches that are on.
        params: `--param`: name, expression, place.
    """

    line: str
    schedule: str = ""
    start: int = 0
    values: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    switches: set[str] = field(default_factory=set)
    params: list[tuple[str, str, int]] = field(default_factory=list)

    def number(self, name: str, least: int | None = None) -> int | None:
        """A whole number, or None when the option isn't given.

        Raises:
            UsageError: It is no whole number, or below `least`.
        """
        text = self.values.get(name)
        if text is None:
            return None
        bound = "" if least is None else f" from {least}"
        if not re.fullmatch(r"[+-]?\d+", text) or (least is not None and int(text) < least):
            msg = f"--{name} takes a whole number{bound}, got {text!r}"
            raise pointed(msg, self.line, self.places[name], len(text))
        return int(text)


def read_task_line(line: str) -> TaskLine:
    """Read the line of `%%task`.

    Raises:
        UsageError: Unknown option, missing value, text in the wrong place; with a caret.
    """
    line = line.rstrip()
    pieces = words(line)
    first = next((n for n, piece in enumerate(pieces) if _OPTION.fullmatch(piece.text)), len(pieces))
    found = TaskLine(line)
    if first:
        found.start = pieces[0].start
        found.schedule = line[found.start : pieces[first - 1].end]
    position = first
    while position < len(pieces):
        position = _take(found, pieces, position)
    return found


def help_text() -> str:
    """What `%%task --help` shows."""
    forms = {name: f"--{name} {option.form}".rstrip() for name, option in OPTIONS.items()}
    width = max(map(len, forms.values()))
    lines = [f"  {form.ljust(width)}  {OPTIONS[name].help}" for name, form in forms.items()]
    return "\n".join(
        [
            "%%task SCHEDULE [options]",
            "",
            "Makes the cell's body a task. SCHEDULE is a phrase (every 10 s, daily between 10:00 and 12:00 &",
            "after task 'load'), a Python condition (daily.at('10:00') | retry(3)), or empty: by hand only.",
            "",
            *lines,
        ]
    )


def _take(found: TaskLine, pieces: list[Word], position: int) -> int:
    """Take one option; where the next one begins."""
    piece = pieces[position]
    if not _OPTION.fullmatch(piece.text):
        raise _misplaced(found, pieces, position)
    name, glued, _ = piece.text.removeprefix("--").partition("=")
    option = OPTIONS.get(name)
    if option is None:
        hint = did_you_mean(f"--{name}", [f"--{one}" for one in OPTIONS]) or "; %%task --help lists them"
        msg = f"unknown option {f'--{name}'!r}{hint}"
        raise pointed(msg, found.line, piece.start, len(name) + 2)
    if option.form:
        return _take_value(found, pieces, position, name, option)
    if glued:
        msg = f"--{name} is a switch, it takes no value"
        raise pointed(msg, found.line, piece.start, piece.end - piece.start)
    found.switches.add(name)
    return position + 1


def _take_value(found: TaskLine, pieces: list[Word], position: int, name: str, option: Option) -> int:
    piece = pieces[position]
    start = piece.start + len(name) + 3  # behind `--name=`, or behind `--name `
    glued = start <= piece.end
    stop = position + 1
    most = len(pieces) if option.rest else stop + (not glued)
    while stop < min(most, len(pieces)) and not pieces[stop].text.startswith("--"):
        stop += 1
    if not glued and stop > position + 1:
        start = pieces[position + 1].start
    text = found.line[start : pieces[stop - 1].end]
    if not text:
        msg = f"--{name} needs a value: --{name} {option.form}"
        raise pointed(msg, found.line, piece.start, len(name) + 2)
    _store(found, name, option, text, start)
    return stop


def _store(found: TaskLine, name: str, option: Option, text: str, start: int) -> None:
    value = unquoted(text)
    if name == "param":
        _store_param(found, value, start)
        return
    if name in found.values:
        msg = f"--{name} is given twice"
        raise pointed(msg, found.line, start, len(text))
    if option.choices and value not in option.choices:
        msg = f"--{name} must be one of {', '.join(option.choices)}, got {value!r}"
        msg += did_you_mean(value, option.choices)
        raise pointed(msg, found.line, start, len(text))
    found.values[name], found.places[name] = value, start


def _store_param(found: TaskLine, text: str, start: int) -> None:
    pair = assignment(text)
    if pair is None or not pair[1]:
        msg = f"--param takes name=expression, got {text!r}"
        raise pointed(msg, found.line, start, len(text))
    found.params.append((pair[0], pair[1], start + text.index("=") + 1))


def _misplaced(found: TaskLine, pieces: list[Word], position: int) -> Exception:
    """Text behind a finished option: most likely a schedule, or an unquoted name."""
    piece = pieces[position]
    stop = position
    while stop + 1 < len(pieces) and not pieces[stop + 1].text.startswith("--"):
        stop += 1
    text = found.line[piece.start : pieces[stop].end]
    msg = f"{text!r} stands behind an option: the schedule comes first, and values with spaces need quotes"
    return pointed(msg, found.line, piece.start, len(text))


def as_policy(found: TaskLine) -> dict[str, Any]:
    """The options that are fields of the task as they stand."""
    policy: dict[str, Any] = {
        name: found.values[name] for name in ("execution", "timeout") if name in found.values
    }
    priority = found.number("priority")
    if priority is not None:
        policy["priority"] = priority
    if "multilaunch" in found.switches:
        policy["multilaunch"] = True
    if "disabled" in found.switches:
        policy["disabled"] = True
    return policy
