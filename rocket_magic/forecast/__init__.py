"""Floor 8: the forecast. The runs that would happen, without running anything.

`forecast` tells all runs of a span of time, `next_starts` the next ones of one task. Both step a
rehearsal (see `rocket_magic.forecast._rehearsal`) and read its log.
"""

from rocket_magic.forecast._answers import Forecast as Forecast
from rocket_magic.forecast._answers import ForecastRun as ForecastRun
from rocket_magic.forecast._answers import NextStarts as NextStarts
from rocket_magic.forecast._asking import forecast as forecast
from rocket_magic.forecast._asking import next_starts as next_starts
from rocket_magic.forecast._simulated import SimulatedExecutor as SimulatedExecutor

__all__ = ["Forecast", "ForecastRun", "NextStarts", "SimulatedExecutor", "forecast", "next_starts"]
