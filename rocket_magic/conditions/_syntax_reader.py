"""Reading a phrase: a cursor over its tokens that remembers what it would have accepted. Floor 2.

The cursor belongs to one call of the parser; nothing else is changed while reading. What was expected
at each place serves both error messages and tab completion.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn, TypeVar

from rocket_magic.conditions._counting import WORDS, Count
from rocket_magic.conditions._gates import are_days
from rocket_magic.conditions._syntax_tokens import END, Token, clip, tokenize
from rocket_magic.exc import ScheduleError
from rocket_magic.instants import Span
from rocket_magic.time._duration import parse_duration

T = TypeVar("T")

TASK_NAME: Final = "'task'"
"""Expected here: the quoted name of a task (completion offers the session's tasks)."""

OTHER_NAME: Final = "'name'"
DURATION_WORDS: Final = (
    *("ms", "millisecond", "milliseconds", "us", "microsecond", "microseconds"),
    *("s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute", "minutes"),
    *("h", "hr", "hrs", "hour", "hours", "d", "day", "days", "w", "wk", "wks", "week", "weeks"),
    *("month", "months", "y", "yr", "yrs", "year", "years", "milli", "millis"),
)
_OFFERED_UNITS: Final = ("sec", "min", "hours", "days", "weeks", "ms")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_CLOCK: Final = re.compile(r"[+-]?\d+:\d{1,2}(:\d{1,2}(\.\d+)?)?")
_JOINED: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)[a-z]+([\d.]+[a-z]+)*", re.IGNORECASE)
_STOPS: Final = frozenset(
    {"and", "on", "between", "before", "after", "at", "starting", "based", "until", "during"}
)
_VALUE: Final = re.compile(
    r"\d|:\d|(noon|midday|midnight|last|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*$",
    re.IGNORECASE,
)
"""What a value of a window begins with, other than a day of the week."""

_BREAKS: Final = frozenset({"&", "|", ")", END})
_COMPARISONS: Final = {
    ("not", "exactly"): "!=",
    ("exactly",): "==",
    ("more", "than"): ">",
    ("less", "than"): "<",
    ("at", "least"): ">=",
    ("at", "most"): "<=",
}


class Reader:
    """A cursor over the tokens of one text.

    Args:
        text: The phrase.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.index = 0
        self._expected: dict[int, list[tuple[str, ...]]] = {}

    @property
    def here(self) -> Token:
        """The token that is read next."""
        return self.tokens[self.index]

    def ahead(self, steps: int = 1) -> Token:
        """A token further on; the end when there are fewer."""
        return self.tokens[min(self.index + steps, len(self.tokens) - 1)]

    def expect(self, *words: str) -> None:
        """Remember that these words would have been accepted here."""
        self._expected.setdefault(self.tokens[self.index].start, []).append(words)

    def expected(self, position: int) -> tuple[str, ...]:
        """Give what would have been accepted at a place, in order."""
        return tuple(dict.fromkeys(word for words in self._expected.get(position, ()) for word in words))

    def word(self, *words: str) -> str | None:
        """Take the next token when it is one of these keywords."""
        self.expect(*words)
        if not self.here.is_name and self.here.key in words and self.here.key != END:
            self.index += 1
            return self.tokens[self.index - 1].key
        return None

    def phrase(self, first: str, *rest: str) -> bool:
        """Take several keywords in a row, all or none."""
        mark = self.index
        for word in (first, *rest):
            if self.word(word) is None:
                # stay where the mistake is when the row had begun: its words are what is expected
                self.index = mark
                return False
        return True

    def need(self, *words: str) -> str:
        """Take one of these keywords.

        Raises:
            ScheduleError: Something else stands here.
        """
        return self.word(*words) or self.fail()

    def fail(self, message: str = "", token: Token | None = None) -> NoReturn:
        """Refuse the text at a token.

        Raises:
            ScheduleError: Always.
        """
        place = token or self.here
        raise ScheduleError(message or self._surprise(place), text=self.text, position=place.start)

    def _surprise(self, place: Token) -> str:
        words = list(self.expected(place.start))
        if "daily" in words and "after" in words and "cron" in words:
            words = ["a condition, like 'daily' or 'every 10 min'"]
        most = 12
        some = ", ".join(words[:most]) + (", …" if len(words) > most else "")
        got = "the end" if place.text == END and not place.is_name else repr(clip(place.text))
        if len(words) == 1 and some.isalpha():
            some = f"'{some}'"
        one = "one of " if len(words) > 1 else ""
        asked = f"expected {one}{some}" if words else "nothing more was expected"
        return f"{clip(self.text)!r}: {asked} at {place.start + 1}, got {got}"

    def guarded(self, token: Token, make: Callable[[], T]) -> T:
        """Call `make`; place its refusal at `token`."""
        try:
            return make()
        except ScheduleError as error:
            start, end = self._region(token, error)
            better, message = error.suggestion, f"{clip(self.text)!r}, at {start + 1}: {error.message}"
            raise ScheduleError(
                message,
                text=self.text,
                position=start,
                suggestion=None if better is None else self.text[:start] + better + self.text[end:],
            ) from error

    def _region(self, token: Token, error: ScheduleError) -> tuple[int, int]:
        """Give the part of the text that a refusal by another reader is about."""
        place = self.text.find(error.text, token.start) if error.text else -1  # one of several values
        if place < 0:
            return token.start, token.end
        if error.position is None:
            return place, place + len(error.text)
        start = min(place + error.position, len(self.text))
        word = re.compile(r"[^\s&|~(),]*").match(self.text, start)
        return start, word.end() if word else start

    def name(self, kind: str = OTHER_NAME) -> str:
        """Take a quoted name.

        Raises:
            ScheduleError: Something else stands here.
        """
        self.expect(kind)
        if not self.here.is_name:
            self.fail()
        if not self.here.text:
            text, place = clip(self.text), self.here.start + 1
            self.fail(f"{text!r}: the name at {place} is empty, write it between the quotes")
        self.index += 1
        return self.tokens[self.index - 1].text

    def number(self) -> int:
        """Take a whole number.

        Raises:
            ScheduleError: Something else stands here.
        """
        self.expect("3")
        if self.here.is_name or not re.fullmatch(r"[0-9]{1,9}", self.here.text):
            self.fail()
        self.index += 1
        return int(self.tokens[self.index - 1].text)

    def decimal(self) -> float:
        """Take a number with or without a decimal point.

        Raises:
            ScheduleError: Something else stands here.
        """
        self.expect("2")
        if self.here.is_name or not re.fullmatch(r"[0-9.]{1,30}(e\+?[0-9]{1,3})?", self.here.text):
            self.fail()
        try:
            value = float(self.here.text)
        except ValueError:
            self.fail()
        self.index += 1
        return value

    def duration(self, what: str) -> Span:
        """Take a duration: "10 min", "2 h, 15 min", "1:30:00".

        Raises:
            ScheduleError: It can't be read, or is not above zero.
        """
        first = self.here
        self._duration_part()
        while self._continues():
            if self.here.text == ",":
                self.index += 1
            self._duration_part()
        last = self.tokens[self.index - 1]
        written = self.text[first.start : last.end]
        span = self.guarded(first, lambda: parse_duration(written, what))
        if span <= 0:
            self.fail(f"{clip(self.text)!r}: {what} needs a duration above zero, got {written!r}", first)
        return span

    def _continues(self) -> bool:
        token = self.ahead() if self.here.text == "," and not self.here.is_name else self.here
        return not token.is_name and bool(token.text) and token.text[0] in "0123456789."

    def _duration_part(self) -> None:
        text = self.here.text
        self.expect("10 min", "1 hour")
        if self.here.is_name or not (_NUMBER.match(text) or _CLOCK.match(text)):
            self.fail()
        if _CLOCK.fullmatch(text) or _JOINED.fullmatch(text):
            self.index += 1
            return
        if not _NUMBER.fullmatch(text):
            self.fail()
        self.index += 1
        self.expect(*_OFFERED_UNITS)
        if self.here.is_name or self.here.key not in DURATION_WORDS:
            self.fail()
        self.index += 1

    def value(self) -> tuple[Token, str]:
        """Take a value of a window as it is written: "10:00", "Mon 10:00", "Feb 3".

        Raises:
            ScheduleError: Nothing stands here.
        """
        first = self.here
        if first.is_name:
            self.index += 1
            return first, first.text
        while not self._value_ends():
            self.index += 1
        if self.here is first:
            self.expect("a time, like 10:00")
            self.fail()
        last = self.tokens[self.index - 1]
        return Token(first.text, first.start, last.end), self.text[first.start : last.end]

    def _value_ends(self) -> bool:
        token = self.here
        return token.is_name or token.text in _BREAKS or token.text in "~(," or token.key in _STOPS

    def values(self) -> tuple[Token, tuple[str, ...]]:
        """Take values with commas or "and" between them."""
        first, value = self.value()
        found = [value]
        while not self.here.is_name and (self.here.text == "," or self._joins_values()):
            self.index += 1
            if self._joins_values():  # ", and"
                self.index += 1
            found.append(self.value()[1])
        return first, tuple(found)

    def _joins_values(self) -> bool:
        """Whether an "and" stands here before a further value, and not between conditions."""
        following = self.ahead()
        return self.here.key == "and" and (
            following.is_name or bool(_VALUE.match(following.text)) or are_days(following.text)
        )

    def raw(self) -> tuple[Token, str]:
        """Take everything up to the next operator, as cron text is written; or a quoted text."""
        first = self.here
        if first.is_name:
            self.index += 1
            return first, first.text
        while self.here.is_name or (self.here.text not in _BREAKS):
            self.index += 1
        last = self.tokens[self.index - 1] if self.here is not first else first
        return first, self.text[first.start : last.end]

    def comparison(self, noun: Sequence[str]) -> Count | None:
        """Take a count like "at least 3 times" when one stands here; a bare number means "at least".

        Args:
            noun: What is counted ("times"); only when it follows is it a count.
        """
        for words, sign in _COMPARISONS.items():
            mark = self.index
            if self.phrase(*words):
                count = self._counted(sign, noun)
                if count is None:
                    self.index = mark
                return count
        return self._counted(">=", noun)

    def _counted(self, sign: str, noun: Sequence[str]) -> Count | None:
        token, follower = self.here, self.ahead()
        if token.is_name or not re.fullmatch(r"[0-9]{1,9}", token.text):
            return None
        if follower.key not in noun:
            return None
        self.index += 2
        return Count(sign, int(token.text))

    def offer_comparisons(self) -> None:
        """Remember that a count would have been accepted here."""
        self.expect(*WORDS.values())

    def literal(self) -> Any:
        """Take a value of a parameter: a quoted text, a number, true, false, none, or python '[1, 2]'."""
        self.expect(OTHER_NAME, "5", "true", "false", "none")
        if self.word("python"):
            return self._python_literal()
        token = self.here
        constants = {"true": True, "false": False, "none": None}
        value: Any
        if token.is_name:
            value = token.text
        elif token.key in constants:
            value = constants[token.key]
        elif re.fullmatch(r"[+-]?[0-9]{1,300}", token.text):
            value = int(token.text)
        else:
            try:
                value = float(token.text)
            except ValueError:
                self.fail()
        self.index += 1
        return value

    def _python_literal(self) -> Any:
        place, text = self.here, self.name()
        try:
            return ast.literal_eval(text)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            forms = "a list, tuple, dict, set, number or text"
            self.fail(
                f"{clip(self.text)!r}: {clip(text)!r} at {place.start + 1} is no Python value: write {forms}",
                place,
            )
