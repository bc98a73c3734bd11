"""Floor 3: arguments from outside the session (environment, command line), and secrets."""

from __future__ import annotations

import os
import sys
from typing import Any

from rocket_magic.args._base import ArgumentEnv, BaseArgument, Later, MissingArgumentError, prepare
from rocket_magic.args._builtin import NOTSET
from rocket_magic.args._secret import MASK, note_secret


class EnvArg(BaseArgument):
    """An environment variable of the scheduler's process; treated as a secret.

    Args:
        var: Name of the variable.
        default: Taken when it is not set.
    """

    def __init__(self, var: str, default: Any = NOTSET) -> None:
        self.var = var
        self.default = default

    def __repr__(self) -> str:
        return f"EnvArg({self.var!r})"

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """The variable's text; KeyError when it is not set."""
        if self.var in os.environ:
            note_secret(os.environ[self.var])
            return os.environ[self.var]
        if self.default is not NOTSET:
            return self.default
        msg = (
            f"environment variable {self.var!r} is not set: set it or give EnvArg({self.var!r}, default=...)"
        )
        raise MissingArgumentError(msg)


class CliArg(BaseArgument):
    """An option of the command line, `--option value` or `--option=value`.

    Args:
        option: The option as it is typed, dashes included.
        default: Taken when it is not on the command line.
    """

    def __init__(self, option: str, default: Any = NOTSET) -> None:
        self.option = option
        self.default = default

    def __repr__(self) -> str:
        return f"CliArg({self.option!r})"

    def get_value(self, task: Any = None, session: Any = None, **kwargs: Any) -> Any:
        """The option's text; KeyError when it is not there."""
        words = sys.argv[1:]
        for place, word in enumerate(words):
            if word.startswith(f"{self.option}="):
                return word[len(self.option) + 1 :]
            if word == self.option and place + 1 < len(words):
                return words[place + 1]
        if self.default is not NOTSET:
            return self.default
        about = "stands last, without a value" if self.option in words else "is not on the command line"
        msg = (
            f"option {self.option} {about}: write {self.option} VALUE "
            f"or give CliArg({self.option!r}, default=...)"
        )
        raise MissingArgumentError(msg)


class Private(BaseArgument):
    """A secret: tasks get its value, every text shows a mask.

    Args:
        value: The secret, of any type; may be another argument (`Private(Arg("token"))`).
    """

    def __init__(self, value: Any) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"Private({MASK})"

    def get_repr(self, **kwargs: Any) -> str:
        """The mask."""
        return MASK

    def _label(self) -> str:
        return "Private"

    def _prepare(self, env: ArgumentEnv, when: str) -> Any:
        found = prepare(self._value, env, when)
        if not isinstance(found, Later):
            note_secret(found)
        return found
