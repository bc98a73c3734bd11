"""Floor 8: the forecast. The runs that would happen, without running anything.

`forecast` tells all runs of a span of time, `next_starts` the next ones of one task. Both step a
rehearsal and read its log.

| module | what it is |
|---|---|
| `_asking`, `_answers` | the two questions, and what is told |
| `_rehearsal` | a session's double on a virtual clock |
| `_simulated`, `_frozen` | its executors, which only let time pass, and its conditions |
| `_model` | how long runs take and how they end |
| `_by_time` | tasks that time alone starts, worked out without the scheduler |
| `_rows` | both put in one order |
"""

from rocket_magic.forecast._answers import Forecast as Forecast
from rocket_magic.forecast._answers import ForecastRun as ForecastRun
from rocket_magic.forecast._answers import NextStarts as NextStarts
from rocket_magic.forecast._asking import forecast as forecast
from rocket_magic.forecast._asking import next_starts as next_starts
from rocket_magic.forecast._simulated import SimulatedExecutor as SimulatedExecutor

__all__ = ["Forecast", "ForecastRun", "NextStarts", "SimulatedExecutor", "forecast", "next_starts"]
