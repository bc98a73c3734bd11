"""Floor 9: tab completion inside the lines of `%%task` and `%rocket`.

One IPython matcher. It answers only on the magic's own line and then suppresses all others, so that a
schedule isn't completed with Python's builtins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from IPython.core.completer import SimpleCompletion, context_matcher
from IPython.core.error import UsageError

from rocket_magic.conditions import phrase_completions
from rocket_magic.notebook._home import Notebook
from rocket_magic.notebook._line import Word, words
from rocket_magic.notebook._options import OPTIONS
from rocket_magic.notebook.commands import COMMANDS

__all__ = ["complete_rocket", "complete_task", "make_matcher"]

_LINE: Final = re.compile(r"\s*(%%task|%task|%rocket)(?:\s+(.*))?$", re.DOTALL)
_FREE_TEXT: Final = frozenset(name for name, option in OPTIONS.items() if option.rest)


def make_matcher(notebook: Notebook) -> Callable[[Any], Any]:
    """The matcher of a notebook, for `ip.Completer.custom_matchers`."""

    @context_matcher(identifier="rocket_magic")  # type: ignore[untyped-decorator,unused-ignore]  # IPython's
    def match(context: Any) -> Any:
        line = context.full_text.splitlines()[context.cursor_line : context.cursor_line + 1]
        found = _LINE.match(line[0][: context.cursor_position]) if line else None
        if found is None or found[2] is None or (found[1] == "%%task" and context.cursor_line):
            return {"completions": []}
        complete = complete_rocket if found[1] == "%rocket" else complete_task
        fragment, texts = complete(notebook, found[2])
        return {
            "completions": [SimpleCompletion(text=text, type="keyword") for text in texts],
            "matched_fragment": fragment,
            "suppress": True,
        }

    return match  # type: ignore[no-any-return,unused-ignore]  # the same


def complete_rocket(notebook: Notebook, text: str) -> tuple[str, list[str]]:
    """What may stand in place of the last word of `%rocket …`.

    Returns:
        The word as far as it is written, and the candidates.
    """
    before, fragment = _split(text)
    if not before:
        return fragment, _starting([*COMMANDS, "help"], fragment)
    if before[0] == "help":
        return fragment, _starting(COMMANDS, fragment)
    command = COMMANDS.get(before[0])
    if command is None:
        return fragment, []
    if fragment.startswith("-"):
        return fragment, _starting(command.options(), fragment)
    return fragment, _starting(map(_quoted, command.words(notebook, before[1:])), fragment)


def complete_task(notebook: Notebook, text: str) -> tuple[str, list[str]]:
    """What may stand in place of the last word of `%%task …`: an option, its value, or a phrase."""
    before, fragment = _split(text)
    if fragment.startswith("-"):
        return fragment, _starting((f"--{name}" for name in OPTIONS), fragment)
    places = [n for n, word in enumerate(before) if word.startswith("--")]
    if not places:
        return fragment, _phrases(notebook, text)
    name = before[places[-1]].removeprefix("--")
    following = len(before) - places[-1] - 1
    option = OPTIONS.get(name)
    if option is not None and option.choices and not following:
        return fragment, _starting(option.choices, fragment)
    if name == "end":
        start = text.rindex("--end") + len("--end")
        return fragment, _phrases(notebook, text[start:].lstrip())
    if option is None or not option.form or (following and name not in _FREE_TEXT):
        return fragment, _starting((f"--{one}" for one in OPTIONS), fragment)
    return fragment, []


def _phrases(notebook: Notebook, text: str) -> list[str]:
    session = notebook.session
    names = sorted(task.name for task in session.task_list())
    return list(phrase_completions(text, names, session.get_cond_parsers()))


def _split(text: str) -> tuple[list[str], str]:
    """Finished words, and the one that is being written."""
    try:
        pieces = words(text)
    except UsageError:  # an open quote or bracket: the word being written begins there
        pieces = [Word(part, 0, 0) for part in text.split()]
    if not pieces or text[-1:].isspace():
        return [piece.value for piece in pieces], ""
    return [piece.value for piece in pieces[:-1]], pieces[-1].text


def _starting(candidates: Iterable[str], fragment: str) -> list[str]:
    return [text for text in candidates if text.startswith(fragment)]


def _quoted(text: str) -> str:
    """A name with spaces as one word of the line."""
    if not any(char.isspace() or char in "'\"()[]{}" for char in text):
        return text
    return repr(text)
