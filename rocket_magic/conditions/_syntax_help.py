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


_CLOCK_WORD: Final = r"\d{1,2}(?::\d\d)?(?:\s*[ap]m)?"
_NTH: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}


def _nth_weekday(match: re.Match[str]) -> str:
    """Write "monthly on last Fri at 09:00" as cron."""
    which, day, hour, minute = match["which"].lower(), match["day"][:3].capitalize(), match["h"], match["m"]
    fields = f"{int(minute or 0)} {int(hour or 0)}"
    if day in ("Wee", "Wor"):
        return f"cron {fields} LW * *" if which == "last" else match[0]
    return f"cron {fields} * * {day}L" if which == "last" else f"cron {fields} * * {day}#{_NTH[which]}"


_NTH_PATTERN: Final = (
    rf"monthly on (?:the )?(?P<which>last|{'|'.join(_NTH)})"
    r"\s+(?P<day>mon|tue|wed|thu|fri|sat|sun|week|work)[a-z]*(?:\s+at\s+(?P<h>\d{1,2})(?::(?P<m>\d\d))?)?"
)
_REWRITES: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), better)
    for pattern, better in (
        (_NTH_PATTERN, _nth_weekday),
        (r"\bquarterly\b", "yearly on Jan 1, Apr 1, Jul 1, Oct 1"),
        (r"\b(?:biweekly|fortnightly)\b", "every 2 weeks"),
        (r"\bannually\b", "yearly"),
        (r"\bnightly\b", "daily at 02:00"),
        (r"\b(?:twice|two times|2 times) (?:a|per) day\b|\btwice daily\b", "daily at 09:00, 17:00"),
        (r"\bevery other (minute|hour|day|week)\b", r"every 2 \1s"),
        (rf"\bfrom ({_CLOCK_WORD})\s*(?:to|until|till|-)\s*({_CLOCK_WORD})", r"between \1 and \2"),
        (rf"(\bbetween {_CLOCK_WORD})\s*[&-]\s*({_CLOCK_WORD})", r"\1 and \2"),
        (r"(\bon [a-z]+)\s+(?:to|until|till|through)\s+([a-z]+)", r"\1-\2"),
        (
            r"^((?:weekday|weekend|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?\b)",
            r"daily on \1",
        ),
        (r"\bweekly on ([a-z]+-[a-z]+|weekdays|weekends)\b", r"daily on \1"),
        (r"\btime of week on ([a-z]+)-([a-z]+)\b", r"time of week between \1 and \2"),
        (r"^once (?:at|on) (\d{4}-.+)$", r"once in (from \1)"),
        (rf"^(every .*?) (?:at|starting) ({_CLOCK_WORD})", r"\1 after \2"),
        (r"^cron ((?:\S+\s+){5}\S+)$", r"cron with seconds \1"),
        (r"(?<=\s)L([0-7])$", r"\1L"),
        (r"&\s*&", "&"),
        (r"\|\s*\|", "|"),
    )
)
"""What people write for what has other words here; offered where it makes the phrase valid."""


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
    for pattern, rewrite in _REWRITES:
        candidate = pattern.sub(rewrite, text)
        if candidate != text and attempt(candidate).position is None:
            return candidate
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
