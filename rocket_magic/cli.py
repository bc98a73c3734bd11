"""Floor 10: the command `rocket-magic`. It runs notebooks without a frontend.

Exit codes: 0 done, or shut down in order; 1 a cell, the notebook or the scheduler failed (the reason is the
last line on stderr); 2 the command line is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rocket_magic import __version__
from rocket_magic.notebook.commands._base import WordError
from rocket_magic.notebook.commands._export import COMMAND as EXPORT
from rocket_magic.notebook.commands._status import COMMAND as STATUS
from rocket_magic.notebook.headless import HeadlessError, Wishes, prepare, serve

__all__ = ["main"]

_LOG_VARIABLE: Final = "ROCKET_MAGIC_LOG"
_FAILED: Final = 1


def main(words: Sequence[str] | None = None) -> int:
    """Carry out one command line.

    Args:
        words: What follows the command's name; None for the process's own arguments.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if words is None else words)
    own, arguments = _parted(words)
    given = _parser().parse_args(own)
    try:
        return int(given.act(given, arguments))
    except (HeadlessError, WordError) as error:
        _tell(str(error))
    except KeyboardInterrupt:
        _tell("interrupted before the scheduler had started")
    return _FAILED


def _run(given: argparse.Namespace, arguments: tuple[str, ...]) -> int:
    log = given.log if given.log is not None else os.environ.get(_LOG_VARIABLE)
    wishes = Wishes(log or None, tuple(given.config), tuple(given.param), arguments, given.quiet)
    return serve(*prepare(Path(given.notebook), wishes))


def _check(given: argparse.Namespace, arguments: tuple[str, ...]) -> int:
    notebook, _ = prepare(Path(given.notebook), Wishes(arguments=arguments))
    print(STATUS.run(notebook, STATUS.parser().parse_args([])))  # noqa: T201  the command's answer
    return 0


def _export(given: argparse.Namespace, arguments: tuple[str, ...]) -> int:
    target = Path(given.file).resolve()
    notebook, _ = prepare(Path(given.notebook), Wishes(arguments=arguments))
    given.file = str(target)
    print(EXPORT.run(notebook, given))  # noqa: T201  the command's answer
    return 0


def _parted(words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Ours, and what stands after `--`: the notebook's own arguments."""
    if "--" not in words:
        return words, ()
    place = words.index("--")
    return words[:place], tuple(words[place + 1 :])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rocket-magic", description="Run the tasks of a notebook without Jupyter."
    )
    parser.add_argument("--version", action="version", version=f"rocket_magic {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    run = _command(commands, "run", "run the notebook's cells, then its tasks until SIGTERM or Ctrl-C")
    run.set_defaults(act=_run)
    run.add_argument(
        "--log",
        metavar="URL",
        help="keep the task log there: sqlite:///PATH, postgresql://…, csv:PATH "
        f"(default: {_LOG_VARIABLE} of the environment, else what the notebook says)",
    )
    run.add_argument("--config", metavar="KEY=VALUE", action="append", default=[], help="set an option")
    run.add_argument(
        "--param", metavar="K=EXPR", action="append", default=[], help="set a session parameter (Python)"
    )
    run.add_argument("--quiet", action="store_true", help="write only of runs that went wrong")
    check = _command(commands, "check", "run the notebook's cells, show its tasks and start nothing")
    check.set_defaults(act=_check)
    export = _command(commands, "export", "run the notebook's cells and write its tasks as a Python program")
    export.set_defaults(act=_export)
    export.add_argument("file", metavar="FILE", help="the program to write, e.g. schedule.py")
    export.add_argument("--force", action="store_true", help="overwrite a file that was not exported")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. Cells tagged skip-execution are left out. "
        "What stands after -- is the notebook's: sys.argv, and the argument CliArg.",
    )
    parser.add_argument("notebook", metavar="NOTEBOOK", help="the file, e.g. etl.ipynb")
    return parser


def _tell(text: str) -> None:
    print(f"rocket_magic: {text}", file=sys.stderr)  # noqa: T201  the command's answer
