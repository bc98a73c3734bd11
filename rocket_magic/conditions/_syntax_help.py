"""Help around phrases: the closest valid phrase for an error, and what could follow. Floor 2, pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from rocket_magic.conditions._syntax_reader import OTHER_NAME, TASK_NAME
from rocket_magic.conditions._syntax_tokens import END, tokenize
from rocket_magic.conditions._words import quoted
from rocket_magic.exc import ScheduleError

EXAMPLES: Final = (
    "every 10 min",
    "every 1 hour",
    "every 10 min on weekdays between 09:00 and 17:00",
    "every 30 sec based on finish",
    "daily",
    "daily at 10:00",
    "daily at 10:00, 14:30",
    "daily between 10:00 and 12:00",
    "daily before 10:00",
    "daily after 10:00",
    "daily on weekdays",
    "daily at 10:00 on weekdays",
    "hourly",
    "hourly at 30:00",
    "minutely",
    "secondly",
    "weekly",
    "weekly on Mon",
    "weekly on Mon, Wed",
    "weekly on Sun after 03:00",
    "monthly",
    "monthly on 1st",
    "monthly starting 12th",
    "yearly",
    "cron */5 * * * *",
    "cron 0 10 * * Mon-Fri",
    "crontime * 9-16 * * *",
    "time of day between 10:00 and 12:00",
    "time of week between Mon and Fri",
    "time of month after 5th",
    "from 2026-03-01 until 2026-04-01",
    "after task 'name'",
    "after task 'name' failed",
    "after task 'name' finished",
    "after tasks 'a', 'b'",
    "after any tasks 'a', 'b'",
    "has succeeded today",
    "has failed at least 3 times today",
    "has succeeded yesterday",
    "has finished in past 1 hour",
    "task 'name' has succeeded today",
    "task 'name' has returned true",
    "running",
    "task 'name' is running",
    "running more than 10 min",
    "daily | retry 3 times",
    "retry 3 times",
    "retry 3 times after 5 min",
    "scheduler has run over 10 min",
    "scheduler has more than 3 cycles",
    "env 'prod'",
    "param 'key' exists",
    "param 'key' is 'value'",
    "true",
    "false",
)
"""Valid phrases, one of each shape; the closest is offered when no single word explains an error."""

_LONGEST: Final = 300
"""Characters of a text that a suggestion is looked for."""

_ROUNDS: Final = 4
_SIGNS: Final = {"and": "&", "or": "|", "not": "~", "&&": "&", "||": "|", "!": "~"}
_DROPPED: Final = re.compile(r"[()\"'.,]+")


class Attempt(NamedTuple):
    """How far a text could be read.

    Attributes:
        position: Where reading failed; None when it did not.
        words: What was expected there.
        suggestion: What the part that refused a value proposes.
    """

    position: int | None
    words: tuple[str, ...] = ()
    suggestion: str | None = None


def suggest(text: str, attempt: Callable[[str], Attempt]) -> str | None:
    """Give the closest valid phrase, or None.

    Args:
        text: The refused phrase.
        attempt: Reads a text as far as it goes.
    """
    if not text.strip() or len(text) > _LONGEST:
        return None
    current = text
    for _ in range(_ROUNDS):
        outcome = attempt(current)
        if outcome.position is None:
            return current
        better = outcome.suggestion or _repaired(current, outcome)
        if better is None or better == current:
            break
        current = better
    if attempt(current).position is None:
        return current
    return _closest_example(text)


def _repaired(text: str, outcome: Attempt) -> str | None:
    """Replace the word at the failing place by what was expected there."""
    position = outcome.position or 0
    word = re.match(r"[^\s(),'\"]+", text[position:])
    if word is None:
        closes = ")" in outcome.words and position >= len(text)
        return f"{text.rstrip()})" if closes else None
    found, rest = word.group(), text[position + word.end() :]
    for replacement in _replacements(found, outcome.words):
        return text[:position] + replacement + rest
    return None


def _replacements(found: str, words: Iterable[str]) -> list[str]:
    keywords = [word for word in words if word not in (TASK_NAME, OTHER_NAME)]
    sign = _SIGNS.get(found.lower())
    if sign is not None and sign in keywords:
        return [sign]
    close = difflib.get_close_matches(found.lower(), keywords, n=1, cutoff=0.6)
    if close:
        return close
    if "task" in keywords and "tasks" in keywords:
        return [f"task {quoted(found)}"]
    named = TASK_NAME in words or OTHER_NAME in words
    return [quoted(found)] if named else []


def _closest_example(text: str) -> str | None:
    plain = _DROPPED.sub(" ", text.lower())
    close = difflib.get_close_matches(plain, EXAMPLES, n=1, cutoff=0.45)
    return close[0] if close else None


def completions(text: str, names: Iterable[str], attempt: Callable[[str], Attempt]) -> list[str]:
    """Give what could stand at the end of a text, in place of its unfinished last word.

    Args:
        text: What stands before the cursor.
        names: Names of tasks, offered in quotes where a task is meant.
        attempt: Reads a text as far as it goes.
    """
    start = _unfinished(text)
    partial, before = text[start:], text[:start]
    outcome = attempt(before)
    end = len(before)
    complete = outcome.position is None
    if not complete and outcome.position != end:
        return []
    words: list[str] = []
    for word in outcome.words:
        if word == TASK_NAME:
            words += [quoted(name) for name in names]
        elif word != OTHER_NAME:
            words.append(word)
    folded = partial.lower().replace('"', "'")
    return [word for word in dict.fromkeys(words) if word.lower().startswith(folded)]


def _unfinished(text: str) -> int:
    """Give the index at which the last, unfinished word begins."""
    try:
        tokens = tokenize(text)
    except ScheduleError as error:
        return error.position if error.position is not None else len(text)
    words = [token for token in tokens if token.text != END or token.is_name]
    if not words or words[-1].end < len(text) or words[-1].is_name or words[-1].text in "&|~(),":
        return len(text)
    return words[-1].start
