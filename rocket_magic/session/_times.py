"""The clock of a session and the log that is written in its time."""

from __future__ import annotations

from datetime import tzinfo

from rocket_magic.clock import Clock, VirtualClock, as_clock
from rocket_magic.config import Config
from rocket_magic.log import TaskLog
from rocket_magic.time import as_zone

__all__ = ["Times"]


class Times:
    """Clock, zone and log, which change together.

    History made in virtual time is kept apart from the real log: a virtual clock that replaces a real one
    brings a log of its own, and going back brings the real log back.

    Args:
        config: The session's options.

    Attributes:
        clock: The clock, made from `time_func`.
        log: The log in which its time is written.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self.clock: Clock = as_clock(config.time_func)
        self.log = self._new_log()
        self._set_aside: TaskLog | None = None

    @property
    def zone(self) -> tzinfo:
        """The zone of schedules: `timezone`, else that of a virtual clock, else the system's."""
        if self._config.timezone is not None:
            return as_zone(self._config.timezone)
        return self.clock.tz if isinstance(self.clock, VirtualClock) else as_zone(None)

    def renew(self) -> bool:
        """Take the clock from the config again; whether it is another one now."""
        fresh = as_clock(self._config.time_func)
        if self._same_clock(fresh):
            return False
        was_virtual = isinstance(self.clock, VirtualClock)
        self.clock = fresh
        if isinstance(fresh, VirtualClock):
            if self._set_aside is None and not was_virtual:
                self._set_aside = self.log
            self.log = self._new_log()
        elif self._set_aside is not None:
            self.log, self._set_aside = self._set_aside, None
        return True

    def _same_clock(self, other: Clock) -> bool:
        mine = self.clock
        if isinstance(other, VirtualClock) or isinstance(mine, VirtualClock):
            return other is mine
        return getattr(other, "function", None) is getattr(mine, "function", None)

    def _new_log(self) -> TaskLog:
        log = TaskLog(
            capacity=self._config.log_capacity,
            zone=lambda: self.zone,
            logger_name=self._config.task_logger_basename,
        )
        log.ask_repository(self._config.force_status_from_logs)
        return log
