"""Floor 9: the commands of `%rocket`, one module each.

A module offers one `COMMAND`; the table below is all there is to registering it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rocket_magic.notebook.commands import (
    _clock,
    _config,
    _export,
    _forecast,
    _hold,
    _log,
    _next,
    _output,
    _params,
    _repo,
    _restart,
    _run,
    _show,
    _start,
    _status,
    _step,
    _stop,
    _tasks,
    _why,
)
from rocket_magic.notebook.commands._base import Command as Command

__all__ = ["COMMANDS", "Command"]

COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        command.name: command
        for command in (
            _show.COMMAND,
            _status.COMMAND,
            _start.COMMAND,
            _stop.COMMAND,
            _hold.COMMAND,
            _restart.COMMAND,
            _run.COMMAND,
            _tasks.ENABLE,
            _tasks.DISABLE,
            _tasks.TERMINATE,
            _tasks.REMOVE,
            _log.COMMAND,
            _output.COMMAND,
            _why.COMMAND,
            _next.COMMAND,
            _forecast.COMMAND,
            _clock.COMMAND,
            _step.COMMAND,
            _config.COMMAND,
            _params.COMMAND,
            _repo.COMMAND,
            _export.COMMAND,
        )
    }
)
"""In the order of `%rocket help`."""
